"""GroupViT in the one loop: its noise and its words belong to rows, so a run is the same however it is computed."""

from pathlib import Path
from typing import Any

import pytest
import torch

from training.little import COMMON, assert_same_run, figures, final_state, picture, shop
from training.ranks import Job, on_two_ranks
from vitrina import recipes
from vitrina.models import grouping
from vitrina.models.groupvit import GroupViT
from vitrina.models.row_noise import gumbel
from vitrina.recipes.recipe import Recipe, with_settings
from vitrina.training.load import load
from vitrina.training.loop import resume, train
from vitrina.training.machine import Machine

ONE = Machine(workers=1, device="cpu")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("groupvit")


@pytest.fixture(scope="module")
def catalogue(place: Path) -> Path:
    return shop(place)


@pytest.fixture(scope="module")
def recipe() -> Recipe:
    """Two stages; Adam's epsilon is above what sums in another order round. The little shop states no facts, so words
    are those of its titles."""
    settings = (
        "geometry.size_px=16",
        "model.image.width=16",
        "model.image.layers=3",
        "model.image.depths=1,1,1",
        "model.image.groups=4,2",
        "model.text.width=16",
        "model.text.layers=1",
        "model.projection=8",
        "model.projector=16",
        "nouns.minimum=3",
        "steps=6",
        "checkpoint_every=3",
        "optim.eps=0.1",
        "ema_decay=0.9",
    )
    return with_settings(recipes.groupvit("tiny"), [*COMMON, *settings])


@pytest.fixture(scope="module")
def one(place: Path, catalogue: Path, recipe: Recipe) -> Path:
    train(recipe, catalogues=[catalogue], run=place / "one", machine=ONE)
    return place / "one"


def numbers(run: Path) -> list[dict[str, Any]]:
    """The figures of every step; the chance level of words is that of the chief's own."""
    return [{name: each for name, each in row.items() if name not in ("kind", "domain")} for row in figures(run)]


def assert_close(two: Path, one: Path) -> None:
    """As near as sums in another order: what batch normalisation makes of nearly equal pictures magnifies rounding.

    Another noise is a hundred times further away: see below.
    """
    for row, expected in zip(numbers(two), numbers(one), strict=True):
        chance = row.pop("chance"), expected.pop("chance")
        assert chance[0] == pytest.approx(chance[1], rel=1e-5)
        assert row == pytest.approx(expected, rel=2e-3)
    first, second = final_state(one), final_state(two)
    for file, tensors in first.items():
        assert tensors.keys() == second[file].keys()
        for name, tensor in tensors.items():
            torch.testing.assert_close(second[file][name], tensor, rtol=1e-3, atol=1e-4)


def test_both_losses_are_in_every_step(one):
    assert len(figures(one)) == 6
    assert all({"itc", "nouns"} <= row.keys() and {"itc", "nouns"} == row["chance"].keys() for row in figures(one))


def test_three_steps_and_three_more_are_six_bit_for_bit(place, catalogue, recipe, one, monkeypatch):
    stopped = place / "stopped"
    with monkeypatch.context() as patched:
        patched.setattr("vitrina.models.groupvit.GroupViT.counts", fails_at(4))
        with pytest.raises(RuntimeError, match="the lights went out"):
            train(recipe, catalogues=[catalogue], run=stopped, machine=ONE)
    assert resume(stopped, machine=ONE).is_finished
    assert_same_run(stopped, one)


def fails_at(step: int):
    counts, seen = GroupViT.counts, []

    def counted(self, batch):
        seen.append(batch)
        if len(seen) == step:
            raise RuntimeError("the lights went out")
        return counts(self, batch)

    return counted


def test_pieces_of_a_batch_train_what_the_whole_does(place, catalogue, recipe, one):
    machine = Machine("cpu", workers=1, micro_batches=3, recompute=True)
    train(recipe, catalogues=[catalogue], run=place / "pieces", machine=machine)
    assert_close(place / "pieces", one)


def test_two_processes_train_what_one_does(place, catalogue, recipe, one):
    jobs = [Job(place / "copies"), Job(place / "shares", {"shard": True, "micro_batches": 2})]
    assert on_two_ranks(jobs, recipe=recipe, catalogue=catalogue) == [("finished", "finished")] * 2
    assert_close(place / "copies", one)
    assert_close(place / "shares", one)


def test_another_noise_would_train_something_else(place, catalogue, recipe, one, monkeypatch):
    monkeypatch.setattr(grouping, "gumbel", lambda keys, **how: gumbel(keys, **how | {"seed": how["seed"] + 1}))
    train(with_settings(recipe, ["steps=1"]), catalogues=[catalogue], run=place / "other", machine=ONE)
    assert abs(numbers(place / "other")[0]["loss"] / numbers(one)[0]["loss"] - 1) > 2e-2


def test_what_loads_a_run_can_point(one):
    model = load(one)
    assert isinstance(model, GroupViT)
    maps = model.similarity_maps([picture(0)], words=["mug", "sofa"])
    assert maps[0].shape == (2, 2, 2)
