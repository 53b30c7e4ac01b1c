"""Referring expressions: words in English and Spanish that point at exactly one thing in a picture."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import combinations

from vitrina.catalogue.sample.draws import Draws
from vitrina.catalogue.sample.phrases_grammar import Name, of, plural, the
from vitrina.catalogue.sample.phrases_scene import (
    DRAWN_TWICE,
    MARGIN_PX,
    SHAPE_SHARE,
    SIDES,
    Scene,
    Thing,
    is_further,
    is_larger,
    lies,
    looks,
)
from vitrina.catalogue.sample.phrases_words import PRINT, UNSPOKEN, part_words
from vitrina.catalogue.sample.phrases_write import Rank, Reference, is_sayable, meant, names, phrase
from vitrina.catalogue.sample.truth import Box, Language, PartTruth, Phrase, PictureTruth

LANGUAGES: tuple[Language, ...] = ("en", "es")

MIN_PART_PX = 40
"""Parts of fewer pixels are not pointed at."""

MAX_PART_SHARE = 0.9
"""A part that is more of its object than this is not told from the object itself."""

MAX_THINGS = 8
"""Of this many things of a crowded picture phrases are made, and questions asked."""

RANK_SHARE = 0.6
"""A thing is called the leftmost or the largest of some only where this share of each of them can be seen."""

_RANKS: tuple[Rank, ...] = ("left", "right", "above", "below", "largest", "smallest", "second left", "second right")

_SECONDS = ("second left", "second right")
"""Said of what has a short singular name: "the second headphones with a cable from the left" is hard to follow."""


def phrases(truth: PictureTruth) -> tuple[Phrase, ...]:
    """Phrases for the things and parts of a picture, each of which fits one of them only.

    They tell a thing by its kind, by colour, pattern and shape, by its place among others or beside another one, by
    its size, by the text printed on it, and a part by its whole. Nothing rests on what is hidden or hard to tell.
    """
    scene = Scene.of(truth)
    found: dict[tuple[str, Language], Phrase] = {}
    for language in LANGUAGES:
        key = [number for seen in truth.objects for number in (seen.article, *seen.box[:2])]
        for text, boxes in _pointing(scene, language=language, draws=Draws("phrases", language, *key)):
            found.setdefault((text, language), Phrase(text, language, boxes))
    return tuple(found.values())


def rivals(thing: Thing, name: Name, *, told: Iterable[str], scene: Scene, language: Language) -> list[Thing]:
    """The other things that the name and these attributes of the thing fit, or may fit as far as one can tell."""
    values = [(each, thing.attributes[each]) for each in told]
    pieces = meant(name, is_piece=True, language=language)
    kinds = meant(name, is_piece=False, language=language)
    left = []
    for other in scene.pieces if thing.is_piece else scene.wholes:
        fits = other.kind == thing.kind or other.kind in (pieces if other.is_piece else kinds)
        if not fits or other.objects == thing.objects:
            continue
        if all(looks(other, each, value=value) is not False for each, value in values):
            left.append(other)
    return left


def told_apart(
    thing: Thing, name: Name, *, scene: Scene, language: Language, without: frozenset[str] = frozenset()
) -> Reference | None:
    """The shortest reference by name and attributes that fits this thing only, using none of those in `without`; None
    where there is none."""
    usable = [each for each in thing.told if each not in without and is_sayable(thing, each, language=language)]
    if rivals(thing, name, told=usable, scene=scene, language=language):
        return None  # all that can be said does not tell it apart
    for count in range(len(usable)):
        for told in combinations(usable, count):
            if not rivals(thing, name, told=told, scene=scene, language=language):
                return Reference(thing, name, told)
    return Reference(thing, name, tuple(usable))


def ranked(thing: Thing, name: Name, *, told: tuple[str, ...], scene: Scene, language: Language) -> list[Reference]:
    """The references that single the thing out, by place or size, among all that its name and these attributes fit."""
    others = rivals(thing, name, told=told, scene=scene, language=language)
    values = [(each, thing.attributes[each]) for each in told]
    if not others or any(looks(other, each, value=value) is not True for other in others for each, value in values):
        return []
    is_short = not told and not name.is_plural and thing.kind not in DRAWN_TWICE
    group = [thing, *others]
    if any(each.visible_share < RANK_SHARE or not each.is_clear for each in group):
        return []
    return [
        Reference(thing, name, told, rank=rank, rivals=len(others))
        for rank in _RANKS
        if (rank not in _SECONDS or is_short) and _is_ranked(thing, rank, others=others)
    ]


def _is_ranked(thing: Thing, rank: Rank, *, others: list[Thing]) -> bool:
    match rank:
        case "left" | "right" | "above" | "below":
            return all(is_further(thing, rank, than=other) for other in others)
        case "largest" | "smallest":
            if min(each.visible_share for each in (thing, *others)) < SHAPE_SHARE:
                return False
            if rank == "largest":
                return all(is_larger(thing, than=other) for other in others)
            return all(is_larger(other, than=thing) for other in others)
        case "second left" | "second right":
            side = "left" if rank == "second left" else "right"
            before = [other for other in others if is_further(other, side, than=thing)]
            after = [other for other in others if is_further(thing, side, than=other)]
            return len(before) == 1 and len(after) == len(others) - 1 >= 1


def _pointing(scene: Scene, *, language: Language, draws: Draws) -> Iterator[tuple[str, tuple[Box, ...]]]:
    """Texts and what they point at, for every thing that can clearly be seen."""
    whole_objects = [thing.objects for thing in scene.wholes]
    things = [*scene.wholes, *(piece for piece in scene.pieces if piece.objects not in whole_objects)]
    anchors = _anchors(scene, language=language, draws=draws)
    for thing in draws.shuffled(things)[:MAX_THINGS] if len(things) > MAX_THINGS else things:
        known = names(thing.kind, is_piece=thing.is_piece, language=language)
        if not known or not thing.is_clear:
            continue
        best: list[str] = []
        for reference in _references(thing, known, scene=scene, language=language, draws=draws):
            best.append(phrase(reference, language=language, draws=draws))
            yield best[-1], thing.boxes
        for text in _beside(thing, known[0], scene=scene, anchors=anchors, language=language, draws=draws):
            best.append(text)
            yield text, thing.boxes
        yield from _by_text(thing, known[0], scene=scene, language=language)
        if best:
            yield from _parts(thing, best[0], scene=scene, language=language)


def _references(
    thing: Thing, known: tuple[Name, ...], *, scene: Scene, language: Language, draws: Draws
) -> Iterator[Reference]:
    """The shortest reference first, then one that says more than it must, then those by place and size."""
    name = known[0] if draws.chance(0.7) else draws.choice(known)
    shortest = told_apart(thing, name, scene=scene, language=language)
    if shortest is not None:
        yield shortest
        more = [each for each in draws.shuffled(thing.told) if is_sayable(thing, each, language=language)]
        told = tuple(dict.fromkeys([*shortest.told, *more]))[: len(shortest.told) + 1 + draws.below(2)]
        if len(told) > len(shortest.told):
            yield replace(shortest, told=told)
    for told in ((), ("colour",), ("pattern",), ("colour", "pattern")):
        if set(told) <= set(thing.told):
            found = ranked(thing, name, told=told, scene=scene, language=language)
            if found:
                yield from draws.shuffled(found)[:2]
                return


def _anchors(scene: Scene, *, language: Language, draws: Draws) -> list[tuple[Thing, str]]:
    """What other things are placed beside: wholes that name and colour alone tell from the rest."""
    anchors = []
    for thing in scene.wholes:
        known = names(thing.kind, is_piece=thing.is_piece, language=language)
        if known and thing.is_clear and len(scene.wholes) > 1:
            reference = told_apart(thing, known[0], scene=scene, language=language)
            if reference is not None and len(reference.told) <= 1:
                anchors.append((thing, phrase(reference, language=language, draws=draws)))
    return anchors


def _beside(
    thing: Thing,
    name: Name,
    *,
    scene: Scene,
    anchors: list[tuple[Thing, str]],
    language: Language,
    draws: Draws,
) -> Iterator[str]:
    """At most one text that tells the thing from its rivals by the side on which it lies of another thing."""
    told = tuple(each for each in ("colour",) if each in thing.told and draws.chance(0.3))
    others = rivals(thing, name, told=told, scene=scene, language=language)
    if not others and draws.chance(0.5):
        return
    for anchor, words in draws.shuffled(anchors):
        if set(anchor.objects) & set(thing.objects) or any(anchor.objects == other.objects for other in others):
            continue
        for side in draws.shuffled(tuple(SIDES)):
            if lies(thing, side, of=anchor) and all(lies(other, side, of=anchor) is False for other in others):
                reference = Reference(thing, name, told, side=side, anchor=words)
                yield phrase(reference, language=language, draws=draws)
                return


def _by_text(thing: Thing, name: Name, *, scene: Scene, language: Language) -> Iterator[tuple[str, tuple[Box, ...]]]:
    """The thing by what is printed on it, and the print itself, where no other thing shows these words."""
    if thing.visible_share < SHAPE_SHARE:
        return
    whole = the(name.text, name=name, language=language)
    others = [part.text or "" for parts in scene.parts for part in parts]
    for part in scene.texts(thing):
        text = part.text or ""
        if sum(text.casefold() in other.casefold() for other in others) > 1:
            continue
        if any(letter.isdigit() for letter in text):
            label = "the text" if language == "en" else "el texto"
        elif " " in text:
            label = "the words" if language == "en" else "las palabras"
        else:
            label = "the word" if language == "en" else "la palabra"
        yield f'{label} "{text}"', (part.box,)
        if language == "en":
            yield f'{whole} that say{"" if name.is_plural else "s"} "{text}"', thing.boxes
        else:
            yield f'{whole} que dice{"n" if name.is_plural else ""} "{text}"', thing.boxes


def _parts(thing: Thing, whole: str, *, scene: Scene, language: Language) -> Iterator[tuple[str, tuple[Box, ...]]]:
    """The parts of a thing, given words that point at the whole."""
    by_name: dict[str, list[PartTruth]] = {}
    for at in thing.objects:
        for part in scene.parts[at]:
            by_name.setdefault(part.name, []).append(part)
    for part_name, found in by_name.items():
        words = part_words(part_name, kind=thing.kind)
        if words is None or (thing.kind, part_name) in UNSPOKEN or part_name == PRINT:
            continue
        if words.name(language).text in whole or min(part.area_px for part in found) < MIN_PART_PX:
            continue  # neither "the heel of the heels" nor "the label of the jar with the red label"
        if sum(part.area_px for part in found) > MAX_PART_SHARE * thing.area_px:
            continue
        name = words.name(language)
        if len(found) == 1 and (not words.flocks or thing.visible_share >= SHAPE_SHARE):
            yield _part_of(name.text, name, whole, language), (found[0].box,)
        elif len(found) == 2:
            many = plural(name, language=language)
            yield _part_of(many.text, many, whole, language), tuple(part.box for part in found)
            if len(thing.objects) == 1 and not name.is_plural:
                yield from _by_side(found, name, whole=whole, language=language)


def _part_of(words: str, name: Name, whole: str, language: Language) -> str:
    """ "the handle of the mug"; in Spanish "de el" becomes "del"."""
    part = the(words, name=name, language=language)
    return f"{part} of {whole}" if language == "en" else f"{part} {of(whole)}"


def _by_side(
    found: list[PartTruth], name: Name, *, whole: str, language: Language
) -> Iterator[tuple[str, tuple[Box, ...]]]:
    """Each of two like parts by the side on which it lies of the other."""
    left, right = sorted(found, key=lambda part: part.box[0] + part.box[2])
    apart = (right.box[0] + right.box[2] - left.box[0] - left.box[2]) / 2
    if apart < MARGIN_PX or left.box[0] >= right.box[0] or left.box[2] >= right.box[2]:
        return
    for part, side, side_es in ((left, "leftmost", "izquierda"), (right, "rightmost", "derecha")):
        words = f"{side} {name.text}" if language == "en" else f"{name.text} más a la {side_es}"
        yield _part_of(words, name, whole, language), (part.box,)
