"""The page itself: its files, read once from the package, in the visitor's language; and the door for a token."""

import hashlib
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from vitrina.serving.gate import COOKIE, is_token, session

if TYPE_CHECKING:
    from fastapi import FastAPI

LANGUAGES = ("en", "es")

_TYPES = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
    "html": "text/html; charset=utf-8",
}
_LONGEST_LOGIN = 4096
_MONTH_SECONDS = 30 * 24 * 3600
_LOGIN_WORDS = {
    "en": {
        "title": "This shop is private",
        "ask": "Token",
        "open": "Open",
        "hint": "Who started it has the token.",
        "wrong": "That is not the token: try again.",
    },
    "es": {
        "title": "Esta tienda es privada",
        "ask": "Clave",
        "open": "Abrir",
        "hint": "Quien la puso en marcha tiene la clave.",
        "wrong": "Esa no es la clave: inténtalo de nuevo.",
    },
}


@dataclass(frozen=True)
class StaticFile:
    """A file of the page: its bytes, its type, and a tag that changes with it."""

    body: bytes
    type: str
    tag: str


def add_pages(app: "FastAPI", *, token: str | None) -> None:
    """Adds the page, its files, the API's description for people, and the login where there is a token."""
    from fastapi import Request
    from fastapi.responses import RedirectResponse, Response

    static = static_files()

    def page(name: str, request: Request, *, status: int = 200) -> Response:
        language = preferred_language(request.headers.get("accept-language", ""))
        body = static[name].body.replace(b'<html lang="en">', f'<html lang="{language}">'.encode())
        return Response(body, status, media_type=static[name].type, headers={"Vary": "Accept-Language"})

    @app.get("/static/{name}", include_in_schema=False)
    async def static_file(name: str, request: Request) -> Response:
        file = static.get(name)
        if file is None:
            return Response("There is no such file.", 404, media_type="text/plain")
        headers = {"ETag": file.tag, "Cache-Control": "no-cache"}
        if request.headers.get("if-none-match") == file.tag:
            return Response(status_code=304, headers=headers)
        return Response(file.body, media_type=file.type, headers=headers)

    @app.get("/", include_in_schema=False)
    async def front(request: Request) -> Response:
        return page("index.html", request)

    @app.get("/product/{id}", include_in_schema=False)
    async def product(id: str, request: Request) -> Response:
        return page("index.html", request)

    @app.get("/docs", include_in_schema=False)
    async def docs(request: Request) -> Response:
        return page("docs.html", request)

    @app.get("/favicon.ico", include_in_schema=False)
    async def icon() -> Response:
        return Response(static["icon.svg"].body, media_type=static["icon.svg"].type)

    @app.get("/login", include_in_schema=False)
    async def login(request: Request, wrong: bool = False) -> Response:
        return door(request, to=request.query_params.get("to", "/"), wrong=wrong, status=200)

    @app.post("/login", include_in_schema=False)
    async def enter(request: Request) -> Response:
        body = b""
        async for piece in request.stream():
            body += piece
            if len(body) > _LONGEST_LOGIN:
                return Response("Too long.", 413, media_type="text/plain")
        fields = parse_qs(body.decode("utf-8", "replace"))
        to = own_path(fields.get("to", ["/"])[0])
        if token is not None and not is_token(fields.get("token", [""])[0].strip(), token=token):
            return door(request, to=to, wrong=True, status=401)
        answer = RedirectResponse(to, status_code=303)
        if token is not None:
            answer.set_cookie(
                COOKIE,
                session(token),
                max_age=_MONTH_SECONDS,
                httponly=True,
                samesite="lax",
                secure=request.url.scheme == "https",
            )
        return answer

    def door(request: Request, *, to: str, wrong: bool, status: int) -> Response:
        language = preferred_language(request.headers.get("accept-language", ""))
        text = static["login.html"].body.decode()
        words = {**_LOGIN_WORDS[language], "language": language, "to": _escaped(own_path(to))}
        words["wrong"] = words["wrong"] if wrong else ""
        for name, value in words.items():
            text = text.replace("{{" + name + "}}", value)
        return Response(text, status, media_type=static["login.html"].type, headers={"Vary": "Accept-Language"})


def static_files() -> dict[str, StaticFile]:
    """Every file of the page by its name. There are no others to ask for: no path is ever made from a request."""
    found = {}
    for file in (files("vitrina.serving") / "static").iterdir():
        suffix = file.name.rpartition(".")[2]
        if suffix in _TYPES:
            body = file.read_bytes()
            tag = f'"{hashlib.blake2b(body, digest_size=8).hexdigest()}"'
            found[file.name] = StaticFile(body, _TYPES[suffix], tag)
    return found


def preferred_language(accepted: str) -> str:
    """The language of ours that an Accept-Language header likes best; English where it names none.

    >>> preferred_language("fr, es-MX;q=0.8, en;q=0.5")
    'es'
    """
    best, best_weight = LANGUAGES[0], 0.0
    for part in accepted.split(","):
        name, _, rest = part.strip().partition(";")
        weight = rest.strip().removeprefix("q=") or "1"
        language = name.split("-")[0].lower()
        if language in LANGUAGES and _is_weight(weight) and float(weight) > best_weight:
            best, best_weight = language, float(weight)
    return best


def own_path(path: str) -> str:
    """A path of this shop to go on to; the front where it would lead elsewhere."""
    is_own = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    return path if is_own else "/"


def _is_weight(text: str) -> bool:
    return text.replace(".", "", 1).isdigit() and text.isascii()


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;").replace(">", "&gt;")
