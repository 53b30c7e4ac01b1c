"""One attempt at one picture: redirects followed step by step, as many bytes as allowed, and nothing but pictures."""

import base64
import datetime
import email.utils
import hashlib
import http
import ssl
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from vitrina.catalogue.download_address import DownloadError, parse
from vitrina.catalogue.download_cache import Kept
from vitrina.catalogue.download_hosts import Hosts
from vitrina.catalogue.download_transport import Transport

if TYPE_CHECKING:
    import httpcore
    import httpx

_MAX_REDIRECTS = 5
_REDIRECTS = (301, 302, 303, 307, 308)
_PASSING = (408, 425, 429, 500, 502, 503, 504)
_SIGNATURE_BYTES = 16
_UNPACKED_BYTES = 1 << 18
_GZIP_WINDOW = zlib.MAX_WBITS | 16


@dataclass(frozen=True)
class Limits:
    """`silence_seconds` without a byte and `total_seconds` for all of an attempt end it; so do `max_bytes`."""

    silence_seconds: float
    total_seconds: float
    max_bytes: int


@dataclass(frozen=True)
class Fetcher:
    """Fetches pictures over a transport, as the hosts allow. `now` gives seconds since 1970."""

    transport: Transport
    hosts: Hosts
    limits: Limits
    user_agent: str
    now: Callable[[], float]

    def fetch(self, reference: str, *, into: IO[bytes], known: Kept | None) -> Kept:
        """Writes the picture at an address into a file; where the server says that it is still the `known` one, gives
        that back and writes nothing. Raises DownloadError."""
        url = parse(reference)
        credentials, origin = _credentials(url), _origin(url)
        visited = {str(url)}
        while True:
            headers = self._headers(credentials if _origin(url) == origin else None, known=known)
            with self.hosts.request(url.host), _in_words(), self.transport.within(self.limits.total_seconds):
                answer = self._get(url, headers=headers, into=into, known=known)
            if isinstance(answer, Kept):
                return answer
            url = _joined(url, answer)
            if str(url) in visited:
                raise DownloadError("redirected in a circle", detail=f"by {url.host}")
            if len(visited) > _MAX_REDIRECTS:
                raise DownloadError("redirected too often", detail=f"more than {_MAX_REDIRECTS} times")
            visited.add(str(url))

    def _get(
        self, url: "httpx.URL", *, headers: list[tuple[bytes, bytes]], into: IO[bytes], known: Kept | None
    ) -> Kept | str:
        """The picture, or where it is said to lie."""
        import httpcore

        target = httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
        with self.transport.stream(target, headers=headers, silence_seconds=self.limits.silence_seconds) as response:
            said = {name.lower(): value.decode("latin-1") for name, value in response.headers}
            etag, last_modified = said.get(b"etag"), said.get(b"last-modified")
            if response.status in _REDIRECTS and said.get(b"location"):
                return _text(said[b"location"])
            if response.status == 304 and known is not None:
                return Kept(known.sha256, self.now(), etag or known.etag, last_modified or known.last_modified)
            if response.status != 200:
                raise self._refusal(response.status, retry_after=said.get(b"retry-after", ""))
            return Kept(self._receive(response, said, into=into), self.now(), etag, last_modified)

    def _receive(self, response: "httpcore.Response", said: dict[bytes, str], *, into: IO[bytes]) -> str:
        """Writes the body and gives its SHA-256. What the server says about its length and kind only helps to refuse
        it early: bytes are counted, and they have to begin like a picture."""
        most, digest, size, start = self.limits.max_bytes, hashlib.sha256(), 0, b""
        stated = said.get(b"content-length", "")
        if stated.isascii() and stated.isdigit() and int(stated) > most:
            raise DownloadError("too many bytes", detail=f"{int(stated):,}, at most {most:,}")
        for piece in _unpacked(response.iter_stream(), said.get(b"content-encoding", "")):
            size += len(piece)
            if size > most:
                raise DownloadError("too many bytes", detail=f"at most {most:,}")
            if len(start) < _SIGNATURE_BYTES:
                start += piece[:_SIGNATURE_BYTES]
                if len(start) >= _SIGNATURE_BYTES and not _begins_like_a_picture(start):
                    break
            digest.update(piece)
            into.write(piece)
        if size == 0:
            raise DownloadError("empty picture")
        if not _begins_like_a_picture(start):
            raise DownloadError("not a picture", detail=said.get(b"content-type", "of no stated type"))
        return digest.hexdigest()

    def _refusal(self, status: int, *, retry_after: str) -> DownloadError:
        phrase = http.HTTPStatus(status).phrase if status in set(http.HTTPStatus) else ""
        return DownloadError(
            f"HTTP {status} {phrase}".strip(),
            kind="passing" if status in _PASSING else "final",
            wait_seconds=_seconds(retry_after, now=self.now()) if status in _PASSING else 0.0,
        )

    def _headers(self, credentials: bytes | None, *, known: Kept | None) -> list[tuple[bytes, bytes]]:
        headers = [
            (b"User-Agent", self.user_agent.encode("ascii")),
            (b"Accept", b"image/jpeg,image/png,image/webp,image/*;q=0.8,*/*;q=0.5"),
            (b"Accept-Encoding", b"identity"),
        ]
        if credentials is not None:
            headers.append((b"Authorization", credentials))
        if known is not None and known.etag:
            headers.append((b"If-None-Match", known.etag.encode("latin-1", "ignore")))
        if known is not None and known.last_modified:
            headers.append((b"If-Modified-Since", known.last_modified.encode("latin-1", "ignore")))
        return headers


@contextmanager
def _in_words() -> Iterator[None]:
    """What goes wrong on the line as a DownloadError."""
    import httpcore

    try:
        yield
    except httpcore.TimeoutException:
        raise DownloadError("timed out", kind="passing") from None
    except httpcore.NetworkError as error:
        cause = error.__cause__ or error.__context__
        if isinstance(cause, ssl.SSLCertVerificationError):
            raise DownloadError("certificate not valid", detail=cause.verify_message, kind="unreachable") from None
        what = "connection failed" if isinstance(error, httpcore.ConnectError) else "connection broken off"
        raise DownloadError(what, detail=str(error), kind="passing") from None
    except (httpcore.ProtocolError, httpcore.UnsupportedProtocol) as error:
        raise DownloadError("connection broken off", detail=str(error), kind="passing") from None


def _joined(url: "httpx.URL", location: str) -> "httpx.URL":
    import httpx

    try:
        return parse(str(url.join(location)))
    except (httpx.InvalidURL, UnicodeError, ValueError) as error:
        if isinstance(error, DownloadError):
            raise
        raise DownloadError("not a web address", detail=f"redirected by {url.host}: {error}") from None


def _text(header: str) -> str:
    """A header in UTF-8, as servers write it, though by the book it is Latin-1."""
    try:
        return header.encode("latin-1").decode()
    except UnicodeDecodeError:
        return header


def _unpacked(pieces: Iterator[bytes], encoding: str) -> Iterator[bytes]:
    """A body that a server packed although it was asked not to, a bounded piece at a time."""
    if encoding.strip().lower() not in ("gzip", "x-gzip"):
        yield from pieces
        return
    unpacker = zlib.decompressobj(_GZIP_WINDOW)
    try:
        for piece in pieces:
            rest = piece
            while rest:
                yield unpacker.decompress(rest, _UNPACKED_BYTES)
                rest = unpacker.unconsumed_tail
    except zlib.error as error:
        raise DownloadError("not a picture", detail=f"a damaged gzip stream: {error}") from None


def _begins_like_a_picture(start: bytes) -> bool:
    is_known = start.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n", b"GIF8", b"BM", b"II*\0", b"MM\0*"))
    return is_known or (start[:4] == b"RIFF" and start[8:12] == b"WEBP") or start[4:12] in (b"ftypavif", b"ftypavis")


def _seconds(retry_after: str, *, now: float) -> float:
    """How long a server wants to be left alone: it says so in seconds or as a date."""
    if retry_after.isascii() and retry_after.isdigit():
        return float(retry_after)
    try:
        until = email.utils.parsedate_to_datetime(retry_after)
    except ValueError:
        return 0.0
    return max(0.0, (until if until.tzinfo else until.replace(tzinfo=datetime.UTC)).timestamp() - now)


def _credentials(url: "httpx.URL") -> bytes | None:
    """The name and password of an address, for the server that it names and for no other."""
    if not url.userinfo:
        return None
    return b"Basic " + base64.b64encode(f"{url.username}:{url.password}".encode())


def _origin(url: "httpx.URL") -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port
