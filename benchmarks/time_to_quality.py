"""CPU seconds from nothing to a strict R@10 of 40 on fashion_products: our FLAVA against transformers' FLAVA.

    python -m benchmarks.time_to_quality --data ../shared/data --work runs/quality --results results

Both are given the same pairs, tokenizer, vocabulary, picture size, patches, widths, layers and rows a step, and one
thread. Ours counts everything from the start of the process: its codebook, image codes, tokenizer, loading. Theirs is
described in `benchmarks.time_to_quality_theirs`: it learns in the cheapest way that its classes allow, and the steps
that it needs are multiplied by what a step costs as documented. Evaluations are not counted on either side.

`--on dev` holds out a tenth of the training products by title instead: both learning rates are chosen there. Runs are
made once; the last line is JSON.
"""

import argparse
import json
import statistics
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.learnt import carried_out
from benchmarks.learnt_data import FASHION, catalogue
from benchmarks.learnt_experiments import FUSED
from benchmarks.learnt_run import Job
from vitrina.catalogue.store import Catalogue
from vitrina.evaluation.evaluation import Metric
from vitrina.evaluation.heldout import held_out
from vitrina.evaluation.results import Result, Row, write_result
from vitrina.models.checkpoint import read_metadata, write_bytes
from vitrina.tasks import search
from vitrina.training.load import load

ENOUGH = 0.40
LOOK_EVERY = 10
OURS = (
    *FUSED,
    "mixture.text=0",
    "mixture.image=0",
    "mixture.pair=1",
    "augment.views=1",
    "ema_decay=0.95",
    f"checkpoint_every={LOOK_EVERY}",
    "keep=1000",
    "steps=90",
)
CODEBOOK = ("precision=bf16", "model.size_px=32", "keep=1", "steps=500")
OUR_LR, THEIR_LR = 1e-3, 1e-3
"""Chosen on dev; LOG.md has what was tried."""

DOCUMENTED, CHEAPEST = "as documented", "in bfloat16 too"


@dataclass(frozen=True)
class Curve:
    """R@10 after so many steps; `before` are CPU seconds of preparation, `step` those of one."""

    steps: tuple[int, ...]
    recalls: tuple[float, ...]
    before: float
    step: float

    @property
    def enough_at(self) -> int | None:
        """The step of the first look that was good enough."""
        good = [step for step, recall in zip(self.steps, self.recalls, strict=True) if recall >= ENOUGH]
        return good[0] if good else None

    def seconds(self, *, step_cost: float | None = None) -> float:
        """CPU seconds to there, or to the last look where it was never good enough."""
        return self.before + (self.enough_at or self.steps[-1]) * (step_cost or self.step)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="the folder that holds the data sets")
    parser.add_argument("--work", type=Path, required=True, help="where catalogues and runs go")
    parser.add_argument("--on", choices=["dev", "val"], default="val")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2], help="of ours")
    parser.add_argument("--their-seeds", type=int, nargs="*", default=[0], help="of theirs")
    parser.add_argument("--our-lr", type=float, default=OUR_LR)
    parser.add_argument("--their-lr", type=float, default=THEIR_LR)
    parser.add_argument("--most-cpu-seconds", type=float, default=400.0, help="after which theirs is given up")
    parser.add_argument("--results", type=Path, help="write the figures into this folder of results")
    options = parser.parse_args()
    path = catalogue(FASHION if options.on == "val" else "dev", data=options.data, work=options.work)
    work = options.work / "quality" / options.on
    ours = [our_curve(path, work=work, lr=options.our_lr, seed=seed) for seed in options.seeds]
    for curve in ours:
        print(_told("ours", curve), flush=True)
    theirs, costs = [], {}
    if options.their_seeds:
        like = work / f"ours-{options.our_lr:g}-{options.seeds[0]}"
        theirs = [
            their_curve(path, work=work, like=like, lr=options.their_lr, seed=seed, most=options.most_cpu_seconds)
            for seed in options.their_seeds
        ]
        for curve in theirs:
            print(_told("theirs", curve), flush=True)
        costs = their_costs(path, work=work, like=like)
        for name, seconds in costs.items():
            print(f"theirs, {name}: {seconds:.2f} CPU s a step", flush=True)
    if options.results is not None:
        write_result(_result(ours, theirs, costs, options=options), folder=options.results)
        write_result(_curves(ours, theirs, costs, options=options), folder=options.results)
    print(json.dumps({"benchmark": "time_to_quality", "on": options.on} | _summary(ours, theirs, costs)))


def our_curve(path: Path, *, work: Path, lr: float, seed: int) -> Curve:
    """Codebook and FLAVA from nothing; the checkpoints are asked afterwards."""
    book = work / f"codebook-{seed}"
    made = carried_out(Job("codebook", "tiny", [*CODEBOOK, f"seed={seed}"], [str(path)], [], str(book), f"{book}.json"))
    run = work / f"ours-{lr:g}-{seed}"
    settings = [*OURS, f"optim.lr={lr}", f"seed={seed}", f"codebook={book}"]
    found = carried_out(Job("flava", "tiny", settings, [str(path)], [], str(run), f"{run}.json"))
    looked = Path(f"{run}.looks.json")
    if not looked.exists():
        held = held_out(Catalogue.open(path), split="val", seed=0).products
        pairs = [pair for product in held if (pair := search.pose(product))]
        recalls = {}
        for weights in sorted(run.glob("checkpoints/step-*/ema.safetensors")):
            answered = search.answer(load(weights), pairs=pairs, query="text")  # type: ignore[arg-type]
            recalls[int(read_metadata(weights)["step"])] = float(answered.strict.recall(10).mean())
        write_bytes(looked, content=json.dumps(recalls).encode())
    looks = {int(step): recall for step, recall in json.loads(looked.read_text()).items()}
    before = made.cpu_seconds + found.cpu_seconds - found.step_cpu_seconds
    return Curve(tuple(looks), tuple(looks.values()), before, found.step_cpu_seconds / found.steps)


def their_curve(path: Path, *, work: Path, like: Path, lr: float, seed: int, most: float) -> Curve:
    """Theirs in its cheapest form; the codebook's training, whose codes it is given, counts as it does for ours."""
    record = work / f"theirs-{lr:g}-{seed}.json"
    found = _their(record, path, like=like, lr=lr, seed=seed, most=most)
    book = json.loads((work / "codebook-0.json").read_text())["cpu_seconds"]
    steps = tuple(int(look["step"]) for look in found["looks"])
    each = (found["looks"][-1]["cpu_seconds"] - found["before"]) / steps[-1]
    return Curve(steps, tuple(look["recall_at_10"] for look in found["looks"]), found["before"] + book, each)


def their_costs(path: Path, *, work: Path, like: Path) -> dict[str, float]:
    """CPU seconds of a step of theirs, as documented and with savings."""
    return _their(work / "theirs-cost.json", path, like=like, lr=1e-3, seed=0, most=0.0)["step_cost"]


def _their(record: Path, path: Path, *, like: Path, lr: float, seed: int, most: float) -> dict:
    if not record.exists():
        job = {
            "catalogue": str(path),
            "like": str(like),
            "lr": lr,
            "seed": seed,
            "look_every": 2 * LOOK_EVERY,
            "enough": ENOUGH,
            "most_cpu_seconds": most,
            "record": str(record),
            "only_cost": most == 0.0,
        }
        order = record.with_suffix(".job.json")
        write_bytes(order, content=json.dumps(job, indent=1).encode())
        subprocess.run([sys.executable, "-m", "benchmarks.time_to_quality_theirs", str(order)], check=True)
    return json.loads(record.read_text())


def _told(who: str, curve: Curve) -> str:
    shown = ", ".join(f"{step}: {100 * recall:.1f}" for step, recall in zip(curve.steps, curve.recalls, strict=True))
    end = f"enough at step {curve.enough_at}" if curve.enough_at else "never enough"
    return (
        f"{who}: {end}, {curve.seconds():.0f} CPU s, {curve.before:.0f} of them before the first step, "
        f"{curve.step:.2f} a step ({shown})"
    )


def _summary(ours: Sequence[Curve], theirs: Sequence[Curve], costs: dict[str, float]) -> dict[str, object]:
    mine = [curve.seconds() for curve in ours]
    found: dict[str, object] = {
        "ours": [round(each) for each in mine],
        "our_steps": [curve.enough_at for curve in ours],
        "our_curves": [dict(zip(curve.steps, curve.recalls, strict=True)) for curve in ours],
    }
    if theirs:
        cheapest = [curve.seconds() for curve in theirs]
        documented = [curve.seconds(step_cost=costs[DOCUMENTED]) for curve in theirs]
        found |= {
            "theirs_as_documented": [round(each) for each in documented],
            "theirs_cheapest": [round(each) for each in cheapest],
            "their_steps": [curve.enough_at for curve in theirs],
            "theirs_reached": all(curve.enough_at for curve in theirs),
            "their_best_recall": [max(curve.recalls) for curve in theirs],
            "their_curves": [dict(zip(curve.steps, curve.recalls, strict=True)) for curve in theirs],
            "their_step_cost": costs,
            "ratio_as_documented": round(statistics.fmean(documented) / statistics.fmean(mine), 2),
            "ratio_cheapest": round(statistics.fmean(cheapest) / statistics.fmean(mine), 2),
        }
    return found


def _result(
    ours: Sequence[Curve], theirs: Sequence[Curve], costs: dict[str, float], *, options: argparse.Namespace
) -> Result:
    rows = [
        _row(f"ours, seed {seed}", curve, seconds=curve.seconds())
        for seed, curve in zip(options.seeds, ours, strict=True)
    ]
    mine = statistics.fmean(curve.seconds() for curve in ours)
    for seed, curve in zip(options.their_seeds, theirs, strict=True):
        for name, cost in (*costs.items(), ("as it was run", curve.step)):
            seconds = curve.seconds(step_cost=cost)
            row = _row(f"theirs, seed {seed}, {name}", curve, seconds=seconds)
            rows.append(Row(row.name, (*row.metrics, Metric("times ours", seconds / mine, "number"))))
    reached = (
        ""
        if all(curve.enough_at for curve in theirs)
        else (
            f" Theirs did not reach it and was given up at {options.most_cpu_seconds:.0f} CPU seconds: read its "
            "ratios as more than, and its step as the last."
        )
    )
    seeds, their_seeds = (" ".join(map(str, each)) for each in (options.seeds, options.their_seeds))
    return Result(
        name="time_to_quality",
        title=f"CPU seconds from nothing to a strict R@10 of {100 * ENOUGH:.0f} on fashion_products ({options.on})",
        command=f"python -m benchmarks.time_to_quality --data DATA --work WORK --on {options.on} --seeds {seeds} "
        f"--their-seeds {their_seeds} --results results",
        seed=options.seeds[0],
        rows=tuple(rows),
        notes=(
            f"Equal towers, patches, pictures, tokenizer, vocabulary and rows a step, pairs alone, one thread; "
            f"learning rates chosen on dev (ours {options.our_lr:g}, theirs {options.their_lr:g}), constant after a "
            f"warm-up.{reached}",
            "Ours counts its codebook, image codes and tokenizer. Theirs learnt in bfloat16 from cached pixels and "
            "from our cached image codes; its steps are multiplied by the measured cost of a step: as documented it "
            "preprocesses by its own image processor, runs its own codebook (DALL-E's shape, random weights) and pads "
            "to 77 in float32, and the rows after that save one thing after another.",
        ),
    )


def _curves(
    ours: Sequence[Curve], theirs: Sequence[Curve], costs: dict[str, float], *, options: argparse.Namespace
) -> Result:
    """Every look, so that the curves can be drawn."""
    every = [(f"ours, seed {seed}", curve, curve.step) for seed, curve in zip(options.seeds, ours, strict=True)]
    every += [
        (f"theirs {name}, seed {seed}", curve, cost)
        for seed, curve in zip(options.their_seeds, theirs, strict=True)
        for name, cost in ((DOCUMENTED, costs[DOCUMENTED]), ("in its cheapest form", curve.step))
    ]
    rows = [
        Row(
            f"{name} at step {step}",
            (Metric("CPU seconds", curve.before + step * cost, "rank"), Metric("R@10", recall, base=0.01)),
        )
        for name, curve, cost in every
        for step, recall in zip(curve.steps, curve.recalls, strict=True)
    ]
    return replace(
        _result(ours, theirs, costs, options=options),
        name="time_to_quality_curves",
        title=f"R@10 on fashion_products while FLAVA learns from nothing ({options.on})",
        rows=tuple(rows),
        notes=("See the result before this one for what is compared.",),
    )


def _row(name: str, curve: Curve, *, seconds: float) -> Row:
    return Row(
        name,
        (
            Metric("CPU seconds", seconds, "rank"),
            Metric("before the first step", curve.before, "rank"),
            Metric("steps", curve.enough_at or curve.steps[-1], "rank"),
            Metric("R@10 there", curve.recalls[curve.steps.index(curve.enough_at or curve.steps[-1])], base=0.01),
        ),
    )


if __name__ == "__main__":
    main()
