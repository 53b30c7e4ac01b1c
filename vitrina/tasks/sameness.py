"""When two texts are the same text, and numbers that equal things share."""

import unicodedata
from collections.abc import Hashable, Iterable

import numpy as np


def plain(text: str) -> str:
    """The text as sameness sees it: NFKC, casefolded, white space collapsed; accents and digits kept.

    >>> plain("  Camisón  XL 12.5 ")
    'camisón xl 12.5'
    """
    low = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(unicodedata.normalize("NFKC", low).split())


def folded(text: str) -> str:
    """The text in lower case without accents.

    >>> folded("Camión")
    'camion'
    """
    apart = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in apart if not unicodedata.combining(letter))


def numbered(things: Iterable[Hashable]) -> np.ndarray:
    """(n,) int64: equal things get equal numbers, counted from 0 in order of appearance."""
    numbers: dict[Hashable, int] = {}
    return np.array([numbers.setdefault(thing, len(numbers)) for thing in things], dtype=np.int64)
