"""What the looks at a run found, and the weights of the best of them: `watch.jsonl` and `best.safetensors`.

A row per look: `step`, `metric`, its `value`, `base` (what knowing nothing reaches), `is_best`, `seconds`. A run that
is resumed from a checkpoint forgets the looks beyond it, and takes back the best weights that it had there: so patience
and the best are those of a run that was never interrupted.
"""

import json
import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from torch import Tensor

from vitrina.catalogue.manifest import flush
from vitrina.models.checkpoint import write_bytes, write_tensors
from vitrina.recipes.recipe import Watch
from vitrina.training.checkpoints import steps_in
from vitrina.training.files import TrainingError
from vitrina.training.load import BEST
from vitrina.training.run_folder import RunFolder

log = logging.getLogger(__name__)

LOOKS = "watch.jsonl"
_FORMER = ".best-"


@dataclass(frozen=True)
class Look:
    """One row of `watch.jsonl`: a share where the metric is a recall, nats where it is a loss; `seconds` of wall."""

    step: int
    metric: str
    value: float
    base: float
    is_best: bool
    seconds: float


def read_looks(run: Path) -> list[Look]:
    """The whole rows of a run's `watch.jsonl`, none where it was not watched; a torn row ends them."""
    path = run / LOOKS
    looks = []
    if path.exists():
        with path.open("rb") as file:
            for line in file:
                look = _look(line)
                if look is None:
                    break
                looks.append(look)
    return looks


def is_enough(looks: Sequence[Look], *, watch: Watch) -> bool:
    """Whether `watch.patience` looks have gone by without a better one."""
    if watch.patience is None or not looks:
        return False
    best = max((number for number, look in enumerate(looks) if look.is_best), default=-1)
    return len(looks) - 1 - best >= watch.patience


def ended_early(folder: RunFolder, *, step: int) -> bool:
    """Whether a run whose newest checkpoint is that of `step` was ended there by its looks: nothing is left to do."""
    looks = [look for look in read_looks(folder.path) if look.step <= step]
    return bool(looks) and looks[-1].step == step and is_enough(looks, watch=folder.recipe.watch)


class Looks:
    """The looks of a run that goes on after `from_step`; those beyond it are cut off.

    Raises TrainingError where the disk is full or refuses.
    """

    def __init__(self, folder: RunFolder, *, from_step: int) -> None:
        self._folder = folder
        self._path = folder.path / LOOKS
        self._best = folder.path / BEST
        self.rows = [look for look in read_looks(folder.path) if look.step <= from_step]
        kept = b"".join(_line(look) for look in self.rows)
        if self._path.exists() and self._path.read_bytes() != kept:
            write_bytes(self._path, content=kept)
        self._take_back()

    @property
    def best(self) -> Look | None:
        """The best look so far."""
        return next((look for look in reversed(self.rows) if look.is_best), None)

    def is_better(self, value: float, *, metric: str) -> bool:
        """Whether a value beats every one before: less is better for a loss. An equal one does not."""
        if self.best is None:
            return True
        return value < self.best.value if metric == "loss" else value > self.best.value

    def keep_best(self, step: int, *, weights: Mapping[str, Tensor], about: Mapping[str, str]) -> None:
        """Write the best weights; the former ones stay as long as a checkpoint may need them back."""
        try:
            if self.best is not None and self._best.exists():
                self._best.replace(self._former(self.best.step))
            write_tensors(self._best, tensors=weights, metadata=about)
        except (OSError, SafetensorError) as error:
            raise TrainingError(
                f"the best weights, those of step {step}, could not be written to {self._best}: {error}. "
                "Make room on the disk, then resume the run"
            ) from error

    def append(self, look: Look) -> None:
        """Write one row, on the disk when this returns."""
        try:
            with self._path.open("ab", buffering=0) as file:
                rest = memoryview(_line(look))
                while rest:
                    rest = rest[file.write(rest) :]
                os.fsync(file.fileno())
        except OSError as error:
            raise TrainingError(
                f"the look at step {look.step} could not be recorded in {self._path}: {error}. "
                "Make room on the disk, then resume the run"
            ) from error
        self.rows.append(look)
        self._prune()

    def _former(self, step: int) -> Path:
        return self._folder.path / f"{_FORMER}{step:08d}.safetensors"

    def _take_back(self) -> None:
        """Make `best.safetensors` that of the best row; one beyond the checkpoint is undone."""
        best = self.best
        former = None if best is None else self._former(best.step)
        if former is not None and former.exists():
            former.replace(self._best)
            flush(self._best.parent)
        elif best is None:
            self._best.unlink(missing_ok=True)
        elif not self._best.exists():
            where = self._folder.path
            log.warning("%s has lost its best weights, of step %d; the next better ones are kept", where, best.step)
        self._prune()

    def _prune(self) -> None:
        """Remove former bests that no kept checkpoint would go back to."""
        needed = {
            max((look.step for look in self.rows if look.is_best and look.step <= step), default=-1)
            for step in steps_in(self._folder.checkpoints)
        }
        kept = {self._former(step) for step in needed}
        for each in self._folder.path.glob(f"{_FORMER}*.safetensors"):
            if each not in kept:
                each.unlink()


def _line(look: Look) -> bytes:
    return json.dumps(asdict(look), allow_nan=False).encode() + b"\n"


def _look(line: bytes) -> Look | None:
    try:
        row: Any = json.loads(line) if line.endswith(b"\n") else None
        return None if row is None else Look(**row)
    except (ValueError, TypeError):
        return None
