"""A version of a catalogue as the page shows it: products by id, and what each filter would leave."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

import numpy as np
import pyarrow as pa

from vitrina.catalogue.store import Catalogue
from vitrina.catalogue.where import matching
from vitrina.serving.answers import Choice, Facets, Filters, RefusedError

CATEGORY = "category"
"""The name of the question for the narrowest category; an attribute's is its own."""

_PRICE_BARS = 24
_MOST_LANGUAGES = 8
_KEPT_MASKS = 32
_EXAMPLES = 4
_EXAMPLE_WORDS = (2, 5)
_ROWS_FOR_EXAMPLES = 2000


class Shelf:
    """The facts of one version of a catalogue, ready to be counted. It never changes: a new version is a new shelf."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        self._facts: pa.Table = catalogue.facts()
        self._row_of = {id_: row for row, id_ in enumerate(self._facts["id"].to_pylist())}
        self._digests = self._facts["digest"]
        self.picture_counts: np.ndarray = self._facts["picture_count"].to_numpy()
        prices = self._facts["price"].cast(pa.float64()).to_numpy()
        currencies = self._facts["currency"].to_pylist()
        priced = Counter(each for each, price in zip(currencies, prices, strict=True) if each and not np.isnan(price))
        self._currency = priced.most_common(1)[0][0] if priced else None
        right = np.array([each == self._currency for each in currencies], bool)
        self._prices = np.where(right, prices, np.nan)
        self._price_steps = _steps(self._prices)
        self._paths, self._members = _categories(self._facts["category"].to_pylist())
        self._languages = _languages(self._facts)
        # An amount means nothing in another currency: where there are several, prices are those of the commonest.
        self._stated = self._currency if len({each for each in currencies if each}) > 1 else None
        self._mask = lru_cache(maxsize=_KEPT_MASKS)(self._mask_of)

    def __len__(self) -> int:
        return len(self.catalogue)

    def row(self, id_: str) -> int:
        """The row of a product. Raises RefusedError (404) where there is none."""
        row = self._row_of.get(id_)
        if row is None:
            shown = id_ if len(id_) <= 80 else f"{id_[:80]}…"
            raise RefusedError(f"There is no product {shown!r} in this catalogue.", code="no_product", status=404)
        return row

    def version(self, row: int) -> str:
        """A short name of everything about a product, for URLs that may be kept for ever."""
        return self._digests[row].as_py().hex()[:12]

    def mask(self, filters: Filters) -> np.ndarray:
        """(n,) bool: which products pass. Raises RefusedError (400) where a filter cannot be read."""
        return self._mask(filters)

    def facets(self, filters: Filters) -> Facets:
        """What every filter would leave beside the others that are chosen."""
        chosen = self.mask(filters)
        beside = self.mask(replace(filters, category=None))
        rows, nodes = self._members
        counts = np.bincount(nodes[beside[rows]], minlength=len(self._paths))
        base = () if filters.category is None else tuple(part.strip() for part in filters.category.split(">"))
        children = [
            Choice(path[-1], " > ".join(path), int(count))
            for path, count in zip(self._paths, counts, strict=True)
            if path[:-1] == base and count
        ]
        count_of = dict(zip(self._paths, counts, strict=True))
        above = range(1, len(base) + 1)
        free = self._prices[self.mask(replace(filters, price_from=None, price_to=None))]
        bars, _ = np.histogram(free[~np.isnan(free)], bins=self._price_steps) if len(self._price_steps) else ((), ())
        spoken = self.mask(replace(filters, language=None))
        languages = [Choice(name, name, int((has & spoken).sum())) for name, has in self._languages.items()]
        pictured = self.mask(replace(filters, pictures=False))
        return Facets(
            products=len(self),
            matching=int(chosen.sum()),
            categories=tuple(sorted(children, key=lambda choice: (-choice.count, choice.name))),
            parents=tuple(
                Choice(base[depth - 1], " > ".join(base[:depth]), int(count_of.get(base[:depth], 0))) for depth in above
            ),
            languages=tuple(choice for choice in languages if choice.count or choice.value == filters.language),
            with_pictures=int((pictured & (self.picture_counts > 0)).sum()),
            currency=self._currency,
            price_steps=tuple(float(step) for step in self._price_steps),
            price_counts=tuple(int(bar) for bar in bars),
        )

    def browse(self, filters: Filters) -> np.ndarray:
        """The rows that pass, those with pictures first, kinds of goods mixed, always in the same order."""
        rows = np.flatnonzero(self.mask(filters))
        shuffled = np.random.default_rng(0).permutation(len(self))[rows]
        return rows[np.lexsort((shuffled, self.picture_counts[rows] == 0))]

    def attribute_values(self) -> dict[str, Counter[str]]:
        """Every attribute with how often it has which value."""
        values: dict[str, Counter[str]] = {}
        for chunk in self._facts["attributes"].chunks:
            for name, value in zip(chunk.keys.to_pylist(), chunk.items.to_pylist(), strict=True):
                values.setdefault(name, Counter())[value] += 1
        return values

    def usual_attributes(self, *, least_share: float) -> dict[str, set[str]]:
        """Every attribute with the narrowest categories in which at least that share of products has it."""
        stated: Counter[tuple[str, str]] = Counter()
        for path, items in zip(self._facts["category"].to_pylist(), self._facts["attributes"].to_pylist(), strict=True):
            stated.update((path[-1], name) for name, _ in items or () if path)
        sizes = self.category_names()
        usual: dict[str, set[str]] = {}
        for (category, name), count in stated.items():
            if count >= least_share * sizes[category]:
                usual.setdefault(name, set()).add(category)
        return usual

    def category_names(self) -> Counter[str]:
        """The narrowest level of every product's category, with how many products it has."""
        return Counter(path[-1] for path in self._facts["category"].to_pylist() if path)

    def known(self, question: str, *, labels: Sequence[str]) -> dict[int, int]:
        """The products of the training split whose category or attribute is one of `labels`: row to label's number."""
        numbers = {label: number for number, label in enumerate(labels)}
        if question == CATEGORY:
            values = [path[-1] if path else None for path in self._facts["category"].to_pylist()]
        else:
            values = [dict(items or ()).get(question) for items in self._facts["attributes"].to_pylist()]
        splits = self._facts["split"].to_pylist()
        return {
            row: numbers[value]
            for row, (value, split) in enumerate(zip(values, splits, strict=True))
            if split == "train" and value in numbers
        }

    def languages(self) -> tuple[str, ...]:
        """The languages of the texts, commonest first."""
        return tuple(self._languages)

    def examples(self) -> dict[str, tuple[str, ...]]:
        """A few short titles in each language, of different kinds of goods: words that are sure to find something."""
        found: dict[str, dict[str, str]] = {}
        few = np.random.default_rng(1).permutation(len(self))[:_ROWS_FOR_EXAMPLES]
        for product in self.catalogue.read(few, pictures="none"):
            kind = product.category[-1] if product.category else product.id
            for text in product.titles:
                words = text.text.split()
                if _EXAMPLE_WORDS[0] <= len(words) <= _EXAMPLE_WORDS[1] and not re.search(r"\d", text.text):
                    kinds = found.setdefault((text.language or "").split("-")[0].lower(), {})
                    kinds[kind] = min(kinds.get(kind, text.text), text.text, key=len)
        return {language: tuple(kinds.values())[:_EXAMPLES] for language, kinds in found.items()}

    def where(self, filters: Filters) -> str | None:
        """The filters as a condition on this catalogue's products, None where all pass."""
        return condition(filters, currency=self._stated)

    def _mask_of(self, filters: Filters) -> np.ndarray:
        where = self.where(filters)
        if where is None:
            return np.ones(len(self), bool)
        try:
            return matching(self._facts, where=where)
        except ValueError as error:
            raise RefusedError(f"The filters cannot be read: {error}", code="bad_filter", status=400) from error


def condition(filters: Filters, *, currency: str | None = None) -> str | None:
    """The filters as the catalogue's conditions write them, None where all products pass; amounts are of `currency`.

    >>> condition(Filters(category='Shoes', pictures=True))
    'category = "Shoes" and picture_count > 0'
    """
    parts = []
    if filters.category is not None:
        parts.append(f"category = {_quoted(filters.category)}")
    if filters.price_from is not None:
        parts.append(f"price >= {filters.price_from:f}")
    if filters.price_to is not None:
        parts.append(f"price <= {filters.price_to:f}")
    if currency is not None and (filters.price_from is not None or filters.price_to is not None):
        parts.append(f"currency = {_quoted(currency)}")
    if filters.language is not None:
        parts.append(f"language = {_quoted(filters.language)}")
    if filters.pictures:
        parts.append("picture_count > 0")
    return " and ".join(parts) or None


def _quoted(value: str) -> str:
    return '"' + re.sub(r'(["\\])', r"\\\1", value) + '"'


def _steps(prices: np.ndarray) -> np.ndarray:
    """Borders of the bars of a histogram: evenly far apart in the logarithm, as prices are, at round figures."""
    there = prices[~np.isnan(prices) & (prices > 0)]
    if not len(there):
        return np.zeros(0)
    low, high = there.min(), there.max()
    steps = np.geomspace(low, max(high, low * 1.01), _PRICE_BARS + 1)
    digits = 10.0 ** np.floor(np.log10(steps) - 1)
    inner = np.round(steps / digits) * digits
    inner[0], inner[-1] = np.floor(low), np.ceil(high)
    return np.unique(inner)


def _categories(paths: list[list[str]]) -> tuple[list[tuple[str, ...]], tuple[np.ndarray, np.ndarray]]:
    """Every place in the tree of categories, and which rows count at which: below the top a row counts where its path
    begins so, at the top wherever a level has that name, as `category = NAME` has it."""
    number: dict[tuple[str, ...], int] = {}
    rows, nodes = [], []
    for path in paths:
        for depth in range(1, len(path) + 1):
            number.setdefault(tuple(path[:depth]), len(number))
    for row, path in enumerate(paths):
        places = {number[tuple(path[:depth])] for depth in range(1, len(path) + 1)}
        places |= {number[level,] for level in path if (level,) in number}
        rows += [row] * len(places)
        nodes += sorted(places)
    return list(number), (np.array(rows, np.int64), np.array(nodes, np.int64))


def _languages(facts: pa.Table) -> dict[str, np.ndarray]:
    """Which products have a text in each of the commonest languages, whatever its country."""
    codes: dict[str, list[int]] = {}
    texts = zip(facts["titles"].to_pylist(), facts["descriptions"].to_pylist(), strict=True)
    for row, (titles, descriptions) in enumerate(texts):
        for code in {(text["language"] or "").split("-")[0].lower() for text in (*titles, *descriptions)} - {""}:
            codes.setdefault(code, []).append(row)
    common = sorted(codes, key=lambda code: (-len(codes[code]), code))[:_MOST_LANGUAGES]
    return {code: np.isin(np.arange(len(facts)), codes[code]) for code in common}
