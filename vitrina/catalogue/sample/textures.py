"""What materials and patterns look like from near: seamless tiles, made once per process or once per article."""

import math
from dataclasses import dataclass
from functools import cache
from typing import Literal

import skia

from vitrina.catalogue.sample.colours import Colour

Texture = Literal[
    "none", "weave", "slub", "knit", "twill", "grain", "nap", "wood", "brushed", "wicker", "fur", "cast", "marble"
]

TILE_PX = 128
"""Texture and pattern tiles are squares of this many pixels."""


@dataclass(frozen=True)
class Substance:
    """How a material takes light.

    `depth` is the strength of its texture, `gloss` of its highlights, `folds` of its creases where it hangs as cloth
    (all 0..1); `metal` says whether it mirrors its surroundings and `clear_share` how much of the ground shows
    through.
    """

    texture: Texture = "none"
    depth: float = 0.0
    gloss: float = 0.0
    folds: float = 0.0
    metal: bool = False
    clear_share: float = 0.0


SUBSTANCES: dict[str, Substance] = {
    "acetate": Substance(gloss=0.8),
    "aluminium": Substance("brushed", 0.25, 0.5, metal=True),
    "board": Substance("wood", 0.28),
    "canvas": Substance("weave", 0.75, folds=0.25),
    "cardboard": Substance("slub", 0.2),
    "cast iron": Substance("cast", 0.7, 0.15),
    "ceramic": Substance(gloss=0.7),
    "cotton": Substance("weave", 0.22, folds=0.5),
    "denim": Substance("twill", 0.8, folds=0.45),
    "enamelled steel": Substance("cast", 0.1, 0.85),
    "clear glass": Substance(gloss=1.0, clear_share=0.9),
    "foil": Substance("cast", 0.3, 0.9, folds=0.35, metal=True),
    "glass": Substance(gloss=1.0, clear_share=0.42),
    "kraft paper": Substance("slub", 0.4, folds=0.25),
    "leather": Substance("grain", 0.4, 0.5, folds=0.22),
    "linen": Substance("slub", 0.55, folds=0.7),
    "marble": Substance("marble", 0.34, 0.45),
    "nylon": Substance("weave", 0.35, 0.4, folds=0.35),
    "plastic": Substance(gloss=0.6),
    "plush": Substance("fur", 0.5, folds=0.15),
    "polyester": Substance("none", 0.0, 0.25, folds=0.5),
    "porcelain": Substance(gloss=1.0),
    "rattan": Substance("wicker", 0.8),
    "rubber": Substance(gloss=0.35, folds=0.1),
    "silicone": Substance(gloss=0.2),
    "silk": Substance("none", 0.0, 0.9, folds=0.8),
    "steel": Substance("brushed", 0.3, 0.6, metal=True),
    "suede": Substance("nap", 0.55, folds=0.15),
    "velvet": Substance("nap", 0.4, 0.5, folds=0.6),
    "wood": Substance("wood", 0.55, 0.15),
    "wool": Substance("knit", 0.6, folds=0.3),
}
"""Every material of `kinds` and of the parts and grounds that go with it."""


@cache
def texture_tile(texture: Texture) -> skia.Image:
    """Dark and light marks on nothing: a premultiplied tile to lay over any colour."""
    surface = skia.Surface.MakeRasterN32Premul(TILE_PX, TILE_PX)
    canvas = surface.getCanvas()
    match texture:
        case "weave":
            _grid(canvas, step=4, slant=0)
        case "twill":
            _grid(canvas, step=4, slant=TILE_PX)
        case "knit":
            _chevrons(canvas, step=8)
        case "wicker":
            _basket(canvas, step=16)
        case "slub":
            _noise(canvas, 0.06, 0.5, contrast=3.0)
            _noise(canvas, 0.5, 0.06, contrast=3.0)
        case "grain":
            _noise(canvas, 0.4, 0.4, contrast=4.0)
        case "nap":
            _noise(canvas, 0.03, 0.04, contrast=2.5)
            _noise(canvas, 0.7, 0.7, contrast=2.5)
        case "wood":
            _noise(canvas, 0.008, 0.11, contrast=5.0)
            _noise(canvas, 0.03, 0.45, contrast=3.0)
        case "brushed":
            _noise(canvas, 0.008, 0.6, contrast=3.0)
        case "fur":
            _noise(canvas, 0.5, 0.28, contrast=4.0)
        case "cast":
            _noise(canvas, 0.5, 0.5, contrast=3.0)
        case "marble":
            _noise(canvas, 0.016, 0.022, contrast=6.0)
            _noise(canvas, 0.05, 0.04, contrast=2.0)
        case "none":
            pass
    return surface.makeImageSnapshot()


@cache
def folds_tile() -> skia.Image:
    """Soft upright creases, for cloth that hangs."""
    surface = skia.Surface.MakeRasterN32Premul(TILE_PX, TILE_PX)
    _noise(surface.getCanvas(), 0.045, 0.012, contrast=6.0)
    return surface.makeImageSnapshot()


def _noise(canvas: skia.Canvas, across: float, down: float, *, contrast: float) -> None:
    """Fractal noise as dark marks below its middle and light marks above; frequencies in 1/px."""
    shader = skia.PerlinNoiseShader.MakeFractalNoise(across, down, 2, 7.0, skia.ISize(TILE_PX, TILE_PX))
    middle = 0.5 * contrast
    for white, sign in ((1.0, 1.0), (0.0, -1.0)):
        # Alpha from the red channel, colour white above the middle and black below it.
        matrix = [0.0] * 20
        matrix[4] = matrix[9] = matrix[14] = white
        matrix[15] = sign * contrast
        matrix[19] = -sign * middle
        paint = skia.Paint(Shader=shader)
        paint.setColorFilter(skia.ColorFilters.Matrix(matrix))
        canvas.drawPaint(paint)


def _stroke(level: int, opacity: float, width: float) -> skia.Paint:
    """A line of the grey level 0 (black) to 255 (white)."""
    return skia.Paint(
        AntiAlias=True,
        Style=skia.Paint.kStroke_Style,
        StrokeWidth=width,
        Color=skia.Color(level, level, level, round(opacity * 255)),
    )


def _grid(canvas: skia.Canvas, *, step: int, slant: int) -> None:
    """Threads: light and dark lines side by side, crossed (slant 0) or as diagonal ribs."""
    for at in range(-TILE_PX if slant else 0, TILE_PX, step):
        for level in (255, 0):
            x = at + (0.0 if level else step / 2) + 0.5
            canvas.drawLine(x, 0, x + slant, TILE_PX, _stroke(level, 0.5, step * 0.3))
            if not slant:
                canvas.drawLine(0, x, TILE_PX, x, _stroke(level, 0.5, step * 0.3))


def _chevrons(canvas: skia.Canvas, *, step: int) -> None:
    """Knitted stitches: columns of small v."""
    for x in range(0, TILE_PX, step):
        canvas.drawLine(x, 0, x, TILE_PX, _stroke(0, 0.5, 1.5))
        for y in range(-step, TILE_PX, step // 2 + 1):
            canvas.drawLine(x, y, x + step / 2, y + step / 2, _stroke(255, 0.45, 1.4))
            canvas.drawLine(x + step, y, x + step / 2, y + step / 2, _stroke(0, 0.4, 1.4))


def _basket(canvas: skia.Canvas, *, step: int) -> None:
    """Woven cane: blocks of slats that go over and under."""
    for row, y in enumerate(range(0, TILE_PX, step)):
        for column, x in enumerate(range(0, TILE_PX, step)):
            for slat in range(4):
                shift = (slat + 0.5) * step / 4
                dark, light = _stroke(0, 0.55, 1.6), _stroke(255, 0.4, 1.3)
                if (row + column) % 2:
                    canvas.drawLine(x, y + shift, x + step, y + shift, light if slat % 2 else dark)
                else:
                    canvas.drawLine(x + shift, y, x + shift, y + step, light if slat % 2 else dark)
            canvas.drawRect(skia.Rect.MakeXYWH(x, y, step, step), _stroke(0, 0.5, 1.2))


def pattern_tile(pattern: str, *, accent: Colour, ground: Colour) -> skia.Image:
    """One period of a pattern: the marks in the accent colour, the ground left empty."""
    surface = skia.Surface.MakeRasterN32Premul(TILE_PX, TILE_PX)
    canvas = surface.getCanvas()
    paint = skia.Paint(AntiAlias=True, Color=skia.Color(accent.red, accent.green, accent.blue))
    half, full = TILE_PX / 2, float(TILE_PX)
    match pattern:
        case "striped":
            canvas.drawRect(skia.Rect.MakeXYWH(0, full * 0.28, full, full * 0.44), paint)
        case "dotted":
            for x, y in ((half / 2, half / 2), (half * 1.5, half * 1.5)):
                canvas.drawCircle(x, y, full * 0.17, paint)
        case "checked":
            paint.setAlphaf(0.55)
            canvas.drawRect(skia.Rect.MakeXYWH(0, 0, full, half), paint)
            canvas.drawRect(skia.Rect.MakeXYWH(0, 0, half, full), paint)
        case "zigzag":
            path = skia.Path()
            path.addPoly([(-10, 10), (half, full * 0.62), (full + 10, 10)], False)
            paint.setStyle(skia.Paint.kStroke_Style)
            paint.setStrokeWidth(full * 0.3)
            for shift in (-full, 0.0, full):
                canvas.save()
                canvas.translate(0, shift + full * 0.2)
                canvas.drawPath(path, paint)
                canvas.restore()
        case "starred":
            for x, y in ((half / 2, half / 2), (half * 1.5, half * 1.5)):
                canvas.drawPath(_star(x, y, full * 0.21), paint)
        case "floral":
            _flowers(canvas, paint, ground)
    return surface.makeImageSnapshot()


def _star(x: float, y: float, radius: float) -> skia.Path:
    points = []
    for at in range(10):
        reach = radius if at % 2 == 0 else radius * 0.42
        angle = math.pi * at / 5 - math.pi / 2
        points.append((x + reach * math.cos(angle), y + reach * math.sin(angle)))
    path = skia.Path()
    path.addPoly(points, True)
    return path


def _flowers(canvas: skia.Canvas, paint: skia.Paint, ground: Colour) -> None:
    """Two flowers of five petals and two leaves a tile."""
    leaf = skia.Paint(AntiAlias=True, Color=skia.Color(70, 128, 66) if ground.lightness > 0.3 else 0xFF8CBE78)
    heart = skia.Paint(AntiAlias=True, Color=skia.Color(236, 186, 48))
    for x, y, petal in ((36.0, 40.0, 15.0), (98.0, 100.0, 12.0)):
        for angle in (35.0, 155.0):
            canvas.save()
            canvas.translate(x, y)
            canvas.rotate(angle)
            canvas.drawOval(skia.Rect.MakeXYWH(petal * 1.2, -petal * 0.35, petal * 1.5, petal * 0.7), leaf)
            canvas.restore()
        for at in range(5):
            angle = math.tau * at / 5 + x
            canvas.drawCircle(x + petal * math.cos(angle), y + petal * math.sin(angle), petal * 0.78, paint)
        canvas.drawCircle(x, y, petal * 0.6, heart)
