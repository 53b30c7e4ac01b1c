"""Pictures of coloured rectangles, and a model that knows colours by name."""

import io
from collections.abc import Sequence

import numpy as np
from PIL import Image

from vitrina.catalogue.pictures import canonicalise
from vitrina.models.patches import own_cells

COLOURS = {"red": (220, 30, 30), "green": (30, 160, 60), "blue": (40, 60, 200)}


class KnowsColours:
    """Locates the names of colours on a grid of `cells` by `cells` over a square fitted as models fit it."""

    def __init__(self, cells: int = 16) -> None:
        self.cells = cells
        self.shown = 0

    def similarity_maps(self, pictures: Sequence[bytes], *, words: Sequence[str]) -> list[np.ndarray]:
        self.shown += len(pictures)
        return [self._map(canonicalise(picture), words=words) for picture in pictures]

    def _map(self, picture: bytes, *, words: Sequence[str]) -> np.ndarray:
        image = Image.open(io.BytesIO(picture)).convert("RGB")
        small = np.asarray(image.resize((self.cells, self.cells), Image.Resampling.BOX)).astype(np.float32)
        wanted = np.array([COLOURS.get(word.casefold(), (128, 128, 128)) for word in words], np.float32)
        cosine = 1 - np.linalg.norm(small[None] - wanted[:, None, None], axis=3) / 442
        return own_cells(cosine, fit="stretch", height=image.height, width=image.width)


def picture(
    regions: dict[str, tuple[int, int, int, int]],
    *,
    size: tuple[int, int] = (96, 64),
    ground: tuple[int, int, int] = (255, 255, 255),
) -> bytes:
    """A PNG of `size` (width, height) with a rectangle [x0, y0, x1, y1] in each colour."""
    image = Image.new("RGB", size, ground)
    for name, box in regions.items():
        image.paste(COLOURS[name], box)
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def opened(content: bytes) -> np.ndarray:
    """The pixels of an encoded picture, as it says they are."""
    with Image.open(io.BytesIO(content)) as image:
        return np.asarray(image)
