"""From a coarse idea of where a product stands to its outline, by the picture's own colours and edges."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

from vitrina.tasks.regions import connected

Ground = Literal["plain", "scene"]

_WORK_PX = 320  # the longest side on which colours are told apart
_BORDER_SHARE = 0.02
_PLAIN_SHARE = 0.75  # of the border in one colour: then it is the background's
_PLAIN_DISTANCE = 10.0  # in units of Lab: what the eye tells apart at a glance is 2 to 3, JPEG noise about as much
_ROUNDS = 4
_BINS = 12
_SMALLEST_SHARE = 0.05  # of the largest region: smaller ones are specks


@dataclass(frozen=True)
class Outline:
    """`alpha` (h, w) uint8: 255 on the product, 0 on the background, between on the edge. `ground` says how it was
    found: from a background of one colour, or from where a model saw the product in a scene."""

    alpha: np.ndarray
    ground: Ground


def plain_background(pixels: np.ndarray) -> np.ndarray | None:
    """The colour (3,) float32, in Lab, of a background that is one colour all along the picture's edge, else None.

    A shop's picture mostly has one, and then needs no model to be cut out: white in nine of ten. `pixels` (h, w, 3)
    uint8.
    """
    lab = _lab(_shrunk(pixels))
    edge = _edge(lab)
    colour = np.median(edge, axis=0)
    near = np.linalg.norm(edge - colour, axis=1) < _PLAIN_DISTANCE
    return colour.astype(np.float32) if near.mean() >= _PLAIN_SHARE else None


def outline(pixels: np.ndarray, *, belief: np.ndarray | None) -> Outline:
    """Cut a product out of `pixels` (h, w, 3) uint8.

    Where the background is plain, what has its colour and hangs together with the picture's edge is background.
    Otherwise `belief` (rows, columns), the log-odds that a place shows the product, is the beginning: the colours of
    product and background are estimated under it and it under them, in turn (GrabCut, Rother et al. 2004, section 3,
    with histograms for mixtures and a guided filter for the cut). Either way the edge follows the picture's own (guided
    filter, He et al. 2013, section 3). Raises ValueError where the background is not plain and there is no belief.
    """
    small = _shrunk(pixels)
    colour = plain_background(pixels)
    if colour is not None:
        inside, ground = _off_background(_lab(small), colour=colour), "plain"
        if belief is not None and not 0.005 < inside.mean() < 0.98:
            inside, ground = _grown(small, belief=belief), "scene"
    elif belief is None:
        raise ValueError("the background is not of one colour, so that a model must say where the product is")
    else:
        inside, ground = _grown(small, belief=belief), "scene"
    return Outline(_alpha(pixels, inside=without_specks(inside)), ground)


def guided(guide: np.ndarray, values: np.ndarray, *, radius: int, eps: float) -> np.ndarray:
    """`values` (h, w) smoothed along the edges of `guide` (h, w, 3) in [0, 1] (guided filter, He et al. 2013, eq. 19).

    Windows reach `radius` pixels each way; `eps` is the variance of colour below which a window counts as flat.
    """
    image = torch.from_numpy(np.ascontiguousarray(guide, dtype=np.float32)).permute(2, 0, 1)
    given = torch.from_numpy(np.ascontiguousarray(values, dtype=np.float32))[None]
    mean_image, mean = _boxed(image, radius), _boxed(given, radius)
    shared = _boxed(image * given, radius) - mean_image * mean
    pairs = [(0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2)]
    moments = _boxed(torch.stack([image[i] * image[j] for i, j in pairs]), radius)
    spread = torch.empty(*image.shape[1:], 3, 3)
    for number, (i, j) in enumerate(pairs):
        spread[..., i, j] = spread[..., j, i] = moments[number] - mean_image[i] * mean_image[j]
    spread += eps * torch.eye(3)
    slope = torch.linalg.solve(spread, shared.permute(1, 2, 0)[..., None])[..., 0].permute(2, 0, 1)
    level = mean - (slope * mean_image).sum(0, keepdim=True)
    return ((_boxed(slope, radius) * image).sum(0) + _boxed(level, radius)[0]).numpy()


def without_specks(inside: np.ndarray) -> np.ndarray:
    """`inside` (h, w) bool with its large regions alone: a pair of shoes stays two, crumbs go, pinholes are closed."""
    kept = _large(inside, least=_SMALLEST_SHARE)
    holes, _ = connected(~kept)
    sizes = np.bincount(holes.reshape(-1))
    pinhole = sizes < max(4, 0.0005 * inside.size)
    pinhole[0] = True  # number 0 is `kept` itself
    return pinhole[holes]


def _large(inside: np.ndarray, *, least: float) -> np.ndarray:
    numbers, count = connected(inside)
    sizes = np.bincount(numbers.reshape(-1), minlength=count + 1)
    sizes[0] = 0
    return (sizes >= least * max(1, sizes.max()))[numbers] & inside


def _off_background(lab: np.ndarray, *, colour: np.ndarray) -> np.ndarray:
    """(h, w) bool: what the background's colour does not reach from the picture's edge.

    A region of that very colour that is shut in (through the handle of a mug) is background too where it is large; a
    small one is print.
    """
    edge = _edge(lab)
    own = np.linalg.norm(edge - colour, axis=1)
    reach = float(np.clip(2 * np.quantile(own, _PLAIN_SHARE), 4.0, _PLAIN_DISTANCE))
    near = np.linalg.norm(lab - colour, axis=2) < reach
    numbers, count = connected(np.pad(near, 1, constant_values=True))
    sizes = np.bincount(numbers.reshape(-1), minlength=count + 1)
    is_background = sizes > 0.01 * near.size
    is_background[numbers[0, 0]] = True
    is_background[0] = False
    return ~is_background[numbers][1:-1, 1:-1]


def _grown(small: np.ndarray, *, belief: np.ndarray) -> np.ndarray:
    """(h, w) bool from log-odds and the picture's colours."""
    height, width = small.shape[:2]
    odds = torch.from_numpy(np.ascontiguousarray(belief, dtype=np.float32))[None, None]
    prior = F.interpolate(odds, size=(height, width), mode="bilinear", align_corners=False)[0, 0].numpy()
    guide = small.astype(np.float32) / 255
    bins = np.minimum(_lab(small) / np.array([100, 256, 256]) + np.array([0, 0.5, 0.5]), 0.999) * _BINS
    place = bins.astype(np.int64) @ np.array([_BINS**2, _BINS, 1])
    radius = max(2, round(0.03 * max(height, width)))
    share = 1 / (1 + np.exp(-prior))
    for _ in range(_ROUNDS):
        product, background = (_colours(place, weights=each) for each in (share, 1 - share))
        colour = np.clip(np.log(product / background), -3, 3)[place]
        share = 1 / (1 + np.exp(-np.clip(guided(guide, prior + colour, radius=radius, eps=1e-3), -30, 30)))
    return share > 0.5


def _colours(place: np.ndarray, *, weights: np.ndarray) -> np.ndarray:
    """How frequent each bin is among pixels of these weights, shared with the bins beside it, none impossible."""
    counts = np.bincount(place.reshape(-1), weights=weights.reshape(-1), minlength=_BINS**3)
    cube = torch.from_numpy(counts).float().reshape(1, 1, _BINS, _BINS, _BINS)
    smooth = F.avg_pool3d(cube, 3, stride=1, padding=1, count_include_pad=False) + cube
    table = smooth.numpy().reshape(-1) + 1e-3 * max(1.0, float(weights.sum())) / _BINS**3
    return table / table.sum()


def _alpha(pixels: np.ndarray, *, inside: np.ndarray) -> np.ndarray:
    """(h, w) uint8: the mask at the picture's size, its edge as soft and as exact as the picture's own."""
    height, width = pixels.shape[:2]
    mask = torch.from_numpy(inside.astype(np.float32))[None, None]
    large = F.interpolate(mask, size=(height, width), mode="bilinear", align_corners=False)[0, 0].numpy()
    radius = max(2, round(0.006 * max(height, width)))
    soft = guided(pixels.astype(np.float32) / 255, large, radius=radius, eps=1e-4)
    # What the filter leaves of texture inside and of noise outside is no edge.
    return np.round(255 * np.clip((soft - 0.1) / 0.8, 0, 1)).astype(np.uint8)


def _boxed(planes: torch.Tensor, radius: int) -> torch.Tensor:
    """The mean of (n, h, w) over windows that reach `radius` each way, as far as the picture goes."""
    side = 2 * radius + 1
    return F.avg_pool2d(planes[None], side, stride=1, padding=radius, count_include_pad=False)[0]


def _shrunk(pixels: np.ndarray) -> np.ndarray:
    image = Image.fromarray(pixels)
    image.thumbnail((_WORK_PX, _WORK_PX), Image.Resampling.BOX)
    return np.asarray(image)


def _edge(lab: np.ndarray) -> np.ndarray:
    """The colours (n, 3) along the four sides."""
    reach = max(1, round(_BORDER_SHARE * min(lab.shape[:2])))
    sides = (lab[:reach], lab[-reach:], lab[:, :reach], lab[:, -reach:])
    return np.concatenate([side.reshape(-1, 3) for side in sides])


def _lab(pixels: np.ndarray) -> np.ndarray:
    """CIE Lab (h, w, 3) float32 of sRGB (h, w, 3) uint8, under D65: distances are what the eye sees."""
    share = pixels.astype(np.float32) / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    xyz = linear @ _XYZ.T / _WHITE
    root = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    x, y, z = np.moveaxis(root, 2, 0)
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=2).astype(np.float32)


_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]],
    np.float32,
)
_WHITE = np.array([0.95047, 1.0, 1.08883], np.float32)
