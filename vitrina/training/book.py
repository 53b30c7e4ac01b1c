"""What the chief keeps of a run: a row per step, the progress, the checkpoints, looks at held-out products, records."""

import resource
import sys
import time
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, Self

import torch

from vitrina.recipes.recipe import version
from vitrina.training.card import write_card
from vitrina.training.checkpoints import Part, write_checkpoint
from vitrina.training.engine import Engine
from vitrina.training.machine import Machine
from vitrina.training.prepare import Session
from vitrina.training.progress import Progress
from vitrina.training.records import open_records
from vitrina.training.run_folder import Metrics, RunFolder
from vitrina.training.watch import Watcher


class Book:
    """The chief's book from step `start` on."""

    def __init__(self, session: Session, *, start: int, folder: RunFolder, engine: Engine, machine: Machine) -> None:
        self._recipe = session.recipe
        self._folder = folder
        self._device = engine.device
        with ExitStack() as stack:
            self._watcher = None
            if session.recipe.watch.every:
                self._watcher = Watcher(folder, from_step=start, device=engine.device, stock=session.stock)
            self._metrics = Metrics(folder.metrics, step=start)
            stack.callback(self._metrics.close)
            self._progress = Progress(start=start, steps=session.recipe.steps)
            stack.callback(self._progress.close)
            self._records = stack.enter_context(open_records(machine.records, folder=folder, from_step=start))
            self._open = stack.pop_all()
        write_card(folder)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def note(self, row: Mapping[str, Any], *, began: "Clock") -> None:
        """Write the row of a step that `began` then."""
        spent = began.elapsed()
        whole = (
            dict(row)
            | {"seconds": spent.wall, "cpu_seconds": spent.work}
            | {"examples_per_second": self._recipe.batch_rows / spent.wall, "memory_mb": _peak_memory_mb(self._device)}
        )
        self._metrics.append(whole)
        self._progress.update(whole)
        self._records.note(whole)

    def look(self, step: int, *, weights: Mapping[str, torch.Tensor]) -> bool:
        """Judge the weights on held-out products; whether the run has learnt enough."""
        assert self._watcher is not None
        verdict = self._watcher.look(step, weights=weights)
        metric = self._recipe.watch.metric
        self._records.look(step, metric=metric, value=verdict.value, base=verdict.base)
        if verdict.picture is not None:
            self._records.picture(step, name="watch", png=verdict.picture)
        return verdict.is_enough

    def save(self, step: int, *, parts: Iterable[tuple[str, Part]]) -> None:
        """Write the checkpoint of `step`."""
        self._metrics.sync()
        write_checkpoint(
            self._folder.checkpoints,
            step=step,
            parts=parts,
            state={"examples": step * self._recipe.batch_rows, "vitrina": version()},
            keep=self._recipe.keep,
        )
        write_card(self._folder)


@dataclass(frozen=True)
class Clock:
    """A moment, or a time: seconds on the wall, and of work summed over all threads of this process."""

    wall: float
    work: float

    @classmethod
    def now(cls) -> Self:
        return cls(time.perf_counter(), time.process_time())

    def elapsed(self) -> Self:
        return type(self)(time.perf_counter() - self.wall, time.process_time() - self.work)


def _peak_memory_mb(device: torch.device) -> float:
    """The most memory that this process has held: on a GPU what was allocated there, else what was resident."""
    if device.type == "cuda":
        return round(torch.cuda.max_memory_allocated(device) / 2**20, 1)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (2**20 if sys.platform == "darwin" else 2**10), 1)
