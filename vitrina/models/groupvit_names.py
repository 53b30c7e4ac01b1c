"""GroupViT's name table and configuration in the layout of transformers' `GroupViTModel`."""

from collections.abc import Iterator, Mapping
from typing import Any

from vitrina.data.pictures import PictureGeometry
from vitrina.models.checkpoint import Name, both
from vitrina.models.exported_inputs import OLD_END
from vitrina.models.grouping import GroupingTowerConfig
from vitrina.models.groupvit import GroupViTConfig
from vitrina.models.layers import TransformerConfig
from vitrina.models.towers import End, TextTowerConfig
from vitrina.models.vit_names import activation, side_px


def names(config: GroupViTConfig) -> Iterator[Name]:
    """One line per tensor of our state dict."""
    image, text = config.image, config.text
    yield from both("image.stem.projection", "vision_model.embeddings.patch_embeddings.projection")
    yield from both("image.entry_norm", "vision_model.embeddings.layernorm")
    yield Name("image.positions", ("vision_model.embeddings.position_embeddings",))
    for number, depth in enumerate(image.depths[:-1]):
        ours, theirs = f"image.stages.{number}", f"vision_model.encoder.stages.{number}"
        yield Name(f"{ours}.tokens", (f"{theirs}.group_token",))
        if number:
            yield from both(f"{ours}.from_before.norm", f"{theirs}.group_projector.0")
            yield from _mlp(f"{ours}.from_before.mix", f"{theirs}.group_projector.1")
        yield from _blocks(f"{ours}.transformer", theirs, layers=depth)
        yield from _grouping(f"{ours}.grouping", f"{theirs}.downsample")
    last = len(image.depths) - 1
    yield from _blocks("image.transformer", f"vision_model.encoder.stages.{last}", layers=image.depths[-1])
    yield from both("image.norm", "vision_model.layernorm")
    yield Name("text.words.weight", ("text_model.embeddings.token_embedding.weight",))
    yield Name("text.positions.weight", ("text_model.embeddings.position_embedding.weight",))
    yield from _blocks("text.transformer", "text_model.encoder", layers=text.layers)
    yield from both("text.norm", "text_model.final_layer_norm")
    for ours, theirs in (("image_projection", "visual_projection"), ("text_projection", "text_projection")):
        yield from both(f"{ours}.inner", f"{theirs}.0")
        yield from both(f"{ours}.norm", f"{theirs}.1")
        yield Name(f"{ours}.norm.mean", (f"{theirs}.1.running_mean",))
        yield Name(f"{ours}.norm.variance", (f"{theirs}.1.running_var",))
        yield from both(f"{ours}.out", f"{theirs}.3")
    yield Name("logit_scale", ("logit_scale",), is_scalar=True)


def _blocks(ours: str, theirs: str, *, layers: int) -> Iterator[Name]:
    for number in range(layers):
        block, layer = f"{ours}.blocks.{number}", f"{theirs}.layers.{number}"
        attention = f"{layer}.self_attn"
        yield from both(f"{block}.norm1", f"{layer}.layer_norm1")
        yield from both(f"{block}.attention.qkv", *(f"{attention}.{each}_proj" for each in "qkv"))
        yield from both(f"{block}.attention.out", f"{attention}.out_proj")
        yield from both(f"{block}.norm2", f"{layer}.layer_norm2")
        yield from _mlp(f"{block}.mlp", f"{layer}.mlp")


def _grouping(ours: str, theirs: str) -> Iterator[Name]:
    look, attention = f"{ours}.look", f"{theirs}.pre_assign_attn.attn"
    yield from both(f"{ours}.norm_tokens", f"{theirs}.norm_tokens")
    yield from both(f"{ours}.norm_members", f"{theirs}.norm_x")
    yield from _mlp(f"{ours}.mix", f"{theirs}.mlp_inter")
    yield from both(f"{ours}.norm_mixed", f"{theirs}.norm_post_tokens")
    yield from both(f"{look}.query", f"{attention}.q_proj")
    yield from both(f"{look}.key_value", f"{attention}.k_proj", f"{attention}.v_proj")
    yield from both(f"{look}.out", f"{attention}.out_proj")
    yield from both(f"{look}.norm", f"{theirs}.pre_assign_attn.norm2")
    yield from _mlp(f"{look}.mlp", f"{theirs}.pre_assign_attn.mlp")
    yield from both(f"{look}.norm_out", f"{theirs}.pre_assign_attn.norm_post")
    for part, letter in (("query", "q_proj"), ("key", "k_proj"), ("value", "v_proj"), ("out", "proj")):
        yield from both(f"{ours}.assign.{part}", f"{theirs}.assign.{letter}")
    yield from both(f"{ours}.norm_groups", f"{theirs}.norm_new_x")
    yield from _mlp(f"{ours}.mlp", f"{theirs}.mlp_channels")


def _mlp(ours: str, theirs: str) -> Iterator[Name]:
    yield from both(f"{ours}.0", f"{theirs}.fc1")
    yield from both(f"{ours}.2", f"{theirs}.fc2")


def picture_side_px(config: Mapping[str, Any], *, origin: str) -> int:
    """The side of the squares that a checkpoint sees."""
    return side_px(_part(config, "vision_config").get("image_size", 224), what="image_size", origin=origin)


def config_from_transformers(config: Mapping[str, Any], *, geometry: PictureGeometry, origin: str) -> GroupViTConfig:
    """transformers' config.json and how the checkpoint sees pictures -> ours; ValueError where the model would
    differ."""
    image, text = (_part(config, f"{part}_config") for part in ("vision", "text"))
    depths, tokens = tuple(image.get("depths", (6, 3, 3))), tuple(image.get("num_group_tokens", (64, 8, 0)))
    groups = tuple(image.get("num_output_groups", (64, 8, 8)))
    problems = [
        f"{name} is {found!r}"
        for name, found, allowed in (
            ("vision.num_channels", image.get("num_channels", 3), (3,)),
            ("vision.assign_eps", image.get("assign_eps", 1.0), (1.0,)),
            ("vision.assign_mlp_ratio", tuple(image.get("assign_mlp_ratio", (0.5, 4))), ((0.5, 4),)),
            ("vision.num_group_tokens", tokens, ((*groups[: len(depths) - 1], 0),)),
            ("vision.dropout", image.get("dropout", 0.0), (0.0,)),
            ("text.dropout", text.get("dropout", 0.0), (0.0,)),
        )
        if found not in allowed
    ]
    if problems:
        raise ValueError(f"The checkpoint {origin} is a GroupViT that this model cannot be: {', '.join(problems)}")
    end = text.get("eos_token_id", 49407)
    return GroupViTConfig(
        image=GroupingTowerConfig(
            **_shape(image, width=384, heads=6, activated="gelu", origin=origin),
            layers=sum(depths),
            size_px=geometry.size_px,
            patch_px=side_px(image.get("patch_size", 16), what="patch_size", origin=origin),
            depths=depths,
            groups=groups[: len(depths) - 1],
        ),
        text=TextTowerConfig(
            **_shape(text, width=256, heads=4, activated="quick_gelu", origin=origin),
            layers=text.get("num_hidden_layers", 12),
            vocabulary=text.get("vocab_size", 49408),
            positions=text.get("max_position_embeddings", 77),
            types=0,
            order="left_to_right",
            entry_norm=False,
            end=_end(end, origin=origin),
        ),
        projection=config.get("projection_dim", 256),
        projector=config.get("projection_intermediate_dim", 4096),
        mean=geometry.mean,
        std=geometry.std,
    )


def _end(eos: Any, *, origin: str) -> End:
    if not isinstance(eos, int):
        raise ValueError(f"The checkpoint {origin} has eos_token_id {eos!r}, where one token ends a text here")
    return "highest" if eos == OLD_END else eos


def config_to_transformers(
    config: GroupViTConfig, *, first: int | None, end: int, filler: int | None
) -> dict[str, Any]:
    """A config.json for `GroupViTModel`; `first`, `end` and `filler` are the ids that begin, end and fill up a text."""
    image, text = config.image, config.text

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
        "architectures": ["GroupViTModel"],
        "model_type": "groupvit",
        "projection_dim": config.projection,
        "projection_intermediate_dim": config.projector,
        "text_config": {
            **shape(text),
            "model_type": "groupvit_text_model",
            "vocab_size": text.vocabulary,
            "max_position_embeddings": text.positions,
            "bos_token_id": first,
            "eos_token_id": end,
            "pad_token_id": filler,
        },
        "vision_config": {
            **shape(image),
            "model_type": "groupvit_vision_model",
            "image_size": image.size_px,
            "patch_size": image.patch_px,
            "depths": list(image.depths),
            "num_group_tokens": [*image.groups, 0],
            "num_output_groups": [*image.groups, image.groups[-1]],
        },
    }


def refuse_what_does_not_fit(config: GroupViTConfig) -> None:
    """ValueError for what `GroupViTModel` has no place for."""
    text = config.text
    if config.image.stem != "patch":
        raise ValueError(
            f'The picture stem "{config.image.stem}" has no place in transformers\' GroupViT, whose stem is "patch": '
            'train with model.image.stem="patch" to export the model'
        )
    if text.order != "left_to_right" or text.types or text.entry_norm:
        raise ValueError(
            "transformers' GroupViT reads texts from left to right, without segment types and without a LayerNorm at "
            'the entrance: train with model.text.order="left_to_right", model.text.types=0 and '
            "model.text.entry_norm=false to export the model"
        )


def _part(config: Mapping[str, Any], name: str) -> dict[str, Any]:
    """A part of the configuration; older files hold overrides beside it."""
    return {**(config.get(name) or {}), **(config.get(f"{name}_dict") or {})}


def _shape(part: Mapping[str, Any], *, width: int, heads: int, activated: str, origin: str) -> dict[str, Any]:
    found = part.get("hidden_size", width)
    return {
        "width": found,
        "heads": part.get("num_attention_heads", heads),
        "mlp_ratio": part.get("intermediate_size", 4 * width) / found,
        "eps": part.get("layer_norm_eps", 1e-5),
        "activation": activation(part.get("hidden_act", activated), origin=origin),
    }
