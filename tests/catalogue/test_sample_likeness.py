"""A sample like a real catalogue: it follows the statistics, and keeps nothing else of it."""

import json
import logging
import math
import statistics
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from vitrina.catalogue.product import Product, Text
from vitrina.catalogue.sample import PRICE_NOISE, draft, expected_price, write_sample
from vitrina.catalogue.sample.article import article
from vitrina.catalogue.sample.draws import Draws
from vitrina.catalogue.sample.kinds import KINDS
from vitrina.catalogue.sample.likeness import habits_of
from vitrina.catalogue.sample.make import drafted
from vitrina.catalogue.sample.oracle import Oracle
from vitrina.catalogue.sample.settings import PLAIN, QUANTILES, Habits, Settings
from vitrina.catalogue.sample.truth import Photo, PictureTruth
from vitrina.catalogue.store import Catalogue, write_catalogue

ROWS, MANY = 800, 2000
MEDIAN = QUANTILES.index(0.5)
WORDS = ["quixotry", "zanjón", "xilofactura", "brumelio", "ktern", "vorpala", "smolnik"]


def extreme(number: int) -> Product:
    """A product of a shop unlike the plain sample in everything."""
    draws = Draws("a shop of its own", number)
    family = Draws("family", number // 10)
    shelf = family.uniform()
    category, middle, spread = ("Odd things", f"Shelf {family.below(60)}"), 40.0, 0.3
    if shelf < 0.5:
        category, middle, spread = ("Calzado", "Zapatillas y más"), 300.0, 1.0
    elif shelf < 0.75:
        category, middle, spread = ("Hogar", "TAZAS"), 0.8, 0.2
    language = draws.weighted({"es": 0.8, "en": 0.1, "fr": 0.1})

    def words(count: int) -> str:
        return " ".join(draws.choice(WORDS) for _ in range(count))

    has_texts = draws.chance(0.7)
    has_pictures = not has_texts or draws.chance(0.4)
    price = Decimal(f"{middle * math.exp(spread * draws.normal()):.2f}") if draws.chance(0.6) else None
    return Product(
        id=f"quixotry-{number}",
        titles=(Text(words(draws.choice((3, 3, 4, 14, 15))), language),) if has_texts else (),
        descriptions=(Text(words(60 + draws.below(60)), language),) if has_texts and draws.chance(0.3) else (),
        pictures=tuple(b"jpeg %d" % at for at in range(5 + draws.below(2))) if has_pictures else (),
        brand="Xilofactura" if draws.chance(0.25) else None,
        category=category if draws.chance(0.9) else (),
        price=price,
        currency=None if price is None else "USD",
        attributes={"brumelio": "ktern"} if draws.chance(0.2) else {},
        group=f"zanjón {number // 10}",
        split=family.weighted({"train": 0.5, "val": 0.3, "test": 0.2}),
    )


def nothing(facts: object, view: int) -> Photo:
    return Photo(b"jpeg", PictureTruth("studio", (), (), b"", b""))


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("real") / "shop"
    write_catalogue(path, map(extreme, range(ROWS)))
    return path


@pytest.fixture(scope="module")
def habits(real: Path) -> Habits:
    return habits_of(Catalogue.open(real))


@pytest.fixture(scope="module")
def sample(habits: Habits) -> list[Product]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(draft, "camera", lambda: nothing)
        return [drafted(number, settings=Settings(3, habits=habits)).product for number in range(MANY)]


@pytest.fixture(scope="module")
def shop() -> list[Product]:
    return [extreme(number) for number in range(ROWS)]


def share(products: list[Product], what: str) -> float:
    present = {
        "texts": lambda each: bool(each.texts),
        "pictures": lambda each: bool(each.pictures),
        "brand": lambda each: each.brand is not None,
        "price": lambda each: each.price is not None,
        "category": lambda each: bool(each.category),
        "attributes": lambda each: bool(each.attributes),
        "description": lambda each: bool(each.descriptions) or not each.texts,
        "train": lambda each: each.split == "train",
        "val": lambda each: each.split == "val",
    }[what]
    return sum(map(present, products)) / len(products)


@pytest.mark.parametrize("what", ["texts", "pictures", "brand", "price", "category", "attributes", "description"])
def test_gaps_have_the_shares_of_the_real_catalogue(sample: list[Product], shop: list[Product], what: str):
    assert share(sample, what) == pytest.approx(share(shop, what), abs=0.045)


@pytest.mark.parametrize("what", ["train", "val"])
def test_splits_have_the_shares_of_the_real_catalogue(sample: list[Product], shop: list[Product], what: str):
    # Families of ten move together: their shares vary as if there were a tenth of the products.
    assert share(sample, what) == pytest.approx(share(shop, what), abs=0.13)


def test_languages_follow_and_others_are_said(
    sample: list[Product], shop: list[Product], real: Path, caplog: pytest.LogCaptureFixture
):
    def spanish(products: list[Product]) -> float:
        tongues = Counter(text.language for each in products for text in each.titles)
        return tongues["es"] / (tongues["es"] + tongues["en"])

    assert spanish(sample) == pytest.approx(spanish(shop), abs=0.04)
    assert {text.language for each in sample for text in each.texts} == {"en", "es"}
    with caplog.at_level(logging.WARNING):
        habits_of(Catalogue.open(real))
    assert "fr in" in caplog.text


def test_lengths_follow_the_quantiles(sample: list[Product], shop: list[Product]):
    for field, tolerance in (("titles", 0.8), ("descriptions", 4.0)):
        own, other = (
            np.quantile([len(text.text.split()) for each in products for text in getattr(each, field)], QUANTILES)
            for products in (sample, shop)
        )
        assert np.abs(own - other).mean() <= tolerance, f"{field}: {own} in place of {other}"


def test_kinds_take_the_shares_of_the_categories_that_name_them(habits: Habits, shop: list[Product]):
    named = Counter(each.category[-1] for each in shop if each.category)
    total = named.total()
    assert habits.kinds["sneakers"] == pytest.approx(named["Zapatillas y más"] / total, abs=1e-6)
    assert habits.kinds["mug"] == pytest.approx(named["TAZAS"] / total, abs=1e-6)
    others = [share for kind, share in habits.kinds.items() if kind not in ("sneakers", "mug")]
    assert sum(habits.kinds.values()) == pytest.approx(1, abs=1e-4)
    assert others == sorted(others, reverse=True)
    assert max(others) < 0.1


def test_prices_follow_level_and_spread_of_each_kind(sample: list[Product], shop: list[Product], habits: Habits):
    def logs(products: list[Product], name: str) -> list[float]:
        return [math.log(each.price) for each in products if each.price and name in each.category]

    for own, other in (("Sneakers", "Zapatillas y más"), ("Mugs", "TAZAS")):
        found, wanted = logs(sample, own), logs(shop, other)
        assert statistics.median(found) == pytest.approx(statistics.median(wanted), abs=0.25)
        assert statistics.pstdev(found) == pytest.approx(statistics.pstdev(wanted), rel=0.35, abs=0.05)
    assert {each.currency for each in sample} == {"USD", None}


def test_expected_prices_are_a_known_function_still(habits: Habits):
    told = Settings(3, habits=replace(habits, no_price=0, no_brand=0, no_attributes=0, pictureless=1, textless=0))
    errors = []
    for number in range(400):
        made = drafted(number, settings=told)
        expected = expected_price(made.product, habits=habits)
        assert expected == made.truth.expected_price
        if expected > 5:  # below, steps of 5 cents are larger than the noise
            errors.append(math.log(float(made.product.price or 0) / expected))
    assert statistics.pstdev(errors) == pytest.approx(PRICE_NOISE, rel=0.2)
    assert abs(statistics.fmean(errors)) < 0.02


def test_pictures_and_families_follow(sample: list[Product]):
    counts = Counter(len(each.pictures) for each in sample if each.pictures)
    assert set(counts) == {5, 6}
    families = Counter(each.group for each in sample)
    assert statistics.median(families.values()) == 10


def test_a_family_of_a_sample_like_another_is_never_cut(sample: list[Product]):
    splits: Mapping[str | None, set[str]] = defaultdict(set)
    for each in sample:
        splits[each.group].add(each.split)
    assert all(len(each) == 1 for each in splits.values())


def test_no_word_of_the_real_catalogue_is_kept(habits: Habits, sample: list[Product]):
    stored = Settings(3, habits=habits).to_json().lower()
    stored += json.dumps([[text.text for text in each.texts] for each in sample]).lower()
    for word in [*WORDS, "odd things", "calzado", "shelf 1", "y más"]:
        assert word not in stored


def test_settings_survive_their_json(habits: Habits):
    settings = Settings(7, damage=0.25, habits=habits)
    assert Settings.from_json(settings.to_json()) == settings
    with pytest.raises(ValueError, match="in place of seed, damage, habits"):
        Settings.from_json('{"seed": 3}')


def test_a_sample_like_a_catalogue_is_written_with_its_habits(real: Path, tmp_path: Path, habits: Habits):
    catalogue = write_sample(tmp_path / "out", products=6, seed=3, like=real, workers=1)
    assert Oracle.open(tmp_path / "out").settings == Settings(3, habits=habits)
    assert write_sample(tmp_path / "out", products=6, seed=3, like=real, workers=1).digest == catalogue.digest
    with pytest.raises(ValueError, match="other settings"):
        write_sample(tmp_path / "out", products=6, seed=3)


def test_a_sample_like_a_sample_is_like_the_plain_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(draft, "camera", lambda: nothing)
    plain = (drafted(number, settings=Settings(1)).product for number in range(2500))
    found = habits_of(write_catalogue(tmp_path / "shop", plain))
    assert sum(abs(found.kinds[kind] - 1 / len(KINDS)) for kind in KINDS) / 2 < 0.12
    assert found.pictureless == pytest.approx(PLAIN.pictureless, abs=0.03)
    assert found.languages["en+es"] == pytest.approx(PLAIN.languages["en+es"], abs=0.04)
    for kind in ("watch", "mug", "dress"):
        assert found.prices[kind].real[MEDIAN] == pytest.approx(found.prices[kind].own[MEDIAN], abs=0.2)


def test_a_catalogue_without_products_is_refused(tmp_path: Path):
    with pytest.raises(ValueError, match="holds no products"):
        habits_of(write_catalogue(tmp_path / "shop", ()))


def test_kinds_without_a_share_do_not_appear(habits: Habits):
    only = replace(habits, kinds={kind: float(kind == "mug") for kind in KINDS})
    assert {article(number, seed=1, habits=only).kind.name for number in range(200)} == {"mug"}
