"""Prefetch: batches on the device before they are asked for, so that a step never waits for a copy."""

from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from typing import TypeVar

import torch

from vitrina.data.batch import Batch

T = TypeVar("T")
S = TypeVar("S")


def to_device(batches: Iterator[Batch], *, device: torch.device) -> Generator[Batch, None, None]:
    """The batches in their order, each on `device` when it comes.

    On CUDA the next batch is pinned and copied by a thread on a stream of its own while the present one is computed;
    on the CPU batches come as they are. An error in `batches` is raised when its turn comes; closing the result closes
    `batches`.

    >>> with closing(to_device(loader.batches(0, 500), device=device)) as batches:  # doctest: +SKIP
    ...     for batch in batches: ...
    """
    if device.type == "cuda":
        copier = _Copier(device)
        with closing(one_ahead(batches, prepare=copier.send)) as copies:
            for copied in copies:
                yield copier.receive(copied)
    elif device.type == "cpu":
        yield from batches
    else:
        with closing(one_ahead(batches, prepare=lambda batch: batch.to(device))) as copies:
            yield from copies


def one_ahead(values: Iterator[T], *, prepare: Callable[[T], S]) -> Generator[S, None, None]:
    """`prepare` of each value in turn, the next one by a thread while the present one is in use.

    `values` is never asked for two at a time, though not always by the same thread. What it or `prepare` raises is
    raised when its turn comes. Closing the result, or leaving it for an error, waits for the thread and closes
    `values` where that is a generator.
    """

    def following() -> tuple[S] | None:
        for value in values:
            return (prepare(value),)
        return None

    pool = ThreadPoolExecutor(1, thread_name_prefix="vitrina-prefetch")
    try:
        upcoming: Future[tuple[S] | None] = pool.submit(following)
        while (found := upcoming.result()) is not None:
            upcoming = pool.submit(following)
            yield found[0]
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
        _close(values)


@dataclass(frozen=True)
class _Copied:
    """A batch on the device, whole once `is_there` has happened."""

    batch: Batch
    is_there: torch.cuda.Event


class _Copier:
    """Copies batches to a CUDA device on a stream of its own."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._stream = torch.cuda.Stream(device)

    def send(self, batch: Batch) -> _Copied:
        """Begin the copy of a batch, from pinned memory: only that leaves the processor free meanwhile."""
        with torch.cuda.stream(self._stream):
            # The pinned copy may be dropped at once: its allocator waits for the stream before it gives it out again.
            moved = batch.pinned().to(self._device)
            is_there = torch.cuda.Event()
            is_there.record(self._stream)
        return _Copied(moved, is_there)

    def receive(self, copied: _Copied) -> Batch:
        """The batch for the stream that computes: that waits for its copy, the processor does not."""
        computing = torch.cuda.current_stream(self._device)
        computing.wait_event(copied.is_there)
        for tensor in copied.batch.tensors():
            # Else its memory would be given to the next copy as soon as the processor, not the device, is done with it.
            tensor.record_stream(computing)
        return copied.batch


def _close(values: Iterator[object]) -> None:
    """What a generator holds, a loader's threads say, ends with it."""
    if isinstance(values, Generator):
        values.close()
