"""Search at 100,000 and a million vectors: recall, filters, latency, build, disk, memory, kills and many writers.

    python -m benchmarks.search --rows 100000 1000000 --results results

Vectors are drawn around clusters, as products of one kind are, and queries near them; with `--vectors FILE` (what
`vitrina embed` writes) the products of a real catalogue are searched instead. Ours is what `vitrina search` does: the
exact matrix up to 200,000 products, LanceDB's index above. Beside it FAISS, flat and HNSW, with as many threads. The
filter keeps 1 % of the products, drawn at random. The last line is JSON.
"""

import argparse
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

import numpy as np
from tqdm import tqdm

from vitrina.evaluation.evaluation import Metric
from vitrina.evaluation.results import Result, Row, write_result
from vitrina.index.engine import Entry
from vitrina.index.finding import Asked, Places, find
from vitrina.index.in_use import Held
from vitrina.index.keeping import EXACT_UP_TO, Kept
from vitrina.index.lance import LanceEngine
from vitrina.index.products import Centre, ProductVectors
from vitrina.index.translations import Translations
from vitrina.index.words import ProductWords

DIMENSIONS, WAYS, TOP, KEPT_SHARE = 512, 32, 10, 0.01
NO_WORDS = ProductWords((), (), ())


@dataclass(frozen=True)
class Problem:
    """Products (n, d), queries (q, d), which products the filter keeps, and the exact answers with and without it."""

    products: np.ndarray
    queries: np.ndarray
    kept: np.ndarray
    answers: np.ndarray
    kept_answers: np.ndarray


@dataclass(frozen=True)
class Side:
    """A way to search: `find` gives rows for a query, with or without the filter; None where it cannot filter."""

    name: str
    find: Callable[[np.ndarray, bool], np.ndarray]
    can_filter: bool
    build_seconds: float
    disk_bytes: int
    memory_bytes: int


def main() -> None:
    """Run and print; `--results` keeps the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--queries", type=int, default=500)
    parser.add_argument("--vectors", type=Path, help="a file of `vitrina embed`: its products instead of drawn ones")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--results", type=Path, help="folder to keep the figures in")
    options = parser.parse_args()
    rows, figures = [], {}
    with tempfile.TemporaryDirectory() as work:
        problems = [(f"{count:,} drawn", drawn(count, options=options)) for count in options.rows]
        if options.vectors is not None:
            problems = [(options.vectors.name, real(options.vectors, options=options))]
        for name, problem in problems:
            for side in sides(problem, work=Path(work) / str(len(problem.products)), threads=options.threads):
                metrics = measured(side, problem=problem)
                rows.append(Row(f"{name}: {side.name}", tuple(metrics)))
                figures[rows[-1].name] = {metric.name: round(metric.value, 4) for metric in metrics}
                print(f"{rows[-1].name}: {figures[rows[-1].name]}", flush=True)
        figures["kills"], figures["writers"] = killed(Path(work) / "killed"), written_together(Path(work) / "together")
    if options.results is not None:
        counts = " ".join(map(str, options.rows))
        result = Result(
            name="search",
            title=f"Search among vectors of {DIMENSIONS} numbers",
            command=f"python -m benchmarks.search --rows {counts} --threads {options.threads} --results results",
            seed=options.seed,
            rows=tuple(rows),
            notes=(
                f"Recall@{TOP} against the exact order. Latency is wall time of one query after another on "
                f"{options.threads} threads; the filter keeps {KEPT_SHARE:.0%}.",
                f"Killed while writing: {figures['kills']}. Three writers at once: {figures['writers']}.",
            ),
        )
        write_result(result, folder=options.results)
    print(json.dumps({"benchmark": "search", "threads": options.threads} | figures))


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
    return posed(vectors, options=options)


def real(path: Path, *, options: argparse.Namespace) -> Problem:
    """The products of a file that `vitrina embed` wrote; some of them are the queries."""
    import pyarrow.parquet as pq

    column = pq.read_table(path, columns=["product"])["product"].combine_chunks()
    vectors = column.flatten().to_numpy().reshape(len(column), -1)
    draw = np.random.default_rng(options.seed)
    return posed(vectors[draw.permutation(len(vectors))], options=options)


def posed(vectors: np.ndarray, *, options: argparse.Namespace) -> Problem:
    """The last vectors are the queries."""
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    products, queries = vectors[: -options.queries], vectors[-options.queries :]
    kept = np.sort(
        np.random.default_rng(options.seed + 1).permutation(len(products))[: int(KEPT_SHARE * len(products))]
    )
    return Problem(products, queries, kept, exact(products, queries), kept[exact(products[kept], queries)])


def exact(products: np.ndarray, queries: np.ndarray) -> np.ndarray:
    """The rows of the best products for each query, by comparing all."""
    found = []
    for start in range(0, len(queries), 50):
        scores = queries[start : start + 50] @ products.T
        found.append(np.argpartition(-scores, TOP, axis=1)[:, :TOP])
    return np.concatenate(found)


def measured(side: Side, *, problem: Problem) -> list[Metric]:
    """The figures of a side."""
    metrics = []
    for is_filtered, answers in ((False, problem.answers), (True, problem.kept_answers)):
        if is_filtered and not side.can_filter:
            continue
        suffix = f", {KEPT_SHARE:.0%} filter" if is_filtered else ""
        for query in problem.queries[:5]:
            side.find(query, is_filtered)
        seconds, hits = [], 0
        begun = time.process_time()
        for query, right in zip(problem.queries, answers, strict=True):
            start = time.perf_counter()
            found = side.find(query, is_filtered)
            seconds.append(time.perf_counter() - start)
            hits += len(np.intersect1d(found, right))
        cpu = time.process_time() - begun
        metrics += [
            Metric(f"recall@{TOP}{suffix}", hits / answers.size),
            Metric(f"p50 ms{suffix}", 1000 * float(np.quantile(seconds, 0.5)), unit="number"),
            Metric(f"p99 ms{suffix}", 1000 * float(np.quantile(seconds, 0.99)), unit="number"),
            Metric(f"queries a second{suffix}", len(seconds) / sum(seconds), unit="number"),
            Metric(f"CPU ms a query{suffix}", 1000 * cpu / len(seconds), unit="number"),
        ]
    return [
        *metrics,
        Metric("build CPU s", side.build_seconds, unit="number"),
        Metric("disk MB", side.disk_bytes / 1e6, unit="number"),
        Metric("memory MB", side.memory_bytes / 1e6, unit="number"),
    ]


def sides(problem: Problem, *, work: Path, threads: int) -> list[Side]:
    """Ours and FAISS's."""
    return [ours(problem, work=work), *theirs(problem, threads=threads)]


def ours(problem: Problem, *, work: Path) -> Side:
    """What the index does, from a query's vector to rows."""
    count, dimensions = problem.products.shape
    before, begun = resident(), time.process_time()
    digests = np.frombuffer(b"".join(digest(row) for row in range(count)), dtype=np.uint8).reshape(-1, 16)
    nowhere = Centre(np.zeros(dimensions, dtype=np.float32), np.zeros(dimensions, dtype=np.float32))
    products = ProductVectors(problem.products, has=np.ones(count, dtype=bool), centre=nowhere)
    places, kept = Places(digests), None
    if count > EXACT_UP_TO:
        engine = LanceEngine(work / "lance", dimensions=dimensions)
        engine.add(Entry(bytes(digests[row]), NO_WORDS, problem.products[row]) for row in range(count))
        engine.settle()
        kept = Kept(engine, Translations({}), products, finds_near=True, held=Held(work))
    mask = np.zeros(count, dtype=bool)
    mask[problem.kept] = True

    def answer(query: np.ndarray, is_filtered: bool) -> np.ndarray:
        asked = Asked(query, terms=(), word_share=0.0, top=TOP, mask=mask if is_filtered else None)
        return find(asked, products=products, kept=kept, places=places).rows

    built = time.process_time() - begun
    matrix = problem.products.nbytes
    name = "ours, exact" if kept is None else "ours, LanceDB IVF_HNSW_SQ"
    disk = sum(path.stat().st_size for path in work.rglob("*") if path.is_file())
    return Side(name, answer, True, built, disk or matrix, matrix + max(0, resident() - before))


def theirs(problem: Problem, *, threads: int) -> list[Side]:
    """FAISS, by inner product of vectors of length one."""
    import faiss

    faiss.omp_set_num_threads(threads)
    chosen = faiss.SearchParameters(sel=faiss.IDSelectorBatch(problem.kept))
    found = []
    for name in ("FAISS flat", "FAISS HNSW32, ef 64"):
        before, begun = resident(), time.process_time()
        if "flat" in name:
            index = faiss.IndexFlatIP(problem.products.shape[1])
            few = chosen
        else:
            index = faiss.IndexHNSWFlat(problem.products.shape[1], 32, faiss.METRIC_INNER_PRODUCT)
            index.hnsw.efSearch = 64
            few = faiss.SearchParametersHNSW(sel=chosen.sel, efSearch=64)
        index.add(problem.products)
        built = time.process_time() - begun

        def answer(query: np.ndarray, is_filtered: bool, index=index, few=few) -> np.ndarray:
            return index.search(query[None], TOP, params=few if is_filtered else None)[1][0]

        size = len(faiss.serialize_index(index))
        found.append(Side(name, answer, True, built, size, max(0, resident() - before)))
    return found


def killed(folder: Path, *, times: int = 5) -> str:
    """How often a writer that was killed left all that it had finished."""
    whole = 0
    for attempt in range(times):
        place = folder / str(attempt)
        writer = start_writer(place, first=0, last=1_000_000)
        assert writer.stdout is not None
        done = [int(writer.stdout.readline()) for _ in range(3 + attempt)][-1]
        os.kill(writer.pid, signal.SIGKILL)
        writer.communicate()
        engine = LanceEngine(place, dimensions=None)
        whole += {digest(row) for row in range(done)} <= engine.digests()
        engine.add([Entry(digest(-1), NO_WORDS, None)])
    return f"whole {whole} of {times}"


def written_together(folder: Path, *, writers: int = 3, each: int = 200) -> str:
    """How many of the products of several processes that write at once are there afterwards."""
    LanceEngine(folder, dimensions=None)
    started = [start_writer(folder, first=number * each, last=(number + 1) * each) for number in range(writers)]
    for writer in started:
        writer.communicate()
    there = LanceEngine(folder, dimensions=None).digests()
    return f"{len(there & {digest(row) for row in range(writers * each)})} of {writers * each}"


def start_writer(folder: Path, *, first: int, last: int) -> "subprocess.Popen[str]":
    """A process that adds ten products at a time and says how far it is."""
    script = (
        "import sys; from pathlib import Path\n"
        "from benchmarks.search import NO_WORDS, digest; from vitrina.index.engine import Entry\n"
        "from vitrina.index.lance import LanceEngine\n"
        "engine = LanceEngine(Path(sys.argv[1]), dimensions=None)\n"
        "for row in range(int(sys.argv[2]), int(sys.argv[3]), 10):\n"
        "    engine.add([Entry(digest(each), NO_WORDS, None) for each in range(row, row + 10)])\n"
        "    print(row + 10, flush=True)\n"
    )
    command: Sequence[str] = [sys.executable, "-c", script, str(folder), str(first), str(last)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def digest(row: int) -> bytes:
    """Stands for the digest of a product."""
    return blake2b(str(row).encode(), digest_size=16).digest()


def resident() -> int:
    """The most memory that this process has held so far, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    main()
