"""What a public checkpoint brings to a run: towers and what stands between them, in our names and shapes.

    FLAVA       everything: towers, multimodal encoder, projections, heads, tokenizer
    CLIP        everything: towers, projections, the learned scale, tokenizer; in transformers' or open_clip's layout
    GroupViT    everything, and nothing but a GroupViT can start from it
    ViT         the picture tower, exactly

A FLAVA takes a CLIP's picture tower alone (`for_flava`). Text towers of BERT's kind have no place: they normalise after
each block where ours normalise before.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import torch
import torch.nn.functional as F
from tokenizers import Tokenizer
from torch import Tensor

from vitrina.data.pictures import PictureGeometry
from vitrina.models.checkpoint import Name, digest_of, to_ours
from vitrina.models.clip import MEAN, STD, ClipConfig
from vitrina.models.clip_names import CARRIED_TENSORS, PICTURE_PROJECTION, PICTURES, picture_config, picture_names
from vitrina.models.clip_names import names as clip_names
from vitrina.models.clip_open import open_described, open_tensors
from vitrina.models.clip_transformers import CARRIED_FILES, described, longest
from vitrina.models.flava_names import HEADS, config_from_transformers, names
from vitrina.models.flava_transformers import PAIR_TOKENS, untied
from vitrina.models.groupvit import GroupViTConfig
from vitrina.models.groupvit_names import config_from_transformers as groupvit_config
from vitrina.models.groupvit_names import names as groupvit_names
from vitrina.models.groupvit_names import picture_side_px
from vitrina.models.layers import TransformerConfig
from vitrina.models.projection import Pooling, Spread
from vitrina.models.published import Published, layout_of, read_description, read_open_clip_files, read_published
from vitrina.models.published_inputs import geometry_of, has_tokenizer, processor_of, small_json, tokenizer_of
from vitrina.models.towers import ImageTowerConfig, TextTowerConfig
from vitrina.models.vit_names import OPTIONAL, vit_config, vit_names
from vitrina.recipes.recipe import ModelConfig

Kind = Literal["flava", "clip", "clip_vision_model", "groupvit", "vit"]
_WORDS = {
    "flava": "a FLAVA",
    "clip": "a CLIP",
    "clip_vision_model": "a CLIP's picture tower",
    "groupvit": "a GroupViT",
    "vit": "a ViT",
}
_OPEN = "a CLIP in open_clip's layout"
_CODEBOOK = "image_codebook."
_HALVES = (0.5, 0.5, 0.5)
_COUNTERS = (".num_batches_tracked", ".position_ids")  # nothing that was learnt


@dataclass(frozen=True)
class Parts:
    """What a source of first weights brings; None for what it has not.

    `kind` says what it is in words, `revision` which state of it. `whole` is a model whose family has no two towers of
    the others' kind and that nothing but the same family can start from. `tensors` bear our names; `left_over` are
    those of theirs that have no place here, and `notes` say in a sentence what a user should know.
    """

    origin: str
    kind: str
    revision: str | None
    geometry: PictureGeometry
    image: ImageTowerConfig | None = None
    text: TextTowerConfig | None = None
    multimodal: TransformerConfig | None = None
    whole: ModelConfig | None = None
    projection: int | None = None
    pooling: Pooling = "cls"
    spread: Spread = "free"
    projection_bias: bool = True
    codes: int | None = None
    codebook_digest: str | None = None
    tokenizer: Tokenizer | None = None
    max_tokens: int | None = None
    tensors: Mapping[str, Tensor] = field(default_factory=dict)
    left_over: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def describe_public(name: str | Path) -> Parts:
    """What a folder or a hub id (`OWNER/NAME`, `OWNER/NAME@REVISION`) would bring, without its weights.

    Raises ValueError for a model that has no place in the towers here, and says why.
    """
    if layout_of(name) == "open_clip":
        return _open_described(read_open_clip_files(name, files=CARRIED_FILES, is_complete=False))
    return _described(read_description(name, files=CARRIED_FILES))


def read_public(name: str | Path) -> Parts:
    """What a folder or a hub id brings, with its weights; ValueError names the tensors that are missing."""
    if layout_of(name) == "open_clip":
        opened = read_open_clip_files(name, files=CARRIED_FILES, is_complete=True)
        config, _ = open_described(opened)
        return _with_clip(_open_described(opened), tensors=open_tensors(opened, config=config), left_over=())
    published = read_published(name, files=CARRIED_FILES)
    parts = _described(published)
    match _kind(published):
        case "flava":
            return _flava_tensors(parts, published=published)
        case "vit":
            return _vit_tensors(parts, published=published)
        case "clip":
            config, _ = described(published)
            found = to_ours(published.tensors, names=clip_names(config), origin=parts.origin)
            left_over = tuple(sorted(found.rest.keys() - set(CARRIED_TENSORS)))
            return _with_clip(parts, tensors=found.ours, left_over=left_over)
        case "clip_vision_model":
            return _clip_pictures(parts, published=published)
        case "groupvit":
            assert isinstance(parts.whole, GroupViTConfig)
            known = {name: each for name, each in published.tensors.items() if not name.endswith(_COUNTERS)}
            return _translated(known, names=groupvit_names(parts.whole), parts=parts)


def resized_positions(positions: Tensor, *, grid: int) -> Tensor:
    """Learned positions (1, p, d) of a square of patches, or (1, 1 + p, d) with [CLS], for `grid` patches a side.

    Bicubic and antialiased, as one resizes a picture (ViT, section 3.2); [CLS] keeps its own.
    """
    before = math.isqrt(positions.shape[1])
    classes = positions.shape[1] - before**2  # 1 with [CLS]: a square and one more is no square
    own, square = positions.float().split([classes, before**2], dim=1)
    square = square.transpose(1, 2).unflatten(2, (before, before))
    square = F.interpolate(square, size=(grid, grid), mode="bicubic", antialias=True)
    return torch.cat([own, square.flatten(2).transpose(1, 2)], dim=1)


def _described(published: Published) -> Parts:
    origin, config = _address(published), published.config
    kind = _kind(published)
    common: dict[str, Any] = {"kind": _WORDS[kind], "revision": published.revision}
    match kind:
        case "flava":
            ours = config_from_transformers(config, processor=processor_of(published), origin=origin)
            own = small_json(published, "vitrina.json")
            return Parts(
                origin,
                **common,
                geometry=PictureGeometry(ours.image.size_px, own.get("fit", "stretch"), mean=ours.mean, std=ours.std),
                image=ours.image,
                text=ours.text,
                multimodal=ours.multimodal,
                projection=ours.projection,
                codes=ours.codes,
                tokenizer=tokenizer_of(published, rows=ours.text.vocabulary),
                max_tokens=own.get("max_tokens", min(PAIR_TOKENS, ours.text.positions)),
            )
        case "vit":
            tower = vit_config(config, origin=origin)
            if config.get("num_channels", 3) != 3:
                raise ValueError(f"{origin} reads pictures of {config['num_channels']} channels, where 3 are needed")
            geometry = geometry_of(published, side_px=tower.size_px, fit="stretch", mean=_HALVES, std=_HALVES)
            return Parts(origin, **common, geometry=geometry, image=tower)
        case "clip_vision_model":
            tower = picture_config(config, origin=origin)
            geometry = geometry_of(published, side_px=tower.size_px, fit="crop", mean=MEAN, std=STD)
            has_projection = "CLIPVisionModelWithProjection" in (config.get("architectures") or ())
            width = int(config.get("projection_dim", 512)) if has_projection else None
            common |= {"projection": width, "projection_bias": not has_projection}
            return Parts(origin, **common, geometry=geometry, image=tower)
        case "groupvit":
            side = picture_side_px(config, origin=origin)
            geometry = geometry_of(published, side_px=side, fit="crop", mean=MEAN, std=STD)
            groups = groupvit_config(config, geometry=geometry, origin=origin)
            return Parts(
                origin,
                **common,
                geometry=geometry,
                whole=groups,
                tokenizer=tokenizer_of(published, rows=groups.text.vocabulary),
                max_tokens=small_json(published, "vitrina.json").get("max_tokens", groups.text.positions),
            )
        case "clip":
            whole, geometry = described(published)
            return _clip_parts(Parts(origin, **common, geometry=geometry), config=whole, published=published)


def _open_described(published: Published) -> Parts:
    config, geometry = open_described(published)
    parts = Parts(_address(published), _OPEN, published.revision, geometry)
    return _clip_parts(parts, config=config, published=published)


def _clip_parts(parts: Parts, *, config: ClipConfig, published: Published) -> Parts:
    """`parts` with what a whole CLIP brings; its text tower only with the tokenizer that it learnt with."""
    parts = replace(
        parts,
        image=config.image,
        projection=config.projection,
        pooling=config.pooling,
        spread=config.spread,
        projection_bias=config.projection_bias,
    )
    if not has_tokenizer(published):
        return replace(parts, notes=(_NO_WORDS,))
    tokenizer = tokenizer_of(published, rows=config.text.vocabulary)
    return replace(parts, text=config.text, tokenizer=tokenizer, max_tokens=longest(published, config=config))


_NO_WORDS = (
    "no tokenizer lies beside the text tower, so that its words cannot be read and it is not taken; it starts fresh, "
    "with a tokenizer of the catalogue's own words. Lay the checkpoint's tokenizer.json beside its weights to take both"
)
_READS_LEFT = (
    "the text tower of a CLIP is not taken: it reads from left to right, where a FLAVA fills hidden words from both "
    "sides; it starts fresh, with a tokenizer of the catalogue's own words. A run of a CLIP takes it whole"
)


def for_flava(parts: Parts) -> Parts:
    """What a FLAVA can take of a CLIP: the picture tower with its projection; anything else as it came.

    The biases that a CLIP has not are zero, the token for hidden patches is fresh.
    """
    image, text = parts.image, parts.text
    if image is None or (image.stem_bias and image.mask_token and (text is None or text.order == "both_ways")):
        return parts
    taken, left = {}, []
    for name, tensor in parts.tensors.items():
        if name.startswith(("text.", "text_projection.")) or name == "logit_scale":
            left.append(name)
        else:
            taken[name] = tensor
    if taken and not image.stem_bias:
        taken["image.stem.projection.bias"] = torch.zeros(image.width)
    if "image_projection.linear.weight" in taken and not parts.projection_bias:
        taken["image_projection.linear.bias"] = torch.zeros(len(taken["image_projection.linear.weight"]))
    return replace(
        parts,
        image=replace(image, stem_bias=True, mask_token=True),
        text=None,
        tokenizer=None,
        max_tokens=None,
        pooling="cls",
        projection_bias=True,
        tensors=taken,
        left_over=tuple(sorted({*parts.left_over, *left})),
        notes=(_READS_LEFT,) if text is not None or _NO_WORDS in parts.notes else parts.notes,
    )


def _kind(published: Published) -> Kind:
    found = published.config.get("model_type")
    for known in ("flava", "clip", "clip_vision_model", "groupvit", "vit"):
        if found == known:
            return known
    if "bert" in str(found):
        why = "it normalises after each block where the text tower here normalises before, so its weights do not fit"
    else:
        why = "only FLAVA, CLIP, GroupViT and ViT have a place here"
    raise ValueError(f"{published.origin} is a {found}: {why}")


def _address(published: Published) -> str:
    """A folder by its whole path; a hub id with its commit, so that the same weights are found again."""
    if published.revision is None:
        return str(Path(published.origin).absolute())
    return f"{published.origin.partition('@')[0]}@{published.revision}"


def _flava_tensors(parts: Parts, *, published: Published) -> Parts:
    assert parts.image is not None
    config = config_from_transformers(published.config, processor={}, origin=parts.origin)
    tensors = untied(published)
    if not any(name.startswith("flava.") for name in tensors):  # a FlavaModel, without the heads
        tensors = {f"flava.{name}": each for name, each in tensors.items()}
    heads = (*HEADS, "itm_head")
    lines = [line for line in names(config) if line.theirs[0] in tensors or not line.ours.startswith(heads)]
    found = _translated(tensors, names=lines, parts=parts)
    codebook = {name.removeprefix(_CODEBOOK): each for name, each in tensors.items() if name.startswith(_CODEBOOK)}
    if not codebook:
        return found
    digest = digest_of(codebook | {"grid": torch.tensor(parts.image.grid)})
    return replace(found, codebook_digest=digest)


def _vit_tensors(parts: Parts, *, published: Published) -> Parts:
    assert parts.image is not None
    tensors = _below(published.tensors, prefix="vit.")
    if not published.config.get("qkv_bias", True):
        tensors = _zero_biases(tensors)
    lines = [line for line in vit_names(parts.image) if line.theirs[0] in tensors or line.ours not in OPTIONAL]
    return _translated(tensors, names=lines, parts=parts)


def _with_clip(parts: Parts, *, tensors: Mapping[str, Tensor], left_over: tuple[str, ...]) -> Parts:
    """`parts` with the tensors of a CLIP as float32, of the text tower only where its words can be read."""
    unread = () if parts.text is not None else ("text.", "text_projection.")
    taken = {name: each.float() for name, each in tensors.items() if not (unread and name.startswith(unread))}
    return replace(parts, tensors=taken, left_over=tuple(sorted({*left_over, *(tensors.keys() - taken.keys())})))


def _clip_pictures(parts: Parts, *, published: Published) -> Parts:
    """The picture tower alone, in any spelling, with its projection where it has one."""
    assert parts.image is not None
    tensors = _below(published.tensors, prefix=PICTURES)
    lines = [*picture_names(parts.image, prefix=""), *([] if parts.projection is None else [PICTURE_PROJECTION])]
    return _translated(tensors, names=lines, parts=parts)


def _translated(theirs: Mapping[str, Tensor], *, names: Iterable[Name], parts: Parts) -> Parts:
    """`parts` with the tensors of a name table as float32 and what it does not mention left over."""
    translated = to_ours(theirs, names=names, origin=parts.origin)
    tensors = {name: each.float() for name, each in translated.ours.items()}
    return replace(parts, tensors=tensors, left_over=tuple(sorted(translated.rest)))


def _below(tensors: Mapping[str, Tensor], *, prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): each for name, each in tensors.items()}


def _zero_biases(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """A tower without biases of query, key and value is one whose biases are zero."""
    zeros = {
        f"{name.removesuffix('.weight')}.bias": torch.zeros(len(each))
        for name, each in tensors.items()
        if name.endswith(tuple(f"attention.attention.{part}.weight" for part in ("query", "key", "value")))
    }
    return zeros | dict(tensors)
