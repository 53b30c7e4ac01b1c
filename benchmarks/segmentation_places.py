"""Where a model usually sees a word more than others: its own mean map over training pictures that are said to show it.

No mask and no box is read, only which words belong to which training picture. Where pictures are alike in their layout,
as those of standing people, what is found nowhere in a single picture is found in their mean. What the mean maps of all
words share, where people stand, is taken away.
"""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
from tqdm import tqdm

from vitrina.evaluation.segmentation import Scene
from vitrina.tasks.abilities import LocatesWords
from vitrina.tasks.looking import Seen, interpolation, look
from vitrina.tasks.segment import standing_out

_PLACES = 32


class UsualPlaces:
    """`maps`, by word (32, 32), in deviations: how far it stands out at each place, on average, beyond other words."""

    def __init__(self, scenes: Iterable[Scene], *, model: LocatesWords) -> None:
        sums, counts = dict[str, np.ndarray](), dict[str, int]()
        for scene in tqdm(scenes, desc="usual places", disable=None, delay=2):
            if not scene.words:
                continue
            scores = standing_out(look(model, picture=scene.picture, words=scene.words))
            for word, each in zip(scene.words, _resized(scores, rows=_PLACES, columns=_PLACES), strict=True):
                sums[word] = sums.get(word, 0.0) + each
                counts[word] = counts.get(word, 0) + 1
        means = {word: total / counts[word] for word, total in sums.items()}
        shared = np.mean(list(means.values()), axis=0)
        self.maps = {word: _in_deviations(mean - shared) for word, mean in means.items()}

    def mixed(self, seen: Seen, *, share: float) -> Seen:
        """What was seen in a picture, `share` of it replaced by the usual; words never seen in training stay."""
        scores = standing_out(seen)
        rows, columns = scores.shape[1:]
        usual = [
            _resized(self.maps[word][None], rows=rows, columns=columns)[0] if word in self.maps else own
            for word, own in zip(seen.words, scores, strict=True)
        ]
        return replace(seen, scores=((1 - share) * scores + share * np.stack(usual)).astype(np.float32))


def _in_deviations(scores: np.ndarray) -> np.ndarray:
    deviation = float(scores.std())
    return scores / deviation if deviation else scores


def _resized(maps: np.ndarray, *, rows: int, columns: int) -> np.ndarray:
    """(c, h, w) -> (c, rows, columns), between cells by straight lines."""
    height, width = maps.shape[1:]
    down = interpolation((np.arange(rows) + 0.5) * height / rows - 0.5, cells=height)
    across = interpolation((np.arange(columns) + 0.5) * width / columns - 0.5, cells=width)
    return down @ maps @ across.T
