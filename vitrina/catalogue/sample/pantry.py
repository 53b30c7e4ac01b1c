"""Drawings of groceries in their packages, printed with brand, contents and weight."""

from dataclasses import replace

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
    within,
    without,
)

_STEEL = Finish(Colour(196, 198, 204), "steel")
_PAPER = Finish(Colour(250, 247, 238), "cardboard")

_FLAKES = {
    "corn flakes": Colour(226, 160, 54),
    "muesli": Colour(178, 124, 70),
    "oat flakes": Colour(220, 190, 140),
    "chocolate puffs": Colour(92, 52, 32),
    "wheat squares": Colour(200, 144, 70),
}
_TINNED = {
    "chickpeas": Colour(218, 180, 116),
    "tomatoes": Colour(206, 44, 34),
    "tuna": Colour(226, 176, 152),
    "sardines": Colour(140, 154, 170),
    "sweetcorn": Colour(244, 204, 62),
    "beans": Colour(112, 48, 36),
}
_DRINKS = {
    "whole milk": Colour(250, 250, 246),
    "oat drink": Colour(228, 208, 172),
    "almond drink": Colour(236, 222, 198),
    "orange juice": Colour(246, 158, 34),
    "tomato juice": Colour(204, 50, 40),
}
_ROASTS = {
    "espresso beans": Colour(58, 34, 22),
    "ground coffee": Colour(96, 60, 36),
    "filter coffee": Colour(122, 76, 44),
    "decaf coffee": Colour(148, 98, 60),
}


def _ink(ground: Colour) -> Colour:
    return Colour(32, 28, 28) if ground.lightness > 0.5 else Colour(250, 248, 242)


def cereal_box(sheet: Sheet) -> None:
    """A cardboard box seen from a corner: brand across the top, a bowl, the contents, the weight."""
    wide, top, deep = sheet.between(0.4, 0.54), sheet.between(-0.92, -0.66), sheet.between(0.16, 0.26)
    left, right, foot, rise = -wide - deep / 2, wide - deep / 2, 0.86, 0.07
    dark = Finish(sheet.plain.colour.mixed(sheet.plain.colour.shade, 0.4), "cardboard")
    side = soft((right, top), (right + deep, top - rise), (right + deep, foot - rise), (right, foot), radius=0.004)
    sheet.part("side", side, dark, "flat")
    lid = soft((left, top), (right, top), (right + deep, top - rise), (left + deep, top - rise), radius=0.004)
    sheet.part("top", lid, Finish(sheet.plain.colour.light, "cardboard"), "flat")
    sheet.part("front", box(left, top, right, foot, 0.006), sheet.main, "flat")
    middle, ink = (left + right) / 2, _ink(sheet.plain.colour)
    layout = sheet.shape.below(3)
    band = 0.34 if layout else 0.28
    if layout == 0:
        plate = box(left, top + 0.1, right, top + 0.1 + band, 0.0)
    elif layout == 1:
        plate = within(ellipse(middle, top + 0.27, wide * 0.92, 0.2), box(left, top, right, foot, 0.0))
    else:
        plate = soft((left, top + 0.06), (right, top + 0.14), (right, top + 0.46), (left, top + 0.38), radius=0.0)
    ground = _PAPER if sheet.main.pattern != "plain" or sheet.plain.colour.lightness < 0.8 else sheet.trim
    sheet.part("label", plate, ground, "flat")
    turn = 5.0 if layout == 2 else 0.0
    sheet.word(
        sheet.article.brand,
        colour=sheet.plain.colour if ground is _PAPER and sheet.plain.colour.lightness < 0.6 else _ink(ground.colour),
        x=middle,
        y=top + (0.1 + band / 2 if layout == 0 else 0.27),
        width=wide * 1.6,
        height=0.17,
        turn_degrees=turn,
    )
    flakes = _FLAKES[sheet.feature("contents")]
    y = sheet.between(0.2, 0.3)
    bowl = within(ellipse(middle, y, wide * 0.66, 0.34), box(-1, y, 1, 1, 0.0))
    sheet.part("bowl", bowl, Finish(sheet.trim.colour, "porcelain"), "round")
    sheet.part("bowl", ellipse(middle, y, wide * 0.66, 0.09), Finish(WHITE, "porcelain"), "flat")
    for at in range(11):
        x = middle + wide * 0.56 * ((at * 0.618) % 1 * 2 - 1) * 0.92
        flake = ellipse(x, y - 0.015 - 0.05 * ((at * 0.37) % 1), 0.06, 0.038)
        shade = flakes.nudged(hue_degrees=0, saturation=1, value=0.86 + 0.2 * ((at * 0.29) % 1))
        sheet.part("cereal", moved(flake), Finish(shade, "cardboard"), "ball")
    strip = box(left + 0.04, 0.6, right - 0.04, 0.75, 0.04)
    sheet.part("strip", strip, Finish(ink.mixed(sheet.plain.colour, 0.1), "cardboard"), "flat")
    sheet.word(sheet.feature("contents"), colour=_ink(ink), x=middle, y=0.675, width=wide * 1.7, height=0.085)
    sheet.part("badge", box(right - 0.29, 0.765, right - 0.03, 0.85, 0.02), _PAPER, "flat")
    sheet.word(sheet.article.size, colour=Colour(40, 36, 40), x=right - 0.16, y=0.807, width=0.23, height=0.055)


def tin_can(sheet: Sheet) -> None:
    """A tin: steel rims, a label round it with brand and contents, a ring pull where it has one."""
    wide, top = sheet.between(0.4, 0.62), sheet.between(-0.66, -0.2)
    foot, oval = 0.82, 0.11
    body = joined(
        mirrored((0, top, 0.0), (wide, top, 0.0), (wide, foot, 0.03), (0, foot, 0.0)),
        ellipse(0, foot, wide, oval * 0.7),
    )
    sheet.part("body", body, _STEEL, "round")
    edge = sheet.between(0.07, 0.13)
    label = mirrored(
        (0, top + edge + 0.08, 0.3),
        (wide, top + edge, 0.02),
        (wide, foot - edge, 0.02),
        (0, foot - edge + 0.09, 0.3),
    )
    sheet.part("label", within(label, body), replace(sheet.main, material="cardboard"), "round")
    for y in (top + 0.045, foot - 0.02):
        ring = tube(curve((-wide, y), (-wide * 0.6, y + 0.075), (0, y + 0.1), (wide * 0.6, y + 0.075), (wide, y)), 0.05)
        sheet.part("rim", ring, _STEEL, "round")
    tall = foot - top
    y = top + tall * 0.46
    choice = sheet.shape.below(3)
    if choice == 0:
        plate = ellipse(0, y + 0.03, wide * 0.72, tall * 0.2 + 0.05)
    elif choice == 1:
        plate = box(-wide * 0.8, y - tall * 0.14, wide * 0.8, y + tall * 0.24, 0.04)
    else:
        plate = mirrored(
            (0, y - tall * 0.2, 0.3),
            (wide, y - tall * 0.24, 0.0),
            (wide, y + tall * 0.2, 0.0),
            (0, y + tall * 0.25, 0.3),
        )
    contents = _TINNED[sheet.feature("contents")]
    sheet.part("plate", within(plate, body), _PAPER, "round" if choice == 2 else "flat")
    width = wide * (1.2 if choice == 0 else 1.4)
    sheet.word(sheet.article.brand, colour=Colour(36, 32, 32), y=y - tall * 0.04, width=width, height=0.15)
    sheet.word(
        sheet.feature("contents"), colour=contents.mixed(BLACK, 0.35), y=y + tall * 0.13, width=width * 0.9, height=0.1
    )
    for at in range(5):
        x = (at - 2) * 0.115
        drop = ellipse(x, y + tall * 0.33 + 0.02 * (at % 2), 0.055, 0.048)
        sheet.part("picture", drop, Finish(contents, "rubber"), "ball")
    sheet.part("lid", ellipse(0, top, wide, oval), _STEEL, "flat")
    sheet.part("lid", ellipse(0, top + 0.006, wide * 0.88, oval * 0.82), Finish(Colour(206, 208, 212), "steel"), "flat")
    if sheet.feature("opening") == "ring pull":
        ring = without(ellipse(0.06, top - 0.01, 0.16, 0.05), ellipse(0.08, top - 0.01, 0.1, 0.026))
        sheet.part("ring pull", ring, Finish(Colour(150, 152, 158), "steel"), "flat")
        sheet.part("ring pull", ellipse(-0.1, top - 0.005, 0.03, 0.014), Finish(Colour(120, 122, 128), "steel"), "flat")


def carton(sheet: Sheet) -> None:
    """A carton of milk or juice with a gable or a flat top, a screw cap, a picture of what is in it."""
    wide, deep = sheet.between(0.32, 0.4), sheet.between(0.2, 0.28)
    gable = sheet.feature("top") == "gable top"
    top, foot, rise = (-0.42 if gable else -0.7) + sheet.between(-0.08, 0.08), 0.88, 0.05
    left, right = -wide - deep / 2, wide - deep / 2
    far = right + deep
    dark = Finish(sheet.plain.colour.mixed(sheet.plain.colour.shade, 0.35), "cardboard")
    body = box(left, top, right, foot, 0.008)
    sheet.part(
        "side", soft((right, top), (far, top - rise), (far, foot - rise), (right, foot), radius=0.004), dark, "flat"
    )
    sheet.part("front", body, sheet.main, "flat")
    ridge = top - sheet.between(0.26, 0.34)
    cap = Finish(sheet.shape.choice((sheet.trim.colour, Colour(240, 240, 240), Colour(210, 52, 46))), "plastic")
    middle = (left + right) / 2
    if gable:
        # The roof leans back to a ridge over the middle of the depth.
        peak = soft((right, top), (far, top - rise), (right + deep * 0.5, ridge - 0.01), radius=0.004)
        sheet.part("side", peak, Finish(dark.colour.mixed(BLACK, 0.15), "cardboard"), "flat")
        back = deep * 0.5
        slope = soft((left, top), (right, top), (right + back, ridge), (left + back, ridge), radius=0.004)
        sheet.part("roof", slope, replace(sheet.plain, material="cardboard"), "flat")
        fin = box(left + back, ridge - 0.12, right + back, ridge + 0.01, 0.006)
        sheet.part("ridge", fin, Finish(sheet.plain.colour.light, "cardboard"), "flat")
        sheet.line(
            curve((left + back, ridge - 0.02), (right + back, ridge - 0.02)), colour=BLACK, width=0.01, opacity=0.3
        )
        lid = ellipse(middle + back * 0.5, (top + ridge) / 2 + 0.01, 0.11, 0.085)
        sheet.part("cap", moved(lid, y=0.03), Finish(cap.colour.shade, "plastic"), "round")
        sheet.part("cap", lid, cap, "ball")
    else:
        roof = soft((left, top), (right, top), (far, top - rise), (left + deep, top - rise), radius=0.004)
        sheet.part("roof", roof, Finish(sheet.plain.colour.light, "cardboard"), "flat")
        x = middle + deep * 0.4
        sheet.part("cap", box(x - 0.09, top - 0.16, x + 0.09, top - 0.015, 0.02), cap, "round")
    ink = _ink(sheet.plain.colour)
    drink = _DRINKS[sheet.feature("contents")]
    if sheet.main.pattern != "plain":
        sheet.part("label", box(left + 0.04, top + 0.1, right - 0.04, top + 0.56, 0.05), _PAPER, "flat")
        ink = Colour(40, 36, 40)
    sheet.word(sheet.article.brand, colour=ink, x=middle, y=top + 0.22, width=wide * 1.6, height=0.14)
    sheet.word(sheet.feature("contents"), colour=ink, x=middle, y=top + 0.44, width=wide * 1.6, height=0.09)
    y = 0.5
    glass = mirrored((0, y - 0.18, 0.0), (0.15, y - 0.18, 0.01), (0.11, y + 0.2, 0.03), (0, y + 0.2, 0.0))
    fill = mirrored((0, y - 0.1, 0.0), (0.13, y - 0.1, 0.0), (0.1, y + 0.18, 0.03), (0, y + 0.18, 0.0))
    if sheet.shape.chance(0.5):
        wave = blob(
            (left, 0.34),
            (middle - 0.1, 0.28),
            (middle + 0.16, 0.4),
            (right + 0.05, 0.3),
            (right + 0.1, 1.0),
            (left - 0.1, 1.0),
        )
        sheet.part("wave", within(wave, body), Finish(drink.mixed(WHITE, 0.25), "cardboard"), "flat")
    sheet.part("glass", moved(glass, x=middle), Finish(Colour(210, 224, 232), "cardboard"), "flat")
    sheet.part("drink", moved(fill, x=middle), Finish(drink, "cardboard"), "round")
    sheet.part("badge", box(middle - 0.13, 0.755, middle + 0.13, 0.845, 0.03), _PAPER, "flat")
    sheet.word(sheet.article.size, colour=Colour(40, 36, 40), x=middle, y=0.8, width=0.24, height=0.055)


def coffee_bag(sheet: Sheet) -> None:
    """A bag of coffee with a folded, sealed or tin-tied top, a valve, a label."""
    wide, top = sheet.between(0.42, 0.54), sheet.between(-0.84, -0.7)
    pinch = sheet.between(0.02, 0.07)
    body = mirrored(
        (0, top, 0.0),
        (wide - pinch, top, 0.02),
        (wide - pinch * 0.6, top + 0.3, 0.1),
        (wide + 0.03, 0.3, 0.4),
        (wide, 0.84, 0.08),
        (0, 0.89, 0.2),
    )
    sheet.part("body", body, sheet.main)
    crease = Finish(sheet.plain.colour.mixed(sheet.plain.colour.shade, 0.3), sheet.article.material)
    for side in (-1, 1):
        gusset = soft(
            (side * (wide - 0.08), top + 0.26),
            (side * (wide + 0.04), top + 0.3),
            (side * wide, 0.84),
            (side * (wide - 0.05), 0.82),
            radius=0.03,
        )
        sheet.part("gusset", within(gusset, body), crease, "flat")
    closing = sheet.shape.below(3)
    if closing == 0:
        sheet.part("fold", box(-wide + pinch, top - 0.02, wide - pinch, top + 0.17, 0.02), sheet.plain, "lying")
        sheet.part("tin tie", box(-wide - 0.05, top + 0.12, wide + 0.05, top + 0.18, 0.02), sheet.trim, "lying")
    elif closing == 1:
        sheet.part("seal", box(-wide + pinch, top - 0.01, wide - pinch, top + 0.09, 0.005), crease, "flat")
        for at in range(1, 5):
            y = top + at * 0.018
            sheet.line(curve((-wide + pinch, y), (wide - pinch, y)), colour=sheet.plain.colour.shade, width=0.006)
    else:
        sheet.part("fold", box(-wide + pinch, top - 0.02, wide - pinch, top + 0.14, 0.02), sheet.plain, "lying")
        sheet.part(
            "clip", box(-0.12, top - 0.05, 0.12, top + 0.17, 0.02), Finish(Colour(206, 176, 126), "wood"), "flat"
        )
    sheet.part("valve", ellipse(0, top + 0.34, 0.06, 0.06), crease, "flat")
    for x, y in ((-0.02, -0.02), (0.02, -0.02), (0.0, 0.02)):
        sheet.part("valve", ellipse(x, top + 0.34 + y, 0.009, 0.009), Finish(BLACK, "rubber"), "flat")
    roast = _ROASTS[sheet.feature("contents")]
    shape = sheet.shape.below(3)
    y = 0.16
    if shape == 0:
        label = box(-wide * 0.78, y - 0.3, wide * 0.78, y + 0.4, 0.03)
    elif shape == 1:
        label = ellipse(0, y + 0.05, wide * 0.86, 0.42)
    else:
        label = within(box(-wide * 1.2, y - 0.26, wide * 1.2, y + 0.38, 0.0), body)
    ground = sheet.shape.choice((_PAPER, _PAPER, Finish(roast, "cardboard")))
    sheet.part("label", label, ground, "flat")
    ink = _ink(ground.colour)
    sheet.word(sheet.article.brand, colour=ink, y=y - 0.1, width=wide * 1.36, height=0.15)
    sheet.word(sheet.feature("contents"), colour=ink, y=y + 0.08, width=wide * 1.24, height=0.08)
    bean = Finish(roast if ground is _PAPER else Colour(214, 170, 120), "cardboard")
    for x, turn in ((-0.11, -30.0), (0.09, 24.0)):
        sheet.part("picture", moved(ellipse(0, 0, 0.085, 0.06), x=x, y=y + 0.23, turn_degrees=turn), bean, "ball")
        slit = moved(
            curve((-0.075, 0.0), (-0.02, 0.018), (0.02, -0.018), (0.075, 0.0)), x=x, y=y + 0.23, turn_degrees=turn
        )
        sheet.line(slit, colour=ground.colour, width=0.016, opacity=0.9)
    sheet.part("badge", box(-0.15, 0.65, 0.15, 0.75, 0.03), ground, "flat")
    sheet.word(sheet.article.size, colour=ink, y=0.7, width=0.27, height=0.06)
