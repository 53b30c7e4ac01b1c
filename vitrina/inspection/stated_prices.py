"""Descriptions that tell the price: a model that is to estimate prices must not read them."""

import re
from collections.abc import Iterator
from decimal import Decimal
from itertools import chain

_SIGNS = r"₹|€|£|¥|\$|us\$|r\$|rs\.?|inr|eur(?:os?)?|usd|gbp|sek|chf|kr\.?|zł|pln"
_WORDS = (
    r"price|prices|priced at|mrp|cost|costs|only at|precio|precios|pvp|p\.v\.p\.|cuesta|prix|preis|uvp|prezzo|preço"
    r"|prijs|pris|cena|hinta"
)
_NUMBER = r"\d[\d.,'’]*\d|\d"
# A sign before or after a number, or a word for price right before one.
_STATED = re.compile(
    rf"(?<![^\W\d_])(?:{_SIGNS})\s?(?:{_NUMBER})"
    rf"|(?:{_NUMBER})\s?(?:₹|€|£|(?:euros?|eur|usd|dollars?|dólares|inr|rupees|rupias|pounds|gbp|sek|kr|zł|pln|chf)\b)"
    rf"|\b(?:{_WORDS})\b\s*(?:is|of|es|de|ist|est|:|-|=|–)?\s*(?:{_NUMBER})",
    re.IGNORECASE,
)
_GROUPED = re.compile(r"(?<![\d.,])\d{1,3}(?:[ \u00a0\u202f]\d{3})+(?:[.,]\d{1,2})?(?![\d])")
_ANY = re.compile(_NUMBER)
_SEPARATORS = str.maketrans("", "", ".,'’ \u00a0\u202f")
_BARE_DIGITS = 3


def states_price(text: str) -> bool:
    """Whether a text states some price: a number with a sign or word of a currency, or after a word for price.

    >>> states_price("Buy it online at Rs.899"), states_price("500 g, 2 pieces")
    (True, False)
    """
    return _STATED.search(text) is not None


def amount_at(text: str, price: Decimal) -> int | None:
    """Where a text states this very amount, in whatever way of writing (`1,190.00`, `1.190`, `1 190,-`); None where it
    does not.

    Beside a currency or a word for price any number counts; alone one of three digits or more, as `2` and `12` are
    sizes and counts far more often than prices.

    >>> amount_at("now for 1.190,00 EUR", Decimal("1190")), amount_at("pack of 12", Decimal("12"))
    (8, None)
    """
    if price <= 0 or str(int(price)) not in text.translate(_SEPARATORS):
        return None  # most texts hold no such digits, and to look closer takes long
    for match in _STATED.finditer(text):
        if any(price in amounts(number[0]) for number in _numbers(match[0])):
            return match.start()
    if _digits(price) < _BARE_DIGITS:
        return None
    return next((number.start() for number in _numbers(text) if price in amounts(number[0])), None)


def amounts(number: str) -> set[Decimal]:
    """Every amount that digits with points, commas, spaces and apostrophes may mean: `1.190` is 1190 or 1.19."""
    bare = re.sub(r"[\s'’]", "", number)
    found = {Decimal(digits)} if (digits := re.sub(r"[.,]", "", bare)) and _may_be_whole(bare) else set()
    match = re.fullmatch(r"([\d.,]*?)[.,](\d{1,3})", bare)
    if match is not None:
        whole = re.sub(r"[.,]", "", match[1]) or "0"
        found.add(Decimal(f"{whole}.{match[2]}"))
    return found


def _may_be_whole(bare: str) -> bool:
    """Whether every point and comma can separate thousands (or lakhs)."""
    _, *groups = re.split(r"[.,]", bare)
    return not groups or (len(groups[-1]) == 3 and all(len(group) in (2, 3) for group in groups))


def _digits(price: Decimal) -> int:
    """How many digits one writes for an amount: 4 for 12.50, 3 for 899 and for 900."""
    whole = len(str(int(price)))
    return whole if price == price.to_integral_value() else whole + 2


def _numbers(text: str) -> Iterator[re.Match[str]]:
    return chain(_ANY.finditer(text), _GROUPED.finditer(text))
