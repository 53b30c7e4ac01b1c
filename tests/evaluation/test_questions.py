import json
from dataclasses import replace

import numpy as np
import pytest

from vitrina.catalogue.product import Text
from vitrina.evaluation import heldout
from vitrina.evaluation.evaluation import Evaluation, Metric, Section, shown
from vitrina.evaluation.heldout import HeldOut, held_out, titles_seen
from vitrina.evaluation.questions import ask


def held(products, *, split="val") -> HeldOut:
    domains = [product.domain or "shop" for product in products]
    return HeldOut(split, np.arange(len(products)), products, domains, available=len(products))


def by_key(findings):
    return {section.key: section for section in findings.sections}


def test_a_model_that_knows_scores_everything_and_the_control_falls_to_chance(oracle, products):
    sections = by_key(ask(oracle, held=held(products), seen={"something else"}, seed=0))
    for key in ("text_to_picture_strict", "picture_to_text_strict", "text_to_picture_unseen_titles"):
        assert sections[key].metric("R@1").value == 1.0
        assert sections[key].metric("R@1").base == pytest.approx(1 / 30)
        assert sections[key].metric("median rank").value == 1.0
    control = sections["control_shuffled_pairs"].metric("R@10")
    assert control.base == pytest.approx(10 / 30)
    assert control.low <= control.base <= control.high
    assert sections["category_level_2"].metric("accuracy, plain name").value == 1.0
    for key in ("matching_any", "matching_category"):
        assert [metric.value for metric in sections[key].metrics] == [1.0, 1.0, 1.0]


def test_a_model_that_finds_everything_equal_scores_the_base_rates(constant, products):
    sections = by_key(ask(constant, held=held(products), seen=set(), seed=0))
    for key in ("text_to_picture_strict", "text_to_picture_duplicates", "matching_any"):
        for metric in sections[key].metrics:
            assert metric.value == pytest.approx(metric.base), (key, metric.name)
    kinds = sections["category_level_2"].metric("accuracy, templates")
    assert kinds.value == kinds.base == pytest.approx(1 / 3)


def test_an_interval_holds_its_value(half_right, products):
    for section in ask(half_right, held=held(products), seen={"x"}, seed=0).sections:
        for metric in section.metrics:
            assert metric.low <= metric.value <= metric.high, (section.key, metric.name)
    accuracy = section.metric("accuracy at .5") if section.key.startswith("matching") else None
    assert accuracy is not None
    assert accuracy.low < accuracy.high


def test_titles_with_a_twin_in_train_are_left_out_of_the_unseen(oracle, products):
    seen = {"word3 thing", "word4 thing"}
    section = by_key(ask(oracle, held=held(products), seen=seen, seed=0))["text_to_picture_unseen_titles"]
    assert section.questions == 28
    assert section.metric("R@1").base == pytest.approx(1 / 30)
    all_seen = ask(oracle, held=held(products), seen={f"word{n} thing" for n in range(30)}, seed=0)
    assert "text_to_picture_unseen_titles" not in by_key(all_seen)
    assert any("every held-out title" in each.reason for each in all_seen.skipped)


def test_what_a_model_cannot_do_is_said(embeds_only, products):
    findings = ask(embeds_only, held=held(products), seen=set(), seed=0)
    assert "matching_any" not in by_key(findings)
    assert ["does not look at" in each.reason for each in findings.skipped if each.title == "Image-text matching"] == [
        True
    ]
    nothing = ask(object(), held=held(products), seen=set(), seed=0)
    assert nothing.sections == []
    assert {each.title for each in nothing.skipped} == {"Search", "Category of a picture", "Image-text matching"}


def test_products_without_pairs_or_categories_are_said(oracle, products):
    texts_only = [replace(product, pictures=(), category=()) for product in products]
    findings = ask(oracle, held=held(texts_only), seen=set(), seed=0)
    assert findings.sections == []
    assert any("0 of 30 products have both" in each.reason for each in findings.skipped)


def test_the_split_is_read_from_the_catalogue_and_training_titles_beside_it(make_catalogue, products):
    trained = [replace(product, id=f"t{product.id}", split="train") for product in products[:5]]
    asked = [replace(product, split="val") for product in products]
    catalogue = make_catalogue([*trained, *asked])
    found = held_out(catalogue, split="val", seed=0)
    assert [product.id for product in found.products] == [product.id for product in asked]
    assert titles_seen([catalogue]) == {f"word{n} thing" for n in range(5)}
    with pytest.raises(ValueError, match=r"no split 'test'; it has train, val"):
        held_out(catalogue, split="test", seed=0)


def test_a_large_split_is_sampled_by_the_seed_and_counted(make_catalogue, products, monkeypatch):
    monkeypatch.setattr(heldout, "LARGEST", 10)
    catalogue = make_catalogue([replace(product, split="val") for product in products])
    found = held_out(catalogue, split="val", seed=1)
    assert (len(found.products), found.available) == (10, 30)
    assert found.rows.tolist() == held_out(catalogue, split="val", seed=1).rows.tolist()
    assert found.rows.tolist() != held_out(catalogue, split="val", seed=2).rows.tolist()


def test_a_title_twin_is_seen_through_case_and_spaces(make_catalogue, products):
    catalogue = make_catalogue([replace(products[0], titles=(Text("Camisón  ROJO", "es"),), split="train")])
    assert titles_seen([catalogue]) == {"camisón rojo"}


@pytest.fixture
def evaluation() -> Evaluation:
    section = Section("k", "Title", "A note. " * 30, 1000, (Metric("R@1", 0.1234, low=0.1, high=0.15, base=0.001),))
    return Evaluation(
        "run", "flava", 2000, "val", 1000, 1000, 0, "ab", "cd", "2026-01-01T00:00:00+00:00", (section,), (), ("A note",)
    )


def test_an_evaluation_prints_figures_with_intervals_and_base_rates(evaluation):
    text = evaluation.text()
    assert "run (flava, step 2,000) on 1,000 products of split val" in text
    assert "12.3 %   10.0 – 15.0" in text
    assert max(len(line) for line in text.splitlines()) <= 100


def test_an_evaluation_stores_itself_at_full_precision(evaluation):
    stored = json.loads(evaluation.to_json())
    assert stored["sections"][0]["metrics"][0]["value"] == 0.1234
    assert stored["schema"] == 1
    assert evaluation.section("k").metric("R@1").base == 0.001
    with pytest.raises(KeyError, match="there are k"):
        evaluation.section("other")


def test_figures_are_shown_in_their_units():
    assert shown(0.6456, unit="share") == "64.6 %"
    assert shown(0.0001, unit="share") == "0.01 %"
    assert shown(12.0, unit="rank") == "12"
    assert shown(3.4567, unit="nats") == "3.457 nats"
    assert shown(23.456, unit="dB") == "23.46 dB"
