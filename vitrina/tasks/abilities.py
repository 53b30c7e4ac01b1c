"""What a model can do, as typed protocols. A task asks for an ability, never for a family."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import numpy as np


@runtime_checkable
class EmbedsTexts(Protocol):
    """Turns texts into vectors."""

    def embed_texts(self, texts: Sequence[str]) -> np.ndarray:
        """(n, d) float32, rows of length one."""
        ...


@runtime_checkable
class EmbedsImages(Protocol):
    """Turns pictures into vectors."""

    def embed_images(self, pictures: Sequence[bytes]) -> np.ndarray:
        """(n, d) float32, rows of length one, from encoded pictures (JPEG, PNG, WebP …)."""
        ...


@runtime_checkable
class MatchesPairs(Protocol):
    """Says whether a text describes a picture."""

    def match_pairs(self, pictures: Sequence[bytes], texts: Sequence[str]) -> np.ndarray:
        """(n,) float32, probability that text i describes picture i."""
        ...


@runtime_checkable
class EmbedsBoth(EmbedsTexts, EmbedsImages, Protocol):
    """Texts and pictures in one space, where the dot product of two rows says how well they belong together."""


@runtime_checkable
class LocatesWords(Protocol):
    """Says where in a picture something looks like a word."""

    def similarity_maps(self, pictures: Sequence[bytes], *, words: Sequence[str]) -> list[np.ndarray]:
        """Of each picture (c, rows, columns) float32: how much every cell looks like each of c words.

        Figures are comparable between words. The cells cover the picture's own rectangle, without what pads it.
        """
        ...
