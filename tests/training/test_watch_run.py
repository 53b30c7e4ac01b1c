"""What a watched run promises, from `train` to `load`."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from vitrina.evaluation.runs_read import read_run
from vitrina.models.checkpoint import read_metadata, read_tensors
from vitrina.recipes.recipe import Recipe
from vitrina.training.load import load
from vitrina.training.loop import Outcome, resume, train
from vitrina.training.machine import Machine
from vitrina.training.run_folder import Metrics
from vitrina.training.watch.looks import read_looks

from .little import assert_same_run, little_clip, whole_flava

CPU = Machine(workers=0, device="cpu")
WATCHED = ("watch.every=2", "watch.split=train", "ema_decay=0.5")


class Killed(BaseException):
    """What ends a run as a kill would, leaving whatever lies on the disk."""


def trained(recipe: Recipe, *, catalogue: Path, run: Path) -> Outcome:
    return train(recipe, catalogues=[catalogue], run=run, machine=CPU)


def looks(run: Path) -> list[dict[str, Any]]:
    rows = [json.loads(line) for line in (run / "watch.jsonl").read_text(encoding="utf-8").splitlines()]
    return [{name: value for name, value in row.items() if name != "seconds"} for row in rows]


def test_a_watched_run_learns_bit_for_bit_what_it_would_unwatched(catalogue: Path, tmp_path: Path) -> None:
    trained(little_clip(*WATCHED), catalogue=catalogue, run=tmp_path / "watched")
    trained(little_clip("ema_decay=0.5"), catalogue=catalogue, run=tmp_path / "unwatched")
    assert_same_run(tmp_path / "watched", tmp_path / "unwatched")
    assert [look["step"] for look in looks(tmp_path / "watched")] == [2, 4, 6, 8, 10]


@pytest.mark.parametrize("metric", ["text_to_picture", "loss"])
def test_a_killed_run_ends_with_the_looks_and_the_best_of_one_that_never_was(
    metric: str, catalogue: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = little_clip(*WATCHED, f"watch.metric={metric}")
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    trained(recipe, catalogue=catalogue, run=whole)
    append = Metrics.append

    def killed(metrics: Metrics, row: dict[str, Any]) -> None:
        if row["step"] == 9:
            raise Killed
        append(metrics, row)

    with monkeypatch.context() as patch:
        patch.setattr(Metrics, "append", killed)
        with pytest.raises(Killed):
            trained(recipe, catalogue=catalogue, run=broken)
    assert looks(broken)[-1]["step"] == 8
    resume(broken, machine=CPU)
    assert_same_run(whole, broken)
    assert looks(whole) == looks(broken)
    one, other = read_tensors(whole / "best.safetensors"), read_tensors(broken / "best.safetensors")
    assert one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)
    assert read_metadata(whole / "best.safetensors") == read_metadata(broken / "best.safetensors")


def test_a_run_that_no_longer_gets_better_ends_early_and_stays_ended(catalogue: Path, tmp_path: Path) -> None:
    """Nothing is learnt at a learning rate of 0: the first look is the best, the second one too many."""
    still = ("optim.lr=0", "model.spread=free")  # moments over the batch would move without learning
    recipe = little_clip("watch.every=2", "watch.split=train", "watch.patience=1", "steps=20", *still)
    run = tmp_path / "run"
    outcome = trained(recipe, catalogue=catalogue, run=run)
    assert (outcome.step, outcome.is_finished) == (4, True)
    assert resume(run, machine=CPU).step == 4
    assert [look.step for look in read_looks(run)] == [2, 4]
    assert read_run(run, name="run").state == "stopped early"
    card = (run / "README.md").read_text(encoding="utf-8")
    assert "Step 4 of 20 (ended early by its watch)." in card and "by `text_to_picture` on split train (" in card


def test_loading_a_watched_run_takes_its_best_weights(catalogue: Path, tmp_path: Path) -> None:
    trained(little_clip(*WATCHED), catalogue=catalogue, run=tmp_path / "run")
    best = read_tensors(tmp_path / "run" / "best.safetensors")
    loaded = load(tmp_path / "run").state_dict()
    assert all(torch.equal(loaded[name], each) for name, each in best.items())


def test_a_flava_with_a_codebook_is_watched_by_its_loss(catalogue: Path, codebook: Path, tmp_path: Path) -> None:
    """All six losses count, codes of held-out pictures too."""
    recipe = whole_flava(codebook, "watch.metric=loss", "watch.every=5", "watch.split=val", "steps=5")
    trained(recipe, catalogue=catalogue, run=tmp_path / "run")
    (look,) = looks(tmp_path / "run")
    assert 5 < look["value"] < 40 and 5 < look["base"] < 40


def test_a_run_that_cannot_be_watched_is_not_made(catalogue: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"watch\.split"):
        trained(little_clip("watch.every=2", "watch.split=dev"), catalogue=catalogue, run=tmp_path / "run")
    assert not (tmp_path / "run" / "recipe.json").exists()
