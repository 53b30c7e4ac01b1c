"""A few things kept in memory, the oldest let go first."""

import threading
from collections import OrderedDict


class Kept:
    """Bytes by name, at most `most_bytes` of them together: what was not asked for longest goes first. Safe to use from
    several threads."""

    def __init__(self, *, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._bytes = 0
        self._values: OrderedDict[str, bytes] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, name: str) -> bytes | None:
        """What is kept under a name, None where it is not, or no longer."""
        with self._lock:
            value = self._values.get(name)
            if value is not None:
                self._values.move_to_end(name)
            return value

    def put(self, name: str, value: bytes) -> None:
        """Keeps a value; one that is larger than everything together is not kept."""
        with self._lock:
            self._bytes += len(value) - len(self._values.pop(name, b""))
            self._values[name] = value
            while self._bytes > self._most_bytes:
                _, gone = self._values.popitem(last=False)
                self._bytes -= len(gone)
