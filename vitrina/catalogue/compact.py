"""Compacting a catalogue: few full shards of the living products, and no earlier versions."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from vitrina.catalogue.manifest import check_exists
from vitrina.catalogue.shards import ShardBuilder, is_large
from vitrina.catalogue.writer import open_spill
from vitrina.catalogue.writer_folder import disk_bytes, size_text, writing
from vitrina.catalogue.writer_version import NextVersion, Part, open_parts


@dataclass(frozen=True)
class Compacted:
    """What a compaction did: bytes on the disk and shards, before and after, and the versions that went."""

    catalogue: Path
    products: int
    bytes_before: int
    bytes_after: int
    shards_before: int
    shards_after: int
    versions_dropped: int
    digest: str

    def text(self) -> str:
        """The outcome for a terminal."""
        if (self.bytes_before, self.shards_before, self.versions_dropped) == (self.bytes_after, self.shards_after, 0):
            size = size_text(self.bytes_after)
            return f"{self.catalogue}: there is nothing to compact; {self.products:,} products, {size}"
        return (
            f"{self.catalogue}: {size_text(self.bytes_before)} before, {size_text(self.bytes_after)} now; "
            f"{self.shards_before:,} shards before, {self.shards_after:,} now; "
            f"{self.versions_dropped:,} earlier versions dropped; {self.products:,} products as they were"
        )


def compact(path: str | os.PathLike[str]) -> Compacted:
    """Rewrites the living products into full shards and drops every earlier version.

    Rows keep their order and the digest stays. Shards that are full and have no dead rows stay as they are. Until the
    last moment, and after a crash at any moment, the catalogue is what it was; whoever has it open goes on reading.
    The disk needs room for what is rewritten. Raises ValueError where there is no catalogue, it is damaged, or another
    writer is at work.

    >>> print(compact("shop").text())  # doctest: +SKIP
    """
    folder = Path(path)
    check_exists(folder)
    bytes_before = disk_bytes(folder)
    with writing(folder) as before, open_spill(folder) as spill:
        parts = open_parts(folder, manifest=before)
        version = NextVersion(folder, before=before)
        now: list[Part] = []
        total = sum(len(part.shard.live) for part in parts)
        with tqdm(total=total, desc="compacting", unit="product", delay=2, disable=None, leave=False) as bar:
            for run in _runs(parts):
                if len(run) == 1 and not run[0].entry.dead_rows:
                    now += run
                    bar.update(len(run[0].shard.live))
                    continue
                builder = ShardBuilder(spill)
                for part in run:
                    part.shard.verify()
                    for rows in part.shard.handfuls():
                        builder.copy(part.shard, rows=rows)
                        bar.update(len(rows))
                        if builder.is_full:
                            now.append(version.write(builder))
                            builder = ShardBuilder(spill)
                if builder.rows:
                    now.append(version.write(builder))
        if now != parts or before.earlier:
            after = version.commit(now, action="compact")
            assert after.digest == before.digest, "a compaction changes no product"
    return Compacted(
        catalogue=folder,
        products=before.products,
        bytes_before=bytes_before,
        bytes_after=disk_bytes(folder),
        shards_before=len(parts),
        shards_after=len(now),
        versions_dropped=len(before.earlier),
        digest=before.digest,
    )


def _runs(parts: Sequence[Part]) -> Iterator[list[Part]]:
    """Neighbours to be merged; a large shard without dead rows stands alone and stays."""
    run: list[Part] = []
    for part in parts:
        if part.entry.dead_rows or not is_large(part.entry):
            run.append(part)
            continue
        if run:
            yield run
        run = []
        yield [part]
    if run:
        yield run
