"""Shops: one small shop, exported by every program, is the same products."""

import codecs
import gzip
import random
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path

import pytest
from catalogue.shop_exports import SHOP, SHOPIFY_OLD, shopify_rows, table, woo_rows
from catalogue.shop_exports import WOO as WOO_COLUMNS
from catalogue.shop_feeds import EXPORTS, Export

from vitrina.catalogue.columns import find_columns
from vitrina.catalogue.price import parse_price
from vitrina.catalogue.readers import Record, find_readers
from vitrina.catalogue.rows import Draft, read_row


def drafts(path: Path) -> list[Draft]:
    """The products of a file, read as ingest reads them."""
    (reader,) = find_readers(path)
    rows = list(reader.rows())
    assert all(isinstance(row, Record) for row in rows), rows
    records = [row for row in rows if isinstance(row, Record)]
    names = dict.fromkeys(name for record in records for name in record.values)
    columns = find_columns(list(names), overrides={}, sample=[])
    return [read_row(record.values, columns=columns, fallback_id=f"row-{record.row}") for record in records]


def facts(draft: Draft, *, unsaid: Iterable[str] = ()) -> dict[str, object]:
    """What all formats say of a product, by the same names."""
    product = draft.product
    attributes = {name.casefold(): value for name, value in product.attributes.items()}
    regular = parse_price(attributes["regular_price"]) if "regular_price" in attributes else None
    found = {
        "title": [text.text for text in product.titles],
        "description": [text.text for text in product.descriptions],
        "images": draft.pictures,
        "price": product.price,
        "currency": product.currency,
        "brand": product.brand,
        "category": product.category,
        "color": attributes.get("color"),
        "regular": None if regular is None else regular.amount,
        "sku": attributes.get("sku"),
        "availability": attributes.get("availability"),
    }
    return {name: value for name, value in found.items() if name not in unsaid}


def expected(*, unsaid: Iterable[str]) -> list[dict[str, object]]:
    looks = [
        {
            "title": [whole.title],
            "description": [whole.description],
            "images": (*look.images, *whole.shared_images),
            "price": Decimal(look.price),
            "currency": "EUR",
            "brand": whole.brand,
            "category": (whole.category,),
            "color": look.color,
            "regular": None if look.regular is None else Decimal(look.regular),
            "sku": look.sku,
            "availability": "in_stock",
        }
        for whole in SHOP
        for look in whole.looks
    ]
    return [{name: value for name, value in look.items() if name not in unsaid} for look in looks]


def by_text(found: Iterable[dict[str, object]]) -> list[dict[str, object]]:
    return sorted(found, key=repr)


@pytest.mark.parametrize("export", EXPORTS, ids=lambda export: export.name)
def test_one_shop_is_the_same_products_in_every_format(tmp_path: Path, export: Export) -> None:
    unsaid = set(export.unsaid)
    if export.name.startswith("shopify"):
        unsaid.add("availability")  # the export says how many, not whether
    path = tmp_path / export.name
    path.write_text(export.write(), encoding="utf-8")
    found = drafts(path)
    assert by_text(facts(each, unsaid=unsaid) for each in found) == by_text(expected(unsaid=unsaid))
    assert len({each.product.id for each in found}) == 4
    groups = [each.product.group for each in found if each.product.titles[0].text.startswith("Camiseta")]
    assert len(set(groups)) == 1 and groups[0] is not None
    assert all(each.product.group is None for each in found if not each.product.titles[0].text.startswith("Camiseta"))


@pytest.mark.parametrize("export", EXPORTS, ids=lambda export: export.name)
def test_packed_marked_and_in_utf_16_it_is_the_same(tmp_path: Path, export: Export) -> None:
    path = tmp_path / export.name
    text = export.write()
    path.write_text(text, encoding="utf-8")
    plain = [facts(each) for each in drafts(path)]
    for data in (
        codecs.BOM_UTF8 + text.encode(),
        text.replace('encoding="UTF-8"', 'encoding="UTF-16"').encode("utf-16"),
        gzip.compress(text.encode()),
    ):
        path.write_bytes(data)
        assert [facts(each) for each in drafts(path)] == plain
    packed = tmp_path / f"{export.name}.gz"
    packed.write_bytes(gzip.compress(text.encode()))
    assert [facts(each) for each in drafts(packed)] == plain


@pytest.mark.parametrize(
    ("name", "columns", "rows"),
    [("shopify.csv", SHOPIFY_OLD, shopify_rows()), ("woo.csv", WOO_COLUMNS, woo_rows())],
    ids=["shopify", "woo"],
)
def test_the_order_of_the_rows_changes_no_product(
    tmp_path: Path, name: str, columns: list[str], rows: list[dict[str, str]]
) -> None:
    path = tmp_path / name
    path.write_text(table(columns, rows), encoding="utf-8")
    usual = {each.product.id: facts(each) for each in drafts(path)}
    for seed in range(8):
        path.write_text(table(columns, random.Random(seed).sample(rows, len(rows))), encoding="utf-8")
        assert {each.product.id: facts(each) for each in drafts(path)} == usual


@pytest.mark.parametrize("export", EXPORTS, ids=lambda export: export.name)
def test_a_reader_says_what_it_took_the_file_for(tmp_path: Path, export: Export) -> None:
    path = tmp_path / export.name
    path.write_text(export.write(), encoding="utf-8")
    (reader,) = find_readers(path)
    words = {
        "shopify": "Shopify",
        "products": "Shopify",
        "woo": "WooCommerce",
        "merchant": "Merchant",
        "rss": "Merchant",
    }
    words |= {"atom": "Merchant", "graph": "JSON-LD", "list": "JSON-LD", "page": "JSON-LD"}
    assert words[export.name.split(".")[0].split("-")[0]] in reader.note


@pytest.mark.parametrize("export", EXPORTS, ids=lambda export: export.name)
def test_positions_never_go_back_and_end_in_the_file(tmp_path: Path, export: Export) -> None:
    path = tmp_path / export.name
    path.write_text(export.write(), encoding="utf-8")
    (reader,) = find_readers(path)
    positions = [row.position for row in reader.rows()]
    assert positions == sorted(positions)
    assert 0 <= positions[0] <= positions[-1] <= reader.size


@pytest.mark.parametrize("export", [each for each in EXPORTS if each.name != "page.html"], ids=lambda each: each.name)
def test_a_file_that_is_cut_off_costs_words_and_never_a_traceback(tmp_path: Path, export: Export) -> None:
    data = export.write().encode()
    for name, whole in ((export.name, data), (f"{export.name}.gz", gzip.compress(data))):
        for share in range(1, 20):
            path = tmp_path / name
            path.write_bytes(whole[: len(whole) * share // 20])
            try:
                rows = [row for reader in find_readers(path) for row in reader.rows()]
            except ValueError as error:
                assert str(path) in str(error)
            else:
                assert all(row.row >= 1 for row in rows)
