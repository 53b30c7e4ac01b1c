"""Web addresses of pictures: which are fetched at all, and which machines may be connected to for them."""

import ipaddress
import re
import socket
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Literal

from vitrina.catalogue.pictures import PictureError

if TYPE_CHECKING:
    import httpx

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[[str], Sequence[str]]

_WEB = re.compile(r"(?:[a-z][a-z0-9+.-]+:)?//", re.IGNORECASE)
_USER = re.compile(r"(?<=//)[^/?#]*@")
_LONGEST_SHOWN = 300
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
# Not global, whatever the standard library of this Python says: shared, benchmark and documentation networks, the
# local NAT64 prefix, addresses that only routers use, and the old site-local ones.
_CLOSED = [
    ipaddress.ip_network(each)
    for each in (
        *("0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15"),
        *("198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4", "64:ff9b:1::/48", "100::/64", "2001:db8::/32"),
        *("3fff::/20", "5f00::/16", "fec0::/10"),
    )
]


class DownloadError(PictureError):
    """A picture that could not be fetched.

    `kind` says what follows: after "passing" trouble another attempt may help; "unreachable" means that there is no
    word from the server about this picture; "final" is the server's word, or ours. `wait_seconds` is what the server
    asked for.
    """

    def __init__(
        self,
        reason: str,
        *,
        detail: str = "",
        kind: Literal["passing", "unreachable", "final"] = "final",
        wait_seconds: float = 0.0,
    ) -> None:
        super().__init__(reason, detail=detail)
        self.kind = kind
        self.wait_seconds = wait_seconds


def is_web_address(reference: str) -> bool:
    """Whether a picture is named by an address (`https://…`, `//cdn.example/…`, `s3://…`) and not by a path."""
    return _WEB.match(reference.lstrip()) is not None


def shown(reference: str, *, longest: int | None = _LONGEST_SHOWN) -> str:
    """A path or an address as reports show it: without name and password, without the picture that it may hold."""
    text = reference.strip()
    text = text[:40] + "…" if text[:5].lower() == "data:" else _USER.sub("", text)
    return text if longest is None or len(text) <= longest else text[:longest] + "…"


def parse(reference: str) -> "httpx.URL":
    """The address with its unusual characters escaped and without its fragment. Raises DownloadError where it is not
    http or https, or names no host."""
    import httpx

    text = reference.strip()
    try:
        url = httpx.URL(f"https:{text}" if text.startswith("//") else text).copy_with(fragment=None)
    except (httpx.InvalidURL, UnicodeError, ValueError) as error:
        raise DownloadError("not a web address", detail=str(error)) from None
    if url.scheme not in ("http", "https"):
        raise DownloadError("only http and https are fetched")
    if not url.host or not 0 < (url.port or 443) < 1 << 16:
        raise DownloadError("not a web address", detail="it names no host" if not url.host else f"port {url.port}")
    return url


class AllowedAddresses:
    """Decides which machines may be connected to: public ones, and those that the user names.

    `private` holds host names, addresses and networks (`"10.1.0.0/16"`). Raises ValueError for one that is none.
    """

    def __init__(self, private: Sequence[str]) -> None:
        self._networks: list[ipaddress.IPv4Network | ipaddress.IPv6Network] = []
        self._hosts: set[str] = set()
        for each in private:
            try:
                self._networks.append(ipaddress.ip_network(each))
            except ValueError as error:
                if not re.fullmatch(r"(?=.*[a-z])[\w-]+(\.[\w-]+)*\.?", each, re.IGNORECASE):
                    raise ValueError(
                        f"{each!r} cannot be allowed: name a host (images.intranet), an address (10.0.0.7) or a "
                        f"network (10.0.0.0/8); {error}"
                    ) from None
                self._hosts.add(_plain_host(each))

    def among(self, addresses: Sequence[str], *, host: str) -> list[str]:
        """Those of a host's addresses that may be connected to. Raises DownloadError where there is none."""
        parsed = [ipaddress.ip_address(each.partition("%")[0]) for each in addresses]
        is_named = _plain_host(host) in self._hosts
        allowed = [
            text
            for text, address in zip(addresses, parsed, strict=True)
            if is_named or is_public(address) or any(address in network for network in self._networks)
        ]
        if not allowed:
            found = ", ".join(map(str, parsed)) or "nowhere"
            where = host if host == found else f"{host}, which is {found},"
            detail = f"{where} is not on the open internet; if the shop's pictures lie there: --allow-private {host}"
            raise DownloadError("private address", detail=detail)
        return allowed


def is_public(address: Address) -> bool:
    """Whether an address belongs to the open internet, and every address that is wrapped in it too."""
    wrapped = _wrapped(address)
    if wrapped:
        return all(map(is_public, wrapped))
    is_special = address.is_multicast or address.is_reserved or address.is_loopback or address.is_link_local
    return address.is_global and not is_special and not any(address in network for network in _CLOSED)


def resolve(host: str) -> list[str]:
    """The addresses of a host, as the machine's resolver gives them. Raises DownloadError."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        is_passing = error.errno == socket.EAI_AGAIN
        kind = "passing" if is_passing else "unreachable"
        raise DownloadError("no such host", detail=f"{host}: {error.strerror}", kind=kind) from None
    except (UnicodeError, ValueError) as error:
        raise DownloadError("not a web address", detail=str(error)) from None
    return list(dict.fromkeys(str(place[0]) for *_, place in found))


def _wrapped(address: Address) -> list[Address]:
    """The addresses that an IPv6 address leads to: mapped, 6to4, Teredo, NAT64, and the old compatible ones."""
    if isinstance(address, ipaddress.IPv4Address):
        return []
    if address.ipv4_mapped is not None:
        return [address.ipv4_mapped]
    if address.sixtofour is not None:
        return [address.sixtofour]
    if address.teredo is not None:
        return list(address.teredo)
    if address in _NAT64 or 1 < int(address) < 1 << 32:
        return [ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)]
    return []


def _plain_host(host: str) -> str:
    return host.lower().rstrip(".")
