"""Late, hybrid and early fusion on the same pairs, widths and CPU seconds: where should picture and text meet?

    python -m benchmarks.fusion --data ../shared/data --work runs/fusion --seeds 0 1 2 --results results

Late is CLIP (two towers that never meet), hybrid FLAVA (a multimodal encoder above two towers), early one transformer
over picture and text from its first block on. All learn from fashion_products' training products less a tenth, cut by
title, on which thresholds are chosen; the val split is read once, at the end. A process may take as many CPU seconds
as any other, loading and tokenizer included; of the hybrid that starts from a late one, that one's are half. The last
line is JSON; runs and figures that are there are kept.
"""

import argparse
import json
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from benchmarks.catalogue_clip_trained import Order, Trained, steps_within, trained
from benchmarks.fusion_ask import ANEW, CANDIDATES, ask, thresholds
from benchmarks.learnt_data import FASHION, catalogue
from benchmarks.learnt_experiments import COMMON
from vitrina.catalogue.store import Catalogue
from vitrina.evaluation.evaluation import Metric, Unit
from vitrina.evaluation.heldout import held_out
from vitrina.evaluation.results import Result, Row, write_result
from vitrina.models.checkpoint import write_bytes

SHARED = (
    *COMMON,
    "model.image.patch_px=16",
    "batch_rows=128",
    "ema_decay=0.98",
    "optim.warmup_steps=30",
)
_TOWERS = ("model.image.layers=1", "model.text.layers=1")
_ASKED = ("corruption.fused_share=0.25", "corruption.itm_negative_share=0.5")
_PAIRS = ("mixture.text=0", "mixture.image=0", "mixture.pair=1", "corruption.mim_share=0")

PRODUCTS = 10_000
"""Of the shop that costs are said for."""


@dataclass(frozen=True)
class Arm:
    """A way to fuse: its recipe and settings; `from_late` starts from a late one that took half of the time."""

    name: str
    recipe: str
    settings: tuple[str, ...]
    from_late: bool = False


ARMS = (
    Arm("late (CLIP)", "clip", _TOWERS),
    Arm("hybrid (FLAVA)", "flava", (*_TOWERS, *_PAIRS, *_ASKED)),
    Arm("hybrid, from a late one", "flava", (*_TOWERS, *_PAIRS, *_ASKED), from_late=True),
    Arm("early", "early_fusion", ("model.trunk.layers=2", *_ASKED)),
)

UNITS: dict[str, Unit] = {"AUC, any": "number", "AUC, category": "number"}
SHOWN = (
    "R@1",
    "R@10",
    "R@10, picture → text",
    *(f"R@{k} of {ANEW}, {how}" for k in (1, 10) for how in ("by vectors", f"first {CANDIDATES} ordered by pairs")),
    "fits or not, any",
    "AUC, any",
    "fits or not, category",
    "AUC, category",
    "category",
    "article type",
)


@dataclass(frozen=True)
class Found:
    """The figures of one run on one split, and what it took."""

    seed: int
    steps: int
    cpu_seconds: float
    figures: dict[str, float]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="the folder that holds the data sets")
    parser.add_argument("--work", type=Path, required=True, help="where catalogues and runs go")
    parser.add_argument("--cpu-seconds", type=float, default=100.0, help="of each run (default 100)")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument(
        "--on", choices=["dev", "val"], default="val", help="dev to choose settings, val once at the end"
    )
    parser.add_argument("--results", type=Path, help="write the figures into this folder of results")
    options = parser.parse_args()
    dev = catalogue("dev", data=options.data, work=options.work)
    asked = dev if options.on == "dev" else catalogue(FASHION, data=options.data, work=options.work)
    found: dict[str, list[Found]] = {arm.name: [] for arm in ARMS}
    for seed in options.seeds:
        for arm in ARMS:
            run = _run(arm, dev=dev, work=options.work, seed=seed, cpu_seconds=options.cpu_seconds)
            found[arm.name].append(_asked(run, dev=dev, asked=asked, on=options.on, seed=seed))
            print(f"{arm.name}, seed {seed}: {json.dumps(found[arm.name][-1].figures)}", flush=True)
    if options.results is not None:
        write_result(_result(found, options=options), folder=options.results)
    said = {
        name: {figure: _values(runs, figure) for figure in SHOWN if _values(runs, figure)}
        for name, runs in found.items()
    }
    print(json.dumps({"benchmark": "fusion", "on": options.on, "seeds": options.seeds} | said))


def _run(arm: Arm, *, dev: Path, work: Path, seed: int, cpu_seconds: float) -> Trained:
    """A run of an arm within the CPU seconds, its start's included."""
    stem = f"{arm.recipe}{'-from-late' if arm.from_late else ''}"
    place = work / f"{cpu_seconds:.0f}"
    if not arm.from_late:
        order = Order(arm.recipe, (dev,), (*SHARED, *arm.settings))
        steps = steps_within(cpu_seconds, order=order, run=place / f"{stem}-timing")
        return trained(_seeded(order, seed=seed), run=place / f"{stem}-{seed}", steps=steps)
    late = next(each for each in ARMS if each.recipe == "clip")
    start = Order(late.recipe, (dev,), (*SHARED, *late.settings))
    steps = steps_within(cpu_seconds / 2, order=start, run=place / "clip-timing")
    first = trained(_seeded(start, seed=seed), run=place / f"clip-half-{seed}", steps=steps)
    order = Order(arm.recipe, (dev,), (*SHARED, *arm.settings), init=place / "clip-timing")
    steps = steps_within(cpu_seconds - first.cpu_seconds, order=order, run=place / f"{stem}-timing")
    after = trained(replace(_seeded(order, seed=seed), init=first.run), run=place / f"{stem}-{seed}", steps=steps)
    return replace(after, steps=first.steps + after.steps, cpu_seconds=first.cpu_seconds + after.cpu_seconds)


def _seeded(order: Order, *, seed: int) -> Order:
    return replace(order, settings=(*order.settings, f"seed={seed}"))


def _asked(run: Trained, *, dev: Path, asked: Path, on: str, seed: int) -> Found:
    """The figures of a run, read where somebody asked already."""
    record = run.run.with_suffix(f".{on}.json")
    if not record.exists():
        chosen = thresholds(run.run, products=held_out(Catalogue.open(dev), split="val", seed=0).products)
        products = held_out(Catalogue.open(asked), split="val", seed=0).products
        found = Found(seed, run.steps, run.cpu_seconds, ask(run.run, products=products, at=chosen))
        write_bytes(record, content=json.dumps(asdict(found), indent=1).encode())
    return Found(**json.loads(record.read_text(encoding="utf-8")))


def _values(runs: Sequence[Found], figure: str) -> list[float]:
    return [round(run.figures[figure], 4) for run in runs if figure in run.figures]


def _result(found: dict[str, list[Found]], *, options: argparse.Namespace) -> Result:
    rows = []
    for name, runs in found.items():
        rows += [Row(f"{name}, seed {run.seed}", tuple(_metrics([run]))) for run in runs]
        rows.append(Row(f"**{name}, mean and range**", tuple(_metrics(runs))))
    seeds = " ".join(map(str, options.seeds))
    return Result(
        name="fusion",
        title=f"Late, hybrid and early fusion at equal CPU time ({options.on} of fashion_products, 1,000 products)",
        command=f"python -m benchmarks.fusion --data DATA --work WORK --cpu-seconds {options.cpu_seconds:.0f} "
        f"--seeds {seeds} --results results",
        seed=options.seeds[0],
        rows=tuple(rows),
        notes=(
            "Width 128, patches of 16 px, one layer in each tower, two above them in the hybrid, two in the early "
            "one's transformer; pairs alone, a quarter of the rows also asked whether a text fits, half of these with "
            "another product's. Trained on nine tenths of train; recall is strict, among all 1,000.",
            "Fits or not: own and another text of each product, of any product or of the same category. From which "
            "belief on a text fits is chosen on the tenth for every arm alike; of late fusion belief is the cosine.",
            f"Ordered by pairs: of {ANEW} queries the first {CANDIDATES} by vectors, in order of whether each fits.",
            f"Seconds are CPU seconds of one thread for 1,000 queries against {PRODUCTS:,} products, without decoding: "
            "by vectors, or by judging every pair. Late fusion judges a pair by a dot product.",
            "Rows of means: brackets hold the range over seeds, not an interval.",
        ),
    )


def _metrics(runs: Sequence[Found]) -> list[Metric]:
    rows: list[tuple[str, list[float], Unit]] = [
        *((name, _values(runs, name), UNITS.get(name, "share")) for name in SHOWN),
        ("seconds by vectors", [_seconds(run.figures, is_pair_by_pair=False) for run in runs], "rank"),
        ("seconds pair by pair", [_seconds(run.figures, is_pair_by_pair=True) for run in runs], "rank"),
        ("million parameters", [run.figures["parameters"] / 1e6 for run in runs], "number"),
        ("steps", [float(run.steps) for run in runs], "rank"),
        ("CPU seconds", [run.cpu_seconds for run in runs], "rank"),
    ]
    found = []
    for name, every, unit in rows:
        if every:
            span = (min(every), max(every)) if len(every) > 1 else (None, None)
            found.append(Metric(name, statistics.fmean(every), unit, low=span[0], high=span[1], base=_base(name)))
    return found


def _base(name: str) -> float | None:
    """What knowing nothing reaches; the commonest category is another benchmark's matter."""
    if name.startswith(("fits", "AUC")):
        return 0.5
    return {"R@1": 0.001, "R@10": 0.01, "R@10, picture → text": 0.01}.get(name)


def _seconds(figures: dict[str, float], *, is_pair_by_pair: bool) -> float:
    """CPU seconds of 1,000 queries against PRODUCTS products."""
    embedded = PRODUCTS * figures["ms a picture"] + 1000 * figures["ms a text"]
    is_late = figures["ms a pair"] < figures["ms a text"] / 10
    judged = 1000 * PRODUCTS * figures["ms a pair"]
    return (judged + (embedded if is_late else 0) if is_pair_by_pair else embedded) / 1000


if __name__ == "__main__":
    main()
