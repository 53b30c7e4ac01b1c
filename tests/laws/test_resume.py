"""Ten steps are five, an interruption and five more: bit for bit, however it ends and whatever helps."""

import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
import torch
from training.little import (
    assert_same_run,
    figures,
    little_clip,
    little_codebook,
    little_flava,
    shop,
    whole_flava,
)

from vitrina.recipes.recipe import Recipe
from vitrina.training import optimiser
from vitrina.training.checkpoints import steps_in
from vitrina.training.loop import resume, train
from vitrina.training.machine import Machine

NURSERY = Path(__file__).parents[1] / "training" / "nursery.py"


class Job(NamedTuple):
    """A trainer that gets `signal` at a moment of `run`; by its own hand, so that it is exactly there and at once."""

    run: str
    moment: str
    count: int
    signal: str = "SIGKILL"


KILLS = [
    Job("unmade", "begin", 1),  # nothing stands
    Job("locked", "recipe", 1),  # nothing but a lock stands
    Job("unnamed", "recipe", 3),  # the folder is complete but for its recipe
    Job("early", "step", 2),  # before the first checkpoint
    Job("late", "step", 8),
    Job("empty-checkpoint", "file", 1),
    Job("half-checkpoint", "file", 5),  # the second one, between two files
    Job("undigested", "digest", 6),
    Job("stateless", "state", 2),  # all files of the second one but its state.json
    Job("named", "name", 2),  # it has just been given its name
    Job("unpruned", "prune", 4),  # the old one is about to go
    *(Job(f"random-{seed}", "row", random.Random(seed).randint(2, 10)) for seed in range(3)),
]
UNLUCKY = [Job("unlucky", "row", 6), Job("unlucky", "file", 2), Job("unlucky", "step", 3)]
ASKED = [Job("sigterm", "step", 3, "SIGTERM"), Job("sigint", "step", 3, "SIGINT")]
TORN = Job("torn", "step", 8)
JOBS = [*KILLS, *UNLUCKY, *ASKED, TORN]


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """As the trainers that are killed have it: sums over two threads are rounded in another order."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("laws")


@pytest.fixture(scope="module")
def catalogue(place: Path) -> Path:
    return shop(place)


@pytest.fixture(scope="module")
def recipe() -> Recipe:
    return little_flava("checkpoint_every=4", "keep=1")


@pytest.fixture(scope="module")
def uninterrupted(place: Path, catalogue: Path, recipe: Recipe) -> Path:
    train(recipe, catalogues=[catalogue], run=place / "whole", machine=Machine(workers=1, device="cpu"))
    assert len(figures(place / "whole")) == 10
    return place / "whole"


@pytest.fixture(scope="module")
def codebook(place: Path, catalogue: Path) -> Path:
    train(
        little_codebook("steps=2"),
        catalogues=[catalogue],
        run=place / "codebook",
        machine=Machine(workers=0, device="cpu"),
    )
    return place / "codebook"


@pytest.fixture(scope="module", autouse=True)
def ended(place: Path, catalogue: Path, recipe: Recipe) -> None:
    """The run of every job, as its trainer left it; all in one process that forks, as importing takes longest."""
    common = {"catalogue": str(catalogue), "recipe": json.loads(recipe.to_json())}
    jobs = [
        {"run": str(place / job.run), "moment": job.moment, "count": job.count, "signal": job.signal} | common
        for job in JOBS
    ]
    (place / "jobs.json").write_text(json.dumps(jobs), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, str(NURSERY), str(place / "jobs.json")],
        env=os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    wanted = [-signal.SIGKILL if job.signal == "SIGKILL" else 0 for job in JOBS]
    assert json.loads(done.stdout) == wanted, done.stderr


def go_on(run: Path, *, catalogue: Path, recipe: Recipe, workers: int) -> None:
    """What a user does after a crash."""
    if (run / "recipe.json").exists():
        resume(run, machine=Machine(workers=workers, device="cpu"))
    else:
        train(recipe, catalogues=[catalogue], run=run, machine=Machine(workers=workers, device="cpu"))


@pytest.mark.parametrize("kill", KILLS, ids=lambda kill: kill.run)
def test_a_killed_run_ends_as_one_that_never_was(kill, place, uninterrupted, catalogue, recipe):
    run = place / kill.run
    go_on(run, catalogue=catalogue, recipe=recipe, workers=2)
    assert_same_run(run, uninterrupted)
    assert [each.name for each in (run / "checkpoints").iterdir()] == ["step-00000010"]


def test_a_run_killed_again_and_again_still_arrives(place, uninterrupted):
    resume(place / "unlucky", machine=Machine(workers=0, device="cpu"))
    assert_same_run(place / "unlucky", uninterrupted)


@pytest.mark.parametrize("asked", ASKED, ids=lambda asked: asked.signal)
def test_a_run_asked_to_stop_saves_at_once_exits_well_and_goes_on(asked, place, uninterrupted):
    run = place / asked.run
    assert steps_in(run / "checkpoints") == [3]
    assert len(figures(run)) == 3
    resume(run, machine=Machine(workers=1, device="cpu"))
    assert_same_run(run, uninterrupted)


def test_a_torn_last_row_is_cut_off(place, uninterrupted):
    with (place / TORN.run / "metrics.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"step": 8, "kind": "pa')
    resume(place / TORN.run, machine=Machine(workers=1, device="cpu"))
    assert_same_run(place / TORN.run, uninterrupted)


def stop_in_step_five(monkeypatch: pytest.MonkeyPatch) -> None:
    step = optimiser.Optimiser.step

    def asked(self: optimiser.Optimiser, number: int) -> float:
        if number == 4:
            os.kill(os.getpid(), signal.SIGTERM)
        return step(self, number)

    monkeypatch.setattr(optimiser.Optimiser, "step", asked)


@pytest.mark.parametrize("family", ["codebook", "clip", "flava"])
@pytest.mark.parametrize(("before", "after"), [(0, 3), (3, 0)])
def test_five_steps_and_five_more_are_ten_whatever_the_workers(
    family, before, after, place, catalogue, codebook, monkeypatch
):
    recipe = {
        "codebook": little_codebook("ema_decay=0.9"),
        "clip": little_clip("ema_decay=0.9"),
        "flava": whole_flava(codebook, "ema_decay=0.9"),
    }[family]
    whole, parted = place / f"whole-{family}", place / f"parted-{family}-{before}-{after}"
    if not whole.exists():
        train(recipe, catalogues=[catalogue], run=whole, machine=Machine(workers=1, device="cpu"))
    with monkeypatch.context() as patch:
        stop_in_step_five(patch)
        outcome = train(recipe, catalogues=[catalogue], run=parted, machine=Machine(workers=before, device="cpu"))
    assert (outcome.step, outcome.is_finished) == (5, False)
    assert resume(parted, machine=Machine(workers=after, device="cpu")).is_finished
    assert_same_run(parted, whole)
