"""Work of a model away from the event loop: one thing at a time, few that wait, none for ever."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from vitrina.serving.answers import RefusedError

Answer = TypeVar("Answer")


class Worker:
    """`threads` threads with at most `waiting` requests before them. A request that takes longer than `seconds`, its
    wait included, is answered with words; one that had not begun by then never does."""

    def __init__(self, name: str, *, threads: int, waiting: int, seconds: float) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._places = threading.BoundedSemaphore(threads + waiting)
        self._seconds = seconds

    async def run(self, work: Callable[[], Answer]) -> Answer:
        """What `work` returns, or raises. Raises RefusedError: 503 where too many wait, 504 where it takes too long."""
        if not self._places.acquire(blocking=False):
            raise RefusedError("Too many requests at once: try again in a moment.", code="busy", status=503)
        try:
            future = self._pool.submit(work)
        except BaseException:
            self._places.release()
            raise
        # A place is free when the thread is, not when somebody stopped waiting for it.
        future.add_done_callback(lambda _: self._places.release())
        try:
            async with asyncio.timeout(self._seconds):
                return await asyncio.wrap_future(future)
        except TimeoutError:
            raise RefusedError(
                f"This took longer than {self._seconds:g} seconds and was given up: ask for less, or later.",
                code="too_slow",
                status=504,
            ) from None

    def close(self) -> None:
        """Lets what runs finish and starts nothing more."""
        self._pool.shutdown(wait=True, cancel_futures=True)
