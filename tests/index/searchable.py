"""A little shop that can be searched, with a model that knows words: no run, no training."""

from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path

import numpy as np

from vitrina.catalogue.product import Product
from vitrina.catalogue.store import write_catalogue
from vitrina.index.index import Index, Loaded


class WordModel:
    """Texts and pictures are the normalised sum of their words' vectors; texts lie in a corner of their own."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.pictures: list[bytes] = []

    def embed_texts(self, texts: Sequence[str]) -> np.ndarray:
        self.texts += texts
        return self._vectors([text.casefold().split() for text in texts], corner=3.0)

    def embed_images(self, pictures: Sequence[bytes]) -> np.ndarray:
        self.pictures += pictures
        return self._vectors([picture.decode().split() for picture in pictures], corner=-3.0)

    def _vectors(self, all_words: Sequence[Sequence[str]], *, corner: float) -> np.ndarray:
        rows = np.zeros((len(all_words), 65), dtype=np.float32)
        for row, words in zip(rows, all_words, strict=True):
            row[0] = corner
            for word in words:
                seed = int.from_bytes(blake2b(word.encode(), digest_size=4).digest(), "little")
                row[1:] += np.random.default_rng(seed).normal(size=64).astype(np.float32) / 8
        return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)


def index_of(model, *, folder: Path, catalogue: Path, digest: str = "a" * 64) -> Index:
    loaded = Loaded(model, digest, ("nowhere", 0))
    return Index(lambda before: loaded, catalogue=catalogue, folder=folder)


def opened(model, products: Sequence[Product], *, place: Path) -> Index:
    write_catalogue(place / "shop", products)
    return index_of(model, folder=place / "index", catalogue=place / "shop")
