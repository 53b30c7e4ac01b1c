"""Groups: which questions are about the same business domain, or posed in the same language."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from vitrina.catalogue.product import Product, Text
from vitrina.evaluation.evaluation import By

LEAST = 50
"""Questions that a group needs to be shown: of fewer, an interval is wider than what it could tell."""

UNSTATED = "language not stated"


@dataclass(frozen=True)
class Grouping:
    """The shown groups among some questions: `names`, and for each question (q,) the number of its own, -1 for none."""

    by: By
    names: list[str]
    numbers: np.ndarray

    def groups(self) -> Iterator[tuple[str, np.ndarray]]:
        """Each group's name and the questions that belong to it, as indices."""
        for number, name in enumerate(self.names):
            yield name, np.flatnonzero(self.numbers == number)


def grouping(labels: Sequence[str], *, by: By) -> Grouping | None:
    """The groups of LEAST questions or more, the largest first; None where all questions are alike, or none is large.

    >>> grouping(["fashion"] * 80 + ["toys"] * 60 + ["garden"] * 3, by="domain").names
    ['fashion', 'toys']
    """
    names, numbers, counts = np.unique(np.array(labels, dtype=object), return_inverse=True, return_counts=True)
    order = [number for number in np.argsort(-counts, kind="stable").tolist() if counts[number] >= LEAST]
    if len(names) < 2 or not order:
        return None
    places = np.full(len(names), -1, dtype=np.int64)
    places[order] = np.arange(len(order))
    return Grouping(by, [str(names[number]) for number in order], places[numbers.reshape(-1)])


def language_of(text: Text) -> str:
    """The language of a text without its region: `es` for `es-MX`."""
    return (text.language or "").split("-")[0].split("_")[0].lower() or UNSTATED


def too_small(products: Sequence[Product], *, domains: Sequence[str]) -> dict[By, list[str]]:
    """The domains of the products, and the languages of their first texts, that are too few to be shown, with counts.

    Nothing where all are alike.
    """
    labels: dict[By, list[str]] = {
        "domain": list(domains),
        "language": [language_of(product.texts[0]) for product in products if product.texts],
    }
    found: dict[By, list[str]] = {}
    for by, each in labels.items():
        names = sorted(set(each))
        few = [f"{name} ({each.count(name)})" for name in names if each.count(name) < LEAST]
        if len(names) > 1 and few:
            found[by] = few
    return found
