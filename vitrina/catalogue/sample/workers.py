"""Processes that make chunks of the sample side by side and hand them over in order.

Each is a fresh interpreter that talks over a socket: nothing of the caller's program is imported again, and nothing
is pickled. A worker ends when its socket does, so none outlives its master, however that ends.
"""

import contextlib
import json
import os
import socket
import subprocess
import sys
import traceback
from collections import deque
from collections.abc import Iterator, Sequence
from multiprocessing.connection import Connection, wait
from pathlib import Path
from types import TracebackType
from typing import Self

from vitrina.catalogue.sample.chunk import Chunk, from_bytes, make_chunk, to_bytes
from vitrina.catalogue.sample.settings import Settings

_SERVE = "import sys; from vitrina.catalogue.sample.workers import serve; serve(int(sys.argv[1]))"
_AHEAD = 2
"""Chunks that wait for each worker, or for their turn after it: enough to keep it busy, few enough to stand in
memory."""
_DONE, _FAILED = b"\0", b"\1"
_PATIENCE_SECONDS = 5.0


class Workers:
    """`count` processes that make chunks of one sample."""

    def __init__(self, count: int, *, settings: Settings) -> None:
        self._count = count
        self._settings = settings
        self._processes: list[subprocess.Popen[bytes]] = []
        self._lines: list[Connection] = []

    def __enter__(self) -> Self:
        try:
            for _ in range(self._count):
                self._start()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def chunks(self, parts: Sequence[range]) -> Iterator[Chunk]:
        """The chunks of these ranges of numbers, in their order.

        Raises RuntimeError where a product cannot be made and ChildProcessError where a worker was killed.
        """
        waiting: list[deque[int]] = [deque() for _ in self._lines]
        done: dict[int, bytes] = {}
        asked = 0
        for turn in range(len(parts)):
            while turn not in done:
                # What is asked for, and not yet handed over, is bounded: a slow worker holds up the fast ones.
                while asked < min(len(parts), turn + _AHEAD * self._count):
                    worker = min(range(self._count), key=lambda each: len(waiting[each]))
                    if len(waiting[worker]) == _AHEAD:
                        break
                    self._ask(worker, part=parts[asked])
                    waiting[worker].append(asked)
                    asked += 1
                for line in wait(self._lines):
                    worker = self._lines.index(line)  # type: ignore[arg-type]
                    place = waiting[worker][0] if waiting[worker] else turn
                    done[place] = self._answer(worker, part=parts[place])
                    waiting[worker].popleft()
            yield from_bytes(done.pop(turn))

    def _start(self) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            path = os.pathsep.join(each or str(Path.cwd()) for each in sys.path)
            process = subprocess.Popen(
                [sys.executable, "-c", _SERVE, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                # Ctrl-C is the master's to answer.
                start_new_session=True,
                env={**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"},
            )
        self._processes.append(process)
        self._lines.append(Connection(ours.detach()))
        self._lines[-1].send_bytes(self._settings.to_json().encode())

    def _ask(self, worker: int, *, part: range) -> None:
        try:
            self._lines[worker].send_bytes(json.dumps([part.start, part.stop]).encode())
        except OSError as error:
            raise self._death(worker, part=part) from error

    def _answer(self, worker: int, *, part: range) -> bytes:
        try:
            answer = self._lines[worker].recv_bytes()
        except (EOFError, OSError) as error:
            raise self._death(worker, part=part) from error
        if answer[:1] == _FAILED:
            raise RuntimeError(answer[1:].decode())
        return answer[1:]

    def _death(self, worker: int, *, part: range) -> ChildProcessError:
        status = self._processes[worker].wait()
        cause = f"was killed by signal {-status}" if status < 0 else f"ended with status {status}"
        return ChildProcessError(
            f"a process that made products {part.start} to {part.stop - 1} {cause}; the catalogue is as it was: "
            "run again, with fewer --workers if memory was short"
        )

    def _stop(self) -> None:
        for line in self._lines:
            line.close()
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            try:
                process.wait(_PATIENCE_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def serve(descriptor: int) -> None:
    """Runs a worker on this socket until it is closed."""
    # The master has gone when nothing comes any more, or when nothing can be sent.
    with contextlib.suppress(EOFError, ConnectionError), Connection(descriptor) as line:
        settings = Settings.from_json(line.recv_bytes().decode())
        while True:
            start, stop = json.loads(line.recv_bytes())
            line.send_bytes(_reply(range(start, stop), settings=settings))


def _reply(numbers: range, *, settings: Settings) -> bytes:
    try:
        return _DONE + to_bytes(make_chunk(numbers, settings=settings))
    except Exception:
        return _FAILED + traceback.format_exc().encode()
