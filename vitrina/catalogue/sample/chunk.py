"""A run of products with their truth as tables: what one worker makes at a time, and how it sends it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pyarrow as pa

from vitrina.catalogue.product import Product, Text
from vitrina.catalogue.sample import tables
from vitrina.catalogue.sample.make import Made, make
from vitrina.catalogue.sample.settings import Settings
from vitrina.catalogue.sample.tables import SCHEMAS


@dataclass(frozen=True)
class Chunk:
    """Products in order and their rows in every table of `SCHEMAS`."""

    products: tuple[Product, ...]
    tables: dict[str, pa.Table]


def make_chunk(numbers: range, *, settings: Settings) -> Chunk:
    """The products of these numbers. Raises RuntimeError, naming the product, where one cannot be made."""
    rows: dict[str, list[tables.Row]] = {name: [] for name in SCHEMAS}
    products = []
    for number in numbers:
        try:
            made = make(number, settings=settings)
            _collect(made, rows)
        except Exception as error:
            raise RuntimeError(
                f"product {number} of the sample with seed {settings.seed} cannot be made: "
                f"{type(error).__name__}: {error}"
            ) from error
        products.append(made.product)
    return Chunk(tuple(products), {name: tables.table(name, rows=each) for name, each in rows.items()})


def to_bytes(chunk: Chunk) -> bytes:
    """The chunk as bytes: a line of JSON, then pictures and tables behind one another."""
    blobs = [picture for product in chunk.products for picture in product.pictures]
    blobs += [_ipc(chunk.tables[name]) for name in SCHEMAS]
    head = {"products": [_facts(each) for each in chunk.products], "sizes": [len(each) for each in blobs]}
    return b"\n".join((json.dumps(head).encode(), b"".join(blobs)))


def from_bytes(sent: bytes) -> Chunk:
    """The chunk that `to_bytes` made these of."""
    end = sent.index(b"\n")
    head = json.loads(sent[:end])
    blobs, start = [], end + 1
    for size in head["sizes"]:
        blobs.append(sent[start : start + size])
        start += size
    products = []
    for facts in head["products"]:
        products.append(_product(facts, pictures=blobs[: facts["pictures"]]))
        del blobs[: facts["pictures"]]
    read = {name: pa.ipc.open_stream(blob).read_all() for name, blob in zip(SCHEMAS, blobs, strict=True)}
    return Chunk(tuple(products), read)


def _collect(made: Made, rows: dict[str, list[tables.Row]]) -> None:
    number = made.truth.number
    rows["products"].append(tables.product_row(made.truth))
    for at, picture in enumerate(made.pictures):
        rows["pictures"].append(tables.picture_row(picture.photo.truth, number=number, picture=at))
        rows["phrases"] += tables.phrase_rows(picture.phrases, number=number, picture=at)
        rows["questions"] += tables.question_rows(picture.questions, number=number, picture=at)
    rows["edits"] += [tables.edit_row(edit, number=number) for edit in made.edits]
    rows["spoken"] += [tables.spoken_row(each, number=number) for each in made.spoken]


def _ipc(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue().to_pybytes()


def _facts(product: Product) -> dict[str, Any]:
    """A product as JSON, with the number of its pictures in their place."""
    return {
        "id": product.id,
        "titles": [[text.text, text.language] for text in product.titles],
        "descriptions": [[text.text, text.language] for text in product.descriptions],
        "pictures": len(product.pictures),
        "brand": product.brand,
        "category": product.category,
        "price": None if product.price is None else str(product.price),
        "currency": product.currency,
        "attributes": product.attributes,
        "domain": product.domain,
        "group": product.group,
        "split": product.split,
    }


def _product(facts: dict[str, Any], *, pictures: Sequence[bytes]) -> Product:
    return Product(
        **{
            **facts,
            "titles": tuple(Text(*each) for each in facts["titles"]),
            "descriptions": tuple(Text(*each) for each in facts["descriptions"]),
            "pictures": tuple(pictures),
            "category": tuple(facts["category"]),
            "price": None if facts["price"] is None else Decimal(facts["price"]),
        }
    )
