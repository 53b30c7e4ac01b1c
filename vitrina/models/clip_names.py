"""The name table and configuration of a CLIP's picture tower in the layout of transformers' `CLIPModel`.

It is our picture tower with a LayerNorm before the first block, a stem without bias and, in OpenAI's weights, the
quick GELU. Its text tower reads from left to right and answers at its last token, which ours does not: see
`vitrina.training.start.parts`.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from vitrina.models.checkpoint import Name, both
from vitrina.models.towers import ImageTowerConfig
from vitrina.models.vit_names import activation, side_px

PROJECTION = "image_projection.linear.weight"


def clip_names(config: ImageTowerConfig) -> Iterator[Name]:
    """One line per tensor of the picture tower and its projection, without their `vision_model.`."""
    yield Name("image.cls", ("embeddings.class_embedding",))
    yield Name("image.positions", ("embeddings.position_embedding.weight",))
    yield Name("image.stem.projection.weight", ("embeddings.patch_embedding.weight",))
    yield from both("image.entry_norm", "pre_layrnorm")
    for number in range(config.layers):
        block, layer = f"image.transformer.blocks.{number}", f"encoder.layers.{number}"
        attention = f"{layer}.self_attn"
        yield from both(f"{block}.norm1", f"{layer}.layer_norm1")
        yield from both(f"{block}.attention.qkv", *(f"{attention}.{each}_proj" for each in "qkv"))
        yield from both(f"{block}.attention.out", f"{attention}.out_proj")
        yield from both(f"{block}.norm2", f"{layer}.layer_norm2")
        yield from both(f"{block}.mlp.0", f"{layer}.mlp.fc1")
        yield from both(f"{block}.mlp.2", f"{layer}.mlp.fc2")
    yield from both("image.norm", "post_layernorm")
    yield Name(PROJECTION, ("visual_projection.weight",))


def clip_config(config: Mapping[str, Any], *, origin: str) -> ImageTowerConfig:
    """transformers' config.json, of the whole or of the picture tower alone -> our tower; ValueError as for a ViT."""
    vision = vision_settings(config)
    width = vision.get("hidden_size", 768)
    return ImageTowerConfig(
        width=width,
        heads=vision.get("num_attention_heads", 12),
        layers=vision.get("num_hidden_layers", 12),
        mlp_ratio=vision.get("intermediate_size", 3072) / width,
        eps=vision.get("layer_norm_eps", 1e-5),
        activation=activation(vision.get("hidden_act", "quick_gelu"), origin=origin),
        size_px=side_px(vision.get("image_size", 224), what="image_size", origin=origin),
        patch_px=side_px(vision.get("patch_size", 32), what="patch_size", origin=origin),
        entry_norm=True,
    )


def clip_projection(config: Mapping[str, Any]) -> int:
    """The width of the space that a CLIP's pictures and texts share."""
    return int(config.get("projection_dim", 512))


def vision_settings(config: Mapping[str, Any]) -> Mapping[str, Any]:
    """The picture tower's part of the configuration; older files hold overrides beside it."""
    if config.get("model_type") == "clip_vision_model":
        return config
    return {**(config.get("vision_config") or {}), **(config.get("vision_config_dict") or {})}
