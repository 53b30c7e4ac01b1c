"""Rooms: an article among others where people use them - at home, on a counter or a desk, on a clothes rail."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import skia

from vitrina.catalogue.sample.article import Article
from vitrina.catalogue.sample.backdrops import (
    atmosphere,
    boarded_floor,
    picture_frame,
    rug,
    surface,
    tiles,
    wallpaper,
    window,
)
from vitrina.catalogue.sample.colours import WHITE, Colour
from vitrina.catalogue.sample.company import breadth, company, height_cm, standing
from vitrina.catalogue.sample.draws import Draws
from vitrina.catalogue.sample.figure import Finish, Sheet, box, curve, soft, tube
from vitrina.catalogue.sample.goods import figure
from vitrina.catalogue.sample.paint import Light
from vitrina.catalogue.sample.stage import Stage
from vitrina.catalogue.sample.truth import Photo

_FURNITURE = frozenset({"chair", "table", "bookcase", "sofa"})
_ON_FURNITURE = frozenset({"lamp", "vase", "cushion", "speaker", "teddy bear", "mug", "notebook"})
_ON_FLOOR = frozenset({"teddy bear", "ball", "backpack", "boots", "sneakers", "speaker", "handbag"})
_ON_COUNTER = frozenset(
    {"mug", "bottle", "jar", "pot", "cereal box", "tin can", "carton", "coffee bag", "vase", "speaker"}
)
_ON_DESK = frozenset(
    {"lamp", "headphones", "smartphone", "notebook", "camera", "speaker", "mug", "sunglasses", "watch", "vase", "cap"}
)
_TOYS = frozenset({"teddy bear", "toy car", "ball"})
_TOPS = frozenset({"t-shirt", "shirt", "hoodie", "dress", "skirt", "trousers", "scarf"})
_UNDER_RAIL = frozenset({"sneakers", "boots", "heels", "handbag", "backpack"})

_SEATS: Mapping[str, float] = {"sofa": 0.36, "table": 0.84, "chair": 0.44}
"""How far up a piece of furniture things stand on it, as a share of its height."""

_MOST_HIDDEN = 0.4
"""Nothing is put where it would hide more than this share of the rectangle of the article itself."""


@dataclass(frozen=True)
class _Spot:
    """A drawing that stands with its foot centred on (x, floor) and is `high`, in units of the box."""

    sheet: Sheet
    x: float
    floor: float
    high: float

    @property
    def rect(self) -> skia.Rect:
        half = breadth(self.sheet, high=self.high) / 2
        return skia.Rect.MakeLTRB(self.x - half, self.floor - self.high, self.x + half, self.floor)


def has_room(article: Article) -> bool:
    """Whether goods of this kind are at home in one of the rooms."""
    return any(article.kind.name in kinds for kinds, _ in _ROOMS)


def room(article: Article, draws: Draws) -> Photo:
    """A room with the article among two to eight others, never fully hidden."""
    build = draws.choice([build for kinds, build in _ROOMS if article.kind.name in kinds])
    side = draws.choice((-1.0, 1.0))
    light = Light(x=side * draws.uniform(0.3, 0.8), y=-draws.uniform(0.5, 0.9), strength=draws.uniform(0.55, 1.0))
    stage = Stage(light, view=_view(draws))
    build(stage, article, draws)
    atmosphere(stage, draws)
    return stage.photo(setting="room")


def _view(draws: Draws) -> skia.Matrix:
    """Nearly straight, sometimes a little closer."""
    matrix = skia.Matrix()
    zoom = draws.uniform(1.03, 1.16)
    matrix.setScale(zoom, zoom)
    matrix.postRotate(draws.uniform(-2.0, 2.0))
    matrix.postTranslate(draws.uniform(-0.04, 0.04), draws.uniform(-0.05, 0.02))
    return matrix


def _high(article: Article, scale: float) -> float:
    """The height in units of the box; small things are larger than life, so that they can be made out."""
    return scale * height_cm(article) ** 0.7


def _put_all(stage: Stage, own: _Spot, others: list[_Spot], draws: Draws) -> None:
    """Puts the far before the near, and leaves out what would hide too much of the article itself."""
    room_left = own.rect
    kept = []
    for spot in others:
        if spot.floor >= own.floor:
            shared = skia.Rect.MakeLTRB(*room_left)
            hidden = shared.width() * shared.height() if shared.intersect(spot.rect) else 0.0
            if hidden > _MOST_HIDDEN * own.rect.width() * own.rect.height():
                continue
        kept.append(spot)
    for spot in sorted((*kept, own), key=lambda each: each.floor):
        mirrored = spot is not own and draws.chance(0.3) and not spot.sheet.is_printed
        foot = spot.rect.bottom()
        matrix = standing(spot.sheet, x=spot.x, floor=foot, high=spot.high, mirrored=mirrored)
        stage.put(spot.sheet, matrix, shadow="around" if isinstance(spot, _Lifted) else "thrown")


def _spread(
    own: Sheet, others: list[Sheet], *, scale: float, floor: tuple[float, float], draws: Draws
) -> tuple[_Spot, list[_Spot]]:
    """Places side by side from the left to the right, a little over one another, over floors far and near."""
    sheets = draws.shuffled([own, *others])
    highs = [_high(sheet.article, scale) for sheet in sheets]
    wides = [breadth(sheet, high=high) for sheet, high in zip(sheets, highs, strict=True)]
    squeeze = min(2.1 / sum(wides), 1.0)
    step = (1.9 - sum(wides) * squeeze) / max(len(sheets), 1)
    x = -0.95 + step / 2
    spots = []
    for sheet, high, wide in zip(sheets, highs, wides, strict=True):
        shrink = max(squeeze, 0.62)
        place = x + wide * squeeze / 2 + draws.uniform(-0.03, 0.03)
        half = wide * shrink / 2
        place = min(max(place, -0.98 + half), 0.98 - half) if sheet is own and half < 0.98 else place
        spots.append(_Spot(sheet, place, draws.uniform(*floor), high * shrink))
        x += wide * squeeze + step
    mine = next(spot for spot in spots if spot.sheet is own)
    return mine, [spot for spot in spots if spot is not mine]


def _living(stage: Stage, article: Article, draws: Draws) -> None:
    """A living room: a wall with a window or pictures, a rug, furniture, and what stands on and beside it."""
    line = draws.uniform(0.2, 0.34)
    _wall_and_floor(stage, draws, line=line)
    name = article.kind.name
    scale = draws.uniform(0.038, 0.046)
    wanted = 1 if name == "sofa" else 2
    big = [figure(other) for other in company(article, kinds=_FURNITURE - {name}, count=wanted, draws=draws)]
    floor = (line + 0.14, line + 0.3)
    if name in _FURNITURE:
        own, others = _spread(figure(article), big, scale=scale, floor=floor, draws=draws)
    else:
        first, rest = _spread(big[0], big[1:], scale=scale, floor=floor, draws=draws) if big else (None, [])
        own = _upon(figure(article), first, scale=scale * 1.25, line=line, draws=draws)
        others = [*rest, *([first] if first else [])]
    hosts = [spot for spot in (own, *others) if spot.sheet.article.kind.name in _SEATS]
    small = company(article, kinds=_ON_FURNITURE - {name}, count=len(hosts), draws=draws)
    for other, host in zip(small, hosts, strict=False):
        if host.sheet is not own.sheet or name in _FURNITURE:
            others.append(_upon(figure(other), host, scale=scale * 1.1, line=line, draws=draws))
    for other in company(article, kinds=_ON_FLOOR, count=draws.below(3), draws=draws):
        place = _Spot(figure(other), draws.uniform(-0.85, 0.85), draws.uniform(0.78, 0.92), _high(other, scale * 1.1))
        others.append(place)
    _put_all(stage, own, others, draws)


def _upon(sheet: Sheet, host: _Spot | None, *, scale: float, line: float, draws: Draws) -> _Spot:
    """A thing on a piece of furniture, or on the floor where there is none to carry it."""
    high = _high(sheet.article, scale)
    if host is None or host.sheet.article.kind.name not in _SEATS:
        return _Spot(sheet, draws.uniform(-0.5, 0.5), line + 0.45, high)
    share = _SEATS[host.sheet.article.kind.name]
    half = max(host.rect.width() / 2 - breadth(sheet, high=high) / 2, 0.0) * 0.7
    x = min(max(host.x + draws.uniform(-1, 1) * half, -0.7), 0.7)
    if host.sheet.article.kind.name == "chair":
        high, x = min(high, host.high * 0.5), host.x
    # On the host's board, and just in front of the host in the order of painting.
    return _Lifted(sheet, x, host.floor + 0.001, high, host.high * share)


@dataclass(frozen=True)
class _Lifted(_Spot):
    """A spot on a board at the height `up` above the floor that decides what hides what."""

    up: float

    @property
    def rect(self) -> skia.Rect:
        return super().rect.makeOffset(0, -self.up)


def _counter(stage: Stage, article: Article, draws: Draws) -> None:
    """A kitchen counter before tiles or a wall."""
    line = draws.uniform(0.12, 0.4)
    if draws.chance(0.6):
        colour = draws.choice(
            (Colour(232, 236, 236), Colour(196, 212, 216), Colour(226, 214, 198), Colour(170, 190, 180))
        )
        tiles(stage, colour, step=draws.choice((0.22, 0.3, 0.4)), bottom=line)
    else:
        wallpaper(stage, draws, bottom=line)
        if draws.chance(0.5):
            window(stage, draws, x=draws.uniform(-0.5, 0.5), y=-0.5, wide=0.4, high=0.34)
    top = draws.choice(
        (
            Finish(Colour(196, 160, 118), "board"),
            Finish(Colour(226, 226, 228), "marble"),
            Finish(Colour(120, 116, 112), "cast iron"),
            Finish(Colour(104, 76, 54), "board"),
        )
    )
    surface(stage, top, top=line)
    _on_top(stage, article, draws, kinds=_ON_COUNTER, scale=draws.uniform(0.09, 0.122), line=line)


def _desk(stage: Stage, article: Article, draws: Draws) -> None:
    """A desk or a chest before a wall."""
    line = draws.uniform(0.16, 0.42)
    wallpaper(stage, draws, bottom=line)
    if draws.chance(0.6):
        picture_frame(stage, draws, x=draws.uniform(-0.7, 0.7), y=draws.uniform(-0.7, -0.4))
    surface(
        stage,
        Finish(draws.choice((Colour(196, 160, 118), Colour(236, 234, 228), Colour(92, 66, 48))), "board"),
        top=line,
    )
    _on_top(stage, article, draws, kinds=_ON_DESK, scale=draws.uniform(0.082, 0.112), line=line)


def _on_top(stage: Stage, article: Article, draws: Draws, *, kinds: frozenset[str], scale: float, line: float) -> None:
    """The article and two to five others on a top whose far edge is at `line`."""
    others = [figure(other) for other in company(article, kinds=kinds, count=2 + draws.below(4), draws=draws)]
    own, rest = _spread(figure(article), others, scale=scale, floor=(line + 0.14, line + 0.42), draws=draws)
    _put_all(stage, own, rest, draws)


def _nursery(stage: Stage, article: Article, draws: Draws) -> None:
    """Toys on the floor of a child's room."""
    line = draws.uniform(0.0, 0.16)
    _wall_and_floor(stage, draws, line=line)
    if draws.chance(0.7):
        for at in range(6):
            x, drop = -1.0 + at * 0.4, 0.06 * (1 - abs(at - 2.5) / 3)
            flag = soft((x, -0.8 + drop), (x + 0.2, -0.79 + drop), (x + 0.1, -0.58 + drop), radius=0.01)
            tone = draws.choice(
                (Colour(230, 110, 100), Colour(110, 170, 210), Colour(244, 206, 100), Colour(140, 190, 130))
            )
            stage.decorate(flag, Finish(tone, "cotton"))
    for _ in range(draws.below(4)):
        x, y, size = draws.uniform(-0.9, 0.9), draws.uniform(line + 0.1, line + 0.2), 0.08
        tone = draws.choice((Colour(206, 60, 56), Colour(60, 110, 190), Colour(240, 196, 60), Colour(80, 150, 90)))
        stage.decorate(box(x - size, y - size * 1.7, x + size, y, 0.012), Finish(tone, "wood"), form="cloth")
    others = [figure(other) for other in company(article, kinds=_TOYS, count=2 + draws.below(3), draws=draws)]
    own, rest = _spread(
        figure(article), others, scale=draws.uniform(0.064, 0.08), floor=(line + 0.34, line + 0.75), draws=draws
    )
    _put_all(stage, own, rest, draws)


def _wall_and_floor(stage: Stage, draws: Draws, *, line: float) -> None:
    """The shell of a room, with a window, pictures, a rug or none of them."""
    wallpaper(stage, draws, bottom=line)
    boarded_floor(stage, draws, top=line)
    if draws.chance(0.5):
        window(stage, draws, x=draws.uniform(-0.55, 0.55), y=-0.48, wide=draws.uniform(0.24, 0.42), high=0.34)
    else:
        for at in range(draws.below(3)):
            picture_frame(stage, draws, x=-0.5 + at * 0.6 + draws.uniform(-0.1, 0.1), y=draws.uniform(-0.65, -0.4))
    if draws.chance(0.6):
        rug(stage, draws, y=line + 0.4)


def _rail(stage: Stage, article: Article, draws: Draws) -> None:
    """Clothes on hangers on a rail, shoes and bags below; the article hangs in front or at an end, or stands below."""
    line = draws.uniform(0.56, 0.66)
    wallpaper(stage, draws, bottom=line)
    boarded_floor(stage, draws, top=line)
    rail_y = draws.uniform(-0.86, -0.76)
    metal = Finish(draws.choice((Colour(60, 60, 64), Colour(196, 198, 204), Colour(206, 172, 96))), "steel")
    own = figure(article)
    hangs = article.kind.name in _TOPS
    for x in (-0.94, 0.94):
        stage.decorate(box(x - 0.022, rail_y, x + 0.022, line + 0.16, 0.01), metal, form="round")
    stage.decorate(tube(curve((-0.97, rail_y), (0.97, rail_y)), 0.045), metal, form="lying")
    clothes = [figure(other) for other in company(article, kinds=_TOPS, count=2 + draws.below(3), draws=draws)]
    sheets = draws.shuffled([*clothes, own] if hangs else clothes)
    scale = draws.uniform(0.041, 0.048)
    step = 1.5 / max(len(sheets), 1)
    # From the ends to the article, so that it hangs before its neighbours.
    order = sorted(range(len(sheets)), key=lambda at: -abs(at - sheets.index(own)) if hangs else at)
    for at in order:
        sheet = sheets[at]
        x = -0.75 + step * (at + 0.5) + draws.uniform(-0.03, 0.03)
        _hang(stage, sheet, x=x, y=rail_y, high=min(_high(sheet.article, scale), line - rail_y - 0.1), draws=draws)
    below = [figure(other) for other in company(article, kinds=_UNDER_RAIL, count=draws.below(4), draws=draws)]
    if hangs:
        spots = [
            _Spot(sheet, -0.66 + at * 0.6, draws.uniform(line + 0.12, line + 0.24), _high(sheet.article, 0.032))
            for at, sheet in enumerate(below)
        ]
        for spot in spots:
            stage.put(spot.sheet, standing(spot.sheet, x=spot.x, floor=spot.floor, high=spot.high), shadow="thrown")
        return
    mine, rest = _spread(own, below, scale=0.044, floor=(line + 0.16, line + 0.28), draws=draws)
    _put_all(stage, mine, rest, draws)


def _hang(stage: Stage, sheet: Sheet, *, x: float, y: float, high: float, draws: Draws) -> None:
    """One garment on its hanger."""
    wood = Finish(draws.choice((Colour(190, 146, 98), Colour(70, 66, 66), WHITE)), "wood")
    wide = min(breadth(sheet, high=high) * 0.34, 0.2)
    hook = curve((x, y + 0.1), (x, y + 0.04), (x + 0.03, y), (x, y - 0.03), (x - 0.025, y))
    stage.cover(tube(hook, 0.016), finish=Finish(Colour(170, 172, 178), "steel"), form="flat")
    stage.cover(tube(curve((x - wide, y + 0.15), (x, y + 0.09), (x + wide, y + 0.15)), 0.03), finish=wood, form="lying")
    for side in (-1, 1) if sheet.article.kind.name in ("skirt", "trousers") else ():
        clip = box(x + side * wide * 0.8 - 0.018, y + 0.11, x + side * wide * 0.8 + 0.018, y + 0.18, 0.008)
        stage.cover(clip, finish=Finish(Colour(170, 172, 178), "steel"), form="round")
    matrix = standing(sheet, x=x, floor=y + 0.12 + high, high=high)
    matrix.postRotate(draws.uniform(-2.5, 2.5), x, y)
    stage.put(sheet, matrix, shadow="around")


_ROOMS: tuple[tuple[frozenset[str], Callable[[Stage, Article, Draws], None]], ...] = (
    (_FURNITURE | _ON_FURNITURE - {"mug", "notebook"}, _living),
    (_ON_COUNTER - {"speaker", "vase"}, _counter),
    (_ON_DESK - {"lamp", "vase"}, _desk),
    (_TOYS, _nursery),
    (_TOPS | _UNDER_RAIL, _rail),
)
"""Which goods are at home in which rooms."""
