"""How fast pictures come from a catalogue, what the plan of a huge run costs, and whether processes would beat threads.

    python -m benchmarks.loader --data ../shared/data --work runs/loader

Pictures per CPU second, one thread, batches of 64 at 224 px, sides interleaved, medians: from an ingested catalogue to
a uint8 batch, against simplejpeg and torch's resize of the same bytes already in memory (checked to give the same
pixels), and against transformers' image processors on a `datasets` folder through torch's DataLoader. Those are the
Pillow ones, as their faster ones need torchvision, which Vitrina does without. The pictures are those of
`flipkart_products` and generated ones of 224 to 512 and of 900 to 1500 px. The last line is JSON.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from vitrina.catalogue.ingest import ingest
from vitrina.catalogue.store import Catalogue
from vitrina.data.mixture import Mixture
from vitrina.data.plan import Plan
from vitrina.evaluation.evaluation import Metric
from vitrina.evaluation.results import Result, Row, write_result

from .loader_rivals import Side, generated, sides

REAL = "flipkart_products"
ROWS, BATCHES = 64, 2
PLAN_ROWS = 10**9
WORKERS = (("threads", 0), ("threads", 1), ("threads", 2), ("threads", 4), ("processes", 1), ("processes", 2))

BARE, SAME = "bare simplejpeg + resize", "ours, the same pixels"
IMAGE, PAIR = "ours, FLAVA's picture batch", "ours, FLAVA's pair batch"
CLIP, FLAVA = "CLIPImageProcessor + datasets", "FlavaImageProcessor + datasets"
RATIOS = (
    ("of_bare", SAME, BARE),
    ("flava_of_bare", IMAGE, BARE),
    ("pair_of_bare", PAIR, BARE),
    ("over_clip", SAME, CLIP),
    ("over_flava", IMAGE, FLAVA),
)


@dataclass(frozen=True)
class PlanCost:
    """Of a plan over a billion rows: microseconds an example, milliseconds to a far step, megabytes at most."""

    us_an_example: float
    seek_ms: float
    peak_mb: float


@dataclass(frozen=True)
class Fed:
    """What a process gets from a loader helped by `how`.

    Pictures a second on the clock, and a CPU second of all its processes; `grown_mb` is its own memory at most.
    """

    how: str
    pictures_per_second: float
    pictures_per_cpu_second: float
    grown_mb: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help=f"the folder that holds {REAL}")
    parser.add_argument("--work", type=Path, required=True, help="where catalogues go")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--results", type=Path, help="write the figures into this folder of results")
    options = parser.parse_args()

    torch.set_num_threads(1)
    options.work.mkdir(parents=True, exist_ok=True)
    rows, found = [], {}
    for name, catalogue in _catalogues(options.data, work=options.work):
        speeds = _speeds(sides(catalogue, rows=ROWS, work=options.work), rounds=options.rounds)
        ratios = {key: speeds[one] / speeds[other] for key, one, other in RATIOS if one in speeds}
        print(
            f"\n{name}\n"
            + "\n".join(f"  {side:<34}{speed:>8.0f} pictures a CPU second" for side, speed in speeds.items())
        )
        print("  " + ", ".join(f"{key} {value:.2f}" for key, value in ratios.items()), flush=True)
        rows.append(Row(name, tuple(Metric(side, speed, unit="rank") for side, speed in speeds.items())))
        found[name] = {key: round(value, 2) for key, value in ratios.items()}
        rows.append(
            Row(f"{name}: ratios", tuple(Metric(_words(key), value, unit="number") for key, value in ratios.items()))
        )
    plan = _plan_cost()
    print(
        f"\nplan over {PLAN_ROWS:,} rows: {plan.us_an_example:.2f} µs an example, a far step after "
        f"{plan.seek_ms:.2f} ms, {plan.peak_mb:.1f} MB",
        flush=True,
    )
    fed = _fed(options.work / "generated-512", rounds=max(1, options.rounds // 3))
    for each in fed:
        print(
            f"  {each.how:<14}{each.pictures_per_second:>8.0f} pictures a second"
            f"{each.pictures_per_cpu_second:>8.0f} a CPU second{each.grown_mb:>8.0f} MB more"
        )
    if options.results is not None:
        write_result(_result([*rows, *_more_rows(plan, fed)], options=options), folder=options.results)
    print(
        json.dumps(
            {
                "benchmark": "loader",
                "ratios": found,
                "plan_us_an_example": round(plan.us_an_example, 2),
                "plan_seek_ms": round(plan.seek_ms, 2),
                "plan_peak_mb": round(plan.peak_mb, 1),
                "pictures_a_second": {each.how: round(each.pictures_per_second) for each in fed},
                "pictures_a_cpu_second": {each.how: round(each.pictures_per_cpu_second) for each in fed},
            }
        )
    )


def _catalogues(data: Path, *, work: Path) -> list[tuple[str, Catalogue]]:
    real = work / REAL
    if not real.exists():
        print(ingest([data / REAL], out=real).text())
    found = [(REAL, Catalogue.open(real))]
    for count, shortest, longest in ((512, 224, 512), (256, 900, 1500)):
        folder = work / f"generated-{longest}"
        if folder.exists():
            catalogue = Catalogue.open(folder)
        else:
            catalogue = generated(folder, count=count, shortest=shortest, longest=longest)
        found.append((f"generated, {shortest} to {longest} px", catalogue))
    return found


def _speeds(every: Sequence[Side], *, rounds: int) -> dict[str, float]:
    """Pictures per CPU second of each side, the median over rounds; the first round warms up and is not counted."""
    same = {side.name: side.load(0) for side in every if side.name in (BARE, SAME)}
    assert torch.equal(same[BARE], same[SAME]), "the bare side and ours show different pixels"
    spent: dict[str, list[float]] = {side.name: [] for side in every}
    for number in range(rounds + 1):
        for side in every:
            began = time.process_time()
            for step in range(BATCHES):
                side.load(number * BATCHES + step)
            spent[side.name].append(time.process_time() - began)
    return {name: ROWS * BATCHES / statistics.median(seconds[1:]) for name, seconds in spent.items()}


def _plan_cost() -> PlanCost:
    def plan() -> Plan:
        sizes = {"text": PLAN_ROWS // 2, "image": PLAN_ROWS // 4, "pair": PLAN_ROWS}
        return Plan(sizes, mixture=Mixture(), batch_rows=1024, seed=0, total_steps=10**7)  # type: ignore[arg-type]

    seeks, examples = [], []
    for attempt in range(7):
        began = time.process_time()
        fresh = plan()
        fresh.batch(9 * 10**6 + attempt)
        seeks.append(time.process_time() - began)
        began = time.process_time()
        for step in range(200):
            fresh.batch(attempt * 10**5 + step)
        examples.append((time.process_time() - began) / (200 * 1024))
    tracemalloc.start()
    measured = plan()
    for step in range(100):
        measured.batch(step * 1000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return PlanCost(1e6 * statistics.median(examples), 1e3 * statistics.median(seeks), peak / 1e6)


def _fed(catalogue: Path, *, rounds: int) -> list[Fed]:
    """Threads and processes in turn, each in a process of its own that does nothing else than take the batches."""
    found: dict[str, list[Fed]] = {}
    for _ in range(rounds):
        for kind, workers in WORKERS:
            how = f"{workers} {kind}"
            command = [sys.executable, "-m", "benchmarks.loader_process", str(catalogue), kind, str(workers), "40"]
            out = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1]
            found.setdefault(how, []).append(Fed(how, **json.loads(out)))
    return [
        Fed(
            how,
            statistics.median(each.pictures_per_second for each in several),
            statistics.median(each.pictures_per_cpu_second for each in several),
            statistics.median(each.grown_mb for each in several),
        )
        for how, several in found.items()
    ]


def _words(key: str) -> str:
    one, other = next((one, other) for name, one, other in RATIOS if name == key)
    return f"{one} / {other}"


def _more_rows(plan: PlanCost, fed: Sequence[Fed]) -> list[Row]:
    return [
        Row(
            "plan over a billion rows",
            (
                Metric("µs an example", plan.us_an_example, unit="number"),
                Metric("seek, ms", plan.seek_ms, unit="number"),
                Metric("peak MB", plan.peak_mb, unit="number"),
            ),
        ),
        *(
            Row(
                f"pair batches by {each.how}",
                (
                    Metric("pictures a second", each.pictures_per_second, unit="rank"),
                    Metric("pictures a CPU second", each.pictures_per_cpu_second, unit="rank"),
                    Metric("grown MB", each.grown_mb, unit="number"),
                ),
            )
            for each in fed
        ),
    ]


def _result(rows: Sequence[Row], *, options: argparse.Namespace) -> Result:
    return Result(
        name="loader",
        title="Loading: pictures per CPU second at 224 px, the plan, threads and processes",
        command=f"python -m benchmarks.loader --data DATA --work WORK --rounds {options.rounds} --results results",
        seed=0,
        rows=tuple(rows),
        notes=(
            f"One thread, batches of {ROWS}, sides interleaved, medians of {options.rounds} rounds. 'The same pixels' "
            "are equal to the last bit on both sides. FLAVA's batches are padded squares in a moved view with hidden "
            "patches and cached image codes; its processor makes codebook pixels instead.",
            "Processors are transformers' Pillow ones: their faster ones need torchvision.",
        ),
    )


if __name__ == "__main__":
    main()
