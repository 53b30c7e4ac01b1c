"""Duplicates: the same product, listed twice in other words, by two sources of a catalogue or by one.

`vitrina inspect` finds copies (equal pictures, nearly equal texts); this finds what two people wrote about one article.
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tqdm import tqdm

from vitrina.catalogue.handwritten import read_table
from vitrina.catalogue.product import Product
from vitrina.catalogue.store import Catalogue
from vitrina.catalogue.walk import walk
from vitrina.labelling.parts import check_out, write_csv
from vitrina.tasks.likeness import ONE_SHOP_CUT, UNTAUGHT_CUT, Judge, Told, best_cut, candidates, described, untaught

CANDIDATES = 10
"""Every product is compared with the so many others that share most of its rarer words."""

_AT_ONCE = 2048
_SHOWN = 10
_DEV_SHARE = 0.3
_PAIR = ("a", "b", "match")


@dataclass(frozen=True, slots=True)
class Twin:
    """Two rows that seem to be one product; the higher the `score`, the more so."""

    first: Product
    second: Product
    score: float


@dataclass(frozen=True)
class Proof:
    """How well the cut does on known pairs that it was not learnt from: their number, and the share of the same."""

    pairs: int
    same_share: float
    precision: float
    recall: float

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall."""
        return 2 * self.precision * self.recall / max(self.precision + self.recall, 1e-12)


@dataclass(frozen=True)
class Twins:
    """All pairs above the cut, best first, among `compared` of `products` products; `known` where pairs were given."""

    pairs: tuple[Twin, ...]
    compared: int
    products: int
    cut: float
    known: Proof | None
    out: Path | None

    def text(self) -> str:
        """A table for the terminal."""
        lines = [
            f"{len(self.pairs):,} pairs seem to be the same product, of {self.compared:,} compared among "
            f"{self.products:,} products",
        ]
        if self.known is None:
            lines.append("No pairs were known: the score is a rule of thumb. Give some by --pairs to have one learnt.")
        else:
            lines.append(
                f"On {self.known.pairs:,} known pairs kept aside: F1 {100 * self.known.f1:.1f} %, precision "
                f"{100 * self.known.precision:.1f} %, recall {100 * self.known.recall:.1f} % "
                f"({100 * self.known.same_share:.1f} % of them are the same)"
            )
        for twin in self.pairs[:_SHOWN]:
            lines += ["", f"{twin.score:6.2f}  {twin.first.id}  {_title(twin.first)}"]
            lines += [f"        {twin.second.id}  {_title(twin.second)}"]
        if self.out is not None:
            lines += ["", f"All of them: {self.out}"]
        return "\n".join(lines)


def find_duplicates(
    catalogue: str | os.PathLike[str],
    *,
    between: str | None = None,
    pairs: str | os.PathLike[str] | None = None,
    out: str | os.PathLike[str] | None = None,
) -> Twins:
    """Pairs of products of a catalogue that seem to be one.

    `between` names what tells sources apart, `domain`, `brand` or `attributes.NAME`: only products that differ in it
    are compared. Without it all are, variants of one group left out. `pairs` is a CSV of known pairs with the columns
    `a`, `b` (ids) and `match` (1 or 0): three tenths of them are kept aside to choose the cut and to say how well it
    does, half each. `out` is a CSV of all pairs found, to be looked through.

    Raises ValueError where there is nothing to compare, or where a row of `pairs` cannot be read.

    >>> print(find_duplicates("both-shops", between="domain").text())  # doctest: +SKIP
    """
    target = None if out is None else Path(out)
    if target is not None:
        check_out(target, suffixes=(".csv",))
        if pairs is not None and target.resolve() == Path(pairs).resolve():
            raise ValueError(f"{target} is the file of known pairs: name another for what is found")
    opened = Catalogue.open(catalogue)
    products = _read(opened)
    sources = _sources(products, between=between, where=str(opened.path))
    taught = None if pairs is None else _known_pairs(Path(pairs), products=products)
    told = Told.of(products)
    listed = _candidates(told, sources=sources, products=products)
    if taught is not None:
        listed = np.unique(np.concatenate([listed, np.sort(taught.pairs, axis=1)]), axis=0)
    figures = described(told, first=listed[:, 0], second=listed[:, 1])
    known = None
    if taught is None:
        scores, cut = untaught(figures), ONE_SHOP_CUT if between is None else UNTAUGHT_CUT
    else:
        judge, cut, known = _taught(taught, listed=listed, figures=figures)
        scores = judge.score(figures)
    chosen = np.flatnonzero(scores >= cut)
    chosen = chosen[np.argsort(-scores[chosen], kind="stable")]
    found = tuple(
        Twin(products[one], products[other], float(score))
        for (one, other), score in zip(listed[chosen].tolist(), scores[chosen].tolist(), strict=True)
    )
    if target is not None:
        names = ("score", "a", "b", "title_a", "title_b", "price_a", "price_b")
        write_csv(target, names=names, rows=map(_row, found))
    return Twins(found, compared=len(listed), products=len(products), cut=float(cut), known=known, out=target)


@dataclass(frozen=True)
class _Taught:
    """Known pairs: numbers of products (m, 2), and whether they are the same (m,) bool."""

    pairs: np.ndarray
    is_same: np.ndarray


def _taught(taught: _Taught, *, listed: np.ndarray, figures: np.ndarray) -> tuple[Judge, float, Proof]:
    places = {(one, other): place for place, (one, other) in enumerate(listed.tolist())}
    rows = np.array([places[min(pair), max(pair)] for pair in taught.pairs.tolist()])
    order = np.random.default_rng(0).permutation(len(rows))
    aside = max(2, round(_DEV_SHARE * len(rows)))
    parts = (order[aside:], order[: aside // 2], order[aside // 2 : aside])
    learn, choose, ask = ((figures[rows[part]], taught.is_same[part]) for part in parts)
    judge = Judge.learnt(learn[0], is_same=learn[1])
    cut = best_cut(judge.score(choose[0]), is_same=choose[1])
    called = judge.score(ask[0]) >= cut
    right = int((called & ask[1]).sum())
    known = Proof(
        pairs=len(called),
        same_share=float(ask[1].mean()),
        precision=right / max(int(called.sum()), 1),
        recall=right / max(int(ask[1].sum()), 1),
    )
    return judge, cut, known


def _read(catalogue: Catalogue) -> list[Product]:
    if len(catalogue) < 2:
        raise ValueError(f"{catalogue.path} holds {len(catalogue)} products: there is nothing to compare")
    return [product for lot in walk(catalogue, what="reading products", pictures="none") for product in lot]


def _sources(products: list[Product], *, between: str | None, where: str) -> np.ndarray | None:
    """(n,) int64: the source of each product, -1 where it names none; None where all are compared."""
    if between is None:
        return None
    names = [_value(each, between) for each in products]
    numbers = {name: number for number, name in enumerate(sorted({name for name in names if name}))}
    if len(numbers) < 2:
        raise ValueError(
            f"{where}: the products do not differ in {between!r} (it has {len(numbers)} values): name domain, brand "
            "or attributes.NAME with two values or more, or leave it out to compare all"
        )
    return np.array([numbers.get(name or "", -1) for name in names])


def _value(product: Product, field: str) -> str | None:
    kind, _, name = field.partition(".")
    match kind:
        case "domain":
            return product.domain
        case "brand":
            return product.brand
        case "attributes" if name:
            return product.attributes.get(name)
    raise ValueError(f"products cannot be told apart by {field!r}: name domain, brand or attributes.NAME")


def _candidates(told: Told, *, sources: np.ndarray | None, products: list[Product]) -> np.ndarray:
    """(m, 2) int64 pairs, the lower number first, each once."""
    everything = np.arange(len(told))
    found = []
    for one in [None] if sources is None else [number for number in np.unique(sources) if number >= 0]:
        queries = everything if sources is None or one is None else np.flatnonzero(sources == one)
        among = everything if sources is None or one is None else np.flatnonzero((sources != one) & (sources >= 0))
        for part in _parts(len(queries), what="looking for partners"):
            near = candidates(told, queries=queries[part], among=among, most=CANDIDATES)
            owners = np.repeat(queries[part], near.shape[1])
            found.append(np.stack([owners, near.ravel()], axis=1)[near.ravel() >= 0])
    listed = np.unique(np.sort(np.concatenate(found), axis=1), axis=0)
    groups = [each.group for each in products]
    apart = [groups[one] is None or groups[one] != groups[other] for one, other in listed.tolist()]
    return listed[np.array(apart, dtype=bool)]


def _parts(count: int, *, what: str) -> Iterator[slice]:
    bar = tqdm(range(0, count, _AT_ONCE), desc=what, delay=2, leave=False, disable=None)
    return (slice(start, min(start + _AT_ONCE, count)) for start in bar)


def _known_pairs(path: Path, *, products: list[Product]) -> _Taught:
    numbers = {product.id: number for number, product in enumerate(products)}
    found, answers = [], []
    for row in read_table(path, what="known pairs", columns={name: name for name in _PAIR}, needed=_PAIR):
        one, other, match = (row.cells[name] for name in _PAIR)
        if match not in ("0", "1"):
            raise row.wrong(f"match is {match!r}; write 1 for the same product, else 0")
        missing = next((name for name in (one, other) if name not in numbers), None)
        if missing is not None:
            raise row.wrong(f"the catalogue has no product {missing!r}; name its ids as ingested")
        if one == other:
            raise row.wrong(f"{one!r} is paired with itself; name two products")
        found.append((numbers[one], numbers[other]))
        answers.append(match == "1")
    if len(found) < 20 or sum(answers) < 5 or len(answers) - sum(answers) < 5:
        raise ValueError(
            f"{path} knows {len(found)} pairs, {sum(answers)} of them the same: give 20 or more, 5 or more of each kind"
        )
    return _Taught(np.array(found), np.array(answers))


def _row(twin: Twin) -> Sequence[object]:
    one, other = twin.first, twin.second
    return (f"{twin.score:.4f}", one.id, other.id, _title(one), _title(other), one.price, other.price)


def _title(product: Product) -> str:
    return product.texts[0].text if product.texts else product.id
