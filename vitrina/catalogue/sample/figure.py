"""What a drawn article is made of: named parts with outlines, and the short ways to outline them.

Coordinates: x to the right and y down in a box of -1..1; articles that stand have their foot near y = .85.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import skia

from vitrina.catalogue.sample.article import Article
from vitrina.catalogue.sample.colours import Colour
from vitrina.catalogue.sample.draws import Draws
from vitrina.catalogue.sample.lettering import lettering

Form = Literal["cloth", "flat", "round", "lying", "ball"]
"""How light runs over a part: fabric with folds, a flat sheet, an upright or lying cylinder, a ball."""

Point = tuple[float, float]


@dataclass(frozen=True)
class Finish:
    """What a part is made of: colour, material, and a pattern printed or woven in a second colour.

    `turn_degrees` and `period` (units of the box) place the pattern.
    """

    colour: Colour
    material: str
    pattern: str = "plain"
    accent: Colour = field(default_factory=lambda: Colour(255, 255, 255))
    period: float = 0.2
    turn_degrees: float = 0.0


@dataclass(frozen=True)
class Part:
    """A named region of the article; its path is also its mask."""

    name: str
    path: skia.Path
    finish: Finish
    form: Form


@dataclass(frozen=True)
class Line:
    """A seam, a stitch, a string: drawn on what lies below, no region of its own. `dash` 0 is unbroken."""

    path: skia.Path
    colour: Colour
    width: float
    dash: float
    opacity: float


@dataclass(frozen=True)
class Word(Line):
    """Printed text, as the line that writes it; `plate` is the rectangle it fills, `height` that of its letters."""

    text: str
    plate: skia.Path
    height: float


@dataclass
class Sheet:
    """The drawing board of one article: its facts, its finishes, its shape's draws, and the marks made so far.

    `marks` run from the back to the front.
    """

    article: Article
    main: Finish
    plain: Finish
    accent: Finish
    trim: Finish
    shape: Draws
    marks: list[Part | Line] = field(default_factory=list)

    @property
    def bounds(self) -> skia.Rect:
        """A rectangle round all that is drawn, lines with their width."""
        whole = skia.Rect.MakeEmpty()
        for mark in self.marks:
            reach = mark.path.getBounds()
            whole.join(reach.makeOutset(mark.width, mark.width) if isinstance(mark, Line) else reach)
        return whole

    @property
    def body(self) -> skia.Rect:
        """The tight rectangle round the parts, without lines."""
        whole = skia.Rect.MakeEmpty()
        for mark in self.marks:
            if not isinstance(mark, Line):
                whole.join(mark.path.computeTightBounds())
        return whole

    @property
    def is_printed(self) -> bool:
        """Whether words are printed on it, which would read backwards in a mirror image."""
        return any(isinstance(mark, Word) for mark in self.marks)

    def part(self, name: str, path: skia.Path, finish: Finish, form: Form = "cloth") -> None:
        """Adds a part before all others."""
        self.marks.append(Part(name, path, finish, form))

    def line(
        self, path: skia.Path, *, colour: Colour, width: float = 0.012, dash: float = 0.0, opacity: float = 0.55
    ) -> None:
        """Adds a line before all parts."""
        self.marks.append(Line(path, colour, width, dash, opacity))

    def word(
        self,
        text: str,
        *,
        colour: Colour,
        y: float,
        width: float,
        height: float,
        x: float = 0.0,
        turn_degrees: float = 0.0,
    ) -> None:
        """Prints a text centred on (x, y), in strokes as bold as its height allows."""
        path = lettering(text, width=width, height=height)
        bounds = path.getBounds()
        bold = bounds.height() * 0.15
        plate = box(*bounds.makeOutset(bold, bold), radius=0.0)
        place = {"x": x, "y": y, "turn_degrees": turn_degrees}
        self.marks.append(
            Word(moved(path, **place), colour, bold, 0.0, 0.9, text, moved(plate, **place), bounds.height())
        )

    def seam(self, *points: Point, dash: float = 0.0) -> None:
        """A thin line in the shade of the main colour."""
        colour = self.main.colour.shade if self.main.colour.lightness > 0.2 else self.main.colour.light
        self.line(curve(*points), colour=colour, width=0.011, dash=dash)

    def feature(self, name: str) -> str:
        """The value of one of the features that the article's kind has."""
        return self.article.features[name]

    def between(self, low: float, high: float) -> float:
        """A proportion of this family's shape."""
        return self.shape.uniform(low, high)


def soft(*corners: Sequence[float], radius: float = 0.05) -> skia.Path:
    """A closed outline through corners (x, y) or (x, y, its own radius), each rounded within half its edges."""
    path = skia.Path()
    count = len(corners)
    for at in range(count):
        corner, before, after = corners[at], corners[at - 1], corners[(at + 1) % count]
        wanted = corner[2] if len(corner) == 3 else radius
        start, end = _towards(corner, before, wanted), _towards(corner, after, wanted)
        if at == 0:
            path.moveTo(*start)
        else:
            path.lineTo(*start)
        path.quadTo(corner[0], corner[1], *end)
    path.close()
    return path


def _towards(corner: Sequence[float], other: Sequence[float], distance: float) -> Point:
    dx, dy = other[0] - corner[0], other[1] - corner[1]
    share = min(distance / max(math.hypot(dx, dy), 1e-9), 0.5)
    return corner[0] + dx * share, corner[1] + dy * share


def mirrored(*right: Sequence[float], radius: float = 0.05) -> skia.Path:
    """A closed outline symmetric about x = 0 from its right half, top to bottom."""
    left = [(-corner[0], *corner[1:]) for corner in reversed(right) if corner[0] > 1e-6]
    return soft(*right, *left, radius=radius)


def curve(*points: Point) -> skia.Path:
    """An open smooth curve through points (Catmull-Rom)."""
    path = skia.Path()
    _spline(path, [points[0], *points, points[-1]])
    return path


def blob(*points: Point) -> skia.Path:
    """A closed smooth curve through points (Catmull-Rom)."""
    path = skia.Path()
    _spline(path, [points[-1], *points, points[0], points[1]])
    path.close()
    return path


def _spline(path: skia.Path, knots: Sequence[Point]) -> None:
    """From the second knot to the last but one; the outer two give the directions at the ends."""
    path.moveTo(*knots[1])
    for (ax, ay), (bx, by), (cx, cy), (dx, dy) in zip(knots, knots[1:], knots[2:], knots[3:], strict=False):
        path.cubicTo(bx + (cx - ax) / 6, by + (cy - ay) / 6, cx - (dx - bx) / 6, cy - (dy - by) / 6, cx, cy)


def box(left: float, top: float, right: float, bottom: float, radius: float = 0.03) -> skia.Path:
    """A rectangle with rounded corners."""
    path = skia.Path()
    path.addRoundRect(skia.Rect.MakeLTRB(left, top, right, bottom), radius, radius)
    return path


def ellipse(x: float, y: float, half_width: float, half_height: float) -> skia.Path:
    """An ellipse about (x, y)."""
    path = skia.Path()
    path.addOval(skia.Rect.MakeLTRB(x - half_width, y - half_height, x + half_width, y + half_height))
    return path


def tube(path: skia.Path, width: float, *, ends: Literal["round", "butt"] = "round") -> skia.Path:
    """The region that a stroke of this width covers: straps, handles, laces."""
    paint = skia.Paint(Style=skia.Paint.kStroke_Style, StrokeWidth=width, StrokeJoin=skia.Paint.kRound_Join)
    paint.setStrokeCap(skia.Paint.kRound_Cap if ends == "round" else skia.Paint.kButt_Cap)
    filled = skia.Path()
    # The box is small in its own units; without a finer scale the outline would be a coarse polygon.
    paint.getFillPath(path, filled, None, 100.0)
    return filled


def within(one: skia.Path, other: skia.Path) -> skia.Path:
    """The region common to both."""
    return skia.Op(one, other, skia.PathOp.kIntersect_PathOp)


def without(one: skia.Path, other: skia.Path) -> skia.Path:
    """The first region less the second."""
    return skia.Op(one, other, skia.PathOp.kDifference_PathOp)


def joined(one: skia.Path, other: skia.Path) -> skia.Path:
    """Both regions as one."""
    return skia.Op(one, other, skia.PathOp.kUnion_PathOp)


def moved(
    path: skia.Path, *, x: float = 0.0, y: float = 0.0, turn_degrees: float = 0.0, scale: float = 1.0
) -> skia.Path:
    """The path scaled, then turned about the origin, then shifted."""
    matrix = skia.Matrix()
    matrix.setRotate(turn_degrees)
    matrix.preScale(scale, scale)
    matrix.postTranslate(x, y)
    copy = skia.Path(path)
    copy.transform(matrix)
    return copy


def flipped(path: skia.Path) -> skia.Path:
    """The path's mirror image about x = 0."""
    matrix = skia.Matrix()
    matrix.setScale(-1.0, 1.0)
    copy = skia.Path(path)
    copy.transform(matrix)
    return copy
