"""A second answerer of the sample's questions: from the words to the truth, written apart from what asks them."""

import re
from collections.abc import Callable
from functools import cache

from catalogue.sample_pointing import Candidate, candidates, resolve

from vitrina.catalogue.sample.article import BRANDS
from vitrina.catalogue.sample.feature_words import FEATURES_ES
from vitrina.catalogue.sample.kinds import KINDS
from vitrina.catalogue.sample.phrases_write import counted, names
from vitrina.catalogue.sample.questions_words import SHAPE_QUESTIONS
from vitrina.catalogue.sample.truth import Language, PictureTruth
from vitrina.catalogue.sample.words_en import COLOURS_EN, PATTERNS_EN
from vitrina.catalogue.sample.words_es import COLOURS_ES, PATTERNS_ES

_BRANDS = {brand for domain in BRANDS.values() for brand in domain}
YES = {"en": "yes", "es": "sí"}
_BEARER = {
    "en": r"(?:the (?:label|strap|frame) of )?",
    "es": r"(?:la (?:etiqueta|correa|montura) (?=de))?",
}
_SIDES = {
    "to the left of": "left",
    "to the right of": "right",
    "above": "top",
    "below": "bottom",
    "a la izquierda": "left",
    "a la derecha": "right",
    "por encima": "top",
    "por debajo": "bottom",
    "further to the left": "left",
    "further to the right": "right",
    "higher up in the picture": "top",
    "lower down in the picture": "bottom",
    "más a la izquierda": "left",
    "más a la derecha": "right",
    "más arriba en la imagen": "top",
    "más abajo en la imagen": "bottom",
}
_EN = {
    "same": r"Are (the .+) and (the .+) the same colour\?",
    "larger": r"(?:Does|Do) (the .+) take up more of the picture than (the .+)\?",
    "further": r"Which is (.+?), (the .+) or (the .+)\?",
    "which side": r"(?:Is|Are) (the .+) to the left or to the right of (the .+)\?",
    "side": r"(?:Is|Are) (the .+?) (to the left of|to the right of|above|below) (the .+)\?",
    "beside": r"What is (to the left of|to the right of|above|below) (the .+)\?",
    "marks": r"What colour are the (?:stripes|polka dots|checks|zigzags|flowers|stars) on (the .+)\?",
    "colour": rf"What colour (?:is|are) {_BEARER['en']}(the .+)\?",
    "pattern": rf"What pattern (?:does|do) {_BEARER['en']}(the .+) have\?",
    "brand": r"Which brand name is printed on (the .+)\?",
    "many colour": r"How many (.+) articles are there\?",
    "many": r"How many (.+) are there\?",
    "there": r"(?:Is there an?|Are there any) (.+)\?",
    "is colour": rf"(?:Is|Are) {_BEARER['en']}(the .+) ([a-z]+)\?",
}
_ES = {
    "same": r"¿Son ((?:el|la|los|las) .+) y ((?:el|la|los|las) .+) del mismo color\?",
    "larger": r"¿Ocupan? (.+) más espacio en la imagen que (.+)\?",
    "further": r"¿Qué está (más .+?), (.+) o ((?:el|la|los|las) .+)\?",
    "which side": r"¿Están? (.+) a la izquierda o a la derecha (d.+)\?",
    "side": r"¿Están? (.+?) (a la izquierda|a la derecha|por encima|por debajo) (d(?:el|e la|e los|e las) .+)\?",
    "beside": r"¿Qué hay (a la izquierda|a la derecha|por encima|por debajo) (d.+)\?",
    "marks": r"¿De qué color son l[ao]s (?:rayas|lunares|cuadros|zigzags|flores|estrellas) (d.+)\?",
    "colour": rf"¿De qué color (?:es|son) {_BEARER['es']}(.+)\?",
    "pattern": rf"¿Qué estampado (?:tiene|tienen) {_BEARER['es']}(.+)\?",
    "brand": r"¿Qué marca se lee en (.+)\?",
    "many colour": r"¿Cuántos artículos (.+) hay\?",
    "many": r"¿Cuánt[oa]s (.+) hay\?",
    "there": r"¿Hay (?:una? )?(.+)\?",
    "is colour": rf"¿(?:Es|Son) {_BEARER['es']}(.+) ({{colour}})\?",
}


def right_answers(question: str, *, language: Language, truth: PictureTruth) -> set[str]:
    """All answers that a question can rightly be given."""

    def one(words: str) -> Candidate:
        words = re.sub(r"^del ", "el ", re.sub(r"^de (?=el|la|los|las)", "", words))
        found = resolve(words, language=language, truth=truth)
        assert len(found) == 1, f"{words!r} is {len(found)} things in {question!r}"
        return found[0]

    def yes(is_so: bool) -> set[str]:
        return {YES[language] if is_so else "no"}

    if shapes := _shapes(question, language):
        for words, features in shapes.items():
            own = one(words).truth
            values = [own.attributes[name] for name in features if name in KINDS[own.kind].features]
            return {value if language == "en" else FEATURES_ES[value] for value in values}
    for sort, pattern in (_EN if language == "en" else _ES).items():
        match = re.fullmatch(pattern.replace("{colour}", "|".join(_colours(language))), question)
        if match is None:
            continue
        said = match.groups()
        match sort:
            case "same":
                return yes(one(said[0]).truth.attributes["colour"] == one(said[1]).truth.attributes["colour"])
            case "larger":
                return yes(one(said[0]).key("large") < one(said[1]).key("large"))
            case "further":
                return {_kind(min((one(each) for each in said[1:]), key=_to(said[0])), language)}
            case "which side":
                return {_left_or_right(one(said[0]), one(said[1]), language)}
            case "side":
                return yes(_to(said[1])(one(said[0])) < _to(said[1])(one(said[2])))
            case "beside":
                return _beside(said[0], one(said[1]), language, truth)
            case "marks":
                return {_colour(one(said[0]).truth.attributes["accent"], language)}
            case "colour":
                return {_colour(one(said[0]).truth.attributes["colour"], language)}
            case "pattern":
                return {_pattern(one(said[0]).truth.attributes["pattern"], language)}
            case "brand":
                objects = one(said[0]).objects
                return {part.text for part in truth.parts if part.object in objects and part.text in _BRANDS}
            case "many colour":
                return {str(_of_colour(said[0], language, truth))}
            case "many":
                return {str(_number(said[0], language, truth))}
            case "there":
                return yes(_is_there(said[0], language, truth))
            case "is colour":
                return yes(_colours(language)[said[1]] == one(said[0]).truth.attributes["colour"])
    raise AssertionError(f"{question!r} is not understood")


def _to(words: str) -> Callable[[Candidate], float]:
    return lambda each: each.key(_SIDES[words])


def _shapes(question: str, language: Language) -> dict[str, list[str]]:
    """The words for the thing whose shape is asked for, with the features that the question may mean."""
    found: dict[str, list[str]] = {}
    for feature, asked in SHAPE_QUESTIONS.items():
        template = re.escape(asked.english if language == "en" else asked.spanish)
        pattern = template.replace(r"\{the\}", "((?:the|el|la|los|las) .+)")
        pattern = pattern.replace(r"\{is\}", "(?:is|are|es|son)").replace(r"\{does\}", "(?:does|do)")
        match = re.fullmatch(pattern, question)
        if match is not None:
            found.setdefault(match[1], []).append(feature)
    return found


@cache
def _colours(language: Language) -> dict[str, str]:
    """The words for colours with the colours that they name."""
    if language == "en":
        return {words[0]: colour for colour, words in COLOURS_EN.items()}
    return {form: colour for colour, words in COLOURS_ES.items() for form in words[0]}


def _colour(colour: str, language: Language) -> str:
    return COLOURS_EN[colour][0] if language == "en" else COLOURS_ES[colour][0][0]


def _pattern(pattern: str, language: Language) -> str:
    return PATTERNS_EN[pattern][0] if language == "en" else PATTERNS_ES[pattern][0][0]


def _kind(each: Candidate, language: Language) -> str:
    return names(each.truth.kind, is_piece=False, language=language)[0].text


def _left_or_right(one: Candidate, other: Candidate, language: Language) -> str:
    is_left = one.key("left") < other.key("left")
    return {"en": ("right", "left"), "es": ("a la derecha", "a la izquierda")}[language][is_left]


def _beside(side: str, anchor: Candidate, language: Language, truth: PictureTruth) -> set[str]:
    """The kinds of all things that have their centre on this side."""
    things = [each for each in candidates(truth, is_piece=False) if each.objects != anchor.objects]
    return {_kind(each, language) for each in things if _to(side)(each) < _to(side)(anchor)}


def _of_colour(words: str, language: Language, truth: PictureTruth) -> int:
    colour = _colours(language)[words]
    return sum(each.attributes["colour"] == colour for each in truth.objects)


def _number(words: str, language: Language, truth: PictureTruth) -> int:
    """How many objects a noun in the plural names; a T-shirt is a shirt, a tin can no watering can."""
    for kind, facts in KINDS.items():
        name = counted(kind, is_piece=facts.is_pair, language=language)
        if name is not None and name.text == words:
            narrower = {"shirt": {"shirt", "t-shirt"}}.get(kind, {kind}) if language == "en" else {kind}
            return sum(each.kind in narrower for each in truth.objects)
    raise AssertionError(f"{words!r} is no kind")


def _is_there(words: str, language: Language, truth: PictureTruth) -> bool:
    kinds = {kind for kind in KINDS if names(kind, is_piece=False, language=language)[0].text == words}
    assert len(kinds) == 1, f"{words!r} names {kinds}"
    return any(each.kind in kinds for each in truth.objects)
