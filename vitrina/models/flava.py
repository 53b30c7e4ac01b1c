"""FLAVA: a picture tower, a text tower and a multimodal encoder on top, trained by six losses (Singh et al. 2022).

    text alone     words hidden in the text                        -> mlm
    picture alone  patches hidden in the picture                   -> mim
    pair           the clean picture and text, tower by tower      -> itc
                   both hidden in part, fused                      -> mmm_text, mmm_image, itm

Each kind of batch runs what its losses need and nothing else: towers meet clean inputs for `itc` only, the multimodal
encoder meets hidden ones only, and one pass over them serves three losses.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Self

import numpy as np
import torch
from torch import Tensor, nn

from vitrina.data.batch import Batch, ImageBatch, PairBatch, Pictures, TextBatch, Texts
from vitrina.data.inputs import Inputs
from vitrina.models.answering import ROWS, answering, embed_in_batches
from vitrina.models.layers import Transformer, TransformerConfig, initialise
from vitrina.models.towers import ImageTower, ImageTowerConfig, States, TextTower, TextTowerConfig
from vitrina.objectives.contrastive import info_nce, learned_scale
from vitrina.objectives.masked import masked_cross_entropy
from vitrina.objectives.matching import matching
from vitrina.objectives.sums import Sum

if TYPE_CHECKING:
    from transformers import FlavaForPreTraining


@dataclass(frozen=True)
class FlavaConfig:
    """The three transformers, `codes` (the image vocabulary), the shared space and the pictures' normalisation.

    `FlavaConfig.sized("tiny", vocabulary=8000, codes=4096)` is a complete one.
    """

    image: ImageTowerConfig
    text: TextTowerConfig
    multimodal: TransformerConfig
    codes: int
    projection: int
    mean: tuple[float, float, float] = (0.485, 0.456, 0.406)
    std: tuple[float, float, float] = (0.229, 0.224, 0.225)

    @classmethod
    def sized(cls, size: Literal["tiny", "small", "base"], *, vocabulary: int, codes: int) -> Self:
        """The tiny size is for tests and demos, small for an hour of CPU, base is the published shape."""
        match size:
            case "tiny":
                image = ImageTowerConfig(width=128, heads=2, layers=4, size_px=64, patch_px=8, stem="convolution")
                text = TextTowerConfig(width=128, heads=2, layers=2, vocabulary=vocabulary)
                multimodal = TransformerConfig(width=128, heads=2, layers=2)
            case "small":
                image = ImageTowerConfig(width=256, heads=4, layers=6, size_px=96, patch_px=8, stem="convolution")
                text = TextTowerConfig(width=256, heads=4, layers=4, vocabulary=vocabulary)
                multimodal = TransformerConfig(width=256, heads=4, layers=3)
            case "base":
                image = ImageTowerConfig(width=768, heads=12, layers=12, size_px=224, patch_px=16, stem="patch")
                text = TextTowerConfig(width=768, heads=12, layers=12, vocabulary=vocabulary)
                multimodal = TransformerConfig(width=768, heads=12, layers=6)
            case _:
                raise ValueError(f'there is no size "{size}": choose "tiny", "small" or "base"')
        return cls(image=image, text=text, multimodal=multimodal, codes=codes, projection=multimodal.width)


class Flava(nn.Module):
    """The model with its six losses; `inputs` says how it reads texts and pictures and is needed to answer only.

    The forward pass returns each loss as a sum with its count, under the names in the module's first lines:

        losses = Flava(FlavaConfig.sized("tiny", vocabulary=8000, codes=4096))(batch)
        total = sum(loss.value / loss.count for loss in losses.values())
    """

    mean: Tensor
    std: Tensor

    def __init__(self, config: FlavaConfig, *, inputs: Inputs | None = None) -> None:
        super().__init__()
        self.config = config
        self.inputs = inputs
        self.image = ImageTower(config.image)
        self.text = TextTower(config.text)
        self.multimodal = MultimodalEncoder(config)

        self.mlm_head = PredictionHead(config.text, classes=config.text.vocabulary)
        self.mim_head = PredictionHead(config.image, classes=config.codes)
        self.mmm_text_head = PredictionHead(config.multimodal, classes=config.text.vocabulary)
        self.mmm_image_head = PredictionHead(config.multimodal, classes=config.codes)
        self.itm_head = MatchingHead(config.multimodal)

        self.image_projection = nn.Linear(config.image.width, config.projection)
        self.text_projection = nn.Linear(config.text.width, config.projection)
        self.logit_scale = nn.Parameter(torch.full((1,), math.log(1 / 0.07)))
        for projection in (self.image_projection, self.text_projection):
            initialise(projection)

        self.register_buffer("mean", torch.tensor(config.mean).view(3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(config.std).view(3, 1, 1), persistent=False)

    # The six losses (section 3.2)

    def forward(self, batch: Batch) -> dict[str, Sum]:
        """The losses that this kind of batch has; nothing random is drawn."""
        match batch:
            case TextBatch():
                return {"mlm": self.masked_words(batch.text)}
            case ImageBatch():
                return {"mim": self.masked_patches(batch.picture)}
            case PairBatch():
                pixels, f = self.normalise(batch.picture.pixels), len(batch.target)
                contrast = {"itc": self.contrast(batch, pixels=pixels)}
                return contrast | self.masked_pairs(batch, pixels=pixels[:f]) if f else contrast

    def masked_words(self, text: Texts) -> Sum:
        """Masked language modelling on the text tower alone."""
        states = self.text(text.masked_ids, is_token=text.is_token, types=text.types)
        return predict_masked(self.mlm_head, states.normed, targets=text.ids, is_masked=text.is_masked)

    def masked_patches(self, picture: Pictures) -> Sum:
        """Masked image modelling on the image tower alone; the targets are image codes (BEiT)."""
        states = self.image(self.normalise(picture.pixels), is_masked=picture.is_masked)
        return predict_masked(self.mim_head, states.normed, targets=picture.codes, is_masked=picture.is_masked)

    def contrast(self, batch: PairBatch, *, pixels: Tensor) -> Sum:
        """Image-text contrastive loss on clean pictures and texts; twins are never negatives."""
        return info_nce(
            self.project_images(pixels),
            texts=self.project_texts(batch.text),
            scale=learned_scale(self.logit_scale),
            product=batch.product,
            text_key=batch.text_key,
            row_is_valid=batch.text_matches,
        )

    def masked_pairs(self, batch: PairBatch, *, pixels: Tensor) -> dict[str, Sum]:
        """Masked multimodal modelling and image-text matching, from one pass over masked pictures and texts.

        What is hidden can be told from the other side only where the text describes the picture: other rows are
        matched, not filled.
        """
        picture, text = batch.picture, batch.fused
        image_states = self.image(pixels, is_masked=picture.is_masked)
        text_states = self.text(text.masked_ids, is_token=text.is_token, types=text.types)
        fused = self.multimodal(image_states, text_states, is_token=text.is_token)

        describes = batch.fused_matches[:, None]
        hidden_words, hidden_patches = text.is_masked & describes, picture.is_masked & describes
        return {
            "mmm_text": predict_masked(self.mmm_text_head, fused.tokens, targets=text.ids, is_masked=hidden_words),
            "mmm_image": predict_masked(
                self.mmm_image_head, fused.patches, targets=picture.codes, is_masked=hidden_patches
            ),
            "itm": matching(self.itm_head(fused.cls), target=batch.target),
        }

    def normalise(self, pixels: Tensor) -> Tensor:
        """uint8 (b, 3, h, w) -> float32 with the configured mean and deviation per channel."""
        return (pixels.float() / 255 - self.mean) / self.std

    def project_images(self, pixels: Tensor) -> Tensor:
        """Normalised pixels -> (b, projection), not yet of length one."""
        return self.image_projection(self.image(pixels).normed[:, 0])

    def project_texts(self, text: Texts) -> Tensor:
        """Clean texts -> (b, projection), not yet of length one."""
        return self.text_projection(self.text(text.ids, is_token=text.is_token, types=text.types).normed[:, 0])

    # What it can do (vitrina.tasks.abilities)

    def embed_images(self, pictures: Sequence[bytes]) -> np.ndarray:
        """(n, projection) float32 of length one, comparable with `embed_texts` by their dot product."""
        inputs = self._inputs()
        with answering(self) as device:
            return embed_in_batches(
                pictures,
                embed=lambda some: self.project_images(self.normalise(inputs.pictures(some).to(device))),
                width=self.config.projection,
            )

    def embed_texts(self, texts: Sequence[str]) -> np.ndarray:
        """(n, projection) float32 of length one, comparable with `embed_images` by their dot product."""
        inputs = self._inputs()
        with answering(self) as device:
            return embed_in_batches(
                texts,
                embed=lambda some: self.project_texts(inputs.texts(some).to(device)),
                width=self.config.projection,
            )

    def match_pairs(self, pictures: Sequence[bytes], texts: Sequence[str]) -> np.ndarray:
        """(n,) float32: how probable the multimodal encoder finds it that text i describes picture i.

        The answer of the matching loss in its `pair` form, here on clean pictures and texts.
        """
        if len(pictures) != len(texts):
            raise ValueError(f"{len(pictures)} pictures cannot be paired with {len(texts)} texts: give as many of each")
        inputs = self._inputs()
        probability = np.empty(len(texts), dtype=np.float32)
        with answering(self) as device:
            for start in range(0, len(texts), ROWS):
                rows = slice(start, start + ROWS)
                text = inputs.texts(texts[rows]).to(device)
                image_states = self.image(self.normalise(inputs.pictures(pictures[rows]).to(device)))
                text_states = self.text(text.ids, is_token=text.is_token, types=text.types)
                fused = self.multimodal(image_states, text_states, is_token=text.is_token)
                probability[rows] = self.itm_head(fused.cls).float().softmax(dim=-1)[:, 1].cpu().numpy()
        return probability

    def _inputs(self) -> Inputs:
        if self.inputs is None:
            raise ValueError("this Flava has no inputs, so it cannot read texts or pictures: give it `inputs=`")
        return self.inputs

    # Public checkpoints

    @classmethod
    def from_transformers(cls, model_or_path: "FlavaForPreTraining | str | Path") -> "Flava":
        """Read transformers' `FlavaForPreTraining`: a folder, a hub id or the model itself. See `flava_transformers`.

        Raises ValueError where a tensor is missing, unexpected or of another shape, and says which.
        """
        from vitrina.models.flava_transformers import read_flava  # which imports this file

        return read_flava(model_or_path)

    def to_transformers(self, path: str | Path) -> None:
        """Write a folder that `FlavaForPreTraining.from_pretrained` opens; bit for bit what was read."""
        from vitrina.models.flava_transformers import write_flava  # which imports this file

        write_flava(self, path=path)


@dataclass(frozen=True)
class Fused:
    """The multimodal encoder's normed states: `cls` (b, d), `patches` (b, p, d), `tokens` (b, t, d)."""

    cls: Tensor
    patches: Tensor
    tokens: Tensor


class MultimodalEncoder(nn.Module):
    """A transformer over [CLS], the picture's states and the text's, each mapped into its width (section 3.1).

    It takes the towers' states before their final LayerNorm, the picture's own [CLS] included. Nothing attends to
    padding.
    """

    def __init__(self, config: FlavaConfig) -> None:
        super().__init__()
        width = config.multimodal.width
        self.from_image = nn.Linear(config.image.width, width)
        self.from_text = nn.Linear(config.text.width, width)
        self.cls = nn.Parameter(torch.empty(1, 1, width))
        self.transformer = Transformer(config.multimodal)
        self.norm = nn.LayerNorm(width, eps=config.multimodal.eps)
        self.apply(initialise)
        nn.init.trunc_normal_(self.cls, std=0.02, a=-0.04, b=0.04)

    def forward(self, image: States, text: States, *, is_token: Tensor) -> Fused:
        b, seen = len(is_token), image.hidden.shape[1]
        cls = self.cls.expand(b, -1, -1)
        x = torch.cat([cls, self.from_image(image.hidden), self.from_text(text.hidden)], dim=1)
        is_present = torch.cat([is_token.new_ones(b, 1 + seen), is_token], dim=1)
        normed = self.norm(self.transformer(x, is_token=is_present))
        return Fused(cls=normed[:, 0], patches=normed[:, 2 : 1 + seen], tokens=normed[:, 1 + seen :])


class PredictionHead(nn.Module):
    """Linear, GELU, LayerNorm, Linear to the classes; its own weights, not the embedding's."""

    def __init__(self, config: TransformerConfig, *, classes: int) -> None:
        super().__init__()
        self.transform = nn.Linear(config.width, config.width)
        self.norm = nn.LayerNorm(config.width, eps=config.eps)
        self.classes = nn.Linear(config.width, classes)
        self.apply(initialise)

    def forward(self, x: Tensor) -> Tensor:
        return self.classes(self.norm(nn.functional.gelu(self.transform(x))))


class MatchingHead(nn.Module):
    """A tanh pooler and two answers: in the `pair` form no and yes, in the `segments` form first and second."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        self.pooler = nn.Linear(config.width, config.width)
        self.answers = nn.Linear(config.width, 2)
        self.apply(initialise)

    def forward(self, cls: Tensor) -> Tensor:
        return self.answers(self.pooler(cls).tanh())


def predict_masked(head: PredictionHead, states: Tensor, *, targets: Tensor, is_masked: Tensor) -> Sum:
    """Run the head, most of the cost of a large vocabulary, at the masked positions only."""
    return masked_cross_entropy(head(states[is_masked]), targets=targets, is_masked=is_masked)
