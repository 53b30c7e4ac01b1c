"""DALL-E's image tokenizer, the encoder of its discrete VAE (Ramesh et al. 2021, section 2.1): FLAVA's published codes.

Module names follow transformers' `FlavaImageCodebook`, so a state dict is a checkpoint. It is three times as costly as
FLAVA's own image tower: compute the codes of a catalogue once (`vitrina.data.codes`).
"""

from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vitrina.models.answering import answering
from vitrina.models.checkpoint import digest_of, load_exactly
from vitrina.models.published import read_published

if TYPE_CHECKING:
    from transformers import FlavaImageCodebook

STRIDE = 8  # three poolings
DARKEST = 0.1  # the logit-Laplace likelihood (section 3.1 of its appendix) keeps pixels in [.1, .9]
ROWS = 16  # pictures at a time: at 112 px and 256 channels each layer holds 13 MB a picture


@dataclass(frozen=True)
class DalleConfig:
    """`width` channels at the entrance, eight times as many at the end, `codes` classes; `grid` codes along a side.

    The grid is that of the model's patches, 14 for 224 px and patches of 16: pictures are resized to eight pixels a
    code.
    """

    width: int = 256
    codes: int = 8192
    blocks_per_group: int = 2
    grid: int = 14


class DalleEncoder(nn.Module):
    """Pixels to codes; frozen, as its codes are targets.

    codebook = DalleEncoder.from_transformers("facebook/flava-image-codebook", grid=14)
    codebook.tokenise(pixels)                                          # (b, 3, h, w) uint8 -> (b, 196) int64
    """

    def __init__(self, config: DalleConfig) -> None:
        super().__init__()
        self.config = config
        widths = [config.width * factor for factor in (1, 1, 2, 4, 8)]
        blocks: OrderedDict[str, nn.Module] = OrderedDict()
        blocks["input"] = nn.Conv2d(3, config.width, kernel_size=7, padding=3)
        for number in range(1, 5):
            blocks[f"group_{number}"] = _Group(config, before=widths[number - 1], after=widths[number], number=number)
        classes = nn.Conv2d(widths[-1], config.codes, kernel_size=1)
        blocks["output"] = nn.Sequential(OrderedDict(relu=nn.ReLU(), conv=classes))
        self.blocks = nn.Sequential(blocks)
        self.requires_grad_(False)

    @property
    def code_count(self) -> int:
        """How many different codes there are."""
        return self.config.codes

    @property
    def digest(self) -> str:
        """Identifies the weights and the grid."""
        return digest_of(self.state_dict() | {"grid": torch.tensor(self.config.grid)})

    def tokenise(self, pixels: Tensor) -> Tensor:
        """Codes (b, p) int64, row by row, of pixels (b, 3, h, w) uint8 of any size."""
        side = self.config.grid * STRIDE
        grids = []
        with answering(self) as device:
            for some in pixels.split(ROWS):
                share = some.to(device).float() / 255
                share = F.interpolate(share, size=(side, side), mode="bicubic", antialias=True).clamp(0, 1)
                grids.append(self.grid_of_codes(map_pixels(share)).flatten(1))
        return torch.cat(grids) if grids else torch.empty(0, self.config.grid**2, dtype=torch.long)

    def grid_of_codes(self, mapped: Tensor) -> Tensor:
        """(b, 3, h, w) float from `map_pixels` -> (b, h / 8, w / 8) int64."""
        return self.blocks(mapped).argmax(dim=1)

    @classmethod
    def from_transformers(cls, model_or_path: "FlavaImageCodebook | str | Path", *, grid: int) -> Self:
        """Read a `FlavaImageCodebook`: the model itself, its folder or hub id, or those of the FLAVA that holds it.

        Raises ValueError where a tensor is missing, unexpected or of another shape, and says which.
        """
        checkpoint = read_published(model_or_path, files=())
        tensors, origin = checkpoint.tensors, checkpoint.origin
        inside = {name.removeprefix(_INSIDE): each for name, each in tensors.items() if name.startswith(_INSIDE)}
        settings = checkpoint.config.get("image_codebook_config") or checkpoint.config
        codebook = cls(_config(settings, grid=grid, origin=origin))
        load_exactly(codebook, tensors=inside or tensors, origin=origin)
        return codebook.eval()


_INSIDE = "image_codebook."


def map_pixels(share: Tensor) -> Tensor:
    """Pixels in [0, 1] -> [.1, .9], the range that the logit-Laplace likelihood of DALL-E was trained on."""
    return (1 - 2 * DARKEST) * share + DARKEST


def _config(settings: dict[str, Any], *, grid: int, origin: str) -> DalleConfig:
    groups, channels = settings.get("num_groups", 4), settings.get("input_channels", 3)
    if (groups, channels) != (4, 3):
        raise ValueError(f"The codebook {origin} has {groups} groups and {channels} colours, where DALL-E has 4 and 3")
    return DalleConfig(
        width=settings.get("hidden_size", 256),
        codes=settings.get("vocab_size", 8192),
        blocks_per_group=settings.get("num_blocks_per_group", 2),
        grid=grid,
    )


class _Group(nn.Module):
    """Residual blocks at one resolution; all groups but the last end by halving it."""

    def __init__(self, config: DalleConfig, *, before: int, after: int, number: int) -> None:
        super().__init__()
        blocks: OrderedDict[str, nn.Module] = OrderedDict()
        for block in range(1, config.blocks_per_group + 1):
            blocks[f"block_{block}"] = _Block(before, after, gain=1 / (4 * config.blocks_per_group) ** 2)
            before = after
        if number < 4:
            blocks["pool"] = nn.MaxPool2d(kernel_size=2)
        self.group = nn.Sequential(blocks)

    def forward(self, x: Tensor) -> Tensor:
        return self.group(x)


class _Block(nn.Module):
    def __init__(self, before: int, after: int, *, gain: float) -> None:
        super().__init__()
        self.gain = gain
        self.id_path = nn.Identity() if before == after else nn.Conv2d(before, after, kernel_size=1)
        self.res_path = _Path(before, after)

    def forward(self, x: Tensor) -> Tensor:
        return self.id_path(x) + self.gain * self.res_path(x)


class _Path(nn.Module):
    """Three narrow 3 x 3 convolutions and a wide 1 x 1, a ReLU before each."""

    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        narrow = after // 4
        path: OrderedDict[str, nn.Module] = OrderedDict()
        for number, (channels_in, channels) in enumerate([(before, narrow), (narrow, narrow), (narrow, narrow)], 1):
            path[f"relu_{number}"] = nn.ReLU()
            path[f"conv_{number}"] = nn.Conv2d(channels_in, channels, kernel_size=3, padding=1)
        path["relu_4"] = nn.ReLU()
        path["conv_4"] = nn.Conv2d(narrow, after, kernel_size=1)
        self.path = nn.Sequential(path)

    def forward(self, x: Tensor) -> Tensor:
        return self.path(x)
