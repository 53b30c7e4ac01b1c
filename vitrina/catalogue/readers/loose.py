"""Values of feeds, where any value may be of any kind: what they are where they are that, and nothing otherwise."""

import re
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from vitrina.catalogue.price import parse_price

_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_PATH_SIGN = re.compile(r"\s*(?:>+|»|›)\s*")


def text_of(value: object) -> str | None:
    """A text or a number as a text without blanks around it; None for anything else and where nothing is left."""
    if isinstance(value, str):
        return value.strip() or None
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal)):
        return None
    return str(value)


def first_text(*values: object) -> str | None:
    """The first of some values that is a text."""
    return next((text for text in map(text_of, values) if text is not None), None)


def texts_of(values: Iterable[object]) -> list[str]:
    """The distinct texts among some values, in their order."""
    return list(dict.fromkeys(text for text in map(text_of, values) if text is not None))


def listed(value: object) -> list[Any]:
    """A list as it is, one thing as a list of it, nothing as an empty list."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def objects(value: object) -> Iterator[Mapping[str, Any]]:
    """The objects in a list, or the one that stands for a list of one."""
    return (each for each in listed(value) if isinstance(each, dict))


def path_of(text: str | None) -> list[str]:
    """`A > B > C` as its levels. Slashes and commas belong to names."""
    return [level for level in _PATH_SIGN.split(text or "") if level]


def exact(value: object) -> Decimal | str | None:
    """A price that a program wrote, whose point is always the decimal sign: 12.500 is twelve and a half."""
    text = text_of(value)
    return Decimal(text) if text is not None and _NUMBER.fullmatch(text) else text


def price_of(value: object) -> Decimal | str | None:
    """A price that a person may have written: the point of a number is the decimal sign, a text is left as it is."""
    return text_of(value) if isinstance(value, str) else exact(value)


def amount_of(price: Decimal | str | None) -> Decimal | None:
    """The amount of a price, or None where it states none."""
    parsed = None if price is None else parse_price(price)
    return None if parsed is None else parsed.amount


def without_nothing(values: Mapping[str, Any]) -> dict[str, Any]:
    """The entries that say something."""
    return {name: value for name, value in values.items() if value not in (None, "", [], {})}
