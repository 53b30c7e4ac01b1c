"""Questions about two things of a picture: which is larger or further to a side, whether they look alike, where one is
from the other."""

from collections.abc import Iterable, Iterator

from vitrina.catalogue.sample.phrases_grammar import of
from vitrina.catalogue.sample.phrases_scene import SHAPE_SHARE, SIDES, Side, Thing, is_further, is_larger, lies, looks
from vitrina.catalogue.sample.phrases_write import meant, names
from vitrina.catalogue.sample.questions_view import View, verb
from vitrina.catalogue.sample.questions_words import LEFT, RIGHT, kind_answer
from vitrina.catalogue.sample.truth import Question

_FURTHER_EN: dict[Side, str] = {
    "left": "further to the left",
    "right": "further to the right",
    "above": "higher up in the picture",
    "below": "lower down in the picture",
}
_FURTHER_ES: dict[Side, str] = {
    "left": "más a la izquierda",
    "right": "más a la derecha",
    "above": "más arriba en la imagen",
    "below": "más abajo en la imagen",
}
_COLOUR = frozenset({"colour"})

_BESIDE_EN: dict[Side, str] = {
    "left": "to the left of",
    "right": "to the right of",
    "above": "above",
    "below": "below",
}
_BESIDE_ES: dict[Side, str] = {
    "left": "a la izquierda",
    "right": "a la derecha",
    "above": "por encima",
    "below": "por debajo",
}


def larger(view: View) -> Question | None:
    """Whether one thing takes up more of the picture than another."""
    is_so = view.draws.chance(0.5)
    for one, other in _pairs(view):
        if min(one.visible_share, other.visible_share) < SHAPE_SHARE or not is_larger(one, than=other):
            continue
        big, small = view.told(one), view.told(other)
        if big is None or small is None:
            continue
        first, second = (big, small) if is_so else (small, big)
        takes = verb(first.name, one="Ocupa", many="Ocupan")
        return view.yes_no(
            f"{verb(first.name, one='Does', many='Do')} {first.words} take up more of the picture than {second.words}?",
            f"¿{takes} {first.words} más espacio en la imagen que {second.words}?",
            is_so=is_so,
            about="comparison",
        )
    return None


def further(view: View) -> Question | None:
    """Which of two kinds of things is further to a side."""
    side = view.draws.choice(tuple(SIDES))
    for one, other in _pairs(view):
        if not is_further(one, side, than=other) or not _differ(one, other, view):
            continue
        named = [view.told(one), view.told(other)]
        if view.draws.chance(0.5):
            named.reverse()
        first, second = named
        if first is None or second is None:
            continue
        return view.question(
            f"Which is {_FURTHER_EN[side]}, {first.words} or {second.words}?",
            f"¿Qué está {_FURTHER_ES[side]}, {first.words} o {second.words}?",
            answer=kind_answer(one.kind, language=view.language),
            about="comparison",
        )
    return None


def same_colour(view: View) -> Question | None:
    """Whether two plain things have the same colour; asked only of pictures where some have and others have not."""
    alike: dict[bool, list[tuple[Thing, Thing]]] = {True: [], False: []}
    plain = [thing for thing in view.clear() if thing.carrier is None and "accent" not in thing.attributes]
    plain = [thing for thing in plain if "colour" in thing.told]
    for at, one in enumerate(plain):
        for other in plain[at + 1 :]:
            fits = looks(other, "colour", value=one.attributes["colour"])
            if fits is not None:
                alike[fits].append((one, other))
    is_so = view.draws.chance(0.5)
    if not alike[True] or not alike[False]:
        return None
    for one, other in alike[is_so]:
        first, second = view.named(one, without=_COLOUR), view.named(other, without=_COLOUR)
        if first is not None and second is not None:
            return view.yes_no(
                f"Are {first.words} and {second.words} the same colour?",
                f"¿Son {first.words} y {second.words} del mismo color?",
                is_so=is_so,
                about="comparison",
            )
    return None


def on_which_side(view: View) -> Question | None:
    """Whether one thing is on a side of another, asked for yes or no or for the side."""
    is_so = view.draws.chance(0.5)
    side = view.draws.choice(tuple(SIDES))
    for one, other in _pairs(view):
        if not lies(one, side, of=other):
            continue
        first, second = view.told(one), view.told(other)
        if first is None or second is None:
            continue
        are, stand = verb(first.name, one="Is", many="Are"), verb(first.name, one="Está", many="Están")
        if side in ("left", "right") and view.draws.chance(0.4):
            # The side was drawn before the things, so that either answer is as likely.
            return view.question(
                f"{are} {first.words} to the left or to the right of {second.words}?",
                f"¿{stand} {first.words} a la izquierda o a la derecha {of(second.words)}?",
                answer=(LEFT if side == "left" else RIGHT)[view.language],
                about="spatial",
            )
        asked = side if is_so else SIDES[side]
        return view.yes_no(
            f"{are} {first.words} {_BESIDE_EN[asked]} {second.words}?",
            f"¿{stand} {first.words} {_BESIDE_ES[asked]} {of(second.words)}?",
            is_so=is_so,
            about="spatial",
        )
    return None


def what_is_beside(view: View) -> Question | None:
    """What is on a side of something, where that is one thing and clearly no other."""
    things = view.clear()
    for other in things:
        for side in view.draws.shuffled(tuple(SIDES)):
            there = _only_one(view.scene.wholes, side, of=other)
            if there is None or not there.is_clear or there.is_piece or there.kind == other.kind:
                continue
            anchor = view.told(other)
            if anchor is None:
                break
            return view.question(
                f"What is {_BESIDE_EN[side]} {anchor.words}?",
                f"¿Qué hay {_BESIDE_ES[side]} {of(anchor.words)}?",
                answer=kind_answer(there.kind, language=view.language),
                about="spatial",
            )
    return None


def _only_one(things: Iterable[Thing], side: Side, *, of: Thing) -> Thing | None:
    """The one thing on this side of another, None where there are none or several, or where it is hard to say."""
    found = None
    for thing in things:
        if _overlap(thing, of):
            continue
        fits = lies(thing, side, of=of)
        if fits is None or (fits and found is not None):
            return None
        if fits:
            found = thing
    return found


def _pairs(view: View) -> Iterator[tuple[Thing, Thing]]:
    """Ordered pairs of clear things that share no object."""
    things = view.clear()
    for one in things:
        for other in things:
            if not _overlap(one, other):
                yield one, other


def _overlap(one: Thing, other: Thing) -> bool:
    return any(at in other.objects for at in one.objects)


def _differ(one: Thing, other: Thing, view: View) -> bool:
    """Whether the plainest names of two things mean different kinds."""
    if one.is_piece or other.is_piece:
        return False
    name = names(one.kind, is_piece=False, language=view.language)[0]
    back = names(other.kind, is_piece=False, language=view.language)[0]
    return other.kind not in meant(name, is_piece=False, language=view.language) and one.kind not in meant(
        back, is_piece=False, language=view.language
    )
