"""Values of a Hugging Face dataset as its features mean them: class labels by name, rows of Arrow batches as dicts."""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from vitrina.catalogue.readers.record import BadRow, Record

_ROWS = 64
_BUFFER = 1 << 20  # column chunks are read in pieces, not whole: a row group may hold gigabytes of pictures
# What pyarrow raises where bytes are not what they should be: a name that is no UTF-8 is a ValueError.
_DAMAGE = (pa.ArrowException, OSError, ValueError, OverflowError)
_Decode = Callable[[Any], Any]


class Features:
    """The features of a dataset, as `dataset_info.json` and the metadata of its Arrow and Parquet files write them.

    Class labels become their names (-1, which says that there is none, becomes None), at any depth of lists and
    structures. Everything else stays as Arrow gives it: pictures as `{"bytes", "path"}`, translations as texts by
    language.
    """

    def __init__(self, features: object) -> None:
        known = features if isinstance(features, Mapping) else {}
        decoders = {str(name): _decoder(feature) for name, feature in known.items()}
        self._decoders: dict[str, _Decode] = {name: each for name, each in decoders.items() if each is not None}

    def named(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """A row with the names of its labels."""
        return {
            name: self._decoders[name](value) if name in self._decoders and value is not None else value
            for name, value in values.items()
        }


def features_of(schema: pa.Schema) -> object | None:
    """The features in the metadata of an Arrow or Parquet file, or None where it has none."""
    try:
        return json.loads((schema.metadata or {})[b"huggingface"])["info"]["features"]
    except (ValueError, KeyError, TypeError):
        return None


def features_in_card(facts: Mapping[str, Any], *, config: str | None) -> object | None:
    """The class labels in the `dataset_info` of a README.md, in the words of `dataset_info.json`; None without one."""
    infos = facts.get("dataset_info")
    for info in infos if isinstance(infos, list) else [infos]:
        if isinstance(info, dict) and (config is None or str(info.get("config_name", config)) == config):
            listed = [each for each in info.get("features") or () if isinstance(each, dict) and "name" in each]
            return {str(each["name"]): _feature_in_card(each) for each in listed}
    return None


def arrow_rows(path: Path, *, features: object | None = None) -> Iterator[Record | BadRow]:
    """The rows of an Arrow file (stream or file format), a few at a time; a break in it is one bad row at its end."""
    size, row = max(1, path.stat().st_size), 0
    try:
        with pa.memory_map(str(path)) as source:
            reader = _open_arrow(source)
            names = Features(features if features is not None else features_of(reader.schema))
            for batch in _batches(reader):
                # How far the stream was read is where the next batch begins.
                position = min(size, source.tell())
                for start in range(0, batch.num_rows, _ROWS):
                    for values in _batch_rows(batch.slice(start, _ROWS)):
                        row += 1
                        yield _row(path, row, values=values, names=names, position=position)
    except _DAMAGE as error:
        yield BadRow(path, row + 1, "damaged file", f"{path.name} breaks off after {row:,} rows: {error}", size)


def parquet_rows(path: Path, *, features: object | None = None) -> Iterator[Record | BadRow]:
    """The rows of a Parquet file, a few at a time; a break in it is one bad row at its end."""
    size, row = path.stat().st_size, 0
    try:
        with pq.ParquetFile(path, pre_buffer=False, buffer_size=_BUFFER) as file:
            found = features_of(file.schema_arrow)
            names = Features(found if found is not None else features)
            total = max(1, file.metadata.num_rows)
            for batch in file.iter_batches(batch_size=_ROWS, use_threads=False):
                for values in _batch_rows(batch):
                    row += 1
                    yield _row(path, row, values=values, names=names, position=size * row // total)
    except _DAMAGE as error:
        yield BadRow(path, row + 1, "damaged file", f"{path.name} breaks off after {row:,} rows: {error}", size)


def _row(path: Path, row: int, *, values: dict[str, Any] | str, names: Features, position: int) -> Record | BadRow:
    if isinstance(values, str):
        return BadRow(path, row, "unreadable values", values, position)
    return Record(path, row, names.named(values), position)


def _open_arrow(source: pa.NativeFile) -> pa.RecordBatchStreamReader | pa.RecordBatchFileReader:
    try:
        return pa.ipc.open_stream(source)
    except pa.ArrowInvalid as error:
        source.seek(0)
        try:
            return pa.ipc.open_file(source)
        except pa.ArrowInvalid:
            raise error from None


def _batches(reader: pa.RecordBatchStreamReader | pa.RecordBatchFileReader) -> Iterator[pa.RecordBatch]:
    if isinstance(reader, pa.RecordBatchFileReader):
        yield from (reader.get_batch(number) for number in range(reader.num_record_batches))
    else:
        yield from reader


def _batch_rows(batch: pa.RecordBatch) -> Iterator[dict[str, Any] | str]:
    """The rows of a batch; where one of them cannot be read, that one as the reason.

    A damaged file may hold positions that lead out of it, so nothing is read before it is checked.
    """
    try:
        batch.validate(full=True)
        rows = batch.to_pylist()
    except _DAMAGE:
        rows = None
    if rows is not None:
        yield from rows
        return
    for row in range(batch.num_rows):
        try:
            one = batch.slice(row, 1)
            one.validate(full=True)
            yield one.to_pylist()[0]
        except _DAMAGE as error:
            yield str(error)


def _decoder(feature: object) -> _Decode | None:
    """What turns a value of a feature into what it means, or None where nothing is to be done."""
    if isinstance(feature, list):
        return _each(_decoder(feature[0])) if len(feature) == 1 else None
    if not isinstance(feature, Mapping):
        return None
    kind = feature.get("_type")
    if kind == "ClassLabel":
        return _label(feature.get("names"))
    if kind in ("List", "LargeList", "Sequence"):
        return _each(_decoder(feature.get("feature")))
    return _struct(feature) if not isinstance(kind, str) else None


def _label(names: object) -> _Decode | None:
    if not isinstance(names, list):
        return None

    def decode(value: Any) -> Any:
        if isinstance(value, str) and value not in names and value.lstrip("-").isdecimal():
            value = int(value)  # a table's cell
        if not isinstance(value, int) or isinstance(value, bool):
            return value
        return names[value] if 0 <= value < len(names) else None if value == -1 else value

    return decode


def _each(inner: _Decode | None) -> _Decode | None:
    """A list's values. A list of structures may be stored as a structure of lists, which is decoded name by name."""
    if inner is None:
        return None

    def decode(value: Any) -> Any:
        if isinstance(value, list):
            return [None if each is None else inner(each) for each in value]
        if isinstance(value, dict):
            lengths = {len(each) for each in value.values() if isinstance(each, list)}
            rows = [{name: each[i] for name, each in value.items()} for i in range(max(lengths, default=0))]
            return [inner(row) for row in rows] if len(lengths) == 1 else value
        return value

    return decode


def _struct(feature: Mapping[str, object]) -> _Decode | None:
    inner = Features(feature)
    return (lambda value: inner.named(value) if isinstance(value, dict) else value) if feature else None


def _feature_in_card(feature: Mapping[str, Any]) -> object:
    kind = feature.get("dtype")
    if isinstance(kind, dict) and isinstance(kind.get("class_label"), dict):
        names = kind["class_label"].get("names")
        if isinstance(names, dict):
            names = [names[key] for key in sorted(names, key=int)]
        return {"_type": "ClassLabel", "names": names}
    return {"_type": "Value", "dtype": kind}
