"""Masks drawn: pictures, what is true of them and what a model answers, one below the other."""

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from vitrina.evaluation.segmentation import Scene
from vitrina.models.checkpoint import write_bytes
from vitrina.segmentation.overlay import colour_of

_SIDE_PX = 112
_MARGIN_PX = 22
_ACROSS = 10
_DIMMED = 0.35
_TINT = 0.55


def draw_masks(scenes: Sequence[Scene], *, answers: Sequence[np.ndarray], out: Path) -> None:
    """Write a PNG: of every scene the picture, its exact masks and the answer's, ten scenes in a row.

    What is background is dimmed; a word has the same colour in both.
    """
    rows = [slice(start, start + _ACROSS) for start in range(0, len(scenes), _ACROSS)]
    height = _MARGIN_PX + 3 * _SIDE_PX
    page = Image.new("RGB", (min(_ACROSS, len(scenes)) * _SIDE_PX, height * len(rows)), "white")
    draw, font = ImageDraw.Draw(page), ImageFont.load_default(12)
    for row, some in enumerate(rows):
        for column, (scene, answer) in enumerate(zip(scenes[some], answers[some], strict=True)):
            x, y = column * _SIDE_PX, row * height
            draw.text((x + 4, y + 4), _fitting(", ".join(scene.words), font=font), fill=(30, 30, 30), font=font)
            with Image.open(io.BytesIO(scene.picture)) as opened:
                picture = opened.convert("RGB")
            for place, tile in enumerate(
                (picture, _painted(picture, scene, scene.labels), _painted(picture, scene, answer))
            ):
                page.paste(_framed(tile), (x, y + _MARGIN_PX + place * _SIDE_PX))
    file = io.BytesIO()
    page.quantize(128).save(file, "PNG", optimize=True)
    write_bytes(out, content=file.getvalue())


def _painted(picture: Image.Image, scene: Scene, labels: np.ndarray) -> Image.Image:
    colours = np.zeros((len(scene.names) + 1, 3), np.float32)
    for number, word in enumerate(scene.words):
        colours[scene.names.index(word) + 1] = colour_of(number)
    pixels = np.asarray(picture.resize(labels.shape[::-1])).astype(np.float32)
    named = (1 - _TINT) * pixels + _TINT * colours[labels]
    return Image.fromarray(np.where(labels[..., None] > 0, named, _DIMMED * pixels).round().astype(np.uint8))


def _framed(tile: Image.Image) -> Image.Image:
    """The picture in the middle of a white square."""
    tile.thumbnail((_SIDE_PX - 4, _SIDE_PX - 4))
    square = Image.new("RGB", (_SIDE_PX, _SIDE_PX), "white")
    square.paste(tile, ((_SIDE_PX - tile.width) // 2, (_SIDE_PX - tile.height) // 2))
    return square


def _fitting(text: str, *, font: ImageFont.FreeTypeFont | ImageFont.ImageFont) -> str:
    while font.getlength(text) > _SIDE_PX - 6 and len(text) > 2:
        text = text[:-2] + "…"
    return text
