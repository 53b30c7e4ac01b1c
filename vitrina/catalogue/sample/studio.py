"""The studio: background, light, shadow and camera around one drawn article, and the JPEG that comes out."""

from typing import Literal

import skia

from vitrina.catalogue.sample.article import Article
from vitrina.catalogue.sample.colours import BLACK, PALETTE, WHITE, Colour
from vitrina.catalogue.sample.draws import Draws
from vitrina.catalogue.sample.figure import Finish, Part, Sheet, Word
from vitrina.catalogue.sample.goods import figure
from vitrina.catalogue.sample.paint import Light, Painter, argb
from vitrina.catalogue.sample.stage import PICTURE_PX, Stage
from vitrina.catalogue.sample.truth import Photo

Backdrop = Literal["white", "grey", "horizon", "pastel", "table", "cloth"]
_BACKDROPS: dict[Backdrop, float] = {
    "white": 4.0,
    "grey": 2.5,
    "horizon": 1.8,
    "pastel": 1.0,
    "table": 0.7,
    "cloth": 0.5,
}


def photograph(article: Article, *, view: int) -> Photo:
    """Picture number `view` (0 the plainest) of the article: `PICTURE_PX` square, and what it shows."""
    draws = Draws(article.seed, "picture", article.number, view)
    sheet = figure(article)
    side = draws.choice((-1.0, 1.0))
    light = Light(x=side * draws.uniform(0.3, 0.85), y=-draws.uniform(0.5, 0.9), strength=draws.uniform(0.55, 1.0))
    stage = Stage(light)
    _backdrop(stage.canvas, article, draws, view=view)
    # Printed words would read backwards in a mirror image.
    is_printed = any(isinstance(mark, Word) for mark in sheet.marks)
    mirror = draws.chance(0.35) and not is_printed
    camera = _camera(article, draws, view=view)
    if mirror:
        camera.preScale(-1, 1)
    camera.preConcat(_framing(sheet))
    for place in _places(article, draws):
        stage.put(sheet, skia.Matrix.Concat(camera, place), shadow="thrown" if article.kind.stands else "around")
    return stage.photo(setting="studio")


def _camera(article: Article, draws: Draws, *, view: int) -> skia.Matrix:
    """From the box to the picture: size, place, a slight turn and a slight perspective."""
    scale = draws.uniform(0.82, 0.96) if view < 2 else draws.uniform(1.05, 1.3)
    turn = draws.uniform(-4, 4) if article.kind.stands else draws.uniform(-12, 12) * (1 + view)
    drift = 0.05 if view < 2 else 0.22
    half = PICTURE_PX / 2
    matrix = skia.Matrix()
    corners = [skia.Point(x, y) for x, y in ((-1, -1), (1, -1), (1, 1), (-1, 1))]
    lean = 0.06
    bent = [
        skia.Point(corner.x() * (1 + draws.uniform(-lean, lean)), corner.y() * (1 + draws.uniform(-lean, lean)))
        for corner in corners
    ]
    matrix.setPolyToPoly(corners, bent)
    matrix.postRotate(turn)
    matrix.postScale(half * scale, half * scale)
    matrix.postTranslate(half * (1 + draws.uniform(-drift, drift)), half * (1 + draws.uniform(-drift, drift) * 0.7))
    return matrix


def _framing(sheet: Sheet) -> skia.Matrix:
    """Brings the drawing to the middle of the box and to a good size in it; small things stay a little smaller."""
    whole = sheet.body
    scale = min(1.84 / whole.width(), 1.84 / whole.height(), 1.3)
    matrix = skia.Matrix()
    matrix.setScale(scale, scale)
    matrix.preTranslate(-whole.centerX(), -whole.centerY())
    return matrix


def _places(article: Article, draws: Draws) -> list[skia.Matrix]:
    """Where copies of the drawing stand: one, or two for a pair."""
    if not article.kind.is_pair or draws.chance(0.25):
        return [skia.Matrix()]
    behind, front = skia.Matrix(), skia.Matrix()
    shift = draws.uniform(0.12, 0.2)
    behind.setScale(0.8, 0.8)
    behind.postTranslate(shift, -0.1)
    front.setScale(0.84, 0.84)
    front.postTranslate(-shift * 0.4, 0.08)
    return [behind, front]


def _backdrop(canvas: skia.Canvas, article: Article, draws: Draws, *, view: int) -> None:
    """Studio white or grey for most, sometimes a wall and floor, a tint, a table top or a cloth."""
    kind = draws.weighted(_BACKDROPS if view else {"white": 6.0, "grey": 3.0, "horizon": 1.5, "pastel": 0.6})
    pale = PALETTE[article.colour].lightness > 0.85
    size = float(PICTURE_PX)
    level = draws.uniform(0.02, 0.06) + (0.12 if pale else 0.0)
    top, bottom = WHITE.mixed(BLACK, level), WHITE.mixed(BLACK, level + draws.uniform(0.0, 0.06))
    if kind == "grey":
        grey = draws.uniform(0.14, 0.34)
        top, bottom = WHITE.mixed(BLACK, grey), WHITE.mixed(BLACK, grey + draws.uniform(-0.08, 0.1))
    elif kind == "pastel":
        tint = draws.choice(tuple(PALETTE.values()))
        top = tint.mixed(WHITE, draws.uniform(0.72, 0.85)).mixed(BLACK, level)
        bottom = top.mixed(BLACK, draws.uniform(0.02, 0.14))
    elif kind == "table":
        top = bottom = draws.choice((Colour(196, 160, 118), Colour(150, 112, 78), Colour(214, 196, 170)))
    elif kind == "cloth":
        top = bottom = draws.choice((Colour(226, 222, 214), Colour(188, 192, 198), Colour(206, 200, 186)))
    ends = [skia.Point(0, 0), skia.Point(draws.uniform(-60, 60), size)]
    canvas.drawPaint(skia.Paint(Shader=skia.GradientShader.MakeLinear(ends, [argb(top), argb(bottom)])))
    if kind in ("table", "cloth"):
        canvas.save()
        canvas.scale(size / 2, size / 2)
        canvas.translate(1, 1)
        sheet = skia.Path()
        sheet.addRect(skia.Rect.MakeLTRB(-1.1, -1.1, 1.1, 1.1))
        painter = Painter(Light(0.4, -0.6, 0.5))
        painter.paint(canvas, Part("ground", sheet, Finish(top, "board" if kind == "table" else "linen"), "flat"))
        canvas.restore()
    elif kind == "horizon" and article.kind.stands:
        line = size * draws.uniform(0.62, 0.76)
        floor = skia.GradientShader.MakeLinear(
            [skia.Point(0, line - 6), skia.Point(0, size)],
            [argb(bottom.mixed(BLACK, 0.14), 0.0), argb(bottom.mixed(BLACK, 0.14)), argb(bottom.mixed(BLACK, 0.03))],
            [0.0, 0.15, 1.0],
        )
        canvas.drawRect(skia.Rect.MakeLTRB(0, line - 6, size, size), skia.Paint(Shader=floor))
