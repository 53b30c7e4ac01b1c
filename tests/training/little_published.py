"""Public checkpoints in little: transformers' own models with random weights, saved as it saves them."""

import json
from pathlib import Path

import torch
from transformers import (
    CLIPConfig,
    CLIPModel,
    CLIPVisionModel,
    FlavaConfig,
    FlavaForPreTraining,
    FlavaModel,
    PreTrainedModel,
    ViTConfig,
    ViTForImageClassification,
    ViTForMaskedImageModeling,
    ViTModel,
)

from vitrina.data.text import train_tokenizer

SHAPE = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 48}
PICTURE = {"image_size": 32, "patch_size": 8}
MEAN, STD = [0.4, 0.5, 0.6], [0.2, 0.25, 0.3]
WORDS = ["Red ceramic mug", "Taza roja", "lámpara azul"]


def shaken(model: PreTrainedModel) -> PreTrainedModel:
    """Nothing left at zero or one, where a wrong sign or place would not show."""
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.05 * torch.randn(parameter.shape, generator=generator))
    return model.eval()


def vit(*, qkv_bias: bool = True) -> ViTModel:
    return shaken(ViTModel(ViTConfig(**SHAPE, **PICTURE, qkv_bias=qkv_bias)))


def vit_classifier() -> ViTForImageClassification:
    return shaken(ViTForImageClassification(ViTConfig(**SHAPE, **PICTURE, layer_norm_eps=1e-6)))


def vit_masked() -> ViTForMaskedImageModeling:
    return shaken(ViTForMaskedImageModeling(ViTConfig(**SHAPE, **PICTURE, encoder_stride=8)))


def clip(*, hidden_act: str = "quick_gelu") -> CLIPModel:
    text = SHAPE | {"vocab_size": 300, "bos_token_id": 1, "eos_token_id": 2}
    config = CLIPConfig(vision_config=SHAPE | PICTURE | {"hidden_act": hidden_act}, text_config=text, projection_dim=16)
    return shaken(CLIPModel(config))


def clip_vision() -> CLIPVisionModel:
    return shaken(CLIPVisionModel(clip().config.vision_config))


def flava_config() -> FlavaConfig:
    return FlavaConfig(
        image_config=SHAPE | PICTURE | {"vocab_size": 40},
        text_config=SHAPE | {"vocab_size": 320, "max_position_embeddings": 40},
        multimodal_config=SHAPE,
        image_codebook_config={"hidden_size": 8, "vocab_size": 40},
        hidden_size=32,
        projection_dim=16,
    )


def flava() -> FlavaForPreTraining:
    return shaken(FlavaForPreTraining(flava_config()))


def flava_without_heads() -> FlavaModel:
    return shaken(FlavaModel(flava_config()))


def save(model: PreTrainedModel, folder: Path, *, has_tokenizer: bool = False, **processor: object) -> Path:
    """The folder as transformers writes it, with its processor's and, where asked, a tokenizer's file."""
    model.save_pretrained(folder)
    settings = {"image_mean": MEAN, "image_std": STD, **processor}
    (folder / "preprocessor_config.json").write_text(json.dumps(settings))
    if has_tokenizer:
        (folder / "tokenizer.json").write_text(train_tokenizer(WORDS, vocabulary=300).to_str())
    return folder
