"""The pictures of rows: fetched, read, and brought into the one form, in threads, while rows keep their order."""

import base64
import os
import re
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote_to_bytes

from vitrina.catalogue.download import Downloader, Fetched
from vitrina.catalogue.download_address import DownloadError, is_web_address, shown
from vitrina.catalogue.ingest_source import Entry, Source
from vitrina.catalogue.pictures import MAX_ENCODED_BYTES, PictureError, canonicalise

_MAX_THREADS = 8
_IN_FLIGHT_PER_THREAD = 4
# Rows, addresses and bytes (of pictures that stand in the rows themselves) that may wait for the slowest download
# before them. What is downloaded lies on the disk, so that waiting for it costs next to no memory.
_WAITING_ROWS = 512
_WAITING_ADDRESSES = 2_048
_WAITING_BYTES = 64 << 20


@dataclass(frozen=True)
class Ready:
    """A row whose pictures lie at hand: for each reference, itself, the file that was fetched for it, or why there is
    none."""

    entry: Entry
    found: tuple[bytes | str | Fetched | DownloadError, ...]


@dataclass(frozen=True)
class Loaded:
    """A row with its pictures, one for each reference: canonical, or why it cannot be used. `fetched` says of each
    how it was downloaded, where it was."""

    entry: Entry
    pictures: tuple[bytes | PictureError, ...]
    fetched: tuple[Fetched | None, ...]


def with_fetched(entries: Iterator[Entry], *, downloader: Downloader | None) -> Iterator[Ready]:
    """Rows in their order, their pictures at web addresses fetched. Without a downloader addresses stay addresses.

    Downloads of later rows go on while an earlier row waits for a slow host, up to a bounded number.
    """
    waiting: deque[tuple[Entry, dict[int, Future[Fetched]]]] = deque()
    addresses = held = 0
    for entry in entries:
        futures = {}
        if downloader is not None:
            for number, reference in enumerate(entry.references):
                if isinstance(reference, str) and is_web_address(reference):
                    futures[number] = downloader.start(reference)
        waiting.append((entry, futures))
        addresses += len(futures)
        held += _held_bytes(entry)
        while waiting and (
            all(future.done() for future in waiting[0][1].values())
            or len(waiting) > _WAITING_ROWS
            or addresses > _WAITING_ADDRESSES
            or held > _WAITING_BYTES
        ):
            first, its_futures = waiting.popleft()
            addresses -= len(its_futures)
            held -= _held_bytes(first)
            yield _ready(first, its_futures)
    while waiting:
        yield _ready(*waiting.popleft())


def with_pictures(rows: Iterator[Ready], *, sources: Sequence[Source]) -> Iterator[Loaded]:
    """Reads and canonicalises pictures in threads; rows come out in their order, a bounded number in flight."""
    threads = min(_MAX_THREADS, os.cpu_count() or 1)
    waiting: deque[Future[Loaded] | Loaded] = deque()
    with ThreadPoolExecutor(threads) as pool:
        for row in rows:
            root = sources[row.entry.source].root
            waiting.append(pool.submit(load, row, root=root) if row.found else Loaded(row.entry, (), ()))
            while len(waiting) > threads * _IN_FLIGHT_PER_THREAD:
                yield _result(waiting.popleft())
        while waiting:
            yield _result(waiting.popleft())


def load(row: Ready, *, root: Path) -> Loaded:
    """The pictures of a row, read and brought into the one form."""
    pictures = [
        _picture(found, reference=reference, root=root)
        for found, reference in zip(row.found, row.entry.references, strict=True)
    ]
    return Loaded(row.entry, tuple(pictures), tuple(each if isinstance(each, Fetched) else None for each in row.found))


def find_picture(reference: str, *, root: Path) -> Path:
    """The file of a picture named by a path that starts at `root` and stays in it, links resolved.

    Raises PictureError where it is not a path, leaves the root, or names no readable file of a sensible size.
    """
    if is_web_address(reference):
        raise PictureError("web address: leave out --no-download, or name a file")
    try:
        path = (root / reference).resolve()
        if not path.exists() and "\\" in reference:
            path = (root / reference.replace("\\", "/")).resolve()
        if not path.is_relative_to(root):
            raise PictureError("path outside the root of pictures")
        if not path.is_file():
            raise PictureError("no such file")
        if path.stat().st_size > MAX_ENCODED_BYTES:
            raise PictureError("too many bytes", detail=f"{path.stat().st_size:,}, at most {MAX_ENCODED_BYTES:,}")
        return path
    except PictureError:
        raise
    except RuntimeError:  # links that lead in a circle
        raise PictureError("no such file") from None
    except OSError as error:
        raise PictureError("unreadable file", detail=error.strerror or type(error).__name__) from error
    except ValueError as error:
        raise PictureError("unreadable file", detail=str(error)) from error


def _picture(
    found: bytes | str | Fetched | DownloadError, *, reference: bytes | str, root: Path
) -> bytes | PictureError:
    try:
        return canonicalise(_encoded(found, root=root))
    except PictureError as error:
        name = shown(reference) if isinstance(reference, str) else "in the file"
        return PictureError(error.reason, detail=": ".join(part for part in (name, error.detail) if part))


def _encoded(found: bytes | str | Fetched | DownloadError, *, root: Path) -> bytes:
    if isinstance(found, DownloadError):
        raise found
    if isinstance(found, bytes):
        return found
    if isinstance(found, str) and re.match(r"\s*data:", found, re.IGNORECASE):
        return _inside_address(found)
    try:
        return (found.file if isinstance(found, Fetched) else find_picture(found, root=root)).read_bytes()
    except OSError as error:
        raise PictureError("unreadable file", detail=error.strerror or type(error).__name__) from error


def _inside_address(address: str) -> bytes:
    """The picture that a `data:` address holds, in base64 or escaped (RFC 2397)."""
    head, comma, body = address.partition(",")
    if not comma:
        raise PictureError("picture inside an address: broken", detail="it has no comma")
    data = unquote_to_bytes(body)
    if not head.rstrip().lower().endswith(";base64"):
        return data
    plain = b"".join(data.split()).rstrip(b"=")
    try:
        return base64.b64decode(plain + b"=" * (-len(plain) % 4), validate=True)
    except ValueError as error:
        raise PictureError("picture inside an address: broken", detail=str(error)) from error


def _ready(entry: Entry, futures: dict[int, Future[Fetched]]) -> Ready:
    found: list[bytes | str | Fetched | DownloadError] = list(entry.references)
    for number, future in futures.items():
        try:
            found[number] = future.result()
        except DownloadError as error:
            found[number] = error
    return Ready(entry, tuple(found))


def _held_bytes(entry: Entry) -> int:
    return sum(map(len, entry.references))


def _result(each: Future[Loaded] | Loaded) -> Loaded:
    return each.result() if isinstance(each, Future) else each
