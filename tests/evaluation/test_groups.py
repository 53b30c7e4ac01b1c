"""Figures per business domain and per language."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest

from vitrina.catalogue.product import Text
from vitrina.evaluation import groups
from vitrina.evaluation.evaluation import Evaluation, Group, Metric, Section
from vitrina.evaluation.groups import UNSTATED, grouping, language_of, too_small
from vitrina.evaluation.heldout import HeldOut, held_out
from vitrina.evaluation.questions import ask

DOMAINS = ("fashion", "toys")


@pytest.fixture(autouse=True)
def small_groups(monkeypatch):
    """Groups of nine questions are shown."""
    monkeypatch.setattr(groups, "LEAST", 9)


def in_groups(products, *, toys: int = 10, spanish: int = 12) -> HeldOut:
    """The first `spanish` products speak Spanish, the last `toys` are toys; categories belong to one domain each."""
    told = []
    for number, product in enumerate(products):
        domain = DOMAINS[number >= len(products) - toys]
        language = "es-MX" if number < spanish else "en"
        category = ("Shop", f"{domain} {number % 3}")
        pictures = (f"word{number} {domain}".encode(),)
        titles = (Text(product.titles[0].text, language),)
        told.append(replace(product, titles=titles, domain=domain, category=category, pictures=pictures))
    return HeldOut("val", np.arange(len(told)), told, [each.domain or "" for each in told], available=len(told))


def sections(model, held):
    return {section.key: section for section in ask(model, held=held, seen={"x"}, seed=0).sections}


def test_questions_are_grouped_where_there_are_several_groups_and_enough_questions():
    found = grouping(["b"] * 9 + ["a"] * 12 + ["c"] * 8, by="domain")
    assert found is not None and found.names == ["a", "b"]
    assert {name: chosen.tolist() for name, chosen in found.groups()} == {
        "a": list(range(9, 21)),
        "b": list(range(9)),
    }
    assert (found.numbers == -1).sum() == 8
    assert grouping(["a"] * 100, by="domain") is None
    assert grouping(["a"] * 8 + ["b"] * 8, by="domain") is None
    assert grouping([], by="language") is None


@pytest.mark.parametrize(
    ("code", "name"), [("es-MX", "es"), ("es_MX", "es"), ("EN", "en"), (None, UNSTATED), ("", UNSTATED)]
)
def test_a_language_is_that_of_its_regions(code, name):
    assert language_of(Text("silla", code)) == name


def test_searches_are_measured_by_domain_among_all_rows_and_among_its_own(half_right, products):
    section = sections(half_right, in_groups(products))["text_to_picture_strict"]
    for name, count in (("fashion", 20), ("toys", 10)):
        group = section.group(name, by="domain")
        assert group.questions == count
        assert group.metric("R@1").base == pytest.approx(1 / 30)
        assert group.metric("R@1 in the domain").base == pytest.approx(1 / count)
        assert group.metric("R@5 in the domain").value >= group.metric("R@5").value
        for metric in group.metrics:
            assert metric.low <= metric.value <= metric.high
    assert [metric.name for metric in section.shown(section.group("toys", by="domain"))] == [
        "R@10",
        "R@10 in the domain",
    ]


@pytest.mark.parametrize("by", ["domain", "language"])
@pytest.mark.parametrize("key", ["text_to_picture_strict", "picture_to_text_duplicates"])
def test_the_whole_is_the_mean_of_its_groups(half_right, products, by, key):
    section = sections(half_right, in_groups(products))[key]
    mine = [group for group in section.groups if group.by == by]
    assert sum(group.questions for group in mine) == section.questions == 30
    for name in ("R@1", "R@5", "R@10", "MRR"):
        mean = sum(group.metric(name).value * group.questions for group in mine) / 30
        assert mean == pytest.approx(section.metric(name).value)


def test_a_languages_queries_search_all_rows(oracle, products):
    section = sections(oracle, in_groups(products))["picture_to_text_strict"]
    spanish = section.group("es", by="language")
    assert (spanish.questions, spanish.metric("R@1").value) == (12, 1.0)
    assert spanish.metric("R@1").base == pytest.approx(1 / 30)
    assert not [metric for metric in spanish.metrics if "in the domain" in metric.name]
    with pytest.raises(KeyError, match=r"no language 'fr'.*there are en, es"):
        section.group("fr", by="language")


def test_a_model_that_finds_everything_equal_scores_the_base_rates_of_every_group(constant, products):
    for section in sections(constant, in_groups(products)).values():
        for group in section.groups:
            for metric in group.metrics:
                if section.key.endswith("_strict"):
                    assert metric.value == pytest.approx(metric.base), (section.key, group.name, metric.name)


def test_categories_are_answered_among_all_names_and_among_the_domains_own(constant, oracle, products):
    held = in_groups(products)
    section = sections(constant, held)["category_level_2"]
    fashion, toys = (section.group(name, by="domain") for name in DOMAINS)
    # Equal scores go to the first name: one of fashion's three, but among its own names one of the toys'.
    assert fashion.metric("accuracy, templates").value == pytest.approx(7 / 20)
    assert toys.metric("accuracy, templates").value == 0.0
    assert toys.metric("accuracy, templates in the domain").value > 0.2
    assert fashion.metric("accuracy, templates").base == pytest.approx(7 / 20)
    assert {group.by for group in section.groups} == {"domain"}
    known = sections(oracle, held)["category_level_2"]
    assert known.group("toys", by="domain").questions == 10


def test_a_domain_of_one_category_is_not_asked_among_its_own(oracle, products):
    held = in_groups(products)
    alike = [replace(each, category=("Shop", "toys")) if each.domain == "toys" else each for each in held.products]
    section = sections(oracle, replace(held, products=alike))["category_level_2"]
    assert not [each for each in section.group("toys", by="domain").metrics if "in the domain" in each.name]


def test_a_split_of_one_domain_and_language_has_no_groups(half_right, products):
    for section in sections(half_right, in_groups(products, toys=0, spanish=0)).values():
        assert section.groups == () and section.main == ()
        assert "in the domain" not in section.note


def test_groups_too_small_to_be_shown_are_named(products):
    held = in_groups(products, toys=4, spanish=30)
    assert too_small(held.products, domains=held.domains) == {"domain": ["toys (4)"]}
    assert too_small(held.products, domains=["one"] * 30) == {}


def test_a_held_out_product_without_a_domain_belongs_to_its_catalogues_folder(make_catalogue, products):
    told = [replace(each, split="val", domain="toys" if n < 3 else None) for n, each in enumerate(products)]
    assert held_out(make_catalogue(told), split="val", seed=0).domains == ["toys"] * 3 + ["catalogue"] * 27


def test_groups_are_printed_in_lines_that_fit_and_stored_whole():
    def metric(name: str) -> Metric:
        return Metric(name, 0.5, low=0.25, high=0.75, base=1 / 3)

    many = [Group("domain", name, 1234, (metric("R@1"), metric("R@10"), metric("R@10 in the domain")))
            for name in ("fashion", "a domain whose name is longer than any line could hold")]  # fmt: skip
    section = Section("k", "Title", "Note.", 2468, (metric("R@10"),), tuple(many), main=("R@10", "R@10 in the domain"))
    found = Evaluation("run", "flava", 1, "val", 9, 9, 0, "ab", "cd", "2026-01-01", (section,), (), ())
    text = found.text()
    assert "fashion (1,234): R@10 in the domain" in text and "fashion (1,234): R@1 " not in text
    assert "a domain whose name is … (1,234): R@10 in the domain" in text
    assert max(map(len, text.splitlines())) <= 100
    stored = json.loads(found.to_json())["sections"][0]["groups"][0]
    assert [each["name"] for each in stored["metrics"]] == ["R@1", "R@10", "R@10 in the domain"]
    assert math.isclose(stored["metrics"][0]["base"], 1 / 3)
