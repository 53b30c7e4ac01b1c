"""What `benchmarks.search` looks for and in what: vectors drawn around clusters, or those of a real catalogue."""

import argparse
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tqdm import tqdm

DIMENSIONS, WAYS, TOP, KEPT_SHARE = 512, 32, 10, 0.01


@dataclass(frozen=True)
class Problem:
    """Products (n, d), queries (q, d), which products the filter keeps, and the exact answers with and without it."""

    products: np.ndarray
    queries: np.ndarray
    kept: np.ndarray
    answers: np.ndarray
    kept_answers: np.ndarray

    @classmethod
    def read(cls, folder: Path) -> "Problem":
        """From the files that `write` made; the products are mapped."""
        arrays = {path.stem: np.load(path, mmap_mode="r") for path in folder.glob("*.npy")}
        return cls(arrays.pop("products"), **{name: np.array(each) for name, each in arrays.items()})

    def write(self, folder: Path) -> None:
        """Keep it."""
        folder.mkdir(parents=True)
        for name in ("products", "queries", "kept", "answers", "kept_answers"):
            np.save(folder / f"{name}.npy", getattr(self, name))


def drawn(count: int, *, options: argparse.Namespace) -> Problem:
    """Clustered vectors of length one: kinds of very different sizes, and products around them, that differ in a few
    dozen ways as those of a shop do, and a little in every number."""
    draw = np.random.default_rng(options.seed)
    clusters = draw.normal(size=(max(10, count // 500), DIMENSIONS)).astype(np.float32)
    ways = draw.normal(size=(WAYS, DIMENSIONS)).astype(np.float32) / np.sqrt(WAYS, dtype=np.float32)
    weights = draw.pareto(1.0, len(clusters)) + 0.1
    of = draw.choice(len(clusters), size=count + options.queries, p=weights / weights.sum())
    vectors = np.empty((len(of), DIMENSIONS), dtype=np.float32)
    for start in tqdm(range(0, len(of), 50_000), desc="drawing vectors", delay=2, leave=False):
        some = of[start : start + 50_000]
        own = 0.7 * draw.standard_normal((len(some), WAYS), dtype=np.float32) @ ways
        own += 0.1 * draw.standard_normal((len(some), DIMENSIONS), dtype=np.float32)
        vectors[start : start + 50_000] = clusters[some] + own
    return posed(vectors[: -options.queries], queries=vectors[-options.queries :], options=options)


def real(path: Path, *, options: argparse.Namespace) -> Problem:
    """The products of a file that `vitrina embed` wrote, without some whose texts are the queries."""
    import pyarrow.parquet as pq

    table = pq.read_table(path, columns=["has_text", "text", "product"])
    centre = json.loads(table.schema.metadata[b"vitrina"])["text_centre"]
    products, texts = (
        table[name].combine_chunks().flatten().to_numpy().reshape(len(table), -1) for name in ("product", "text")
    )
    order = np.random.default_rng(options.seed).permutation(np.flatnonzero(table["has_text"].to_numpy()))
    asked = order[: options.queries]
    queries = texts[asked] - np.array(centre, dtype=np.float32)
    return posed(np.delete(products, asked, axis=0), queries=queries, options=options)


def posed(products: np.ndarray, *, queries: np.ndarray, options: argparse.Namespace) -> Problem:
    """With the answers."""
    for vectors in (products, queries):
        vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    chosen = np.random.default_rng(options.seed + 1).permutation(len(products))[: int(KEPT_SHARE * len(products))]
    kept = np.sort(chosen)
    return Problem(products, queries, kept, exact(products, queries), kept[exact(products[kept], queries)])


def exact(products: np.ndarray, queries: np.ndarray) -> np.ndarray:
    """The rows of the best products for each query, by comparing all."""
    found = []
    for start in range(0, len(queries), 50):
        scores = queries[start : start + 50] @ products.T
        found.append(np.argpartition(-scores, TOP, axis=1)[:, :TOP])
    return np.concatenate(found)
