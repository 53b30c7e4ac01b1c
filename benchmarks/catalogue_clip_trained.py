"""Runs in processes of their own, so that their CPU seconds can be told from ours; made once, and read again after."""

import json
import resource
import shutil
import statistics
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from vitrina.models.checkpoint import write_bytes

TIMED_STEPS = 24


@dataclass(frozen=True)
class Order:
    """What to train: a recipe's name and size, its settings, the catalogues, and a run that it starts from."""

    recipe: str
    catalogues: tuple[Path, ...]
    settings: tuple[str, ...]
    size: str = "tiny"
    init: Path | None = None


@dataclass(frozen=True)
class Trained:
    """A finished run: CPU seconds of its whole process, and of its steps alone."""

    run: Path
    steps: int
    cpu_seconds: float
    step_cpu_seconds: float


def trained(order: Order, *, run: Path, steps: int) -> Trained:
    """The run that the order asks for, with `steps` steps; one that was cut off begins again.

    Raises SystemExit where `run` was made by another order.
    """
    settings = [each for setting in (*order.settings, f"steps={steps}") for each in ("--set", setting)]
    command = ["train", order.recipe, *map(str, order.catalogues), "--run", str(run), "--size", order.size, *settings]
    if order.init is not None:
        command += ["--init", str(order.init)]
    record = run.with_suffix(".json")
    if record.exists():
        kept = json.loads(record.read_text(encoding="utf-8"))
        if kept["command"] != command:
            raise SystemExit(f"{record} is of another order than is wanted now: take it away, or choose another --work")
        return Trained(run, steps, kept["cpu_seconds"], kept["step_cpu_seconds"])
    if run.exists():
        shutil.rmtree(run)
    run.parent.mkdir(parents=True, exist_ok=True)
    before = _children_cpu_seconds()
    subprocess.run([sys.executable, "-m", "vitrina", *command], check=True)
    spent = _children_cpu_seconds() - before
    in_steps = sum(_cpu_seconds(run))
    kept = {"steps": steps, "cpu_seconds": spent, "step_cpu_seconds": in_steps, "command": command}
    write_bytes(record, content=json.dumps(kept, indent=1).encode())
    return Trained(run, steps, spent, in_steps)


def steps_within(cpu_seconds: float, *, order: Order, run: Path) -> int:
    """How many steps fit into the CPU seconds of a whole process, by a timing of a few in `run`."""
    timed = trained(order, run=run, steps=TIMED_STEPS)
    every = _cpu_seconds(run)
    steady = statistics.fmean(every[len(every) // 4 :])
    before = timed.cpu_seconds - timed.step_cpu_seconds
    return max(TIMED_STEPS, int((cpu_seconds - before) / steady))


def _cpu_seconds(run: Path) -> list[float]:
    """Of each step."""
    lines = (run / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["cpu_seconds"] for line in lines]


def _children_cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
