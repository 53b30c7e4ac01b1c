"""Texts as sets of overlapping pieces: their likeness, and short signatures by which alike texts find each other."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vitrina.tasks.sameness import plain

SHINGLE_BYTES = 6
BANDS, ROWS_PER_BAND = 8, 4
"""Two texts of likeness s share a band with probability 1 - (1 - s^4)^8: 0.98 at 0.8, 0.9999 at 0.9, 0.40 at 0.5."""
ALIKE = 0.8
FEWEST_COMMON = 20
"""Of 32 minima two texts of likeness 0.8 have at least so many in common with probability 0.99, of 0.5 with 0.1."""
SHORTEST_BYTES = 24
"""Shorter texts differ in many pieces when they differ in a word: they are only compared as a whole."""

_LONGEST_BYTES = 20_000
_BATCH_BYTES = 1 << 20
_EVERY_BIT = np.uint64(2**64 - 1)


@dataclass(frozen=True, slots=True)
class Signatures:
    """`bands` (n, 8) uint32 by which texts find each other, and `sketches` (n, 32) uint8, the last bits of the minima,
    by which one sees whether that was chance (b-bit minwise hashing, Li and König 2010); a row that `is_long` (n,) bool
    denies has none."""

    bands: np.ndarray
    sketches: np.ndarray
    is_long: np.ndarray


def signatures(texts: Sequence[str]) -> Signatures:
    """MinHash signatures (Broder 1997) of texts, folded as sameness sees them, in bands for locality-sensitive hashing
    (Leskovec, Rajaraman and Ullman, Mining of Massive Datasets, section 3.4)."""
    folded = [_folded(text) for text in texts]
    is_long = np.array([len(each) >= SHORTEST_BYTES for each in folded], dtype=bool)
    bands = np.zeros((len(texts), BANDS), np.uint32)
    sketches = np.zeros((len(texts), BANDS * ROWS_PER_BAND), np.uint8)
    chosen = np.flatnonzero(is_long)
    ends = np.cumsum([len(folded[row]) for row in chosen])
    for part in _parts(ends):
        least = _minima([folded[row] for row in chosen[part]])
        bands[chosen[part]] = _bands(least)
        sketches[chosen[part]] = least.T & np.uint64(255)
    return Signatures(bands, sketches, is_long)


def likeness(one: str, other: str) -> float:
    """The share of their pieces that two texts have in common (Jaccard)."""
    first, second = (np.unique(_pieces(_folded(text))) for text in (one, other))
    common = len(np.intersect1d(first, second, assume_unique=True))
    every = len(first) + len(second) - common
    return common / every if every else 1.0


def _folded(text: str) -> bytes:
    return plain(text).encode("utf-8", "surrogatepass")[:_LONGEST_BYTES]


def _parts(ends: np.ndarray) -> list[np.ndarray]:
    """Numbers of the texts, cut where their bytes would be too many to work on at once."""
    return np.split(np.arange(len(ends)), np.flatnonzero(np.diff(ends // _BATCH_BYTES)) + 1) if len(ends) else []


def _pieces(folded: bytes) -> np.ndarray:
    """Every run of `SHINGLE_BYTES` bytes as a number (m,) uint64."""
    padded = np.frombuffer(folded.ljust(SHINGLE_BYTES), np.uint8).astype(np.uint64)
    count = len(padded) - SHINGLE_BYTES + 1
    pieces = np.zeros(count, np.uint64)
    for offset in range(SHINGLE_BYTES):
        pieces |= padded[offset : offset + count] << np.uint64(8 * offset)
    return pieces


def _minima(folded: list[bytes]) -> np.ndarray:
    """(32, n) uint64: of every hash function the least value over the pieces of each text."""
    lengths = np.array([len(each) for each in folded])
    hashed = _mixed(_pieces(b"".join(folded)))
    starts = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    # Pieces over the border of two texts are in neither: the largest number never is a minimum.
    reach = np.arange(1, SHINGLE_BYTES)
    borders = (starts[1:, None] - reach).ravel()
    least = np.empty((BANDS * ROWS_PER_BAND, len(folded)), np.uint64)
    for number, factor in enumerate(_FACTORS):
        values = (hashed * factor) >> np.uint64(16)
        values[borders] = _EVERY_BIT
        least[number] = np.minimum.reduceat(values, starts)
    return least


def _bands(least: np.ndarray) -> np.ndarray:
    bands = np.zeros((BANDS, least.shape[1]), np.uint64)
    for row in range(ROWS_PER_BAND):
        bands = _mixed(bands ^ least[row::ROWS_PER_BAND])
    return (bands.T >> np.uint64(32)).astype(np.uint32)


def _mixed(values: np.ndarray) -> np.ndarray:
    """The finaliser of splitmix64 (Steele, Lea and Flood 2014): every bit moves every bit."""
    values = values + np.uint64(0x9E3779B97F4A7C15)
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


_FACTORS = _mixed(np.arange(1, BANDS * ROWS_PER_BAND + 1, dtype=np.uint64)) | np.uint64(1)
