"""JSON documents that hold products: a list of them, an object around such a list, or one product."""

import codecs
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from vitrina.catalogue.readers.lines import JSON
from vitrina.catalogue.readers.opening import MAX_LINE_BYTES, SNIFFED_BYTES, find_encoding, open_bytes
from vitrina.catalogue.readers.record import BadRow, Record

LIST_NAMES = ("products", "items", "data", "results", "records", "rows", "productos", "articulos")
"""Names under which an object may hold the list of products."""

_FIRST = re.compile(r"\[[ \t\r\n]*(.)", re.DOTALL)
_CHUNK = 1 << 18
_BLANK = re.compile(r"[ \t\r\n\ufeff]*")
_BETWEEN = re.compile(r"[ \t\r\n,]*")
_SURROGATE = re.compile("[\udc80-\udcff]")
_WORD = re.compile(r"[^,\]}]*")
_MARK = re.compile(r'"(?:[^"\\]|\\.)*+"|["{}\[\]]', re.DOTALL)


class JsonItemsReader:
    """A JSON document as rows, one for each product in it, numbered from 1. A few of them are in memory at a time."""

    note = ""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.root = path.parent
        self.size = path.stat().st_size

    def rows(self) -> Iterator[Record | BadRow]:
        with open_bytes(self.path) as (file, raw):
            text = _Text(file)
            try:
                for number, item in enumerate(_items(text), 1):
                    yield self._row(item, number=number, position=raw.tell())
            except _BrokenError as error:
                detail = f"{error}; what follows was not read"
                yield BadRow(self.path, error.line, "broken JSON", detail, self.size)

    def _row(self, item: "_Item", *, number: int, position: int) -> Record | BadRow:
        if item.problem is not None:
            return BadRow(self.path, number, "broken JSON", item.problem, position)
        if not isinstance(item.value, dict):
            return BadRow(self.path, number, "not a JSON object", f"it is {str(item.value)[:60]!r}", position)
        return Record(self.path, number, item.value, position)


def is_document(beginning: str) -> bool:
    """Whether a text that begins so is one JSON document, and not lines with an object each."""
    line, _, rest = beginning.partition("\n")
    return not (line.startswith("{") and line.rstrip().endswith("}") and rest.strip())


class _BrokenError(ValueError):
    """The document cannot be read any further than this line."""

    def __init__(self, problem: str, *, line: int) -> None:
        super().__init__(problem)
        self.line = line


@dataclass(frozen=True)
class _Item:
    value: Any
    problem: str | None = None


class _Text:
    """The document as a window of text that moves forward."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        sample = file.read(SNIFFED_BYTES)
        encoding = find_encoding(sample)
        # Bytes that are no text come through as surrogates and cost their item alone.
        errors = "replace" if encoding == "utf-16" else "surrogateescape"
        self._decoder = codecs.getincrementaldecoder(encoding)(errors=errors)
        self._line = 1
        self._is_whole = False
        self.text, self.place = "", 0
        self._append(sample)

    @property
    def line(self) -> int:
        """The line of the place, from 1."""
        return self._line + self.text.count("\n", 0, self.place)

    def more(self) -> bool:
        """Reads on, as much again as is already there; false at the end."""
        if self._is_whole:
            return False
        self._line += self.text.count("\n", 0, self.place)
        self.text, self.place = self.text[self.place :], 0
        self._append(self._file.read(max(_CHUNK, len(self.text))))
        return True

    def peek(self) -> str:
        """The next sign that is no blank, or nothing at the end."""
        return self._next(_BLANK)

    def peek_item(self) -> str:
        """The next sign that is neither blank nor comma, or nothing at the end."""
        return self._next(_BETWEEN)

    def value(self) -> _Item:
        """The value at the place, which moves behind it. Raises _BrokenError where its end cannot be found."""
        while True:
            try:
                value, end = JSON.raw_decode(self.text, self.place)
                if end == len(self.text) and self.more():
                    continue  # a number may go on
                has_broken_bytes = _SURROGATE.search(self.text, self.place, end) is not None
                self.place = end
                return _Item(value, "invalid UTF-8" if has_broken_bytes else None)
            except RecursionError:
                problem = "nested too deeply"
            except json.JSONDecodeError as error:
                problem = error.msg
            end = _end(self.text, self.place)
            if end is not None and end == self.place:
                raise _BrokenError(f"{self.text[end]!r} where a value is expected", line=self.line)
            if end is not None:
                self.place = end
                return _Item(None, problem)
            if len(self.text) - self.place > MAX_LINE_BYTES:
                raise _BrokenError(f"a value of more than {MAX_LINE_BYTES >> 20} MB", line=self.line)
            if not self.more():
                raise _BrokenError(f"{problem}, and the document ends inside it", line=self.line)

    def _next(self, blanks: re.Pattern[str]) -> str:
        while True:
            match = blanks.match(self.text, self.place)
            assert match is not None
            self.place = match.end()
            if self.place < len(self.text) or not self.more():
                return self.text[self.place : self.place + 1]

    def _append(self, data: bytes) -> None:
        self._is_whole = not data
        self.text += self._decoder.decode(data, final=self._is_whole)


def _end(text: str, place: int) -> int | None:
    """Where the value at a place ends by its brackets, though it cannot be read; None where the text ends before."""
    if text[place] not in '"{[':
        match = _WORD.match(text, place)
        assert match is not None
        return match.end() if match.end() < len(text) else None
    depth = 0
    for mark in _MARK.finditer(text, place):
        sign = mark.group()
        if sign == '"':
            return None
        if sign in "{[":
            depth += 1
        elif sign in "}]":
            depth -= 1
        if depth == 0:
            return mark.end()
    return None


def _items(text: _Text) -> Iterator[_Item]:
    while sign := text.peek():
        if sign == "[":
            yield from _list_items(text)
        elif sign == "{":
            yield from _object_items(text)
        else:
            raise _BrokenError(f"neither a list nor an object: {sign!r}", line=text.line)


def _list_items(text: _Text) -> Iterator[_Item]:
    text.place += 1
    while (sign := text.peek_item()) != "]":
        if not sign:
            raise _BrokenError("the list is not closed", line=text.line)
        yield text.value()
    text.place += 1


def _object_items(text: _Text) -> Iterator[_Item]:
    """The items of every list of products in an object, or the object itself where it holds none."""
    own: dict[str, Any] = {}
    has_list = False
    text.place += 1
    while (sign := text.peek_item()) != "}":
        if sign != '"':
            problem = f"{sign!r} where a name is expected" if sign else "an object is not closed"
            raise _BrokenError(problem, line=text.line)
        item = text.value()
        if item.problem is not None:
            raise _BrokenError(f"a name: {item.problem}", line=text.line)
        name = item.value
        if text.peek() != ":":
            raise _BrokenError(f"no colon behind the name {name!r}", line=text.line)
        text.place += 1
        sign = text.peek()
        if name in LIST_NAMES and sign == "[" and _begins_with_object(text):
            has_list = True
            yield from _list_items(text)
        elif name == "data" and sign == "{":
            has_list = True
            yield from _object_items(text)
        else:
            item = text.value()
            if item.problem is not None:
                raise _BrokenError(f"{name!r}: {item.problem}", line=text.line)
            own[name] = item.value
    text.place += 1
    if not has_list:
        inner = own.get("product")
        yield _Item(inner if isinstance(inner, dict) else own)


def _begins_with_object(text: _Text) -> bool:
    """Whether the list at the place holds objects or nothing. A list of words is a value like others."""
    while (match := _FIRST.match(text.text, text.place)) is None and text.more():
        pass
    return match is None or match[1] in "{]"
