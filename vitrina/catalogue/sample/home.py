"""Drawings of furniture and what decorates a room."""

from dataclasses import replace

from vitrina.catalogue.sample.colours import Colour
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

_BRASS = Finish(Colour(206, 172, 96), "steel")


def chair(sheet: Sheet) -> None:
    """A chair seen from above and a little aside: four legs, a seat, and a slatted, solid or spindle back."""
    lean, tall = sheet.between(0.1, 0.2), sheet.between(-1.0, -0.84)
    half, seat_y, depth = sheet.between(0.36, 0.44), sheet.between(0.02, 0.1), 0.24
    leg = sheet.between(0.06, 0.09)
    splay, is_braced = sheet.between(0.0, 0.1), sheet.shape.chance(0.4)
    wood = Finish(Colour(186, 144, 98), "wood") if sheet.article.material in ("plastic", "rattan") else sheet.plain
    dark = Finish(wood.colour.mixed(wood.colour.shade, 0.4), wood.material)
    left, right = -half + lean, half + lean
    for x, side in ((left + 0.04, -1), (right - 0.05, 1)):
        sheet.part(
            "leg", tube(curve((x, seat_y), (x + side * splay * 0.6, 0.78)), leg * 0.85, ends="butt"), dark, "round"
        )
    thick = leg * 0.95
    posts = [((x, seat_y + 0.02), (x + lean * 0.2 * side, tall)) for x, side in ((left + 0.03, 0), (right - 0.04, 1))]
    back = sheet.feature("back")
    (lx, _), (lt, _) = posts[0]
    (rx, _), (rt, _) = posts[1]
    if back == "solid back":
        bottom = seat_y - sheet.shape.choice((-0.02, 0.1, 0.28))
        for start, end in posts:
            sheet.part("post", tube(curve(start, end), thick * 0.8), sheet.plain, "round")
        panel = soft((lx, bottom), (lt - 0.02, tall, 0.12), (rt + 0.02, tall, 0.12), (rx, bottom), radius=0.06)
        sheet.part("back", panel, sheet.main)
    elif back == "slatted back":
        count = 3 + sheet.shape.below(3)
        for at in range(count):
            y = tall + 0.05 + at * (seat_y - tall - 0.25) / (count - 1)
            high = sheet.between(0.08, 0.13)
            slat = soft((lx, y), (rx, y), (rx, y + high), (lx, y + high), radius=0.03)
            sheet.part("slat", slat, sheet.main)
    else:
        for at in range(1, 6):
            x = lx + (rx - lx) * at / 6
            sheet.part(
                "spindle", tube(curve((x, seat_y), (lt + (rt - lt) * at / 6, tall + 0.06)), 0.035), sheet.plain, "round"
            )
        sheet.part(
            "rail",
            soft(
                (lt - 0.05, tall - 0.04),
                (rt + 0.05, tall - 0.04),
                (rt + 0.05, tall + 0.12),
                (lt - 0.05, tall + 0.12),
                radius=0.07,
            ),
            sheet.main,
        )
    if back != "solid back":
        for start, end in posts:
            sheet.part("post", tube(curve(start, end), thick), sheet.plain, "round")
    seat = soft(
        (left, seat_y),
        (right, seat_y),
        (half - 0.0 - lean * 0.3, seat_y + depth),
        (-half - lean * 0.3 - 0.03, seat_y + depth),
        radius=0.06,
    )
    front_left, front_right = -half - lean * 0.3 + 0.03, half - lean * 0.3 - 0.07
    low = seat_y + depth
    for x, side in ((front_left + 0.02, -1), (front_right, 1)):
        sheet.part("leg", tube(curve((x, low), (x + side * splay, 0.96)), leg, ends="butt"), wood, "round")
    if is_braced:
        sheet.part("stretcher", tube(curve((front_left, 0.62), (front_right + 0.02, 0.62)), 0.04), dark, "lying")
    sheet.part("seat", seat, sheet.main, "flat")
    edge = soft(
        (-half - lean * 0.3 - 0.03, low - 0.035),
        (half - lean * 0.3, low - 0.035),
        (half - lean * 0.3, low + 0.045),
        (-half - lean * 0.3 - 0.03, low + 0.045),
        radius=0.03,
    )
    sheet.part("seat edge", edge, sheet.plain, "lying")
    if sheet.feature("arms") == "armrests":
        for bx, fx in ((left + 0.02, front_left), (right - 0.02, front_right + 0.04)):
            y = seat_y - 0.26
            sheet.part("armrest post", tube(curve((fx, low), (fx, y + 0.14)), 0.05), sheet.plain, "round")
            sheet.part("armrest", tube(curve((bx, y), (fx, y + 0.12)), 0.075), sheet.plain, "lying")


def lamp(sheet: Sheet) -> None:
    """A table lamp: a turned, slender, block or jar-like foot under a cone, drum or dome shade."""
    shade, low = sheet.feature("shade"), sheet.between(-0.1, 0.04)
    top, wide = -0.86, sheet.between(0.46, 0.6)
    rim = {"cone shade": wide * sheet.between(0.35, 0.5), "drum shade": wide * 0.92, "dome shade": wide * 0.3}[shade]
    foot = sheet.between(0.28, 0.36)
    sheet.part("stem", box(-0.03, low - 0.1, 0.03, 0.5, 0.01), _BRASS, "round")
    base = sheet.shape.below(4)
    if base == 0:
        body = mirrored(
            (0, low + 0.14),
            (0.07, low + 0.14),
            (0.13, 0.3, 0.2),
            (0.3, 0.5, 0.25),
            (0.22, 0.86, 0.12),
            (0, 0.88),
            radius=0.04,
        )
    elif base == 1:
        body = joined(
            box(-0.05, low, 0.05, 0.84, 0.02),
            mirrored((0, 0.78), (foot, 0.8, 0.06), (foot, 0.9, 0.04), (0, 0.9), radius=0.02),
        )
    elif base == 2:
        body = mirrored((0, low + 0.16), (0.16, low + 0.16), (0.22, 0.88), (0, 0.88), radius=0.05)
    else:
        balls = ellipse(0, 0.66, 0.24, 0.22)
        balls = joined(balls, ellipse(0, 0.36, 0.17, 0.15))
        body = joined(balls, ellipse(0, 0.15, 0.11, 0.1))
    # A dome shade is plain: then the pattern stands on the foot, however slender.
    is_patterned = base != 1 or shade == "dome shade"
    sheet.part("foot", body, sheet.main if is_patterned else sheet.plain, "round")
    fabric = replace(sheet.main, material="linen" if sheet.shape.chance(0.5) else "cotton")
    if shade == "dome shade":
        dome = mirrored(
            (0, top + 0.06, 0.3), (rim, top + 0.06, 0.4), (wide, low - 0.16, 0.3), (wide, low, 0.02), (0, low, 0.0)
        )
        sheet.part("shade", dome, sheet.plain, "round")
    else:
        hood = mirrored((0, top, 0.0), (rim, top, 0.02), (wide, low, 0.03), (0, low + 0.03, 0.3))
        sheet.part("shade", hood, fabric, "round")
        ring = Finish(sheet.plain.colour.mixed(sheet.plain.colour.shade, 0.35), "cotton")
        sheet.line(
            curve((-rim, top + 0.02), (0, top + 0.03), (rim, top + 0.02)), colour=ring.colour, width=0.025, opacity=0.8
        )
        sheet.line(
            curve((-wide + 0.01, low - 0.02), (0, low + 0.005), (wide - 0.01, low - 0.02)),
            colour=ring.colour,
            width=0.025,
            opacity=0.8,
        )
    if sheet.shape.chance(0.4):
        chain = curve((wide * 0.4, low - 0.02), (wide * 0.41, low + 0.2))
        sheet.line(chain, colour=_BRASS.colour, width=0.016, dash=0.014, opacity=0.95)
        sheet.part("pull", ellipse(wide * 0.41, low + 0.22, 0.025, 0.03), _BRASS, "ball")


def cushion(sheet: Sheet) -> None:
    """A cushion with drawn-in corners, piping, buttons, tassels or a fringe."""
    outline = sheet.feature("outline")
    if outline == "round":
        body = ellipse(0, 0, 0.76, 0.74)
    else:
        wide, tall = (0.76, 0.76) if outline == "square" else (0.86, 0.56)
        pinch = sheet.between(0.03, 0.11)
        body = soft(
            (-wide, -tall, 0.05),
            (0, -tall + pinch * 2, 0.7),
            (wide, -tall, 0.05),
            (wide - pinch * 2, 0, 0.7),
            (wide, tall, 0.05),
            (0, tall - pinch * 2, 0.7),
            (-wide, tall, 0.05),
            (-wide + pinch * 2, 0, 0.7),
        )
        finishing = sheet.shape.below(3)
        if finishing == 0:
            for x in (-wide, wide):
                for y in (-tall, tall):
                    tassel = blob((0, 0), (0.04, 0.04), (0.06, 0.15), (0, 0.17), (-0.06, 0.15), (-0.04, 0.04))
                    turn = -45.0 * (1 if x > 0 else -1) if y > 0 else -135.0 * (1 if x > 0 else -1)
                    sheet.part("tassel", moved(tassel, x=x * 0.98, y=y * 0.98, turn_degrees=turn), sheet.accent)
        elif finishing == 1:
            for x in (-wide, wide):
                for at in range(-8, 9):
                    y = tall * at / 8.6
                    edge = x * (1 - pinch * 1.1 * (1 - abs(at) / 8.6))
                    sheet.line(
                        curve((edge, y), (edge + 0.09 * (1 if x > 0 else -1), y + 0.01)),
                        colour=sheet.accent.colour,
                        width=0.035,
                        opacity=0.9,
                    )
    sheet.part("body", body, sheet.main, "ball")
    if sheet.shape.chance(0.5):
        piping = sheet.trim if sheet.shape.chance(0.5) else sheet.plain
        sheet.part("piping", tube(body, 0.035), piping, "flat")
    if outline == "round" or sheet.shape.chance(0.35):
        # A round cushion is gathered to its button all the way round, else it would pass for a ball.
        count, reach = (18, 0.72) if outline == "round" else (6, 0.2)
        for at in range(count):
            fold = moved(curve((0.07, 0), (reach * 0.5, 0.012), (reach, 0.0)), turn_degrees=20 + at * 360 / count)
            sheet.line(fold, colour=sheet.main.colour.shade, width=0.018, opacity=0.4)
        sheet.part("button", ellipse(0, 0, 0.07, 0.07), sheet.plain, "ball")


def vase(sheet: Sheet) -> None:
    """A vase turned on a wheel: slender, rounded or bottle-necked; some hold branches."""
    silhouette = sheet.feature("silhouette")
    lip = sheet.between(0.12, 0.2)
    top = -0.62
    if sheet.shape.chance(0.35):
        _branches(sheet, top)
    if silhouette == "slender":
        belly = sheet.between(0.24, 0.34)
        body = mirrored(
            (0, top),
            (lip, top, 0.02),
            (lip * 0.8, top + 0.22, 0.2),
            (belly, 0.2, 0.5),
            (lip * 1.1, 0.86, 0.05),
            (0, 0.88),
            radius=0.03,
        )
    elif silhouette == "rounded":
        belly = sheet.between(0.6, 0.78)
        body = mirrored(
            (0, top + 0.2),
            (lip, top + 0.2, 0.02),
            (lip * 0.8, top + 0.4, 0.1),
            (belly, -0.1, 0.4),
            (belly, 0.6, 0.4),
            (0.22, 0.86, 0.04),
            (0, 0.88),
            radius=0.03,
        )
        top += 0.2
    else:
        belly = sheet.between(0.4, 0.55)
        lip *= 0.7
        body = mirrored(
            (0, top),
            (lip, top, 0.02),
            (lip * 0.75, top + 0.14, 0.1),
            (lip * 0.8, -0.12, 0.15),
            (belly, 0.16, 0.3),
            (belly * 0.95, 0.74, 0.25),
            (0.2, 0.86, 0.04),
            (0, 0.88),
            radius=0.03,
        )
    sheet.part("body", body, sheet.main, "round")
    mouth = Finish(sheet.plain.colour.mixed(sheet.plain.colour.shade, 0.6), sheet.plain.material)
    sheet.part("mouth", ellipse(0, top + 0.005, lip - 0.01, 0.035), mouth, "flat")
    if sheet.shape.chance(0.35):
        y = sheet.between(0.3, 0.5)
        half = belly * 0.8
        sheet.line(curve((-half, y), (0, y + 0.06), (half, y)), colour=sheet.accent.colour, width=0.05, opacity=0.75)
    if silhouette == "rounded" and sheet.shape.chance(0.4):
        for side in (-1, 1):
            ear = curve(
                (side * lip * 0.85, top + 0.1), (side * (lip + 0.24), top + 0.06), (side * (lip + 0.26), top + 0.36)
            )
            sheet.part("handle", tube(ear, 0.06), sheet.plain)


def _branches(sheet: Sheet, top: float) -> None:
    leaf = Finish(sheet.shape.choice((Colour(88, 128, 74), Colour(120, 134, 84), Colour(168, 140, 88))), "cotton")
    for at in range(3):
        x = (at - 1) * sheet.between(0.16, 0.3)
        high = top - sheet.between(0.25, 0.36)
        sheet.line(
            curve((0, top + 0.15), (x * 0.4, top - 0.1), (x, high)), colour=leaf.colour.shade, width=0.02, opacity=0.9
        )
        for step in range(4):
            share = step / 3
            px, py = x * (0.4 + 0.6 * share), top - 0.1 + (high - top + 0.1) * share
            for side in (-1, 1):
                blade = blob((0, 0), (0.05, -0.03), (0.13, 0), (0.05, 0.03))
                sheet.part("leaf", moved(blade, x=px, y=py, turn_degrees=-90 + side * 55), leaf, "flat")
