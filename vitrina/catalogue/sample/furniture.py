"""Drawings of large furniture: tables, bookcases, sofas. (Chairs are in `home`.)"""

from vitrina.catalogue.sample.colours import BLACK, WHITE, Colour
from vitrina.catalogue.sample.figure import (
    Finish,
    Sheet,
    blob,
    box,
    curve,
    ellipse,
    joined,
    mirrored,
    moved,
    soft,
    tube,
)

_SPINES = (
    Colour(146, 60, 52),
    Colour(60, 82, 112),
    Colour(196, 164, 92),
    Colour(84, 112, 90),
    Colour(222, 212, 192),
    Colour(88, 72, 92),
    Colour(52, 52, 58),
)


def table(sheet: Sheet) -> None:
    """A table seen a little from above: a round or a rectangular top on four legs, a pedestal or trestles."""
    round_top = sheet.feature("top") == "round top"
    wide, y = sheet.between(0.78, 0.92), sheet.between(-0.2, -0.04)
    deep, thick = sheet.between(0.2, 0.28), sheet.between(0.05, 0.1)
    metal = sheet.article.material in ("glass", "marble")
    under = Finish(Colour(58, 58, 62), "steel") if metal else sheet.plain
    back = Finish(under.colour.mixed(under.colour.shade, 0.45), under.material)
    legs, leg = sheet.feature("legs"), sheet.between(0.06, 0.1)
    reach = wide * (0.62 if round_top else 0.88)
    splay = sheet.between(0.0, 0.08)
    if legs == "pedestal foot":
        column = mirrored((0, y), (0.09, y), (0.06, 0.4, 0.2), (0.1, 0.74), (0, 0.74), radius=0.03)
        foot = mirrored(
            (0, 0.7), (0.14, 0.72, 0.1), (0.44, 0.84, 0.06), (0.44, 0.88, 0.03), (0, 0.92, 0.1), radius=0.03
        )
        sheet.part("foot", foot, under, "flat")
        sheet.part("column", column, under, "round")
    elif legs == "trestle legs":
        for side, finish, low in ((-1, back, 0.66), (1, back, 0.66), (-1, under, 0.9), (1, under, 0.9)):
            x = side * reach * 0.78
            end = x + side * 0.12 if finish is under else x - side * 0.02
            sheet.part("leg", tube(curve((x, y + deep * 0.4), (end, low)), leg, ends="butt"), finish, "round")
        for side in (-1, 1):
            x = side * reach * 0.84
            sheet.part("stretcher", tube(curve((x - side * 0.03, 0.5), (x + side * 0.04, 0.62)), 0.04), back, "lying")
    else:
        for side in (-1, 1):
            x = side * reach * (0.5 if round_top else 0.82)
            bar = tube(curve((x, y), (x + side * splay * 0.5, 0.7)), leg * 0.8, ends="butt")
            sheet.part("leg", bar, back, "round")
        for side in (-1, 1):
            x = side * reach * (0.8 if round_top else 0.96)
            bar = tube(curve((x, y + deep * 0.6), (x + side * splay, 0.92)), leg, ends="butt")
            sheet.part("leg", bar, under, "round")
    edge = Finish(sheet.plain.colour.mixed(sheet.plain.colour.shade, 0.3), sheet.plain.material)
    if round_top:
        rim = joined(ellipse(0, y + thick, wide, deep), box(-wide, y, wide, y + thick, 0.0))
        sheet.part("edge", rim, edge, "flat")
        sheet.part("top", ellipse(0, y, wide, deep), sheet.main, "flat")
    else:
        lean = sheet.between(0.08, 0.18)
        rim = box(-wide, y + deep - 0.01, wide, y + deep + thick, 0.02)
        top = soft((-wide + lean, y - deep), (wide - lean, y - deep), (wide, y + deep), (-wide, y + deep), radius=0.015)
        if legs == "four legs" and sheet.shape.chance(0.4):
            apron = box(-wide * 0.9, y + deep + thick - 0.02, wide * 0.9, y + deep + thick + 0.1, 0.01)
            sheet.part("apron", apron, back, "flat")
            knob = Finish(Colour(206, 172, 96), "steel")
            sheet.part("drawer knob", ellipse(0, y + deep + thick + 0.04, 0.03, 0.025), knob, "ball")
        sheet.part("top", top, sheet.main, "flat")
        sheet.part("edge", rim, edge, "lying")


def bookcase(sheet: Sheet) -> None:
    """A bookcase of three to five shelves with an open or a closed back, some books and things on it."""
    count = {"three shelves": 3, "four shelves": 4, "five shelves": 5}[sheet.feature("shelves")]
    wide = sheet.between(0.4, 0.56) if count > 3 else sheet.between(0.56, 0.72)
    top, foot, board = -0.95 if count > 3 else -0.66, 0.88, sheet.between(0.04, 0.06)
    side = Finish(sheet.plain.colour.mixed(sheet.plain.colour.shade, 0.4), sheet.plain.material)
    if sheet.feature("rear") == "closed back":
        dark = Finish(sheet.plain.colour.mixed(sheet.plain.colour.shade, 0.55), sheet.plain.material)
        sheet.part("back panel", box(-wide, top, wide, foot - 0.04, 0.0), dark, "flat")
    else:
        for one, other in ((-1, 1), (1, -1)):
            brace = tube(curve((one * wide * 0.96, top + 0.05), (other * wide * 0.96, foot - 0.1)), 0.022)
            sheet.part("brace", brace, side, "flat")
    gap = (foot - 0.06 - top) / count
    for at in range(count):
        floor = top + gap * (at + 1)
        _books(sheet, left=-wide + 0.06, right=wide - 0.06, floor=floor, high=gap - board - 0.03)
        sheet.part("shelf", box(-wide, floor, wide, floor + board, 0.008), sheet.main, "lying")
    for x in (-wide - 0.02, wide - board + 0.02):
        sheet.part("side", box(x, top, x + board, foot, 0.008), sheet.plain, "round")
    sheet.part("top board", box(-wide - 0.04, top - 0.03, wide + 0.04, top + board, 0.012), sheet.main, "lying")


def _books(sheet: Sheet, *, left: float, right: float, floor: float, high: float) -> None:
    """A row of spines over part of a shelf, and now and then a bowl or a box beside it."""
    full = left + (right - left) * sheet.between(0.25, 0.8)
    x, at = left, sheet.shape.below(7)
    while x < full - 0.05:
        thick, tall = sheet.between(0.045, 0.09), high * sheet.between(0.6, 0.95)
        spine = box(x, floor - tall, x + thick, floor, 0.006)
        sheet.part("book", spine, Finish(_SPINES[at % len(_SPINES)], "cardboard"), "round")
        x += thick + 0.004
        at += 1
    if right - x > 0.26:
        middle = (x + right) / 2 + 0.03
        thing = sheet.shape.below(3)
        if thing == 0:
            bowl = blob(
                (middle - 0.11, floor - 0.12),
                (middle + 0.11, floor - 0.12),
                (middle + 0.05, floor),
                (middle - 0.05, floor),
            )
            sheet.part("bowl", bowl, Finish(WHITE, "ceramic"), "round")
        elif thing == 1:
            crate = box(middle - 0.1, floor - high * 0.55, middle + 0.1, floor, 0.015)
            sheet.part("box", crate, Finish(Colour(196, 164, 122), "rattan"))


def sofa(sheet: Sheet) -> None:
    """A sofa for two or three: back and seat cushions, rounded or straight arms, feet, often a pillow."""
    seats = 2 if sheet.feature("seats") == "two seats" else 3
    wide = 0.7 if seats == 2 else 0.94
    back, seat, foot = sheet.between(-0.42, -0.28), sheet.between(0.08, 0.16), 0.62
    arm = sheet.between(0.13, 0.19)
    rounded = sheet.feature("sides") == "rounded arms"
    wood = Finish(sheet.shape.choice((Colour(120, 82, 52), Colour(52, 44, 40), Colour(196, 158, 112))), "wood")
    for x in (-wide + 0.1, wide - 0.1):
        leg = soft(
            (x - 0.05, foot - 0.02),
            (x + 0.05, foot - 0.02),
            (x + 0.03, foot + 0.15),
            (x - 0.03, foot + 0.15),
            radius=0.01,
        )
        sheet.part("foot", leg, wood, "round")
    dark = Finish(sheet.plain.colour.mixed(sheet.plain.colour.shade, 0.2), sheet.plain.material)
    sheet.part("back", box(-wide + 0.02, back, wide - 0.02, foot - 0.1, 0.1), sheet.main)
    sheet.part("base", box(-wide + 0.03, foot - 0.16, wide - 0.03, foot, 0.04), dark, "lying")
    inner = 2 * (wide - arm) / seats
    for at in range(seats):
        left = -wide + arm + at * inner
        sheet.part("back cushion", box(left + 0.006, back + 0.07, left + inner - 0.006, seat + 0.06, 0.08), sheet.main)
    if sheet.shape.chance(0.4):
        for at in range(seats * 3):
            x = -wide + arm + (at + 0.5) * inner / 3
            sheet.part("tuft", ellipse(x, (back + seat) / 2 + 0.06, 0.02, 0.02), dark, "ball")
    for at in range(seats):
        left = -wide + arm + at * inner
        cushion = box(left + 0.004, seat, left + inner - 0.004, foot - 0.13, 0.07)
        sheet.part("seat cushion", cushion, sheet.main, "lying")
    for side in (-1, 1):
        x = side * (wide - arm / 2)
        if rounded:
            body = box(x - arm / 2, seat - 0.16, x + arm / 2, foot - 0.01, 0.08)
            sheet.part("arm", body, sheet.main, "round")
            sheet.part("arm roll", ellipse(x, seat - 0.12, arm * 0.62, arm * 0.62), sheet.main, "ball")
        else:
            sheet.part("arm", box(x - arm / 2, seat - 0.2, x + arm / 2, foot - 0.005, 0.03), sheet.main, "round")
    for at in range(sheet.shape.below(3)):
        x = (-1 if at == 0 else 1) * (wide - arm - 0.2)
        pillow = soft((-0.17, -0.16, 0.04), (0.17, -0.16, 0.04), (0.17, 0.16, 0.04), (-0.17, 0.16, 0.04))
        turn = 12.0 if at else -14.0
        sheet.part("pillow", moved(pillow, x=x, y=seat - 0.1, turn_degrees=turn), sheet.accent, "ball")
    sheet.line(curve((-wide + 0.06, foot - 0.005), (wide - 0.06, foot - 0.005)), colour=BLACK, width=0.01, opacity=0.25)
