"""Search at 100,000 and a million vectors: recall, filters, latency, build, disk, memory, kills and many writers.

    python -m benchmarks.search --rows 100000 1000000 --vectors shop.parquet --results results

Vectors are drawn around clusters, as products of one kind are, and queries near them. With `--vectors` the products of
a real catalogue stand beside them, from a file that `vitrina embed` wrote; its queries are the texts of products that
are left out, as a shopper's words are none of the catalogue's. Ours is what `vitrina search` does: the exact matrix up
to 200,000 products, LanceDB's index above. Where the matrix answers, that index stands beside it by itself; and FAISS,
flat and HNSW, with as many threads. The filter keeps 1 % of the products, drawn at random.

Each side is built in a process of its own and searched in another. What was drawn and built stays in `--work`, so that
a run that was stopped goes on, and a change to searching needs no new build. The last line is JSON.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from benchmarks.search_problem import DIMENSIONS, KEPT_SHARE, TOP, Problem, drawn, real
from benchmarks.search_writers import NO_WORDS, digest, digests, killed, written_together
from vitrina.evaluation.evaluation import Metric
from vitrina.evaluation.results import Result, Row, write_result
from vitrina.index import lance
from vitrina.index.engine import Entry
from vitrina.index.finding import Asked, Places, find
from vitrina.index.in_use import Held
from vitrina.index.keeping import EXACT_UP_TO, Kept
from vitrina.index.lance import LanceEngine
from vitrina.index.products import Centre, ProductVectors
from vitrina.index.store import VectorStore
from vitrina.index.translations import Translations
from vitrina.index.vectors import VectorIndex

FAISS_LINKS, FAISS_SEARCHED = 32, 64
BUILDERS, STORED_AT_ONCE, ADDED_AT_ONCE, MODEL = 2, 2048, 20_000, "0" * 64
ASKED = TOP + 100
"""As many as the index asks an engine for, that words have something to add to."""
CUT_INTO = 333
SIDES = {
    "exact": "ours, exact",
    "near": "ours, LanceDB IVF_RQ",
    "alone": f"LanceDB IVF_RQ by itself, cut into {CUT_INTO} as a million would be",
    "flat": "FAISS flat",
    "hnsw": f"FAISS HNSW{FAISS_LINKS}, ef {FAISS_SEARCHED}",
}
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "LANCE_CPU_THREADS", "RAYON_NUM_THREADS", "TOKIO_WORKER_THREADS")


Find = Callable[[np.ndarray, bool], np.ndarray]
"""Rows for a query, with or without the filter."""


def main() -> None:
    """Run and print; `--results` keeps the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("--vectors", type=Path, help="a file of `vitrina embed`: its products beside the drawn ones")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--work", type=Path, help="folder to keep in what was drawn and built; by default none is kept")
    parser.add_argument("--results", type=Path, help="folder to keep the figures in")
    parser.add_argument("--part", nargs=3, help=argparse.SUPPRESS)  # what a process of its own does
    options = parser.parse_args()
    if options.part is not None:
        act, side, folder = options.part
        part = build if act == "build" else search
        print(json.dumps(part(side, folder=Path(folder), threads=options.threads)))
        return
    with tempfile.TemporaryDirectory() as passing:
        run(options, work=options.work or Path(passing))


def run(options: argparse.Namespace, *, work: Path) -> None:
    """All problems, one side after another."""
    rows, figures = [], {}
    for name, folder in posed_in(work, options=options).items():
        count = len(Problem.read(folder).products)
        for side in ("exact", "alone", "flat", "hnsw") if count <= EXACT_UP_TO else ("near", "flat", "hnsw"):
            told = folder / f"{side}.json"
            if not told.exists():
                told.write_text(json.dumps(in_process("build", side, folder=folder, threads=BUILDERS)))
            figured = json.loads(told.read_text()) | in_process("search", side, folder=folder, threads=options.threads)
            rows.append(Row(f"{name}: {SIDES[side]}", tuple(metric_of(*each) for each in figured.items())))
            figures[rows[-1].name] = {key: round(value, 4) for key, value in figured.items()}
            print(f"{rows[-1].name}: {figures[rows[-1].name]}", flush=True)
    with tempfile.TemporaryDirectory() as passing:
        kills, writers = killed(Path(passing) / "killed"), written_together(Path(passing) / "together")
    figures |= {"kills": kills, "writers": writers}
    if options.results is not None:
        given = ["--rows", *map(str, options.rows)]
        given += [] if options.vectors is None else ["--vectors", options.vectors.name]
        result = Result(
            name="search",
            title="Search among many vectors",
            command=f"python -m benchmarks.search {' '.join(given)} --threads {options.threads} --results results",
            seed=options.seed,
            rows=tuple(rows),
            notes=(
                f"Recall@{TOP} against the exact order, {options.queries} queries one after another on "
                f"{options.threads} thread, after five to warm up; the filter keeps {KEPT_SHARE:.0%}. Latency is wall "
                "time on cores that other work shared: CPU ms are what counts.",
                "Memory is what a process that searches holds; what it maps are pages of files, which the system takes "
                "back when it needs room. Disk and build are of what search reads: of ours above 200,000 products the "
                f"product vectors, LanceDB's copy of them and its index. {BUILDERS} threads build; CPU s are of both.",
                f"Killed while writing: {kills}. Three writers at once: {writers}.",
            ),
        )
        write_result(result, folder=options.results)
    print(json.dumps({"benchmark": "search", "threads": options.threads} | figures))


def metric_of(name: str, value: float) -> Metric:
    """A figure with its unit."""
    return Metric(name, value, unit="share" if name.startswith("recall") else "number")


def in_process(act: str, side: str, *, folder: Path, threads: int) -> dict[str, float]:
    """What a process of its own finds out."""
    command = [sys.executable, "-m", "benchmarks.search", "--part", act, side, str(folder), "--threads", str(threads)]
    environment = {**os.environ, **dict.fromkeys(THREADS, str(threads))}
    told = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True).stdout
    return json.loads(told.splitlines()[-1])


def posed_in(work: Path, *, options: argparse.Namespace) -> dict[str, Path]:
    """The folder of each problem by its name; what is there is not drawn again."""
    folders = {}
    for count in options.rows:
        folders[f"{count:,} x {DIMENSIONS} drawn"] = folder = work / f"{count}-{options.queries}-{options.seed}"
        if not folder.exists():
            drawn(count, options=options).write(folder)
    if options.vectors is not None:
        folder = work / f"{options.vectors.stem}-{options.queries}-{options.seed}"
        if not folder.exists():
            real(options.vectors, options=options).write(folder)
        count, dimensions = Problem.read(folder).products.shape
        folders[f"{count:,} x {dimensions} real"] = folder
    return folders


def search(side: str, *, folder: Path, threads: int) -> dict[str, float]:
    """The figures of a side that was built."""
    problem = Problem.read(folder)
    held, files = memory("RssAnon"), memory("RssFile")
    answer = FINDERS[side](problem, folder / side, threads)
    figured: dict[str, float] = {}
    for is_filtered, answers in ((False, problem.answers), (True, problem.kept_answers)):
        if is_filtered and side == "alone":
            continue
        suffix = f", {KEPT_SHARE:.0%} filter" if is_filtered else ""
        for query in problem.queries[:5]:
            answer(query, is_filtered)
        seconds, hits = [], 0
        begun = time.process_time()
        for query, right in zip(problem.queries, answers, strict=True):
            start = time.perf_counter()
            found = answer(query, is_filtered)
            seconds.append(time.perf_counter() - start)
            hits += len(np.intersect1d(found, right))
        cpu = time.process_time() - begun
        figured |= {
            f"recall@{TOP}{suffix}": hits / answers.size,
            f"p50 ms{suffix}": 1000 * float(np.quantile(seconds, 0.5)),
            f"p99 ms{suffix}": 1000 * float(np.quantile(seconds, 0.99)),
            f"queries a second{suffix}": len(seconds) / sum(seconds),
            f"CPU ms a query{suffix}": 1000 * cpu / len(seconds),
        }
    return figured | {
        "memory MB": (memory("RssAnon") - held) / 1e6,
        "mapped MB": max(0, memory("RssFile") - files) / 1e6,
    }


def build(side: str, *, folder: Path, threads: int) -> dict[str, float]:
    """Make what a side searches, in the folder of the problem."""
    problem, place = Problem.read(folder), folder / side
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    if side in ("near", "alone"):
        stored = VectorStore(place / "vectors", model_digest=MODEL)
        for start in range(0, len(problem.products), STORED_AT_ONCE):
            vectors = np.array(problem.products[start : start + STORED_AT_ONCE])
            keys = digests(start, start + len(vectors))
            stored.write(keys, pictures=vectors, texts=np.zeros_like(vectors))
        stored.read()  # merges them
    begun = time.process_time()
    if side in ("near", "alone"):
        products = product_vectors(problem, place=place)
        engine = engine_in(place, problem=problem)
        for start in tqdm(range(0, len(problem.products), ADDED_AT_ONCE), desc="adding", delay=2, leave=False):
            some = products.matrix[start : start + ADDED_AT_ONCE]
            engine.add(Entry(digest(start + row), NO_WORDS, vector) for row, vector in enumerate(some))
        engine.settle()
    elif side != "exact":
        build_faiss(problem, side=side, threads=threads, to=place / "index.faiss")
    built = time.process_time() - begun
    shared = sum(path.stat().st_size for path in (place / "vectors").rglob("*") if path.is_file())
    disk = sum(path.stat().st_size for path in place.rglob("*") if path.is_file()) - shared
    return {
        "build CPU s": built,
        "build peak MB": memory("VmHWM") / 1e6,
        "disk MB": (disk or problem.products.nbytes) / 1e6,
    }


def product_vectors(problem: Problem, *, place: Path) -> ProductVectors:
    """The index's vectors of products that have pictures alone, around nothing: those of the problem."""
    stored = VectorStore(place / "vectors", model_digest=MODEL).read()
    rows = {bytes(key): number for number, key in enumerate(np.concatenate([each.keys for each in stored]))}
    count, dimensions = problem.products.shape
    places = np.array([rows[digest(row)] for row in range(count)])
    vectors = VectorIndex(tuple(stored), places, np.ones(count, dtype=bool), np.zeros(count, dtype=bool), 0, ())
    return ProductVectors.on_disk(vectors, centre=nowhere(dimensions), folder=place / "near")


def nowhere(dimensions: int) -> Centre:
    """No centre."""
    return Centre(np.zeros(dimensions, dtype=np.float32), np.zeros(dimensions, dtype=np.float32))


def by_matrix(problem: Problem, place: Path, threads: int) -> Find:
    """What the index does up to 200,000 products, from a query's vector to rows."""
    count, dimensions = problem.products.shape
    matrix = np.load(place.parent / "products.npy")  # in memory, as the index has it
    products = ProductVectors(matrix, has=np.ones(count, dtype=bool), centre=nowhere(dimensions))
    return by_find(problem, products=products, kept=None)


def by_index(problem: Problem, place: Path, threads: int) -> Find:
    """What it does above."""
    products = product_vectors(problem, place=place)
    engine = engine_in(place, problem=problem)
    kept = Kept(engine, Translations({}), products, finds_near=True, held=Held(place))
    return by_find(problem, products=products, kept=kept)


def engine_in(place: Path, *, problem: Problem) -> LanceEngine:
    """The engine; where its index stands by itself it is cut into as many parts as one of a million products, of which
    it looks into few: it would otherwise look into most of so little."""
    count, dimensions = problem.products.shape
    if place.name == "alone":
        lance._PARTITION = max(1, count // CUT_INTO)
    return LanceEngine(place / "lance", dimensions=dimensions)


def by_find(problem: Problem, *, products: ProductVectors, kept: Kept | None) -> Find:
    """The index's own way from a query's vector to rows."""
    count = len(problem.products)
    places = Places(digests(0, count))
    mask = np.zeros(count, dtype=bool)
    mask[problem.kept] = True

    def answer(query: np.ndarray, is_filtered: bool) -> np.ndarray:
        asked = Asked(query, terms=(), word_share=0.0, top=TOP, mask=mask if is_filtered else None)
        return find(asked, products=products, kept=kept, places=places).rows

    return answer


def by_engine(problem: Problem, place: Path, threads: int) -> Find:
    """The engine's index with so few products that ours compares them all."""
    products = product_vectors(problem, place=place)
    engine = engine_in(place, problem=problem)
    places = Places(digests(0, len(problem.products)))

    def answer(query: np.ndarray, is_filtered: bool) -> np.ndarray:
        rows = places.of(engine.find_near(query, limit=ASKED).digests)
        return rows[np.argsort(-(products.matrix[rows] @ query), kind="stable")[:TOP]]

    return answer


def by_faiss(problem: Problem, place: Path, threads: int) -> Find:
    """FAISS, by inner product of vectors of length one."""
    import faiss

    faiss.omp_set_num_threads(threads)
    index: Any = faiss.read_index(str(place / "index.faiss"))
    make: Any = faiss  # much of it is hidden from type checkers
    chosen = make.IDSelectorBatch(problem.kept)
    if place.name == "hnsw":
        index.hnsw.efSearch = FAISS_SEARCHED
        few = make.SearchParametersHNSW(sel=chosen, efSearch=FAISS_SEARCHED)
    else:
        few = make.SearchParameters(sel=chosen)
    return lambda query, is_filtered: index.search(query[None], TOP, params=few if is_filtered else None)[1][0]


FINDERS: dict[str, Callable[[Problem, Path, int], Find]] = {
    "exact": by_matrix,
    "near": by_index,
    "alone": by_engine,
    "flat": by_faiss,
    "hnsw": by_faiss,
}


def build_faiss(problem: Problem, *, side: str, threads: int, to: Path) -> None:
    """Make FAISS's index and write it."""
    import faiss

    faiss.omp_set_num_threads(threads)
    dimensions = problem.products.shape[1]
    index = faiss.IndexFlatIP(dimensions)
    if side == "hnsw":
        index = faiss.IndexHNSWFlat(dimensions, FAISS_LINKS, faiss.METRIC_INNER_PRODUCT)
    index.add(np.ascontiguousarray(problem.products))
    faiss.write_index(index, str(to))


def memory(kind: str) -> int:
    """Bytes that this process holds now: RssAnon is its own, RssFile pages of files; VmHWM is the most of both."""
    lines = dict(line.split(":") for line in Path("/proc/self/status").read_text().splitlines())
    return int(lines[kind].split()[0]) * 1024


if __name__ == "__main__":
    main()
