"""Splits: families stay together, and no other row has a say."""

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vitrina.catalogue.product import Product, Text
from vitrina.catalogue.splits import draw_split, split_name, splits_of_files


@given(st.text(min_size=1), st.text(min_size=1), st.text(min_size=1), st.text(min_size=1))
def test_variants_of_one_family_are_never_cut_apart(group: str, title: str, one: str, other: str) -> None:
    first = Product(id=one, titles=(Text(title),), group=group)
    second = Product(id=other, titles=(Text(title + "!"),), group=group)
    assert draw_split(first) == draw_split(second)


def test_twins_by_title_stay_together_whatever_case_and_spaces() -> None:
    for number in range(200):
        one = Product(id=f"a{number}", titles=(Text(f"Camisa Azul {number}"),))
        other = Product(id=f"b{number}", titles=(Text(f"camisa  AZUL {number}", "es"),))
        assert draw_split(one) == draw_split(other)


def test_the_shares_are_80_10_10() -> None:
    counts = Counter(draw_split(Product(id=str(i), titles=(Text(f"product {i}"),))) for i in range(20_000))
    assert counts["train"] == pytest.approx(16_000, abs=250)
    assert counts["val"] == pytest.approx(2_000, abs=180)
    assert counts["test"] == pytest.approx(2_000, abs=180)


def test_the_split_of_a_product_never_changes_between_releases() -> None:
    by_title = [Product(id="1", titles=(Text(f"Zapatillas rojas {number}"),)) for number in range(30)]
    by_group = [Product(id="1", group=f"g-{number}") for number in range(30)]
    assert "".join(draw_split(product)[1] for product in by_title) == "rarrrraaarrrerrrrrrrrrrraeerer"
    assert "".join(draw_split(product)[1] for product in by_group) == "rrrrarrrrrrrrrrrrearrrrrrrrrar"


def test_same_pictures_without_texts_stay_together() -> None:
    for number in range(50):
        picture = (bytes([number]),)
        assert draw_split(Product(id=f"a{number}", pictures=picture)) == draw_split(Product(id="b", pictures=picture))


@pytest.mark.parametrize(
    ("word", "split"),
    [
        ("Train", "train"),
        ("valid", "val"),
        ("validation", "val"),
        ("dev", "val"),
        (" TEST ", "test"),
        ("holdout", None),
    ],
)
def test_words_for_splits_are_known(word: str, split: str | None) -> None:
    assert split_name(word) == split


@pytest.mark.parametrize(
    ("names", "stated"),
    [
        (["items_train.jsonl", "items_val.jsonl"], ["train", "val"]),
        (["test.csv", "train.csv", "validation.csv"], ["test", "train", "val"]),
        (["train-00000-of-00002.parquet", "train-00001-of-00002.parquet", "test-00000-of-00001.parquet"],
         ["train", "train", "test"]),
        (["shop.entrenamiento.tsv", "shop.prueba.tsv"], ["train", "test"]),
        (["test.csv"], [None]),
        (["train.csv"], [None]),
        (["a_val.csv", "a_test.csv"], [None, None]),
        (["shoes_train.csv", "bags_test.csv"], [None, None]),
        (["train_test.csv", "train_val.csv"], [None, None]),
        (["contest.csv", "trainers.csv"], [None, None]),
    ],
)  # fmt: skip
def test_files_state_a_split_where_they_differ_in_nothing_else(names: list[str], stated: list[str | None]) -> None:
    assert splits_of_files([Path("shop", name) for name in names]) == stated


def test_files_of_different_folders_state_no_split_together() -> None:
    assert splits_of_files([Path("a/train.csv"), Path("b/test.csv")]) == [None, None]
