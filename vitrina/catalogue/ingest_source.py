"""What a user names as sources, opened: every file with its columns, found before anything is read in earnest."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from vitrina.catalogue.columns import check_columns, check_fields, find_columns
from vitrina.catalogue.readers import BadRow, Reader, Record, find_readers
from vitrina.catalogue.report import FileReport
from vitrina.catalogue.rows import Draft, RowError, read_row
from vitrina.catalogue.splits import splits_of_files

SNIFFED_ROWS = 1_000
"""So many rows at the beginning of a file show its columns."""
_MAX_COLUMNS = 1_000


@dataclass(frozen=True)
class Entry:
    """One row as it was understood: the draft of a product, or why it is none. `progress` is how far it brings the
    reading of its source on."""

    source: int
    file: Path
    row: int
    progress: int
    outcome: Draft | RowError

    @property
    def references(self) -> tuple[bytes | str, ...]:
        """The pictures that the row names or holds."""
        return self.outcome.pictures if isinstance(self.outcome, Draft) else ()


class Source:
    """One file (or folder, or tar) with its columns, which are looked for again when a row brings new ones."""

    def __init__(
        self,
        reader: Reader,
        *,
        overrides: Mapping[str, str],
        root: Path | None,
        id_prefix: str,
        split: str | None,
    ) -> None:
        self.path = reader.path
        self.size = reader.size
        self.root = (root or reader.root).resolve()
        self._reader = reader
        self._id_prefix = id_prefix
        self._split = split
        self._overrides = overrides
        self._names: dict[str, None] = {}
        self._sample: list[Mapping[str, Any]] = []
        self._first_bad: BadRow | None = None
        self._left_out: list[str] = []
        for row in islice(reader.rows(), SNIFFED_ROWS):
            if isinstance(row, BadRow):
                self._first_bad = self._first_bad or row
            else:
                self._names.update(dict.fromkeys(row.values))
                self._sample.append({name: value for name, value in row.values.items() if isinstance(value, str | int)})
        self.columns = find_columns(list(self._names), overrides=overrides, sample=self._sample)

    @property
    def names(self) -> tuple[str, ...]:
        """The columns of the file."""
        return self.columns.names

    def check(self) -> None:
        """Raises ValueError where no row of the file could become a product."""
        if not self.root.is_dir():
            raise ValueError(f"the root of pictures, {self.root}, is no folder")
        if not self._names:
            bad = self._first_bad
            why = "has no rows" if bad is None else f"has no readable row; row {bad.row}: {bad.reason} ({bad.detail})"
            raise ValueError(f"{self.path} {why}. Export it again, or leave it out")
        if not self.columns.says_something:
            raise ValueError(
                f"{self.path} has no column for a title, a description or a picture; its columns are "
                f"{', '.join(self._names)}. Name one with --map title=COLUMN, or leave the file out"
            )

    def leave_out(self, why: str) -> None:
        """Notes that a file beside this one is not read."""
        self._left_out.append(f"left out: {why}")

    def entries(self, *, number: int = 0) -> Iterator[Entry]:
        """Every row, as a draft or with the reason why it is none; `number` is that of the source."""
        position = 0
        for row in self._reader.rows():
            try:
                if isinstance(row, BadRow):
                    raise RowError(row.reason, detail=row.detail)
                outcome: Draft | RowError = self._draft(row)
            except RowError as error:
                outcome = error
            yield Entry(number, row.file, row.row, row.position - position, outcome)
            position = row.position

    def report(self) -> FileReport:
        """How the file was read."""
        notes = [self._reader.note] if self._reader.note else []
        if self._split is not None and self.columns.split is None:
            notes.append(f"its rows are in {self._split}, as the file's name says beside those of the others")
        if self.columns.id is None:
            notes.append(
                "no column of ids: an id is the file's name and the row's number, so rows must keep their place"
            )
        if self.columns.doubtful_group is not None:
            name = self.columns.doubtful_group
            notes.append(
                f"{name!r} has few values in many rows, so it is an attribute and not the family of variants "
                f"(--map group={name} makes it that)"
            )
        return FileReport(self.path, self.columns.text(), (*notes, *self._left_out))

    def _draft(self, record: Record) -> Draft:
        if not record.values.keys() <= self._names.keys() and len(self._names) < _MAX_COLUMNS:
            self._names.update(dict.fromkeys(record.values))
            self.columns = find_columns(list(self._names), overrides=self._overrides, sample=self._sample)
        draft = read_row(record.values, columns=self.columns, fallback_id=f"{self._id_prefix}-{record.row}")
        if draft.has_split or self._split is None:
            return draft
        return replace(draft, product=replace(draft.product, split=self._split), has_split=True)


def open_sources(
    sources: Sequence[str | Path], *, columns: Mapping[str, str] | None, root: Path | None
) -> list[Source]:
    """Every file that the sources stand for, its columns found and checked.

    Of a folder, files that hold no products (labels, pairs of ids) are left out, and the report says so. Raises
    ValueError, naming the path and what to do, where one cannot be read, a field or a column does not exist, or no row
    could become a product.
    """
    overrides = dict(columns or {})
    check_fields(overrides)
    if not sources:
        raise ValueError("there is nothing to ingest: name at least one file or folder")
    readers = [find_readers(source) for source in sources]
    paths = [reader.path for group in readers for reader in group]
    named = iter(zip(_id_prefixes(paths), splits_of_files(paths), strict=True))
    groups = [
        [
            Source(reader, overrides=overrides, root=root, id_prefix=prefix, split=split)
            for reader, (prefix, split) in zip(group, named, strict=False)
        ]
        for group in readers
    ]
    names = dict.fromkeys(name for group in groups for source in group for name in source.names)
    check_columns(overrides, names=list(names))
    return [source for group in groups for source in _with_products(group)]


def _with_products(group: Sequence[Source]) -> list[Source]:
    """The files of one source that could hold products. Raises ValueError where there is none."""
    kept: list[Source] = []
    refused: list[ValueError] = []
    for source in group:
        try:
            source.check()
            kept.append(source)
        except ValueError as error:
            refused.append(error)
    if not kept:
        raise refused[0]
    for error in refused:
        kept[0].leave_out(str(error))
    return kept


def entries(sources: Sequence[Source]) -> Iterator[Entry]:
    """The rows of all sources, one after the other."""
    for number, source in enumerate(sources):
        yield from source.entries(number=number)


def _id_prefixes(paths: Sequence[Path]) -> list[str]:
    """A name for each file, for ids of rows that have none: with its folders where two files share theirs."""
    names = [path.stem if path.is_file() else path.name for path in paths]
    folders = [(path.resolve() if path.exists() else path).parts[-3:-1] for path in paths]
    return [
        name if names.count(name) == 1 else "-".join([*above, name]) for name, above in zip(names, folders, strict=True)
    ]
