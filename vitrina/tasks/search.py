"""Search: which picture does a text describe, and which text describes a picture?

One row per product: its first text (the title where it has one) and its first picture.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from vitrina.catalogue.product import Product
from vitrina.tasks.abilities import EmbedsBoth
from vitrina.tasks.ranking import Ranks, best_items, rank
from vitrina.tasks.sameness import numbered, plain

Query = Literal["text", "picture"]


@dataclass(frozen=True, slots=True)
class Pair:
    """A product's text and picture: each is the other's right answer."""

    product: str
    text: str
    picture: bytes


@dataclass(frozen=True)
class Found:
    """What a search found, in two readings of "right", with the best items of each query.

    `strict`: only the query's own row is right. `aware`: every row of the same product or with the same text is.
    `top` (q, 5) int64 are row numbers, `scores` (q, 5) float32 their scores, best first.
    """

    strict: Ranks
    aware: Ranks
    top: np.ndarray
    scores: np.ndarray


def pose(product: Product) -> Pair | None:
    """The product as a question, or None where it lacks a text or a picture."""
    if not (product.texts and product.pictures):
        return None
    return Pair(product.id, product.texts[0].text, product.pictures[0])


def answer(model: EmbedsBoth, *, pairs: Sequence[Pair], query: Query) -> Found:
    """Search every row's picture by its text (`query="text"`), or its text by its picture."""
    texts = model.embed_texts([pair.text for pair in pairs])
    pictures = model.embed_images([pair.picture for pair in pairs])
    queries, items = (texts, pictures) if query == "text" else (pictures, texts)
    rows = np.arange(len(pairs))[:, None]
    same = np.stack([numbered(pair.product for pair in pairs), numbered(plain(pair.text) for pair in pairs)], 1)
    top, scores = best_items(queries, items, top=5)
    return Found(
        strict=rank(queries, items, query_labels=rows, item_labels=rows),
        aware=rank(queries, items, query_labels=same, item_labels=same),
        top=top,
        scores=scores,
    )


def shuffled(pairs: Sequence[Pair], *, seed: int) -> list[Pair]:
    """The control: every text gets a picture drawn at random, so that no model can find more than 1/N."""
    order = np.random.default_rng(seed).permutation(len(pairs))
    return [Pair(pair.product, pair.text, pairs[other].picture) for pair, other in zip(pairs, order, strict=True)]
