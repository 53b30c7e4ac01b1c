"""Ingest with pictures at web addresses: the good ones are in the catalogue, the dead ones in a list."""

import base64
import csv
import json
import os
import signal
import subprocess
import sys
import threading
from functools import partial
from pathlib import Path

import pytest
from catalogue.download_server import Answer, Handler, Time, gives, picture, running, settings

from vitrina.catalogue.download import Downloader, Downloads
from vitrina.catalogue.ingest import ingest
from vitrina.catalogue.product import Product, Text
from vitrina.catalogue.store import Catalogue, write_catalogue

COLOURS = ("red", "green", "blue", "white", "black")


def feed(folder: Path, *rows: dict[str, object]) -> Path:
    path = folder / "feed.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def dead_links(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def gone(handler: Handler, call: int) -> None:
    handler.answer(404)


def test_pictures_at_addresses_come_into_the_catalogue_in_their_order(tmp_path: Path) -> None:
    (tmp_path / "local.jpg").write_bytes(picture("white"))
    pictures = {f"/{number}.jpg": gives(picture(COLOURS[number % 5])) for number in range(60)}
    with running(pictures) as server:
        rows = [
            {"id": number, "title": "t", "images": [server.url(f"/{number}.jpg"), "local.jpg"]} for number in range(60)
        ]
        report = ingest([feed(tmp_path, *rows)], out=tmp_path / "shop", downloads=settings(tmp_path))
        again = ingest([feed(tmp_path, *rows)], out=tmp_path / "shop", downloads=settings(tmp_path))
    products = Catalogue.open(tmp_path / "shop").read(range(60))
    assert [product.id for product in products] == [str(number) for number in range(60)]
    for number, product in enumerate(products):
        assert product.pictures == (picture(COLOURS[number % 5]), picture("white"))
    assert (report.pictures, report.problems, again.unchanged) == (120, (), 60)
    assert report.downloads is not None and again.downloads is not None
    assert (report.downloads.downloaded, report.downloads.cached, report.downloads.failed) == (60, 0, {})
    assert (again.downloads.downloaded, again.downloads.cached) == (0, 60)
    assert report.downloads.downloaded_bytes == sum(len(picture(COLOURS[number % 5])) for number in range(60))
    assert "60 downloaded" in report.text() and "60 from the cache" in again.text()
    assert set(server.calls.values()) == {1}
    assert not (tmp_path / "shop-dead-links.csv").exists()


def test_every_dead_link_is_listed_with_product_file_row_and_reason(tmp_path: Path) -> None:
    routes: dict[str, Answer] = {
        "/good.jpg": gives(picture()),
        "/gone.jpg": gone,
        "/page.jpg": gives(b"<html>Log in to see this picture</html>"),
        "/torn.jpg": gives(picture(side=64)[:-40]),
    }
    with running(routes) as server:
        good, missing, page, torn = (server.url(path) for path in routes)
        rows = [
            {"id": "a,1", "title": "t", "images": [good, missing]},
            {"id": 'b"2', "title": "t", "images": [page]},
            {"id": "c", "images": [torn]},
            {"id": "d", "title": "t", "images": ["http://ana:key@10.0.0.1/1.jpg", missing, "nowhere.jpg"]},
            {"id": "e", "title": "t", "image": good},
        ]
        source = feed(tmp_path, *rows)
        report = ingest([source], out=tmp_path / "shop", downloads=settings(tmp_path, per_host=1))
    assert report.downloads is not None
    assert report.downloads.dead_links == tmp_path / "shop-dead-links.csv"
    listed = dead_links(tmp_path / "shop-dead-links.csv")
    assert [(each["address"], each["product_id"], each["row"], each["reason"]) for each in listed] == [
        (missing, "a,1", "1", "HTTP 404 Not Found"),
        (page, 'b"2', "2", "not a picture"),
        (torn, "c", "3", "damaged picture"),
        ("http://10.0.0.1/1.jpg", "d", "4", "private address"),
        (missing, "d", "4", "HTTP 404 Not Found"),
    ]
    assert {each["file"] for each in listed} == {str(source)}
    assert "key" not in (tmp_path / "shop-dead-links.csv").read_text()
    assert report.downloads.failed == {
        "HTTP 404 Not Found": 2,
        "not a picture": 1,
        "damaged picture": 1,
        "private address": 1,
    }
    hosts = {host.host: (host.downloaded, host.cached, host.failed) for host in report.downloads.hosts}
    assert hosts == {"127.0.0.1": (1, 1, 4), "10.0.0.1": (0, 0, 1)}
    assert (report.count("picture"), report.count("row"), report.products) == (6, 1, 4)
    assert f"every dead link, with product, file and row: {tmp_path / 'shop-dead-links.csv'}" in report.text()
    assert server.calls["/gone.jpg"] == 1


def test_links_that_live_again_leave_no_old_list_and_torn_ones_are_fetched_anew(tmp_path: Path) -> None:
    def torn_at_first(handler: Handler, call: int) -> None:
        handler.answer(200, body=picture(side=64)[: -40 if call == 1 else None])

    with running({"/1.jpg": torn_at_first}) as server:
        source = feed(tmp_path, {"id": 1, "title": "t", "image": server.url("/1.jpg")})
        ingest([source], out=tmp_path / "shop", downloads=settings(tmp_path))
        assert (tmp_path / "shop-dead-links.csv").exists()
        ingest([source], out=tmp_path / "shop", downloads=None)
        assert (tmp_path / "shop-dead-links.csv").exists(), "nobody asked"
        report = ingest([source], out=tmp_path / "shop", downloads=settings(tmp_path))
    assert report.pictures == 1
    assert not (tmp_path / "shop-dead-links.csv").exists()


def test_when_no_row_is_usable_the_list_is_there_and_the_words_name_it(tmp_path: Path) -> None:
    with running({"/1.jpg": gone}) as server:
        source = feed(tmp_path, {"id": 1, "image": server.url("/1.jpg")})
        with pytest.raises(ValueError, match=r"(?s)none of 1 rows.*404 Not Found.*shop-dead-links\.csv"):
            ingest([source], out=tmp_path / "shop", downloads=settings(tmp_path))
    assert len(dead_links(tmp_path / "shop-dead-links.csv")) == 1
    assert not (tmp_path / "shop").exists()


def test_a_host_that_was_given_up_is_named_in_the_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    time = Time()
    impatient = partial(Downloader, clock=time.clock, pause=time.pause)
    monkeypatch.setattr("vitrina.catalogue.ingest.Downloader", impatient)
    with running({}) as server:
        url = server.url("/")
    rows = [{"id": number, "title": "t", "image": f"{url}{number}.jpg"} for number in range(30)]
    report = ingest(
        [feed(tmp_path, *rows)], out=tmp_path / "shop", downloads=settings(tmp_path, attempts=1, per_host=1)
    )
    assert report.downloads is not None
    assert report.downloads.failed == {"connection failed": 20, "host given up": 10}
    assert "given up after 20 failures in a row" in report.text()


def test_rows_behind_a_slow_host_are_fetched_while_it_is_waited_for(tmp_path: Path) -> None:
    rest = threading.Event()
    quick = [f"/{number}.jpg" for number in range(40)]

    def slow(handler: Handler, call: int) -> None:
        assert rest.wait(60)
        handler.answer(200, body=picture("blue"))

    def counted(handler: Handler, call: int) -> None:
        handler.answer(200, body=picture())
        if sum(handler.server.calls[path] for path in quick) == len(quick):
            rest.set()

    with running({"/slow.jpg": slow, **dict.fromkeys(quick, counted)}) as server:
        rows = [
            {"id": number, "title": "t", "image": server.url(path)} for number, path in enumerate(["/slow.jpg", *quick])
        ]
        report = ingest([feed(tmp_path, *rows)], out=tmp_path / "shop", downloads=settings(tmp_path))
    assert (report.products, report.pictures) == (41, 41)
    assert Catalogue.open(tmp_path / "shop")[0].pictures == (picture("blue"),)


def test_what_a_killed_ingest_left_of_its_list_goes_away(tmp_path: Path) -> None:
    (tmp_path / "shop-dead-links.csv.part").write_text("address,produ")
    ingest([feed(tmp_path, {"id": 1, "title": "t"})], out=tmp_path / "shop")
    assert not list(tmp_path.glob("shop-dead-links*"))


def test_without_downloads_nothing_is_asked_of_anybody(tmp_path: Path) -> None:
    with running({}) as server:
        source = feed(tmp_path, {"id": 1, "title": "t", "image": server.url("/1.jpg")})
        report = ingest([source], out=tmp_path / "shop", downloads=None)
    assert [problem.reason for problem in report.problems] == ["web address: leave out --no-download, or name a file"]
    assert report.downloads is None and not server.calls


def test_a_picture_inside_an_address_is_read_from_it(tmp_path: Path) -> None:
    encoded = base64.b64encode(picture()).decode()
    addresses = [
        f"data:image/jpeg;base64,{encoded}",
        f" DATA:;base64,{encoded.rstrip('=')}",
        f"data:image/jpeg;charset=x;base64,{encoded[:40]}\n{encoded[40:]}",
        "data:image/jpeg;base64," + encoded.replace("+", "%2B").replace("/", "%2F"),
        "data:image/jpeg," + "".join(f"%{byte:02x}" for byte in picture()),
    ]
    rows = [{"id": number, "title": "t", "image": [address]} for number, address in enumerate(addresses)]
    report = ingest([feed(tmp_path, *rows)], out=tmp_path / "shop", downloads=None)
    assert (report.pictures, report.problems) == (5, ())
    assert {product.pictures for product in Catalogue.open(tmp_path / "shop").read(range(5))} == {(picture(),)}


def test_what_httpx_is_needed_for_is_said_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "httpx", None)
    with_address = {"id": 1, "title": "t", "image": "https://shop.example/1.jpg"}
    with pytest.raises(ImportError, match=r"pip install 'vitrina\[download\]'.*--no-download"):
        ingest([feed(tmp_path, with_address)], out=tmp_path / "shop", downloads=settings(tmp_path))
    assert not (tmp_path / "shop").exists()
    assert ingest([feed(tmp_path, with_address)], out=tmp_path / "shop", downloads=None).products == 1
    assert ingest([feed(tmp_path, {"id": 2, "title": "t"})], out=tmp_path / "shop", downloads=Downloads()).products == 2


WAITING = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs begin with Ctrl-C ignored
import sys
from pathlib import Path
from vitrina.catalogue.download import Downloads
from vitrina.catalogue.ingest import ingest
downloads = Downloads(folder=Path(sys.argv[3]), allow_private=("127.0.0.1",), per_host=1, timeout_seconds=600)
ingest([Path(sys.argv[1])], out=Path(sys.argv[2]), downloads=downloads)
"""


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_an_ingest_that_is_stopped_while_it_downloads_leaves_the_old_catalogue_and_goes_on_later(
    tmp_path: Path, how: signal.Signals
) -> None:
    old = write_catalogue(tmp_path / "shop", [Product(id="old", titles=(Text("t"),))])
    arrived, go = threading.Event(), threading.Event()

    def stuck(handler: Handler, call: int) -> None:
        if call == 1:
            arrived.set()
            go.wait()
            handler.hang_up()
        else:
            handler.answer(200, body=picture())

    routes: dict[str, Answer] = {f"/{number}.jpg": gives(picture()) for number in range(5)}
    with running({**routes, "/5.jpg": stuck}) as server:
        rows = [{"id": number, "title": "t", "image": server.url(f"/{number}.jpg")} for number in range(6)]
        source = feed(tmp_path, *rows)
        command = [sys.executable, "-c", WAITING, str(source), str(tmp_path / "shop"), str(tmp_path / "downloads")]
        with subprocess.Popen(command, stderr=subprocess.DEVNULL, env={**os.environ}) as process:
            assert arrived.wait(60)
            with pytest.raises(ValueError, match="another program is writing the catalogue"):
                ingest([source], out=tmp_path / "shop", downloads=settings(tmp_path))
            process.send_signal(how)
            assert process.wait(60) != 0
        go.set()
        assert Catalogue.open(tmp_path / "shop").digest == old.digest
        report = ingest([source], out=tmp_path / "shop", downloads=settings(tmp_path))
    assert report.products == 7 and report.downloads is not None
    assert (report.downloads.downloaded, report.downloads.cached) == (1, 5)
    assert [server.calls[f"/{number}.jpg"] for number in range(6)] == [1, 1, 1, 1, 1, 2]
    assert sorted(each.name for each in tmp_path.iterdir()) == ["downloads", "feed.jsonl", "shop"]
