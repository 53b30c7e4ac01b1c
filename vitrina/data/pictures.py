"""Pictures: from encoded bytes to square uint8 pixels, as they are or as one augmented view, in one resampling step."""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import simplejpeg
import torch
import torch.nn.functional as F
from torch import Tensor

from vitrina.catalogue.pictures import canonicalise
from vitrina.data.draws import integers, uniform

_WHITE = 255


@dataclass(frozen=True)
class PictureGeometry:
    """Squares of `size_px`; `mean` and `std` per channel of pixels in [0, 1] are for the model, on the device.

    `fit="pad"` keeps the whole picture and fills the square with white, as shops do: products stand to the edge and
    cropping cuts them. `fit="crop"` takes the largest centred square, as CLIP's public checkpoints expect, and
    `fit="stretch"` distorts the whole picture into the square, as FLAVA's do.
    """

    size_px: int
    fit: Literal["pad", "crop", "stretch"] = "pad"
    mean: tuple[float, float, float] = (0.485, 0.456, 0.406)
    std: tuple[float, float, float] = (0.229, 0.224, 0.225)

    def __post_init__(self) -> None:
        if self.size_px < 1:
            raise ValueError(f"geometry.size_px is {self.size_px}: a picture has at least one pixel.")
        if self.fit not in ("pad", "crop", "stretch"):
            raise ValueError(f"geometry.fit is {self.fit!r}: choose 'pad', 'crop' or 'stretch'.")


@dataclass(frozen=True)
class Augment:
    """How much a training picture may move. Colours are never touched: they are what products are told apart by.

    `flip` mirrors half of the views; `shift_share` is the largest shift and `scale_share` the largest zoom in or out,
    as shares of the square's side (0.1: from 1/1.1 to 1.1 times); `aspect_share` the largest stretch of one side
    against the other. `erase_share` is the probability that a rectangle of 2 % to 20 % of the picture is covered with
    its mean colour (random erasing, Zhong et al. 2020, section 3), drawn afresh every epoch after image codes have
    been looked up: the codes stay those of the whole picture.

    `views=None` draws a fresh view every epoch; `views=k` one of k fixed views of each picture, in turn, so that
    image codes can be computed once for each.
    """

    flip: bool = True
    shift_share: float = 0.06
    scale_share: float = 0.1
    aspect_share: float = 0.05
    erase_share: float = 0.0
    views: int | None = None

    def __post_init__(self) -> None:
        for name, value, limit in (
            ("shift_share", self.shift_share, 0.5),
            ("scale_share", self.scale_share, 4.0),
            ("aspect_share", self.aspect_share, 4.0),
            ("erase_share", self.erase_share, 1.0),
        ):
            if not 0 <= value <= limit:
                raise ValueError(f"augment.{name} is {value}: choose a number from 0 to {limit:g}.")
        if self.views is not None and self.views < 1:
            raise ValueError(f"augment.views is {self.views}: choose at least 1, or None for a fresh view every epoch.")

    @property
    def moves(self) -> bool:
        """Whether any view differs from the plain picture."""
        return self.flip or self.shift_share > 0 or self.scale_share > 0 or self.aspect_share > 0


@dataclass(frozen=True, slots=True)
class View:
    """Where one looks at a picture: a box, its centre off the middle by `x` and `y`, `width` by `height`.

    All four are shares of the side of the picture's square; `is_mirrored` flips left and right.
    """

    x: float = 0.0
    y: float = 0.0
    width: float = 1.0
    height: float = 1.0
    is_mirrored: bool = False


PLAIN = View()


def fixed_views(augment: Augment, pictures: np.ndarray, *, seed: int) -> list[View]:
    """The views of `pictures` (b, 3), int64 rows of (stock row, picture number, view number)."""
    return _views(augment, pictures, seed=seed, name="fixed view")


def fresh_views(augment: Augment, keys: np.ndarray, *, seed: int) -> list[View]:
    """The views of this epoch for `keys` (b, 3), int64 rows of (source, source epoch, stock row)."""
    return _views(augment, keys, seed=seed, name="fresh view")


def view_numbers(augment: Augment, pictures: np.ndarray, *, epochs: np.ndarray, seed: int) -> np.ndarray:
    """Which of its `augment.views` views a picture shows (b,): all of them in turn, from a start of its own.

    `pictures` (b, 2) holds (stock row, picture number), `epochs` (b,) the source epochs.
    """
    assert augment.views is not None, "fresh views have no number"
    start = integers(seed, pictures, name="first view", below=augment.views)
    return (start + epochs) % augment.views


def _views(augment: Augment, keys: np.ndarray, *, seed: int, name: str) -> list[View]:
    if not augment.moves:
        return [PLAIN] * len(keys)
    mirror, x, y, zoom, stretch = uniform(seed, keys, name=name, shape=(5,)).T
    side = np.exp((2 * zoom - 1) * math.log1p(augment.scale_share))
    aspect = np.exp((stretch - 0.5) * math.log1p(augment.aspect_share))
    columns = (
        (2 * x - 1) * augment.shift_share,
        (2 * y - 1) * augment.shift_share,
        side * aspect,
        side / aspect,
        mirror < (0.5 if augment.flip else 0.0),
    )
    return [View(*row) for row in zip(*(column.tolist() for column in columns), strict=True)]


def decode(encoded: bytes, *, geometry: PictureGeometry, view: View = PLAIN) -> np.ndarray:
    """Pixels (3, size_px, size_px) uint8 of one encoded picture, through one bicubic antialiased resampling.

    A canonical JPEG is read directly, a large one at a reduced scale; anything else (PNG, WebP, a rotated or CMYK
    JPEG) is canonicalised first. A view's box is rounded to whole pixels of the source, and white where it leaves the
    picture. Raises ValueError where the picture cannot be read.

    >>> decode(jpeg, geometry=PictureGeometry(size_px=64)).shape  # doctest: +SKIP
    (3, 64, 64)
    """
    upright = encoded if _is_canonical(encoded) else canonicalise(encoded)
    height, width = (int(side) for side in simplejpeg.decode_jpeg_header(upright)[:2])
    side = max(height, width) if geometry.fit == "pad" else min(height, width)
    # Twice the pixels that the box will have: with fewer, edges land up to half a pixel away from where they belong.
    needed = 2 * geometry.size_px / (side * min(view.width, view.height, 1.0))
    pixels = simplejpeg.decode_jpeg(
        upright, min_height=math.ceil(height * needed), min_width=math.ceil(width * needed), min_factor=2
    )
    box = _look(pixels, geometry=geometry, view=view)
    square = torch.from_numpy(box).permute(2, 0, 1)[None]
    size = (geometry.size_px, geometry.size_px)
    if box.shape[:2] != size:
        square = F.interpolate(square, size=size, mode="bicubic", antialias=True)
    if view.is_mirrored:
        square = square.flip(-1)
    return square[0].contiguous().numpy()


def erase(pixels: Tensor, *, augment: Augment, keys: np.ndarray, geometry: PictureGeometry, seed: int) -> None:
    """Cover a rectangle of some of `pixels` (b, 3, h, w) uint8 with the mean colour, in place, by their keys (b, 3)."""
    if augment.erase_share == 0:
        return
    happens, area, aspect, top, left = uniform(seed, keys, name="erase", shape=(5,)).T
    side = geometry.size_px * np.sqrt(0.02 + 0.18 * area)
    stretch = np.exp((aspect - 0.5) * math.log(3.3))
    colour = torch.tensor([round(255 * value) for value in geometry.mean], dtype=torch.uint8)[:, None, None]
    for row in np.flatnonzero(happens < augment.erase_share):
        height = min(geometry.size_px, max(1, round(side[row] * stretch[row])))
        width = min(geometry.size_px, max(1, round(side[row] / stretch[row])))
        y = int(top[row] * (geometry.size_px - height + 1))
        x = int(left[row] * (geometry.size_px - width + 1))
        pixels[row, :, y : y + height, x : x + width] = colour


def _is_canonical(encoded: bytes) -> bool:
    """Whether simplejpeg alone shows the picture as it is meant: a JPEG of one or three colours, upright, of sRGB."""
    if not encoded.startswith(b"\xff\xd8"):
        return False
    head = encoded[:65536]
    if b"Exif\x00\x00" in head or b"ICC_PROFILE\x00" in head:
        return False
    return simplejpeg.decode_jpeg_header(encoded)[2] not in ("CMYK", "YCCK")


def _frame(height: int, width: int, *, geometry: PictureGeometry) -> tuple[int, int]:
    """Height and width, in the picture's pixels, of what the plain view shows of it."""
    match geometry.fit:
        case "pad":
            return max(height, width), max(height, width)
        case "crop":
            return min(height, width), min(height, width)
        case "stretch":
            return height, width


def _look(pixels: np.ndarray, *, geometry: PictureGeometry, view: View) -> np.ndarray:
    """The part of `pixels` (h, w, 3) inside the view's box, white outside the picture."""
    height, width = pixels.shape[:2]
    frame_height, frame_width = _frame(height, width, geometry=geometry)
    box_height, box_width = max(1, round(frame_height * view.height)), max(1, round(frame_width * view.width))
    top = math.floor((height - box_height) / 2 + frame_height * view.y + 0.5)
    left = math.floor((width - box_width) / 2 + frame_width * view.x + 0.5)
    bottom, right = top + box_height, left + box_width
    inside = pixels[max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)]
    if inside.shape[:2] == (box_height, box_width):
        return inside
    canvas = np.full((box_height, box_width, 3), _WHITE, dtype=np.uint8)
    y, x = max(-top, 0), max(-left, 0)
    canvas[y : y + inside.shape[0], x : x + inside.shape[1]] = inside
    return canvas
