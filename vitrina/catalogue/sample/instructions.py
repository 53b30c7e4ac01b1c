"""Instructions in English and Spanish that ask for an edit: "make the mug red", "cámbiala a rojo"."""

from collections.abc import Mapping

from vitrina.catalogue.sample.draws import Draws
from vitrina.catalogue.sample.feature_words import FEATURES_EN, FEATURES_ES
from vitrina.catalogue.sample.grammar import capital, first_that_fits
from vitrina.catalogue.sample.kinds import KINDS
from vitrina.catalogue.sample.phrases_grammar import Name, agreeing, of, spanish_name, the, to
from vitrina.catalogue.sample.phrases_scene import carrier_of
from vitrina.catalogue.sample.phrases_words import part_words
from vitrina.catalogue.sample.phrases_write import names
from vitrina.catalogue.sample.truth import Edit, Language
from vitrina.catalogue.sample.words_en import (
    COLOURS_EN,
    MATERIAL_ADJECTIVES_EN,
    MATERIALS_EN,
    PATTERN_MARKS_EN,
    PATTERNS_EN,
)
from vitrina.catalogue.sample.words_es import COLOURS_ES, MATERIALS_ES, PATTERN_MARKS_ES, PATTERNS_ES

_TEMPLATES: Mapping[tuple[Language, str], Mapping[str, float]] = {
    ("en", "colour"): {
        "make ({the}|{it}) {after}": 4,
        "turn ({the}|{it}) {after}": 2,
        "change the colour[ of {the}][ from {before}] to {after}": 3,
        "change ({the}|{it}) (from {before} to {after}|to {after})": 2,
        "recolour ({the}|{it}) in {after}": 1,
        "the same {noun} in {after}[, please]": 1.5,
        "show ({the}|{it}) in {after}": 1,
        "{after} instead of {before}": 1,
    },
    ("es", "colour"): {
        "cambia el color[ {of_the}] (de {before} a {after}|a {after})": 3,
        "haz que {the} {sea} {agreed}": 3,
        "cámbia{lo} (de {before} a {after}|a {after})": 3,
        "pon {the} (de color|en) {after}": 2,
        "{lo} quiero en {after}": 1,
        "{el} mism{o} {noun} en {after}": 1.5,
        "que {sea} {agreed}[ en vez de {agreed_before}]": 1.5,
    },
    ("en", "add"): {
        "add {marks}[ to {the}]": 3,
        "put {marks} on {the}": 2,
        "make ({the}|{it}) {after}": 3,
        "turn ({the}|{it}) into {a_one}": 2,
        "the same {noun} with {marks}": 1,
    },
    ("es", "add"): {
        "añade {marks}[ {to_the}]": 3,
        "pon {marks} en {the}": 2,
        "haz que {the} {tenga} {marks}": 2,
        "{el} mism{o} {noun}, pero con {marks}": 1,
        "cámbia{lo} por {uno} con {marks}": 1.5,
    },
    ("en", "remove"): {
        "remove the {before_marks}[ from {the}]": 3,
        "take off the {before_marks}": 1.5,
        "make ({the}|{it}) plain": 3,
        "turn ({the}|{it}) into {a_one}": 1.5,
        "the same {noun} without {before_marks}": 1,
    },
    ("es", "remove"): {
        "quita {the_before_marks}[ {of_the}]": 3,
        "haz que {the} {sea} {agreed}": 2,
        "{el} mism{o} {noun}, pero sin {before_marks}": 1.5,
        "que {sea} {agreed}, sin {before_marks}": 1.5,
        "cámbia{lo} por {uno} {agreed}": 1,
    },
    ("en", "replace"): {
        "(replace the {before_marks} with {marks}|swap the {before_marks} for {marks})": 2,
        "change the pattern[ of {the}] to {marks}": 2,
        "make ({the}|{it}) {after}": 3,
        "turn ({the}|{it}) into {a_one}": 2,
        "{marks} instead of {before_marks}": 1,
    },
    ("es", "replace"): {
        "cambia {the_before_marks}[ {of_the}] por {marks}": 3,
        "pon {marks} en lugar de {before_marks}": 2,
        "haz que {the} {tenga} {marks}": 2,
        "{el} mism{o} {noun}, pero con {marks}": 1,
        "cámbia{lo} por {uno} con {marks}": 1.5,
    },
    ("en", "material"): {
        "make ({the}|{it}) out of {after}": 3,
        "change the material[ of {the}][ from {before}] to {after}": 3,
        "turn ({the}|{it}) into {a_one}": 2,
        "the same {noun} in {after}": 1.5,
        "{after} instead of {before}": 1,
    },
    ("es", "material"): {
        "haz que {the} {sea} de {after}": 3,
        "cambia el material[ {of_the}] a {after}": 2,
        "{el} mism{o} {noun}, pero de {after}": 2,
        "cámbia{lo} por {uno} de {after}": 2,
        "que {sea} de {after} en vez de {before}": 1,
    },
    ("en", "feature"): {
        "turn ({the}|{it}) into {one} {after}": 3,
        "change ({the}|{it}) (to|for) {one} {after}": 2,
        "the same {noun}, but {after}": 2,
        "I want {one} {after}": 1,
    },
    ("es", "feature"): {
        "cámbia{lo} por {uno} {after}": 3,
        "cambia {the} por {uno} {after}": 2,
        "{el} mism{o} {noun}, pero {after}": 2,
        "quiero {uno} {after}": 1,
    },
    ("en", "contents"): {
        "fill ({the}|{it}) with {after}": 3,
        "change the contents[ of {the}] to {after}": 2,
        "{after} instead of {before}": 1,
    },
    ("es", "contents"): {
        "cámbia{lo} por {uno} {after}": 2,
        "que {sea} {after}[ en vez {before}]": 2,
        "{el} mism{o} {noun}, pero {after}": 1,
    },
}
"""What may be said for each sort of edit, with weights; `{noun}` is missing where a part of the thing is changed."""


def instruction(edit: Edit, *, kind: str, language: Language, draws: Draws) -> str:
    """One way to ask for this edit of an article of a kind; the draws choose it.

    Raises ValueError for a kind, an attribute or a value that the sample does not have.

    >>> edit = Edit("pattern", "striped", "plain", source=b"", target=b"", changed_mask=b"")
    >>> print(instruction(edit, kind="mug", language="es", draws=Draws(1)))
    Cámbiala por una lisa
    """
    try:
        sort, slots = _asked(edit, kind=kind, language=language, draws=draws)
    except KeyError as error:
        message = f"no instruction for {edit.attribute} of a {kind} from {edit.before!r} to {edit.after!r}: "
        raise ValueError(f"{message}the sample has no {error}") from None
    text = first_that_fits(_TEMPLATES[language, sort], slots=slots, draws=draws)
    return capital(text) if draws.chance(0.5) else text


def _asked(edit: Edit, *, kind: str, language: Language, draws: Draws) -> tuple[str, dict[str, str]]:
    """The sort of edit, and the words for it."""
    known = KINDS[kind]
    slots = _thing_slots(kind, is_surface=edit.attribute in ("colour", "pattern"), language=language)
    name = _bearer(kind, is_surface=edit.attribute in ("colour", "pattern"), language=language)
    match edit.attribute:
        case "colour":
            slots |= _colours(edit, name=name, language=language, draws=draws)
            return "colour", slots
        case "pattern":
            sort = "add" if edit.before == "plain" else "remove" if edit.after == "plain" else "replace"
            return sort, slots | _patterns(edit, name=name, language=language, draws=draws)
        case "material":
            tables = MATERIALS_EN if language == "en" else MATERIALS_ES
            slots |= {"before": tables[edit.before][0], "after": draws.choice(tables[edit.after])}
            adjective = draws.choice(MATERIAL_ADJECTIVES_EN.get(edit.after, MATERIALS_EN[edit.after]))
            return "material", slots | _one(adjective, name)
        case _:
            values = known.features[edit.attribute]
            if edit.before not in values or edit.after not in values:
                raise KeyError(edit.before if edit.before not in values else edit.after)
            is_contents = edit.attribute == "contents"
            if language == "es":
                slots |= {"before": FEATURES_ES[edit.before], "after": FEATURES_ES[edit.after]}
            elif is_contents:
                slots |= {"before": edit.before, "after": edit.after}
            else:
                slots["after"] = FEATURES_EN[edit.after][1]
            return "contents" if is_contents else "feature", slots


def _bearer(kind: str, *, is_surface: bool, language: Language) -> Name:
    """The name of what changes: a thing, or the part that carries its colour and its pattern."""
    carrier = carrier_of(kind) if is_surface else None
    if carrier is None:
        return names(kind, is_piece=False, language=language)[0]
    words = part_words(carrier, kind=kind)
    assert words is not None, "what carries a colour has a name"
    return words.name(language)


def _thing_slots(kind: str, *, is_surface: bool, language: Language) -> dict[str, str]:
    """The words for what changes, and what agrees with them."""
    whole = names(kind, is_piece=False, language=language)[0]
    name = _bearer(kind, is_surface=is_surface, language=language)
    phrase = the(name.text, name=name, language=language)
    if name is not whole:
        wholly = the(whole.text, name=whole, language=language)
        phrase = f"{phrase} of {wholly}" if language == "en" else f"{phrase} {of(wholly)}"
    slots = {"the": phrase} if name is not whole else {"the": phrase, "noun": name.text}
    many = name.is_plural
    if language == "en":
        return slots | {"it": "them" if many else "it", "one": "ones" if many else "one"}
    return slots | {
        "of_the": of(phrase),
        "to_the": to(phrase),
        "sea": "sean" if many else "sea",
        "tenga": "tengan" if many else "tenga",
        "lo": agreeing(("lo", "la", "los", "las"), name),
        "el": agreeing(("el", "la", "los", "las"), name),
        "o": agreeing(("o", "a", "os", "as"), name),
        "uno": agreeing(("uno", "una", "unos", "unas"), name),
    }


def _colours(edit: Edit, *, name: Name, language: Language, draws: Draws) -> dict[str, str]:
    if language == "en":
        return {"before": COLOURS_EN[edit.before][0], "after": draws.choice(COLOURS_EN[edit.after])}
    before, after = COLOURS_ES[edit.before][0], draws.choice(COLOURS_ES[edit.after])
    return {
        "before": before[0].removeprefix("color "),
        "after": after[0].removeprefix("color "),
        "agreed_before": agreeing(before, name),
        "agreed": agreeing(after, name),
    }


def _patterns(edit: Edit, *, name: Name, language: Language, draws: Draws) -> dict[str, str]:
    slots = {}
    if language == "en":
        after = "plain" if edit.after == "plain" else draws.choice(PATTERNS_EN[edit.after])
        slots |= {"after": after, **_one(after, name)}
        slots |= {"before_marks": PATTERN_MARKS_EN[edit.before][0]} if edit.before != "plain" else {}
        slots |= {"marks": draws.choice(PATTERN_MARKS_EN[edit.after])} if edit.after != "plain" else {}
        return slots
    slots["agreed"] = agreeing(PATTERNS_ES[edit.after][0], name)
    if edit.before != "plain":
        marks = spanish_name(PATTERN_MARKS_ES[edit.before][0])
        slots |= {"before_marks": marks.text, "the_before_marks": the(marks.text, name=marks, language="es")}
    if edit.after != "plain":
        slots["marks"] = draws.choice(PATTERN_MARKS_ES[edit.after]).text
    return slots


def _one(adjective: str, name: Name) -> dict[str, str]:
    """ "a striped one", "an enamel one", "striped ones"."""
    article = "an" if adjective[0].lower() in "aeiou" else "a"
    return {"a_one": f"{adjective} ones" if name.is_plural else f"{article} {adjective} one"}
