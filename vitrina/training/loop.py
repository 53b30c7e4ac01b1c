"""The loop: plan, batch, losses, gradients, step, row. To change how training goes, edit this file."""

import hashlib
import logging
import math
import sys
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import torch
from torch import Tensor

from vitrina.data.batch import Batch, ImageBatch, PairBatch, TextBatch
from vitrina.data.sources import Kind
from vitrina.objectives.sums import Sum
from vitrina.recipes.recipe import Recipe, version
from vitrina.training.checkpoints import newest_good, set_aside_after, write_checkpoint
from vitrina.training.engine import Engine, open_engine
from vitrina.training.environment import environment
from vitrina.training.files import TrainingError
from vitrina.training.machine import Machine
from vitrina.training.prepare import Session, look_over, open_session
from vitrina.training.progress import Progress
from vitrina.training.run_folder import Metrics, RunFolder, create_run, locked, refuse_taken
from vitrina.training.signals import stop_requests
from vitrina.training.state import State

log = logging.getLogger(__name__)

_MACHINE = Machine()


@dataclass(frozen=True)
class Outcome:
    """Where a run stands: `step` of `steps`."""

    run: Path
    step: int
    steps: int

    @property
    def is_finished(self) -> bool:
        return self.step >= self.steps

    def text(self) -> str:
        if self.is_finished:
            return f"{self.run} is finished: {self.steps} steps."
        return f"{self.run} is saved at step {self.step} of {self.steps}; go on with: vitrina resume {self.run}"


def train(
    recipe: Recipe,
    *,
    catalogues: Sequence[Path],
    run: Path,
    init: str | None = None,
    machine: Machine = _MACHINE,
) -> Outcome:
    """Train `recipe` on the products of `catalogues` whose split is "train", in the new folder `run`.

    Ctrl-C and SIGTERM save and return; the run goes on with `resume`. Started by `torchrun`, every process calls this
    and has its share of each batch. `workers` threads prepare batches and never change a result.

    Raises ValueError where `run` holds something, where the catalogues cannot serve the recipe, and, as
    TrainingError, where a loss is not finite or the disk is full.

        train(recipes.flava("tiny"), catalogues=[Path("shop")], run=Path("runs/flava"))
    """
    with open_engine(machine.device) as engine:
        with engine.chief_first():
            if engine.is_chief:
                refuse_taken(run)
                new = look_over(recipe, catalogues=catalogues)
                with locked(run):
                    refuse_taken(run)
                    create_run(run, recipe=new.recipe, data=new.data, tokenizer=new.tokenizer)
        return _go_on(run, engine=engine, machine=machine)


def resume(run: Path, *, machine: Machine = _MACHINE) -> Outcome:
    """Go on with a run from its newest good checkpoint; the result is that of a run that was never interrupted.

    Raises ValueError where `run` is no run, where another process trains it, where its data changed or every
    checkpoint is damaged, and what `train` raises. A finished run is left as it is.
    """
    with open_engine(machine.device) as engine:
        return _go_on(run, engine=engine, machine=machine)


def _go_on(run: Path, *, engine: Engine, machine: Machine) -> Outcome:
    """Train from the newest good checkpoint, or from the start, to the end."""
    folder = RunFolder(run)
    steps = folder.recipe.steps
    with ExitStack() as stack:
        with engine.chief_first():
            if engine.is_chief:
                stack.enter_context(locked(run))
            checkpoint = newest_good(folder.checkpoints)
        start = 0 if checkpoint is None else checkpoint.step
        if start >= steps:
            return _told(Outcome(run, start, steps), engine=engine)
        with engine.chief_first():
            if engine.is_chief:
                set_aside_after(folder.checkpoints, step=start)
                folder.add_session(environment(engine, from_step=start))
            session = open_session(folder, machine=engine, workers=machine.workers)
        engine.share_start(session.model)
        state = State(session.model, recipe=session.recipe)
        if checkpoint is not None:
            state.restore(checkpoint)
        step = run_steps(session, state=state, start=start, folder=folder, engine=engine)
    return _told(Outcome(run, step, steps), engine=engine)


def _told(outcome: Outcome, *, engine: Engine) -> Outcome:
    if engine.is_chief:
        sys.stderr.write(f"{outcome.text()}\n")
    return outcome


def run_steps(session: Session, *, state: State, start: int, folder: RunFolder, engine: Engine) -> int:
    """Every step from `start` on, to the last or until somebody asks to stop; returns how many are done."""
    recipe, model = session.recipe, session.model
    names = tuple(recipe.weights)
    with ExitStack() as stack:
        stop = stack.enter_context(stop_requests())
        batches = stack.enter_context(closing(_feed(session, start=start)))
        book = stack.enter_context(Book(session, state=state, start=start, folder=folder)) if engine.is_chief else None
        for number in range(start, recipe.steps):
            began = Clock.now()
            batch = next(batches)
            waited = time.perf_counter() - began.wall
            # Whatever a model draws is a function of seed, step and rank: nothing to store, the same when resumed.
            engine.seed(_seed(recipe.seed, step=number, rank=engine.rank))
            with engine.precision(recipe.precision):
                losses = model(batch.to(engine.device))
            _check_names(losses, names=names)
            totals = engine.total(losses, names=names, is_asked_to_stop=stop.is_made)
            total = _weighted(losses, weights=recipe.weights, counts=totals[len(names) : -1])
            if total.requires_grad:
                total.backward()
            engine.share_gradients(model.parameters())
            norm = state.optimiser.clip()
            # The one moment of a step at which the processor waits for the device.
            *figures, asked, grad_norm = torch.cat([totals, norm.reshape(1)]).tolist()
            means = _means(names, figures=figures)
            loss = sum(recipe.weights[name] * mean for name, mean in means.items())
            if not math.isfinite(loss + grad_norm):
                raise TrainingError(_not_finite(number + 1, means, grad_norm=grad_norm, batch=batch, folder=folder))
            lr = state.optimiser.step(number)
            if state.average is not None:
                state.average.update(number)
            # Ranks stop together, by what they told each other; one alone need not wait for its next step.
            is_asked = asked > 0 or (engine.world == 1 and stop.is_made)
            is_last = number + 1 == recipe.steps or is_asked
            if book is not None:
                book.note(
                    {"step": number + 1, "kind": _kind(batch), "loss": loss}
                    | means
                    | {
                        "chance": {name: losses[name].chance for name in means if name in losses},
                        "lr": lr,
                        "grad_norm": grad_norm,
                        "examples": (number + 1) * recipe.batch_rows,
                    }
                    | began.elapsed()
                    | {"waited_seconds": waited}
                )
                if is_last or (number + 1) % recipe.checkpoint_every == 0:
                    book.save(number + 1)
            if is_last:
                return number + 1
    raise AssertionError("the last step returns")


def _feed(session: Session, *, start: int) -> Generator[Batch, None, None]:
    """The batches from a step on; closing it ends the threads that prepare them."""
    yield from session.loader.batches(start, session.recipe.steps)


class Book:
    """What the chief keeps: a row per step, the progress, the checkpoints."""

    def __init__(self, session: Session, *, state: State, start: int, folder: RunFolder) -> None:
        self._session = session
        self._state = state
        self._folder = folder
        self._metrics = Metrics(folder.metrics, step=start)
        self._progress = Progress(start=start, steps=session.recipe.steps)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._metrics.close()
        self._progress.close()

    def note(self, row: Mapping[str, Any]) -> None:
        self._metrics.append(row)
        self._progress.update(row)

    def save(self, step: int) -> None:
        """Write the checkpoint of `step`, and say how to go on where it is not the last."""
        recipe = self._session.recipe
        self._metrics.sync()
        write_checkpoint(
            self._folder.checkpoints,
            step=step,
            parts=self._state.parts(recipe=recipe, step=step, tokenizer=self._session.tokenizer),
            state={"examples": step * recipe.batch_rows, "vitrina": version()},
            keep=recipe.keep,
        )


@dataclass(frozen=True)
class Clock:
    """A moment: seconds on the wall, and of work summed over all threads of this process."""

    wall: float
    work: float

    @classmethod
    def now(cls) -> Self:
        return cls(time.perf_counter(), time.process_time())

    def elapsed(self) -> dict[str, float]:
        return {"seconds": time.perf_counter() - self.wall, "cpu_seconds": time.process_time() - self.work}


def _weighted(losses: Mapping[str, Sum], *, weights: Mapping[str, float], counts: Tensor) -> Tensor:
    """The weighted sum of the losses' means, as this rank's share of the whole batch's."""
    names = list(weights)
    shares = [weights[name] * losses[name].value / counts[names.index(name)].clamp(min=1) for name in losses]
    return torch.stack([share for name, share in zip(losses, shares, strict=True) if weights[name]] or shares).sum()


def _means(names: Sequence[str], *, figures: Sequence[float]) -> dict[str, float]:
    """The mean of each loss that has terms, over all ranks."""
    values, counts = figures[: len(names)], figures[len(names) :]
    return {name: value / count for name, value, count in zip(names, values, counts, strict=True) if count}


def _kind(batch: Batch) -> Kind:
    match batch:
        case PairBatch():
            return "pair"
        case ImageBatch():
            return "image"
        case TextBatch():
            return "text"


def _seed(seed: int, *, step: int, rank: int) -> int:
    return int.from_bytes(hashlib.blake2b(f"{seed} {step} {rank}".encode(), digest_size=7).digest(), "little")


def _check_names(losses: Mapping[str, Sum], *, names: Sequence[str]) -> None:
    for name in losses:
        if name not in names:
            raise ValueError(
                f"the model has a loss {name!r} and the recipe no weights.{name}: give it one, 0 to ignore it"
            )


def _not_finite(step: int, means: Mapping[str, float], *, grad_norm: float, batch: Batch, folder: RunFolder) -> str:
    losses = ", ".join(f"{name} {mean:.6g}" for name, mean in means.items())
    rows = ", ".join(f"({source}, {epoch}, {row})" for source, epoch, row in batch.keys[:8].tolist())
    more = f" and {len(batch.keys) - 8} more" if len(batch.keys) > 8 else ""
    last = folder.last_step
    saved = f"the last good checkpoint is that of step {last}" if last else "there is no checkpoint yet"
    return (
        f"step {step} ({_kind(batch)} batch) is not finite: {losses}, gradient norm {grad_norm:.6g}. Its rows, as "
        f"(source, epoch, stock row): {rows}{more}. Nothing of it was saved; {saved}. Resuming meets the same numbers "
        "again: start a new run with a smaller optim.lr, a longer optim.warmup_steps or precision=fp32"
    )
