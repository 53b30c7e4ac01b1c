from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vitrina.inspection import text_rules
from vitrina.inspection.shingles import FEWEST_COMMON, likeness, signatures
from vitrina.inspection.stated_prices import amount_at, states_price
from vitrina.inspection.text_rules import broken_rules, sentences


def rules(text: str, *, kind: str = "description", titles: frozenset[str] = frozenset()) -> int:
    return sum(broken_rules(text, kind=kind, titles=titles, words=len(text.split())))


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("CafÃ© molido con leche", text_rules.MOJIBAKE),
        ("it\u2019s the shop\u00e2\u20ac\u2122s best", text_rules.MOJIBAKE),
        ("soft <b>cotton", text_rules.HTML),
        ("bread &amp; butter", text_rules.HTML),
        ("BUY NOW THIS GREAT SHIRT", text_rules.SHOUTING),
        ("--", text_rules.EMPTY),
        ("word " * 401, text_rules.LONG),
    ],
)
def test_each_fault_is_named_and_nothing_else(text: str, rule: int):
    assert rules(text) == rule


@pytest.mark.parametrize(
    "text", ["Café à la crème", "Ángel Ñandú", "LED TV 40 in", "a < b and c > d", "R&D kit", "São João"]
)
def test_good_texts_break_no_rule(text: str):
    assert rules(text) == 0


def test_a_description_that_is_the_title_again_is_found():
    assert rules("red  MUG", titles=frozenset({"red mug"})) == text_rules.SAME_AS_TITLE


@pytest.mark.parametrize(
    "text", ["-", "n/a", "Test", "xxx", "(no description)", "Ver foto", "sin descripción.", "NULL"]
)
def test_what_stands_in_for_a_text_says_nothing(text: str):
    assert rules(text) == text_rules.EMPTY


@pytest.mark.parametrize("text", ["Test kit for pools", "Ver foto de la taza", "No name soap dish", "mug"])
def test_words_of_stand_ins_within_a_text_are_no_fault(text: str):
    assert not rules(text) & text_rules.EMPTY


def test_sentences_level_their_numbers():
    assert sentences("30 days of guarantee. Free Shipping here!") == ["0 days of guarantee", "Free Shipping here"]


@pytest.mark.parametrize(
    ("text", "price"),
    [
        ("now for 1.190,00 EUR", "1190"),
        ("Rs.11,90,000 only", "1190000"),
        ("costs 1 190,- kr", "1190"),
        ("precio: 12,5", "12.50"),
        ("only $9.99 today", "9.99"),
        ("bought for 899 here", "899"),
        ("£3", "3"),
    ],
)
def test_the_own_price_is_found_however_it_is_written(text: str, price: str):
    assert amount_at(text, Decimal(price)) is not None


@pytest.mark.parametrize(
    ("text", "price"), [("pack of 12", "12"), ("$13 for 12", "1"), ("18990", "1899"), ("1.190", "119")]
)
def test_other_numbers_are_not_the_price(text: str, price: str):
    assert amount_at(text, Decimal(price)) is None


@given(st.integers(100, 10**7), st.sampled_from(["{:,}", "{:,}.00", "{}", "{}.00", "Rs. {:,}", "{:,} €"]))
def test_every_price_is_found_in_its_own_writing(price: int, form: str):
    text = "it is " + form.format(price) + " in all"
    assert amount_at(text, Decimal(price)) is not None
    assert amount_at(text.replace(",", "·").replace(".", ",").replace("·", "."), Decimal(price)) is not None


@pytest.mark.parametrize("text", ["Rs.899", "₹ 1,200", "12 €", "9.99 EUR", "$5", "precio 3", "Preis: 20", "150 kr"])
def test_a_stated_price_is_seen(text: str):
    assert states_price(text)


@pytest.mark.parametrize(
    "text", ["500 g, 2 pieces", "ContainersRS 1", "Intel i5 2400", "40 x 30 cm", "euro style 2010"]
)
def test_sizes_and_numbers_are_no_prices(text: str):
    assert not states_price(text)


def test_alike_texts_share_a_band_and_unlike_ones_do_not():
    base = "This curtain enhances the look of the interiors and is made from high quality polyester fabric. " * 3
    texts = [base + "Buy it now in blue.", base + "Buy it now in red.", "Something else entirely about a steel pan."]
    found = signatures([*texts, "short"])
    assert likeness(texts[0], texts[1]) > 0.8 > likeness(texts[0], texts[2])
    assert (found.bands[0] == found.bands[1]).any()
    assert not (found.bands[0] == found.bands[2]).any()
    common = (found.sketches[0] == found.sketches).sum(1)
    assert common[1] >= FEWEST_COMMON > common[2]
    assert found.is_long.tolist() == [True, True, True, False]


@given(st.lists(st.text(min_size=24, max_size=80), min_size=1, max_size=6))
def test_a_signature_is_of_the_text_alone(texts: list[str]):
    together = signatures(texts).bands
    assert np.array_equal(together, np.concatenate([signatures([text]).bands for text in texts]))
