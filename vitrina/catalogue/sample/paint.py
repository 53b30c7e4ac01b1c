"""Puts the parts of an article on a canvas: ground colour, pattern, texture, light and shadow."""

from dataclasses import dataclass

import skia

from vitrina.catalogue.sample.colours import BLACK, WHITE, Colour
from vitrina.catalogue.sample.figure import Finish, Form, Line, Part
from vitrina.catalogue.sample.textures import (
    SUBSTANCES,
    TILE_PX,
    Substance,
    folds_tile,
    pattern_tile,
    texture_tile,
)

TEXTURE_UNITS = 0.8
"""How far one texture tile reaches, in units of the box."""


@dataclass(frozen=True)
class Light:
    """Where light comes from: `x` -1 (left) to 1 (right), `y` below 0 (from above), and `strength` 0..1."""

    x: float
    y: float
    strength: float


class Painter:
    """Paints parts and lines under one light; keeps the pattern tiles of the article that it paints."""

    def __init__(self, light: Light) -> None:
        self._light = light
        self._patterns: dict[tuple[str, Colour, Colour], skia.Image] = {}

    def paint(self, canvas: skia.Canvas, mark: Part | Line) -> None:
        """Paints one mark over what is there."""
        if isinstance(mark, Line):
            _draw_line(canvas, mark)
            return
        finish, path = mark.finish, mark.path
        substance = SUBSTANCES[finish.material]
        canvas.drawPath(path, skia.Paint(AntiAlias=True, Color=argb(finish.colour, 1 - substance.clear_share)))
        if finish.pattern != "plain":
            canvas.drawPath(path, skia.Paint(AntiAlias=True, Shader=self._pattern(finish)))
        if substance.depth:
            shader = _tiled(texture_tile(substance.texture), span=TEXTURE_UNITS, turn_degrees=finish.turn_degrees)
            canvas.drawPath(path, skia.Paint(AntiAlias=True, Shader=shader, Alphaf=substance.depth * 0.55))
        bounds = path.computeTightBounds()
        self._shade(canvas, path, bounds, mark.form, finish.colour, substance)
        if mark.form == "cloth" and substance.folds and bounds.width() > 0.2:
            shader = _tiled(folds_tile(), span=1.3, turn_degrees=finish.turn_degrees + 6.0, shift=bounds.left())
            canvas.drawPath(path, skia.Paint(AntiAlias=True, Shader=shader, Alphaf=substance.folds * 0.3))
        if mark.form != "flat":
            self._bevel(canvas, path, bounds, finish.colour, solid=1 - substance.clear_share)
        if substance.gloss:
            self._gloss(canvas, path, bounds, mark.form, substance)
        edge = skia.Paint(AntiAlias=True, Style=skia.Paint.kStroke_Style, StrokeWidth=0.008)
        edge.setColor(argb(finish.colour.shade, 0.5))
        canvas.drawPath(path, edge)

    def _pattern(self, finish: Finish) -> skia.Shader:
        key = (finish.pattern, finish.accent, finish.colour)
        if key not in self._patterns:
            self._patterns[key] = pattern_tile(finish.pattern, accent=finish.accent, ground=finish.colour)
        return _tiled(self._patterns[key], span=finish.period, turn_degrees=finish.turn_degrees)

    def _shade(
        self,
        canvas: skia.Canvas,
        path: skia.Path,
        bounds: skia.Rect,
        form: Form,
        colour: Colour,
        substance: Substance,
    ) -> None:
        """The broad run from light to shadow that the form makes."""
        dark, light = colour.shade, colour.light
        strong = self._light.strength
        if form in ("round", "lying"):
            across = self._light.x if form == "round" else self._light.y
            start, end = (
                ((bounds.left(), 0), (bounds.right(), 0))
                if form == "round"
                else ((0, bounds.top()), (0, bounds.bottom()))
            )
            peak = 0.5 + 0.3 * across
            if substance.metal:
                stops = [0.0, peak * 0.45, peak, peak + (1 - peak) * 0.35, peak + (1 - peak) * 0.7, 1.0]
                shades = [
                    argb(dark, 0.75),
                    argb(light, 0.35),
                    argb(WHITE, 0.75),
                    argb(light, 0.15),
                    argb(dark, 0.6),
                    argb(light, 0.2),
                ]
            else:
                stops = [0.0, peak, 1.0]
                lit = argb(light, 0.35 * strong)
                shades = [argb(dark, 0.35 + 0.35 * peak * strong), lit, argb(dark, 0.7 - 0.35 * peak * strong)]
            shader = skia.GradientShader.MakeLinear([skia.Point(*start), skia.Point(*end)], shades, stops)
        elif form == "ball":
            centre = skia.Point(
                bounds.centerX() + bounds.width() * 0.22 * self._light.x,
                bounds.centerY() + bounds.height() * 0.25 * self._light.y,
            )
            reach = max(bounds.width(), bounds.height()) * 0.78
            shader = skia.GradientShader.MakeRadial(
                centre, reach, [argb(light, 0.55 * strong), argb(colour, 0.0), argb(dark, 0.75)], [0.0, 0.4, 1.0]
            )
        else:
            reach = max(bounds.width(), bounds.height()) * 0.6
            towards = (self._light.x * reach, self._light.y * reach)
            middle = (bounds.centerX(), bounds.centerY())
            shader = skia.GradientShader.MakeLinear(
                [
                    skia.Point(middle[0] + towards[0], middle[1] + towards[1]),
                    skia.Point(middle[0] - towards[0], middle[1] - towards[1]),
                ],
                [argb(light, 0.35 * strong), argb(colour, 0.0), argb(dark, 0.35 * strong)],
                [0.0, 0.45, 1.0],
            )
        veil = skia.Paint(AntiAlias=True, Shader=shader, Alphaf=1 - substance.clear_share * 0.8)
        canvas.drawPath(path, veil)

    def _bevel(self, canvas: skia.Canvas, path: skia.Path, bounds: skia.Rect, colour: Colour, *, solid: float) -> None:
        """A soft dark rim away from the light, so that the part has thickness."""
        small = min(bounds.width(), bounds.height())
        if small < 0.09:
            return
        width = min(small * 0.22, 0.13)
        canvas.save()
        canvas.clipPath(path, skia.ClipOp.kIntersect, True)
        rim = skia.Paint(AntiAlias=True, Style=skia.Paint.kStroke_Style, StrokeWidth=width)
        rim.setMaskFilter(skia.MaskFilter.MakeBlur(skia.kNormal_BlurStyle, width * 0.38))
        rim.setColor(argb(colour.shade, 0.55 * solid))
        canvas.translate(self._light.x * width * 0.35, self._light.y * width * 0.35)
        canvas.drawPath(path, rim)
        canvas.restore()

    def _gloss(self, canvas: skia.Canvas, path: skia.Path, bounds: skia.Rect, form: Form, substance: Substance) -> None:
        """The highlight of a smooth surface: a band on cylinders and cloth, a spot on balls."""
        clear = argb(WHITE, 0.0)
        strong = min(substance.gloss * self._light.strength, 1.0)
        if form == "ball":
            centre = skia.Point(
                bounds.centerX() + bounds.width() * 0.24 * self._light.x,
                bounds.centerY() + bounds.height() * 0.26 * self._light.y,
            )
            shader = skia.GradientShader.MakeRadial(
                centre,
                max(min(bounds.width(), bounds.height()) * 0.28, 1e-3),
                [argb(WHITE, 0.9 * strong), argb(WHITE, 0.5 * strong), clear],
                [0.0, 0.35, 1.0],
            )
        elif form in ("round", "lying"):
            share = 0.5 + 0.28 * (self._light.x if form == "round" else self._light.y)
            stops = [0.0, share - 0.09, share - 0.045, share + 0.045, share + 0.09, 0.9, 0.95, 1.0]
            level = argb(WHITE, 0.75 * strong)
            shades = [clear, clear, level, level, clear, clear, argb(WHITE, 0.3 * strong), clear]
            ends = (
                [skia.Point(bounds.left(), 0), skia.Point(bounds.right(), 0)]
                if form == "round"
                else [skia.Point(0, bounds.top()), skia.Point(0, bounds.bottom())]
            )
            shader = skia.GradientShader.MakeLinear(ends, shades, stops)
        else:
            # Satin and coated cloth: broad slanting bands, more of them where the part is large.
            span = 0.55
            ends = [skia.Point(bounds.left(), bounds.top()), skia.Point(bounds.left() + span, bounds.top() + 0.2)]
            lit, dim = (0.8, 0.4) if substance.metal else (0.4, 0.14)
            wave = [clear, argb(WHITE, lit * strong), clear, argb(BLACK, dim * strong), clear]
            shader = skia.GradientShader.MakeLinear(ends, wave, [0.0, 0.22, 0.5, 0.75, 1.0], skia.TileMode.kRepeat)
        canvas.drawPath(path, skia.Paint(AntiAlias=True, Shader=shader))


def argb(colour: Colour, opacity: float = 1.0) -> int:
    """The colour as skia takes it."""
    return skia.Color(colour.red, colour.green, colour.blue, round(255 * min(max(opacity, 0.0), 1.0)))


def _draw_line(canvas: skia.Canvas, line: Line) -> None:
    paint = skia.Paint(AntiAlias=True, Style=skia.Paint.kStroke_Style, StrokeWidth=line.width)
    paint.setStrokeCap(skia.Paint.kRound_Cap)
    paint.setColor(argb(line.colour, line.opacity))
    if line.dash:
        paint.setPathEffect(skia.DashPathEffect.Make([line.dash, line.dash * 0.8], 0.0))
    canvas.drawPath(line.path, paint)


def _tiled(tile: skia.Image, *, span: float, turn_degrees: float, shift: float = 0.0) -> skia.Shader:
    """The tile repeated over the plane, each copy `span` units wide."""
    matrix = skia.Matrix()
    matrix.setRotate(turn_degrees)
    matrix.preTranslate(shift * 3.1, shift * 1.7)
    matrix.preScale(span / TILE_PX, span / TILE_PX)
    sampling = skia.SamplingOptions(skia.FilterMode.kLinear, skia.MipmapMode.kLinear)
    return tile.makeShader(skia.TileMode.kRepeat, skia.TileMode.kRepeat, sampling, matrix)
