"""Builder: what can be shown of a product — its pictures, its descriptions, and descriptions that are not its own."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, NoReturn

import numpy as np

from vitrina.catalogue.product import Product
from vitrina.data.draws import hashed, integers, uniform
from vitrina.data.fields import Sides, TextSide, draw_text_sides
from vitrina.data.permutation import permute
from vitrina.data.sources import categories_of, numbered
from vitrina.data.stock import Stock
from vitrina.data.text import text_key


@dataclass(frozen=True)
class Negatives:
    """Descriptions of other products, for image-text matching and as further columns of the contrastive loss.

    For matching a product has as many as it has texts of its own, and at least `minimum`. `contrast` of them, others,
    stand beside each row's text in the contrastive loss, as wrong answers to every picture of the batch.

    `category_share` of either are taken from products with the same category path where enough of these exist, and the
    rest from all products. `redraw="epoch"` draws the lists anew in every epoch, `"fixed"` keeps them.
    """

    minimum: int = 4
    redraw: Literal["fixed", "epoch"] = "epoch"
    category_share: float = 0.0
    contrast: int = 0

    def __post_init__(self) -> None:
        if self.minimum < 1:
            raise ValueError(f"negatives.minimum is {self.minimum}: a product needs at least one negative.")
        if self.redraw not in ("fixed", "epoch"):
            raise ValueError(f"negatives.redraw is {self.redraw!r}: choose 'fixed' or 'epoch'.")
        if not 0 <= self.category_share <= 1:
            raise ValueError(f"negatives.category_share is {self.category_share}: a share lies between 0 and 1.")
        if self.contrast < 0:
            raise ValueError(f"negatives.contrast is {self.contrast}: choose 0, which is none, or more.")


@dataclass(frozen=True)
class Built:
    """A product's encoded pictures, its own texts, and texts of other products that it does not share."""

    images: tuple[bytes, ...]
    positives: tuple[str, ...]
    negatives: tuple[str, ...]


@dataclass(frozen=True)
class Negative:
    """A description of another product: its stock row, the number of its group, and what it shows as its text."""

    row: int
    group: int
    side: TextSide


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
        if negatives.category_share > 0:
            self._categories = categories_of(stock)[self._rows]
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
        numbers = np.arange(count)
        negatives = self._matching(
            np.full(count, row), epochs=np.full(count, epoch), numbers=numbers, products=[product] * count
        )
        return Built(product.pictures, positives, tuple(negatives))

    def draw(self, keys: np.ndarray, *, products: Sequence[Product]) -> Drawn:
        """A picture and a text of each row of `keys` (b, 3), of its product as read."""
        return draw(self._seed, keys, products=products)

    def draw_negatives(self, keys: np.ndarray, *, products: Sequence[Product]) -> list[str]:
        """One of its negatives for each row of `keys` (b, 3): only that one is read."""
        counts = np.array([self._count(len(product.texts)) for product in products], dtype=np.int64)
        numbers = integers(self._seed, keys, name="negative", below=counts)
        return self._matching(keys[:, 2], epochs=keys[:, 1], numbers=numbers, products=products)

    def draw_contrast(
        self, keys: np.ndarray, *, products: Sequence[Product], shown: Sequence[TextSide], sides: Sides
    ) -> list[Negative]:
        """`negatives.contrast` of each row of `keys` (b, 3), one row's after another's, each showing what `sides` ask.

        None shows what is the same text as any of the row's own, or as what is `shown` of it.
        """
        each = self._settings.contrast
        rows, epochs = np.repeat(keys[:, 2], each), np.repeat(keys[:, 1], each)
        own = [_own(product) | set(side.keys) for product, side in zip(products, shown, strict=True)]
        return self._find(
            rows,
            epochs=epochs,
            numbers=np.tile(np.arange(each), len(keys)),
            counts=np.full(len(rows), each, dtype=np.int64),
            own=[some for some in own for _ in range(each)],
            name="contrast negatives",
            show=lambda lists, some: draw_text_sides(self._seed, lists, products=some, sides=sides),
        )

    def groups(self, rows: np.ndarray) -> np.ndarray:
        """The numbers (b,) int64 that products of one group share, of stock rows (b,) that are built here."""
        return self._groups[self._places(rows)]

    def _matching(
        self, rows: np.ndarray, *, epochs: np.ndarray, numbers: np.ndarray, products: Sequence[Product]
    ) -> list[str]:
        """Negatives of the lists for matching: one text of each product."""
        found = self._find(
            rows,
            epochs=epochs,
            numbers=numbers,
            counts=np.array([self._count(len(product.texts)) for product in products], dtype=np.int64),
            own=[_own(product) for product in products],
            name="negatives",
            show=self._one_text,
        )
        return [negative.side.texts[0] for negative in found]

    def _one_text(self, lists: np.ndarray, products: Sequence[Product]) -> list[TextSide]:
        """One text of each product, by the lists (n, 3) that it is for."""
        counts = self._text_counts[self._places(lists[:, 2])]
        texts = integers(self._seed, lists, name="negative text", below=counts)
        chosen = [product.texts[text].text for product, text in zip(products, texts.tolist(), strict=True)]
        return [TextSide((text,), (1.0,), (text_key(text),)) for text in chosen]

    def _places(self, rows: np.ndarray) -> np.ndarray:
        """Where stock rows (n,) stand among those that are built."""
        places = np.searchsorted(self._rows, rows)
        assert (self._rows[np.minimum(places, len(self._rows) - 1)] == rows).all(), "a row that is not built here"
        return places

    def _count(self, positives: int) -> int:
        return max(positives, self._settings.minimum)

    def _find(
        self,
        rows: np.ndarray,
        *,
        epochs: np.ndarray,
        numbers: np.ndarray,
        counts: np.ndarray,
        own: Sequence[set[int]],
        name: str,
        show: "_Shows",
    ) -> list[Negative]:
        """Negative `numbers` (n,) of the lists of `rows` (n,), which hold `counts` (n,) each.

        The candidates of a product are a permutation of the pool: negative j takes the first of places j, j + count,
        j + 2 count … that is no duplicate. So the negatives of one product come from different products, unless the
        pool is not much larger than their list, and each is found without the others. (One of the whole pool may by
        chance be one of the category's.)
        """
        owners = self._places(rows)
        lists = np.stack([rows, epochs if self._settings.redraw == "epoch" else np.full_like(epochs, -1)], axis=1)
        keys = hashed(self._seed, lists, name=name)
        categories = self._categories[owners]
        has_category = categories >= 0
        starts, shelf_sizes = np.zeros_like(owners), np.zeros_like(owners)
        starts[has_category] = self._category_starts[categories[has_category]]
        shelf_sizes[has_category] = self._category_sizes[categories[has_category]]
        is_whole = (shelf_sizes <= counts) | ~self._is_of_category(lists, numbers=numbers, name=name)
        found: dict[int, Negative] = {}
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
            elements, others = pending[is_other], candidates[is_other]
            for element, candidate, side in zip(
                elements.tolist(), others.tolist(), self._read(others, lists=lists[elements], show=show), strict=True
            ):
                if own[element].isdisjoint(side.keys):
                    found[element] = Negative(int(self._rows[candidate]), int(self._groups[candidate]), side)
            attempts[pending] += 1
            pending = np.array([element for element in pending.tolist() if element not in found], dtype=np.int64)
        return [found[element] for element in range(len(rows))]

    def _is_of_category(self, lists: np.ndarray, *, numbers: np.ndarray, name: str) -> np.ndarray:
        """Which `numbers` of the lists are to be of the own category: as many of each as the share says, but for one
        more or less, so that it holds on the whole."""
        share = self._settings.category_share
        start = uniform(self._seed, lists, name=f"{name} of the category")
        return np.floor((numbers + 1) * share + start) > np.floor(numbers * share + start)

    def _read(self, candidates: np.ndarray, *, lists: np.ndarray, show: "_Shows") -> list[TextSide]:
        """What each candidate shows of its texts, for its list."""
        if not candidates.size:
            return []
        rows = self._rows[candidates]
        return show(np.column_stack([lists, rows]), self._stock.read(rows, pictures="none"))

    def _give_up(self, row: int) -> NoReturn:
        product = self._stock.read(np.array([row]), pictures="none")[0]
        raise ValueError(
            f"No training product has a text that could be a negative for {self._stock.where(row)} (product "
            f"{product.id!r}): all are its own, of its group, or duplicates of its own. Add products, correct their "
            "groups, or do without: a recipe without text matching, negatives.contrast=0."
        )


_Shows = Callable[[np.ndarray, Sequence[Product]], list[TextSide]]


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


def _own(product: Product) -> set[int]:
    """The keys of all of a product's texts."""
    return {text_key(text.text) for text in product.texts}
