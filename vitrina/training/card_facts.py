"""What a card says that lies in no file of the run: which languages and domains, how many parameters."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import torch

from vitrina.catalogue.store import Catalogue
from vitrina.models.checkpoint import write_bytes
from vitrina.recipes.recipe import Recipe
from vitrina.training.build import build
from vitrina.training.run_folder import DataRecord

KEPT = "card.json"


@dataclass(frozen=True)
class Goods:
    """What the training products are: their texts by language and their number by domain, "" where nobody said."""

    languages: dict[str, int]
    domains: dict[str, int]


def goods_of(run: Path, *, data: DataRecord) -> Goods | None:
    """What was trained on, counted once and kept in RUN/card.json; None where the catalogues are not at hand."""
    path = run / KEPT
    digests = [each.digest for each in data.catalogues]
    try:
        plain = json.loads(path.read_text(encoding="utf-8"))
        if plain["digests"] == digests:
            return Goods(plain["languages"], plain["domains"])
    except (OSError, ValueError, KeyError, TypeError):
        pass
    languages, domains = Counter[str](), Counter[str]()
    try:
        for record in data.catalogues:
            for batch in Catalogue.open(record.path, digest=record.digest).fact_batches():
                trained = batch.filter(pc.equal(batch.column("split"), "train"))  # type: ignore[attr-defined]
                domains.update(_words(trained.column("domain")))
                for name in ("titles", "descriptions"):
                    languages.update(_words(trained.column(name).flatten().field("language")))
    except ValueError:
        return None
    found = Goods(_by_number(languages), _by_number(domains))
    write_bytes(path, content=json.dumps({"digests": digests} | asdict(found), indent=2).encode())
    return found


def parameters_of(recipe: Recipe) -> dict[str, int]:
    """Trained numbers by part of the model; nothing is drawn or kept in memory."""
    with torch.random.fork_rng(devices=[]), torch.device("meta"):
        model = build(recipe.model, inputs=None)
    counts = Counter[str]()
    for name, parameter in model.named_parameters():
        counts[name.partition(".")[0]] += parameter.numel()
    return dict(counts)


def _words(column: pa.Array) -> Iterator[str]:
    """Every value, "" for what is absent."""
    counted = pc.value_counts(column)  # type: ignore[attr-defined]
    for each in counted.to_pylist():
        yield from [each["values"] or ""] * each["counts"]


def _by_number(counts: Counter[str]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda each: (-each[1], each[0])))
