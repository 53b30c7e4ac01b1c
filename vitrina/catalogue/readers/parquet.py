"""Parquet, row by row."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from vitrina.catalogue.readers.record import BadRow, Record

_PARQUET_ROWS = 64


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
