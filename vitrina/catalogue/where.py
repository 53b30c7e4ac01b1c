"""Conditions on products, as text: `price < 20 and (brand = "Acme" or not category = "Shoes > Boots")`.

    condition  = comparison | "not" condition | condition "and" condition | condition "or" condition | "(" condition ")"
    comparison = field operator value | field "is" "missing" | field "is" "present"
    operator   = "=" | "!=" | "<" | "<=" | ">" | ">=" | "~"
    field      = one of FIELDS, or attributes.NAME, or attributes."A NAME WITH SPACES"
    value      = a word or a number, or anything in single or double quotes (a backslash keeps the quote after it)

`not` binds before `and`, `and` before `or`; these words may be written in capitals.

What holds:

- `=` compares texts exactly, but languages, currencies and splits without regard to case. `!=` is its opposite in every
  product: a missing fact is equal to nothing, so `brand != Acme` holds where there is no brand.
- `~` holds where a text contains another, without regard to case.
- `<`, `<=`, `>` and `>=` compare numbers: `price`, `picture_count`, `text_count`, and attributes whose value is nothing
  but a number. They hold for no product that lacks the fact.
- `category = Shoes` holds where any level of the path is `Shoes`; `category = "Clothing > Shoes"` where the path begins
  so. `category ~ shoe` looks into every level.
- `language = es` holds where any text is in Spanish, whatever the country (`es-MX`); `language = es-MX` in that alone.
- `is missing` and `is present` say whether there is a fact; counts are never missing.
"""

# pyright: reportAttributeAccessIssue=false
# Arrow makes its compute functions when it is imported.

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import reduce

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from vitrina.catalogue.shards import PRICE
from vitrina.catalogue.splits import split_name

FIELDS = (
    "id", "brand", "category", "price", "currency", "language", "domain", "group", "split", "picture_count",
    "text_count", "attributes.NAME",
)  # fmt: skip

_OPERATORS = ("!=", "<=", ">=", "=", "<", ">", "~")
_ORDER: dict[str, Callable[..., pa.Array]] = {
    "<": pc.less, "<=": pc.less_equal, ">": pc.greater, ">=": pc.greater_equal, "=": pc.equal, "!=": pc.equal,
}  # fmt: skip
_COUNTS = ("picture_count", "text_count")
_NUMBERS = ("price", *_COUNTS)
_WORDS = ("and", "or", "not", "is")
_QUOTED = r""""(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'"""
_TOKEN = re.compile(
    rf"\s*(?:(?P<quoted>{_QUOTED})|(?P<sign>[()]|!=|<=|>=|[=<>~])|(?P<attribute>attributes\.(?:{_QUOTED}))"
    r"""|(?P<word>[^\s()=!<>~"']+))""",
    re.DOTALL,
)
_NUMBER = re.compile(r"[+-]?\d{1,18}(?:\.\d{1,6})?")
_ATTRIBUTE_NUMBER = r"^\s*[+-]?\d{1,300}(\.\d+)?\s*$"
_DEEPEST = 100
_SHOWN_ATTRIBUTES = 30
_LONGEST_SHOWN = 200  # characters of a condition in an error

_Mask = Callable[[pa.RecordBatch], np.ndarray]


@dataclass(frozen=True)
class Condition:
    """A condition that was read. `mask` says of which rows of a catalogue's facts it holds; `attributes` are those that
    it names."""

    holds: _Mask
    attributes: frozenset[str]

    def mask(self, facts: pa.RecordBatch) -> np.ndarray:
        """One bool for each row of a batch of `Catalogue.facts()`."""
        return self.holds(facts)


def matching(facts: pa.Table, *, where: str) -> np.ndarray:
    """For each row of `Catalogue.facts()`, whether the condition holds. Works batch by batch, beside the facts in a
    few bytes a row. Raises ValueError, with the position, where the condition cannot be read.

    >>> matching(Catalogue.open("shop").facts(), where="price < 20").sum()  # doctest: +SKIP
    """
    condition = parse_condition(where)
    return np.concatenate([np.zeros(0, bool), *(condition.mask(batch) for batch in facts.to_batches())])


def parse_condition(where: str) -> Condition:
    """Reads a condition. Raises ValueError with the position and what was expected there."""
    parser = _Parser(where)
    return Condition(parser.condition(), frozenset(parser.attributes))


def check_attributes(condition: Condition, *, known: Collection[str]) -> None:
    """Raises ValueError where a condition names an attribute that is not among `known`: `!=` holds without it, so that
    a slip of the pen would mean every product."""
    for name in sorted(condition.attributes - set(known)):
        names = ", ".join(sorted(known)[:_SHOWN_ATTRIBUTES]) or "none"
        more = ", …" if len(known) > _SHOWN_ATTRIBUTES else ""
        raise ValueError(f"no product has the attribute {name!r}; the attributes are {names}{more}")


def attribute_names(facts: pa.RecordBatch) -> set[str]:
    """The attributes that the products of a batch of `Catalogue.facts()` have."""
    return set(pc.unique(facts.column("attributes").keys).to_pylist())


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    position: int


class _Parser:
    """Reads one condition from left to right."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = self._split()
        self._next = 0
        self._depth = 0
        self.attributes: set[str] = set()

    def condition(self) -> _Mask:
        if not self._tokens:
            raise ValueError(f"the condition is empty: for example price < 20; fields are {', '.join(FIELDS)}")
        found = self._or()
        if self._next < len(self._tokens):
            raise self._wrong("expected `and`, `or` or the end; a value with blanks stands in quotes")
        return found

    def _split(self) -> list[_Token]:
        tokens, position, end = [], 0, len(self._text.rstrip())
        while position < end:
            match = _TOKEN.match(self._text, position)
            if match is None:
                start = position + len(self._text[position:]) - len(self._text[position:].lstrip())
                is_quote = self._text[start] in "\"'"
                why = "this quote is never closed" if is_quote else "no condition can have this sign here"
                raise self._wrong(why, position=start)
            kind = str(match.lastgroup)
            tokens.append(_Token(kind, match[kind], match.start(kind)))
            position = match.end()
        return tokens

    def _or(self) -> _Mask:
        found = [self._and()]
        while self._take_word("or"):
            found.append(self._and())
        return _any_of(found)

    def _and(self) -> _Mask:
        found = [self._not()]
        while self._take_word("and"):
            found.append(self._not())
        return _all_of(found)

    def _not(self) -> _Mask:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise self._wrong(f"more than {_DEEPEST} levels of `not` and parentheses")
        if self._take_word("not"):
            found = _opposite(self._not())
        elif self._take_sign("("):
            found = self._or()
            if not self._take_sign(")"):
                raise self._wrong("expected `)`")
        else:
            found = self._comparison()
        self._depth -= 1
        return found

    def _comparison(self) -> _Mask:
        start = self._next
        token = self._take()
        name = token.text if token is not None and token.kind in ("word", "attribute") else ""
        field, _, attribute = name.partition(".")
        is_attribute = field == "attributes" and attribute != ""
        if not is_attribute and (name not in FIELDS or name in _WORDS):
            self._next = start
            raise self._wrong(f"expected a field: {', '.join(FIELDS)}")
        if token is not None and token.kind == "attribute":
            attribute = _unquoted(attribute)
        if is_attribute:
            self.attributes.add(attribute)
        if self._take_word("is"):
            for word in ("missing", "present"):
                if self._take_word(word):
                    missing = _missing(field, attribute)
                    return missing if word == "missing" else _opposite(missing)
            raise self._wrong("expected `missing` or `present`")
        operator = self._operator(field)
        start = self._next
        value = self._value()
        try:
            return _compare(field, attribute, operator, value)
        except ValueError as error:
            self._next = start
            raise self._wrong(str(error)) from None

    def _operator(self, field: str) -> str:
        start, token = self._next, self._take()
        if token is None or token.kind != "sign" or token.text not in _OPERATORS:
            self._next = start
            raise self._wrong(f"expected an operator after {field}: = != < <= > >= ~, or `is missing`, `is present`")
        return token.text

    def _value(self) -> str:
        start, token = self._next, self._take()
        if token is not None and token.kind == "quoted":
            return _unquoted(token.text)
        if token is None or token.kind != "word" or token.text.lower() in _WORDS:
            self._next = start
            raise self._wrong("expected a value: a word, a number or a text in quotes")
        return token.text

    def _take(self) -> _Token | None:
        token = self._tokens[self._next] if self._next < len(self._tokens) else None
        self._next += token is not None
        return token

    def _take_word(self, word: str) -> bool:
        return self._take_if(lambda token: token.kind == "word" and token.text.lower() == word)

    def _take_sign(self, sign: str) -> bool:
        return self._take_if(lambda token: token.kind == "sign" and token.text == sign)

    def _take_if(self, test: Callable[[_Token], bool]) -> bool:
        is_it = self._next < len(self._tokens) and test(self._tokens[self._next])
        self._next += is_it
        return is_it

    def _wrong(self, why: str, *, position: int | None = None) -> ValueError:
        if position is None:
            is_end = self._next >= len(self._tokens)
            position = len(self._text) if is_end else self._tokens[self._next].position
        near = self._text[position : position + 20]
        where = f"at position {position + 1}, before {near!r}" if near.strip() else "at its end"
        stated = self._text if len(self._text) <= _LONGEST_SHOWN else f"{self._text[:_LONGEST_SHOWN]}…"
        return ValueError(f"the condition {stated!r} cannot be read {where}: {why}")


def _unquoted(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text[1:-1], flags=re.DOTALL)


def _any_of(masks: Sequence[_Mask]) -> _Mask:
    return lambda facts: reduce(np.logical_or, (mask(facts) for mask in masks))


def _all_of(masks: Sequence[_Mask]) -> _Mask:
    return lambda facts: reduce(np.logical_and, (mask(facts) for mask in masks))


def _opposite(inner: _Mask) -> _Mask:
    return lambda facts: ~inner(facts)


def _missing(field: str, attribute: str) -> _Mask:
    if field == "category":
        return lambda facts: _filled(pc.list_value_length(facts.column("category"))) == 0
    if field == "language":
        return _opposite(_any_language(lambda languages: pc.is_valid(languages)))
    return lambda facts: _bools(pc.is_null(_column(facts, field, attribute)))


def _compare(field: str, attribute: str, operator: str, value: str) -> _Mask:
    """The comparison of a field. ValueError where the field has no such operator or the value is of a wrong kind."""
    if not value:
        raise ValueError("an empty text is no fact of a product: write `is missing` or `is present`")
    if operator == "~" and field in _NUMBERS:
        raise ValueError(f"{field} is a number and contains nothing: compare it by = != < <= > >=")
    if operator in ("<", "<=", ">", ">=") and field not in (*_NUMBERS, "attributes"):
        raise ValueError(f"{field} is a text: compare it by = != or ~")
    if field in _NUMBERS or operator in ("<", "<=", ">", ">="):
        number = _number(value, field=field)
        compare = _ORDER[operator]
        equal = _on_numbers(field, attribute, lambda numbers: compare(numbers, number))
    elif operator == "~":
        equal = _on_texts(field, attribute, lambda texts: pc.match_substring(texts, value, ignore_case=True))
    elif field == "category" and ">" in value:
        path = [level.strip() for level in value.split(">")]
        equal = _any_of([_begins(path), _on_texts(field, attribute, lambda texts: pc.equal(texts, value))])
    elif field == "language":
        pattern = rf"^{re.escape(value)}(-.*)?$"
        equal = _any_language(lambda texts: pc.match_substring_regex(texts, pattern, ignore_case=True))
    else:
        exact = _exact(field, value)
        equal = _on_texts(field, attribute, lambda texts: pc.equal(texts, exact))
    return _opposite(equal) if operator == "!=" else equal


def _exact(field: str, value: str) -> str:
    """A value as the field writes it."""
    if field == "split":
        split = split_name(value)
        if split is None:
            raise ValueError("a split is train, val or test")
        return split
    return value.upper() if field == "currency" else value


def _number(text: str, *, field: str) -> pa.Scalar:
    if _NUMBER.fullmatch(text) is None:
        raise ValueError(f"{field} is compared with a number of at most 6 decimals, such as 12.50")
    try:
        exact = Decimal(text)
    except InvalidOperation as error:
        raise ValueError(f"{text!r} is no number") from error
    if field == "attributes":
        return pa.scalar(float(exact))
    return pa.scalar(exact.quantize(Decimal("0.000001")), PRICE)


def _on_numbers(field: str, attribute: str, test: Callable[[pa.Array], pa.Array]) -> _Mask:
    def holds(facts: pa.RecordBatch) -> np.ndarray:
        values = _column(facts, field, attribute)
        if field == "attributes":
            is_number = pc.match_substring_regex(values, _ATTRIBUTE_NUMBER)
            plain = pc.utf8_trim_whitespace(pc.if_else(is_number, values, pa.scalar(None, pa.string())))
            values = pc.utf8_ltrim(plain, "+").cast(pa.float64())
        elif field in _COUNTS:
            values = values.cast(PRICE)
        return _bools(test(values))

    return holds


def _on_texts(field: str, attribute: str, test: Callable[[pa.Array], pa.Array]) -> _Mask:
    if field == "language":
        return _any_language(test)
    if field == "category":
        return lambda facts: _any(facts.column("category"), lambda levels: test(levels))
    return lambda facts: _bools(test(_column(facts, field, attribute)))


def _any_language(test: Callable[[pa.Array], pa.Array]) -> _Mask:
    def of_texts(structs: pa.Array) -> pa.Array:
        return test(pc.struct_field(structs, "language"))

    return lambda facts: _any(facts.column("titles"), of_texts) | _any(facts.column("descriptions"), of_texts)


def _any(lists: pa.Array, test: Callable[[pa.Array], pa.Array]) -> np.ndarray:
    """Whether a test holds for any item of each list."""
    found = np.zeros(len(lists), bool)
    found[pc.list_parent_indices(lists).to_numpy()[_bools(test(pc.list_flatten(lists)))]] = True
    return found


def _begins(path: list[str]) -> _Mask:
    """Whether a category path begins with these levels."""

    def holds(facts: pa.RecordBatch) -> np.ndarray:
        lists = facts.column("category")
        parents, levels = pc.list_parent_indices(lists).to_numpy(), pc.list_flatten(lists)
        lengths = _filled(pc.list_value_length(lists))
        first = np.cumsum(lengths) - lengths
        depth = np.arange(len(levels)) - first[parents]
        agreeing = np.zeros(len(lists), np.int64)
        for number, name in enumerate(path):
            agreeing[parents[(depth == number) & _bools(pc.equal(levels, name))]] += 1
        return agreeing == len(path)

    return holds


def _column(facts: pa.RecordBatch, field: str, attribute: str) -> pa.Array:
    column = facts.column(field)
    return pc.map_lookup(column, pa.scalar(attribute), "first") if field == "attributes" else column


def _bools(values: pa.Array) -> np.ndarray:
    """Nulls as False."""
    return pc.fill_null(values, False).to_numpy(zero_copy_only=False).astype(bool)


def _filled(values: pa.Array) -> np.ndarray:
    return pc.fill_null(values, 0).to_numpy(zero_copy_only=False)
