"""Drawings of what is worn beside clothes: caps, watches, sunglasses, headphones, scarves."""

import math

from vitrina.catalogue.sample.colours import BLACK, WHITE, Colour
from vitrina.catalogue.sample.figure import (
    Finish,
    Sheet,
    blob,
    box,
    curve,
    ellipse,
    flipped,
    joined,
    mirrored,
    moved,
    soft,
    tube,
    within,
    without,
)


def cap(sheet: Sheet) -> None:
    """A baseball cap from the side: panels, a visor, a button, sometimes a badge with the brand."""
    tall, brow = sheet.between(0.62, 0.74), sheet.between(0.3, 0.36)
    under = Finish(sheet.plain.colour.mixed(sheet.plain.colour.shade, 0.55), sheet.plain.material)
    crown = soft(
        (-0.66, 0.3, 0.08),
        (-0.72, -0.1, 0.3),
        (-0.5, brow - tall - 0.02, 0.35),
        (-0.05, brow - tall - 0.1, 0.3),
        (0.3, brow - tall + 0.12, 0.3),
        (0.44, 0.1, 0.2),
        (0.4, brow - 0.02, 0.06),
        (-0.1, 0.36, 0.3),
    )
    bend = sheet.between(0.04, 0.14)
    visor = soft(
        (0.1, brow - 0.08, 0.1),
        (0.5, brow - 0.16, 0.2),
        (0.98, brow + bend, 0.12),
        (0.93, brow + bend + 0.07, 0.06),
        (0.5, brow + 0.06, 0.3),
        (0.12, brow + 0.06, 0.1),
    )
    shadow = soft(
        (0.14, brow - 0.04),
        (0.5, brow + 0.0, 0.2),
        (0.95, brow + bend + 0.06),
        (0.5, brow + 0.14, 0.3),
        (0.14, brow + 0.07),
        radius=0.04,
    )
    sheet.part("crown", crown, sheet.main)
    for x, lean in ((-0.42, -0.18), (0.0, 0.1), (0.24, 0.26)):
        sheet.seam((-0.1, brow - tall - 0.06), (x * 0.7 - 0.06, brow - tall * 0.6), (x + lean * 0.4, 0.33))
    sheet.part("sweatband", within(crown, box(-0.8, 0.24, 0.5, 0.42, 0.0)), sheet.plain)
    sheet.part("visor underside", shadow, under, "flat")
    sheet.part("visor", visor, sheet.trim if sheet.shape.chance(0.25) else sheet.plain)
    for shift in (0.0, 0.03):
        sheet.seam((0.3, brow - 0.06 + shift), (0.6, brow - 0.06 + shift), (0.9, brow + bend + shift - 0.0), dash=0.018)
    sheet.part("button", ellipse(-0.1, brow - tall - 0.06, 0.045, 0.03), sheet.plain, "ball")
    if sheet.shape.chance(0.55):
        sheet.part(
            "badge", soft((0.06, -0.2), (0.3, -0.12), (0.34, 0.1), (0.08, 0.06), radius=0.05), sheet.trim, "flat"
        )
        ink = BLACK if sheet.trim.colour.lightness > 0.5 else WHITE
        sheet.word(sheet.article.brand[:1], colour=ink, x=0.2, y=-0.04, width=0.15, height=0.15)
    else:
        sheet.part("eyelet", ellipse(-0.38, -0.12, 0.022, 0.022), under, "flat")
        sheet.part("eyelet", ellipse(0.12, -0.1, 0.022, 0.022), under, "flat")


def watch(sheet: Sheet) -> None:
    """A wristwatch laid flat: strap or links, case, dial with marks and hands at the usual ten past ten."""
    half = sheet.between(0.15, 0.2)
    square = sheet.feature("dial") == "square dial"
    size = sheet.between(0.34, 0.42)
    metal = Finish(
        sheet.shape.choice((Colour(196, 198, 204), Colour(212, 176, 96), Colour(226, 176, 150), Colour(52, 52, 56))),
        "steel",
    )
    for side in (-1, 1):
        band = soft(
            (-half, side * 0.2), (half, side * 0.2), (half * 0.8, side * 0.97), (-half * 0.8, side * 0.97), radius=0.04
        )
        sheet.part("strap", band, sheet.main, "round" if sheet.article.material == "steel" else "cloth")
    if sheet.article.material == "steel":
        for at in range(1, 9):
            for side in (-1, 1):
                y = side * (0.34 + at * 0.075)
                edge = half * (1 - 0.26 * (abs(y) - 0.2)) - 0.012  # the bracelet narrows towards the clasp
                sheet.line(curve((-edge, y), (edge, y)), colour=sheet.main.colour.shade, width=0.016, opacity=0.8)
        for x in (-half * 0.36, half * 0.36):
            sheet.line(curve((x, -0.95), (x, 0.95)), colour=sheet.main.colour.shade, width=0.012, opacity=0.6)
    else:
        sheet.seam((-half + 0.03, -0.93), (-half + 0.02, 0.93), dash=0.022)
        sheet.seam((half - 0.03, -0.93), (half - 0.02, 0.93), dash=0.022)
        for y in (0.6, 0.69, 0.78):
            sheet.part("strap hole", ellipse(0, y, 0.018, 0.018), Finish(Colour(30, 28, 28), "rubber"), "flat")
        sheet.part(
            "buckle",
            without(box(-half - 0.02, -0.99, half + 0.02, -0.86), box(-half + 0.05, -0.96, half - 0.05, -0.9)),
            metal,
            "flat",
        )
    outer = box(-size, -size, size, size, 0.1) if square else ellipse(0, 0, size, size)
    inner = size - 0.06
    face = box(-inner, -inner, inner, inner, 0.06) if square else ellipse(0, 0, inner, inner)
    for y in (-0.13, 0.0, 0.13) if sheet.shape.chance(0.3) else (0.0,):
        sheet.part("crown", box(size - 0.02, y - 0.035, size + 0.055, y + 0.035, 0.015), metal, "lying")
    sheet.part("case", outer, metal, "flat")
    dial = sheet.shape.choice((Colour(248, 246, 238), Colour(34, 36, 42), sheet.plain.colour))
    sheet.part("dial", face, Finish(dial, "porcelain"), "flat")
    ink = Colour(30, 30, 34) if dial.lightness > 0.5 else Colour(242, 240, 232)
    step = sheet.shape.choice((1, 1, 3))
    for hour in range(0, 12, step):
        angle = math.tau * hour / 12
        reach = inner * (0.9 if not square else 0.86)
        x, y = math.sin(angle), -math.cos(angle)
        near = 0.8 if hour % 3 else 0.72
        sheet.line(
            curve((x * reach * near, y * reach * near), (x * reach, y * reach)),
            colour=ink,
            width=0.03 if hour % 3 == 0 else 0.018,
            opacity=0.95,
        )
    sheet.line(curve((0, 0), (-inner * 0.42, -inner * 0.26)), colour=ink, width=0.036, opacity=1.0)
    sheet.line(curve((0, 0), (inner * 0.56, -inner * 0.4)), colour=ink, width=0.026, opacity=1.0)
    sheet.line(curve((0, inner * 0.15), (0.04, -inner * 0.68)), colour=Colour(200, 60, 40), width=0.011, opacity=1.0)
    sheet.part("pin", ellipse(0, 0, 0.026, 0.026), metal, "flat")


def sunglasses(sheet: Sheet) -> None:
    """Sunglasses from the front, arms folded out behind: round, square or aviator."""
    frame = sheet.feature("frame")
    reach, wide = sheet.between(0.42, 0.46), sheet.between(0.33, 0.38)
    thick = sheet.between(0.075, 0.11) if frame != "aviator frame" else 0.06
    if frame == "round frame":
        lens = ellipse(reach, 0.12, wide, wide * 0.95)
    elif frame == "square frame":
        lens = soft(
            (reach - wide, -0.16),
            (reach + wide + 0.05, -0.18),
            (reach + wide - 0.02, 0.36),
            (reach - wide + 0.05, 0.38),
            radius=sheet.between(0.08, 0.18),
        )
    else:
        lens = blob(
            (reach - wide, -0.12),
            (reach + 0.1, -0.2),
            (reach + wide + 0.04, -0.08),
            (reach + wide - 0.06, 0.3),
            (reach, 0.46),
            (reach - wide + 0.08, 0.24),
        )
    tint = sheet.shape.choice((Colour(46, 46, 52), Colour(70, 52, 42), Colour(42, 62, 58), sheet.plain.colour.shade))
    for side in (1, -1):
        arm = tube(
            curve(
                (side * (reach + wide - 0.02), -0.1),
                (side * (reach + wide + 0.1), -0.24),
                (side * (reach + wide - 0.06), -0.4),
            ),
            0.06,
        )
        sheet.part("arm", arm, sheet.plain, "flat")
    for side in (1, -1):
        shape = lens if side == 1 else flipped(lens)
        sheet.part("lens", shape, Finish(tint, "acetate"), "flat")
        glow = within(shape, moved(box(-0.06, -0.7, 0.08, 0.7, 0.0), x=side * reach - 0.1, y=0.1, turn_degrees=28))
        sheet.line(glow, colour=WHITE, width=0.01, opacity=0.15)
    bridge = curve((-(reach - wide) - 0.01, 0.02), (0, -0.08), (reach - wide + 0.01, 0.02))
    rims = joined(tube(lens, thick), tube(flipped(lens), thick))
    rims = joined(rims, tube(bridge, thick))
    if frame == "aviator frame":
        rims = joined(rims, tube(curve((-(reach - 0.1), -0.2), (0, -0.19), (reach - 0.1, -0.2)), thick * 0.9))
    sheet.part("frame", rims, sheet.main, "ball" if sheet.article.material != "wood" else "flat")
    for side in (-1, 1):
        sheet.part(
            "hinge",
            ellipse(side * (reach + wide - 0.0), -0.1, 0.026, 0.026),
            Finish(Colour(212, 200, 170), "steel"),
            "ball",
        )


def headphones(sheet: Sheet) -> None:
    """Headphones from the front: band, yokes, ear cups with cushions, with a cable where they are wired."""
    span, drop = sheet.between(0.56, 0.64), sheet.between(0.18, 0.28)
    thick = sheet.between(0.1, 0.15)
    pad = Finish(sheet.shape.choice((Colour(44, 44, 48), Colour(44, 44, 48), Colour(226, 218, 204))), "leather")
    if sheet.feature("connection") == "wired":
        cable = curve((-span, drop + 0.3), (-span + 0.05, 0.84), (-0.1, 0.72), (0.12, 0.9), (0.4, 0.86))
        sheet.part("cable", tube(cable, 0.03), Finish(Colour(44, 44, 48), "rubber"), "flat")
        sheet.part("plug", box(0.4, 0.835, 0.56, 0.885, 0.01), Finish(Colour(212, 186, 110), "steel"), "lying")
    arc = curve(
        (-span, drop),
        (-span * 0.93, -0.42),
        (-0.3, -0.82),
        (0, -0.88),
        (0.3, -0.82),
        (span * 0.93, -0.42),
        (span, drop),
    )
    inner = curve(
        (-span * 0.9, drop - 0.3),
        (-span * 0.78, -0.42),
        (-0.26, -0.72),
        (0, -0.77),
        (0.26, -0.72),
        (span * 0.78, -0.42),
        (span * 0.9, drop - 0.3),
    )
    sheet.part("padding", tube(inner, 0.07), pad)
    sheet.part("band", tube(arc, thick), sheet.main, "flat")
    sheet.line(arc, colour=sheet.main.colour.light, width=thick * 0.25, opacity=0.45)
    tall, wide = sheet.between(0.3, 0.36), sheet.between(0.13, 0.18)
    square = sheet.shape.chance(0.35)
    for side in (-1, 1):
        x = side * (span + 0.03)
        cushion = box(x - side * 0.02 - wide * 0.8, drop - tall, x - side * 0.02 + wide * 0.8, drop + tall, 0.14)
        cushion = moved(cushion, x=-side * wide * 0.75)
        sheet.part("ear cushion", cushion, pad, "lying")
        cup = box(x - wide, drop - tall * 0.94, x + wide, drop + tall * 0.94, 0.07 if square else wide)
        sheet.part("ear cup", cup, sheet.main, "ball")
        sheet.part("badge", ellipse(x + side * wide * 0.25, drop, wide * 0.42, tall * 0.42), sheet.trim, "flat")
        yoke = mirrored((0, -0.12), (0.05, -0.12), (0.05, 0.12), (0, 0.12), radius=0.02)
        sheet.part("yoke", moved(yoke, x=x, y=drop - tall), Finish(Colour(190, 192, 196), "steel"), "round")


def scarf(sheet: Sheet) -> None:
    """A scarf: looped once with both ends hanging, or folded lengthwise; fringed or plain ends."""
    fringed = sheet.feature("ends") == "fringed ends"
    back = Finish(sheet.plain.colour.mixed(sheet.plain.colour.shade, 0.35), sheet.plain.material)
    if sheet.shape.chance(0.65):
        wide, drop = sheet.between(0.15, 0.19), sheet.between(0.56, 0.72)
        ends = [(-0.3, -0.24, -0.4, drop), (0.26, 0.22, 0.36, drop - 0.14)]
        sheet.part("loop", tube(curve((-0.4, -0.42), (0, -0.66), (0.4, -0.42)), 0.22), back)
        for x, start, end, low in ends:
            tail = soft(
                (start - wide, -0.3), (start + wide, -0.3), (end + wide, low), (end - wide, low + 0.03), radius=0.02
            )
            sheet.part("end", tail, sheet.main)
            if fringed:
                _fringe(sheet, left=end - wide, right=end + wide, y=low + 0.01)
            sheet.seam((x - 0.02, -0.2), ((start + end) / 2 - 0.03, 0.2), (end - 0.04, low - 0.05))
        loop = blob(
            (-0.52, -0.5), (-0.2, -0.3), (0.2, -0.3), (0.52, -0.5), (0.5, -0.2), (0.2, 0.0), (-0.2, 0.0), (-0.5, -0.2)
        )
        sheet.part("loop", loop, sheet.main)
        sheet.seam((-0.44, -0.36), (0, -0.14), (0.44, -0.36))
        sheet.seam((-0.4, -0.24), (0, -0.06), (0.36, -0.24))
    else:
        half, tall = sheet.between(0.2, 0.3), 0.78
        sheet.part("under layer", box(-half + 0.1, -tall + 0.1, half + 0.14, tall - 0.02, 0.03), back)
        sheet.part("body", box(-half - 0.06, -tall, half - 0.02, tall - 0.08, 0.03), sheet.main)
        if fringed:
            _fringe(sheet, left=-half - 0.04, right=half - 0.04, y=tall - 0.09)
        ink = Colour(246, 244, 238)
        sheet.part("label", box(-0.1, -tall + 0.1, 0.06, -tall + 0.2, 0.01), Finish(ink, "cotton"), "flat")
        sheet.word(sheet.article.brand, colour=BLACK, x=-0.02, y=-tall + 0.15, width=0.14, height=0.035)


def _fringe(sheet: Sheet, *, left: float, right: float, y: float) -> None:
    """Threads that hang from an edge."""
    count = 11
    for at in range(count):
        x = left + (right - left) * (at + 0.5) / count
        sheet.line(
            curve((x, y - 0.02), (x + 0.012 * (-1) ** at, y + 0.07), (x, y + 0.15)),
            colour=sheet.main.colour.mixed(sheet.main.colour.shade, 0.15),
            width=0.024,
            opacity=0.95,
        )
