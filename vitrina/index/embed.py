"""A catalogue's vectors as one Parquet file, for those who have a search engine already."""

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from torch import nn
from tqdm import tqdm

from vitrina.catalogue.manifest import whole
from vitrina.catalogue.store import Catalogue
from vitrina.catalogue.writer_folder import size_text
from vitrina.evaluation.fingerprint import model_digest
from vitrina.index.index import index_folder
from vitrina.index.products import ProductVectors
from vitrina.index.vectors import VectorIndex
from vitrina.training.load import load_embedding

Precision = Literal["fp32", "bf16"]

_ROWS_AT_ONCE = 8192


@dataclass(frozen=True)
class Embedded:
    """What was written: `embedded` of the `products` were computed now, the others were known."""

    path: Path
    products: int
    dimensions: int
    embedded: int
    seconds: float
    notes: tuple[str, ...]

    def text(self) -> str:
        """The outcome for a terminal."""
        size = size_text(self.path.stat().st_size)
        rate = f" at {self.embedded / self.seconds:,.0f} a second" if self.embedded and self.seconds > 0 else ""
        return "\n".join(
            [
                *self.notes,
                f"{self.products:,} products in {self.path}: {self.dimensions} numbers for each vector, {size}",
                f"  {self.embedded:,} were embedded now{rate}, {self.products - self.embedded:,} were known",
                "  Compare products with a query by the dot product of `product` and the model's vector of the query,",
                "  less `text_centre` or `picture_centre` of the file's metadata, at length one.",
            ]
        )


def embed(
    run: str | os.PathLike[str],
    *,
    catalogue: str | os.PathLike[str],
    out: Path,
    precision: Precision = "fp32",
) -> Embedded:
    """Write the vectors of every product of a catalogue, by the model of a run, into a Parquet file, in row order.

    Columns: `id`; `has_picture` and `has_text`; `picture` and `text` (d float32, the mean over the product's pictures
    and over its texts at length one, zeros where it has none); `product` (d float32, both in one, see
    `vitrina.index.products`). The file's metadata hold the digests of model and catalogue, and the centres that are
    taken from a query. With `precision="bf16"` the model computes in bfloat16, faster where the machine has it.

    What was embedded is kept in RUN/index (or RUN/index-bf16) as it comes: a run that was stopped goes on from there.
    The file appears when it is whole. Raises ValueError where run or catalogue cannot serve.

    >>> print(embed("runs/clip", catalogue="shop", out=Path("shop.parquet")).text())  # doctest: +SKIP
    """
    start = time.perf_counter()
    if out.is_dir():
        raise ValueError(f"{out} is a folder: name a file to write, such as {out / 'vectors.parquet'}")
    if out.suffix.lower() != ".parquet":
        raise ValueError(f"{out}: what is written is a Parquet file: end its name with .parquet")
    opened = Catalogue.open(catalogue)
    model = load_embedding(run)
    digest = model_digest(model, inputs=model.inputs)
    folder = index_folder(Path(run), name="index" if precision == "fp32" else f"index-{precision}")
    with _computing(model, precision=precision):
        vectors = VectorIndex.open(opened, model=model, digest=digest, folder=folder)
    products = ProductVectors.of(vectors)
    about = {
        "model": digest,
        "catalogue": opened.digest,
        "precision": precision,
        "picture_centre": products.centre.pictures.tolist(),
        "text_centre": products.centre.texts.tolist(),
    }
    ids = opened.facts()["id"].combine_chunks()
    write_vectors(out, ids=ids, vectors=vectors, products=products, about={"vitrina": json.dumps(about)})
    seconds = time.perf_counter() - start
    return Embedded(out, len(opened), products.matrix.shape[1], vectors.embedded, seconds, vectors.notes)


def write_vectors(
    out: Path, *, ids: pa.Array, vectors: VectorIndex, products: ProductVectors, about: dict[str, str]
) -> None:
    """Write the file, whole or not at all; `about` becomes its metadata."""
    listed = pa.list_(pa.float32(), products.matrix.shape[1])
    fields = [pa.field("id", pa.string()), pa.field("has_picture", pa.bool_()), pa.field("has_text", pa.bool_())]
    fields += [pa.field(name, listed) for name in ("picture", "text", "product")]
    schema = pa.schema(fields, metadata=about)
    out.parent.mkdir(parents=True, exist_ok=True)
    # Numbers that look random gain nothing from a dictionary or from compression.
    with whole(out) as part, pq.ParquetWriter(part, schema, use_dictionary=False, compression="none") as writer:
        steps = range(0, len(ids), _ROWS_AT_ONCE)
        for start in tqdm(steps, desc="writing vectors", delay=2, leave=False, disable=None):
            rows = slice(start, start + _ROWS_AT_ONCE)
            writer.write_table(_table(ids, vectors=vectors, products=products, rows=rows, schema=schema))


def _table(
    ids: pa.Array, *, vectors: VectorIndex, products: ProductVectors, rows: slice, schema: pa.Schema
) -> pa.Table:
    columns: list[pa.Array] = [ids[rows], pa.array(vectors.has_picture[rows]), pa.array(vectors.has_text[rows])]
    for matrix in (vectors.pictures, vectors.texts, products.matrix):
        flat = np.ascontiguousarray(matrix[rows], dtype=np.float32).reshape(-1)
        columns.append(pa.FixedSizeListArray.from_arrays(pa.array(flat), matrix.shape[1]))
    return pa.Table.from_arrays(columns, schema=schema)


@contextmanager
def _computing(model: nn.Module, *, precision: Precision) -> Iterator[None]:
    """The precision that the model computes in; its vectors come out in float32 all the same."""
    if precision == "fp32":
        yield
        return
    with torch.autocast(next(model.parameters()).device.type, dtype=torch.bfloat16):
        yield
