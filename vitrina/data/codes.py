"""Image codes, computed once for every view of every picture and kept beside the run as a memory-mapped file.

A codebook costs more than the model's own image tower, and a picture's fixed views never change: so their codes are
computed before the first step and looked up ever after.
"""

import fcntl
import hashlib
import json
import logging
import os
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import torch
from torch import Tensor
from tqdm import tqdm

from vitrina.catalogue.product import Product
from vitrina.data.pictures import Augment, PictureGeometry, decode, fixed_views

_VIEWS_AT_ONCE = 256
"""A chunk: the views that are tokenised together. Fixed, so that a resumed file is the same to the last bit."""

_FORMAT = 1

_log = logging.getLogger(__name__)


class Tokenises(Protocol):
    """A codebook as this room sees it."""

    @property
    def code_count(self) -> int:
        """How many different codes there are."""
        ...

    @property
    def digest(self) -> str:
        """Identifies the weights that the codes come from."""
        ...

    def tokenise(self, pixels: Tensor) -> Tensor:
        """Codes (b, p) int64, below `code_count`, of pixels (b, 3, h, w) uint8."""
        ...


class Pictured(Protocol):
    """Products with pictures, by stock row: a stock, or anything that reads like one."""

    @property
    def digest(self) -> str: ...
    def __len__(self) -> int: ...
    def facts(self) -> pa.Table: ...
    def read(self, rows: np.ndarray) -> Sequence[Product]: ...


@dataclass(frozen=True)
class _Layout:
    """Where the codes of (row, picture, view) stand: all views of a picture together, all pictures of a row together.

    `first` (stock rows,) is the number of a row's first picture among the cached ones, -1 for rows that are not cached;
    `pictures` (stock rows,) how many a row has.
    """

    first: np.ndarray
    pictures: np.ndarray
    views: int

    @property
    def picture_count(self) -> int:
        return int(self.pictures[self.first >= 0].sum())


class Codes:
    """The codes of fixed views of pictures, (p,) for each; opened by `compute_codes`.

    >>> codes.lookup(rows, pictures=numbers, views=views).shape  # doctest: +SKIP
    (64, 196)
    """

    folder: Path
    code_count: int
    patches: int

    def __init__(self, folder: Path, *, layout: _Layout, code_count: int, patches: int, asked_views: int) -> None:
        self.folder = folder
        self.code_count = code_count
        self.patches = patches
        self._layout = layout
        self._asked_views = asked_views
        shape = (layout.picture_count * layout.views, patches)
        empty = 0 in shape  # an empty file cannot be mapped
        kind = _kind(code_count)
        self._codes = np.zeros(shape, kind) if empty else np.memmap(folder / "codes.bin", kind, mode="r", shape=shape)

    def __len__(self) -> int:
        """How many views of pictures have codes."""
        return len(self._codes)

    def lookup(self, rows: np.ndarray, *, pictures: np.ndarray, views: np.ndarray) -> np.ndarray:
        """Codes (b, p) int64 of picture `pictures[i]` of stock row `rows[i]` in its view `views[i]`; all (b,) int64.

        Raises ValueError for a row, a picture or a view that has no codes, and for a picture that could not be read
        when they were computed.
        """
        rows, pictures, views = (np.asarray(each, dtype=np.int64) for each in (rows, pictures, views))
        layout = self._layout
        for given, limit, what in (
            (rows, len(layout.first), "stock row"),
            (pictures, layout.pictures[np.clip(rows, 0, len(layout.first) - 1)], "picture"),
            (views, self._asked_views, "view"),
        ):
            bad = (given < 0) | (given >= limit)
            if bad.any():
                raise ValueError(self._missing(what, rows, pictures, views, bad))
        first = layout.first[rows]
        if (first < 0).any():
            raise ValueError(self._missing("stock row", rows, pictures, views, first < 0))
        found = self._codes[(first + pictures) * layout.views + np.minimum(views, layout.views - 1)]
        unread = found[:, 0] == _unreadable(self.code_count) if self.patches else np.zeros(len(rows), bool)
        if unread.any():
            raise ValueError(
                self._missing("readable picture", rows, pictures, views, unread)
                + " It could not be read when the codes were computed: mend or remove it in the catalogue."
            )
        return found.astype(np.int64)

    def _missing(self, what: str, rows: np.ndarray, pictures: np.ndarray, views: np.ndarray, bad: np.ndarray) -> str:
        at = int(np.flatnonzero(bad)[0])
        return (
            f"{self.folder} holds no codes for stock row {rows[at]}, picture {pictures[at]}, view {views[at]}: "
            f"no such {what} among the {len(self):,} views."
        )


def compute_codes(
    stock: Pictured,
    rows: np.ndarray,
    *,
    codebook: Tokenises,
    geometry: PictureGeometry,
    augment: Augment,
    seed: int,
    folder: Path,
    workers: int = 2,
) -> Codes:
    """Codes of every fixed view of every picture of stock `rows`, computed where they are not already in `folder`.

    The pixels are those that the loader yields before anything is erased from them. Codes are kept under a digest of
    the stock, the codebook, the rows, the geometry, the views and the seed; a computation that was killed goes on
    where it stood, and a second process waits for the first. A picture that cannot be read is logged and has no
    codes. Raises ValueError where every epoch draws fresh views.
    """
    if augment.views is None and augment.moves:
        raise ValueError(
            "Image codes cannot be kept for fresh views: set augment.views (say 4), "
            "or switch the movements off with augment.flip=false and shift, scale and aspect shares of 0."
        )
    asked_views = augment.views or 1
    layout = _lay_out(stock.facts(), np.unique(np.asarray(rows, dtype=np.int64)), asked_views if augment.moves else 1)
    # Only what decides the pixels: erasing comes later, mean and std on the device.
    moves = [augment.flip, augment.shift_share, augment.scale_share, augment.aspect_share] if augment.moves else []
    key = {
        "format": _FORMAT,
        "stock": stock.digest,
        "codebook": codebook.digest,
        "rows": hashlib.sha256(np.flatnonzero(layout.first >= 0).astype("<i8").tobytes()).hexdigest(),
        "geometry": [geometry.size_px, geometry.fit],
        "augment": moves,
        "views": layout.views,
        "seed": seed if augment.moves else None,
    }
    name = hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()[:16]
    place = Path(folder) / f"codes-{name}"
    place.mkdir(parents=True, exist_ok=True)
    with _only_one(place / "lock"):
        manifest = _finished(place, key=key)
        if manifest is None:
            pixels = _Pixels(stock=stock, layout=layout, geometry=geometry, augment=augment, seed=seed)
            patches = _compute(place, pixels, codebook=codebook, workers=workers)
            manifest = {"key": key, "patches": patches, "sha256": _file_digest(place / "codes.bin")}
            _write_json(place / "codes.json", manifest)
            (place / "progress.json").unlink(missing_ok=True)
    return Codes(
        place,
        layout=layout,
        code_count=codebook.code_count,
        patches=int(manifest["patches"]),
        asked_views=asked_views,
    )


def _lay_out(facts: pa.Table, rows: np.ndarray, views: int) -> _Layout:
    pictures = facts["picture_count"].to_numpy().astype(np.int64)
    if rows.size and (rows[0] < 0 or rows[-1] >= len(pictures)):
        raise IndexError(f"rows {rows[0]} to {rows[-1]} of a stock of {len(pictures)} products")
    first = np.full(len(pictures), -1, dtype=np.int64)
    first[rows] = np.cumsum(pictures[rows]) - pictures[rows]
    return _Layout(first=first, pictures=pictures, views=views)


@dataclass(frozen=True)
class _Pixels:
    """The pixels of every view, chunk by chunk, in the order of the file."""

    stock: Pictured
    layout: _Layout
    geometry: PictureGeometry
    augment: Augment
    seed: int

    @property
    def count(self) -> int:
        return self.layout.picture_count * self.layout.views

    def chunk(self, number: int) -> "_Chunk":
        places = np.arange(number * _VIEWS_AT_ONCE, min((number + 1) * _VIEWS_AT_ONCE, self.count))
        cached = np.flatnonzero(self.layout.first >= 0)
        cached = cached[self.layout.pictures[cached] > 0]  # rows without pictures share their number with the next
        ordinals = places // self.layout.views
        rows = cached[np.searchsorted(self.layout.first[cached], ordinals, side="right") - 1]
        keys = np.stack([rows, ordinals - self.layout.first[rows], places % self.layout.views], axis=1)
        views = fixed_views(self.augment, keys, seed=self.seed)
        distinct = np.unique(rows)
        products = dict(zip(distinct.tolist(), self.stock.read(distinct), strict=True))
        side = self.geometry.size_px
        pixels = torch.full((len(places), 3, side, side), 255, dtype=torch.uint8)
        is_readable = np.ones(len(places), dtype=bool)
        for at, ((row, picture, view), looks) in enumerate(zip(keys.tolist(), views, strict=True)):
            product = products[row]
            try:
                found = decode(product.pictures[picture], geometry=self.geometry, view=looks)
            except ValueError as error:
                is_readable[at] = False
                if view == 0:
                    _log.warning("Picture %d of product %s cannot be read: %s", picture, product.id, error)
            else:
                pixels[at] = torch.from_numpy(found)
        return _Chunk(pixels=pixels, is_readable=is_readable)


@dataclass(frozen=True)
class _Chunk:
    """`pixels` (b, 3, h, w) uint8, white where `is_readable` (b,) is False."""

    pixels: Tensor
    is_readable: np.ndarray


def _compute(place: Path, pixels: _Pixels, *, codebook: Tokenises, workers: int) -> int:
    """Write `codes.bin`; how many codes a picture has.

    Codes are appended to `codes.partial` and lie on the disk before `progress.json` counts them: whatever a kill
    leaves beyond that count is cut off and computed again.
    """
    side = pixels.geometry.size_px
    patches = codebook.tokenise(torch.full((1, 3, side, side), 255, dtype=torch.uint8)).shape[1]
    kind = _kind(codebook.code_count)
    chunks = -(-pixels.count // _VIEWS_AT_ONCE)
    partial = place / "codes.partial"
    done = _progress(place)
    with partial.open("r+b" if partial.exists() else "w+b") as file:
        size = done * _VIEWS_AT_ONCE * patches * kind.itemsize
        if file.seek(0, os.SEEK_END) < size:
            done = size = 0
        file.truncate(size)
        file.seek(size)
        with tqdm(
            total=pixels.count,
            initial=done * _VIEWS_AT_ONCE,
            unit="view",
            desc="image codes",
            delay=2,
            leave=False,
            disable=None,
        ) as bar:
            for number, chunk in enumerate(_ahead(pixels, range(done, chunks), workers=workers), start=done):
                codes = codebook.tokenise(chunk.pixels).cpu().numpy()
                assert codes.shape == (len(chunk.pixels), patches), "a picture's codes are as many as its patches"
                codes[~chunk.is_readable] = _unreadable(codebook.code_count)
                file.write(codes.astype(kind).tobytes())
                file.flush()
                os.fsync(file.fileno())
                _write_json(place / "progress.json", {"chunks": number + 1})
                bar.update(len(codes))
        file.flush()
        os.fsync(file.fileno())
    partial.replace(place / "codes.bin")
    return patches


def _ahead(pixels: _Pixels, numbers: range, *, workers: int) -> Iterator[_Chunk]:
    """Chunks in order, the next ones being decoded meanwhile."""
    with ThreadPoolExecutor(max(1, workers)) as pool:
        waiting: deque[Future[_Chunk]] = deque()
        try:
            for number in numbers:
                waiting.append(pool.submit(pixels.chunk, number))
                if len(waiting) > max(1, workers):
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


def _kind(code_count: int) -> np.dtype[Any]:
    """The smallest of the two types that holds every code and the mark of an unreadable picture."""
    return np.dtype("<u2" if code_count < 2**16 else "<u4")


def _unreadable(code_count: int) -> int:
    return int(np.iinfo(_kind(code_count)).max)


def _finished(place: Path, *, key: dict[str, Any]) -> dict[str, Any] | None:
    """What is known of a complete file; None where there is none, or where it was damaged since."""
    manifest = _read_json(place / "codes.json")
    if manifest is None or manifest.get("key") != key:
        return None
    codes = place / "codes.bin"
    if not codes.exists() or _file_digest(codes) != manifest.get("sha256"):
        _log.warning("%s was damaged after it was written: its codes are computed again.", codes)
        (place / "codes.json").unlink()
        return None
    return manifest


def _progress(place: Path) -> int:
    progress = _read_json(place / "progress.json")
    return 0 if progress is None else int(progress["chunks"])


def _read_json(path: Path) -> dict[str, Any] | None:
    try:
        return json.loads(path.read_text())
    except FileNotFoundError:
        return None


def _write_json(path: Path, content: dict[str, Any]) -> None:
    temporary = path.with_suffix(".tmp")
    with temporary.open("w") as file:
        json.dump(content, file)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def _file_digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def _only_one(path: Path) -> Iterator[None]:
    """Wait until no other process computes here; a lock dies with its process."""
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
