"""WooCommerce: variations find their parents, and say only what they are asked to."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from catalogue.shop_exports import WOO, WOO_SPANISH, table
from catalogue.test_shops import drafts

from vitrina.catalogue.readers import find_readers
from vitrina.catalogue.rows import Draft

MORE = ["Attribute 2 name", "Attribute 2 value(s)"]
ADDED = ["Meta: origen", "Meta: _secret", "Fabricado en", "Purchase note", "Download 1 URL"]
COLUMNS = [*WOO, *ADDED, *MORE]


def read(folder: Path, *rows: dict[str, str]) -> dict[str, Draft]:
    path = folder / "wc-product-export.csv"
    path.write_text(table(COLUMNS, rows), encoding="utf-8")
    return {each.product.id: each for each in drafts(path)}


def attributes(*values: str) -> dict[str, str]:
    """`Color`, its values, and a second attribute with its."""
    return dict(zip(["Attribute 1 name", "Attribute 1 value(s)", *MORE], values, strict=False))


HOODIE = {
    "ID": "12", "Type": "variable", "SKU": "HOOD", "Name": "Hoodie", "Description": "Warm\\nand soft", "Published": "1",
    "Categories": "Clothes, Clothes > Hoodies, Sale", "Images": "all.jpg, back.jpg",
    **attributes("Color", "Red, Blue", "Material", "Cotton\\, organic, Wool"),
}  # fmt: skip


def variation(id_: str, color: str, **more: str) -> dict[str, str]:
    return {
        "ID": id_,
        "Type": "variation",
        "Name": f"Hoodie - {color}",
        "Parent": "id:12",
        **attributes("Color", color),
        **more,
    }


def test_variations_take_from_their_parent_what_they_do_not_say(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        variation("14", "Blue", **{"Regular price": "45", "Images": "blue.jpg", "SKU": "H-B"}),
        HOODIE,
        variation("13", "Red", **{"Regular price": "45", "Sale price": "40", "Description": "Very red"}),
    )
    assert list(found) == ["12/blue", "12/red"]
    red, blue = found["12/red"], found["12/blue"]
    assert [text.text for text in red.product.titles] == ["Hoodie"]
    assert [text.text for text in red.product.descriptions] == ["Warm and soft", "Very red"]
    assert red.product.category == ("Clothes", "Hoodies")
    assert red.product.group == blue.product.group == "12"
    assert red.pictures == ("all.jpg", "back.jpg")
    assert blue.pictures == ("blue.jpg", "all.jpg", "back.jpg")
    assert (red.product.price, red.product.attributes["regular_price"]) == (Decimal(40), "45")
    assert (red.product.attributes["Color"], red.product.attributes["Material"]) == ("Red", "Cotton, organic, Wool")
    assert red.product.attributes["other_categories"] == "Clothes, Sale"
    assert "sku" not in red.product.attributes and blue.product.attributes["sku"] == "H-B"


def test_a_parent_is_found_by_its_sku_too(tmp_path: Path) -> None:
    found = read(tmp_path, HOODIE, variation("13", "Red") | {"Parent": "HOOD"}, variation("14", "Blue"))
    assert sorted(found) == ["12/blue", "12/red"]


def test_a_variable_product_without_variations_is_one_product(tmp_path: Path) -> None:
    (found,) = read(tmp_path, HOODIE).values()
    assert (found.product.id, found.product.group, found.product.attributes["Color"]) == ("12", None, "Red, Blue")
    assert found.product.attributes["sku"] == "HOOD"


def test_a_variation_whose_parent_is_missing_is_kept(tmp_path: Path) -> None:
    (found,) = read(tmp_path, variation("13", "Red", **{"Regular price": "45", "Images": "red.jpg"})).values()
    assert (found.product.id, found.product.group) == ("13", "id:12")
    assert found.product.titles[0].text == "Hoodie - Red"
    assert (found.product.attributes["Color"], found.pictures) == ("Red", ("red.jpg",))


def test_sizes_are_one_product_with_the_lowest_price(tmp_path: Path) -> None:
    shoe = HOODIE | attributes("Talla", "40, 41")
    sizes = [variation(str(n), "") | attributes("Talla", str(n)) | {"Regular price": f"{n},90"} for n in (41, 40)]
    (found,) = read(tmp_path, shoe, *sizes).values()
    assert (found.product.id, found.product.price) == ("12", Decimal("40.90"))
    assert (found.product.attributes["Talla"], found.product.attributes["highest_price"]) == ("41, 40", "41,90")


@pytest.mark.parametrize(("published", "status"), [("1", "active"), ("0", "private"), ("-1", "draft")])
def test_private_and_draft_products_are_kept_and_say_so(tmp_path: Path, published: str, status: str) -> None:
    row = {"ID": "1", "Type": "simple", "Name": "Mug", "Published": published, "Visibility in catalog": "hidden"}
    (found,) = read(tmp_path, row).values()
    assert (found.product.attributes["status"], found.product.attributes["visibility"]) == (status, "hidden")


def test_texts_that_look_like_formulas_lose_their_guard(tmp_path: Path) -> None:
    (found,) = read(tmp_path, {"SKU": "M", "Type": "simple", "Name": "'-5° freezer", "In stock?": "0"}).values()
    assert (found.product.id, found.product.titles[0].text) == ("M", "-5° freezer")
    assert found.product.attributes["availability"] == "out_of_stock"


def rest(folder: Path, *objects: dict[str, Any]) -> list[Draft]:
    path = folder / "products.json"
    path.write_text(json.dumps(objects))
    return drafts(path)


MUG = {"id": 7, "name": "Mug", "permalink": "https://s.es/mug", "images": [{"src": "a.jpg"}]}


def test_the_window_of_a_shop_says_prices_in_cents_and_their_currency(tmp_path: Path) -> None:
    prices = {"price": "1250", "regular_price": "1500", "currency_code": "EUR", "currency_minor_unit": 2}
    yen = {"price": "1250", "regular_price": "1250", "currency_code": "JPY", "currency_minor_unit": 0}
    cups = {"attributes": [{"name": "Color", "terms": [{"name": "Red"}, {"name": "Blue"}]}], "is_in_stock": False}
    first, second = rest(tmp_path, {**MUG, "prices": prices, **cups}, {**MUG, "id": 8, "prices": yen})
    assert (first.product.price, first.product.currency) == (Decimal("12.50"), "EUR")
    assert first.product.attributes == {"Color": "Red, Blue", "availability": "out_of_stock", "regular_price": "15.00"}
    assert (second.product.price, second.product.currency) == (Decimal(1250), "JPY")


def test_variations_among_the_products_find_their_parents(tmp_path: Path) -> None:
    parent = {
        **MUG,
        "type": "variable",
        "regular_price": "",
        "attributes": [{"name": "Color", "options": ["Red", "Blue"]}],
    }
    red = {
        "id": 71, "parent_id": 7, "name": "Red", "permalink": "", "image": {"src": "red.jpg"}, "images": [],
        "regular_price": "5.000", "attributes": [{"name": "Color", "option": "Red"}],
    }  # fmt: skip
    (found,) = rest(tmp_path, parent, red)
    assert (found.product.id, found.product.price, found.pictures) == ("7/red", Decimal("5.000"), ("red.jpg", "a.jpg"))


def test_the_progress_of_a_file_reaches_its_end(tmp_path: Path) -> None:
    path = tmp_path / "wc-product-export.csv"
    path.write_text(table(COLUMNS, [variation("13", "Red"), HOODIE, variation("99", "Green") | {"Parent": "id:98"}]))
    (reader,) = find_readers(path)
    assert [row.position for row in reader.rows()][-1] == path.stat().st_size


def test_columns_that_somebody_added_are_attributes_and_machinery_is_not(tmp_path: Path) -> None:
    row = {"ID": "1", "Type": "simple", "Name": "Mug", "Stock": "3", **dict.fromkeys(ADDED, "x")}
    (found,) = read(tmp_path, row).values()
    assert found.product.attributes == {"Meta: origen": "x", "Fabricado en": "x"}


@pytest.mark.parametrize("columns", [WOO, list(WOO_SPANISH.values())], ids=["English", "Spanish"])
def test_every_column_of_the_export_itself_is_known(tmp_path: Path, columns: list[str]) -> None:
    path = tmp_path / "export.csv"
    needed = {"ID": "1", "Type": "simple", "Tipo": "simple", "Name": "Mug", "Nombre": "Mug"}
    path.write_text(table(columns, [{name: needed.get(name, "1") for name in columns}]))
    (found,) = drafts(path)
    assert {"1"} == {
        value for name, value in found.product.attributes.items() if name not in ("status", "availability")
    }
    assert set(found.product.attributes) <= {
        "1", "tags", "weight", "visibility", "status", "sku", "barcode", "availability"
    }  # fmt: skip
