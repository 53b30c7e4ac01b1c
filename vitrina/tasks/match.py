"""Match: does this text describe this picture? Asked twice per product, once with its own text.

How hard the wrong text is, is part of the figure: `other="any"` takes the text of any other product (easy: a watch
against a shoe), `other="category"` one from the narrowest category that holds another text, so that the category
alone does not give the answer. A wrong text never equals one of the product's own.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from vitrina.catalogue.product import Product
from vitrina.tasks.abilities import MatchesPairs
from vitrina.tasks.sameness import plain


@dataclass(frozen=True, slots=True)
class Question:
    """A picture, the text of its own product and the text of another."""

    product: str
    picture: bytes
    own: str
    other: str


@dataclass(frozen=True)
class Believed:
    """(n,) float32 each: the model's probability that the own, and that the other text describes the picture."""

    own: np.ndarray
    other: np.ndarray


def pose(products: Sequence[Product], *, other: Literal["any", "category"], seed: int) -> list[Question]:
    """One question per product that has a picture, a text, and another product with another text to confuse it."""
    able = [product for product in products if product.texts and product.pictures]
    circles: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for number, product in enumerate(able):
        depths = range(len(product.category) + 1) if other == "category" else (0,)
        for depth in depths:
            circles[product.category[:depth]].append(number)
    starts = np.random.default_rng(seed).random(len(able))
    questions = []
    for product, start in zip(able, starts, strict=True):
        text = _another_text(product, able, circles, start=float(start))
        if text is not None:
            questions.append(Question(product.id, product.pictures[0], product.texts[0].text, text))
    return questions


def answer(model: MatchesPairs, *, questions: Sequence[Question]) -> Believed:
    """Ask about every picture with its own text, then with the other."""
    pictures = [question.picture for question in questions]
    own = model.match_pairs(pictures, [question.own for question in questions])
    return Believed(own=own, other=model.match_pairs(pictures, [question.other for question in questions]))


def _another_text(
    product: Product, able: Sequence[Product], circles: dict[tuple[str, ...], list[int]], *, start: float
) -> str | None:
    """From the narrowest circle around the product: the first text that is not its own, counted from a random place."""
    own = {plain(text.text) for text in product.texts}
    for depth in range(len(product.category), -1, -1):
        circle = circles.get(product.category[:depth], [])
        for offset in range(len(circle)):
            text = able[circle[(int(start * len(circle)) + offset) % len(circle)]].texts[0].text
            if plain(text) not in own:
                return text
    return None
