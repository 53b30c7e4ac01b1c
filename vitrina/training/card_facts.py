"""What a card says beyond the run's own files: which languages and domains, counted as a run begins; parameters."""

from collections import Counter

import pyarrow as pa
import pyarrow.compute as pc
import torch

from vitrina.data.stock import Stock
from vitrina.recipes.recipe import Recipe
from vitrina.training.build import build
from vitrina.training.run_folder import Goods


def goods_of(stock: Stock) -> Goods:
    """The training products of a stock by language and domain, the most frequent first."""
    languages, domains = Counter[str](), Counter[str]()
    for catalogue in stock.catalogues:
        for batch in catalogue.fact_batches():
            trained = batch.filter(pc.equal(batch.column("split"), "train"))  # type: ignore[attr-defined]
            domains.update(_counts(trained.column("domain")))
            for name in ("titles", "descriptions"):
                languages.update(_counts(trained.column(name).flatten().field("language")))
    return Goods(_by_number(languages), _by_number(domains))


def parameters_of(recipe: Recipe) -> dict[str, int]:
    """Trained numbers by part of the model; nothing is drawn or kept in memory."""
    with torch.random.fork_rng(devices=[]), torch.device("meta"):
        model = build(recipe.model, inputs=None)
    counts = Counter[str]()
    for name, parameter in model.named_parameters():
        counts[name.partition(".")[0]] += parameter.numel()
    return dict(counts)


def _counts(column: pa.Array) -> Counter[str]:
    """How often each value stands there, "" for what is absent."""
    counts = Counter[str]()
    for each in pc.value_counts(column).to_pylist():  # type: ignore[attr-defined]
        counts[each["values"] or ""] += each["counts"]
    return counts


def _by_number(counts: Counter[str]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda each: (-each[1], each[0])))
