"""Regions of a mask: what hangs together, its box, and how much two boxes share."""

import numpy as np

Box = tuple[int, int, int, int]
"""x0, y0, x1, y1 in pixels; x1 and y1 lie just outside."""


def connected(mask: np.ndarray) -> tuple[np.ndarray, int]:
    """Numbers the regions of `mask` (h, w) bool that hang together by sides or corners.

    -> (h, w) int64, 0 outside and 1 to n inside, the largest region first, with n.
    """
    height, width = mask.shape
    padded = np.zeros((height, width + 2), np.int8)
    padded[:, 1:-1] = mask
    steps = np.diff(padded, axis=1)
    rows, starts = np.nonzero(steps == 1)
    ends = np.nonzero(steps == -1)[1]
    parent = np.arange(len(rows))

    def root(run: int) -> int:
        while parent[run] != run:
            parent[run] = parent[parent[run]]
            run = int(parent[run])
        return run

    first = np.searchsorted(rows, np.arange(height + 1))
    for row in range(1, height):
        above, run = int(first[row - 1]), int(first[row])
        while above < first[row] and run < first[row + 1]:
            if starts[above] <= ends[run] and starts[run] <= ends[above]:
                one, other = root(above), root(run)
                parent[max(one, other)] = min(one, other)
            if ends[above] < ends[run]:
                above += 1
            else:
                run += 1
    roots = np.array([root(run) for run in range(len(rows))], dtype=np.int64)
    numbers, place = np.unique(roots, return_inverse=True)
    sizes = np.bincount(place, weights=(ends - starts).astype(np.float64), minlength=len(numbers))
    rank = np.empty(len(numbers), np.int64)
    rank[np.argsort(-sizes, kind="stable")] = np.arange(1, len(numbers) + 1)
    painted = np.zeros((height, width + 1), np.int64)
    np.add.at(painted, (rows, starts), rank[place])
    np.add.at(painted, (rows, ends), -rank[place])
    return painted.cumsum(axis=1)[:, :-1], len(numbers)


def largest(mask: np.ndarray) -> np.ndarray:
    """The largest region of `mask` (h, w) bool alone."""
    return connected(mask)[0] == 1


def box_of(mask: np.ndarray) -> Box | None:
    """[x0, y0, x1, y1] of `mask` (h, w) bool, x1 and y1 just outside; None where nothing is set."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return None
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def box_iou(boxes: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Intersection over union of boxes (n, 4) with `others` (n, 4), row by row -> (n,); 0 for a box without area.

    >>> box_iou(np.array([[0, 0, 2, 2]]), np.array([[1, 0, 3, 2]])).round(3)
    array([0.333])
    """
    low, high = np.maximum(boxes[:, :2], others[:, :2]), np.minimum(boxes[:, 2:], others[:, 2:])
    shared = np.clip(high - low, 0, None).prod(axis=1, dtype=np.float64)
    areas = [np.clip(each[:, 2:] - each[:, :2], 0, None).prod(axis=1, dtype=np.float64) for each in (boxes, others)]
    union = areas[0] + areas[1] - shared
    return shared / np.where(union > 0, union, 1.0)
