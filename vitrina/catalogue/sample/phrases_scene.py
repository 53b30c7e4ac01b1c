"""The things of a picture that one can point at, and what can clearly be seen of them: yes, no, or hard to say.

A thing is an object, or the two objects of a pair together. Whatever is hard to say (a navy mug beside a blue one, a
mug half hidden, two mugs almost side by side) is None here, and neither phrase nor question may rest on it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Literal

from vitrina.catalogue.sample.colours import PALETTE
from vitrina.catalogue.sample.kinds import KINDS
from vitrina.catalogue.sample.phrases_words import PRINT
from vitrina.catalogue.sample.truth import Box, ObjectTruth, PartTruth, PictureTruth
from vitrina.catalogue.sample.words_en import COLOURS_EN
from vitrina.catalogue.sample.words_es import COLOURS_ES

KIND_SHARE, COLOUR_SHARE, PATTERN_SHARE, SHAPE_SHARE = 0.4, 0.5, 0.6, 0.9
"""The least visible share of an object at which its kind, colour, pattern, and shape or text are spoken of."""

KIND_PX, PATTERN_PX = 150, 900
"""The least visible pixels of an object that is spoken of, and of one whose pattern or features are."""

MARGIN_PX = 8.0
"""Centres are left of, or above, one another where they are at least this far apart."""

SIZE_RATIO = 1.4
"""One thing is larger than another where its pixels and its box are this many times the other's."""

NEAR_COLOURS = 95.0
"""Colours closer than this in RGB are not told from one another."""

DRAWN_TWICE = frozenset({"smartphone"})
"""Kinds of which one article is drawn as two, front and back: they are neither counted nor numbered."""

Side = Literal["left", "right", "above", "below"]

SIDES: Mapping[Side, Side] = {"left": "right", "right": "left", "above": "below", "below": "above"}
"""Every side with its opposite."""

LABEL = "label"
"""What carries the colour and the pattern of tins and jars."""

_CARRIERS: Mapping[str, str] = {"jar": LABEL, "tin can": LABEL, "watch": "strap", "sunglasses": "frame"}
_MADE_UP_OF: Mapping[str, str] = {"cushion": "sofa", "notebook": "bookcase"}
"""Kinds that the drawing of another kind holds something like: beside it they cannot be told apart."""


def carrier_of(kind: str) -> str | None:
    """The part that carries the colour and the pattern of a kind, None where all of it does."""
    return _CARRIERS.get(kind)


@dataclass(frozen=True)
class Thing:
    """Something to point at: `objects` are its places in the picture's list, two for a pair.

    `carrier` is the part that carries the colour and the pattern, None where the whole does. `told` are the attributes
    that can be seen well enough to speak of.
    """

    kind: str
    attributes: Mapping[str, str]
    objects: tuple[int, ...]
    boxes: tuple[Box, ...]
    box: Box
    area_px: int
    visible_share: float
    is_piece: bool
    carrier: str | None
    told: tuple[str, ...]
    is_mistakable: bool

    @cached_property
    def is_clear(self) -> bool:
        """Whether enough of it can be seen to call it by its name."""
        return self.visible_share >= KIND_SHARE and self.area_px >= KIND_PX and not self.is_mistakable

    @cached_property
    def is_labelled(self) -> bool:
        """Whether colour and pattern are those of a label."""
        return self.carrier == LABEL

    @cached_property
    def x(self) -> float:
        """Centre of the box, from the left."""
        return (self.box[0] + self.box[2]) / 2

    @cached_property
    def y(self) -> float:
        """Centre of the box, from the top."""
        return (self.box[1] + self.box[3]) / 2

    @cached_property
    def box_px(self) -> int:
        """Area of the box."""
        return (self.box[2] - self.box[0]) * (self.box[3] - self.box[1])


@dataclass(frozen=True)
class Scene:
    """The things of a picture. `wholes` are articles (pairs as one; of a pair cut in two the piece that is left),
    `pieces` the single ones of pairs; `parts` those of every object."""

    wholes: tuple[Thing, ...]
    pieces: tuple[Thing, ...]
    parts: tuple[tuple[PartTruth, ...], ...]

    @classmethod
    def of(cls, truth: PictureTruth) -> "Scene":
        """The scene that a picture's truth tells."""
        parts: list[list[PartTruth]] = [[] for _ in truth.objects]
        for part in truth.parts:
            parts[part.object].append(part)
        names = [{part.name for part in own} for own in parts]
        wholes, pieces = [], []
        pairs: dict[int, list[int]] = {}
        for at, seen in enumerate(truth.objects):
            if KINDS[seen.kind].is_pair:
                pairs.setdefault(seen.article, []).append(at)
                pieces.append(_thing(truth.objects, (at,), names=names, is_piece=True))
            else:
                wholes.append(_thing(truth.objects, (at,), names=names, is_piece=False))
        by_object = {piece.objects[0]: piece for piece in pieces}
        for places in pairs.values():
            if len(places) == 2:
                wholes.append(_thing(truth.objects, tuple(places), names=names, is_piece=False))
            else:
                wholes.extend(by_object[at] for at in places)
        return cls(tuple(wholes), tuple(pieces), tuple(tuple(own) for own in parts))

    def texts(self, thing: Thing) -> tuple[PartTruth, ...]:
        """The printed parts of a thing that can be read."""
        return tuple(part for at in thing.objects for part in self.parts[at] if part.name == PRINT and part.text)


def _thing(
    objects: tuple[ObjectTruth, ...], places: tuple[int, ...], *, names: list[set[str]], is_piece: bool
) -> Thing:
    first = objects[places[0]]
    boxes = tuple(objects[at].box for at in places)
    area = sum(objects[at].area_px for at in places)
    visible = min(objects[at].visible_share for at in places)
    carrier = carrier_of(first.kind)
    told = []
    if carrier is None or any(carrier in names[at] for at in places):
        told += ["colour"] if visible >= COLOUR_SHARE and area >= KIND_PX else []
        told += ["pattern"] if visible >= PATTERN_SHARE and area >= PATTERN_PX else []
    if visible >= SHAPE_SHARE and area >= PATTERN_PX:
        told += KINDS[first.kind].features
    return Thing(
        kind=first.kind,
        attributes=first.attributes,
        objects=places,
        boxes=boxes,
        box=(
            min(box[0] for box in boxes),
            min(box[1] for box in boxes),
            max(box[2] for box in boxes),
            max(box[3] for box in boxes),
        ),
        area_px=area,
        visible_share=visible,
        is_piece=is_piece,
        carrier=carrier,
        told=tuple(told),
        is_mistakable=any(seen.kind == _MADE_UP_OF.get(first.kind) for seen in objects),
    )


@cache
def near_colours(name: str) -> frozenset[str]:
    """The colours, itself included, that one may call by the same word or take for one another."""
    own = PALETTE[name]
    near = {name}
    for other, colour in PALETTE.items():
        distance = (own.red - colour.red) ** 2 + (own.green - colour.green) ** 2 + (own.blue - colour.blue) ** 2
        if distance < NEAR_COLOURS**2 or _words(name) & _words(other):
            near.add(other)
    return frozenset(near)


@cache
def _words(colour: str) -> frozenset[str]:
    """The single words of a colour's names: "navy blue" is a sort of blue."""
    spanish = {word for forms in COLOURS_ES[colour] for word in forms[0].split()} - {"color", "vivo", "oscuro"}
    english = {word for name in COLOURS_EN[colour] for word in name.replace("-", " ").split()}
    return frozenset(spanish | (english - {"off", "bright", "light", "dark", "jet", "royal", "sunny", "leaf"}))


def looks(thing: Thing, attribute: str, *, value: str) -> bool | None:
    """Whether a thing's attribute is this value to the eye, None where that is hard to say."""
    own = thing.attributes.get(attribute)
    if own is None:
        return None
    if attribute != "colour":
        return own == value
    if own == value:
        return True
    accent = thing.attributes.get("accent")
    near = near_colours(value)
    return None if own in near or accent in near else False


def lies(one: Thing, side: Side, *, of: Thing) -> bool | None:
    """Whether the one thing is on this side of the other: its centre is by a margin, its edges are, and it is more so
    than it is higher or lower; no where its centre is on the other side; else hard to say."""
    if side in ("right", "below"):
        return lies(of, SIDES[side], of=one)
    low, high = (0, 2) if side == "left" else (1, 3)
    ahead, across = of.x - one.x, abs(of.y - one.y)
    if side == "above":
        ahead, across = of.y - one.y, abs(of.x - one.x)
    if ahead <= 0:
        return False
    is_clear = ahead >= MARGIN_PX and one.box[low] < of.box[low] and one.box[high] < of.box[high]
    return True if is_clear and ahead >= across else None


def is_further(one: Thing, side: Side, *, than: Thing) -> bool:
    """Whether the centre of the one is clearly further to this side of the picture than that of the other."""
    match side:
        case "left":
            return one.x + MARGIN_PX <= than.x and one.box[0] < than.box[0]
        case "right":
            return one.x >= than.x + MARGIN_PX and one.box[2] > than.box[2]
        case "above":
            return one.y + MARGIN_PX <= than.y and one.box[1] < than.box[1]
        case "below":
            return one.y >= than.y + MARGIN_PX and one.box[3] > than.box[3]


def is_larger(one: Thing, *, than: Thing) -> bool:
    """Whether the one clearly takes more of the picture than the other."""
    return one.area_px >= SIZE_RATIO * than.area_px and one.box_px >= SIZE_RATIO * than.box_px
