"""Products as vectors: the mean of their pictures' and the mean of their texts', each for itself."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from vitrina.catalogue.product import Product
from vitrina.tasks.abilities import EmbedsBoth

Part = TypeVar("Part", str, bytes)


@dataclass(frozen=True)
class Parts:
    """Pictures or texts of n products: `vectors` (m, d) float32 of length one, and the product `owner` (m,) int64 of
    each, ascending from 0 below n."""

    vectors: np.ndarray
    owner: np.ndarray

    def means(self, products: int) -> np.ndarray:
        """(n, d) float32: each product's normalised mean vector, zero where it has no part."""
        sums = np.zeros((products, self.vectors.shape[1]), dtype=np.float32)
        np.add.at(sums, self.owner, self.vectors)
        return unit(sums)


@dataclass(frozen=True)
class Sides:
    """`pictures`, `texts` (n, d) float32: rows of length one, zero where a product has none that can be read.

    `unreadable` counts the pictures that could not be.
    """

    pictures: np.ndarray
    texts: np.ndarray
    unreadable: int = 0

    def __len__(self) -> int:
        return len(self.pictures)

    @property
    def has_picture(self) -> np.ndarray:
        """(n,) bool."""
        return np.any(self.pictures, axis=1)

    @property
    def has_text(self) -> np.ndarray:
        """(n,) bool."""
        return np.any(self.texts, axis=1)

    def rows(self, chosen: np.ndarray) -> "Sides":
        """Some of the products, by mask or index."""
        return Sides(self.pictures[chosen], self.texts[chosen])


def embed_products(model: EmbedsBoth, *, products: Sequence[Product]) -> Sides:
    """The vectors of products; a picture that cannot be read counts as none."""
    pictures, texts = embed_parts(model, products=products)
    given = sum(len(each.pictures) for each in products)
    return Sides(pictures.means(len(products)), texts.means(len(products)), unreadable=given - len(pictures.owner))


def embed_parts(model: EmbedsBoth, *, products: Sequence[Product]) -> tuple[Parts, Parts]:
    """Every picture and every text of products that can be read."""
    return (
        _parts([each.pictures for each in products], embed=model.embed_images),
        _parts([[text.text for text in each.texts] for each in products], embed=model.embed_texts),
    )


def together(parts: Sequence[Sides]) -> Sides:
    """Several lots of products as one; an empty list gives none."""
    if not parts:
        return Sides(np.zeros((0, 1), np.float32), np.zeros((0, 1), np.float32))
    return Sides(
        np.concatenate([each.pictures for each in parts]),
        np.concatenate([each.texts for each in parts]),
        unreadable=sum(each.unreadable for each in parts),
    )


def unit(vectors: np.ndarray) -> np.ndarray:
    """Vectors (n, d) at length one; zero stays zero."""
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)


def _parts(given: Sequence[Sequence[Part]], *, embed: Callable[[Sequence[Part]], np.ndarray]) -> Parts:
    flat = [part for some in given for part in some]
    owner = np.repeat(np.arange(len(given)), [len(some) for some in given])
    order = np.argsort([len(part) for part in flat], kind="stable")  # parts of one length in a batch: little padding
    vectors, is_read = _embedded([flat[number] for number in order], embed=embed)
    kept = order[is_read]
    back = np.argsort(kept)
    return Parts(vectors[back], owner[kept[back]])


def _embedded(flat: Sequence[Part], *, embed: Callable[[Sequence[Part]], np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """The vectors of what can be read, and (n,) bool that says what could."""
    try:
        return embed(flat), np.ones(len(flat), dtype=bool)
    except (ValueError, OSError):  # one of them, or several: halves find which
        if len(flat) < 2:
            return embed(flat[:0]), np.zeros(len(flat), dtype=bool)
    middle = len(flat) // 2
    halves = [_embedded(some, embed=embed) for some in (flat[:middle], flat[middle:])]
    return np.concatenate([vectors for vectors, _ in halves]), np.concatenate([is_read for _, is_read in halves])
