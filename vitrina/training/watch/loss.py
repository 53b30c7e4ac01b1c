"""The loss of held-out products: batches corrupted once, by a fixed seed, for every look of a run."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import torch
from tokenizers import Tokenizer, models
from tqdm import tqdm

from vitrina.data.batch import Batch
from vitrina.data.inputs import Inputs
from vitrina.data.loader import Loader, LooksUpCodes
from vitrina.data.mixture import Mixture, keep_available, only, share_of
from vitrina.data.nouns import NounBook
from vitrina.data.pictures import Augment
from vitrina.data.plan import Plan
from vitrina.data.sources import KINDS, Kind, Source
from vitrina.data.stock import Stock
from vitrina.models.answering import answering
from vitrina.models.flava import FlavaConfig
from vitrina.recipes.recipe import Recipe
from vitrina.training.build import Model
from vitrina.training.files import TrainingError
from vitrina.training.watch.search import LARGEST, Measured

_SEED = 0
_ROWS = 128  # of a held-out batch at most: as hard for the contrastive loss in every run with as many or more


class LossLook:
    """The recipe's weighted loss on held-out products, each kind of batch with its share of the mixture.

    Pictures stand in their plain view, nothing is erased from them and every patch is seen; as much of them is hidden
    as at the end of the run. At most 1000 products of each kind, in whole batches, stay in memory. Raises ValueError
    where the split has too little for a batch.
    """

    def __init__(
        self,
        recipe: Recipe,
        *,
        stock: Stock,
        sources: Mapping[Kind, Source],
        inputs: Inputs | None,
        codes: LooksUpCodes | None,
    ) -> None:
        self._weights = recipe.weights
        self._shares = shares(recipe.mixture, kinds=tuple(sources))
        corruption = replace(
            recipe.corruption, mim_share=recipe.corruption.mim_share_at(1.0), mim_share_end=None, patch_dropout=0.0
        )
        self._batches: dict[Kind, list[Batch]] = {}
        book = NounBook.from_stock(stock, sources["pair"].rows, draws=recipe.nouns) if "pair" in sources else None
        with tqdm(total=len(self._shares), desc="watched batches", delay=2, leave=False, disable=None) as bar:
            for kind in self._shares:
                size = len(sources[kind].rows)
                rows = min(recipe.batch_rows, _ROWS, size)
                plan = Plan({kind: size}, mixture=only(kind), batch_rows=rows, seed=_SEED, total_steps=1)
                loader = Loader(
                    stock,
                    sources,
                    plan,
                    inputs or Inputs(Tokenizer(models.BPE()), recipe.geometry, recipe.max_tokens),
                    negatives=recipe.negatives,
                    augment=still(recipe.augment),
                    corruption=corruption,
                    shown=recipe.shown,
                    nouns=book,
                    grid=recipe.model.image.grid if isinstance(recipe.model, FlavaConfig) else 0,
                    codes=codes,
                    workers=0,
                )
                self._batches[kind] = [loader.batch(step) for step in range(min(size, LARGEST) // rows)]
                bar.update()

    def measure(self, model: Model, *, step: int) -> Measured:
        """The loss of a model after `step` steps; TrainingError where it is not finite."""
        value = base = 0.0
        for kind, batches in self._batches.items():
            sums: dict[str, np.ndarray] = {}
            for batch in batches:
                with answering(model) as device, torch.random.fork_rng(_cuda(device)):
                    torch.manual_seed(_SEED)
                    losses = model(batch.to(device))
                for name, loss in losses.items():
                    value_and_count = torch.stack([loss.value.float(), loss.count.float()]).tolist()
                    found = np.array([*value_and_count, float(loss.chance) * value_and_count[1]])
                    sums[name] = sums.get(name, np.zeros(3)) + found
            for name, (total, count, chance) in sums.items():
                share = self._shares[kind] * self._weights.get(name, 0.0)
                value += share * total / max(count, 1)
                base += share * chance / max(count, 1)
        if not np.isfinite(value):
            raise TrainingError(
                f"after step {step} the loss of the watched products is not finite ({value}): a smaller optim.lr, a "
                "longer optim.warmup_steps or precision=fp32 helps"
            )
        return Measured(float(value), float(base), picture=None)


def shares(mixture: Mixture, *, kinds: tuple[Kind, ...]) -> dict[Kind, float]:
    """The share of each kind of batch in the whole run, its stages together; they sum to one."""
    parts = keep_available(mixture, kinds).mixture.parts()
    whole = sum(part.share_of_run for part in parts)
    found: dict[Kind, float] = {}
    for kind in KINDS:
        share = sum(part.share_of_run * share_of(part, kind) / (part.text + part.image + part.pair) for part in parts)
        if share > 0:
            found[kind] = share / whole
    return found


def still(augment: Augment) -> Augment:
    """Every picture in its plain view, nothing erased."""
    return replace(augment, flip=False, shift_share=0.0, scale_share=0.0, aspect_share=0.0, erase_share=0.0)


def _cuda(device: torch.device) -> list[torch.device]:
    return [device] if device.type == "cuda" else []
