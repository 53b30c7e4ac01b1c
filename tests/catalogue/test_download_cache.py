"""The folder of downloads: harm is noticed, and what is there serves when nobody answers."""

import json
import os
import threading
from pathlib import Path

import pytest
from catalogue.download_server import Handler, Time, downloader, gives, picture, running

from vitrina.catalogue.download import Downloader, Downloads, Fetched
from vitrina.catalogue.download_address import DownloadError

GOOD, NEWER = picture(), picture("blue")
DAY = 24 * 3600.0


def fetch(folder: Path, url: str, *, time: Time) -> Fetched:
    with downloader(folder, time=time) as fetching:
        return fetching.start(url).result()


@pytest.mark.parametrize("harm", [b"", GOOD[:-1], GOOD[:-1] + b"\0", None])
def test_a_harmed_picture_is_noticed_and_fetched_again(tmp_path: Path, harm: bytes | None) -> None:
    time = Time()
    with running({"/1.jpg": gives(GOOD)}) as server:
        file = fetch(tmp_path, server.url("/1.jpg"), time=time).file
        file.unlink() if harm is None else file.write_bytes(harm)
        again = fetch(tmp_path, server.url("/1.jpg"), time=time)
    assert (again.came_from, again.file.read_bytes(), server.calls.total()) == ("network", GOOD, 2)


@pytest.mark.parametrize("harm", ["", "{", "[]", "null", '{"sha256": "../../x"}', '{"sha256": 1, "checked": "x"}'])
def test_a_harmed_note_is_as_good_as_none(tmp_path: Path, harm: str) -> None:
    time = Time()
    with running({"/1.jpg": gives(GOOD)}) as server:
        fetch(tmp_path, server.url("/1.jpg"), time=time)
        (note,) = (tmp_path / "downloads" / "addresses").rglob("*.json")
        note.write_text(harm)
        assert fetch(tmp_path, server.url("/1.jpg"), time=time).came_from == "network"
        assert fetch(tmp_path, server.url("/1.jpg"), time=time).came_from == "cache"


@pytest.mark.parametrize(
    ("said", "asked"),
    [
        ({"ETag": '"v1"'}, ("If-None-Match", '"v1"')),
        ({"Last-Modified": "Wed, 21 Oct 2015 07:28:00 GMT"}, ("If-Modified-Since", "Wed, 21 Oct 2015 07:28:00 GMT")),
    ],
)
def test_after_some_days_the_server_is_asked_whether_there_is_a_newer_one(
    tmp_path: Path, said: dict[str, str], asked: tuple[str, str]
) -> None:
    def remembers(handler: Handler, call: int) -> None:
        is_known = handler.headers.get(asked[0]) == asked[1] and call < 3
        handler.head(304, {}) if is_known else handler.answer(200, body=GOOD if call == 1 else NEWER, headers=said)

    time = Time()
    with running({"/1.jpg": remembers}) as server:
        url = server.url("/1.jpg")
        assert fetch(tmp_path, url, time=time).came_from == "network"
        time.seconds += 2 * DAY
        assert fetch(tmp_path, url, time=time).came_from == "cache"
        assert server.calls.total() == 1
        time.seconds += 2 * DAY
        assert fetch(tmp_path, url, time=time).came_from == "cache"
        assert server.calls.total() == 2
        time.seconds += 2 * DAY
        assert fetch(tmp_path, url, time=time).came_from == "cache"
        assert server.calls.total() == 2, "the server's word counts for days again"
        time.seconds += 2 * DAY
        assert fetch(tmp_path, url, time=time).file.read_bytes() == NEWER


def test_without_a_server_an_old_picture_serves(tmp_path: Path) -> None:
    time = Time()
    with running({"/1.jpg": gives(GOOD)}) as server:
        url = server.url("/1.jpg")
        fetch(tmp_path, url, time=time)
    time.seconds += 10 * DAY
    assert fetch(tmp_path, url, time=time).file.read_bytes() == GOOD


@pytest.mark.parametrize(("status", "is_dead"), [(500, False), (429, False), (404, True), (410, True)])
def test_a_server_that_is_ill_leaves_an_old_picture_one_that_denies_it_does_not(
    tmp_path: Path, status: int, is_dead: bool
) -> None:
    time = Time()
    routes = {"/1.jpg": lambda handler, call: handler.answer(200, body=GOOD) if call == 1 else handler.answer(status)}
    with running(routes) as server:
        fetch(tmp_path, server.url("/1.jpg"), time=time)
        time.seconds += 10 * DAY
        with downloader(tmp_path, time=time) as fetching:
            error = fetching.start(server.url("/1.jpg")).exception()
    assert isinstance(error, DownloadError) == is_dead


def test_a_304_that_nobody_asked_for_is_no_picture(tmp_path: Path) -> None:
    with running({"/1.jpg": lambda handler, call: handler.head(304, {})}) as server, downloader(tmp_path) as fetching:
        assert str(fetching.start(server.url("/1.jpg")).exception()) == "HTTP 304 Not Modified"


def test_equal_pictures_at_two_addresses_lie_there_once(tmp_path: Path) -> None:
    with running({"/1.jpg": gives(GOOD), "/2.jpg": gives(GOOD)}) as server, downloader(tmp_path) as fetching:
        files = {fetching.start(server.url(path)).result().file for path in ("/1.jpg", "/2.jpg")}
    assert len(files) == 1


def test_two_processes_share_the_folder(tmp_path: Path) -> None:
    """Two downloaders that fetch the same addresses at the same time: neither sees half a picture."""
    together = threading.Barrier(2, timeout=60)

    def at_once(handler: Handler, call: int) -> None:
        if handler.path == "/0.jpg":  # the first that both ask for
            together.wait()
        handler.answer(200, body=GOOD)

    paths = [f"/{number}.jpg" for number in range(10)]
    routes = dict.fromkeys(paths, at_once)
    with running(routes) as server, downloader(tmp_path) as one, downloader(tmp_path) as other:
        both = [each.start(server.url(path)) for path in paths for each in (one, other)]
        assert all(each.result().file.read_bytes() == GOOD for each in both)
    assert not list((tmp_path / "downloads" / "parts").iterdir())


def test_what_a_killed_process_left_is_cleared_after_a_day(tmp_path: Path) -> None:
    parts = tmp_path / "downloads" / "parts"
    parts.mkdir(parents=True)
    (parts / "old").write_bytes(b"half a pict")
    os.utime(parts / "old", (1, 1))
    (parts / "of-a-running-one").write_bytes(b"half a pict")
    with running({"/1.jpg": gives(GOOD)}) as server:
        fetch(tmp_path, server.url("/1.jpg"), time=Time())
    assert [part.name for part in parts.iterdir()] == ["of-a-running-one"]


def test_a_forgotten_address_is_fetched_again(tmp_path: Path) -> None:
    with running({"/1.jpg": gives(GOOD)}) as server:
        for _ in range(2):
            with downloader(tmp_path) as fetching:
                assert fetching.start(server.url("/1.jpg")).result().came_from == "network"
                fetching.forget(server.url("/1.jpg"))


def test_no_address_is_written_down(tmp_path: Path) -> None:
    """Addresses may hold keys, and the folder may be shared."""
    with running({"/1.jpg": gives(GOOD)}) as server:
        fetch(tmp_path, server.url("/1.jpg?key=s3cret"), time=Time())
    (note,) = (tmp_path / "downloads" / "addresses").rglob("*.json")
    assert "s3cret" not in note.name + note.read_text()
    assert set(json.loads(note.read_text())) == {"sha256", "checked", "etag", "last_modified"}


def test_the_folder_is_the_users_own_unless_told_otherwise(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with Downloader(Downloads()) as fetching:
        assert fetching.folder == tmp_path / "vitrina" / "downloads"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "ana"))
    with Downloader(Downloads()) as fetching:
        assert fetching.folder == tmp_path / "ana" / ".cache" / "vitrina" / "downloads"
