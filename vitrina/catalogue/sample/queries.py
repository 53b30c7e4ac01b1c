"""Search queries in English and Spanish that mean the same, for evaluation and demonstrations."""

from collections.abc import Mapping
from dataclasses import dataclass

from vitrina.catalogue.sample.feature_words import FEATURES_EN, FEATURES_ES
from vitrina.catalogue.sample.size_words import read_size
from vitrina.catalogue.sample.spanish import agreed
from vitrina.catalogue.sample.words_en import (
    AUDIENCES_EN,
    COLOURS_EN,
    KINDS_EN,
    MATERIAL_ADJECTIVES_EN,
    MATERIALS_EN,
    PATTERNS_EN,
)
from vitrina.catalogue.sample.words_es import AUDIENCES_ES, COLOURS_ES, KINDS_ES, MATERIALS_ES, PATTERNS_ES

_ASKED = (("kind",), ("kind", "colour"), ("kind", "colour", "pattern"), ("kind", "colour", "pattern", "material"))

_PLAIN_FACTS = {"kind", "colour", "pattern", "material", "audience", "size", "brand"}


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
        made = {
            asks: worded({name: attributes[name] for name in asks if name != "pattern" or not is_plain})
            for asks in _ASKED
        }
    except KeyError as error:
        raise ValueError(f"no query for {dict(attributes)}: {error} is not a fact of the generated sample") from None
    # Of a plain article nobody asks for the pattern, so the third question would repeat the second.
    return tuple(query for asks, query in made.items() if not (is_plain and asks[-1] == "pattern"))


def worded(asked: Mapping[str, str], *, below: int | None = None, currency: str = "EUR") -> Query:
    """A query in both languages for these facts: a kind and any of colour, pattern, material, one feature by its name,
    size, audience and brand; and an upper bound of the price.

    >>> print(worded({"kind": "dress", "colour": "red", "audience": "women"}, below=30).spanish)
    vestido rojo de mujer por menos de 30 euros
    """
    kind = asked["kind"]
    noun = KINDS_ES[kind].nouns[0]
    before, after = [KINDS_EN[kind].nouns[0]], []
    spanish = [noun.text]
    if "material" in asked:
        before.insert(0, MATERIAL_ADJECTIVES_EN.get(asked["material"], MATERIALS_EN[asked["material"]])[0])
    if asked.get("pattern", "plain") != "plain":
        before.insert(0, PATTERNS_EN[asked["pattern"]][0])
    if "colour" in asked:
        before.insert(0, COLOURS_EN[asked["colour"]][0])
        spanish.append(agreed(COLOURS_ES[asked["colour"]][0], noun))
    if asked.get("pattern", "plain") != "plain":
        spanish.append(agreed(PATTERNS_ES[asked["pattern"]][0], noun))
    if "material" in asked:
        spanish.append(f"de {MATERIALS_ES[asked['material']][0]}")
    for name in (each for each in asked if each not in _PLAIN_FACTS):
        after.append(FEATURES_EN[asked[name]][1])
        spanish.append(FEATURES_ES[asked[name]])
    if "audience" in asked:
        before.insert(0, AUDIENCES_EN[asked["audience"]][0])
        spanish.append(AUDIENCES_ES[asked["audience"]][0].replace("{es}", "es" if noun.is_plural else ""))
    if "size" in asked:
        size = read_size(asked["size"])
        number = size.text.replace(".", ",")
        after.append(f"size {size.text}" if size.measure == "garment" else size.text)
        spanish.append(f"talla {number}" if size.measure == "garment" else f"de {number}")
    if "brand" in asked:
        after.append(f"by {asked['brand']}")
        spanish.append(f"de {asked['brand']}")
    if below is not None:
        unit = "euros" if currency == "EUR" else currency
        after.append(f"under {below} {unit}")
        spanish.append(f"por menos de {below} {unit}")
    return Query(" ".join(before + after), " ".join(spanish), tuple(asked))
