"""All pictures of a catalogue, examined once in threads: sizes, faults, and what finds duplicates later."""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from tqdm import tqdm

from vitrina.catalogue.store import Catalogue
from vitrina.inspection.cases import Cases
from vitrina.inspection.counting import Column, Worst
from vitrina.inspection.pictures import (
    BLANK,
    COLLAGE,
    PICTURE_RULES,
    STRANGE_ASPECT,
    TEXT_CARD,
    TINY,
    UNREADABLE,
    PictureFacts,
    examine,
)
from vitrina.inspection.result import Count, Histogram, Pictures, spread

_ROWS_TOGETHER = 64
_SIZE_EDGES = (1, 32, 64, 96, 128, 160, 192, 224, 256, 320, 384, 448, 512, 640, 768, 896, 1025)


@dataclass(frozen=True)
class PictureArrays:
    """One entry per picture, in row order: `rows` and the `numbers` of the pictures in their products, the `contents`
    that equal files share, the perceptual hashes `looks` (n, 2), and whether a picture `can_compare` (it is no blank
    and could be read)."""

    rows: np.ndarray
    numbers: np.ndarray
    contents: np.ndarray
    looks: np.ndarray
    can_compare: np.ndarray


class PictureSurvey:
    """The pictures of a catalogue; `examine_all` looks at every one of them."""

    def __init__(self, *, gallery: int, cases: Cases) -> None:
        self._rows, self._numbers, self._contents = Column(np.int32), Column(np.uint16), Column(np.uint64)
        self._looks, self._flags = Column(np.uint64, width=2), Column(np.uint16)
        self._widths, self._heights = Column(np.uint16), Column(np.uint16)
        self._bytes = 0
        self.worst = {rule.flag: Worst(gallery, key=rule.key, cases=cases) for rule in PICTURE_RULES}

    def examine_all(self, catalogue: Catalogue, *, rows: np.ndarray) -> None:
        """Examines the pictures of `rows` (n,), those of the products that have any."""
        with (
            ThreadPoolExecutor(min(32, os.cpu_count() or 1)) as pool,
            tqdm(total=len(rows), desc="pictures", unit="product", disable=None, delay=2) as bar,
        ):
            for start in range(0, len(rows), _ROWS_TOGETHER):
                chosen = rows[start : start + _ROWS_TOGETHER]
                pictures = [
                    (int(row), number, encoded)
                    for row, product in zip(chosen, catalogue.read(chosen), strict=True)
                    for number, encoded in enumerate(product.pictures)
                ]
                facts = list(pool.map(examine, [encoded for _, _, encoded in pictures]))
                self._bytes += sum(len(encoded) for _, _, encoded in pictures)
                self._keep(pictures, facts)
                bar.update(len(chosen))

    def arrays(self) -> PictureArrays:
        flags = self._flags.array()
        return PictureArrays(
            self._rows.array(),
            self._numbers.array(),
            self._contents.array(),
            self._looks.array(),
            (flags & (BLANK | UNREADABLE)) == 0,
        )

    def result(self) -> Pictures:
        widths, heights = self._widths.array(), self._heights.array()
        read = widths > 0
        longer, shorter = np.maximum(widths, heights)[read], np.minimum(widths, heights)[read]
        sizes, counts = np.unique(widths[read].astype(np.int64) << 16 | heights[read], return_counts=True)
        order = np.argsort(-counts, kind="stable")[:5]
        commonest = [
            Count(f"{size >> 16} × {size & 0xFFFF}", count)
            for size, count in zip(sizes[order].tolist(), counts[order].tolist(), strict=True)
        ]
        histogram = Histogram(_SIZE_EDGES, tuple(np.histogram(longer, bins=_SIZE_EDGES)[0].tolist()))
        return Pictures(
            count=len(widths),
            longer_side=spread(longer),
            shorter_side=spread(shorter),
            sizes=histogram if longer.size else None,
            commonest_sizes=tuple(commonest),
            bytes_mean=self._bytes / len(widths) if len(widths) else 0.0,
        )

    def bytes_held(self) -> int:
        """The size of the columns that grow with the catalogue."""
        columns = (self._rows, self._numbers, self._contents, self._looks, self._flags, self._widths, self._heights)
        return sum(column.array().nbytes for column in columns)

    def _keep(self, pictures: Sequence[tuple[int, int, bytes]], facts: Sequence[PictureFacts]) -> None:
        self._rows.extend(row for row, _, _ in pictures)
        self._numbers.extend(number for _, number, _ in pictures)
        self._contents.extend(np.array([each.content for each in facts], np.uint64))
        self._looks.extend(np.array([each.look for each in facts], np.uint64).reshape(-1, 2))
        self._flags.extend(each.flags for each in facts)
        self._widths.extend(each.width for each in facts)
        self._heights.extend(each.height for each in facts)
        for (row, number, _), each in zip(pictures, facts, strict=True):
            for flag, severity in each.broken.items():
                reason = f"picture {number + 1}, {_reason(flag, each, severity)}"
                self.worst[flag].offer(row, severity=severity, reason=reason, number=number)


def _reason(flag: int, facts: PictureFacts, severity: float) -> str:
    size = f"{facts.width} × {facts.height}"
    if flag == STRANGE_ASPECT:
        return f"{size}: {severity:.1f} to 1"
    if flag == TINY:
        return size
    if flag == COLLAGE:
        return f"{size}, an edge over {severity:.0%} of a side"
    if flag == TEXT_CARD:
        return f"{size}, {severity:.1f} strokes per 100 pixels"
    return "cannot be decoded" if flag == UNREADABLE else size
