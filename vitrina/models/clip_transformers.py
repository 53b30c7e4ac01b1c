"""CLIP from and to transformers' `CLIPModel`: a folder, a hub id or the model itself.

Reading and writing back is bit for bit: what our model has no use for (the tokenizer's and processor's files, numbers
that older versions stored) is carried along.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from tokenizers import Tokenizer
from torch import Tensor

from vitrina.data.inputs import Inputs
from vitrina.data.pictures import PictureGeometry
from vitrina.data.text import pad_id
from vitrina.models.checkpoint import (
    WEIGHTS,
    Carried,
    load_exactly,
    to_ours,
    to_theirs,
    write_bytes,
    write_tensors,
)
from vitrina.models.clip import MEAN, STD, Clip, ClipConfig
from vitrina.models.clip_names import (
    CARRIED_TENSORS,
    OLD_END,
    config_from_transformers,
    config_to_transformers,
    names,
    picture_config,
    refuse_what_does_not_fit,
)
from vitrina.models.published import CONFIG, Published, read_published
from vitrina.models.published_inputs import (
    OWN_FILE,
    PROCESSOR_FILES,
    TOKENIZER_FILES,
    geometry_of,
    has_tokenizer,
    small_json,
    tokenizer_of,
)

if TYPE_CHECKING:
    from transformers import CLIPModel

CARRIED_FILES = (*PROCESSOR_FILES, *TOKENIZER_FILES, OWN_FILE)


def read_clip(model_or_path: "CLIPModel | str | Path") -> Clip:
    """A folder, a hub id or a transformers model -> ours, with `inputs` where the checkpoint brings a tokenizer."""
    checkpoint = read_published(model_or_path, files=CARRIED_FILES)
    config, geometry = described(checkpoint)
    translated = to_ours(checkpoint.tensors, names=names(config), origin=checkpoint.origin)
    strangers = sorted(translated.rest.keys() - set(CARRIED_TENSORS))
    if strangers:
        raise ValueError(f"The checkpoint {checkpoint.origin} has unexpected tensors: {', '.join(strangers[:5])}")
    model = Clip(config, inputs=inputs_from(checkpoint, config=config, geometry=geometry))
    load_exactly(model, tensors=translated.ours, origin=checkpoint.origin)
    model.carried = Carried(checkpoint.config, tensors=translated.rest, files=checkpoint.files)
    return model


def described(checkpoint: Published) -> tuple[ClipConfig, PictureGeometry]:
    """Our configuration of a checkpoint in transformers' layout, and how it sees pictures."""
    origin = checkpoint.origin
    side = picture_config(checkpoint.config, origin=origin).size_px
    geometry = geometry_of(checkpoint, side_px=side, fit="crop", mean=MEAN, std=STD)
    return config_from_transformers(checkpoint.config, geometry=geometry, origin=origin), geometry


def inputs_from(checkpoint: Published, *, config: ClipConfig, geometry: PictureGeometry) -> Inputs | None:
    """How a checkpoint reads texts and pictures; None where it brings no tokenizer."""
    if not has_tokenizer(checkpoint):
        return None
    tokenizer = tokenizer_of(checkpoint, rows=config.text.vocabulary)
    return Inputs(tokenizer, geometry, max_tokens=longest(checkpoint, config=config))


def longest(checkpoint: Published, *, config: ClipConfig) -> int:
    """The longest text in tokens that a checkpoint was made for."""
    return small_json(checkpoint, OWN_FILE).get("max_tokens", config.text.positions)


def write_clip(model: Clip, *, path: str | Path) -> None:
    """Write config.json, model.safetensors, and the tokenizer's and processor's files into the folder `path`.

    `CLIPModel` takes the id 2 of a text's end for no id at all (`OLD_END`), and tokenizers of our own give it to just
    that token: it changes places with another there, in the tokenizer as in the word embeddings. Raises ValueError for
    a model that `CLIPModel` cannot hold, and for one whose texts end at the last token where no tokenizer says which.
    """
    refuse_what_does_not_fit(model.config)
    state = model.state_dict()
    if model.carried is None:
        words = _words(model)
        state["text.words.weight"] = words.embeddings
        carried = Carried(words.config, files=_files(model, tokenizer=words.tokenizer))
    else:
        carried = model.carried
    tensors = to_theirs(state, names=names(model.config)) | carried.tensors
    folder = Path(path)
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in carried.files.items():
        write_bytes(folder / name, content=content)
    write_tensors(folder / WEIGHTS, tensors=tensors, metadata={"format": "pt"})
    write_bytes(folder / CONFIG, content=_json(carried.config))


@dataclass(frozen=True)
class _Words:
    """Word embeddings, configuration and tokenizer that agree on where a text ends."""

    embeddings: Tensor
    config: dict[str, Any]
    tokenizer: Tokenizer | None


def _words(model: Clip) -> _Words:
    config, embeddings = model.config, model.text.words.weight.detach()
    tokenizer = None if model.inputs is None else Tokenizer.from_str(model.inputs.tokenizer.to_str())
    first, end = None, config.text.end
    if tokenizer is not None:
        first, *_, last = _bare(tokenizer).encode("x").ids
        end = last if end == "last" else end
    if end == "last":
        raise ValueError(
            "this CLIP's texts end at their last token, and it has no tokenizer to say which that is: give it `inputs=`"
        )
    if end == OLD_END:
        if tokenizer is None:
            raise ValueError(
                f"transformers' CLIP takes the end's id {OLD_END} for another, and no tokenizer is at hand"
            )
        other = OLD_END + 1
        tokenizer = exchanged(tokenizer, one=OLD_END, other=other)
        order = torch.arange(len(embeddings))
        order[OLD_END], order[other] = other, OLD_END
        embeddings, first, end = embeddings[order], _bare(tokenizer).encode("x").ids[0], other
    number = OLD_END if end == "highest" else end
    return _Words(
        embeddings, config_to_transformers(config, first=first, end=number, filler=_filler(tokenizer)), tokenizer
    )


def _filler(tokenizer: Tokenizer | None) -> int | None:
    """The id that transformers fills texts up with: the tokenizer's own, or its end, as no text is read beyond that."""
    if tokenizer is None:
        return None
    token = tokenizer.id_to_token(pad_id(tokenizer))
    own = token is not None and token.strip("[]<>|").lower() == "pad"
    return pad_id(tokenizer) if own else _bare(tokenizer).encode("x").ids[-1]


def _bare(tokenizer: Tokenizer) -> Tokenizer:
    bare = Tokenizer.from_str(tokenizer.to_str())
    bare.no_padding()
    bare.no_truncation()
    return bare


def exchanged(tokenizer: Tokenizer, *, one: int, other: int) -> Tokenizer:
    """A tokenizer that reads as this does and gives two tokens each other's ids."""
    places = {one: other, other: one}

    def moved(number: int) -> int:
        return places.get(number, number)

    plain = json.loads(tokenizer.to_str())
    vocabulary = plain["model"]["vocab"]
    if not isinstance(vocabulary, dict):
        raise ValueError(f"a {plain['model']['type']} tokenizer has no numbers that could be exchanged")
    plain["model"]["vocab"] = {token: moved(number) for token, number in vocabulary.items()}
    added = [each | {"id": moved(each["id"])} for each in plain["added_tokens"]]
    plain["added_tokens"] = sorted(added, key=lambda each: each["id"])
    processor = plain["post_processor"]
    for each in (processor.get("special_tokens") or {}).values():
        each["ids"] = [moved(number) for number in each["ids"]]
    for name in ("cls", "sep"):
        if name in processor:
            processor[name][1] = moved(processor[name][1])
    return Tokenizer.from_str(json.dumps(plain))


def _files(model: Clip, *, tokenizer: Tokenizer | None) -> dict[str, bytes]:
    """What `AutoImageProcessor` and `AutoTokenizer` need to read texts and pictures as this model does."""
    config, inputs = model.config, model.inputs
    geometry = PictureGeometry(config.image.size_px, "crop", mean=config.mean, std=config.std)
    files = {"preprocessor_config.json": _json(processor(geometry if inputs is None else inputs.geometry))}
    if inputs is None or tokenizer is None:
        return files
    ids, filler = _bare(tokenizer).encode("x").ids, _filler(tokenizer)
    assert filler is not None
    first, end, fill = (tokenizer.id_to_token(number) for number in (ids[0], ids[-1], filler))
    files[OWN_FILE] = _json({"fit": inputs.geometry.fit, "max_tokens": inputs.max_tokens})
    files["tokenizer.json"] = tokenizer.to_str().encode()
    files["tokenizer_config.json"] = _json(
        {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "model_max_length": inputs.max_tokens,
            "model_input_names": ["input_ids", "attention_mask"],
            "padding_side": "right",
            "bos_token": first,
            "eos_token": end,
            "pad_token": fill,
        }
    )
    return files


def processor(geometry: PictureGeometry) -> dict[str, Any]:
    """The preprocessor_config.json of an image processor that shows pictures as `geometry` does."""
    side = geometry.size_px
    square = {"height": side, "width": side}
    common: dict[str, Any] = {"image_mean": geometry.mean, "image_std": geometry.std, "resample": 3}
    common |= {"do_convert_rgb": True, "processor_class": "CLIPProcessor"}
    match geometry.fit:
        case "pad":  # the one that pads to the middle of a square, with the colour that it subtracts
            return common | {"image_processor_type": "JanusImageProcessor", "size": square, "min_size": 1}
        case "crop":
            own = {"size": {"shortest_edge": side}, "crop_size": square, "do_center_crop": True}
        case "stretch":
            own = {"size": square, "do_center_crop": False}
    return common | {"image_processor_type": "CLIPImageProcessor"} | own


def _json(content: Mapping[str, Any]) -> bytes:
    return (json.dumps(content, indent=2, sort_keys=True) + "\n").encode()
