"""Parquet, row by row."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from vitrina.catalogue.readers.dataset_values import parquet_rows
from vitrina.catalogue.readers.record import BadRow, Record


class ParquetReader:
    """Parquet, read a few rows at a time. Class labels of image datasets come as their names."""

    note = ""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.root = path.parent
        self.size = path.stat().st_size
        try:
            pq.ParquetFile(path).close()
        except (pa.ArrowException, OSError, ValueError) as error:  # a damaged schema raises UnicodeDecodeError
            raise ValueError(f"{path} is no readable Parquet file: {error}; write it again, or leave it out") from error

    def rows(self) -> Iterator[Record | BadRow]:
        return parquet_rows(self.path)
