"""The image codebook: a picture becomes a grid of discrete codes, and a picture again.

Finite scalar quantisation (Mentzer et al. 2023, section 3): a few channels, each bounded and rounded to a few levels,
whose combinations are the codes. No code can die, so there is no commitment loss, no moving average, no restart.

    pixels -> 8 x 8 pixels folded into channels -> convolutions -> 4 channels, rounded -> convolutions -> unfolded

No convolution runs at full resolution: that is what makes minutes on a CPU enough.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import Self

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vitrina.data.batch import Batch, ImageBatch
from vitrina.data.inputs import Inputs
from vitrina.models.answering import ROWS, answering
from vitrina.models.checkpoint import digest_of
from vitrina.models.chunks import Thrifty
from vitrina.models.layers import Repeated, recomputed
from vitrina.models.sizes import Size, image_tower
from vitrina.objectives.sums import Sum

_SQUARED, _EDGES = 10.0, 0.3
"""Weights of squared and of edge differences beside absolute ones, by reconstruction at equal CPU time."""

_MARGIN = 1e-3
"""How far bounds reach past the outermost levels, so that these can be rounded to (the paper's appendix)."""


@dataclass(frozen=True, kw_only=True)
class CodebookConfig:
    """Pictures of `size_px` become one code for each `stride_px` square, out of the product of `levels`.

    `width` channels at the grid of codes, half as many at twice that grid; `blocks` residual blocks at each.
    `CodebookConfig.sized("tiny")` is a complete one: 64 px, 8 x 8 codes, 1000 different ones.
    """

    size_px: int
    stride_px: int = 8
    levels: tuple[int, ...] = (8, 5, 5, 5)
    width: int = 64
    blocks: int = 2

    def __post_init__(self) -> None:
        if self.stride_px < 2 or self.stride_px % 2:
            raise ValueError(f"stride_px is {self.stride_px}: choose an even number of pixels, 8 for one")
        if self.size_px < self.stride_px or self.size_px % self.stride_px:
            raise ValueError(f"size_px is {self.size_px}: choose a multiple of stride_px, which is {self.stride_px}")
        if not self.levels or min(self.levels) < 2:
            raise ValueError(f"levels are {self.levels}: choose at least 2 for each channel, (8, 5, 5, 5) for one")
        if self.width < 32 or self.width % 32:
            raise ValueError(f"width is {self.width}: choose a multiple of 32")
        if self.blocks < 1:
            raise ValueError(f"blocks is {self.blocks}: choose 1 or more")

    @property
    def grid(self) -> int:
        """Codes along a side."""
        return self.size_px // self.stride_px

    @property
    def code_count(self) -> int:
        """How many different codes there are."""
        return math.prod(self.levels)

    @classmethod
    def sized(cls, size: Size) -> Self:
        """As many codes along a side as the image tower of that size has patches, and eight pixels for each.

        The pictures of the codebook are those of the model, or half as large where its patches are: 112 px for 224.
        """
        grid = image_tower(size).grid
        match size:
            case "tiny":
                return cls(size_px=8 * grid, width=64)
            case "small":
                return cls(size_px=8 * grid, width=128, blocks=3)
            case "base":
                return cls(size_px=8 * grid, levels=(7, 5, 5, 5, 5), width=256, blocks=4)


class Codebook(Thrifty):
    """Encoder, rounding, decoder; one loss, `reconstruction`.

    codes = codebook.tokenise(pixels)             # (b, 3, h, w) uint8 -> (b, p) int64, row by row of the grid
    pictures = codebook.decode_codes(codes)       # (b, 3, size_px, size_px) uint8
    """

    def __init__(self, config: CodebookConfig, *, inputs: Inputs | None = None) -> None:
        super().__init__()
        self.config = config
        self.inputs = inputs
        width, half, channels = config.width, config.width // 2, len(config.levels)
        self.encoder = nn.Sequential(
            nn.Conv2d(3 * config.stride_px**2, width, kernel_size=3, padding=1),
            *(_Block(width) for _ in range(config.blocks)),
            _norm(width),
            nn.GELU(),
            nn.Conv2d(width, channels, kernel_size=1),
        )
        self.rounding = Rounding(config.levels)
        self.decoder = nn.Sequential(
            nn.Conv2d(channels, width, kernel_size=3, padding=1),
            *(_Block(width) for _ in range(config.blocks)),
            nn.Conv2d(width, 4 * half, kernel_size=1),
            nn.PixelShuffle(2),
            *(_Block(half) for _ in range(config.blocks)),
            _norm(half),
            nn.GELU(),
            nn.Conv2d(half, 3 * (config.stride_px // 2) ** 2, kernel_size=3, padding=1),
            nn.PixelShuffle(config.stride_px // 2),
        )

    @property
    def code_count(self) -> int:
        """How many different codes there are."""
        return self.config.code_count

    @property
    def digest(self) -> str:
        """Identifies the weights and the configuration."""
        config = self.config
        shape = torch.tensor([config.size_px, config.stride_px, *config.levels])
        return digest_of(self.state_dict() | {"shape": shape})

    def forward(self, batch: Batch) -> dict[str, Sum]:
        """The mean difference of each picture of an ImageBatch from its reconstruction.

        `chance` is that of a decoder that knows the batch's mean picture only. ValueError for another kind of batch.
        """
        pictures = self._scaled(_images(batch).picture.pixels)

        def piece(rows: slice) -> Tensor:
            rebuilt = self._rebuilt(self.rounded(pictures[rows]))
            return picture_differences(rebuilt.float(), pictures[rows])

        differences = torch.cat(self.in_pieces(piece, rows=len(pictures), part=self))
        with torch.no_grad():
            mean_picture = pictures.mean(dim=0, keepdim=True).expand_as(pictures)
            chance = picture_differences(mean_picture, pictures).mean()
        count = torch.full((), float(len(pictures)), device=differences.device)
        return {"reconstruction": Sum(differences.sum(), count, chance=chance)}

    def counts(self, batch: Batch) -> dict[str, Tensor]:
        """How many terms each loss of `forward(batch)` has, () float32, without computing it."""
        pixels = _images(batch).picture.pixels
        return {"reconstruction": torch.full((), float(len(pixels)), device=pixels.device)}

    def tokenise(self, pixels: Tensor) -> Tensor:
        """Codes (b, p) int64, row by row of the grid, of pixels (b, 3, h, w) uint8, squares of any size."""
        with answering(self) as device, torch.autocast(device.type, enabled=False):
            grids = [self._codes(some.to(device)) for some in pixels.split(ROWS) if len(some)]
        return torch.cat(grids) if grids else torch.empty(0, self.config.grid**2, dtype=torch.long)

    def decode_codes(self, codes: Tensor) -> Tensor:
        """Pixels (b, 3, size_px, size_px) uint8 of codes (b, p) int64. Raises ValueError for codes out of range."""
        if codes.ndim != 2 or codes.shape[1] != self.config.grid**2:
            raise ValueError(f"codes are {tuple(codes.shape)}: a picture has {self.config.grid**2}, in a row")
        if codes.numel() and not 0 <= int(codes.min()) <= int(codes.max()) < self.code_count:
            raise ValueError(f"codes reach from {codes.min()} to {codes.max()}: they are 0 to {self.code_count - 1}")
        grid = self.config.grid
        with answering(self) as device, torch.autocast(device.type, enabled=False):
            pictures = [
                _as_pixels(self._rebuilt(self.rounding.values(some.to(device).unflatten(1, (grid, grid)))))
                for some in codes.split(ROWS)
                if len(some)
            ]
        size_px = self.config.size_px
        return torch.cat(pictures) if pictures else torch.empty(0, 3, size_px, size_px, dtype=torch.uint8)

    def rounded(self, pictures: Tensor) -> Tensor:
        """Values (b, c, grid, grid) of pictures (b, 3, size_px, size_px) in [-1, 1]; gradients pass."""
        return self.rounding(_through(self.encoder, _channels_last(F.pixel_unshuffle(pictures, self.config.stride_px))))

    def resized(self, pixels: Tensor) -> Tensor:
        """Pixels (b, 3, size_px, size_px) uint8 of pictures as the codebook sees them: what `decode_codes` aims at."""
        return _as_pixels(self._scaled(pixels))

    def _codes(self, pixels: Tensor) -> Tensor:
        return self.rounding.codes(self.rounded(self._scaled(pixels))).flatten(1)

    def _rebuilt(self, values: Tensor) -> Tensor:
        return _through(self.decoder, _channels_last(values))

    def _scaled(self, pixels: Tensor) -> Tensor:
        """(b, 3, h, w) uint8 -> (b, 3, size_px, size_px) float32 in [-1, 1]."""
        size = (self.config.size_px, self.config.size_px)
        scaled = pixels.float() / 127.5 - 1
        if scaled.shape[-2:] != size:
            scaled = F.interpolate(scaled, size=size, mode="bicubic", antialias=True).clamp(-1, 1)
        return scaled


class Rounding(nn.Module):
    """Bounds each channel and rounds it to its levels; the gradient passes as if nothing had been rounded.

    Channels are (b, c, h, w), values in [-1, 1]; codes are (b, h, w), the levels read as the digits of a number, the
    first channel's digit counting one.
    """

    span: Tensor
    offset: Tensor
    shift: Tensor
    reach: Tensor

    def __init__(self, levels: tuple[int, ...]) -> None:
        super().__init__()
        self.levels = levels
        level = torch.tensor(levels, dtype=torch.float64)
        span = (level - 1) * (1 + _MARGIN) / 2
        offset = torch.where(level % 2 == 0, 0.5, 0.0)
        shift, reach = torch.atanh(offset / span), torch.floor(level / 2)
        for name, values in (("span", span), ("offset", offset), ("shift", shift), ("reach", reach)):
            self.register_buffer(name, values.float()[:, None, None], persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Channels of any range -> the nearest values, float32."""
        bounded = torch.tanh(x.float() + self.shift) * self.span - self.offset
        return (bounded + (bounded.round() - bounded).detach()) / self.reach

    def codes(self, values: Tensor) -> Tensor:
        """Values -> (b, h, w) int64."""
        digits = (values * self.reach + self.reach).round().long()
        places = torch.tensor(self._places(), device=values.device)[:, None, None]
        return (digits * places).sum(dim=1)

    def values(self, codes: Tensor) -> Tensor:
        """(b, h, w) int64 -> values."""
        digits = [codes // place % level for place, level in zip(self._places(), self.levels, strict=True)]
        return (torch.stack(digits, dim=1).float() - self.reach) / self.reach

    def _places(self) -> list[int]:
        """What each channel's digit counts."""
        return [math.prod(self.levels[:at]) for at in range(len(self.levels))]


def _images(batch: Batch) -> ImageBatch:
    if not isinstance(batch, ImageBatch):
        raise ValueError("a codebook learns from pictures only: set mixture.image=1 mixture.text=0 mixture.pair=0")
    return batch


def picture_differences(rebuilt: Tensor, pictures: Tensor) -> Tensor:
    """How far each of (b, 3, h, w) is from its picture, (b,): absolute, squared, and in its edges; in [-1, 1] units."""
    apart = rebuilt - pictures
    across, down = apart.diff(dim=-1).abs().mean(dim=(1, 2, 3)), apart.diff(dim=-2).abs().mean(dim=(1, 2, 3))
    return apart.abs().mean(dim=(1, 2, 3)) + _SQUARED * apart.square().mean(dim=(1, 2, 3)) + _EDGES * (across + down)


@dataclass(frozen=True)
class CodebookQuality:
    """How well pictures survive their codes, and how evenly the codes are used.

    `psnr_db` is the mean over pictures, `pooled_psnr_db` that of their mean squared error (lower: hard pictures weigh
    more), both against the pictures at the codebook's size. `entropy_bits` is that of the codes' shares, at most
    `log2(code_count)`.
    """

    pictures: int
    psnr_db: float
    pooled_psnr_db: float
    codes_used: int
    code_count: int
    entropy_bits: float

    def text(self) -> str:
        """One line for the terminal or a report."""
        return (
            f"{self.psnr_db:.1f} dB on {self.pictures:,} pictures ({self.pooled_psnr_db:.1f} pooled); "
            f"{self.codes_used:,} of {self.code_count:,} codes used, {self.entropy_bits:.2f} of "
            f"{math.log2(self.code_count):.2f} bits"
        )


def measure_codebook(codebook: Codebook, pictures: Iterable[Tensor]) -> CodebookQuality:
    """The quality on batches of pixels (b, 3, h, w) uint8. Raises ValueError where there is no picture.

    >>> measure_codebook(codebook, [pixels]).psnr_db  # doctest: +SKIP
    27.4
    """
    counts = torch.zeros(codebook.code_count, dtype=torch.int64)
    errors: list[Tensor] = []
    for pixels in pictures:
        codes = codebook.tokenise(pixels)
        apart = codebook.decode_codes(codes).double() - codebook.resized(pixels).double()
        errors.append(apart.square().mean(dim=(1, 2, 3)).cpu())
        counts += torch.bincount(codes.flatten().cpu(), minlength=codebook.code_count)
    error = torch.cat(errors) if errors else torch.empty(0)
    if not len(error):
        raise ValueError("there is no picture to measure the codebook on: name a catalogue that has some")
    shares = counts[counts > 0].double() / counts.sum()
    return CodebookQuality(
        pictures=len(error),
        psnr_db=float(_decibels(error).mean()),
        pooled_psnr_db=float(_decibels(error.mean())),
        codes_used=len(shares),
        code_count=codebook.code_count,
        entropy_bits=float(-(shares * shares.log2()).sum()),
    )


def _decibels(squared_error: Tensor) -> Tensor:
    """PSNR of squared errors in grey levels; a perfect picture counts as one whose only error is rounding."""
    return 10 * (255**2 / squared_error.clamp(min=1 / 12)).log10()


def _through(layers: nn.Sequential, x: Tensor) -> Tensor:
    """The layers one after another, their blocks again in the backward pass where that is asked for."""
    for layer in layers:
        step = partial(layer, x)
        x = recomputed(step) if isinstance(layer, Repeated) and layer.is_recomputed else step()
    return x


def _channels_last(x: Tensor) -> Tensor:
    """The same channels in the order of memory that convolutions are fastest in: a tenth less time on a CPU."""
    return x.contiguous(memory_format=torch.channels_last)


def _as_pixels(scaled: Tensor) -> Tensor:
    return ((scaled.float().clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)


def _norm(width: int) -> nn.GroupNorm:
    return nn.GroupNorm(width // 16, width)


class _Block(Repeated):
    """x + two 3 x 3 convolutions of x; nothing at first, as the second begins at zero."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = _norm(width)
        self.conv1 = nn.Conv2d(width, width, kernel_size=3, padding=1)
        self.conv2 = nn.Conv2d(width, width, kernel_size=3, padding=1)
        nn.init.zeros_(self.conv2.weight)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.conv2(F.gelu(self.conv1(self.norm(x))))
