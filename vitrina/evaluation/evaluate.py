"""Evaluate: everything that a run can be asked about held-out products, in figures, a file and a page."""

import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from vitrina.catalogue.store import Catalogue
from vitrina.data.codes import Tokenises
from vitrina.data.stock import Stock
from vitrina.evaluation.codebook import codebook_section, reconstructions
from vitrina.evaluation.evaluation import Evaluation, Skipped
from vitrina.evaluation.fingerprint import model_digest
from vitrina.evaluation.gallery import galleries
from vitrina.evaluation.groups import LEAST, too_small
from vitrina.evaluation.heldout import HeldOut, held_out, taught, titles_seen
from vitrina.evaluation.masked import masked_section, unigrams_of
from vitrina.evaluation.questions import Findings, ask
from vitrina.evaluation.report import Fact, Report, curves, curves_by_domain, matrix, render
from vitrina.models.checkpoint import read_metadata, write_bytes
from vitrina.models.codebook import Codebook
from vitrina.models.early_fusion import EarlyFusionConfig
from vitrina.models.flava import Flava, FlavaConfig
from vitrina.recipes.plain import family_of
from vitrina.recipes.recipe import Recipe, describe
from vitrina.tasks.abilities import EmbedsBoth
from vitrina.training.build import Model
from vitrina.training.card import FAMILY_NAMES, write_card
from vitrina.training.load import BEST, load, recipe_of, weights_of
from vitrina.training.prepare import find_codebook
from vitrina.training.run_folder import RunFolder, read_metrics

SEED = 0
"""Of the bootstrap, the samples, the wrong texts and what is hidden; it never depends on the run's own seed."""

_MOST_NAMED = 6

_log = logging.getLogger(__name__)


def evaluate(
    run: str | os.PathLike[str],
    *,
    catalogue: str | os.PathLike[str],
    split: str = "val",
    version: str | None = None,
    weights: str | os.PathLike[str] | None = None,
    out: str | os.PathLike[str] | None = None,
) -> Evaluation:
    """Ask a run's model everything that it can answer about the products of a split, and keep what it said.

    `version` is the beginning of an earlier catalogue version's digest. `weights` is a weights file of the run, such as
    `vitrina average` makes; without it the weights are those that `load` takes.

    Writes `evaluation-SPLIT-CATALOGUE.json` and `report.html` into `out`: by default the run's own folder, whose model
    card is written anew, or a folder beside `weights` that is named like them.

    Raises ValueError where `run` is no run with a checkpoint, `catalogue` no catalogue, `weights` no such file, or
    where version or split are not there.

    >>> print(evaluate("runs/flava", catalogue="shop").text())  # doctest: +SKIP
    """
    folder = RunFolder(run)
    opened = Catalogue.open(catalogue, digest=version)
    held = held_out(opened, split=split, seed=SEED)
    used = _weights(folder, named=None if weights is None else Path(weights))
    model = load(used.path)
    geometry = folder.recipe.geometry
    stocks = [Stock([each]) for each in _training_catalogues(folder, evaluated=opened)]
    codebook = _codebook(model, recipe=folder.recipe)
    if isinstance(model, Codebook):
        findings = Findings()
    else:
        seen = titles_seen([stock.catalogues[0] for stock in stocks])
        known = taught(opened, seed=SEED) if isinstance(model, EmbedsBoth) else []
        findings = ask(model, held=held, seen=seen, seed=SEED, unmatched=_why_unmatched(folder.recipe), known=known)
        _ask_for_hidden(model, folder=folder, opened=opened, held=held, stocks=stocks, codebook=codebook, to=findings)
    pictured = codebook if isinstance(codebook, Codebook) else None
    if pictured is not None:
        findings.try_to("Codebook", lambda: [codebook_section(pictured, products=held.products, geometry=geometry)])
    evaluation = Evaluation(
        run=folder.path.resolve().name,
        family=family_of(type(folder.recipe.model)),
        step=used.step,
        split=split,
        products=len(held.products),
        available=held.available,
        seed=SEED,
        model_digest=model_digest(model, inputs=model.inputs),
        catalogue_digest=opened.digest,
        time=datetime.now(UTC).isoformat(timespec="seconds"),
        sections=tuple(findings.sections),
        skipped=tuple(findings.skipped),
        notes=tuple(_notes(folder, used=used, opened=opened, held=held, version=version)),
    )
    beside = folder.path if weights is None else used.path.with_suffix("")
    target = beside if out is None else Path(out)
    target.mkdir(parents=True, exist_ok=True)
    write_bytes(target / f"evaluation-{split}-{opened.digest[:8]}.json", content=evaluation.to_json().encode())
    rows = read_metrics(folder.metrics)
    page = Report(
        evaluation=evaluation,
        lead=_lead(folder, opened=opened, held=held),
        facts=_facts(folder, used=used, opened=opened, held=held),
        recipe=_describe(folder.recipe),
        curves=curves(rows),
        by_domain=curves_by_domain(rows),
        galleries=galleries(findings.retrieval, seed=SEED) if findings.retrieval else [],
        matrices=[matrix(each) for each in findings.classifications],
        reconstructions=None
        if pictured is None
        else reconstructions(pictured, products=held.products, geometry=geometry, seed=SEED),
    )
    try:
        write_bytes(target / "report.html", content=render(page).encode())
    except ImportError as error:
        evaluation = replace(evaluation, skipped=(*evaluation.skipped, Skipped("Report", str(error))))
    if target == folder.path:
        write_card(folder)
    return evaluation


@dataclass(frozen=True)
class _Weights:
    """The weights file that answers, the step that it is of, and in words why it is this one."""

    path: Path
    step: int
    words: str
    is_best: bool


def _weights(folder: RunFolder, *, named: Path | None) -> _Weights:
    if named is not None and not named.is_file():
        raise ValueError(f"there is no weights file {named}: name a .safetensors file of the run {folder.path}")
    path = named or weights_of(folder.path)
    about = read_metadata(path)
    if named is not None and "recipe" in about and recipe_of(path).model != folder.recipe.model:
        raise ValueError(f"{named} holds a model of another shape than {folder.path}'s: name a file of this run")
    step = int(about.get("step", folder.last_step))
    # An average of the best weights and the run's start was chosen as they were.
    is_best = path.name == BEST or BEST in about.get("average", "")
    words = f"those of {path.name}" if named is not None else "the last checkpoint's"
    if is_best and named is None:
        watch = folder.recipe.watch
        words = f"the best by {watch.metric} on split {watch.split}, looked at every {watch.every:,} steps"
    elif named is None and path.name.startswith("ema"):
        words = "the moving average at the last checkpoint"
    return _Weights(path, step, words, is_best)


def _ask_for_hidden(
    model: Model,
    *,
    folder: RunFolder,
    opened: Catalogue,
    held: HeldOut,
    stocks: Sequence[Stock],
    codebook: Tokenises | None,
    to: Findings,
) -> None:
    """The masked-prediction losses, where the model has any."""
    title = "Hidden words and patches"
    if not isinstance(model, Flava):
        to.skipped.append(Skipped(title, "the model does not predict hidden words or patches"))
        return
    if codebook is None:
        to.skipped.append(
            Skipped("Hidden patches", "the run's codebook, whose codes are their targets, is not at hand")
        )
    inputs = model.read_inputs()
    to.try_to(
        title,
        lambda: [
            masked_section(
                model,
                recipe=folder.recipe,
                stock=Stock([opened]),
                split=held.split,
                unigrams=unigrams_of(
                    stocks, inputs=inputs, codebook=codebook, domains=frozenset(held.domains), seed=SEED
                ),
                codebook=codebook,
                folder=folder.path / "codes",
                seed=SEED,
            )
        ],
    )


def _why_unmatched(recipe: Recipe) -> str | None:
    """Why the model's yes or no to a pair means nothing, None where it does mean something."""
    if not isinstance(recipe.model, FlavaConfig | EarlyFusionConfig):
        return None
    if recipe.corruption.itm == "segments":
        return "the run learnt to choose between two texts (corruption.itm=segments), not to say yes or no to one"
    if recipe.corruption.itm_negative_share == 0 or not recipe.weights.get("itm", 0.0):
        return "the run never met a text that does not belong to its picture"
    return None


def _training_catalogues(folder: RunFolder, *, evaluated: Catalogue) -> list[Catalogue]:
    """The catalogues that the run learnt from, as far as they are still there; else the evaluated one's own."""
    found = []
    for record in folder.data().catalogues:
        try:
            found.append(Catalogue.open(record.path, digest=record.digest))
        except ValueError as gone:
            try:
                found.append(Catalogue.open(record.path))
                _log.warning("%s; today's training products are compared with", gone)
            except ValueError as error:
                _log.warning("%s; its training products are not compared with", error)
    return found or [evaluated]


def _codebook(model: Model, *, recipe: Recipe) -> Tokenises | None:
    """The model itself where it is a codebook, else the one that its recipe names, None where that is not there."""
    if isinstance(model, Codebook):
        return model
    if not isinstance(model, Flava):
        return None
    try:
        return find_codebook(recipe, kinds=("image", "pair"))
    except ValueError as error:
        _log.warning("%s", error)
        return None


def _notes(folder: RunFolder, *, used: _Weights, opened: Catalogue, held: HeldOut, version: str | None) -> list[str]:
    notes = []
    if held.split == "train":
        notes.append("These products were trained on: the figures say how much was learnt by heart, not how well.")
    watch = folder.recipe.watch
    if used.is_best and held.split == watch.split and _is_among(folder, opened):
        notes.append(
            f"These products chose the weights (the best by {watch.metric} on split {watch.split}): the figures are "
            "too good by that choice. Report those of another split."
        )
    if version is not None:
        notes.append(f"The catalogue is that of version {opened.digest[:12]}, which may not be its newest.")
    if len(held.products) < held.available:
        notes.append(
            f"{len(held.products):,} of the {held.available:,} products of the split were drawn by seed {SEED}: "
            "recall among fewer items is higher than among all."
        )
    for by, names in too_small(held.products, domains=held.domains).items():
        some = ", ".join(names[:_MOST_NAMED]) + (f" and {len(names) - _MOST_NAMED} more" * (len(names) > _MOST_NAMED))
        notes.append(f"Of fewer than {LEAST} products no figures are shown by {by}: {some}.")
    if not folder.is_finished:
        notes.append(f"The run is at step {folder.last_step:,} of {folder.recipe.steps:,}.")
    elif folder.last_step < folder.recipe.steps:
        notes.append(f"The run's watch ended it after {folder.last_step:,} of {folder.recipe.steps:,} steps.")
    if used.step != folder.last_step:
        notes.append(f"The weights are those of step {used.step:,}.")
    return notes


def _is_among(folder: RunFolder, opened: Catalogue) -> bool:
    """Whether the run was trained on this catalogue, in this or another version."""
    place = opened.path.resolve()
    return any(each.digest == opened.digest or Path(each.path).resolve() == place for each in folder.data().catalogues)


def _lead(folder: RunFolder, *, opened: Catalogue, held: HeldOut) -> str:
    """What was trained on what, and asked about what, in a sentence."""
    shops = " and ".join(Path(each.path).name for each in folder.data().catalogues)
    return (
        f"A {_name_of(folder.recipe)} trained on {shops} for {folder.last_step:,} steps, asked about "
        f"{len(held.products):,} products of {opened.path.resolve().name} that belong to split {held.split}."
    )


def _facts(folder: RunFolder, *, used: _Weights, opened: Catalogue, held: HeldOut) -> list[Fact]:
    recipe, data = folder.recipe, folder.data()
    trained = ", ".join(f"{Path(each.path).name} ({each.products:,} products)" for each in data.catalogues)
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in data.sources.items())
    weights = ", ".join(f"{name} {weight:g}" for name, weight in recipe.weights.items())
    return [
        Fact("Model", _name_of(recipe)),
        Fact("Trained on", f"{trained}: {kinds} examples"),
        Fact("Steps", f"{folder.last_step:,} of {recipe.steps:,}, {recipe.batch_rows} rows each, seed {recipe.seed}"),
        Fact("Weights", f"of step {used.step:,}, {used.words}"),
        Fact("Losses", weights),
        Fact("Asked about", f"{len(held.products):,} products of split {held.split} of {opened.path.resolve().name}"),
    ]


def _name_of(recipe: Recipe) -> str:
    """What people call the model's family."""
    return FAMILY_NAMES[family_of(type(recipe.model))]


def _describe(recipe: Recipe) -> str:
    """The recipe in lines, without the folders of this machine."""
    if recipe.codebook is not None:
        recipe = replace(recipe, codebook=Path(recipe.codebook).name)
    return describe(recipe)
