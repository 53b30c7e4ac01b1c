"""The two towers that families share: a picture becomes tokens, a text becomes tokens."""

import math
from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vitrina.models.layers import Transformer, TransformerConfig, initialise

Stem = Literal["patch", "convolution"]
Order = Literal["both_ways", "left_to_right"]
End = int | Literal["last", "highest"]


@dataclass(frozen=True)
class ImageTowerConfig(TransformerConfig):
    """A square picture of `size_px`, cut into patches of `patch_px`, by the published stem or by convolutions.

    With `entry_norm` a LayerNorm stands before the first block, as in CLIP's picture tower, which has neither a bias
    in its stem of patches nor a token for hidden ones.
    """

    size_px: int = 224
    patch_px: int = 16
    stem: Stem = "patch"
    entry_norm: bool = False
    stem_bias: bool = True
    mask_token: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.size_px % self.patch_px:
            raise ValueError(f"size_px {self.size_px} is not a multiple of patch_px {self.patch_px}")
        if self.stem == "convolution" and self.patch_px.bit_count() != 1:
            raise ValueError(f'patch_px {self.patch_px} is not a power of two, which the stem "convolution" needs')

    @property
    def grid(self) -> int:
        """Patches along a side."""
        return self.size_px // self.patch_px

    @property
    def patches(self) -> int:
        return self.grid**2


@dataclass(frozen=True)
class TextTowerConfig(TransformerConfig):
    """`vocabulary` words, at most `positions` tokens, `types` kinds of segment, 0 where it tells none apart.

    The defaults are BERT's. CLIP's text tower (Radford et al. 2021, section 2.4) reads in the `order`
    `"left_to_right"`, where a token sees what stands before it alone, and has neither types nor `entry_norm`. `end`
    says which token stands for the whole text where a model pools there: the `"last"` that is no padding, the one of
    the `"highest"` id, which OpenAI's tokenizer gives to its end, or the first of a given id.
    """

    vocabulary: int = 30522
    positions: int = 512
    types: int = 2
    order: Order = "both_ways"
    entry_norm: bool = True
    end: End = "last"

    def __post_init__(self) -> None:
        super().__post_init__()
        if isinstance(self.end, int) and not 0 <= self.end < self.vocabulary:
            raise ValueError(f"end is the id {self.end} where the vocabulary has {self.vocabulary} tokens")


@dataclass(frozen=True)
class States:
    """What a tower returns: `hidden` (b, t, d) before the final LayerNorm, `normed` (b, t, d) after; [CLS] first.

    Both are (n, d) where `wanted` named n tokens by their number, row after row: see `Transformer`.
    """

    hidden: Tensor
    normed: Tensor


class ImageTower(nn.Module):
    """A vision transformer (ViT, section 3.1) whose masked patches are replaced by a learned token (BEiT, 2.3)."""

    def __init__(self, config: ImageTowerConfig) -> None:
        super().__init__()
        self.config = config
        self.stem = PatchStem(config) if config.stem == "patch" else ConvolutionStem(config)
        self.cls = nn.Parameter(torch.empty(1, 1, config.width))
        self.mask_token = nn.Parameter(torch.empty(1, 1, config.width)) if config.mask_token else None
        self.positions = nn.Parameter(torch.empty(1, 1 + config.patches, config.width))
        self.entry_norm = nn.LayerNorm(config.width, eps=config.eps) if config.entry_norm else nn.Identity()
        self.transformer = Transformer(config)
        self.norm = nn.LayerNorm(config.width, eps=config.eps)
        for parameter in (self.cls, self.mask_token, self.positions):
            if parameter is not None:
                nn.init.trunc_normal_(parameter, std=0.02, a=-0.04, b=0.04)
        self.transformer.apply(initialise)

    def forward(
        self,
        pixels: Tensor,
        *,
        is_masked: Tensor | None = None,
        kept: Tensor | None = None,
        wanted: Tensor | None = None,
    ) -> States:
        """Normalised `pixels` (b, 3, h, w) -> states of [CLS] and the patches.

        Patches where `is_masked` (b, p) bool is True are hidden: all p are returned. Or only the patches `kept` (b, k)
        int64 are seen, and k returned, each with the position that it has in the picture (FLIP, Li et al. 2023,
        section 3); k = 0 sees all.
        """
        side = self.config.size_px
        if pixels.shape[-2:] != (side, side):
            raise ValueError(f"pictures are {tuple(pixels.shape[-2:])} pixels where the model takes {(side, side)}")
        if is_masked is None:
            patches = self.stem(pixels)
        else:
            if self.mask_token is None:
                raise ValueError("this picture tower has no mask token, so nothing can be hidden from it")
            patches = self.stem(self._hide(pixels, is_masked))
            patches = torch.where(is_masked[:, :, None], self.mask_token.to(patches.dtype), patches)
        x = torch.cat([self.cls.expand(len(patches), -1, -1), patches], dim=1) + self.positions
        if kept is not None and kept.shape[1]:
            x = _chosen(x, torch.cat([kept.new_zeros(len(kept), 1), kept + 1], dim=1))
        hidden = self.transformer(self.entry_norm(x), wanted=wanted)
        return States(hidden, self.norm(hidden))

    def _hide(self, pixels: Tensor, is_masked: Tensor) -> Tensor:
        """Paint the masked patches in the mean colour (zero), so that no overlapping window looks into them.

        Where patches do not overlap the mask token alone hides them.
        """
        if self.config.stem == "patch":
            return pixels
        b, grid, patch = len(pixels), self.config.grid, self.config.patch_px
        hidden = is_masked.view(b, 1, grid, 1, grid, 1).expand(b, 1, grid, patch, grid, patch)
        return pixels.masked_fill(hidden.reshape(b, 1, *pixels.shape[-2:]), 0.0)


def _chosen(x: Tensor, places: Tensor) -> Tensor:
    """Of (b, t, d) the tokens at `places` (b, k) -> (b, k, d); whole rows at once, which `gather` does not."""
    first = torch.arange(len(x), device=x.device)[:, None] * x.shape[1]
    return x.flatten(0, 1).index_select(0, (first + places).flatten()).unflatten(0, places.shape)


class PatchStem(nn.Module):
    """The published stem: one linear map per patch (ViT, section 3.1). (b, 3, h, w) -> (b, p, d)."""

    def __init__(self, config: ImageTowerConfig) -> None:
        super().__init__()
        self.projection = nn.Conv2d(
            3, config.width, kernel_size=config.patch_px, stride=config.patch_px, bias=config.stem_bias
        )
        nn.init.trunc_normal_(self.projection.weight, std=0.02, a=-0.04, b=0.04)
        if self.projection.bias is not None:
            nn.init.zeros_(self.projection.bias)

    def forward(self, pixels: Tensor) -> Tensor:
        return self.projection(pixels).flatten(2).transpose(1, 2)


class ConvolutionStem(nn.Module):
    """A pyramid of convolutions ending at the patch grid (after Xiao et al. 2021). (b, 3, h, w) -> (b, p, d).

    Each stage halves height and width; channels begin at a quarter of the tower's width and double. The stages between
    the first and the finest grid refine by a residual pair; the first would cost most and the last sees too little.
    Windows overlap, so masked patches must be painted over before. GroupNorm keeps rows independent of their batch.
    """

    def __init__(self, config: ImageTowerConfig) -> None:
        super().__init__()
        stages = config.patch_px.bit_length() - 1
        widths = [max(16, config.width // 4) << stage for stage in range(stages)]
        layers: list[nn.Module] = []
        for stage, (before, after) in enumerate(zip([3, *widths], widths, strict=False)):
            layers.append(Convolution(before, after, stride=2))
            if stage in (1, 2):
                layers.append(Refinement(after))
        self.stages = nn.Sequential(*layers)
        self.projection = nn.Conv2d(widths[-1] if widths else 3, config.width, kernel_size=1)

    def forward(self, pixels: Tensor) -> Tensor:
        return self.projection(self.stages(pixels)).flatten(2).transpose(1, 2)


class Convolution(nn.Sequential):
    """A 3x3 convolution, GroupNorm over groups of 16 channels, GELU."""

    def __init__(self, channels_in: int, channels: int, *, stride: int) -> None:
        super().__init__(*_normed_convolution(channels_in, channels, stride=stride), nn.GELU())


class Refinement(nn.Module):
    """Two 3x3 convolutions beside the identity (ResNet, section 3.2)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.branch = nn.Sequential(
            Convolution(channels, channels, stride=1), *_normed_convolution(channels, channels, stride=1)
        )

    def forward(self, x: Tensor) -> Tensor:
        return F.gelu(x + self.branch(x))


def _normed_convolution(channels_in: int, channels: int, *, stride: int) -> tuple[nn.Conv2d, nn.GroupNorm]:
    convolution = nn.Conv2d(channels_in, channels, kernel_size=3, stride=stride, padding=1, bias=False)
    return convolution, nn.GroupNorm(math.gcd(channels, max(1, channels // 16)), channels)


class TextTower(nn.Module):
    """A text transformer with learned positions: as BERT's (section 3), with segment types and a LayerNorm at its
    entrance, or as CLIP's (section 2.4), reading from left to right without either."""

    def __init__(self, config: TextTowerConfig) -> None:
        super().__init__()
        self.config = config
        self.words = nn.Embedding(config.vocabulary, config.width)
        self.positions = nn.Embedding(config.positions, config.width)
        self.types = nn.Embedding(config.types, config.width) if config.types else None
        self.entry_norm = nn.LayerNorm(config.width, eps=config.eps) if config.entry_norm else nn.Identity()
        self.transformer = Transformer(config)
        self.norm = nn.LayerNorm(config.width, eps=config.eps)
        self.apply(initialise)

    def forward(self, ids: Tensor, *, is_token: Tensor, types: Tensor, wanted: Tensor | None = None) -> States:
        """Token `ids`, padding and segment `types`, all (b, t) -> states of t tokens."""
        t = ids.shape[1]
        if t > self.config.positions:
            raise ValueError(f"texts of {t} tokens are longer than the model's {self.config.positions} positions")
        positions = self.positions.weight[:t]
        words = self.words(ids) if self.types is None else self.words(ids) + self.types(types)
        is_causal = self.config.order == "left_to_right"
        hidden = self.transformer(
            self.entry_norm(words + positions), is_token=is_token, is_causal=is_causal, wanted=wanted
        )
        return States(hidden, self.norm(hidden))

    def ends(self, ids: Tensor, *, is_token: Tensor) -> Tensor:
        """(b,) int64: the place of the token that stands for each text, as `config.end` says; the first of several."""
        match self.config.end:
            case "last":
                return is_token.sum(dim=1) - 1
            case "highest":
                return ids.int().argmax(dim=1)
            case number:
                return (ids == number).int().argmax(dim=1)
