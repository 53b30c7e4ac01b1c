"""An Arrow file with one record batch of any size, written with the memory of a small one.

Arrow writes a record batch from memory. Here its buffers grow in a spill file instead; the file is written with
untouched zero pages in their place, which cost no memory, and then the true bytes are copied to where they belong.
"""

import mmap
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import numpy as np
import pyarrow as pa

_COPY_BYTES = 1 << 20


class SpilledBatch:
    """A record batch that grows by small ones. `size_bytes` is what its buffers hold so far."""

    def __init__(self, schema: pa.Schema, *, spill: IO[bytes]) -> None:
        self._schema = schema
        self._spill = spill
        self._columns = [_Column(field.type, spill) for field in schema]
        self.rows = 0

    @property
    def size_bytes(self) -> int:
        return sum(buffer.size for column in self._columns for buffer in column.buffers())

    def append(self, batch: pa.RecordBatch) -> None:
        """Moves a small batch to the spill file."""
        for column, array in zip(self._columns, batch.columns, strict=True):
            column.append(array)
        self.rows += batch.num_rows

    def write(self, path: Path) -> None:
        """Writes everything at `path`, flushed to the disk, and empties the spill file."""
        batch = pa.RecordBatch.from_arrays([column.reserved() for column in self._columns], schema=self._schema)
        with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, self._schema) as writer:
            writer.write_batch(batch)
        with path.open("r+b") as file:
            for offset, buffer in self._places(path):
                file.seek(offset)
                buffer.copy_to(file)
            file.flush()
            os.fsync(file.fileno())
        self._spill.seek(0)
        self._spill.truncate()

    def _places(self, path: Path) -> Iterator[tuple[int, "_Buffer"]]:
        """Where in the file every buffer belongs."""
        with pa.memory_map(str(path)) as mapping:
            start = mapping.read_buffer(1).address
            batch = pa.ipc.open_file(mapping).get_batch(0)
            for column, array in zip(self._columns, batch.columns, strict=True):
                for mine, written in zip(column.buffers(), array.buffers(), strict=True):
                    if written is not None and mine.size:
                        assert mine.size <= written.size, "Arrow left out a part of a buffer"
                        yield written.address - start, mine


class _Buffer:
    """Bytes of one buffer, in pieces, in the spill file."""

    def __init__(self, spill: IO[bytes]) -> None:
        self._spill = spill
        self._pieces: list[tuple[int, int]] = []
        self.size = 0

    def append(self, data: bytes | memoryview) -> None:
        if len(data):
            self._pieces.append((self._spill.seek(0, os.SEEK_END), len(data)))
            self._spill.write(data)
            self.size += len(data)

    def reserved(self, *, last: bytes = b"") -> pa.Buffer:
        """As many bytes of zero pages, ending in `last`."""
        if not self.size:
            return pa.py_buffer(b"")
        zeros = mmap.mmap(-1, self.size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        if last:
            zeros[-len(last) :] = last
        return pa.py_buffer(zeros)

    def copy_to(self, file: IO[bytes]) -> None:
        for position, size in self._pieces:
            self._spill.seek(position)
            while size:
                size -= file.write(self._spill.read(min(size, _COPY_BYTES)))


class _Bits(_Buffer):
    """A bitmap, eight values to the byte."""

    def __init__(self, spill: IO[bytes]) -> None:
        super().__init__(spill)
        self._waiting = np.zeros(0, bool)
        self.zeros = 0

    def extend(self, bits: np.ndarray) -> None:
        self.zeros += int((~bits).sum())
        self._waiting = np.concatenate([self._waiting, bits])
        whole = len(self._waiting) // 8 * 8
        self.append(np.packbits(self._waiting[:whole], bitorder="little").tobytes())
        self._waiting = self._waiting[whole:]

    def finish(self) -> None:
        self.append(np.packbits(self._waiting, bitorder="little").tobytes())
        self._waiting = self._waiting[:0]


class _Column:
    """One array, with its children: strings, lists, maps, structs, and values of fixed width."""

    def __init__(self, kind: pa.DataType, spill: IO[bytes]) -> None:
        self._kind = kind
        self._length = 0
        self._bits, self._ends, self._data = _Bits(spill), _Buffer(spill), _Buffer(spill)
        self._end = 0
        self._end_type = np.dtype(np.int64 if pa.types.is_large_binary(kind) else np.int32)
        self._is_struct = pa.types.is_struct(kind)
        self._is_nested = self._is_struct or pa.types.is_list(kind) or pa.types.is_map(kind)
        self._is_fixed = pa.types.is_decimal128(kind) or pa.types.is_fixed_size_binary(kind)
        fields = [kind.field(number) for number in range(kind.num_fields)] if self._is_nested else []
        self._children = [_Column(field.type, spill) for field in fields]

    def append(self, array: pa.Array) -> None:
        assert array.offset == 0, "a small batch is not a slice"
        self._bits.extend(array.is_valid().to_numpy(zero_copy_only=False))
        if self._is_struct:
            for number, child in enumerate(self._children):
                child.append(array.field(number))
        elif self._is_fixed:
            self._data.append(memoryview(array.buffers()[1])[: len(array) * self._kind.bit_width // 8])
        else:
            ends = np.frombuffer(array.buffers()[1], self._end_type)[: len(array) + 1].astype(np.int64)
            if self._is_nested:
                self._children[0].append(array.values)
            elif ends[-1]:
                self._data.append(memoryview(array.buffers()[2])[: ends[-1]])
            self._ends.append((ends[self._ends.size > 0 :] + self._end).astype(self._end_type).tobytes())
            self._end += int(ends[-1])
        self._length += len(array)

    def buffers(self) -> Iterator[_Buffer]:
        """Every buffer in Arrow's order, those of the children last."""
        yield self._bits
        if not self._is_struct and not self._is_fixed:
            yield self._ends
        if not self._is_nested:
            yield self._data
        for child in self._children:
            yield from child.buffers()

    def reserved(self) -> pa.Array:
        """An array of the right shape whose buffers are room for the true ones."""
        self._bits.finish()
        buffers: list[pa.Buffer | None] = [self._bits.reserved() if self._bits.zeros else None]
        if not self._is_struct and not self._is_fixed:
            # Arrow looks at the last end to know how much there is to write.
            buffers.append(self._ends.reserved(last=self._end_type.type(self._end).tobytes()))
        if not self._is_nested:
            buffers.append(self._data.reserved())
        children = [child.reserved() for child in self._children] or None
        return pa.Array.from_buffers(self._kind, self._length, buffers, self._bits.zeros, 0, children)
