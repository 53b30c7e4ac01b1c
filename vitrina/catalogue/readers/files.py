"""Reading product files row by row. A row that cannot be read is rejected alone; memory holds a few rows."""

import codecs
import contextlib
import csv
import gzip
import io
import json
import os
import re
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import pyarrow.parquet as pq

from vitrina.catalogue.readers.record import PICTURE_SUFFIXES, BadRow, Reader, Record
from vitrina.catalogue.splits import split_name

_LINE_SUFFIXES = (".jsonl", ".ndjson", ".json")
_TABLE_SUFFIXES = (".csv", ".tsv", ".txt")
_PARQUET_SUFFIXES = (".parquet", ".pq")
_MAX_LINE_BYTES = 64 << 20
_MAX_LINES_OF_A_ROW = 1_000
_SNIFFED_BYTES = 1 << 20
_PARQUET_ROWS = 64
_SURROGATE = re.compile("[\ud800-\udfff]")
# The high bytes of Windows-1252 that stand in Western European shops' texts.
_WESTERN = frozenset("¡¿ªº°·€£®™©–—‘’“”«»…ñÑçÇß²³½¼×±´`áéíóúÁÉÍÓÚàèìòùÀÈÌÒÙâêîôûÂÊÎÔÛäëïöüÄËÏÖÜãõÃÕåÅæÆøØœŒ\xa0")


def find_readers(source: Path) -> list[Reader]:
    """The readers of a product file, of a folder of product files, or of a folder of pictures by class.

    Raises ValueError, naming the path and what to do, where there is nothing to read.
    """
    if not source.exists():
        raise ValueError(f"{source} does not exist")
    if source.is_file():
        return [_file_reader(source)]
    files = sorted(each for each in source.iterdir() if each.is_file() and not each.name.startswith("."))
    products = [each for each in files if _kind(each) in (*_LINE_SUFFIXES, *_TABLE_SUFFIXES[:2], *_PARQUET_SUFFIXES)]
    if products:
        return [_file_reader(each) for each in products]
    reader = FolderReader(source)
    if not reader.size:
        raise ValueError(
            f"{source} holds neither product files (.jsonl, .csv, .tsv, .parquet) nor pictures in folders by class"
        )
    return [reader]


class LinesReader:
    """JSON Lines: one object per line, UTF-8."""

    note = ""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.root = path.parent
        self.size = path.stat().st_size

    def rows(self) -> Iterator[Record | BadRow]:
        with _open_bytes(self.path) as (file, raw):
            row = 0
            while line := file.readline(_MAX_LINE_BYTES):
                row += 1
                if row == 1:
                    line = line.removeprefix(codecs.BOM_UTF8)
                is_long = len(line) == _MAX_LINE_BYTES and not line.endswith(b"\n")
                while is_long and (more := file.readline(_MAX_LINE_BYTES)) and not more.endswith(b"\n"):
                    pass
                if line.strip():
                    yield self._row(b"" if is_long else line, row=row, position=raw.tell())

    def _row(self, line: bytes, *, row: int, position: int) -> Record | BadRow:
        try:
            values = _JSON.decode(line.decode())
        except UnicodeDecodeError as error:
            return BadRow(self.path, row, "invalid UTF-8", f"at byte {error.start + 1}", position)
        except RecursionError:
            return BadRow(self.path, row, "broken JSON", "nested too deeply", position)
        except ValueError as error:
            detail = str(error) if line else f"longer than {_MAX_LINE_BYTES >> 20} MB"
            return BadRow(self.path, row, "broken JSON", detail, position)
        if not isinstance(values, dict):
            kind = "a list: write one object per line" if isinstance(values, list) else "no object"
            return BadRow(self.path, row, "not a JSON object", f"it is {kind}", position)
        return Record(self.path, row, values, position)


class TableReader:
    """CSV or TSV with a header line. The encoding (UTF-8, UTF-16 by its mark, else Windows-1252) and the delimiter are
    found from the beginning of the file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.root = path.parent
        self.size = path.stat().st_size
        with _open_bytes(path) as (file, _):
            sample = file.read(_SNIFFED_BYTES)
        self._encoding = _find_encoding(sample)
        text = sample.decode(self._encoding, errors="replace").lstrip("\r\n")
        self._delimiter = "\t" if _kind(path) == ".tsv" else _find_delimiter(text)
        self.note = "read as Windows-1252, because it is not UTF-8" if self._encoding == "cp1252" else ""

    def rows(self) -> Iterator[Record | BadRow]:
        csv.field_size_limit(_MAX_LINE_BYTES)
        with _open_bytes(self.path) as (file, raw):
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
        if any(_SURROGATE.search(cell) for cell in cells):
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


class ParquetReader:
    """Parquet, read a few rows at a time. Class labels of image datasets come as their names."""

    note = ""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.root = path.parent
        self.size = path.stat().st_size
        try:
            with pq.ParquetFile(path) as file:
                self._labels = _class_labels(file.schema_arrow)
        except (pa.ArrowException, OSError) as error:
            raise ValueError(f"{path} is no readable Parquet file: {error}") from error

    def rows(self) -> Iterator[Record | BadRow]:
        try:
            with pq.ParquetFile(self.path, pre_buffer=False) as file:
                total, row = max(1, file.metadata.num_rows), 0
                for batch in file.iter_batches(batch_size=_PARQUET_ROWS, use_threads=False):
                    for values in _batch_rows(batch):
                        row += 1
                        position = self.size * row // total
                        if isinstance(values, str):
                            yield BadRow(self.path, row, "unreadable values", values, position)
                        else:
                            yield Record(self.path, row, self._named(values), position)
        except (pa.ArrowException, OSError) as error:
            raise ValueError(f"{self.path} is damaged: {error}") from error

    def _named(self, values: dict[str, Any]) -> dict[str, Any]:
        for column, names in self._labels.items():
            number = values.get(column)
            if isinstance(number, int) and 0 <= number < len(names):
                values[column] = names[number]
        return values


class FolderReader:
    """Pictures in folders by class: `dress/1.jpg`, `train/dress/1.jpg`, `dress/long/1.jpg`. Ids are the paths."""

    note = "ids are the pictures' paths"

    def __init__(self, path: Path) -> None:
        self.path = self.root = path
        self.size = 0
        tops = set()
        for picture in _pictures_under(path):
            self.size += 1
            tops.add(picture.parts[0] if len(picture.parts) > 1 else None)
        self._has_splits = bool(tops) and all(top is not None and split_name(top) for top in tops)

    def rows(self) -> Iterator[Record | BadRow]:
        for number, picture in enumerate(_pictures_under(self.path), 1):
            folders = picture.parts[:-1]
            split = folders[0] if self._has_splits else None
            values = {
                "id": picture.as_posix(),
                "image": picture.as_posix(),
                "category": list(folders[1:] if split else folders),
                "split": split,
            }
            yield Record(self.path, number, values, number)


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


@contextlib.contextmanager
def _open_bytes(path: Path) -> Iterator[tuple[IO[bytes], IO[bytes]]]:
    """The file's bytes, unpacked, and the file itself, which says how far it was read."""
    try:
        with path.open("rb") as raw:
            if path.suffix.lower() == ".gz":
                with gzip.open(raw, "rb") as unpacked:
                    yield io.BufferedReader(unpacked), raw
            else:
                yield raw, raw
    except (gzip.BadGzipFile, EOFError) as error:
        raise ValueError(f"{path} is a damaged gzip file: {error}") from error
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror or error}") from error


def _file_reader(path: Path) -> Reader:
    kind = _kind(path)
    if kind in _LINE_SUFFIXES:
        return LinesReader(path)
    if kind in _TABLE_SUFFIXES:
        return TableReader(path)
    if kind in _PARQUET_SUFFIXES:
        return ParquetReader(path)
    raise ValueError(f"{path} is of an unknown kind: name a .jsonl, .csv, .tsv or .parquet file, or a folder")


def _kind(path: Path) -> str:
    """The suffix that says what a file is: `.csv` for `feed.csv.gz` too."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    return suffixes[-2] if suffixes[-1:] == [".gz"] and len(suffixes) > 1 else "".join(suffixes[-1:])


def _pictures_under(path: Path) -> Iterator[Path]:
    """Every picture file, relative to the folder, in an order that does not change between runs."""

    def refuse(error: OSError) -> None:
        raise ValueError(f"{error.filename} cannot be read: {error.strerror}") from error

    for folder, folders, names in os.walk(path, onerror=refuse):
        folders[:] = sorted(each for each in folders if not each.startswith("."))
        for name in sorted(names):
            if Path(name).suffix.lower() in PICTURE_SUFFIXES and not name.startswith("."):
                yield Path(folder, name).relative_to(path)


def _no_constant(_: str) -> None:
    """NaN and Infinity, which some programs write into JSON, say that nothing is known."""


_JSON = json.JSONDecoder(parse_constant=_no_constant)


def _find_encoding(sample: bytes) -> str:
    if sample.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    try:
        codecs.getincrementaldecoder("utf-8")().decode(sample)
    except UnicodeDecodeError:
        text = sample.decode("utf-8", errors="surrogateescape")
        has_utf8 = any(ord(each) > 127 and not 0xDC80 <= ord(each) <= 0xDCFF for each in text)
        high = bytes({byte for byte in sample if byte > 127}).decode("cp1252", errors="replace")
        if not has_utf8 and set(high) <= _WESTERN:
            return "cp1252"
    return "utf-8-sig"


def _find_delimiter(text: str) -> str:
    """The sign that the first line holds most of, outside of quotes."""
    header = "".join(text.splitlines()[:1])
    outside = "".join(header.split('"')[::2])
    return max(",;\t|", key=lambda sign: (outside.count(sign), sign == ","))


def _class_labels(schema: pa.Schema) -> dict[str, Sequence[str]]:
    """Columns of numbers that an image dataset's metadata gives names for."""
    try:
        features = json.loads((schema.metadata or {}).get(b"huggingface", b"{}"))["info"]["features"]
        return {name: each["names"] for name, each in features.items() if each.get("_type") == "ClassLabel"}
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}


def _batch_rows(batch: pa.RecordBatch) -> Iterator[dict[str, Any] | str]:
    """The rows of a batch; where one of them cannot be read, that one as the reason."""
    try:
        yield from batch.to_pylist()
        return
    except (UnicodeDecodeError, ValueError, OverflowError):
        pass
    for row in range(batch.num_rows):
        try:
            yield batch.slice(row, 1).to_pylist()[0]
        except (UnicodeDecodeError, ValueError, OverflowError) as error:
            yield str(error)
