"""A web server on this machine that misbehaves as asked, and a time that passes only when somebody waits."""

import contextlib
import io
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from PIL import Image

from vitrina.catalogue.download import Downloader, Downloads
from vitrina.catalogue.download_address import Resolve, resolve

Answer = Callable[["Handler", int], None]


def picture(colour: str = "red", side: int = 16) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (side, side), colour).save(file, "JPEG")
    return file.getvalue()


class Time:
    """Passes only in pauses, which it writes down."""

    def __init__(self) -> None:
        self.seconds = 1_700_000_000.0
        self.pauses: list[float] = []
        self._lock = threading.Lock()

    def clock(self) -> float:
        return self.seconds

    def pause(self, seconds: float) -> None:
        with self._lock:
            self.pauses.append(seconds)
            self.seconds += seconds


class Handler(BaseHTTPRequestHandler):
    """Answers with what the test wants; `call` counts the requests for one path from 1."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: "Server"

    def do_GET(self) -> None:
        with self.server.lock:
            self.server.calls[self.path] += 1
            call = self.server.calls[self.path]
            self.server.seen.append((self.path, dict(self.headers)))
            self.server.busy += 1
            self.server.busiest = max(self.server.busiest, self.server.busy)
        try:
            with contextlib.suppress(ConnectionError):
                self.server.routes[self.path.partition("?")[0]](self, call)
        finally:
            with self.server.lock:
                self.server.busy -= 1

    def answer(self, status: int, *, body: bytes = b"", headers: Mapping[str, str] | None = None) -> None:
        """A whole and honest answer."""
        self.head(status, {"Content-Length": str(len(body)), **(headers or {})})
        self.wfile.write(body)

    def head(self, status: int, headers: Mapping[str, str]) -> None:
        """The beginning of an answer, with whatever it claims."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def hang_up(self) -> None:
        """Ends the connection without another byte."""
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None: ...


class Server(ThreadingHTTPServer):
    """`calls` counts by path; `busiest` is the largest number of requests that were answered at once."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.routes: dict[str, Answer] = {}
        self.calls: Counter[str] = Counter()
        self.seen: list[tuple[str, dict[str, str]]] = []
        self.busy = self.busiest = 0
        self.lock = threading.Lock()

    @property
    def port(self) -> int:
        return self.server_address[1]

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"

    def handle_error(self, request: object, client_address: object) -> None: ...


@contextlib.contextmanager
def running(routes: Mapping[str, Answer]) -> Iterator[Server]:
    """A server that answers while the block runs."""
    with Server() as server:
        server.routes.update(routes)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def gives(body: bytes, **headers: str) -> Answer:
    """Always the same good answer."""
    plain = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda handler, call: handler.answer(200, body=body, headers=plain)


def settings(folder: Path, **changes: object) -> Downloads:
    """This machine is allowed."""
    return Downloads(**{"folder": folder / "downloads", "allow_private": ("127.0.0.1",), **changes})


def downloader(folder: Path, *, time: Time | None = None, resolve: Resolve = resolve, **changes: object) -> Downloader:
    """A downloader whose time passes only when it waits."""
    passing = time or Time()
    return Downloader(
        settings(folder, **changes),
        resolve=resolve,
        clock=passing.clock,
        now=passing.clock,
        pause=passing.pause,
        draw=lambda: 1.0,
    )
