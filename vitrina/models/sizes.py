"""The sizes that families share: tiny for tests and demos, small for an hour of CPU, base as published."""

from typing import Literal

from vitrina.models.towers import ImageTowerConfig, TextTowerConfig

Size = Literal["tiny", "small", "base"]


def image_tower(size: Size) -> ImageTowerConfig:
    """The image tower of a size; ValueError for a size that does not exist."""
    match size:
        case "tiny":
            return ImageTowerConfig(width=128, heads=2, layers=4, size_px=64, patch_px=8, stem="convolution")
        case "small":
            return ImageTowerConfig(width=256, heads=4, layers=3, size_px=96, patch_px=16, stem="convolution")
        case "base":
            return ImageTowerConfig(width=768, heads=12, layers=12, size_px=224, patch_px=16, stem="patch")
    raise ValueError(f'there is no size "{size}": choose "tiny", "small" or "base"')


def text_tower(size: Size, *, vocabulary: int) -> TextTowerConfig:
    """The text tower of a size, over `vocabulary` tokens."""
    match size:
        case "tiny":
            return TextTowerConfig(width=128, heads=2, layers=2, vocabulary=vocabulary)
        case "small":
            return TextTowerConfig(width=256, heads=4, layers=4, vocabulary=vocabulary)
        case "base":
            return TextTowerConfig(width=768, heads=12, layers=12, vocabulary=vocabulary)
    raise ValueError(f'there is no size "{size}": choose "tiny", "small" or "base"')
