"""Where a two-tower model sees a word: the cosine of every patch of a picture with the words' vectors."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
import simplejpeg
import torch
import torch.nn.functional as F
from torch import Tensor

from vitrina.catalogue.pictures import canonicalise
from vitrina.models.answering import answering
from vitrina.models.layers import Block
from vitrina.models.towers import ImageTower, States
from vitrina.models.two_towers import TwoTowers
from vitrina.tasks.abilities import EmbedsTexts
from vitrina.tasks.prompts import TEMPLATES, templated

_ROWS = 32  # pictures at a time: every patch of every picture is kept, not one vector of each


def similarity_maps(model: TwoTowers, pictures: Sequence[bytes], *, words: Sequence[str]) -> list[np.ndarray]:
    """Of each picture (c, rows, columns) float32: the cosine of every patch with each of c words.

    Where the model pools its pictures by the mean over patches, the shared space is reached by a linear map, so that
    a picture's vector is the mean of its patches' vectors, and each of these can be asked by itself (the thought of
    class activation maps, Zhou et al. 2016, section 2). Where it pools [CLS], nothing in training ever looked at what
    the last block makes of a patch: there every patch attends to itself alone in that block, which leaves value and
    output projection, MLP and the map to the shared space (MaskCLIP, Zhou et al. 2022, section 3.2).

    A word's vector is the mean over its prompts (`vitrina.tasks.prompts`). The cells cover the picture's own
    rectangle, see `own_cells`. Raises ValueError for no words, an empty word, and a picture that cannot be read.

    >>> similarity_maps(model, [jpeg], words=["shoe", "bag"])[0].shape  # doctest: +SKIP
    (2, 8, 6)
    """
    inputs = model.read_inputs()
    vectors = word_vectors(model, words=words)
    stored = upright(pictures)
    maps: list[np.ndarray] = []
    with answering(model) as device:
        for start in range(0, len(stored), _ROWS):
            some = stored[start : start + _ROWS]
            patches = patch_vectors(model, model.normalise(inputs.pictures(some).to(device)))
            cosines = torch.einsum("bpd,cd->bcp", patches, vectors.to(device)).cpu().numpy()
            grid = model.image.config.grid
            for picture, cosine in zip(some, cosines, strict=True):
                height, width = stored_size(picture)
                square = cosine.reshape(-1, grid, grid)
                maps.append(own_cells(square, fit=inputs.geometry.fit, height=height, width=width))
    return maps


def patch_vectors(model: TwoTowers, pixels: Tensor) -> Tensor:
    """Normalised `pixels` (b, 3, h, w) -> (b, p, projection) float32 of length one, in the space of the words.

    For a model in evaluation mode.
    """
    projection = model.image_projection
    if projection.pooling == "mean":
        states = model.image(pixels).normed[:, 1:]
    else:
        states = _attending_to_themselves(model.image, pixels).normed[:, 1:]
    return F.normalize(projection.spread(projection.linear(states)).float(), dim=-1)


def own_cells(maps: np.ndarray, *, fit: Literal["pad", "crop", "stretch"], height: int, width: int) -> np.ndarray:
    """What a model saw in its square, (c, g, g), on the picture's own rectangle of `height` by `width` pixels.

    -> (c, rows, columns), cells as large as the model's own, to the nearest whole number of them, that tile the
    picture exactly: the padding of a padded square is cut off between cells (linear interpolation), a stretched
    picture has the model's own cells, and cells that were cropped away are NaN.
    """
    frame_height, frame_width = _frame(height, width, fit=fit)
    down = _onto(height, frame=frame_height, cells=maps.shape[1])
    across = _onto(width, frame=frame_width, cells=maps.shape[2])
    with np.errstate(invalid="ignore"):
        return (down @ maps.astype(np.float32) @ across.T).astype(np.float32)


def stored_size(picture: bytes) -> tuple[int, int]:
    """Height and width in pixels of a canonical picture."""
    height, width = simplejpeg.decode_jpeg_header(picture)[:2]
    return int(height), int(width)


def _frame(height: int, width: int, *, fit: Literal["pad", "crop", "stretch"]) -> tuple[int, int]:
    match fit:
        case "pad":
            return max(height, width), max(height, width)
        case "crop":
            return min(height, width), min(height, width)
        case "stretch":
            return height, width


def _onto(length: int, *, frame: int, cells: int) -> np.ndarray:
    """(n, cells) float32: the weights that take a square's cells along one side to the n cells of the picture's side.

    The square looks at `frame` pixels around the middle of `length`. Rows of NaN stand for what it does not see.
    """
    count = max(1, round(cells * length / frame))
    start = np.floor((length - frame) / 2 + 0.5)
    centres = (np.arange(count) + 0.5) * length / count
    places = (centres - start) / frame * cells - 0.5
    low = np.clip(np.floor(places), 0, cells - 1).astype(np.int64)
    high = np.minimum(low + 1, cells - 1)
    share = np.clip(places - low, 0, 1)
    weights = np.zeros((count, cells), np.float32)
    rows = np.arange(count)
    np.add.at(weights, (rows, low), 1 - share)
    np.add.at(weights, (rows, high), share)
    weights[(places < -0.5) | (places > cells - 0.5)] = np.nan
    return weights


def word_vectors(model: EmbedsTexts, *, words: Sequence[str]) -> Tensor:
    """(c, d) float32 of length one: of each word the mean over its prompts. ValueError for no words or an empty one."""
    if not words:
        raise ValueError("no words to look for: name one or more, for example shoe, bag")
    if any(not word.strip() for word in words):
        raise ValueError(f"one of the words {list(words)!r} is empty: leave it out")
    prompts = [templated(word.strip(), languages=list(TEMPLATES)) for word in words]
    vectors = model.embed_texts([text for texts in prompts for text in texts])
    ends = np.cumsum([len(texts) for texts in prompts])
    means = np.stack([part.mean(0) for part in np.split(vectors, ends[:-1])])
    return F.normalize(torch.from_numpy(means), dim=-1)


def upright(pictures: Sequence[bytes]) -> list[bytes]:
    """The pictures as a catalogue stores them. ValueError with the number of one that cannot be read."""
    stored = []
    for number, picture in enumerate(pictures):
        try:
            stored.append(canonicalise(picture))
        except ValueError as error:
            raise ValueError(f"Picture {number} of {len(pictures)} cannot be read: {error}") from error
    return stored


def _attending_to_themselves(tower: ImageTower, pixels: Tensor) -> States:
    """The states of the tower with a last block in which no token looks at another."""
    x = torch.cat([tower.cls.expand(len(pixels), -1, -1), tower.stem(pixels)], dim=1) + tower.positions
    x = tower.entry_norm(x)
    blocks = list(tower.transformer.blocks)
    for block in blocks[:-1]:
        x = block(x, bias=None)
    last = blocks[-1]
    assert isinstance(last, Block)
    value = last.attention.qkv(last.norm1(x))[..., 2 * x.shape[-1] :]
    x = x + last.attention.out(value)
    hidden = x + last.mlp(last.norm2(x))
    return States(hidden, tower.norm(hidden))
