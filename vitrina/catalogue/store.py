"""The catalogue on disk: a folder of Arrow shards and a manifest that is replaced atomically."""

import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Literal, Self

import numpy as np
import pyarrow as pa

from vitrina.catalogue.manifest import Manifest, check_exists, find_version, read_manifest, read_version
from vitrina.catalogue.product import Product
from vitrina.catalogue.shards import FACTS, Shard, open_shard
from vitrina.catalogue.writer import CatalogueWriter

_OPEN_ATTEMPTS = 5


class Catalogue:
    """Products of a shop: a view of the live products that stays as it was opened, whatever is written meanwhile.

    `digest` identifies the live products and their order. Rows are 0 to `len(catalogue) - 1`.

    >>> catalogue = Catalogue.open("shop")
    >>> catalogue[0].titles
    (Text(text='Red mug', language='en'),)
    """

    path: Path
    digest: str

    def __init__(self, path: Path, *, manifest: Manifest, shards: Sequence[Shard]) -> None:
        self.path = path
        self.digest = manifest.digest
        self._shards = tuple(shards)
        self._starts = np.concatenate([[0], np.cumsum([len(shard.live) for shard in shards], dtype=np.int64)])

    @classmethod
    def open(cls, path: str | os.PathLike[str], *, digest: str | None = None) -> Self:
        """Opens the catalogue in a folder, or the version of it that had `digest` (or the only one that begins so, by
        at least 6 signs).

        Raises ValueError, naming path and mend, where there is none, it is damaged, it never had such a version, or
        that was compacted away.
        """
        folder = Path(path)
        for attempt in range(_OPEN_ATTEMPTS):
            check_exists(folder)
            manifest = read_manifest(folder)
            version = None if digest is None else find_version(manifest, digest=digest, folder=folder)
            try:
                shown = manifest
                if version is not None and version != manifest.versions[-1]:
                    shown = read_version(folder, version=version)
                return cls(folder, manifest=shown, shards=[open_shard(folder, entry) for entry in shown.shards])
            except (ValueError, FileNotFoundError) as error:
                # A writer may have compacted the catalogue and removed what its old manifest named.
                if attempt + 1 < _OPEN_ATTEMPTS and read_manifest(folder) != manifest:
                    continue
                if isinstance(error, FileNotFoundError):
                    raise ValueError(
                        f"{error.filename} is missing: restore the catalogue from a copy, or drop earlier versions "
                        f"with `vitrina compact {folder}`"
                    ) from None
                raise
        raise AssertionError("the last attempt returns or raises")

    def __len__(self) -> int:
        return int(self._starts[-1])

    def __repr__(self) -> str:
        return f"Catalogue({str(self.path)!r}, {len(self):,} products, digest {self.digest[:12]})"

    def __getitem__(self, row: int) -> Product:
        position = row + len(self) if row < 0 else row
        if not 0 <= position < len(self):
            raise IndexError(f"row {row} of a catalogue of {len(self)} products")
        return self.read([position])[0]

    def read(self, rows: Sequence[int] | np.ndarray, *, pictures: Literal["bytes", "none"] = "bytes") -> list[Product]:
        """The products in `rows`, in the order asked, repeats allowed.

        With `pictures="none"` they come with `pictures=()` and no byte of a picture is touched. Raises IndexError
        for a row that does not exist and ValueError where a shard was damaged on the disk.
        """
        wanted = np.asarray(rows, dtype=np.int64)
        if wanted.size == 0:
            return []
        if wanted.min() < 0 or wanted.max() >= len(self):
            raise IndexError(f"rows {wanted.min()} to {wanted.max()} of a catalogue of {len(self)} products")
        shard_of = np.searchsorted(self._starts, wanted, side="right") - 1
        products: list[Product | None] = [None] * len(wanted)
        for number in np.unique(shard_of):
            shard = self._shards[number]
            shard.verify()
            places = np.flatnonzero(shard_of == number)
            physical = shard.live[wanted[places] - self._starts[number]]
            for place, product in zip(places, shard.products(physical, pictures=pictures), strict=True):
                products[place] = product
        return [product for product in products if product is not None]

    def facts(self) -> pa.Table:
        """One row per product in row order: every column but the pictures' bytes, with `picture_count` and
        `text_count` (int32; titles and descriptions) and `digest` (16 bytes that identify a product's content)."""
        self.verify()
        return pa.Table.from_batches(list(self.fact_batches()), schema=FACTS)

    def fact_batches(self) -> Iterator[pa.RecordBatch]:
        """The rows of `facts`, shard after shard: memory holds one shard's. Raises ValueError where one is damaged."""
        for shard in self._shards:
            shard.verify()
            yield shard.facts()

    def verify(self) -> None:
        """Compares every shard with its recorded digest. Raises ValueError naming the first damaged file."""
        with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
            for _ in pool.map(Shard.verify, self._shards):
                pass


def write_catalogue(path: str | os.PathLike[str], products: Iterable[Product]) -> Catalogue:
    """Writes products into the catalogue at `path`, adding and replacing by id, and opens the result.

    The folder is made where it does not exist. Products are streamed: memory does not grow with their number. A
    product that stands in the catalogue as it is stays untouched; of several with one id the last counts. Until the
    last moment, and after a crash at any moment, the catalogue is what it was. Raises ValueError for a product that
    cannot be stored and where another writer is at work.
    """
    with CatalogueWriter(Path(path)) as writer:
        for product in products:
            writer.add(product)
        writer.finish()
    return Catalogue.open(path)
