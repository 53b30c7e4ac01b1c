"""What FLAVA and CLIP share: two towers in one space, their contrastive loss, their embeddings."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from vitrina.data.batch import PairBatch, Pictures, Texts
from vitrina.data.inputs import Inputs
from vitrina.models.bags import contrasted
from vitrina.models.chunks import rows_of
from vitrina.models.embedder import Embedder
from vitrina.models.projection import Pooling, Projection, Spread
from vitrina.models.towers import ImageTower, ImageTowerConfig, TextTower, TextTowerConfig
from vitrina.objectives.contrastive import learned_scale
from vitrina.objectives.sums import Sum


@dataclass(frozen=True)
class TwoTowersConfig:
    """The two transformers, the width of the shared space, how one gets there, and the pictures' normalisation.

    `pooling` and `spread` are those of `vitrina.models.projection`: `"cls"` and `"free"` are FLAVA's published shape,
    `"mean"` and `"standardised"` learn faster from random weights. `"end"` is CLIP's: pictures by their [CLS], texts
    by the token at their end; its projections have no bias.
    """

    image: ImageTowerConfig
    text: TextTowerConfig
    projection: int
    pooling: Pooling = "cls"
    spread: Spread = "free"
    projection_bias: bool = True
    mean: tuple[float, float, float] = (0.485, 0.456, 0.406)
    std: tuple[float, float, float] = (0.229, 0.224, 0.225)


class TwoTowers(Embedder):
    """The towers, their projections and the learned scale; a family adds its forward pass.

    `inputs` says how the model reads texts and pictures and is needed to answer only.
    """

    def __init__(self, config: TwoTowersConfig, *, inputs: Inputs | None) -> None:
        super().__init__()
        self.inputs = inputs
        self.image = ImageTower(config.image)
        self.text = TextTower(config.text)
        self.image_projection = Projection(
            config.image.width,
            dimensions=config.projection,
            pooling="cls" if config.pooling == "end" else config.pooling,
            spread=config.spread,
            bias=config.projection_bias,
        )
        self.text_projection = Projection(
            config.text.width,
            dimensions=config.projection,
            pooling=config.pooling,
            spread=config.spread,
            bias=config.projection_bias,
        )
        self.logit_scale = nn.Parameter(torch.full((1,), math.log(1 / 0.07)))
        self.dimensions = config.projection
        self.register_buffer("mean", torch.tensor(config.mean).view(3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(config.std).view(3, 1, 1), persistent=False)

    def contrast(self, batch: PairBatch) -> Sum:
        """Image-text contrastive loss on clean pictures and clean texts; twins are never negatives.

        In training the pictures' kept patches alone are seen, where the batch names some. The towers may run on pieces
        of the rows; what compares rows with each other has them all. Several pictures or texts of a row are one vector
        (`vitrina.models.bags`), and the batch's strangers further wrong answers to every picture.
        """
        picture, text, rows = batch.picture, batch.text, len(batch.product)
        images = self.in_pieces(
            lambda some: self._map_images(picture, some), rows=len(picture.pixels), part=self.image, most=rows
        )
        texts = self.in_pieces(
            lambda some: self._map_texts(rows_of(text, some)), rows=len(text.ids), part=self.text, most=rows
        )
        return contrasted(
            batch,
            images=self.image_projection.spread(torch.cat(images)),
            texts=self.text_projection.spread(torch.cat(texts)),
            scale=learned_scale(self.logit_scale),
        )

    def project_images(self, pixels: Tensor) -> Tensor:
        """Normalised pixels -> (b, projection), not yet of length one."""
        return self.image_projection(self.image(pixels))

    def project_texts(self, text: Texts) -> Tensor:
        """Clean texts -> (b, projection), not yet of length one."""
        return self.text_projection.spread(self._map_texts(text))

    def _map_images(self, picture: Pictures, rows: slice) -> Tensor:
        kept = picture.kept[rows] if self.training else None
        patches = kept.shape[1] if kept is not None and kept.shape[1] else self.image.config.patches
        wanted = self.image_projection.reads(rows.stop - rows.start, tokens=1 + patches, device=picture.pixels.device)
        states = self.image(self.normalise(picture.pixels[rows]), kept=kept, wanted=wanted)
        return self.image_projection.mapped(states)

    def _map_texts(self, text: Texts) -> Tensor:
        rows, tokens = text.ids.shape
        wanted = self.text_projection.reads(rows, tokens=tokens, device=text.ids.device)
        if self.text_projection.pooling == "end":
            starts = torch.arange(0, rows * tokens, tokens, device=text.ids.device)
            wanted = starts + self.text.ends(text.ids, is_token=text.is_token)
        states = self.text(text.ids, is_token=text.is_token, types=text.types, wanted=wanted)
        return self.text_projection.mapped(states, is_token=text.is_token)

    def similarity_maps(self, pictures: Sequence[bytes], *, words: Sequence[str]) -> list[np.ndarray]:
        """Per picture (c, rows, columns) float32: how much each patch looks like each of c words."""
        from vitrina.models.patches import similarity_maps  # it knows this class

        return similarity_maps(self, pictures, words=words)
