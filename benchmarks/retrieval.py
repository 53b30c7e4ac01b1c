"""FLAVA against a dual encoder of equal towers, from scratch, at equal CPU seconds: the main job on real products.

    python -m benchmarks.retrieval --data ../shared/data --work runs/retrieval

Pairs are `fashion_products`, picture-only products `clothing_images`, text-only ones `text_mercadona_es`. Every run
may spend the same CPU seconds (process time summed over threads, loading and tokenizer included; for FLAVA the
codebook's training and the image codes too): a few steps are timed first, and the number of steps follows from them.
`--on dev` measures on a tenth of the training products instead, cut by title, and trains on the rest: that is where
settings are chosen. The last line is JSON; runs that are there already are not trained again.
"""

import argparse
import hashlib
import json
import resource
import statistics
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from vitrina.catalogue.ingest import ingest
from vitrina.catalogue.product import Product
from vitrina.catalogue.store import Catalogue, write_catalogue
from vitrina.evaluation.evaluate import evaluate
from vitrina.evaluation.evaluation import Evaluation, Metric
from vitrina.evaluation.results import Result, Row, write_result

PAIRS, IMAGES, TEXTS = "fashion_products", "clothing_images", "text_mercadona_es"

# Chosen on the dev part; the reasons stand in LOG.md.
TOWERS = (
    "model.image.patch_px=16",
    "model.image.layers=2",
    "precision=bf16",
    "batch_rows=256",
    "ema_decay=0.998",
    "augment.shift_share=0.03",
    "augment.scale_share=0.05",
    "augment.aspect_share=0.0",
    "checkpoint_every=200",
    "keep=1",
)
FLAVA = ("corruption.fused_share=0.25", "corruption.itm_negative_share=0.5")
CODEBOOK = ("precision=bf16", "model.size_px=32", "keep=1")
CODEBOOK_STEPS = 2000
TIMED_STEPS = 40

SHOWN = (("text_to_picture", "text → picture"), ("picture_to_text", "picture → text"))


@dataclass(frozen=True)
class Trained:
    """A finished run and the CPU seconds that it took, preparation included."""

    run: Path
    steps: int
    cpu_seconds: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="the folder that holds the three data sets")
    parser.add_argument("--work", type=Path, required=True, help="where catalogues and runs go")
    parser.add_argument("--on", choices=["dev", "val"], default="val")
    parser.add_argument("--cpu-seconds", type=float, default=360.0, help="of each run (default 360)")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--recipes", nargs="+", choices=["clip", "flava"], default=["clip", "flava"])
    parser.add_argument("--set", action="append", default=[], help="a further setting of both, to choose on dev")
    parser.add_argument("--name", default="", help="a name for runs with further settings")
    parser.add_argument("--results", type=Path, help="write RETRIEVAL figures into this folder of results")
    options = parser.parse_args()
    if options.on == "val" and options.set:
        raise SystemExit("settings are chosen with --on dev; the val split is read with those that stand in the file")

    catalogues = _catalogues(options.data, work=options.work, on=options.on)
    work = options.work / options.on
    codebook = None
    if "flava" in options.recipes:
        codebook = _train("codebook", catalogues[:2], run=work / "codebook", steps=CODEBOOK_STEPS, settings=CODEBOOK)
        print(evaluate(codebook.run, catalogue=catalogues[0]).text())
    rows, found = [], {}
    for recipe in options.recipes:
        runs = [
            _run(recipe, catalogues, work=work, seed=seed, codebook=codebook, options=options) for seed in options.seeds
        ]
        evaluations = [evaluate(each.run, catalogue=catalogues[0]) for each in runs]
        for each, evaluation in zip(runs, evaluations, strict=True):
            print(f"\n{each.run}: {each.steps} steps, {each.cpu_seconds:.0f} CPU seconds\n{evaluation.text()}")
        rows += _rows(recipe, runs=runs, evaluations=evaluations)
        found[recipe] = _summary(runs, evaluations)
    if options.results is not None:
        write_result(_result(rows, options=options), folder=options.results)
    print(json.dumps({"benchmark": "retrieval", "on": options.on, "seeds": options.seeds} | found))


def _catalogues(data: Path, *, work: Path, on: str) -> list[Path]:
    """The catalogues of pairs, pictures and texts; for dev, the pairs' training part alone, cut anew."""
    paths = {name: work / "catalogues" / name for name in (PAIRS, IMAGES, TEXTS)}
    for name, path in paths.items():
        if not path.exists():
            print(ingest([data / name], out=path).text())
    if on == "dev":
        dev = work / "catalogues" / "dev"
        if not dev.exists():
            write_catalogue(dev, _cut_anew(Catalogue.open(paths[PAIRS])))
        paths[PAIRS] = dev
    return [paths[PAIRS], paths[IMAGES], paths[TEXTS]]


def _cut_anew(catalogue: Catalogue) -> Iterable[Product]:
    for row in range(len(catalogue)):
        product = catalogue[row]
        if product.split == "train":
            title = " ".join(product.titles[0].text.casefold().split())
            tenth = int.from_bytes(hashlib.sha256(title.encode()).digest()[:4], "big") % 10
            yield replace(product, split="val" if tenth == 0 else "train")


def _run(
    recipe: str,
    catalogues: Sequence[Path],
    *,
    work: Path,
    seed: int,
    codebook: Trained | None,
    options: argparse.Namespace,
) -> Trained:
    settings = [*TOWERS, *options.set, f"seed={seed}"]
    if recipe == "flava" and codebook:
        settings += [*FLAVA, f"codebook={codebook.run}"]
    used = catalogues if recipe == "flava" else catalogues[:1]
    stem = f"{recipe}{options.name and '-' + options.name}"
    timed = _train(recipe, used, run=work / f"timing-{stem}", steps=TIMED_STEPS, settings=settings)
    steady = _steady_cpu_seconds(timed.run)
    spent = timed.cpu_seconds - steady * TIMED_STEPS
    if recipe == "flava" and codebook:
        spent += codebook.cpu_seconds
    steps = max(TIMED_STEPS, int((options.cpu_seconds - spent) / steady))
    trained = _train(recipe, used, run=work / f"{stem}-{seed}", steps=steps, settings=settings)
    extra = codebook.cpu_seconds if recipe == "flava" and codebook else 0.0
    return replace(trained, cpu_seconds=trained.cpu_seconds + extra)


def _train(recipe: str, catalogues: Sequence[Path], *, run: Path, steps: int, settings: Sequence[str]) -> Trained:
    """Train in a process of its own, so that its CPU seconds can be told from ours; once only."""
    record = run.with_suffix(".json")
    if record.exists():
        kept = json.loads(record.read_text())
        return Trained(run, kept["steps"], kept["cpu_seconds"])
    arguments = [each for setting in [*settings, f"steps={steps}"] for each in ("--set", setting)]
    command = [sys.executable, "-m", "vitrina", "train", recipe, *map(str, catalogues), "--run", str(run), *arguments]
    before = _children_cpu_seconds()
    subprocess.run(command, check=True)
    spent = _children_cpu_seconds() - before
    record.write_text(json.dumps({"steps": steps, "cpu_seconds": spent, "command": command[2:]}))
    return Trained(run, steps, spent)


def _children_cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _steady_cpu_seconds(run: Path) -> float:
    """CPU seconds a step, the mean after the first quarter, by kind, mixed as in a whole run."""
    steps = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    later = steps[len(steps) // 4 :]
    return statistics.fmean(each["cpu_seconds"] for each in later)


def _rows(recipe: str, *, runs: Sequence[Trained], evaluations: Sequence[Evaluation]) -> list[Row]:
    rows = []
    for run, evaluation in zip(runs, evaluations, strict=True):
        metrics = [Metric("CPU seconds", run.cpu_seconds, unit="rank"), Metric("steps", run.steps, unit="rank")]
        for key, words in SHOWN:
            section = evaluation.section(f"{key}_strict")
            metrics += [replace(section.metric(name), name=f"{words} {name}") for name in ("R@1", "R@5", "R@10")]
        rows.append(Row(f"{recipe}, seed {evaluation_seed(run)}", tuple(metrics)))
    return rows


def evaluation_seed(run: Trained) -> str:
    """The seed in the name of a run of ours."""
    return run.run.name.rpartition("-")[2]


def _summary(runs: Sequence[Trained], evaluations: Sequence[Evaluation]) -> dict[str, object]:
    tens = [100 * each.section("text_to_picture_strict").metric("R@10").value for each in evaluations]
    return {
        "R@10": [round(ten, 1) for ten in tens],
        "mean": round(statistics.fmean(tens), 1),
        "spread": round(max(tens) - min(tens), 1),
        "steps": [each.steps for each in runs],
        "cpu_seconds": [round(each.cpu_seconds) for each in runs],
    }


def _result(rows: Sequence[Row], *, options: argparse.Namespace) -> Result:
    seeds = " ".join(map(str, options.seeds))
    return Result(
        name="retrieval",
        title=f"Search among the 1,000 held-out products of fashion_products ({options.on})",
        command=f"python -m benchmarks.retrieval --data DATA --work WORK --cpu-seconds {options.cpu_seconds:.0f} "
        f"--seeds {seeds} --results results",
        seed=options.seeds[0],
        rows=tuple(rows),
        notes=(
            "Strict recall: only the very product counts. Both train from scratch within the same CPU seconds, with "
            "equal towers; FLAVA's include its codebook and image codes, and it also reads clothing_images and "
            "text_mercadona_es (.70/.15/.15).",
            "No title of the held-out products occurs in training, so the score on titles without a twin is the same.",
        ),
    )


if __name__ == "__main__":
    main()
