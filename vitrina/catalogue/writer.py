"""Writing a catalogue: new shards and tombstones first, the manifest last, one writer at a time."""

import contextlib
import hashlib
import tempfile
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import numpy as np

from vitrina.catalogue.manifest import manifest_path
from vitrina.catalogue.product import Product
from vitrina.catalogue.shards import Shard, ShardBuilder, product_digest
from vitrina.catalogue.writer_folder import writing
from vitrina.catalogue.writer_version import NextVersion, open_parts

_ROW_BITS = 32
_ROW_MASK = (1 << _ROW_BITS) - 1
_COMPARED_AT_ONCE = 65_536
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
        with contextlib.ExitStack() as stack:
            before = stack.enter_context(writing(self._path))
            self._version = NextVersion(self._path, before=before)
            self._parts = open_parts(self._path, manifest=before)
            self._old_shards = len(self._parts)
            self._old_keys, self._old_places = _index([part.shard for part in self._parts])
            self._old_order = np.argsort(self._old_keys, kind="stable")
            self._old_sorted = self._old_keys[self._old_order]
            self._keys, self._places = array("Q"), array("q")
            self._spill = stack.enter_context(open_spill(self._path))
            self._builder = ShardBuilder(self._spill)
            self._cleanup = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._cleanup.__exit__(kind, error, trace)

    def add(self, product: Product) -> int:
        """Takes one product and returns its number within this writing, counted from 0."""
        _check(product)
        key = _id_hash(product.id)
        digest = product_digest(product)
        place = self._find_unchanged(key, digest)
        if place is None:
            place = _place(len(self._parts), self._builder.rows)
            self._builder.add(product, digest=digest)
            if self._builder.is_full:
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
            live = np.sort(places[last])
            kept = []
            for number, part in enumerate(self._parts):
                start, stop = np.searchsorted(live, [_place(number, 0), _place(number + 1, 0)])
                if start < stop:
                    kept.append(self._version.keep(part, rows=_rows(live[start:stop])))
            self._version.commit(kept, action="ingest", added=changes.added, replaced=changes.replaced)
        return changes

    def _find_unchanged(self, key: int, digest: bytes) -> int | None:
        """Where the catalogue already holds exactly this product."""
        position = int(np.searchsorted(self._old_sorted, np.uint64(key)))
        while position < len(self._old_sorted) and self._old_sorted[position] == key:
            place = int(self._old_places[self._old_order[position]])
            if self._parts[place >> _ROW_BITS].shard.digest(place & _ROW_MASK) == digest:
                return place
            position += 1
        return None

    def _end_shard(self) -> None:
        self._parts.append(self._version.write(self._builder))
        self._builder = ShardBuilder(self._spill)

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
            ids[mask] = self._parts[number].shard.ids(_rows(places[mask]))
        return ids


@contextlib.contextmanager
def open_spill(folder: Path) -> Iterator[IO[bytes]]:
    """A file without a name for the shard in the making."""
    spill = tempfile.TemporaryFile(dir=folder, prefix=".spill-")  # noqa: SIM115
    try:
        yield spill
    finally:
        with contextlib.suppress(OSError):  # a full disk fails once more, and nothing of it is wanted
            spill.close()


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
