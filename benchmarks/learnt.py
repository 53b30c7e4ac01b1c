"""What a user should choose: small experiments from scratch, three seeds each, judged by the spread over seeds.

    python -m benchmarks.learnt --data ../shared/data --work runs/learnt --only duplicates codes --seeds 0 1 2

Runs train on `dev`, fashion_products' training products less a tenth cut by title, and are asked about that tenth; the
val and test splits are never read. Each run is a process of its own and is made once: start the command again after an
interruption and it goes on with the next. `--results` keeps the figures. The last line is JSON.
"""

import argparse
import hashlib
import json
import statistics
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks.learnt_data import catalogue
from benchmarks.learnt_experiments import CODEBOOK, CODEBOOKS, EXPERIMENTS, TRAINED_TOWERS, Arm, Experiment, Figure
from benchmarks.learnt_run import Found, Job
from vitrina.evaluation.evaluation import Metric
from vitrina.evaluation.results import Result, Row, write_result
from vitrina.models.checkpoint import write_bytes

TIMED_STEPS = 24
"""A few more than a block of the mixture, so that every kind of batch is timed."""


@dataclass(frozen=True)
class Trained:
    """An arm's runs, one for each seed."""

    arm: Arm
    runs: tuple[Found, ...]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="the folder that holds the data sets")
    parser.add_argument("--work", type=Path, required=True, help="where catalogues and runs go")
    parser.add_argument("--only", nargs="+", choices=sorted(EXPERIMENTS), default=list(EXPERIMENTS))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--results", type=Path, help="write the figures into this folder of results")
    options = parser.parse_args()
    said = {}
    for name in options.only:
        experiment = EXPERIMENTS[name]
        trained = conduct(experiment, data=options.data, work=options.work, seeds=options.seeds)
        print(f"\n{experiment.title}\n{table(experiment, trained)}\n{sentence(experiment, trained)}", flush=True)
        if options.results is not None:
            write_result(result(experiment, trained, seeds=options.seeds), folder=options.results)
        said[name] = summary(experiment, trained)
    print(json.dumps({"benchmark": "learnt", "seeds": options.seeds} | said))


def conduct(experiment: Experiment, *, data: Path, work: Path, seeds: Sequence[int]) -> list[Trained]:
    """Every arm with every seed, the arms in turn for each seed, so that a busy machine troubles all alike."""
    found: dict[str, list[Found]] = {arm.name: [] for arm in experiment.arms}
    steps = {
        arm.name: round(
            arm.share_of_steps * (experiment.steps or _steps_that_fit(experiment, arm, data=data, work=work))
        )
        for arm in experiment.arms
    }
    for seed in seeds:
        for arm in experiment.arms:
            job = _job(experiment, arm, data=data, work=work, seed=seed, steps=steps[arm.name])
            found[arm.name].append(carried_out(job))
    return [Trained(arm, tuple(found[arm.name])) for arm in experiment.arms]


def _steps_that_fit(experiment: Experiment, arm: Arm, *, data: Path, work: Path) -> int:
    """How many steps the arm's CPU seconds allow, by the mean of a few, their first quarter left out."""
    assert experiment.cpu_seconds is not None, f"{experiment.name} says neither steps nor seconds"
    job = _job(experiment, arm, data=data, work=work, seed=0, steps=TIMED_STEPS)
    # A place of its own: an arm that may take no more steps than these is asked about, this one is not.
    run = f"{job.run}-timing"
    job = replace(job, asked=[], choose=False, run=run, record=f"{run}.json")
    carried_out(job)
    steps = [json.loads(line)["cpu_seconds"] for line in (Path(job.run) / "metrics.jsonl").read_text().splitlines()]
    return max(TIMED_STEPS, round(experiment.cpu_seconds / statistics.fmean(steps[len(steps) // 4 :])))


def _job(experiment: Experiment, arm: Arm, *, data: Path, work: Path, seed: int, steps: int) -> Job:
    """What the arm asks for; arms of two experiments that ask for the same are the same run."""
    settings = [*experiment.settings, *arm.settings, f"steps={steps}", f"seed={seed}"]
    if arm.codebook is not None:
        settings.append(f"codebook={codebook(arm.codebook, data=data, work=work)}")
    job = Job(
        recipe=arm.recipe,
        size=arm.size,
        settings=settings,
        catalogues=[str(catalogue(each, data=data, work=work)) for each in arm.catalogues],
        asked=[str(catalogue(each, data=data, work=work)) for each in experiment.asked],
        run="",
        record="",
        plain_targets=arm.plain_targets,
        choose=experiment.choose,
        towers=str(towers(data=data, work=work)) if arm.has_towers else None,
        spared=arm.spared,
    )
    digest = hashlib.sha256(json.dumps(_plain(job)).encode()).hexdigest()[:12]
    run = work / "runs" / f"{arm.recipe}-{digest}"
    return replace(job, run=str(run), record=f"{run}.json")


def towers(*, data: Path, work: Path) -> Path:
    """A dual encoder of dev, whose towers the experiments on matching start from; one for all arms and seeds."""
    run = work / "towers"
    dev = str(catalogue("dev", data=data, work=work))
    carried_out(Job("clip", "tiny", list(TRAINED_TOWERS), [dev], [dev], str(run), f"{run}.json"))
    return run


def codebook(name: str, *, data: Path, work: Path) -> Path:
    """The codebook of that name, trained on the pictures of dev and of clothing_images where it is not there yet."""
    run = work / "codebooks" / name.replace(" ", "-")
    dev = catalogue("dev", data=data, work=work)
    paths = [str(dev), str(catalogue("clothing_images", data=data, work=work))]
    settings = [*CODEBOOK, *CODEBOOKS[name]]
    carried_out(Job("codebook", "tiny", settings, paths, asked=[str(dev)], run=str(run), record=f"{run}.json"))
    return run


def carried_out(job: Job) -> Found:
    """What a job found: read where it is done, done now where it is not. Raises where another job has its place."""
    record, order = Path(job.record), Path(job.record).with_suffix(".job.json")
    record.parent.mkdir(parents=True, exist_ok=True)
    if not record.exists():
        write_bytes(order, content=json.dumps(_plain(job), indent=1).encode())
        subprocess.run([sys.executable, "-m", "benchmarks.learnt_run", str(order)], check=True)
    elif json.loads(order.read_text()) != _plain(job):
        raise SystemExit(f"{record} is of another job than is wanted now: take it away, or choose another --work")
    return Found(**json.loads(record.read_text()))


def _plain(job: Job) -> dict[str, Any]:
    """A job as JSON has it. What only some jobs say is left out of the others, so that they keep their names."""
    return {name: value for name, value in asdict(job).items() if name != "spared" or value is not None}


def values(trained: Trained, figure: Figure, *, asked: str) -> list[float]:
    """A figure of every seed; empty where the arm does not have it."""
    found = [run.figures[asked].get(figure.section, {}).get(figure.name) for run in trained.runs]
    return [value for value in found if value is not None]


def table(experiment: Experiment, trained: Sequence[Trained]) -> str:
    """Means with the spread over seeds, and what knowing nothing reaches."""
    names = [name for name, _, _ in _columns(experiment)]
    wide = max(len(each.arm.name) for each in trained) + 2
    lines = ["  ".join([" " * wide, *names, "steps", "CPU s"])]
    for each in trained:
        cells = [
            _mean(values(each, figure, asked=asked), figure).rjust(len(name))
            for name, asked, figure in _columns(experiment)
        ]
        cells += [f"{statistics.fmean(run.steps for run in each.runs):.0f}".rjust(5)]
        cells += [f"{statistics.fmean(run.step_cpu_seconds for run in each.runs):.0f}".rjust(5)]
        lines.append("  ".join([each.arm.name.ljust(wide), *cells]))
    return "\n".join(lines)


def sentence(experiment: Experiment, trained: Sequence[Trained]) -> str:
    """Who is best by the first figure, and whether the spread over seeds allows to say so."""
    _, asked, figure = _columns(experiment)[0]
    sign = 1 if figure.more_is_better else -1
    order = sorted(trained, key=lambda each: -sign * statistics.fmean(values(each, figure, asked=asked)))
    best, rest = order[0], order[1:]
    ours = values(best, figure, asked=asked)
    if len(ours) == 1:
        return f"By {figure.title}, {best.arm.name!r} is best ({_mean(ours, figure)}). One seed decides nothing."
    beaten = [each.arm.name for each in rest if _is_beyond(ours, values(each, figure, asked=asked), sign=sign)]
    open_ = [each.arm.name for each in rest if each.arm.name not in beaten]
    words = [f"By {figure.title}, {best.arm.name!r} is highest" if sign > 0 else f"{best.arm.name!r} is lowest"]
    words.append(f"({_mean(ours, figure)}).")
    if beaten:
        words.append(f"Beyond the spread of the seeds: better than {', '.join(map(repr, beaten))}.")
    if open_:
        words.append(f"Not decided, as the seeds overlap: against {', '.join(map(repr, open_))}.")
    return " ".join(words)


def _is_beyond(ours: Sequence[float], theirs: Sequence[float], *, sign: int) -> bool:
    """No seed of theirs reaches the worst seed of ours: by chance alone one order in ten of three and three."""
    return min(sign * each for each in ours) > max(sign * each for each in theirs)


def result(experiment: Experiment, trained: Sequence[Trained], *, seeds: Sequence[int]) -> Result:
    """The committed figures: a row for each arm and seed, and one for each arm's mean."""
    rows = []
    for each in trained:
        for seed, run in zip(seeds, each.runs, strict=True):
            one = replace(each, runs=(run,))
            rows.append(Row(f"{each.arm.name}, seed {seed}", tuple(_metrics(experiment, one))))
        if len(seeds) > 1:
            rows.append(Row(f"**{each.arm.name}, mean and range**", tuple(_metrics(experiment, each))))
    numbers = " ".join(map(str, seeds))
    return Result(
        name=f"learnt_{experiment.name}",
        title=experiment.title,
        command=f"python -m benchmarks.learnt --data DATA --work WORK --only {experiment.name} --seeds {numbers} "
        "--results results",
        seed=seeds[0],
        rows=tuple(rows),
        notes=(
            sentence(experiment, trained),
            *experiment.notes,
            "Rows of means: brackets hold the range over seeds, not an interval. CPU seconds are those of the steps; "
            "imports, tokenizer and image codes come to 5 to 15 more in every arm.",
        ),
    )


def _metrics(experiment: Experiment, trained: Trained) -> list[Metric]:
    found = []
    for name, asked, figure in _columns(experiment):
        every = values(trained, figure, asked=asked)
        if not every:
            continue
        bases = [run.bases[asked].get(figure.section, {}).get(figure.name) for run in trained.runs]
        span = (min(every), max(every)) if len(every) > 1 else (None, None)
        mean = statistics.fmean(every)
        found.append(Metric(name, mean, figure.unit, low=span[0], high=span[1], base=bases[0]))
    seconds = statistics.fmean(run.step_cpu_seconds for run in trained.runs)
    steps = statistics.fmean(run.steps for run in trained.runs)
    return [*found, Metric("steps", steps, "rank"), Metric("CPU seconds", seconds, "rank")]


def summary(experiment: Experiment, trained: Sequence[Trained]) -> dict[str, object]:
    """What the last line says of an experiment."""
    columns = _columns(experiment)
    return {
        each.arm.name: {
            name: [round(v, 4) for v in values(each, figure, asked=asked)] for name, asked, figure in columns
        }
        | {"steps": [run.steps for run in each.runs], "cpu_seconds": [round(run.step_cpu_seconds) for run in each.runs]}
        for each in trained
    }


def _columns(experiment: Experiment) -> list[tuple[str, str, Figure]]:
    """Title, catalogue and figure of every column."""
    several = len(experiment.asked) > 1
    return [
        (f"{asked}: {figure.title}" if several else figure.title, asked, figure)
        for asked in experiment.asked
        for figure in experiment.figures
    ]


def _mean(every: Sequence[float], figure: Figure) -> str:
    if not every:
        return "–"
    scale, digits = (100, 1) if figure.unit == "share" else (1, 3)
    return f"{scale * statistics.fmean(every):.{digits}f} ± {scale * (max(every) - min(every)) / 2:.{digits}f}"


if __name__ == "__main__":
    main()
