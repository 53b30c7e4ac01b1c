"""What is wrong with one picture, and how it looks in 128 bits: decoded once, at a fraction of its size.

Each rule was measured against an oracle and against 1,600 ordinary pictures of four shops (400 each, of 60 to 224
pixels, among them 400 photographs taken in a store); `PICTURE_RULES` states the figures.
"""

import hashlib
from dataclasses import dataclass

import numpy as np
import simplejpeg
from PIL import Image

DECODED_SIDE_PX = 160
"""Pictures are decoded at the smallest scale of eighths whose shorter side has at least so many pixels: what does not
show there does not show at the 64 to 224 pixels that models train at."""
TINY_SIDE_PX = 64
"""A picture whose longer side is shorter has to be enlarged for the smallest model."""
STRANGE_RATIO = 3.0
"""Longer side over shorter: beyond it two thirds of a padded square are padding."""

UNREADABLE, BLANK, TEXT_CARD, COLLAGE, BLURRED, LOW_CONTRAST, TINY, STRANGE_ASPECT = (1 << bit for bit in range(8))

_BLANK_DISTANCE, _BLANK_SHARE = 12, 0.002
_LOW_RANGE = 30.0
_SOFT_EDGE = 0.15
_SEAM_STEP, _SEAM_SHARE, _SEAM_REACH = 14, 0.93, 0.022
_BOARD_WIDTHS, _BOARD_SHARE, _GUTTER_DEVIATION = (0.02, 0.14), 0.8, 4.0
_SEAM_PLACES = (1 / 4, 1 / 3, 1 / 2, 2 / 3, 3 / 4)
_CARD_SIDE_PX = 96
_HASH_SIDE, _HASH_ROWS, _HASH_BITS = 32, 16, 128


@dataclass(frozen=True, slots=True)
class PictureRule:
    """A way in which a picture can be poor: its `flag`, a `key` for machines, a title, and what was measured."""

    flag: int
    key: str
    title: str
    measured: str


PICTURE_RULES = (
    PictureRule(UNREADABLE, "picture_unreadable", "Pictures that cannot be decoded", "Exact."),
    PictureRule(
        BLANK,
        "picture_blank",
        "Blank pictures",
        f"Fewer than {_BLANK_SHARE:.1%} of the pixels differ from the commonest colour. All of 100 drawn "
        "blanks, with and without noise, found; 1 of 1,600 ordinary pictures accused: a white box on white.",
    ),
    PictureRule(
        TEXT_CARD,
        "picture_text",
        "Pictures of text: cards, screenshots, size charts, “no image”",
        "Narrow lines of many strokes on one background. Finds 9 of 10 drawn cards (300, 20 typefaces); 0 of 1,600 "
        "ordinary pictures accused, but shelves with rows of small things may be. Text over a photograph is not "
        "found; pictures under "
        f"{_CARD_SIDE_PX} pixels are not judged.",
    ),
    PictureRule(
        COLLAGE,
        "picture_collage",
        "Collages: several pictures tiled into one",
        "A straight edge over the whole height or width at a half, a third or a quarter, that is no edge of a board. "
        "Finds 78 to 100 % of tiled photographs (15 layouts, 80 each; none of three by three with wide gutters), none "
        "to 60 % of tiled pictures with white backgrounds (white beside white has no edge); 5 of 900 ordinary pictures "
        "of three shops accused, curtains and framed ones, and none of 84 drawn shelves.",
    ),
    PictureRule(
        BLURRED,
        "picture_blurred",
        "Blurred pictures",
        f"The steepest edge spans less than {_SOFT_EDGE:.0%} of the contrast in one pixel, seen at {DECODED_SIDE_PX} "
        "pixels. Finds 74 % of pictures blurred by 2 pixels (sigma) there, all of 300 by 3; 0 of 1,600 ordinary ones "
        "accused.",
    ),
    PictureRule(
        LOW_CONTRAST,
        "picture_low_contrast",
        "Pictures with hardly any contrast",
        f"98 % of the pixels lie within {_LOW_RANGE:.0f} of 255 levels. 2 of 1,600 ordinary pictures accused: white "
        "goods on white.",
    ),
    PictureRule(TINY, "picture_tiny", "Tiny pictures", f"The longer side has fewer than {TINY_SIDE_PX} pixels. Exact."),
    PictureRule(
        STRANGE_ASPECT,
        "picture_aspect",
        "Pictures much longer than wide, or wider than long",
        f"One side is over {STRANGE_RATIO:.0f} times the other. Exact.",
    ),
)


@dataclass(frozen=True, slots=True)
class PictureFacts:
    """One picture: `content` (64 bits of a digest of its bytes), `look` (a perceptual hash as two uint64), its size in
    pixels, and `broken`: the flags of the rules that it breaks, each with how badly (larger is worse)."""

    content: int
    look: tuple[int, int]
    width: int
    height: int
    broken: dict[int, float]

    @property
    def flags(self) -> int:
        return sum(self.broken)


def examine(encoded: bytes) -> PictureFacts:
    """The facts of one JPEG; one that cannot be decoded breaks the rule `UNREADABLE` and has no size."""
    content = int.from_bytes(hashlib.blake2b(encoded, digest_size=8).digest(), "little")
    try:
        height, width = map(int, simplejpeg.decode_jpeg_header(encoded)[:2])
        pixels = _decode(encoded, side=min(DECODED_SIDE_PX, width, height))
    except ValueError:
        return PictureFacts(content, (0, 0), 0, 0, {UNREADABLE: 1.0})
    return PictureFacts(content, look(pixels), width, height, _broken_rules(pixels, width=width, height=height))


def look(pixels: np.ndarray) -> tuple[int, int]:
    """A perceptual hash of pixels (h, w, 3): the signs of the 128 lowest frequencies, the mean apart, of the grey
    picture (pHash: Zauner 2010, with twice the bits).

    Measured in bits of 128, median and 99 %: recompressed at quality 50: 1 and 5; scaled to 70 %: 4 and 10 (pictures of
    60 pixels: 9 and 22); 6 % brighter: 1 and 8. Distinct products rarely come closer than 11.
    """
    grey = Image.fromarray(pixels).convert("L").resize((_HASH_SIDE, _HASH_SIDE), Image.Resampling.BOX)
    waves = _COSINES @ np.asarray(grey, dtype=np.float32) @ _COSINES.T
    first, second = np.packbits(waves.ravel()[_LOWEST] > 0).view(np.uint64)
    return int(first), int(second)


def thumbnail(encoded: bytes, *, side: int) -> np.ndarray:
    """(side, side, 3) float32: the picture squeezed into a square, for comparing. ValueError where it is damaged."""
    # From four times the side: boxes of uneven width would shift edges by parts of a pixel.
    pixels = _decode(encoded, side=4 * side)
    return np.asarray(Image.fromarray(pixels).resize((side, side), Image.Resampling.BOX), dtype=np.float32)


def _decode(encoded: bytes, *, side: int) -> np.ndarray:
    return simplejpeg.decode_jpeg(encoded, colorspace="RGB", min_height=side, min_width=side, min_factor=1)


def _broken_rules(pixels: np.ndarray, *, width: int, height: int) -> dict[int, float]:
    broken: dict[int, float] = {}
    longer, shorter = max(width, height), min(width, height)
    if longer < TINY_SIDE_PX:
        broken[TINY] = 1 / longer
    if longer > STRANGE_RATIO * shorter:
        broken[STRANGE_ASPECT] = longer / shorter
    if _is_blank(pixels):
        return {**broken, BLANK: 1.0}  # a blank is also blurred, low in contrast …: said once
    grey = np.asarray(Image.fromarray(pixels).convert("L"))
    contrast = float(max(_level(grey, share=0.99) - _level(grey, share=0.01), 1))
    if contrast < _LOW_RANGE:
        broken[LOW_CONTRAST] = 1 / contrast
    if (edge := _steepest_edge(grey) / contrast) < _SOFT_EDGE:
        broken[BLURRED] = 1 / max(edge, 1e-3)
    if (strokes := _lines_of_strokes(grey)) > 0:
        broken[TEXT_CARD] = strokes
    elif (seam := _longest_seam(pixels)) > _SEAM_SHARE:
        broken[COLLAGE] = seam
    return broken


def _is_blank(pixels: np.ndarray) -> bool:
    usual = np.array([_level(pixels[:, :, channel], share=0.5) for channel in range(3)], np.int16)
    return bool((_largest_channel(np.abs(pixels - usual)) > _BLANK_DISTANCE).mean() < _BLANK_SHARE)


def _largest_channel(values: np.ndarray) -> np.ndarray:
    """(h, w): many times faster than `values.max(2)`, whose inner loop runs over three numbers."""
    return np.maximum(np.maximum(values[:, :, 0], values[:, :, 1]), values[:, :, 2])


def _steepest_edge(grey: np.ndarray) -> int:
    """Levels from one pixel to the next, at the 99.5th percentile."""
    levels = grey.astype(np.int16)
    steps = [np.abs(np.diff(levels, axis=axis)).astype(np.uint8).ravel() for axis in (0, 1)]
    return _level(np.concatenate(steps), share=0.995)


def _level(levels: np.ndarray, *, share: float) -> int:
    """The level (0 to 255) that a share of the values does not exceed: a percentile by counting."""
    counts = np.bincount(levels.ravel(), minlength=256)
    return int(np.searchsorted(np.cumsum(counts), share * levels.size))


def _longest_seam(pixels: np.ndarray) -> float:
    """The largest share of the height (or width) that one straight edge at a half, a third or a quarter takes, the
    edges of boards left out."""
    longest = 0.0
    for axis in (0, 1):
        image = np.moveaxis(pixels, axis, 0).astype(np.int16)
        shares = (_largest_channel(np.abs(np.diff(image, axis=1))) > _SEAM_STEP).mean(0)
        columns = image.shape[1]
        reach = max(2.0, _SEAM_REACH * columns)
        for place in _SEAM_PLACES:
            middle = place * columns - 1
            first = max(0, int(middle - reach))
            near = shares[first : int(np.ceil(middle + reach)) + 1]
            if near.size and near.max() > longest and not _is_board(image, shares, edge=first + int(near.argmax())):
                longest = float(near.max())
    return longest


def _is_board(image: np.ndarray, shares: np.ndarray, *, edge: int) -> bool:
    """Whether another long edge runs beside this one with something between them that is not of one colour: a shelf
    has a front, where a gutter between pictures is empty."""
    least, most = (int(share * len(shares)) for share in _BOARD_WIDTHS)
    others = np.flatnonzero(shares > _BOARD_SHARE)
    distances = np.abs(others - edge)
    others = others[(distances >= max(1, least)) & (distances <= most)]
    if not len(others):
        return False
    first, last = sorted((edge, int(others[np.abs(others - edge).argmin()])))
    between = image[:, first + 2 : last]
    return between.size == 0 or float(between.std((0, 1)).max()) > _GUTTER_DEVIATION


def _lines_of_strokes(grey: np.ndarray) -> float:
    """How many strokes the rows with writing hold, per hundred columns; 0 for what is no card of text."""
    height, width = grey.shape
    if min(height, width) < _CARD_SIDE_PX:
        return 0.0
    background = np.bincount(grey.ravel() >> 2, minlength=64).argmax() * 4 + 2
    distance = np.abs(grey.astype(np.int16) - background)
    ink = distance > 36
    rows = ink.mean(1) > 0.004
    ends = np.flatnonzero(np.diff(np.concatenate([[0], rows.astype(np.int8), [0]])))
    lines = ends[1::2] - ends[::2]
    if not len(lines) or (distance < 14).mean() < 0.55 or lines.max() > 0.3 * height or not 0.01 < ink.mean() < 0.4:
        return 0.0
    strokes = np.abs(np.diff(ink.astype(np.int8), axis=1)).sum(1)[rows].mean() / 2 / width * 100
    return float(strokes) if strokes > 3.5 else 0.0


_COSINES = np.array(
    [
        [np.cos(np.pi * (2 * place + 1) * wave / (2 * _HASH_SIDE)) for place in range(_HASH_SIDE)]
        for wave in range(_HASH_ROWS)
    ],
    np.float32,
)
_LOWEST = np.array(
    [
        row * _HASH_ROWS + column
        for row, column in sorted(
            ((row, column) for row in range(_HASH_ROWS) for column in range(_HASH_ROWS) if row + column),
            key=lambda place: (sum(place), place),
        )[:_HASH_BITS]
    ]
)
