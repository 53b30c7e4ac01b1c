"""CLIP in transformers' layout and in open_clip's: bit for bit there and back, and what is refused on either way."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from models.little_clip import END, pairs, seen, texts, theirs, write_openai_tokenizer
from safetensors.torch import load_file, save_file
from transformers import AutoTokenizer, CLIPModel, CLIPTokenizer

from vitrina.data.inputs import Inputs
from vitrina.data.pictures import PictureGeometry
from vitrina.data.text import train_tokenizer
from vitrina.models.clip import Clip, ClipConfig
from vitrina.models.exported_inputs import exchanged
from vitrina.models.published_inputs import byte_pairs
from vitrina.models.towers import ImageTowerConfig, TextTowerConfig

SAID = ["Red ceramic mug 12.5 cm", "taza", "TAZA roja, grande"]


def ours(**text: object) -> Clip:
    """A CLIP of our own words, whose texts end at [SEP], which has the id 2."""
    torch.manual_seed(0)
    tokenizer = train_tokenizer(SAID, vocabulary=300)
    shape = {"width": 32, "heads": 2, "layers": 1, "eps": 1e-5}
    words = {"vocabulary": 300, "positions": 20, "types": 0, "order": "left_to_right", "entry_norm": False}
    config = ClipConfig(
        image=ImageTowerConfig(**shape, size_px=32, patch_px=8, entry_norm=True, stem_bias=False, mask_token=False),
        text=TextTowerConfig(**shape, **(words | text)),
        projection=16,
        pooling="end",
        projection_bias=False,
    )
    return Clip(config, inputs=Inputs(tokenizer, PictureGeometry(32, "crop"), max_tokens=16)).eval()


@pytest.mark.parametrize("end", [2, END])
def test_what_is_read_is_written_bit_for_bit(end: int, tmp_path: Path):
    theirs(end=end).save_pretrained(tmp_path / "theirs")
    (tmp_path / "theirs" / "preprocessor_config.json").write_text('{"image_mean": [0.1, 0.2, 0.3], "size": 32}')
    write_openai_tokenizer(tmp_path / "theirs")
    config = json.loads((tmp_path / "theirs" / "config.json").read_text())
    config["text_config"] |= {"vocab_size": 600}
    tensors = load_file(tmp_path / "theirs" / "model.safetensors")
    tensors["text_model.embeddings.token_embedding.weight"] = torch.randn(600, 24)
    tensors["text_model.embeddings.position_ids"] = torch.arange(20)[None]
    save_file(tensors, tmp_path / "theirs" / "model.safetensors")
    (tmp_path / "theirs" / "config.json").write_text(json.dumps(config))

    model = Clip.from_transformers(tmp_path / "theirs")
    model.to_transformers(tmp_path / "ours")
    written = load_file(tmp_path / "ours" / "model.safetensors")
    assert written.keys() == tensors.keys() and all(torch.equal(written[name], tensors[name]) for name in tensors)
    assert json.loads((tmp_path / "ours" / "config.json").read_text()) == config
    for name in ("vocab.json", "merges.txt", "preprocessor_config.json"):
        assert (tmp_path / "ours" / name).read_bytes() == (tmp_path / "theirs" / name).read_bytes()
    assert model.config.mean == (0.1, 0.2, 0.3) and model.logit_scale.shape == (1,)
    assert model.embed_texts(["red mug"]).shape == (1, 16)


def test_a_model_trained_here_opens_there_and_answers_the_same_though_its_end_has_the_id_that_is_none(tmp_path: Path):
    model, batch = ours(), pairs(texts(end=END))
    assert model.read_inputs().texts(SAID).ids[0, -1] == 2
    model.to_transformers(tmp_path)
    opened, problems = CLIPModel.from_pretrained(tmp_path, output_loading_info=True)
    assert not any(problems[kind] for kind in ("missing_keys", "unexpected_keys", "mismatched_keys"))
    read = AutoTokenizer.from_pretrained(tmp_path)(SAID, padding=True, truncation=True, return_tensors="pt")
    with torch.no_grad():
        words = opened.eval().get_text_features(**read).pooler_output
        pictures = opened.get_image_features(seen(model, batch)).pooler_output
        torch.testing.assert_close(pictures, model.project_images(seen(model, batch)), atol=1e-5, rtol=1e-5)
    np.testing.assert_allclose(torch.nn.functional.normalize(words, dim=-1), model.embed_texts(SAID), atol=1e-5)
    again = Clip.from_transformers(tmp_path)
    assert again.read_inputs().geometry == model.read_inputs().geometry and again.read_inputs().max_tokens == 16
    np.testing.assert_allclose(again.embed_texts(SAID), model.embed_texts(SAID), atol=1e-6)


def test_tokens_that_change_places_read_as_before():
    tokenizer = train_tokenizer(SAID, vocabulary=300)
    other = exchanged(tokenizer, one=2, other=3)
    places = {2: 3, 3: 2}
    for text in (*SAID, "[MASK] x"):
        before, after = tokenizer.encode(text), other.encode(text)
        assert after.tokens == before.tokens and after.ids == [places.get(each, each) for each in before.ids]


def test_without_a_tokenizer_nobody_knows_where_a_text_ends(tmp_path: Path):
    model = ours()
    model.inputs = None
    with pytest.raises(ValueError, match="no tokenizer to say which"):
        model.to_transformers(tmp_path / "out")
    with pytest.raises(ValueError, match=r"model\.text\.types=0"):
        Clip(ClipConfig.sized("tiny", vocabulary=300)).to_transformers(tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_byte_pairs_are_read_as_transformers_reads_them(tmp_path: Path):
    write_openai_tokenizer(tmp_path)
    mine = byte_pairs(json.loads((tmp_path / "vocab.json").read_text()), merges=(tmp_path / "merges.txt").read_text())
    wanted = CLIPTokenizer.from_pretrained(tmp_path)
    for text in (*SAID, "It's  RED!", "lámpara 3x", "", "日本 mug"):
        assert mine.encode(text).ids == wanted(text)["input_ids"], text


def test_missing_and_unexpected_tensors_and_other_models_are_named(tmp_path: Path):
    theirs().save_pretrained(tmp_path)
    tensors = load_file(tmp_path / "model.safetensors")
    save_file({**tensors, "stranger": torch.zeros(1)}, tmp_path / "model.safetensors")
    with pytest.raises(ValueError, match="unexpected tensors: stranger"):
        Clip.from_transformers(tmp_path)
    del tensors["text_projection.weight"]
    save_file(tensors, tmp_path / "model.safetensors")
    with pytest.raises(ValueError, match=r"lacks tensors: text_projection\.weight"):
        Clip.from_transformers(tmp_path)
    (tmp_path / "config.json").write_text('{"model_type": "siglip"}')
    with pytest.raises(ValueError, match="is a siglip, where a clip is needed"):
        Clip.from_transformers(tmp_path)
