"""Web addresses: nothing inside a network is reached through a feed, whatever name, number or redirect leads there."""

import base64
import ipaddress
from collections.abc import Sequence
from pathlib import Path

import pytest
from catalogue.download_server import Handler, downloader, gives, picture, running
from hypothesis import given
from hypothesis import strategies as st

from vitrina.catalogue.download_address import AllowedAddresses, DownloadError, is_public, is_web_address, parse, shown

GOOD = picture()
PRIVATE = (
    *("127.0.0.1", "127.8.9.10", "0.0.0.0", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1"),
    *("169.254.169.254", "100.64.0.1", "192.0.2.1", "198.18.0.1", "198.51.100.7", "203.0.113.9", "192.0.0.8"),
    *("224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255", "::", "::1", "fe80::1", "fc00::1"),
    *("fd00:ec2::254", "fec0::1", "ff02::1", "2001:db8::1", "100::1", "64:ff9b:1::a00:1"),
    # Private addresses wrapped in others: mapped, compatible, 6to4, NAT64, Teredo (server and client).
    *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::7f00:1", "2002:7f00:1::", "2002:a00:1::1"),
    *("64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2001:0:7f00:1::1"),
)
PUBLIC = ("1.1.1.1", "93.184.216.34", "172.32.0.1", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101")


@pytest.mark.parametrize("address", PRIVATE)
def test_an_address_inside_a_network_is_not_public(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))
    with pytest.raises(DownloadError, match="private address"):
        AllowedAddresses(()).among([address], host="shop.example")


@pytest.mark.parametrize("address", PUBLIC)
def test_an_address_of_the_open_internet_is_public(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


@given(st.ip_addresses(v=4))
def test_wrapping_an_address_changes_nothing(address: ipaddress.IPv4Address) -> None:
    mapped = ipaddress.IPv6Address(f"::ffff:{address}")
    nat64 = ipaddress.IPv6Address(int(ipaddress.IPv6Address("64:ff9b::")) | int(address))
    sixtofour = ipaddress.IPv6Address(0x2002 << 112 | int(address) << 80 | 1)
    assert is_public(mapped) == is_public(nat64) == is_public(sixtofour) == is_public(address)
    assert not (is_public(address) and address.is_private)


def test_of_a_hosts_addresses_only_public_ones_are_connected_to() -> None:
    found = ["10.0.0.1", "1.1.1.1", "::1", "2606:4700::1111"]
    assert AllowedAddresses(()).among(found, host="x") == ["1.1.1.1", "2606:4700::1111"]


@pytest.mark.parametrize("allowed", ["10.0.0.0/8", "10.0.0.7", "images.intranet", "Images.Intranet.", "0.0.0.0/0"])
def test_what_the_user_names_is_allowed(allowed: str) -> None:
    assert AllowedAddresses((allowed,)).among(["10.0.0.7"], host="images.intranet") == ["10.0.0.7"]
    with pytest.raises(DownloadError, match="private address"):
        AllowedAddresses((allowed,)).among(["::1"], host="other.intranet")


def failure(folder: Path, url: str, *, finds: Sequence[str] = ("127.0.0.1",), **changes: object) -> DownloadError:
    with downloader(folder, resolve=lambda host: finds, **changes) as fetching:
        error = fetching.start(url).exception()
    assert isinstance(error, DownloadError)
    return error


@pytest.mark.parametrize("host", ["shop.example", "localhost", "127.0.0.1", "2130706433", "0x7f.1", "[::1]"])
def test_no_spelling_of_this_machine_is_connected_to(tmp_path: Path, host: str) -> None:
    with running({"/1.jpg": gives(GOOD)}) as server:
        assert failure(tmp_path, server.url("/1.jpg", host), allow_private=()).reason == "private address"
    assert not server.calls


@pytest.mark.parametrize("wrapped", ["::1", "::ffff:127.0.0.1", "127.0.0.1%eth0"])
def test_no_wrapping_of_this_machine_is_connected_to(tmp_path: Path, wrapped: str) -> None:
    with running({"/1.jpg": gives(GOOD)}) as server:
        url = server.url("/1.jpg", "shop.example")
        assert failure(tmp_path, url, finds=[wrapped], allow_private=()).reason == "private address"
    assert not server.calls


def redirects(*places: str) -> dict[str, object]:
    """`/0` leads to the first place, `/1` to the second, and so on."""

    def leads(place: str, status: int):
        return lambda handler, call: handler.answer(status, headers={"Location": place})

    codes = (301, 302, 303, 307, 308)
    return {f"/{number}": leads(place, codes[number % 5]) for number, place in enumerate(places)}


def test_a_redirect_in_bare_letters_is_followed(tmp_path: Path) -> None:
    def leads(handler: Handler, call: int) -> None:
        handler.wfile.write("HTTP/1.1 302 Found\r\nLocation: /camisón.jpg\r\nContent-Length: 0\r\n\r\n".encode())

    with running({"/0": leads, "/camis%C3%B3n.jpg": gives(GOOD)}) as server, downloader(tmp_path) as fetching:
        assert fetching.start(server.url("/0")).result()


def test_redirects_are_followed_and_their_end_is_the_picture(tmp_path: Path) -> None:
    routes = {**redirects("/1", "/deep/../2", "3?x=y z", "/4", "/5.jpg#top"), "/5.jpg": gives(GOOD)}
    with running(routes) as server, downloader(tmp_path) as fetching:
        assert fetching.start(server.url("/0")).result().file.read_bytes() == GOOD


@pytest.mark.parametrize(
    ("places", "reason"),
    [
        (["/1", "/0"], "redirected in a circle"),
        (["/0"], "redirected in a circle"),
        ([f"/{number}" for number in range(1, 10)], "redirected too often"),
        (["http://10.0.0.1/1.jpg"], "private address"),
        (["http://inside.example/1.jpg"], "private address"),
        (["//169.254.169.254/latest/meta-data"], "private address"),
        (["file:///etc/passwd"], "only http and https are fetched"),
        (["ftp://shop.example/1.jpg"], "only http and https are fetched"),
        (["http://[::1/"], "not a web address"),
    ],
)
def test_every_step_of_a_redirect_is_checked_again(tmp_path: Path, places: list[str], reason: str) -> None:
    def finds(host: str) -> list[str]:
        return {"inside.example": ["10.1.2.3"], "shop.example": ["127.0.0.1"]}.get(host, [host])

    with running(redirects(*places)) as server:
        with downloader(tmp_path, resolve=finds) as fetching:
            error = fetching.start(server.url("/0", "shop.example")).exception()
        assert isinstance(error, DownloadError)
        assert error.reason == reason


def test_a_name_that_changes_its_address_is_checked_where_it_is_connected_to(tmp_path: Path) -> None:
    asked: list[str] = []

    def rebinding(host: str) -> list[str]:
        """An open address for the one who checks, this machine for the one who connects."""
        asked.append(host)
        return ["127.0.0.1"] if len(asked) % 2 == 0 else ["127.0.0.2"]

    with running({"/1.jpg": gives(GOOD)}) as server:
        url = server.url("/1.jpg", "shop.example")
        with downloader(tmp_path, resolve=rebinding, allow_private=("127.0.0.2",), attempts=1) as fetching:
            first, second = (fetching.start(f"{url}?{number}").exception() for number in range(2))
    # The server listens at 127.0.0.1 alone: the checked address is the one that was connected to, and refused there.
    assert isinstance(first, DownloadError) and first.reason == "connection failed"
    assert isinstance(second, DownloadError) and second.reason == "private address"
    assert not server.calls and len(asked) == 2


def test_credentials_go_to_the_server_that_they_name_and_to_no_other(tmp_path: Path) -> None:
    def other(handler: Handler, call: int) -> None:
        handler.answer(302, headers={"Location": f"http://cdn.example:{handler.server.port}/2.jpg"})

    routes = {**redirects("/1"), "/1": other, "/2.jpg": gives(GOOD)}
    with running(routes) as server, downloader(tmp_path, resolve=lambda host: ["127.0.0.1"]) as fetching:
        url = f"http://ana:s%40cret@shop.example:{server.port}/0"
        fetching.start(url).result()
    told = [headers.get("Authorization") for _, headers in server.seen]
    basic = "Basic " + base64.b64encode(b"ana:s@cret").decode()
    assert told == [basic, basic, None]
    assert "s%40cret" not in shown(url) and "ana" not in shown(url)
    assert not any(b"cret" in file.read_bytes() for file in (tmp_path / "downloads").rglob("*.json"))


def test_a_polite_client_says_who_it_is(tmp_path: Path) -> None:
    with running({"/1.jpg": gives(GOOD)}) as server, downloader(tmp_path) as fetching:
        fetching.start(server.url("/1.jpg")).result()
    headers = server.seen[0][1]
    assert headers["User-Agent"].startswith("vitrina/") and headers["Host"] == f"127.0.0.1:{server.port}"
    assert "Cookie" not in headers and "Referer" not in headers


@pytest.mark.parametrize(
    ("address", "asked"),
    [
        ("/a b/ñandú.jpg?x=1&y=á", "/a%20b/%C3%B1and%C3%BA.jpg?x=1&y=%C3%A1"),
        ("/a%20b.jpg#fragment", "/a%20b.jpg"),
        ("", "/"),
        ("?x", "/?x"),
    ],
)
def test_unusual_signs_in_an_address_are_escaped(tmp_path: Path, address: str, asked: str) -> None:
    with running({asked.partition("?")[0]: gives(GOOD)}) as server, downloader(tmp_path) as fetching:
        fetching.start(f"  {server.url(address)} \n").result()
    assert [path for path, _ in server.seen] == [asked]


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("http://", "not a web address"),
        ("http://shop.example:99999/1.jpg", "not a web address"),
        ("http://shop.example:port/1.jpg", "not a web address"),
        ("http://[::1/1.jpg", "not a web address"),
        ("http://a\0b/", "not a web address"),
        ("s3://bucket/1.jpg", "only http and https are fetched"),
        ("file:///etc/passwd", "only http and https are fetched"),
        ("ftp://shop.example/1.jpg", "only http and https are fetched"),
    ],
)
def test_what_is_no_address_of_the_web_is_refused_in_words(address: str, reason: str) -> None:
    assert is_web_address(address)
    with pytest.raises(DownloadError, match=reason):
        parse(address)


def test_an_address_without_a_scheme_is_a_secure_one() -> None:
    assert str(parse("//cdn.example/1.jpg")) == "https://cdn.example/1.jpg"
    assert not is_web_address("photos//1.jpg") and not is_web_address("C:\\photos\\1.jpg")


def test_a_host_without_an_address_is_no_such_host(tmp_path: Path) -> None:
    def nowhere(host: str) -> list[str]:
        raise DownloadError("no such host", detail=host, kind="unreachable")

    with downloader(tmp_path, resolve=nowhere) as fetching:
        error = fetching.start("http://gone.example/1.jpg").exception()
    assert isinstance(error, DownloadError) and error.reason == "no such host"


def test_a_server_that_speaks_no_tls_is_a_failed_connection(tmp_path: Path) -> None:
    with running({}) as server:
        error = failure(tmp_path, f"https://127.0.0.1:{server.port}/1.jpg")
    assert error.reason == "connection failed"


def test_a_private_address_is_refused_with_the_words_that_allow_it() -> None:
    for host, words in (("127.0.0.1", "127.0.0.1 is not"), ("images.intranet", "images.intranet, which is 127.0.0.1,")):
        with pytest.raises(DownloadError) as raised:
            AllowedAddresses(()).among(["127.0.0.1"], host=host)
        assert raised.value.detail.startswith(words) and f"--allow-private {host}" in raised.value.detail
