"""Duplicates among millions: equal keys by sorting, near ones by bands; never every pair."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

NEIGHBOURS = 8
"""Within a bucket each member is compared with the next so many: larger buckets are chains, not squares."""

_BLOCK = 1 << 18
_VERIFIED_TOGETHER = 512
_MOST_REMEMBERED = 1 << 20


@dataclass(frozen=True, slots=True)
class Pairs:
    """Candidates for being the same: members `first` (m,) and `second` (m,) int64."""

    first: np.ndarray
    second: np.ndarray


@dataclass(frozen=True, slots=True)
class Clusters:
    """Groups of members that are the same: `members` (m,) int64, one group after another, and where each `starts`
    (g + 1,). The largest come first; every group has two members or more."""

    members: np.ndarray
    starts: np.ndarray

    def __len__(self) -> int:
        return len(self.starts) - 1

    def __iter__(self) -> Iterator[np.ndarray]:
        return (self.members[start:end] for start, end in zip(self.starts[:-1], self.starts[1:], strict=True))

    def sizes(self) -> np.ndarray:
        """(g,) int64."""
        return np.diff(self.starts)


def grouped(labels: np.ndarray) -> Clusters:
    """The members of `labels` (n,) that share their label with another member."""
    order = np.argsort(labels, kind="stable")
    ordered = labels[order]
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]])) if len(order) else np.zeros(0, int)
    sizes = np.diff(np.append(starts, len(order)))
    kept = np.flatnonzero(sizes > 1)
    kept = kept[np.argsort(-sizes[kept], kind="stable")]
    members = [order[starts[group] : starts[group] + sizes[group]] for group in kept]
    return Clusters(
        np.concatenate(members) if members else np.zeros(0, np.int64),
        np.concatenate([[0], np.cumsum(sizes[kept])]).astype(np.int64),
    )


def by_bands(bands: np.ndarray) -> Iterator[Pairs]:
    """Candidates among `bands` (n, b) of unsigned integers: members that agree in a band and stand near each other
    when sorted by it and then by the bands after it. At most n * b * `NEIGHBOURS` candidates."""
    count, width = bands.shape
    for band in range(width):
        keys = [bands[:, (band + offset) % width] for offset in range(min(4, width))]
        order = np.lexsort(keys[::-1])
        sorted_keys = keys[0][order]
        for step in range(1, min(NEIGHBOURS, count - 1) + 1):
            same = np.flatnonzero(sorted_keys[step:] == sorted_keys[:-step])
            for start in range(0, len(same), _BLOCK):
                places = same[start : start + _BLOCK]
                yield Pairs(order[places], order[places + step])


def closer(pairs: Pairs, *, looks: np.ndarray, bits: int) -> Pairs:
    """Those of the candidates whose `looks` (n, 2) uint64 differ in at most so many bits."""
    differing = np.bitwise_count(looks[pairs.first] ^ looks[pairs.second]).sum(1)
    near = differing <= bits
    return Pairs(pairs.first[near], pairs.second[near])


def agreeing(pairs: Pairs, *, sketches: np.ndarray, least: int) -> Pairs:
    """Those of the candidates whose `sketches` (n, k) agree in at least so many places."""
    near = (sketches[pairs.first] == sketches[pairs.second]).sum(1) >= least
    return Pairs(pairs.first[near], pairs.second[near])


class Unions:
    """Which of `count` members are the same so far: a forest (Galler and Fischer 1964) in one array."""

    def __init__(self, count: int) -> None:
        self._parents = np.arange(count, dtype=np.int64)

    def root(self, member: int) -> int:
        parents = self._parents
        while parents[member] != member:
            parents[member] = parents[parents[member]]
            member = int(parents[member])
        return member

    def join(self, one: int, other: int) -> None:
        first, second = sorted((self.root(one), self.root(other)))
        self._parents[second] = first

    def join_all(self, labels: np.ndarray) -> None:
        """Joins the members that share a label (n,)."""
        _, firsts, inverse = np.unique(labels, return_index=True, return_inverse=True)
        for member, first in enumerate(firsts[inverse].tolist()):
            if member != first:
                self.join(first, member)

    def clusters(self) -> Clusters:
        return grouped(np.array([self.root(member) for member in range(len(self._parents))], dtype=np.int64))


def verified(candidates: Iterator[Pairs], *, unions: Unions, is_same: Callable[[Pairs], np.ndarray]) -> None:
    """Joins the candidates that `is_same` (pairs → (m,) bool) confirms; those already joined are not asked about."""
    first: list[int] = []
    second: list[int] = []
    asked: set[tuple[int, int]] = set()

    def settle() -> None:
        if not first:
            return
        pairs = Pairs(np.array(first, dtype=np.int64), np.array(second, dtype=np.int64))
        for one, other, same in zip(first, second, is_same(pairs).tolist(), strict=True):
            if same:
                unions.join(one, other)
        first.clear()
        second.clear()

    for pairs in candidates:
        for one, other in zip(pairs.first.tolist(), pairs.second.tolist(), strict=True):
            key = (one, other) if one < other else (other, one)
            if key in asked or unions.root(one) == unions.root(other):
                continue
            if len(asked) == _MOST_REMEMBERED:
                asked.clear()  # to ask again costs time, to remember all costs memory
            asked.add(key)
            first.append(one)
            second.append(other)
            if len(first) == _VERIFIED_TOGETHER:
                settle()
    settle()
