"""Ground: where in a picture is what a phrase describes? Answered by any model that locates words."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vitrina.tasks.abilities import LocatesWords
from vitrina.tasks.looking import Seen, Window, look
from vitrina.tasks.regions import Box, box_of, connected

REACH = 0.5
"""A phrase's region is where its similarity lies above this share of the way from the least to the most; set by
hand, not fitted to data."""


@dataclass(frozen=True)
class Located:
    """A phrase and its box in pixels of the stored picture. `score` is the mean similarity inside."""

    phrase: str
    box: Box
    score: float


def locate(
    model: LocatesWords,
    *,
    picture: bytes,
    phrases: Sequence[str],
    reach: float = REACH,
    window: Window | None = None,
) -> list[Located]:
    """Point at what each phrase describes; always somewhere inside the picture.

    The box is that of the region around the place which looks most like the phrase. Sizes are those of the picture as
    a catalogue stores it. Raises ValueError for no phrases, an empty one, one named twice, and a picture that cannot
    be read.

    >>> locate(model, picture=jpeg, phrases=["red bag"])[0].box  # doctest: +SKIP
    (52, 134, 78, 163)
    """
    return located(look(model, picture=picture, words=phrases, window=window), reach=reach)


def located(seen: Seen, *, reach: float = REACH) -> list[Located]:
    """`locate` of what a model has seen already: another reach costs no other look."""
    return [_located(seen, number=number, reach=reach) for number in range(len(seen.words))]


def _located(seen: Seen, *, number: int, reach: float) -> Located:
    scores = seen.scores[number]
    if not np.isfinite(scores).any():
        return Located(seen.words[number], (0, 0, seen.width, seen.height), 0.0)
    low, high = np.nanmin(scores), np.nanmax(scores)
    region = np.nan_to_num(scores, nan=-np.inf) >= low + reach * (high - low)
    regions, _ = connected(region)
    best = regions == regions.reshape(-1)[np.nanargmax(scores)]
    box = box_of(best)
    assert box is not None, "the most similar place is in its own region"
    return Located(seen.words[number], in_pixels(box, seen=seen), float(scores[best].mean()))


def in_pixels(box: Box, *, seen: Seen) -> Box:
    """A box on the raster as one in pixels of the picture, inside it and with an area."""
    rows, columns = seen.scores.shape[1:]
    x0, x1 = (round(x * seen.width / columns) for x in box[::2])
    y0, y1 = (round(y * seen.height / rows) for y in box[1::2])
    return (min(x0, seen.width - 1), min(y0, seen.height - 1), max(x1, x0 + 1), max(y1, y0 + 1))
