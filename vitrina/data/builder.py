"""Builder: what can be shown of a product — its pictures, its descriptions, and descriptions that are not its own."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NoReturn

import numpy as np
import pyarrow.compute as pc

from vitrina.catalogue.product import Product
from vitrina.data.draws import hashed, integers
from vitrina.data.permutation import permute
from vitrina.data.sources import numbered
from vitrina.data.stock import Stock
from vitrina.data.text import text_key


@dataclass(frozen=True)
class Negatives:
    """Descriptions of other products: as many as the product has of its own, and at least `minimum`.

    `redraw="epoch"` draws the list anew in every epoch, `"fixed"` keeps it. `pool="category"` takes them from products
    with the same category path where enough of these exist, and from all products otherwise.
    """

    minimum: int = 4
    redraw: Literal["fixed", "epoch"] = "epoch"
    pool: Literal["uniform", "category"] = "uniform"

    def __post_init__(self) -> None:
        if self.minimum < 1:
            raise ValueError(f"negatives.minimum is {self.minimum}: a product needs at least one negative.")
        if self.redraw not in ("fixed", "epoch"):
            raise ValueError(f"negatives.redraw is {self.redraw!r}: choose 'fixed' or 'epoch'.")
        if self.pool not in ("uniform", "category"):
            raise ValueError(f"negatives.pool is {self.pool!r}: choose 'uniform' or 'category'.")


@dataclass(frozen=True)
class Built:
    """A product's encoded pictures, its own texts, and texts of other products that it does not share."""

    images: tuple[bytes, ...]
    positives: tuple[str, ...]
    negatives: tuple[str, ...]


@dataclass(frozen=True)
class Drawn:
    """One of each for every row: the number of a picture (b,), the number of a text (b,) and that text."""

    pictures: np.ndarray
    texts: np.ndarray
    positives: list[str]


class Builder:
    """Builds products of `rows` (n,), stock rows that all have a text; negatives come from among them.

    A negative is never a text of the product itself, nor of a variant in its group, nor one that differs from a text
    of its own in case or white space only. Every draw depends on seed and key alone.

    >>> Builder(stock, sources["pair"].rows, negatives=Negatives(), seed=0).build(7, epoch=0)  # doctest: +SKIP
    Built(images=(b'...',), positives=('Red mug',), negatives=('Blue cup', 'Desk lamp', 'Bed linen', 'Sofa'))
    """

    def __init__(self, stock: Stock, rows: np.ndarray, *, negatives: Negatives, seed: int) -> None:
        self._stock = stock
        self._rows = np.asarray(rows, dtype=np.int64)
        self._settings = negatives
        self._seed = seed
        facts = stock.facts()
        self._text_counts = facts["text_count"].to_numpy()[self._rows].astype(np.int64)
        assert (self._text_counts > 0).all() and (np.diff(self._rows) > 0).all(), "rows ascend and have texts"
        groups = numbered(facts["group"]).numbers[self._rows]
        self._groups = np.where(groups < 0, -2 - self._rows, groups)
        self._categories = np.full(len(self._rows), -1, dtype=np.int64)
        if negatives.pool == "category":
            paths = numbered(pc.call_function("binary_join", [facts["category"], "\x1f"]))
            self._categories = np.where(np.array([*paths.names, ""]) == "", -1, np.arange(len(paths.names) + 1))[
                paths.numbers
            ][self._rows]
        # Rows in order of category; category c is the `sizes[c]` of them from `starts[c]` on.
        self._by_category = np.argsort(self._categories, kind="stable")
        self._category_sizes = np.bincount(self._categories + 1)[1:]
        absent = int((self._categories < 0).sum())
        self._category_starts = absent + np.cumsum(self._category_sizes) - self._category_sizes

    def build(self, row: int, *, epoch: int) -> Built:
        """All that can be shown of the product in a stock row in one epoch."""
        product = self._stock.read(np.array([row]))[0]
        positives = tuple(text.text for text in product.texts)
        count = self._count(len(positives))
        negatives = self._find(
            np.full(count, row), epochs=np.full(count, epoch), numbers=np.arange(count), products=[product] * count
        )
        return Built(product.pictures, positives, tuple(negatives))

    def draw(self, keys: np.ndarray, *, products: Sequence[Product]) -> Drawn:
        """A picture and a text of each row of `keys` (b, 3), of its product as read."""
        return draw(self._seed, keys, products=products)

    def draw_negatives(self, keys: np.ndarray, *, products: Sequence[Product]) -> list[str]:
        """One of its negatives for each row of `keys` (b, 3): only that one is read."""
        counts = np.array([self._count(len(product.texts)) for product in products], dtype=np.int64)
        numbers = integers(self._seed, keys, name="negative", below=counts)
        return self._find(keys[:, 2], epochs=keys[:, 1], numbers=numbers, products=products)

    def _count(self, positives: int) -> int:
        return max(positives, self._settings.minimum)

    def _find(
        self, rows: np.ndarray, *, epochs: np.ndarray, numbers: np.ndarray, products: Sequence[Product]
    ) -> list[str]:
        """Negative `numbers` (n,) of `rows` (n,).

        The candidates of a product are a permutation of the pool: negative j takes the first of places j, j + count,
        j + 2 count … that is no duplicate. So the negatives of one product come from different products, unless the
        pool is not much larger than their list, and each is found without the others.
        """
        owners = np.searchsorted(self._rows, rows)
        assert (self._rows[np.minimum(owners, len(self._rows) - 1)] == rows).all(), "a row that is not built here"
        counts = np.array([self._count(len(product.texts)) for product in products], dtype=np.int64)
        lists = np.stack([rows, epochs if self._settings.redraw == "epoch" else np.full_like(epochs, -1)], axis=1)
        keys = hashed(self._seed, lists, name="negatives")
        own = [{text_key(text.text) for text in product.texts} for product in products]
        categories = self._categories[owners]
        has_category = categories >= 0
        starts, shelf_sizes = np.zeros_like(owners), np.zeros_like(owners)
        starts[has_category] = self._category_starts[categories[has_category]]
        shelf_sizes[has_category] = self._category_sizes[categories[has_category]]
        is_whole = shelf_sizes <= counts
        found: dict[int, str] = {}
        attempts = np.zeros(len(rows), dtype=np.int64)
        pending = np.arange(len(rows))
        while pending.size:
            whole, tried = is_whole[pending], attempts[pending]
            sizes = np.where(whole, len(self._rows), shelf_sizes[pending])
            rounds = -(-sizes // counts[pending])
            # The whole pool is gone through to the last place before giving up; a category is given up sooner.
            exhausted = tried >= rounds + np.where(whole, sizes, 0)
            if exhausted.any():
                if (exhausted & whole).any():
                    self._give_up(int(rows[pending[exhausted & whole][0]]))
                is_whole[pending[exhausted]], attempts[pending[exhausted]] = True, 0
                continue
            places = numbers[pending] + tried * counts[pending]
            places = np.where(places < sizes, places, tried % sizes)
            slots = permute(places, sizes=sizes, keys=keys[pending])
            candidates = np.where(whole, slots, self._by_category[np.where(whole, 0, starts[pending] + slots)])
            is_other = self._groups[candidates] != self._groups[owners[pending]]
            for element, text in self._read(pending[is_other], candidates[is_other], lists=lists):
                if text_key(text) not in own[element]:
                    found[element] = text
            attempts[pending] += 1
            pending = np.array([element for element in pending.tolist() if element not in found], dtype=np.int64)
        return [found[element] for element in range(len(rows))]

    def _give_up(self, row: int) -> NoReturn:
        product = self._stock.read(np.array([row]), pictures="none")[0]
        raise ValueError(
            f"No training product has a text that could be a negative for {self._stock.where(row)} (product "
            f"{product.id!r}): all are its own, of its group, or duplicates of its own. Add products, correct their "
            "groups, or choose a recipe without text matching."
        )

    def _read(self, elements: np.ndarray, candidates: np.ndarray, *, lists: np.ndarray) -> list[tuple[int, str]]:
        """One text of each candidate, beside the element that it is for."""
        if not elements.size:
            return []
        rows = self._rows[candidates]
        keys = np.column_stack([lists[elements], rows])
        texts = integers(self._seed, keys, name="negative text", below=self._text_counts[candidates])
        products = self._stock.read(rows, pictures="none")
        return [
            (element, product.texts[text].text)
            for element, product, text in zip(elements.tolist(), products, texts.tolist(), strict=True)
        ]


def draw(seed: int, keys: np.ndarray, *, products: Sequence[Product]) -> Drawn:
    """A picture and a text of each row of `keys` (b, 3); number 0 and "" where a product has none."""
    pictures = draw_numbers(seed, keys, name="picture", counts=np.array([len(each.pictures) for each in products]))
    texts = draw_numbers(seed, keys, name="text", counts=np.array([len(each.texts) for each in products]))
    positives = [
        each.texts[number].text if each.texts else "" for each, number in zip(products, texts.tolist(), strict=True)
    ]
    return Drawn(pictures, texts, positives)


def draw_numbers(seed: int, keys: np.ndarray, *, name: Literal["picture", "text"], counts: np.ndarray) -> np.ndarray:
    """Which of its `counts` (b,) pictures or texts each row of `keys` (b, 3) shows (b,) int64."""
    return integers(seed, keys, name=name, below=np.maximum(counts, 1))
