"""Shop shelves: rows of articles of one department, the one that is photographed among them."""

from collections.abc import Mapping
from dataclasses import dataclass

import skia

from vitrina.catalogue.sample.article import Article
from vitrina.catalogue.sample.backdrops import WALLS, atmosphere, panels, tiles
from vitrina.catalogue.sample.colours import BLACK, WHITE, Colour
from vitrina.catalogue.sample.company import breadth, company, height_cm, standing
from vitrina.catalogue.sample.draws import Draws
from vitrina.catalogue.sample.figure import Finish, Sheet, box, ellipse
from vitrina.catalogue.sample.goods import figure
from vitrina.catalogue.sample.paint import Light
from vitrina.catalogue.sample.stage import Stage
from vitrina.catalogue.sample.truth import Photo

_DEPARTMENTS: Mapping[str, frozenset[str]] = {
    "groceries": frozenset({"jar", "cereal box", "tin can", "carton", "coffee bag"}),
    "shoes": frozenset({"sneakers", "boots", "heels"}),
    "bags": frozenset({"handbag", "backpack", "cap", "sunglasses"}),
    "toys": frozenset({"teddy bear", "toy car", "ball"}),
    "kitchen": frozenset({"mug", "bottle", "pot", "jar"}),
    "electronics": frozenset({"headphones", "smartphone", "speaker", "camera"}),
    "home": frozenset({"vase", "lamp", "mug", "speaker", "cushion"}),
    "desk": frozenset({"notebook", "headphones", "mug", "lamp"}),
}

_PERSPECTIVE = 0.07
"""How far the corners of the shelf lie from a square's, as a share of its half side."""

MOST = 20
"""A shelf shows at most this many articles."""


@dataclass
class _Slot:
    """A drawing on a board, and the article's own picture or not; `high` in units of the box."""

    sheet: Sheet
    high: float
    is_own: bool


def has_shelf(article: Article) -> bool:
    """Whether goods of this kind stand on shop shelves."""
    return any(article.kind.name in kinds for kinds in _DEPARTMENTS.values())


def shelf(article: Article, draws: Draws) -> Photo:
    """A shelf of two or three boards with 4 to 20 articles of one department, the article itself whole among them."""
    kinds = draws.choice([kinds for kinds in _DEPARTMENTS.values() if article.kind.name in kinds])
    boards = draws.weighted({2: 3.0, 3: 2.0})
    side = draws.choice((-1.0, 1.0))
    light = Light(x=side * draws.uniform(0.2, 0.7), y=-draws.uniform(0.6, 0.9), strength=draws.uniform(0.6, 1.0))
    stage = Stage(light, view=_view(draws))
    _wall(stage, draws)
    per_board = 4 if boards == 2 else 5
    others = [figure(other) for other in company(article, kinds=kinds, count=boards * per_board, draws=draws)]
    rows = _filled(figure(article), others, boards=boards, draws=draws)
    wood = draws.choice(
        (
            Finish(Colour(206, 170, 126), "wood"),
            Finish(Colour(238, 238, 236), "plastic"),
            Finish(Colour(90, 92, 98), "steel"),
            Finish(Colour(120, 84, 58), "wood"),
        )
    )
    tickets = draws.choice((WHITE, Colour(250, 214, 60), Colour(226, 54, 46)))
    gap = 2.0 / boards
    for at, row in enumerate(rows):
        floor = -1.0 + gap * (at + 1) - 0.1
        _board(stage, wood, floor=floor)
        _stand(stage, row, floor=floor, draws=draws)
        _edge(stage, wood, tickets, floor=floor, draws=draws)
    if draws.chance(0.25):
        _wobbler(stage, draws)
    atmosphere(stage, draws)
    return stage.photo(setting="shelf")


def _view(draws: Draws) -> skia.Matrix:
    """The shelf from slightly to one side, a little closer or further away."""
    corners = [skia.Point(x, y) for x, y in ((-1, -1), (1, -1), (1, 1), (-1, 1))]
    nearer = draws.uniform(-_PERSPECTIVE, _PERSPECTIVE)
    bent = [
        skia.Point(corner.x() * (1 + draws.uniform(0.0, 0.04)), corner.y() * (1 + nearer * corner.x()))
        for corner in corners
    ]
    matrix = skia.Matrix()
    matrix.setPolyToPoly(corners, bent)
    matrix.postRotate(draws.uniform(-2.0, 2.0))
    return matrix


def _wall(stage: Stage, draws: Draws) -> None:
    colour = draws.choice(WALLS)
    back = draws.below(3)
    if back == 0:
        panels(stage, colour.mixed(BLACK, 0.12), bottom=1.15)
    elif back == 1:
        tiles(stage, colour.mixed(BLACK, 0.08), step=0.22)
    else:
        stage.decorate(box(-1.3, -1.3, 1.3, 1.3, 0.0), Finish(colour.mixed(BLACK, 0.18), "cardboard"))


def _filled(own: Sheet, others: list[Sheet], *, boards: int, draws: Draws) -> list[list[_Slot]]:
    """The drawings by board, each board full but not overfull; others may stand there twice or three times."""
    room, gap = 1.9, 2.0 / boards
    tallest = max(height_cm(sheet.article) for sheet in (own, *others))
    own_board = draws.below(boards)
    waiting = draws.shuffled(others)
    total = 1
    rows: list[list[_Slot]] = []
    for at in range(boards):
        row = [_slot(own, gap=gap, tallest=tallest, is_own=True)] if at == own_board else []
        used = sum(breadth(slot.sheet, high=slot.high) for slot in row)
        while waiting and total < MOST:
            slot = _slot(waiting[-1], gap=gap, tallest=tallest, is_own=False)
            wide = breadth(slot.sheet, high=slot.high) * 1.04
            if used + wide > room and len(row) > 1:
                break
            waiting.pop()
            copies = 1 + (draws.below(3) if draws.chance(0.35) else 0)
            for _ in range(copies):
                if total < MOST and (used + wide <= room or len(row) < 2):
                    row.append(slot)
                    used += wide
                    total += 1
        place = draws.below(len(row)) if row else 0
        if at == own_board and row:
            row.insert(place, row.pop(0))
        rows.append(row)
    return rows


def _slot(sheet: Sheet, *, gap: float, tallest: float, is_own: bool) -> _Slot:
    """Small things are drawn larger than life beside large ones, so that they can be made out."""
    high = (gap - 0.24) * (height_cm(sheet.article) / tallest) ** 0.5
    widest = 0.95
    return _Slot(sheet, min(high, high * widest / max(breadth(sheet, high=high), 1e-6)), is_own)


def _stand(stage: Stage, row: list[_Slot], *, floor: float, draws: Draws) -> None:
    """Puts a row on its board from the left to the right, spread over it."""
    widths = [breadth(slot.sheet, high=slot.high) for slot in row]
    squeeze = min(1.9 / sum(widths), 1.0) if row else 1.0
    free = max(1.9 - sum(widths) * squeeze, 0.0)
    spare = min(free / (len(row) + 1), 0.16)
    x = -(sum(widths) * squeeze + spare * (len(row) - 1)) / 2 + draws.uniform(-0.4, 0.4) * min(
        free - spare * len(row), 0.2
    )
    for slot, wide in zip(row, widths, strict=True):
        nudge = 0.0 if slot.is_own else draws.uniform(-0.012, 0.012)
        high = slot.high * squeeze
        matrix = standing(
            slot.sheet, x=x + wide * squeeze / 2 + nudge, floor=floor + draws.uniform(0.0, 0.025), high=high
        )
        stage.put(slot.sheet, matrix, shadow="around")
        x += wide * squeeze + spare


def _board(stage: Stage, finish: Finish, *, floor: float) -> None:
    """The top of a board, seen a little from above, and the shadow under the board above it."""
    stage.decorate(
        box(-1.3, floor - 0.06, 1.3, floor + 0.04, 0.0), Finish(finish.colour.mixed(BLACK, 0.12), finish.material)
    )


def _edge(stage: Stage, finish: Finish, tickets: Colour, *, floor: float, draws: Draws) -> None:
    """The front edge of a board with price tickets, before the feet of what stands on it."""
    stage.cover(box(-1.3, floor + 0.035, 1.3, floor + 0.12, 0.0), finish=finish, form="lying")
    x = -0.95 + draws.uniform(0.0, 0.2)
    while x < 0.95:
        ticket = box(x - 0.09, floor + 0.045, x + 0.09, floor + 0.112, 0.008)
        stage.cover(ticket, finish=Finish(tickets, "cardboard"), form="flat")
        ink = Finish(WHITE if tickets.lightness < 0.4 else Colour(40, 40, 44), "cardboard")
        for left, right, y in ((-0.07, -0.01, 0.062), (-0.07, 0.0, 0.08), (0.015, 0.075, 0.068)):
            stage.cover(
                box(x + left, floor + y, x + right, floor + y + (0.009 if right < 0.01 else 0.03), 0.002),
                finish=ink,
                form="flat",
            )
        x += draws.uniform(0.34, 0.55)


def _wobbler(stage: Stage, draws: Draws) -> None:
    """A round sign that sticks out from a board and hides a little of what is behind."""
    x, y = draws.uniform(-0.8, 0.8), draws.choice((-0.1, 0.0, 0.9))
    colour = draws.choice((Colour(226, 54, 46), Colour(250, 206, 50), Colour(60, 140, 80)))
    stage.cover(ellipse(x, y, 0.12, 0.12), finish=Finish(colour, "acetate"), form="flat")
    stage.cover(ellipse(x, y, 0.085, 0.085), finish=Finish(WHITE, "cardboard"), form="flat")
