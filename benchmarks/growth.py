"""Time and memory of one epoch as a catalogue grows: straight lines.

    python -m benchmarks.growth --work runs/growth

A generated catalogue (a title of 7 words, a description of 25, a picture of 64 px each) of 1,000, 10,000 and 100,000
products is written, looked over (sources, plan, tokenizer), loaded once from end to end as FLAVA's batches, and trained
on for one epoch by a tiny dual encoder; each in a process of its own, so that its peak memory is its own. CPU seconds
are those of all threads. The slope ratio is what a further product costs from the middle to the last size, over what it
costs from the first to the middle one: 1 is a straight line. The last line is JSON.
"""

import argparse
import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from vitrina.evaluation.evaluation import Metric
from vitrina.evaluation.results import Result, Row, write_result

from .growth_process import ROWS

WORK = ("write", "look over", "load", "train")


@dataclass(frozen=True)
class Measured:
    """What a piece of work took for `products`, of which it met `met` (all, or as many as its steps had rows)."""

    what: str
    products: int
    met: int
    seconds: float
    cpu_seconds: float
    own_mb: float
    peak_mb: float


@dataclass(frozen=True)
class Line:
    """How a piece of work grows: CPU milliseconds and kilobytes of its own memory that one more product costs.

    `ratio` is the cost in time towards the last size over the cost towards the middle one.
    """

    what: str
    ms_a_product: float
    ratio: float
    kb_a_product: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True, help="where catalogues and runs go; they are made anew")
    parser.add_argument("--products", type=int, nargs=3, default=[1_000, 10_000, 100_000])
    parser.add_argument("--most-steps", type=int, default=400, help="training stops here (default 400)")
    parser.add_argument("--results", type=Path, help="write the figures into this folder of results")
    options = parser.parse_args()
    if sorted(options.products) != options.products or options.products[0] < ROWS:
        raise SystemExit(f"--products takes three growing numbers from {ROWS} on")

    every = [
        _measured(what, products=products, work=options.work, most_steps=options.most_steps)
        for products in options.products
        for what in WORK
    ]
    lines = [_line(what, [each for each in every if each.what == what]) for what in WORK]
    print()
    for line in lines:
        print(
            f"{line.what:<10}{line.ms_a_product:>8.3f} CPU ms and {line.kb_a_product:.2f} kB a product; slope ratio "
            f"{line.ratio:.2f}"
        )
    if options.results is not None:
        write_result(_result(every, lines, options=options), folder=options.results)
    found = {
        line.what: {"ms_a_product": round(line.ms_a_product, 3), "slope_ratio": round(line.ratio, 2)}
        | {"kb_a_product": round(line.kb_a_product, 2)}
        for line in lines
    }
    print(json.dumps({"benchmark": "growth", "products": options.products, "lines": found}))


def _measured(what: str, *, products: int, work: Path, most_steps: int) -> Measured:
    catalogue, run = work / f"shop-{products}", work / f"run-{products}"
    if what == "write":
        shutil.rmtree(catalogue, ignore_errors=True)
    shutil.rmtree(run, ignore_errors=True)
    steps = products // ROWS if what != "train" else min(products // ROWS, most_steps)
    met = steps * ROWS if what in ("load", "train") else products
    command = [sys.executable, "-m", "benchmarks.growth_process", what, catalogue, run, products, steps]
    out = subprocess.run([str(each) for each in command], check=True, stdout=subprocess.PIPE, text=True).stdout
    found = Measured(what, products, met, **json.loads(out.splitlines()[-1]))
    print(
        f"{products:>9,} products  {what:<10}{found.cpu_seconds:>8.1f} CPU s{found.seconds:>8.1f} s"
        f"{1e3 * found.cpu_seconds / met:>8.2f} CPU ms each{found.own_mb:>7.0f} MB of its own{found.peak_mb:>7.0f} MB "
        f"with files{f'  ({steps} steps)' if met < products - ROWS else ''}",
        flush=True,
    )
    return found


def _line(what: str, found: Sequence[Measured]) -> Line:
    first, middle, last = found
    early = (middle.cpu_seconds - first.cpu_seconds) / (middle.met - first.met)
    late = (last.cpu_seconds - middle.cpu_seconds) / (last.met - middle.met)
    memory = (last.own_mb - middle.own_mb) / (last.products - middle.products)
    return Line(what, ms_a_product=1e3 * late, ratio=late / early, kb_a_product=1e3 * memory)


def _result(every: Sequence[Measured], lines: Sequence[Line], *, options: argparse.Namespace) -> Result:
    rows = [
        Row(
            f"{each.what}, {each.products:,} products",
            (
                Metric("CPU seconds", each.cpu_seconds, unit="number"),
                Metric("CPU ms a product met", 1e3 * each.cpu_seconds / each.met, unit="number"),
                Metric("MB of its own", each.own_mb, unit="rank"),
                Metric("MB with mapped files", each.peak_mb, unit="rank"),
            ),
        )
        for each in every
    ]
    rows += [
        Row(
            f"{line.what}: one more product",
            (
                Metric("CPU ms a product met", line.ms_a_product, unit="number"),
                Metric("slope ratio", line.ratio, unit="number"),
                Metric("kB a product", line.kb_a_product, unit="number"),
            ),
        )
        for line in lines
    ]
    sizes = " ".join(map(str, options.products))
    return Result(
        name="growth",
        title="Growth: one epoch of 1,000, 10,000 and 100,000 products",
        command=f"python -m benchmarks.growth --work WORK --products {sizes} --most-steps {options.most_steps} "
        "--results results",
        seed=0,
        rows=tuple(rows),
        notes=(
            "Each in a process of its own. 'Load' and 'train' look the catalogue over first. A slope ratio of 1 is a "
            "straight line: what a further product costs from the middle to the last size, over what it costs from the "
            "first to the middle one.",
            f"Training is a tiny dual encoder's epoch in batches of {ROWS}, of at most {options.most_steps} steps.",
        ),
    )


if __name__ == "__main__":
    main()
