"""Who may come in, what may be uploaded, and what nobody gets to see."""

import io
import threading
import zlib
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from serving.conftest import HERE
from serving.little_shop import ColourIndex, encoded, jpeg, open_little_shop
from starlette.testclient import TestClient

from vitrina.serving.app import create_app
from vitrina.serving.gate import COOKIE, session
from vitrina.serving.kept import Kept
from vitrina.serving.pages import own_path
from vitrina.serving.pictures import MOST_UPLOAD_BYTES
from vitrina.serving.serve import check_token
from vitrina.serving.shop import Shop

TOKEN = "correct horse battery staple"
quick = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def private(opened: tuple[Shop, ColourIndex]) -> TestClient:
    """The shop behind a token, on an address of its own."""
    app = create_app(opened[0], token=TOKEN)
    return TestClient(app, base_url="http://shop.example", raise_server_exceptions=False, follow_redirects=False)


@quick
@given(st.binary(max_size=400))
def test_whatever_is_uploaded_gets_an_answer_in_words(client: TestClient, body: bytes):
    answer = client.post("/api/pictures", content=body)
    assert answer.status_code in (201, 400, 413, 415)
    assert answer.status_code == 201 or answer.json()["message"]


@quick
@given(st.integers(0, 2000), st.binary(min_size=1, max_size=8))
def test_a_picture_with_bytes_changed_is_read_or_refused(client: TestClient, place: int, noise: bytes):
    good = bytearray(jpeg("red"))
    good[place % len(good) : place % len(good) + len(noise)] = noise
    assert client.post("/api/pictures", content=bytes(good)).status_code in (201, 413, 415)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF"])
def test_pictures_of_every_usual_form_are_taken(client: TestClient, form: str):
    answer = client.post("/api/pictures", content=encoded(Image.new("RGB", (30, 20), "red"), form))
    assert answer.status_code == 201
    assert (answer.json()["width"], answer.json()["height"]) == (30, 20)
    shown = client.get(f"/api/pictures/{answer.json()['picture']}")
    assert Image.open(io.BytesIO(shown.content)).format == "JPEG"


def png_that_says_it_is(width: int, height: int) -> bytes:
    """A few bytes of PNG that unpack to width x height pixels."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4, "big") + name + data + zlib.crc32(name + data).to_bytes(4, "big")

    header = width.to_bytes(4, "big") + height.to_bytes(4, "big") + b"\x08\x02\0\0\0"
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1000)))


def test_bad_uploads_are_refused_each_for_its_reason(client: TestClient):
    def refused(body: bytes) -> tuple[int, str]:
        answer = client.post("/api/pictures", content=body)
        return answer.status_code, answer.json()["code"]

    assert refused(b"") == (400, "empty")
    assert refused(b"%PDF-1.7 not a picture") == (415, "not_a_picture")
    assert refused(b"<svg xmlns='http://www.w3.org/2000/svg'/>") == (415, "not_a_picture")
    assert refused(jpeg("red")[:200]) == (415, "not_a_picture")
    assert refused(png_that_says_it_is(30_000, 30_000)) == (413, "too_many_pixels")
    assert refused(png_that_says_it_is(8_000, 8_000)) == (413, "too_many_pixels")
    assert refused(bytes(MOST_UPLOAD_BYTES + 1)) == (413, "too_large")


def test_an_endless_upload_is_given_up_while_it_arrives(client: TestClient):
    sent = []

    def endless():
        while len(sent) < 200:  # 200 MB, did nobody stop it
            sent.append(1)
            yield bytes(1 << 20)

    assert client.post("/api/pictures", content=endless()).status_code == 413


def test_kept_pictures_take_bounded_memory():
    kept = Kept(most_bytes=100)
    for number in range(50):
        kept.put(str(number), bytes(30))
    assert [name for name in map(str, range(50)) if kept.get(name)] == ["47", "48", "49"]
    kept.put("large", bytes(101))
    assert kept.get("large") is None


NASTY = ["../../etc/passwd", "..%2f..", "\0", "a\0b", "ñandú/../..", "....//", "%00", "C:\\", "\ud7ff", "🥿" * 100]


@pytest.mark.parametrize("id_", NASTY)
@pytest.mark.parametrize("rest", ["", "/pictures/0", "/labels", "/neighbours"])
def test_no_name_of_a_product_reaches_the_disk(client: TestClient, id_: str, rest: str):
    answer = client.get(f"/api/products/{quote(id_, safe='')}{rest}")
    assert answer.status_code == 404
    assert answer.json()["code"] == "no_product"


@quick
@given(st.text(max_size=60))
def test_any_text_is_an_id_that_is_not_there(client: TestClient, text: str):
    answer = client.get(f"/api/products/{quote(text.encode('utf-8', 'surrogatepass'), safe='')}")
    assert answer.status_code == 404
    assert "Traceback" not in answer.text


@pytest.mark.parametrize(
    "path",
    ["/static/../serve.py", "/static/..%2fserve.py", "/static/%2e%2e/app.py", "/static//etc/passwd", "/static/serve.py",
     "/static/", "/api/products/%ff", "/..%2f..%2fetc/passwd", "/static/%00", "/openapi.json", "/redoc"],
)  # fmt: skip
def test_only_the_files_of_the_page_are_served(client: TestClient, path: str):
    assert client.get(path).status_code == 404


def test_what_fails_inside_tells_no_path(tmp_path: Path):
    shop, index = open_little_shop(tmp_path / "secret-place")
    index.catalogue = None
    with TestClient(create_app(shop), base_url=HERE, raise_server_exceptions=False) as client:
        answer = client.get("/api/search?text=red")
    assert answer.status_code == 500
    assert "secret-place" not in answer.text
    assert answer.json()["code"] == "failed"
    assert "content-security-policy" in answer.headers


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "192.168.1.7", "", "localhost@evil", "::1"])
def test_a_page_elsewhere_that_points_its_name_here_gets_nothing(client: TestClient, host: str):
    assert client.get("/api/search", headers={"host": host}).status_code == 421
    assert client.get("/", headers={"host": host}).status_code == 421


@pytest.mark.parametrize("host", ["localhost", "localhost:8000", "127.0.0.1:80", "[::1]:8000", "127.9.9.9"])
def test_this_machine_may_call_itself_by_any_of_its_names(client: TestClient, host: str):
    assert client.get("/api/about", headers={"host": host}).status_code == 200


def test_nothing_is_posted_from_a_page_of_somebody_else(client: TestClient):
    picture = jpeg("red")
    assert client.post("/api/pictures", content=picture, headers={"origin": "http://evil.example"}).status_code == 403
    assert client.post("/api/pictures", content=picture, headers={"origin": "null"}).status_code == 403
    assert client.post("/api/pictures", content=picture, headers={"origin": HERE}).status_code == 201


def test_without_the_token_nothing_is_told(private: TestClient):
    for path in (
        "/api/search",
        "/api/about",
        "/api/products/mug-red",
        "/api/openapi.json",
        "/api/products/x/pictures/0",
    ):
        answer = private.get(path)
        assert (answer.status_code, answer.json()["code"]) == (401, "no_token"), path
    for wrong in (
        "",
        "Bearer",
        "Bearer x",
        f"Basic {TOKEN}",
        f"Bearer {TOKEN}x",
        f"Bearer {TOKEN[:-1]}",
        "Bearer \xff",
    ):
        assert private.get("/api/about", headers={"authorization": wrong.encode("latin-1")}).status_code == 401
    assert private.get("/api/health").status_code == 200, "a container asks for its health without a token"
    assert private.post("/api/pictures", content=jpeg("red")).status_code == 401


def test_the_token_opens_the_api(private: TestClient):
    assert private.get("/api/about", headers={"authorization": f"Bearer {TOKEN}"}).status_code == 200


def test_the_login_opens_the_page_and_leads_back_to_it(private: TestClient):
    door = private.get("/product/mug-red?x=1")
    assert (door.status_code, door.headers["location"]) == (303, "/login?to=%2Fproduct%2Fmug-red%3Fx%3D1")
    assert 'value="/product/mug-red?x=1"' in private.get(door.headers["location"]).text
    wrong = private.post("/login", data={"token": "wrong", "to": "/"})
    assert (wrong.status_code, "set-cookie" in wrong.headers) == (401, False)
    right = private.post("/login", data={"token": TOKEN, "to": "/product/mug-red"})
    assert (right.status_code, right.headers["location"]) == (303, "/product/mug-red")
    cookie = right.headers["set-cookie"]
    assert "HttpOnly" in cookie and "samesite=lax" in cookie.lower()
    assert TOKEN not in cookie
    with_cookie = {"cookie": f"{COOKIE}={session(TOKEN)}"}
    assert private.get("/api/about", headers=with_cookie).status_code == 200
    assert private.get("/", headers=with_cookie).status_code == 200
    for forged in (f"{COOKIE}={TOKEN}", f"{COOKIE}={session('other')}", f"{COOKIE}=", "=;;=\\"):
        assert private.get("/api/about", headers={"cookie": forged}).status_code == 401
    private.cookies.clear()


def test_a_posted_login_of_another_page_is_refused(private: TestClient):
    answer = private.post("/login", data={"token": TOKEN}, headers={"origin": "http://evil.example"})
    assert answer.status_code == 403
    assert private.post("/login", content=b"token=" + b"x" * 5000).status_code == 413


@pytest.mark.parametrize(
    "to", ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:x", "", "/\n//evil", "\\/evil"]
)
def test_the_login_leads_nowhere_else(to: str):
    assert own_path(to) == "/"


def test_the_login_writes_nothing_of_a_stranger_into_its_page(private: TestClient):
    page = private.get("/login", params={"to": '/"><script>alert(1)</script>'}).text
    assert "<script>" not in page


@pytest.mark.parametrize("path", ["/", "/api/about", "/static/app.js", "/nothing", "/api/products/nothing", "/docs"])
def test_every_answer_forbids_what_the_page_does_not_need(client: TestClient, path: str):
    headers = client.get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy and "frame-ancestors 'none'" in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert "cache-control" in headers


def test_a_wider_address_needs_a_token_that_nobody_guesses():
    check_token(None, host="127.0.0.1")
    check_token(None, host="localhost")
    check_token(None, host="::1")
    check_token("x" * 16, host="0.0.0.0")
    for host in ("0.0.0.0", "::", "192.168.1.7", "", "shop.example"):
        with pytest.raises(ValueError, match="VITRINA_TOKEN"):
            check_token(None, host=host)
    for short in ("", "secret", " " + "x" * 16, "ñ" * 20):
        with pytest.raises(ValueError, match="at least 16"):
            check_token(short, host="0.0.0.0")


def test_while_the_model_works_the_rest_goes_on_and_what_takes_too_long_is_given_up(tmp_path: Path):
    shop, index = open_little_shop(tmp_path / "c")
    with TestClient(create_app(shop, model_seconds=0.2), base_url=HERE) as client:
        index.hold.clear()
        answers = []
        asking = threading.Thread(target=lambda: answers.append(client.get("/api/search?text=red")))
        asking.start()
        index.begun.wait()
        assert client.get("/api/health").status_code == 200
        assert client.get("/api/products/mug-red").status_code == 200
        asking.join()
        index.hold.set()
        assert (answers[0].status_code, answers[0].json()["code"]) == (504, "too_slow")
        assert client.get("/api/search?text=red").status_code in (200, 504)


def test_too_many_at_once_are_sent_away(tmp_path: Path):
    import asyncio

    from vitrina.serving.answers import RefusedError
    from vitrina.serving.worker import Worker

    async def crowd() -> list[object]:
        worker, gate = Worker("test", threads=1, waiting=2, seconds=60), threading.Event()
        asked = [asyncio.ensure_future(worker.run(gate.wait)) for _ in range(5)]
        done, _ = await asyncio.wait(asked, return_when=asyncio.FIRST_EXCEPTION)
        assert all(isinstance(each.exception(), RefusedError) for each in done)
        gate.set()
        found = await asyncio.gather(*asked, return_exceptions=True)
        worker.close()
        return found

    found = asyncio.run(crowd())
    refused = [each for each in found if isinstance(each, RefusedError)]
    assert (len(refused), found.count(True)) == (2, 3)
    assert {(each.code, each.status) for each in refused} == {("busy", 503)}
