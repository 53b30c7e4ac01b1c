"""Two processes with half of every batch each are one process with all of it."""

import json
import os
import socket
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import torch
from training.little import figures, final_state, little_codebook, read_json, shop, whole_flava

from vitrina.recipes.recipe import Recipe
from vitrina.training.checkpoints import steps_in
from vitrina.training.loop import resume, train
from vitrina.training.machine import Machine

RANK = Path(__file__).parents[1] / "training" / "rank.py"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("ranks")


@pytest.fixture(scope="module")
def catalogue(place: Path) -> Path:
    return shop(place)


@pytest.fixture(scope="module")
def flava(place: Path, catalogue: Path) -> Recipe:
    """All six losses on a mixed plan. Of the fused rows one rank gets more than the other.

    A gradient that is zero but for rounding moves a weight by the whole learning rate unless Adam's epsilon is above
    the rounding.
    """
    train(
        little_codebook("steps=2"),
        catalogues=[catalogue],
        run=place / "codebook",
        machine=Machine(workers=1, device="cpu"),
    )
    return whole_flava(place / "codebook", "corruption.fused_share=0.625", "optim.eps=1e-3", "steps=12", "seed=3")


@pytest.fixture(scope="module")
def one(place: Path, catalogue: Path, flava: Recipe) -> Path:
    train(flava, catalogues=[catalogue], run=place / "one", machine=Machine(workers=1, device="cpu"))
    return place / "one"


@pytest.fixture(scope="module")
def said(place: Path, catalogue: Path, flava: Recipe) -> list[list[str]]:
    """What each rank said of the runs "two", "parted" and, a second time, "two"."""
    with ExitStack() as stack:
        free = [stack.enter_context(socket.socket()) for _ in range(3)]
        for each in free:
            each.bind(("127.0.0.1", 0))
        ports = [str(each.getsockname()[1]) for each in free]
    common = {"recipe": json.loads(flava.to_json()), "catalogue": str(catalogue)}
    jobs = [
        {"run": str(place / run), "port": port, "asks_at": asks_at} | common
        for run, port, asks_at in zip(("two", "parted", "two"), ports, (None, 7, None), strict=True)
    ]
    (place / "jobs.json").write_text(json.dumps(jobs), encoding="utf-8")
    shared = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "OMP_NUM_THREADS": "1"}
    ranks = [
        subprocess.Popen(
            [sys.executable, str(RANK), str(place / "jobs.json")],
            env=os.environ | shared | {"RANK": str(rank), "PYTHONPATH": os.pathsep.join(sys.path)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]
    ends = [rank.communicate() for rank in ranks]
    for rank, (_, errors) in zip(ranks, ends, strict=True):
        assert rank.returncode == 0, errors
    return [json.loads(output) for output, _ in ends]


def numbers(run: Path) -> list[dict[str, Any]]:
    """Losses, gradient norm and learning rate of every step. The chance of matching is that of the chief's rows."""
    return [{name: value for name, value in row.items() if name not in ("kind", "domain", "chance")} for row in figures(run)]


def assert_close(run: Path, wanted: Path) -> None:
    for alone, together in zip(numbers(wanted), numbers(run), strict=True):
        assert together == pytest.approx(alone, rel=2e-5)
    first, second = final_state(wanted), final_state(run)
    for file in ("model", "ema", "optimizer"):
        assert first[file].keys() == second[file].keys(), "a parameter was used in one and not in the other"
        for name, tensor in first[file].items():
            torch.testing.assert_close(second[file][name], tensor, rtol=1e-3, atol=1e-5)


def test_two_processes_train_what_one_does(place, one, said):
    assert [each[0] for each in said] == ["finished", "finished"]
    kinds = [row["kind"] for row in figures(one)]
    assert [row["kind"] for row in figures(place / "two")] == kinds
    assert set(kinds) == {"text", "image", "pair"}
    assert_close(place / "two", one)
    assert read_json(place / "two" / "environment.json")["sessions"][0]["processes"] == 2


def test_ranks_stop_together_when_one_is_asked_and_one_process_goes_on(place, one, said):
    assert [each[1] for each in said] == ["stopped", "stopped"]
    # The seventh step was under way: what one rank hears the other learns in the next.
    assert steps_in(place / "parted" / "checkpoints") == [5, 8]
    assert resume(place / "parted", machine=Machine(workers=1, device="cpu")).is_finished
    assert_close(place / "parted", one)


def test_no_rank_waits_for_a_chief_that_could_not_begin(said):
    chief, other = (each[2] for each in said)
    assert "holds a finished run of 12 steps" in chief
    assert "rank 1 stops because rank 0 could not go on" in other
