"""Questions about what is in a picture and how many of it."""

from collections.abc import Mapping
from functools import cache

from vitrina.catalogue.sample.colours import COLOUR_WEIGHTS
from vitrina.catalogue.sample.kinds import KINDS
from vitrina.catalogue.sample.phrases_grammar import Name, agreeing, plural
from vitrina.catalogue.sample.phrases_scene import DRAWN_TWICE, looks
from vitrina.catalogue.sample.phrases_write import counted, meant, names
from vitrina.catalogue.sample.questions_view import View
from vitrina.catalogue.sample.questions_words import MAX_COUNT
from vitrina.catalogue.sample.truth import Language, Question
from vitrina.catalogue.sample.words_en import COLOURS_EN
from vitrina.catalogue.sample.words_es import COLOURS_ES

SCENERY = frozenset({"table", "bookcase", "pot", "notebook", "cushion", "vase"})
"""Kinds that the scenery of a picture, or another thing in it, may show too: table tops, shelves, plants in pots, books
and pillows. Nobody is asked whether they are there."""

_COUNT_WEIGHTS: Mapping[int, float] = {0: 1.0, 1: 1.0, 2: 2.0}
_MANY_WEIGHT = 3.0
"""How much rather a count is asked for where a picture has it: there are more pictures of one thing than of three."""


@cache
def _askable(language: Language) -> tuple[str, ...]:
    """The kinds that one may ask for: called by a name that means no scenery."""
    return tuple(
        kind
        for kind in KINDS
        if kind not in SCENERY
        and not SCENERY & _meant(kind, language)
        and (not KINDS[kind].is_pair or names(kind, is_piece=True, language=language))
    )


@cache
def _meant(kind: str, language: Language) -> frozenset[str]:
    """The kinds that the plainest name of a kind may mean."""
    return meant(names(kind, is_piece=False, language=language)[0], is_piece=False, language=language) | {kind}


def is_there(view: View) -> Question | None:
    """Whether a kind of goods is in the picture."""
    shown = {thing.kind for thing in view.scene.wholes}
    clear = {thing.kind for thing in view.scene.wholes if thing.is_clear}
    present = [kind for kind in _askable(view.language) if kind in clear]
    absent = [kind for kind in _askable(view.language) if not shown & _meant(kind, view.language)]
    if not present or not absent:
        return None
    is_so = view.draws.chance(0.5)
    kind = view.draws.choice(present if is_so else absent)
    name = names(kind, is_piece=False, language=view.language)[0]
    # One shoe is no pair of shoes, but whoever asks for boots means it too.
    if name.is_plural:
        return view.yes_no(f"Are there any {name.text}?", f"¿Hay {name.text}?", is_so=is_so, about="yes/no")
    article = "an" if name.text[0].lower() in "aeiou" else "a"
    return view.yes_no(
        f"Is there {article} {name.text}?",
        f"¿Hay {agreeing(('un', 'una', 'unos', 'unas'), name)} {name.text}?",
        is_so=is_so,
        about="yes/no",
    )


def how_many(view: View) -> Question | None:
    """How many of a kind, or of a colour, there are: none, one, or more."""
    found: dict[int, list[tuple[str, str]]] = {}
    for question in (*_kind_counts(view), *_colour_counts(view)):
        count, texts = question
        if count <= MAX_COUNT:
            found.setdefault(count, []).append(texts)
    if len(found) < 2:
        return None
    count = view.draws.weighted({each: _COUNT_WEIGHTS.get(each, _MANY_WEIGHT) for each in sorted(found)})
    english, spanish = view.draws.choice(found[count])
    return view.question(english, spanish, answer=str(count), about="count")


def _kind_counts(view: View) -> list[tuple[int, tuple[str, str]]]:
    """Counts of the kinds that are there, and as many kinds that are not."""
    shown = {thing.kind for thing in view.scene.wholes}
    counts = []
    askable = [kind for kind in _askable(view.language) if kind not in DRAWN_TWICE]
    for kind in askable:
        if kind not in shown:
            continue
        things = [thing for thing in view.scene.wholes if thing.kind in _meant(kind, view.language)]
        if all(thing.is_clear for thing in things):
            counts.append((sum(len(thing.objects) for thing in things), _how_many(kind, view.language)))
    absent = [kind for kind in askable if not shown & _meant(kind, view.language)]
    counts += [(0, _how_many(kind, view.language)) for kind in view.draws.shuffled(absent)[: max(len(counts), 1)]]
    return counts


def _how_many(kind: str, language: Language) -> tuple[str, str]:
    name = counted(kind, is_piece=KINDS[kind].is_pair, language=language)
    assert name is not None, "kinds that are asked for have names"
    return f"How many {name.text} are there?", f"¿{agreeing(('', '', 'Cuántos', 'Cuántas'), name)} {name.text} hay?"


def _colour_counts(view: View) -> list[tuple[int, tuple[str, str]]]:
    """Counts of plain articles by colour, where every article clearly is of that colour or clearly is not."""
    things = view.scene.wholes
    if len(things) < 2 or any(thing.carrier is not None or "colour" not in thing.told for thing in things):
        return []
    counts = []
    for colour in view.draws.shuffled(tuple(COLOUR_WEIGHTS))[:6] + [thing.attributes["colour"] for thing in things]:
        fits = [looks(thing, "colour", value=colour) for thing in things]
        patterned = [thing for thing, fit in zip(things, fits, strict=True) if fit and "accent" in thing.attributes]
        if None in fits or patterned or any(len(thing.objects) > 1 for thing in things):
            continue
        name = plural(Name("artículo", gender="m"), language="es")
        text = f"How many {COLOURS_EN[colour][0]} articles are there?"
        counts.append(
            (sum(map(bool, fits)), (text, f"¿Cuántos artículos {agreeing(COLOURS_ES[colour][0], name)} hay?"))
        )
    return counts
