"""Early fusion: one transformer over the tokens of a picture and of a text together, from its first block on.

Where CLIP never lets the two meet (late) and FLAVA lets them meet above two towers (hybrid), here a stem makes tokens
of the picture, embeddings make tokens of the text, and the same blocks read either alone or both at once, as ViLT (Kim
et al. 2021, section 3.1) does; the matching answer compares what the two sides have become, as InferSent does for two
sentences (Conneau et al. 2017, section 3.2).

    picture alone, text alone    -> itc, and what search uses
    both together                -> itm

A pair has no vectors that could be kept: every question about a pair is a pass of its own through the whole model.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vitrina.data.batch import Batch, PairBatch, Pictures, Texts
from vitrina.data.inputs import Inputs
from vitrina.models.answering import ROWS, answering
from vitrina.models.chunks import rows_of
from vitrina.models.embedder import Embedder
from vitrina.models.layers import Transformer, TransformerConfig, initialise
from vitrina.models.projection import BatchStandardisation, Pooling, Projection, Spread
from vitrina.models.sizes import Size, image_tower, text_tower
from vitrina.models.towers import ImageTower, ImageTowerConfig, States, TextTower, TextTowerConfig
from vitrina.objectives.contrastive import info_nce, learned_scale
from vitrina.objectives.matching import matching
from vitrina.objectives.sums import Sum


@dataclass(frozen=True)
class EarlyFusionConfig:
    """The one transformer (`trunk`), and how pictures and texts become its tokens and its answer one vector.

    `image` and `text` are a stem and embeddings of the trunk's width, towers without layers of their own; `pooling`
    and `spread` are those of `vitrina.models.projection`. Raises ValueError where widths differ or a side has layers.
    """

    image: ImageTowerConfig
    text: TextTowerConfig
    trunk: TransformerConfig
    projection: int
    pooling: Pooling = "cls"
    spread: Spread = "free"
    mean: tuple[float, float, float] = (0.485, 0.456, 0.406)
    std: tuple[float, float, float] = (0.229, 0.224, 0.225)

    def __post_init__(self) -> None:
        for name, side in (("image", self.image), ("text", self.text)):
            if side.layers:
                raise ValueError(
                    f"model.{name}.layers is {side.layers}, but early fusion has no layers before picture and text "
                    "meet: set it to 0, and model.trunk.layers as you like; CLIP and FLAVA have towers"
                )
            if side.width != self.trunk.width:
                raise ValueError(
                    f"model.{name}.width is {side.width} and model.trunk.width {self.trunk.width}: the trunk reads "
                    "both, so all three must be the same"
                )

    @classmethod
    def sized(cls, size: Size, *, vocabulary: int) -> Self:
        """Stem and embeddings of the towers of that size, and a trunk as deep as the image tower."""
        image, text = image_tower(size), text_tower(size, vocabulary=vocabulary)
        return cls(
            image=_without_layers(image),
            text=TextTowerConfig(
                width=image.width, heads=image.heads, layers=0, vocabulary=text.vocabulary, positions=text.positions
            ),
            trunk=TransformerConfig(width=image.width, heads=image.heads, layers=image.layers),
            projection=image.width,
            pooling="cls" if size == "base" else "mean",
            spread="free" if size == "base" else "standardised",
        )


def _without_layers(tower: ImageTowerConfig) -> ImageTowerConfig:
    return ImageTowerConfig(
        width=tower.width,
        heads=tower.heads,
        layers=0,
        size_px=tower.size_px,
        patch_px=tower.patch_px,
        stem=tower.stem,
    )


class EarlyFusion(Embedder):
    """One transformer that embeds a picture or a text alone and matches the two together; `inputs` is for answering.

    losses = EarlyFusion(EarlyFusionConfig.sized("tiny", vocabulary=4000))(batch)
    losses["itm"].value / losses["itm"].count
    """

    def __init__(self, config: EarlyFusionConfig, *, inputs: Inputs | None = None) -> None:
        super().__init__()
        self.config = config
        self.inputs = inputs
        self.image = ImageTower(config.image)
        self.text = TextTower(config.text)
        self.trunk = Trunk(config.trunk)
        self.image_projection = _projection(config)
        self.text_projection = _projection(config)
        self.matching = MatchingHead(config)
        self.logit_scale = nn.Parameter(torch.full((1,), float(np.log(1 / 0.07))))
        self.dimensions = config.projection
        self.register_buffer("mean", torch.tensor(config.mean).view(3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(config.std).view(3, 1, 1), persistent=False)

    def forward(self, batch: Batch) -> dict[str, Sum]:
        """The losses of a PairBatch; ValueError for another kind, which this family cannot learn from."""
        pairs = _pairs(batch)
        contrast = {"itc": self.contrast(pairs)}
        return contrast | {"itm": self.match(pairs)} if len(pairs.target) else contrast

    def counts(self, batch: Batch) -> dict[str, Tensor]:
        """How many terms each loss of `forward(batch)` has, () float32, without computing it."""
        pairs = _pairs(batch)
        contrast = {"itc": pairs.text_matches.sum().float()}
        if not len(pairs.target):
            return contrast
        return contrast | {"itm": torch.full((), float(len(pairs.target)), device=pairs.target.device)}

    def contrast(self, batch: PairBatch) -> Sum:
        """Image-text contrastive loss on pictures and texts that each went through the trunk alone."""
        rows = len(batch.product)
        images = self.in_pieces(lambda some: self._map_images(batch.picture, some), rows=rows, part=self)
        texts = self.in_pieces(lambda some: self._map_texts(rows_of(batch.text, some)), rows=rows, part=self)
        return info_nce(
            self.image_projection.spread(torch.cat(images)),
            texts=self.text_projection.spread(torch.cat(texts)),
            scale=learned_scale(self.logit_scale),
            product=batch.product,
            text_key=batch.text_key,
            row_is_valid=batch.text_matches,
        )

    def match(self, batch: PairBatch) -> Sum:
        """Image-text matching on the fused rows, in the `pair` form: does the text describe the picture?"""
        rows = len(batch.target)

        def piece(some: slice) -> tuple[Tensor, Tensor]:
            pixels, kept = self.normalise(batch.picture.pixels[some]), self._kept(batch.picture, some)
            text = rows_of(batch.fused, some)
            return self._map_pairs(pixels, text.masked_ids, text=text, kept=kept)

        images, texts = zip(*self.in_pieces(piece, rows=rows, part=self), strict=True)
        return matching(self.matching(torch.cat(images), texts=torch.cat(texts)), target=batch.target)

    def matches(self, pixels: Tensor, text: Texts) -> Tensor:
        """(b,) float32: how probable it is that text i describes picture i, of clean, normalised `pixels`."""
        images, texts = self._map_pairs(pixels, text.ids, text=text, kept=None)
        return self.matching(images, texts=texts).float().softmax(dim=-1)[:, 1]

    def project_images(self, pixels: Tensor) -> Tensor:
        """Normalised pixels -> (b, projection), not yet of length one."""
        return self.image_projection(self.trunk(self.image(pixels).normed))

    def project_texts(self, text: Texts) -> Tensor:
        """Clean texts -> (b, projection), not yet of length one."""
        return self.text_projection.spread(self._map_texts(text))

    def match_pairs(self, pictures: Sequence[bytes], texts: Sequence[str]) -> np.ndarray:
        """(n,) float32: how probable the model finds it that text i describes picture i, both read together."""
        if len(pictures) != len(texts):
            raise ValueError(f"{len(pictures)} pictures cannot be paired with {len(texts)} texts: give as many of each")
        inputs = self.read_inputs()
        probability = np.empty(len(texts), dtype=np.float32)
        with answering(self) as device:
            for start in range(0, len(texts), ROWS):
                rows = slice(start, start + ROWS)
                pixels = self.normalise(inputs.pictures(pictures[rows]).to(device))
                probability[rows] = self.matches(pixels, inputs.texts(texts[rows]).to(device)).cpu().numpy()
        return probability

    def _kept(self, picture: Pictures, rows: slice) -> Tensor | None:
        return picture.kept[rows] if self.training else None

    def _map_images(self, picture: Pictures, rows: slice) -> Tensor:
        tokens = self.image(self.normalise(picture.pixels[rows]), kept=self._kept(picture, rows)).normed
        return self.image_projection.mapped(self.trunk(tokens))

    def _map_texts(self, text: Texts) -> Tensor:
        tokens = self.text(text.ids, is_token=text.is_token, types=text.types).normed
        return self.text_projection.mapped(self.trunk(tokens, is_token=text.is_token), is_token=text.is_token)

    def _map_pairs(self, pixels: Tensor, ids: Tensor, *, text: Texts, kept: Tensor | None) -> tuple[Tensor, Tensor]:
        """What picture and text have become after reading each other, (b, projection) each, not yet standardised.

        By the maps that the contrastive loss trains: their channels mean the same on both sides, so that the answer
        need not find that out first, at which a matching loss stays at chance for long.
        """
        picture = self.image(pixels, kept=kept).normed
        words = self.text(ids, is_token=text.is_token, types=text.types).normed
        is_token = torch.cat([text.is_token.new_ones(picture.shape[:2]), text.is_token], dim=1)
        states = self.trunk(torch.cat([picture, words], dim=1), is_token=is_token)
        own, other = states.normed.split([picture.shape[1], words.shape[1]], dim=1)
        return (
            self.image_projection.mapped(States(own, own)),
            self.text_projection.mapped(States(other, other), is_token=text.is_token),
        )


class Trunk(nn.Module):
    """The transformer that every token goes through, and its final LayerNorm."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        self.transformer = Transformer(config)
        self.norm = nn.LayerNorm(config.width, eps=config.eps)
        self.apply(initialise)

    def forward(self, tokens: Tensor, *, is_token: Tensor | None = None) -> States:
        """(b, t, d) -> states of the same tokens; nothing attends to padding."""
        hidden = self.transformer(tokens, is_token=is_token)
        return States(hidden, self.norm(hidden))


class MatchingHead(nn.Module):
    """Product and distance of the two sides, channel by channel, to no and yes: (b, d) twice -> (b, 2).

    Each side is spread over the batch for itself: what all pairs share says nothing about any of them.
    """

    def __init__(self, config: EarlyFusionConfig) -> None:
        super().__init__()
        width, is_standardised = config.projection, config.spread == "standardised"
        self.image_spread = BatchStandardisation(width) if is_standardised else nn.Identity()
        self.text_spread = BatchStandardisation(width) if is_standardised else nn.Identity()
        # Torch's own beginnings: smaller ones would shrink what is compared.
        self.inner = nn.Linear(2 * width, width)
        self.answers = nn.Linear(width, 2)

    def forward(self, images: Tensor, *, texts: Tensor) -> Tensor:
        one, other = (
            F.normalize(spread(side).float(), dim=-1) * side.shape[-1] ** 0.5
            for spread, side in ((self.image_spread, images), (self.text_spread, texts))
        )
        return self.answers(F.gelu(self.inner(torch.cat([one * other, (one - other).abs()], dim=-1))))


def _projection(config: EarlyFusionConfig) -> Projection:
    return Projection(config.trunk.width, dimensions=config.projection, pooling=config.pooling, spread=config.spread)


def _pairs(batch: Batch) -> PairBatch:
    if not isinstance(batch, PairBatch):
        raise ValueError("early fusion learns from pairs only: set mixture.pair=1 mixture.text=0 mixture.image=0")
    if len(batch.text.ids) != len(batch.product) or len(batch.picture.pixels) != len(batch.product):
        raise ValueError(
            "early fusion reads one picture and one text of a product: leave shown.pictures, shown.texts, shown.fields "
            "and negatives.contrast as they are"
        )
    return batch
