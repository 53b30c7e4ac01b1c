"""What an exported model is asked, and how near its answers must be to those of the run."""

import io
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from vitrina.catalogue.store import Catalogue
from vitrina.models.groupvit import GroupViT
from vitrina.models.two_towers import TwoTowers
from vitrina.training.run_folder import RunFolder

log = logging.getLogger(__name__)

Exports = TwoTowers | GroupViT
"""What other programs have a place for."""

_REAL, _RANDOM = 16, 8
_WORDS = ("red mug", "zapatillas azules de cuero", "12.5 cm XL-40", "Ärmel, 50 % wool!", "x", "no such thing " * 40)

TOLERANCE = 1e-4
"""Of a number in a vector of length one, or of a probability: rounding in another order gives a hundredth of it."""


@dataclass(frozen=True)
class Check:
    """A comparison: the largest difference found, and the largest that is allowed."""

    name: str
    found: float
    allowed: float

    @property
    def is_good(self) -> bool:
        return self.found <= self.allowed  # not a number is not good

    def text(self) -> str:
        """The comparison in a line."""
        return f"{self.name}: {self.found:.2g} (at most {self.allowed:.2g})"


@dataclass(frozen=True)
class Written:
    """What a format wrote: the card's lines on how to use it, and what was compared."""

    use: Sequence[str]
    checks: Sequence[Check]


@dataclass(frozen=True)
class Probe:
    """What both models are asked: encoded `pictures` and as many `texts`."""

    pictures: Sequence[bytes]
    texts: Sequence[str]


def probe_of(folder: RunFolder, *, seed: int) -> Probe:
    """Products of the run's catalogues, evenly over their rows, then pictures and texts made from `seed`."""
    pictures: list[bytes] = []
    texts: list[str] = []
    for record in folder.data().catalogues:
        try:
            catalogue = Catalogue.open(record.path)
        except ValueError as error:
            log.warning("%s; its products are not compared", error)
            continue
        spread = np.unique(np.linspace(0, len(catalogue), 4 * _REAL, endpoint=False).astype(int))
        for product in catalogue.read(spread[spread < len(catalogue)]):
            if product.pictures and product.texts and len(pictures) < _REAL:
                pictures.append(product.pictures[0])
                texts.append(product.texts[0].text)
    random = np.random.default_rng(seed)
    pictures += [_picture(random) for _ in range(_RANDOM)]
    texts += [_WORDS[number % len(_WORDS)] for number in range(_RANDOM)]
    return Probe(pictures, texts)


def largest(one: np.ndarray, other: np.ndarray) -> float:
    """The largest difference between two arrays of one shape; infinite where they have two."""
    return float(np.abs(one - other).max()) if one.shape == other.shape else float("inf")


def differing(one: np.ndarray, other: np.ndarray) -> int:
    """How many numbers of two arrays differ; all where they have two shapes."""
    return int((one != other).sum()) if one.shape == other.shape else max(one.size, other.size)


def refuse_failed(checks: Sequence[Check], *, run: Path) -> None:
    """Raise ValueError naming what answers otherwise than the run."""
    failed = [each.text() for each in checks if not each.is_good]
    if failed:
        raise ValueError(
            f"what was exported from {run} answers otherwise than the run, so nothing was written: "
            f"{'; '.join(failed)}. Please report this with the recipe"
        )


def _picture(random: np.random.Generator) -> bytes:
    """A soft picture of random colours, wide or tall: noise would show nothing but how pictures are resized."""
    width, height = (int(side) for side in random.integers(40, 300, 2))
    rough = Image.fromarray(random.integers(0, 256, (4, 4, 3), dtype=np.uint8))
    buffer = io.BytesIO()
    rough.resize((width, height), Image.Resampling.BICUBIC).save(buffer, format="JPEG", quality=92)
    return buffer.getvalue()
