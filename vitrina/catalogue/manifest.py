"""The manifest of a catalogue: which shards it consists of and which versions there were.

The manifest is written last, so a catalogue is whole or old. What it replaces is kept beside it as `version-….json`,
with the shards and tombstones that it names, until the catalogue is compacted.
"""

import dataclasses
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, get_args

FORMAT_VERSION = 2
_NAME = "manifest.json"
_FORMAT = "vitrina-catalogue"
_DIGITS = frozenset("0123456789abcdef")
_FEWEST_DIGITS = 6

Action = Literal["ingest", "remove", "compact"]


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
class Version:
    """One state of a catalogue: its number from 1, when it was written (UTC, ISO 8601) and by what, how many products
    that added, replaced and removed, how many there were then, and their digest."""

    number: int
    when: str
    action: Action
    added: int
    replaced: int
    removed: int
    products: int
    digest: str

    @property
    def file(self) -> str:
        """The file that keeps it when it is not the last one."""
        return f"version-{self.number:06d}.json"


@dataclass(frozen=True)
class Manifest:
    """`products` live rows with `digest`; `next_number` names the next file, so that no name is used twice. `versions`
    are all that there ever were, oldest first; the last one is this."""

    products: int
    digest: str
    next_number: int
    shards: tuple[ShardEntry, ...]
    versions: tuple[Version, ...] = ()

    @property
    def files(self) -> set[str]:
        """Every shard and tombstone file that the manifest names."""
        return {entry.file for entry in self.shards} | {entry.dead_file for entry in self.shards if entry.dead_file}

    @property
    def earlier(self) -> tuple[Version, ...]:
        """The versions before this one that can still be opened: those since the last compaction."""
        first = max((i for i, version in enumerate(self.versions) if version.action == "compact"), default=0)
        return self.versions[first:-1]


def manifest_path(folder: Path) -> Path:
    """Where the manifest of a catalogue's folder lies."""
    return folder / _NAME


def check_exists(folder: Path) -> None:
    """Raises ValueError where a folder is no catalogue."""
    if not manifest_path(folder).is_file():
        raise ValueError(
            f"{folder} is not a catalogue (it has no {manifest_path(folder).name}): make one with `vitrina ingest`"
        )


def is_catalogue(folder: Path) -> bool:
    """Whether a folder holds a catalogue, whole or not."""
    try:
        plain = json.loads(manifest_path(folder).read_bytes())
    except (OSError, ValueError):
        return False
    return isinstance(plain, dict) and plain.get("format") == _FORMAT


def read_manifest(folder: Path) -> Manifest:
    """Reads the manifest. FileNotFoundError where there is none; ValueError where it is damaged or too new."""
    path = manifest_path(folder)
    manifest = _read(path, mend=f"restore the file from a copy, or delete {folder} and ingest again")
    if manifest.versions:
        return manifest
    # Before versions were kept, nobody wrote down when a catalogue was written.
    when = datetime.fromtimestamp(path.stat().st_mtime, UTC).isoformat(timespec="seconds")
    first = Version(1, when, "ingest", manifest.products, 0, 0, manifest.products, manifest.digest)
    return dataclasses.replace(manifest, versions=(first,))


def read_version(folder: Path, *, version: Version) -> Manifest:
    """Reads an earlier version. FileNotFoundError where its file is gone; ValueError where it is damaged."""
    path = folder / version.file
    mend = f"restore the file from a copy, or drop earlier versions with `vitrina compact {folder}`"
    manifest = _read(path, mend=mend)
    if (manifest.digest, manifest.products) != (version.digest, version.products):
        raise ValueError(f"{path} cannot be read: it is another version than the catalogue's log says; {mend}")
    return manifest


def find_version(manifest: Manifest, *, digest: str, folder: Path) -> Version:
    """The newest version with a digest, or with the only digest that begins so. ValueError where there is none."""
    wanted = digest.strip().lower()
    if len(wanted) < _FEWEST_DIGITS or not set(wanted) <= _DIGITS:
        raise ValueError(f"{digest!r} is no digest of a version: give at least {_FEWEST_DIGITS} of its signs 0-9 a-f")
    see = f"`vitrina log {folder}` lists its versions"
    found = [version for version in manifest.versions if version.digest.startswith(wanted)]
    digests = sorted({version.digest for version in found})
    if len(digests) > 1:
        several = ", ".join(each[: len(wanted) + 6] for each in digests)
        raise ValueError(f"{digest!r} begins several digests of {folder}: {several}; give more of it")
    if not found:
        raise ValueError(f"{folder} never had a version {digest!r}: {see}")
    if found[-1] not in (*manifest.earlier, manifest.versions[-1]):
        compaction = next(v for v in manifest.versions if v.action == "compact" and v.number > found[-1].number)
        raise ValueError(
            f"version {found[-1].digest[:12]} of {folder} was compacted away on {compaction.when[:10]}: only the "
            f"version of that day and later ones are there; {see}"
        )
    return found[-1]


def write_manifest(folder: Path, *, manifest: Manifest) -> None:
    """Replaces the manifest atomically and flushes file and folder to the disk."""
    _write(manifest_path(folder), manifest=manifest)
    flush(folder)


def keep_version(folder: Path, *, manifest: Manifest) -> None:
    """Writes a manifest that is about to be replaced beside itself, where `read_version` finds it."""
    last = manifest.versions[-1]
    _write(folder / last.file, manifest=dataclasses.replace(manifest, versions=(last,)))


def named_files(folder: Path, *, manifest: Manifest) -> set[str]:
    """Every file that the manifest or an earlier version needs. ValueError or OSError where one cannot be read."""
    earlier = {version.file for version in manifest.earlier}
    return manifest.files.union(earlier, *(read_version(folder, version=each).files for each in manifest.earlier))


def flush(path: Path) -> None:
    """Makes a file, or the names in a folder, survive a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """A temporary file to fill, which gets its name when its bytes lie on the disk; until then the old file stands.

    For files that one process writes at a time: what a killed one leaves is written over by the next.
    """
    temporary = path.with_name(f".writing-{path.name}")
    try:
        yield temporary
        flush(temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    flush(path.parent)


def _write(path: Path, *, manifest: Manifest) -> None:
    data = {"format": _FORMAT, "version": FORMAT_VERSION, **dataclasses.asdict(manifest)}
    part = path.with_name(f"{path.name}.part")
    with part.open("w", encoding="utf-8") as file:
        json.dump(data, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def _read(path: Path, *, mend: str) -> Manifest:
    text = path.read_bytes()
    try:
        data = json.loads(text)
        if data["format"] != _FORMAT or not isinstance(data["version"], int):
            raise ValueError("it is not the manifest of a catalogue")
        if data["version"] > FORMAT_VERSION:
            mend = "upgrade vitrina"
            raise ValueError(
                f"it has version {data['version']}, and this vitrina knows versions up to {FORMAT_VERSION}"
            )
        shards = tuple(_typed(ShardEntry, entry) for entry in data["shards"])
        versions = tuple(_typed(Version, each) for each in data["versions"]) if data["version"] > 1 else ()
        manifest = _typed(Manifest, {**data, "shards": shards, "versions": versions})
        if manifest.products != sum(entry.rows - entry.dead_rows for entry in shards):
            raise ValueError("its counts do not agree")
        if data["version"] > 1:
            _check_versions(manifest)
        for name in manifest.files:
            if Path(name).name != name or name.startswith("."):
                raise ValueError(f"it names the file {name!r} outside its folder")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        reason = f"{error} is missing" if isinstance(error, KeyError) else str(error)
        raise ValueError(f"{path} cannot be read: {reason}; {mend}") from error
    return manifest


def _check_versions(manifest: Manifest) -> None:
    numbers = [version.number for version in manifest.versions]
    if not numbers or numbers != sorted(set(numbers)):
        raise ValueError("its versions are not in order")
    if (manifest.versions[-1].digest, manifest.versions[-1].products) != (manifest.digest, manifest.products):
        raise ValueError("its last version is not what it holds")
    unknown = {version.action for version in manifest.versions} - set(get_args(Action))
    if unknown:
        raise ValueError(f"it has a version made by {sorted(unknown)[0]!r}")


def _typed(kind: Any, data: dict[str, Any]) -> Any:
    """A dataclass from JSON, with every value checked against its annotation."""
    values = {}
    for each in dataclasses.fields(kind):
        value = data[each.name]
        allowed = {int: (int,), str: (str,), Action: (str,), str | None: (str, type(None))}.get(each.type, (tuple,))
        if not isinstance(value, allowed) or isinstance(value, bool) or (isinstance(value, int) and value < 0):
            raise ValueError(f"{each.name} is {value!r}")
        values[each.name] = value
    return kind(**values)
