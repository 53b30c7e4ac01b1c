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
_SHADOW_HUE = 5.0
_SHADOW_DEPTH = 45.0
_SHADOW_STEP = 2.5  # from one pixel to the next, where the longest side has 320
_OPENING_SHARE = 0.01  # of the picture
_BAND_SHARE = 0.004  # how far on either side of the mask's edge a pixel may be mixed, of the longest side
_ALIKE = 0.06  # product and background colours nearer than this tell no shares, in units of full brightness
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
    """The background (h, w, 3) float32, in Lab, of a picture whose edge shows one colour all along, else None.

    A shop's picture mostly has one, and then needs no model to be cut out: white in nine of ten. Light that falls off
    towards a side is followed. `pixels` (h, w, 3) uint8; the background comes at most 320 pixels wide and high.
    """
    lab = _lab(_shrunk(pixels))
    is_edge = _edge(lab.shape[:2])
    terms = _smooth_terms(lab.shape[:2])
    near = is_edge & (np.linalg.norm(lab - np.median(lab[is_edge], axis=0), axis=2) < 2 * _PLAIN_DISTANCE)
    surface = lab
    for _ in range(2):
        if near.sum() < _PLAIN_SHARE * is_edge.sum():
            return None
        surface = terms @ np.linalg.lstsq(terms[near], lab[near], rcond=None)[0]
        near = is_edge & (np.linalg.norm(lab - surface, axis=2) < _PLAIN_DISTANCE)
    return surface.astype(np.float32) if near.sum() >= _PLAIN_SHARE * is_edge.sum() else None


def outline(pixels: np.ndarray, *, belief: np.ndarray | None) -> Outline:
    """Cut a product out of `pixels` (h, w, 3) uint8.

    Where the background is plain, what has its colour and hangs together with the picture's edge is background.
    Otherwise `belief` (rows, columns), the log-odds that a place shows the product, is the beginning: the colours of
    product and background are estimated under it and it under them, in turn (GrabCut, Rother et al. 2004, section 3,
    with histograms for mixtures and a guided filter for the cut). Either way the edge follows the picture's own (guided
    filter, He et al. 2013, section 3). Raises ValueError where the background is not plain and there is no belief.
    """
    small = _shrunk(pixels)
    background = plain_background(pixels)
    if background is not None:
        inside, ground = _off_background(_lab(small), background=background), "plain"
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


def _off_background(lab: np.ndarray, *, background: np.ndarray) -> np.ndarray:
    """(h, w) bool: what neither the background nor the product's shadow on it reaches from the picture's edge.

    A shadow has the background's hue, is darker, and has no edge of its own. A large region of the very background
    that is shut in (through the handle of a mug) is background too; a small one is print.
    """
    apart = lab - background
    distance, hue = np.linalg.norm(apart, axis=2), np.linalg.norm(apart[..., 1:], axis=2)
    noise = float(np.quantile(distance[_edge(lab.shape[:2])], _PLAIN_SHARE))
    reach = float(np.clip(2 * noise, 3.0, 6.0))
    steps = [np.linalg.norm(np.diff(lab, axis=axis, append=lab.take([-1], axis)), axis=2) for axis in (0, 1)]
    is_smooth = np.maximum(*steps) < _SHADOW_STEP * _WORK_PX / max(lab.shape[:2])
    is_darker = (hue < _SHADOW_HUE) & (apart[..., 0] < 0) & (apart[..., 0] > -_SHADOW_DEPTH)
    numbers, _ = connected(np.pad((distance < reach) | (is_darker & is_smooth), 1, constant_values=True))
    inside = (numbers != numbers[0, 0])[1:-1, 1:-1] & ~_openings(apart, reach=reach)
    # Where a shadow meets the product it is steep after all: a thin line of it stays behind.
    return inside & ~(is_darker & ~_opened(inside, radius=2))


def _openings(apart: np.ndarray, *, reach: float) -> np.ndarray:
    """(h, w) bool: large regions of the background's very colour, as even as it is."""
    distance = np.linalg.norm(apart, axis=2)
    numbers, count = connected(distance < reach / 2)
    sizes = np.bincount(numbers.reshape(-1), minlength=count + 1)
    means = np.bincount(numbers.reshape(-1), weights=distance.reshape(-1), minlength=count + 1) / np.maximum(sizes, 1)
    is_opening = (sizes > _OPENING_SHARE * distance.size) & (means < reach / 4)
    is_opening[0] = False
    return is_opening[numbers]


def _opened(inside: np.ndarray, *, radius: int) -> np.ndarray:
    """`inside` (h, w) bool without what is thinner than 2 `radius` + 1 pixels (morphological opening)."""
    side = 2 * radius + 1
    mask = torch.from_numpy(inside.astype(np.float32))[None, None]
    eroded = 1 - F.max_pool2d(1 - mask, side, stride=1, padding=radius)
    return (F.max_pool2d(eroded, side, stride=1, padding=radius) > 0.5)[0, 0].numpy()


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
    """(h, w) uint8: the mask at the picture's size; on its edge the share of the product in a pixel's colour.

    Between the mean colours of surely product and surely background around it (matting by local means); where these
    are alike, the mask's own edge decides.
    """
    height, width = pixels.shape[:2]
    mask = torch.from_numpy(inside.astype(np.float32))[None, None]
    large = F.interpolate(mask, size=(height, width), mode="bilinear", align_corners=False)[0, 0]
    band = max(2, round(_BAND_SHARE * max(height, width)))
    image = torch.from_numpy(np.ascontiguousarray(pixels, dtype=np.float32)).permute(2, 0, 1) / 255
    sure = [(_boxed(each[None].float(), band)[0] > 0.999).float() for each in (large > 0.5, large < 0.5)]
    product, background = (_mean_around(image, weights=each, radius=3 * band) for each in sure)
    apart = product - background
    length = (apart**2).sum(0)
    share = ((image - background) * apart).sum(0) / length.clamp(min=1e-6)
    is_told = (length > _ALIKE**2) & (sure[0] + sure[1] == 0)
    soft = torch.where(is_told, (share - 0.1) / 0.8, large)
    return np.round(255 * soft.clamp(0, 1).numpy()).astype(np.uint8)


def _mean_around(image: torch.Tensor, *, weights: torch.Tensor, radius: int) -> torch.Tensor:
    """(3, h, w): the mean colour of the pixels with weight in the window around each; of all of them where none is."""
    total = _boxed(weights[None], radius)
    everywhere = (image * weights).sum((1, 2)) / weights.sum().clamp(min=1)
    near = _boxed(image * weights, radius) / total.clamp(min=1e-6)
    return torch.where(total > 1e-4, near, everywhere[:, None, None])


def _boxed(planes: torch.Tensor, radius: int) -> torch.Tensor:
    """The mean of (n, h, w) over windows that reach `radius` each way, as far as the picture goes."""
    side = 2 * radius + 1
    return F.avg_pool2d(planes[None], side, stride=1, padding=radius, count_include_pad=False)[0]


def _shrunk(pixels: np.ndarray) -> np.ndarray:
    image = Image.fromarray(pixels)
    image.thumbnail((_WORK_PX, _WORK_PX), Image.Resampling.BOX)
    return np.asarray(image)


def _edge(shape: tuple[int, ...]) -> np.ndarray:
    """(h, w) bool: the frame along the four sides."""
    reach = max(1, round(_BORDER_SHARE * min(shape)))
    frame = np.ones(shape, bool)
    frame[reach:-reach, reach:-reach] = False
    return frame


def _smooth_terms(shape: tuple[int, ...]) -> np.ndarray:
    """(h, w, 6): what a background's light is made of: constant, slopes and curvatures."""
    y, x = (np.linspace(-1, 1, side) for side in shape)
    y, x = np.broadcast_arrays(y[:, None], x[None, :])
    return np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=2)


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
