"""A picture with its masks painted over it, and a legend that says which colour is which word."""

import io
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from vitrina.tasks.segment import Masks

_COLOURS = (
    (230, 85, 13), (31, 119, 180), (44, 160, 44), (148, 103, 189), (214, 39, 40), (23, 190, 207),
    (227, 119, 194), (188, 189, 34), (140, 86, 75), (60, 60, 160), (255, 187, 40), (0, 128, 110),
)  # fmt: skip
_OPACITY = 0.5
_SHOWN_PX = 512  # smaller pictures are shown larger, so that the legend can be read
_TEXT = (30, 30, 30)


def colour_of(number: int) -> tuple[int, int, int]:
    """The colour of word `number`, from 0: twelve that are told apart easily, then darker ones of the same."""
    base = _COLOURS[number % len(_COLOURS)]
    shade = 0.7 ** (number // len(_COLOURS))
    return (round(base[0] * shade), round(base[1] * shade), round(base[2] * shade))


def overlay(picture: Image.Image, *, masks: Masks) -> bytes:
    """A PNG of the picture with every word's pixels in its colour and outlined, and a legend with shares below."""
    labels = masks.labels
    pixels = np.asarray(picture.convert("RGB")).astype(np.float32)
    factor = max(1, round(_SHOWN_PX / max(pixels.shape[:2])))
    pixels = pixels.repeat(factor, axis=0).repeat(factor, axis=1) if factor > 1 else pixels
    labels = labels.repeat(factor, axis=0).repeat(factor, axis=1) if factor > 1 else labels
    palette = np.array([(0, 0, 0), *(colour_of(number) for number in range(len(masks.words)))], np.float32)
    tint = palette[labels]
    share = np.where(labels > 0, _OPACITY, 0.0)
    share[_outline(labels)] = 1.0
    painted = pixels * (1 - share[..., None]) + tint * share[..., None]
    shown = Image.fromarray(painted.round().astype(np.uint8))
    legend = _legend(masks, width=shown.width)
    page = Image.new("RGB", (shown.width, shown.height + legend.height), "white")
    page.paste(shown, (0, 0))
    page.paste(legend, (0, shown.height))
    return _png(page)


def label_mask(masks: Masks) -> bytes:
    """A palette PNG of 8 bits: pixel values are 0 for background and i + 1 for word i, in the overlay's colours.

    Raises ValueError for more than 255 words, which 8 bits do not hold.
    """
    if len(masks.words) > 255:
        raise ValueError(f"a mask of 8 bits tells 255 words apart, these are {len(masks.words)}: name fewer")
    image = Image.fromarray(masks.labels.astype(np.uint8), mode="P")
    image.putpalette([0, 0, 0, *(part for number in range(len(masks.words)) for part in colour_of(number))])
    return _png(image)


def _outline(labels: np.ndarray) -> np.ndarray:
    """(h, w) bool: named pixels beside another name."""
    framed = np.pad(labels, 1, mode="edge")
    beside = (framed[:-2, 1:-1], framed[2:, 1:-1], framed[1:-1, :-2], framed[1:-1, 2:])
    return (labels > 0) & np.any([each != labels for each in beside], axis=0)


def _legend(masks: Masks, *, width: int) -> Image.Image:
    """Colour, word and share of the picture, wrapped into lines of `width` pixels."""
    font = ImageFont.load_default(16)
    entries = [(number, f"{word} {masks.share(word):.0%}") for number, word in enumerate(masks.words)]
    lines = _wrapped(entries, font=font, width=width)
    image = Image.new("RGB", (width, 12 + 26 * len(lines)), "white")
    draw = ImageDraw.Draw(image)
    for row, line in enumerate(lines):
        x, y = 10, 8 + 26 * row
        for number, text in line:
            draw.rectangle((x, y + 1, x + 16, y + 17), fill=colour_of(number), outline=(90, 90, 90))
            draw.text((x + 22, y), text, fill=_TEXT, font=font)
            x += _room(text, font=font)
    return image


def _wrapped(
    entries: Sequence[tuple[int, str]], *, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, width: int
) -> list[list[tuple[int, str]]]:
    lines: list[list[tuple[int, str]]] = [[]]
    used = 10
    for number, text in entries:
        shown = text
        while _room(shown, font=font) > width - 10 and len(shown) > 4:
            shown = shown[:-2] + "…"
        needed = _room(shown, font=font)
        if lines[-1] and used + needed > width:
            lines.append([])
            used = 10
        lines[-1].append((number, shown))
        used += needed
    return lines


def _room(text: str, *, font: ImageFont.FreeTypeFont | ImageFont.ImageFont) -> int:
    return 22 + round(font.getlength(text)) + 18


def _png(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG", optimize=True)
    return out.getvalue()
