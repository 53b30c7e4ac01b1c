"""Products as vectors: the mean of their pictures' and the mean of their texts', each for itself."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from vitrina.catalogue.product import Product
from vitrina.tasks.abilities import EmbedsBoth

Part = TypeVar("Part", str, bytes)


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
    pictures, unreadable = _means([each.pictures for each in products], embed=model.embed_images)
    texts, _ = _means([[text.text for text in each.texts] for each in products], embed=model.embed_texts)
    width = max(pictures.shape[1], texts.shape[1])
    empty = np.zeros((len(products), width), dtype=np.float32)
    return Sides(pictures if pictures.any() else empty, texts if texts.any() else empty, unreadable=unreadable)


def together(parts: Sequence[Sides]) -> Sides:
    """Several lots of products as one; an empty list gives none."""
    width = max((each.pictures.shape[1] for each in parts), default=1)
    filled = [each for each in parts if len(each)]
    pictures = [_wide(each.pictures, width=width) for each in filled] or [np.zeros((0, width), np.float32)]
    texts = [_wide(each.texts, width=width) for each in filled] or [np.zeros((0, width), np.float32)]
    return Sides(np.concatenate(pictures), np.concatenate(texts), unreadable=sum(each.unreadable for each in parts))


def _wide(vectors: np.ndarray, *, width: int) -> np.ndarray:
    return vectors if vectors.shape[1] == width else np.zeros((len(vectors), width), dtype=np.float32)


def _means(parts: Sequence[Sequence[Part]], *, embed: Callable[[Sequence[Part]], np.ndarray]) -> tuple[np.ndarray, int]:
    """(n, d) normalised means, zero where there is nothing, and how many parts could not be read."""
    flat = [part for some in parts for part in some]
    owners = np.repeat(np.arange(len(parts)), [len(some) for some in parts])
    vectors, is_read = _embedded(flat, embed=embed)
    sums = np.zeros((len(parts), vectors.shape[1]), dtype=np.float32)
    np.add.at(sums, owners[is_read], vectors)
    return sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-12), int((~is_read).sum())


def _embedded(flat: Sequence[Part], *, embed: Callable[[Sequence[Part]], np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """The vectors of what can be read, and (n,) bool that says what could."""
    if not flat:
        return np.zeros((0, 1), dtype=np.float32), np.zeros(0, dtype=bool)
    try:
        return embed(flat), np.ones(len(flat), dtype=bool)
    except (ValueError, OSError):  # one of them, or several: halves find which
        if len(flat) == 1:
            return np.zeros((0, 1), dtype=np.float32), np.zeros(1, dtype=bool)
    middle = len(flat) // 2
    halves = [_embedded(some, embed=embed) for some in (flat[:middle], flat[middle:])]
    found = [vectors for vectors, _ in halves if len(vectors)]
    vectors = np.concatenate(found) if found else np.zeros((0, 1), dtype=np.float32)
    return vectors, np.concatenate([is_read for _, is_read in halves])
