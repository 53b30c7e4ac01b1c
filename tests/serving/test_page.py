"""The page in a real browser: everything that a visitor does, without a mouse too, and nothing that leaves the shop."""

import base64
import re
import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import pytest
import uvicorn
from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright
from serving.little_shop import BROKEN, ODD_ID, ColourIndex, jpeg, open_little_shop

from vitrina.serving.app import create_app
from vitrina.serving.gate import App
from vitrina.serving.shop import Shop

TOKEN = "correct horse battery staple"
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for all."""
    program = next(filter(None, map(shutil.which, NAMES)), None)
    assert program, "no browser to test the page in: install chromium, as .ci/packages.txt says"
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield launched
        launched.close()


@contextmanager
def running(app: App) -> Iterator[str]:
    """The application on a port of its own; its address."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", ws="none"))
        thread = threading.Thread(target=lambda: server.run(sockets=[listening]))
        thread.start()
        try:
            yield f"http://localhost:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture(scope="module")
def address(opened: tuple[Shop, ColourIndex]) -> Iterator[str]:
    """Where the little shop is open."""
    with running(create_app(opened[0])) as at:
        yield at


Visit = Callable[..., Page]

PATIENCE_MS = 120_000
"""On a machine that others keep busy a page may be slow; that is not what these tests are about."""

expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture
def visit(browser: Browser, address: str) -> Iterator[Visit]:
    """Opens a page; at the end nobody may have complained in the console, or asked anybody else for anything."""
    opened: list[Page] = []
    complaints: list[str] = []
    strangers: list[str] = []

    def visiting(path: str = "/", *, width: int = 1200, language: str = "en-GB", at: str = address) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": 800}, locale=language, accept_downloads=True, reduced_motion="reduce"
        )
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.on("console", lambda each: complaints.append(each.text) if each.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda each: None if each.url.startswith((at, "blob:")) else strangers.append(each.url))
        page.goto(at + path)
        opened.append(page)
        return page

    yield visiting
    for page in opened:
        page.context.close()
    # The browser itself writes down every answer that is not 2xx; the tests that ask for one say so.
    assert not [each for each in complaints if "status of 4" not in each]
    assert not strangers


def first_titles(page: Page, *, many: int = 2) -> set[str]:
    expect(page.locator(".card").first).to_be_visible()  # the answer is there, not only the question
    return set(page.locator(".card .title").all_inner_texts()[:many])


def drop(page: Page, body: bytes, *, name: str = "photo.jpg", form: str = "image/jpeg") -> None:
    """Drops a file onto the page."""
    data = page.evaluate_handle(
        """([text, name, type]) => {
            const bytes = Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));
            const data = new DataTransfer();
            data.items.add(new File([bytes], name, { type }));
            return data;
        }""",
        [base64.b64encode(body).decode(), name, form],
    )
    for event in ("dragenter", "dragover", "drop"):
        page.dispatch_event("main", event, {"dataTransfer": data})


def test_words_find_and_a_click_opens_a_product(visit: Visit):
    page = visit()
    page.get_by_role("searchbox").fill("taza roja")
    page.get_by_role("button", name="Search", exact=True).click()
    expect(page.get_by_role("heading", name="Best matches")).to_be_visible()
    assert first_titles(page) == {"Red mug", "Red bag"}
    page.get_by_text("Red bag").click()
    expect(page.get_by_role("heading", name="Red bag")).to_be_visible()
    assert page.url.endswith("/product/bag-red")
    assert page.locator(".frame img").evaluate("each => each.decode().then(() => each.naturalWidth)") == 80
    page.go_back()
    expect(page.get_by_role("heading", name="Best matches")).to_be_visible()
    assert page.get_by_role("searchbox").input_value() == "taza roja"
    page.reload()
    expect(page.locator(".card").first).to_be_visible()
    assert first_titles(page) == {"Red mug", "Red bag"}, "what is in the address bar is what is shown"


def test_a_dropped_picture_finds_and_words_beside_it_too(visit: Visit):
    page = visit()
    expect(page.locator(".card")).to_have_count(8)
    drop(page, jpeg("green"))
    expect(page.locator(".chip img")).to_be_visible()
    expect(page.get_by_role("heading", name="Best matches")).to_be_visible()
    assert first_titles(page) == {"Green mug", "Green bag"}
    page.get_by_role("searchbox").fill("in red")
    page.keyboard.press("Enter")
    page.wait_for_url("**text=in+red**")
    expect(page.locator(".card .title").first).to_contain_text("Red")
    page.get_by_role("button", name="Remove your picture").click()
    expect(page.locator(".chip")).to_have_count(0)


def test_a_large_photo_is_chosen_from_a_file_and_made_small_before_it_travels(visit: Visit, tmp_path: Path):
    photo = tmp_path / "photo.bmp"
    Image.new("RGB", (2000, 1000), "red").save(photo)
    page = visit()
    with page.expect_response("**/api/pictures") as answered:
        page.set_input_files("#file", photo)
    expect(page.locator(".chip img")).to_be_visible()
    sent = answered.value.request.all_headers()
    assert sent["content-type"] == "image/jpeg"
    assert int(sent["content-length"]) < photo.stat().st_size / 50
    assert (answered.value.json()["width"], answered.value.json()["height"]) == (1024, 512)


def test_what_is_no_picture_is_said_in_words(visit: Visit):
    page = visit()
    expect(page.locator(".card")).to_have_count(8)
    drop(page, b"hello", name="notes.txt", form="text/plain")
    expect(page.locator("main").get_by_text("This file is not a picture that can be read.")).to_be_visible()
    with page.expect_file_chooser():
        page.locator("main").get_by_role("button", name="Search by a picture").click()
    page.get_by_role("link", name="To all products").click()
    expect(page.locator(".card")).to_have_count(8)
    page = visit(f"/?picture={'0' * 32}")
    expect(page.locator("main").get_by_text("Your picture is no longer here.")).to_be_visible()
    page = visit("/product/nobody")
    expect(page.locator("main").get_by_text("There is no such product.")).to_be_visible()
    expect(page.locator("main").get_by_role("button")).to_have_count(0)


def test_filters_narrow_and_an_empty_shelf_says_how_to_go_on(visit: Visit):
    page = visit()
    page.get_by_role("button", name="Fashion 4").click()
    expect(page.locator(".card")).to_have_count(4)
    page.get_by_label("Only with pictures").check()
    expect(page.locator(".card")).to_have_count(3)
    page.get_by_label("Price to").fill("50")
    page.keyboard.press("Enter")
    expect(page.locator(".card")).to_have_count(2)
    page.get_by_label("Price to").fill("1")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Nothing passes these filters")).to_be_visible()
    page.get_by_role("button", name="× Price to 1").click()
    expect(page.locator(".card")).to_have_count(3)
    page.get_by_role("button", name="Clear filters").click()
    expect(page.locator(".card")).to_have_count(8)


def test_a_product_is_labelled_tagged_found_in_its_picture_and_cut_out(visit: Visit, tmp_path: Path):
    page = visit("/product/mug-blue")
    row = page.get_by_role("row", name="colour")
    expect(row).to_contain_text("agrees")
    expect(row.locator(".guess").first).to_contain_text("blue")
    page.get_by_label("Test your own labels").fill("green, blue")
    page.get_by_role("button", name="Tag").click()
    expect(page.locator(".tagger .guess").first).to_contain_text("blue")
    page.get_by_label("Find it in the picture").fill("blue, red")
    page.get_by_role("button", name="Show").click()
    expect(page.locator(".legend")).to_contain_text("red not found")
    painted = page.locator(".frame canvas").evaluate(
        """each => { const data = each.getContext("2d").getImageData(0, 0, each.width, each.height).data;
        return [each.width, data.filter((value, place) => place % 4 === 0 && value > 200).length]; }"""
    )
    assert painted[0] == 80 and painted[1] > 500
    page.get_by_role("button", name="Cut out").click()
    with page.expect_download() as saving:
        page.get_by_role("link", name="Save PNG").click()
    assert saving.value.suggested_filename == "mug-blue-1.png"
    with Image.open(saving.value.path()) as image:
        assert image.getchannel("A").getextrema() == (0, 255)
    page.get_by_role("button", name="Picture 2 of 2").click()
    expect(page.locator(".legend")).to_have_count(0)
    expect(page.locator(".similar .card")).to_have_count(7)
    page.get_by_label("This one, but").fill("red")
    page.get_by_role("button", name="Find", exact=True).click()
    expect(page.locator(".chip")).to_contain_text("like Blue mug")
    assert first_titles(page) == {"Red mug", "Red bag"}


def test_nothing_of_a_catalogue_is_read_as_html(visit: Visit):
    page = visit(f"/product/{quote(ODD_ID, safe='')}")
    expect(page.get_by_role("heading", name="Yellow bag")).to_be_visible()
    expect(page.get_by_text("<script>alert(1)</script>")).to_be_visible()
    expect(page.get_by_text(ODD_ID)).to_be_visible()
    assert page.locator(".frame img").evaluate("each => each.decode().then(() => each.naturalWidth)") == 80
    page.get_by_text("Yellow mug").click()
    page.go_back()
    expect(page.get_by_role("heading", name="Yellow bag")).to_be_visible()


def test_everything_goes_without_a_mouse(visit: Visit):
    page = visit()
    expect(page.locator(".card")).to_have_count(8)
    page.keyboard.press("/")
    page.keyboard.type("blue")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Best matches")).to_be_visible()
    page.keyboard.press("ArrowDown")
    expect(page.locator(".card").first).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(page.locator(".card").nth(1)).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    expect(page.locator(".card").nth(1)).to_be_focused()
    assert page.locator(".card").nth(1).evaluate("each => getComputedStyle(each).outlineStyle") == "solid"
    opened = page.locator(".card .title").nth(1).inner_text()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=opened)).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(".card").nth(1)).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("heading", name="All products")).to_be_visible()


def test_it_speaks_spanish_and_remembers_it(visit: Visit):
    page = visit(language="es-ES")
    expect(page.get_by_role("heading", name="Todos los productos")).to_be_visible()
    expect(page.locator(".card .title").first).to_have_text(re.compile("^(Taza|Bolso) "))
    expect(page.get_by_role("button", name="Buscar", exact=True)).to_be_visible()
    assert page.locator("html").get_attribute("lang") == "es"
    page.get_by_role("button", name="English").click()
    expect(page.get_by_role("heading", name="All products")).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name="All products")).to_be_visible()
    assert page.locator("html").get_attribute("lang") == "en"


@pytest.mark.parametrize("path", ["/?text=blue&category=Home", "/product/mug-blue", "/docs", "/product/nobody"])
def test_it_fits_a_telephone(visit: Visit, path: str):
    page = visit(path, width=420)
    expect(page.locator("main h1").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 420
    for button in page.locator("main button:visible, header button:visible").all():
        assert button.bounding_box() is not None


def test_on_a_telephone_a_product_says_its_name_before_its_tools(visit: Visit):
    page = visit("/product/mug-blue", width=420)
    places = [page.locator(each).bounding_box() for each in ("main h1", ".stage", ".finder", ".facts table")]
    tops = [box["y"] for box in places if box is not None]
    assert len(tops) == 4 and tops == sorted(tops)


@pytest.mark.parametrize("width", [1200, 420])
def test_a_mask_is_seen_with_its_legend_wherever_it_was_asked_for(visit: Visit, width: int):
    page = visit("/product/mug-blue", width=width)
    page.get_by_label("Find it in the picture").fill("blue")
    page.get_by_role("button", name="Show").click()
    expect(page.locator(".legend")).to_be_in_viewport(ratio=1)
    expect(page.locator(".stage")).to_be_in_viewport(ratio=0.95)
    expect(page.locator("header.top")).to_be_in_viewport(ratio=1)


def test_a_damaged_picture_is_said_to_be_that(visit: Visit, tmp_path: Path):
    shop, _ = open_little_shop(tmp_path / "catalogue", can=(), more=(BROKEN,))
    with running(create_app(shop)) as at:
        page = visit("/", at=at)
        expect(page.locator(".card", has_text="Broken").get_by_text("Damaged picture")).to_be_visible()
        expect(page.get_by_text("Damaged picture")).to_have_count(1)
        page.locator(".card", has_text="Broken").click()
        expect(page.locator(".stage").get_by_text("Damaged picture")).to_be_visible()
        page.go_back()
        page.locator(".card", has_text="Blue mug").click()
        expect(page.locator(".stage").get_by_role("img", name="Blue mug")).to_be_visible()
        expect(page.locator(".stage").get_by_text("Damaged picture")).to_be_hidden()
        page.wait_for_load_state("networkidle")  # before the shop closes


def test_every_field_and_button_has_a_name(visit: Visit):
    for path in ("/", "/product/mug-blue"):
        page = visit(path)
        expect(page.locator(".card").first).to_be_visible()
        nameless = page.evaluate(
            """() => [...document.querySelectorAll("button, input:not([hidden]), a")].filter((each) =>
                !each.closest("[aria-hidden=true]") && !each.innerText?.trim() && !each.getAttribute("aria-label")
                && !each.labels?.length && !each.querySelector("img[alt]:not([alt=''])"))
                .map((each) => each.outerHTML)"""
        )
        assert nameless == []


def test_the_api_is_described_without_anybody_elses_program(visit: Visit):
    page = visit("/docs")
    expect(page.get_by_role("heading", name="GET /api/search")).to_be_visible()
    expect(page.get_by_text("answers").or_(page.locator("details")).first).to_be_visible()


def test_what_the_model_cannot_do_is_not_offered(visit: Visit, tmp_path: Path):
    shop, _ = open_little_shop(tmp_path / "c", can=())
    with running(create_app(shop)) as at:
        page = visit("/product/mug-red", at=at)
        expect(page.locator(".similar .card")).to_have_count(7)
        for offered in (".finder", ".tagger", ".guess"):
            expect(page.locator(offered)).to_have_count(0)
        expect(page.get_by_role("row", name="colour red")).to_be_visible()
        page.context.close()


def test_behind_a_token_the_visitor_is_asked_once(visit: Visit, opened: tuple[Shop, ColourIndex], tmp_path: Path):
    shop, _ = open_little_shop(tmp_path / "c")
    with running(create_app(shop, token=TOKEN)) as at:
        page = visit("/product/mug-red", at=at)
        page.get_by_label("Token").fill("wrong")
        page.get_by_role("button", name="Open").click()
        expect(page.get_by_role("alert")).to_contain_text("That is not the token")
        page.get_by_label("Token").fill(TOKEN)
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Red mug")).to_be_visible()
        page.goto(at + "/")
        expect(page.locator(".card")).to_have_count(8)
        page.context.close()
