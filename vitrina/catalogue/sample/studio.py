"""The camera: pictures of one article in a studio, on a shelf or in a room, and what they show."""

import skia

from vitrina.catalogue.sample.article import Article
from vitrina.catalogue.sample.backdrops import atmosphere, studio_backdrop
from vitrina.catalogue.sample.colours import PALETTE
from vitrina.catalogue.sample.company import company
from vitrina.catalogue.sample.draws import Draws
from vitrina.catalogue.sample.figure import Sheet
from vitrina.catalogue.sample.goods import figure
from vitrina.catalogue.sample.paint import Light
from vitrina.catalogue.sample.props import Target, beside, hide_some
from vitrina.catalogue.sample.rooms import has_room, room
from vitrina.catalogue.sample.shelves import has_shelf, shelf
from vitrina.catalogue.sample.stage import PICTURE_PX as PICTURE_PX
from vitrina.catalogue.sample.stage import Stage
from vitrina.catalogue.sample.truth import Photo, Setting

_SETTINGS: dict[Setting, float] = {"studio": 0.4, "shelf": 0.45, "room": 0.22}
"""Weights of the settings of all views but the first, of those that the kind of goods can be seen in."""

_LEAST_SHARE = 0.45
"""A scene of which so much of the article cannot be seen gives way to a studio picture."""

_LEAST_PX = 200
"""A scene in which the article is smaller gives way to a studio picture."""

_HIDDEN_SHARE = 0.25
"""Share of the later studio pictures in which something hides a part of the article."""

_PROP_SHARE = 0.25
"""Share of the later studio pictures in which something stands beside or behind the article."""


def photograph(article: Article, *, view: int) -> Photo:
    """Picture number `view` of the article, a square of `PICTURE_PX`, and what it shows.

    View 0 is the plainest: the article alone and whole before studio paper. Later views may be close or turned, on
    other grounds, partly hidden, on a shelf or in a room among other articles of the sample.
    """
    draws = Draws(article.seed, "picture", article.number, view)
    if view:
        weights = {name: weight for name, weight in _SETTINGS.items() if _can_be(name, article)}
        setting = draws.weighted(weights)
        if setting != "studio":
            scene = shelf(article, draws) if setting == "shelf" else room(article, draws)
            if _shows(scene, article):
                return scene
    sheet = figure(article)
    return studio_photo(article, sheet, framed=(sheet,), view=view)


def _shows(scene: Photo, article: Article) -> bool:
    """Whether the article can be seen well enough among the others."""
    own = [thing for thing in scene.truth.objects if thing.article == article.number]
    return any(thing.visible_share >= _LEAST_SHARE and thing.area_px >= _LEAST_PX for thing in own)


def _can_be(setting: Setting, article: Article) -> bool:
    match setting:
        case "studio":
            return True
        case "shelf":
            return has_shelf(article)
        case "room":
            return has_room(article)


def studio_photo(article: Article, sheet: Sheet, *, framed: tuple[Sheet, ...], view: int) -> Photo:
    """The studio picture of a drawing under the light, on the ground and from the viewpoint of the article's `view`.

    The camera frames all of the drawings `framed`; `sheet` itself may be of another article, so that two drawings can
    be seen under the same conditions.
    """
    draws = Draws(article.seed, "studio", article.number, view)
    side = draws.choice((-1.0, 1.0))
    light = Light(x=side * draws.uniform(0.3, 0.85), y=-draws.uniform(0.5, 0.9), strength=draws.uniform(0.55, 1.0))
    stage = Stage(light)
    stands = article.kind.stands
    studio_backdrop(stage, draws, pale=PALETTE[article.colour].lightness > 0.85, stands=stands, plainest=view == 0)
    mirror = draws.chance(0.35) and not any(each.is_printed for each in framed)
    camera = _camera(article, draws, view=view)
    if mirror:
        camera.preScale(-1, 1)
    camera.preConcat(_framing(framed))
    target = _target(camera, framed)
    if view and draws.chance(_PROP_SHARE):
        beside(stage, target, draws=draws, stands=stands)
    places = _places(article, draws)
    for place in places:
        stage.put(sheet, skia.Matrix.Concat(camera, place), shadow="thrown" if stands else "around")
    if view and draws.chance(_HIDDEN_SHARE):
        if draws.chance(0.25):
            _another_in_front(stage, article, target, draws)
        else:
            hide_some(stage, target, draws=draws)
    if view:
        atmosphere(stage, draws)
    return stage.photo(setting="studio")


def _camera(article: Article, draws: Draws, *, view: int) -> skia.Matrix:
    """Within the box of the picture: size, place, a turn and a perspective, stronger from the second view on."""
    is_close = view >= 2 and draws.chance(0.6)
    is_small = view >= 1 and not is_close and draws.chance(0.25)
    scale = (
        draws.uniform(1.05, 1.3) if is_close else draws.uniform(0.5, 0.75) if is_small else draws.uniform(0.82, 0.96)
    )
    turn = draws.uniform(-4, 4) if article.kind.stands else draws.uniform(-12, 12) * (1 + min(view, 3))
    drift = 0.22 if is_close or is_small else 0.05
    lean = 0.06 if view == 0 else 0.13
    matrix = skia.Matrix()
    corners = [skia.Point(x, y) for x, y in ((-1, -1), (1, -1), (1, 1), (-1, 1))]
    bent = [
        skia.Point(corner.x() * (1 + draws.uniform(-lean, lean)), corner.y() * (1 + draws.uniform(-lean, lean)))
        for corner in corners
    ]
    matrix.setPolyToPoly(corners, bent)
    matrix.postRotate(turn)
    matrix.postScale(scale * (1 if view == 0 else draws.uniform(0.86, 1.0)), scale)
    matrix.postTranslate(draws.uniform(-drift, drift), draws.uniform(-drift, drift) * 0.7)
    return matrix


def _framing(framed: tuple[Sheet, ...]) -> skia.Matrix:
    """Brings the drawings to the middle of the box and to a good size in it; small things stay a little smaller."""
    whole = skia.Rect.MakeEmpty()
    for sheet in framed:
        whole.join(sheet.body)
    scale = min(1.84 / whole.width(), 1.84 / whole.height(), 1.3)
    matrix = skia.Matrix()
    matrix.setScale(scale, scale)
    matrix.preTranslate(-whole.centerX(), -whole.centerY())
    return matrix


def _target(camera: skia.Matrix, framed: tuple[Sheet, ...]) -> Target:
    """The rectangle in which the article will be, within the picture."""
    whole = skia.Rect.MakeEmpty()
    for sheet in framed:
        whole.join(sheet.body)
    seen = camera.mapRect(whole)
    return Target(max(seen.left(), -1), max(seen.top(), -1), min(seen.right(), 1), min(seen.bottom(), 1))


def _places(article: Article, draws: Draws) -> list[skia.Matrix]:
    """Where copies of the drawing stand: one, or two for a pair."""
    if not article.kind.is_pair or draws.chance(0.25):
        return [skia.Matrix()]
    behind, front = skia.Matrix(), skia.Matrix()
    shift = draws.uniform(0.12, 0.2)
    behind.setScale(0.8, 0.8)
    behind.postTranslate(shift, -0.1)
    front.setScale(0.84, 0.84)
    front.postTranslate(-shift * 0.4, 0.08)
    return [behind, front]


def _another_in_front(stage: Stage, article: Article, target: Target, draws: Draws) -> None:
    """Puts another article of the sample, of the same shop department, before a corner of the article."""
    near = {article.kind.name}
    others = company(article, kinds=near, count=1, draws=draws)
    if not others:
        return
    sheet = figure(others[0])
    share = draws.uniform(0.34, 0.48)
    scale = share * min(
        (target.right - target.left) / sheet.body.width(), (target.bottom - target.top) / sheet.body.height()
    )
    side = draws.choice((-1, 1))
    corner = target.left if side < 0 else target.right
    x = corner - side * (target.right - target.left) * 0.1
    matrix = skia.Matrix()
    matrix.setScale(scale, scale)
    matrix.preTranslate(-sheet.body.centerX(), -sheet.body.bottom())
    matrix.postTranslate(x, target.bottom + 0.04)
    stage.put(sheet, matrix, shadow="thrown" if article.kind.stands else "around")
