"""What watching a run promises."""

import json
import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from vitrina.catalogue.store import Catalogue, write_catalogue
from vitrina.data.mixture import Mixture
from vitrina.data.stock import Stock
from vitrina.models.checkpoint import read_metadata, read_tensors
from vitrina.recipes.recipe import Recipe
from vitrina.tasks import search
from vitrina.training.build import Model, build
from vitrina.training.load import inputs_of, load
from vitrina.training.prepare import look_over, recorded_stock, sources_of
from vitrina.training.run_folder import RunFolder, create_run
from vitrina.training.watch import Watcher, refuse_unwatchable
from vitrina.training.watch.looks import Look, ended_early, is_enough, read_looks
from vitrina.training.watch.loss import LossLook

from .little import little_clip, little_codebook, little_flava, products

CPU = torch.device("cpu")
WATCHED = ("watch.every=2", "watch.split=train")


def run_of(recipe: Recipe, *, catalogue: Path, folder: Path) -> RunFolder:
    """A new run's folder, nothing trained."""
    new = look_over(recipe, catalogues=[catalogue])
    folder.mkdir()
    return create_run(folder, recipe=new.recipe, data=new.data, tokenizer=new.tokenizer)


def model_of(folder: RunFolder, *, seed: int) -> Model:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return build(folder.recipe.model, inputs=inputs_of(folder.recipe, tokenizer=folder.tokenizer()))


def without_seconds(run: Path) -> list[dict[str, object]]:
    rows = [json.loads(line) for line in (run / "watch.jsonl").read_text().splitlines()]
    return [{name: value for name, value in row.items() if name != "seconds"} for row in rows]


def fake_checkpoint(folder: RunFolder, step: int) -> None:
    (folder.checkpoints / f"step-{step:08d}").mkdir(parents=True)


@pytest.fixture
def folder(catalogue: Path, tmp_path: Path) -> RunFolder:
    return run_of(little_clip(*WATCHED), catalogue=catalogue, folder=tmp_path / "run")


def test_a_look_is_the_strict_recall_of_the_very_weights_it_was_given(folder: RunFolder) -> None:
    model = model_of(folder, seed=3)
    verdict = Watcher(folder, from_step=0, device=CPU).look(2, weights=model.state_dict())
    stock = recorded_stock(folder)
    posed = [search.pose(product) for product in stock.read(np.arange(len(stock))) if product.split == "train"]
    pairs = [pair for pair in posed if pair is not None]
    found = search.answer(model, pairs=pairs, query="text")  # type: ignore[arg-type]
    assert verdict.value == pytest.approx(found.strict.recall(10).mean(), abs=1e-9)
    assert verdict.base == pytest.approx(10 / len(pairs))


def test_looking_leaves_the_random_numbers_of_training_as_they_were(folder: RunFolder) -> None:
    torch.manual_seed(5)
    np.random.seed(5)
    expected = torch.rand(4), np.random.rand(4)
    torch.manual_seed(5)
    np.random.seed(5)
    model = model_of(folder, seed=1).train()
    before = {name: each.clone() for name, each in model.state_dict().items()}
    Watcher(folder, from_step=0, device=CPU).look(2, weights=model.state_dict())
    assert torch.equal(torch.rand(4), expected[0])
    assert np.array_equal(np.random.rand(4), expected[1])
    assert model.training and all(torch.equal(each, before[name]) for name, each in model.state_dict().items())


@pytest.mark.parametrize("make", [little_flava, little_codebook, little_clip])
def test_the_loss_of_the_same_weights_is_the_same_at_every_look_and_in_every_session(
    make: Callable[..., Recipe], catalogue: Path, tmp_path: Path
) -> None:
    recipe = make("watch.metric=loss", "watch.every=2", "watch.split=val")
    folder = run_of(recipe, catalogue=catalogue, folder=tmp_path / "run")
    weights = model_of(folder, seed=1).state_dict()
    watcher = Watcher(folder, from_step=0, device=CPU)
    first, second = watcher.look(2, weights=weights), watcher.look(4, weights=weights)
    other = Watcher(folder, from_step=0, device=CPU).look(2, weights=weights)
    assert first.value == second.value == other.value
    assert first.is_best and not second.is_best
    assert first.base > 0 and np.isfinite(first.value)


def test_the_loss_is_the_mean_of_each_kind_weighted_as_the_mixture_has_them(catalogue: Path, tmp_path: Path) -> None:
    """On pairs alone and on texts alone first, then on a mixture of both, with the same weights."""
    folder = run_of(little_flava(), catalogue=catalogue, folder=tmp_path / "run")
    stock, model = recorded_stock(folder), model_of(folder, seed=1)
    inputs = inputs_of(folder.recipe, tokenizer=folder.tokenizer())

    def value(text: float, pair: float) -> float:
        recipe = replace(folder.recipe, mixture=Mixture(text=text, image=0.0, pair=pair))
        sources = sources_of(recipe, stock=stock)
        look = LossLook(recipe, stock=stock, sources=sources, inputs=inputs, codes=None)
        return look.measure(model, step=1).value

    assert value(1.0, 3.0) == pytest.approx(0.25 * value(1.0, 0.0) + 0.75 * value(0.0, 1.0), rel=1e-6)
    assert abs(value(1.0, 0.0) - value(0.0, 1.0)) > 1.0


def test_the_best_weights_stand_alone_as_a_checkpoint_s_do(folder: RunFolder) -> None:
    model = model_of(folder, seed=3)
    verdict = Watcher(folder, from_step=0, device=CPU).look(2, weights=model.state_dict())
    best = folder.path / "best.safetensors"
    about = read_metadata(best)
    assert verdict.is_best and about["step"] == "2"
    assert Recipe.from_json(about["recipe"]) == folder.recipe
    tensors = read_tensors(best)
    assert all(torch.equal(tensors[name], each) for name, each in model.state_dict().items())
    assert np.isfinite(load(best).embed_texts(["red mug"])).all()  # type: ignore[union-attr]


def test_equal_figures_do_not_replace_the_best_and_use_up_patience(catalogue: Path, tmp_path: Path) -> None:
    recipe = little_clip(*WATCHED, "watch.patience=2")
    folder = run_of(recipe, catalogue=catalogue, folder=tmp_path / "run")
    weights = model_of(folder, seed=3).state_dict()
    watcher = Watcher(folder, from_step=0, device=CPU)
    verdicts = [watcher.look(step, weights=weights) for step in (2, 4, 6)]
    assert [each.is_best for each in verdicts] == [True, False, False]
    assert [each.is_enough for each in verdicts] == [False, False, True]
    assert read_metadata(folder.path / "best.safetensors")["step"] == "2"
    assert ended_early(folder, step=6) and not ended_early(folder, step=4)


def test_an_interrupted_run_has_the_looks_and_the_best_of_one_that_never_was(catalogue: Path, tmp_path: Path) -> None:
    """Killed after looks at 6 and 8 with a checkpoint of 4: whatever they found is forgotten, the best of 4 is back."""
    seeds = {2: 1, 4: 5, 6: 2, 8: 3, 10: 4}
    recipe = little_clip("watch.every=2", "watch.split=train", "watch.metric=loss")
    whole = run_of(recipe, catalogue=catalogue, folder=tmp_path / "whole")
    broken = run_of(recipe, catalogue=catalogue, folder=tmp_path / "broken")
    weights = {step: model_of(whole, seed=seed).state_dict() for step, seed in seeds.items()}
    order = dict(zip(sorted(seeds), ranked(whole, list(weights.values()), tmp_path=tmp_path), strict=True))
    watcher = Watcher(whole, from_step=0, device=CPU)
    for step in seeds:
        watcher.look(step, weights=order[step])
    watcher = Watcher(broken, from_step=0, device=CPU)
    for step in (2, 4):
        watcher.look(step, weights=order[step])
    fake_checkpoint(broken, 4)
    for step in (6, 8):
        watcher.look(step, weights=order[step])
    assert read_metadata(broken.path / "best.safetensors")["step"] == "8"
    resumed = Watcher(broken, from_step=4, device=CPU)
    assert read_metadata(broken.path / "best.safetensors")["step"] == "4"
    for step in (6, 8, 10):
        resumed.look(step, weights=order[step])
    assert without_seconds(broken.path) == without_seconds(whole.path)
    one, other = (read_tensors(each.path / "best.safetensors") for each in (whole, broken))
    assert all(torch.equal(one[name], other[name]) for name in one)
    former = [path.name for path in broken.path.glob(".best-*")]
    assert former == [".best-00000004.safetensors"]


def ranked(
    folder: RunFolder, weights: list[dict[str, torch.Tensor]], *, tmp_path: Path
) -> list[dict[str, torch.Tensor]]:
    """The weights from the worst to the best, so that every look is the best yet."""
    watcher = Watcher(folder, from_step=0, device=CPU)
    values = [watcher.look(number + 1, weights=each).value for number, each in enumerate(weights)]
    for name in ("watch.jsonl", "best.safetensors"):
        (folder.path / name).unlink()
    assert len(set(values)) == len(values)
    return [weights[number] for number in np.argsort(values)[::-1]]


def test_a_run_without_a_best_look_before_its_checkpoint_has_no_best_weights(folder: RunFolder) -> None:
    Watcher(folder, from_step=0, device=CPU).look(2, weights=model_of(folder, seed=3).state_dict())
    Watcher(folder, from_step=1, device=CPU)
    assert not (folder.path / "best.safetensors").exists() and read_looks(folder.path) == []
    assert list((folder.path / "pictures").iterdir()) == []


def test_a_torn_row_is_cut_off(folder: RunFolder) -> None:
    watcher = Watcher(folder, from_step=0, device=CPU)
    watcher.look(2, weights=model_of(folder, seed=3).state_dict())
    with (folder.path / "watch.jsonl").open("a") as file:
        file.write('{"step": 4, "metr')
    Watcher(folder, from_step=4, device=CPU).look(6, weights=model_of(folder, seed=4).state_dict())
    assert [look.step for look in read_looks(folder.path)] == [2, 6]


def test_lost_best_weights_are_told(folder: RunFolder, caplog: pytest.LogCaptureFixture) -> None:
    Watcher(folder, from_step=0, device=CPU).look(2, weights=model_of(folder, seed=3).state_dict())
    (folder.path / "best.safetensors").unlink()
    with caplog.at_level(logging.WARNING):
        Watcher(folder, from_step=2, device=CPU)
    assert "has lost its best weights, of step 2" in caplog.text


def test_the_panel_is_a_picture_and_stands_in_the_run(folder: RunFolder) -> None:
    verdict = Watcher(folder, from_step=0, device=CPU).look(2, weights=model_of(folder, seed=3).state_dict())
    path = folder.path / "pictures" / "watch-00000002.png"
    assert verdict.picture == path.read_bytes()
    with Image.open(path) as image:
        assert image.width > 600 and len(image.getcolors(1 << 20) or []) > 50


def test_patience_counts_looks_since_the_best() -> None:
    watch = little_clip("watch.every=1", "watch.patience=2").watch

    def looks(*bests: bool) -> list[Look]:
        return [Look(number, "loss", 1.0, 1.0, best, 0.0) for number, best in enumerate(bests)]

    assert not is_enough(looks(True, False), watch=watch)
    assert is_enough(looks(True, False, False), watch=watch)
    assert not is_enough(looks(True, False, True, False), watch=watch)
    assert not is_enough(looks(True, *[False] * 9), watch=little_clip("watch.every=1").watch)


@pytest.mark.parametrize(
    ("recipe", "words"),
    [
        (little_clip("watch.every=2", "watch.split=dev"), "watch.split is 'dev'.*there is train, val"),
        (little_clip("watch.every=2"), "hold 6 with a picture and a text"),
        (little_codebook("watch.every=2"), "set watch.metric=loss"),
    ],
)
def test_what_cannot_be_watched_is_refused_before_a_run_is_made(recipe: Recipe, words: str, catalogue: Path) -> None:
    with pytest.raises(ValueError, match=words):
        refuse_unwatchable(recipe, stock=Stock([Catalogue.open(catalogue)]))


def test_a_recipe_that_does_not_watch_is_never_refused(catalogue: Path) -> None:
    refuse_unwatchable(little_clip("watch.split=dev"), stock=Stock([Catalogue.open(catalogue)]))


def test_a_picture_that_cannot_be_read_is_left_out_and_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    made = [each for each in products() if each.texts and each.pictures]
    bad = made[3]
    made[3] = type(bad)(id=bad.id, titles=bad.titles, pictures=(bad.pictures[0][:60],), split=bad.split)
    write_catalogue(tmp_path / "shop", made)
    folder = run_of(little_clip(*WATCHED), catalogue=tmp_path / "shop", folder=tmp_path / "run")
    with caplog.at_level(logging.WARNING):
        verdict = Watcher(folder, from_step=0, device=CPU).look(2, weights=model_of(folder, seed=3).state_dict())
    count = sum(each.split == "train" for each in made) - 1
    assert verdict.base == pytest.approx(10 / count)
    assert "is not watched: its picture cannot be read" in caplog.text
