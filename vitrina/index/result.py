"""What a search found, as it is shown in a terminal."""

import shutil
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, Self

from vitrina.catalogue.product import Product

_BAR_CELLS = 8


@dataclass(frozen=True, slots=True)
class Hit:
    """A product that was found: its catalogue row, its score, and what a person wants to see of it."""

    row: int
    score: float
    id: str
    title: str
    category: tuple[str, ...]
    price: Decimal | None
    currency: str | None

    @classmethod
    def of(cls, product: Product, *, row: int, score: float) -> Self:
        """The hit of a product; one without texts goes by its id."""
        title = product.texts[0].text if product.texts else product.id
        return cls(row, score, product.id, title, product.category, product.price, product.currency)

    def price_shown(self) -> str:
        """The price in words, or nothing where it is not known."""
        return "" if self.price is None else f"{self.price:,.2f} {self.currency or ''}".strip()


Mode = Literal["vector", "text", "hybrid"]

_SCORING: dict[Mode, str] = {
    "vector": "The score is the cosine of query and product, both less the catalogue's average: 1 is the most.",
    "text": "The score is BM25: how rare the words are that query and product share, and how often they come.",
    "hybrid": "The score adds words (as a share of the best match) and meaning (the cosine): 1 is the most.",
}


@dataclass(frozen=True)
class SearchResult:
    """The hits of a search, best first, among `searched` products.

    `mode` is how they were found, `skipped` how many better ones were left out, `notes` what had to be computed anew.
    """

    query: str
    hits: tuple[Hit, ...]
    searched: int
    notes: tuple[str, ...]
    mode: Mode = "vector"
    skipped: int = 0

    def text(self) -> str:
        """A table for the terminal, as wide as it is: place, score with a bar, title, category, price, id."""
        lines = [*self.notes, f"{self.query} among {self.searched:,} products", ""]
        width = max(60, shutil.get_terminal_size((100, 24)).columns)
        prices = [hit.price_shown() for hit in self.hits]
        price_width = max([len(price) for price in prices], default=0)
        id_width = min(max([len(hit.id) for hit in self.hits], default=0), 16)
        left = width - (3 + 1 + _BAR_CELLS + 7 + 2) - price_width - id_width - 4
        title_width = max(20, left * 2 // 3)
        category_width = max(0, left - title_width - 2)
        best = max([hit.score for hit in self.hits], default=0.0)
        for place, (hit, price) in enumerate(zip(self.hits, prices, strict=True), start=self.skipped + 1):
            lines.append(
                f"{place:>3} {_bar(hit.score, best=best)} {hit.score:>6.2f}"
                f"  {_fit(hit.title, title_width)}  {_fit(' › '.join(hit.category[-2:]), category_width)}"
                f"  {price:>{price_width}}  {_fit(hit.id, id_width)}".rstrip()
            )
        lines += ["", _SCORING[self.mode]] if self.hits else ["Nothing was found."]
        return "\n".join(lines)


def _bar(score: float, *, best: float) -> str:
    """Eighths of a cell up to the best score."""
    eighths = round(8 * _BAR_CELLS * max(0.0, score) / best) if best > 0 else 0
    full, rest = divmod(min(eighths, 8 * _BAR_CELLS), 8)
    return ("█" * full + (" ▏▎▍▌▋▊▉"[rest] if rest else "")).ljust(_BAR_CELLS)


def _fit(text: str, width: int) -> str:
    line = " ".join(text.split())
    return (line if len(line) <= width else line[: max(0, width - 1)] + "…"[: width > 0]).ljust(width)
