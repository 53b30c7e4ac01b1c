"""Ways in which texts of catalogues are spoilt: typing errors, cut ends, left-over markup, broken encodings."""

import re
import unicodedata
from collections.abc import Callable, Mapping

from vitrina.catalogue.sample.draws import Draws

Spoiler = Callable[[str, Draws], str | None]
"""The text after the damage, or None where it cannot happen to this text."""

_ROWS_EN = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_ROWS_ES = ("qwertyuiop", "asdfghjklñ", "zxcvbnm")
_ENTITIES = {"&": "&amp;", '"': "&quot;", "'": "&#39;", "á": "&aacute;", "é": "&eacute;", "í": "&iacute;"}
_ENTITIES |= {"ó": "&oacute;", "ú": "&uacute;", "ñ": "&ntilde;", "ü": "&uuml;"}
_PRICES = {
    "en": ("Now only {}!", "Special price: {}.", "Was more, now {} while stocks last.", "RRP {}"),
    "es": ("¡Ahora por solo {}!", "Precio especial: {}.", "Oferta: {} hasta agotar existencias.", "PVP {}"),
}
_NOTHING = ("-", ".", "n/a", "N/A", "...", "xxx", "test")
_NOTHING_IN = {"en": ("no description", "see picture", "tbc"), "es": ("sin descripción", "ver foto", "s/d")}


def typing_error(text: str, *, language: str, draws: Draws) -> str | None:
    """One to three slips of the fingers: a neighbouring key, two letters swapped, one left out or struck twice."""
    for _ in range(draws.weighted({1: 3.0, 2: 1.5, 3: 0.5})):
        text = _slip(text, language=language, draws=draws)
        if text == "":
            return None
    return text


def one_slip(text: str, *, language: str, draws: Draws) -> str | None:
    """One slip of the fingers or, in Spanish now and then, one accent left out; None where there is no room for it."""
    if language == "es" and draws.chance(0.4):
        places = [at for at, letter in enumerate(text) if _bare(letter) != letter]
        if places:
            at = draws.choice(places)
            return text[:at] + _bare(text[at]) + text[at + 1 :]
    return _slip(text, language=language, draws=draws) or None


def _slip(text: str, *, language: str, draws: Draws) -> str:
    """The text with one error inside a word of four letters or more; empty where there is no such word."""
    words = [found.span() for found in re.finditer(r"[^\W\d_]{4,}", text)]
    if not words:
        return ""
    start, end = draws.choice(words)
    word = text[start:end]
    at = draws.below(len(word) - 1) + 1
    how = draws.weighted({"neighbour": 3.0, "swapped": 3.0, "dropped": 3.0, "doubled": 1.5})
    keys = _neighbours(word[at], language=language)
    if how == "swapped" and word[at] != word[at - 1]:
        word = word[: at - 1] + word[at] + word[at - 1] + word[at + 1 :]
    elif how == "dropped":
        word = word[:at] + word[at + 1 :]
    elif how == "doubled" or not keys:
        word = word[:at] + word[at] + word[at:]
    else:
        word = word[:at] + draws.choice(keys) + word[at + 1 :]
    return text[:start] + word + text[end:]


def _neighbours(letter: str, *, language: str) -> str:
    """The keys around a letter's on the keyboard of the language."""
    low = _bare(letter.lower()) if letter.lower() != "ñ" else "ñ"
    rows = _ROWS_ES if language == "es" else _ROWS_EN
    for at, row in enumerate(rows):
        place = row.find(low)
        if place < 0:
            continue
        around = row[max(place - 1, 0) : place] + row[place + 1 : place + 2]
        for other in (at - 1, at + 1):
            if 0 <= other < len(rows):
                around += rows[other][max(place - (other > at), 0) : place + 1 + (other < at)]
        return around.upper() if letter.isupper() else around
    return ""


def without_accents(text: str) -> str | None:
    """Every accent left out, ñ as n."""
    bare = "".join(map(_bare, text))
    return bare if bare != text else None


def _bare(letter: str) -> str:
    return unicodedata.normalize("NFD", letter)[0] if letter.isalpha() else letter


def cut_short(text: str, *, draws: Draws) -> str | None:
    """The text cut in the middle of a word or before one, with or without dots."""
    if len(text) < 12:
        return None
    end = len(text) * 2 // 5 + draws.below(len(text) * 2 // 5)
    return text[:end].rstrip() + draws.weighted({"": 3.0, "...": 1.0, "…": 1.0})


def html_left(text: str, *, draws: Draws) -> str | None:
    """Markup that nobody removed: tags around sentences, line breaks, entities, an empty element."""
    marked = "".join(_ENTITIES.get(letter, letter) for letter in text) if draws.chance(0.6) else text
    marked = marked.replace(". ", ".<br>" if draws.chance(0.5) else ".&nbsp;")
    how = draws.choice(("p", "span", "li", "font", "br"))
    if how == "br":
        return f"{marked}<br /><br>"
    opening = {"span": '<span style="font-weight: bold">', "font": '<font size="2">'}.get(how, f"<{how}>")
    return f"{opening}{marked}</{how}>" if draws.chance(0.8) else f"{opening}{marked}"


def mojibake(text: str) -> str | None:
    """UTF-8 read as Windows-1252: `algodÃ³n`."""
    broken = text.encode().decode("cp1252", errors="replace")
    return broken if broken != text else None


def shouted(text: str, *, draws: Draws) -> str | None:
    """Capitals, and sometimes what shouting brings along."""
    loud = text.upper()
    if draws.chance(0.4):
        loud = draws.choice(("{}!!!", "*** {} ***", "!!! {} !!!", ">>> {}")).format(loud)
    return loud if loud != text else None


def nothing_said(*, language: str, draws: Draws) -> str:
    """Words that say nothing, where a text should be."""
    return draws.choice(_NOTHING + _NOTHING_IN[language])


def with_price(text: str, *, language: str, amount: str, draws: Draws) -> str:
    """The text with a price stated before or behind it."""
    said = draws.choice(_PRICES[language]).format(amount)
    return f"{said} {text}" if draws.chance(0.25) else f"{text} {said}"


PLAIN_SPOILERS: Mapping[str, Spoiler] = {
    "missing accents": lambda text, draws: without_accents(text),
    "cut short": lambda text, draws: cut_short(text, draws=draws),
    "markup left": lambda text, draws: html_left(text, draws=draws),
    "broken encoding": lambda text, draws: mojibake(text),
    "shouting": lambda text, draws: shouted(text, draws=draws),
}
"""Damages that need to know nothing but the text."""
