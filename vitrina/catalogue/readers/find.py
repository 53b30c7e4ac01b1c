"""From what a user names to the readers that read it."""

from pathlib import Path

from vitrina.catalogue.readers.folder import FolderReader
from vitrina.catalogue.readers.lines import LinesReader
from vitrina.catalogue.readers.opening import kind_of
from vitrina.catalogue.readers.parquet import ParquetReader
from vitrina.catalogue.readers.record import Reader
from vitrina.catalogue.readers.tables import TableReader

_LINE_SUFFIXES = (".jsonl", ".ndjson", ".json")
_TABLE_SUFFIXES = (".csv", ".tsv", ".txt")
_PARQUET_SUFFIXES = (".parquet", ".pq")


def find_readers(source: Path) -> list[Reader]:
    """The readers of a product file, of a folder of product files, or of a folder of pictures by class.

    Raises ValueError, naming the path and what to do, where there is nothing to read.
    """
    if not source.exists():
        raise ValueError(f"{source} does not exist")
    if source.is_file():
        return [_file_reader(source)]
    files = sorted(each for each in source.iterdir() if each.is_file() and not each.name.startswith("."))
    products = [each for each in files if kind_of(each) in (*_LINE_SUFFIXES, *_TABLE_SUFFIXES[:2], *_PARQUET_SUFFIXES)]
    if products:
        return [_file_reader(each) for each in products]
    reader = FolderReader(source)
    if not reader.size:
        raise ValueError(
            f"{source} holds neither product files (.jsonl, .csv, .tsv, .parquet) nor pictures in folders by class"
        )
    return [reader]


def _file_reader(path: Path) -> Reader:
    kind = kind_of(path)
    if kind in _LINE_SUFFIXES:
        return LinesReader(path)
    if kind in _TABLE_SUFFIXES:
        return TableReader(path)
    if kind in _PARQUET_SUFFIXES:
        return ParquetReader(path)
    raise ValueError(f"{path} is of an unknown kind: name a .jsonl, .csv, .tsv or .parquet file, or a folder")
