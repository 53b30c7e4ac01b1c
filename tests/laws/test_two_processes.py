"""Two processes with half of every batch each are one process with all of it: with copies of the model (DDP), with
shares of it (FSDP2), in pieces of the batch, and from one to the other."""

import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from training.little import figures, final_state, little_codebook, read_json, shop, whole_flava
from training.ranks import Job, on_two_ranks

from vitrina.recipes.recipe import Recipe
from vitrina.training.checkpoints import steps_in
from vitrina.training.loop import resume, train
from vitrina.training.machine import Machine
from vitrina.training.watch.looks import read_looks

ONE = Machine(workers=1, device="cpu")
SHARD = {"shard": True}
THRIFTY = {"micro_batches": 2, "recompute": True}
DAMAGED = "the picture of row 7 is damaged"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("ranks")


@pytest.fixture(scope="module")
def catalogue(place: Path) -> Path:
    return shop(place)


@pytest.fixture(scope="module")
def flava(place: Path, catalogue: Path) -> Recipe:
    """All six losses on a mixed plan; an average is kept and looked at. Of the fused rows one rank gets one more.

    A gradient that is zero but for rounding moves a weight by the whole learning rate unless Adam's epsilon is above
    the rounding.
    """
    train(little_codebook("steps=2"), catalogues=[catalogue], run=place / "codebook", machine=ONE)
    settings = ("corruption.fused_share=0.625", "optim.eps=1e-3", "steps=12", "seed=3", "ema_decay=0.9", "keep=3")
    return whole_flava(place / "codebook", *settings, "watch.metric=loss", "watch.every=4")


@pytest.fixture(scope="module")
def one(place: Path, catalogue: Path, flava: Recipe) -> Path:
    train(flava, catalogues=[catalogue], run=place / "one", machine=ONE)
    return place / "one"


@pytest.fixture(scope="module")
def said(place: Path, catalogue: Path, flava: Recipe, one: Path) -> dict[str, tuple[str, str]]:
    """What each rank said of each job; a run that is gone on with has two."""
    for begun in ("one-then-copies", "one-then-shares"):
        go_back(one, place / begun)
    jobs = {
        "copies": Job(place / "copies"),
        "shares": Job(place / "shares", SHARD),
        "copies-thrifty": Job(place / "copies-thrifty", THRIFTY),
        "shares-thrifty": Job(place / "shares-thrifty", SHARD | THRIFTY),
        "copies-asked": Job(place / "copies-asked", asks_at=7),
        "shares-asked": Job(place / "shares-asked", SHARD, asks_at=7),
        "copies-then-shares": Job(place / "copies-then-shares", asks_at=7),
        "copies-then-shares, on": Job(place / "copies-then-shares", SHARD, resumes=True),
        "one-then-copies": Job(place / "one-then-copies", resumes=True),
        "one-then-shares": Job(place / "one-then-shares", SHARD, resumes=True),
        "taken": Job(place / "copies"),
        "uneven": Job(place / "uneven", SHARD | {"micro_batches": 3}),
        "broken": Job(place / "broken", breaks_at=7),
    }
    return dict(zip(jobs, on_two_ranks(list(jobs.values()), recipe=flava, catalogue=catalogue), strict=True))


def go_back(run: Path, copy: Path) -> None:
    """A copy of a run as it stood at its first checkpoint."""
    shutil.copytree(run, copy)
    for step in steps_in(copy / "checkpoints")[1:]:
        shutil.rmtree(copy / "checkpoints" / f"step-{step:08d}")


def numbers(run: Path) -> list[dict[str, Any]]:
    """Losses, gradient norm and learning rate of every step. The chance of matching is that of the chief's rows."""
    return [
        {name: value for name, value in row.items() if name not in ("kind", "domain", "chance")} for row in figures(run)
    ]


def assert_close(two: Path, one: Path) -> None:
    """As near as sums in another order: a few hundred times less than ten steps move a weight."""
    assert len(numbers(two)) == len(numbers(one)) == 12
    for row, expected in zip(numbers(two), numbers(one), strict=True):
        assert row == pytest.approx(expected, rel=1e-4)
    assert [look.step for look in read_looks(two)] == [4, 8, 12]
    assert [look.value for look in read_looks(two)] == pytest.approx([look.value for look in read_looks(one)], rel=1e-4)
    first, second = final_state(one), final_state(two)
    assert first.keys() == second.keys()
    for file in first:
        assert first[file].keys() == second[file].keys(), "a parameter without a gradient has none on the other"
        for name, tensor in first[file].items():
            torch.testing.assert_close(second[file][name], tensor, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("run", ["copies", "shares", "copies-thrifty", "shares-thrifty"])
def test_two_processes_train_what_one_does(run, place, one, said):
    assert said[run] == ("finished", "finished")
    kinds = [row["kind"] for row in figures(one)]
    assert [row["kind"] for row in figures(place / run)] == kinds
    assert set(kinds) == {"text", "image", "pair"}
    assert_close(place / run, one)
    session = read_json(place / run / "environment.json")["sessions"][0]
    assert (session["processes"], session["shard"]) == (2, run.startswith("shares"))


@pytest.mark.parametrize("run", ["copies-asked", "shares-asked"])
def test_ranks_stop_together_when_one_is_asked_and_one_process_goes_on(run, place, one, said):
    assert said[run] == ("stopped", "stopped")
    # The seventh step was under way: what one rank hears the other learns in the next.
    assert steps_in(place / run / "checkpoints") == [5, 8]
    assert resume(place / run, machine=ONE).is_finished
    assert_close(place / run, one)


def test_a_run_with_copies_goes_on_with_shares(place, one, said):
    assert said["copies-then-shares"] == ("stopped", "stopped")
    assert said["copies-then-shares, on"] == ("finished", "finished")
    assert_close(place / "copies-then-shares", one)


@pytest.mark.parametrize("run", ["one-then-copies", "one-then-shares"])
def test_a_run_of_one_process_goes_on_with_two(run, place, one, said):
    assert said[run] == ("finished", "finished")
    assert_close(place / run, one)


def test_one_process_in_four_pieces_trains_what_it_does_in_one(place, catalogue, flava, one):
    train(flava, catalogues=[catalogue], run=place / "pieces", machine=Machine("cpu", workers=1, micro_batches=4))
    assert_close(place / "pieces", one)


def test_no_rank_waits_for_a_chief_that_could_not_begin(said):
    chief, other = said["taken"]
    assert "holds a finished run of 12 steps" in chief
    assert "rank 1 stops because rank 0 could not go on" in other


def test_ranks_that_would_wait_for_each_other_forever_are_refused(said):
    for words in said["uneven"]:
        assert "of 5 fused rows a step, some of 2 processes would get fewer than 3: use fewer" in words


def test_a_rank_that_fails_stops_the_other_with_words(place, one, said):
    chief, broken = said["broken"]
    assert broken == DAMAGED
    assert f"rank 0 stops because rank 1 stopped: {DAMAGED}." in chief
    assert "the last good checkpoint is that of step 5. Go on by starting all ranks again with `vitrina resume" in chief
    assert resume(place / "broken", machine=ONE).is_finished
    assert_close(place / "broken", one)
