"""One shard of a catalogue: products as a single Arrow record batch in an IPC file, memory-mapped for reading."""

import hashlib
import json
import os
import threading
import weakref
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import IO, Literal

import numpy as np
import pyarrow as pa

from vitrina.catalogue.manifest import ShardEntry
from vitrina.catalogue.product import Product, Text
from vitrina.catalogue.spill import SpilledBatch

_TEXTS = pa.list_(pa.struct([pa.field("text", pa.string()), pa.field("language", pa.string())]))
PRICE = pa.decimal128(24, 6)
DIGEST_BYTES = 16

_FACTS = pa.schema(
    [
        pa.field("id", pa.string()),
        pa.field("titles", _TEXTS),
        pa.field("descriptions", _TEXTS),
        pa.field("brand", pa.string()),
        pa.field("category", pa.list_(pa.string())),
        pa.field("price", PRICE),
        pa.field("currency", pa.string()),
        pa.field("attributes", pa.map_(pa.string(), pa.string())),
        pa.field("domain", pa.string()),
        pa.field("group", pa.string()),
        pa.field("split", pa.string()),
        pa.field("digest", pa.binary(DIGEST_BYTES)),
    ]
)
SCHEMA = _FACTS.append(pa.field("pictures", pa.list_(pa.large_binary())))
FACTS = _FACTS.append(pa.field("picture_count", pa.int32())).append(pa.field("text_count", pa.int32()))
_FACT_NAMES = tuple(_FACTS.names)

SHARD_BYTES = 240 << 20
"""A shard is ended when it has grown to this, so that its file stays under 256 MB."""
_CHUNK_ROWS = 512
_CHUNK_BYTES = 1 << 20


def product_digest(product: Product) -> bytes:
    """Sixteen bytes that identify everything about a product, its pictures included."""
    facts = [
        product.id,
        [(text.text, text.language) for text in product.titles],
        [(text.text, text.language) for text in product.descriptions],
        product.brand,
        product.category,
        None if product.price is None else str(_tidy(product.price)),
        product.currency,
        sorted(product.attributes.items()),
        product.domain,
        product.group,
        product.split,
        [hashlib.sha256(picture).hexdigest() for picture in product.pictures],
    ]
    return hashlib.blake2b(json.dumps(facts).encode(), digest_size=DIGEST_BYTES).digest()


class ShardBuilder:
    """Collects products for one shard; `write` makes the file. The spill file is the caller's to close."""

    def __init__(self, spill: IO[bytes]) -> None:
        self._batch = SpilledBatch(SCHEMA, spill=spill)
        self._pending: list[tuple[Product, bytes]] = []
        self._pending_bytes = self._packed_bytes = 0
        self.rows = 0

    @property
    def size_bytes(self) -> int:
        """About how large the shard is so far."""
        return self._packed_bytes + self._pending_bytes

    @property
    def is_full(self) -> bool:
        """Whether the shard should be ended."""
        return self.size_bytes >= SHARD_BYTES

    def add(self, product: Product, *, digest: bytes) -> None:
        """Takes a product; every few hundred go to the spill file."""
        self._pending.append((product, digest))
        self._pending_bytes += sum(map(len, product.pictures)) + sum(len(text.text) for text in product.texts)
        self.rows += 1
        if len(self._pending) == _CHUNK_ROWS or self._pending_bytes >= _CHUNK_BYTES:
            self._pack()

    def copy(self, shard: "Shard", *, rows: np.ndarray) -> None:
        """Takes a few rows of another shard as they are."""
        self._pack()
        self._batch.append(shard.batch.take(pa.array(rows)))
        self._packed_bytes = self._batch.size_bytes
        self.rows += len(rows)

    def write(self, path: Path) -> None:
        """Writes the shard at `path`, flushes it to the disk and empties the spill file."""
        self._pack()
        self._batch.write(path)

    def _pack(self) -> None:
        if self._pending:
            self._batch.append(_to_arrow(self._pending))
            self._packed_bytes = self._batch.size_bytes
            self._pending.clear()
            self._pending_bytes = 0


class Shard:
    """A shard file, mapped into memory: reads cost what they touch. `live` are the rows that no tombstone covers."""

    def __init__(self, path: Path, *, sha256: str, dead: np.ndarray) -> None:
        self.path = path
        self._sha256 = sha256
        self._is_verified = False
        self._verifying = threading.Lock()
        # Held open until it is verified: a writer may remove the file under a reader.
        descriptor = os.open(path, os.O_RDONLY)
        self._close = weakref.finalize(self, os.close, descriptor)
        self._descriptor = descriptor
        with pa.memory_map(str(path)) as mapping:
            self.batch: pa.RecordBatch = pa.ipc.open_file(mapping).get_batch(0)
        if self.batch.schema != SCHEMA:
            raise ValueError("its columns are not those of a catalogue")
        self.dead = dead
        every = np.arange(self.batch.num_rows, dtype=np.int64)
        self.live = np.setdiff1d(every, dead, assume_unique=True) if len(dead) else every

    def verify(self) -> None:
        """Compares the file with its recorded digest, once per process. ValueError where it was changed."""
        with self._verifying:
            if self._is_verified:
                return
            with open(self._descriptor, "rb", closefd=False) as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
            if found != self._sha256:
                raise ValueError(
                    f"{self.path} was damaged after it was written (its digest differs): restore the catalogue from "
                    f"a copy, or delete {self.path.parent} and ingest again"
                )
            self._is_verified = True
            self._close()

    def facts(self) -> pa.RecordBatch:
        """Every column but the pictures' bytes, live rows only, with `picture_count` and `text_count` (int32)."""
        pictures, titles, descriptions = (
            _lengths(self.batch.column(n)) for n in ("pictures", "titles", "descriptions")
        )
        counts = [pa.array(pictures, pa.int32()), pa.array(titles + descriptions, pa.int32())]
        columns = self.batch.select(_FACT_NAMES).columns
        counted = pa.RecordBatch.from_arrays([*columns, *counts], schema=FACTS)
        return counted if not len(self.dead) else counted.take(pa.array(self.live))

    def digests(self) -> bytes:
        """The digests of the live rows, one after the other."""
        values = self.batch.column("digest")
        every = np.frombuffer(values.buffers()[1], np.uint8)[: len(values) * DIGEST_BYTES].reshape(-1, DIGEST_BYTES)
        return every[self.live].tobytes()

    def digest(self, row: int) -> bytes:
        return self.batch.column("digest")[row].as_py()

    def ids(self, rows: np.ndarray) -> list[str]:
        return self.batch.column("id").take(pa.array(rows)).to_pylist()

    def handfuls(self) -> Iterator[np.ndarray]:
        """The live rows, in order, so many at a time as a small memory holds with their pictures."""
        starts, offsets, _ = self._picture_buffers()
        ends = np.cumsum(offsets[starts[self.live + 1]] - offsets[starts[self.live]])
        first = 0
        while first < len(self.live):
            before = ends[first - 1] if first else 0
            many = int(np.searchsorted(ends, before + _CHUNK_BYTES)) + 1
            stop = min(many, first + _CHUNK_ROWS, len(self.live))
            yield self.live[first:stop]
            first = stop

    def products(self, rows: np.ndarray, *, pictures: Literal["bytes", "none"]) -> list[Product]:
        """The products in `rows` (physical row numbers of this shard), in that order."""
        taken = self.batch.select(_FACT_NAMES).take(pa.array(rows))
        facts = zip(*(column.to_pylist() for column in taken.columns), strict=True)
        encoded = self._pictures(rows) if pictures == "bytes" else [()] * len(rows)
        return [_to_product(row, pictures=each) for row, each in zip(facts, encoded, strict=True)]

    def _pictures(self, rows: np.ndarray) -> list[tuple[bytes, ...]]:
        starts, offsets, view = self._picture_buffers()
        return [
            tuple(bytes(view[offsets[i] : offsets[i + 1]]) for i in range(starts[row], starts[row + 1])) for row in rows
        ]

    def _picture_buffers(self) -> tuple[np.ndarray, np.ndarray, memoryview]:
        """Where each row's pictures begin, where each picture begins, and the bytes of all."""
        column = self.batch.column("pictures")
        starts = np.frombuffer(column.buffers()[1], np.int32)
        _, offsets_buffer, data = column.values.buffers()
        offsets = np.frombuffer(offsets_buffer, np.int64) if offsets_buffer else np.zeros(1, np.int64)
        return starts, offsets, memoryview(data) if data else memoryview(b"")


def is_large(entry: ShardEntry) -> bool:
    """Whether merging the shard with others would gain little."""
    return entry.bytes * 2 >= SHARD_BYTES


def file_digest(path: Path) -> str:
    """SHA-256 of a file, read in small pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def open_shard(folder: Path, entry: ShardEntry) -> Shard:
    """Maps one shard and reads its tombstones. Raises ValueError naming the file and the mend."""
    path = folder / entry.file
    mend = f"restore the catalogue from a copy, or delete {folder} and ingest again"
    try:
        size = path.stat().st_size
        if size != entry.bytes:
            raise ValueError(f"it has {size} bytes instead of {entry.bytes}")
        shard = Shard(path, sha256=entry.sha256, dead=_read_dead(folder, entry))
        if shard.batch.num_rows != entry.rows or len(shard.dead) != entry.dead_rows:
            raise ValueError(f"it has {shard.batch.num_rows} rows instead of {entry.rows}")
    except (OSError, ValueError, pa.ArrowException) as error:
        raise ValueError(f"{path} is damaged or missing: {error}; {mend}") from error
    return shard


def live_digest(shards: Iterable[Shard]) -> str:
    """SHA-256 over the digests of the live products, in order: independent of how shards cut them."""
    total = hashlib.sha256(b"vitrina-catalogue 1")
    for shard in shards:
        total.update(shard.digests())
    return total.hexdigest()


def _read_dead(folder: Path, entry: ShardEntry) -> np.ndarray:
    if entry.dead_file is None:
        return np.zeros(0, np.int64)
    path = folder / entry.dead_file
    if file_digest(path) != entry.dead_sha256:
        raise ValueError(f"its list of removed rows, {path}, was damaged")
    with pa.memory_map(str(path)) as mapping:
        table = pa.ipc.open_file(mapping).read_all()
    return table.column("row").to_numpy().astype(np.int64)


def _to_arrow(rows: Sequence[tuple[Product, bytes]]) -> pa.RecordBatch:
    products = [product for product, _ in rows]
    attributes = [sorted(product.attributes.items()) for product in products]
    columns = [
        pa.array([product.id for product in products], pa.string()),
        _texts_to_arrow([product.titles for product in products]),
        _texts_to_arrow([product.descriptions for product in products]),
        pa.array([product.brand for product in products], pa.string()),
        pa.array([product.category for product in products], pa.list_(pa.string())),
        pa.array([product.price for product in products], PRICE),
        pa.array([product.currency for product in products], pa.string()),
        pa.array(attributes, pa.map_(pa.string(), pa.string())),
        pa.array([product.domain for product in products], pa.string()),
        pa.array([product.group for product in products], pa.string()),
        pa.array([product.split for product in products], pa.string()),
        pa.array([digest for _, digest in rows], pa.binary(DIGEST_BYTES)),
        pa.array([product.pictures for product in products], pa.list_(pa.large_binary())),
    ]
    return pa.RecordBatch.from_arrays(columns, schema=SCHEMA)


def _texts_to_arrow(rows: Sequence[tuple[Text, ...]]) -> pa.Array:
    flat = [text for texts in rows for text in texts]
    structs = pa.StructArray.from_arrays(
        [pa.array([text.text for text in flat], pa.string()), pa.array([text.language for text in flat], pa.string())],
        fields=list(_TEXTS.value_type),
    )
    return pa.ListArray.from_arrays(pa.array(_ends([len(texts) for texts in rows]), pa.int32()), structs)


def _lengths(lists: pa.ListArray) -> np.ndarray:
    return np.diff(lists.offsets.to_numpy())


def _ends(lengths: Iterable[int]) -> np.ndarray:
    return np.concatenate([[0], np.cumsum(np.fromiter(lengths, np.int64))])


def _to_product(row: tuple, *, pictures: tuple[bytes, ...]) -> Product:
    id_, titles, descriptions, brand, category, price, currency, attributes, domain, group, split, _ = row
    return Product(
        id=id_,
        titles=tuple(Text(text["text"], text["language"]) for text in titles),
        descriptions=tuple(Text(text["text"], text["language"]) for text in descriptions),
        pictures=pictures,
        brand=brand,
        category=tuple(category),
        price=None if price is None else _tidy(price),
        currency=currency,
        attributes=dict(attributes),
        domain=domain,
        group=group,
        split=split,
    )


def _tidy(price: Decimal) -> Decimal:
    """The same amount with no zeros behind the last digit and no exponent."""
    short = price.normalize()
    exponent = short.as_tuple().exponent
    return short.quantize(Decimal(1)) if isinstance(exponent, int) and exponent > 0 else short
