"""Products whose pictures are a word in bytes, and models that know that word."""

from collections.abc import Sequence
from hashlib import blake2b

import numpy as np
import pytest

from vitrina.catalogue.product import Product, Text


class Oracle:
    """Embeds a text by its first word and a picture by its bytes, so that equal words meet; anything else is noise."""

    def embed_texts(self, texts: Sequence[str]) -> np.ndarray:
        return np.stack([self._vector(text.split()[0]) for text in texts])

    def embed_images(self, pictures: Sequence[bytes]) -> np.ndarray:
        return np.stack([self._vector(picture.decode()) for picture in pictures])

    def match_pairs(self, pictures: Sequence[bytes], texts: Sequence[str]) -> np.ndarray:
        same = [picture.decode() == text.split()[0] for picture, text in zip(pictures, texts, strict=True)]
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
            pictures=(f"word{number}".encode(),),
            category=("Shop", f"kind{number % 3}"),
        )
        for number in range(30)
    ]
