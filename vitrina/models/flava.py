"""FLAVA: a picture tower, a text tower and a multimodal encoder on top, trained by six losses (Singh et al. 2022).

    text alone     words hidden in the text                        -> mlm
    picture alone  patches hidden in the picture                   -> mim
    pair           the clean picture and text, tower by tower      -> itc
                   both hidden in part, fused                      -> mmm_text, mmm_image, itm

Each kind of batch runs what its losses need and nothing else: towers meet clean inputs for `itc` only, the multimodal
encoder meets hidden ones only, and one pass over them serves three losses.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from vitrina.data.batch import Batch, ImageBatch, PairBatch, Pictures, TextBatch, Texts
from vitrina.data.inputs import Inputs
from vitrina.models.answering import ROWS, answering
from vitrina.models.checkpoint import Carried
from vitrina.models.chunks import rows_of
from vitrina.models.layers import Transformer, TransformerConfig, initialise
from vitrina.models.sizes import Size, image_tower, text_tower
from vitrina.models.towers import States
from vitrina.models.two_towers import TwoTowers, TwoTowersConfig
from vitrina.objectives.masked import masked_cross_entropy
from vitrina.objectives.matching import matching
from vitrina.objectives.sums import Sum, added

if TYPE_CHECKING:
    from transformers import FlavaForPreTraining


@dataclass(frozen=True, kw_only=True)
class FlavaConfig(TwoTowersConfig):
    """The two towers and their shared space, the multimodal encoder on top, and `codes`, the image vocabulary.

    `FlavaConfig.sized("tiny", vocabulary=8000, codes=4096)` is a complete one.
    """

    multimodal: TransformerConfig
    codes: int

    def __post_init__(self) -> None:
        if not self.image.mask_token or self.text.order != "both_ways":
            raise ValueError(
                "a FLAVA hides patches and fills hidden words from both sides: set model.image.mask_token=true "
                "model.text.order=both_ways"
            )

    @classmethod
    def sized(cls, size: Size, *, vocabulary: int, codes: int) -> Self:
        """The base size is the published shape; tiny and small reach the shared space as dual encoders here do."""
        image, text = image_tower(size), text_tower(size, vocabulary=vocabulary)
        layers = {"tiny": 2, "small": 3, "base": 6}[size]
        return cls(
            image=image,
            text=text,
            multimodal=TransformerConfig(width=image.width, heads=image.heads, layers=layers),
            codes=codes,
            projection=image.width,
            pooling="cls" if size == "base" else "mean",
            spread="free" if size == "base" else "standardised",
        )


class Flava(TwoTowers):
    """The model with its six losses; `inputs` says how it reads texts and pictures and is needed to answer only.

    The forward pass returns each loss as a sum with its count, under the names in the module's first lines:

        losses = Flava(FlavaConfig.sized("tiny", vocabulary=8000, codes=4096))(batch)
        total = sum(loss.value / loss.count for loss in losses.values())
    """

    def __init__(self, config: FlavaConfig, *, inputs: Inputs | None = None) -> None:
        super().__init__(config, inputs=inputs)
        self.config = config
        self.carried: Carried | None = None
        self.multimodal = MultimodalEncoder(config)

        words, codes, fused = config.text.vocabulary, config.codes, config.multimodal.width
        self.mlm_head = PredictionHead(config.text.width, classes=words, eps=config.text.eps)
        self.mim_head = PredictionHead(config.image.width, classes=codes, eps=config.image.eps)
        self.mmm_text_head = PredictionHead(fused, classes=words, eps=config.text.eps)
        self.mmm_image_head = PredictionHead(fused, classes=codes, eps=config.image.eps)
        self.itm_head = MatchingHead(fused)

    def forward(self, batch: Batch) -> dict[str, Sum]:
        """The losses that this kind of batch has; nothing random is drawn."""
        match batch:
            case TextBatch():
                return {"mlm": self.masked_words(batch.text)}
            case ImageBatch():
                return {"mim": self.masked_patches(batch.picture)}
            case PairBatch():
                contrast = {"itc": self.contrast(batch)}
                return contrast | self.masked_pairs(batch) if len(batch.target) else contrast

    def counts(self, batch: Batch) -> dict[str, Tensor]:
        """How many terms each loss of `forward(batch)` has, () float32, without computing it."""
        match batch:
            case TextBatch():
                return {"mlm": batch.text.is_masked.sum().float()}
            case ImageBatch():
                return {"mim": batch.picture.is_masked.sum().float()}
            case PairBatch():
                contrast = {"itc": batch.text_matches.sum().float()}
                if not len(batch.target):
                    return contrast
                describes = batch.fused_matches[:, None]
                return contrast | {
                    "mmm_text": (batch.fused.is_masked & describes).sum().float(),
                    "mmm_image": (batch.picture.is_masked & describes).sum().float(),
                    "itm": torch.full((), float(len(batch.target)), device=batch.target.device),
                }

    def masked_words(self, text: Texts) -> Sum:
        """Masked language modelling on the text tower alone."""

        def piece(rows: slice) -> Sum:
            some = rows_of(text, rows)
            hidden = numbers_of(some.is_masked)
            words = self.text(some.masked_ids, is_token=some.is_token, types=some.types, wanted=hidden).normed
            return masked_cross_entropy(self.mlm_head(words), targets=some.ids, is_masked=some.is_masked)

        return added(self.in_pieces(piece, rows=len(text.ids), part=self))

    def masked_patches(self, picture: Pictures) -> Sum:
        """Masked image modelling on the image tower alone; the targets are image codes (BEiT)."""

        def piece(rows: slice) -> Sum:
            is_masked = picture.is_masked[rows]
            hidden = numbers_of(pad(is_masked, (1, 0)))  # [CLS] stands before the patches
            patches = self.image(self.normalise(picture.pixels[rows]), is_masked=is_masked, wanted=hidden).normed
            return masked_cross_entropy(self.mim_head(patches), targets=picture.codes[rows], is_masked=is_masked)

        return added(self.in_pieces(piece, rows=len(picture.pixels), part=self))

    def masked_pairs(self, batch: PairBatch) -> dict[str, Sum]:
        """Masked multimodal modelling and image-text matching, from one pass over masked pictures and texts.

        What is hidden can be told from the other side only where the text describes the picture: other rows are
        matched, not filled.
        """

        def piece(rows: slice) -> FusedLosses:
            picture, text, describes = batch.picture, rows_of(batch.fused, rows), batch.fused_matches[rows, None]
            is_masked, codes = picture.is_masked[rows], picture.codes[rows]
            words, patches = text.is_masked & describes, is_masked & describes
            image_states = self.image(self.normalise(picture.pixels[rows]), is_masked=is_masked)
            text_states = self.text(text.masked_ids, is_token=text.is_token, types=text.types)
            fused = self.multimodal(
                image_states, text_states, is_token=text.is_token, patches_wanted=patches, words_wanted=words
            )
            return FusedLosses(
                masked_cross_entropy(self.mmm_text_head(fused.words), targets=text.ids, is_masked=words),
                masked_cross_entropy(self.mmm_image_head(fused.patches), targets=codes, is_masked=patches),
                self.itm_head(fused.cls),
            )

        pieces = self.in_pieces(piece, rows=len(batch.target), part=self)
        return {
            "mmm_text": added([each.mmm_text for each in pieces]),
            "mmm_image": added([each.mmm_image for each in pieces]),
            "itm": matching(torch.cat([each.answers for each in pieces]), target=batch.target),
        }

    def matches(self, pixels: Tensor, text: Texts) -> Tensor:
        """(b,) float32: how probable it is that text i describes picture i, of clean, normalised `pixels`."""
        image_states = self.image(pixels)
        text_states = self.text(text.ids, is_token=text.is_token, types=text.types)
        fused = self.multimodal(image_states, text_states, is_token=text.is_token)
        return self.itm_head(fused.cls).float().softmax(dim=-1)[:, 1]

    def match_pairs(self, pictures: Sequence[bytes], texts: Sequence[str]) -> np.ndarray:
        """(n,) float32: how probable the multimodal encoder finds it that text i describes picture i.

        The answer of the matching loss in its `pair` form, here on clean pictures and texts.
        """
        if len(pictures) != len(texts):
            raise ValueError(f"{len(pictures)} pictures cannot be paired with {len(texts)} texts: give as many of each")
        inputs = self.read_inputs()
        probability = np.empty(len(texts), dtype=np.float32)
        with answering(self) as device:
            for start in range(0, len(texts), ROWS):
                rows = slice(start, start + ROWS)
                text = inputs.texts(texts[rows]).to(device)
                pixels = self.normalise(inputs.pictures(pictures[rows]).to(device))
                probability[rows] = self.matches(pixels, text).cpu().numpy()
        return probability

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
class FusedLosses:
    """What some fused rows give: two sums, and the answers (f, 2) of the matching head."""

    mmm_text: Sum
    mmm_image: Sum
    answers: Tensor


@dataclass(frozen=True)
class Fused:
    """The multimodal encoder's normed states that were wanted: `cls` (b, d), `patches` (n, d), `words` (m, d)."""

    cls: Tensor
    patches: Tensor
    words: Tensor


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

    def forward(
        self,
        image: States,
        text: States,
        *,
        is_token: Tensor,
        patches_wanted: Tensor | None = None,
        words_wanted: Tensor | None = None,
    ) -> Fused:
        """`patches_wanted` (b, p) bool and `words_wanted` (b, t) bool say whose states are returned beside [CLS]'s."""
        b, seen = len(is_token), image.hidden.shape[1]
        cls = self.cls.expand(b, -1, -1)
        x = torch.cat([cls, self.from_image(image.hidden), self.from_text(text.hidden)], dim=1)
        is_present = torch.cat([is_token.new_ones(b, 1 + seen), is_token], dim=1)
        firsts = torch.arange(0, b * x.shape[1], x.shape[1], device=x.device)
        nobody = firsts[:0]
        patches = nobody if patches_wanted is None else numbers_of(pad(patches_wanted, (2, is_token.shape[1])))
        words = nobody if words_wanted is None else numbers_of(pad(words_wanted, (1 + seen, 0)))
        wanted = torch.cat([firsts, patches, words])
        normed = self.norm(self.transformer(x, is_token=is_present, wanted=wanted))
        return Fused(*normed.split([b, len(patches), len(words)]))


class PredictionHead(nn.Module):
    """Linear, GELU, LayerNorm, Linear to the classes; its own weights, not the embedding's."""

    def __init__(self, width: int, *, classes: int, eps: float) -> None:
        super().__init__()
        self.transform = nn.Linear(width, width)
        self.norm = nn.LayerNorm(width, eps=eps)
        self.classes = nn.Linear(width, classes)
        self.apply(initialise)

    def forward(self, x: Tensor) -> Tensor:
        return self.classes(self.norm(nn.functional.gelu(self.transform(x))))


class MatchingHead(nn.Module):
    """A tanh pooler and two answers: in the `pair` form no and yes, in the `segments` form first and second."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.pooler = nn.Linear(width, width)
        self.answers = nn.Linear(width, 2)
        self.apply(initialise)

    def forward(self, cls: Tensor) -> Tensor:
        return self.answers(self.pooler(cls).tanh())


def numbers_of(wanted: Tensor) -> Tensor:
    """The numbers of the tokens (b, t) where `wanted` is True, as `Transformer` counts them.

    The heads, most of the cost of a large vocabulary, and the last block's MLP run nowhere else.
    """
    return wanted.flatten().nonzero().squeeze(1)
