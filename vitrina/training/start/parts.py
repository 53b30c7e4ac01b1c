"""What a public checkpoint brings to a run: towers and what stands between them, in our names and shapes.

    FLAVA       everything: towers, multimodal encoder, projections, heads, tokenizer
    CLIP        the picture tower and its projection, exactly
    ViT         the picture tower, exactly

A CLIP's text tower is not taken: it reads from left to right and answers at its last token, where ours reads both ways
and answers at its first, so its weights would compute something else here. Text towers of BERT's kind normalise after
each block where ours normalise before.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import torch
import torch.nn.functional as F
from tokenizers import BertWordPieceTokenizer, Tokenizer
from torch import Tensor

from vitrina.data.pictures import PictureGeometry
from vitrina.models.checkpoint import Name, digest_of, to_ours
from vitrina.models.clip_names import PROJECTION, clip_config, clip_names, clip_projection, vision_settings
from vitrina.models.codebook import CodebookConfig
from vitrina.models.flava_names import HEADS, config_from_transformers, names
from vitrina.models.flava_transformers import CARRIED_FILES, PAIR_TOKENS, untied
from vitrina.models.layers import TransformerConfig
from vitrina.models.projection import Pooling, Spread
from vitrina.models.published import Published, read_description, read_published
from vitrina.models.towers import ImageTowerConfig, TextTowerConfig
from vitrina.models.vit_names import OPTIONAL, vit_config, vit_names

Kind = Literal["flava", "clip", "clip_vision_model", "vit"]
_WORDS = {"flava": "a FLAVA", "clip": "a CLIP", "clip_vision_model": "a CLIP's picture tower", "vit": "a ViT"}
_CODEBOOK = "image_codebook."
_CLIP_MEAN, _CLIP_STD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
_HALVES = (0.5, 0.5, 0.5)


@dataclass(frozen=True)
class Parts:
    """What a source of first weights brings; None for what it has not.

    `kind` says what it is in words, `revision` which state of it. `tensors` bear our names; `left_over` are those of
    theirs that have no place here, and `notes` say in a sentence what a user should know.
    """

    origin: str
    kind: str
    revision: str | None
    geometry: PictureGeometry
    image: ImageTowerConfig | None = None
    text: TextTowerConfig | None = None
    multimodal: TransformerConfig | None = None
    codebook: CodebookConfig | None = None
    projection: int | None = None
    pooling: Pooling = "cls"
    spread: Spread = "free"
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
    return _described(read_description(name, files=CARRIED_FILES))


def read_public(name: str | Path) -> Parts:
    """What a folder or a hub id brings, with its weights; ValueError names the tensors that are missing."""
    published = read_published(name, files=CARRIED_FILES)
    parts = _described(published)
    match _kind(published):
        case "flava":
            return _flava_tensors(parts, published=published)
        case "vit":
            return _vit_tensors(parts, published=published)
        case "clip" | "clip_vision_model":
            return _clip_tensors(parts, published=published)


def resized_positions(positions: Tensor, *, grid: int) -> Tensor:
    """Learned positions (1, 1 + p, d) of [CLS] and a square of patches, for a square of `grid` a side.

    Bicubic and antialiased, as one resizes a picture (ViT, section 3.2); [CLS] keeps its own.
    """
    before = round((positions.shape[1] - 1) ** 0.5)
    square = positions[:, 1:].float().transpose(1, 2).reshape(1, -1, before, before)
    square = F.interpolate(square, size=(grid, grid), mode="bicubic", antialias=True)
    return torch.cat([positions[:, :1].float(), square.flatten(2).transpose(1, 2)], dim=1)


def check_tokenizer(tokenizer: Tokenizer, *, rows: int, origin: str) -> None:
    """Raise ValueError where a tokenizer does not read as the text towers here need it.

    A sequence begins with a special token, whose state stands for the text, and ends with another; no id is beyond the
    `rows` of the word embeddings.
    """
    highest = max(tokenizer.get_vocab().values(), default=-1)
    if highest >= rows:
        raise ValueError(f"{origin}: its tokenizer has the id {highest} where the text tower has {rows} words")
    bare = Tokenizer.from_str(tokenizer.to_str())
    bare.no_padding()
    bare.no_truncation()
    specials = bare.encode("x").special_tokens_mask
    if len(specials) < 3 or not (specials[0] and specials[-1]):
        raise ValueError(
            f"{origin}: its tokenizer puts no special tokens ([CLS] and [SEP], or <s> and </s>) around a text, and the "
            "text tower answers at the first: save a tokenizer whose post-processor adds them"
        )


def _described(published: Published) -> Parts:
    origin, config = _address(published), published.config
    kind = _kind(published)
    common = {"kind": _WORDS[kind], "revision": published.revision}
    match kind:
        case "flava":
            ours = config_from_transformers(config, processor=_processor(published), origin=origin)
            own = _json(published, "vitrina.json")
            return Parts(
                origin,
                **common,
                geometry=PictureGeometry(ours.image.size_px, own.get("fit", "stretch"), mean=ours.mean, std=ours.std),
                image=ours.image,
                text=ours.text,
                multimodal=ours.multimodal,
                projection=ours.projection,
                codes=ours.codes,
                tokenizer=_tokenizer(published, rows=ours.text.vocabulary),
                max_tokens=own.get("max_tokens", min(PAIR_TOKENS, ours.text.positions)),
            )
        case "vit":
            tower = vit_config(config, origin=origin)
            _refuse_colours(config, origin=origin)
            geometry = _geometry(published, side_px=tower.size_px, fit="stretch", mean=_HALVES, std=_HALVES)
            return Parts(origin, **common, geometry=geometry, image=tower)
        case "clip" | "clip_vision_model":
            tower = clip_config(config, origin=origin)
            _refuse_colours(vision_settings(config), origin=origin)
            geometry = _geometry(published, side_px=tower.size_px, fit="crop", mean=_CLIP_MEAN, std=_CLIP_STD)
            notes = (_CLIP_TEXT,) if kind == "clip" else ()
            return Parts(
                origin, **common, geometry=geometry, image=tower, projection=clip_projection(config), notes=notes
            )


_CLIP_TEXT = (
    "the text tower of a CLIP is not taken: it reads from left to right and answers at its last token, where this one "
    "reads both ways and answers at its first; it starts fresh, with a tokenizer of the catalogue's own words"
)


def _kind(published: Published) -> Kind:
    found = published.config.get("model_type")
    for known in ("flava", "clip", "clip_vision_model", "vit"):
        if found == known:
            return known
    if "bert" in str(found):
        why = "it normalises after each block where the text tower here normalises before, so its weights do not fit"
    else:
        why = "only FLAVA, CLIP (its picture tower) and ViT have a place in the towers here"
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


def _clip_tensors(parts: Parts, *, published: Published) -> Parts:
    assert parts.image is not None
    tensors = _below(published.tensors, prefix="vision_model.")
    lines = [line for line in clip_names(parts.image) if line.ours != PROJECTION or line.theirs[0] in tensors]
    found = _translated(tensors, names=lines, parts=parts)
    width = parts.image.width
    ours = dict(found.tensors) | {"image.stem.projection.bias": torch.zeros(width)}
    ours["image.cls"] = ours["image.cls"].reshape(1, 1, width)
    ours["image.positions"] = ours["image.positions"][None]
    if PROJECTION not in ours:  # the tower alone
        return replace(found, tensors=ours, projection=None)
    ours["image_projection.linear.bias"] = torch.zeros(len(ours[PROJECTION]))
    return replace(found, tensors=ours, projection=len(ours[PROJECTION]))


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


def _tokenizer(published: Published, *, rows: int) -> Tokenizer:
    """The checkpoint's tokenizer: its tokenizer.json, or the word pieces of a vocab.txt as BERT reads them."""
    if "tokenizer.json" in published.files:
        try:
            tokenizer = Tokenizer.from_str(published.files["tokenizer.json"].decode())
        except Exception as error:  # the library raises nothing narrower
            raise ValueError(
                f"{published.origin}: its tokenizer.json cannot be read ({error}): fetch it again"
            ) from error
    elif "vocab.txt" in published.files:
        settings = _json(published, "tokenizer_config.json")
        tokenizer = word_pieces(published.files["vocab.txt"].decode(), lowercase=settings.get("do_lower_case", True))
    else:
        raise ValueError(
            f"{published.origin} has no tokenizer.json, without which its words cannot be read: write one by "
            "transformers' AutoTokenizer.from_pretrained(...).save_pretrained(...) and name that folder"
        )
    check_tokenizer(tokenizer, rows=rows, origin=published.origin)
    return tokenizer


def word_pieces(vocabulary: str, *, lowercase: bool) -> Tokenizer:
    """BERT's tokenizer (Devlin et al. 2019, section 3) from its vocab.txt, a word piece per line."""
    pieces = {piece: number for number, piece in enumerate(vocabulary.splitlines())}
    found = BertWordPieceTokenizer(vocab=pieces, lowercase=lowercase)
    return Tokenizer.from_str(found.to_str())


def _geometry(
    published: Published,
    *,
    side_px: int,
    fit: Literal["crop", "stretch"],
    mean: tuple[float, float, float],
    std: tuple[float, float, float],
) -> PictureGeometry:
    """How the checkpoint's own processor sees a picture; the values given are its class's own, where no file says."""
    processor = _processor(published)
    if "do_center_crop" in processor:
        fit = "crop" if processor["do_center_crop"] else "stretch"
    if processor.get("do_normalize", True):
        mean, std = (_three(processor.get(f"image_{what}") or own) for what, own in (("mean", mean), ("std", std)))
    else:
        mean, std = (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)
    return PictureGeometry(side_px, fit, mean=mean, std=std)


def _processor(published: Published) -> Mapping[str, Any]:
    """The image processor's settings, from its own file or from that of the processor which holds it."""
    own = _json(published, "preprocessor_config.json")
    return own or _json(published, "processor_config.json").get("image_processor") or {}


def _three(values: Iterable[float]) -> tuple[float, float, float]:
    red, green, blue = (float(each) for each in values)
    return red, green, blue


def _refuse_colours(config: Mapping[str, Any], *, origin: str) -> None:
    if config.get("num_channels", 3) != 3:
        raise ValueError(f"{origin} reads pictures of {config['num_channels']} channels, where pictures here have 3")


def _json(published: Published, name: str) -> dict[str, Any]:
    """One of the small files as JSON; empty where it is not there."""
    try:
        found = json.loads(published.files.get(name, b"{}"))
    except ValueError as error:
        raise ValueError(f"{published.origin}: its {name} is not valid JSON ({error}): fetch it again") from error
    if not isinstance(found, dict):
        raise ValueError(f"{published.origin}: its {name} holds no JSON object: fetch it again")
    return found
