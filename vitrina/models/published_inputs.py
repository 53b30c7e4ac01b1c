"""How a public checkpoint reads texts and pictures: its tokenizer, and the geometry of its own image processor."""

import json
from collections.abc import Iterable, Mapping
from typing import Any, Literal

from tokenizers import (
    BertWordPieceTokenizer,
    Regex,
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
)

from vitrina.data.pictures import PictureGeometry
from vitrina.models.published import Published

TOKENIZER_FILES = (
    "merges.txt",
    "special_tokens_map.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "vocab.json",
    "vocab.txt",
)
PROCESSOR_FILES = ("preprocessor_config.json", "processor_config.json")
OWN_FILE = "vitrina.json"
"""Ours: what the others have no word for."""

_START, _END = "<|startoftext|>", "<|endoftext|>"
_WORD = r"<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"


def has_tokenizer(published: Published) -> bool:
    """Whether a tokenizer lies beside the weights."""
    files = published.files
    return "tokenizer.json" in files or "vocab.txt" in files or {"vocab.json", "merges.txt"} <= files.keys()


def tokenizer_of(published: Published, *, rows: int) -> Tokenizer:
    """The checkpoint's tokenizer: its tokenizer.json, a vocab.txt as BERT reads it, or CLIP's vocab.json and merges.

    Raises ValueError where there is none, and for one that `check_tokenizer` refuses.
    """
    files = published.files
    if "tokenizer.json" in files:
        try:
            tokenizer = Tokenizer.from_str(files["tokenizer.json"].decode())
        except Exception as error:  # the library raises nothing narrower
            raise ValueError(
                f"{published.origin}: its tokenizer.json cannot be read ({error}): fetch it again"
            ) from error
    elif "vocab.txt" in files:
        settings = small_json(published, "tokenizer_config.json")
        tokenizer = word_pieces(files["vocab.txt"].decode(), lowercase=settings.get("do_lower_case", True))
    elif has_tokenizer(published):
        tokenizer = byte_pairs(small_json(published, "vocab.json"), merges=files["merges.txt"].decode())
    else:
        raise ValueError(
            f"{published.origin} has no tokenizer.json, without which its words cannot be read: write one by "
            "transformers' AutoTokenizer.from_pretrained(...).save_pretrained(...) and name that folder"
        )
    check_tokenizer(tokenizer, rows=rows, origin=published.origin)
    return tokenizer


def check_tokenizer(tokenizer: Tokenizer, *, rows: int, origin: str) -> None:
    """Raise ValueError where a tokenizer does not read as the text towers here need it.

    A sequence begins with a special token and ends with another, of which one stands for the text; no id is beyond the
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
            "text tower answers at one of them: save a tokenizer whose post-processor adds them"
        )


def word_pieces(vocabulary: str, *, lowercase: bool) -> Tokenizer:
    """BERT's tokenizer (Devlin et al. 2019, section 3) from its vocab.txt, a word piece per line."""
    pieces = {piece: number for number, piece in enumerate(vocabulary.splitlines())}
    found = BertWordPieceTokenizer(vocab=pieces, lowercase=lowercase)
    return Tokenizer.from_str(found.to_str())


def byte_pairs(vocabulary: Mapping[str, int], *, merges: str) -> Tokenizer:
    """CLIP's tokenizer (Radford et al. 2021, section 2.4) from its vocab.json and merges.txt, a pair per line.

    Lower-cased byte pairs whose last ends in `</w>`; a text stands between `<|startoftext|>` and `<|endoftext|>`.
    Raises ValueError for a vocabulary without these two.
    """
    if not {_START, _END} <= vocabulary.keys():
        raise ValueError(f"a vocabulary without {_START} and {_END} is not CLIP's: bring its tokenizer.json")
    pairs = [tuple(line.split()) for line in merges.splitlines() if len(line.split()) == 2]
    pairs = [(one, other) for one, other in pairs if not one.startswith("#version")]
    byte_pair = models.BPE(
        vocab=dict(vocabulary), merges=pairs, continuing_subword_prefix="", end_of_word_suffix="</w>", unk_token=_END
    )
    tokenizer = Tokenizer(byte_pair)
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.NFC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Lowercase()]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_WORD), behavior="removed", invert=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([_START, _END])
    end, start = (_END, vocabulary[_END]), (_START, vocabulary[_START])
    tokenizer.post_processor = processors.RobertaProcessing(end, start, trim_offsets=False, add_prefix_space=False)
    return tokenizer


def geometry_of(
    published: Published,
    *,
    side_px: int,
    fit: Literal["crop", "stretch"],
    mean: tuple[float, float, float],
    std: tuple[float, float, float],
) -> PictureGeometry:
    """How the checkpoint's own processor sees a picture; the values given are its class's own, where no file says."""
    processor = processor_of(published)
    if "do_center_crop" in processor:
        fit = "crop" if processor["do_center_crop"] else "stretch"
    if processor.get("do_normalize", True):
        mean, std = (three(processor.get(f"image_{what}") or own) for what, own in (("mean", mean), ("std", std)))
    else:
        mean, std = (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)
    own = small_json(published, OWN_FILE)
    return PictureGeometry(side_px, own.get("fit", fit), mean=mean, std=std)


def processor_of(published: Published) -> Mapping[str, Any]:
    """The image processor's settings, from its own file or from that of the processor which holds it."""
    own = small_json(published, "preprocessor_config.json")
    return own or small_json(published, "processor_config.json").get("image_processor") or {}


def small_json(published: Published, name: str) -> dict[str, Any]:
    """One of the small files as JSON; empty where it is not there."""
    try:
        found = json.loads(published.files.get(name, b"{}"))
    except ValueError as error:
        raise ValueError(f"{published.origin}: its {name} is not valid JSON ({error}): fetch it again") from error
    if not isinstance(found, dict):
        raise ValueError(f"{published.origin}: its {name} holds no JSON object: fetch it again")
    return found


def three(values: Iterable[float]) -> tuple[float, float, float]:
    """A number per colour."""
    red, green, blue = (float(each) for each in values)
    return red, green, blue
