"""The products that a model is asked about, and the titles that it has seen."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from vitrina.catalogue.product import Product
from vitrina.catalogue.store import Catalogue
from vitrina.tasks.sameness import plain

LARGEST = 5_000
"""Products that an evaluation asks about at most: a larger split is sampled, and the evaluation says so."""

TAUGHT = 2_000
"""Training products that a tagger learns from in an evaluation at most: enough to see what its confidence is worth."""


@dataclass(frozen=True)
class HeldOut:
    """The products of a split with their catalogue rows; `available` counts the split before sampling.

    `domains` are the products' business domains: their own, or the name of the catalogue's folder.
    """

    split: str
    rows: np.ndarray
    products: list[Product]
    domains: list[str]
    available: int


def held_out(catalogue: Catalogue, *, split: str, seed: int) -> HeldOut:
    """The products of a split that hold a picture or a text, at most LARGEST of them, drawn by the seed.

    Raises ValueError where the split does not exist or holds nothing to ask about.
    """
    facts = catalogue.facts()
    splits = np.array(facts["split"].to_pylist(), dtype=object)
    there = sorted(set(splits.tolist()))
    if split not in there:
        raise ValueError(
            f"{catalogue.path} has no split {split!r}; it has {', '.join(there) or 'no products at all'}. "
            "Name one of these, or ingest held-out products."
        )
    something = (facts["picture_count"].to_numpy() > 0) | (facts["text_count"].to_numpy() > 0)
    rows = np.flatnonzero((splits == split) & something)
    if not len(rows):
        raise ValueError(f"The {split} products of {catalogue.path} have neither pictures nor texts to ask about.")
    chosen = rows
    if len(rows) > LARGEST:
        chosen = np.sort(np.random.default_rng(seed).choice(rows, LARGEST, replace=False))
    products, folder = catalogue.read(chosen), catalogue.path.resolve().name
    return HeldOut(split, chosen, products, [each.domain or folder for each in products], available=len(rows))


def taught(catalogue: Catalogue, *, seed: int, most: int = TAUGHT) -> list[Product]:
    """Training products that a tagger learns from in an evaluation: with a picture, at most `most`, by the seed."""
    facts = catalogue.facts()
    is_train = np.array(facts["split"].to_pylist(), dtype=object) == "train"
    rows = np.flatnonzero(is_train & (facts["picture_count"].to_numpy() > 0))
    if len(rows) > most:
        rows = np.sort(np.random.default_rng(seed).choice(rows, most, replace=False))
    return catalogue.read(rows)


def titles_seen(catalogues: Sequence[Catalogue]) -> set[str]:
    """Every title of the training products, as sameness sees it."""
    return {title for catalogue in catalogues for title in _train_titles(catalogue.facts())}


def _train_titles(facts: pa.Table) -> list[str]:
    columns = zip(facts["split"].to_pylist(), facts["titles"].to_pylist(), strict=True)
    return [plain(title["text"]) for split, titles in columns if split == "train" for title in titles or ()]
