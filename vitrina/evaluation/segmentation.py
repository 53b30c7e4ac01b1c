"""Masks scored: IoU of every class, beside what a guess that never looks at the picture reaches."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from vitrina.evaluation.evaluation import Metric
from vitrina.evaluation.metrics import Statistic, estimate, ratio_of

_PRIOR_PX = 64


@dataclass(frozen=True)
class Scene:
    """A picture whose regions are known: `labels` (h, w) int64, 0 for background and i + 1 for `names[i]`.

    `words` are the names that stand in it: what a shop knows of the picture without having looked where.
    """

    name: str
    picture: bytes
    words: tuple[str, ...]
    labels: np.ndarray
    names: tuple[str, ...]


@dataclass(frozen=True)
class Counts:
    """Pixels of n scenes by class, background first: rightly named, true and answered, each (n, 1 + c) int64."""

    right: np.ndarray
    true: np.ndarray
    answered: np.ndarray


def count(scenes: Sequence[Scene], *, answers: Iterable[np.ndarray]) -> Counts:
    """Compare answers, (h, w) int64 as `Scene.labels`, with the truth; one after another, none is kept.

    Raises ValueError where an answer has another size than its scene.
    """
    rows = []
    for scene, answer in zip(scenes, answers, strict=True):
        if answer.shape != scene.labels.shape:
            raise ValueError(f"{scene.name}: the mask has {answer.shape} pixels and the picture {scene.labels.shape}")
        classes = 1 + len(scene.names)
        is_right = answer == scene.labels
        rows.append(
            [np.bincount(each.reshape(-1), minlength=classes) for each in (answer[is_right], scene.labels, answer)]
        )
    right, true, answered = np.array(rows, dtype=np.int64).transpose(1, 0, 2)
    return Counts(right, true, answered)


def mean_iou(counts: Counts, *, background: bool) -> Statistic:
    """Mean over the classes that occur in the truth of intersection over union, summed over all pictures first.

    As the PASCAL VOC challenge counts (Everingham et al. 2010, section 4.2), with the background as a class or without.
    A class that occurs nowhere is no class; answering it costs the class whose pixels it takes.
    """
    first = 0 if background else 1
    right, true, answered = (
        each[:, first:].astype(np.float64) for each in (counts.right, counts.true, counts.answered)
    )

    def statistic(weights: np.ndarray) -> np.ndarray:
        both, there = weights @ right, weights @ true
        union = there + weights @ answered - both
        return (both / np.maximum(union, 1)).sum(1) / np.maximum((there > 0).sum(1), 1)

    return statistic


def pixel_accuracy(counts: Counts) -> Statistic:
    """Share of all pixels that are named rightly."""
    return ratio_of(counts.right.sum(1).astype(np.float64), counts.true.sum(1).astype(np.float64))


def figures(counts: Counts, *, floor: Counts | None = None, seed: int = 0) -> tuple[Metric, ...]:
    """mIoU with and without background and pixel accuracy, beside those of a `floor`.

    Pixel accuracy has its interval over pictures. mIoU has none: rare classes stand in few pictures, so that resampled
    ones hold fewer classes than there are, and a percentile interval lies above the figure itself.
    """
    rows = []
    for name, measure in _MEASURES.items():
        base = None if floor is None else float(measure(floor)(np.ones((1, len(floor.true))))[0])
        rows.append(Metric(name, float(measure(counts)(np.ones((1, len(counts.true))))[0]), base=base))
    found = estimate(pixel_accuracy(counts), questions=len(counts.true), seed=seed)
    return (*rows[:-1], replace(rows[-1], low=found.low, high=found.high))


_MEASURES = {
    "mIoU": lambda counts: mean_iou(counts, background=True),
    "mIoU without background": lambda counts: mean_iou(counts, background=False),
    "pixel accuracy": pixel_accuracy,
}


def all_background(scenes: Sequence[Scene]) -> Iterable[np.ndarray]:
    """The floor that finds nothing in any picture."""
    return (np.zeros_like(scene.labels) for scene in scenes)


def all_named(scenes: Sequence[Scene]) -> Iterable[np.ndarray]:
    """The floor that names whole pictures by their first word."""
    return (np.full_like(scene.labels, scene.names.index(scene.words[0]) + 1 if scene.words else 0) for scene in scenes)


class LocationPrior:
    """The floor that knows where things mostly are: the mean mask of every word over training pictures that have it.

    A supervised floor: it has seen training masks, and at the question knows which words belong to the picture, but
    never looks at it. A word that training never showed has the mean of all words. Raises ValueError where no training
    picture has any.
    """

    def __init__(self, scenes: Iterable[Scene]) -> None:
        sums, counts = dict[str, np.ndarray](), Counter[str]()
        background, pictures = np.zeros((_PRIOR_PX, _PRIOR_PX)), 0
        for scene in scenes:
            small = _resized(scene.labels, height=_PRIOR_PX, width=_PRIOR_PX)
            background += small == 0
            pictures += 1
            for word in scene.words:
                sums[word] = sums.get(word, 0.0) + (small == scene.names.index(word) + 1)
                counts[word] += 1
        if not sums:
            raise ValueError("a location prior needs training pictures with masks: there are none")
        self.background = background / pictures
        self.masks = {word: total / counts[word] for word, total in sums.items()}
        self.common = np.sum(list(sums.values()), axis=0) / counts.total()

    def answer(self, scene: Scene) -> np.ndarray:
        """(h, w) int64: at each place the likeliest of the scene's words and the background."""
        shares = [self.background, *(self.masks.get(word, self.common) for word in scene.words)]
        own = np.array([0, *(scene.names.index(word) + 1 for word in scene.words)])
        likeliest = own[np.argmax(shares, axis=0)]
        return _resized(likeliest, height=scene.labels.shape[0], width=scene.labels.shape[1])


def _resized(labels: np.ndarray, *, height: int, width: int) -> np.ndarray:
    """Labels (h, w) at another size; each pixel takes the one under its middle."""
    rows = ((np.arange(height) + 0.5) * labels.shape[0] / height).astype(np.int64)
    columns = ((np.arange(width) + 0.5) * labels.shape[1] / width).astype(np.int64)
    return labels[rows][:, columns]
