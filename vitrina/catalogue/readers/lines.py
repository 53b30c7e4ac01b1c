"""JSON Lines, row by row."""

import codecs
import json
from collections.abc import Iterator
from pathlib import Path

from vitrina.catalogue.readers.opening import MAX_LINE_BYTES, open_bytes
from vitrina.catalogue.readers.record import BadRow, Record


def _no_constant(_: str) -> None:
    """NaN and Infinity, which some programs write into JSON, say that nothing is known."""


JSON = json.JSONDecoder(parse_constant=_no_constant)


class LinesReader:
    """JSON Lines: one object per line, UTF-8."""

    note = ""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.root = path.parent
        self.size = path.stat().st_size

    def rows(self) -> Iterator[Record | BadRow]:
        with open_bytes(self.path) as (file, raw):
            row = 0
            while line := file.readline(MAX_LINE_BYTES):
                row += 1
                if row == 1:
                    line = line.removeprefix(codecs.BOM_UTF8)
                is_long = len(line) == MAX_LINE_BYTES and not line.endswith(b"\n")
                while is_long and (more := file.readline(MAX_LINE_BYTES)) and not more.endswith(b"\n"):
                    pass
                if line.strip():
                    yield self._row(b"" if is_long else line, row=row, position=raw.tell())

    def _row(self, line: bytes, *, row: int, position: int) -> Record | BadRow:
        try:
            values = JSON.decode(line.decode())
        except UnicodeDecodeError as error:
            return BadRow(self.path, row, "invalid UTF-8", f"at byte {error.start + 1}", position)
        except RecursionError:
            return BadRow(self.path, row, "broken JSON", "nested too deeply", position)
        except ValueError as error:
            detail = str(error) if line else f"longer than {MAX_LINE_BYTES >> 20} MB"
            return BadRow(self.path, row, "broken JSON", detail, position)
        if not isinstance(values, dict):
            kind = "a list: write one object per line" if isinstance(values, list) else "no object"
            return BadRow(self.path, row, "not a JSON object", f"it is {kind}", position)
        return Record(self.path, row, values, position)
