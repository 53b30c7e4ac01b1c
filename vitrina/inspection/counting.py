"""Counting in bounded memory: what is frequent, what is worst, and columns that grow."""

import heapq
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import DTypeLike

from vitrina.inspection.cases import Cases


class FrequentCounter:
    """Counts of what is frequent (after Manku and Motwani 2002): at most `capacity` things are remembered.

    When there are more, the rarer half is forgotten; a count is then too low by at most `undercount`.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._counts: dict[str, int] = {}
        self.undercount = 0
        self.total = 0

    def add(self, thing: str) -> None:
        self.total += 1
        self._counts[thing] = self._counts.get(thing, 0) + 1
        if len(self._counts) > self._capacity:
            kept = heapq.nlargest(self._capacity // 2, self._counts.items(), key=lambda each: each[1])
            self.undercount += kept[-1][1]
            self._counts = dict(kept)

    def __len__(self) -> int:
        return len(self._counts)

    def most_common(self, number: int) -> list[tuple[str, int]]:
        """The commonest, most frequent first; ties in order of the alphabet."""
        return heapq.nsmallest(number, self._counts.items(), key=lambda each: (-each[1], each[0]))


@dataclass(frozen=True, slots=True, order=True)
class Ranked:
    """Something to show: how bad it is, and where (`place` is the row's negative: of equals the earlier is worse)."""

    severity: float
    place: int
    number: int
    reason: str
    text: str | None


class Worst:
    """The `limit` worst cases of the problem `key`, and how many there are; all of them go to `cases`."""

    def __init__(self, limit: int, *, key: str, cases: Cases) -> None:
        self.key = key
        self._limit = limit
        self._cases = cases
        self._heap: list[Ranked] = []
        self.count = 0

    def offer(self, row: int, *, severity: float, reason: str, number: int = 0, text: str | None = None) -> None:
        """`number` is the picture of the row that is meant."""
        self.count += 1
        self._cases.add(self.key, row=row, detail=reason)
        if len(self._heap) == self._limit and (severity, -row) <= (self._heap[0].severity, self._heap[0].place):
            return
        heapq.heappush(self._heap, Ranked(severity, -row, number, reason, _short(text)))
        if len(self._heap) > self._limit:
            heapq.heappop(self._heap)

    def worst(self) -> list[Ranked]:
        """The worst first."""
        return sorted(self._heap, key=lambda each: (-each.severity, -each.place, each.number))


class Column:
    """A column of numbers of one type that grows by pieces."""

    def __init__(self, dtype: DTypeLike, *, width: int = 0) -> None:
        self._dtype = np.dtype(dtype)
        self._pieces: list[np.ndarray] = []
        self._width = width

    def extend(self, values: Iterable[object] | np.ndarray) -> None:
        piece = values if isinstance(values, np.ndarray) else np.array(list(values), dtype=self._dtype)
        if len(piece):
            self._pieces.append(piece.astype(self._dtype, copy=False))

    def array(self) -> np.ndarray:
        """All values; (n,) or (n, width)."""
        if not self._pieces:
            return np.zeros((0, self._width) if self._width else 0, self._dtype)
        if len(self._pieces) > 1:
            self._pieces = [np.concatenate(self._pieces)]
        return self._pieces[0]


def _short(text: str | None) -> str | None:
    return text if text is None or len(text) <= 240 else text[:239] + "…"
