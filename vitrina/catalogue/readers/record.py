"""What a reader of product files gives: rows, and what is wrong with those that could not be read."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

PICTURE_SUFFIXES = frozenset({".jpg", ".jpeg", ".jpe", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".avif"})


@dataclass(frozen=True, slots=True)
class Record:
    """One row as it was read. `row` counts from 1: the line of a text file, the row of a Parquet file, the number of
    a picture in a folder. `position` is how far into the source's `size` it stands."""

    file: Path
    row: int
    values: Mapping[str, Any]
    position: int


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that could not be read. `reason` is the same words for the same cause; `detail` is about this one."""

    file: Path
    row: int
    reason: str
    detail: str
    position: int


class Reader(Protocol):
    """A source of rows.

    `path` names it in reports, `root` is the folder that paths of pictures start from, `size` its length in bytes (or
    whatever `position` counts), `note` what a user should know about how it was read.
    """

    path: Path
    root: Path
    size: int
    note: str

    def rows(self) -> Iterator[Record | BadRow]: ...
