"""A GroupViT starts from another: from a run, and from a folder in transformers' layout, with the words they learnt."""

from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from vitrina import recipes
from vitrina.catalogue.product import Product, Text
from vitrina.catalogue.store import write_catalogue
from vitrina.models.groupvit import GroupViT
from vitrina.recipes.recipe import Recipe, with_settings
from vitrina.training.load import load, weights_of
from vitrina.training.loop import train
from vitrina.training.machine import Machine
from vitrina.training.prepare import look_over
from vitrina.training.start import adapted, read_record

from .little import COMMON, little_clip, picture
from .starting import begin, first

SIZES = (
    "geometry.size_px=16",
    "model.image.width=16",
    "model.image.stem=patch",
    "model.image.layers=2",
    "model.image.depths=1,1",
    "model.image.groups=2",
    "model.text.width=16",
    "model.text.layers=1",
    "model.projection=8",
    "model.projector=16",
    "nouns.minimum=3",
    "steps=1",
)


@pytest.fixture(scope="module")
def recipe() -> Recipe:
    return with_settings(recipes.groupvit("tiny"), [*COMMON, *SIZES])


@pytest.fixture(scope="module")
def run(recipe: Recipe, catalogue: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("groupvit") / "run"
    train(recipe, catalogues=[catalogue], run=path, machine=Machine(workers=0, device="cpu"))
    return path


@pytest.fixture(scope="module")
def published(run: Path) -> Path:
    model = load(run)
    assert isinstance(model, GroupViT)
    model.to_transformers(run.parent / "published")
    return run.parent / "published"


@pytest.fixture(scope="module")
def elsewhere(run: Path) -> Path:
    """A shop of other words."""
    products = [Product(id=str(n), titles=(Text(f"zyzzyva {n}"),), pictures=(picture(n),)) for n in range(12)]
    write_catalogue(run.parent / "elsewhere", products)
    return run.parent / "elsewhere"


@pytest.mark.parametrize("source", ["run", "published"])
def test_everything_is_taken_and_read_by_the_words_that_it_learnt(source, request, elsewhere, recipe):
    asked = with_settings(recipes.groupvit("tiny"), ["batch_rows=8", "steps=1", "nouns.minimum=3"])
    found = look_over(asked, catalogues=[elsewhere], init=str(request.getfixturevalue(source)))
    assert found.start is not None and not found.start.record.fresh and not found.start.record.left_over
    theirs = load(request.getfixturevalue("run"))
    assert isinstance(theirs, GroupViT) and found.tokenizer is not None
    text = "mug red nº 3"
    assert found.tokenizer.encode(text).tokens == theirs.read_inputs().tokenizer.encode(text).tokens
    assert found.recipe.vocabulary == found.tokenizer.get_vocab_size() and found.recipe.max_tokens == recipe.max_tokens
    learnt = theirs.state_dict()
    assert {"image.positions", "text.words.weight", "logit_scale"} <= found.start.tensors.keys()
    for name, tensor in found.start.tensors.items():
        if name != "text.words.weight":  # two tokens change places on the way to transformers
            assert torch.equal(tensor, learnt[name]), name


def test_the_size_of_pictures_is_that_of_the_weights(published, catalogue, recipe):
    larger = with_settings(recipe, ["geometry.size_px=32"])
    found = look_over(larger, catalogues=[catalogue], init=str(published))
    assert found.recipe.geometry.size_px == 16  # what the weights are at home with is set, and told


@pytest.mark.parametrize("source", ["run", "published"])
def test_another_size_that_is_set_afterwards_stands_and_positions_are_resized(source, request, elsewhere, tmp_path):
    init = request.getfixturevalue(source)
    asked = with_settings(recipes.groupvit("tiny"), ["batch_rows=8", "steps=1", "nouns.minimum=3"])
    larger = with_settings(adapted(asked, init=str(init)), ["geometry.size_px=32"])
    begin(larger, elsewhere, tmp_path / "run", init=init)
    record, before = read_record(tmp_path / "run"), first(tmp_path / "run")
    theirs = load(request.getfixturevalue("run")).state_dict()
    assert record.resized == ("image.positions",) and record.fresh == record.left_over == ()
    assert before["image.positions"].shape == (1, 16, 16)
    # Four patches a quarter, whose positions lie around the one that stood for it.
    quarters = before["image.positions"].view(2, 2, 2, 2, 16).mean(dim=(1, 3)).flatten(0, 1)
    assert F.cosine_similarity(quarters, theirs["image.positions"][0], dim=-1).min() > 0.9
    model = load(tmp_path / "run")
    assert isinstance(model, GroupViT) and model.config.image.size_px == 32
    maps = model.similarity_maps([picture(0)], words=["mug", "red"])
    assert maps[0].shape[1:] == (4, 3) and np.isfinite(maps[0]).all()


def test_a_setting_that_the_weights_cannot_follow_is_named_beside_what_they_need(run, catalogue, recipe):
    finer = with_settings(adapted(recipe, init=str(run)), ["model.image.patch_px=4", "model.image.groups=3"])
    with pytest.raises(ValueError, match=r"patch_px is 4 where they need 8, model\.image\.groups is 3 where"):
        look_over(finer, catalogues=[catalogue], init=str(run))


def test_it_starts_from_nothing_but_its_own_kind(run, catalogue, recipe, clip):
    with pytest.raises(ValueError, match=r"a run of a Clip, fits a GroupViT: start from a run of a GroupViT, or"):
        look_over(recipe, catalogues=[catalogue], init=str(clip))
    weights = look_over(recipe, catalogues=[catalogue], init=str(weights_of(run)))
    assert weights.start is not None and weights.start.record.kind == "weights of a run of a GroupViT"


def test_no_other_family_starts_from_one(published, catalogue):
    with pytest.raises(ValueError, match="GroupViT"):
        look_over(little_clip(), catalogues=[catalogue], init=str(published))
