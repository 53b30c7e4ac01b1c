"""Questions about how one thing looks: its colour, pattern, shape, and what is printed on it."""

from vitrina.catalogue.sample.article import BRANDS
from vitrina.catalogue.sample.colours import COLOUR_WEIGHTS
from vitrina.catalogue.sample.kinds import KINDS
from vitrina.catalogue.sample.phrases_grammar import Name, agreeing, of, the
from vitrina.catalogue.sample.phrases_scene import SHAPE_SHARE, Thing, near_colours
from vitrina.catalogue.sample.phrases_words import part_words
from vitrina.catalogue.sample.questions_view import Named, View, verb
from vitrina.catalogue.sample.questions_words import (
    SHAPE_QUESTIONS,
    colour_answer,
    pattern_answer,
    shape_answer,
)
from vitrina.catalogue.sample.truth import Question
from vitrina.catalogue.sample.words_en import COLOURS_EN, PATTERN_MARKS_EN
from vitrina.catalogue.sample.words_es import COLOURS_ES, PATTERN_MARKS_ES

_BRANDS = frozenset(brand for domain in BRANDS.values() for brand in domain)
_LABELLED = frozenset({"colour", "pattern"})
"""Not told of jars and tins whose label is asked for: "the label of the jar with the red label"."""

_RAREST_COLOUR = min(COLOUR_WEIGHTS.values())


def which_colour(view: View) -> Question | None:
    """What colour something plain is; of something patterned, what colour its marks are."""
    for thing in view.clear():
        if "colour" not in thing.told or "pattern" not in thing.told:
            continue
        accent = thing.attributes.get("accent")
        colour = accent or thing.attributes["colour"]
        # Common colours are passed over as often as they are more common than the rarest.
        if accent is None and not view.draws.chance(_RAREST_COLOUR / COLOUR_WEIGHTS[colour]):
            continue
        found = view.named(thing, without=_of_colour(thing))
        if found is None:
            continue
        answer = colour_answer(colour, language=view.language)
        if accent is None:
            bearer, words = _bearer(found, view)
            return view.question(
                f"What colour {verb(bearer, one='is', many='are')} {words}?",
                f"¿De qué color {verb(bearer, one='es', many='son')} {words}?",
                answer=answer,
                about="attribute",
            )
        marks_en = PATTERN_MARKS_EN[thing.attributes["pattern"]][0]
        marks_es = PATTERN_MARKS_ES[thing.attributes["pattern"]][0]
        where = f"{agreeing(('el', 'la', 'los', 'las'), Name(marks_es.text, marks_es.is_plural, marks_es.gender))}"
        return view.question(
            f"What colour are the {marks_en} on {found.words}?",
            f"¿De qué color son {where} {marks_es.text} {of(found.words)}?",
            answer=answer,
            about="attribute",
        )
    return None


def _of_colour(thing: Thing) -> frozenset[str]:
    """What a question for the colour of a thing must not tell."""
    return _LABELLED if thing.is_labelled else frozenset({"colour"})


def _of_pattern(thing: Thing) -> frozenset[str]:
    """What a question for the pattern of a thing must not tell."""
    return _LABELLED if thing.is_labelled else frozenset({"pattern"})


def _bearer(found: Named, view: View) -> tuple[Name, str]:
    """What the colour is asked of: the thing itself, or the part that carries it."""
    if found.thing.carrier is None:
        return found.name, found.words
    words = part_words(found.thing.carrier, kind=found.thing.kind)
    assert words is not None, "what carries a colour has a name"
    name = words.name(view.language)
    part = the(name.text, name=name, language=view.language)
    return name, f"{part} of {found.words}" if view.language == "en" else f"{part} {of(found.words)}"


def which_pattern(view: View) -> Question | None:
    """What pattern something has, of kinds that may have several."""
    for thing in view.clear():
        weights = KINDS[thing.kind].patterns
        pattern = thing.attributes["pattern"]
        if "pattern" not in thing.told or len(weights) < 2:
            continue
        if not view.draws.chance(min(weights.values()) / weights[pattern]):
            continue
        found = view.named(thing, without=_of_pattern(thing))
        if found is not None:
            bearer, words = _bearer(found, view)
            return view.question(
                f"What pattern {verb(bearer, one='does', many='do')} {words} have?",
                f"¿Qué estampado {verb(bearer, one='tiene', many='tienen')} {words}?",
                answer=pattern_answer(pattern, language=view.language),
                about="attribute",
            )
    return None


def which_shape(view: View) -> Question | None:
    """What one of the features of something is: its neck, its handles, what it is filled with."""
    for thing in view.clear():
        features = KINDS[thing.kind].features
        for feature in view.draws.shuffled([each for each in features if each in thing.told]):
            value, weights = thing.attributes[feature], features[feature]
            answer = shape_answer(value, language=view.language)
            asked = SHAPE_QUESTIONS.get(feature)
            if asked is None or answer is None or not view.draws.chance(min(weights.values()) / weights[value]):
                continue
            found = view.named(thing, without=frozenset({feature}))
            if found is None:
                continue
            template = asked.english if view.language == "en" else asked.spanish
            forms = ("is", "are") if view.language == "en" else ("es", "son")
            slots = {
                "the": found.words,
                "is": verb(found.name, one=forms[0], many=forms[1]),
                "does": verb(found.name, one="does", many="do"),
            }
            text = template.format(**slots)
            return Question(text, answer, view.language, "attribute")
    return None


def which_brand(view: View) -> Question | None:
    """Which brand is printed on something."""
    for thing in view.clear():
        brands = {part.text for part in view.scene.texts(thing) if part.text in _BRANDS}
        if len(brands) != 1 or thing.visible_share < SHAPE_SHARE:
            continue
        found = view.named(thing)
        if found is not None:
            return view.question(
                f"Which brand name is printed on {found.words}?",
                f"¿Qué marca se lee en {found.words}?",
                answer=str(next(iter(brands))),
                about="attribute",
            )
    return None


def is_colour(view: View) -> Question | None:
    """Whether something plain is of a colour: its own, or one that is clearly another."""
    is_so = view.draws.chance(0.5)
    for thing in view.clear():
        if "pattern" not in thing.told or "colour" not in thing.told or thing.attributes["pattern"] != "plain":
            continue
        found = view.named(thing, without=_of_colour(thing))
        if found is None:
            continue
        colour = thing.attributes["colour"]
        if not is_so:
            near = near_colours(colour)
            colour = view.draws.weighted({each: w for each, w in COLOUR_WEIGHTS.items() if each not in near})
        bearer, words = _bearer(found, view)
        agreed = agreeing(COLOURS_ES[colour][0], bearer)
        return view.yes_no(
            f"{verb(bearer, one='Is', many='Are')} {words} {COLOURS_EN[colour][0]}?",
            f"¿{verb(bearer, one='Es', many='Son')} {words} {agreed}?",
            is_so=is_so,
            about="yes/no",
        )
    return None
