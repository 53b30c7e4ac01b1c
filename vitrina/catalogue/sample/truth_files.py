"""The files of the truth: `OUT/truth/`, whole or as they were."""

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from vitrina.catalogue.manifest import flush, manifest_path
from vitrina.catalogue.sample.settings import Settings
from vitrina.catalogue.sample.spoken import is_available
from vitrina.catalogue.sample.tables import CHUNK, SCHEMAS

FOLDER = "truth"
RECORD = "sample.json"
QUERIES = "queries.jsonl"

PART = 4096
"""Products in a file of each table."""

_FORMAT = "vitrina-sample"
_FORMAT_VERSION = 1


@dataclass(frozen=True)
class Record:
    """What `sample.json` says: the settings, how many products, the digest of their catalogue, what made them."""

    settings: Settings
    products: int
    catalogue: str
    made_with: dict[str, str]


def parts_of(products: int) -> list[range]:
    """The products of each file, in order."""
    return [range(start, min(start + PART, products)) for start in range(0, products, PART)]


def chunks_of(numbers: range) -> list[range]:
    """The products of each row group, in order."""
    return [range(start, min(start + CHUNK, numbers.stop)) for start in range(numbers.start, numbers.stop, CHUNK)]


def part_path(folder: Path, *, table: str, numbers: range) -> Path:
    """The file of a table that holds these products."""
    return folder / f"{table}-{numbers.start:07d}-{numbers.stop - 1:07d}.parquet"


def made_with() -> dict[str, str]:
    """The versions of what a sample is made with, and whether there is a voice for spoken texts."""
    versions = {name: version(name) for name in ("vitrina", "skia-python", "simplejpeg")}
    return {**versions, "voice": "espeak-ng" if is_available() else "none"}


def read_record(out: Path) -> Record | None:
    """The record of the sample in a folder, None where there is none. ValueError where it is damaged or too new."""
    path = out / FOLDER / RECORD
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        if found["format"] != _FORMAT:
            raise ValueError("it is not the record of a sample")
        if found["version"] > _FORMAT_VERSION:
            raise ValueError(f"it has version {found['version']}: upgrade vitrina")
        settings = Settings.from_json(json.dumps(found["settings"]))
        return Record(settings, found["products"], found["catalogue"], found["made_with"])
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{path} cannot be read ({error}): remove {path.parent} and write the sample again") from error


@contextmanager
def staging(out: Path) -> Iterator[Path]:
    """A folder to write the truth into, gone afterwards. What a killed run left of it is removed first.

    It lies in the catalogue's folder, or beside it while there is no catalogue: a folder with other things in it
    is refused as a place for a new one.
    """
    inside, beside = out / f"{FOLDER}.part", out.parent / f".{out.name}.{FOLDER}.part"
    for left in (inside, beside):
        if left.exists():
            shutil.rmtree(left)
    folder = inside if manifest_path(out).exists() else beside
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


class PartWriter:
    """Writes the Parquet files of one range of products, a row group for each chunk."""

    def __init__(self, folder: Path, *, numbers: range) -> None:
        self._paths = {name: part_path(folder, table=name, numbers=numbers) for name in SCHEMAS}
        # Pictures and sounds are compressed already, and dictionaries of them would be made in vain.
        options: dict[str, Any] = {"compression": "zstd", "write_statistics": ["number"]}
        self._writers = {
            name: pq.ParquetWriter(path, SCHEMAS[name], use_dictionary=_words(SCHEMAS[name]), **options)
            for name, path in self._paths.items()
        }

    def write(self, tables: Mapping[str, pa.Table]) -> None:
        """Adds a row group to each table."""
        for name, table in tables.items():
            self._writers[name].write_table(table, row_group_size=max(1, table.num_rows))

    def close(self) -> None:
        """Ends the files and brings them to the disk."""
        for writer in self._writers.values():
            writer.close()
        for path in self._paths.values():
            flush(path)


def publish(staged: Path, *, out: Path, record: Record) -> None:
    """Moves staged files into the truth of `out` and makes them its truth; what it no longer names goes."""
    folder = out / FOLDER
    folder.mkdir(exist_ok=True)
    _write(staged / RECORD, record=record)
    for path in sorted(staged.iterdir(), key=lambda each: (each.name == RECORD, each.name == QUERIES, each.name)):
        if path.name == RECORD:
            flush(folder)
        _move(path, to=folder / path.name)
    flush(folder)
    kept = {part_path(folder, table=name, numbers=part) for name in SCHEMAS for part in parts_of(record.products)}
    for path in folder.iterdir():
        if path not in kept and path.name not in (RECORD, QUERIES):
            path.unlink()


def _words(schema: pa.Schema) -> Any:
    """The columns of plain text."""
    return [each.name for each in schema if pa.types.is_string(each.type)]


def _write(path: Path, *, record: Record) -> None:
    content: dict[str, Any] = {
        "format": _FORMAT,
        "version": _FORMAT_VERSION,
        "products": record.products,
        "catalogue": record.catalogue,
        "made_with": record.made_with,
        "settings": json.loads(record.settings.to_json()),
    }
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    flush(path)


def _move(path: Path, *, to: Path) -> None:
    """Like `os.replace`, also from a disk to another: the folder of the catalogue may be one of its own."""
    if path.stat().st_dev != to.parent.stat().st_dev:
        near = to.with_name(f"{to.name}.part")
        shutil.copyfile(path, near)
        flush(near)
        path.unlink()
        path = near
    os.replace(path, to)  # noqa: PTH105
