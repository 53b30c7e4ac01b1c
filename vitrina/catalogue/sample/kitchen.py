"""Drawings of what stands in a kitchen: mugs, bottles, jars, pots."""

from dataclasses import replace

from vitrina.catalogue.sample.colours import BLACK, WHITE, Colour
from vitrina.catalogue.sample.figure import (
    Finish,
    Sheet,
    box,
    curve,
    ellipse,
    joined,
    mirrored,
    moved,
    soft,
    tube,
    within,
    without,
)

_STEEL = Finish(Colour(190, 192, 198), "steel")

_CONTENTS = {
    "honey": Colour(222, 148, 32),
    "strawberry jam": Colour(176, 28, 38),
    "orange marmalade": Colour(236, 130, 30),
    "olives": Colour(118, 126, 50),
    "fig jam": Colour(92, 44, 66),
}


def mug(sheet: Sheet) -> None:
    """A mug with straight, rounded or tapered sides, a handle at the right, and what is drunk from it or nothing."""
    sides, top = sheet.feature("sides"), sheet.between(-0.62, -0.4)
    wide = sheet.between(0.46, 0.54)
    foot = {"straight sides": wide, "rounded": wide * 0.72, "tapered": wide * sheet.between(0.66, 0.78)}[sides]
    curved = 0.4 if sides == "rounded" else 0.09
    grip = sheet.plain if sheet.shape.chance(0.8) else sheet.accent
    high = top + sheet.between(0.16, 0.26)
    low = sheet.between(0.42, 0.58)
    reach = wide + sheet.between(0.28, 0.38)
    if sheet.shape.chance(0.7):
        handle = curve(
            (wide * 0.9, high),
            (reach * 0.9, high - 0.03),
            (reach, (high + low) / 2),
            (reach * 0.86, low),
            (foot * 0.9, low + 0.04),
        )
    else:
        handle = curve(
            (wide * 0.9, high),
            (reach * 0.97, high),
            (reach, high + 0.1),
            (reach * 0.98, low - 0.1),
            (reach * 0.9, low),
            (foot * 0.9, low),
        )
    sheet.part("handle", tube(handle, sheet.between(0.09, 0.13)), grip)
    if sides == "rounded":
        body = mirrored((0, top, 0.0), (wide, top, 0.0), (wide + 0.06, 0.3, 0.4), (foot, 0.84, curved), (0, 0.88, 0.2))
    else:
        body = mirrored((0, top, 0.0), (wide, top, 0.0), (foot, 0.8, curved), (0, 0.88, 0.35))
    body = joined(body, ellipse(0, top, wide, 0.1))
    sheet.part("body", body, sheet.main, "round")
    if sheet.main.pattern == "plain" and sheet.shape.chance(0.4):
        _band(sheet, wide=wide, top=top)
    inside = Finish(
        WHITE.mixed(sheet.plain.colour, 0.12) if sheet.shape.chance(0.5) else sheet.plain.colour, sheet.plain.material
    )
    sheet.part("rim", ellipse(0, top, wide, 0.1), inside, "flat")
    hollow = Finish(inside.colour.mixed(inside.colour.shade, 0.55), inside.material)
    sheet.part("inside", ellipse(0, top + 0.015, wide - 0.04, 0.075), hollow, "flat")
    drink = sheet.shape.below(4)
    if drink < 2:
        colour = (Colour(70, 40, 22), Colour(172, 96, 36))[drink]
        sheet.part("drink", ellipse(0, top + 0.03, wide - 0.07, 0.055), Finish(colour, "porcelain"), "flat")


def _band(sheet: Sheet, *, wide: float, top: float) -> None:
    """A dipped foot, a ring, or a word on a plain mug."""
    ink = sheet.accent.colour
    choice = sheet.shape.below(3)
    if choice == 0:
        sheet.line(curve((-wide * 0.9, 0.55), (0, 0.63), (wide * 0.9, 0.55)), colour=ink, width=0.06, opacity=0.85)
    elif choice == 1:
        sheet.line(
            curve((-wide * 0.98, top + 0.14), (0, top + 0.23), (wide * 0.98, top + 0.14)),
            colour=ink,
            width=0.05,
            opacity=0.85,
        )
    else:
        dark = sheet.plain.colour.lightness > 0.5
        sheet.word(sheet.article.brand, colour=BLACK if dark else WHITE, y=0.22, width=0.64, height=0.18)


def bottle(sheet: Sheet) -> None:
    """A drinking bottle: straight or waisted body, shoulders, a screw lid or one with a loop."""
    wide, top = sheet.between(0.24, 0.34), sheet.between(-0.5, -0.36)
    neck = wide * sheet.between(0.5, 0.75)
    slope = sheet.between(0.08, 0.24)
    waist = wide * sheet.between(0.86, 1.0)
    body = mirrored(
        (0, top, 0.0),
        (neck, top, 0.02),
        (wide, top + slope, 0.14),
        (waist, 0.24, 0.3),
        (wide, 0.5, 0.2),
        (wide, 0.9, 0.07),
        (0, 0.91, 0.0),
    )
    if sheet.article.material == "glass":
        level = sheet.between(-0.1, 0.3)
        water = within(
            mirrored((0, level, 0.0), (wide, level, 0.0), (wide, 0.89, 0.06), (0, 0.89, 0.0)),
            moved(body, scale=0.96, y=0.02),
        )
        sheet.part("water", water, Finish(sheet.plain.colour.mixed(Colour(190, 216, 230), 0.3), "glass"), "round")
    sheet.part("body", body, sheet.main, "round")
    lid = sheet.shape.choice(
        (_STEEL, Finish(Colour(46, 46, 50), "plastic"), sheet.trim, Finish(Colour(196, 154, 104), "wood"))
    )
    lid = Finish(lid.colour, lid.material if lid.material in ("steel", "wood") else "plastic")
    height = sheet.between(0.16, 0.28)
    if sheet.feature("lid") == "carry loop":
        loop = curve(
            (-neck * 0.7, top - height),
            (-neck * 0.75, top - height - 0.2),
            (0, top - height - 0.27),
            (neck * 0.75, top - height - 0.2),
            (neck * 0.7, top - height),
        )
        sheet.part("loop", tube(loop, 0.06), lid)
    sheet.part("lid", box(-neck - 0.02, top - height, neck + 0.02, top + 0.015, 0.03), lid, "round")
    if sheet.feature("lid") == "screw lid":
        for at in range(-4, 5):
            x = neck * at / 4.6
            sheet.line(curve((x, top - height + 0.03), (x, top - 0.02)), colour=BLACK, width=0.012, opacity=0.3)
    sheet.part("collar", box(-neck - 0.01, top - 0.01, neck + 0.01, top + 0.035, 0.01), _STEEL, "round")
    if sheet.main.pattern == "plain" and sheet.shape.chance(0.6):
        ink = WHITE if sheet.plain.colour.lightness < 0.5 else BLACK
        sheet.word(sheet.article.brand, colour=ink, y=0.3, width=0.7, height=0.15, turn_degrees=-90)


def jar(sheet: Sheet) -> None:
    """A preserving jar: its contents show through, lid and label carry the colour and the pattern."""
    wide, top = sheet.between(0.42, 0.54), sheet.between(-0.5, -0.36)
    shape = sheet.shape.below(3)
    if shape == 0:
        body = mirrored(
            (0, top, 0.0), (wide * 0.84, top, 0.02), (wide, top + 0.2, 0.14), (wide, 0.86, 0.1), (0, 0.88, 0.0)
        )
    elif shape == 1:
        body = mirrored(
            (0, top, 0.0), (wide * 0.8, top, 0.02), (wide * 1.2, 0.2, 0.5), (wide * 0.85, 0.86, 0.1), (0, 0.88, 0.0)
        )
    else:
        body = mirrored(
            (0, top, 0.0),
            (wide * 0.9, top, 0.02),
            (wide * 0.94, top + 0.1, 0.04),
            (wide * 0.94, 0.86, 0.04),
            (0, 0.88, 0.0),
        )
    contents = _CONTENTS[sheet.feature("contents")]
    sheet.part("contents", within(body, box(-1, top + 0.1, 1, 1, 0.0)), Finish(contents, "silicone"), "round")
    if sheet.feature("contents") == "olives":
        for row in range(6):
            for column in range(-3, 4):
                x = column * 0.19 + (row % 2) * 0.09
                olive = within(ellipse(x, top + 0.24 + row * 0.19, 0.1, 0.085), body)
                if not olive.isEmpty():
                    sheet.part(
                        "olive",
                        olive,
                        Finish(
                            contents.nudged(hue_degrees=0, saturation=1, value=0.9 + 0.1 * (column % 3)), "silicone"
                        ),
                        "ball",
                    )
    sheet.part("glass", body, Finish(Colour(236, 240, 240), "clear glass"), "round")
    printed = replace(sheet.main, material="cardboard")
    label = mirrored((0, 0.02, 0.0), (wide * 0.9, 0.0, 0.03), (wide * 0.9, 0.68, 0.03), (0, 0.72, 0.0))
    sheet.part("label", within(label, body), printed, "round")
    plate = mirrored((0, 0.12, 0.2), (wide * 0.62, 0.14, 0.1), (wide * 0.62, 0.54, 0.1), (0, 0.58, 0.2))
    paper = Finish(Colour(250, 246, 234), "cardboard")
    sheet.part("plate", plate, paper, "flat")
    sheet.word(sheet.article.brand, colour=Colour(40, 34, 30), y=0.27, width=wide * 1.1, height=0.11)
    sheet.word(sheet.feature("contents"), colour=contents.mixed(BLACK, 0.4), y=0.44, width=wide * 1.1, height=0.08)
    half = wide * 0.88
    if sheet.shape.chance(0.35):
        cloth = mirrored(
            (0, top - 0.22, 0.1),
            (half * 0.9, top - 0.22, 0.08),
            (half * 1.02, top - 0.06, 0.1),
            (half * 1.3, top + 0.16, 0.04),
            (half * 0.6, top + 0.1, 0.1),
            (0, top + 0.17, 0.1),
        )
        sheet.part("lid", cloth, replace(sheet.main, material="cotton", period=0.13))
        sheet.part(
            "string",
            box(-half * 1.04, top - 0.06, half * 1.04, top - 0.015, 0.02),
            Finish(Colour(206, 176, 126), "wool"),
            "lying",
        )
    else:
        sheet.part(
            "lid", box(-half, top - 0.2, half, top + 0.02, 0.05), Finish(sheet.plain.colour, "enamelled steel"), "round"
        )
        sheet.line(curve((-half + 0.01, top - 0.03), (half - 0.01, top - 0.03)), colour=BLACK, width=0.012, opacity=0.3)


def pot(sheet: Sheet) -> None:
    """A cooking pot with a lid: one long handle, or two ears."""
    wide, top, foot = sheet.between(0.52, 0.62), sheet.between(-0.16, 0.0), sheet.between(0.62, 0.72)
    shift = -0.24 if sheet.feature("handles") == "long handle" else 0.0
    grip = Finish(sheet.shape.choice((Colour(44, 42, 44), Colour(150, 104, 66))), "plastic")
    grip = Finish(grip.colour, "wood") if grip.colour.lightness > 0.3 else grip
    if sheet.feature("handles") == "long handle":
        bar = soft(
            (wide + shift - 0.04, top + 0.1),
            (0.96, top - sheet.between(-0.02, 0.08)),
            (0.98, top + 0.08),
            (wide + shift - 0.04, top + 0.2),
            radius=0.04,
        )
        sheet.part("handle", bar, grip, "lying")
        sheet.part(
            "handle joint", box(wide + shift - 0.04, top + 0.08, wide + shift + 0.08, top + 0.21, 0.02), _STEEL, "lying"
        )
    else:
        for side in (-1, 1):
            ear = tube(
                curve(
                    (side * wide * 0.97, top + 0.12),
                    (side * (wide + 0.22), top + 0.1),
                    (side * (wide + 0.22), top + 0.26),
                    (side * wide * 0.97, top + 0.26),
                ),
                0.07,
            )
            sheet.part("handle", ear, sheet.plain if sheet.shape.chance(0.6) else grip)
    body = mirrored((0, top, 0.0), (wide, top, 0.0), (wide, foot, sheet.between(0.06, 0.26)), (0, foot + 0.02, 0.0))
    sheet.part("body", moved(body, x=shift), sheet.main, "round")
    dome = sheet.between(0.1, 0.26)
    lid = mirrored(
        (0, top - dome, 0.3), (wide * 0.7, top - dome * 0.8, 0.3), (wide + 0.02, top - 0.02, 0.05), (0, top, 0.0)
    )
    clear = sheet.shape.chance(0.25)
    sheet.part("lid", moved(lid, x=shift), Finish(Colour(214, 224, 226), "glass") if clear else sheet.plain, "round")
    sheet.part(
        "rim",
        moved(box(-wide - 0.025, top - 0.04, wide + 0.025, top + 0.035, 0.03), x=shift),
        _STEEL if sheet.shape.chance(0.5) else sheet.plain,
        "round",
    )
    sheet.part(
        "knob stem", box(shift - 0.03, top - dome - 0.06, shift + 0.03, top - dome + 0.04, 0.01), _STEEL, "round"
    )
    knob = sheet.shape.below(2)
    if knob == 0:
        sheet.part("knob", ellipse(shift, top - dome - 0.1, 0.09, 0.07), grip, "ball")
    else:
        ring = without(ellipse(shift, top - dome - 0.1, 0.12, 0.09), ellipse(shift, top - dome - 0.09, 0.07, 0.05))
        sheet.part("knob", ring, grip, "flat")
    if sheet.article.material == "enamelled steel" and sheet.main.pattern == "plain" and sheet.shape.chance(0.4):
        sheet.line(
            moved(curve((-wide * 0.97, foot - 0.14), (0, foot - 0.1), (wide * 0.97, foot - 0.14)), x=shift),
            colour=sheet.accent.colour,
            width=0.035,
            opacity=0.85,
        )
