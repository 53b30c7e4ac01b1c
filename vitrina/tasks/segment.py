"""Segment: which pixels of a picture show which of some words? Answered by any model that locates words."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vitrina.catalogue.product import Product
from vitrina.tasks.abilities import LocatesWords
from vitrina.tasks.looking import Seen, Window, interpolation, look

BACKGROUND = 0.5
"""Where no word stands out by this many deviations it is background; set by hand, not fitted to data."""

_ROWS = 64  # of the picture at a time: many words on a large picture never stand in memory at full size


@dataclass(frozen=True)
class Masks:
    """`labels` (h, w) int64 of the stored picture: 0 is background, i + 1 is `words[i]`.

    `scores` (c, rows, columns) float32 says how much each word stands out, on a raster of the picture, see
    `standing_out`.
    """

    words: tuple[str, ...]
    labels: np.ndarray
    scores: np.ndarray

    def share(self, word: str) -> float:
        """The share of the picture that shows a word."""
        return float((self.labels == self.words.index(word) + 1).mean())


def masks(
    model: LocatesWords,
    *,
    picture: bytes,
    words: Sequence[str],
    background: float = BACKGROUND,
    window: Window | None = None,
) -> Masks:
    """Name every pixel of a picture by the word that stands out most there, or as background.

    `background` is how much a word has to stand out (`standing_out`); `window` looks at a large picture piece by piece.
    Raises ValueError for no words, an empty word, one named twice, and a picture that cannot be read.

    >>> masks(model, picture=jpeg, words=["shoe", "bag"]).share("shoe")  # doctest: +SKIP
    0.31
    """
    return masks_of(look(model, picture=picture, words=words, window=window), background=background)


def masks_of(seen: Seen, *, background: float = BACKGROUND) -> Masks:
    """`masks` of what a model has seen already: another threshold costs no other look."""
    scores = standing_out(seen)
    return Masks(seen.words, _labels(scores, seen=seen, background=background), scores)


def standing_out(seen: Seen) -> np.ndarray:
    """(c, rows, columns) float32: how far the similarity at a place lies above its mean over the picture.

    In deviations, which are taken over the whole picture and all words: a word that resembles everything a little
    stands out nowhere, and one that the picture does not show stands out less than one that it does. Zero where the
    model did not look, and everywhere where it sees no difference.
    """
    there = np.isfinite(seen.scores)
    mean = np.nanmean(np.where(there, seen.scores, np.nan), axis=(1, 2), keepdims=True) if there.any() else 0.0
    apart = np.where(there, seen.scores - mean, 0.0)
    deviation = float(np.sqrt((apart**2).sum() / max(1, int(there.sum()))))
    return (apart / deviation if deviation > _NOTHING else np.zeros_like(apart)).astype(np.float32)


def own_words(product: Product) -> tuple[str, ...]:
    """What a product's pictures are asked for when nobody names words: its narrowest category, else its first title.

    Empty where the product has neither.
    """
    if product.category:
        return product.category[-1:]
    return (product.titles[0].text,) if product.titles else ()


_NOTHING = 1e-6


def _labels(scores: np.ndarray, *, seen: Seen, background: float) -> np.ndarray:
    """(h, w) int64 from scores on a raster, a strip of the picture at a time."""
    rows, columns = scores.shape[1:]
    across = interpolation((np.arange(seen.width) + 0.5) * columns / seen.width - 0.5, cells=columns)
    down = interpolation((np.arange(seen.height) + 0.5) * rows / seen.height - 0.5, cells=rows)
    labels = np.empty((seen.height, seen.width), np.int64)
    for start in range(0, seen.height, _ROWS):
        strip = down[start : start + _ROWS] @ (scores @ across.T)
        best = strip.argmax(axis=0)
        labels[start : start + _ROWS] = np.where(strip.max(axis=0) > background, best + 1, 0)
    return labels
