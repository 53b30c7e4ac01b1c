"""Early fusion goes the whole road: trained, loaded, asked, and by two processes as by one."""

from pathlib import Path

import pytest
import torch

import vitrina
from training.little import COMMON, final_state, shop
from training.ranks import Job, on_two_ranks
from vitrina import recipes
from vitrina.evaluation.evaluate import evaluate
from vitrina.models.early_fusion import EarlyFusion
from vitrina.recipes.recipe import Recipe, with_settings
from vitrina.training.loop import train
from vitrina.training.machine import Machine

ONE = Machine(workers=1, device="cpu")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("early")


@pytest.fixture(scope="module")
def catalogue(place: Path) -> Path:
    return shop(place)


@pytest.fixture(scope="module")
def recipe() -> Recipe:
    """Adam's epsilon stands above what rounding leaves of a gradient that is zero."""
    sizes = ("geometry.size_px=16", "model.image.width=16", "model.text.width=16", "model.trunk.width=16")
    own = ("model.trunk.layers=1", "model.projection=8", "corruption.fused_share=0.5", "optim.eps=1e-3")
    return with_settings(recipes.early_fusion("tiny"), [*COMMON, *sizes, *own])


@pytest.fixture(scope="module")
def one(place: Path, catalogue: Path, recipe: Recipe) -> Path:
    train(recipe, catalogues=[catalogue], run=place / "one", machine=ONE)
    return place / "one"


def test_a_run_is_loaded_and_asked_everything_that_it_can_answer(one, catalogue):
    model = vitrina.load(one)
    assert isinstance(model, EarlyFusion)
    found = evaluate(one, catalogue=catalogue)
    asked = {section.key for section in found.sections}
    assert {"text_to_picture_strict", "matching_any"} <= asked
    assert found.family == "early_fusion"
    assert "one transformer" in (one / "README.md").read_text(encoding="utf-8").lower()


def test_two_processes_train_what_one_does(place, catalogue, recipe, one):
    jobs = [Job(place / "copies"), Job(place / "shares", {"shard": True, "micro_batches": 2, "recompute": True})]
    assert on_two_ranks(jobs, recipe=recipe, catalogue=catalogue) == [("finished", "finished")] * 2
    first = final_state(one)
    for job in jobs:
        second = final_state(job.run)
        assert first.keys() == second.keys()
        for file in first:
            assert first[file].keys() == second[file].keys()
            for name, tensor in first[file].items():
                torch.testing.assert_close(second[file][name], tensor, rtol=1e-3, atol=1e-5)
