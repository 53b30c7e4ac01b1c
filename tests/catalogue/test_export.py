"""Export: what was exported can be ingested again, and is what the catalogue holds."""

import io
import json
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Literal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from vitrina.catalogue import export_parquet
from vitrina.catalogue.export import export
from vitrina.catalogue.export_jsonl import file_name
from vitrina.catalogue.ingest import ingest
from vitrina.catalogue.product import Product, Text
from vitrina.catalogue.store import Catalogue, write_catalogue

FORMATS: tuple[Literal["parquet", "jsonl", "huggingface"], ...] = ("parquet", "jsonl", "huggingface")


def picture(number: int) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (20 + number % 7, 18), (number % 256, 90, 40)).save(file, "JPEG", quality=90)
    return file.getvalue()


PRODUCTS = [
    Product(
        id="ref/ñ 1",
        titles=(Text("Taza roja", "es"), Text("Red mug", "en"), Text("Mug, red", "en")),
        descriptions=(Text('Con "comillas", comas\\ y 漢字 🙂', "es"), Text("No language")),
        pictures=(picture(1), picture(2)),
        brand="Ácme & Co",
        category=("Hogar", "Cocina / Menaje", "Tazas"),
        price=Decimal("1.125"),
        currency="EUR",
        attributes={"Color principal": "rojo", "size": "42", "año": "2024"},
        domain="shop.es",
        group="familia 1",
        split="train",
    ),
    Product(id="ref/Ñ 1", titles=(Text("Nobody's words"),), price=Decimal("999999999999.123456"), split="val"),
    Product(id="3", pictures=(picture(3),), category=("a > b",), split="test", currency=None, price=Decimal(7)),
    Product(
        id="REF-4", titles=(Text("Taza mexicana", "es-MX"),), category=("Home / Garden",), price=Decimal("0.000001")
    ),
    Product(id="ref-4", descriptions=(Text("Only a description", "en"),), group="familia 1", split="train"),
    Product(id="x" * 400, titles=(Text("Long", "en"),), pictures=(picture(4),), price=Decimal("0.1"), currency="USD"),
    *(Product(id=f"p{i}", titles=(Text(f"Title {i}", "en"),), group=f"g{i % 2}") for i in range(60)),
]


def by_id(catalogue: Catalogue) -> dict[str, Product]:
    return {product.id: product for product in catalogue.read(range(len(catalogue)))}


def round_trip(products: Sequence[Product], folder: Path, *, format: Literal["parquet", "jsonl", "huggingface"]):
    before = write_catalogue(folder / "shop", products)
    exported = export(folder / "shop", out=folder / "out", format=format)
    report = ingest([folder / "out"], out=folder / "again")
    assert not report.problems, report.text()
    return before, exported, Catalogue.open(folder / "again")


@pytest.mark.parametrize("format", FORMATS)
def test_an_export_ingested_again_is_the_same_products(tmp_path: Path, format) -> None:
    before, exported, after = round_trip(PRODUCTS, tmp_path, format=format)
    assert (exported.products, exported.pictures, exported.notes) == (len(PRODUCTS), 4, ())
    assert by_id(after) == by_id(before)
    if format != "huggingface":  # whose files are one for each split
        assert after.digest == before.digest
    assert exported.digest == before.digest and exported.digest[:12] in exported.text()


@pytest.mark.parametrize("format", FORMATS)
def test_languages_in_any_order_come_back_in_theirs(tmp_path: Path, format) -> None:
    def texts(*pairs: str) -> tuple[Text, ...]:
        return tuple(Text(f"{pair} {number}".strip(), pair or None) for number, pair in enumerate(pairs))

    orders = [("es", "en"), ("en", "es", "en", "es"), ("", "fr", ""), ("fr", "es"), ("", "", "en"), ("en", "")]
    products = [Product(id=str(i), titles=texts(*order)) for i, order in enumerate(orders)]
    products += [Product(id=f"d{i}", descriptions=texts(*order)) for i, order in enumerate(orders)]
    before, _, after = round_trip(products, tmp_path, format=format)
    assert by_id(after) == by_id(before)


CODES = st.sampled_from([None, "es", "en", "es-MX", "fr"])
ORDERS = st.lists(st.lists(CODES, max_size=4), min_size=1, max_size=6)


@settings(max_examples=20, deadline=None)
@given(orders=ORDERS)
def test_whatever_the_languages_the_texts_come_back(tmp_path_factory: pytest.TempPathFactory, orders) -> None:
    products = [
        Product(
            id=str(number),
            titles=(Text("Every product has one"), *(Text(f"t{place}", code) for place, code in enumerate(order))),
            descriptions=tuple(Text(f"d{place}", code) for place, code in enumerate(reversed(order))),
            split="train",
        )
        for number, order in enumerate(orders)
    ]
    before, _, after = round_trip(products, tmp_path_factory.mktemp("export"), format="jsonl")
    assert by_id(after) == by_id(before)


def test_columns_are_named_as_a_person_would_where_they_can_be(tmp_path: Path) -> None:
    write_catalogue(tmp_path / "shop", PRODUCTS)
    export(tmp_path / "shop", out=tmp_path / "out", format="jsonl")
    row = json.loads((tmp_path / "out" / "products.jsonl").read_text().splitlines()[0])
    titles = [name for name in row if name.startswith("title")]
    assert set(titles) == {"title", "title_es", "title_en", "title_2_en", "title_es_mx"}
    assert row["title_es"] == "Taza roja" and row["title_2_en"] == "Mug, red" and row["title"] is None
    assert row["attributes"]["Color principal"] == "rojo"
    assert row["price"] == 1.125
    assert row["images"] == [f"pictures/000000/{file_name('ref/ñ 1')}-{number}.jpg" for number in (1, 2)]


def test_pictures_are_files_with_names_for_every_disk(tmp_path: Path) -> None:
    ids = [
        "a/b",
        "A/B",
        "a b",
        "ab",
        "AB",
        "../..",
        "con",
        "ñ",
        "漢字",
        "a" * 300,
        "A" * 300,
        "a-1",
        "a",
        "a--1",
        ".",
        "-",
    ]
    names = [file_name(id_) for id_ in ids]
    assert len({name.lower() for name in names}) == len(ids)
    assert all(name.isascii() and len(name) < 100 and not set(name) - set("abcdefghijklmnopqrstuvwxyz0123456789-")
               for name in names)  # fmt: skip
    assert file_name("mug-7") == "mug-7"
    write_catalogue(tmp_path / "shop", [Product(id=id_, pictures=(picture(1), picture(2))) for id_ in ids])
    done = export(tmp_path / "shop", out=tmp_path / "out", format="jsonl")
    files = {str(each.relative_to(tmp_path / "out")).lower() for each in (tmp_path / "out").rglob("*.jpg")}
    assert len(files) == 2 * len(ids) == done.pictures


def test_an_earlier_version_is_exported_by_its_digest(tmp_path: Path) -> None:
    old = write_catalogue(tmp_path / "shop", PRODUCTS[:2])
    write_catalogue(tmp_path / "shop", PRODUCTS[2:])
    done = export(tmp_path / "shop", out=tmp_path / "out", format="parquet", version=old.digest[:8])
    assert (done.products, done.digest) == (2, old.digest)
    with pytest.raises(ValueError, match="never had a version"):
        export(tmp_path / "shop", out=tmp_path / "none", format="parquet", version="0123456789")
    assert not (tmp_path / "none").exists()


def test_large_exports_are_cut_into_numbered_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export_parquet, "FILE_BYTES", 2_500)
    monkeypatch.setattr(export_parquet, "_GROUP_BYTES", 1_500)
    products = [Product(id=str(i), pictures=(picture(i),), split=("train", "val")[i % 2]) for i in range(40)]
    before, _, after = round_trip(products, tmp_path, format="huggingface")
    names = sorted(each.name for each in (tmp_path / "out" / "data").iterdir())
    many = len([name for name in names if name.startswith("train-")])
    assert many > 2
    assert names[0] == f"train-00000-of-{many:05d}.parquet"
    assert by_id(after) == by_id(before)
    export(tmp_path / "shop", out=tmp_path / "plain", format="parquet")
    plain = sorted((tmp_path / "plain").glob("*.parquet"))
    assert [id_ for each in plain for id_ in pq.read_table(each)["id"].to_pylist()] == [p.id for p in products]


@pytest.mark.parametrize("format", FORMATS)
def test_an_empty_catalogue_is_exported_too(tmp_path: Path, format) -> None:
    write_catalogue(tmp_path / "shop", [])
    assert export(tmp_path / "shop", out=tmp_path / "out", format=format).products == 0
    assert any(each.suffix in (".jsonl", ".parquet") for each in (tmp_path / "out").rglob("*"))


def test_a_language_that_no_column_can_name_is_noted(tmp_path: Path) -> None:
    write_catalogue(tmp_path / "shop", [Product(id="1", titles=(Text("Kumusta", "fil"),))])
    done = export(tmp_path / "shop", out=tmp_path / "out", format="jsonl")
    assert "texts in fil" in done.text()
    ingest([tmp_path / "out"], out=tmp_path / "again")
    assert Catalogue.open(tmp_path / "again")[0].titles == (Text("Kumusta"),)


def test_products_that_ingest_would_not_take_are_noted(tmp_path: Path) -> None:
    write_catalogue(tmp_path / "shop", [*PRODUCTS[:2], Product(id="bare", brand="Acme")])
    words = "1 products have neither a text nor a picture"
    assert words in export(tmp_path / "shop", out=tmp_path / "out", format="parquet").text()


def test_parquet_pictures_are_plain_bytes_and_prices_exact(tmp_path: Path) -> None:
    write_catalogue(tmp_path / "shop", PRODUCTS)
    export(tmp_path / "shop", out=tmp_path / "out", format="parquet")
    table = pq.read_table(tmp_path / "out" / "products-00000-of-00001.parquet")
    assert table.schema.field("images").type.value_type == pa.binary()
    assert table["images"][0].as_py() == [picture(1), picture(2)]
    assert table["price"].to_pylist()[:2] == [Decimal("1.125"), Decimal("999999999999.123456")]
