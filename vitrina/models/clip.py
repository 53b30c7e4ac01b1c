"""A dual encoder: an image tower and a text tower that meet in one space, trained by the contrastive loss alone.

Late fusion, as CLIP (Radford et al. 2021, section 2.3), on the very towers that FLAVA uses: what FLAVA's other losses
bring is measured against it.
"""

from dataclasses import dataclass
from typing import Self

from torch import Tensor

from vitrina.data.batch import Batch, PairBatch
from vitrina.data.inputs import Inputs
from vitrina.models.sizes import Size, image_tower, text_tower
from vitrina.models.two_towers import TwoTowers, TwoTowersConfig
from vitrina.objectives.sums import Sum


@dataclass(frozen=True)
class ClipConfig(TwoTowersConfig):
    """Two towers and the space they share; `ClipConfig.sized("tiny", vocabulary=4000)` is a complete one."""

    @classmethod
    def sized(cls, size: Size, *, vocabulary: int) -> Self:
        """The towers of FLAVA's size of the same name."""
        image = image_tower(size)
        return cls(
            image=image,
            text=text_tower(size, vocabulary=vocabulary),
            projection=image.width,
            pooling="cls" if size == "base" else "mean",
            spread="free" if size == "base" else "standardised",
        )


class Clip(TwoTowers):
    """One loss, `itc`, on pairs.

    losses = Clip(ClipConfig.sized("tiny", vocabulary=4000))(batch)
    losses["itc"].value / losses["itc"].count
    """

    def __init__(self, config: ClipConfig, *, inputs: Inputs | None = None) -> None:
        super().__init__(config, inputs=inputs)
        self.config = config

    def forward(self, batch: Batch) -> dict[str, Sum]:
        """The contrastive loss of a PairBatch; ValueError for another kind, which this family cannot learn from."""
        return {"itc": self.contrast(_pairs(batch))}

    def counts(self, batch: Batch) -> dict[str, Tensor]:
        """How many terms each loss of `forward(batch)` has, () float32, without computing it."""
        return {"itc": _pairs(batch).text_matches.sum().float()}


def _pairs(batch: Batch) -> PairBatch:
    if not isinstance(batch, PairBatch):
        raise ValueError("a dual encoder learns from pairs only: set mixture.pair=1 mixture.text=0 mixture.image=0")
    return batch
