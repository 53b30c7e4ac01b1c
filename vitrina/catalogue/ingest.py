"""From the product files of a shop to a catalogue."""

import os
import re
from array import array
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any, Literal

import numpy as np
from tqdm import tqdm

from vitrina.catalogue.columns import check_columns, check_fields, find_columns
from vitrina.catalogue.pictures import MAX_ENCODED_BYTES, PictureError, canonicalise
from vitrina.catalogue.product import Product
from vitrina.catalogue.readers import BadRow, Reader, Record, find_readers
from vitrina.catalogue.report import FileReport, IngestReport, Sample, Tally
from vitrina.catalogue.rows import Draft, RowError, read_row
from vitrina.catalogue.splits import draw_split
from vitrina.catalogue.store import Catalogue
from vitrina.catalogue.writer import CatalogueWriter

_SNIFFED_ROWS = 1_000
_MAX_COLUMNS = 1_000
_MAX_THREADS = 8
_IN_FLIGHT_PER_THREAD = 4
_QUIET_SECONDS = 2
_SPLITS = ("train", "val", "test")


def ingest(
    sources: Sequence[Path],
    *,
    out: Path,
    columns: Mapping[str, str] | None = None,
    root: Path | None = None,
    on_reject: Literal["report", "fail"] = "report",
) -> IngestReport:
    """Reads product files (JSONL, CSV, TSV, Parquet, or a folder of pictures by class) into the catalogue at `out`.

    Products are added, or replaced by id. `columns` maps fields to columns where the guess from their names is not
    wanted: `{"title": "name"}`. Paths of pictures start at `root`, by default the folder of the file that names them,
    and may not leave it. A bad row or picture is left out and counted, with file, row and reason; with
    `on_reject="fail"` nothing is written where there is one. Whatever happens, the catalogue is the old one or the
    new one, never a mixture. Memory does not grow with the number of rows.

    Raises ValueError, naming the path and what to do, where a source cannot be read, a field or column does not
    exist, no row is usable, or something was rejected and `on_reject` says fail.

    >>> print(ingest([Path("feed.csv")], out=Path("shop")).text())  # doctest: +SKIP
    """
    overrides = dict(columns or {})
    check_fields(overrides)
    if not sources:
        raise ValueError("there is nothing to ingest: name at least one file or folder")
    readers = [reader for source in sources for reader in find_readers(Path(source))]
    files = [
        _SourceFile(reader, overrides=overrides, root=root, id_prefix=prefix)
        for reader, prefix in zip(readers, _id_prefixes([reader.path for reader in readers]), strict=True)
    ]
    check_columns(overrides, names=list(dict.fromkeys(name for file in files for name in file.columns.names)))
    for file in files:
        file.check()
    tally, accepted = Tally(), _Accepted()
    read = 0
    with CatalogueWriter(Path(out)) as writer, _progress(files) as bar:
        for entry in _with_pictures(_entries(files)):
            read += 1
            bar.update(entry.progress)
            product = _finished(entry, tally=tally)
            if product is not None:
                writer.add(product)
                accepted.add(product, entry=entry)
        if not len(accepted.rows):
            raise ValueError("\n".join([f"none of {read:,} rows is usable; nothing was written:", *tally.lines()]))
        if on_reject == "fail" and tally.problems():
            raise ValueError("\n".join(["nothing was written, because of these problems:", *tally.lines()]))
        changes = writer.finish()
    for number in changes.repeated:
        sample = Sample(files[accepted.files[number]].path, accepted.rows[number])
        tally.add("repeated", "the last row with an id counts", sample=sample)
    return IngestReport(
        catalogue=Path(out),
        products=len(Catalogue.open(out)),
        read=read,
        added=changes.added,
        replaced=changes.replaced,
        unchanged=changes.unchanged,
        pictures=accepted.pictures,
        splits=accepted.split_counts(leaving_out=changes.repeated),
        files=tuple(file.report() for file in files),
        problems=tally.problems(),
    )


class _SourceFile:
    """One source with its columns, which are looked for again when a row brings new ones."""

    def __init__(self, reader: Reader, *, overrides: Mapping[str, str], root: Path | None, id_prefix: str) -> None:
        self.reader = reader
        self._id_prefix = id_prefix
        self.path = reader.path
        self.root = (root or reader.root).resolve()
        self._overrides = overrides
        self._names: dict[str, None] = {}
        self._sample: list[Mapping[str, Any]] = []
        self._first_bad: BadRow | None = None
        for row in islice(reader.rows(), _SNIFFED_ROWS):
            if isinstance(row, BadRow):
                self._first_bad = self._first_bad or row
            else:
                self._names.update(dict.fromkeys(row.values))
                self._sample.append({name: value for name, value in row.values.items() if isinstance(value, str | int)})
        self.columns = find_columns(list(self._names), overrides=overrides, sample=self._sample)

    def check(self) -> None:
        """Raises ValueError where no row of the file could become a product."""
        if not self.root.is_dir():
            raise ValueError(f"the root of pictures, {self.root}, is no folder")
        if not self._names:
            bad = self._first_bad
            why = "has no rows" if bad is None else f"has no readable row; row {bad.row}: {bad.reason} ({bad.detail})"
            raise ValueError(f"{self.path} {why}")
        if not self.columns.says_something:
            raise ValueError(
                f"{self.path} has no column for a title, a description or a picture; its columns are "
                f"{', '.join(self._names)}. Name one with --map title=COLUMN, or leave the file out"
            )

    def draft(self, record: Record) -> Draft:
        """The product of a row, its pictures not yet read. Raises RowError."""
        if not record.values.keys() <= self._names.keys() and len(self._names) < _MAX_COLUMNS:
            self._names.update(dict.fromkeys(record.values))
            self.columns = find_columns(list(self._names), overrides=self._overrides, sample=self._sample)
        return read_row(record.values, columns=self.columns, fallback_id=f"{self._id_prefix}-{record.row}")

    def report(self) -> FileReport:
        notes = [self.reader.note] if self.reader.note else []
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
        return FileReport(self.path, self.columns.text(), tuple(notes))


@dataclass(frozen=True)
class _Entry:
    """One row on its way: its draft or why it has none, and then its pictures or why they are missing."""

    file_number: int
    file: Path
    row: int
    progress: int
    outcome: Draft | RowError
    pictures: tuple[bytes | PictureError, ...] = ()


class _Accepted:
    """Where accepted products came from: a few bytes for each."""

    def __init__(self) -> None:
        self.files, self.rows = array("i"), array("q")
        self.pictures = 0
        self._splits = array("b")

    def add(self, product: Product, *, entry: _Entry) -> None:
        self.files.append(entry.file_number)
        self.rows.append(entry.row)
        self._splits.append(_SPLITS.index(product.split))
        self.pictures += len(product.pictures)

    def split_counts(self, *, leaving_out: np.ndarray) -> dict[str, int]:
        counted = np.delete(np.frombuffer(self._splits, np.int8), leaving_out)
        counts = zip(_SPLITS, np.bincount(counted, minlength=len(_SPLITS)), strict=True)
        return {name: int(count) for name, count in counts if count}


def _id_prefixes(paths: Sequence[Path]) -> list[str]:
    """A name for each file, for ids of rows that have none: with the folder where two files share theirs."""
    stems = [path.stem for path in paths]
    return [
        stem if stems.count(stem) == 1 else f"{path.resolve().parent.name}-{stem}"
        for path, stem in zip(paths, stems, strict=True)
    ]


def _progress(files: Sequence[_SourceFile]) -> tqdm:
    total = sum(file.reader.size for file in files)
    form = "{l_bar}{bar}| {elapsed} < {remaining}"
    return tqdm(desc="ingest", total=total, delay=_QUIET_SECONDS, disable=None, bar_format=form)


def _entries(files: Sequence[_SourceFile]) -> Iterator[tuple[_SourceFile, _Entry]]:
    for number, file in enumerate(files):
        position = 0
        for row in file.reader.rows():
            try:
                if isinstance(row, BadRow):
                    raise RowError(row.reason, detail=row.detail)
                outcome: Draft | RowError = file.draft(row)
            except RowError as error:
                outcome = error
            yield file, _Entry(number, row.file, row.row, row.position - position, outcome)
            position = row.position


def _with_pictures(entries: Iterator[tuple[_SourceFile, _Entry]]) -> Iterator[_Entry]:
    """Reads and canonicalises pictures in threads; entries come out in their order, a bounded number in flight."""
    threads = min(_MAX_THREADS, os.cpu_count() or 1)
    waiting: deque[Future[_Entry] | _Entry] = deque()
    with ThreadPoolExecutor(threads) as pool:
        for file, entry in entries:
            has_pictures = isinstance(entry.outcome, Draft) and entry.outcome.pictures
            waiting.append(pool.submit(_load_pictures, entry, root=file.root) if has_pictures else entry)
            while len(waiting) > threads * _IN_FLIGHT_PER_THREAD:
                yield _result(waiting.popleft())
        while waiting:
            yield _result(waiting.popleft())


def _result(each: Future[_Entry] | _Entry) -> _Entry:
    return each.result() if isinstance(each, Future) else each


def _load_pictures(entry: _Entry, *, root: Path) -> _Entry:
    assert isinstance(entry.outcome, Draft)
    pictures: list[bytes | PictureError] = []
    for reference in entry.outcome.pictures:
        try:
            encoded = reference if isinstance(reference, bytes) else read_picture(reference, root=root)
            pictures.append(canonicalise(encoded))
        except PictureError as error:
            name = reference if isinstance(reference, str) else "in the file"
            pictures.append(PictureError(error.reason, detail=": ".join(part for part in (name, error.detail) if part)))
    return replace(entry, pictures=tuple(pictures))


def read_picture(reference: str, *, root: Path) -> bytes:
    """The bytes of a picture file named by a path that starts at `root` and stays in it, links resolved.

    Raises PictureError where it is not a path, leaves the root, or names no readable file of a sensible size.
    """
    if re.match(r"data:", reference, re.IGNORECASE):
        raise PictureError("picture inside an address: not supported")
    if re.match(r"(?:[a-z][a-z0-9+.-]+:)?//", reference, re.IGNORECASE):
        raise PictureError("web address: download the picture and name its file")
    try:
        path = (root / reference).resolve()
        if not path.exists() and "\\" in reference:
            path = (root / reference.replace("\\", "/")).resolve()
        if not path.is_relative_to(root):
            raise PictureError("path outside the root of pictures")
        if not path.is_file():
            raise PictureError("no such file")
        if path.stat().st_size > MAX_ENCODED_BYTES:
            raise PictureError("too many bytes", detail=f"{path.stat().st_size:,}, at most {MAX_ENCODED_BYTES:,}")
        return path.read_bytes()
    except PictureError:
        raise
    except RuntimeError:  # links that lead in a circle
        raise PictureError("no such file") from None
    except (OSError, ValueError) as error:
        raise PictureError("unreadable file", detail=str(error)) from error


def _finished(entry: _Entry, *, tally: Tally) -> Product | None:
    """The product with its pictures and split, or None; what is wrong with it is counted."""
    if isinstance(entry.outcome, RowError):
        tally.add("row", entry.outcome.reason, sample=Sample(entry.file, entry.row, entry.outcome.detail))
        return None
    draft = entry.outcome
    for problem in entry.pictures:
        if isinstance(problem, PictureError):
            tally.add("picture", problem.reason, sample=Sample(entry.file, entry.row, problem.detail))
    product = replace(draft.product, pictures=tuple(each for each in entry.pictures if isinstance(each, bytes)))
    if not product.texts and not product.pictures:
        reason = "no picture left and no text" if entry.pictures else "no text and no picture"
        tally.add("row", reason, sample=Sample(entry.file, entry.row, f"id {product.id}"))
        return None
    if draft.bad_price is not None:
        tally.add("price", "not a price", sample=Sample(entry.file, entry.row, draft.bad_price))
    return product if draft.has_split else replace(product, split=draw_split(product))
