"""Small files that people write by hand or in a spreadsheet: a text, or a table with a header; errors name the line."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_NEVER_CLOSED = "unexpected end of data"


@dataclass(frozen=True, slots=True)
class Row:
    """A row's cells by our names of the columns, "" where it has none; `place` says where it begins, for errors."""

    place: str
    cells: Mapping[str, str]

    def wrong(self, words: str) -> ValueError:
        """The error that names file and line before `words`."""
        return ValueError(f"{self.place}: {words}")


def read_text(path: Path, *, what: str) -> str:
    """The text of a file in UTF-8, its mark left out. Raises ValueError naming file, line and mend; `what` says in it
    what the file should hold."""
    try:
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise ValueError(f"there is no file {path}: name a file of {what}") from None
    except IsADirectoryError:
        raise ValueError(f"{path} is a folder: name a file of {what}") from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise ValueError(
            f"{path}, line {line}: byte {error.start} is no UTF-8: save the file as UTF-8 (in a spreadsheet: CSV UTF-8)"
        ) from None


def read_table(path: Path, *, what: str, columns: Mapping[str, str], needed: Sequence[str]) -> Iterator[Row]:
    """The rows that are not empty of a CSV or TSV file with a header, blanks around the cells left out.

    `columns` are the headers that are understood, whatever their capitals, with our name of each; others are passed
    over. Cells stand between tabs in a .tsv, else between what the header holds most of: commas, semicolons (as Spanish
    spreadsheets write) or tabs. Raises ValueError naming file and line for a header that lacks one of `needed`, for a
    row with more cells than the header, and for quotes that do not close.
    """
    text = read_text(path, what=what)
    delimiter = "\t" if path.suffix.lower() == ".tsv" else _delimiter(text)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    names: list[str | None] = []
    known = ", ".join(dict.fromkeys(columns.values()))
    line = 1
    try:
        for cells in reader:
            place, line = f"{path}, line {line}", reader.line_num + 1
            cells = [cell.strip() for cell in cells]
            if not any(cells):
                continue
            if not names:
                names = [columns.get(cell.lower()) for cell in cells]
                if missing := [name for name in needed if name not in names]:
                    raise ValueError(
                        f"{place}: the header {', '.join(cells)} lacks {missing[0]!r}: the columns are {known}"
                    )
                if twice := [name for name in names if name is not None and names.count(name) > 1]:
                    raise ValueError(f"{place}: the column {twice[0]!r} stands twice in the header: keep one")
                continue
            if len(cells) > len(names):
                raise ValueError(
                    f"{place}: {len(cells)} cells where the header has {len(names)}: put a text that holds "
                    f"{delimiter!r} in quotes"
                )
            named = dict(zip(names, cells, strict=False))
            yield Row(place, {name: named.get(name, "") for name in columns.values()})
    except csv.Error as error:
        why = "a quote is opened and never closed" if _NEVER_CLOSED in str(error) else str(error)
        raise ValueError(f"{path}, line {line}: {why}: mend it, or save the file as CSV anew") from error
    if not names:
        raise ValueError(f"{path} is empty: it needs a header with the columns {known}")


def _delimiter(text: str) -> str:
    """What the header holds most of, outside of quotes."""
    header = next((line for line in text.splitlines() if line.strip()), "")
    return max(",;\t", key="".join(header.split('"')[::2]).count)
