"""What a search engine must do for an index: find products by words and by nearness, and keep up with a catalogue.

An engine knows products by their digest (16 bytes that identify everything about a product), so that what it holds of
a product is never out of date: a changed product is another one. `vitrina.index.lance` is the embedded engine; a server
for several machines goes behind the same few verbs.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from vitrina.index.words import ProductWords


@dataclass(frozen=True)
class Entry:
    """What an engine keeps of a product: its digest, its words and, where it finds by nearness, its vector (d,)."""

    digest: bytes
    words: ProductWords
    vector: np.ndarray | None


@dataclass(frozen=True)
class Matches:
    """What an engine found: digests (n, 16) uint8 and scores (n,) float32, best first. `is_all`: there is no more."""

    digests: np.ndarray
    scores: np.ndarray
    is_all: bool


class DamagedError(ValueError):
    """What an engine keeps cannot be read: it must be made anew."""


class Engine(Protocol):
    """Words, and vectors where there are many, of one catalogue."""

    def digests(self) -> set[bytes]:
        """The products that are there."""
        ...

    def add(self, entries: Iterable[Entry]) -> None:
        """Add products; those that are there stay as they are."""
        ...

    def remove(self, digests: Sequence[bytes]) -> None:
        """Take products away; those that are not there are no error."""
        ...

    def settle(self) -> None:
        """Make what was added quick to find."""
        ...

    def words(self, *, most: int) -> list[ProductWords]:
        """The words of the products, of more than `most` those with the lowest digests, which is as good as a draw."""
        ...

    def find_words(self, terms: Mapping[str, float], *, limit: int, among: Sequence[bytes] | None) -> Matches:
        """Products that have any of the terms, by BM25 (Robertson & Zaragoza 2009), where each term counts its weight;
        only those `among`, where given.

        Raises DamagedError, as `find_near`.
        """
        ...

    def find_near(self, vector: np.ndarray, *, limit: int) -> Matches:
        """Products whose vector points where `vector` (d,) points: at least `limit` where there are, with about their
        cosine. Whoever wants the nearest compares them exactly."""
        ...
