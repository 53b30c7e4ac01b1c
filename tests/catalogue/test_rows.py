"""Rows: a shop's values become clean facts, and what cannot be what its column says is refused."""

from decimal import Decimal

import pytest

from vitrina.catalogue.columns import find_columns
from vitrina.catalogue.product import Product, Text
from vitrina.catalogue.rows import Draft, RowError, clean, read_row


def draft(**values: object) -> Draft:
    return read_row(values, columns=find_columns(list(values), overrides={}), fallback_id="file-1")


def product(**values: object) -> Product:
    return draft(**values).product


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("  Red\tmug\n", "Red mug"),
        ("Red\x00 mug\x1b\u200b", "Red mug"),
        ("Caf&eacute; &amp; t&eacute;", "Café & té"),
        ("<p>Algodón <b>100%</b></p><ul><li>Azul</li><li>Rojo</li></ul>", "Algodón 100% Azul Rojo"),
        ("<style>p {x}</style>Hola<!-- no -->", "Hola"),
        ("talla < 40 y > 36", "talla < 40 y > 36"),
        ("lone \ud800 surrogate", "lone surrogate"),
        ("\x00 \n", None),
        ("", None),
        ("NaN", None),
        ("null", None),
    ],
)
def test_texts_are_cleaned_and_empty_ones_absent(text: str, cleaned: str | None) -> None:
    assert clean(text) == cleaned


def test_a_full_row_becomes_a_product() -> None:
    found = product(
        sku=17, title="Mug", description_es="Taza", lang="en", price="12,50 €", brand="Acme", category="Home > Mugs",
        parent_sku="m", split="valid", colour="red", stock=3, ok=True, weight=1.0, tags=["a", "b"],
    )  # fmt: skip
    assert found == Product(
        id="17",
        titles=(Text("Mug", "en"),),
        descriptions=(Text("Taza", "es"),),
        brand="Acme",
        category=("Home", "Mugs"),
        price=Decimal("12.50"),
        currency="EUR",
        attributes={"colour": "red", "stock": "3", "ok": "true", "weight": "1", "tags": "a, b"},
        group="m",
        split="val",
    )


@pytest.mark.parametrize(
    ("value", "path"),
    [
        (["A", "B"], ("A", "B")),
        ('["A", "B / C"]', ("A", "B / C")),
        ("['A', 'B']", ("A", "B")),
        ("A > B>C", ("A", "B", "C")),
        ("A &gt; B", ("A", "B")),
        ('["A >> B >> C"]', ("A", "B", "C")),
        ("A/B", ("A", "B")),
        ("A | B/C", ("A", "B/C")),
        ("A/B > C", ("A/B", "C")),
        ("A > B, A > C", ("A", "B")),
        ("Default/Gear,Default/Gear/Bags", ("Default", "Gear")),
        ("A, B > C, D", ("A, B", "C, D")),
        (["Tops / Tees"], ("Tops / Tees",)),
        (["A > B"], ("A", "B")),
        ([["A", "B"], ["C"]], ("A", "B")),
        (7, ("7",)),
        (None, ()),
        ("", ()),
        ([], ()),
    ],
)
def test_categories_are_paths_however_they_are_written(value: object, path: tuple[str, ...]) -> None:
    assert product(id="1", category=value).category == path


def test_levels_of_a_category_are_not_cut_further() -> None:
    found = product(id="1", master_category="Apparel", category="Tops/Tees", article_type=None)
    assert found.category == ("Apparel", "Tops/Tees")


def test_a_column_that_repeats_a_level_of_the_category_is_no_attribute() -> None:
    found = product(id="1", category="Watches", category_path=["Watches", "Wrist"], colour="Watches")
    assert found.attributes == {"colour": "Watches"}


def test_texts_of_several_columns_lists_and_languages_are_kept_once() -> None:
    found = product(id="1", title="Mug", description=["A mug", "a MUG ", "Mug"], short_description="Short", caption="")
    assert found.descriptions == (Text("A mug"), Text("Short"))
    by_language = product(id="1", title={"en": "Mug", "es": "Taza"})
    assert by_language.titles == (Text("Mug", "en"), Text("Taza", "es"))


@pytest.mark.parametrize(
    ("value", "pictures"),
    [
        ("a.jpg", ("a.jpg",)),
        (["a.jpg", "b.jpg", "a.jpg"], ("a.jpg", "b.jpg")),
        ('["a.jpg", "b.jpg"]', ("a.jpg", "b.jpg")),
        ("a.jpg|b.png", ("a.jpg", "b.png")),
        ("a.jpg; b.jpg", ("a.jpg", "b.jpg")),
        ("a.jpg, b.jpg", ("a.jpg", "b.jpg")),
        ("red, small.jpg", ("red, small.jpg",)),
        (["red, small.jpg", "b,c.jpg"], ("red, small.jpg", "b,c.jpg")),
        ("https://s.es/w_4,h_4/a.jpg", ("https://s.es/w_4,h_4/a.jpg",)),
        ("https://s.es/a.jpg,https://s.es/b", ("https://s.es/a.jpg", "https://s.es/b")),
        ("https://s.es/a.jpg https://s.es/b", ("https://s.es/a.jpg", "https://s.es/b")),
        ("https://s.es/a.jpg, https://s.es/w_4,h_4/b", ("https://s.es/a.jpg", "https://s.es/w_4,h_4/b")),
        ("https://s.es/a.jpg|fotos/b b.jpg", ("https://s.es/a.jpg", "fotos/b b.jpg")),
        ("fotos/b.jpg, https://s.es/w_4,h_4", ("fotos/b.jpg, https://s.es/w_4,h_4",)),
        ("fotos/b.jpg; https://s.es/a?id=4", ("fotos/b.jpg", "https://s.es/a?id=4")),
        ("https://s.es/red mug, blue.jpg", ("https://s.es/red mug, blue.jpg",)),
        ("https://s.es/a.jpg,b.jpg", ("https://s.es/a.jpg,b.jpg",)),
        ({"bytes": b"x", "path": "a.jpg"}, (b"x",)),
        ({"bytes": None, "path": "a.jpg"}, ("a.jpg",)),
        ([{"bytes": b"x"}, {"bytes": b"y"}], (b"x", b"y")),
        (b"x", (b"x",)),
        (None, ()),
        ("", ()),
    ],
)
def test_pictures_are_found_however_they_are_written(value: object, pictures: tuple[bytes | str, ...]) -> None:
    assert draft(id="1", title="t", image=value).pictures == pictures


@pytest.mark.parametrize(
    ("values", "amount", "currency"),
    [
        ({"price": 12.5, "currency": "eur"}, "12.5", "EUR"),
        ({"price": "$12", "currency": "MXN"}, "12", "MXN"),
        ({"price": {"value": "12", "currency": "USD"}}, "12", "USD"),
        ({"price_gbp": 3}, "3", "GBP"),
        ({"price": "12", "currency": "¿?"}, "12", None),
    ],
)
def test_prices_take_their_currency_from_where_it_stands(
    values: dict[str, object], amount: str, currency: str | None
) -> None:
    found = product(id="1", title="t", **values)
    assert (found.price, found.currency) == (Decimal(amount), currency)


@pytest.mark.parametrize("value", ["ask us", -3, "10-20", [1, 2], True])
def test_a_price_that_is_none_is_told_and_never_zero(value: object) -> None:
    found = draft(id="1", title="t", price=value, currency="EUR")
    assert found.bad_price is not None
    assert (found.product.price, found.product.currency) == (None, None)


@pytest.mark.parametrize("value", [None, "", "  ", "NaN", float("nan"), "-"])
def test_a_missing_price_is_no_problem(value: object) -> None:
    found = draft(id="1", title="t", price=value, currency="EUR")
    assert (found.bad_price, found.product.price, found.product.currency) == (None, None, None)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"id": None, "title": "t"}, "no id"),
        ({"id": " ", "title": "t"}, "no id"),
        ({"id": ["a", "b"], "title": "t"}, "wrong type"),
        ({"id": "1", "title": {"a": {"b": 1}}}, "wrong type"),
        ({"id": "1", "title": [["t"]]}, "wrong type"),
        ({"id": "1", "title": "t", "brand": {"a": 1}}, "wrong type"),
        ({"id": "1", "title": "t", "category": [{"a": 1}, {"b": 2}]}, "wrong type"),
        ({"id": "1", "title": "t", "split": "holdout"}, "unknown split"),
    ],
)
def test_a_row_that_cannot_be_a_product_is_refused(values: dict[str, object], reason: str) -> None:
    with pytest.raises(RowError) as refusal:
        draft(**values)
    assert refusal.value.reason == reason


def test_without_a_column_of_ids_the_place_in_the_file_is_the_id() -> None:
    assert product(title="t").id == "file-1"


def test_attributes_of_an_object_stand_by_their_own_names() -> None:
    found = product(id="1", title="t", attributes={"Dial": "Round", "n": 2, "none": None}, size={"cm": 3, "in": "1"})
    assert found.attributes == {"Dial": "Round", "n": "2", "size.cm": "3", "size.in": "1"}
    assert product(id="1", title="t", attributes='{"Dial": "Round"}').attributes == {"Dial": "Round"}


def test_what_holds_for_every_product_is_overruled_by_a_row() -> None:
    always = {"currency": "=EUR", "language": "=es", "split": "=val", "brand": "=Acme", "domain": "=hogar"}
    columns = find_columns(["title", "price", "lang", "brand", "split"], overrides=always)
    silent = read_row({"title": "Taza", "price": "3"}, columns=columns, fallback_id="1")
    assert (silent.product.price, silent.product.currency, silent.has_split) == (Decimal(3), "EUR", True)
    assert (silent.product.brand, silent.product.domain, silent.product.split) == ("Acme", "hogar", "val")
    assert silent.product.titles == (Text("Taza", "es"),)
    row = {"title": "Mug", "price": "$3 USD", "lang": "en", "brand": "Other", "split": "test"}
    spoken = read_row(row, columns=columns, fallback_id="2").product
    assert (spoken.currency, spoken.brand, spoken.split, spoken.titles) == (
        "USD",
        "Other",
        "test",
        (Text("Mug", "en"),),
    )
    assert read_row({"title": "Taza"}, columns=columns, fallback_id="3").product.currency is None
