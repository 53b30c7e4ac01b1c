"""Mismatch: products whose pictures, texts or category do not belong together, the most doubtful first."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np

from vitrina.catalogue.product import Product
from vitrina.catalogue.store import Catalogue
from vitrina.catalogue.walk import walk
from vitrina.labelling.parts import check_out, write_csv
from vitrina.tasks.abilities import EmbedsBoth
from vitrina.tasks.belonging import doubts
from vitrina.tasks.product_vectors import Parts, embed_parts
from vitrina.tasks.sameness import numbered
from vitrina.training.load import load_embedding

Part = Literal["picture", "text", "category"]

_SHOWN = 15
_SEED = 0


@dataclass(frozen=True, slots=True)
class Doubt:
    """The part of a product that stands out most: `number` counts pictures, or titles and then descriptions, from 0.

    `score` counts spreads above the catalogue's middle.
    """

    product: Product
    part: Part
    number: int
    score: float

    @property
    def where(self) -> str:
        """The part in words: `picture 2`, `title`, `description 1`, `category`."""
        if self.part != "text":
            return "category" if self.part == "category" else f"picture {self.number}"
        titles = len(self.product.titles)
        return f"title {self.number}" if self.number < titles else f"description {self.number - titles}"


@dataclass(frozen=True)
class Mismatches:
    """A doubt about every product that can be doubted, the greatest first, of `products` products."""

    doubts: tuple[Doubt, ...]
    products: int
    out: Path | None

    def text(self) -> str:
        """A table for the terminal."""
        lines = [
            f"{len(self.doubts):,} of {self.products:,} products could be checked; the most doubtful first.",
            "The score says by how many spreads a part fits worse than the catalogue's middle.",
            "",
        ]
        for doubt in self.doubts[:_SHOWN]:
            title = doubt.product.texts[0].text if doubt.product.texts else ""
            shelf = " › ".join(doubt.product.category[-2:])
            lines.append(
                f"{doubt.score:6.1f}  {doubt.where:<14}  {doubt.product.id:<18.18}  {title:<44.44}  {shelf}".rstrip()
            )
        if self.out is not None:
            lines += ["", f"All of them: {self.out}"]
        return "\n".join(lines)


def find_mismatches(
    run: str | os.PathLike[str],
    *,
    catalogue: str | os.PathLike[str],
    out: str | os.PathLike[str] | None = None,
) -> Mismatches:
    """Ask a run's model which products of a catalogue hold what does not belong to them.

    Every picture is compared with its product's texts and with the categories of pictures that look alike, every text
    likewise. `out` is a CSV of all doubts. The model may have learnt from this very catalogue, its wrong rows
    included, as long as it did not learn them by heart. Raises ValueError where the model does not embed both, or
    where the catalogue holds too little to compare.
    """
    target = None if out is None else Path(out)
    if target is not None:
        check_out(target, suffixes=(".csv",))
    opened = Catalogue.open(catalogue)
    found = doubtful(load_embedding(run), catalogue=opened)
    if target is not None:
        write_csv(target, names=("score", "id", "part", "text", "title", "category"), rows=map(_row, found))
    return Mismatches(found, products=len(opened), out=target)


def doubtful(model: EmbedsBoth, *, catalogue: Catalogue) -> tuple[Doubt, ...]:
    """The greatest doubt about each product that can be compared with something, the most doubtful first."""
    products, pictures, texts = _embedded(model, catalogue=catalogue)
    category = numbered(each.category for each in products)
    category[[not each.category for each in products]] = -1
    group = numbered(each.group if each.group is not None else ("alone", row) for row, each in enumerate(products))
    found = doubts(pictures, texts=texts, category=category, group=group, seed=_SEED)
    scores = np.concatenate([found.pictures, found.texts, found.categories])
    owners = np.concatenate([pictures.owner, texts.owner, np.arange(len(products))])
    kinds: list[Part] = ["picture", "text", "category"]
    kind = np.repeat(np.arange(3), [len(found.pictures), len(found.texts), len(found.categories)])
    number = np.concatenate([_places(pictures.owner), _places(texts.owner), np.zeros(len(products), np.int64)])
    if np.isnan(scores).all():
        raise ValueError(
            f"{catalogue.path}: nothing can be compared: it takes some products with pictures and texts, or with "
            "either and a category"
        )
    order = [place for place in np.argsort(-scores, kind="stable").tolist() if not np.isnan(scores[place])]
    greatest: dict[int, Doubt] = {}
    for place in order:
        owner = int(owners[place])
        if owner not in greatest:
            greatest[owner] = Doubt(products[owner], kinds[kind[place]], int(number[place]), float(scores[place]))
    return tuple(greatest.values())


def _embedded(model: EmbedsBoth, *, catalogue: Catalogue) -> tuple[list[Product], Parts, Parts]:
    """Every product without its pictures' bytes, and the vectors of every picture and of every text."""
    products: list[Product] = []
    pictures: list[Parts] = []
    texts: list[Parts] = []
    for lot in walk(catalogue, what="looking and reading"):
        for side, parts in zip((pictures, texts), embed_parts(model, products=lot), strict=True):
            side.append(Parts(parts.vectors, parts.owner + len(products)))
        products += [replace(product, pictures=()) for product in lot]
    return products, _joined(pictures), _joined(texts)


def _joined(parts: Sequence[Parts]) -> Parts:
    if not parts:
        return Parts(np.zeros((0, 1), np.float32), np.zeros(0, np.int64))
    return Parts(np.concatenate([each.vectors for each in parts]), np.concatenate([each.owner for each in parts]))


def _places(owner: np.ndarray) -> np.ndarray:
    """(m,): the how manieth part of its product each part is; owners ascend."""
    starts = np.searchsorted(owner, owner, side="left")
    return np.arange(len(owner)) - starts


def _row(doubt: Doubt) -> Sequence[str]:
    product = doubt.product
    said = product.texts[doubt.number].text if doubt.part == "text" else ""
    title = product.texts[0].text if product.texts else ""
    return (f"{doubt.score:.3f}", product.id, doubt.where, said, title, " > ".join(product.category))
