"""Pictures and catalogues with known faults."""

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from vitrina.catalogue.product import Product
from vitrina.catalogue.store import Catalogue, write_catalogue


def jpeg(pixels: np.ndarray, *, quality: int = 92) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels.astype(np.uint8)).save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def photo(seed: int, *, width: int = 128, height: int = 128) -> np.ndarray:
    """(height, width, 3): a scene of soft shapes and sharp ones, like no other seed's."""
    draws = np.random.default_rng(seed)
    ground = draws.integers(60, 200, (5, 5, 3)).astype(np.uint8)
    image = Image.fromarray(ground).resize((width, height), Image.Resampling.BICUBIC)
    drawing = ImageDraw.Draw(image)
    for _ in range(7):
        x, y = draws.integers(0, width), draws.integers(0, height)
        size = int(draws.integers(width // 8, width // 3))
        drawing.ellipse((x, y, x + size, y + size), fill=tuple(draws.integers(0, 256, 3).tolist()))
    drawing.ellipse((width // 3, height // 3, width // 2, height // 2), fill="white", outline="black", width=2)
    return np.asarray(image)


def collage(seed: int) -> np.ndarray:
    """Four photographs in a square."""
    rows = [np.concatenate([photo(seed + 2 * row), photo(seed + 2 * row + 1)], axis=1) for row in (0, 1)]
    return np.concatenate(rows)


def card(words: str) -> np.ndarray:
    """Lines of writing on one colour."""
    image = Image.new("RGB", (300, 300), "white")
    drawing = ImageDraw.Draw(image)
    for line in range(9):
        drawing.text((16, 14 + 30 * line), words, fill="black", font=ImageFont.load_default(size=20))
    return np.asarray(image)


def shop(path: Path, products: Sequence[Product]) -> Catalogue:
    return write_catalogue(path, products)
