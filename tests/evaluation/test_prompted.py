import re
from dataclasses import replace

import numpy as np
import pytest

from vitrina.catalogue.product import Product, Text
from vitrina.evaluation import prompted
from vitrina.evaluation.heldout import HeldOut
from vitrina.evaluation.heldout_classes import choose_classes, heldout_sections, without_classes
from vitrina.evaluation.measure import UnaskableError
from vitrina.evaluation.questions import ask
from vitrina.evaluation.tagging import tagger_section
from vitrina.tasks.fields import Field, attributes_of
from vitrina.tasks.labels import Labels

COLOURS = ("red", "blue", "green")


def painted(number: int, *, split: str = "val", kinds: int = 4) -> Product:
    """A product whose picture says colour and kind to the oracle."""
    colour, kind = COLOURS[number % 3], f"kind{number // 3 % kinds}"
    return Product(
        id=f"{split}{number}",
        titles=(Text(f"{kind} {number}", "en"),),
        pictures=(f"{kind} {colour}".encode(),),
        category=("Shop", kind),
        attributes={"colour": colour, "number": str(number), "always": "same"},
        split=split,
    )


@pytest.fixture
def shop() -> list[Product]:
    return [painted(number) for number in range(120)]


def held(products: list[Product]) -> HeldOut:
    return HeldOut("val", np.arange(len(products)), products, ["shop"] * len(products), available=len(products))


def test_attributes_with_a_few_values_are_asked_and_numbers_are_not(oracle, shop):
    assert prompted.attributes(shop) == [Field(attribute="colour")]
    keys = {section.key: section for section in ask(oracle, held=held(shop), seen=set(), seed=0).sections}
    assert keys["attribute_colour"].metric("accuracy, plain name").value == 1.0
    assert keys["attribute_colour"].metric("accuracy, plain name").base == pytest.approx(1 / 3)
    assert "at random is right in 33.3 %" in keys["attribute_colour"].note
    assert not [key for key in keys if "always" in key or "number" in key]


def test_too_few_products_do_not_make_an_attribute(shop):
    assert attributes_of(shop, least=121) == []
    assert prompted.attributes([replace(product, pictures=()) for product in shop]) == []


def test_a_wide_name_is_found_by_the_narrower_ones_that_titles_use(oracle):
    wide = {"kind0": "Apparel", "kind1": "Apparel", "kind2": "Footwear", "kind3": "Footwear"}
    shop = [replace(each, category=(wide[each.category[1]], each.category[1])) for each in map(painted, range(60))]
    labels = Labels.of_field(shop, field=Field(level=0))
    assert labels.labels[0].narrower == ("kind0", "kind1")
    section, _ = prompted.classification(oracle, products=shop, domains=["shop"] * 60, field=Field(level=0), seed=0)
    assert section.metric("accuracy, templates").value == 1.0
    assert section.metric("accuracy, plain name").value < 1.0
    assert "narrower names" in section.note


def test_a_model_that_finds_everything_equal_names_the_first_value(constant, shop):
    section, found = prompted.classification(
        constant, products=shop, domains=["shop"] * 120, field=Field(attribute="colour"), seed=0
    )
    assert section.metric("accuracy, templates").value == pytest.approx(1 / 3)
    assert found.confusion[:, 0].sum() == 120


@pytest.mark.parametrize("mode", ["prompts", "few-shot", "probe", "auto"])
def test_a_tagger_is_asked_about_products_that_it_did_not_learn(half_right, shop, mode):
    known = [painted(number, split="train") for number in range(240)]
    section = tagger_section(half_right, known=known, asked=shop, field=Field(attribute="colour"), seed=0, mode=mode)
    assert section.key == f"tagger_{mode}_picture_attribute_colour"
    assert section.metric(f"accuracy, {mode}").value > 0.4
    assert 0.0 <= section.metric("expected calibration error").value < 0.3
    assert section.metric("mean confidence").base == pytest.approx(section.metric(f"accuracy, {mode}").value)


def test_an_evaluation_with_known_products_asks_the_tagger_too(half_right, shop):
    known = [painted(number, split="train") for number in range(60)]
    findings = ask(half_right, held=held(shop), seen=set(), seed=0, known=known)
    keys = [section.key for section in findings.sections]
    assert "tagger_auto_picture_attribute_colour" in keys
    assert "tagger_auto_picture_category_level_2" in keys
    assert keys.index("attribute_colour") < keys.index("tagger_auto_picture_attribute_colour")


def test_a_name_that_was_never_known_is_answered_wrongly(oracle, shop):
    known = [painted(number, split="train") for number in range(120)]
    asked = [replace(each, attributes={"colour": "mauve"}) for each in shop[:30]] + shop[30:]
    section = tagger_section(oracle, known=known, asked=asked, field=Field(attribute="colour"), seed=0)
    assert section.metric("accuracy, auto").value <= 0.75
    with pytest.raises(UnaskableError, match="0 names"):
        tagger_section(oracle, known=[], asked=shop, field=Field(attribute="colour"), seed=0)


def test_classes_kept_out_are_the_same_for_a_seed_and_leave_training_without_them(make_catalogue, tmp_path):
    train = [painted(number, split="train", kinds=8) for number in range(120)]
    asked = [painted(number, kinds=8) for number in range(120)]
    catalogue = make_catalogue([*train, *asked])
    field = Field(level=1)
    classes = choose_classes(catalogue, field=field, count=3, seed=4)
    assert classes == choose_classes(catalogue, field=field, count=3, seed=4)
    assert len({choose_classes(catalogue, field=field, count=3, seed=seed) for seed in range(8)}) > 1
    kept = without_classes(catalogue, out=tmp_path / "kept", field=field, classes=classes)
    from vitrina.catalogue.store import Catalogue

    left = Catalogue.open(kept.path)
    products = left.read(range(len(left)))
    assert not [each for each in products if each.split == "train" and each.category[1] in classes]
    assert [each for each in products if each.split == "val"] == asked
    assert kept.dropped == 120 - kept.trained == sum(each.category[1] in classes for each in train)
    assert kept.mentions == 0
    with pytest.raises(ValueError, match="exists already"):
        without_classes(catalogue, out=tmp_path / "kept", field=field, classes=classes)
    with pytest.raises(ValueError, match="has no product whose"):
        without_classes(catalogue, out=tmp_path / "other", field=field, classes=["nothing"])
    with pytest.raises(ValueError, match="cannot be kept out: 8 have"):
        choose_classes(catalogue, field=field, count=8, seed=0)


def test_a_class_without_pictures_to_ask_about_is_not_chosen(make_catalogue):
    products = [painted(number, split=split) for split in ("train", "val") for number in range(60)]
    bare = [replace(each, pictures=()) if each.category[1] == "kind2" else each for each in products]
    catalogue = make_catalogue(bare)
    chosen = {choose_classes(catalogue, field=Field(level=1), count=2, seed=seed) for seed in range(6)}
    assert {name for names in chosen for name in names} == {"kind0", "kind1", "kind3"}


def test_texts_that_still_name_a_class_are_counted(make_catalogue, tmp_path):
    train = [painted(number, split="train") for number in range(60)]
    catalogue = make_catalogue([replace(train[0], titles=(Text("for your KIND3, red", "en"),)), *train[1:]])
    kept = without_classes(catalogue, out=tmp_path / "kept", field=Field(level=1), classes=["kind3", "kind2"])
    assert kept.mentions == 1
    assert re.search("1 of them name a class", kept.text())


def test_held_out_classes_are_told_apart_alone_and_among_all_beside_chance(oracle, constant, shop):
    field, classes = Field(level=1), ["kind1", "kind3"]
    alone, among = heldout_sections(oracle, products=shop, field=field, classes=classes, seed=0)
    assert alone.questions == among.questions == 60
    assert alone.metric("accuracy per class, plain name").value == 1.0
    assert alone.metric("accuracy, templates").base == 0.5
    assert among.metric("accuracy, templates").base == 0.25
    assert among.metric("harmonic mean with known classes, plain name").value == 1.0
    alone, among = heldout_sections(constant, products=shop, field=field, classes=classes, seed=0)
    assert alone.metric("accuracy per class, templates").value == 0.5
    assert among.metric("harmonic mean with known classes, templates").value == 0.0
    with pytest.raises(UnaskableError, match="1 of the 2 classes"):
        heldout_sections(oracle, products=shop, field=field, classes=["kind1", "nothing"], seed=0)
