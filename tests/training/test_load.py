"""A trained model, ready to answer."""

import logging
import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

import vitrina
from vitrina.models.clip import Clip
from vitrina.models.codebook import Codebook
from vitrina.models.flava import Flava
from vitrina.recipes.recipe import Watch
from vitrina.training.load import recipe_of, weights_of
from vitrina.training.loop import train
from vitrina.training.machine import Machine
from vitrina.training.run_folder import RunFolder

from .little import final_state, little_clip, little_flava, picture


def test_the_average_is_taken_where_there_is_one_and_the_log_says_so(clip, caplog):
    with caplog.at_level(logging.INFO):
        model = vitrina.load(clip)
    assert isinstance(model, Clip) and not model.training
    assert "the moving average of the weights of step 10 of 10" in caplog.text
    wanted = final_state(clip)["ema"]
    assert all(torch.equal(each, wanted[name]) for name, each in model.state_dict().items())
    assert not torch.equal(wanted["logit_scale"], final_state(clip)["model"]["logit_scale"])


def test_without_an_average_it_is_the_weights(tmp_path, catalogue, caplog):
    recipe = little_clip("ema_decay=none", "steps=2")
    train(recipe, catalogues=[catalogue], run=tmp_path / "run", machine=Machine(workers=0, device="cpu"))
    with caplog.at_level(logging.INFO):
        model = vitrina.load(tmp_path / "run")
    assert "the weights of step 2 of 2" in caplog.text
    wanted = final_state(tmp_path / "run")
    assert wanted.keys() == {"model", "optimizer"}
    assert all(torch.equal(each, wanted["model"][name]) for name, each in model.state_dict().items())


def test_a_loaded_model_answers(clip):
    model = vitrina.load(clip)
    assert isinstance(model, Clip)
    vectors = model.embed_texts(["red mug", "lámpara azul", "red mug"])
    assert vectors.shape == (3, 8) and vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(vectors[0], vectors[2], rtol=1e-5, atol=1e-6)
    assert model.embed_images([picture(3)]).shape == (1, 8)


def test_every_family_is_loaded_as_what_it_is(tmp_path, catalogue, codebook):
    train(
        little_flava("steps=1"), catalogues=[catalogue], run=tmp_path / "run", machine=Machine(workers=0, device="cpu")
    )
    model = vitrina.load(tmp_path / "run")
    assert isinstance(model, Flava)
    assert model.match_pairs([picture(0)], ["red mug"]).shape == (1,)
    tokenizer = vitrina.load(codebook)
    assert isinstance(tokenizer, Codebook)
    assert tokenizer.tokenise(torch.zeros(1, 3, 16, 16, dtype=torch.uint8)).shape == (1, 4)


def watched(run, source):
    """A copy of a run that is watched, with best weights of step 5."""
    shutil.copytree(source, run)
    recipe = replace(RunFolder(run).recipe, watch=Watch(every=5))
    (run / "recipe.json").write_text(recipe.to_json())
    about = {"recipe": recipe.to_json(), "tokenizer": (run / "tokenizer.json").read_text(), "step": "5"}
    tensors = load_file(run / "checkpoints" / "step-00000005" / "ema.safetensors")
    save_file(tensors, run / "best.safetensors", metadata=about)
    return run


def test_a_watched_run_gives_its_best_weights_and_the_log_says_so(tmp_path, clip, caplog):
    run = watched(tmp_path / "run", clip)
    with caplog.at_level(logging.INFO):
        assert weights_of(run) == run / "best.safetensors"
    assert "the best weights by text_to_picture of step 5 of 10" in caplog.text
    model = vitrina.load(run)
    wanted = load_file(clip / "checkpoints" / "step-00000005" / "ema.safetensors")
    assert all(torch.equal(each, wanted[name]) for name, each in model.state_dict().items())


def test_best_weights_are_passed_over_where_they_are_damaged_or_nobody_watches(tmp_path, clip, caplog):
    run = watched(tmp_path / "run", clip)
    (run / "best.safetensors").write_bytes(b"torn")
    assert weights_of(run).name == "ema.safetensors"
    assert "is damaged" in caplog.text and "using the newest checkpoint instead" in caplog.text
    shutil.copytree(clip, tmp_path / "unwatched")
    shutil.copy(weights_of(clip), tmp_path / "unwatched" / "best.safetensors")
    assert weights_of(tmp_path / "unwatched").name == "ema.safetensors"
    (run / "best.safetensors").unlink()
    assert weights_of(run).parent.name == "step-00000010"


def test_one_weights_file_is_all_that_has_to_be_copied(tmp_path, clip):
    weights = tmp_path / "elsewhere.safetensors"
    shutil.copy(weights_of(clip), weights)
    alone, whole = vitrina.load(weights), vitrina.load(clip)
    assert isinstance(alone, Clip) and isinstance(whole, Clip)
    assert np.array_equal(alone.embed_texts(["red mug"]), whole.embed_texts(["red mug"]))
    assert recipe_of(weights) == RunFolder(clip).recipe


def test_a_damaged_last_checkpoint_gives_way_to_the_one_before(tmp_path, clip, caplog):
    shutil.copytree(clip, tmp_path / "run")
    (tmp_path / "run" / "checkpoints" / "step-00000010" / "ema.safetensors").write_bytes(b"lost")
    model = vitrina.load(tmp_path / "run")
    assert "using the one of step 5 instead" in caplog.text
    wanted = load_file(clip / "checkpoints" / "step-00000005" / "ema.safetensors")
    assert all(torch.equal(each, wanted[name]) for name, each in model.state_dict().items())


def test_loading_leaves_the_callers_random_numbers_alone(clip):
    torch.manual_seed(0)
    wanted = torch.rand(3)
    torch.manual_seed(0)
    vitrina.load(clip)
    assert torch.equal(torch.rand(3), wanted)


def test_what_cannot_be_loaded_is_said_in_words(tmp_path, clip):
    with pytest.raises(ValueError, match="is not a run"):
        vitrina.load(tmp_path)
    with pytest.raises(ValueError, match=r"is not a run \(there is no such folder\)"):
        vitrina.load(tmp_path / "missing")
    save_file({"a": torch.zeros(1)}, tmp_path / "foreign.safetensors")
    with pytest.raises(ValueError, match="no recipe in its metadata"):
        vitrina.load(tmp_path / "foreign.safetensors")
    shutil.copytree(clip, tmp_path / "run", ignore=shutil.ignore_patterns("checkpoints"))
    with pytest.raises(ValueError, match="has no checkpoint yet"):
        vitrina.load(tmp_path / "run")
