"""Sources: what a user names is read by what it holds, and what cannot be read is refused naming what is understood."""

import gzip
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from catalogue.shop_feeds import EXPORTS
from hypothesis import given, settings
from hypothesis import strategies as st

from vitrina.catalogue.columns import find_columns
from vitrina.catalogue.readers import BadRow, Record, find_readers
from vitrina.catalogue.readers.json_items import JsonItemsReader
from vitrina.catalogue.readers.json_ld import JsonLdReader, is_json_ld
from vitrina.catalogue.readers.lines import LinesReader
from vitrina.catalogue.readers.merchant import MerchantTable, is_merchant
from vitrina.catalogue.readers.merchant_xml import XmlReader
from vitrina.catalogue.readers.pages import PagesReader
from vitrina.catalogue.readers.shopify import ShopifyObjects, ShopifyTable, is_shopify_object, is_shopify_table
from vitrina.catalogue.readers.tables import TableReader
from vitrina.catalogue.readers.woo import WooReader
from vitrina.catalogue.readers.woo_rows import is_woo_object, is_woo_table, object_of_rest
from vitrina.catalogue.rows import RowError, read_row

BY_NAME = {export.name: export.write for export in EXPORTS}


def kind_of_reader(path: Path) -> type:
    (reader,) = find_readers(path)
    return type(reader)


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("export.txt", BY_NAME["merchant.tsv"](), MerchantTable),
        ("export.txt", BY_NAME["rss.xml"](), XmlReader),
        ("export.csv", BY_NAME["rss.xml"](), XmlReader),
        ("export.feed", BY_NAME["atom.xml"](), XmlReader),
        ("export.txt", BY_NAME["products.json"](), ShopifyObjects),
        ("export", BY_NAME["woo.json"](), WooReader),
        ("export.json", BY_NAME["shopify.csv"](), None),
        ("export.xml", BY_NAME["page.html"](), PagesReader),
        ("export.html", BY_NAME["rss.xml"](), PagesReader),
        ("export.json", '{"id": 1}\n{"id": 2}', LinesReader),
        ("export.json", '[{"id": 1}]', JsonItemsReader),
        ("export.csv", "id,title\n1,Mug\n", TableReader),
        ("export.csv", "id,title,price,handle\n1,Mug,5,x\n", TableReader),
        ("export.csv", "id,title,image_link\n1,Mug,a.jpg\n", TableReader),
        ("export.csv", "id,name,type\n1,Mug,simple\n", TableReader),
    ],
)
def test_what_a_file_holds_counts_more_than_its_name(
    tmp_path: Path, name: str, content: str, kind: type | None
) -> None:
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    if kind is None:
        (row,) = [row for reader in find_readers(path) for row in reader.rows()]
        assert isinstance(row, BadRow) and "neither a list nor an object" in row.detail
    else:
        assert kind_of_reader(path) is kind


def test_a_packed_file_need_not_say_so(tmp_path: Path) -> None:
    path = tmp_path / "feed.xml"
    path.write_bytes(gzip.compress(BY_NAME["rss.xml"]().encode()))
    assert kind_of_reader(path) is XmlReader


def test_a_folder_may_hold_exports_of_every_kind(tmp_path: Path) -> None:
    for name in ("shopify.csv", "woo.json", "rss.xml", "graph.jsonld"):
        (tmp_path / name).write_text(BY_NAME[name](), encoding="utf-8")
    kinds = [type(reader) for reader in find_readers(tmp_path)]
    assert kinds == [JsonLdReader, XmlReader, ShopifyTable, WooReader]


def test_a_text_is_a_source_as_a_path_is(tmp_path: Path) -> None:
    path = tmp_path / "hf:owner"
    path.mkdir()
    (path / "feed.csv").write_text("id,title\n1,Mug\n")
    assert [reader.path.name for reader in find_readers(str(path))] == ["feed.csv"]


def test_a_path_wins_over_the_name_of_a_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("hf:owner").mkdir()
    Path("hf:owner/name").write_text('[{"id": 1}]')
    Path("cc_news").write_text('{"id": 1}\n{"id": 2}')
    assert kind_of_reader(Path("hf:owner/name")) is JsonItemsReader
    assert kind_of_reader(Path("cc_news")) is LinesReader


@pytest.mark.parametrize("name", ["nothing.csv", "nothing:at/all", "x" * 5_000, "bad\0name"])
def test_what_does_not_exist_is_refused_naming_what_is_understood(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match=r"does not exist. Name a file \(\.jsonl.*hf:OWNER/NAME.*cc_news"):
        find_readers(str(tmp_path / name))


@pytest.mark.parametrize("name", ["feed.csv", "feed.tsv", "feed.jsonl", "feed.json"])
def test_an_empty_file_has_no_rows(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    assert [row for reader in find_readers(tmp_path / name) for row in reader.rows()] == []


def test_a_table_of_arrow_is_not_taken_for_a_shop(tmp_path: Path) -> None:
    path = tmp_path / "data.parquet"
    pa.parquet.write_table(pa.table({"Handle": ["a"], "Variant Price": ["1"]}), path)
    assert kind_of_reader(path).__name__ == "ParquetReader"


KEYS = st.sampled_from(
    """id name title handle permalink type variants options images image src prices regular_price sale_price price
    attributes option parent_id categories tags position variant_ids option1 sku brands @type @id @graph hasVariant
    isVariantOf offers priceSpecification priceCurrency lowPrice category additionalProperty value currency_minor_unit
    currency_code available featured_image description inLanguage image_link item_group_id url""".split()  # noqa: SIM905
)
WORDS = st.sampled_from(
    ["Product", "ProductGroup", "variable", "variation", "#a", "5", "1.190,00 €", "a > b", "http://[", ""]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=15,
)
OBJECTS = st.lists(st.dictionaries(KEYS, VALUES, max_size=8), min_size=1, max_size=4)


@settings(max_examples=300, deadline=None)
@given(OBJECTS)
def test_no_json_breaks_a_reader_of_shops(
    tmp_path_factory: pytest.TempPathFactory, objects: list[dict[str, Any]]
) -> None:
    path = tmp_path_factory.getbasetemp() / "fuzz.json"
    path.write_text(json.dumps(objects))
    plain = JsonItemsReader(path)
    readers = [ShopifyObjects(plain), JsonLdReader(plain), MerchantTable(plain)]
    readers.append(WooReader(plain, item=object_of_rest, what="a fuzz"))
    for reader in readers:
        for row in reader.rows():
            if isinstance(row, Record):
                columns = find_columns(list(row.values), overrides={})
                try:
                    draft = read_row(row.values, columns=columns, fallback_id="x")
                except RowError:
                    continue
                assert all(isinstance(value, str) for value in draft.product.attributes.values())


CELLS = st.text(alphabet="ab1,;\\n'\"\t> ñ.-:", max_size=8)
HEADERS = st.sampled_from(
    [BY_NAME[name]().splitlines()[0] for name in ("shopify.csv", "shopify-new.csv", "woo.csv", "woo-es.csv")]
)


@settings(max_examples=100, deadline=None)
@given(HEADERS, st.lists(st.lists(CELLS, max_size=45), max_size=6), st.binary(max_size=30))
def test_no_cells_break_a_reader_of_shops(
    tmp_path_factory: pytest.TempPathFactory, header: str, rows: list[list[str]], junk: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "fuzz.csv"
    count = header.count(",") + 1
    lines = [",".join(f'"{cell}"' for cell in (row * count)[:count]) for row in rows]
    path.write_bytes("\n".join([header, *lines]).encode() + b"\n" + junk)
    for reader in find_readers(path):
        assert all(row.row >= 1 for row in reader.rows())


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=60), st.integers(0, 400))
def test_no_bytes_break_the_reader_of_feeds(tmp_path_factory: pytest.TempPathFactory, junk: bytes, place: int) -> None:
    path = tmp_path_factory.getbasetemp() / "fuzz.xml"
    feed = BY_NAME["rss.xml"]().encode()
    path.write_bytes(feed[:place] + junk + feed[place:])
    try:
        rows = [row for reader in find_readers(path) for row in reader.rows()]
    except ValueError as error:
        assert str(path) in str(error)
    else:
        assert all(row.row >= 1 for row in rows)


def test_plain_columns_are_not_taken_for_an_export() -> None:
    ours = ["id", "title", "description", "image", "price", "brand", "category", "type", "status", "sku"]
    assert not is_shopify_table(ours) and not is_woo_table(ours) and not is_merchant(ours)
    values = dict.fromkeys(ours, "x")
    assert not is_shopify_object(values) and not is_woo_object(values) and not is_json_ld(values)
