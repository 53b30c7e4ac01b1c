from dataclasses import replace

import pytest

from vitrina.catalogue.product import Product, Text
from vitrina.tasks import search


def test_a_model_that_knows_finds_every_picture_and_every_text(oracle, products):
    pairs = [pair for product in products if (pair := search.pose(product))]
    for query in ("text", "picture"):
        found = search.answer(oracle, pairs=pairs, query=query)
        assert found.strict.recall(1).tolist() == [1.0] * 30
        assert found.top[:, 0].tolist() == list(range(30))


def test_a_model_that_finds_everything_equal_scores_chance(constant, products):
    found = search.answer(constant, pairs=[search.pose(product) for product in products], query="text")
    assert found.strict.recall(5) == pytest.approx([5 / 30] * 30)


def test_a_product_without_a_text_or_a_picture_is_no_question(products):
    assert search.pose(replace(products[0], titles=())) is None
    assert search.pose(replace(products[0], pictures=())) is None


def test_a_product_with_descriptions_alone_is_asked_by_its_first():
    product = Product(id="1", descriptions=(Text("un jarrón"), Text("a vase")), pictures=(b"x", b"y"))
    assert search.pose(product) == search.Pair("1", "un jarrón", b"x")


def test_the_same_text_under_other_case_and_spaces_is_right_only_when_duplicates_count(oracle, products):
    twin = replace(products[1], titles=(Text("WORD0  thing", "en"),), pictures=(b"elsewhere",))
    pairs = [search.pose(product) for product in (products[0], twin, *products[2:])]
    oracle_lower = type("Lower", (type(oracle),), {"_vector": lambda s, word: type(oracle)._vector(s, word.lower())})()
    found = search.answer(oracle_lower, pairs=pairs, query="text")
    assert found.strict.recall(1)[:2].tolist() == [1.0, 0.0]
    assert found.aware.recall(1)[:2].tolist() == [1.0, 1.0]
    assert found.aware.hits[:3].tolist() == [2, 2, 1]


def test_shuffled_pairs_fall_to_chance_for_a_model_that_knows(oracle, products):
    pairs = search.shuffled([search.pose(product) for product in products], seed=0)
    assert sorted(pair.picture for pair in pairs) == sorted(product.pictures[0] for product in products)
    assert search.answer(oracle, pairs=pairs, query="text").strict.recall(1).mean() <= 3 / 30
