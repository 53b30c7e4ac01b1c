"""How an exported model reads texts and pictures in transformers: where a text ends, its tokenizer, its processor."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from tokenizers import Tokenizer
from torch import Tensor

from vitrina.data.inputs import Inputs
from vitrina.data.pictures import PictureGeometry
from vitrina.data.text import pad_id
from vitrina.models.published_inputs import OWN_FILE
from vitrina.models.towers import End

OLD_END = 2
"""The end's id in configurations of transformers from before 2023, which is no id: the highest id is the end."""


@dataclass(frozen=True)
class ExportedWords:
    """Word embeddings and tokenizer that agree on where a text ends; `end` as transformers' `eos_token_id` says it.

    `first` and `filler` are the ids that begin and fill up a text, None where no tokenizer says them.
    """

    embeddings: Tensor
    tokenizer: Tokenizer | None
    first: int | None
    end: int
    filler: int | None


def exported_words(embeddings: Tensor, *, end: End, inputs: Inputs | None, family: str) -> ExportedWords:
    """The words of a text tower that is pooled at the token of a text's `end`, as transformers needs them.

    transformers takes the id 2 of a text's end for no id at all (`OLD_END`), and tokenizers of our own give it to just
    that token: it changes places with another there, in the tokenizer as in the word embeddings. Raises ValueError,
    naming the `family`, where texts end at the last token and no tokenizer says which that is.
    """
    tokenizer = None if inputs is None else Tokenizer.from_str(inputs.tokenizer.to_str())
    first = None
    if tokenizer is not None:
        first, *_, last = _bare(tokenizer).encode("x").ids
        end = last if end == "last" else end
    if end == "last":
        raise ValueError(
            f"this {family}'s texts end at their last token, and it has no tokenizer to say which that is: give it "
            "`inputs=`"
        )
    if end == OLD_END:
        if tokenizer is None:
            raise ValueError(
                f"transformers' {family} takes the end's id {OLD_END} for another, and no tokenizer is at hand"
            )
        other = OLD_END + 1
        tokenizer = exchanged(tokenizer, one=OLD_END, other=other)
        order = torch.arange(len(embeddings))
        order[OLD_END], order[other] = other, OLD_END
        embeddings, first, end = embeddings[order], _bare(tokenizer).encode("x").ids[0], other
    number = OLD_END if end == "highest" else end
    return ExportedWords(embeddings, tokenizer, first, number, _filler(tokenizer))


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


def exported_files(geometry: PictureGeometry, *, words: ExportedWords, inputs: Inputs | None) -> dict[str, bytes]:
    """What `AutoImageProcessor` and `AutoTokenizer` need to read texts and pictures as this model does."""
    tokenizer, filler = words.tokenizer, words.filler
    files = {"preprocessor_config.json": _json(processor(geometry if inputs is None else inputs.geometry))}
    if inputs is None or tokenizer is None:
        return files
    assert filler is not None
    ids = _bare(tokenizer).encode("x").ids
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
