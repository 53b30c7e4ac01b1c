"""`vitrina serve`: a run and a catalogue as a page and an API."""

import logging
import os
import socket

from vitrina.serving.gate import is_loopback

log = logging.getLogger(__name__)

SHORTEST_TOKEN = 16
"""Signs of a token that nobody guesses, however often they try."""

_GRACE_SECONDS = 10
_MOST_CONNECTIONS = 256


def serve(
    run: str | os.PathLike[str],
    *,
    catalogue: str | os.PathLike[str],
    host: str = "127.0.0.1",
    port: int = 8000,
    token: str | None = None,
) -> None:
    """Opens the shop at `http://host:port` until it is interrupted; what is being answered is finished first.

    Whoever may reach the address needs `token`, where there is one; an address that other machines reach needs one.
    Products that change in the catalogue are picked up while the shop is open. Raises ValueError for a wider address
    without a token or with a short one, for a port that is taken, for a run that cannot search, and ImportError that
    names the extra where a package is missing.

        serve("runs/clip", catalogue="shop")                         # http://127.0.0.1:8000, for this machine only
    """
    try:
        import fastapi  # noqa: F401  # asked for before a model is loaded
        import uvicorn
    except ImportError as error:
        raise ImportError("The page needs FastAPI and uvicorn: pip install 'vitrina[serve]'") from error
    from vitrina.index.index import Index
    from vitrina.serving.answering import shop_of
    from vitrina.serving.app import create_app

    check_token(token, host=host)
    with _listen(host, port) as listening:
        shop = shop_of(Index.open(run, catalogue=catalogue))
        name = f"[{host}]" if ":" in host else host
        log.info("http://%s:%d is open; Ctrl-C closes it", name, listening.getsockname()[1])
        settings = uvicorn.Config(
            create_app(shop, token=token),
            log_level="warning",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            ws="none",
            limit_concurrency=_MOST_CONNECTIONS,
            timeout_graceful_shutdown=_GRACE_SECONDS,
        )
        try:
            uvicorn.Server(settings).run(sockets=[listening])
        except KeyboardInterrupt:
            log.info("closed")


def check_token(token: str | None, *, host: str) -> None:
    """Raises ValueError, with a token to use, where an address is open to other machines and anybody could come in."""
    if token is None and is_loopback(host):
        return
    example = "export VITRINA_TOKEN=$(python -c 'import secrets; print(secrets.token_urlsafe())')"
    if token is None:
        raise ValueError(
            f"{host or 'this address'} can be reached from other machines, and anybody there could see the catalogue: "
            f"set a token, for example {example}"
        )
    if len(token) < SHORTEST_TOKEN or token != token.strip() or not (token.isascii() and token.isprintable()):
        raise ValueError(
            f"the token must be at least {SHORTEST_TOKEN} plain signs without spaces at its ends: for example {example}"
        )


def _listen(host: str, port: int) -> socket.socket:
    """A socket at the address, taken before anything slow is done. Raises ValueError where it cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except (OSError, OverflowError) as error:
        why = str(error) if not isinstance(error, OSError) or error.errno is None else os.strerror(error.errno)
        raise ValueError(f"{host}:{port} cannot be opened ({why}): choose another with --port or --host") from error
