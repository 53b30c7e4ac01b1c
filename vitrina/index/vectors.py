"""The vectors of a catalogue's products, kept fresh: one for its pictures, one for its texts."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Self

import numpy as np
from tqdm import tqdm

from vitrina.catalogue.store import Catalogue
from vitrina.index.mapped import Rows
from vitrina.index.store import Segment, VectorStore, as_keys, content_key
from vitrina.tasks.abilities import EmbedsBoth
from vitrina.tasks.product_vectors import embed_products, together

_READ_AT_ONCE = 512
_SEGMENT_PRODUCTS = 2048


@dataclass(frozen=True)
class VectorIndex:
    """The vectors of every row of a catalogue, in `segments` one after another, row i at `places`[i].

    `has_picture` and `has_text` (n,) bool say what a product has. `notes` says in words what was computed anew and why;
    `embedded` counts the products that were.
    """

    segments: tuple[Segment, ...]
    places: np.ndarray
    has_picture: np.ndarray
    has_text: np.ndarray
    embedded: int
    notes: tuple[str, ...]

    @property
    def pictures(self) -> Rows:
        """(n, d): of length one, the normalised mean over the product's pictures, and zero where it has none."""
        return Rows([segment.pictures for segment in self.segments], places=self.places)

    @property
    def texts(self) -> Rows:
        """(n, d): the same of its texts."""
        return Rows([segment.texts for segment in self.segments], places=self.places)

    @classmethod
    def open(cls, catalogue: Catalogue, *, model: EmbedsBoth, digest: str, folder: Path) -> Self:
        """The index of a catalogue under a model with that digest, from what `folder` holds; only what is new to it is
        embedded, and kept there as it comes. Raises ValueError for an empty catalogue."""
        if len(catalogue) == 0:
            raise ValueError(f"{catalogue.path} holds no products: there is nothing to search.")
        store = VectorStore(folder, model_digest=digest)
        keys = store.row_keys(catalogue.digest)
        if keys is None:
            keys = _key_rows(catalogue, store)
        segments = store.read()
        places = _places(segments)
        missing = _first_rows(keys, places=places)
        if len(missing):
            _embed(catalogue, missing, keys=keys, model=model, store=store)
            segments = store.read()
            places = _places(segments)
        if store.remove_other_models():
            store.notes.append(f"The index was made with another model: {len(missing):,} products were embedded anew.")
        order = np.array([places[bytes(key)] for key in keys])
        return cls(
            tuple(segments),
            order,
            has_picture=np.concatenate([segment.has_picture for segment in segments])[order],
            has_text=np.concatenate([segment.has_text for segment in segments])[order],
            embedded=len(missing),
            notes=tuple(store.notes),
        )


def _places(segments: Sequence[Segment]) -> dict[bytes, int]:
    """Where the vectors of a key lie in segments one after another."""
    keys = chain.from_iterable(segment.keys for segment in segments)
    return {bytes(key): place for place, key in enumerate(keys)}


def _key_rows(catalogue: Catalogue, store: VectorStore) -> np.ndarray:
    """The key of every row (n, 16); only products that were never seen in this state are read."""
    digests = as_keys(catalogue.facts()["digest"].to_pylist())
    known = store.known_keys()
    keys = [known.get(bytes(digest)) for digest in digests]
    unknown = [row for row, key in enumerate(keys) if key is None]
    with tqdm(total=len(unknown), desc="reading products", delay=2, leave=False, dynamic_ncols=True) as bar:
        for start in range(0, len(unknown), _READ_AT_ONCE):
            rows = unknown[start : start + _READ_AT_ONCE]
            for row, product in zip(rows, catalogue.read(rows), strict=True):
                keys[row] = content_key(product)
            bar.update(len(rows))
    found = as_keys([key for key in keys if key is not None])
    store.write_rows(catalogue.digest, digests=digests, keys=found)
    return found


def _first_rows(keys: np.ndarray, *, places: dict[bytes, int]) -> np.ndarray:
    """The first row of every key that has no vectors yet."""
    new: dict[bytes, int] = {}
    for row, key in enumerate(keys):
        if bytes(key) not in places:
            new.setdefault(bytes(key), row)
    return np.array(list(new.values()), dtype=np.int64)


def _embed(catalogue: Catalogue, rows: np.ndarray, *, keys: np.ndarray, model: EmbedsBoth, store: VectorStore) -> None:
    """Embed products and store them, a segment at a time, so that an interruption loses little; a picture that cannot
    be read counts as none."""
    unreadable = 0
    with tqdm(total=len(rows), desc="embedding products", delay=2, leave=False, dynamic_ncols=True) as bar:
        for start in range(0, len(rows), _SEGMENT_PRODUCTS):
            segment_rows = rows[start : start + _SEGMENT_PRODUCTS]
            lots = []
            for first in range(0, len(segment_rows), _READ_AT_ONCE):
                products = catalogue.read(segment_rows[first : first + _READ_AT_ONCE])
                lots.append(embed_products(model, products=products))
                bar.update(len(products))
            sides = together(lots)
            store.write(keys[segment_rows], pictures=sides.pictures, texts=sides.texts)
            unreadable += sides.unreadable
    if unreadable:
        store.notes.append(
            f"{unreadable:,} pictures cannot be read and were left out: `vitrina inspect` names their products."
        )
