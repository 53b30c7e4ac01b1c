"""Keyed permutations: a shuffle of any size, never held in memory, of which any element can be asked for."""

import numpy as np

from vitrina.data.draws import mix

_ROUNDS = 6
# With fewer bits a half the rounds reach only a part of all orders of a small source.
_LEAST_BITS = 3


def permute(positions: np.ndarray, *, sizes: np.ndarray, keys: np.ndarray) -> np.ndarray:
    """Where `positions` (n,) int64 go in permutations of 0 … sizes - 1, each chosen by a uint64 key; (n,) int64.

    A Feistel network over the next even power of two (Luby and Rackoff 1988), walked until it falls inside the range
    (cycle walking, Black and Rogaway 2002, section 3). `sizes` and `keys` are (n,), or one for all. Elements with the
    same size and key belong to the same permutation.
    """
    positions = np.asarray(positions, dtype=np.int64)
    sizes = np.broadcast_to(np.asarray(sizes, dtype=np.int64), positions.shape)
    keys = np.broadcast_to(np.asarray(keys, dtype=np.uint64), positions.shape)
    assert positions.size == 0 or (positions.min() >= 0 and (positions < sizes).all()), "a position outside its range"
    half = np.maximum(_bits(sizes - 1) + 1 >> 1, _LEAST_BITS).astype(np.uint64)
    values = _feistel(positions.astype(np.uint64), half=half, keys=keys)
    outside = np.flatnonzero(values >= sizes.astype(np.uint64))
    while outside.size:
        values[outside] = _feistel(values[outside], half=half[outside], keys=keys[outside])
        outside = outside[values[outside] >= sizes[outside].astype(np.uint64)]
    return values.astype(np.int64)


def _feistel(values: np.ndarray, *, half: np.ndarray, keys: np.ndarray) -> np.ndarray:
    low_bits = (np.uint64(1) << half) - np.uint64(1)
    left, right = values >> half, values & low_bits
    with np.errstate(over="ignore"):
        for number in range(_ROUNDS):
            salt = np.uint64(number + 1) * np.uint64(0xD1342543DE82EF95)
            left, right = right, left ^ (mix(right * np.uint64(0xA24BAED4963EE407) + keys + salt) & low_bits)
    return left << half | right


def _bits(values: np.ndarray) -> np.ndarray:
    """How many bits a number needs."""
    return np.frexp(values.astype(np.float64))[1].astype(np.int64)
