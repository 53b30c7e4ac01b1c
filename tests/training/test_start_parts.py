"""What public checkpoints bring: the same function as theirs, or a word on why not."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from models.flava_batches import text_batch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import BertConfig, BertForMaskedLM, BertTokenizer, PreTrainedModel

from vitrina.data.pictures import PictureGeometry
from vitrina.models.flava import Flava, FlavaConfig
from vitrina.models.layers import TransformerConfig
from vitrina.models.published_inputs import check_tokenizer, word_pieces
from vitrina.models.towers import ImageTower, ImageTowerConfig, TextTowerConfig
from vitrina.training.start.parts import Parts, describe_public, for_flava, read_public, resized_positions

from . import little_published as little

CLOSE = 1e-5  # max |a - b| / max |b|, float32


def tower_of(parts: Parts) -> ImageTower:
    """Our picture tower with every weight of the source's, nothing else in it but the token for hidden patches."""
    assert parts.image is not None
    tower = ImageTower(parts.image)
    ours = {name.removeprefix("image."): each for name, each in parts.tensors.items() if name.startswith("image.")}
    problems = tower.load_state_dict(ours, strict=False)
    assert not problems.unexpected_keys and set(problems.missing_keys) <= {"mask_token"}
    return tower.eval()


def difference(ours: torch.Tensor, theirs: torch.Tensor) -> float:
    assert ours.shape == theirs.shape
    return ((ours - theirs).abs().max() / theirs.abs().max()).item()


@pytest.fixture
def pixels() -> torch.Tensor:
    return torch.randn(3, 3, 32, 32, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("qkv_bias", [True, False])
def test_a_vit_is_our_picture_tower_exactly(tmp_path: Path, pixels: torch.Tensor, qkv_bias: bool):
    theirs = little.vit(qkv_bias=qkv_bias)
    parts = read_public(little.save(theirs, tmp_path))
    with torch.no_grad():
        assert difference(tower_of(parts)(pixels).normed, theirs(pixels).last_hidden_state) < CLOSE
    assert parts.left_over == ("pooler.dense.bias", "pooler.dense.weight")
    assert parts.geometry == PictureGeometry(32, "stretch", mean=(0.4, 0.5, 0.6), std=(0.2, 0.25, 0.3))
    assert parts.revision is None and parts.origin == str(tmp_path)


def test_a_classifier_brings_its_tower_and_its_own_epsilon(tmp_path: Path, pixels: torch.Tensor):
    theirs = little.vit_classifier()
    parts = read_public(little.save(theirs, tmp_path))
    assert parts.image is not None and parts.image.eps == 1e-6
    with torch.no_grad():
        assert difference(tower_of(parts)(pixels).normed, theirs.vit(pixels).last_hidden_state) < CLOSE
    assert parts.left_over == ("classifier.bias", "classifier.weight")


def test_a_masked_vit_brings_the_token_that_hides_patches(tmp_path: Path, pixels: torch.Tensor):
    theirs = little.vit_masked()
    tower = tower_of(read_public(little.save(theirs, tmp_path)))
    is_masked = torch.zeros(3, 16, dtype=torch.bool)
    is_masked[:, ::3] = True
    with torch.no_grad():
        states = theirs.vit(pixels, bool_masked_pos=is_masked).last_hidden_state
        assert difference(tower(pixels, is_masked=is_masked).normed, states) < CLOSE


@pytest.mark.parametrize("hidden_act", ["quick_gelu", "gelu"])
def test_a_clips_picture_tower_and_projection_are_ours_exactly(tmp_path: Path, pixels: torch.Tensor, hidden_act: str):
    theirs = little.clip(hidden_act=hidden_act)
    parts = read_public(little.save(theirs, tmp_path, crop_size={"height": 32, "width": 32}, do_center_crop=True))
    states = tower_of(parts)(pixels)
    features = states.normed[:, 0] @ parts.tensors["image_projection.linear.weight"].T
    with torch.no_grad():
        wanted = theirs.vision_model(pixels)
        assert difference(states.hidden, wanted.last_hidden_state) < CLOSE
        assert difference(features, theirs.get_image_features(pixels).pooler_output) < CLOSE
    assert parts.projection == 16 and parts.geometry.fit == "crop" and not parts.projection_bias
    assert parts.text is None and "no tokenizer lies beside the text tower" in parts.notes[0]
    assert "text.words.weight" in parts.left_over and "logit_scale" in parts.tensors


def test_a_flava_takes_a_clips_picture_tower_as_one_whose_biases_are_zero(tmp_path: Path, pixels: torch.Tensor):
    theirs = little.clip()
    whole = read_public(little.save(theirs, tmp_path, has_tokenizer=True))
    assert whole.text is not None and whole.text.order == "left_to_right" and whole.notes == ()
    parts = for_flava(whole)
    assert parts.text is None and "is not taken: it reads from left to right" in parts.notes[0]
    assert not parts.tensors["image_projection.linear.bias"].any()
    with torch.no_grad():
        wanted = theirs.vision_model(pixels).last_hidden_state
        assert difference(tower_of(parts)(pixels).hidden, wanted) < CLOSE
    assert "logit_scale" in parts.left_over and "text.words.weight" in parts.left_over
    described = for_flava(describe_public(tmp_path))
    assert (described.image, described.text) == (parts.image, None)


def test_the_picture_tower_of_a_clip_alone_brings_no_projection(tmp_path: Path, pixels: torch.Tensor):
    theirs = little.clip_vision()
    parts = read_public(little.save(theirs, tmp_path))
    with torch.no_grad():
        assert difference(tower_of(parts)(pixels).hidden, theirs(pixels).last_hidden_state) < CLOSE
    assert parts.projection is None and parts.notes == ()


def test_a_flava_brings_everything(tmp_path: Path):
    theirs = little.flava()
    parts = read_public(little.save(theirs, tmp_path, has_tokenizer=True))
    ours = Flava.from_transformers(tmp_path)
    assert parts.tensors.keys() == ours.state_dict().keys()
    assert all(torch.equal(each, ours.state_dict()[name]) for name, each in parts.tensors.items())
    assert (parts.image, parts.text, parts.multimodal) == (ours.config.image, ours.config.text, ours.config.multimodal)
    assert (parts.codes, parts.projection, parts.max_tokens) == (40, 16, 40)
    assert parts.tokenizer is not None and parts.tokenizer.to_str() == ours.read_inputs().tokenizer.to_str()
    assert parts.codebook_digest is not None


def test_a_flava_without_heads_brings_the_rest(tmp_path: Path):
    theirs = little.flava_without_heads()
    parts = read_public(little.save(theirs, tmp_path, has_tokenizer=True))
    assert not any("_head." in name for name in parts.tensors)
    config = FlavaConfig(
        image=parts.image or ImageTowerConfig(8, 1, 1),
        text=parts.text or TextTowerConfig(8, 1, 1),
        multimodal=parts.multimodal or TransformerConfig(8, 1, 1),
        codes=40,
        projection=16,
    )
    ours, batch = Flava(config).eval(), text_batch(3)
    ours.load_state_dict(dict(parts.tensors), strict=False)
    with torch.no_grad():
        wanted = theirs.get_text_features(batch.text.ids, batch.text.is_token.long()).pooler_output[:, 0]
        assert difference(ours.project_texts(batch.text), wanted) < CLOSE


@pytest.mark.parametrize("make", [little.vit, little.clip, little.clip_vision])
def test_what_is_described_is_what_is_read_without_weights(tmp_path: Path, make):
    folder = little.save(make(), tmp_path)
    described, read = describe_public(folder), read_public(folder)
    assert described.tensors == {}
    assert described.image == read.image and described.geometry == read.geometry


def test_positions_are_resized_as_a_picture_is(tmp_path: Path):
    square = torch.linspace(0, 1, 8)[None, :].expand(8, 8) + torch.linspace(0, 2, 8)[:, None]
    positions = torch.cat([torch.full((1, 1, 2), 9.0), square.reshape(1, 64, 1).expand(1, 64, 2)], dim=1)
    assert torch.equal(resized_positions(positions, grid=8), positions)
    smaller = resized_positions(positions, grid=4)
    assert smaller.shape == (1, 17, 2) and smaller[0, 0].tolist() == [9.0, 9.0]
    assert smaller[0, 1:, 0].mean().item() == pytest.approx(positions[0, 1:, 0].mean().item(), rel=1e-3)
    grid = smaller[0, 1:, 0].view(4, 4)
    assert (grid.diff(dim=1) > 0).all() and (grid.diff(dim=0) > grid.diff(dim=1).max()).all()
    larger = resized_positions(positions, grid=16)
    assert larger.shape == (1, 257, 2)
    torch.testing.assert_close(resized_positions(larger, grid=8)[0, 1:], positions[0, 1:], atol=0.05, rtol=0.0)
    without_class = positions[:, 1:]
    assert torch.equal(resized_positions(without_class, grid=4), smaller[:, 1:])


def test_half_precision_weights_become_whole(tmp_path: Path):
    folder = little.save(little.vit(), tmp_path)
    halves = {name: each.half() for name, each in load_file(folder / "model.safetensors").items()}
    save_file(halves, folder / "model.safetensors")
    assert {each.dtype for each in read_public(folder).tensors.values()} == {torch.float32}


def test_shards_are_put_together_and_a_missing_one_is_named(tmp_path: Path):
    model = little.vit()
    whole = read_public(little.save(model, tmp_path / "whole"))
    model.save_pretrained(tmp_path / "parts", max_shard_size="20KB")
    shards = sorted((tmp_path / "parts").glob("model-*-of-*.safetensors"))
    assert len(shards) > 1
    found = read_public(tmp_path / "parts")
    assert all(torch.equal(each, found.tensors[name]) for name, each in whole.tensors.items())
    shards[0].unlink()
    with pytest.raises(ValueError, match=rf"{shards[0].name} is missing"):
        read_public(tmp_path / "parts")


def test_missing_tensors_are_named(tmp_path: Path):
    for make in (little.vit, little.clip):
        folder = little.save(make(), tmp_path / make.__name__)
        tensors = load_file(folder / "model.safetensors")
        gone = next(name for name in sorted(tensors) if "layer" in name and ("vision" in name or make is little.vit))
        del tensors[gone]
        save_file(tensors, folder / "model.safetensors")
        with pytest.raises(ValueError, match=f"lacks tensors: {gone}"):
            read_public(folder)


def test_torchs_older_format_is_refused_with_words(tmp_path: Path):
    folder = little.save(little.vit(), tmp_path)
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(ValueError, match="older format can run foreign code and are not read"):
        read_public(folder)


def bert() -> PreTrainedModel:
    return BertForMaskedLM(BertConfig(**little.SHAPE, vocab_size=300))


def test_a_bert_is_refused_because_it_normalises_elsewhere(tmp_path: Path):
    with pytest.raises(ValueError, match="is a bert: it normalises after each block"):
        describe_public(little.save(bert(), tmp_path))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"model_type": "siglip"}, "is a siglip: only FLAVA, CLIP"),
        ({"hidden_act": "relu"}, "has the activation 'relu'"),
        ({"num_channels": 4}, "pictures of 4 channels"),
        ({"image_size": [32, 64]}, r"has image_size \[32, 64\], where pictures and patches here are squares"),
    ],
)
def test_a_tower_that_ours_cannot_be_is_refused(tmp_path: Path, change: dict, words: str):
    folder = little.save(little.vit(), tmp_path)
    config = json.loads((folder / "config.json").read_text()) | change
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(ValueError, match=words):
        describe_public(folder)


def test_without_a_processors_file_its_classs_own_values_hold(tmp_path: Path):
    folder = little.save(little.vit(), tmp_path / "vit")
    (folder / "preprocessor_config.json").unlink()
    assert describe_public(folder).geometry.mean == (0.5, 0.5, 0.5)
    folder = little.save(little.clip(), tmp_path / "clip")
    (folder / "preprocessor_config.json").unlink()
    (folder / "processor_config.json").write_text(json.dumps({"image_processor": {"image_mean": little.MEAN}}))
    geometry = describe_public(folder).geometry
    assert geometry.mean == (0.4, 0.5, 0.6) and geometry.std[0] == pytest.approx(0.26862954) and geometry.fit == "crop"


def test_a_text_tower_without_a_tokenizer_is_refused_and_damaged_files_are_named(tmp_path: Path):
    folder = little.save(little.flava(), tmp_path)
    with pytest.raises(ValueError, match=r"has no tokenizer\.json"):
        describe_public(folder)
    (folder / "tokenizer.json").write_text("{")
    with pytest.raises(ValueError, match=r"tokenizer\.json cannot be read"):
        describe_public(folder)
    (folder / "preprocessor_config.json").write_text("{")
    with pytest.raises(ValueError, match=r"preprocessor_config\.json is not valid JSON"):
        describe_public(folder)


def test_a_tokenizer_must_frame_its_texts_and_fit_the_embeddings():
    bare = Tokenizer(models.WordLevel({"x": 0, "[UNK]": 1}, unk_token="[UNK]"))
    bare.pre_tokenizer = pre_tokenizers.Whitespace()
    with pytest.raises(ValueError, match=r"here: its tokenizer puts no special tokens"):
        check_tokenizer(bare, rows=2, origin="here")
    with pytest.raises(ValueError, match="has the id 1 where the text tower has 1 words"):
        check_tokenizer(bare, rows=1, origin="here")


VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "red", "mug", "ta", "##za", "roja", "azul", ",", "xl", "-"]


@pytest.mark.parametrize("lowercase", [True, False])
def test_word_pieces_are_read_as_transformers_reads_them(tmp_path: Path, lowercase: bool):
    (tmp_path / "vocab.txt").write_text("\n".join(VOCABULARY) + "\n")
    theirs = BertTokenizer(str(tmp_path / "vocab.txt"), do_lower_case=lowercase)
    ours = word_pieces((tmp_path / "vocab.txt").read_text(), lowercase=lowercase)
    for text in ("Red mug, taza roja", "TAZA  azúl XL-40", ""):
        assert ours.encode(text).ids == theirs(text)["input_ids"]
        assert ours.encode(text, "red").type_ids == theirs(text, "red", return_token_type_ids=True)["token_type_ids"]


def test_a_flava_with_word_pieces_alone_brings_them(tmp_path: Path):
    folder = little.save(little.flava(), tmp_path)
    (folder / "vocab.txt").write_text("\n".join(VOCABULARY))
    (folder / "tokenizer_config.json").write_text('{"do_lower_case": false}')
    tokenizer = describe_public(folder).tokenizer
    assert tokenizer is not None
    assert tokenizer.encode("taza Red").tokens == ["[CLS]", "ta", "##za", "[UNK]", "[SEP]"]


def test_a_flava_with_clips_picture_tower_is_not_exported_as_another_model(tmp_path: Path):
    parts = for_flava(describe_public(little.save(little.clip(), tmp_path / "clip")))
    assert parts.image is not None
    text = TextTowerConfig(width=32, heads=2, layers=1, vocabulary=50, positions=20)
    whole = TransformerConfig(width=32, heads=2, layers=1)
    config = FlavaConfig(image=parts.image, text=text, multimodal=whole, codes=4, projection=8)
    with pytest.raises(ValueError, match="no LayerNorm before its first block"):
        Flava(config).to_transformers(tmp_path / "out")
    quick = replace(parts.image, entry_norm=False)
    Flava(replace(config, image=quick)).to_transformers(tmp_path / "out")
    assert Flava.from_transformers(tmp_path / "out").config.image.activation == "quick_gelu"
