"""Measures as functions of resampling weights, so that one bootstrap gives every one of them an interval.

A *statistic* takes weights (b, n), how often each of n questions is in each of b resamples, and returns (b,) values.
With a single row of ones it is the measure itself. Resampling is over questions (queries, products); the items that
are searched stay as they are.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from vitrina.tasks.ranking import Ranks

Statistic = Callable[[np.ndarray], np.ndarray]

_DRAWS_AT_ONCE = 1 << 22


@dataclass(frozen=True, slots=True)
class Estimate:
    """A measure with the percentile interval of its bootstrap."""

    value: float
    low: float
    high: float


def estimate(
    statistic: Statistic, *, questions: int, seed: int, resamples: int = 1000, level_share: float = 0.95
) -> Estimate:
    """The statistic and its percentile bootstrap interval (Efron & Tibshirani 1993, chapter 13)."""
    if questions < 1:
        raise ValueError("There is nothing to measure: no question was posed.")
    draws = np.random.default_rng(seed)
    step = max(1, _DRAWS_AT_ONCE // questions)
    values = []
    for start in range(0, resamples, step):
        rows = min(step, resamples - start)
        drawn = draws.integers(questions, size=(rows, questions)) + questions * np.arange(rows)[:, None]
        weights = np.bincount(drawn.reshape(-1), minlength=rows * questions).reshape(rows, questions)
        values.append(statistic(weights.astype(np.float64)))
    sample = np.concatenate(values)
    tail = (1.0 - level_share) / 2
    low, high = (
        np.quantile(sample[np.isfinite(sample)], [tail, 1 - tail]) if np.isfinite(sample).any() else (np.nan,) * 2
    )
    return Estimate(float(statistic(np.ones((1, questions)))[0]), float(low), float(high))


def mean_of(values: np.ndarray) -> Statistic:
    """The mean of one value (n,) per question."""
    return lambda weights: (weights @ values) / weights.sum(1)


def ratio_of(values: np.ndarray, counts: np.ndarray) -> Statistic:
    """Sum of values over sum of counts, both (n,): a mean whose questions hold several terms each."""
    return lambda weights: (weights @ values) / np.maximum(weights @ counts, 1e-12)


def median_of(values: np.ndarray) -> Statistic:
    """The median of one value (n,) per question; of two middle values their mean."""
    order = np.argsort(values, kind="stable")
    ordered = values[order]

    def statistic(weights: np.ndarray) -> np.ndarray:
        below = np.cumsum(weights[:, order], axis=1)
        half = below[:, -1:] / 2
        lower, upper = (below < half).sum(1), (below <= half).sum(1)
        return (ordered[lower] + ordered[np.minimum(upper, len(ordered) - 1)]) / 2

    return statistic


def retrieval(ranks: Ranks) -> dict[str, Statistic]:
    """R@1, R@5, R@10 and MRR as shares, and the median rank."""
    measures = {f"R@{k}": mean_of(ranks.recall(k)) for k in (1, 5, 10)}
    return {**measures, "MRR": mean_of(ranks.reciprocal()), "median rank": median_of(ranks.expected())}


def retrieval_by_chance(ranks: Ranks) -> dict[str, float]:
    """What a model that finds everything equal reaches: k/N where one item is right, more where several are."""
    chance = ranks.by_chance()
    ones = np.ones((1, len(ranks)))
    return {name: float(statistic(ones)[0]) for name, statistic in retrieval(chance).items()}


def accuracy(truth: np.ndarray, *, predicted: np.ndarray) -> Statistic:
    """Share of questions answered rightly."""
    return mean_of((truth == predicted).astype(np.float64))


def macro_f1(truth: np.ndarray, *, predicted: np.ndarray, classes: int) -> Statistic:
    """Mean F1 over the classes that occur in the truth or in the answers of a resample."""
    truths, answers = np.eye(classes)[truth], np.eye(classes)[predicted]
    both = truths * answers

    def statistic(weights: np.ndarray) -> np.ndarray:
        right, size = weights @ both, weights @ truths + weights @ answers
        f1 = 2 * right / np.maximum(size, 1e-12)
        return f1.sum(1) / (size > 0).sum(1)

    return statistic


def majority(truth: np.ndarray, *, classes: int) -> tuple[float, float]:
    """Accuracy and macro-F1 of always answering the commonest class."""
    counts = np.bincount(truth, minlength=classes)
    share = float(counts.max() / counts.sum())
    return share, 2 * share / (1 + share) / int((counts > 0).sum())


def confusion(truth: np.ndarray, *, predicted: np.ndarray, classes: int) -> np.ndarray:
    """(c, c) int64: rows are the truth, columns the answers."""
    return np.bincount(truth * classes + predicted, minlength=classes * classes).reshape(classes, classes)


def match_accuracy(own: np.ndarray, *, other: np.ndarray) -> Statistic:
    """Share of right answers at probability .5, over own and other texts alike; exactly .5 is half right."""
    return mean_of(((own > 0.5) + 0.5 * (own == 0.5) + (other < 0.5) + 0.5 * (other == 0.5)) / 2)


def prefers_own(own: np.ndarray, *, other: np.ndarray) -> Statistic:
    """Share of products whose own text is believed more than the other; equal belief is half right."""
    return mean_of((own > other) + 0.5 * (own == other))


def auc(own: np.ndarray, *, other: np.ndarray) -> Statistic:
    """Area under the ROC curve of own (n,) against other (n,); ties count half. A weight is for a product's both."""
    scores = np.concatenate([own, other])
    order = np.argsort(scores, kind="stable")
    ordered = scores[order]
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
    is_own = (order < len(own)).astype(np.float64)

    def statistic(weights: np.ndarray) -> np.ndarray:
        spread = np.concatenate([weights, weights], axis=1)[:, order]
        owns = np.add.reduceat(spread * is_own, starts, axis=1)
        others = np.add.reduceat(spread * (1 - is_own), starts, axis=1)
        below = np.cumsum(others, axis=1) - others
        return (owns * (below + others / 2)).sum(1) / (owns.sum(1) * others.sum(1))

    return statistic


def entropy(counts: np.ndarray) -> float:
    """Entropy in nats of the distribution with these counts: the loss of a guess that knows only the shares."""
    shares = counts[counts > 0] / counts.sum()
    return float(-(shares * np.log(shares)).sum()) if len(shares) else 0.0
