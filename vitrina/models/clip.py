"""CLIP: an image tower and a text tower that meet in one space, trained by the contrastive loss alone.

Late fusion (Radford et al. 2021, section 2.3). The published shapes are OpenAI's, exactly: weights are read and written
bit for bit (`vitrina.models.clip_transformers`, `vitrina.models.clip_open`). The small ones stand on the very towers
that FLAVA uses: what FLAVA's other losses bring is measured against them.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Self

from torch import Tensor

from vitrina.data.batch import Batch, PairBatch
from vitrina.data.inputs import Inputs
from vitrina.models.checkpoint import Carried
from vitrina.models.sizes import Size, image_tower, text_tower
from vitrina.models.towers import ImageTowerConfig, TextTowerConfig
from vitrina.models.two_towers import TwoTowers, TwoTowersConfig
from vitrina.objectives.sums import Sum

if TYPE_CHECKING:
    from transformers import CLIPModel

Shape = Literal["ViT-B/32", "ViT-B/16", "ViT-L/14", "ViT-L/14@336px"]

MEAN, STD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
"""The normalisation of OpenAI's weights and of most that came after them."""
EPS = 1e-5
WORDS = 49_408
"""The tokens of OpenAI's vocabulary."""


@dataclass(frozen=True)
class ClipConfig(TwoTowersConfig):
    """Two towers and the space they share.

    `ClipConfig.sized("tiny", vocabulary=4000)` and `ClipConfig.published("ViT-B/32")` are complete ones.
    """

    @classmethod
    def sized(cls, size: Size, *, vocabulary: int) -> Self:
        """The base size is the published ViT-B/16; tiny and small have FLAVA's towers of the same name.

        The small ones pool by the mean and standardise, which learns faster from random weights.
        """
        if size == "base":
            return cls.published("ViT-B/16", vocabulary=vocabulary)
        image = image_tower(size)
        return cls(
            image=image,
            text=text_tower(size, vocabulary=vocabulary),
            projection=image.width,
            pooling="mean",
            spread="standardised",
        )

    @classmethod
    def published(cls, shape: Shape, *, vocabulary: int = WORDS) -> Self:
        """A vision transformer of the paper (tables 19 and 20), over `vocabulary` tokens; ValueError for another name.

        ClipConfig.published("ViT-L/14@336px").image.patches
        576
        """
        match shape:
            case "ViT-B/32" | "ViT-B/16":
                image = _image(width=768, layers=12, patch_px=int(shape[-2:]))
                return cls._of(image, text=_text(width=512, vocabulary=vocabulary), projection=512)
            case "ViT-L/14" | "ViT-L/14@336px":
                image = _image(width=1024, layers=24, patch_px=14)
                image = replace(image, size_px=336) if shape == "ViT-L/14@336px" else image
                return cls._of(image, text=_text(width=768, vocabulary=vocabulary), projection=768)
        raise ValueError(
            f'there is no published shape "{shape}": choose ViT-B/32, ViT-B/16, ViT-L/14 or ViT-L/14@336px'
        )

    @classmethod
    def _of(cls, image: ImageTowerConfig, *, text: TextTowerConfig, projection: int) -> Self:
        return cls(image, text=text, projection=projection, pooling="end", projection_bias=False, mean=MEAN, std=STD)


def _image(*, width: int, layers: int, patch_px: int) -> ImageTowerConfig:
    return ImageTowerConfig(
        width=width,
        heads=width // 64,
        layers=layers,
        eps=EPS,
        activation="quick_gelu",
        patch_px=patch_px,
        entry_norm=True,
        stem_bias=False,
        mask_token=False,
    )


def _text(*, width: int, vocabulary: int) -> TextTowerConfig:
    return TextTowerConfig(
        width=width,
        heads=width // 64,
        layers=12,
        eps=EPS,
        activation="quick_gelu",
        vocabulary=vocabulary,
        positions=77,
        types=0,
        order="left_to_right",
        entry_norm=False,
    )


class Clip(TwoTowers):
    """One loss, `itc`, on pairs.

    losses = Clip(ClipConfig.sized("tiny", vocabulary=4000))(batch)
    losses["itc"].value / losses["itc"].count
    """

    def __init__(self, config: ClipConfig, *, inputs: Inputs | None = None) -> None:
        super().__init__(config, inputs=inputs)
        self.config = config
        self.carried: Carried | None = None

    def forward(self, batch: Batch) -> dict[str, Sum]:
        """The contrastive loss of a PairBatch; ValueError for another kind, which this family cannot learn from."""
        return {"itc": self.contrast(_pairs(batch))}

    def counts(self, batch: Batch) -> dict[str, Tensor]:
        """How many terms each loss of `forward(batch)` has, () float32, without computing it."""
        return {"itc": _pairs(batch).text_matches.sum().float()}

    @classmethod
    def from_transformers(cls, model_or_path: "CLIPModel | str | Path") -> "Clip":
        """Read transformers' `CLIPModel`: a folder, a hub id or the model itself. See `clip_transformers`.

        Raises ValueError where a tensor is missing, unexpected or of another shape, and says which.

        Clip.from_transformers("openai/clip-vit-base-patch32").embed_texts(["red mug"]).shape
        (1, 512)
        """
        from vitrina.models.clip_transformers import read_clip  # which imports this file

        return read_clip(model_or_path)

    def to_transformers(self, path: str | Path) -> None:
        """Write a folder that `CLIPModel.from_pretrained` opens; bit for bit what was read."""
        from vitrina.models.clip_transformers import write_clip  # which imports this file

        write_clip(self, path=path)

    @classmethod
    def from_open_clip(cls, path: str | Path) -> "Clip":
        """Read a checkpoint in open_clip's layout: a folder or a hub id. See `clip_open`.

        Raises ValueError for a model that is no CLIP of two transformers, and where a tensor does not fit.
        """
        from vitrina.models.clip_open import read_open_clip  # which imports this file

        return read_open_clip(path)


def _pairs(batch: Batch) -> PairBatch:
    if not isinstance(batch, PairBatch):
        raise ValueError("a CLIP learns from pairs only: set mixture.pair=1 mixture.text=0 mixture.image=0")
    return batch
