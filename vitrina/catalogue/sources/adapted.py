"""Readers of a known schema: other columns in, products with our field names out."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from vitrina.catalogue.readers.record import BadRow, Reader, Record
from vitrina.catalogue.readers.webdataset import WebDatasetReader

_TRIED_ROWS = 20


@dataclass(frozen=True)
class Schema:
    """The columns of a source. Of each group in `needed` one column must be there; `more` may be missing."""

    source: str
    needed: tuple[tuple[str, ...], ...]
    more: tuple[str, ...] = ()

    def text(self) -> str:
        """The columns in words."""
        needed = [" or ".join(group) for group in self.needed]
        return ", ".join(needed) + (f"; and perhaps {', '.join(self.more)}" if self.more else "")


class AdaptedReader:
    """The rows of a reader, as products: `product` makes our fields from one row's values. A row without an id is
    called by the source, the export and its number, so rows must keep their place.

    Raises ValueError, listing what is expected and what was found, where the first rows have other columns.
    """

    def __init__(
        self, reader: Reader, *, schema: Schema, product: Callable[[Mapping[str, Any]], dict[str, Any]]
    ) -> None:
        self.path, self.root, self.size, self.note = reader.path, reader.root, reader.size, reader.note
        self._reader, self._product = reader, product
        # Two sources whose exports bear the same name must not replace each other's rows in a catalogue.
        name = reader.path.name
        self._id_prefix = schema.source if name == schema.source else f"{schema.source}-{name}"
        found = list(dict.fromkeys(name for row in first_rows(self._records()) for name in row.values))
        missing = [group for group in schema.needed if not set(group) & set(found)]
        if found and missing:
            lacks = ", ".join(" or ".join(group) for group in missing)
            raise ValueError(
                f"{self.path} is no export of {schema.source}: it lacks {lacks}. Expected are the columns "
                f"{schema.text()}; found are {', '.join(found)}. Export it as it is on the hub, or read it as a feed "
                f"of your own, without {schema.source}="
            )

    def rows(self) -> Iterator[Record | BadRow]:
        for row in self._records():
            if isinstance(row, BadRow):
                yield row
            else:
                values = {name: value for name, value in self._product(row.values).items() if value not in (None, [])}
                yield Record(row.file, row.row, {"id": f"{self._id_prefix}-{row.row}"} | values, row.position)

    def _records(self) -> Iterator[Record | BadRow]:
        """The rows with the source's own names: what a tar calls .txt is its text."""
        for row in self._reader.rows():
            if isinstance(row, Record) and isinstance(self._reader, WebDatasetReader) and "text" not in row.values:
                values = {("text" if name == "description" else name): each for name, each in row.values.items()}
                yield Record(row.file, row.row, values, row.position)
            else:
                yield row


def first_rows(rows: Iterator[Record | BadRow]) -> Sequence[Record]:
    """The first few rows that could be read."""
    return [row for row in islice(rows, _TRIED_ROWS) if isinstance(row, Record)]


def export_readers(export: str | Path) -> list[Reader]:
    """The readers of an export: whatever can be ingested."""
    from vitrina.catalogue.readers.find import find_readers

    return find_readers(export)


def attributes(values: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """Those columns that hold something."""
    return {name: values[name] for name in names if values.get(name) not in (None, "")}
