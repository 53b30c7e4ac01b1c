"""Keyed randomness: the same key gives the same draw on any rank, worker or micro-batch, and nothing is stored.

A draw is a splitmix64 hash (Steele, Lea and Flood 2014, section 5) of the seed, a name, the row's key and a counter.
"""

import hashlib

import numpy as np

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def mix(values: np.ndarray) -> np.ndarray:
    """splitmix64's finaliser on uint64 values: a bijection that changes half of the bits on average."""
    with np.errstate(over="ignore"):
        values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


def hashed(seed: int, keys: np.ndarray, *, name: str) -> np.ndarray:
    """One uint64 a row (b,) from integer keys (b, k): what every draw of that row under that name begins with."""
    keys = np.asarray(keys, dtype=np.int64)
    assert keys.ndim == 2, f"keys are (b, k), not {keys.shape}"
    digest = hashlib.blake2b(f"{int(seed)}/{name}".encode(), digest_size=8).digest()
    state = np.full(len(keys), int.from_bytes(digest, "little"), dtype=np.uint64)
    with np.errstate(over="ignore"):
        for column in keys.view(np.uint64).T if keys.flags.c_contiguous else keys.astype(np.uint64).T:
            state = mix(state + (column + np.uint64(1)) * _GOLDEN)
    return state


def uniform(seed: int, keys: np.ndarray, *, name: str, shape: tuple[int, ...] = ()) -> np.ndarray:
    """Numbers in [0, 1), (b, *shape) float64, from keys (b, k) int64.

    A row's draws depend on seed, name and its own key alone. Along the first axis of `shape` they are a prefix: asking
    for more later draws leaves the earlier ones as they were, so padding never changes a row's randomness.

    >>> uniform(0, np.array([[2, 0, 7]]), name="flip").shape
    (1,)
    """
    state = hashed(seed, keys, name=name)
    count = int(np.prod(shape, dtype=np.int64))
    counters = np.arange(1, count + 1, dtype=np.uint64)
    with np.errstate(over="ignore"):
        bits = mix(state[:, None] + counters[None, :] * _GOLDEN)
    return ((bits >> np.uint64(11)).astype(np.float64) * 2.0**-53).reshape(len(state), *shape)


def integers(
    seed: int, keys: np.ndarray, *, name: str, below: int | np.ndarray, shape: tuple[int, ...] = ()
) -> np.ndarray:
    """Integers in [0, below), (b, *shape) int64; `below` (at most 2**53) is one number or one a row (b,)."""
    limits = np.asarray(below, dtype=np.int64)
    assert (limits >= 1).all(), "there is nothing to draw from below 1"
    drawn = uniform(seed, keys, name=name, shape=shape)
    return np.floor(drawn * limits.reshape(limits.shape + (1,) * len(shape) if limits.ndim else ())).astype(np.int64)
