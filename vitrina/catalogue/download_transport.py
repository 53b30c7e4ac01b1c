"""The one way out to the network: it connects to addresses that were checked, and keeps a deadline."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from vitrina.catalogue.download_address import AllowedAddresses, DownloadError, Resolve

if TYPE_CHECKING:
    import httpcore

_MAX_CONNECTIONS = 64
_IDLE_SECONDS = 15.0


class Deadline(threading.local):
    """When the request of this thread has to be over, on a clock that only goes forward."""

    ends: float = float("inf")


class Transport:
    """Sends requests. A host is resolved here and nowhere else, its addresses are checked, and the connection goes to
    a checked address: neither a redirect nor a name that changes its address in between leads anywhere else."""

    def __init__(self, *, allowed: AllowedAddresses, resolve: Resolve, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._deadline = Deadline()
        self._sockets: set[socket.socket] = set()
        self._is_closed = False
        self._pool = self._open_pool(allowed, resolve)

    @contextlib.contextmanager
    def stream(
        self, url: "httpcore.URL", *, headers: list[tuple[bytes, bytes]], silence_seconds: float
    ) -> "Iterator[httpcore.Response]":
        """The answer to a GET. `silence_seconds` bounds the connecting and every wait for more bytes."""
        timeout = dict.fromkeys(("connect", "read", "write"), silence_seconds)
        with self._pool.stream("GET", url, headers=headers, extensions={"timeout": timeout}) as response:
            yield response

    @contextlib.contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """Whatever this thread sends or receives inside has to be done within so many seconds."""
        self._deadline.ends = self._clock() + seconds
        try:
            yield
        finally:
            self._deadline.ends = float("inf")

    def close(self) -> None:
        """Ends every connection at once, those in use too."""
        self._is_closed = True
        for each in tuple(self._sockets):
            with contextlib.suppress(OSError):  # it has ended by itself meanwhile
                each.shutdown(socket.SHUT_RDWR)
        self._pool.close()

    def left(self, timeout: float | None) -> float:
        """What is left of a timeout. Raises DownloadError where the deadline has passed."""
        if self._is_closed:
            raise DownloadError("not fetched", detail="the ingest ended before", kind="unreachable")
        left = self._deadline.ends - self._clock()
        if left <= 0:
            raise DownloadError("timed out", detail="it took too long as a whole", kind="passing")
        return left if timeout is None else min(timeout, left)

    def _open_pool(self, allowed: AllowedAddresses, resolve: Resolve) -> "httpcore.ConnectionPool":
        import httpcore
        import httpx

        transport = self

        class Guard(httpcore.NetworkBackend):
            """Connects to checked addresses only."""

            def __init__(self) -> None:
                self._plain = httpcore.SyncBackend()

            def connect_tcp(
                self,
                host: str,
                port: int,
                timeout: float | None = None,
                local_address: str | None = None,
                socket_options: Iterable[Any] | None = None,
            ) -> httpcore.NetworkStream:
                failure: Exception = DownloadError("no such host", detail=host, kind="unreachable")
                for address in allowed.among(resolve(host), host=host):
                    try:
                        stream = self._plain.connect_tcp(
                            address, port, transport.left(timeout), local_address, socket_options
                        )
                    except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                        failure = error
                    else:
                        return Watched(stream)
                raise failure

        class Watched(httpcore.NetworkStream):
            """A connection that keeps the deadline and can be ended from outside."""

            def __init__(self, stream: httpcore.NetworkStream) -> None:
                self._stream = stream
                self._socket: socket.socket = stream.get_extra_info("socket")
                transport._sockets.add(self._socket)

            def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
                return self._stream.read(max_bytes, transport.left(timeout))

            def write(self, buffer: bytes, timeout: float | None = None) -> None:
                self._stream.write(buffer, transport.left(timeout))

            def close(self) -> None:
                transport._sockets.discard(self._socket)
                self._stream.close()

            def start_tls(
                self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
            ) -> httpcore.NetworkStream:
                transport._sockets.discard(self._socket)
                return Watched(self._stream.start_tls(ssl_context, server_hostname, transport.left(timeout)))

            def get_extra_info(self, info: str) -> Any:
                return self._stream.get_extra_info(info)

        return httpcore.ConnectionPool(
            ssl_context=httpx.create_ssl_context(),
            max_connections=_MAX_CONNECTIONS,
            max_keepalive_connections=_MAX_CONNECTIONS,
            keepalive_expiry=_IDLE_SECONDS,
            network_backend=Guard(),
        )
