"""FLAVA's name table and configuration in the layout of transformers' `FlavaForPreTraining`."""

from collections.abc import Iterator, Mapping
from typing import Any

from vitrina.models.checkpoint import Name, both
from vitrina.models.flava import FlavaConfig
from vitrina.models.layers import TransformerConfig
from vitrina.models.towers import ImageTowerConfig, TextTowerConfig

HEADS = ("mim_head", "mlm_head", "mmm_image_head", "mmm_text_head")


def names(config: FlavaConfig) -> Iterator[Name]:
    """One line per tensor of our state dict."""
    image, text, multimodal = "flava.image_model", "flava.text_model", "flava.multimodal_model"
    yield Name("image.cls", (f"{image}.embeddings.cls_token",))
    yield Name("image.mask_token", (f"{image}.embeddings.mask_token",))
    yield Name("image.positions", (f"{image}.embeddings.position_embeddings",))
    yield from both("image.stem.projection", f"{image}.embeddings.patch_embeddings.projection")
    yield from _transformer("image", image, layers=config.image.layers)
    yield Name("text.words.weight", (f"{text}.embeddings.word_embeddings.weight",))
    yield Name("text.positions.weight", (f"{text}.embeddings.position_embeddings.weight",))
    yield Name("text.types.weight", (f"{text}.embeddings.token_type_embeddings.weight",))
    yield from both("text.entry_norm", f"{text}.embeddings.LayerNorm")
    yield from _transformer("text", text, layers=config.text.layers)
    yield Name("multimodal.cls", (f"{multimodal}.cls_token",))
    yield from both("multimodal.from_image", "flava.image_to_mm_projection")
    yield from both("multimodal.from_text", "flava.text_to_mm_projection")
    yield from _transformer("multimodal", multimodal, layers=config.multimodal.layers)
    yield from both("image_projection.linear", "flava.image_projection")
    yield from both("text_projection.linear", "flava.text_projection")
    yield Name("logit_scale", ("flava.logit_scale",), is_scalar=True)
    for head in HEADS:
        yield from both(f"{head}.transform", f"{head}.transform.dense")
        yield from both(f"{head}.norm", f"{head}.transform.LayerNorm")
        yield from both(f"{head}.classes", f"{head}.decoder")
    yield from both("itm_head.pooler", "itm_head.pooler.dense")
    yield from both("itm_head.answers", "itm_head.seq_relationship")


def _transformer(ours: str, theirs: str, *, layers: int) -> Iterator[Name]:
    for number in range(layers):
        block, layer = f"{ours}.transformer.blocks.{number}", f"{theirs}.encoder.layer.{number}"
        attention = f"{layer}.attention.attention"
        yield from both(f"{block}.norm1", f"{layer}.layernorm_before")
        yield from both(f"{block}.attention.qkv", f"{attention}.query", f"{attention}.key", f"{attention}.value")
        yield from both(f"{block}.attention.out", f"{layer}.attention.output.dense")
        yield from both(f"{block}.norm2", f"{layer}.layernorm_after")
        yield from both(f"{block}.mlp.0", f"{layer}.intermediate.dense")
        yield from both(f"{block}.mlp.2", f"{layer}.output.dense")
    yield from both(f"{ours}.norm", f"{theirs}.layernorm")


def config_from_transformers(config: Mapping[str, Any], *, processor: Mapping[str, Any], origin: str) -> FlavaConfig:
    """transformers' config.json and preprocessor_config.json -> ours; ValueError where the model would differ."""
    image, text, multimodal = (_part(config, f"{part}_config") for part in ("image", "text", "multimodal"))
    problems = [
        f"{part}.{option} is {values[option]!r}"
        for part, values in (("image", image), ("text", text), ("multimodal", multimodal))
        for option, allowed in _REQUIRED.items()
        if values.get(option, allowed[0]) not in allowed
    ]
    if problems:
        raise ValueError(f"The checkpoint {origin} is a FLAVA that this model cannot be: {', '.join(problems)}")
    codes = image.get("vocab_size", 8192)
    mean, std = (processor.get(f"image_{each}") for each in ("mean", "std"))
    ours = FlavaConfig(
        image=ImageTowerConfig(
            **_shape(image), size_px=image.get("image_size", 224), patch_px=image.get("patch_size", 16), stem="patch"
        ),
        text=TextTowerConfig(
            **_shape(text),
            vocabulary=text.get("vocab_size", 30522),
            positions=text.get("max_position_embeddings", 512),
            types=text.get("type_vocab_size", 2),
        ),
        multimodal=TransformerConfig(**_shape(multimodal, layers=6)),
        codes=codes,
        projection=config.get("projection_dim", 768),
        mean=_PUBLISHED_MEAN if mean is None else tuple(mean),
        std=_PUBLISHED_STD if std is None else tuple(std),
    )
    refuse_what_does_not_fit(ours)
    return ours


_REQUIRED = {
    "hidden_act": ("gelu", "quick_gelu"),
    "qkv_bias": (True,),
    "mask_token": (True,),
    "use_cls_token": (True,),
    "num_channels": (3,),
}
_PUBLISHED_MEAN = (0.48145466, 0.4578275, 0.40821073)
_PUBLISHED_STD = (0.26862954, 0.26130258, 0.27577711)


def config_to_transformers(config: FlavaConfig) -> dict[str, Any]:
    """A config.json for `FlavaForPreTraining` without an image codebook."""

    def shape(part: TransformerConfig) -> dict[str, Any]:
        return {
            "hidden_size": part.width,
            "num_hidden_layers": part.layers,
            "num_attention_heads": part.heads,
            "intermediate_size": round(part.width * part.mlp_ratio),
            "layer_norm_eps": part.eps,
            "hidden_act": part.activation,
        }

    return {
        "architectures": ["FlavaForPreTraining"],
        "model_type": "flava",
        "image_config": {
            **shape(config.image),
            "model_type": "flava_image_model",
            "image_size": config.image.size_px,
            "patch_size": config.image.patch_px,
            "vocab_size": config.codes,
        },
        "text_config": {
            **shape(config.text),
            "model_type": "flava_text_model",
            "vocab_size": config.text.vocabulary,
            "max_position_embeddings": config.text.positions,
            "type_vocab_size": config.text.types,
        },
        "multimodal_config": {**shape(config.multimodal), "model_type": "flava_multimodal_model"},
        "hidden_size": config.multimodal.width,
        "layer_norm_eps": config.multimodal.eps,
        "projection_dim": config.projection,
        "init_codebook": False,
    }


def _part(config: Mapping[str, Any], name: str) -> dict[str, Any]:
    """A part of the configuration; older files hold overrides beside it."""
    return {**(config.get(name) or {}), **(config.get(f"{name}_dict") or {})}


def _shape(part: Mapping[str, Any], *, layers: int = 12) -> dict[str, Any]:
    width = part.get("hidden_size", 768)
    return {
        "width": width,
        "heads": part.get("num_attention_heads", 12),
        "layers": part.get("num_hidden_layers", layers),
        "mlp_ratio": part.get("intermediate_size", 3072) / width,
        "eps": part.get("layer_norm_eps", 1e-12),
        "activation": part.get("hidden_act", "gelu"),
    }


def refuse_what_does_not_fit(config: FlavaConfig) -> None:
    """ValueError for what `FlavaForPreTraining` has no place for."""
    if config.image.stem != "patch":
        raise ValueError(
            f'The picture stem "{config.image.stem}" has no place in transformers\' FLAVA, whose stem is "patch": '
            'train with model.image.stem="patch" to export the model'
        )
    if config.image.entry_norm:
        raise ValueError(
            "transformers' FLAVA has no LayerNorm before its first block, which a picture tower from a CLIP needs: "
            "this model cannot be exported as a FLAVA"
        )
    if config.pooling != "cls":
        raise ValueError(
            f'The pooling "{config.pooling}" has no place in transformers\' FLAVA, which compares [CLS] states: '
            'train with model.pooling="cls" to export the model'
        )
    tower = config.text.order == "both_ways" and config.text.types and config.text.entry_norm
    if not (tower and config.image.stem_bias and config.image.mask_token and config.projection_bias):
        raise ValueError(
            "transformers' FLAVA has segment types and a LayerNorm at the entrance of its text tower, which reads both "
            "ways, a bias in its stem and its projections, and a mask token: this model, built as a CLIP, cannot be "
            "exported as a FLAVA"
        )
    widths = {config.image.width, config.text.width, config.multimodal.width}
    if len(widths) > 1:
        raise ValueError(f"transformers' FLAVA needs one width for its three transformers, not {sorted(widths)}")
