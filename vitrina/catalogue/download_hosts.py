"""Being polite to many hosts at once: few requests to each, pauses that a host asks for, and giving up dead ones."""

import contextlib
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar

from vitrina.catalogue.download_address import DownloadError

_T = TypeVar("_T")
_THREADS = 64
_FAILURES_IN_A_ROW = 20
_FAILURES_WITHOUT_PAUSE = 4
_FIRST_HALT_SECONDS = 0.5
_LONGEST_HALT_SECONDS = 10.0
_LONGEST_PAUSE_SECONDS = 60.0


@dataclass
class _Host:
    """What is known of one host: `tasks` are being worked on, `requests` are on the line (redirects lead to hosts that
    have no task), `failures` happened in a row, and before `resumes` nothing is sent."""

    tasks: int = 0
    requests: int = 0
    failures: int = 0
    resumes: float = float("-inf")
    waiting: deque[tuple[Future, Callable[[], object]]] = field(default_factory=deque)

    @property
    def is_forgettable(self) -> bool:
        return not (self.tasks or self.requests or self.failures or self.waiting)


class Hosts:
    """Runs downloads in threads, at most `per_host` of one host at a time; others are not held up by a slow one.

    From the fifth failure in a row on a host is left alone for a moment, longer and longer, for it may only be
    starting anew; after 20 it is given up, and what is asked of it afterwards fails at once.
    """

    def __init__(self, *, per_host: int, clock: Callable[[], float], pause: Callable[[float], None]) -> None:
        self._per_host = per_host
        self._clock = clock
        self._pause = pause
        self._hosts: dict[str, _Host] = {}
        self._changed = threading.Condition()
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="download")
        self._is_closed = False
        self.given_up: dict[str, str] = {}

    def start(self, host: str, *, work: Callable[[], _T]) -> "Future[_T]":
        """Does `work` in a thread as soon as it is the host's turn."""
        future: Future[_T] = Future()
        with self._changed:
            state = self._hosts.setdefault(host, _Host())
            state.waiting.append((future, work))
            self._fill(host, state)
        return future

    @contextlib.contextmanager
    def request(self, host: str) -> Iterator[None]:
        """Around one request: waits for the host's turn, and learns from its failure. Raises DownloadError where the
        host was given up."""
        state = self._enter(host)
        failure: DownloadError | None = None
        try:
            yield
        except DownloadError as error:
            failure = error if error.kind != "final" else None
            raise
        finally:
            self._leave(host, state, failure)

    def drop(self) -> None:
        """What has not begun will not begin."""
        with self._changed:
            self._is_closed = True
            dropped = [future for state in self._hosts.values() for future, _ in state.waiting]
            for state in self._hosts.values():
                state.waiting.clear()
            self._changed.notify_all()
        for future in dropped:
            future.cancel()

    def close(self) -> None:
        """Waits for what has begun."""
        self._pool.shutdown()

    def _fill(self, host: str, state: _Host) -> None:
        while state.waiting and state.tasks < self._per_host and not self._is_closed:
            state.tasks += 1
            self._pool.submit(self._work, host, state, *state.waiting.popleft())

    def _work(self, host: str, state: _Host, future: Future, work: Callable[[], object]) -> None:
        try:
            if future.set_running_or_notify_cancel():
                future.set_result(work())
        except BaseException as error:  # it belongs to whoever waits for the result
            future.set_exception(error)
        finally:
            with self._changed:
                state.tasks -= 1
                self._fill(host, state)
                self._forget(host, state)

    def _enter(self, host: str) -> _Host:
        while True:
            with self._changed:
                state = self._hosts.setdefault(host, _Host())
                wait = state.resumes - self._clock()
                if host in self.given_up:
                    raise DownloadError("host given up", detail=self.given_up[host], kind="unreachable")
                if wait <= 0 and state.requests >= self._per_host and not self._is_closed:
                    self._changed.wait()
                elif wait <= 0 or self._is_closed:
                    state.requests += 1
                    return state
            if wait > 0:
                self._pause(wait)

    def _leave(self, host: str, state: _Host, failure: DownloadError | None) -> None:
        with self._changed:
            state.requests -= 1
            state.failures = 0 if failure is None else state.failures + 1
            if failure is not None and failure.kind == "passing":
                asked = min(failure.wait_seconds, _LONGEST_PAUSE_SECONDS)
                halt = _FIRST_HALT_SECONDS * 2 ** (state.failures - _FAILURES_WITHOUT_PAUSE - 1)
                own = min(halt, _LONGEST_HALT_SECONDS) if state.failures > _FAILURES_WITHOUT_PAUSE else 0.0
                state.resumes = max(state.resumes, self._clock() + max(asked, own))
            if failure is not None and state.failures >= _FAILURES_IN_A_ROW:
                self.given_up[host] = f"{state.failures} failures in a row, the last: {failure}"
            self._forget(host, state)
            self._changed.notify_all()

    def _forget(self, host: str, state: _Host) -> None:
        if state.is_forgettable and self._hosts.get(host) is state:
            del self._hosts[host]
