"""From a row of a file to a product: cleaning, and refusing what cannot be what its column says."""

import ast
import datetime
import html
import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from vitrina.catalogue.columns import Columns, language_code
from vitrina.catalogue.price import Price, currency_code, parse_price
from vitrina.catalogue.product import Product, Text
from vitrina.catalogue.readers.record import PICTURE_SUFFIXES
from vitrina.catalogue.splits import split_name

_ABSENT = frozenset({"", "-", "--", "n/a", "#n/a", "nan", "null", "none", "nil"})
_INVISIBLE = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u200b\u200e\u200f\u2060\ufeff\ud800-\udfff]")
_TAGS = "p|br|b|i|u|strong|em|ul|ol|li|div|span|h[1-6]|a|img|table|tr|td|th|tbody|font|hr|sup|sub|script|style"
_HIDDEN = re.compile(r"<(script|style)\b.*?</\1\s*>|<!--.*?-->", re.IGNORECASE | re.DOTALL)
_BREAK = re.compile(r"</?(?:p|br|ul|ol|li|div|h[1-6]|tr|table|hr)\b[^<>]*>", re.IGNORECASE)
_TAG = re.compile(rf"</?(?:{_TAGS})\b[^<>]*>", re.IGNORECASE)
_CATEGORY_SIGNS = (re.compile(r"\s*(?:>+|»|›)\s*"), re.compile(r"\s*\|\s*"), re.compile(r"\s*/\s*"))
_MAX_LITERAL = 100_000


class RowError(ValueError):
    """A row that is no product. `reason` is the same words for the same cause; `detail` is about this one."""

    def __init__(self, reason: str, *, detail: str = "") -> None:
        super().__init__(f"{reason} ({detail})" if detail else reason)
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True)
class Draft:
    """A product whose pictures are still to be loaded: encoded bytes, or paths as the file writes them.

    `has_split` says whether the file named the split; `bad_price` is a price that could not be understood.
    """

    product: Product
    pictures: tuple[bytes | str, ...]
    has_split: bool
    bad_price: str | None


def read_row(values: Mapping[str, Any], *, columns: Columns, fallback_id: str) -> Draft:
    """The product that a row describes. `fallback_id` counts where the file has no column of ids.

    Raises RowError where the row has no id or a value is of a kind that its column cannot hold.
    """
    id_ = fallback_id if columns.id is None else _scalar(values, columns.id)
    if id_ is None:
        raise RowError("no id", detail=f"the column {columns.id!r} is empty")
    split_text = _scalar(values, columns.split)
    split = None if split_text is None else split_name(split_text)
    if split_text is not None and split is None:
        raise RowError("unknown split", detail=f"{split_text!r} is none of train, val, test")
    split = split or columns.constants.get("split")
    language_text = _scalar(values, columns.language)
    language = columns.constants.get("language") if language_text is None else language_code(language_text)
    titles = _texts(values, columns, names=[(each.name, each.language or language) for each in columns.titles])
    known = {text.text.casefold() for text in titles}
    descriptions = [
        text
        for text in _texts(
            values, columns, names=[(each.name, each.language or language) for each in columns.descriptions]
        )
        if text.text.casefold() not in known
    ]
    category = _category(values, columns)
    price, bad_price = _price(values, columns)
    product = Product(
        id=id_,
        titles=tuple(titles),
        descriptions=tuple(descriptions),
        brand=_scalar(values, columns.brand) or columns.constants.get("brand"),
        category=category,
        price=None if price is None else price.amount,
        currency=None if price is None else price.currency or columns.constants.get("currency"),
        attributes=_attributes(values, columns, category=category),
        domain=_scalar(values, columns.domain) or columns.constants.get("domain"),
        group=_scalar(values, columns.group),
        split=split or "train",
    )
    return Draft(product, tuple(_pictures(values, columns)), has_split=split is not None, bad_price=bad_price)


def clean(text: str) -> str | None:
    """A text in one line without control characters, HTML and entities; None where nothing is left.

    >>> clean("Caf&eacute;  <b>molido</b>\\x00")
    'Café molido'
    """
    if "<" in text:
        text = _TAG.sub("", _BREAK.sub(" ", _HIDDEN.sub(" ", text)))
    if "&" in text:
        text = html.unescape(text)
    plain = " ".join(_INVISIBLE.sub("", text).split())
    return None if plain.lower() in _ABSENT else plain


def _scalar(values: Mapping[str, Any], name: str | None) -> str | None:
    """One value as a clean text. Raises RowError for a list or an object."""
    value = None if name is None else values.get(name)
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    text = _as_text(value)
    if text is None and value is not None and isinstance(value, (list, dict, bytes)) and value:
        raise RowError("wrong type", detail=f"{name} is {_kind(value)} where one value is expected")
    return text


def _as_text(value: object) -> str | None:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        whole = value.is_integer() and abs(value) < 2**53
        return (str(int(value)) if whole else str(value)) if math.isfinite(value) else None
    if isinstance(value, (int, Decimal)):
        return str(value)
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    return None


def _kind(value: object) -> str:
    return {list: "a list", dict: "an object", bytes: "bytes"}.get(type(value), type(value).__name__)


def _unpacked(value: object) -> object:
    """A list or an object that a table's cell holds as text, in JSON or as Python writes it."""
    if not isinstance(value, str):
        return value
    text = value.strip()
    if len(text) > _MAX_LITERAL or (text[:1], text[-1:]) not in (("[", "]"), ("{", "}")):
        return value
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, RecursionError, MemoryError, TypeError):
        return value


def _texts(values: Mapping[str, Any], columns: Columns, *, names: Iterable[tuple[str, str | None]]) -> list[Text]:
    """The distinct texts of some columns. An object is read as texts by language."""
    found: dict[str, Text] = {}
    for name, language in names:
        for text, own_language in _text_values(values.get(name), name=name):
            cleaned = clean(text)
            if cleaned is not None:
                found.setdefault(cleaned.casefold(), Text(cleaned, own_language or language))
    return list(found.values())


def _text_values(value: object, *, name: str) -> Iterator[tuple[str, str | None]]:
    unpacked = _unpacked(value)
    if isinstance(unpacked, dict) and all(isinstance(key, str) and language_code(key) for key in unpacked):
        pairs = [(each, language_code(key)) for key, each in unpacked.items()]
    elif isinstance(unpacked, (list, tuple)):
        pairs = [(each, None) for each in unpacked]
    else:
        pairs = [(value, None)]
    for each, language in pairs:
        text = each if isinstance(each, str) else _as_text(each)
        if text is None and isinstance(each, (list, dict, bytes)):
            raise RowError("wrong type", detail=f"{name} is {_kind(each)} where a text is expected")
        if text is not None:
            yield text, language


def _category(values: Mapping[str, Any], columns: Columns) -> tuple[str, ...]:
    if len(columns.category) > 1:
        levels = [_scalar(values, name) for name in columns.category]
        return tuple(level for level in levels if level is not None)
    if not columns.category:
        return ()
    stated = values.get(columns.category[0])
    value = _unpacked(stated)
    while isinstance(value, (list, tuple)) and len(value) >= 1 and (len(value) == 1 or isinstance(value[0], list)):
        value = value[0]  # a shop may file a product under several paths: the first is the main one
    if isinstance(value, (list, tuple)):
        if not all(isinstance(each, (str, int)) or each is None for each in value):
            raise RowError("wrong type", detail=f"{columns.category[0]} is a list of something else than names")
        levels = [_as_text(each) for each in value]
    elif isinstance(value, str):
        text = html.unescape(value)
        # A list of one level is a level, and may be called "Tops / Tees"; only a sign that no name holds cuts it.
        signs = _CATEGORY_SIGNS[:1] if isinstance(stated, list) else _CATEGORY_SIGNS
        sign = next((sign for sign in signs if sign.search(text)), None)
        paths = text.split(",")
        if sign and len(paths) > 1 and all(sign.search(path) for path in paths):
            text = paths[0]  # several paths: here too the first is the main one
        levels = [clean(each) for each in (sign.split(text) if sign else [text])]
    else:
        levels = [_scalar({columns.category[0]: value}, columns.category[0])]
    return tuple(level for level in levels if level is not None)


def _price(values: Mapping[str, Any], columns: Columns) -> tuple[Price | None, str | None]:
    """The price, or the text of one that cannot be understood. The shop's currency column overrules the text."""
    value = None if columns.price is None else values.get(columns.price)
    value = _unpacked(value) if isinstance(value, str) and value.lstrip().startswith("{") else value
    currency_text = _as_text(None if columns.currency is None else values.get(columns.currency))
    if isinstance(value, dict):
        currency_text = currency_text or _as_text(value.get("currency"))
        value = next((value[key] for key in ("value", "amount", "price") if value.get(key) is not None), None)
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None, None
    if isinstance(value, str) and value.strip().lower() in _ABSENT:
        return None, None
    stated = None if currency_text is None else currency_code(currency_text)
    own = stated or columns.currency_of_price
    price = parse_price(value, currency=own) if isinstance(value, (str, int, float, Decimal)) else None
    if price is None:
        return None, repr(value)[:60]
    return Price(price.amount, own or price.currency), None


def _attributes(values: Mapping[str, Any], columns: Columns, *, category: Sequence[str]) -> dict[str, str]:
    """The shop's attributes by name, then every column left over that holds a value or a list of values."""
    found: dict[str, str] = {}
    own = _unpacked(values.get(columns.attributes)) if columns.attributes is not None else None
    pairs: list[tuple[object, object]] = list(own.items()) if isinstance(own, dict) else [(columns.attributes, own)]
    for name in columns.attribute:
        value = values.get(name)
        if isinstance(value, dict):
            pairs += [(f"{name}.{key}", each) for key, each in value.items() if not isinstance(each, bytes)]
        else:
            pairs.append((name, value))
    for key, value in pairs:
        name = None if key is None else _as_text(key)
        parts = [_as_text(each) for each in value] if isinstance(value, (list, tuple)) else [_as_text(value)]
        text = ", ".join(part for part in parts if part)
        is_echo = name is not None and "categ" in name.lower() and text in category
        if name and text and not is_echo:
            found.setdefault(name, text)
    return found


def _pictures(values: Mapping[str, Any], columns: Columns) -> Iterator[bytes | str]:
    seen: set[bytes | str] = set()
    for name in columns.images:
        for picture in _picture_values(values.get(name)):
            if picture not in seen:
                seen.add(picture)
                yield picture


def _picture_values(value: object) -> Iterator[bytes | str]:
    unpacked = _unpacked(value)
    if isinstance(unpacked, (list, tuple)):
        for each in unpacked:
            if isinstance(each, str):  # one of a list is one, whatever commas it holds
                yield from [each.strip()] if each.strip().lower() not in _ABSENT else []
            else:
                yield from _picture_values(each)
    elif isinstance(unpacked, dict):
        content = next((unpacked[key] for key in ("bytes", "path", "url", "src") if unpacked.get(key)), None)
        if isinstance(content, (bytes, str)):
            yield content
    elif isinstance(unpacked, bytes):
        yield unpacked
    elif isinstance(unpacked, str):
        if unpacked.strip().lower() not in _ABSENT:
            yield from _split_paths(unpacked.strip())
    elif unpacked is not None:
        yield str(unpacked)


def _split_paths(text: str) -> list[str]:
    """`a.jpg|b.jpg`, `a.jpg; b.jpg`, `a.jpg, b.jpg`: several paths, where every part looks like one; several addresses
    with blanks between them, which no address holds."""
    words = [word.rstrip(",;|") for word in text.split()]
    if len(words) > 1 and all(map(_is_address, words)):
        text = "|".join(words)
    for sign in "|;,":
        parts = [part.strip() for part in text.split(sign) if part.strip()]
        # Addresses may hold commas: "https://shop/w_400,h_400/mug.jpg" is one. Addresses among paths are cut from them
        # only where no address could hold the sign: a bar, or one with a blank behind it.
        addresses = [part for part in parts if _is_address(part)]
        is_certain = sign == "|" or (
            len(re.split(rf"{sign}\s+", text)) == len(parts) and not any(" " in each for each in addresses)
        )
        is_plain = len(addresses) in (0, len(parts)) or is_certain
        if len(parts) > 1 and is_plain and all(_looks_like_picture(part) for part in parts):
            return parts
    return [text]


def _looks_like_picture(text: str) -> bool:
    return _is_address(text) or text.lower().endswith(tuple(PICTURE_SUFFIXES))


def _is_address(text: str) -> bool:
    return text.lower().startswith(("http://", "https://"))
