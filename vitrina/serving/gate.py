"""The gate before the page: who may come in, from where, and what every answer says about security. Plain ASGI."""

import hashlib
import hmac
import ipaddress
import json
from collections.abc import Awaitable, Callable, MutableMapping
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import quote, urlsplit

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

COOKIE = "vitrina"

_OPEN_PATHS = ("/login", "/api/health")
_OPEN_FOLDER = "/static/"
_HEADERS = (
    (
        b"content-security-policy",
        b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
        b"form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
)


def gated(app: App, *, token: str | None) -> App:
    """Lets a request through to `app` where it may come in.

    Without a token only this machine's own names are answered: a page elsewhere whose name was made to point here
    (DNS rebinding) still calls us by its own name. With a token any name may be used, because such a page has neither
    the token nor its cookie. What is posted must come from a page of ours.
    """
    return _Gate(app, token=token)


class _Gate:
    def __init__(self, app: App, *, token: str | None) -> None:
        self._app = app
        self._token = token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        if scope["type"] == "lifespan":
            return await self._app(scope, receive, send)
        if scope["type"] != "http":
            return await send({"type": "websocket.close", "code": 1008})
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        refusal = self._refusal(scope, headers)
        # Names of products may hold slashes: paths are taken apart before they are decoded.
        path = scope.get("raw_path") or quote(scope["path"]).encode("ascii")
        scope = {**scope, "path": path.decode("ascii", "replace")}
        if refusal is not None:
            return await refusal(_guarded(send))
        return await self._app(scope, receive, _guarded(send))

    def _refusal(self, scope: Scope, headers: dict[str, str]) -> Callable[[Send], Awaitable[None]] | None:
        host = headers.get("host", "")
        name = _host_name(host)
        if name is None or (self._token is None and not is_loopback(name)):
            return _words(421, "wrong_host", "This shop is only open on its own machine: use http://localhost.")
        origin = headers.get("origin")
        if scope["method"] not in ("GET", "HEAD") and origin is not None and urlsplit(origin).netloc != host:
            return _words(403, "wrong_origin", "This request comes from a page of somebody else.")
        path = scope["path"]
        if self._token is None or path in _OPEN_PATHS or path.startswith(_OPEN_FOLDER):
            return None
        if carries_token(headers, token=self._token):
            return None
        if path.startswith("/api/") or scope["method"] not in ("GET", "HEAD"):
            return _words(401, "no_token", "Say who you are: send the token as `Authorization: Bearer TOKEN`.")
        query = scope["query_string"].decode("latin-1")
        return _redirect(f"/login?to={quote(path + (f'?{query}' if query else ''), safe='')}")


def session(token: str) -> str:
    """What the cookie holds: proves that its bearer knew the token, and does not tell it."""
    return hmac.new(token.encode(), b"vitrina session", hashlib.sha256).hexdigest()


def is_token(candidate: str, *, token: str) -> bool:
    """Compares in a time that says nothing about how much of it is right."""
    return hmac.compare_digest(candidate.encode("utf-8", "surrogatepass"), token.encode())


def carries_token(headers: dict[str, str], *, token: str) -> bool:
    """Whether a request has the token, or the cookie that it was given for it."""
    scheme, _, bearer = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and is_token(bearer.strip(), token=token):
        return True
    try:
        cookie = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return False
    return cookie is not None and hmac.compare_digest(cookie.value.encode(), session(token).encode())


def is_loopback(host: str) -> bool:
    """Whether a name or an address is only this machine."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _host_name(host: str) -> str | None:
    """The name in a Host header, without its port; None where it is none."""
    try:
        parts = urlsplit(f"//{host}")
        _ = parts.port
    except ValueError:
        return None
    is_plain = parts.netloc == host and "@" not in host and not parts.path and not parts.query
    return parts.hostname if is_plain else None


def _guarded(send: Send) -> Send:
    """Adds what browsers are told about every answer."""

    async def guarded(message: Message) -> None:
        if message["type"] == "http.response.start":
            there = {name.lower() for name, _ in message["headers"]}
            unsaid = [] if b"cache-control" in there else [(b"cache-control", b"no-store")]
            message = {**message, "headers": [*message["headers"], *_HEADERS, *unsaid]}
        await send(message)

    return guarded


def _words(status: int, code: str, message: str) -> Callable[[Send], Awaitable[None]]:
    body = json.dumps({"code": code, "message": message}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    if status == 401:
        headers.append((b"www-authenticate", b'Bearer realm="vitrina"'))
    return _answer(status, headers, body)


def _redirect(to: str) -> Callable[[Send], Awaitable[None]]:
    return _answer(303, [(b"location", to.encode("latin-1")), (b"content-length", b"0")], b"")


def _answer(status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> Callable[[Send], Awaitable[None]]:
    async def answer(send: Send) -> None:
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return answer
