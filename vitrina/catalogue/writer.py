"""Writing a catalogue: new shards and tombstones first, the manifest last, one writer at a time."""

import contextlib
import errno
import fcntl
import hashlib
import os
import re
import tempfile
from array import array
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import numpy as np
import pyarrow as pa

from vitrina.catalogue.manifest import (
    Manifest,
    ShardEntry,
    flush,
    manifest_path,
    read_manifest,
    write_manifest,
)
from vitrina.catalogue.product import Product
from vitrina.catalogue.shards import Shard, ShardBuilder, file_digest, live_digest, open_shard, product_digest

_SHARD_BYTES = 240 << 20
"""A shard is ended when it has grown to this, so that its file stays under 256 MB."""
_LOCK = ".lock"
_OURS = re.compile(r"((products|dead)-\d{6,}\.arrow|manifest\.json)(\.part)?|\.spill-.*|\.lock")
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_ROW_BITS = 32
_ROW_MASK = (1 << _ROW_BITS) - 1
_COMPARED_AT_ONCE = 65_536
_COPIED_AT_ONCE = 64
_PRICE_STEP = Decimal("0.000001")
_PRICE_LIMIT = Decimal(10) ** 18


@dataclass(frozen=True)
class Changes:
    """What a writer did: products by id. `repeated` are the numbers that `add` gave to products which a later one
    with the same id overrode within the same writing."""

    added: int
    replaced: int
    unchanged: int
    repeated: np.ndarray


class CatalogueWriter:
    """Adds and replaces products by id; `finish` makes it so. Leaving without `finish` leaves the old catalogue.

    Ids are kept as 64-bit hashes and compared in full where two hashes agree: some 40 bytes a product.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> Self:
        self._lock = _lock(self._path)
        try:
            self._begin()
        except BaseException:
            _unlock(self._path, self._lock)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(OSError):  # a full disk fails once more, and nothing of it is wanted
            self._spill.close()
        _remove_orphans(self._path, kept=_manifest_or_empty(self._path).files)
        _unlock(self._path, self._lock)
        if isinstance(error, OSError) and error.errno in _FULL:
            words = f"the disk has no room for {self._path} ({error.strerror}); the catalogue is as it was"
            raise ValueError(words) from error

    def add(self, product: Product) -> int:
        """Takes one product and returns its number within this writing, counted from 0."""
        _check(product)
        key = _id_hash(product.id)
        digest = product_digest(product)
        place = self._find_unchanged(key, digest)
        if place is None:
            place = _place(len(self._shards), self._builder.rows)
            self._builder.add(product, digest=digest)
            if self._builder.size_bytes >= _SHARD_BYTES:
                self._end_shard()
        self._keys.append(key)
        self._places.append(place)
        return len(self._keys) - 1

    def finish(self) -> Changes:
        """Ends the last shard, buries what was replaced, and replaces the manifest."""
        if self._builder.rows:
            self._end_shard()
        keys = np.concatenate([self._old_keys, np.frombuffer(self._keys, np.uint64)])
        places = np.concatenate([self._old_places, np.frombuffer(self._places, np.int64)])
        order, group = self._group_by_id(keys, places)
        is_first = np.diff(group, prepend=-1) != 0
        is_last = np.diff(group, append=group[-1] + 1 if len(group) else 0) != 0
        first, last, old = order[is_first], order[is_last], len(self._old_keys)
        changes = Changes(
            added=int((first >= old).sum()),
            replaced=int(((first < old) & (last >= old) & (places[last] >= _place(self._old_shards, 0))).sum()),
            unchanged=int(((first < old) & (last >= old) & (places[last] < _place(self._old_shards, 0))).sum()),
            repeated=np.sort(order[~is_last & (order >= old)]) - old,
        )
        if changes.added or changes.replaced or not manifest_path(self._path).exists():
            self._commit(np.sort(places[last]))
        return changes

    def _begin(self) -> None:
        manifest = _manifest_or_empty(self._path)
        _remove_orphans(self._path, kept=manifest.files)
        self._entries = list(manifest.shards)
        self._shards = [open_shard(self._path, entry) for entry in self._entries]
        self._old_shards = len(self._shards)
        self._next_number = manifest.next_number
        self._old_keys, self._old_places = _index(self._shards)
        self._old_order = np.argsort(self._old_keys, kind="stable")
        self._old_sorted = self._old_keys[self._old_order]
        self._keys, self._places = array("Q"), array("q")
        self._spill: IO[bytes] = tempfile.TemporaryFile(dir=self._path, prefix=".spill-")  # noqa: SIM115
        self._builder = ShardBuilder(self._spill)

    def _find_unchanged(self, key: int, digest: bytes) -> int | None:
        """Where the catalogue already holds exactly this product."""
        position = int(np.searchsorted(self._old_sorted, np.uint64(key)))
        while position < len(self._old_sorted) and self._old_sorted[position] == key:
            place = int(self._old_places[self._old_order[position]])
            if self._shards[place >> _ROW_BITS].digest(place & _ROW_MASK) == digest:
                return place
            position += 1
        return None

    def _end_shard(self) -> None:
        entry, shard = self._write_shard()
        self._entries.append(entry)
        self._shards.append(shard)

    def _write_shard(self) -> tuple[ShardEntry, Shard]:
        name = self._new_name("products")
        part = self._path / f"{name}.part"
        self._builder.write(part)
        part.replace(self._path / name)
        entry = ShardEntry(
            file=name,
            rows=self._builder.rows,
            bytes=(self._path / name).stat().st_size,
            sha256=file_digest(self._path / name),
        )
        self._builder = ShardBuilder(self._spill)
        return entry, open_shard(self._path, entry)

    def _group_by_id(self, keys: np.ndarray, places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Event numbers sorted so that those of one id stand together, oldest first, and a number per id."""
        order = np.argsort(keys, kind="stable")
        group = np.cumsum(np.diff(keys[order], prepend=keys[order[:1]]) != 0)
        pairs = np.flatnonzero(group[1:] == group[:-1])
        colliding: set[int] = set()
        for start in range(0, len(pairs), _COMPARED_AT_ONCE):
            part = pairs[start : start + _COMPARED_AT_ONCE]
            left, right = self._ids(places[order[part]]), self._ids(places[order[part + 1]])
            colliding.update(int(group[each]) for each in part[left != right])
        if colliding:
            is_colliding = np.isin(group, list(colliding))
            number = {id_: int(group[-1]) + 1 + i for i, id_ in enumerate(set(self._ids(places[order[is_colliding]])))}
            group[is_colliding] = [number[id_] for id_ in self._ids(places[order[is_colliding]])]
            again = np.argsort(group, kind="stable")
            order, group = order[again], group[again]
        return order, group

    def _ids(self, places: np.ndarray) -> np.ndarray:
        ids = np.empty(len(places), object)
        shard_of = places >> _ROW_BITS
        for number in np.unique(shard_of):
            mask = shard_of == number
            ids[mask] = self._shards[number].ids(_rows(places[mask]))
        return ids

    def _commit(self, live: np.ndarray) -> None:
        """Makes `live` (sorted places) the catalogue: buries every other row and writes the manifest."""
        entries, shards = [], []
        for number, (entry, shard) in enumerate(zip(self._entries, self._shards, strict=True)):
            start, stop = np.searchsorted(live, [_place(number, 0), _place(number + 1, 0)])
            if start == stop:
                continue
            rows = _rows(live[start:stop])
            if len(rows) * 2 < entry.rows:
                entry, shard = self._rewrite(shard, rows)
            elif len(rows) != entry.rows - entry.dead_rows:
                entry = self._bury(entry, np.setdiff1d(np.arange(entry.rows), rows, assume_unique=True))
                shard = open_shard(self._path, entry)
            entries.append(entry)
            shards.append(shard)
        manifest = Manifest(
            products=len(live), digest=live_digest(shards), next_number=self._next_number, shards=tuple(entries)
        )
        flush(self._path)
        write_manifest(self._path, manifest=manifest)

    def _rewrite(self, shard: Shard, rows: np.ndarray) -> tuple[ShardEntry, Shard]:
        """The live rows of a shard that is mostly dead as a shard of their own: the disk holds at most twice what
        lives."""
        shard.verify()
        for start in range(0, len(rows), _COPIED_AT_ONCE):
            for product in shard.products(rows[start : start + _COPIED_AT_ONCE], pictures="bytes"):
                self._builder.add(product, digest=product_digest(product))
        return self._write_shard()

    def _bury(self, entry: ShardEntry, dead: np.ndarray) -> ShardEntry:
        name = self._new_name("dead")
        table = pa.table({"row": pa.array(dead, pa.uint32())})
        part = self._path / f"{name}.part"
        with part.open("wb") as file:
            with pa.ipc.new_file(file, table.schema) as sink:
                sink.write_table(table)
            file.flush()
            os.fsync(file.fileno())
        part.replace(self._path / name)
        return replace(entry, dead_file=name, dead_rows=len(dead), dead_sha256=file_digest(self._path / name))

    def _new_name(self, kind: str) -> str:
        self._next_number += 1
        return f"{kind}-{self._next_number:06d}.arrow"


def _check(product: Product) -> None:
    """Refuses what cannot be stored or is absent in a wrong way: an empty string where None or nothing belongs."""
    if not product.id:
        raise ValueError("a product has an empty id: every product needs one of its own")
    strings = [product.brand, product.currency, product.domain, product.group, product.split]
    strings += [text.text for text in product.texts] + [text.language for text in product.texts]
    strings += [*product.category, *product.attributes, *product.attributes.values()]
    if "" in strings:
        raise ValueError(f"product {product.id!r} holds an empty string: absent facts are None or left out")
    try:
        "".join([product.id, *filter(None, strings)]).encode()
    except UnicodeEncodeError as error:
        raise ValueError(f"product {product.id!r} holds half a character: {error}") from error
    if product.price is not None:
        _check_price(product.id, product.price)


def _check_price(id_: str, price: Decimal) -> None:
    if not (price.is_finite() and 0 <= price < _PRICE_LIMIT):
        raise ValueError(f"product {id_!r} has the price {price}: it must lie between 0 and {_PRICE_LIMIT:.0e}")
    if price != price.quantize(_PRICE_STEP):
        raise ValueError(f"product {id_!r} has the price {price}: round it to {_PRICE_STEP}")


def _id_hash(id_: str) -> int:
    return int.from_bytes(hashlib.blake2b(id_.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")


def _place(shard: int, row: int) -> int:
    return shard << _ROW_BITS | row


def _rows(places: np.ndarray) -> np.ndarray:
    return places & _ROW_MASK


def _index(shards: list[Shard]) -> tuple[np.ndarray, np.ndarray]:
    """Hash and place of every live product."""
    keys, places = array("Q"), array("q")
    for number, shard in enumerate(shards):
        for start in range(0, len(shard.live), _COMPARED_AT_ONCE):
            rows = shard.live[start : start + _COMPARED_AT_ONCE]
            keys.extend(map(_id_hash, shard.ids(rows)))
            places.extend((rows | _place(number, 0)).tolist())
    return np.frombuffer(keys, np.uint64), np.frombuffer(places, np.int64)


def _manifest_or_empty(folder: Path) -> Manifest:
    try:
        return read_manifest(folder)
    except FileNotFoundError:
        foreign = next((each.name for each in folder.iterdir() if not _OURS.fullmatch(each.name)), None)
        if foreign is not None:
            raise ValueError(
                f"{folder} holds other files ({foreign}) and no catalogue: name an empty or a new folder"
            ) from None
        return Manifest(products=0, digest="", next_number=0, shards=())


def _remove_orphans(folder: Path, *, kept: set[str]) -> None:
    """Removes what a killed writer left and what the manifest no longer names."""
    for each in folder.iterdir():
        is_ours = _OURS.fullmatch(each.name) and each.name not in (_LOCK, manifest_path(folder).name)
        if is_ours and each.name not in kept:
            each.unlink()


@dataclass(frozen=True)
class _Lock:
    descriptor: int
    made_folder: bool


def _lock(folder: Path) -> _Lock:
    """Makes the folder where needed and locks it for one writer. The kernel frees the lock of a killed one."""
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"{folder} is a file: name a folder for the catalogue")
    path = folder / _LOCK
    made_folder = False
    while True:
        made_folder = made_folder or not folder.exists()
        folder.mkdir(parents=True, exist_ok=True)
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        except FileNotFoundError:  # another writer has just removed the folder that it had made
            continue
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if path.stat().st_ino == os.fstat(descriptor).st_ino:
                return _Lock(descriptor, made_folder)
        except BlockingIOError:
            os.close(descriptor)
            raise ValueError(f"another program is writing the catalogue {folder}: try again when it is done") from None
        except FileNotFoundError:  # another writer has just finished and taken its lock file along
            pass
        os.close(descriptor)


def _unlock(folder: Path, lock: _Lock) -> None:
    """Frees the lock; a folder that was made for a catalogue which never came about goes with it."""
    (folder / _LOCK).unlink(missing_ok=True)
    if lock.made_folder and not any(folder.iterdir()):
        folder.rmdir()
    os.close(lock.descriptor)
