import csv
import json
import re
from collections import Counter
from dataclasses import replace
from decimal import Decimal
from itertools import groupby
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from inspection.shop import card, collage, jpeg, photo, shop
from vitrina.catalogue.product import Product, Text
from vitrina.inspection.coverage import Categories, CoverageSurvey
from vitrina.inspection.inspect import inspect_catalogue
from vitrina.inspection.result import PROBLEMS, Inspection

SHARED = Path(__file__).parents[3] / "shared" / "data"


def good(number: int, *, split: str = "train") -> Product:
    """A product without a fault, like no other."""
    words = np.random.default_rng(number).permutation(list("bcdfghjklmnpqrstvwxz"))
    name = "".join(words[:4]) + "o"
    return Product(
        id=f"good-{number}",
        titles=(Text(f"Red {name} mug with a handle", "en"),),
        descriptions=(Text(f"The {name} mug is made of clay from {name[::-1]}land and it is easy to clean.", "en"),),
        pictures=(jpeg(photo(number)),),
        category=("Home", "Mugs"),
        price=Decimal(10 + number % 3),
        currency="EUR",
        brand="Claywell",
        attributes={"colour": "red"},
        split=split,
    )


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> tuple[Inspection, Path]:
    """40 good products and one or two of every fault, inspected."""
    folder = tmp_path_factory.mktemp("faulty")
    base = [good(number, split="val" if number % 10 == 0 else "train") for number in range(40)]
    pixels = photo(1)
    smaller = np.asarray(Image.fromarray(pixels).resize((96, 96)))
    faults = [
        replace(good(100), pictures=(jpeg(np.full((80, 80, 3), 255)),)),
        replace(good(101), pictures=(jpeg(collage(500)),)),
        replace(good(102), pictures=(jpeg(card("no image available")),)),
        replace(good(103), pictures=(jpeg(smaller, quality=60),), split="val"),  # good-1 again
        replace(good(104), pictures=(jpeg(photo(2)),)),  # good-2's very picture
        replace(good(105), titles=good(5).titles),
        replace(good(106), price=Decimal("99999")),
        replace(good(107), price=Decimal("0")),
        replace(good(108), price=Decimal("1500")),
        replace(good(109), price=Decimal("12.34"), descriptions=(Text("Yours for 12,34 € and no more", "en"),)),
        replace(good(110), descriptions=(Text("En kopp som är lätt att rengöra och håller i många år", "en"),)),
        replace(good(111), descriptions=(Text("Soft <b>clay</b> for the kitchen", "en"),)),
        replace(good(112), descriptions=(Text("A cup for your cafÃ© at home", "en"),)),
        replace(good(113), descriptions=()),
        replace(good(114), pictures=()),
        Product(id="photo-only", pictures=(jpeg(photo(900)),)),
        Product(id="empty"),
    ]
    shop(folder / "shop", [*base, *faults])
    return inspect_catalogue(folder / "shop"), folder / "shop-inspection"


def counts(found: Inspection) -> dict[str, int]:
    return {problem.key: problem.count for problem in found.problems}


def test_every_fault_is_counted_exactly_and_no_other_is_seen(faulty: tuple[Inspection, Path]):
    assert counts(faulty[0]) == {
        "leak_picture_near": 2,
        "price_told": 1,
        "picture_blank": 1,
        "picture_collage": 1,
        "picture_text": 1,
        "title_equal": 2,
        "picture_equal": 2,
        "picture_near": 4,
        "text_mojibake": 1,
        "text_html": 1,
        "text_language": 1,
        "price_placeholder": 1,
        "price_zero": 1,
        "price_outlier": 1,
    }


def test_the_cases_shown_are_the_right_products(faulty: tuple[Inspection, Path]):
    shown = {problem.key: {example.ids for example in problem.examples} for problem in faulty[0].problems}
    assert shown["leak_picture_near"] == {("good-1", "good-103")}
    assert shown["picture_near"] == {("good-1", "good-103"), ("good-2", "good-104")}
    assert shown["title_equal"] == {("good-5", "good-105")}
    assert shown["price_outlier"] == {("good-108",)}
    assert shown["text_language"] == {("good-110",)}
    assert shown["picture_collage"] == {("good-101",)}


def test_every_case_is_listed_with_the_id_of_its_product(faulty: tuple[Inspection, Path]):
    found, folder = faulty
    with (folder / PROBLEMS).open(encoding="utf-8", newline="") as file:
        head, *rows = csv.reader(file)
    assert head == ["problem", "id", "detail"]
    assert Counter(key for key, _, _ in rows) == counts(found)
    assert [key for key, _ in groupby(rows, key=lambda row: row[0])] == [each.key for each in found.problems]
    for problem in found.problems:
        listed = {id for key, id, _ in rows if key == problem.key}
        assert listed == {id for example in problem.examples for id in example.ids}
    assert ["leak_picture_near", "good-103", "group 1: 1 in val, 1 in train"] in rows
    assert f"stands in {PROBLEMS}" in found.text()


def test_cases_beyond_the_gallery_are_listed_too(tmp_path: Path):
    shop(tmp_path / "shop", [replace(good(number), price=Decimal(0)) for number in range(40)])
    found = inspect_catalogue(tmp_path / "shop")
    (zeros,) = [each for each in found.problems if each.key == "price_zero"]
    assert len(zeros.examples) < zeros.count == 40
    lines = (tmp_path / "shop-inspection" / PROBLEMS).read_text("utf-8").splitlines()
    assert lines.count("price_zero,good-7,costs 0") == 1
    assert sum(line.startswith("price_zero,") for line in lines) == 40


def test_a_group_shows_the_picture_that_its_products_share(tmp_path: Path):
    shared = jpeg(photo(70))
    products = [
        replace(good(1), pictures=(jpeg(photo(1)), shared)),
        replace(good(2), pictures=(shared, jpeg(photo(2)))),
    ]
    shop(tmp_path / "shop", products)
    (problem,) = [each for each in inspect_catalogue(tmp_path / "shop").problems if each.key == "picture_equal"]
    assert [(each.row, each.number) for each in problem.examples[0].pictures] == [(0, 1), (1, 0)]


def test_titles_that_say_nothing_make_no_twins_and_garbled_texts_are_in_no_language(tmp_path: Path):
    nothing = [replace(good(n), titles=(Text("-", "es"),), split="val" if n else "train") for n in range(2)]
    garbled = replace(good(3), descriptions=(Text("El sofÃ¡ es de algodÃ³n y del salÃ³n, corazÃ³n", "es"),))
    shop(tmp_path / "shop", [*nothing, garbled])
    found = counts(inspect_catalogue(tmp_path / "shop"))
    assert (found["text_empty"], found["text_mojibake"]) == (2, 1)
    assert not found.keys() & {"title_equal", "leak_title_equal", "text_language"}


@pytest.mark.parametrize(("told", "level"), [(1, "mind"), (40, "stop")])
def test_even_one_description_that_tells_its_price_is_said(tmp_path: Path, told: int, level: str):
    products = [replace(good(n), price=Decimal(731 + n)) for n in range(60)]
    for n in range(told):
        text = Text(f"It is yours for {731 + n} EUR and easy to clean", "en")
        products[n] = replace(products[n], descriptions=(text,))
    shop(tmp_path / "shop", products)
    advice = inspect_catalogue(tmp_path / "shop").advice
    assert [each.level for each in advice if "tell the product's own price" in each.what] == [level]


def test_coverage_counts_what_is_there_and_what_is_missing(faulty: tuple[Inspection, Path]):
    found = faulty[0]
    assert found.products == 57
    assert {each.name: each.count for each in found.coverage.modality} == {
        "text and picture": 54,
        "text only": 1,
        "picture only": 1,
        "neither": 1,
    }
    assert {each.name: each.count for each in found.coverage.splits} == {"train": 52, "val": 5}
    filled = {each.name: each.filled for each in found.coverage.fields}
    assert (filled["title"], filled["description"], filled["picture"], filled["price"]) == (55, 54, 55, 55)
    (home,) = found.coverage.categories
    assert (home.name, home.count, home.children[0].name, home.children[0].count) == ("Home", 55, "Mugs", 55)
    assert [(each.name, each.filled) for each in found.coverage.attributes] == [("colour", 55)]


def test_leaks_name_the_split_to_distrust(faulty: tuple[Inspection, Path]):
    found = faulty[0]
    assert [(each.split, each.count, each.of) for each in found.leaks if each.count] == [("val", 1, 5)]
    assert found.advice[0].level == "stop"
    assert any("1 of 5 products of val" in each.what for each in found.advice)


def test_training_sees_the_sources_that_a_run_would(faulty: tuple[Inspection, Path]):
    training = faulty[0].training
    assert training is not None
    assert {part.kind: part.products for part in training.parts} == {"text": 1, "image": 1, "pair": 49}
    assert [round(part.share, 2) for part in training.parts] == [0.15, 0.15, 0.7]
    pairs = next(part for part in training.parts if part.kind == "pair")
    assert pairs.epoch_steps == pytest.approx(49 / training.batch_rows / 0.7)
    assert training.repeated_titles_share == pytest.approx(2 / 50)


def test_the_page_needs_nothing_beside_it_and_json_says_the_same(faulty: tuple[Inspection, Path]):
    found, folder = faulty
    page = (folder / "inspection.html").read_text("utf-8")
    assert not re.search(r"""(?:src|href)\s*=\s*["'](?!data:|\#)""", page)
    assert "url(" not in page
    assert "<script" not in page
    assert page.count("data:image/jpeg") >= 10
    data = json.loads((folder / "inspection.json").read_text("utf-8"))
    assert {each["key"]: each["count"] for each in data["problems"]} == counts(found)
    wanted = ["inspection-problems.csv", "inspection.html", "inspection.json"]
    assert sorted(path.name for path in folder.iterdir()) == wanted
    assert "99999" in page and found.text().count("\n") > 20


def test_to_inspect_again_gives_the_same_bytes(tmp_path: Path):
    shop(tmp_path / "shop", [good(number) for number in range(8)])
    inspect_catalogue(tmp_path / "shop", out=tmp_path / "a")
    (tmp_path / "a" / "inspection.html.part").write_text("what a killed run left")
    inspect_catalogue(tmp_path / "shop", out=tmp_path / "b")
    inspect_catalogue(tmp_path / "shop", out=tmp_path / "a")
    for name in ("inspection.html", "inspection.json", "inspection-problems.csv"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    assert not (tmp_path / "a" / "inspection.html.part").exists()


def test_hostile_texts_stay_text_on_the_page(tmp_path: Path):
    bad = replace(good(1), titles=(Text("<script>alert(1)</script>", "en"),), category=("<img src=x>",))
    shop(tmp_path / "shop", [bad, good(2)])
    inspect_catalogue(tmp_path / "shop")
    page = (tmp_path / "shop-inspection" / "inspection.html").read_text("utf-8")
    assert "<script" not in page and "<img src=x" not in page


@pytest.mark.parametrize(
    "products",
    [
        [],
        [Product(id="1")],
        [Product(id="1", titles=(Text("Taza roja"),), split="test")],
        [Product(id="1", price=Decimal("3"))],
    ],
    ids=["empty", "nothing known", "no training split", "a price alone"],
)
def test_poor_catalogues_are_inspected_too(tmp_path: Path, products: list[Product]):
    shop(tmp_path / "shop", products)
    found = inspect_catalogue(tmp_path / "shop")
    assert found.products == len(products)
    assert found.training is None
    assert found.advice[0].level == "stop"
    assert (tmp_path / "shop-inspection" / "inspection.html").exists()


def test_a_stand_in_picture_on_unlike_products_is_told_from_variants(tmp_path: Path):
    stand_in, variants = jpeg(photo(70)), jpeg(photo(71))
    unlike = [replace(good(n), pictures=(stand_in,), category=(f"Kind {n % 4}",)) for n in range(6)]
    alike = [replace(good(n), pictures=(variants,)) for n in range(10, 16)]
    shop(tmp_path / "shop", [*unlike, *alike])
    found = counts(inspect_catalogue(tmp_path / "shop"))
    assert found["picture_placeholder"] == 6
    assert found["picture_equal"] == 12


def test_endless_attributes_are_counted_in_bounded_room():
    survey = CoverageSurvey(Categories())
    for start in range(0, 3000, 3):
        names = {f"attribute {number}": "yes" for number in range(start, start + 3)}
        survey.add([Product(id=str(start), attributes=names)], picture_counts=np.array([0]))
    found = survey.result().attributes
    assert (found[0].name, found[0].filled) == ("(further attributes)", 1000 - 400 // 3)
    assert all(each.filled == 1 for each in found[1:])


def test_unstated_languages_are_detected(tmp_path: Path):
    swedish = Text("En stadig väska med plats för alla dina saker och en rem")
    english = Text("A sturdy bag with room for all your things and a strap")
    products = [Product(id=str(n), titles=(swedish if n % 3 == 0 else english,)) for n in range(12)]
    shop(tmp_path / "shop", products)
    languages = inspect_catalogue(tmp_path / "shop").languages
    assert {each.name: each.count for each in languages.detected} == {"en": 8, "sv": 4}
    assert (languages.unstated, languages.undetermined) == (12, 0)


def test_a_stated_language_counts_unless_a_text_is_surely_in_another(tmp_path: Path):
    texts = [
        Text("Zoom X 200", "es"),
        Text("Taza", "es-MX"),
        Text("赤いマグカップ", None),
        Text("красная кружка", "es"),
    ]
    shop(tmp_path / "shop", [Product(id=str(n), titles=(text,)) for n, text in enumerate(texts)])
    languages = inspect_catalogue(tmp_path / "shop").languages
    assert {each.name: each.count for each in languages.detected} == {"es": 2, "ja": 1, "ru": 1}
    assert (languages.believed, languages.undetermined) == (2, 0)
    assert [(each.stated, each.detected, each.count) for each in languages.disagreements] == [("es", "ru", 1)]


def test_no_catalogue_and_a_file_in_the_way_are_said_in_words(tmp_path: Path):
    with pytest.raises(ValueError, match="not a catalogue"):
        inspect_catalogue(tmp_path / "nothing")
    shop(tmp_path / "shop", [good(1)])
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match="is a file"):
        inspect_catalogue(tmp_path / "shop", out=tmp_path / "file")


def test_real_swedish_texts_are_swedish_and_real_descriptions_state_prices(tmp_path: Path):
    """On the shared data where it is present; else on two products that say the same."""
    products = [
        Product(id="1", descriptions=(Text("Juice av äpple och gröna druvor, ej från koncentrat"),)),
        Product(id="2", descriptions=(Text("Buy it online at Rs.899 in India"),), price=Decimal("899"), currency="INR"),
    ]
    grocery, flipkart = SHARED / "grocery_store/products.jsonl", SHARED / "flipkart_products/products_train.jsonl"
    wanted_swedish, wanted_stated = 1, 1
    if grocery.exists() and flipkart.exists():
        rows = [json.loads(line) for line in grocery.read_text("utf-8").splitlines()]
        products = [
            Product(id=row["id"], descriptions=(Text(row["description_sv"]),)) for row in rows if row["description_sv"]
        ]
        wanted_swedish, wanted_stated = len(products), 588
        for row in map(json.loads, flipkart.read_text("utf-8").split("\n")[:-1]):
            products.append(Product(id=row["id"], descriptions=(Text(row["description"], "en"),), price=Decimal(900)))
    shop(tmp_path / "shop", products)
    found = inspect_catalogue(tmp_path / "shop")
    assert {each.name: each.count for each in found.languages.detected}["sv"] == wanted_swedish
    assert found.prices.some_stated == wanted_stated
