"""Boxes scored: how often a phrase's box is right, beside what is right without looking."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vitrina.evaluation.evaluation import Metric
from vitrina.evaluation.metrics import Statistic, estimate, mean_of, ratio_of
from vitrina.models.patches import stored_size
from vitrina.tasks.regions import box_iou

RIGHT_IOU = 0.5

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Asked:
    """A phrase about a picture and where it points: one box, or one for each of a pair.

    `beside` are all phrases that belong to the picture, this one among them; `label` is what training boxes are
    gathered by for the median box.
    """

    name: str
    picture: bytes
    phrase: str
    boxes: tuple[Box, ...]
    beside: tuple[str, ...]
    label: str


def overlap(asked: Sequence[Asked], *, answers: np.ndarray) -> np.ndarray:
    """(n,) IoU of answers (n, 4) with the truth: of a pair the box of either or of both together, whichever is best."""
    best = np.zeros(len(asked))
    for number, question in enumerate(asked):
        boxes = np.array(question.boxes, dtype=np.float64)
        around = np.concatenate([boxes[:, :2].min(0), boxes[:, 2:].max(0)])
        true = np.concatenate([boxes, around[None]])
        best[number] = box_iou(np.broadcast_to(answers[number], true.shape), true).max()
    return best


def accuracy(asked: Sequence[Asked], *, answers: np.ndarray) -> Statistic:
    """Acc@.5: the share of phrases whose box shares at least half with the truth; resampled by picture."""
    hits = (overlap(asked, answers=answers) >= RIGHT_IOU).astype(np.float64)
    scenes = _scenes(asked)
    return ratio_of(np.bincount(scenes, weights=hits), np.bincount(scenes).astype(np.float64))


def figures(
    asked: Sequence[Asked], *, answers: np.ndarray, floor: np.ndarray | None = None, seed: int = 0
) -> tuple[Metric, ...]:
    """Acc@.5 and mean IoU of answers (n, 4) with their intervals, beside those of a `floor` (n, 4)."""
    pictures = int(_scenes(asked).max()) + 1 if asked else 0
    found = estimate(accuracy(asked, answers=answers), questions=pictures, seed=seed)
    mean = estimate(mean_of(overlap(asked, answers=answers)), questions=len(asked), seed=seed)
    bases: list[float | None] = [None, None]
    if floor is not None:
        shared = overlap(asked, answers=floor)
        bases = [float((shared >= RIGHT_IOU).mean()), float(shared.mean())]
    return (
        Metric("Acc@.5", found.value, low=found.low, high=found.high, base=bases[0]),
        Metric("mean box IoU", mean.value, low=mean.low, high=mean.high, base=bases[1]),
    )


def whole_picture(asked: Sequence[Asked]) -> np.ndarray:
    """The floor that answers the whole picture, (n, 4)."""
    return np.array([[0, 0, *stored_size(each.picture)[::-1]] for each in asked], dtype=np.float64)


class MedianBox:
    """The floor that does not look: of every label the median box of the training pictures, as shares of the picture.

    A supervised floor. A label that training never showed gets the median of all boxes. Raises ValueError without any.
    """

    def __init__(self, asked: Sequence[Asked]) -> None:
        if not asked:
            raise ValueError("a median box needs training boxes: there are none")
        shares: dict[str, list[np.ndarray]] = {}
        for question, size in zip(asked, whole_picture(asked), strict=True):
            for box in question.boxes:
                shares.setdefault(question.label, []).append(np.array(box) / np.tile(size[2:], 2))
        self.boxes = {label: np.median(each, axis=0) for label, each in shares.items()}
        self.common = np.median(np.concatenate(list(shares.values())), axis=0)

    def answer(self, asked: Sequence[Asked]) -> np.ndarray:
        """(n, 4) in pixels of each picture."""
        shares = np.array([self.boxes.get(each.label, self.common) for each in asked])
        return shares * np.tile(whole_picture(asked)[:, 2:], 2)


def _scenes(asked: Sequence[Asked]) -> np.ndarray:
    numbers: dict[str, int] = {}
    return np.array([numbers.setdefault(each.name, len(numbers)) for each in asked], dtype=np.int64)
