"""Everything that one wants to know before hours are spent: the run, its data, its cost, a batch to look at."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer, models

from vitrina.data.inputs import Inputs
from vitrina.data.loader import Loader
from vitrina.data.mixture import only
from vitrina.data.planning import plan_run
from vitrina.data.sources import KINDS, Kind, Source, domains_of
from vitrina.data.stock import Stock
from vitrina.models.checkpoint import load_exactly, write_bytes
from vitrina.models.codebook import CodebookConfig
from vitrina.recipes.recipe import Recipe
from vitrina.training.build import Model, build
from vitrina.training.dry_run.estimate import Estimate, estimate
from vitrina.training.dry_run.labels import Labels, check_labels
from vitrina.training.dry_run.picture import batch_picture
from vitrina.training.dry_run.text import told
from vitrina.training.engine import open_engine
from vitrina.training.environment import environment
from vitrina.training.load import inputs_of
from vitrina.training.machine import Machine
from vitrina.training.prepare import Beginning, book_of, look_over, sources_of
from vitrina.training.start import freeze
from vitrina.training.watch import refuse_unwatchable
from vitrina.training.watch.loss import shares

PICTURE = "batch.png"

_MACHINE = Machine()


@dataclass(frozen=True)
class Stream:
    """The batches of one kind over the whole run: its `examples`, how many steps, how often each example is met.

    `domains` holds the examples of each business domain.
    """

    kind: Kind
    examples: int
    steps: float
    epochs: float
    domains: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Rate:
    """What a loss starts from, and what guessing gives: knowing nothing, and knowing how often each answer occurs."""

    loss: str
    weight: float
    first: float
    chance: float
    frequency: float | None


@dataclass(frozen=True)
class Hours:
    """Seconds of the whole run: `least` where preparing batches hides behind computing them, `most` where it never
    does."""

    least: float
    most: float


@dataclass(frozen=True)
class DryRun:
    """What a run would be. `notes` say where the recipe gives way to the data or to the weights that it starts from."""

    recipe: Recipe
    catalogues: tuple[Path, ...]
    streams: tuple[Stream, ...]
    rates: tuple[Rate, ...]
    labels: Labels
    estimate: Estimate
    hours: Hours
    machine: str
    start: tuple[str, ...]
    picture: Path

    def text(self) -> str:
        """All of it for a terminal of 100 columns."""
        return told(self)


def dry_run(
    recipe: Recipe,
    *,
    catalogues: Sequence[Path],
    init: str | None = None,
    machine: Machine = _MACHINE,
    out: Path,
) -> DryRun:
    """Look a run over without making it; a batch is drawn into `out`/batch.png, nothing else is written.

    Takes some real steps on a throwaway model, up to a minute or two. Raises ValueError where `train` would before its
    first step.

        print(dry_run(recipes.clip("tiny"), catalogues=[Path("shop")], out=Path("looked-over")).text())
    """
    new = look_over(recipe, catalogues=catalogues, init=init)
    recipe, stock = new.recipe, new.stock
    refuse_unwatchable(recipe, stock=stock)
    sources = sources_of(recipe, stock=stock)
    mix = shares(recipe.mixture, kinds=tuple(sources))
    inputs = inputs_of(recipe, tokenizer=new.tokenizer)
    with open_engine(machine.device) as here:
        found = estimate(
            recipe,
            model_of=lambda: _model(new, inputs=inputs),
            loader_of=lambda kind, rows: _loader(
                recipe, stock=stock, sources=sources, kind=kind, rows=rows, inputs=inputs
            ),
            kinds=tuple(kind for kind in ("pair", "image", "text") if kind in mix),
            engine=here,
            machine=machine,
        )
        told_machine = environment(here, from_step=0)
    labels = check_labels(stock, sources=sources, inputs=inputs)
    streams = tuple(_streams(recipe, stock=stock, sources=sources, mix=mix))
    out.mkdir(parents=True, exist_ok=True)
    picture = batch_picture(
        found.batches,
        stock=stock,
        tokenizer=new.tokenizer,
        grid=0 if isinstance(recipe.model, CodebookConfig) else recipe.model.image.grid,
        title=f"A batch as the model meets it · {', '.join(each.path.name for each in stock.catalogues)}",
    )
    write_bytes(out / PICTURE, content=picture)
    device = told_machine["device"] if told_machine["device"] != "cpu" else told_machine["processor"]
    return DryRun(
        recipe=recipe,
        catalogues=tuple(catalogues),
        streams=streams,
        rates=tuple(_rates(recipe, found=found, labels=labels)),
        labels=labels,
        estimate=found,
        hours=_hours(recipe, found=found, streams=streams, workers=machine.workers),
        machine=f"{device}, {told_machine['threads']} threads, {machine.workers} loading",
        start=() if new.start is None else new.start.record.lines(),
        picture=out / PICTURE,
    )


def _model(new: Beginning, *, inputs: Inputs | None) -> Model:
    """The model as the run would begin with it."""
    model = build(new.recipe.model, inputs=inputs)
    if new.start is not None:
        load_exactly(model, tensors=new.start.tensors, origin="the start")
    freeze(model, recipe=new.recipe)
    return model


def _loader(
    recipe: Recipe,
    *,
    stock: Stock,
    sources: Mapping[Kind, Source],
    kind: Kind,
    rows: int,
    inputs: Inputs | None,
) -> Loader:
    """Batches of one kind as the run has them, but for image codes, which are all zero: they cost no time."""
    alone: dict[Kind, Source] = {kind: sources[kind]}
    plan = plan_run(stock, alone, mixture=only(kind), batch_rows=rows, seed=recipe.seed, total_steps=recipe.steps)
    return Loader(
        stock,
        alone,
        plan,
        inputs or Inputs(Tokenizer(models.BPE()), recipe.geometry, recipe.max_tokens),
        negatives=recipe.negatives,
        augment=recipe.augment,
        corruption=recipe.corruption,
        shown=recipe.shown,
        nouns=book_of(recipe, stock=stock, sources=sources),
        grid=0 if isinstance(recipe.model, CodebookConfig) else recipe.model.image.grid,
        workers=0,
    )


def _streams(
    recipe: Recipe, *, stock: Stock, sources: Mapping[Kind, Source], mix: Mapping[Kind, float]
) -> Iterator[Stream]:
    domains = domains_of(stock)
    for kind in reversed(KINDS):
        if kind not in mix:
            continue
        rows = sources[kind].rows
        counts = np.bincount(domains.numbers[rows], minlength=len(domains.names))
        steps = recipe.steps * mix[kind]
        yield Stream(
            kind,
            examples=len(rows),
            steps=steps,
            epochs=steps * recipe.batch_rows / len(rows),
            domains=tuple(
                (domains.names[number], int(counts[number]))
                for number in np.argsort(-counts, kind="stable").tolist()
                if counts[number]
            ),
        )


def _rates(recipe: Recipe, *, found: Estimate, labels: Labels) -> Iterator[Rate]:
    corruption = recipe.corruption
    wrong = corruption.itm_negative_share
    frequencies = {
        "mlm": labels.entropy,
        "mmm_text": labels.entropy,
        "itm": math.log(2) if corruption.itm == "segments" else _entropy(wrong),
    }
    with_strangers = recipe.batch_rows * (1 + recipe.negatives.contrast)
    contrast = (math.log(recipe.batch_rows) + math.log(with_strangers)) / 2
    chances = {"itc": contrast, "itm": math.log(2)}
    for cost in found.steps.values():
        for name, first in cost.first_losses.items():
            yield Rate(
                name,
                weight=recipe.weights.get(name, 0.0),
                first=first,
                chance=chances.get(name, cost.chances[name]),
                frequency=frequencies.get(name),
            )


def _entropy(share: float) -> float:
    return -sum(each * math.log(each) for each in (share, 1 - share) if each > 0)


def _hours(recipe: Recipe, *, found: Estimate, streams: Sequence[Stream], workers: int) -> Hours:
    scale = recipe.batch_rows / found.rows
    least = most = 0.0
    for stream in streams:
        cost = found.steps[stream.kind]
        prepare, compute = cost.prepare_seconds * scale, cost.compute_seconds * scale
        least += stream.steps * max(compute, prepare / max(1, workers))
        most += stream.steps * (compute + prepare)
    return Hours(least, most)
