"""Downloads: what a server may do wrong costs a picture at most, and what was fetched is not fetched again."""

import email.utils
import gzip
import threading
from pathlib import Path

import pytest
from catalogue.download_server import Handler, Time, downloader, gives, picture, running

from vitrina.catalogue.download import Downloader, Downloads
from vitrina.catalogue.download_address import DownloadError

GOOD = picture()


def reason(folder: Path, url: str, **changes: object) -> str:
    """Why an address gives no picture."""
    with downloader(folder, **changes) as fetching, pytest.raises(DownloadError) as failure:
        fetching.start(url).result()
    assert not list((folder / "downloads" / "parts").iterdir()), "a failed download leaves nothing behind"
    return failure.value.reason


def test_a_picture_is_fetched_once_and_lies_in_the_folder_from_then_on(tmp_path: Path) -> None:
    with running({"/1.jpg": gives(GOOD)}) as server:
        with downloader(tmp_path) as fetching:
            first = fetching.start(server.url("/1.jpg")).result()
            again = fetching.start(server.url("/1.jpg")).result()
        with downloader(tmp_path) as fetching:
            later = fetching.start(server.url("/1.jpg")).result()
    assert [each.came_from for each in (first, again, later)] == ["network", "cache", "cache"]
    assert first.file.read_bytes() == later.file.read_bytes() == GOOD
    assert first.size_bytes == len(GOOD)
    assert server.calls == {"/1.jpg": 1}


def test_one_address_asked_for_twice_at_once_is_fetched_once(tmp_path: Path) -> None:
    go = threading.Event()

    def slow(handler: Handler, call: int) -> None:
        go.wait()
        handler.answer(200, body=GOOD)

    with running({"/1.jpg": slow}) as server, downloader(tmp_path) as fetching:
        both = [fetching.start(server.url("/1.jpg")) for _ in range(2)]
        go.set()
        assert sorted(each.result().came_from for each in both) == ["cache", "network"]
    assert server.calls["/1.jpg"] == 1


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_passing_trouble_is_met_with_another_attempt(tmp_path: Path, status: int) -> None:
    def at_first_busy(handler: Handler, call: int) -> None:
        handler.answer(status) if call < 3 else handler.answer(200, body=GOOD)

    time = Time()
    with running({"/1.jpg": at_first_busy}) as server, downloader(tmp_path, time=time) as fetching:
        assert fetching.start(server.url("/1.jpg")).result().came_from == "network"
    assert time.pauses == [0.5, 1.0]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 451])
def test_a_servers_final_word_is_not_questioned(tmp_path: Path, status: int) -> None:
    with running({"/1.jpg": lambda handler, call: handler.answer(status)}) as server:
        assert reason(tmp_path, server.url("/1.jpg")).startswith(f"HTTP {status} ")
    assert server.calls["/1.jpg"] == 1


def test_attempts_end_and_the_last_trouble_is_named(tmp_path: Path) -> None:
    time = Time()
    with running({"/1.jpg": lambda handler, call: handler.answer(503)}) as server:
        assert reason(tmp_path, server.url("/1.jpg"), time=time) == "HTTP 503 Service Unavailable"
    assert (server.calls["/1.jpg"], time.pauses) == (4, [0.5, 1.0, 2.0])


@pytest.mark.parametrize(("asked", "waited"), [("7", 7.0), ("3600", 60.0), ("date", 9.0), ("soon", 0.5)])
def test_a_host_that_asks_for_a_pause_gets_it_within_reason(tmp_path: Path, asked: str, waited: float) -> None:
    time = Time()
    said = email.utils.formatdate(time.seconds + 9, usegmt=True) if asked == "date" else asked

    def busy(handler: Handler, call: int) -> None:
        handler.answer(429, headers={"Retry-After": said}) if call == 1 else handler.answer(200, body=GOOD)

    with running({"/1.jpg": busy}) as server, downloader(tmp_path, time=time) as fetching:
        fetching.start(server.url("/1.jpg")).result()
    assert sum(time.pauses) == waited


def test_a_pause_holds_back_every_address_of_the_host(tmp_path: Path) -> None:
    time = Time()
    routes = {
        "/busy.jpg": lambda handler, call: handler.answer(429, headers={"Retry-After": "30"}),
        "/next.jpg": gives(GOOD),
    }
    with running(routes) as server, downloader(tmp_path, time=time, attempts=1, per_host=1) as fetching:
        with pytest.raises(DownloadError, match="429"):
            fetching.start(server.url("/busy.jpg")).result()
        fetching.start(server.url("/next.jpg")).result()
    assert time.pauses == [30.0]


def test_a_server_that_says_nothing_times_out(tmp_path: Path) -> None:
    go = threading.Event()
    with running({"/1.jpg": lambda handler, call: go.wait() and handler.hang_up()}) as server:
        assert reason(tmp_path, server.url("/1.jpg"), timeout_seconds=0.05, attempts=2) == "timed out"
        go.set()
    assert server.calls["/1.jpg"] == 2


@pytest.mark.parametrize("part", ["body", "head"])
def test_a_server_that_drips_times_out_as_a_whole(tmp_path: Path, part: str) -> None:
    time = Time()

    def drip(handler: Handler, call: int) -> None:
        if part == "body":
            handler.head(200, {"Content-Length": "1000000"})
            handler.wfile.write(GOOD)
        else:
            handler.wfile.write(b"HTTP/1.1 200 OK\r\nX: ")
        while time.seconds < 1_700_001_000:
            time.seconds += 5  # no byte comes late, and yet the whole takes too long
            handler.wfile.write(b"x")

    with running({"/1.jpg": drip}) as server:
        assert reason(tmp_path, server.url("/1.jpg"), time=time, attempts=1) == "timed out"


def test_an_endless_body_ends_at_the_bound(tmp_path: Path) -> None:
    def endless(handler: Handler, call: int) -> None:
        handler.head(200, {"Connection": "close"})
        while True:
            handler.wfile.write(GOOD)

    with running({"/1.jpg": endless}) as server:
        assert reason(tmp_path, server.url("/1.jpg"), max_bytes=10_000) == "too many bytes"
    assert server.calls["/1.jpg"] == 1


def test_a_stated_length_beyond_the_bound_is_believed_unread(tmp_path: Path) -> None:
    with running({"/1.jpg": lambda handler, call: handler.head(200, {"Content-Length": "999999999"})}) as server:
        assert reason(tmp_path, server.url("/1.jpg")) == "too many bytes"


def test_a_body_that_breaks_off_is_no_picture_and_asked_for_again(tmp_path: Path) -> None:
    def broken(handler: Handler, call: int) -> None:
        handler.head(200, {"Content-Length": str(len(GOOD))})
        handler.wfile.write(GOOD if call == 3 else GOOD[:100])
        handler.hang_up()

    with running({"/1.jpg": broken}) as server:
        assert reason(tmp_path, server.url("/1.jpg"), attempts=2) == "connection broken off"
        with downloader(tmp_path) as fetching:
            assert fetching.start(server.url("/1.jpg")).result().file.read_bytes() == GOOD


def test_a_connection_that_is_reset_or_refused_is_asked_for_again(tmp_path: Path) -> None:
    with running({"/1.jpg": lambda handler, call: handler.hang_up()}) as server:
        url = server.url("/1.jpg")
        assert reason(tmp_path, url) == "connection broken off"
    assert server.calls["/1.jpg"] == 4
    assert reason(tmp_path, url) == "connection failed"


@pytest.mark.parametrize("kind", ["text/html", "image/jpeg", "application/json", ""])
def test_a_page_is_not_a_picture_whatever_it_says_of_itself(tmp_path: Path, kind: str) -> None:
    page = b"<!doctype html><title>Log in to see this picture</title>" * 10_000
    with running({"/1.jpg": gives(page, Content_Type=kind)}) as server:
        assert reason(tmp_path, server.url("/1.jpg")) == "not a picture"


@pytest.mark.parametrize("kind", ["text/html", "application/octet-stream", "image/png"])
def test_a_picture_is_a_picture_whatever_it_says_of_itself(tmp_path: Path, kind: str) -> None:
    with running({"/1.jpg": gives(GOOD, Content_Type=kind)}) as server, downloader(tmp_path) as fetching:
        assert fetching.start(server.url("/1.jpg")).result().file.read_bytes() == GOOD


def test_a_picture_that_is_packed_all_the_same_is_unpacked(tmp_path: Path) -> None:
    packed = gzip.compress(GOOD)
    with running({"/1.jpg": gives(packed, Content_Encoding="gzip")}) as server, downloader(tmp_path) as fetching:
        assert fetching.start(server.url("/1.jpg")).result().file.read_bytes() == GOOD


@pytest.mark.parametrize(
    ("body", "expected"),
    [(gzip.compress(GOOD + bytes(50_000_000)), "too many bytes"), (b"no gzip at all", "not a picture")],
)
def test_a_packed_body_is_bounded_by_what_it_unpacks_to(tmp_path: Path, body: bytes, expected: str) -> None:
    with running({"/1.jpg": gives(body, Content_Encoding="gzip")}) as server:
        assert reason(tmp_path, server.url("/1.jpg"), max_bytes=1_000_000) == expected


def test_an_empty_answer_is_an_empty_picture(tmp_path: Path) -> None:
    with running({"/1.jpg": gives(b"")}) as server:
        assert reason(tmp_path, server.url("/1.jpg")) == "empty picture"


def test_a_dead_address_is_asked_for_once_in_an_ingest_and_again_in_the_next(tmp_path: Path) -> None:
    def dead(handler: Handler, call: int) -> None:
        handler.answer(404) if call == 1 else handler.answer(200, body=GOOD)

    with running({"/1.jpg": dead}) as server:
        with downloader(tmp_path) as fetching:
            for _ in range(3):
                with pytest.raises(DownloadError, match="404"):
                    fetching.start(server.url("/1.jpg")).result()
        assert server.calls["/1.jpg"] == 1
        with downloader(tmp_path) as fetching:
            assert fetching.start(server.url("/1.jpg")).result().came_from == "network"


def test_one_host_gets_few_requests_at_once_and_a_slow_one_holds_up_no_other(tmp_path: Path) -> None:
    go = threading.Event()

    def slow(handler: Handler, call: int) -> None:
        go.wait()
        handler.answer(200, body=GOOD)

    paths = [f"/{number}.jpg" for number in range(100)]
    routes = {**dict.fromkeys(paths, slow), "/quick.jpg": gives(GOOD)}
    with (
        running(routes) as server,
        downloader(tmp_path, per_host=3, resolve=lambda host: ["127.0.0.1"]) as fetching,
    ):
        waiting = [fetching.start(server.url(path, host="slow.example")) for path in paths]
        others = [fetching.start(server.url(f"/quick.jpg?{n}", host="quick.example")) for n in range(20)]
        assert all(each.result().came_from == "network" for each in others)
        assert not any(each.done() for each in waiting)
        busy_with = server.busy
        go.set()
        assert all(each.result().came_from == "network" for each in waiting)
    assert busy_with <= 3 and server.busiest <= 6


def test_a_host_that_fails_again_and_again_is_given_up(tmp_path: Path) -> None:
    paths = [f"/{number}.jpg" for number in range(100)]
    busy = dict.fromkeys(paths, lambda handler, call: handler.answer(503))
    with running(busy) as server, downloader(tmp_path, per_host=1) as fetching:
        errors = [fetching.start(server.url(path)).exception() for path in paths]
        assert "20 failures in a row" in fetching.given_up["127.0.0.1"]
    assert [str(error)[:13] for error in errors[:5]] == ["HTTP 503 Serv"] * 5
    assert all(str(error).startswith("host given up") for error in errors[5:])
    assert server.calls.total() == 20


def test_a_host_that_stumbles_for_a_while_is_waited_for(tmp_path: Path) -> None:
    time = Time()
    begin = time.seconds

    def starting_anew(handler: Handler, call: int) -> None:
        handler.answer(503) if time.seconds < begin + 30 else handler.answer(200, body=GOOD)

    paths = [f"/{number}.jpg" for number in range(50)]
    routes = dict.fromkeys(paths, starting_anew)
    with running(routes) as server, downloader(tmp_path, time=time, per_host=1) as fetching:
        results = [fetching.start(server.url(path)).exception() for path in paths]
        assert fetching.given_up == {}
    assert sum(error is not None for error in results) <= 5


def test_a_host_that_only_lacks_pictures_is_not_given_up(tmp_path: Path) -> None:
    paths = [f"/{number}.jpg" for number in range(50)]
    routes = {**dict.fromkeys(paths, lambda handler, call: handler.answer(404)), "/1.jpg": gives(GOOD)}
    with running(routes) as server, downloader(tmp_path, per_host=1) as fetching:
        assert all(fetching.start(server.url(path)).exception() for path in paths if path != "/1.jpg")
        assert fetching.start(server.url("/1.jpg")).result()
        assert fetching.given_up == {}


def test_leaving_ends_what_is_under_way_at_once(tmp_path: Path) -> None:
    arrived, go = threading.Event(), threading.Event()

    def never(handler: Handler, call: int) -> None:
        arrived.set()
        go.wait()

    with running({"/1.jpg": never, "/2.jpg": never}) as server:
        with downloader(tmp_path, per_host=1, timeout_seconds=600) as fetching:
            first, second = (fetching.start(server.url(path)) for path in ("/1.jpg", "/2.jpg"))
            assert arrived.wait(30)
        assert isinstance(first.exception(), DownloadError)
        assert second.cancelled()
        go.set()
    assert server.calls == {"/1.jpg": 1}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"attempts": 0}, "attempts of downloads is 0"),
        ({"timeout_seconds": -1.0}, "timeout_seconds of downloads"),
        ({"per_host": 0}, "per_host"),
        ({"max_bytes": 0}, "max_bytes"),
        ({"allow_private": ("10.0.0.0/99",)}, "name a host"),
        ({"allow_private": ("http://x/",)}, "name a host"),
    ],
)
def test_settings_without_sense_are_refused(changes: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Downloads(**changes)


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    broken = pytest.raises(ValueError, match=r"cannot be kept in .*file.*XDG_CACHE_HOME")
    with Downloader(Downloads(folder=tmp_path / "file")) as fetching, broken:
        fetching.start("http://127.0.0.1/1.jpg")


def test_a_disk_that_takes_no_picture_ends_the_ingest_in_words(tmp_path: Path) -> None:
    (tmp_path / "downloads").mkdir()
    (tmp_path / "downloads" / "content").write_text("in the way")
    with running({"/1.jpg": gives(GOOD)}) as server, downloader(tmp_path) as fetching:
        error = fetching.start(server.url("/1.jpg")).exception()
    assert isinstance(error, ValueError) and not isinstance(error, DownloadError)
    assert "cannot be kept in" in str(error)
