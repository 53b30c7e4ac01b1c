"""Articles, plurals and agreement of the phrases and questions about pictures, in English and Spanish."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from vitrina.catalogue.sample.truth import Language
from vitrina.catalogue.sample.words_es import Gender, Noun

_PREPOSITION = re.compile(r" (?=(?:de|del|con|para|sin|en|a|al) )")
_STRESSED_A = frozenset({"agua", "águila", "ala", "alma", "ancla", "área", "arma", "asa", "aula", "hacha", "hada"})
_IRREGULAR_EN = {"shelf": "shelves", "scarf": "scarves", "knife": "knives", "leaf": "leaves", "foot": "feet"}
"""By the end of a word, so that bookshelves are there too."""


@dataclass(frozen=True)
class Name:
    """What a thing is called, with what agrees with it; English names have no gender."""

    text: str
    is_plural: bool = False
    gender: Gender | None = None


def spanish_name(noun: Noun) -> Name:
    """The name that a Spanish noun is."""
    return Name(noun.text, noun.is_plural, noun.gender)


def agreeing(forms: Sequence[str], name: Name) -> str:
    """The form of a Spanish adjective (masculine, feminine, masculine plural, feminine plural) for a name."""
    return forms[2 * name.is_plural + (name.gender == "f")]


@cache
def plural(name: Name, *, language: Language) -> Name:
    """The name in the plural, as it is where it is one.

    >>> plural(Name("pantalón de pinzas", gender="m"), language="es").text
    'pantalones de pinzas'
    """
    if name.is_plural:
        return name
    if language == "en":
        head, _, rest = name.text.partition(" of ")
        return Name(_english_plural(head) + (f" of {rest}" if rest else ""), True)
    head, *rest = _PREPOSITION.split(name.text, maxsplit=1)
    words = [" ".join(_spanish_plural(word) for word in head.split(" ")), *rest]
    return Name(" ".join(words), True, name.gender)


def _english_plural(words: str) -> str:
    first, _, last = words.rpartition(" ")
    irregular = next((end for end in _IRREGULAR_EN if last.endswith(end)), None)
    if irregular is not None:
        last = last.removesuffix(irregular) + _IRREGULAR_EN[irregular]
    elif re.search(r"(?:s|x|z|ch|sh)$", last):
        last += "es"
    elif re.search(r"[^aeiou]y$", last):
        last = last[:-1] + "ies"
    else:
        last += "s"
    return f"{first} {last}" if first else last


def _spanish_plural(word: str) -> str:
    if re.search(r"[áéíóú]s$", word) or re.search(r"[áéíóú]n$", word):
        return word[:-2] + word[-2:].translate(str.maketrans("áéíóú", "aeiou")) + "es"
    if word.endswith("z"):
        return word[:-1] + "ces"
    if re.search(r"[aeo]s$|is$|us$", word) and len(re.findall(r"[aeiouáéíóú]+", word)) > 1:
        return word  # the umbrella and the umbrellas are both "paraguas"
    return word + ("s" if re.search(r"[aeiouáéók]$", word) else "es")


def the(words: str, *, name: Name, language: Language) -> str:
    """A noun phrase about the name with its definite article."""
    if language == "en":
        return f"the {words}"
    takes_el = name.gender == "f" and not name.is_plural and words.split(" ", 1)[0] in _STRESSED_A
    return f"{'el' if takes_el else agreeing(('el', 'la', 'los', 'las'), name)} {words}"


def of(phrase: str) -> str:
    """A Spanish noun phrase after "de".

    >>> of("el bolso")
    'del bolso'
    """
    return "d" + phrase if phrase.startswith("el ") else f"de {phrase}"


def to(phrase: str) -> str:
    """A Spanish noun phrase after "a": "al bolso", "a la taza"."""
    return f"al {phrase[3:]}" if phrase.startswith("el ") else f"a {phrase}"
