"""CLIP in open_clip's layout: open_clip_config.json beside open_clip_model.safetensors, as its models stand on the hub.

The same model under other names: matrices of the projections are multiplied from the other side, and query, key and
value are one matrix, as here.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from vitrina.data.pictures import PictureGeometry
from vitrina.models.checkpoint import Name, both, load_exactly, to_ours
from vitrina.models.clip import EPS, MEAN, STD, WORDS, Clip, ClipConfig
from vitrina.models.clip_transformers import CARRIED_FILES, inputs_from
from vitrina.models.published import Published, read_open_clip_files
from vitrina.models.published_inputs import three
from vitrina.models.towers import End, ImageTowerConfig, TextTowerConfig
from vitrina.models.vit_names import side_px

_PLAIN: Mapping[str, Any] = {
    "block_type": "default",
    "hf_model_pretrained": True,
    "hf_pooler_type": "mean_pooler",
    "hf_proj_type": "mlp",
    "output_tokens": False,
    "pos_embed_type": "learnable",
    "proj_type": "linear",
    "timm_pool": "avg",
    "timm_proj": "linear",
}
"""Settings that say nothing of a CLIP where they have these values; any other must be empty, false or zero."""

_READ = {
    "image": {"layers", "width", "head_width", "mlp_ratio", "patch_size", "image_size", "norm_kwargs", "pool_type"},
    "text": {"layers", "width", "heads", "mlp_ratio", "context_length", "vocab_size", "norm_kwargs", "pool_type"},
}
_WITHOUT_EFFECT = {
    "image": {"attn_pooler_queries", "attn_pooler_heads", "patch_dropout", "timm_drop", "timm_drop_path"},
    "text": {"eos_id", "hf_tokenizer_name", "pad_id", "tokenizer_kwargs", "tokenizer_mode"},
}
"""Settings that change nothing of what a trained CLIP answers, or are read elsewhere."""


def read_open_clip(path: str | Path) -> Clip:
    """A folder or a hub id -> ours, with `inputs` where the checkpoint brings a tokenizer."""
    checkpoint = read_open_clip_files(path, files=CARRIED_FILES, is_complete=True)
    config, geometry = open_described(checkpoint)
    model = Clip(config, inputs=inputs_from(checkpoint, config=config, geometry=geometry))
    load_exactly(model, tensors=open_tensors(checkpoint, config=config), origin=checkpoint.origin)
    return model


def open_tensors(checkpoint: Published, *, config: ClipConfig) -> dict[str, Tensor]:
    """The tensors of a checkpoint under our names; ValueError for one that has more or fewer."""
    # Models of separate towers hold the same text tower one level deeper.
    theirs = {name.removeprefix("text."): tensor for name, tensor in checkpoint.tensors.items()}
    translated = to_ours(theirs, names=open_names(config), origin=checkpoint.origin)
    strangers = sorted(translated.rest.keys() - {"attn_mask"})
    if strangers:
        raise ValueError(f"The checkpoint {checkpoint.origin} has unexpected tensors: {', '.join(strangers[:5])}")
    return translated.ours


def open_names(config: ClipConfig) -> Iterator[Name]:
    """One line per tensor of our state dict."""
    yield Name("image.cls", ("visual.class_embedding",), axes=2)
    yield Name("image.positions", ("visual.positional_embedding",), axes=1)
    yield Name("image.stem.projection.weight", ("visual.conv1.weight",))
    yield from both("image.entry_norm", "visual.ln_pre")
    yield from _blocks("image", "visual.transformer", layers=config.image.layers)
    yield from both("image.norm", "visual.ln_post")
    yield Name("image_projection.linear.weight", ("visual.proj",), is_transposed=True)
    yield Name("text.words.weight", ("token_embedding.weight",))
    yield Name("text.positions.weight", ("positional_embedding",))
    yield from _blocks("text", "transformer", layers=config.text.layers)
    yield from both("text.norm", "ln_final")
    yield Name("text_projection.linear.weight", ("text_projection",), is_transposed=True)
    yield Name("logit_scale", ("logit_scale",), is_scalar=True)


def _blocks(ours: str, theirs: str, *, layers: int) -> Iterator[Name]:
    for number in range(layers):
        block, layer = f"{ours}.transformer.blocks.{number}", f"{theirs}.resblocks.{number}"
        yield from both(f"{block}.norm1", f"{layer}.ln_1")
        for part in ("weight", "bias"):
            yield Name(f"{block}.attention.qkv.{part}", (f"{layer}.attn.in_proj_{part}",))
        yield from both(f"{block}.attention.out", f"{layer}.attn.out_proj")
        yield from both(f"{block}.norm2", f"{layer}.ln_2")
        yield from both(f"{block}.mlp.0", f"{layer}.mlp.c_fc")
        yield from both(f"{block}.mlp.2", f"{layer}.mlp.c_proj")


def open_described(checkpoint: Published) -> tuple[ClipConfig, PictureGeometry]:
    """Our configuration of a checkpoint in open_clip's layout, and how it sees pictures.

    Raises ValueError for what is no CLIP of two plain transformers (a ResNet, another library's tower, a sigmoid loss,
    settings that are not known here), and says which.
    """
    origin, config = checkpoint.origin, checkpoint.config
    model = config.get("model_cfg") or {}
    image, text = model.get("vision_cfg") or {}, model.get("text_cfg") or {}
    _refuse_others(model, image=image, text=text, origin=origin)
    side = side_px(image.get("image_size", 224), what="image_size", origin=origin)
    geometry = _geometry(config.get("preprocess_cfg") or {}, side_px=side, origin=origin)
    activation = "quick_gelu" if model.get("quick_gelu") else "gelu"
    width, text_width = image.get("width", 768), text.get("width", 512)
    ours = ClipConfig(
        image=ImageTowerConfig(
            width=width,
            heads=width // image.get("head_width", 64),
            layers=image.get("layers", 12),
            mlp_ratio=image.get("mlp_ratio", 4.0),
            eps=_eps(image),
            activation=activation,
            size_px=side,
            patch_px=side_px(image.get("patch_size", 16), what="patch_size", origin=origin),
            entry_norm=True,
            stem_bias=False,
            mask_token=False,
        ),
        text=TextTowerConfig(
            width=text_width,
            heads=text.get("heads", 8),
            layers=text.get("layers", 12),
            mlp_ratio=text.get("mlp_ratio", 4.0),
            eps=_eps(text),
            activation=activation,
            vocabulary=text.get("vocab_size", WORDS),
            positions=text.get("context_length", 77),
            types=0,
            order="left_to_right",
            entry_norm=False,
            end=_end(text, origin=origin),
        ),
        projection=model["embed_dim"],
        pooling="end",
        projection_bias=False,
        mean=geometry.mean,
        std=geometry.std,
    )
    return ours, geometry


def _refuse_others(model: Mapping[str, Any], *, image: Mapping[str, Any], text: Mapping[str, Any], origin: str) -> None:
    if isinstance(image.get("layers"), list | tuple):
        raise ValueError(
            f"{origin} has a ResNet for its pictures, where both towers here are transformers: choose a CLIP whose "
            "name begins with ViT"
        )
    for name in ("timm_model_name", "hf_model_name"):
        if found := (image.get(name) or text.get(name)):
            raise ValueError(f"{origin} has a tower of another library ({found}), which is not CLIP's: it has no place")
    if "embed_dim" not in model:
        raise ValueError(f"{origin} has no embed_dim in its open_clip_config.json: fetch the checkpoint again")
    whole = {"embed_dim", "vision_cfg", "text_cfg", "quick_gelu", "init_logit_scale", "nonscalar_logit_scale"}
    odd = [name for name, value in model.items() if name not in whole and _says(name, value)]
    for tower, part in (("image", image), ("text", text)):
        known = _READ[tower] | _WITHOUT_EFFECT[tower]
        odd += [name for name, value in part.items() if name not in known and _says(name, value)]
        odd += [f"norm_kwargs.{name}" for name in part.get("norm_kwargs") or {} if name != "eps"]
    if image.get("pool_type", "tok") != "tok":
        odd.append("pool_type")
    if odd:
        raise ValueError(
            f"{origin} is no plain CLIP, for its {', '.join(sorted(odd))}: the towers here have none of it"
        )


def _says(name: str, value: Any) -> bool:
    """Whether a setting asks for anything. Custom text models hold the plain text tower too."""
    return bool(value) and name != "custom_text" and _PLAIN.get(name) != value


def _end(text: Mapping[str, Any], *, origin: str) -> End:
    match text.get("pool_type", "argmax"):
        case "argmax":
            return "highest"
        case "eos":
            return int(text.get("eos_id", 2))
    raise ValueError(f"{origin} pools its texts by {text['pool_type']!r}, where a CLIP's text is read at its end")


def _eps(part: Mapping[str, Any]) -> float:
    return float((part.get("norm_kwargs") or {}).get("eps", EPS))


def _geometry(preprocess: Mapping[str, Any], *, side_px: int, origin: str) -> PictureGeometry:
    mean, std = (three(preprocess.get(what) or own) for what, own in (("mean", MEAN), ("std", STD)))
    resize = preprocess.get("resize_mode") or "shortest"
    if resize not in ("shortest", "squash"):
        raise ValueError(f"{origin} resizes pictures by {resize!r}, where pictures are cropped (shortest) or squashed")
    return PictureGeometry(side_px, "crop" if resize == "shortest" else "stretch", mean=mean, std=std)
