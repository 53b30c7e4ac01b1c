"""Being asked to stop: Ctrl-C and SIGTERM end the step first, a second one ends the process at once."""

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class StopRequest:
    """Whether somebody asked to stop."""

    def __init__(self) -> None:
        self.is_made = False

    def receive(self, number: int, frame: FrameType | None) -> None:
        """A signal handler."""
        if self.is_made:
            raise KeyboardInterrupt
        self.is_made = True
        sys.stderr.write(
            f"\n{signal.Signals(number).name}: finishing this step, then saving. Once more stops at once.\n"
        )


@contextmanager
def stop_requests() -> Iterator[StopRequest]:
    """Listen for SIGINT and SIGTERM; outside the main thread, which alone may, nothing is heard."""
    request = StopRequest()
    if threading.current_thread() is not threading.main_thread():
        yield request
        return
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, request.receive) for number in numbers]
    try:
        yield request
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)
