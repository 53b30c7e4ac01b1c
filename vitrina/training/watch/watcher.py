"""Watching a run: a figure on held-out products every so many steps, the best weights kept, an early end.

    RUN/watch.jsonl            a row per look
    RUN/best.safetensors       the weights of the best look, with recipe and tokenizer as a checkpoint's weights have
    RUN/pictures/watch-*.png   a few queries and what they found

A look uses a model of its own and draws nothing from the generators that training draws from: a run that is watched
learns, bit for bit, what it would unwatched.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from vitrina.data.inputs import Inputs
from vitrina.data.sources import numbered
from vitrina.data.stock import Stock
from vitrina.models.checkpoint import load_exactly, write_bytes
from vitrina.models.codebook import CodebookConfig
from vitrina.recipes.recipe import Recipe
from vitrina.training.build import Model, Searches, build
from vitrina.training.files import TrainingError
from vitrina.training.load import inputs_of
from vitrina.training.prepare import codes_of, find_codebook, recorded_stock, sources_of
from vitrina.training.run_folder import RunFolder
from vitrina.training.watch.looks import Look, Looks, is_enough
from vitrina.training.watch.loss import LossLook, shares, still
from vitrina.training.watch.search import FIRST, Measured, SearchLook


@dataclass(frozen=True)
class Verdict:
    """What a look found: the figure and its base rate, whether it is the best yet, whether to end the run, a picture
    (PNG) where there is something to see."""

    value: float
    base: float
    is_best: bool
    is_enough: bool
    picture: bytes | None


class Watcher:
    """Looks at a run that goes on after `from_step` steps, on `device`; rank 0 alone does.

    `stock` are the run's catalogues where they are open already: opened anew, every byte is compared once more.

    Raises ValueError, before any step, where the run's catalogues cannot serve the metric.

        watcher = Watcher(RunFolder("runs/flava"), from_step=0, device=torch.device("cpu"))
        verdict = watcher.look(500, weights=model.state_dict())
    """

    def __init__(self, folder: RunFolder, *, from_step: int, device: torch.device, stock: Stock | None = None) -> None:
        self._folder = folder
        self._recipe = folder.recipe
        self._tokenizer = folder.tokenizer()
        assert self._recipe.watch.every > 0, "nobody asked to watch this run"
        stock = recorded_stock(folder) if stock is None else stock
        inputs = inputs_of(self._recipe, tokenizer=self._tokenizer)
        _check(self._recipe, stock=stock)
        # The weights drawn here are overwritten at every look; the run's random numbers are not disturbed.
        with torch.random.fork_rng(devices=[]):
            self._model: Model = build(self._recipe.model, inputs=inputs).to(device).eval()
        self._look: SearchLook | LossLook
        if self._recipe.watch.metric == "loss":
            self._look = _loss_look(self._recipe, stock=stock, inputs=inputs)
        else:
            assert inputs is not None
            self._look = SearchLook(stock, _pairs(stock, split=self._recipe.watch.split), inputs=inputs)
        self._looks = Looks(folder, from_step=from_step)
        for path in (folder.path / "pictures").glob("watch-*.png"):
            if path.stem > _picture_name(from_step):
                path.unlink()

    def look(self, step: int, *, weights: Mapping[str, Tensor]) -> Verdict:
        """Measure `weights`, the whole model's by the names of its state dict, after `step` steps.

        The row, the picture and, where they are the best yet, the weights lie on the disk when this returns. Raises
        TrainingError where the disk is full, or a figure is not finite.
        """
        began = time.perf_counter()
        load_exactly(self._model, tensors=weights, origin=f"step {step}")
        found = self._measure(step)
        metric = self._recipe.watch.metric
        is_best = self._looks.is_better(found.value, metric=metric)
        if is_best:
            self._looks.keep_best(step, weights=weights, about=self._about(step))
        if found.picture is not None:
            self._keep_picture(step, png=found.picture)
        seconds = time.perf_counter() - began
        self._looks.append(Look(step, metric, found.value, found.base, is_best, seconds))
        enough = is_enough(self._looks.rows, watch=self._recipe.watch)
        return Verdict(found.value, found.base, is_best, enough, found.picture)

    def _measure(self, step: int) -> Measured:
        if isinstance(self._look, LossLook):
            return self._look.measure(self._model, step=step)
        assert isinstance(self._model, Searches)
        try:
            return self._look.measure(self._model, step=step)
        except ValueError as error:
            raise TrainingError(f"the look after step {step} failed: {error}") from error

    def _about(self, step: int) -> dict[str, str]:
        """The metadata that a checkpoint's weights have, so that the file stands alone."""
        about = {"format": "pt", "recipe": self._recipe.to_json(), "step": str(step)}
        if self._tokenizer is not None:
            about["tokenizer"] = self._tokenizer.to_str()
        return about if self._recipe.ema_decay is None else about | {"average": str(self._recipe.ema_decay)}

    def _keep_picture(self, step: int, *, png: bytes) -> None:
        folder = self._folder.path / "pictures"
        try:
            folder.mkdir(exist_ok=True)
            write_bytes(folder / f"{_picture_name(step)}.png", content=png)
        except OSError as error:
            raise TrainingError(
                f"the picture of step {step} could not be written to {folder}: {error}. Make room on the disk, then "
                "resume the run"
            ) from error


def refuse_unwatchable(recipe: Recipe, *, stock: Stock) -> None:
    """Raise ValueError where the run's products cannot be watched as the recipe asks; for before a run is made."""
    if recipe.watch.every:
        _check(recipe, stock=stock)


def _check(recipe: Recipe, *, stock: Stock) -> None:
    watch = recipe.watch
    if watch.metric != "loss" and isinstance(recipe.model, CodebookConfig):
        raise ValueError("watch.metric=text_to_picture needs a model that reads texts: set watch.metric=loss")
    splits = numbered(stock.facts()["split"]).names
    paths = ", ".join(str(each.path) for each in stock.catalogues)
    if watch.split not in splits:
        raise ValueError(
            f"watch.split is {watch.split!r}, and no product of {paths} is in it (there is "
            f"{', '.join(sorted(splits)) or 'no split'}): name one of these, ingest held-out products, or set "
            "watch.every=0"
        )
    if watch.metric == "loss":
        shares(recipe.mixture, kinds=tuple(sources_of(recipe, stock=stock, split=watch.split)))
        return
    pairs = len(_pairs(stock, split=watch.split))
    if pairs <= FIRST:
        raise ValueError(
            f"the {watch.split} products of {paths} hold {pairs} with a picture and a text, and the first {FIRST} of "
            f"so few always hold the right one: ingest more held-out products, set watch.split, watch.metric=loss or "
            "watch.every=0"
        )


def _pairs(stock: Stock, *, split: str) -> np.ndarray:
    """The stock rows of a split's products with a picture and a text, ascending."""
    facts = stock.facts()
    splits = numbered(facts["split"])
    belongs = splits.numbers == splits.names.index(split) if split in splits.names else np.zeros(len(facts), dtype=bool)
    return np.flatnonzero(belongs & (facts["picture_count"].to_numpy() > 0) & (facts["text_count"].to_numpy() > 0))


def _loss_look(recipe: Recipe, *, stock: Stock, inputs: Inputs | None) -> LossLook:
    sources = sources_of(recipe, stock=stock, split=recipe.watch.split)
    codebook = find_codebook(recipe, kinds=sources)
    codes = None
    if codebook is not None:
        codes = codes_of(
            replace(recipe, augment=still(recipe.augment)), codebook=codebook, stock=stock, sources=sources
        )
    return LossLook(recipe, stock=stock, sources=sources, inputs=inputs, codes=codes)


def _picture_name(step: int) -> str:
    return f"watch-{step:08d}"
