"""Products whose pictures and texts are words, and a model that embeds words: equal words meet, others are noise."""

from collections.abc import Sequence
from hashlib import blake2b

import numpy as np

from vitrina.catalogue.product import Product, Text

COLOURS = ("black", "blue", "green", "red")
KINDS = ("bag", "boot", "hat")


class Words:
    """A text is the sum of its known words' vectors, a picture that of the words in its bytes, plus noise of its own.

    Pictures lie round a middle of their own, as they do in trained models. `b"broken"` is no picture.
    """

    def __init__(self, *, noise: float = 0.3, width: int = 48) -> None:
        self.noise = noise
        self.width = width
        self.pictures_seen = 0

    def embed_texts(self, texts: Sequence[str]) -> np.ndarray:
        return self._vectors([text.lower().split() for texts_ in [texts] for text in texts_], gap="text")

    def embed_images(self, pictures: Sequence[bytes]) -> np.ndarray:
        if any(picture.startswith(b"broken") for picture in pictures):
            raise ValueError("a picture cannot be read")
        self.pictures_seen += len(pictures)
        return self._vectors([picture.decode().split() for picture in pictures], gap="picture")

    def _vectors(self, words: list[list[str]], *, gap: str) -> np.ndarray:
        rows = [self._one(some, gap=gap) for some in words]
        return np.stack(rows).astype(np.float32) if rows else np.zeros((0, self.width), np.float32)

    def _one(self, words: list[str], *, gap: str) -> np.ndarray:
        known = [word for word in words if word in (*COLOURS, *KINDS)]
        vector = sum((self._word(word) for word in known), np.zeros(self.width))
        vector = vector + 0.5 * self._word(gap) + self.noise * self._word(gap + " ".join(words))
        return vector / np.linalg.norm(vector)

    def _word(self, word: str) -> np.ndarray:
        seed = int.from_bytes(blake2b(word.encode(), digest_size=8).digest(), "little")
        vector = np.random.default_rng(seed).normal(size=self.width)
        return vector / np.linalg.norm(vector)


def product(number: int, *, split: str = "train", **changes: object) -> Product:
    """A product of a colour and a kind; its title says the kind, its picture shows both."""
    colour, kind = COLOURS[number * 7 % 11 % 4], KINDS[number % 3]
    plain: dict[str, object] = {
        "id": f"p{number}",
        "titles": (Text(f"Model {number} {kind}", "en"),),
        "pictures": (f"{colour} {kind} photo{number}".encode(),),
        "category": ("Shop", kind),
        "attributes": {"colour": colour},
        "split": split,
    }
    return Product(**(plain | changes))  # type: ignore[arg-type]
