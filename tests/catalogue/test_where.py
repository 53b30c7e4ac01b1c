"""Conditions: what they hold for, and what is said of those that cannot be read."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vitrina.catalogue.product import Product, Text
from vitrina.catalogue.store import Catalogue, write_catalogue
from vitrina.catalogue.where import FIELDS, matching, parse_condition

PRODUCTS = [
    Product(
        id="a/1",
        titles=(Text("Zapato", "es"), Text("Shoe", "en-GB")),
        pictures=(b"1", b"2"),
        brand="Ácme",
        category=("Clothing", "Shoes"),
        price=Decimal("12.50"),
        currency="EUR",
        attributes={"color": "Rojo", "size": "42", "Forma principal": "redonda"},
        domain="shop.es",
        group="g1",
    ),
    Product(
        id="A/2",
        titles=(Text("Boot"),),
        descriptions=(Text("Bota", "es-MX"), Text("Boot", "en")),
        brand='O"Neil',
        category=("Sports", "Shoes", "Boots"),
        price=Decimal("0.000001"),
        attributes={"color": "rojo oscuro", "size": " +7.5 "},
        split="val",
    ),
    Product(id="3", pictures=(b"3",), category=("Clothing",), attributes={"size": "XL"}, split="test"),
    Product(id="4", titles=(Text("nada", "eso"),), price=Decimal(10) ** 12, currency="USD", category=("a > b",)),
]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    """The four products, dead rows among them, in two shards."""
    folder = tmp_path_factory.mktemp("where") / "shop"
    write_catalogue(folder, [Product(id="4", brand="old"), *PRODUCTS[:2]])
    return write_catalogue(folder, PRODUCTS[2:])


CASES = {
    "id = a/1": "1",
    "id = A/2": "2",
    "id ~ A/": "12",
    "brand = Ácme": "1",
    "brand = ácme": "",
    "brand ~ 'áC'": "1",
    "brand != Ácme": "234",
    'brand = "O\\"Neil"': "2",
    "brand = 'O\"Neil'": "2",
    "brand is missing": "34",
    "brand IS Present": "12",
    "price < 12.5": "2",
    "price <= 12.5": "12",
    "price > 12.499999": "14",
    "price >= 0.000002": "14",
    "price = 12.500": "1",
    "price != 12.5": "234",
    "price is missing": "3",
    "not price < 12.5": "134",
    "price < 999999999999": "12",
    "currency = eur": "1",
    "language = es": "12",
    "language = ES-mx": "2",
    "language = en": "12",
    "language = eso": "4",
    "language ~ n-g": "1",
    "language is missing": "3",
    "language is present": "124",
    "domain = shop.es": "1",
    "group is present": "1",
    "split = train": "14",
    "split = validation or split = test": "23",
    "split != train": "23",
    "picture_count = 0": "24",
    "picture_count >= 1": "13",
    "text_count > 1": "12",
    "category = Shoes": "12",
    "category = 'Clothing > Shoes'": "1",
    "category = 'Shoes > Boots'": "",
    "category = 'Sports > Shoes'": "2",
    "category = 'Clothing>Shoes>Boots'": "",
    "category = 'a > b'": "4",
    "category ~ 'SHOE'": "12",
    "category != Clothing": "24",
    "category is missing": "",
    "attributes.color = Rojo": "1",
    "attributes.color ~ rojo": "12",
    "attributes.size > 7.4": "12",
    "attributes.size < 10": "2",
    "attributes.size = XL": "3",
    "attributes.size is present": "123",
    "attributes.'Forma principal' = redonda": "1",
    'attributes."Forma principal" is missing': "234",
    "attributes.none is missing": "1234",
    "brand is missing and price is present": "4",
    "id = 3 or id = 4 and price is missing": "3",
    "(id = 3 or id = 4) and price is missing": "3",
    "not id = 3 and not id = 4": "12",
    "not (id = 3 or id = 4)": "12",
    "not not id = 3": "3",
    "NOT(brand is missing)AND(price<1)": "2",
}


@pytest.mark.parametrize("where", CASES)
def test_a_condition_holds_for_these_products(shop: Catalogue, where: str) -> None:
    order = [product.id for product in PRODUCTS]
    found = matching(shop.facts(), where=where)
    ids = [id_ for id_, holds in zip(shop.facts()["id"].to_pylist(), found, strict=True) if holds]
    assert "".join(str(order.index(id_) + 1) for id_ in ids) == CASES[where]


def test_slices_and_empty_tables_are_understood(shop: Catalogue) -> None:
    facts = shop.facts().combine_chunks()
    for where in CASES:
        whole = matching(facts, where=where)
        for start in range(len(facts)):
            assert matching(facts.slice(start, 2), where=where).tolist() == whole[start : start + 2].tolist()
        assert matching(facts.slice(0, 0), where=where).tolist() == []


@pytest.mark.parametrize(
    ("where", "words"),
    [
        ("", r"is empty.*fields are id, brand"),
        ("colour = red", r"at position 1, before 'colour = red': expected a field: id, brand, .*attributes.NAME"),
        ("brand", r"at its end: expected an operator after brand: = != < <= > >= ~, or `is missing`"),
        ("brand == x", r"at position 8, before '= x': expected a value"),
        ("brand = ", r"at its end: expected a value"),
        ("brand = and", r"at position 9, .*expected a value"),
        ("brand is here", r"at position 10, before 'here': expected `missing` or `present`"),
        ("brand = 'x", r"at position 9, .*this quote is never closed"),
        ("brand = x y", r"at position 11, before 'y': expected `and`, `or` or the end; .* in quotes"),
        ("(brand = x", r"at its end: expected `\)`"),
        ("brand = x)", r"at position 10, before '\)': expected `and`, `or` or the end"),
        ("brand < x", r"at position 9, before 'x': brand is a text: compare it by = != or ~"),
        ("brand ~ ''", r"at position 9, .*an empty text is no fact of a product: write `is missing` or `is present`"),
        ("price ~ 3", r"price is a number and contains nothing"),
        ("price < cheap", r"at position 9, before 'cheap': price is compared with a number of at most 6 decimals"),
        ("price < 12,50", r"price is compared with a number .* such as 12.50"),
        ("price < 1e5", r"price is compared with a number"),
        ("price < 0.0000001", r"at most 6 decimals"),
        ("picture_count = many", r"picture_count is compared with a number"),
        ("attributes.size > big", r"attributes is compared with a number"),
        ("split = holdout", r"a split is train, val or test"),
        ("attributes = x", r"expected a field"),
        ("attributes.NAME", r"expected an operator"),
        ("not", r"at its end: expected a field"),
        ("and brand = x", r"at position 1, .*expected a field"),
        ("not " * 200 + "id = 3", r"more than 100 levels"),
        ("(" * 200 + "id = 3" + ")" * 200, r"more than 100 levels"),
    ],
)
def test_a_condition_that_cannot_be_read_says_where_and_why(where: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        parse_condition(where)


def test_a_long_chain_of_conditions_is_no_depth(shop: Catalogue) -> None:
    where = " or ".join(f"id = {number}" for number in range(5000))
    assert matching(shop.facts(), where=where).sum() == 2


VALUES = st.sampled_from(["Rojo", "rojo", "42", "Ácme", "redonda", "7.5"])
LEAVES: dict[str, Callable[[Product, str], bool]] = {
    "brand = {}": lambda product, value: product.brand == value,
    "brand != {}": lambda product, value: product.brand != value,
    "attributes.color = {}": lambda product, value: product.attributes.get("color") == value,
    "attributes.color ~ {}": lambda product, value: value.lower() in product.attributes.get("color", "").lower(),
    "category = {}": lambda product, value: value in product.category,
}
Case = tuple[str, Callable[[Product], bool]]


def joined(parts: tuple[Case, str, Case]) -> Case:
    (left, left_holds), word, (right, right_holds) = parts
    if word == "and":
        return f"({left} and {right})", lambda product: left_holds(product) and right_holds(product)
    return f"({left} or {right})", lambda product: left_holds(product) or right_holds(product)


LEAF = st.tuples(st.sampled_from(list(LEAVES)), VALUES).map(
    lambda pair: (pair[0].format(f'"{pair[1]}"'), lambda product: LEAVES[pair[0]](product, pair[1]))
)
TREE = st.recursive(
    LEAF,
    lambda inner: (
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(joined)
        | inner.map(lambda case: (f"not {case[0]}", lambda product: not case[1](product)))
    ),
    max_leaves=6,
)


@settings(max_examples=60, deadline=None)
@given(case=TREE)
def test_and_or_and_not_mean_what_they_mean_in_python(shop: Catalogue, case: Case) -> None:
    where, holds = case
    products = shop.read(range(len(shop)), pictures="none")
    assert matching(shop.facts(), where=where).tolist() == [holds(product) for product in products]


def test_every_field_of_the_list_can_be_asked_for(shop: Catalogue) -> None:
    for field in FIELDS:
        matching(shop.facts(), where=f"{field} is missing")


def test_counts_are_never_missing(shop: Catalogue) -> None:
    assert not matching(shop.facts(), where="picture_count is missing or text_count is missing").any()


def test_facts_of_an_empty_catalogue_match_nothing(tmp_path: Path) -> None:
    assert matching(write_catalogue(tmp_path / "shop", []).facts(), where="brand is missing").tolist() == []


def test_a_huge_condition_is_not_repeated_whole() -> None:
    where = " or ".join(f"id = {number}" for number in range(2000)) + " or brnd = Acme"
    with pytest.raises(ValueError, match="before 'brnd = Acme'") as raised:
        parse_condition(where)
    assert len(str(raised.value)) < 600
