"""Rows put aside until the rest of their family has come, on the disk where they are many."""

import contextlib
import json
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vitrina.catalogue.readers.record import Record


@dataclass(frozen=True)
class Family:
    """The rows put aside under one key, in the order in which they came."""

    key: str
    rows: list[Record]


class Shelf:
    """Rows by key. SQLite keeps a nameless database in memory and moves it to a temporary file when it grows; the file
    is gone when the shelf is closed or the process ends, however it ends."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._database = sqlite3.connect("")
        self._database.execute("CREATE TABLE shelf (key TEXT, row INTEGER, position INTEGER, record TEXT)")
        self._is_sorted = False

    def add(self, record: Record, *, key: str) -> None:
        """Puts a row aside. Its values must be what JSON can hold."""
        assert not self._is_sorted
        entry = (key, record.row, record.position, json.dumps(record.values))
        self._database.execute("INSERT INTO shelf VALUES (?, ?, ?, ?)", entry)

    def take(self, key: str) -> list[Record]:
        """The rows under a key, which are on the shelf no more."""
        self._sort()
        found = self._database.execute("SELECT * FROM shelf WHERE key = ? ORDER BY rowid", (key,)).fetchall()
        if found:
            self._database.execute("DELETE FROM shelf WHERE key = ?", (key,))
        return [self._record(entry) for entry in found]

    def rest(self) -> Iterator[Family]:
        """What is still on the shelf, key by key, in the order in which the keys first came."""
        self._sort()
        keys = self._database.execute("SELECT key FROM shelf GROUP BY key ORDER BY MIN(rowid)")
        for (key,) in keys:
            found = self._database.execute("SELECT * FROM shelf WHERE key = ? ORDER BY rowid", (key,)).fetchall()
            yield Family(key, [self._record(entry) for entry in found])

    def close(self) -> None:
        """Lets go of the rows."""
        self._database.close()

    def _sort(self) -> None:
        if not self._is_sorted:
            self._database.execute("CREATE INDEX shelf_keys ON shelf (key)")
            self._is_sorted = True

    def _record(self, entry: tuple[str, int, int, str]) -> Record:
        values: Mapping[str, Any] = json.loads(entry[3])
        return Record(self._file, entry[1], values, entry[2])


@contextlib.contextmanager
def open_shelf(file: Path) -> Iterator[Shelf]:
    """A shelf for rows of a file, closed in the end."""
    shelf = Shelf(file)
    try:
        yield shelf
    finally:
        shelf.close()
