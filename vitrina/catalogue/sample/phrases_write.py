"""How a thing of a picture is put into words: its noun, what tells it from others, and where it is."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

from vitrina.catalogue.sample.draws import Draws
from vitrina.catalogue.sample.feature_words import FEATURES_EN, FEATURES_ES
from vitrina.catalogue.sample.kinds import KINDS
from vitrina.catalogue.sample.phrases_grammar import Name, agreeing, of, plural, spanish_name, the
from vitrina.catalogue.sample.phrases_scene import LABEL, Side, Thing
from vitrina.catalogue.sample.phrases_words import GENERIC_PIECES, PIECES, part_words
from vitrina.catalogue.sample.truth import Language
from vitrina.catalogue.sample.words_en import COLOURS_EN, KINDS_EN, PATTERNS_EN
from vitrina.catalogue.sample.words_es import COLOURS_ES, KINDS_ES, PATTERNS_ES

Rank = Literal["left", "right", "above", "below", "largest", "smallest", "second left", "second right"]
"""What singles a thing out among those that its words fit: it lies furthest to a side, or is the largest …"""

_RANKS_EN: dict[Rank, tuple[str, str]] = {
    "left": ("{} on the left", "leftmost {}"),
    "right": ("{} on the right", "rightmost {}"),
    "above": ("upper {}", "topmost {}"),
    "below": ("lower {}", "lowest {}"),
    "largest": ("larger {}", "largest {}"),
    "smallest": ("smaller {}", "smallest {}"),
    "second left": ("second {} from the left", "second {} from the left"),
    "second right": ("second {} from the right", "second {} from the right"),
}
"""For each rank the words where two things are in question, and where more are."""

_RANKS_ES: dict[Rank, tuple[str, str]] = {
    "left": ("{} de la izquierda", "{} que está{n} más a la izquierda"),
    "right": ("{} de la derecha", "{} que está{n} más a la derecha"),
    "above": ("{} de arriba", "{} que está{n} más arriba"),
    "below": ("{} de abajo", "{} que está{n} más abajo"),
    "largest": ("{} más grande{s}", "{} más grande{s}"),
    "smallest": ("{} más pequeñ{o}", "{} más pequeñ{o}"),
    "second left": ("segund{o} {} por la izquierda", "segund{o} {} por la izquierda"),
    "second right": ("segund{o} {} por la derecha", "segund{o} {} por la derecha"),
}

_SIDES_EN: dict[Side, str] = {
    "left": "to the left of",
    "right": "to the right of",
    "above": "above",
    "below": "below",
}
_SIDES_ES: dict[Side, str] = {
    "left": "a la izquierda",
    "right": "a la derecha",
    "above": "por encima",
    "below": "por debajo",
}


@dataclass(frozen=True)
class Reference:
    """A thing in words: `told` are the attributes named; `rank` singles it out among `rivals` other things that these
    words fit; `side` and `anchor` say what it lies beside."""

    thing: Thing
    name: Name
    told: tuple[str, ...] = ()
    rank: Rank | None = None
    rivals: int = 0
    side: Side | None = None
    anchor: str = ""


@cache
def names(kind: str, *, is_piece: bool, language: Language) -> tuple[Name, ...]:
    """What a kind of thing, or a piece of a pair, may be called, the plainest first; empty where there are no words."""
    if is_piece:
        return PIECES.get((language, kind), ())
    if language == "en":
        words = KINDS_EN[kind]
        return tuple(Name(noun, words.is_plural) for noun in words.nouns)
    return tuple(spanish_name(noun) for noun in KINDS_ES[kind].nouns)


@cache
def meant(name: Name, *, is_piece: bool, language: Language) -> frozenset[str]:
    """The kinds that a name may mean to a listener: "bag" and "shirt" mean handbags and T-shirts too."""
    fitting = set()
    for kind in KINDS:
        known = names(kind, is_piece=is_piece, language=language)
        if is_piece:
            known += GENERIC_PIECES.get((language, kind), ())
        if any(_is_sort_of(other.text, name.text, language) for other in known):
            fitting.add(kind)
    return frozenset(fitting)


def _is_sort_of(narrow: str, wide: str, language: Language) -> bool:
    """Whether the narrow name is the wide one or ends in it ("T-shirt", "shirt"); in Spanish, begins with it."""
    narrow, wide = narrow.lower().replace("-", " "), wide.lower().replace("-", " ")
    if language == "es":
        return narrow == wide or narrow.startswith(f"{wide} ")
    return narrow.endswith(wide)


def is_sayable(thing: Thing, attribute: str, *, language: Language) -> bool:
    """Whether there are words for this attribute of a thing."""
    if attribute in ("colour", "pattern"):
        return True
    value = thing.attributes[attribute]
    return value in FEATURES_EN and value in FEATURES_ES


def phrase(reference: Reference, *, language: Language, draws: Draws) -> str:
    """The words for a thing with their definite article.

    The draws choose among words that mean the same.
    """
    name = reference.name
    words = (_english if language == "en" else _spanish)(reference, draws)
    return the(words, name=name, language=language)


def _english(reference: Reference, draws: Draws) -> str:
    attributes, name = reference.thing.attributes, reference.name
    before, after = [], []
    is_plain = attributes["pattern"] == "plain"
    order = ("pattern", "colour") if is_plain or draws.chance(0.2) else ("colour", "pattern")
    for attribute in _in_order(reference.told, order):
        if attribute == "colour":
            before.append(draws.choice(COLOURS_EN[attributes["colour"]]))
        elif attribute == "pattern":
            before.append("plain" if is_plain else draws.choice(PATTERNS_EN[attributes["pattern"]]))
        else:
            after.append(FEATURES_EN[attributes[attribute]][1])
    if reference.thing.is_labelled and before:
        label = _label(reference.thing, language="en")
        after.append(f"{'and' if 'with' in ' '.join(after) else 'with'} the {' '.join(before)} {label.text}")
        before = []
    core = " ".join([*before, name.text, *after])
    if reference.rank is not None:
        core = _RANKS_EN[reference.rank][reference.rivals > 1].format(core)
    if reference.side is not None:
        core = f"{core} {_SIDES_EN[reference.side]} {reference.anchor}"
    return core


def _spanish(reference: Reference, draws: Draws) -> str:
    attributes, name = reference.thing.attributes, reference.name
    is_labelled = reference.thing.is_labelled
    bearer = _label(reference.thing, language="es") if is_labelled else name
    looks, shape = [], []
    for attribute in _in_order(reference.told, ("colour", "pattern")):
        if attribute == "colour":
            looks.append(agreeing(draws.choice(COLOURS_ES[attributes["colour"]]), bearer))
        elif attribute == "pattern":
            looks.append(agreeing(draws.choice(PATTERNS_ES[attributes["pattern"]]), bearer))
        else:
            shape.append(FEATURES_ES[attributes[attribute]])
    if is_labelled and looks:
        looks = [draws.choice(("de", "con")), the(bearer.text, name=bearer, language="es"), *looks]
    # What the thing holds is said next to its noun, as in "el tarro de miel con la etiqueta roja".
    core = " ".join([name.text, *shape, *looks] if is_labelled else [name.text, *looks, *shape])
    if reference.rank is not None:
        pattern = _RANKS_ES[reference.rank][reference.rivals > 1]
        for slot, ending in (
            ("{n}", "n" if name.is_plural else ""),
            ("{s}", "s" if name.is_plural else ""),
            ("{o}", agreeing(("o", "a", "os", "as"), name)),
        ):
            pattern = pattern.replace(slot, ending)
        core = pattern.format(core)
    if reference.side is not None:
        core = f"{core} {_SIDES_ES[reference.side]} {of(reference.anchor)}"
    return core


def _label(thing: Thing, *, language: Language) -> Name:
    """What the label of a thing is called."""
    words = part_words(LABEL, kind=thing.kind)
    assert words is not None, "a label has a name"
    return words.name(language)


def _in_order(told: Sequence[str], first: tuple[str, str]) -> list[str]:
    """Told attributes: these two first, then what a thing holds, then the rest of its shape."""
    shape = sorted((each for each in told if each not in first), key=lambda each: each != "contents")
    return [each for each in first if each in told] + shape


def counted(kind: str, *, is_piece: bool, language: Language) -> Name | None:
    """The name of many of a kind, as after "how many"; None where there are no words."""
    known = names(kind, is_piece=is_piece, language=language)
    if not known:
        return None
    many = plural(known[0], language=language)
    if language == "en" and known[0].is_plural and not KINDS[kind].is_pair:
        return Name(f"pairs of {many.text}", True)
    return many
