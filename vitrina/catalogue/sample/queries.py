"""Search queries in English and Spanish that mean the same, for evaluation and demonstrations."""

from collections.abc import Mapping
from dataclasses import dataclass

from vitrina.catalogue.sample.spanish import agreed
from vitrina.catalogue.sample.words_en import COLOURS_EN, KINDS_EN, MATERIAL_ADJECTIVES_EN, MATERIALS_EN, PATTERNS_EN
from vitrina.catalogue.sample.words_es import COLOURS_ES, KINDS_ES, MATERIALS_ES, PATTERNS_ES

_ASKED = (("kind",), ("kind", "colour"), ("kind", "colour", "pattern"), ("kind", "colour", "pattern", "material"))


@dataclass(frozen=True)
class Query:
    """One question in two languages.

    `asks` are the attributes that it names: an answer is right where all of them are equal.
    """

    english: str
    spanish: str
    asks: tuple[str, ...]


def queries(attributes: Mapping[str, str]) -> tuple[Query, ...]:
    """Queries for what these attributes of a sample product say, from the widest to the narrowest.

    They name the kind, then also the colour, the pattern (where it is not plain) and the material, in the plainest
    words. Raises ValueError where an attribute is missing or unknown.

    >>> print(queries({"kind": "sneakers", "colour": "red", "pattern": "plain", "material": "leather"})[-1].spanish)
    zapatillas rojas de cuero
    """
    is_plain = attributes.get("pattern") == "plain"
    try:
        made = {asks: _query(attributes, asks) for asks in _ASKED}
    except KeyError as error:
        raise ValueError(f"no query for {dict(attributes)}: {error} is not a fact of the generated sample") from None
    # Of a plain article nobody asks for the pattern, so the third question would repeat the second.
    return tuple(query for asks, query in made.items() if not (is_plain and asks[-1] == "pattern"))


def _query(attributes: Mapping[str, str], asks: tuple[str, ...]) -> Query:
    kind, material = attributes["kind"], attributes["material"]
    noun = KINDS_ES[kind].nouns[0]
    english, spanish, asked = [KINDS_EN[kind].nouns[0]], [noun.text], ["kind"]
    if "material" in asks:
        english.insert(0, MATERIAL_ADJECTIVES_EN.get(material, MATERIALS_EN[material])[0])
    if "pattern" in asks and attributes["pattern"] != "plain":
        english.insert(0, PATTERNS_EN[attributes["pattern"]][0])
    if "colour" in asks:
        english.insert(0, COLOURS_EN[attributes["colour"]][0])
        spanish.append(agreed(COLOURS_ES[attributes["colour"]][0], noun))
        asked.append("colour")
    if "pattern" in asks and attributes["pattern"] != "plain":
        spanish.append(agreed(PATTERNS_ES[attributes["pattern"]][0], noun))
        asked.append("pattern")
    if "material" in asks:
        spanish.append(f"de {MATERIALS_ES[material][0]}")
        asked.append("material")
    return Query(" ".join(english), " ".join(spanish), tuple(asked))
