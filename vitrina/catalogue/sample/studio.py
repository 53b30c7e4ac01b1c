"""The studio: background, light, shadow and camera around one drawn article, and the JPEG that comes out."""

from typing import Literal

import simplejpeg
import skia

from vitrina.catalogue.sample.article import Article
from vitrina.catalogue.sample.colours import BLACK, PALETTE, WHITE, Colour
from vitrina.catalogue.sample.draws import Draws
from vitrina.catalogue.sample.figure import Finish, Line, Part, Sheet, Word
from vitrina.catalogue.sample.goods import drawing
from vitrina.catalogue.sample.paint import Light, Painter, argb
from vitrina.catalogue.sample.textures import SUBSTANCES

PICTURE_PX = 224
"""Pictures of the sample are squares of this side."""

QUALITY = 90
"""JPEG quality of the sample's pictures."""

COARSE = 4
"""Shadows are drawn at this fraction of the resolution."""

Backdrop = Literal["white", "grey", "horizon", "pastel", "table", "cloth"]
_BACKDROPS: dict[Backdrop, float] = {
    "white": 4.0,
    "grey": 2.5,
    "horizon": 1.8,
    "pastel": 1.0,
    "table": 0.7,
    "cloth": 0.5,
}


def figure(article: Article) -> Sheet:
    """The article's drawing: its parts from the back to the front, the same for every picture of it."""
    shape = Draws(article.seed, "shape", article.family)
    tint = Draws(article.seed, "tint", article.number)
    colour = PALETTE[article.colour].nudged(
        hue_degrees=tint.uniform(-5, 5), saturation=tint.uniform(0.92, 1.08), value=tint.uniform(0.93, 1.07)
    )
    accent = PALETTE[article.accent] if article.accent is not None else _trim(colour, tint)
    turn = shape.choice((0.0, 0.0, 90.0, 45.0)) if article.pattern in ("striped", "checked") else 0.0
    main = Finish(
        colour, article.material, article.pattern, accent, period=shape.uniform(0.14, 0.34), turn_degrees=turn
    )
    plain = Finish(colour, article.material)
    sheet = Sheet(
        article=article,
        main=main,
        plain=plain,
        accent=Finish(accent, article.material),
        trim=Finish(_trim(colour, tint), article.material),
        shape=shape,
    )
    drawing(article.kind.name)(sheet)
    return sheet


def _trim(colour: Colour, draws: Draws) -> Colour:
    """A quiet colour for belts and strings that shows on the main one."""
    if colour.lightness > 0.55:
        return draws.choice((Colour(52, 50, 54), Colour(110, 72, 44), colour.mixed(BLACK, 0.45)))
    return draws.choice((Colour(240, 238, 232), Colour(200, 176, 140), colour.mixed(WHITE, 0.5)))


def photograph(article: Article, *, view: int) -> bytes:
    """Picture number `view` (0 the plainest) of the article: an RGB JPEG of `PICTURE_PX` square."""
    draws = Draws(article.seed, "picture", article.number, view)
    sheet = figure(article)
    surface = skia.Surface.MakeRasterN32Premul(PICTURE_PX, PICTURE_PX)
    canvas = surface.getCanvas()
    side = draws.choice((-1.0, 1.0))
    light = Light(x=side * draws.uniform(0.3, 0.85), y=-draws.uniform(0.5, 0.9), strength=draws.uniform(0.55, 1.0))
    _backdrop(canvas, article, draws, view=view)
    # Printed words would read backwards in a mirror image.
    is_printed = any(isinstance(mark, Word) for mark in sheet.marks)
    mirror = draws.chance(0.35) and not is_printed
    canvas.concat(_camera(article, draws, view=view))
    if mirror:
        canvas.scale(-1, 1)
    # A mirrored article is lit from the mirrored side, so that light falls from one side in the picture.
    inner = Light(-light.x, light.y, light.strength) if mirror else light
    painter = Painter(inner)
    canvas.concat(_framing(sheet))
    ground = max(mark.path.computeTightBounds().bottom() for mark in sheet.marks if not isinstance(mark, Line))
    for place in _places(article, draws):
        canvas.save()
        canvas.concat(place)
        _shadow(canvas, sheet, inner, ground=ground)
        for mark in sheet.marks:
            painter.paint(canvas, mark)
        canvas.restore()
    pixels = surface.toarray(colorType=skia.ColorType.kRGBA_8888_ColorType)
    return simplejpeg.encode_jpeg(pixels, quality=QUALITY, colorspace="RGBA", colorsubsampling="420")


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
    whole = skia.Rect.MakeEmpty()
    for mark in sheet.marks:
        if not isinstance(mark, Line):
            whole.join(mark.path.computeTightBounds())
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


def _shadow(canvas: skia.Canvas, sheet: Sheet, light: Light, *, ground: float) -> None:
    """A soft shadow: thrown on the ground behind what stands, all round what lies."""
    stands = sheet.article.kind.stands
    parts = [mark for mark in sheet.marks if not isinstance(mark, Line)]
    clear = sum(SUBSTANCES[part.finish.material].clear_share for part in parts) / len(parts)
    paint = skia.Paint(AntiAlias=True, Color=argb(BLACK, 1.0))
    # A quarter of the resolution is plenty for something blurred, and sixteen times cheaper.
    small = skia.Surface.MakeRasterN32Premul(PICTURE_PX // COARSE, PICTURE_PX // COARSE)
    coarse = small.getCanvas()
    coarse.scale(1 / COARSE, 1 / COARSE)
    coarse.concat(canvas.getTotalMatrix())
    matrix = skia.Matrix()
    if stands:
        matrix.setScale(1.0, 0.2)
        matrix.postSkew(light.x * 1.6, 0.0)
        matrix.postTranslate(-light.x * 1.6 * ground * 0.2, ground * 0.8)
    else:
        matrix.setTranslate(-light.x * 0.06, -light.y * 0.07)
    coarse.concat(matrix)
    for part in parts:
        coarse.drawPath(part.path, paint)
    sigma = (5.5 if stands else 4.5) / COARSE
    blur = skia.Paint(ImageFilter=skia.ImageFilters.Blur(sigma, sigma), BlendMode=skia.BlendMode.kSrc)
    coarse.resetMatrix()
    coarse.drawImage(small.makeImageSnapshot(), 0, 0, skia.SamplingOptions(), blur)
    veil = skia.Paint(Alphaf=(0.34 + 0.16 * light.strength) * (1 - clear))
    canvas.save()
    canvas.resetMatrix()
    canvas.scale(COARSE, COARSE)
    canvas.drawImage(small.makeImageSnapshot(), 0, 0, skia.SamplingOptions(skia.FilterMode.kLinear), veil)
    canvas.restore()
    if stands:
        feet = [part.path.computeTightBounds() for part in parts]
        low = [bounds for bounds in feet if bounds.bottom() > ground - 0.12]
        contact = skia.Paint(AntiAlias=True, Color=argb(BLACK, 0.4 * (1 - clear)))
        contact.setMaskFilter(skia.MaskFilter.MakeBlur(skia.kNormal_BlurStyle, 0.025))
        for bounds in low:
            canvas.drawOval(
                skia.Rect.MakeLTRB(bounds.left() + 0.01, ground - 0.025, bounds.right() - 0.01, ground + 0.035),
                contact,
            )
