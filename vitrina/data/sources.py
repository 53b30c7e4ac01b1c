"""Sources: which products give text-only, image-only and paired examples."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from vitrina.data.stock import Stock

Kind = Literal["text", "image", "pair"]
KINDS: tuple[Kind, ...] = ("text", "image", "pair")


@dataclass(frozen=True)
class Source:
    """The products that give examples of one kind: `rows` (n,) int64, ascending rows of the stock."""

    kind: Kind
    rows: np.ndarray


def find_sources(stock: Stock, *, split: str = "train") -> dict[Kind, Source]:
    """The sources in one split of a stock; a kind without products is absent.

    A pair is a product with a picture and a text. Image-only are the products with a picture and no text; where there
    are none, every product with a picture. Text-only likewise. Products of other splits are in no source. Raises
    ValueError where the split holds nothing to learn from.
    """
    facts = stock.facts()
    splits = numbered(facts["split"])
    belongs = splits.numbers == splits.names.index(split) if split in splits.names else np.zeros(len(facts), dtype=bool)
    has_picture = belongs & (facts["picture_count"].to_numpy() > 0)
    has_text = belongs & (facts["text_count"].to_numpy() > 0)
    chosen: dict[Kind, np.ndarray] = {
        "text": _first_with_any(has_text & ~has_picture, has_text),
        "image": _first_with_any(has_picture & ~has_text, has_picture),
        "pair": has_picture & has_text,
    }
    sources: dict[Kind, Source] = {
        kind: Source(kind, np.flatnonzero(chosen[kind])) for kind in KINDS if chosen[kind].any()
    }
    if not sources:
        paths = ", ".join(str(catalogue.path) for catalogue in stock.catalogues)
        raise ValueError(
            f"No product of split {split!r} in {paths} has a picture or a text "
            f"(splits found: {', '.join(sorted(splits.names)) or 'none'}): "
            "ingest products, or say which column holds the split."
        )
    return sources


@dataclass(frozen=True)
class Numbered:
    """A column of words as numbers: `numbers` (n,) int64 index `names`, and are -1 where the word is absent."""

    numbers: np.ndarray
    names: list[str]


def numbered(column: pa.ChunkedArray) -> Numbered:
    """A string column of facts as numbers, without a Python object per row."""
    encoded = column.combine_chunks().cast(pa.large_string()).dictionary_encode()
    numbers = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    return Numbered(numbers, encoded.dictionary.to_pylist())


def domains_of(stock: Stock) -> Numbered:
    """The business domain of every row of a stock: the product's own, or else the name of its catalogue's folder."""
    facts = stock.facts()
    own = numbered(facts["domain"])
    names = {name: number for number, name in enumerate(own.names)}
    folders = [catalogue.path.resolve().name for catalogue in stock.catalogues]
    of_folder = np.array([names.setdefault(folder, len(names)) for folder in folders], dtype=np.int64)
    numbers = np.where(own.numbers >= 0, own.numbers, of_folder[facts["catalogue"].to_numpy()])
    return Numbered(numbers, list(names))


def categories_of(stock: Stock) -> np.ndarray:
    """The number of every row's category path (n,) int64, -1 where a product has none."""
    paths = numbered(pc.call_function("binary_join", [stock.facts()["category"], "\x1f"]))
    numbers = np.where(np.array([*paths.names, ""]) == "", -1, np.arange(len(paths.names) + 1))
    return numbers[paths.numbers]


def _first_with_any(wanted: np.ndarray, otherwise: np.ndarray) -> np.ndarray:
    return wanted if wanted.any() else otherwise
