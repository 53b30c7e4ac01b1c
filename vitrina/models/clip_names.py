"""CLIP's name table and configuration in the layout of transformers' `CLIPModel`."""

from collections.abc import Iterator, Mapping
from typing import Any

from vitrina.data.pictures import PictureGeometry
from vitrina.models.checkpoint import Name, both
from vitrina.models.clip import EPS, WORDS, ClipConfig
from vitrina.models.exported_inputs import OLD_END
from vitrina.models.layers import TransformerConfig
from vitrina.models.towers import ImageTowerConfig, TextTowerConfig
from vitrina.models.vit_names import activation, side_px

PICTURES = "vision_model."
PICTURE_PROJECTION = Name("image_projection.linear.weight", ("visual_projection.weight",))
CARRIED_TENSORS = ("text_model.embeddings.position_ids", "vision_model.embeddings.position_ids")
"""Numbers from zero upwards, which older versions of transformers stored."""


def names(config: ClipConfig) -> Iterator[Name]:
    """One line per tensor of our state dict."""
    yield from picture_names(config.image, prefix=PICTURES)
    yield PICTURE_PROJECTION
    yield Name("text.words.weight", ("text_model.embeddings.token_embedding.weight",))
    yield Name("text.positions.weight", ("text_model.embeddings.position_embedding.weight",))
    yield from _blocks("text", "text_model.encoder.layers", layers=config.text.layers)
    yield from both("text.norm", "text_model.final_layer_norm")
    yield Name("text_projection.linear.weight", ("text_projection.weight",))
    yield Name("logit_scale", ("logit_scale",), is_scalar=True)


def picture_names(config: ImageTowerConfig, *, prefix: str) -> Iterator[Name]:
    """One line per tensor of the picture tower, whose names begin with `prefix` in theirs."""
    yield Name("image.cls", (f"{prefix}embeddings.class_embedding",), axes=2)
    yield Name("image.positions", (f"{prefix}embeddings.position_embedding.weight",), axes=1)
    yield Name("image.stem.projection.weight", (f"{prefix}embeddings.patch_embedding.weight",))
    yield from both("image.entry_norm", f"{prefix}pre_layrnorm")  # their spelling
    yield from _blocks("image", f"{prefix}encoder.layers", layers=config.layers)
    yield from both("image.norm", f"{prefix}post_layernorm")


def _blocks(ours: str, theirs: str, *, layers: int) -> Iterator[Name]:
    for number in range(layers):
        block, layer = f"{ours}.transformer.blocks.{number}", f"{theirs}.{number}"
        attention = f"{layer}.self_attn"
        yield from both(f"{block}.norm1", f"{layer}.layer_norm1")
        yield from both(f"{block}.attention.qkv", *(f"{attention}.{each}_proj" for each in "qkv"))
        yield from both(f"{block}.attention.out", f"{attention}.out_proj")
        yield from both(f"{block}.norm2", f"{layer}.layer_norm2")
        yield from both(f"{block}.mlp.0", f"{layer}.mlp.fc1")
        yield from both(f"{block}.mlp.2", f"{layer}.mlp.fc2")


def config_from_transformers(config: Mapping[str, Any], *, geometry: PictureGeometry, origin: str) -> ClipConfig:
    """transformers' config.json, and how its processor sees pictures -> ours; ValueError where it would differ."""
    if config.get("model_type") != "clip":
        raise ValueError(f"{origin} is a {config.get('model_type')}, where a clip is needed")
    text = part(config, "text")
    end = text.get("eos_token_id", WORDS - 1)
    if not isinstance(end, int):
        raise ValueError(f"{origin} has eos_token_id {end}, where a text ends at one token")
    return ClipConfig(
        image=picture_config(config, origin=origin),
        text=TextTowerConfig(
            **_shape(text, width=512, heads=8, inner=2048, origin=origin),
            vocabulary=text.get("vocab_size", WORDS),
            positions=text.get("max_position_embeddings", 77),
            types=0,
            order="left_to_right",
            entry_norm=False,
            end="highest" if end == OLD_END else end,
        ),
        projection=int(config.get("projection_dim", 512)),
        pooling="end",
        projection_bias=False,
        mean=geometry.mean,
        std=geometry.std,
    )


def picture_config(config: Mapping[str, Any], *, origin: str) -> ImageTowerConfig:
    """transformers' config.json, of the whole or of the picture tower alone -> our tower; ValueError as for a ViT."""
    vision = part(config, "vision")
    if vision.get("num_channels", 3) != 3:
        raise ValueError(f"{origin} reads pictures of {vision['num_channels']} channels, where pictures here have 3")
    return ImageTowerConfig(
        **_shape(vision, width=768, heads=12, inner=3072, origin=origin),
        size_px=side_px(vision.get("image_size", 224), what="image_size", origin=origin),
        patch_px=side_px(vision.get("patch_size", 32), what="patch_size", origin=origin),
        entry_norm=True,
        stem_bias=False,
        mask_token=False,
    )


def part(config: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """A tower's part of the configuration; older files hold overrides beside it."""
    if config.get("model_type") == f"clip_{name}_model":
        return config
    return {**(config.get(f"{name}_config") or {}), **(config.get(f"{name}_config_dict") or {})}


def _shape(part: Mapping[str, Any], *, width: int, heads: int, inner: int, origin: str) -> dict[str, Any]:
    width = part.get("hidden_size", width)
    return {
        "width": width,
        "heads": part.get("num_attention_heads", heads),
        "layers": part.get("num_hidden_layers", 12),
        "mlp_ratio": part.get("intermediate_size", inner) / width,
        "eps": part.get("layer_norm_eps", EPS),
        "activation": activation(part.get("hidden_act", "quick_gelu"), origin=origin),
    }


def config_to_transformers(config: ClipConfig, *, first: int | None, end: int, filler: int | None) -> dict[str, Any]:
    """A config.json for `CLIPModel`; `first`, `end` and `filler` are the ids that begin, end and fill up a text."""

    def shape(part: TransformerConfig) -> dict[str, Any]:
        return {
            "hidden_size": part.width,
            "num_hidden_layers": part.layers,
            "num_attention_heads": part.heads,
            "intermediate_size": round(part.width * part.mlp_ratio),
            "layer_norm_eps": part.eps,
            "hidden_act": part.activation,
            "projection_dim": config.projection,
        }

    return {
        "architectures": ["CLIPModel"],
        "model_type": "clip",
        "vision_config": {
            **shape(config.image),
            "model_type": "clip_vision_model",
            "image_size": config.image.size_px,
            "patch_size": config.image.patch_px,
        },
        "text_config": {
            **shape(config.text),
            "model_type": "clip_text_model",
            "vocab_size": config.text.vocabulary,
            "max_position_embeddings": config.text.positions,
            "bos_token_id": first,
            "eos_token_id": end,
            "pad_token_id": filler,
        },
        "projection_dim": config.projection,
    }


def misfits(config: ClipConfig) -> list[str]:
    """The settings that `CLIPModel` has no place for, as one would set them otherwise; none where it has one."""
    image, text = config.image, config.text
    wanted = (
        ("model.image.stem=patch", image.stem == "patch"),
        ("model.image.entry_norm=true", image.entry_norm),
        ("model.image.stem_bias=false", not image.stem_bias),
        ("model.image.mask_token=false", not image.mask_token),
        ("model.text.order=left_to_right", text.order == "left_to_right"),
        ("model.text.types=0", text.types == 0),
        ("model.text.entry_norm=false", not text.entry_norm),
        ("model.pooling=end", config.pooling == "end"),
        ("model.spread=free", config.spread == "free"),
        ("model.projection_bias=false", not config.projection_bias),
    )
    return [setting for setting, fits in wanted if not fits]


def refuse_what_does_not_fit(config: ClipConfig) -> None:
    """ValueError that names what `CLIPModel` has no place for."""
    if found := misfits(config):
        raise ValueError(
            f"transformers' CLIP has no place for this shape; it would need {' '.join(found)}: train a published one "
            "(`vitrina train clip --size base`) to export the model, or export it as ONNX, which holds every shape"
        )
