"""Fetching the pictures that product files name by web addresses: politely, from public machines, each one once."""

import importlib.metadata
import random
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from vitrina.catalogue.download_address import AllowedAddresses, DownloadError, Resolve, parse, resolve
from vitrina.catalogue.download_cache import DownloadCache, Kept, default_folder
from vitrina.catalogue.download_fetch import Fetcher, Limits
from vitrina.catalogue.download_hosts import Hosts
from vitrina.catalogue.download_transport import Transport
from vitrina.catalogue.pictures import MAX_ENCODED_BYTES

_FRESH_SECONDS = 3 * 24 * 3600.0
_FIRST_PAUSE_SECONDS = 0.5
_LONGEST_PAUSE_SECONDS = 30.0
_DEAD_REMEMBERED = 65_536


@dataclass(frozen=True)
class Downloads:
    """How pictures are fetched.

    They are kept in `folder` (by default in the user's caches) and asked for again after three days; delete it
    whenever you like. An attempt ends after `timeout_seconds` without a byte or `total_seconds` in all; passing
    trouble is met with up to `attempts`, further and further apart. `per_host` requests go to one host at a time. A
    picture may have `max_bytes`. Machines that are not on the open internet are not connected to, except for those in
    `allow_private`: host names, addresses and networks (`"images.intranet"`, `"10.1.0.0/16"`).

    Raises ValueError for a setting that makes no sense.
    """

    folder: Path | None = None
    timeout_seconds: float = 20.0
    total_seconds: float = 120.0
    attempts: int = 4
    per_host: int = 4
    max_bytes: int = MAX_ENCODED_BYTES
    allow_private: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if isinstance(value, int | float) and value <= 0:
                raise ValueError(f"{name} of downloads is {value}: it has to be more than nothing")
        AllowedAddresses(self.allow_private)


@dataclass(frozen=True)
class Fetched:
    """A picture on the disk, and whether it came over the network just now."""

    file: Path
    came_from: Literal["network", "cache"]
    size_bytes: int


class Downloader:
    """Fetches pictures in threads, each address once, into a folder that outlives the process.

    `clock` only goes forward, `now` gives seconds since 1970, `draw` a number from 0 to 1 that spreads attempts.

    >>> with Downloader(Downloads()) as downloader:  # doctest: +SKIP
    ...     downloader.start("https://shop.example/1.jpg").result().file
    """

    def __init__(
        self,
        settings: Downloads,
        *,
        resolve: Resolve = resolve,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
        pause: Callable[[float], object] | None = None,
        draw: Callable[[], float] = random.random,
    ) -> None:
        self.folder = settings.folder or default_folder()
        self._settings = settings
        self._resolve, self._clock, self._now, self._draw = resolve, clock, now, draw
        self._ended = threading.Event()
        self._pause = pause or self._ended.wait
        self._cache = DownloadCache(self.folder)
        self._hosts = Hosts(per_host=settings.per_host, clock=clock, pause=self._wait)
        self._fetcher: Fetcher | None = None
        self._running: dict[str, Future[Fetched]] = {}
        self._dead: OrderedDict[str, DownloadError] = OrderedDict()
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._hosts.drop()
        if self._fetcher is not None:
            self._fetcher.transport.close()
        self._hosts.close()

    @property
    def given_up(self) -> dict[str, str]:
        """Hosts that failed again and again, and how."""
        return dict(self._hosts.given_up)

    def start(self, reference: str) -> "Future[Fetched]":
        """Begins to fetch the picture at an address, or joins whoever is fetching it already.

        The result raises DownloadError where there is no picture. Raises ImportError where httpx is missing, and
        ValueError, here or from the result, where nothing can be written to the folder.
        """
        fetcher = self._fetcher or self._begin()
        try:
            url = parse(reference)
        except DownloadError as error:
            return _failed(error)
        key = str(url)
        with self._lock:
            if key in self._dead:
                return _failed(self._dead[key])
            if key in self._running:
                return _joined(self._running[key])
            future = self._hosts.start(url.host, work=lambda: self._obtain(key, fetcher))
            self._running[key] = future
        future.add_done_callback(lambda done: self._finish(key, done))
        return future

    def forget(self, reference: str) -> None:
        """What was fetched turned out to be no usable picture: the next ingest shall fetch it again."""
        with suppress(DownloadError):
            self._cache.forget(str(parse(reference)))

    def _begin(self) -> Fetcher:
        try:
            import httpx  # noqa: F401  what Transport and parse are made of
        except ImportError as error:
            raise ImportError(
                "the pictures are named by web addresses, and fetching them needs httpx: "
                "pip install 'vitrina[download]', or ingest without downloads (--no-download)"
            ) from error
        settings = self._settings
        with self._writing():
            self._cache.open()
        allowed = AllowedAddresses(settings.allow_private)
        self._fetcher = Fetcher(
            transport=Transport(allowed=allowed, resolve=self._resolve, clock=self._clock),
            hosts=self._hosts,
            limits=Limits(settings.timeout_seconds, settings.total_seconds, settings.max_bytes),
            user_agent=f"vitrina/{importlib.metadata.version('vitrina')} (reading a product feed)",
            now=self._now,
        )
        return self._fetcher

    def _obtain(self, url: str, fetcher: Fetcher) -> Fetched:
        """In a thread: the picture from the folder, from the network, or an old one where no word comes from there."""
        with self._writing():
            known = self._cache.find(url)
            if known is not None and self._now() - known.checked < _FRESH_SECONDS:
                return self._fetched(known, "cache")
            try:
                return self._download(url, fetcher, known=known)
            except DownloadError as error:
                if known is None or error.kind == "final" or self._ended.is_set():
                    raise
                return self._fetched(known, "cache")

    def _download(self, url: str, fetcher: Fetcher, *, known: Kept | None) -> Fetched:
        for attempt in range(1, self._settings.attempts + 1):
            try:
                with self._cache.part() as part:
                    kept = fetcher.fetch(url, into=part, known=known)
                    if known is not None and kept.sha256 == known.sha256:
                        self._cache.remember(url, kept=kept)
                        return self._fetched(kept, "cache")
                    self._cache.keep(url, part=part, kept=kept)
                    return self._fetched(kept, "network")
            except DownloadError as error:
                if error.kind != "passing" or attempt == self._settings.attempts:
                    raise
            longest = min(_LONGEST_PAUSE_SECONDS, _FIRST_PAUSE_SECONDS * 2 ** (attempt - 1))
            self._wait(longest * (1 + self._draw()) / 2)
        raise AssertionError("the last attempt returns or raises")

    def _wait(self, seconds: float) -> None:
        self._pause(seconds)
        if self._ended.is_set():
            raise DownloadError("not fetched", detail="the ingest ended before", kind="unreachable")

    def _fetched(self, kept: Kept, came_from: Literal["network", "cache"]) -> Fetched:
        file = self._cache.content(kept)
        return Fetched(file, came_from, file.stat().st_size)

    def _finish(self, url: str, done: "Future[Fetched]") -> None:
        with self._lock:
            del self._running[url]
            error = None if done.cancelled() else done.exception()
            if isinstance(error, DownloadError):
                self._dead[url] = error
                if len(self._dead) > _DEAD_REMEMBERED:
                    self._dead.popitem(last=False)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise ValueError(
                f"downloaded pictures cannot be kept in {self.folder} ({error.strerror or error}): make room or mend "
                "its rights, or set XDG_CACHE_HOME to another folder"
            ) from error


def _failed(error: DownloadError) -> "Future[Fetched]":
    future: Future[Fetched] = Future()
    future.set_exception(error)
    return future


def _joined(running: "Future[Fetched]") -> "Future[Fetched]":
    """The same outcome once more; it came over the network only once."""
    joined: Future[Fetched] = Future()

    def pass_on(done: "Future[Fetched]") -> None:
        error = CancelledError() if done.cancelled() else done.exception()
        if error is not None:
            joined.set_exception(error)
        else:
            joined.set_result(replace(done.result(), came_from="cache"))

    running.add_done_callback(pass_on)
    return joined
