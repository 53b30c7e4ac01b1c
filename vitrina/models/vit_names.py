"""A ViT's name table and configuration in the layout of transformers' `ViTModel`: our picture tower, exactly."""

from collections.abc import Iterator, Mapping
from typing import Any

from vitrina.models.checkpoint import Name, both
from vitrina.models.towers import ImageTowerConfig

OPTIONAL = frozenset({"image.mask_token"})
"""What only a ViT of masked image modelling has."""


def vit_names(config: ImageTowerConfig) -> Iterator[Name]:
    """One line per tensor of our picture tower, without the `vit.` that some heads put before theirs."""
    yield Name("image.cls", ("embeddings.cls_token",))
    yield Name("image.mask_token", ("embeddings.mask_token",))
    yield Name("image.positions", ("embeddings.position_embeddings",))
    yield from both("image.stem.projection", "embeddings.patch_embeddings.projection")
    for number in range(config.layers):
        block, layer = f"image.transformer.blocks.{number}", f"encoder.layer.{number}"
        attention = f"{layer}.attention.attention"
        yield from both(f"{block}.norm1", f"{layer}.layernorm_before")
        yield from both(f"{block}.attention.qkv", *(f"{attention}.{each}" for each in ("query", "key", "value")))
        yield from both(f"{block}.attention.out", f"{layer}.attention.output.dense")
        yield from both(f"{block}.norm2", f"{layer}.layernorm_after")
        yield from both(f"{block}.mlp.0", f"{layer}.intermediate.dense")
        yield from both(f"{block}.mlp.2", f"{layer}.output.dense")
    yield from both("image.norm", "layernorm")


def vit_config(config: Mapping[str, Any], *, origin: str) -> ImageTowerConfig:
    """transformers' config.json -> our tower; ValueError where the model would differ."""
    width = config.get("hidden_size", 768)
    return ImageTowerConfig(
        width=width,
        heads=config.get("num_attention_heads", 12),
        layers=config.get("num_hidden_layers", 12),
        mlp_ratio=config.get("intermediate_size", 3072) / width,
        eps=config.get("layer_norm_eps", 1e-12),
        activation=activation(config.get("hidden_act", "gelu"), origin=origin),
        size_px=side_px(config.get("image_size", 224), what="image_size", origin=origin),
        patch_px=side_px(config.get("patch_size", 16), what="patch_size", origin=origin),
    )


def activation(name: str, *, origin: str) -> Any:
    """The non-linearity, where our blocks have it."""
    if name not in ("gelu", "quick_gelu"):
        raise ValueError(f"{origin} has the activation {name!r}, where the blocks here have gelu or quick_gelu")
    return name


def side_px(size: Any, *, what: str, origin: str) -> int:
    """The side of a square that a configuration gives as a number or as two."""
    sides = set(size) if isinstance(size, list | tuple) else {size}
    if len(sides) > 1:
        raise ValueError(f"{origin} has {what} {list(size)}, where pictures and patches here are squares")
    return int(sides.pop())
