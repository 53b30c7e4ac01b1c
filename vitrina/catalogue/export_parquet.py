"""Exports to Parquet: plain files, or a Hugging Face dataset with its splits and the types of its columns."""

import contextlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from vitrina.catalogue.export_columns import ExportColumns
from vitrina.catalogue.product import Product

FILE_BYTES = 400 << 20
"""A file is ended when it has grown to this."""
_GROUP_ROWS = 1_000
_GROUP_BYTES = 8 << 20
_HUB_SPLITS = {"val": "validation"}
_HUB_PICTURE = pa.struct([pa.field("bytes", pa.binary()), pa.field("path", pa.string())])


class ParquetExport:
    """`products-00000-of-00001.parquet` …: a row for each product, in order; `images` are lists of JPEG bytes."""

    def __init__(self, folder: Path, *, columns: ExportColumns) -> None:
        self._columns = columns
        self._files = _Files(folder, stem="products", schema=columns.schema(pictures=pa.list_(pa.binary())))

    def add(self, product: Product) -> None:
        row = {**self._columns.arrow_values(product), "images": list(product.pictures)}
        self._files.add(row, size_bytes=_size(product))

    def finish(self) -> None:
        self._files.finish()

    def close(self) -> None:
        self._files.close()


class HuggingFaceExport:
    """`data/train-00000-of-00001.parquet` … with the features of `datasets` in their metadata: `images` are lists of
    pictures. The name of a file says its split."""

    def __init__(self, folder: Path, *, columns: ExportColumns) -> None:
        self._columns = columns
        schema = columns.schema(pictures=pa.list_(_HUB_PICTURE))
        features = {field.name: _feature(field.type) for field in schema}
        metadata = {"huggingface": json.dumps({"info": {"features": features}})}
        (folder / "data").mkdir()
        self._files = {
            split: _Files(folder / "data", stem=hub_split(split), schema=schema.with_metadata(metadata))
            for split in columns.splits or ("train",)
        }

    def add(self, product: Product) -> None:
        pictures = [{"bytes": picture, "path": f"{number}.jpg"} for number, picture in enumerate(product.pictures, 1)]
        row = {**self._columns.arrow_values(product), "images": pictures}
        self._files[product.split].add(row, size_bytes=_size(product))

    def finish(self) -> None:
        for files in self._files.values():
            files.finish()

    def close(self) -> None:
        for files in self._files.values():
            files.close()


def hub_split(split: str) -> str:
    """A split as the hub calls it. ValueError where it cannot be one there."""
    name = _HUB_SPLITS.get(split, split)
    if not (name.isidentifier() and name.isascii()):
        raise ValueError(f"the split {split!r} cannot be one of a Hugging Face dataset: export to parquet or jsonl")
    return name


class _Files:
    """Rows on their way into numbered files of bounded size, a row group of some megabytes at a time."""

    def __init__(self, folder: Path, *, stem: str, schema: pa.Schema) -> None:
        self._folder, self._stem, self._schema = folder, stem, schema
        self._rows: list[Mapping[str, Any]] = []
        self._bytes = 0
        self._paths: list[Path] = []
        self._sink: pa.NativeFile | None = None
        self._writer: pq.ParquetWriter | None = None

    def add(self, row: Mapping[str, Any], *, size_bytes: int) -> None:
        self._rows.append(row)
        self._bytes += size_bytes
        if len(self._rows) == _GROUP_ROWS or self._bytes >= _GROUP_BYTES:
            self._write_group()

    def finish(self) -> None:
        """Ends the last file and gives every file its name; without a row there is one file all the same."""
        if self._rows or not self._paths:
            self._write_group()
        self._end_file()
        for number, path in enumerate(self._paths):
            path.rename(self._folder / f"{self._stem}-{number:05d}-of-{len(self._paths):05d}.parquet")

    def close(self) -> None:
        """Lets go of a file that an error left half-written."""
        with contextlib.suppress(OSError, pa.ArrowException):
            self._end_file()

    def _write_group(self) -> None:
        if self._writer is None:
            self._paths.append(self._folder / f".{self._stem}-{len(self._paths):05d}")
            self._sink = pa.OSFile(str(self._paths[-1]), "wb")
            # Pictures are neither repeated nor compared.
            plain: Any = [name for name in self._schema.names if name != "images"]
            self._writer = pq.ParquetWriter(
                self._sink, self._schema, compression="zstd", use_dictionary=plain, write_statistics=plain
            )
        assert self._sink is not None
        self._writer.write_table(pa.Table.from_pylist(self._rows, schema=self._schema), row_group_size=_GROUP_ROWS)
        self._rows, self._bytes = [], 0
        if self._sink.tell() >= FILE_BYTES:
            self._end_file()

    def _end_file(self) -> None:
        writer, sink = self._writer, self._sink
        self._writer = self._sink = None
        if writer is not None and sink is not None:
            try:
                writer.close()
            finally:
                sink.close()


def _size(product: Product) -> int:
    return sum(map(len, product.pictures)) + sum(len(text.text) for text in product.texts)


def _feature(kind: pa.DataType) -> dict[str, object]:
    """A column's type in the words of `datasets`."""
    if kind == _HUB_PICTURE:
        return {"_type": "Image"}
    if pa.types.is_list(kind):
        # Every release of `datasets` understands this; those since 4 read it as a List.
        return {"feature": _feature(kind.value_type), "_type": "Sequence"}
    return {"dtype": str(kind), "_type": "Value"}
