"""What a step costs: real steps of every kind on a throwaway model, timed, and the memory that they take."""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

import torch
from torch import nn
from tqdm import tqdm

from vitrina.data.batch import Batch, PairBatch, TextBatch
from vitrina.data.loader import Loader
from vitrina.data.sources import Kind
from vitrina.models.chunks import Thrift, compile_blocks
from vitrina.objectives.sums import Sum
from vitrina.recipes.recipe import Recipe
from vitrina.training.build import Model
from vitrina.training.engine import Engine
from vitrina.training.machine import Machine
from vitrina.training.optimiser import Optimiser

_PROBE_ROWS = 8
_LONGEST_STEP_SECONDS = 20.0
_STEPS = 2
_PARTS = {"image": "picture tower", "text": "text tower", "multimodal": "multimodal encoder"}


@dataclass(frozen=True)
class Part:
    """The parameters of a part of the model; `frozen` of them do not learn."""

    name: str
    parameters: int
    frozen: int


@dataclass(frozen=True)
class StepCost:
    """A step of one kind: seconds to prepare its batch on one thread, to compute it, and what the first one showed.

    `first_losses` are the losses that the model starts from, `chances` those of a guess. `tokens` counts what the text
    tower reads in a step, `padding_share` what of its input is padding; `pictures` those that are decoded.
    """

    prepare_seconds: float
    compute_seconds: float
    tokens: float
    padding_share: float
    pictures: int
    first_losses: Mapping[str, float]
    chances: Mapping[str, float]


@dataclass(frozen=True)
class Memory:
    """Bytes. `peak` is what the steps took beyond the process before the model, measured where it could be."""

    weights: int
    gradients: int
    optimiser: int
    average: int
    peak: int | None

    @property
    def states(self) -> int:
        """What stays from step to step."""
        return self.weights + self.gradients + self.optimiser + self.average

    @property
    def activations(self) -> int | None:
        """The rest of the peak: activations, work space, batches. The moving average was no part of it."""
        return None if self.peak is None else max(0, self.peak - self.weights - self.gradients - self.optimiser)


@dataclass(frozen=True)
class Estimate:
    """What was measured: `rows` of the recipe's `batch_rows` in each step, and scaled where they are fewer."""

    rows: int
    parts: tuple[Part, ...]
    steps: Mapping[Kind, StepCost]
    memory: Memory
    batches: Mapping[Kind, Batch] = field(repr=False, compare=False)


def parts_of(model: nn.Module) -> tuple[Part, ...]:
    """The parameters by part, word embeddings apart from their tower; they add up to the whole model's."""
    embeddings = {f"{name}.weight" for name, module in model.named_modules() if isinstance(module, nn.Embedding)}
    counts: dict[str, list[int]] = {}
    for name, each in model.named_parameters():
        part = "embeddings of words and places" if name in embeddings else _part(name.partition(".")[0])
        found = counts.setdefault(part, [0, 0])
        found[0] += each.numel()
        found[1] += 0 if each.requires_grad else each.numel()
    return tuple(Part(name, total, frozen) for name, (total, frozen) in counts.items())


def estimate(
    recipe: Recipe,
    *,
    model_of: Callable[[], Model],
    loader_of: Callable[[Kind, int], Loader],
    kinds: Sequence[Kind],
    engine: Engine,
    machine: Machine,
) -> Estimate:
    """Take a few steps of each of `kinds` with the model that `model_of` builds, which is thrown away.

    `loader_of` gives a loader of batches of one kind with so many rows. A step that would take longer than 20 seconds
    is measured on fewer rows. The caller's random numbers are left alone.
    """
    with torch.random.fork_rng([engine.device] if engine.device.type == "cuda" else []):
        torch.manual_seed(recipe.seed)
        meter = _Meter(engine.device)
        model = model_of().to(engine.device).train()
        model.thrift = Thrift(machine.micro_batches, machine.recompute)
        if machine.compile:
            compile_blocks(model)
        trial = _Trial(recipe, model=model, engine=engine)
        with tqdm(total=len(kinds) * (3 + _STEPS), desc="real steps", delay=2, leave=False, disable=None) as bar:
            rows = _rows(recipe, trial=trial, loader_of=loader_of, kinds=kinds, bar=bar)
            meter.reset()
            first: dict[Kind, Batch] = {}
            prepared: dict[Kind, float] = {}
            losses: dict[Kind, Mapping[str, Sum]] = {}
            for kind in kinds:
                loader = loader_of(kind, rows)
                loader.batch(0)  # the first one opens files
                began = time.perf_counter()
                first[kind] = loader.batch(1)
                prepared[kind] = time.perf_counter() - began
                losses[kind] = trial.look(first[kind])
                bar.update()
            computed: dict[Kind, float] = {}
            for kind in kinds:
                began = trial.clock()
                for number in range(_STEPS):
                    trial.step(first[kind], number=number)
                    bar.update()
                computed[kind] = (trial.clock() - began) / _STEPS
        steps: dict[Kind, StepCost] = {
            kind: _cost(first[kind], prepare=prepared[kind], compute=computed[kind], losses=losses[kind])
            for kind in kinds
        }
        return Estimate(rows, parts_of(model), steps, _memory(recipe, model=model, peak=meter.peak()), first)


class _Trial:
    """Steps as training takes them, on a model that nobody keeps."""

    def __init__(self, recipe: Recipe, *, model: Model, engine: Engine) -> None:
        self._recipe = recipe
        self._model = model
        self._engine = engine
        self._optimiser = Optimiser(model, optim=recipe.optim, steps=recipe.steps)

    def clock(self) -> float:
        if self._engine.device.type == "cuda":
            torch.cuda.synchronize(self._engine.device)
        return time.perf_counter()

    def look(self, batch: Batch) -> dict[str, Sum]:
        """The losses of a batch, there and back, nothing learnt."""
        losses = self._there_and_back(batch)
        self._model.zero_grad(set_to_none=True)
        return {name: Sum(each.value.detach(), each.count.detach(), each.chance) for name, each in losses.items()}

    def step(self, batch: Batch, *, number: int) -> None:
        self._there_and_back(batch)
        self._optimiser.clip()
        self._optimiser.step(number)

    def _there_and_back(self, batch: Batch) -> dict[str, Sum]:
        with self._engine.precision(self._recipe.precision):
            losses = self._model(batch.to(self._engine.device))
        weights = self._recipe.weights
        shares = [weights.get(name, 0.0) * each.value / each.count.clamp(min=1) for name, each in losses.items()]
        total = torch.stack(shares).sum()
        if total.requires_grad:
            total.backward()
        return losses


def _rows(
    recipe: Recipe,
    *,
    trial: _Trial,
    loader_of: Callable[[Kind, int], Loader],
    kinds: Sequence[Kind],
    bar: "tqdm[NoReturn]",
) -> int:
    """As many rows of a step as can be measured in reasonable time."""
    few = min(_PROBE_ROWS, recipe.batch_rows)
    slowest = 0.0
    for kind in kinds:
        batch = loader_of(kind, few).batch(0)
        trial.look(batch)
        began = trial.clock()
        trial.look(batch)
        slowest = max(slowest, trial.clock() - began)
        bar.update(2)
    most = int(few * _LONGEST_STEP_SECONDS / max(slowest, 1e-9))
    return max(few, min(recipe.batch_rows, most))


def _cost(batch: Batch, *, prepare: float, compute: float, losses: Mapping[str, Sum]) -> StepCost:
    texts = [batch.text] if isinstance(batch, TextBatch) else []
    if isinstance(batch, PairBatch):
        texts = [batch.text, *([batch.fused] if len(batch.target) else [])]
    places = sum(each.is_token.numel() for each in texts)
    tokens = sum(int(each.is_token.sum()) for each in texts)
    return StepCost(
        prepare_seconds=prepare,
        compute_seconds=compute,
        tokens=tokens,
        padding_share=1 - tokens / places if places else 0.0,
        pictures=0 if isinstance(batch, TextBatch) else len(batch.picture.pixels),
        first_losses={name: float(each.value) / float(each.count) for name, each in losses.items() if each.count},
        chances={name: float(each.chance) for name, each in losses.items()},
    )


def _memory(recipe: Recipe, *, model: nn.Module, peak: int | None) -> Memory:
    weights = sum(each.numel() * each.element_size() for each in (*model.parameters(), *model.buffers()))
    learning = sum(each.numel() * each.element_size() for each in model.parameters() if each.requires_grad)
    return Memory(
        weights=weights,
        gradients=learning,
        optimiser=2 * learning,
        average=0 if recipe.ema_decay is None else weights,
        peak=peak,
    )


class _Meter:
    """The most memory that was taken since it was made: of the device, or of this process where that tells (Linux)."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._before = self._now("VmRSS") if device.type == "cpu" else torch.cuda.memory_allocated(device)

    def reset(self) -> None:
        """Forget the peak so far."""
        if self._device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(self._device)
            return
        with suppress(OSError):
            Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the kernel's word for just that

    def peak(self) -> int | None:
        if self._device.type == "cuda":
            return torch.cuda.max_memory_allocated(self._device) - (self._before or 0)
        most = self._now("VmHWM")
        return None if most is None or self._before is None else max(0, most - self._before)

    def _now(self, name: str) -> int | None:
        with suppress(OSError):
            for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
                if line.startswith(name):
                    return int(line.split()[1]) * 1024
        return None


def _part(child: str) -> str:
    if child.endswith("_head"):
        return "heads"
    return (
        "projections and scale" if child.endswith("_projection") or child == "logit_scale" else _PARTS.get(child, child)
    )
