"""Shopify: variants become what a customer sees, and nothing that the shop says of a product is lost."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from catalogue.shop_exports import SHOPIFY_OLD, table
from catalogue.test_shops import drafts

from vitrina.catalogue.product import Product, Text
from vitrina.catalogue.readers import BadRow, find_readers
from vitrina.catalogue.rows import Draft


def read(folder: Path, *rows: dict[str, str]) -> list[Draft]:
    """The products of an export; what a row says by its short name stands in the column with the long one."""
    short = {
        "name1": "Option1 Name", "value1": "Option1 Value", "name2": "Option2 Name", "value2": "Option2 Value",
        "price": "Variant Price", "was": "Variant Compare At Price", "sku": "Variant SKU", "own": "Variant Image",
        "image": "Image Src", "place": "Image Position", "handle": "Handle", "title": "Title",
    }  # fmt: skip
    path = folder / "products_export_1.csv"
    full = [{"Handle": "h", **{short.get(name, name): cell for name, cell in row.items()}} for row in rows]
    path.write_text(table([*SHOPIFY_OLD, "Material (product.metafields.custom.material)"], full), encoding="utf-8")
    return drafts(path)


def products(folder: Path, *rows: dict[str, str]) -> list[Product]:
    return [each.product for each in read(folder, *rows)]


@pytest.mark.parametrize("size", ["Size", "Talla", "Talla EU", "Tamaño", "SIZE (UK)", "Waist Size"])
def test_variants_that_differ_in_size_are_one_product(tmp_path: Path, size: str) -> None:
    (found,) = products(
        tmp_path,
        {"title": "Tee", "name1": size, "value1": "S", "price": "10.00", "sku": "T-S"},
        {"value1": "M", "price": "10.00", "sku": "T-M"},
        {"value1": "XL", "price": "12.00", "sku": "T-XL"},
    )
    assert (found.id, found.group, found.price) == ("h", None, Decimal("10.00"))
    assert found.attributes[size] == "S, M, XL"
    assert found.attributes["sku"] == "T-S, T-M, T-XL"
    assert found.attributes["highest_price"] == "12.00"


def test_colours_are_products_of_one_group_with_their_own_sizes_pictures_and_price(tmp_path: Path) -> None:
    rows = [
        {"title": "Tee", "name1": "Colour", "name2": "Size", "value1": "Red", "value2": "S", "price": "9.00",
         "own": "r.jpg", "image": "all.jpg", "place": "1"},
        {"value1": "Red", "value2": "M", "price": "8.00", "was": "9.00", "own": "r.jpg", "image": "r.jpg",
         "place": "2"},
        {"value1": "Sky  Blue", "value2": "M", "price": "7.00", "own": "b.jpg", "image": "b.jpg", "place": "3"},
    ]  # fmt: skip
    red, blue = read(tmp_path, *rows)
    assert (red.product.id, blue.product.id) == ("h/red", "h/sky-blue")
    assert red.product.group == blue.product.group == "h"
    assert red.pictures == ("r.jpg", "all.jpg")
    assert blue.pictures == ("b.jpg", "all.jpg")
    assert (red.product.price, blue.product.price) == (Decimal("8.00"), Decimal("7.00"))
    assert red.product.attributes == {
        "Colour": "Red", "Size": "S, M", "regular_price": "9.00", "highest_price": "9.00"
    }  # fmt: skip
    assert blue.product.attributes == {"Colour": "Sky  Blue".replace("  ", " "), "Size": "M"}


def test_sizes_with_pictures_of_their_own_are_products(tmp_path: Path) -> None:
    rows = [
        {"title": "Oil", "name1": "Size", "value1": "1 L", "price": "5", "own": "one.jpg"},
        {"value1": "5 L", "price": "20", "own": "five.jpg"},
    ]
    found = read(tmp_path, *rows)
    assert [(each.product.id, each.pictures) for each in found] == [("h/1-l", ("one.jpg",)), ("h/5-l", ("five.jpg",))]


def test_a_product_without_options_keeps_its_handle_and_no_placeholder(tmp_path: Path) -> None:
    (found,) = products(tmp_path, {"title": "Mug", "name1": "Title", "value1": "Default Title", "price": "5"})
    assert (found.id, found.group, dict(found.attributes)) == ("h", None, {})


@pytest.mark.parametrize(
    ("status", "published", "expected"),
    [
        ("active", "true", "active"),
        ("draft", "false", "draft"),
        ("archived", "true", "archived"),
        ("active", "false", "hidden"),
        ("", "false", "hidden"),
        ("", "true", None),
    ],
)
def test_drafts_and_hidden_products_are_kept_and_say_so(
    tmp_path: Path, status: str, published: str, expected: str | None
) -> None:
    (found,) = products(tmp_path, {"title": "Mug", "Status": status, "Published": published})
    assert found.attributes.get("status") == expected


def test_the_facts_for_google_for_search_engines_and_of_the_shop_are_kept(tmp_path: Path) -> None:
    (found,) = products(
        tmp_path,
        {
            "title": "Mug", "Body (HTML)": "<p>Stoneware&nbsp;mug</p>", "Vendor": "Acme", "SEO Title": "Mug | Shop",
            "SEO Description": "Buy a mug", "Product Category": "Home & Garden > Kitchen", "Variant Barcode": "'0042",
            "Google Shopping / Gender": "unisex", "Google Shopping / Age Group": "adult",
            "Material (product.metafields.custom.material)": "stoneware", "Variant Inventory Policy": "deny",
        },
    )  # fmt: skip
    assert found.titles == (Text("Mug"), Text("Mug | Shop"))
    assert found.descriptions == (Text("Stoneware mug"), Text("Buy a mug"))
    assert (found.brand, found.category) == ("Acme", ("Home & Garden", "Kitchen"))
    assert found.attributes == {"gender": "unisex", "age_group": "adult", "Material": "stoneware", "barcode": "0042"}


def test_the_shops_own_type_is_the_category_and_the_standard_one_a_fact(tmp_path: Path) -> None:
    (found,) = products(tmp_path, {"title": "Mug", "Type": "Tazas", "Product Category": "Home & Garden > Mugs"})
    assert found.category == ("Tazas",)
    assert found.attributes["product_category"] == "Home & Garden > Mugs"


def test_pictures_come_in_the_shops_order(tmp_path: Path) -> None:
    rows = [
        {"title": "Mug", "image": "c.jpg", "place": "10"},
        {"image": "a.jpg", "place": "1"},
        {"image": "b.jpg", "place": "2"},
    ]
    (found,) = read(tmp_path, *rows)
    assert found.pictures == ("a.jpg", "b.jpg", "c.jpg")


def test_a_row_without_a_handle_and_a_broken_row_cost_themselves(tmp_path: Path) -> None:
    path = tmp_path / "products_export.csv"
    path.write_text(
        "Handle,Title,Variant Price,Option1 Name,Option1 Value\n"
        "mug,Mug,5,Color,Red\n,Lost,5,,\nmug,,6,,Blue\nmug,,too,many,cells,here\ncup,Cup,4,,\n"
    )
    (reader,) = find_readers(path)
    rows = list(reader.rows())
    assert [(row.row, row.reason) for row in rows if isinstance(row, BadRow)] == [
        (3, "no handle"), (5, "wrong number of columns"),
    ]  # fmt: skip
    assert [row.values["id"] for row in rows if not isinstance(row, BadRow)] == ["mug/red", "mug/blue", "cup"]
    assert [row.row for row in rows if not isinstance(row, BadRow)] == [2, 4, 6]


def as_json(folder: Path, *objects: dict[str, Any]) -> list[Draft]:
    path = folder / "products.json"
    path.write_text(json.dumps({"products": objects}))
    return drafts(path)


def test_the_prices_of_json_are_exact_and_its_sizes_one_product(tmp_path: Path) -> None:
    variants = [
        {"id": 1, "option1": "S", "price": "12.500", "compare_at_price": "15.000", "available": False, "sku": "S"},
        {"id": 2, "option1": "M", "price": "12.500", "compare_at_price": "", "available": True, "sku": "M"},
    ]
    tee = {
        "id": 9,
        "handle": "tee",
        "title": "Tee",
        "tags": "a, b",
        "variants": variants,
        "options": [{"name": "Size"}],
    }
    (found,) = as_json(tmp_path, tee)
    assert found.product.price == Decimal("12.500")
    assert found.product.attributes == {
        "Size": "S, M", "sku": "S, M", "tags": "a, b", "availability": "in_stock", "regular_price": "15.000",
    }  # fmt: skip


def test_one_product_of_json_by_itself_is_read(tmp_path: Path) -> None:
    path = tmp_path / "mug.json"
    mug = {
        "id": 9,
        "handle": "mug",
        "title": "Mug",
        "variants": [{"id": 1, "price": "5.00"}],
        "image": {"src": "a.jpg"},
    }
    path.write_text(json.dumps({"product": mug}, indent=2))
    (found,) = drafts(path)
    assert (found.product.id, found.pictures) == ("mug", ("a.jpg",))


NEW = """Title,URL handle,Description,Vendor,Product category,Type,Tags,Published on online store,Status,SKU,Barcode,
Option1 name,Option1 value,Option1 Linked To,Option2 name,Option2 value,Option2 Linked To,Option3 name,Option3 value,
Option3 Linked To,Price,Compare-at price,Cost per item,Charge tax,Tax code,Unit price total measure,
Unit price total measure unit,Unit price base measure,Unit price base measure unit,Inventory tracker,Inventory quantity,
Continue selling when out of stock,Weight value (grams),Weight unit for display,Requires shipping,Fulfillment service,
Product image URL,Image position,Image alt text,Variant image URL,Gift card,SEO title,SEO description,
Google Shopping / Google product category,Google Shopping / Gender,Google Shopping / Age group,
Google Shopping / Manufacturer part number (MPN),Google Shopping / Ad group name,Google Shopping / Ads labels,
Google Shopping / Condition,Google Shopping / Custom product,Google Shopping / Custom label 0"""


@pytest.mark.parametrize("columns", [SHOPIFY_OLD, NEW.replace("\n", "").split(",")], ids=["old", "new"])
def test_columns_that_somebody_added_are_attributes_and_machinery_is_not(tmp_path: Path, columns: list[str]) -> None:
    path = tmp_path / "export.csv"
    row = {name: "" if name.startswith("Option") else "1" for name in columns}
    category = next(name for name in columns if name.lower() == "product category")
    path.write_text(table([*columns, "Lugar"], [row | {"Lugar": "Málaga", category: "A > B"}]), encoding="utf-8")
    (found,) = drafts(path)
    assert found.product.attributes == {
        "tags": "1", "gender": "1", "age_group": "1", "mpn": "1", "condition": "1", "product_category": "A > B",
        "status": "1", "sku": "1", "barcode": "1", "Lugar": "Málaga",
    }  # fmt: skip
