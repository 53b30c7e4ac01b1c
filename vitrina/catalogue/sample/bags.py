"""Drawings of bags, seen from the front."""

import math

from vitrina.catalogue.sample.colours import Colour
from vitrina.catalogue.sample.figure import (
    Finish,
    Sheet,
    box,
    curve,
    ellipse,
    mirrored,
    moved,
    soft,
    tube,
    within,
    without,
)

_BRASS = Finish(Colour(206, 172, 96), "steel")
_SILVER = Finish(Colour(196, 198, 204), "steel")


def handbag(sheet: Sheet) -> None:
    """A handbag: one top handle, twin handles or a chain, with a flap, a zip or a clasp."""
    wide, top, foot = sheet.between(0.6, 0.78), sheet.between(-0.22, -0.08), 0.8
    narrow = wide - sheet.between(0.02, 0.2)
    metal = sheet.shape.choice((_BRASS, _SILVER))
    strap = sheet.trim if sheet.shape.chance(0.3) else sheet.plain
    handle = sheet.feature("handle")
    reach, spread = sheet.between(0.5, 0.7), sheet.between(0.45, 0.7)
    if handle == "chain strap":
        _chain(sheet, metal, half=narrow - 0.06, top=top)
    else:
        half = narrow * spread
        arc = curve(
            (-half, top + 0.06),
            (-half * 0.86, top - reach * 0.7),
            (0, top - reach),
            (half * 0.86, top - reach * 0.7),
            (half, top + 0.06),
        )
        if handle == "twin handles":
            back = Finish(strap.colour.mixed(strap.colour.shade, 0.45), strap.material)
            sheet.part("handle", tube(moved(arc, x=0.05, y=-0.06), 0.06), back, "flat")
        sheet.part("handle", tube(arc, 0.07), strap)
    radius = sheet.between(0.05, 0.22)
    body = mirrored((0, top, 0.0), (narrow, top, 0.08), (wide, foot, radius), (0, foot, 0.0))
    sheet.part("body", body, sheet.main)
    closing = sheet.shape.below(3)
    if closing == 0:
        drop = top + sheet.between(0.36, 0.56)
        point = sheet.between(0.0, 0.14)
        flap = mirrored(
            (0, top - 0.02, 0.0),
            (narrow + 0.015, top - 0.02, 0.08),
            (narrow + 0.02, drop - 0.06, 0.12),
            (0, drop + point, 0.25),
        )
        sheet.part("flap", flap, sheet.main)
        sheet.part("clasp", box(-0.07, drop + point - 0.12, 0.07, drop + point + 0.02, 0.03), metal, "round")
    elif closing == 1:
        sheet.part("zip", box(-narrow + 0.08, top + 0.05, narrow - 0.08, top + 0.085, 0.01), metal, "lying")
        sheet.part("pocket", box(-wide * 0.6, top + 0.34, wide * 0.6, foot - 0.12, 0.05), sheet.main)
    else:
        sheet.part("clasp", ellipse(-0.04, top - 0.02, 0.05, 0.05), metal, "ball")
        sheet.part("clasp", ellipse(0.04, top - 0.02, 0.05, 0.05), metal, "ball")
        sheet.part("rim", box(-narrow, top - 0.005, narrow, top + 0.05, 0.02), metal, "lying")
    if handle != "chain strap":
        for side in (-1, 1):
            ring = without(
                ellipse(side * narrow * 0.58, top + 0.11, 0.05, 0.06),
                ellipse(side * narrow * 0.58, top + 0.11, 0.025, 0.035),
            )
            sheet.part("ring", ring, metal, "flat")
    sheet.seam((-wide + 0.05, foot - 0.05), (0, foot - 0.04), (wide - 0.05, foot - 0.05), dash=0.02)


def _chain(sheet: Sheet, metal: Finish, *, half: float, top: float) -> None:
    """Links along an arc."""
    count = 26
    for at in range(count):
        angle = math.pi * (at + 0.5) / count
        x, y = -half * math.cos(angle), top + 0.06 - 0.78 * math.sin(angle)
        link = without(ellipse(0, 0, 0.05, 0.032), ellipse(0, 0, 0.026, 0.012))
        sheet.part(
            "chain",
            moved(link, x=x, y=y, turn_degrees=math.degrees(angle) - 90 + (90 if at % 2 else 55)),
            metal,
            "flat",
        )


def backpack(sheet: Sheet) -> None:
    """A backpack: zipped or under a buckled flap, with a front pocket, side pockets and a hanging loop."""
    wide, top, foot = sheet.between(0.5, 0.6), -0.68, 0.84
    crown = sheet.between(0.2, 0.42)
    strap = Finish(sheet.plain.colour.mixed(sheet.plain.colour.shade, 0.5), sheet.plain.material)
    for side in (-1, 1):
        band = tube(
            curve(
                (side * 0.2, top + 0.04),
                (side * (wide + 0.12), top + 0.28),
                (side * (wide + 0.16), 0.3),
                (side * (wide - 0.02), foot - 0.1),
            ),
            0.085,
        )
        sheet.part("shoulder strap", band, strap, "flat")
    sheet.part(
        "loop",
        tube(curve((-0.13, top + 0.05), (-0.1, top - 0.14), (0.1, top - 0.14), (0.13, top + 0.05)), 0.05),
        strap,
        "flat",
    )
    if sheet.shape.chance(0.6):
        for side in (-1, 1):
            net = soft(
                (side * (wide - 0.06), 0.3),
                (side * (wide + 0.1), 0.33),
                (side * (wide + 0.08), foot - 0.05),
                (side * (wide - 0.1), foot - 0.04),
                radius=0.05,
            )
            sheet.part("side pocket", net, sheet.trim)
    body = mirrored((0, top, 0.2), (wide * 0.8, top, crown), (wide, top + 0.5, 0.3), (wide, foot, 0.12), (0, foot, 0.0))
    sheet.part("body", body, sheet.main)
    pocket_top = sheet.between(0.12, 0.24)
    pocket = mirrored(
        (0, pocket_top, 0.0), (wide * 0.72, pocket_top, 0.1), (wide * 0.8, foot - 0.06, 0.1), (0, foot - 0.06, 0.0)
    )
    sheet.part(
        "front pocket",
        pocket,
        sheet.accent if sheet.main.pattern == "plain" and sheet.shape.chance(0.25) else sheet.main,
    )
    if sheet.feature("closure") == "zip":
        arc = curve(
            (-wide * 0.86, 0.04),
            (-wide * 0.82, top + 0.36),
            (0, top + 0.14),
            (wide * 0.82, top + 0.36),
            (wide * 0.86, 0.04),
        )
        sheet.line(arc, colour=strap.colour, width=0.04, opacity=0.95)
        sheet.line(arc, colour=_SILVER.colour, width=0.014, dash=0.016, opacity=0.95)
        sheet.line(
            curve((-wide * 0.64, pocket_top + 0.08), (wide * 0.64, pocket_top + 0.08)),
            colour=strap.colour,
            width=0.034,
            opacity=0.95,
        )
        sheet.part(
            "zip pull", box(wide * 0.6, pocket_top + 0.08, wide * 0.6 + 0.04, pocket_top + 0.2, 0.02), _SILVER, "round"
        )
    else:
        flap = mirrored(
            (0, top - 0.01, 0.2),
            (wide * 0.82, top - 0.01, crown),
            (wide * 0.98, top + 0.5, 0.2),
            (wide * 0.9, 0.08, 0.12),
            (0, 0.14, 0.3),
        )
        sheet.part("flap", flap, sheet.main)
        for side in (-1, 1):
            x = side * wide * 0.45
            belt = Finish(Colour(122, 80, 48), "leather") if sheet.article.material == "canvas" else sheet.trim
            sheet.part("buckle strap", box(x - 0.045, -0.12, x + 0.045, 0.42, 0.03), belt, "flat")
            sheet.part(
                "buckle",
                without(box(x - 0.075, 0.16, x + 0.075, 0.3), box(x - 0.045, 0.19, x + 0.045, 0.27)),
                _BRASS,
                "flat",
            )
    label = box(-0.16, foot - 0.3, 0.16, foot - 0.2, 0.02)
    sheet.part("label", within(label, pocket), sheet.trim, "flat")
    ink = Colour(30, 30, 32) if sheet.trim.colour.lightness > 0.5 else Colour(240, 240, 240)
    sheet.word(sheet.article.brand, colour=ink, y=foot - 0.25, width=0.28, height=0.07)
