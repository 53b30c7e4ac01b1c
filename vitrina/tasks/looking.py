"""Looking for words in a picture: similarities on a raster of the whole picture, at once or window by window."""

import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import simplejpeg
from PIL import Image

from vitrina.catalogue.pictures import canonicalise
from vitrina.tasks.abilities import LocatesWords
from vitrina.tasks.regions import Box

RASTER_PX = 256
"""The longest side of a raster: finer than the cells of any model here, and few enough figures for many words."""

_AT_ONCE = 16  # windows that a model is shown together


@dataclass(frozen=True)
class Window:
    """Squares of `side_px` pixels of the picture, `stride_px` apart, where the picture is larger than one.

    GroupViT (Xu et al. 2022, section 4.1) looks through windows of 448 with a stride of 224. Where windows overlap,
    what they see is averaged.
    """

    side_px: int
    stride_px: int

    def __post_init__(self) -> None:
        if self.side_px < 8 or not 1 <= self.stride_px <= self.side_px:
            raise ValueError(
                f"a window of {self.side_px} pixels with stride {self.stride_px}: choose a side of 8 or more, and a "
                "stride from 1 to the side"
            )

    def boxes(self, *, height: int, width: int) -> list[Box]:
        """The windows of a picture, row by row; the last of each row and column ends at the picture's edge."""
        tops, lefts = (self._starts(length) for length in (height, width))
        side = self.side_px
        return [(x, y, min(x + side, width), min(y + side, height)) for y in tops for x in lefts]

    def _starts(self, length: int) -> list[int]:
        last = max(0, length - self.side_px)
        return [*range(0, last, self.stride_px), last]


@dataclass(frozen=True)
class Seen:
    """What a model sees of c words in a picture of `height` by `width` pixels.

    `scores` (c, rows, columns) float32 are similarities on a raster that covers the picture exactly; NaN where the
    model did not look.
    """

    words: tuple[str, ...]
    scores: np.ndarray
    height: int
    width: int


def look(model: LocatesWords, *, picture: bytes, words: Sequence[str], window: Window | None = None) -> Seen:
    """Where `model` sees each of `words` in a picture; through `window` where one is given and the picture is larger.

    Sizes are those of the picture as a catalogue stores it (`canonicalise`). Memory holds one raster of the words and
    16 windows at a time. Raises ValueError for no words, an empty word, the same word twice, and a picture that cannot
    be read.
    """
    named = checked(words)
    upright = canonicalise(picture)
    height, width = (int(side) for side in simplejpeg.decode_jpeg_header(upright)[:2])
    shrink = min(1.0, RASTER_PX / max(height, width))
    rows, columns = max(1, round(height * shrink)), max(1, round(width * shrink))
    boxes = [(0, 0, width, height)] if window is None else window.boxes(height=height, width=width)
    total = np.zeros((len(named), rows, columns), np.float32)
    looks = np.zeros((rows, columns), np.float32)
    for start in range(0, len(boxes), _AT_ONCE):
        some = boxes[start : start + _AT_ONCE]
        pieces = [upright] if len(boxes) == 1 else _pieces(upright, boxes=some)
        for (x0, y0, x1, y1), cells in zip(some, model.similarity_maps(pieces, words=named), strict=True):
            down = _Axis.of(rows, length=height, start=y0, stop=y1, cells=cells.shape[1])
            across = _Axis.of(columns, length=width, start=x0, stop=x1, cells=cells.shape[2])
            there = np.isfinite(cells).all(axis=0).astype(np.float32)
            share = down.weights @ there @ across.weights.T
            values = down.weights @ np.nan_to_num(cells) @ across.weights.T
            is_seen = share >= 0.5
            total[:, down.places, across.places] += np.where(is_seen, values / np.maximum(share, 0.5), 0)
            looks[down.places, across.places] += is_seen
    scores = np.where(looks > 0, total / np.maximum(looks, 1), np.nan).astype(np.float32)
    return Seen(named, scores, height=height, width=width)


def checked(words: Sequence[str]) -> tuple[str, ...]:
    """The words without white space around them. ValueError for none, an empty one, or one that stands there twice."""
    named = tuple(" ".join(word.split()) for word in words)
    if not named or not all(named):
        raise ValueError(f"{list(words)!r} names no words to look for: give one or more, for example shoe, bag")
    if strange := [word for word in named if any("\ud800" <= sign <= "\udfff" for sign in word)]:
        raise ValueError(f"{strange[0]!r} is no text in UTF-8: write it otherwise")
    if len({word.casefold() for word in named}) < len(named):
        raise ValueError(f"a word stands twice in {', '.join(named)}: name each once")
    return named


@dataclass(frozen=True)
class _Axis:
    """The raster's places along one side that lie in a window, and what each takes of the window's cells."""

    places: slice
    weights: np.ndarray

    @classmethod
    def of(cls, count: int, *, length: int, start: int, stop: int, cells: int) -> "_Axis":
        centres = (np.arange(count) + 0.5) * length / count
        first, last = np.searchsorted(centres, [start, stop])
        weights = interpolation((centres[first:last] - start) / (stop - start) * cells - 0.5, cells=cells)
        return cls(slice(int(first), int(last)), weights)


def interpolation(places: np.ndarray, *, cells: int) -> np.ndarray:
    """(n, cells) float32: what a value at each of `places` (n,), counted in cells, takes of the cells around it."""
    inside = np.clip(places, 0, cells - 1)
    low = np.minimum(inside.astype(np.int64), max(0, cells - 2))
    share = (inside - low).astype(np.float32)
    weights = np.zeros((len(places), cells), np.float32)
    rows = np.arange(len(places))
    weights[rows, low] = 1 - share
    weights[rows, np.minimum(low + 1, cells - 1)] += share
    return weights


def _pieces(upright: bytes, *, boxes: Sequence[Box]) -> list[bytes]:
    with Image.open(io.BytesIO(upright)) as image:
        pixels = np.asarray(image.convert("RGB"))
    return [
        simplejpeg.encode_jpeg(np.ascontiguousarray(pixels[y0:y1, x0:x1]), quality=95, colorsubsampling="444")
        for x0, y0, x1, y1 in boxes
    ]
