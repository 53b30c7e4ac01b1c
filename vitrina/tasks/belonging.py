"""Belonging: do a product's pictures, texts and category speak of one thing? Asked of a whole catalogue at once.

Nothing is learnt for it: a picture is compared with its product's texts as other pictures are with these texts, and
with the categories of the pictures that look most like it. What fits neither stands out. The rows themselves may be
wrong, so every figure is measured against the catalogue's own middle and spread, which a few wrong rows hardly move.
"""

from dataclasses import dataclass

import numpy as np

from vitrina.tasks.product_vectors import Parts, unit

NEIGHBOURS = 15
_OTHERS = 2048
_AT_ONCE = 512
_PRIOR = 1.0
"""Votes that every category has before neighbours vote, so that no single one of them decides."""


@dataclass(frozen=True)
class Doubts:
    """How much each part and each category stands out, in spreads above the catalogue's middle; NaN where nothing can
    be compared. `pictures` (m,) and `texts` (k,) by part, `categories` (n,) by product."""

    pictures: np.ndarray
    texts: np.ndarray
    categories: np.ndarray


def doubts(pictures: Parts, *, texts: Parts, category: np.ndarray, group: np.ndarray, seed: int) -> Doubts:
    """Doubts about every part of n products.

    `category` (n,) int64 numbers each product's category, -1 where it has none; products of equal `group` (n,) never
    vote for each other. The seed draws the others that a pair is compared with, where there are many.
    """
    n = len(category)
    seen, told = (Parts(_centred(each.vectors), each.owner) for each in (pictures, texts))
    # A picture beside its product's texts, and a text beside its product's pictures.
    fits_texts = _fit(seen, others=told.means(n), seed=seed)
    fits_pictures = _fit(told, others=seen.means(n), seed=seed)
    looks = _votes(seen, category=category, group=group)
    reads = _votes(told, category=category, group=group)
    about_category = np.stack([_by_product(looks, pictures.owner, n), _by_product(reads, texts.owner, n)])
    return Doubts(
        pictures=-_mean(np.stack([_standing(fits_texts), _standing(looks)])),
        texts=-_mean(np.stack([_standing(fits_pictures), _standing(reads)])),
        categories=-_mean(np.stack([_standing(each) for each in about_category])),
    )


def _centred(vectors: np.ndarray) -> np.ndarray:
    """Without what all have in common, which differs between pictures and texts (Liang et al. 2022), of length one."""
    if not len(vectors):
        return vectors
    return unit(vectors - vectors.mean(axis=0))


def _fit(parts: Parts, *, others: np.ndarray, seed: int) -> np.ndarray:
    """(m,): by how many spreads a part fits its own product better than any product, and its product this part better
    than any part; NaN where the product has nothing on the other side."""
    vectors, owner = parts.vectors, parts.owner
    fits = np.full(len(vectors), np.nan)
    has = np.flatnonzero(np.any(others, axis=1))
    asked = np.flatnonzero(np.any(others[owner], axis=1)) if len(vectors) else np.zeros(0, np.int64)
    if len(has) < 3 or len(asked) < 3:
        return fits
    draws = np.random.default_rng(seed)
    any_products = has if len(has) <= _OTHERS else np.sort(draws.choice(has, _OTHERS, replace=False))
    any_parts = asked if len(asked) <= _OTHERS else np.sort(draws.choice(asked, _OTHERS, replace=False))
    for start in range(0, len(asked), _AT_ONCE):
        rows = asked[start : start + _AT_ONCE]
        own = (vectors[rows] * others[owner[rows]]).sum(axis=1)
        here, there = vectors[rows] @ others[any_products].T, others[owner[rows]] @ vectors[any_parts].T
        fits[rows] = (_above(own, here) + _above(own, there)) / 2
    return fits


def _above(own: np.ndarray, all_of_them: np.ndarray) -> np.ndarray:
    return (own - all_of_them.mean(axis=1)) / np.maximum(all_of_them.std(axis=1), 1e-6)


def _votes(parts: Parts, *, category: np.ndarray, group: np.ndarray) -> np.ndarray:
    """(m,): the logarithm of the votes for a part's own category over those for the category that has most.

    The nearest parts of other products vote, weighed by how near they are. NaN without a category, or where hardly
    anything else has one.
    """
    vectors, owner = parts.vectors, parts.owner
    result = np.full(len(vectors), np.nan)
    named = np.flatnonzero(category[owner] >= 0) if len(vectors) else np.zeros(0, np.int64)
    if len(named) <= NEIGHBOURS:
        return result
    pool, classes, groups = vectors[named], category[owner[named]], group[owner[named]]
    count = int(classes.max()) + 1
    for start in range(0, len(named), _AT_ONCE):
        rows = slice(start, min(start + _AT_ONCE, len(named)))
        alike = pool[rows] @ pool.T
        alike[groups[rows, None] == groups[None, :]] = -np.inf
        near = np.argpartition(-alike, NEIGHBOURS - 1, axis=1)[:, :NEIGHBOURS]
        weight = np.maximum(np.take_along_axis(alike, near, axis=1), 0.0)
        votes = np.full((len(near), count), _PRIOR / count)
        np.add.at(votes, (np.arange(len(near))[:, None], classes[near]), weight)
        own = votes[np.arange(len(near)), classes[rows]]
        result[named[rows]] = np.log(own / votes.max(axis=1))
    return result


def _by_product(values: np.ndarray, owner: np.ndarray, products: int) -> np.ndarray:
    """(n,): the mean over each product's parts that have a figure; NaN without."""
    known = ~np.isnan(values)
    counts = np.bincount(owner[known], minlength=products)
    sums = np.bincount(owner[known], weights=values[known], minlength=products)
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)


def _standing(values: np.ndarray) -> np.ndarray:
    """Values in spreads from their middle: the median, and the distance from it that two thirds keep.

    Where hardly anything differs a spread counts one (a deviation of fits, a factor e of votes): it must not hang on
    the wrong rows themselves.
    """
    known = values[~np.isnan(values)]
    if not len(known):
        return values
    middle = np.median(known)
    return (values - middle) / max(float(np.quantile(np.abs(known - middle), 0.68)), 1.0)


def _mean(figures: np.ndarray) -> np.ndarray:
    """(m,) of (k, m): the mean of those there are, NaN without any."""
    known = ~np.isnan(figures)
    return np.where(
        known.any(axis=0), np.where(known, figures, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1), np.nan
    )
