"""Drawings of shoes, seen from the side with the toe to the right."""

from vitrina.catalogue.sample.colours import WHITE, Colour
from vitrina.catalogue.sample.figure import (
    Finish,
    Sheet,
    blob,
    box,
    curve,
    ellipse,
    joined,
    moved,
    soft,
    tube,
    within,
    without,
)

_LINING = Colour(70, 64, 60)


def sneakers(sheet: Sheet) -> None:
    """A laced trainer, low or high, with a rubber sole and a mark on the side."""
    high = sheet.feature("height") == "high-top"
    low = sheet.between(-0.2, -0.12)
    collar = -0.58 if high else low
    tongue = collar - sheet.between(0.08, 0.16)
    toe, thick = sheet.between(0.1, 0.2), sheet.between(0.12, 0.2)
    front = -0.16 if high else -0.22
    upper = soft(
        (-0.8, 0.34, 0.06),
        (-0.82, collar, 0.06),
        (-0.62, collar + 0.03, 0.1),
        (-0.42, collar + (0.03 if high else 0.14), 0.12),
        (front, tongue + 0.05, 0.05),
        (0.12, -0.06 + (toe - 0.15), 0.3),
        (0.5, toe - 0.06, 0.2),
        (0.87, toe + 0.02, 0.2),
        (0.88, 0.36, 0.05),
    )
    flap = soft((front - 0.2, tongue + 0.12), (front - 0.14, tongue - 0.06), (front + 0.06, tongue - 0.02), (0.1, 0.0))
    inside = soft(
        (-0.78, collar + 0.06),
        (-0.74, collar - 0.03),
        (-0.4, collar - 0.02),
        (front, tongue + 0.2),
        (-0.4, collar + 0.22),
    )
    sheet.part("lining", inside, Finish(_LINING, "cotton"), "flat")
    sheet.part("tongue", flap, sheet.plain)
    sheet.part("upper", upper, sheet.main)
    rubber = Finish(sheet.shape.choice((WHITE, WHITE, Colour(60, 58, 60), Colour(206, 170, 120))), "rubber")
    if sheet.shape.chance(0.5):
        cap = within(upper, blob((0.5, 0.0), (0.95, 0.0), (0.98, 0.4), (0.5, 0.42), (0.56, 0.2)))
        sheet.part("toe cap", cap, rubber if sheet.shape.chance(0.5) else sheet.plain)
    counter = within(upper, soft((-0.9, -0.02), (-0.62, 0.0), (-0.5, 0.4), (-0.9, 0.4), radius=0.1))
    sheet.part("heel counter", counter, sheet.trim if sheet.shape.chance(0.4) else sheet.plain)
    _side_mark(sheet)
    _laces(sheet, top=(front + 0.03, tongue + 0.08), bottom=(0.3, toe - 0.08), count=6 if high else 4)
    sole = soft(
        (-0.85, 0.28), (0.6, 0.3, 0.1), (0.9, 0.26), (0.93, 0.32), (0.84, 0.3 + thick, 0.1), (-0.8, 0.32 + thick, 0.05)
    )
    sheet.part("sole", sole, rubber, "lying")
    sheet.line(
        curve((-0.82, 0.3 + thick * 0.45), (0.1, 0.31 + thick * 0.45), (0.88, 0.29 + thick * 0.4)),
        colour=sheet.plain.colour,
        width=0.022,
        opacity=0.8,
    )


def _side_mark(sheet: Sheet) -> None:
    """The maker's sign: slanting bars, a wave, a disc or a wedge."""
    finish = sheet.trim
    match sheet.shape.below(4):
        case 0:
            for x in (-0.24, -0.1, 0.04):
                bar = soft((x, 0.3), (x + 0.07, 0.3), (x + 0.16, 0.02), (x + 0.09, 0.0), radius=0.01)
                sheet.part("side mark", bar, finish, "flat")
        case 1:
            wave = tube(curve((-0.5, 0.14), (-0.25, 0.24), (0.05, 0.2), (0.32, 0.04)), 0.055)
            sheet.part("side mark", wave, finish, "flat")
        case 2:
            sheet.part("side mark", ellipse(-0.36, 0.1, 0.12, 0.12), finish, "flat")
        case _:
            sheet.part("side mark", soft((-0.46, 0.28), (-0.3, -0.02), (0.2, 0.26), radius=0.03), finish, "flat")


def _laces(sheet: Sheet, *, top: tuple[float, float], bottom: tuple[float, float], count: int) -> None:
    lace = Finish(WHITE if sheet.plain.colour.lightness < 0.7 else Colour(64, 60, 58), "cotton")
    for at in range(count):
        share = (at + 0.3) / count
        x, y = top[0] + (bottom[0] - top[0]) * share, top[1] + (bottom[1] - top[1]) * share
        sheet.part("lace", tube(curve((x - 0.11, y + 0.06), (x, y + 0.0), (x + 0.045, y - 0.012)), 0.042), lace, "flat")
        sheet.part("eyelet", ellipse(x - 0.115, y + 0.068, 0.018, 0.018), Finish(Colour(60, 60, 62), "steel"), "flat")


def boots(sheet: Sheet) -> None:
    """A boot with an ankle or a knee-high shaft: laced, zipped, or with elastic sides or a strap."""
    knee = sheet.feature("shaft") == "knee-high"
    ankle = sheet.between(-0.52, -0.38)
    top = -1.02 if knee else ankle
    calf, toe = sheet.between(0.02, 0.1), sheet.between(0.02, 0.14)
    rim = 0.0 if not knee else calf
    upper = soft(
        (-0.55, 0.56, 0.04),
        (-0.56, 0.1, 0.15),
        (-0.54 - rim, top + 0.02, 0.03),
        (0.0 + rim, top - sheet.between(-0.03, 0.05), 0.03),
        (0.02, -0.02, 0.2),
        (0.12, 0.16, 0.2),
        (0.52, 0.22 + toe * 0.4, 0.2),
        (0.76, 0.34 + toe * 0.6, 0.14),
        (0.77, 0.57, 0.06),
    )
    opening = ellipse(-0.27, top + 0.005, 0.255 + rim, 0.05)
    sheet.part("lining", opening, Finish(_LINING, "suede"), "flat")
    sheet.part("upper", upper, sheet.main)
    closing = sheet.shape.below(4)
    if closing == 0:
        for at in range(8 if knee else 5):
            y = top + 0.1 + at * (0.16 - top - 0.14) / (8 if knee else 5)
            sheet.part(
                "lace", tube(curve((-0.13, y + 0.02), (-0.03, y - 0.02), (0.03, y + 0.03)), 0.035), sheet.trim, "flat"
            )
    elif closing == 1:
        metal = Finish(Colour(206, 196, 160), "steel")
        sheet.part("zip", tube(curve((-0.3, top + 0.04), (-0.29, -0.1), (-0.24, 0.4)), 0.022), metal, "flat")
        sheet.part("zip pull", box(-0.325, top + 0.06, -0.275, top + 0.16, 0.02), metal, "round")
    elif closing == 2 and not knee:
        elastic = Finish(Colour(48, 46, 48), "wool")
        sheet.part(
            "elastic side",
            soft((-0.36, top + 0.03), (-0.16, top + 0.03), (-0.22, 0.16), (-0.3, 0.16), radius=0.04),
            elastic,
        )
    else:
        y = 0.04
        strap = soft((-0.58, y), (0.05, y - 0.03), (0.08, y + 0.07), (-0.58, y + 0.1), radius=0.02)
        sheet.part("strap", strap, sheet.plain)
        sheet.part(
            "buckle",
            without(box(-0.2, y - 0.04, -0.06, y + 0.13), box(-0.165, y, -0.095, y + 0.09)),
            Finish(Colour(212, 200, 160), "steel"),
            "flat",
        )
    if sheet.shape.chance(0.5):
        loop = tube(curve((-0.56 - rim, top + 0.1), (-0.63 - rim, top - 0.01), (-0.53 - rim, top + 0.02)), 0.03)
        sheet.part("pull tab", loop, sheet.plain, "flat")
    sheet.seam((0.3, 0.22), (0.28, 0.4), (0.2, 0.55))
    dark = sheet.shape.choice((Colour(44, 38, 36), Colour(84, 60, 42), Colour(36, 36, 40)))
    heel = sheet.between(0.05, 0.16)
    sole = soft((-0.57, 0.53), (0.76, 0.54), (0.8, 0.58, 0.04), (0.74, 0.62, 0.03), (-0.14, 0.62, 0.03), (-0.57, 0.62))
    block = soft((-0.57, 0.58), (-0.16, 0.58), (-0.2, 0.62 + heel), (-0.55, 0.62 + heel), radius=0.02)
    sheet.part("sole", joined(sole, block), Finish(dark, "rubber"), "flat")


def heels(sheet: Sheet) -> None:
    """A court shoe on a stiletto or a block heel, with or without an ankle strap or a bow."""
    rise, point = sheet.between(0.0, 0.2), sheet.between(0.0, 0.06)
    back = -0.12 - rise
    upper = soft(
        (-0.7, back + 0.3, 0.1),
        (-0.7, back - 0.06, 0.08),
        (-0.58, back - 0.08, 0.08),
        (-0.2, 0.26, 0.5),
        (0.14, 0.32, 0.12),
        (0.28, 0.24, 0.12),
        (0.6, 0.33, 0.2),
        (0.88 + point, 0.5, 0.05),
        (0.84, 0.56, 0.04),
        (0.36, 0.57, 0.3),
        (-0.1, 0.36 - rise * 0.3, 0.5),
        (-0.46, back + 0.28, 0.2),
    )
    inner = soft(
        (-0.66, back - 0.04),
        (-0.5, back - 0.02),
        (-0.1, 0.22),
        (0.2, 0.26),
        (0.16, 0.36),
        (-0.3, 0.24),
        (-0.62, back + 0.16),
    )
    sheet.part("lining", inner, Finish(Colour(206, 176, 146), "leather"), "flat")
    if sheet.feature("heel") == "stiletto heel":
        foot = soft(
            (-0.71, back + 0.12),
            (-0.4, back + 0.28),
            (-0.53, back + 0.46, 0.2),
            (-0.545, 0.6),
            (-0.6, 0.6),
            (-0.66, back + 0.4, 0.2),
            radius=0.02,
        )
    else:
        foot = soft((-0.71, back + 0.12), (-0.34, back + 0.3), (-0.37, 0.6), (-0.68, 0.6), radius=0.03)
    sheet.part("heel", foot, sheet.plain if sheet.shape.chance(0.7) else Finish(Colour(150, 104, 66), "wood"), "round")
    sheet.part("upper", upper, sheet.main)
    # The corner of the arch is rounded: its curve runs through the middles of its edges and a quarter above it.
    arch, seat, ball = (-0.1, 0.36 - rise * 0.3), (-0.46, back + 0.28), (0.36, 0.57)
    behind, before = _middle(arch, seat), _middle(arch, ball)
    top = _middle(arch, _middle(behind, before))
    sole = tube(curve((-0.52, back + 0.27), behind, top, before, (0.34, 0.56), (0.84, 0.56)), 0.03)
    sheet.part("sole", sole, Finish(Colour(58, 46, 42), "rubber"), "flat")
    extra = sheet.shape.below(3)
    if extra == 0:
        ring = tube(
            curve(
                (-0.7, back + 0.02),
                (-0.66, back - 0.2),
                (-0.36, back - 0.24),
                (-0.22, back - 0.1),
                (-0.4, back + 0.0),
                (-0.64, back + 0.04),
            ),
            0.045,
        )
        sheet.part("ankle strap", ring, sheet.plain, "flat")
    elif extra == 1:
        for side in (-1, 1):
            wing = soft((0, 0), (side * 0.15, -0.09), (side * 0.15, 0.08), radius=0.04)
            sheet.part("bow", moved(wing, x=0.34, y=0.27, turn_degrees=16), sheet.trim)
        sheet.part("bow", ellipse(0.34, 0.27, 0.035, 0.04), sheet.trim, "ball")


def _middle(one: tuple[float, float], other: tuple[float, float]) -> tuple[float, float]:
    return (one[0] + other[0]) / 2, (one[1] + other[1]) / 2
