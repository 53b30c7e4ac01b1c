"""What is behind the goods: studio paper, table tops, walls and floors, windows and rugs.

All of it is drawn in a box of -1..1 that fills the picture.
"""

from typing import Literal

import skia

from vitrina.catalogue.sample.colours import BLACK, PALETTE, WHITE, Colour
from vitrina.catalogue.sample.draws import Draws
from vitrina.catalogue.sample.figure import Finish, Form, box, curve, ellipse, moved, tube
from vitrina.catalogue.sample.paint import argb
from vitrina.catalogue.sample.stage import Stage

Backdrop = Literal[
    "white",
    "grey",
    "horizon",
    "pastel",
    "table",
    "cloth",
    "marble",
    "brick",
    "panels",
    "blocks",
    "spot",
    "tiles",
    "lawn",
]

_PLAINEST: dict[Backdrop, float] = {"white": 6.0, "grey": 3.0, "horizon": 1.5, "pastel": 0.6}
_VARIED: dict[Backdrop, float] = {
    "white": 3.0,
    "grey": 1.8,
    "horizon": 1.6,
    "pastel": 1.4,
    "table": 1.0,
    "cloth": 0.8,
    "marble": 0.7,
    "brick": 0.7,
    "panels": 0.8,
    "blocks": 1.0,
    "spot": 1.0,
    "tiles": 0.6,
    "lawn": 0.5,
}

_WOODS = (
    Colour(196, 160, 118),
    Colour(150, 112, 78),
    Colour(214, 196, 170),
    Colour(104, 76, 54),
    Colour(176, 150, 120),
)
WALLS = (
    Colour(232, 228, 218),
    Colour(212, 222, 226),
    Colour(226, 214, 200),
    Colour(204, 214, 200),
    Colour(238, 236, 232),
    Colour(196, 202, 214),
    Colour(230, 206, 196),
    Colour(150, 164, 164),
    Colour(176, 150, 132),
)


def studio_backdrop(stage: Stage, draws: Draws, *, pale: bool, stands: bool, plainest: bool) -> None:
    """Paper in white or grey for most pictures; else a tint, a table top, a wall and a floor, a lawn."""
    kind = draws.weighted(_PLAINEST if plainest else _VARIED)
    level = draws.uniform(0.02, 0.06) + (0.12 if pale else 0.0)
    top, bottom = WHITE.mixed(BLACK, level), WHITE.mixed(BLACK, level + draws.uniform(0.0, 0.06))
    tint = draws.choice(tuple(PALETTE.values()))
    grey, fall = draws.uniform(0.14, 0.34), draws.uniform(-0.08, 0.1)
    line = draws.uniform(0.24, 0.52)
    slant = draws.uniform(-0.5, 0.5)
    if kind == "grey":
        top, bottom = WHITE.mixed(BLACK, grey), WHITE.mixed(BLACK, grey + fall)
    elif kind in ("pastel", "blocks", "spot"):
        top = tint.mixed(WHITE, draws.uniform(0.72, 0.85)).mixed(BLACK, level)
        bottom = top.mixed(BLACK, draws.uniform(0.02, 0.14))
    sweep(stage, top=top, bottom=bottom, slant=slant)
    # What lies is seen from above, what stands from the side or on a small thing's table from above it.
    far = line - draws.uniform(0.1, 0.5) if stands else -1.1
    match kind:
        case "horizon" if stands:
            floor_fade(stage, bottom, line=line)
        case "table":
            surface(stage, Finish(draws.choice(_WOODS), "board"), top=far)
        case "cloth":
            cloth = draws.choice(
                (Colour(226, 222, 214), Colour(188, 192, 198), Colour(206, 200, 186), Colour(120, 130, 150))
            )
            surface(stage, Finish(cloth, draws.choice(("linen", "cotton", "cotton"))), top=far)
        case "marble":
            surface(stage, Finish(Colour(226, 226, 228), "marble"), top=far)
        case "brick" if stands:
            bricks(
                stage, draws.choice((Colour(186, 110, 88), Colour(226, 222, 216), Colour(150, 140, 134))), bottom=line
            )
            surface(stage, Finish(draws.choice(_WOODS), "board"), top=line)
        case "panels" if stands:
            panels(stage, draws.choice(WALLS), bottom=line)
            surface(stage, Finish(draws.choice(_WOODS), "board"), top=line)
        case "tiles":
            tiles(stage, draws.choice((Colour(232, 236, 236), Colour(196, 212, 216), Colour(224, 214, 200))), step=0.4)
        case "blocks":
            other = tint.nudged(hue_degrees=draws.choice((30.0, 150.0, 180.0)), saturation=0.5, value=1.0)
            edge = draws.uniform(-0.4, 0.4)
            half = skia.Path()
            half.addPoly([skia.Point(*p) for p in ((-1.1, edge), (1.1, edge + slant), (1.1, 1.1), (-1.1, 1.1))], True)
            stage.decorate(half, Finish(other.mixed(WHITE, 0.55), "silicone"))
        case "spot":
            spot(stage, x=draws.uniform(-0.3, 0.3), y=draws.uniform(-0.4, 0.1), dark=top.mixed(BLACK, 0.34))
        case "lawn":
            surface(stage, Finish(Colour(122, 160, 84), "plush"), top=far)
        case _:
            pass


def sweep(stage: Stage, *, top: Colour, bottom: Colour, slant: float) -> None:
    """A soft run from one colour to another down the whole picture."""
    ends = [skia.Point(0, -1.0), skia.Point(slant, 1.0)]
    stage.wash(skia.GradientShader.MakeLinear(ends, [argb(top), argb(bottom)]))


def floor_fade(stage: Stage, colour: Colour, *, line: float) -> None:
    """A floor that begins at a soft line across the picture."""
    dark = colour.mixed(BLACK, 0.14)
    stops = [argb(dark, 0.0), argb(dark), argb(colour.mixed(BLACK, 0.03))]
    ends = [skia.Point(0, line - 0.05), skia.Point(0, 1.0)]
    stage.wash(skia.GradientShader.MakeLinear(ends, stops, [0.0, 0.15, 1.0]), top=line - 0.05)


def spot(stage: Stage, *, x: float, y: float, dark: Colour) -> None:
    """A pool of light on a wall that darkens outwards."""
    stops = [argb(dark, 0.0), argb(dark, 0.35), argb(dark, 0.9)]
    stage.wash(skia.GradientShader.MakeRadial(skia.Point(x, y), 1.6, stops, [0.2, 0.6, 1.0]))


def surface(stage: Stage, finish: Finish, *, top: float) -> None:
    """A table top, a cloth or a floor from a line down."""
    stage.decorate(box(-1.15, top, 1.15, 1.15, 0.0), finish)
    if top > -1.0:
        shade = [argb(BLACK, 0.28), argb(BLACK, 0.0)]
        ends = [skia.Point(0, top), skia.Point(0, top + 0.22)]
        stage.wash(skia.GradientShader.MakeLinear(ends, shade), top=top)


def _lines(stage: Stage, path: skia.Path, colour: Colour, *, width: float, opacity: float) -> None:
    paint = skia.Paint(AntiAlias=True, Style=skia.Paint.kStroke_Style, StrokeWidth=width)
    paint.setColor(argb(colour, opacity))
    stage.canvas.drawPath(path, paint)


def bricks(stage: Stage, colour: Colour, *, bottom: float) -> None:
    """A brick wall down to a line."""
    stage.decorate(box(-1.15, -1.15, 1.15, bottom, 0.0), Finish(colour, "cast iron"))
    mortar, high, wide = skia.Path(), 0.13, 0.34
    rows = int((bottom + 1.15) / high) + 1
    for row in range(rows):
        y = bottom - row * high
        mortar.moveTo(-1.15, y)
        mortar.lineTo(1.15, y)
        for column in range(-4, 5):
            x = (column + 0.5 * (row % 2)) * wide
            mortar.moveTo(x, y)
            mortar.lineTo(x, y - high)
    _lines(stage, mortar, colour.mixed(WHITE, 0.5), width=0.014, opacity=0.8)


def panels(stage: Stage, colour: Colour, *, bottom: float) -> None:
    """A wall of painted boards down to a line."""
    stage.decorate(box(-1.15, -1.15, 1.15, bottom, 0.0), Finish(colour, "board", turn_degrees=90.0))
    joints = skia.Path()
    for at in range(-5, 6):
        joints.moveTo(at * 0.24 + 0.07, -1.15)
        joints.lineTo(at * 0.24 + 0.07, bottom)
    _lines(stage, joints, colour.shade, width=0.014, opacity=0.5)


def tiles(stage: Stage, colour: Colour, *, step: float, bottom: float = 1.15) -> None:
    """Glazed tiles down to a line."""
    stage.decorate(box(-1.15, -1.15, 1.15, bottom, 0.0), Finish(colour, "silicone"))
    joints = skia.Path()
    at = -1.1
    while at < 1.15:
        joints.moveTo(at, -1.15)
        joints.lineTo(at, bottom)
        if at < bottom:
            joints.moveTo(-1.15, at)
            joints.lineTo(1.15, at)
        at += step
    _lines(stage, joints, colour.mixed(BLACK, 0.25), width=0.012, opacity=0.7)


def wallpaper(stage: Stage, draws: Draws, *, bottom: float) -> Colour:
    """A painted, striped, dotted or boarded wall down to a line; returns its colour."""
    colour = draws.choice(WALLS)
    pattern = draws.weighted({"plain": 5.0, "striped": 1.5, "dotted": 0.6, "boards": 1.2, "brick": 0.8})
    if pattern == "boards":
        panels(stage, colour, bottom=bottom)
    elif pattern == "brick":
        bricks(stage, Colour(204, 188, 176), bottom=bottom)
    else:
        accent = colour.mixed(draws.choice((WHITE, BLACK)), 0.12)
        finish = Finish(colour, "cardboard", pattern, accent, period=draws.uniform(0.16, 0.4), turn_degrees=90.0)
        stage.decorate(box(-1.15, -1.15, 1.15, bottom, 0.0), finish)
    return colour


def boarded_floor(stage: Stage, draws: Draws, *, top: float) -> None:
    """A floor of boards, tiles or carpet from a line down, with a skirting board."""
    kind = draws.below(3)
    wood = draws.choice(_WOODS)
    if kind == 2:
        carpet = draws.choice((Colour(170, 164, 156), Colour(150, 158, 168), Colour(196, 182, 160)))
        surface(stage, Finish(carpet, "plush"), top=top)
    else:
        surface(stage, Finish(wood, "board"), top=top)
        joints = skia.Path()
        for at in range(-8, 9):
            joints.moveTo(at * 0.16, top)
            joints.lineTo(at * 0.34, 1.15)
        _lines(stage, joints, wood.shade, width=0.012, opacity=0.4)
    stage.decorate(
        box(-1.15, top - 0.07, 1.15, top, 0.0), Finish(Colour(240, 238, 232), "enamelled steel"), form="lying"
    )


def window(stage: Stage, draws: Draws, *, x: float, y: float, wide: float, high: float) -> None:
    """A window with a sky, a sash, and often curtains."""
    sky = draws.choice((Colour(176, 210, 240), Colour(240, 214, 180), Colour(206, 222, 232), Colour(96, 112, 160)))
    frame = Finish(draws.choice((Colour(246, 246, 242), Colour(120, 88, 60), Colour(60, 62, 66))), "wood")
    stage.decorate(box(x - wide, y - high, x + wide, y + high, 0.01), Finish(sky, "porcelain"))
    if draws.chance(0.6):
        hill = moved(ellipse(0, 0, wide * 0.98, high * 0.4), x=x, y=y + high * 0.6)
        stage.decorate(hill, Finish(Colour(124, 158, 110), "plush"))
    for bar in (
        box(x - 0.015, y - high, x + 0.015, y + high, 0.0),
        box(x - wide, y - 0.015, x + wide, y + 0.015, 0.0),
        tube(box(x - wide, y - high, x + wide, y + high, 0.01), 0.05),
    ):
        stage.decorate(bar, frame)
    if draws.chance(0.6):
        cloth = Finish(draws.choice(tuple(PALETTE.values())).mixed(WHITE, 0.45), "linen")
        for side in (-1, 1):
            left = x + side * wide * 1.08
            stage.decorate(box(left - 0.13, y - high - 0.1, left + 0.13, y + high + 0.24, 0.03), cloth, form="cloth")
        rod = tube(curve((x - wide - 0.26, y - high - 0.1), (x + wide + 0.26, y - high - 0.1)), 0.03)
        stage.decorate(rod, Finish(Colour(80, 72, 66), "steel"), form="lying")


def picture_frame(stage: Stage, draws: Draws, *, x: float, y: float) -> None:
    """A framed picture on the wall: two or three bold shapes."""
    wide, high = draws.uniform(0.12, 0.24), draws.uniform(0.14, 0.26)
    frame = Finish(draws.choice((Colour(40, 38, 38), Colour(190, 152, 106), Colour(240, 240, 236))), "wood")
    stage.decorate(box(x - wide, y - high, x + wide, y + high, 0.01), frame, form="cloth")
    stage.decorate(
        box(x - wide + 0.03, y - high + 0.03, x + wide - 0.03, y + high - 0.03, 0.0),
        Finish(Colour(246, 244, 238), "cardboard"),
    )
    for _ in range(3):
        colour = draws.choice(tuple(PALETTE.values())).mixed(WHITE, 0.2)
        size = draws.uniform(0.03, 0.08)
        mark = ellipse(x + draws.uniform(-0.5, 0.5) * wide, y + draws.uniform(-0.5, 0.5) * high, size, size)
        stage.decorate(mark, Finish(colour, "cardboard"))


def rug(stage: Stage, draws: Draws, *, y: float) -> None:
    """A round or a rectangular rug on the floor."""
    colour = draws.choice(tuple(PALETTE.values())).mixed(Colour(214, 206, 192), 0.5)
    pattern = draws.weighted({"plain": 2.0, "striped": 1.5, "zigzag": 1.0, "checked": 0.8, "dotted": 0.5})
    finish = Finish(colour, "wool", pattern, colour.mixed(WHITE, 0.5), period=0.26)
    x, wide, high = draws.uniform(-0.3, 0.3), draws.uniform(0.6, 0.95), draws.uniform(0.14, 0.22)
    shape = ellipse(x, y, wide, high) if draws.chance(0.5) else moved(box(-wide, -high, wide, high, 0.02), x=x, y=y)
    form: Form = "flat"
    stage.decorate(shape, finish, form=form)
    _lines(stage, shape, colour.mixed(WHITE, 0.35), width=0.03, opacity=0.9)


def atmosphere(stage: Stage, draws: Draws) -> None:
    """Light over the whole picture: dark corners, warm or cold lamps, the shadow of a blind or of leaves."""
    mood = draws.weighted(
        {"none": 5.0, "corners": 2.0, "warm": 1.0, "cold": 1.0, "blind": 0.8, "dim": 0.6, "flare": 0.6}
    )
    over = skia.BlendMode.kMultiply
    match mood:
        case "corners":
            stops = [argb(WHITE), argb(WHITE.mixed(BLACK, draws.uniform(0.2, 0.45)))]
            shader = skia.GradientShader.MakeRadial(skia.Point(0, 0), 1.6, stops, [0.5, 1.0])
            stage.canvas.drawPaint(skia.Paint(Shader=shader, BlendMode=over))
        case "warm":
            stage.canvas.drawPaint(skia.Paint(Color=argb(Colour(255, 238, 212)), BlendMode=over))
        case "cold":
            stage.canvas.drawPaint(skia.Paint(Color=argb(Colour(222, 234, 252)), BlendMode=over))
        case "dim":
            stage.canvas.drawPaint(skia.Paint(Color=argb(WHITE.mixed(BLACK, draws.uniform(0.15, 0.3))), BlendMode=over))
        case "blind":
            span, dark = draws.uniform(0.18, 0.34), WHITE.mixed(BLACK, draws.uniform(0.14, 0.26))
            ends = [skia.Point(0, 0), skia.Point(span * 0.5 * draws.choice((-1, 1)), span)]
            stops = [argb(WHITE), argb(WHITE), argb(dark), argb(dark), argb(WHITE)]
            shader = skia.GradientShader.MakeLinear(ends, stops, [0.0, 0.4, 0.52, 0.88, 1.0], skia.TileMode.kRepeat)
            stage.canvas.drawPaint(skia.Paint(Shader=shader, BlendMode=over))
        case "flare":
            stops = [argb(Colour(255, 246, 224), 0.5), argb(WHITE, 0.0)]
            corner = skia.Point(draws.choice((-1.0, 1.0)), -1.0)
            stage.canvas.drawPaint(skia.Paint(Shader=skia.GradientShader.MakeRadial(corner, 1.7, stops)))
        case _:
            pass
