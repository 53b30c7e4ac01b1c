"""The next version of a catalogue in the making: new shards and tombstones first, the manifest last."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa

from vitrina.catalogue.manifest import Action, Manifest, ShardEntry, Version, flush, keep_version, write_manifest
from vitrina.catalogue.shards import Shard, ShardBuilder, file_digest, live_digest, open_shard


@dataclass(frozen=True)
class Part:
    """A shard and what the manifest says about it."""

    entry: ShardEntry
    shard: Shard


def open_parts(folder: Path, *, manifest: Manifest) -> list[Part]:
    """Every shard of a manifest. Raises ValueError where one is damaged."""
    return [Part(entry, open_shard(folder, entry)) for entry in manifest.shards]


class NextVersion:
    """Names and writes the files of the version after `before`; `commit` makes them count. The folder is locked."""

    def __init__(self, folder: Path, *, before: Manifest) -> None:
        self._folder = folder
        self._before = before
        self._next_number = before.next_number

    def write(self, builder: ShardBuilder) -> Part:
        """The products of a builder as a shard on the disk."""
        name = self._new_name("products")
        part, path = self._folder / f"{name}.part", self._folder / name
        builder.write(part)
        part.replace(path)
        entry = ShardEntry(file=name, rows=builder.rows, bytes=path.stat().st_size, sha256=file_digest(path))
        return Part(entry, open_shard(self._folder, entry))

    def keep(self, part: Part, *, rows: np.ndarray) -> Part:
        """The shard with `rows` (sorted) alive and all others dead."""
        if len(rows) == part.entry.rows - part.entry.dead_rows:
            return part
        dead = np.setdiff1d(np.arange(part.entry.rows), rows, assume_unique=True)
        name = self._new_name("dead")
        half, path = self._folder / f"{name}.part", self._folder / name
        table = pa.table({"row": pa.array(dead, pa.uint32())})
        with half.open("wb") as file:
            with pa.ipc.new_file(file, table.schema) as sink:
                sink.write_table(table)
            file.flush()
            os.fsync(file.fileno())
        half.replace(path)
        entry = replace(part.entry, dead_file=name, dead_rows=len(dead), dead_sha256=file_digest(path))
        return Part(entry, open_shard(self._folder, entry))

    def commit(
        self, parts: Sequence[Part], *, action: Action, added: int = 0, replaced: int = 0, removed: int = 0
    ) -> Manifest:
        """Makes `parts` the catalogue. The version before stays beside it, unless this compacts it away."""
        past, digest = self._before.versions, live_digest(part.shard for part in parts)
        products = sum(len(part.shard.live) for part in parts)
        version = Version(
            number=past[-1].number + 1 if past else 1,
            when=datetime.now(UTC).isoformat(timespec="seconds"),
            action=action,
            added=added,
            replaced=replaced,
            removed=removed,
            products=products,
            digest=digest,
        )
        entries = tuple(part.entry for part in parts)
        manifest = Manifest(products, digest, self._next_number, entries, (*past, version))
        if past and action != "compact":
            keep_version(self._folder, manifest=self._before)
        flush(self._folder)
        write_manifest(self._folder, manifest=manifest)
        return manifest

    def _new_name(self, kind: str) -> str:
        self._next_number += 1
        return f"{kind}-{self._next_number:06d}.arrow"
