"""With several pictures and texts a row and explicit negatives, two processes and pieces of the batch still train what
one process does with all of it, and a run that is cut off goes on as if it had not been."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from training.little import assert_same_run, figures, final_state, little_clip, little_flava, picture, products
from training.ranks import Job, on_two_ranks

from vitrina.catalogue.product import Text
from vitrina.catalogue.store import write_catalogue
from vitrina.data.fields import Sides
from vitrina.recipes.recipe import Recipe
from vitrina.training.loop import resume, train
from vitrina.training.machine import Machine

ONE = Machine(workers=1, device="cpu")
PARTS = (
    "shown.pictures=2",
    "shown.texts=2",
    'shown.fields={"title": 1, "description": 0.5, "attributes": 0.5}',
    "negatives.contrast=2",
    "negatives.category_share=0.5",
    "optim.eps=1e-3",
    "steps=6",
    "checkpoint_every=3",
    "seed=3",
)

AS_PUBLISHED = (
    "model.image.stem=patch",
    "model.image.entry_norm=true",
    "model.image.stem_bias=false",
    "model.image.mask_token=false",
    "model.text.order=left_to_right",
    "model.text.types=0",
    "model.text.entry_norm=false",
    "model.pooling=end",
    "model.spread=free",
    "model.projection_bias=false",
)
"""A CLIP of the published shape: texts are read from left to right and stand for themselves at their ends."""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("parts")


@pytest.fixture(scope="module")
def catalogue(place: Path) -> Path:
    """The little shop with titles in two languages, descriptions here, attributes and second pictures there."""
    rich = [
        replace(
            each,
            titles=(*each.titles, Text(f"{each.titles[0].text} (en)", "en")) if each.titles else (),
            descriptions=(Text(f"thing {number}"),) if each.titles and number % 2 else (),
            pictures=(*each.pictures, *([picture(number + 100)] if number % 3 else [])) if each.pictures else (),
            attributes={"colour": "red"} if number % 4 else {},
            category=("things", str(number % 3)),
        )
        for number, each in enumerate(products())
    ]
    write_catalogue(place / "shop", rich)
    return place / "shop"


@pytest.fixture(scope="module")
def recipes() -> dict[str, Recipe]:
    return {
        "clip": little_clip(*PARTS, "corruption.patch_dropout=0.25"),
        "published": little_clip(*PARTS, *AS_PUBLISHED, "corruption.patch_dropout=0.25"),
        "flava": little_flava(*PARTS, "mixture.text=0", "corruption.fused_share=0.5", "corruption.patch_dropout=0.25"),
    }


def trained(recipe: Recipe, *, catalogue: Path, run: Path, machine: Machine = ONE) -> Path:
    train(recipe, catalogues=[catalogue], run=run, machine=machine)
    return run


def assert_close(two: Path, one: Path) -> None:
    assert len(figures(two)) == len(figures(one)) == 6
    for row, expected in zip(figures(two), figures(one), strict=True):
        for name in ("itc", "loss", "grad_norm"):
            assert row[name] == pytest.approx(expected[name], rel=1e-4), (row["step"], name)
    first, second = final_state(one), final_state(two)
    for file in first:
        assert first[file].keys() == second[file].keys()
        for name, tensor in first[file].items():
            torch.testing.assert_close(second[file][name], tensor, rtol=1e-3, atol=1e-5)


@pytest.fixture(scope="module")
def whole(recipes: dict[str, Recipe], catalogue: Path, place: Path) -> Path:
    return trained(recipes["clip"], catalogue=catalogue, run=place / "whole")


def test_two_processes_train_sides_as_one_does(recipes, catalogue, place):
    recipe, published = recipes["flava"], recipes["published"]
    one = trained(recipe, catalogue=catalogue, run=place / "one")
    clip = trained(published, catalogue=catalogue, run=place / "one-clip")
    thrifty = {"shard": True, "micro_batches": 2, "recompute": True}
    jobs = [
        Job(place / "copies"),
        Job(place / "shares", thrifty),
        Job(place / "clip-copies", recipe=published),
        Job(place / "clip-shares", thrifty, recipe=published),
    ]
    assert on_two_ranks(jobs, recipe=recipe, catalogue=catalogue) == [("finished", "finished")] * 4
    for job in jobs:
        assert_close(job.run, clip if job.recipe else one)


def test_pieces_of_the_batch_train_sides_as_the_whole_does(recipes, catalogue, place, whole):
    machine = Machine(workers=1, device="cpu", micro_batches=3)
    assert_close(trained(recipes["clip"], catalogue=catalogue, run=place / "pieces", machine=machine), whole)


def test_a_run_of_sides_that_is_cut_off_goes_on_as_if_it_had_not_been(recipes, catalogue, place, whole):
    cut = trained(recipes["clip"], catalogue=catalogue, run=place / "cut")
    last = cut / "checkpoints" / "step-00000006"
    for file in sorted(last.iterdir()):
        file.unlink()
    last.rmdir()
    assert resume(cut, machine=ONE).is_finished
    assert_same_run(cut, whole)


def test_what_is_shown_changes_what_is_learnt(recipes, catalogue, place, whole):
    plain = replace(recipes["clip"], shown=Sides())
    run = trained(plain, catalogue=catalogue, run=place / "plain")
    losses = [[row["itc"] for row in figures(each)] for each in (run, whole)]
    assert all(one != other for one, other in zip(*losses, strict=True))
