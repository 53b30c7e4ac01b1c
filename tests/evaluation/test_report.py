import io
import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from vitrina.catalogue.product import Product, Text
from vitrina.evaluation.charts import Curve, curve_svg, interval_svg, lines_svg, ticks
from vitrina.evaluation.evaluation import Evaluation, Metric, Section
from vitrina.evaluation.gallery import galleries
from vitrina.evaluation.heldout import HeldOut
from vitrina.evaluation.measure import Classification
from vitrina.evaluation.questions import ask
from vitrina.evaluation.report import Fact, Reconstructions, Report, chapters, curves, curves_by_domain, matrix, render

COLOURS = [(220, 30, 30), (30, 160, 60), (40, 60, 200), (240, 200, 40), (20, 20, 20), (250, 250, 250)]
_VOID = {"meta", "img", "line", "circle", "polygon", "polyline", "br"}


class Colours:
    """Knows a picture by its mean colour and a text by the number in it; confuses the last two."""

    def embed_texts(self, texts):
        return self._rows([int((re.findall(r"\d+", text) or ["0"])[0]) for text in texts])

    def embed_images(self, pictures):
        means = [np.asarray(Image.open(io.BytesIO(each)), dtype=float).mean((0, 1)) for each in pictures]
        found = [int(np.argmin([np.abs(mean - colour).sum() for colour in COLOURS])) for mean in means]
        return self._rows([{4: 5, 5: 4}.get(number, number) for number in found])

    def _rows(self, numbers):
        return np.eye(32, dtype=np.float32)[numbers]


def picture(colour) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (400, 300), colour).save(buffer, format="JPEG")
    return buffer.getvalue()


class Wellformed(HTMLParser):
    """Collects tags that do not close, and every address that the page would fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.addresses: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.addresses += [value for name, value in attrs if name in ("src", "href") and value]
        if tag not in _VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in _VOID:
            assert self.open.pop() == tag, f"</{tag}> closes nothing"

    def handle_data(self, data):
        self.text.append(data)


@pytest.fixture(scope="module")
def held() -> HeldOut:
    products = [
        Product(
            id=str(number),
            titles=(Text(f"thing {number} <script>alert('camión')</script>"),),
            pictures=(picture(colour),),
            category=("Shop", f"kind {number % 2}"),
        )
        for number, colour in enumerate(COLOURS)
    ]
    products += [
        Product(id=str(n), titles=(Text(f"other {n}"),), pictures=(picture((90, 90, 90)),)) for n in range(6, 30)
    ]
    return HeldOut("val", np.arange(len(products)), products, ["shop"] * len(products), available=len(products))


def page_of(held, **changes) -> Wellformed:
    findings = ask(Colours(), held=held, seen={"x"}, seed=0)
    evaluation = Evaluation(
        "run", "clip", 10, "val", 30, 30, 0, "ab" * 32, "cd" * 32, "2026-01-01",
        tuple(findings.sections), tuple(findings.skipped), (),
    )  # fmt: skip
    rows = [{"step": n, "loss": 5.0 - n, "itc": 4.0 - n, "chance": {"itc": 4.2}} for n in range(4)]
    settings = {
        "evaluation": evaluation,
        "lead": "A model.",
        "facts": [Fact("Trained on", "a & b")],
        "recipe": "steps = 10",
        "curves": curves(rows),
        "by_domain": None,
        "galleries": galleries(findings.retrieval, seed=0),
        "matrices": [matrix(each) for each in findings.classifications],
        "reconstructions": Reconstructions(
            "Twelve codes.", ["data:image/jpeg;base64,AA"], ["data:image/jpeg;base64,BB"]
        ),
    }
    page = Wellformed()
    page.feed(render(Report(**(settings | changes))))
    page.close()
    return page


def test_the_page_is_well_formed_and_needs_nothing_beside_it(held):
    page = page_of(held)
    assert page.open == []
    assert all(address.startswith(("data:image/jpeg;base64,", "#")) for address in page.addresses)


def test_the_page_shows_figures_curves_galleries_confusion_and_codebook(held):
    text = " ".join(page_of(held).text)
    for words in ("R@10", "chance 4.2", "Text → picture: hits", "Picture → text: misses", "Confusion", "Twelve codes."):
        assert words in text


def test_what_is_not_there_leaves_no_empty_chapter(held):
    bare = {"curves": [], "galleries": [], "matrices": [], "reconstructions": None}
    text = " ".join(page_of(held, **bare).text)
    assert not {"Learning", "Hits and misses", "Confusion", "Codebook"} & set(re.split(r"\s{2,}", text))


def test_texts_of_products_cannot_run_on_the_page(held):
    page = page_of(held)
    assert "script" not in page.open
    assert any("<script>" in text for text in page.text)


def test_pictures_are_made_small_for_the_page(held):
    page = page_of(held)
    pictures = [address for address in page.addresses if address.startswith("data:")]
    assert pictures
    assert max(map(len, pictures)) < 20_000


def test_hits_are_first_and_misses_are_beyond_the_tenth(held):
    by_text = galleries(ask(Colours(), held=held, seen=set(), seed=0).retrieval, seed=0)[0]
    assert by_text.hits
    assert all(example.rank.startswith("1 of") and example.found[0].is_right for example in by_text.hits)
    assert by_text.misses
    assert not any(card.is_right for example in by_text.misses for card in example.found)
    assert all(float(example.rank.split()[0]) > 10 for example in by_text.misses)


def test_a_curve_draws_its_chance_and_says_its_ends():
    svg = curve_svg(Curve("itc", steps=range(1000), values=np.linspace(5, 1, 1000).tolist(), chance=4.85))
    assert 'class="chance"' in svg
    assert "itc: from 5 to 1; chance is 4.85" in svg
    heights = [float(point.split(",")[1]) for point in re.findall(r'line" points="([^"]+)"', svg)[0].split()]
    assert heights == sorted(heights)
    assert 'class="chance"' not in curve_svg(Curve("loss", steps=[1, 2], values=[1.0, 1.0], chance=None))


def test_losses_that_some_batches_lack_have_a_curve_of_their_own_steps():
    rows = [
        {"step": n, "loss": 1.0, ("mlm" if n % 2 else "itc"): 2.0, "chance": {"mlm" if n % 2 else "itc": 3.0}}
        for n in range(9)
    ]
    found = {curve.name: curve for curve in curves(rows)}
    assert found["mlm"].steps == [1, 3, 5, 7]
    assert found["itc"].chance == 3.0
    assert found["loss"].chance is None


def by_domain_rows(domains, *, steps: int = 40) -> list[dict]:
    """Pairs and texts take turns; the loss of each domain falls at its own pace."""
    rows = []
    for step in range(steps):
        loss = "itc" if step % 4 else "mlm"
        domain = domains[step % len(domains)]
        rows.append({"step": step, "domain": domain, "loss": 1.0, loss: 5.0 - step / (9 + len(domain or ""))})
        rows[-1]["chance"] = {loss: 4.2}
    return rows


def test_losses_by_domain_are_those_of_the_loss_that_most_steps_have():
    found = curves_by_domain(by_domain_rows(["fashion", "toys", "fashion"]))
    assert found is not None and (found.loss, found.left_out) == ("itc", 0)
    assert [curve.name for curve in found.curves] == ["fashion", "toys"]
    assert all(step % 4 and step % 3 == 1 for step in found.curves[1].steps)
    assert found.curves[0].chance == pytest.approx(4.2)


def test_a_run_without_domains_or_of_one_has_no_curves_by_domain():
    assert curves_by_domain(by_domain_rows([None])) is None
    assert curves_by_domain(by_domain_rows(["fashion"])) is None
    old = [{name: value for name, value in row.items() if name != "domain"} for row in by_domain_rows(["a", "b"])]
    assert curves_by_domain(old) is None, "rows of before there were domains"


def test_of_many_domains_those_met_most_are_drawn_and_the_rest_counted(held):
    found = curves_by_domain(by_domain_rows([f"<b>{number}" for number in range(9)], steps=200))
    assert found is not None and (len(found.curves), found.left_out) == (6, 3)
    svg = lines_svg(found.curves, title="itc by domain")
    assert [svg.count(f"series-{number}") for number in (1, 6, 7)] == [1, 1, 0]
    page = page_of(held, by_domain=found)
    assert page.open == [] and "3 more domains are not shown" in " ".join(page.text)
    assert "b" not in page.open and any("<b>0" in text for text in page.text)


def test_an_interval_lies_around_its_dot():
    svg = interval_svg(0.5, low=0.4, high=0.6, base=0.01)
    low, high = map(float, re.search(r'class="bar" x1="([\d.]+)" x2="([\d.]+)"', svg).groups())
    assert low < float(re.search(r'cx="([\d.]+)"', svg).group(1)) < high


@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (0.3, 0.34), (2.0, 9.3), (0.0, 150_000.0), (-1.0, 4.0)])
def test_ticks_are_few_round_and_inside(low, high):
    found = ticks(low, high, most=4)
    assert 2 <= len(found) <= 5
    assert all(low <= tick <= high for tick in found)
    assert all(len(f"{tick:g}") <= 6 for tick in found)


def test_a_large_confusion_shows_the_commonest_classes():
    confusion = np.diag(np.arange(1, 41))
    shown = matrix(Classification(0, [f"class {n}" for n in range(40)], confusion))
    assert (len(shown.names), shown.left_out, shown.names[0]) == (28, 12, "class 39")
    assert shown.shares[0][0] == 1.0


def test_attributes_and_taggers_are_told_in_a_line_each_and_whole_below():
    first = Section(
        "category_level_1", "Category", "", 8, (Metric("accuracy, templates", 0.5, "share", 0.4, 0.6, 0.2),)
    )
    many = [replace(first, key=f"attribute_a{number}", title=f"Attribute {number}") for number in range(3)]
    evaluation = Evaluation("run", "flava", 20, "val", 8, 8, 0, "0" * 64, "1" * 64, "now", (first, *many), (), ())
    plain, attributes = chapters(evaluation)
    assert (plain.main, plain.sections) == (None, (first,))
    assert (attributes.main, attributes.sections) == ("accuracy, templates", tuple(many))
    page = render(Report(evaluation, "It learnt.", [], "", [], None, [], [], None))
    for number in range(3):
        assert page.count(f'href="#attribute_a{number}"') == page.count(f'id="attribute_a{number}"') == 1
    assert "All figures of these 3" in page
