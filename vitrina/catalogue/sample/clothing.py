"""Drawings of clothes, laid flat and seen from above."""

from dataclasses import replace
from typing import Literal

import skia

from vitrina.catalogue.sample.colours import BLACK, WHITE, Colour
from vitrina.catalogue.sample.figure import (
    Finish,
    Sheet,
    box,
    curve,
    ellipse,
    flipped,
    mirrored,
    soft,
    tube,
    within,
)

_TOP = -0.76


def t_shirt(sheet: Sheet) -> None:
    """A tee with a crew or a v neck and short or long sleeves; plain ones may carry a print."""
    shoulder, half = sheet.between(0.42, 0.5), sheet.between(0.36, 0.44)
    hem, neck = sheet.between(0.62, 0.82), sheet.between(0.15, 0.2)
    depth = _TOP + (sheet.between(0.13, 0.19) if sheet.feature("neck") == "crew neck" else sheet.between(0.3, 0.4))
    _inside_neck(sheet, neck)
    _sleeves(sheet, shoulder=shoulder, armpit=half, cut=sheet.feature("sleeve"))
    body = _torso(
        shoulder, half, hem, neck=neck, depth=depth, bend=0.3 if sheet.feature("neck") == "crew neck" else 0.02
    )
    sheet.part("body", body, sheet.main)
    middle = (0.0, depth - 0.02)
    ring = (
        curve((-neck, _TOP), (-neck * 0.72, depth - 0.06), middle, (neck * 0.72, depth - 0.06), (neck, _TOP))
        if sheet.feature("neck") == "crew neck"
        else _angle((-neck, _TOP), middle, (neck, _TOP))
    )
    sheet.part("collar", tube(ring, 0.045), sheet.trim if sheet.shape.chance(0.3) else sheet.plain, "flat")
    sheet.seam((-half + 0.01, hem - 0.06), (0, hem - 0.045), (half - 0.01, hem - 0.06), dash=0.02)
    if sheet.main.pattern == "plain" and sheet.shape.chance(0.4):
        _print(sheet)


def _print(sheet: Sheet) -> None:
    """A badge, a chest stripe or the brand's name on a plain front."""
    choice = sheet.shape.below(3)
    if choice == 0:
        sheet.part("badge", ellipse(0, -0.14, 0.15, 0.15), sheet.accent, "flat")
    elif choice == 1:
        sheet.part("stripe", box(-0.36, -0.2, 0.36, -0.08, 0.0), sheet.accent, "flat")
    else:
        ink = WHITE if sheet.main.colour.lightness < 0.5 else BLACK
        sheet.word(sheet.article.brand, colour=ink, y=-0.12, width=0.5, height=0.15)


def shirt(sheet: Sheet) -> None:
    """A buttoned shirt with a turned collar, a placket and often a chest pocket."""
    shoulder, half, hem = sheet.between(0.43, 0.49), sheet.between(0.37, 0.43), sheet.between(0.7, 0.84)
    neck = sheet.between(0.14, 0.17)
    _inside_neck(sheet, neck)
    _sleeves(sheet, shoulder=shoulder, armpit=half, cut=sheet.feature("sleeve"), end="cuff")
    sheet.part("body", _torso(shoulder, half, hem, neck=neck, depth=_TOP + 0.2, bend=0.02), sheet.main)
    sheet.part("placket", box(-0.045, _TOP + 0.2, 0.045, hem + 0.005, 0.01), sheet.main, "flat")
    for side in (-1, 1):
        point = sheet.between(0.2, 0.26) if side < 0 else 0.23
        collar = soft(
            (side * 0.01, _TOP + 0.2),
            (side * neck, _TOP - 0.06),
            (side * 0.26, _TOP + 0.05),
            (side * 0.17, _TOP + point),
        )
        sheet.part("collar", collar, sheet.main)
    knob = Finish(WHITE if sheet.main.colour.lightness < 0.75 else Colour(120, 110, 100), "plastic")
    for at in range(5):
        sheet.part("button", ellipse(0, _TOP + 0.32 + at * (hem - _TOP - 0.42) / 4, 0.024, 0.024), knob, "flat")
    if sheet.shape.chance(0.6):
        sheet.part("pocket", soft((0.13, -0.3), (0.33, -0.3), (0.33, -0.08), (0.23, -0.03), (0.13, -0.08)), sheet.main)


def hoodie(sheet: Sheet) -> None:
    """A hooded sweatshirt, pulled over or zipped, with ribbed cuffs and hem and a front pocket."""
    shoulder, half, hem = sheet.between(0.46, 0.53), sheet.between(0.42, 0.48), sheet.between(0.6, 0.7)
    _sleeves(sheet, shoulder=shoulder, armpit=half, cut="long sleeve", end="cuff", bulk=0.05)
    sheet.part("body", _torso(shoulder, half, hem, neck=0.2, depth=_TOP + 0.24, bend=0.3), sheet.main)
    sheet.part("hem", box(-half * 0.93, hem - 0.03, half * 0.93, hem + 0.09, 0.03), sheet.plain, "lying")
    hood = mirrored((0, -0.97), (0.2, -0.95), (0.31, -0.76), (0.22, -0.53), (0, -0.42), radius=0.14)
    sheet.part("hood", hood, sheet.main)
    dark = Finish(sheet.plain.colour.mixed(sheet.plain.colour.shade, 0.55), sheet.plain.material)
    sheet.part("lining", mirrored((0, -0.86), (0.15, -0.83), (0.17, -0.7), (0, -0.5), radius=0.1), dark, "flat")
    pocket = mirrored((0, 0.14), (0.2, 0.14), (0.33, 0.38), (0.33, hem - 0.05), (0, hem - 0.05), radius=0.04)
    sheet.part("pocket", pocket, sheet.main)
    if sheet.feature("closure") == "zip":
        metal = Finish(Colour(188, 190, 194), "steel")
        sheet.part("zip", box(-0.022, -0.46, 0.022, hem + 0.08, 0.01), metal, "flat")
        sheet.line(curve((0, -0.46), (0, hem + 0.08)), colour=BLACK, width=0.012, dash=0.02)
    string = sheet.trim.colour
    for side in (-1, 1):
        end = -0.2 + 0.08 * side * sheet.between(0, 1)
        sheet.part(
            "string",
            tube(curve((side * 0.07, -0.5), (side * 0.09, -0.35), (side * 0.08, end)), 0.026),
            Finish(string, "cotton"),
            "flat",
        )


def dress(sheet: Sheet) -> None:
    """A dress from mini to maxi, with or without sleeves, a waist seam or belt and a skirt that flares."""
    length, sleeve = sheet.feature("length"), sheet.feature("sleeve")
    hem = {"mini": 0.36, "midi": 0.66, "maxi": 0.94}[length] + sheet.between(-0.04, 0.02)
    waist_y, waist = sheet.between(-0.26, -0.14), sheet.between(0.21, 0.26)
    flare = waist + sheet.between(0.16, 0.42)
    top, shoulder, neck = -0.92, 0.31 if sleeve != "sleeveless" else 0.25, sheet.between(0.13, 0.18)
    depth = top + sheet.between(0.14, 0.34)
    is_belted = sheet.shape.chance(0.5)
    _inside_neck(sheet, neck, top=top)
    if sleeve != "sleeveless":
        _sleeves(sheet, shoulder=shoulder, armpit=0.29, cut=sleeve, top=top, bulk=-0.02)
    bodice = mirrored(
        (0, depth, 0.12),
        (neck, top, 0.02),
        (shoulder, top + 0.07, 0.04),
        (0.27, top + 0.36, 0.08),
        (waist, waist_y),
        (0, waist_y),
    )
    skirt = mirrored(
        (0, waist_y - 0.01, 0.0),
        (waist, waist_y - 0.01, 0.01),
        (waist + 0.05, waist_y + 0.12, 0.1),
        (flare, hem, 0.05),
        (flare * 0.5, hem + 0.035, 0.1),
        (0, hem + 0.04, 0.1),
    )
    sheet.part("skirt", skirt, sheet.main)
    sheet.part("bodice", bodice, sheet.main)
    for at in (-0.6, -0.25, 0.2, 0.55):
        sheet.seam(
            (waist * at, waist_y + 0.03), (waist * at * 1.3, waist_y + 0.3 * (hem - waist_y)), (flare * at, hem - 0.1)
        )
    if is_belted:
        sheet.part("belt", box(-waist - 0.01, waist_y - 0.04, waist + 0.01, waist_y + 0.035, 0.02), sheet.trim, "lying")


def skirt(sheet: Sheet) -> None:
    """A skirt: pleated, pencil or flared, under a waistband."""
    cut = sheet.feature("cut")
    waist, top = sheet.between(0.3, 0.36), -0.62
    hem = top + sheet.between(0.95, 1.4)
    flare = {"pleated": waist + 0.3, "pencil": waist + 0.05, "flared": waist + 0.42}[cut] + sheet.between(-0.05, 0.05)
    hip = {"pleated": waist + 0.1, "pencil": waist + 0.12, "flared": waist + 0.1}[cut]
    body = mirrored(
        (0, top, 0.0),
        (waist, top, 0.01),
        (hip, top + 0.32, 0.2),
        (flare, hem, 0.04),
        (flare * 0.5, hem + 0.04, 0.1),
        (0, hem + 0.05, 0.1),
    )
    sheet.part("body", body, sheet.main)
    if cut == "pleated":
        for at in range(-4, 5):
            x = at / 4.5
            fold = soft(
                (waist * x, top + 0.05),
                (waist * x + 0.03, top + 0.05),
                (flare * x + 0.07, hem + 0.03),
                (flare * x, hem + 0.03),
            )
            shade = Finish(sheet.plain.colour.mixed(sheet.plain.colour.shade, 0.45), sheet.plain.material)
            sheet.part("pleat", within(fold, body), shade, "flat")
    elif cut == "pencil":
        sheet.seam((waist * 0.55, top + 0.08), (waist * 0.6, top + 0.3))
        sheet.seam((-waist * 0.55, top + 0.08), (-waist * 0.6, top + 0.3))
        sheet.line(curve((0.02, hem - 0.22), (0.02, hem + 0.03)), colour=BLACK, width=0.02)
    else:
        for at in (-0.6, -0.2, 0.25, 0.6):
            sheet.seam((waist * at, top + 0.15), (hip * at * 1.1, top + 0.5), (flare * at, hem - 0.03))
    sheet.part("waistband", box(-waist - 0.01, top - 0.06, waist + 0.01, top + 0.06, 0.02), sheet.plain, "lying")


def trousers(sheet: Sheet) -> None:
    """Trousers: waistband, fly, pockets, and two legs of slim, straight or wide cut."""
    waist, top = sheet.between(0.28, 0.34), -0.9
    hip = waist + 0.06
    foot = {"slim": 0.13, "straight": 0.19, "wide": 0.28}[sheet.feature("cut")] + sheet.between(-0.015, 0.02)
    hem = 0.92 if sheet.feature("length") == "full length" else 0.56
    crotch = -0.32 + sheet.between(-0.03, 0.04)
    ankle = hip * 0.62 + sheet.between(0.02, 0.08)
    turn = {"slim": 2.0, "straight": 3.0, "wide": 4.0}[sheet.feature("cut")]
    for side in (1, -1):
        leg = soft(
            (0.0, top + 0.05),
            (waist, top + 0.05, 0.01),
            (hip, crotch - 0.08, 0.2),
            (ankle + foot, hem, 0.03),
            (ankle - foot + 0.04, hem + 0.015, 0.03),
            (0.0, crotch, 0.02),
        )
        finish = replace(sheet.main, turn_degrees=sheet.main.turn_degrees - turn * side)
        sheet.part("leg", leg if side == 1 else flipped(leg), finish)
    sheet.part("waistband", box(-waist - 0.012, top - 0.05, waist + 0.012, top + 0.07, 0.02), sheet.plain, "lying")
    sheet.seam((0, top + 0.07), (0.01, crotch - 0.02))
    sheet.seam((0.07, top + 0.07), (0.075, crotch - 0.16), (0.02, crotch - 0.08), dash=0.02)
    for side in (-1, 1):
        sheet.seam(
            (side * (waist - 0.11), top + 0.08), (side * (waist - 0.06), top + 0.2), (side * (hip - 0.015), top + 0.24)
        )
        sheet.seam((side * (ankle - foot + 0.06), hem - 0.06), (side * (ankle + foot - 0.01), hem - 0.07), dash=0.02)
    sheet.part("button", ellipse(0.03, top + 0.01, 0.026, 0.026), Finish(Colour(190, 170, 120), "steel"), "ball")


def _angle(*points: tuple[float, float]) -> skia.Path:
    path = skia.Path()
    path.addPoly(list(points), False)
    return path


def _inside_neck(sheet: Sheet, neck: float, *, top: float = _TOP) -> None:
    """The inner side of the back, seen through the neckline."""
    dark = Finish(sheet.plain.colour.mixed(sheet.plain.colour.shade, 0.5), sheet.plain.material)
    back = mirrored((0, top + 0.05, 0.1), (neck, top, 0.01), (neck + 0.06, top + 0.2), (0, top + 0.4), radius=0.05)
    sheet.part("back", back, dark, "flat")


def _torso(shoulder: float, half: float, hem: float, *, neck: float, depth: float, bend: float) -> skia.Path:
    return mirrored(
        (0, depth, bend),
        (neck, _TOP, 0.02),
        (shoulder, _TOP + 0.1, 0.06),
        (half + 0.01, _TOP + 0.5, 0.1),
        (half, hem, 0.04),
        (0, hem + 0.015, 0.2),
    )


def _sleeves(
    sheet: Sheet,
    *,
    shoulder: float,
    armpit: float,
    cut: str,
    end: Literal["hem", "cuff"] = "hem",
    top: float = _TOP,
    bulk: float = 0.0,
) -> None:
    """Two sleeves behind the body; their patterns follow the arm."""
    spread = sheet.between(-0.06, 0.1)
    if cut == "long sleeve":
        wrist_x, wrist_y = shoulder + 0.24 + spread, top + sheet.between(1.12, 1.25)
        arm = soft(
            (shoulder - 0.14, top + 0.04),
            (shoulder + 0.02, top + 0.12, 0.1),
            (wrist_x + 0.06 + bulk, wrist_y - 0.02, 0.02),
            (wrist_x - 0.1 - bulk, wrist_y + 0.03, 0.02),
            (armpit - 0.06, top + 0.5),
        )
        cuff = soft(
            (wrist_x + 0.07 + bulk, wrist_y - 0.1),
            (wrist_x + 0.075 + bulk, wrist_y),
            (wrist_x - 0.11 - bulk, wrist_y + 0.05),
            (wrist_x - 0.125 - bulk, wrist_y - 0.045),
            radius=0.02,
        )
    else:
        wrist_x, wrist_y = shoulder + 0.26 + spread, top + sheet.between(0.36, 0.48)
        arm = soft(
            (shoulder - 0.14, top + 0.04),
            (shoulder + 0.03, top + 0.1, 0.1),
            (wrist_x + 0.05, wrist_y, 0.02),
            (wrist_x - 0.14, wrist_y + 0.16, 0.02),
            (armpit - 0.06, top + 0.5),
        )
        cuff = None
    turn = 18.0 if cut == "long sleeve" else 40.0
    for side in (1, -1):
        finish = replace(sheet.main, turn_degrees=sheet.main.turn_degrees - turn * side)
        sheet.part("sleeve", arm if side == 1 else flipped(arm), finish)
        if end == "cuff" and cuff is not None:
            sheet.part("cuff", cuff if side == 1 else flipped(cuff), sheet.plain)
