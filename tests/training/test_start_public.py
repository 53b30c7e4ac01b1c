"""A run that starts from a public checkpoint."""

import json
import shutil

import numpy as np
import pytest
import torch
from transformers import CLIPModel, ViTModel

import vitrina
from vitrina.models.clip import Clip, ClipConfig
from vitrina.models.flava import Flava, FlavaConfig
from vitrina.recipes.recipe import with_settings
from vitrina.training.prepare import look_over
from vitrina.training.run_folder import RunFolder
from vitrina.training.start import adapted

from . import little_published as little
from .little import final_state, little_clip, little_codebook, little_flava, picture, whole_flava
from .starting import begin, first, lay_out


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return little.save(little.clip(), tmp_path_factory.mktemp("clip"), has_tokenizer=True, do_center_crop=True)


@pytest.fixture(scope="module")
def vit(tmp_path_factory):
    return little.save(little.vit(), tmp_path_factory.mktemp("vit"))


@pytest.fixture(scope="module")
def flava(tmp_path_factory):
    return little.save(little.flava(), tmp_path_factory.mktemp("flava"), has_tokenizer=True)


def test_a_vit_becomes_the_picture_tower_of_a_flava(tmp_path, catalogue, vit):
    run = begin(little_flava("steps=2"), catalogue, tmp_path / "run", init=vit)
    recipe, model = RunFolder(run).recipe, vitrina.load(run / "start.safetensors")
    assert isinstance(model, Flava) and isinstance(recipe.model, FlavaConfig)
    assert recipe.geometry.mean == recipe.model.mean == (0.4, 0.5, 0.6) and recipe.geometry.fit == "stretch"
    assert recipe.model.image.width == 32 and recipe.model.text.width == 16
    pixels = torch.randn(2, 3, 32, 32)
    with torch.no_grad():
        wanted = ViTModel.from_pretrained(vit)(pixels).last_hidden_state
        torch.testing.assert_close(model.image(pixels).normed, wanted, rtol=1e-4, atol=1e-4)
    start = json.loads((run / "start.json").read_text())
    assert start["origin"] == str(vit) and start["kind"] == "a ViT"
    assert start["left_over"] == ["pooler.dense.bias", "pooler.dense.weight"]
    assert "image.mask_token" in start["fresh"] and "text.words.weight" in start["fresh"]
    assert final_state(run)["model"].keys() == model.state_dict().keys()


def test_a_clip_comes_whole_and_its_texts_learn_to_meet_pictures_that_stay(tmp_path, catalogue, clip):
    recipe = little_clip("steps=3", "frozen=image", "ema_decay=none")
    run = begin(recipe, catalogue, tmp_path / "run", init=clip)
    model = vitrina.load(run / "start.safetensors")
    assert isinstance(model, Clip)
    config = model.config
    assert isinstance(config, ClipConfig)
    assert (config.projection, config.pooling, config.spread) == (16, "end", "free")
    record = json.loads((run / "start.json").read_text())
    assert record["fresh"] == record["left_over"] == record["notes"] == []
    source = Clip.from_transformers(clip).eval()
    assert np.array_equal(model.embed_texts(["red mug", "taza"]), source.embed_texts(["red mug", "taza"]))
    assert config.image.entry_norm and config.image.activation == "quick_gelu"
    pixels = model.normalise(model.read_inputs().pictures([picture(0), picture(1)]))
    with torch.no_grad():
        theirs = CLIPModel.from_pretrained(clip).get_image_features(pixels).pooler_output
        torch.testing.assert_close(model.project_images(pixels), theirs, rtol=1e-4, atol=1e-4)
    before, after = first(run), final_state(run)["model"]
    assert all(torch.equal(each, after[name]) for name, each in before.items() if name.startswith("image."))
    assert not torch.equal(before["text.words.weight"], after["text.words.weight"])


def test_the_text_tower_that_is_not_taken_is_said(tmp_path, catalogue, clip, caplog):
    with caplog.at_level("INFO"):
        record = lay_out(little_flava(), catalogue, tmp_path / "run", init=clip)
    assert "the text tower of a CLIP is not taken" in caplog.text
    assert "fresh: image.mask_token, " in caplog.text and "multimodal (" in caplog.text, "one tensor is no whole tower"
    assert "vocabulary" not in {each.name for each in record.changed}, "the number of words is the catalogue's"
    assert any(name.startswith("text.") for name in record.left_over) and "logit_scale" in record.left_over
    with pytest.raises(ValueError, match=r"frozen is text, but .* brings nothing for the text tower"):
        look_over(little_flava("frozen=text"), catalogues=[catalogue], init=str(clip))


def test_a_clip_without_its_tokenizer_brings_its_pictures_alone(tmp_path, catalogue, clip, caplog):
    folder = tmp_path / "clip"
    shutil.copytree(clip, folder)
    (folder / "tokenizer.json").unlink()
    with caplog.at_level("INFO"):
        record = lay_out(little_clip("max_tokens=8"), catalogue, tmp_path / "run", init=folder)
    assert "no tokenizer lies beside the text tower" in caplog.text
    assert "text.words.weight" in record.fresh and "image.cls" in record.taken


def test_a_public_flava_goes_on_whole_with_its_own_words_and_codes(tmp_path, catalogue, flava):
    recipe = whole_flava(flava, "steps=2", "max_tokens=8")
    run = begin(recipe, catalogue, tmp_path / "run", init=flava)
    settled, model = RunFolder(run).recipe, vitrina.load(run / "start.safetensors")
    assert isinstance(model, Flava)
    theirs = Flava.from_transformers(flava).eval()
    assert all(torch.equal(each, theirs.state_dict()[name]) for name, each in model.state_dict().items())
    assert np.array_equal(model.embed_texts(["red mug"]), theirs.embed_texts(["red mug"]))
    # 300 tokens, and a text tower of 320 words: the weights decide.
    assert settled.vocabulary == 320 and settled.max_tokens == 40
    record = json.loads((run / "start.json").read_text())
    assert record["fresh"] == [] and record["notes"] == []
    assert any(name.startswith("image_codebook.") for name in record["left_over"])


def test_a_public_flavas_image_heads_begin_anew_with_other_codes(tmp_path, catalogue, codebook, flava):
    recipe = with_settings(adapted(whole_flava(codebook), init=str(flava)), ["geometry.size_px=16"])
    record = lay_out(recipe, catalogue, tmp_path / "run", init=flava)
    assert record.resized == ("image.positions",)
    assert set(record.fresh) == {
        f"{head}.classes.{part}" for head in ("mim_head", "mmm_image_head") for part in ("weight", "bias")
    }


def test_what_the_fused_pass_of_a_start_computes_is_what_the_source_computes(tmp_path, catalogue, flava):
    lay_out(little_flava(), catalogue, tmp_path / "run", init=flava)
    start, source = vitrina.load(tmp_path / "run" / "start.safetensors"), Flava.from_transformers(flava).eval()
    assert isinstance(start, Flava)
    pairs = [picture(0), picture(1)], ["red mug", "taza roja"]
    assert np.array_equal(start.match_pairs(*pairs), source.match_pairs(*pairs))


def test_tensors_that_are_not_what_the_configuration_says_are_refused(tmp_path, catalogue, vit):
    folder = tmp_path / "vit"
    shutil.copytree(vit, folder)
    config = json.loads((folder / "config.json").read_text()) | {"intermediate_size": 64}
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(
        ValueError, match=r"is damaged or not what its configuration says: image\.transformer\.blocks\.0"
    ):
        look_over(little_flava(), catalogues=[catalogue], init=str(folder))


def test_a_run_that_started_from_a_clip_learns_by_every_loss(tmp_path, catalogue, clip):
    codebook = tmp_path / "codebook"
    begin(little_codebook("steps=1", "geometry.size_px=32"), catalogue, codebook)
    run = begin(whole_flava(codebook, "steps=12", "checkpoint_every=12"), catalogue, tmp_path / "run", init=clip)
    rows = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    seen = {name for row in rows for name in row if name in ("mlm", "mim", "itc", "itm", "mmm_text", "mmm_image")}
    assert len(seen) == 6


def test_word_pieces_are_masked_and_learnt_like_any_words(tmp_path, catalogue, flava):
    folder = tmp_path / "flava"
    shutil.copytree(flava, folder)
    (folder / "tokenizer.json").unlink()
    letters = [chr(each) for each in range(ord("a"), ord("z") + 1)]
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters, *(f"##{each}" for each in letters)]
    (folder / "vocab.txt").write_text("\n".join(pieces))
    run = begin(
        little_flava("steps=4", "mixture.text=0.5", "mixture.pair=0.5"), catalogue, tmp_path / "run", init=folder
    )
    rows = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert any("mlm" in row for row in rows) and any("mmm_text" in row for row in rows)
    model = vitrina.load(run)
    assert isinstance(model, Flava) and model.read_inputs().tokenizer.get_vocab_size() == 57
    assert model.embed_texts(["red mug"]).shape == (1, 16)
