"""Prices: what is usual in each category, and what stands out."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vitrina.catalogue.price import parse_price
from vitrina.catalogue.product import Product
from vitrina.inspection.cases import Cases
from vitrina.inspection.counting import Column, Worst
from vitrina.inspection.coverage import Categories
from vitrina.inspection.result import CategoryPrices, Count, CurrencyPrices, Histogram, Prices, Spread, spread
from vitrina.inspection.texts import StatedPrices

FEWEST_IN_CATEGORY = 20
"""A category with fewer prices is judged with its parent's."""
OUTLIER_DEVIATIONS = 5.0
"""A price this many robust standard deviations of the logarithm from its category's median stands out."""

_NARROWEST = 0.18  # deviations are taken for at least so wide: where all cost the same, a fifth more is no outlier
_MAD_TO_DEVIATION = 1.4826
_MOST_BINS = 40
_SHOWN_CATEGORIES = 20
_TELLING_SHARE, _TELLING_LEAST = 0.2, 5
_LONGEST_PRICE = 24
_NO_CURRENCY = "no currency"


@dataclass(frozen=True, slots=True)
class _Judged:
    """Deviations (n,) from the usual, NaN where there are too few to say, and the node (n,) each was judged by."""

    deviations: np.ndarray
    nodes: np.ndarray
    medians: np.ndarray


class PriceSurvey:
    """Sees every product once, in row order."""

    def __init__(self, categories: Categories, *, gallery: int, cases: Cases) -> None:
        self._categories = categories
        self._amounts, self._currencies = Column(np.float64), Column(np.int16)
        self._names: dict[str, int] = {}
        self._telling: Counter[str] = Counter()
        self.outliers = Worst(gallery, key="price_outlier", cases=cases)
        self.zeros = Worst(gallery, key="price_zero", cases=cases)
        self.placeholders = Worst(gallery, key="price_placeholder", cases=cases)
        self._placeholder_rows = Column(np.int64)

    def add(self, products: Sequence[Product], *, start: int) -> None:
        self._amounts.extend(np.nan if product.price is None else float(product.price) for product in products)
        self._currencies.extend(
            self._names.setdefault(product.currency or _NO_CURRENCY, len(self._names)) for product in products
        )
        suspicious = []
        for row, product in enumerate(products, start=start):
            if product.price is None:
                continue
            if product.price == 0:
                self.zeros.offer(row, severity=0.0, reason="costs 0", text=_title(product))
            elif is_placeholder(float(product.price)):
                suspicious.append(row)
                reason = f"costs {product.price} {product.currency or ''}: looks like a stand-in"
                self.placeholders.offer(row, severity=float(product.price), reason=reason, text=_title(product))
            if product.price:
                for name, value in product.attributes.items():
                    price = parse_price(value) if len(value) <= _LONGEST_PRICE else None
                    if price is not None and price.amount == product.price:
                        self._telling[name] += 1
        self._placeholder_rows.extend(suspicious)

    def result(self, stated: StatedPrices) -> Prices:
        amounts_, currencies = self._amounts.array(), self._currencies.array()
        priced = np.isfinite(amounts_)
        usable = priced & (amounts_ > 0)
        usable[self._placeholder_rows.array()] = False
        count = int((priced & (amounts_ > 0)).sum())
        least = max(_TELLING_LEAST, _TELLING_SHARE * count)
        found = [
            self._currency(name, rows=np.flatnonzero(usable & (currencies == code)))
            for name, code in self._names.items()
            if (usable & (currencies == code)).any()
        ]
        return Prices(
            missing=int((~priced).sum()),
            zero=self.zeros.count,
            placeholders=self.placeholders.count,
            currencies=tuple(sorted(found, key=lambda each: -each.count)),
            described=stated.described,
            own_stated=stated.own,
            by_chance=stated.by_chance,
            some_stated=stated.some,
            telling_attributes=tuple(Count(*each) for each in self._telling.most_common(10) if each[1] >= least),
        )

    def bytes_held(self) -> int:
        """The size of the columns that grow with the catalogue."""
        return self._amounts.array().nbytes + self._currencies.array().nbytes + self._categories.of.nbytes

    def _currency(self, name: str, *, rows: np.ndarray) -> CurrencyPrices:
        amounts_ = self._amounts.array()[rows]
        nodes = self._categories.of[rows]
        judged = self._judge(np.log(amounts_), nodes=nodes)
        stands_out = np.abs(np.nan_to_num(judged.deviations)) > OUTLIER_DEVIATIONS
        for place in np.flatnonzero(stands_out).tolist():
            usual = float(np.exp(judged.medians[place]))
            category = self._categories.path(int(judged.nodes[place])) or "the catalogue"
            reason = f"costs {amounts_[place]:,.2f} {name}; half of {category} cost under {usual:,.2f}"
            severity = abs(float(judged.deviations[place]))
            self.outliers.offer(int(rows[place]), severity=severity, reason=reason)
        widest = self._categories.at_depth(1)[nodes]
        shown = []
        for node in np.unique(widest):
            here = widest == node
            low, median, high = np.percentile(amounts_[here], (25, 50, 75)).tolist()
            label = self._categories.path(int(node)) or "without a category"
            shown.append(CategoryPrices(label, int(here.sum()), low, median, high, int(stands_out[here].sum())))
        shown.sort(key=lambda each: (-each.count, each.category))
        whole = spread(amounts_)
        assert whole is not None
        return CurrencyPrices(
            currency=name,
            count=len(rows),
            spread=whole,
            histogram=_log_histogram(amounts_, whole),
            categories=tuple(shown[:_SHOWN_CATEGORIES]),
            outliers=int(stands_out.sum()),
        )

    def _judge(self, logs: np.ndarray, *, nodes: np.ndarray) -> _Judged:
        """Every price against the narrowest category above it that has prices enough; the root is the last resort."""
        deviations = np.full(len(logs), np.nan)
        judged_by = np.zeros(len(logs), np.int64)
        medians = np.full(len(logs), np.nan)
        for depth in range(max(self._categories.depths), -1, -1):
            labels = self._categories.at_depth(depth)[nodes]
            open_ = np.isnan(deviations)
            if not open_.any():
                break
            order = np.lexsort((logs, labels))
            starts = np.flatnonzero(np.diff(labels[order], prepend=-1))
            for group in np.split(order, starts[1:]):
                todo = group[open_[group]]
                if len(group) < FEWEST_IN_CATEGORY or not len(todo):
                    continue
                median = float(np.median(logs[group]))
                width = _MAD_TO_DEVIATION * float(np.median(np.abs(logs[group] - median)))
                deviations[todo] = (logs[todo] - median) / max(width, _NARROWEST)
                medians[todo], judged_by[todo] = median, labels[todo]
        return _Judged(deviations, judged_by, medians)


def is_placeholder(amount: float) -> bool:
    """Whether a price looks typed in place of one: five nines or more, one digit five times, 12345.

    >>> is_placeholder(99999.0), is_placeholder(9999.0), is_placeholder(1111111)
    (True, False, True)
    """
    digits = f"{amount:.2f}".removesuffix(".00").replace(".", "")
    return len(digits) >= 5 and (len(set(digits)) == 1 or digits in ("12345", "123456", "1234567", "12345678"))


def _log_histogram(amounts_: np.ndarray, whole: Spread) -> Histogram:
    low, high = np.log10(whole.least), np.log10(whole.largest)
    if high - low < 1e-9:
        low, high = low - 0.05, high + 0.05
    bins = int(min(_MOST_BINS, max(8, np.sqrt(len(amounts_)))))
    counts, edges = np.histogram(np.log10(amounts_), bins=bins, range=(float(low), float(high)))
    return Histogram(tuple((10.0**edges).tolist()), tuple(counts.tolist()))


def _title(product: Product) -> str | None:
    return product.titles[0].text if product.titles else None
