"""Our own models in transformers' layout, and what is refused on either way."""

import json
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import torch
from models.flava_batches import pair_batch
from PIL import Image
from safetensors.torch import load_file, save_file
from transformers import AutoImageProcessor, AutoTokenizer, FlavaForPreTraining

from vitrina.data.inputs import Inputs
from vitrina.data.pictures import PictureGeometry
from vitrina.data.text import train_tokenizer
from vitrina.models.dalle import DalleEncoder
from vitrina.models.flava import Flava, FlavaConfig
from vitrina.models.layers import TransformerConfig
from vitrina.models.towers import ImageTowerConfig, TextTowerConfig

CONFIG = FlavaConfig(
    image=ImageTowerConfig(width=32, heads=2, layers=1, mlp_ratio=2.5, size_px=32, patch_px=8),
    text=TextTowerConfig(width=32, heads=2, layers=1, vocabulary=400, positions=20),
    multimodal=TransformerConfig(width=32, heads=2, layers=1),
    codes=40,
    projection=16,
)


@pytest.fixture
def ours() -> Flava:
    torch.manual_seed(0)
    tokenizer = train_tokenizer(["Red ceramic mug", "Taza roja"], vocabulary=300)
    return Flava(CONFIG, inputs=Inputs(tokenizer, PictureGeometry(size_px=32), max_tokens=16)).eval()


def test_a_model_trained_here_opens_there_and_answers_the_same(ours: Flava, tmp_path: Path):
    ours.to_transformers(tmp_path)
    theirs, problems = FlavaForPreTraining.from_pretrained(tmp_path, output_loading_info=True)
    assert not any(problems[kind] for kind in ("missing_keys", "unexpected_keys", "mismatched_keys"))
    assert theirs.image_codebook is None
    batch = pair_batch(2, target=[])
    with torch.no_grad():
        pixels = ours.normalise(batch.picture.pixels)
        features = theirs.flava.get_image_features(pixels).pooler_output[:, 0]
        torch.testing.assert_close(features, ours.project_images(pixels))
    assert AutoTokenizer.from_pretrained(tmp_path)("Red mug")["input_ids"] == (
        ours.read_inputs().texts(["Red mug"]).ids[0].tolist()
    )
    processor = AutoImageProcessor.from_pretrained(tmp_path)
    assert processor.crop_size["height"] == 32 and list(processor.image_mean) == list(CONFIG.mean)

    again = Flava.from_transformers(tmp_path)
    assert again.config == ours.config
    assert again.read_inputs().geometry == ours.read_inputs().geometry
    assert again.read_inputs().max_tokens == 16
    assert all(torch.equal(each, ours.state_dict()[name]) for name, each in again.state_dict().items())
    assert again.read_inputs().texts(["Red mug"]).ids.tolist() == ours.read_inputs().texts(["Red mug"]).ids.tolist()


def test_a_standardised_projection_is_exported_as_the_map_that_it_is(tmp_path: Path):
    torch.manual_seed(0)
    ours = Flava(replace(CONFIG, spread="standardised"))
    ours(pair_batch(8, target=[]))  # moves the running moments
    ours.eval().to_transformers(tmp_path)
    again, batch = Flava.from_transformers(tmp_path).eval(), pair_batch(3, target=[])
    with torch.no_grad():
        torch.testing.assert_close(again.project_texts(batch.text), ours.project_texts(batch.text))


@pytest.mark.parametrize(
    ("config", "words"),
    [
        (replace(CONFIG, image=replace(CONFIG.image, stem="convolution")), "stem"),
        (replace(CONFIG, pooling="mean"), "pooling"),
        (replace(CONFIG, text=replace(CONFIG.text, width=16)), "one width"),
    ],
)
def test_what_transformers_cannot_hold_is_refused_before_anything_is_written(
    config: FlavaConfig, words: str, tmp_path: Path
):
    with pytest.raises(ValueError, match=words):
        Flava(config).to_transformers(tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_public_checkpoint_sees_a_picture_as_its_own_processor_does(ours: Flava, tmp_path: Path):
    ours.to_transformers(tmp_path)
    (tmp_path / "vitrina.json").unlink()
    again = Flava.from_transformers(tmp_path)
    noise = np.random.default_rng(0).integers(0, 255, size=(5, 9, 3), dtype=np.uint8)
    image = Image.fromarray(noise).resize((90, 50), Image.Resampling.BICUBIC)
    encoded = BytesIO()
    image.save(encoded, format="PNG")
    theirs = AutoImageProcessor.from_pretrained(tmp_path)(image, return_tensors="pt")["pixel_values"]
    seen = again.normalise(again.read_inputs().pictures([encoded.getvalue()]))
    assert (seen - theirs).abs().mean() < 0.05 < (seen - theirs.flip(-1)).abs().mean()


@pytest.mark.parametrize("option", [{"hidden_act": "relu"}, {"qkv_bias": False}, {"mask_token": False}])
def test_an_architecture_that_is_not_ours_is_refused(ours: Flava, option: dict, tmp_path: Path):
    ours.to_transformers(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    config["image_config"] |= option
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(ValueError, match=f"image.{next(iter(option))} is"):
        Flava.from_transformers(tmp_path)


def test_missing_and_unexpected_tensors_are_named(ours: Flava, tmp_path: Path):
    ours.to_transformers(tmp_path)
    tensors = load_file(tmp_path / "model.safetensors")
    save_file({**tensors, "stranger": torch.zeros(1)}, tmp_path / "model.safetensors")
    with pytest.raises(ValueError, match="unexpected tensors: stranger"):
        Flava.from_transformers(tmp_path)
    del tensors["flava.image_projection.bias"]
    save_file(tensors, tmp_path / "model.safetensors")
    with pytest.raises(ValueError, match=r"lacks tensors: flava\.image_projection\.bias"):
        Flava.from_transformers(tmp_path)
    save_file({**tensors, "flava.image_projection.bias": torch.zeros(9)}, tmp_path / "model.safetensors")
    with pytest.raises(ValueError, match=r"image_projection\.linear\.bias is \(9,\)"):
        Flava.from_transformers(tmp_path)


def test_two_different_biases_of_one_head_are_refused(ours: Flava, tmp_path: Path):
    ours.to_transformers(tmp_path)
    tensors = load_file(tmp_path / "model.safetensors")
    save_file({**tensors, "mlm_head.bias": tensors["mlm_head.decoder.bias"].clone()}, tmp_path / "model.safetensors")
    Flava.from_transformers(tmp_path)
    save_file({**tensors, "mlm_head.bias": torch.ones(400)}, tmp_path / "model.safetensors")
    with pytest.raises(ValueError, match="two different biases for mlm_head"):
        Flava.from_transformers(tmp_path)


def test_a_name_that_nobody_knows_is_refused_with_words(tmp_path: Path):
    with pytest.raises(ValueError, match="neither a folder nor a checkpoint"):
        Flava.from_transformers("nobody/has-this-model")
    with pytest.raises(ValueError, match=r"config\.json is missing"):
        Flava.from_transformers(tmp_path)
    (tmp_path / "config.json").write_text('{"model_type": "flava"}')
    with pytest.raises(ValueError, match=r"no model\.safetensors"):
        Flava.from_transformers(tmp_path)


def test_the_codebook_inside_a_checkpoint_serves_as_tokenizer(tmp_path: Path):
    from transformers import FlavaConfig as TheirConfig

    shape = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 64}
    theirs = FlavaForPreTraining(
        TheirConfig(
            image_config={**shape, "image_size": 32, "patch_size": 8, "vocab_size": 40},
            text_config={**shape, "vocab_size": 50},
            multimodal_config=shape,
            image_codebook_config={"hidden_size": 8, "vocab_size": 40},
            hidden_size=32,
            projection_dim=16,
        )
    )
    theirs.save_pretrained(tmp_path)
    codebook = DalleEncoder.from_transformers(tmp_path, grid=4)
    for name, tensor in theirs.image_codebook.state_dict().items():
        assert torch.equal(codebook.state_dict()[name], tensor)
