"""A model that never embeds the same text or picture twice, and shows how far it is."""

from collections.abc import Callable, Sequence
from hashlib import blake2b
from typing import Any

import numpy as np
from tqdm import tqdm

from vitrina.tasks.abilities import EmbedsBoth, MatchesPairs

_AT_ONCE = 256


class Remembered:
    """Wraps a model that embeds texts and pictures: the same input has one vector, so equal inputs tie exactly."""

    def __init__(self, model: EmbedsBoth):
        self._model = model
        self._texts: dict[bytes, np.ndarray] = {}
        self._pictures: dict[bytes, np.ndarray] = {}

    def embed_texts(self, texts: Sequence[str]) -> np.ndarray:
        """(n, d) float32, rows of length one."""
        keys = [text.encode("utf-8", "surrogatepass") for text in texts]
        return _recall(texts, keys, self._model.embed_texts, self._texts, what="texts")

    def embed_images(self, pictures: Sequence[bytes]) -> np.ndarray:
        """(n, d) float32, rows of length one."""
        keys = [blake2b(picture, digest_size=16).digest() for picture in pictures]
        return _recall(pictures, keys, self._model.embed_images, self._pictures, what="pictures")


class Shown:
    """Wraps a model that matches pairs: asks in parts and shows how far it is."""

    def __init__(self, model: MatchesPairs):
        self._model = model

    def match_pairs(self, pictures: Sequence[bytes], texts: Sequence[str]) -> np.ndarray:
        """(n,) float32, probability that text i describes picture i."""
        parts = []
        with tqdm(total=len(texts), desc="matching pairs", delay=2, leave=False, dynamic_ncols=True) as bar:
            for start in range(0, len(texts), _AT_ONCE):
                chunk = slice(start, start + _AT_ONCE)
                parts.append(self._model.match_pairs(pictures[chunk], texts[chunk]))
                bar.update(len(parts[-1]))
        return np.concatenate(parts) if parts else np.zeros(0, dtype=np.float32)


def _recall(
    things: Sequence[Any],
    keys: Sequence[bytes],
    embed: Callable[[Sequence[Any]], np.ndarray],
    known: dict[bytes, np.ndarray],
    *,
    what: str,
) -> np.ndarray:
    new = {key: thing for key, thing in zip(keys, things, strict=True) if key not in known}
    order = list(new)
    with tqdm(total=len(order), desc=f"embedding {what}", delay=2, leave=False, dynamic_ncols=True) as bar:
        for start in range(0, len(order), _AT_ONCE):
            chunk = order[start : start + _AT_ONCE]
            known.update(zip(chunk, embed([new[key] for key in chunk]), strict=True))
            bar.update(len(chunk))
    return np.stack([known[key] for key in keys]) if keys else embed([])
