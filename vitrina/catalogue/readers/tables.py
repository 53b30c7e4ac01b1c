"""CSV and TSV, row by row."""

import csv
import io
import re
from collections import deque
from collections.abc import Iterator
from pathlib import Path

from vitrina.catalogue.readers.opening import MAX_LINE_BYTES, SNIFFED_BYTES, find_encoding, kind_of, open_bytes
from vitrina.catalogue.readers.record import BadRow, Record

_MAX_LINES_OF_A_ROW = 1_000
_SURROGATE = re.compile("[\ud800-\udfff]")


class TableReader:
    """CSV or TSV with a header line. The encoding (UTF-8, UTF-16 by its mark, else Windows-1252) and the delimiter are
    found from the beginning of the file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.root = path.parent
        self.size = path.stat().st_size
        with open_bytes(path) as (file, _):
            sample = file.read(SNIFFED_BYTES)
        self._encoding = find_encoding(sample)
        text = sample.decode(self._encoding, errors="replace").lstrip("\r\n")
        self._delimiter = "\t" if kind_of(path) == ".tsv" else _find_delimiter(text)
        self.note = "read as Windows-1252, because it is not UTF-8" if self._encoding == "cp1252" else ""

    def rows(self) -> Iterator[Record | BadRow]:
        csv.field_size_limit(MAX_LINE_BYTES)
        with open_bytes(self.path) as (file, raw):
            # Bytes that are no text in the encoding come through as surrogates and cost their row alone.
            lines = _Lines(io.TextIOWrapper(file, encoding=self._encoding, errors="surrogateescape", newline=""))
            try:
                header = self._header(lines)
                while (start := lines.number + 1) and (cells := lines.next_row(self._delimiter)) is not None:
                    if isinstance(cells, str) or any(cell.strip() for cell in cells):
                        yield self._row(cells, header=header, row=start, position=raw.tell())
            except UnicodeError as error:
                raise ValueError(f"{self.path} cannot be read as {self._encoding}: {error}") from error

    def _row(self, cells: list[str] | str, *, header: list[str], row: int, position: int) -> Record | BadRow:
        if isinstance(cells, str):
            return BadRow(self.path, row, "broken CSV", cells, position)
        if len(cells) != len(header) and (len(cells) < len(header) or any(cells[len(header) :])):
            detail = f"{len(cells)} cells instead of {len(header)}"
            return BadRow(self.path, row, "wrong number of columns", detail, position)
        if _SURROGATE.search("".join(cells)):
            return BadRow(self.path, row, "invalid UTF-8", "", position)
        return Record(self.path, row, {name: cell for name, cell in zip(header, cells, strict=False) if name}, position)

    def _header(self, lines: "_Lines") -> list[str]:
        cells: list[str] | str | None = []
        while cells == [] or (isinstance(cells, list) and not any(cell.strip() for cell in cells)):
            cells = lines.next_row(self._delimiter)
        if cells is None:
            return []
        if isinstance(cells, str):
            raise ValueError(f"{self.path}: the header in line 1 cannot be read: {cells}")
        header = [cell.strip() for cell in cells]
        twice = next((name for name in header if name and header.count(name) > 1), None)
        if twice is not None:
            raise ValueError(f"{self.path}: the column {twice!r} stands twice in the header: rename one of them")
        return header


class _Lines:
    """Lines of a table that can be put back when a quote that never closes has swallowed them."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._text = text
        self._returned: deque[str] = deque()
        self.number = 0

    def next_row(self, delimiter: str) -> list[str] | str | None:
        """The cells of the next row, a reason why it has none, or None at the end."""
        taken: list[str] = []

        def feed() -> Iterator[str]:
            while len(taken) < _MAX_LINES_OF_A_ROW:
                line = self._returned.popleft() if self._returned else self._text.readline()
                if not line:
                    return
                taken.append(line)
                self.number += 1
                yield line

        try:
            return next(csv.reader(feed(), delimiter=delimiter, strict=True), None)
        except csv.Error as error:
            self._returned.extendleft(reversed(taken[1:]))
            self.number -= len(taken) - 1
            is_open = "unexpected end of data" in str(error)
            return "a quote that is opened and never closed" if is_open else str(error)


def _find_delimiter(text: str) -> str:
    """The sign that the first line holds most of, outside of quotes."""
    header = "".join(text.splitlines()[:1])
    outside = "".join(header.split('"')[::2])
    return max(",;\t|", key=lambda sign: (outside.count(sign), sign == ","))
