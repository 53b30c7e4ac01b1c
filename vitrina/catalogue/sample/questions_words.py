"""The closed vocabularies of answers, and how the shape of each kind of goods is asked for."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal

from vitrina.catalogue.sample.article import BRANDS
from vitrina.catalogue.sample.feature_words import FEATURES_EN, FEATURES_ES
from vitrina.catalogue.sample.kinds import KINDS
from vitrina.catalogue.sample.phrases_write import names
from vitrina.catalogue.sample.truth import Language
from vitrina.catalogue.sample.words_en import COLOURS_EN, PATTERNS_EN
from vitrina.catalogue.sample.words_es import COLOURS_ES, PATTERNS_ES

About = Literal["attribute", "count", "comparison", "yes/no", "spatial"]

MAX_COUNT = 12
"""More of a kind than this are not asked for."""

YES: Mapping[Language, str] = {"en": "yes", "es": "sí"}
NO: Mapping[Language, str] = {"en": "no", "es": "no"}
LEFT: Mapping[Language, str] = {"en": "left", "es": "a la izquierda"}
RIGHT: Mapping[Language, str] = {"en": "right", "es": "a la derecha"}


@dataclass(frozen=True)
class ShapeQuestion:
    """How a feature is asked for: `{the}` is the thing, `{does}` and `{is}` agree with it."""

    english: str
    spanish: str


def _like(english: str, spanish: str) -> ShapeQuestion:
    """In Spanish the answers are phrases such as "de cuello redondo", which answer how a thing is."""
    return ShapeQuestion(english, f"¿Cómo {{is}} {{the}} en cuanto {spanish}?")


SHAPE_QUESTIONS: Mapping[str, ShapeQuestion] = {
    "arms": _like("What kind of arms {does} {the} have?", "a los brazos"),
    "back": _like("What kind of back {does} {the} have?", "al respaldo"),
    "binding": _like("What kind of binding {does} {the} have?", "a la encuadernación"),
    "body": _like("What kind of vehicle {is} {the}?", "a la forma"),
    "build": _like("How {is} {the} made?", "a su construcción"),
    "cabinet": _like("What kind of cabinet {does} {the} have?", "a la caja"),
    "cameras": _like("How many cameras {does} {the} have?", "al número de cámaras"),
    "closure": _like("How {does} {the} close?", "al cierre"),
    "connection": _like("What kind of connection {does} {the} have?", "a la conexión"),
    "contents": ShapeQuestion("What {is} {the} filled with?", "¿De qué {is} {the}?"),
    "cut": _like("What cut {is} {the}?", "al corte"),
    "dial": _like("What kind of dial {does} {the} have?", "a la esfera"),
    "ends": _like("What kind of ends {does} {the} have?", "a los extremos"),
    "frame": _like("What kind of frame {does} {the} have?", "a la montura"),
    "handle": _like("What kind of handle {does} {the} have?", "al asa"),
    "handles": _like("What kind of handles {does} {the} have?", "a las asas"),
    "heel": _like("What kind of heel {does} {the} have?", "al tacón"),
    "height": _like("How high {is} {the}?", "a la altura"),
    "legs": _like("What kind of legs {does} {the} have?", "a las patas"),
    "length": _like("How long {is} {the}?", "al largo"),
    "lens": _like("What kind of lens {does} {the} have?", "al objetivo"),
    "lid": _like("What kind of lid {does} {the} have?", "al tapón"),
    "neck": _like("What kind of neck {does} {the} have?", "al cuello"),
    "neckwear": _like("What {does} {the} wear round its neck?", "al cuello"),
    "opening": _like("What kind of lid {does} {the} have?", "a la apertura"),
    "outline": _like("What shape {is} {the}?", "a la forma"),
    "rear": _like("What kind of back {does} {the} have?", "al fondo"),
    "seats": _like("How many seats {does} {the} have?", "a las plazas"),
    "shade": _like("What kind of shade {does} {the} have?", "a la pantalla"),
    "shaft": _like("How high {is} {the}?", "a la caña"),
    "shelves": _like("How many shelves {does} {the} have?", "a los estantes"),
    "sides": _like("What are the sides of {the} like?", "a los lados"),
    "silhouette": _like("What shape {is} {the}?", "a la forma"),
    "sleeve": _like("What kind of sleeves {does} {the} have?", "a las mangas"),
    "top": _like("What kind of top {does} {the} have?", "a la parte de arriba"),
}
"""For each feature the question after its value; the answer is the value, in Spanish the words after the noun."""


def colour_answer(colour: str, *, language: Language) -> str:
    """What a colour is called in answers."""
    return COLOURS_EN[colour][0] if language == "en" else COLOURS_ES[colour][0][0]


def pattern_answer(pattern: str, *, language: Language) -> str:
    """What a pattern is called in answers."""
    return PATTERNS_EN[pattern][0] if language == "en" else PATTERNS_ES[pattern][0][0]


def shape_answer(value: str, *, language: Language) -> str | None:
    """What the value of a feature is called in answers, None where it has no words."""
    if value not in FEATURES_EN or value not in FEATURES_ES:
        return None
    return value if language == "en" else FEATURES_ES[value]


def kind_answer(kind: str, *, language: Language) -> str:
    """What a kind of goods is called in answers."""
    return names(kind, is_piece=False, language=language)[0].text


@cache
def answers(about: About, *, language: Language) -> frozenset[str]:
    """All answers that questions about this may have.

    - attribute: colours, patterns, features, brands (what is printed), in their plainest words;
    - count: figures from 0 to `MAX_COUNT`;
    - comparison: yes, no, and kinds of goods;
    - yes/no: yes and no;
    - spatial: yes, no, left, right, and kinds of goods.
    """
    kinds = {kind_answer(kind, language=language) for kind in KINDS}
    both = {YES[language], NO[language]}
    match about:
        case "attribute":
            values = {value for kind in KINDS.values() for weights in kind.features.values() for value in weights}
            shapes = {shape_answer(value, language=language) for value in values}
            colours = {colour_answer(colour, language=language) for colour in COLOURS_EN}
            patterns = {pattern_answer(pattern, language=language) for pattern in PATTERNS_EN}
            brands = {brand for domain in BRANDS.values() for brand in domain}
            return frozenset(colours | patterns | brands | {shape for shape in shapes if shape is not None})
        case "count":
            return frozenset(map(str, range(MAX_COUNT + 1)))
        case "comparison":
            return frozenset(both | kinds)
        case "yes/no":
            return frozenset(both)
        case "spatial":
            return frozenset(both | kinds | {LEFT[language], RIGHT[language]})
