"""One run of an experiment in a process of its own: train, then ask; what it took and what it found as JSON.

    python -m benchmarks.learnt_run JOB.json

The job says what to train; its `record` is written last, so that a run is either found whole or made again.
"""

import json
import shutil
import sys
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch

from benchmarks.learnt_choosing import choosing
from benchmarks.learnt_start import write_start
from vitrina import recipes
from vitrina.data.batch import Batch, PairBatch
from vitrina.data.loader import Loader
from vitrina.evaluation.evaluate import evaluate
from vitrina.models.checkpoint import write_bytes
from vitrina.recipes.recipe import with_settings
from vitrina.training import prepare
from vitrina.training.loop import train
from vitrina.training.run_folder import is_run


@dataclass(frozen=True)
class Job:
    """What to train, on which catalogues, and which of them to ask about; paths as text.

    `towers` is a run of a dual encoder that FLAVA's towers start from, as `benchmarks.learnt_start` says, `spared`
    what of that is left out: "centring", "gain" or "both".
    """

    recipe: str
    size: str
    settings: list[str]
    catalogues: list[str]
    asked: list[str]
    run: str
    record: str
    plain_targets: bool = False
    choose: bool = False
    towers: str | None = None
    spared: str | None = None


@dataclass(frozen=True)
class Found:
    """A finished run: CPU seconds of the whole process up to its end, and of its steps alone; figures by catalogue."""

    steps: int
    cpu_seconds: float
    step_cpu_seconds: float
    rows: int
    figures: dict[str, dict[str, dict[str, float]]]
    bases: dict[str, dict[str, dict[str, float]]]


class PlainTargets(Loader):
    """A loader whose pair batches say that every row is a product and a text of its own: a plain diagonal."""

    batches_made = 0

    def batch(self, step: int) -> Batch:
        batch = super().batch(step)
        if isinstance(batch, PairBatch):
            PlainTargets.batches_made += 1
            rows = torch.arange(len(batch.product))
            return replace(batch, product=rows, text_key=rows)
        return batch


def main() -> None:
    job = Job(**json.loads(Path(sys.argv[1]).read_text()))
    found = do(job)
    write_bytes(Path(job.record), content=json.dumps(asdict(found), indent=1).encode())


def do(job: Job) -> Found:
    """Train as the job says and ask what came of it; a run that was cut off begins again, so that its time counts."""
    run = Path(job.run)
    if is_run(run):
        shutil.rmtree(run)
    if job.plain_targets:
        prepare.Loader = PlainTargets  # type: ignore[misc]  # the benchmark's own, here only
    make = {"flava": recipes.flava, "clip": recipes.clip, "codebook": recipes.codebook}[job.recipe]
    recipe = with_settings(make(job.size), job.settings)  # type: ignore[arg-type]  # sizes are checked there
    init = None
    if job.towers is not None:
        start = run.with_suffix(".start.safetensors")
        write_start(
            start,
            towers=Path(job.towers),
            catalogue=Path(job.catalogues[0]),
            recipe=recipe,
            is_centred=job.spared not in ("centring", "both"),
            has_gain=job.spared not in ("gain", "both"),
        )
        init = str(start)
    train(recipe, catalogues=[Path(each) for each in job.catalogues], run=run, init=init)
    cpu_seconds = time.process_time()
    if job.plain_targets and PlainTargets.batches_made < recipe.steps:
        raise SystemExit("the plain targets were never shown: the loader is made elsewhere now")
    steps = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    figures, bases = {}, {}
    for path in job.asked:
        found = evaluate(run, catalogue=path)
        name = Path(path).name
        figures[name] = {s.key: {m.name: m.value for m in s.metrics} for s in found.sections}
        bases[name] = {s.key: {m.name: m.base for m in s.metrics if m.base is not None} for s in found.sections}
        if job.choose:
            figures[name]["choosing"] = choosing(run, catalogue=Path(path))
            bases[name]["choosing"] = dict.fromkeys(figures[name]["choosing"], 0.5)
    return Found(
        steps=recipe.steps,
        cpu_seconds=cpu_seconds,
        step_cpu_seconds=sum(each["cpu_seconds"] for each in steps),
        rows=recipe.steps * recipe.batch_rows,
        figures=figures,
        bases=bases,
    )


if __name__ == "__main__":
    main()
