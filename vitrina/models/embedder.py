"""What families whose pictures and texts meet in one space share: how they read, and how they answer with vectors."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np
from torch import Tensor

from vitrina.data.batch import Texts
from vitrina.data.inputs import Inputs
from vitrina.models.answering import answering, embed_in_batches
from vitrina.models.chunks import Thrifty


class Embedder(Thrifty, ABC):
    """A model with `inputs`, the pictures' `mean` and `std`, and `dimensions` of the space that both kinds share."""

    inputs: Inputs | None
    mean: Tensor
    std: Tensor
    dimensions: int

    @abstractmethod
    def project_images(self, pixels: Tensor) -> Tensor:
        """Normalised pixels -> (b, dimensions), not yet of length one."""

    @abstractmethod
    def project_texts(self, text: Texts) -> Tensor:
        """Clean texts -> (b, dimensions), not yet of length one."""

    def normalise(self, pixels: Tensor) -> Tensor:
        """uint8 (b, 3, h, w) -> float32 with the configured mean and deviation per channel."""
        return (pixels.float() / 255 - self.mean) / self.std

    def embed_images(self, pictures: Sequence[bytes]) -> np.ndarray:
        """(n, dimensions) float32 of length one, comparable with `embed_texts` by their dot product."""
        inputs = self.read_inputs()
        with answering(self) as device:
            return embed_in_batches(
                pictures,
                embed=lambda some: self.project_images(self.normalise(inputs.pictures(some).to(device))),
                width=self.dimensions,
            )

    def embed_texts(self, texts: Sequence[str]) -> np.ndarray:
        """(n, dimensions) float32 of length one, comparable with `embed_images` by their dot product."""
        inputs = self.read_inputs()
        with answering(self) as device:
            return embed_in_batches(
                texts,
                embed=lambda some: self.project_texts(inputs.texts(some).to(device)),
                width=self.dimensions,
            )

    def read_inputs(self) -> Inputs:
        """How this model reads texts and pictures; ValueError where nobody said."""
        if self.inputs is None:
            raise ValueError("this model has no inputs, so it cannot read texts or pictures: give it `inputs=`")
        return self.inputs
