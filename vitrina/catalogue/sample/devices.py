"""Drawings of electronic devices: smartphones, speakers, cameras."""

from vitrina.catalogue.sample.colours import BLACK, WHITE, Colour
from vitrina.catalogue.sample.figure import Finish, Sheet, box, curve, ellipse, joined, moved, soft, tube, without

_STEEL = Finish(Colour(186, 188, 194), "steel")
_DARK = Finish(Colour(40, 41, 46), "plastic")
_LENS = Finish(Colour(24, 26, 34), "acetate")


def smartphone(sheet: Sheet) -> None:
    """A phone twice: its screen behind, its back with the lenses and the brand in front."""
    wide, tall, round_ = sheet.between(0.34, 0.4), sheet.between(0.76, 0.84), sheet.between(0.06, 0.14)
    shift = sheet.between(0.2, 0.27)
    frame = Finish(sheet.plain.colour.mixed(sheet.plain.colour.shade, 0.3), "aluminium")
    x, y = shift, -0.08
    sheet.part("frame", box(x - wide, y - tall, x + wide, y + tall, round_), frame, "flat")
    bezel = sheet.between(0.018, 0.04)
    glass = box(x - wide + bezel, y - tall + bezel, x + wide - bezel, y + tall - bezel, round_ * 0.8)
    sheet.part("screen", glass, Finish(BLACK, "acetate"), "flat")
    _wallpaper(sheet, x=x, y=y, half=wide - bezel - 0.02, tall=tall - bezel - 0.02, radius=round_ * 0.7)
    if sheet.shape.chance(0.5):
        sheet.part(
            "notch", box(x - 0.1, y - tall + 0.05, x + 0.1, y - tall + 0.11, 0.03), Finish(BLACK, "acetate"), "flat"
        )
    else:
        sheet.part("front camera", ellipse(x, y - tall + 0.09, 0.028, 0.028), Finish(BLACK, "acetate"), "flat")
    x, y = -shift, 0.06
    for at, high in ((-0.2, 0.14), (0.06, 0.1)):
        key = box(x - wide - 0.022, y + at, x - wide + 0.03, y + at + high, 0.012)
        sheet.part("button", key, frame, "round")
    # Phones of glass are painted on the inside: glossy, not clear.
    back = Finish(sheet.plain.colour, "porcelain") if sheet.article.material == "glass" else sheet.main
    sheet.part("back", box(x - wide, y - tall, x + wide, y + tall, round_), back, "flat")
    rim = without(
        box(x - wide, y - tall, x + wide, y + tall, round_),
        box(x - wide + 0.018, y - tall + 0.018, x + wide - 0.018, y + tall - 0.018, round_ * 0.9),
    )
    sheet.part("frame", rim, frame, "flat")
    _lenses(sheet, x=x, y=y, wide=wide, tall=tall)
    ink = WHITE if sheet.plain.colour.lightness < 0.55 else Colour(60, 60, 66)
    sheet.word(sheet.article.brand, colour=ink, x=x, y=y + sheet.between(0.1, 0.4), width=wide * 1.2, height=0.085)


def _wallpaper(sheet: Sheet, *, x: float, y: float, half: float, tall: float, radius: float) -> None:
    """What is on the screen: a landscape, rows of icons, or a clock."""
    sky = sheet.shape.choice((Colour(96, 150, 214), Colour(244, 172, 120), Colour(122, 96, 180), Colour(70, 160, 150)))
    screen = box(x - half, y - tall, x + half, y + tall, radius)
    sheet.part("wallpaper", screen, Finish(sky, "silicone"), "flat")
    choice = sheet.shape.below(3)
    if choice == 0:
        for at, colour in enumerate((sky.mixed(WHITE, 0.35), sky.mixed(BLACK, 0.25), sky.mixed(BLACK, 0.5))):
            low = y + tall * (0.1 + 0.25 * at)
            hill = soft(
                (x - half, low),
                (x - half * 0.2, low - 0.2 + 0.1 * at, 0.3),
                (x + half, low + 0.08),
                (x + half, y + tall - 0.05),
                (x - half, y + tall - 0.05),
                radius=0.02,
            )
            sheet.part("wallpaper", hill, Finish(colour, "silicone"), "flat")
    elif choice == 1:
        for row in range(5):
            for column in range(4):
                tone = Colour(*((60 + 47 * (row * 4 + column) * shift) % 190 + 50 for shift in (1, 3, 7)))
                cx, cy = x + half * (-0.69 + 0.46 * column), y - tall * 0.6 + row * 0.25
                sheet.part(
                    "icon", box(cx - 0.055, cy - 0.055, cx + 0.055, cy + 0.055, 0.02), Finish(tone, "silicone"), "flat"
                )
    clock = f"{sheet.shape.below(14) + 8}.{sheet.shape.below(50) + 10}"
    sheet.word(clock, colour=WHITE, x=x + half * 0.25, y=y - tall * 0.74, width=half * 0.9, height=0.11)


def _lenses(sheet: Sheet, *, x: float, y: float, wide: float, tall: float) -> None:
    """One, two or three lenses in an island in the corner."""
    count = {"single camera": 1, "twin cameras": 2, "triple camera": 3}[sheet.feature("cameras")]
    left, top, size = x - wide + 0.07, y - tall + 0.07, 0.085
    upright = sheet.shape.chance(0.5)
    places = [
        (0.11, 0.11 + 0.21 * at) if upright else (0.11 + 0.2 * (at % 2), 0.11 + 0.2 * (at // 2)) for at in range(count)
    ]
    across = max(px for px, _ in places) + 0.11
    down = max(py for _, py in places) + 0.11
    island = Finish(sheet.plain.colour.mixed(sheet.plain.colour.light, 0.5), "acetate")
    sheet.part("camera island", box(left, top, left + across, top + down, 0.07), island, "flat")
    for px, py in places:
        sheet.part("lens ring", ellipse(left + px, top + py, size, size), _STEEL, "flat")
        sheet.part("lens", ellipse(left + px, top + py, size * 0.82, size * 0.82), _LENS, "ball")
        sheet.part(
            "lens",
            ellipse(left + px, top + py, size * 0.34, size * 0.34),
            Finish(Colour(52, 60, 96), "acetate"),
            "ball",
        )
    flash = Finish(Colour(250, 240, 200), "porcelain")
    sheet.part("flash", ellipse(left + across + 0.06, top + 0.08, 0.03, 0.03), flash, "flat")


def speaker(sheet: Sheet) -> None:
    """A loudspeaker: an upright cabinet with two cones, a cube with one, or a drum behind cloth."""
    cabinet = sheet.feature("cabinet")
    cone = Finish(sheet.shape.choice((Colour(44, 44, 48), Colour(44, 44, 48), Colour(214, 178, 90))), "rubber")
    if cabinet == "drum cabinet":
        wide, top = sheet.between(0.4, 0.5), sheet.between(-0.7, -0.3)
        body = joined(box(-wide, top, wide, 0.8, 0.02), ellipse(0, 0.8, wide, 0.11))
        sheet.part("body", joined(body, ellipse(0, top, wide, 0.11)), sheet.main, "round")
        cloth = Finish(sheet.plain.colour.mixed(sheet.plain.colour.shade, 0.3), "nylon")
        grille = joined(box(-wide, top + 0.14, wide, 0.62, 0.0), ellipse(0, 0.62, wide, 0.1))
        sheet.part("grille", without(grille, ellipse(0, top + 0.12, wide, 0.1)), cloth, "round")
        sheet.part("top", ellipse(0, top, wide, 0.11), sheet.trim, "flat")
        light = Finish(sheet.shape.choice((Colour(90, 210, 240), Colour(150, 240, 150), WHITE)), "porcelain")
        ring = without(ellipse(0, top, wide * 0.72, 0.075), ellipse(0, top, wide * 0.62, 0.062))
        sheet.part("light ring", ring, light, "flat")
        middle = 0.2
    else:
        wide = sheet.between(0.36, 0.44) if cabinet == "upright cabinet" else sheet.between(0.6, 0.68)
        top = -0.86 if cabinet == "upright cabinet" else -0.5
        deep, foot = 0.14, 0.84
        dark = Finish(sheet.plain.colour.mixed(sheet.plain.colour.shade, 0.45), sheet.article.material)
        far = soft(
            (wide - 0.02, top), (wide + deep, top + 0.06), (wide + deep, foot - 0.05), (wide - 0.02, foot), radius=0.02
        )
        sheet.part("side", far, dark, "flat")
        sheet.part("body", box(-wide, top, wide, foot, sheet.between(0.02, 0.12)), sheet.main, "flat")
        cones = [(-0.42, 0.17), (0.22, 0.3)] if cabinet == "upright cabinet" else [(0.12, 0.42)]
        for y, reach in cones:
            reach = min(reach, wide * 0.8)
            sheet.part("rim", ellipse(0, y, reach, reach), _STEEL if sheet.shape.chance(0.5) else _DARK, "flat")
            sheet.part("cone", ellipse(0, y, reach * 0.88, reach * 0.88), cone, "ball")
            sheet.part("cap", ellipse(0, y, reach * 0.36, reach * 0.36), _DARK, "ball")
            sheet.line(ellipse(0, y, reach * 0.7, reach * 0.7), colour=BLACK, width=0.018, opacity=0.4)
        for x in (-wide + 0.1, wide - 0.1):
            sheet.part("foot", box(x - 0.06, foot - 0.01, x + 0.06, foot + 0.04, 0.01), _DARK, "flat")
        middle = 0.68
    ink = WHITE if sheet.plain.colour.lightness < 0.55 else BLACK
    sheet.word(sheet.article.brand, colour=ink, y=middle, width=wide * 1.1, height=0.11)


def camera(sheet: Sheet) -> None:
    """A camera from the front: top plate, grip, finder, shutter, a fixed or a zoom lens, the brand."""
    wide, top, foot = sheet.between(0.74, 0.86), sheet.between(-0.34, -0.24), 0.52
    zoom = sheet.feature("lens") == "zoom lens"
    plate = _STEEL if sheet.shape.chance(0.55) else _DARK
    hump = sheet.shape.chance(0.55)
    loop = curve(
        (-wide + 0.02, top + 0.1),
        (-wide - 0.1, top - 0.25),
        (-0.4, top - 0.52),
        (0.4, top - 0.52),
        (wide + 0.1, top - 0.25),
        (wide - 0.02, top + 0.1),
    )
    if sheet.shape.chance(0.4):
        sheet.part("strap", tube(loop, 0.06), Finish(sheet.trim.colour, "leather"))
    sheet.part("shutter", box(-wide + 0.16, top - 0.09, -wide + 0.36, top + 0.02, 0.03), plate, "round")
    sheet.part("dial", box(wide - 0.42, top - 0.08, wide - 0.18, top + 0.02, 0.02), _DARK, "round")
    if hump:
        finder = soft((-0.26, top + 0.05), (-0.18, top - 0.22), (0.18, top - 0.22), (0.26, top + 0.05), radius=0.05)
        sheet.part("finder", finder, plate, "flat")
    sheet.part("body", box(-wide, top, wide, foot, 0.12), sheet.main, "cloth")
    sheet.part("top plate", box(-wide, top, wide, top + 0.2, 0.09), plate, "lying")
    sheet.part("base plate", box(-wide, foot - 0.07, wide, foot, 0.05), plate, "lying")
    sheet.part(
        "grip",
        box(-wide - 0.02, top + 0.16, -wide + 0.24, foot - 0.03, 0.07),
        Finish(sheet.plain.colour.mixed(sheet.plain.colour.shade, 0.4), "rubber"),
        "round",
    )
    if not hump:
        sheet.part("finder", box(0.3, top + 0.04, 0.56, top + 0.17, 0.02), _LENS, "flat")
    sheet.part(
        "flash",
        box(wide - 0.24, top + 0.04, wide - 0.06, top + 0.16, 0.02),
        Finish(Colour(246, 242, 220), "porcelain"),
        "flat",
    )
    reach = sheet.between(0.36, 0.42) if zoom else sheet.between(0.28, 0.33)
    x, y = sheet.between(-0.02, 0.1), top + 0.46
    sheet.part("lens barrel", ellipse(x, y, reach, reach), _DARK if zoom else plate, "flat")
    if zoom:
        for at in range(36):
            tick = moved(curve((reach * 0.84, 0), (reach * 0.96, 0)), x=x, y=y, turn_degrees=at * 10.0)
            sheet.line(tick, colour=Colour(110, 112, 118), width=0.014, opacity=0.9)
    ring = Finish(sheet.shape.choice((Colour(206, 60, 50), Colour(214, 178, 90), sheet.plain.colour)), "steel")
    sheet.part("lens ring", ellipse(x, y, reach * 0.8, reach * 0.8), ring, "flat")
    sheet.part("lens barrel", ellipse(x, y, reach * 0.74, reach * 0.74), _DARK, "flat")
    sheet.part("lens", ellipse(x, y, reach * 0.56, reach * 0.56), Finish(Colour(40, 52, 92), "acetate"), "ball")
    sheet.part("lens", ellipse(x, y, reach * 0.28, reach * 0.28), Finish(Colour(16, 18, 26), "acetate"), "ball")
    ink = BLACK if plate is _STEEL else WHITE
    where = (0.0, top - 0.08) if hump else (-0.46, top + 0.1)
    sheet.word(sheet.article.brand, colour=ink, x=where[0], y=where[1], width=0.3 if hump else 0.42, height=0.09)
