"""At which rank does the first right item stand, when equal scores are in random order?

Ties get what a random order of the tied items would get on average (McSherry & Najork, "Computing information
retrieval performance measures efficiently in the presence of tied scores", ECIR 2008). A model that gives every item
the same score therefore scores exactly chance, and an item is never rewarded for its place in the file.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

TIE = 1e-6
"""Scores closer than this are tied: about what float32 rounding does to the cosine of equal vectors."""

_SCORES_AT_ONCE = 1 << 24


@dataclass(frozen=True)
class Ranks:
    """Where the best right item ("hit") of each of q queries stands among `items` items; every array is (q,) int64.

    `above` items score higher than the best hit, `tied` score as it does (itself included), `tied_hits` of those are
    hits, and `hits` of all items are. Methods give expectations over random orders of tied items.
    """

    above: np.ndarray
    tied: np.ndarray
    tied_hits: np.ndarray
    hits: np.ndarray
    items: int

    def __len__(self) -> int:
        return len(self.above)

    def recall(self, k: int) -> np.ndarray:
        """(q,) float64: probability that a hit is among the first k."""
        missed = np.ones(len(self))
        for place in range(k):
            others = np.maximum(self.tied - self.tied_hits - place, 0) / np.maximum(self.tied - place, 1)
            missed *= np.where(self.above + place < k, others, 1.0)
        return 1.0 - missed

    def expected(self) -> np.ndarray:
        """(q,) float64: expected rank of the first hit, counted from 1."""
        return self.above + (self.tied + 1) / (self.tied_hits + 1)

    def reciprocal(self) -> np.ndarray:
        """(q,) float64: expected reciprocal rank of the first hit."""
        cases, case_of = np.unique(np.stack([self.above, self.tied, self.tied_hits], 1), axis=0, return_inverse=True)
        return np.array([_reciprocal(*case) for case in cases.tolist()], dtype=float)[case_of.reshape(-1)]

    def by_chance(self) -> "Ranks":
        """The same questions, answered by a model that finds everything equal: the base rate of each measure."""
        everything = np.full_like(self.above, self.items)
        return Ranks(np.zeros_like(self.above), everything, self.hits, self.hits, self.items)

    def only(self, queries: np.ndarray) -> "Ranks":
        """Some of the queries, by mask or index, before the same items."""
        chosen = (self.above[queries], self.tied[queries], self.tied_hits[queries], self.hits[queries])
        return Ranks(*chosen, items=self.items)


def together(parts: Sequence[Ranks]) -> Ranks:
    """The ranks of several searches among equally many items as one."""
    assert len({part.items for part in parts}) == 1, "searches among different numbers of items"
    return Ranks(
        above=np.concatenate([part.above for part in parts]),
        tied=np.concatenate([part.tied for part in parts]),
        tied_hits=np.concatenate([part.tied_hits for part in parts]),
        hits=np.concatenate([part.hits for part in parts]),
        items=parts[0].items,
    )


def rank(
    queries: np.ndarray, items: np.ndarray, *, query_labels: np.ndarray, item_labels: np.ndarray, tie: float = TIE
) -> Ranks:
    """Rank items (m, d) by dot product with each of the queries (q, d).

    `query_labels` (q, l) and `item_labels` (m, l): an item is a hit where any of its l labels equals the query's.
    Raises ValueError where a score is not a number, or a query has no hit at all.
    """
    above, tied, tied_hits, hits = (np.zeros(len(queries), dtype=np.int64) for _ in range(4))
    step = max(1, _SCORES_AT_ONCE // max(len(items), 1))
    for start in range(0, len(queries), step):
        chunk = slice(start, min(start + step, len(queries)))
        scores = queries[chunk] @ items.T
        if not np.isfinite(scores).all():
            raise ValueError("The model's embeddings hold values that are not finite: nothing can be ranked by them.")
        is_hit = np.zeros(scores.shape, dtype=bool)
        for label in range(item_labels.shape[1]):
            is_hit |= query_labels[chunk, label, None] == item_labels[None, :, label]
        hits[chunk] = is_hit.sum(1)
        best = np.where(is_hit, scores, -np.inf).max(1, initial=-np.inf)[:, None]
        is_above = scores > best + tie
        is_tied = ~is_above & (scores >= best - tie)
        above[chunk], tied[chunk], tied_hits[chunk] = is_above.sum(1), is_tied.sum(1), (is_tied & is_hit).sum(1)
    if (hits == 0).any():
        raise ValueError(f"Query {int(np.argmin(hits))} has no right item to find: pose it with its item.")
    return Ranks(above, tied, tied_hits, hits, items=len(items))


def best_items(queries: np.ndarray, items: np.ndarray, *, top: int) -> tuple[np.ndarray, np.ndarray]:
    """The `top` best items of each query, best first: their numbers (q, top) int64 and scores (q, top) float32."""
    top = min(top, len(items))
    numbers = np.zeros((len(queries), top), dtype=np.int64)
    scores = np.zeros((len(queries), top), dtype=np.float32)
    step = max(1, _SCORES_AT_ONCE // max(len(items), 1))
    for start in range(0, len(queries), step):
        chunk = slice(start, min(start + step, len(queries)))
        all_scores = queries[chunk] @ items.T
        some = np.argpartition(-all_scores, top - 1, axis=1)[:, :top] if top < len(items) else None
        some = np.tile(np.arange(len(items)), (len(all_scores), 1)) if some is None else np.sort(some, axis=1)
        values = np.take_along_axis(all_scores, some, axis=1)
        order = np.argsort(-values, axis=1, kind="stable")
        numbers[chunk] = np.take_along_axis(some, order, axis=1)
        scores[chunk] = np.take_along_axis(values, order, axis=1)
    return numbers, scores


def _reciprocal(above: int, tied: int, tied_hits: int) -> float:
    """Mean of 1 / (above + place of the first of `tied_hits` in a random order of `tied`)."""
    places = np.arange(1, tied - tied_hits + 2)
    still_missing = np.cumprod(np.maximum(tied - tied_hits - places + 1, 0) / (tied - places + 1))
    first_here = np.concatenate([[1.0], still_missing[:-1]]) - still_missing
    return float((first_here / (above + places)).sum())
