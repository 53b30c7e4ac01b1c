"""The manifest of a catalogue: which shards it consists of. It is written last, so a catalogue is whole or old."""

import dataclasses
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

VERSION = 1
_NAME = "manifest.json"
_FORMAT = "vitrina-catalogue"


@dataclass(frozen=True)
class ShardEntry:
    """A shard's file, rows, bytes and SHA-256, and the file that lists its dead rows, where it has any."""

    file: str
    rows: int
    bytes: int
    sha256: str
    dead_file: str | None = None
    dead_rows: int = 0
    dead_sha256: str | None = None


@dataclass(frozen=True)
class Manifest:
    """`products` live rows with `digest`; `next_number` names the next file, so that no name is used twice."""

    products: int
    digest: str
    next_number: int
    shards: tuple[ShardEntry, ...]

    @property
    def files(self) -> set[str]:
        """Every file that the manifest names."""
        return {entry.file for entry in self.shards} | {entry.dead_file for entry in self.shards if entry.dead_file}


def manifest_path(folder: Path) -> Path:
    """Where the manifest of a catalogue's folder lies."""
    return folder / _NAME


def read_manifest(folder: Path) -> Manifest:
    """Reads the manifest. FileNotFoundError where there is none; ValueError where it is damaged or too new."""
    path = manifest_path(folder)
    text = path.read_bytes()
    mend = f"restore the file from a copy, or delete {folder} and ingest again"
    try:
        data = json.loads(text)
        if data["format"] != _FORMAT or not isinstance(data["version"], int):
            raise ValueError("it is not the manifest of a catalogue")
        if data["version"] > VERSION:
            mend = "upgrade vitrina"
            raise ValueError(f"it has version {data['version']}, and this vitrina knows versions up to {VERSION}")
        shards = tuple(_typed(ShardEntry, entry) for entry in data["shards"])
        manifest = _typed(Manifest, {**data, "shards": shards})
        if manifest.products != sum(entry.rows - entry.dead_rows for entry in shards):
            raise ValueError("its counts do not agree")
        for name in manifest.files:
            if Path(name).name != name or name.startswith("."):
                raise ValueError(f"it names the file {name!r} outside its folder")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        reason = f"{error} is missing" if isinstance(error, KeyError) else str(error)
        raise ValueError(f"{path} cannot be read: {reason}; {mend}") from error
    return manifest


def write_manifest(folder: Path, *, manifest: Manifest) -> None:
    """Replaces the manifest atomically and flushes file and folder to the disk."""
    data = {"format": _FORMAT, "version": VERSION, **dataclasses.asdict(manifest)}
    part = folder / f"{_NAME}.part"
    with part.open("w", encoding="utf-8") as file:
        json.dump(data, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    part.replace(manifest_path(folder))
    flush(folder)


def flush(path: Path) -> None:
    """Makes a file, or the names in a folder, survive a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _typed(kind: Any, data: dict[str, Any]) -> Any:
    """A dataclass from JSON, with every value checked against its annotation."""
    values = {}
    for each in dataclasses.fields(kind):
        value = data[each.name]
        allowed = {int: (int,), str: (str,), str | None: (str, type(None))}.get(each.type, (tuple,))
        if not isinstance(value, allowed) or isinstance(value, bool) or (isinstance(value, int) and value < 0):
            raise ValueError(f"{each.name} is {value!r}")
        values[each.name] = value
    return kind(**values)
