"""Arrays in files that are mapped, not loaded: what is asked for is read, and memory keeps none of it."""

import json
import mmap
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open

from vitrina.catalogue.manifest import flush

_NAMES = {"F32": np.dtype("<f4"), "U8": np.dtype("u1"), "BOOL": np.dtype("?")}
_HEADER_BYTES = 8


@dataclass(frozen=True)
class Blocks:
    """An array of that shape that comes in blocks of rows, one after another; `kind` is F32, U8 or BOOL."""

    shape: tuple[int, ...]
    kind: str
    blocks: Iterable[np.ndarray]

    @classmethod
    def of(cls, parts: Sequence[np.ndarray]) -> "Blocks":
        """Arrays of one kind, one after another."""
        kind = next(name for name, dtype in _NAMES.items() if dtype == parts[0].dtype)
        return cls((sum(map(len, parts)), *parts[0].shape[1:]), kind, parts)


class Rows:
    """Vectors (n, d) float32 that lie in `parts` one after another, row i at `places`[i]; indexed as an array is, by
    row, they are read."""

    def __init__(self, parts: Sequence[np.ndarray], *, places: np.ndarray) -> None:
        self._parts, self._places = parts, places
        self._starts = np.cumsum([0, *map(len, parts)])
        self.shape = (len(places), parts[0].shape[1])

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: int | np.integer | slice | np.ndarray) -> np.ndarray:
        if isinstance(rows, int | np.integer):
            return self[np.array([rows])][0]
        places = self._places[rows]
        part = np.searchsorted(self._starts, places, side="right") - 1
        found = np.empty((len(places), self.shape[1]), dtype=np.float32)
        for number in np.unique(part):
            here = part == number
            found[here] = self._parts[number][places[here] - self._starts[number]]
        return found


def mapped(path: Path, *, names: Sequence[str]) -> dict[str, np.ndarray]:
    """The arrays of that name in a safetensors file, read only; they stay readable when the file is removed.

    Raises SafetensorError where it is damaged or lacks one, FileNotFoundError where there is none.
    """
    with safe_open(path, framework="numpy") as file:  # looks whether header and length belong together
        absent = set(names).difference(file.keys())
    if absent:
        raise SafetensorError(f"it has no {', '.join(sorted(absent))}")
    with path.open("rb") as file:
        content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    start = _HEADER_BYTES + int.from_bytes(content[:_HEADER_BYTES], "little")
    header = json.loads(content[_HEADER_BYTES:start])
    return {name: _array(content, header[name], start=start) for name in names}


def write_blocks(path: Path, *, tensors: Mapping[str, Blocks]) -> None:
    """Write a safetensors file, whole or not at all, a block at a time."""
    # Four-byte numbers first, so that each lies where the machine reads it fastest.
    ordered = sorted(tensors.items(), key=lambda each: -_NAMES[each[1].kind].itemsize)
    header, end = {}, 0
    for name, each in ordered:
        begin, end = end, end + int(np.prod(each.shape, dtype=np.int64)) * _NAMES[each.kind].itemsize
        header[name] = {"dtype": each.kind, "shape": list(each.shape), "data_offsets": [begin, end]}
    told = json.dumps(header).encode()
    told += b" " * (-len(told) % _HEADER_BYTES)
    path.parent.mkdir(parents=True, exist_ok=True)
    # Several processes may write the same vectors at once.
    temporary = path.with_name(f".writing-{os.getpid()}-{path.name}")
    try:
        with temporary.open("wb") as file:
            file.write(len(told).to_bytes(_HEADER_BYTES, "little") + told)
            for _, each in ordered:
                for block in each.blocks:
                    file.write(np.ascontiguousarray(block, dtype=_NAMES[each.kind]).data)
        flush(temporary)
        temporary.replace(path)
        flush(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


def _array(content: mmap.mmap, about: dict, *, start: int) -> np.ndarray:
    dtype, shape = _NAMES[about["dtype"]], about["shape"]
    count = int(np.prod(shape, dtype=np.int64))
    return np.frombuffer(content, dtype=dtype, count=count, offset=start + about["data_offsets"][0]).reshape(shape)
