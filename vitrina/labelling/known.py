"""What a catalogue knows already: products whose label is stated, with their vectors, drawn by a hash of their id."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
import pyarrow as pa

from vitrina.catalogue.product import Product
from vitrina.catalogue.store import Catalogue
from vitrina.catalogue.walk import walk
from vitrina.tasks.abilities import EmbedsBoth
from vitrina.tasks.fields import Field, family_of_product
from vitrina.tasks.product_vectors import Sides, embed_products, together

MOST = 20_000
"""Products that a tagger learns from at most; more of a large catalogue would hardly change it."""


@dataclass(frozen=True)
class Known:
    """Products without their pictures' bytes, and their vectors."""

    products: list[Product]
    sides: Sides

    @property
    def families(self) -> list[str]:
        """The family of each product, which no choice parts."""
        return [family_of_product(product) for product in self.products]


def training_products(catalogue: Catalogue, *, field: Field | None, most: int = MOST) -> list[int]:
    """The rows of products of the training split that have a picture or a text, and state `field` where one is named;
    of more than `most` those with the smallest hash of the id, so that new products move few. Memory holds one shard's
    facts."""
    rows: list[int] = []
    keys: list[int] = []
    start = 0
    for batch in catalogue.fact_batches():
        something = (batch.column("picture_count").to_numpy() > 0) | (batch.column("text_count").to_numpy() > 0)
        is_train = np.array(batch.column("split").to_pylist(), dtype=object) == "train"
        ids = batch.column("id").to_pylist()
        for place in np.flatnonzero(something & is_train & _states(batch, field=field)).tolist():
            rows.append(start + place)
            keys.append(int.from_bytes(blake2b(ids[place].encode(), digest_size=8).digest(), "little"))
        start += len(ids)
    if len(rows) > most:
        rows = [rows[place] for place in np.argsort(np.array(keys, dtype=np.uint64), kind="stable")[:most]]
    return sorted(rows)


def _states(batch: pa.RecordBatch, *, field: Field | None) -> np.ndarray:
    """Which rows of facts state a field."""
    if field is None:
        return np.ones(len(batch), dtype=bool)
    if field.attribute is not None:
        return np.array(
            [field.attribute in dict(pairs) for pairs in batch.column("attributes").to_pylist()], dtype=bool
        )
    depth = 0 if field.level is None else field.level
    return np.array([len(path) > depth for path in batch.column("category").to_pylist()], dtype=bool)


def rows_of(catalogue: Catalogue, *, ids: Mapping[str, object]) -> list[int]:
    """The rows of products with these ids, in row order."""
    found, start = [], 0
    for batch in catalogue.fact_batches():
        own = batch.column("id").to_pylist()
        found += [start + place for place, id_ in enumerate(own) if id_ in ids]
        start += len(own)
    return found


def embedded(catalogue: Catalogue, *, rows: Sequence[int], model: EmbedsBoth) -> Known:
    """Products of a catalogue with their vectors: memory holds these and one lot's pictures."""
    products: list[Product] = []
    parts: list[Sides] = []
    for lot in walk(catalogue, rows=rows, what="learning from known products"):
        parts.append(embed_products(model, products=lot))
        products += [_bare(product) for product in lot]
    return Known(products, together(parts))


def _bare(product: Product) -> Product:
    return Product(
        id=product.id,
        titles=product.titles[:1] or product.descriptions[:1],
        category=product.category,
        attributes=product.attributes,
        group=product.group,
        split=product.split,
    )
