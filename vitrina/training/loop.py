"""The loop: plan, batch, losses, gradients, step, row. To change how training goes, edit this file."""

import hashlib
import math
import sys
import time
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from vitrina.data.batch import Batch, ImageBatch, PairBatch, TextBatch
from vitrina.data.prefetch import to_device
from vitrina.data.sources import Kind
from vitrina.models.chunks import Thrift, compile_blocks
from vitrina.objectives.sums import Sum
from vitrina.recipes.recipe import Recipe
from vitrina.training.book import Book, Clock
from vitrina.training.checkpoints import newest_good, set_aside_after
from vitrina.training.engine import Engine, open_engine
from vitrina.training.environment import environment
from vitrina.training.files import TrainingError
from vitrina.training.machine import Machine
from vitrina.training.prepare import Session, look_over, open_session
from vitrina.training.records import check_records
from vitrina.training.run_folder import RunFolder, create_run, locked, refuse_taken
from vitrina.training.signals import stop_requests
from vitrina.training.start import write_start
from vitrina.training.state import State
from vitrina.training.step import counted, refuse_uneven
from vitrina.training.watch import refuse_unwatchable

_MACHINE = Machine()


@dataclass(frozen=True)
class Outcome:
    """Where a run stands: `step` of `steps`. One that its watch ended early is finished too."""

    run: Path
    step: int
    steps: int
    is_finished: bool

    def text(self) -> str:
        if not self.is_finished:
            return f"{self.run} is saved at step {self.step} of {self.steps}; go on with: vitrina resume {self.run}"
        if self.step < self.steps:
            return f"{self.run} is finished: its watch ended it after step {self.step} of {self.steps}."
        return f"{self.run} is finished: {self.steps} steps."


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
                check_records(machine.records)
                new = look_over(recipe, catalogues=catalogues, init=init)
                refuse_unwatchable(new.recipe, stock=new.stock)
                with locked(run):
                    refuse_taken(run)
                    if new.start is not None:
                        write_start(run, start=new.start, recipe=new.recipe, tokenizer=new.tokenizer)
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
    with ExitStack() as stack:
        with engine.chief_first():
            if engine.is_chief:
                stack.enter_context(locked(run))
            checkpoint = newest_good(folder.checkpoints)
        start = 0 if checkpoint is None else checkpoint.step
        if folder.is_finished_at(start):
            return _told(_outcome(folder, step=start), engine=engine)
        stack.enter_context(engine.together(folder))
        refuse_uneven(folder.recipe, world=engine.world, machine=machine)
        with engine.chief_first():
            if engine.is_chief:
                set_aside_after(folder.checkpoints, step=start)
                folder.add_session(environment(engine, from_step=start) | machine.about())
            session = open_session(folder, machine=engine, workers=machine.workers)
        session.model.thrift = Thrift(machine.micro_batches, recompute=machine.recompute)
        if machine.compile:
            compile_blocks(session.model)
        state = State(session, checkpoint=checkpoint, engine=engine, shard=machine.shard)
        step = run_steps(session, state=state, start=start, folder=folder, engine=engine, machine=machine)
    return _told(_outcome(folder, step=step), engine=engine)


def _outcome(folder: RunFolder, *, step: int) -> Outcome:
    return Outcome(folder.path, step, folder.recipe.steps, is_finished=folder.is_finished_at(step))


def _told(outcome: Outcome, *, engine: Engine) -> Outcome:
    if engine.is_chief:
        sys.stderr.write(f"{outcome.text()}\n")
    return outcome


def run_steps(
    session: Session, *, state: State, start: int, folder: RunFolder, engine: Engine, machine: Machine
) -> int:
    """Every step from `start` on, to the last or until somebody asks to stop; returns how many are done."""
    recipe, model = session.recipe, session.model
    names = tuple(recipe.weights)
    with ExitStack() as stack:
        stop = stack.enter_context(stop_requests())
        book = None
        if engine.is_chief:
            book = stack.enter_context(Book(session, start=start, folder=folder, engine=engine, machine=machine))
        batches = session.loader.batches(start, recipe.steps)
        batches = stack.enter_context(closing(to_device(batches, device=engine.device)))
        for number in range(start, recipe.steps):
            done = number + 1
            began = Clock.now()
            batch = next(batches)
            waited = time.perf_counter() - began.wall
            # Whatever a model draws is a function of seed, step and rank: nothing to store, the same when resumed.
            engine.seed(_seed(recipe.seed, step=number, rank=engine.rank))
            # All ranks' terms are counted before, so that each can weigh its own and gradients only add up.
            counts = counted(model.counts(batch), names=names)
            counts = engine.added(torch.stack([*counts, torch.full_like(counts[0], float(stop.is_made))]))
            with engine.precision(recipe.precision):
                total, losses = state.step(batch, counts)
            if total.requires_grad:
                total.backward()
            norm = state.clip()
            values = engine.added(torch.stack([each.value.float() for each in losses.values()]))
            chances = {name: each.chance for name, each in losses.items() if isinstance(each.chance, Tensor)}
            # The one moment of a step at which the processor waits for the device.
            parts = [counts, norm.reshape(1), values, *(each.reshape(1) for each in chances.values())]
            found = _figures(torch.cat(parts).tolist(), names=names, losses=losses)
            loss = sum(recipe.weights[name] * mean for name, mean in found.means.items())
            if not math.isfinite(loss + found.grad_norm):
                raise TrainingError(_not_finite(done, found, batch=batch, folder=folder))
            lr = state.optimiser.step(number)
            if state.average is not None:
                state.average.update(number)
            if book is not None:
                book.note(
                    {"step": done, "kind": _kind(batch), "domain": session.loader.domain_of(number), "loss": loss}
                    | found.means
                    | {
                        "chance": found.chances,
                        "lr": lr,
                        "grad_norm": found.grad_norm,
                        "examples": done * recipe.batch_rows,
                        "waited_seconds": waited,
                    },
                    began=began,
                )
            # Ranks stop together, by what they told each other; one alone need not wait for its next step.
            is_last = done == recipe.steps or found.is_asked or (engine.world == 1 and stop.is_made)
            if recipe.watch.every and done % recipe.watch.every == 0:
                weights = state.weights()
                is_last |= engine.as_chief_says(book is not None and book.look(done, weights=weights))
            if is_last or done % recipe.checkpoint_every == 0:
                # Where ranks hold shares of the state, all of them hand theirs over.
                parts = state.parts(step=done)
                if book is not None:
                    book.save(done, parts=parts)
                else:
                    deque(parts, maxlen=0)
            if is_last:
                return done
    raise AssertionError("the last step returns")


@dataclass(frozen=True)
class Figures:
    """What a step came to, over all ranks: means and chance levels of the losses that had terms."""

    means: dict[str, float]
    chances: dict[str, float]
    grad_norm: float
    is_asked: bool


def _figures(figures: list[float], *, names: Sequence[str], losses: Mapping[str, Sum]) -> Figures:
    """Take apart what came from the device in one piece: the counts of `names`, how many ranks were asked to stop, the
    norm, the `losses`' values, the chance levels of those that depend on the batch."""
    counts = dict(zip(names, figures, strict=False))
    asked, norm, *rest = figures[len(names) :]
    values, chances = dict(zip(losses, rest, strict=False)), iter(rest[len(losses) :])
    chance = {name: next(chances) if isinstance(each.chance, Tensor) else each.chance for name, each in losses.items()}
    means = {name: values[name] / counts[name] for name in names if name in values and counts[name]}
    return Figures(means, {name: chance[name] for name in means}, norm, asked > 0)


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


def _not_finite(step: int, found: Figures, *, batch: Batch, folder: RunFolder) -> str:
    losses = ", ".join(f"{name} {mean:.6g}" for name, mean in found.means.items())
    rows = ", ".join(f"({source}, {epoch}, {row})" for source, epoch, row in batch.keys[:8].tolist())
    more = f" and {len(batch.keys) - 8} more" if len(batch.keys) > 8 else ""
    last = folder.last_step
    saved = f"the last good checkpoint is that of step {last}" if last else "there is no checkpoint yet"
    return (
        f"step {step} ({_kind(batch)} batch) is not finite: {losses}, gradient norm {found.grad_norm:.6g}. Its rows, "
        f"as (source, epoch, stock row): {rows}{more}. Nothing of it was saved; {saved}. Resuming meets the same "
        "numbers again: start a new run with a smaller optim.lr, a longer optim.warmup_steps or precision=fp32"
    )
