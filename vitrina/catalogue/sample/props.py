"""Things that are not for sale: what hides a part of an article, and what stands beside it."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import skia

from vitrina.catalogue.sample.colours import BLACK, PALETTE, WHITE, Colour
from vitrina.catalogue.sample.draws import Draws
from vitrina.catalogue.sample.figure import Finish, Form, blob, box, curve, ellipse, joined, moved, soft, tube, without
from vitrina.catalogue.sample.stage import Stage

SKINS = (Colour(240, 204, 176), Colour(222, 172, 136), Colour(182, 128, 92), Colour(128, 84, 58), Colour(86, 56, 42))


@dataclass(frozen=True)
class Target:
    """The rectangle of an article in the box of the picture (-1..1)."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def middle(self) -> tuple[float, float]:
        return (self.left + self.right) / 2, (self.top + self.bottom) / 2


def hide_some(stage: Stage, target: Target, *, draws: Draws) -> None:
    """Puts one thing in front of an article so that a part of it is hidden, never most of it."""
    props: tuple[Callable[[Stage, Target, Draws], None], ...] = (
        _hand,
        _ribbon,
        _price_tag,
        _leaves,
        _sticker,
        _parcel,
    )
    draws.choice(props)(stage, target, draws)


def _put(stage: Stage, path: skia.Path, finish: Finish, form: Form = "cloth") -> None:
    stage.cover(path, finish=finish, form=form)


def _hand(stage: Stage, target: Target, draws: Draws) -> None:
    """Four fingers and a thumb that reach in from a side and hold the article."""
    skin = Finish(draws.choice(SKINS), "silicone")
    side = draws.choice((-1, 1))
    x = target.left if side < 0 else target.right
    reach = min((target.right - target.left) * draws.uniform(0.22, 0.34), 0.34)
    y = target.top + (target.bottom - target.top) * draws.uniform(0.45, 0.75)
    thick = draws.uniform(0.09, 0.12)
    sleeve = Finish(draws.choice(tuple(PALETTE.values())), draws.choice(("cotton", "denim", "wool")))
    back = x + side * 0.22
    for at in range(4):
        fy = y + (at - 1.5) * thick * 0.96
        tip = x - side * reach * (0.82, 1.0, 0.94, 0.7)[at]
        finger = tube(curve((back, y + (at - 1.5) * thick * 0.9), (x, fy - 0.015), (tip, fy + 0.01)), thick)
        _put(stage, finger, skin, "lying")
        nail = ellipse(tip - side * -0.01, fy + 0.004, thick * 0.3, thick * 0.24)
        _put(stage, nail, Finish(skin.colour.mixed(Colour(250, 210, 206), 0.6), "porcelain"), "flat")
    palm = blob(
        (back - side * 0.1, y - thick * 1.9),
        (back + side * 0.14, y - thick * 1.6),
        (back + side * 0.2, y + thick * 1.4),
        (back - side * 0.06, y + thick * 1.9),
        (x, y),
    )
    _put(stage, palm, skin, "ball")
    arm = soft(
        (back + side * 0.1, y - thick * 1.4),
        (back + side * 2, y - thick * 2.4),
        (back + side * 2, y + thick * 3),
        (back + side * 0.1, y + thick * 1.6),
        radius=0.04,
    )
    _put(stage, arm, sleeve)


def _ribbon(stage: Stage, target: Target, draws: Draws) -> None:
    """A gift ribbon round the article with a bow."""
    colour = draws.choice((PALETTE["red"], PALETTE["pink"], PALETTE["navy"], PALETTE["green"], Colour(214, 176, 90)))
    satin, wide = Finish(colour, "silk"), draws.uniform(0.06, 0.1)
    x = target.left + (target.right - target.left) * draws.uniform(0.3, 0.7)
    y = target.top + (target.bottom - target.top) * draws.uniform(0.3, 0.6)
    tilt = draws.uniform(-0.06, 0.06)
    _put(
        stage,
        tube(curve((target.left - 0.02, y - tilt), (x, y + 0.02), (target.right + 0.02, y + tilt)), wide),
        satin,
        "lying",
    )
    for side in (-1, 1):
        tail = soft((x, y), (x + side * 0.05, y), (x + side * 0.15, y + 0.26), (x + side * 0.07, y + 0.24), radius=0.01)
        _put(stage, tail, satin)
        loop = blob((x, y), (x + side * 0.09, y - 0.1), (x + side * 0.21, y - 0.08), (x + side * 0.19, y + 0.05))
        _put(stage, loop, satin, "ball")
    _put(stage, ellipse(x, y, 0.04, 0.045), satin, "ball")


def _price_tag(stage: Stage, target: Target, draws: Draws) -> None:
    """A paper tag on a string."""
    x = target.left + (target.right - target.left) * draws.uniform(0.25, 0.75)
    y = target.top + (target.bottom - target.top) * draws.uniform(0.3, 0.6)
    paper = Finish(
        draws.choice((Colour(250, 246, 232), Colour(206, 170, 122), Colour(246, 212, 60), WHITE)), "cardboard"
    )
    size, turn = draws.uniform(0.13, 0.2), draws.uniform(-25, 25)
    tag = soft(
        (-size * 0.5, 0.0),
        (0, -size * 0.4),
        (size * 0.5, 0.0),
        (size * 0.5, size * 1.5),
        (-size * 0.5, size * 1.5),
        radius=0.015,
    )
    tag = without(tag, ellipse(0, -size * 0.08, size * 0.1, size * 0.1))
    _put(
        stage,
        tube(curve((x, y - 0.02), (x + 0.03, y - 0.14), (x - 0.02, y - 0.24)), 0.014),
        Finish(Colour(120, 100, 80), "cotton"),
        "flat",
    )
    _put(stage, moved(tag, x=x, y=y, turn_degrees=turn), paper, "flat")
    for at in (0.5, 0.8, 1.05):
        line = moved(
            tube(curve((-size * 0.3, size * at), (size * (0.3 if at < 1 else 0.0), size * at)), size * 0.1),
            x=x,
            y=y,
            turn_degrees=turn,
        )
        _put(stage, line, Finish(Colour(70, 66, 64), "cardboard"), "flat")


def _leaves(stage: Stage, target: Target, draws: Draws) -> None:
    """A branch of a plant that hangs into the picture."""
    side = draws.choice((-1, 1))
    green = draws.choice((Colour(74, 124, 66), Colour(104, 138, 90), Colour(150, 160, 128)))
    start = (side * 1.15, draws.uniform(-0.2, 0.6))
    middle = (target.right if side > 0 else target.left), target.middle[1] + draws.uniform(-0.2, 0.3)
    end = (
        middle[0] - side * (target.right - target.left) * draws.uniform(0.15, 0.3),
        middle[1] - draws.uniform(-0.1, 0.2),
    )
    _put(stage, tube(curve(start, middle, end), 0.02), Finish(green.shade, "wood"), "flat")
    count = 9
    for at in range(count):
        share = at / (count - 1)
        ends = (start, middle) if share < 0.5 else (middle, end)
        part = share * 2 if share < 0.5 else share * 2 - 1
        x, y = (a + (b - a) * part for a, b in zip(*ends, strict=True))
        blade = blob((0, 0), (0.06, -0.045), (0.19, 0.0), (0.06, 0.045))
        turn = (150 if side > 0 else 30) + (58 if at % 2 else -58) + draws.uniform(-14, 14)
        tone = green.nudged(hue_degrees=draws.uniform(-8, 8), saturation=1.0, value=draws.uniform(0.85, 1.15))
        _put(stage, moved(blade, x=x, y=y, turn_degrees=turn), Finish(tone, "cotton"), "cloth")


def _sticker(stage: Stage, target: Target, draws: Draws) -> None:
    """A round or starry sticker, as shops put on offers."""
    x = target.left + (target.right - target.left) * draws.choice((0.2, 0.8))
    y = target.top + (target.bottom - target.top) * draws.uniform(0.2, 0.5)
    size = draws.uniform(0.12, 0.19)
    colour = draws.choice((PALETTE["red"], PALETTE["yellow"], PALETTE["orange"], PALETTE["green"], PALETTE["black"]))
    if draws.chance(0.5):
        shape = ellipse(x, y, size, size)
    else:
        corners = [
            (
                x + size * (1.0 if at % 2 else 0.82) * math.cos(math.tau * at / 24),
                y + size * (1.0 if at % 2 else 0.82) * math.sin(math.tau * at / 24),
            )
            for at in range(24)
        ]
        shape = soft(*corners, radius=0.004)
    _put(stage, shape, Finish(colour, "acetate"), "flat")
    ink = Finish(WHITE if colour.lightness < 0.5 else BLACK, "cardboard")
    # A percent sign: two rings and a slanting bar, and no word that a label could be taken for.
    for dx, dy in ((-0.32, -0.3), (0.32, 0.3)):
        ring = without(
            ellipse(x + dx * size, y + dy * size, size * 0.22, size * 0.22),
            ellipse(x + dx * size, y + dy * size, size * 0.1, size * 0.1),
        )
        _put(stage, ring, ink, "flat")
    _put(
        stage,
        tube(curve((x - size * 0.36, y + size * 0.5), (x + size * 0.36, y - size * 0.5)), size * 0.15),
        ink,
        "flat",
    )


def _parcel(stage: Stage, target: Target, draws: Draws) -> None:
    """A parcel in the corner in front."""
    side = draws.choice((-1, 1))
    wide = (target.right - target.left) * draws.uniform(0.3, 0.5)
    high = min((target.bottom - target.top) * draws.uniform(0.2, 0.4), 0.6)
    x = target.left if side < 0 else target.right
    kraft = Finish(Colour(198, 160, 112), "cardboard")
    left, right, foot = x - wide * 0.62, x + wide * 0.62, target.bottom + 0.1
    front = box(left, foot - high, right, foot, 0.01)
    _put(stage, front, kraft)
    lid = soft(
        (left, foot - high),
        (right, foot - high),
        (right - 0.05, foot - high - 0.08),
        (left + 0.05, foot - high - 0.08),
        radius=0.005,
    )
    _put(stage, lid, Finish(kraft.colour.light, "cardboard"), "flat")
    band = box(x - 0.05, foot - high, x + 0.05, foot, 0.0)
    _put(
        stage,
        joined(
            band,
            soft(
                (x - 0.05, foot - high),
                (x + 0.05, foot - high),
                (x + 0.045, foot - high - 0.08),
                (x - 0.045, foot - high - 0.08),
                radius=0.0,
            ),
        ),
        Finish(Colour(226, 206, 160), "acetate"),
        "flat",
    )


def beside(stage: Stage, target: Target, *, draws: Draws, stands: bool) -> None:
    """Puts small things behind or beside where the article will come: a plant, pebbles, a stack of books, a block."""
    side = draws.choice((-1, 1))
    x = (target.left if side < 0 else target.right) + side * draws.uniform(0.02, 0.16)
    foot = target.bottom - 0.02
    if not stands or draws.chance(0.3):
        for _ in range(2 + draws.below(4)):
            tone = draws.choice(
                (
                    Colour(190, 186, 178),
                    Colour(140, 138, 134),
                    Colour(214, 200, 176),
                    Colour(96, 128, 82),
                    Colour(190, 120, 70),
                )
            )
            px, py = (
                x + draws.uniform(-0.2, 0.2),
                (foot if stands else draws.uniform(-0.8, 0.8)) + draws.uniform(-0.05, 0.06),
            )
            stage.decorate(
                ellipse(px, py, draws.uniform(0.03, 0.08), draws.uniform(0.025, 0.05)),
                Finish(tone, "suede"),
                form="ball",
            )
        return
    if draws.chance(0.5):
        pot = soft((x - 0.13, foot - 0.24), (x + 0.13, foot - 0.24), (x + 0.1, foot), (x - 0.1, foot), radius=0.02)
        green = draws.choice((Colour(74, 124, 66), Colour(120, 146, 96)))
        for at in range(9):
            blade = blob((0, 0), (0.1, -0.05), (0.34, 0.0), (0.1, 0.05))
            turn = -90 + (at - 4) * draws.uniform(16, 24)
            tone = green.nudged(hue_degrees=draws.uniform(-10, 10), saturation=1.0, value=draws.uniform(0.8, 1.15))
            stage.decorate(moved(blade, x=x, y=foot - 0.22, turn_degrees=turn), Finish(tone, "cotton"), form="cloth")
        stage.decorate(
            pot, Finish(draws.choice((Colour(196, 120, 86), WHITE, Colour(90, 94, 100))), "ceramic"), form="round"
        )
        return
    for at in range(2 + draws.below(3)):
        tone = draws.choice(tuple(PALETTE.values())).mixed(Colour(200, 190, 176), 0.5)
        shift = draws.uniform(-0.03, 0.03)
        book = box(x - 0.2 + shift, foot - 0.07 * (at + 1), x + 0.2 + shift, foot - 0.07 * at, 0.01)
        stage.decorate(book, Finish(tone, "cardboard"), form="lying")
