"""Confidence that means what it says: of the answers given with 80 %, about 80 % are right.

A temperature divides the logits before the softmax (Guo et al. 2017, "On Calibration of Modern Neural Networks",
section 4.2). It is fitted to smoothed targets (Platt 1999, section 2.2): where every known answer is right, the
confidence still stays below what that many answers can prove.
"""

import numpy as np

BINS = 15
"""Of equal width, as in Guo et al. 2017, section 2."""

_LOWEST, _HIGHEST = 1e-3, 1e6
_HALVINGS = 60


def log_softmax(logits: np.ndarray) -> np.ndarray:
    """(n, c) float64: natural logarithms of the probabilities."""
    shifted = logits.astype(np.float64) - logits.max(1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(1, keepdims=True))


def surprise(log_probabilities: np.ndarray, *, truth: np.ndarray) -> float:
    """Mean negative log-likelihood in nats of truth (n,) under (n, c), smoothed by one guess among n + 1."""
    rows, classes = log_probabilities.shape
    own = log_probabilities[np.arange(rows), truth]
    smooth = 1.0 / (rows + 1)
    every = log_probabilities.mean(1) if classes else own
    return float(-((1 - smooth) * own + smooth * every).mean())


def fit_temperature(logits: np.ndarray, *, truth: np.ndarray) -> float:
    """The temperature under which truth (n,) is least surprising given logits (n, c); 1 where there is no choice.

    The loss is convex in 1/T, so its derivative is halved between its ends until they meet.
    """
    rows, classes = logits.shape
    if rows == 0 or classes < 2 or not np.ptp(logits, axis=1).any():
        return 1.0
    wide = logits.astype(np.float64) - logits.max(1, keepdims=True)
    smooth = 1.0 / (rows + 1)
    wanted = float(((1 - smooth) * wide[np.arange(rows), truth] + smooth * wide.mean(1)).mean())
    low, high = np.log(_LOWEST), np.log(_HIGHEST)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        weights = np.exp(np.exp(middle) * wide)
        expected = float(((weights * wide).sum(1) / weights.sum(1)).mean())
        low, high = (middle, high) if expected < wanted else (low, middle)
    return float(np.exp(-(low + high) / 2))


def expected_calibration_error(confidence: np.ndarray, *, is_right: np.ndarray, bins: int = BINS) -> float:
    """Mean distance between confidence (n,) and the share of right answers, over bins of equal width, by their size.

    >>> expected_calibration_error(np.array([0.75] * 4), is_right=np.array([True, True, True, False]))
    0.0
    """
    if not len(confidence):
        return 0.0
    numbers = np.minimum((confidence * bins).astype(np.int64), bins - 1)
    gaps = np.bincount(numbers, weights=confidence - is_right, minlength=bins)
    return float(np.abs(gaps).sum() / len(confidence))
