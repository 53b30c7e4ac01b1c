"""Drawings of toys and stationery."""

import math

from vitrina.catalogue.sample.colours import BLACK, WHITE, Colour
from vitrina.catalogue.sample.figure import (
    Finish,
    Sheet,
    box,
    curve,
    ellipse,
    flipped,
    mirrored,
    moved,
    soft,
    tube,
    within,
)


def teddy_bear(sheet: Sheet) -> None:
    """A sitting bear: round ears, a pale muzzle, stitched paws, a bow, a scarf or a bare neck."""
    big, ear, belly = sheet.between(0.36, 0.43), sheet.between(0.13, 0.18), sheet.between(0.36, 0.44)
    head_y = -0.42
    pale = Finish(sheet.plain.colour.mixed(Colour(246, 230, 204), 0.6), sheet.plain.material)
    ink = Colour(36, 28, 26) if sheet.plain.colour.lightness > 0.25 else Colour(232, 226, 216)
    dark = Finish(ink, "plastic")
    for side in (-1, 1):
        sheet.part("ear", ellipse(side * big * 0.8, head_y - big * 0.72, ear, ear), sheet.main, "ball")
        sheet.part("inner ear", ellipse(side * big * 0.8, head_y - big * 0.7, ear * 0.58, ear * 0.58), pale, "flat")
    arm = sheet.between(0.0, 24.0)
    for side in (1, -1):
        limb = moved(ellipse(0, 0.2, 0.15, 0.32), x=belly * 0.62, y=-0.02, turn_degrees=-36 - arm)
        sheet.part("arm", limb if side == 1 else flipped(limb), sheet.main, "ball")
    sheet.part("body", ellipse(0, 0.36, belly, 0.47), sheet.main, "ball")
    if sheet.shape.chance(0.5):
        sheet.part("belly", ellipse(0, 0.4, belly * 0.6, 0.3), pale, "ball")
    for side in (1, -1):
        leg = moved(ellipse(0, 0, 0.2, 0.27), x=belly * 0.9 + 0.06, y=0.68, turn_degrees=-24)
        sheet.part("leg", leg if side == 1 else flipped(leg), sheet.main, "ball")
        sole = ellipse(side * (belly * 0.9 + 0.09), 0.72, 0.12, 0.15)
        sheet.part("paw", sole, pale, "flat")
    sheet.part("head", ellipse(0, head_y, big, big * 0.9), sheet.main, "ball")
    sheet.part("muzzle", ellipse(0, head_y + big * 0.32, big * 0.46, big * 0.36), pale, "ball")
    sheet.part(
        "nose",
        soft((-0.075, head_y + big * 0.14), (0.075, head_y + big * 0.14), (0, head_y + big * 0.32), radius=0.04),
        dark,
        "ball",
    )
    sheet.line(curve((0, head_y + big * 0.3), (0, head_y + big * 0.42)), colour=ink, width=0.02, opacity=0.9)
    sheet.line(
        curve((-0.09, head_y + big * 0.44), (0, head_y + big * 0.5), (0.09, head_y + big * 0.44)),
        colour=ink,
        width=0.02,
        opacity=0.9,
    )
    for side in (-1, 1):
        sheet.part("eye", ellipse(side * big * 0.38, head_y - big * 0.1, 0.045, 0.05), dark, "ball")
    neck_y = head_y + big * 0.92
    if sheet.feature("neckwear") == "bow":
        for side in (-1, 1):
            wing = soft((0, 0), (side * 0.22, -0.12), (side * 0.22, 0.12), radius=0.05)
            sheet.part("bow", moved(wing, y=neck_y), Finish(sheet.accent.colour, "silk"))
        sheet.part("bow", ellipse(0, neck_y, 0.05, 0.06), Finish(sheet.accent.colour, "silk"), "ball")
    elif sheet.feature("neckwear") == "scarf":
        wool = Finish(sheet.accent.colour, "wool")
        sheet.part("scarf", tube(curve((-0.3, neck_y - 0.04), (0, neck_y + 0.05), (0.3, neck_y - 0.04)), 0.13), wool)
        sheet.part(
            "scarf",
            soft((0.06, neck_y), (0.2, neck_y - 0.02), (0.26, neck_y + 0.34), (0.1, neck_y + 0.36), radius=0.02),
            wool,
        )


def toy_car(sheet: Sheet) -> None:
    """A toy car from the side: saloon, van or pickup, on four fat wheels."""
    body = sheet.feature("body")
    low, belt = 0.36, sheet.between(-0.04, 0.06)
    nose, roof = sheet.between(0.02, 0.12), sheet.between(-0.46, -0.36)
    has_panes, extra = sheet.shape.chance(0.6), sheet.shape.uniform()
    if body == "saloon":
        shell = soft(
            (-0.9, low, 0.08),
            (-0.9, belt, 0.14),
            (-0.6, belt - 0.04, 0.1),
            (-0.38, roof, 0.2),
            (0.22, roof, 0.2),
            (0.46, belt - 0.02, 0.1),
            (0.88, belt + nose, 0.16),
            (0.92, low, 0.08),
        )
        panes = [
            ((-0.34, roof + 0.1), (-0.06, roof + 0.1), (-0.06, belt - 0.02), (-0.48, belt - 0.02)),
            ((0.0, roof + 0.1), (0.18, roof + 0.1), (0.36, belt - 0.02), (0.0, belt - 0.02)),
        ]
    elif body == "van":
        roof -= 0.1
        shell = soft(
            (-0.88, low, 0.06),
            (-0.88, roof, 0.14),
            (0.34, roof, 0.16),
            (0.56, belt - 0.02, 0.12),
            (0.88, belt + nose, 0.14),
            (0.9, low, 0.08),
        )
        panes = [((0.06, roof + 0.12), (0.3, roof + 0.12), (0.46, belt - 0.02), (0.06, belt - 0.02))]
        if has_panes:
            panes += [
                ((x, roof + 0.12), (x + 0.26, roof + 0.12), (x + 0.26, belt - 0.04), (x, belt - 0.04))
                for x in (-0.76, -0.4)
            ]
    else:
        shell = soft(
            (-0.92, low, 0.06),
            (-0.92, belt - 0.02, 0.04),
            (-0.18, belt - 0.02, 0.03),
            (-0.14, roof, 0.1),
            (0.26, roof, 0.16),
            (0.46, belt - 0.02, 0.1),
            (0.88, belt + nose, 0.14),
            (0.92, low, 0.08),
        )
        panes = [((-0.06, roof + 0.1), (0.2, roof + 0.1), (0.36, belt - 0.02), (-0.06, belt - 0.02))]
    sheet.part("body", shell, sheet.main, "lying")
    glass = Finish(sheet.shape.choice((Colour(150, 190, 206), Colour(70, 84, 96), Colour(232, 226, 206))), "acetate")
    for pane in panes:
        sheet.part("window", soft(*pane, radius=0.05), glass, "flat")
    sheet.seam((0.02, belt + 0.02), (0.02, low - 0.04))
    sheet.part(
        "handle", box(-0.1, belt + 0.08, -0.02, belt + 0.11, 0.01), Finish(Colour(220, 220, 220), "steel"), "flat"
    )
    sheet.part(
        "headlight", ellipse(0.84, belt + nose + 0.12, 0.055, 0.065), Finish(Colour(250, 236, 170), "porcelain"), "ball"
    )
    sheet.part(
        "tail light", box(-0.92, belt + 0.1, -0.86, belt + 0.22, 0.02), Finish(Colour(200, 40, 36), "acetate"), "flat"
    )
    sheet.part("bumper", box(-0.94, low - 0.06, 0.95, low + 0.02, 0.04), sheet.trim, "lying")
    radius = sheet.between(0.2, 0.26)
    wooden = sheet.article.material == "wood"
    tyre = Finish(Colour(40, 40, 42), "rubber") if not wooden else Finish(Colour(120, 80, 48), "wood")
    hub = sheet.trim if wooden else Finish(Colour(206, 206, 210), "steel")
    for x in (-0.52, 0.52):
        sheet.part("wheel", ellipse(x, low + 0.06, radius, radius), tyre, "ball")
        sheet.part("hub", ellipse(x, low + 0.06, radius * 0.52, radius * 0.52), hub, "flat")
        sheet.part("axle", ellipse(x, low + 0.06, radius * 0.16, radius * 0.16), tyre, "flat")
    if body == "saloon" and extra < 0.3:
        rack = curve((-0.3, roof - 0.04), (0.16, roof - 0.04))
        sheet.part("roof rack", tube(rack, 0.035), sheet.trim, "flat")
        sheet.part("luggage", box(-0.24, roof - 0.2, 0.04, roof - 0.05, 0.03), Finish(Colour(146, 98, 58), "leather"))
    elif extra > 0.65:
        number = str(sheet.shape.below(90) + 10)
        sheet.part("race disc", ellipse(-0.2, belt + 0.16, 0.13, 0.13), Finish(WHITE, "cardboard"), "flat")
        sheet.word(number, colour=BLACK, x=-0.2, y=belt + 0.16, width=0.15, height=0.14)


def ball(sheet: Sheet) -> None:
    """A ball: seamless, or sewn from panels like a football, a beach ball or a basketball."""
    reach, y = 0.78, 0.08
    body = ellipse(0, y, reach, reach)
    sheet.part("body", body, sheet.main, "ball")
    if sheet.feature("build") == "panelled":
        panel = sheet.accent if sheet.main.pattern == "plain" else sheet.trim
        tilt = sheet.between(0.0, 60.0)
        layout = sheet.shape.below(3)
        if layout == 0:
            # Five-sided panels: one in the middle, five half hidden behind the edge.
            spots = [(0.0, 0.0, 0.27)]
            spots += [(0.74 * math.cos(a), 0.74 * math.sin(a), 0.24) for a in (math.tau * k / 5 for k in range(5))]
            for px, py, size in spots:
                corners = [(size * math.cos(math.tau * k / 5), size * math.sin(math.tau * k / 5)) for k in range(5)]
                patch = moved(moved(soft(*corners, radius=0.03), x=px, y=py), y=y, turn_degrees=tilt)
                sheet.part("panel", within(patch, body), panel, "flat")
                if px or py:
                    seam = curve((px * 0.36, py * 0.36), (px * 0.68, py * 0.68))
                    sheet.line(moved(seam, y=y, turn_degrees=tilt), colour=sheet.main.colour.shade, width=0.02)
        elif layout == 1:
            for at in range(3):
                inner, outer = math.radians(at * 120), math.radians(at * 120 + 60)
                slice_ = soft(
                    (0, 0),
                    (0.5 * math.cos(inner), 0.5 * math.sin(inner), 0.3),
                    (math.cos(inner + 0.1), math.sin(inner + 0.1)),
                    (1.2 * math.cos((inner + outer) / 2), 1.2 * math.sin((inner + outer) / 2)),
                    (math.cos(outer + 0.1), math.sin(outer + 0.1)),
                    (0.5 * math.cos(outer), 0.5 * math.sin(outer), 0.3),
                    radius=0.02,
                )
                sheet.part("panel", within(moved(slice_, y=y, turn_degrees=tilt), body), panel, "flat")
            sheet.part("cap", ellipse(0, y, 0.11, 0.11), sheet.trim, "ball")
        else:
            ink = sheet.main.colour.shade if sheet.main.colour.lightness > 0.2 else sheet.main.colour.light
            for seam in (
                curve((-reach, 0), (0, -0.06), (reach, 0)),
                curve((0, -reach), (0.06, 0), (0, reach)),
                curve((-0.5, -0.6), (-0.24, 0), (-0.5, 0.6)),
                curve((0.5, -0.6), (0.24, 0), (0.5, 0.6)),
            ):
                sheet.line(moved(seam, y=y, turn_degrees=tilt), colour=ink, width=0.03, opacity=0.75)
    else:
        valve = Finish(sheet.main.colour.shade, "rubber")
        sheet.part("valve", ellipse(0.3, y - 0.36, 0.035, 0.03), valve, "flat")
        if sheet.main.pattern == "plain":
            ink = WHITE if sheet.main.colour.lightness < 0.55 else BLACK
            sheet.word(sheet.article.brand, colour=ink, y=y + 0.02, width=0.9, height=0.18, turn_degrees=-8.0)


def notebook(sheet: Sheet) -> None:
    """A notebook lying closed: cover, paper edge, a spiral or a spine with an elastic band, a label."""
    wide, tall = sheet.between(0.54, 0.64), sheet.between(0.8, 0.88)
    paper = Finish(Colour(244, 240, 226), "cardboard")
    spiral = sheet.feature("binding") == "spiral binding"
    sheet.part("back cover", box(-wide + 0.05, -tall + 0.05, wide + 0.06, tall + 0.05, 0.04), sheet.plain, "flat")
    for shift in (0.045, 0.03, 0.015):
        sheet.part("pages", box(-wide + 0.03, -tall + shift, wide + shift, tall + shift, 0.02), paper, "flat")
    sheet.part("cover", box(-wide, -tall, wide, tall, 0.02 if spiral else 0.06), sheet.main)
    ink = BLACK if sheet.plain.colour.lightness > 0.5 else WHITE
    if sheet.main.pattern != "plain" or sheet.shape.chance(0.5):
        y = sheet.between(-0.4, -0.1)
        plate = mirrored(
            (0, y - 0.17), (0.34, y - 0.17), (0.34, y + 0.17), (0, y + 0.17), radius=sheet.between(0.0, 0.14)
        )
        sheet.part("label", plate, paper, "flat")
        sheet.word(sheet.article.brand, colour=Colour(50, 46, 44), y=y - 0.05, width=0.54, height=0.1)
        for line in (0.05, 0.11):
            sheet.line(curve((-0.26, y + line), (0.26, y + line)), colour=Colour(90, 86, 84), width=0.008, opacity=0.6)
    else:
        sheet.word(sheet.article.brand, colour=ink, x=0.02, y=sheet.between(-0.4, 0.4), width=0.72, height=0.15)
    if spiral:
        wire = Finish(sheet.shape.choice((Colour(206, 208, 212), Colour(58, 58, 62), Colour(206, 172, 96))), "steel")
        for at in range(15):
            y = -tall + 0.1 + at * (2 * tall - 0.2) / 14
            sheet.part("hole", ellipse(-wide + 0.08, y, 0.026, 0.026), Finish(Colour(50, 48, 48), "cardboard"), "flat")
            sheet.part(
                "wire",
                tube(
                    curve((-wide + 0.08, y), (-wide, y - 0.035), (-wide - 0.07, y - 0.01), (-wide - 0.02, y + 0.03)),
                    0.026,
                ),
                wire,
                "flat",
            )
    else:
        spine = box(-wide, -tall, -wide + sheet.between(0.1, 0.2), tall, 0.03)
        sheet.part("spine", spine, sheet.trim if sheet.shape.chance(0.4) else sheet.plain, "round")
        if sheet.shape.chance(0.6):
            x = wide - sheet.between(0.14, 0.22)
            sheet.part("elastic", box(x, -tall - 0.005, x + 0.05, tall + 0.005, 0.01), sheet.accent, "round")
        if sheet.shape.chance(0.5):
            sheet.part(
                "ribbon",
                soft(
                    (0.1, tall),
                    (0.16, tall),
                    (0.17, tall + 0.13),
                    (0.13, tall + 0.1),
                    (0.09, tall + 0.13),
                    radius=0.005,
                ),
                sheet.accent,
                "flat",
            )
