"""Products whose pictures are a word in bytes, and models that know that word."""

from collections.abc import Callable, Sequence
from hashlib import blake2b
from pathlib import Path

import numpy as np
import pytest

from vitrina.catalogue.product import Product, Text
from vitrina.catalogue.store import Catalogue, write_catalogue


class Oracle:
    """Embeds a text by its first word and a picture by its two, so that equal words meet; anything else is noise."""

    def embed_texts(self, texts: Sequence[str]) -> np.ndarray:
        return np.stack([self._vector(text.split()[0]) for text in texts])

    def embed_images(self, pictures: Sequence[bytes]) -> np.ndarray:
        both = np.stack([[self._vector(word) for word in picture.decode().split()] for picture in pictures]).sum(1)
        return both / np.linalg.norm(both, axis=1, keepdims=True)

    def match_pairs(self, pictures: Sequence[bytes], texts: Sequence[str]) -> np.ndarray:
        same = [picture.decode().split()[0] == text.split()[0] for picture, text in zip(pictures, texts, strict=True)]
        return np.where(same, 0.9, 0.1).astype(np.float32)

    def _vector(self, word: str) -> np.ndarray:
        seed = int.from_bytes(blake2b(word.encode(), digest_size=4).digest(), "little")
        vector = np.random.default_rng(seed).normal(size=64).astype(np.float32)
        return vector / np.linalg.norm(vector)


class Constant:
    """Finds everything equal."""

    def embed_texts(self, texts: Sequence[str]) -> np.ndarray:
        return np.full((len(texts), 4), 0.5, dtype=np.float32)

    def embed_images(self, pictures: Sequence[bytes]) -> np.ndarray:
        return np.full((len(pictures), 4), 0.5, dtype=np.float32)

    def match_pairs(self, pictures: Sequence[bytes], texts: Sequence[str]) -> np.ndarray:
        return np.full(len(pictures), 0.9, dtype=np.float32)


class HalfRight(Oracle):
    """Knows every second picture, and doubts what it sees."""

    def embed_images(self, pictures: Sequence[bytes]) -> np.ndarray:
        return super().embed_images([each if len(each) % 2 else b"no idea" for each in pictures])

    def match_pairs(self, pictures: Sequence[bytes], texts: Sequence[str]) -> np.ndarray:
        belief = super().match_pairs(pictures, texts)
        doubted = np.array([len(each) % 2 for each in pictures])
        return np.where(doubted, 1 - belief, belief).astype(np.float32)


class EmbedsOnly:
    """A model without image-text matching."""

    def __init__(self) -> None:
        oracle = Oracle()
        self.embed_texts, self.embed_images = oracle.embed_texts, oracle.embed_images


@pytest.fixture
def half_right() -> HalfRight:
    return HalfRight()


@pytest.fixture
def embeds_only() -> EmbedsOnly:
    return EmbedsOnly()


@pytest.fixture
def make_catalogue(tmp_path: Path) -> Callable[[list[Product]], Catalogue]:
    return lambda products: write_catalogue(tmp_path / "catalogue", products)


@pytest.fixture
def oracle() -> Oracle:
    return Oracle()


@pytest.fixture
def constant() -> Constant:
    return Constant()


@pytest.fixture
def products() -> list[Product]:
    """Thirty products in three categories, each with its own word."""
    return [
        Product(
            id=str(number),
            titles=(Text(f"word{number} thing", "en"),),
            pictures=(f"word{number} kind{number % 3}".encode(),),
            category=("Shop", f"kind{number % 3}"),
        )
        for number in range(30)
    ]
