"""Search queries in two languages about a whole sample, with the products that answer them."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from vitrina.catalogue.manifest import flush
from vitrina.catalogue.sample.article import Article, article
from vitrina.catalogue.sample.draws import Draws
from vitrina.catalogue.sample.pricing import expected_price_of
from vitrina.catalogue.sample.queries import worded
from vitrina.catalogue.sample.settings import Settings
from vitrina.catalogue.sample.truth_files import part_path, parts_of

MOST = 500
"""Queries of a sample; one of fewer products has as many as it has products, at most."""

MOST_IDS = 200
"""Where more products of a split answer a query, they are counted and not listed: the condition finds them."""

SPLITS = ("train", "val", "test")

PRICED_SHARE = 0.35
"""Share of the queries that bound the price."""

_MORE_FACTS = {0: 0.7, 1: 3.0, 2: 4.0, 3: 2.0, 4: 0.7}
"""How many facts a query names beside the kind."""

_WEIGHTS = {"colour": 4.0, "pattern": 2.0, "material": 2.5, "feature": 2.5, "size": 1.0, "audience": 2.0, "brand": 1.5}
_COLUMNS = ["id", "split", "attributes", "brand", "price"]


@dataclass(frozen=True)
class Relevant:
    """The products of a split that answer a query: how many, and their ids unless they are too many to list."""

    count: int
    ids: tuple[str, ...] | None


@dataclass(frozen=True)
class AskedQuery:
    """A query in two languages. A product answers it where every fact in `asks` (attributes, `brand`) is its own and
    its price lies below `below`, where that is given."""

    english: str
    spanish: str
    asks: Mapping[str, str]
    below: int | None
    currency: str
    relevant: Mapping[str, Relevant]


@dataclass
class _Open:
    """A query while its answers are looked for."""

    english: str
    spanish: str
    asks: Mapping[str, str]
    below: int | None
    counts: dict[str, int]
    ids: dict[str, list[str]]


def write_queries(path: Path, *, folders: Sequence[Path], products: int, settings: Settings) -> None:
    """Writes the queries about a sample whose tables of products lie in the first of the folders that has them."""
    queries = list(_drawn(products, settings=settings))
    for part in parts_of(products):
        candidates = [part_path(folder, table="products", numbers=part) for folder in folders]
        found = next(each for each in candidates if each.exists())
        _look(found, queries=queries)
    with path.open("w", encoding="utf-8") as file:
        for query in queries:
            if not any(query.counts.values()):
                continue  # it was drawn from a product that is a duplicate of another one
            relevant = {
                split: {
                    "count": query.counts[split],
                    "ids": query.ids[split] if query.counts[split] <= MOST_IDS else None,
                }
                for split in SPLITS
            }
            row = {
                "english": query.english,
                "spanish": query.spanish,
                "asks": query.asks,
                "below": query.below,
                "currency": settings.habits.currency,
                "relevant": relevant,
            }
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
    flush(path)


def read_queries(path: Path) -> list[AskedQuery]:
    """The queries of a file. Raises ValueError, naming the line, where one cannot be read."""
    queries = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            row = json.loads(line)
            relevant = {
                split: Relevant(each["count"], None if each["ids"] is None else tuple(each["ids"]))
                for split, each in row["relevant"].items()
            }
            queries.append(AskedQuery(**{**row, "relevant": relevant}))
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{path}, line {number} is no query ({error}): write the sample again") from error
    return queries


def _drawn(products: int, *, settings: Settings) -> Iterator[_Open]:
    """Different queries, each drawn from one of the products."""
    count = min(MOST, products)
    seen = set()
    for at in range(4 * count):
        draws = Draws(settings.seed, "asked", at)
        facts = article(draws.below(products), seed=settings.seed, habits=settings.habits)
        asks = _asks(facts, draws)
        below = _bound(expected_price_of(facts), draws=draws) if draws.chance(PRICED_SHARE) else None
        query = worded(asks, below=below, currency=settings.habits.currency)
        if query.english in seen:
            continue
        seen.add(query.english)
        yield _Open(
            query.english,
            query.spanish,
            asks,
            below,
            counts=dict.fromkeys(SPLITS, 0),
            ids={split: [] for split in SPLITS},
        )
        if len(seen) == count:
            return


def _asks(facts: Article, draws: Draws) -> dict[str, str]:
    """The kind and some more facts, in a fixed order."""
    record = {**facts.attributes, "brand": facts.brand}
    able = dict(_WEIGHTS)
    if facts.pattern == "plain":
        del able["pattern"]
    if facts.audience is None:
        del able["audience"]
    if not facts.features:
        del able["feature"]
    if facts.kind.domain == "groceries":
        # A jar's colour is that of its label, which nobody asks for.
        able = {name: weight for name, weight in able.items() if name in ("feature", "size", "brand")}
    chosen = set()
    for _ in range(min(draws.weighted(_MORE_FACTS), len(able))):
        name = draws.weighted(able)
        del able[name]
        chosen.add(draws.choice(tuple(facts.features)) if name == "feature" else name)
    return {"kind": facts.kind.name} | {name: value for name, value in record.items() if name in chosen}


def _bound(amount: float, *, draws: Draws) -> int:
    """A round number somewhat above an amount."""
    wanted = amount * draws.uniform(1.05, 1.6)
    step = next(step for step in (1, 5, 10, 50, 100, 500, 1000, 10**9) if wanted < 10 * step or step >= 1000)
    return max(1, -int(-wanted // step)) * step


def _look(path: Path, *, queries: Sequence[_Open]) -> None:
    """Adds the answers in one file of products."""
    table = pq.read_table(path, columns=_COLUMNS)
    ids = table["id"].to_pylist()
    prices = np.array([np.inf if each is None else float(each) for each in table["price"].to_pylist()])
    splits = table["split"].to_numpy()
    is_in = {split: splits == split for split in SPLITS}
    rows = zip(table["attributes"].to_pylist(), table["brand"].to_pylist(), strict=True)
    facts = [{**dict(attributes), "brand": brand} for attributes, brand in rows]
    found: dict[tuple[str, str], np.ndarray] = {}
    for query in queries:
        fits = np.ones(len(ids), bool) if query.below is None else prices < query.below
        for fact in query.asks.items():
            if fact not in found:
                found[fact] = np.array([each.get(fact[0]) == fact[1] for each in facts], bool)
            fits = fits & found[fact]
        for split, here in is_in.items():
            places = np.flatnonzero(fits & here)
            query.counts[split] += len(places)
            room = MOST_IDS - len(query.ids[split])
            query.ids[split] += [ids[place] for place in places[:room]]
