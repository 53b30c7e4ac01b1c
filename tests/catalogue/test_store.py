"""The store: what is written comes back, the last of an id counts, damage is named."""

import hashlib
import json
import os
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vitrina.catalogue import shards as sharding
from vitrina.catalogue import writer as writing
from vitrina.catalogue.product import Product, Text
from vitrina.catalogue.store import Catalogue, write_catalogue
from vitrina.catalogue.writer import CatalogueWriter


def make(number: int, *, version: int = 0, pictures: int = 1) -> Product:
    return Product(
        id=f"sku-{number}",
        titles=(Text(f"Título {number} v{version}", "es"), Text("Title")),
        descriptions=(Text("Una descripción", "es"),) if number % 2 else (),
        pictures=tuple(bytes([number % 256, version % 256, i]) * (50 + i) for i in range(pictures)),
        brand="Marca" if number % 3 else None,
        category=("Ropa", "Zapatos")[: number % 3],
        price=Decimal("12.50") + number,
        currency="EUR",
        attributes={"colour": "rojo", "a": "b"} if number % 2 else {},
        group=f"g{number // 3}",
        split="val" if number % 5 == 0 else "train",
    )


def names(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir())


def test_every_fact_of_a_product_comes_back(tmp_path: Path) -> None:
    products = [make(i, pictures=i % 4) for i in range(25)]
    catalogue = write_catalogue(tmp_path / "shop", products)
    assert [catalogue[row] for row in range(len(catalogue))] == products
    assert Catalogue.open(tmp_path / "shop").read(range(25)) == products


def test_rows_come_in_the_order_asked_across_shards(tmp_path: Path) -> None:
    for part in range(4):
        write_catalogue(tmp_path / "shop", [make(part * 5 + i) for i in range(5)])
    catalogue = Catalogue.open(tmp_path / "shop")
    asked = np.array([17, 2, 2, 19, 0, 8])
    assert catalogue.read(asked) == [make(int(row)) for row in asked]
    assert catalogue[-1] == make(19)
    assert catalogue.read([]) == []


def test_without_pictures_nothing_else_changes(tmp_path: Path) -> None:
    catalogue = write_catalogue(tmp_path / "shop", [make(1, pictures=3)])
    (bare,) = catalogue.read([0], pictures="none")
    assert bare.pictures == ()
    assert bare.titles == make(1).titles
    assert bare.attributes == make(1).attributes


def test_a_row_that_does_not_exist_is_an_index_error(tmp_path: Path) -> None:
    catalogue = write_catalogue(tmp_path / "shop", [make(1)])
    for row in (1, -2, 10**12):
        with pytest.raises(IndexError):
            catalogue[row]
    with pytest.raises(IndexError):
        catalogue.read([0, -1])


def test_facts_count_texts_and_pictures_of_live_products_only(tmp_path: Path) -> None:
    write_catalogue(tmp_path / "shop", [make(i, pictures=i) for i in range(4)])
    catalogue = write_catalogue(tmp_path / "shop", [make(1, version=1, pictures=7)])
    facts = catalogue.facts()
    assert facts.column("id").to_pylist() == ["sku-0", "sku-2", "sku-3", "sku-1"]
    assert facts.column("picture_count").to_pylist() == [0, 2, 3, 7]
    assert facts.column("text_count").to_pylist() == [2, 2, 3, 3]
    assert facts.schema.field("picture_count").type == pa.int32()
    assert "pictures" not in facts.column_names


def test_facts_come_shard_by_shard_too(tmp_path: Path) -> None:
    for number in range(3):
        write_catalogue(tmp_path / "shop", [make(i, version=number) for i in range(number, number + 5)])
    catalogue = Catalogue.open(tmp_path / "shop")
    batches = list(catalogue.fact_batches())
    assert len(batches) == 3
    assert pa.Table.from_batches(batches).equals(catalogue.facts())
    assert catalogue.facts().num_rows == len(catalogue) == 7


def test_an_empty_catalogue_has_facts_too(tmp_path: Path) -> None:
    catalogue = write_catalogue(tmp_path / "shop", [])
    assert len(catalogue) == 0
    assert catalogue.facts().num_rows == 0
    assert "picture_count" in catalogue.facts().column_names


def test_any_arrow_tool_opens_a_shard_as_one_batch(tmp_path: Path) -> None:
    write_catalogue(tmp_path / "shop", [make(i, pictures=2) for i in range(3000)])
    (shard,) = (tmp_path / "shop").glob("products-*.arrow")
    with pa.memory_map(str(shard)) as source:
        reader = pa.ipc.open_file(source)
        assert reader.num_record_batches == 1
        batch = reader.get_batch(0)
        batch.validate(full=True)
    assert batch.schema.field("pictures").type == pa.list_(pa.large_binary())
    assert batch.column("pictures")[2999].as_py() == list(make(2999, pictures=2).pictures)


def test_products_are_cut_into_several_shards_within_their_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sharding, "SHARD_BYTES", 4_000)
    products = [make(i, pictures=3) for i in range(100)]
    catalogue = write_catalogue(tmp_path / "shop", products)
    assert len(list((tmp_path / "shop").glob("products-*.arrow"))) > 3
    assert catalogue.read(range(100)) == products


@settings(max_examples=25, deadline=None)
@given(st.lists(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 2)), max_size=8), min_size=1, max_size=4))
def test_the_last_product_with_an_id_counts(
    tmp_path_factory: pytest.TempPathFactory, writings: list[list[tuple[int, int]]]
) -> None:
    folder = tmp_path_factory.mktemp("store") / "shop"
    expected: dict[str, Product] = {}
    for events in writings:
        products = [make(number, version=version) for number, version in events]
        catalogue = write_catalogue(folder, products)
        expected.update({product.id: product for product in products})
        found = catalogue.read(range(len(catalogue)))
        assert len(found) == len(expected)
        assert {product.id: product for product in found} == expected


def test_ids_whose_hashes_collide_stay_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "_id_hash", lambda id_: len(id_))
    products = [make(i) for i in range(30)]
    write_catalogue(tmp_path / "shop", products)
    with CatalogueWriter(tmp_path / "shop") as writer:
        for product in [make(3, version=1), make(4), make(3, version=2), make(77)]:
            writer.add(product)
        changes = writer.finish()
    assert (changes.added, changes.replaced, changes.unchanged, changes.repeated.tolist()) == (1, 1, 1, [0])
    catalogue = Catalogue.open(tmp_path / "shop")
    assert catalogue.read(range(31)) == [p for p in products if p.id != "sku-3"] + [make(3, version=2), make(77)]


def test_a_product_that_did_not_change_stays_where_it_is(tmp_path: Path) -> None:
    first = write_catalogue(tmp_path / "shop", [make(i) for i in range(10)])
    files = names(tmp_path / "shop")
    again = write_catalogue(tmp_path / "shop", [make(i) for i in reversed(range(10))])
    assert again.digest == first.digest
    assert names(tmp_path / "shop") == files


def test_the_digest_is_that_of_the_live_products_in_their_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = write_catalogue(tmp_path / "whole", [make(i) for i in range(40)])
    monkeypatch.setattr(sharding, "SHARD_BYTES", 500)
    write_catalogue(tmp_path / "parts", [make(99)] + [make(i) for i in range(20)])
    parts = write_catalogue(tmp_path / "parts", [make(i) for i in range(20, 40)])
    assert parts.digest != whole.digest
    other = write_catalogue(tmp_path / "other", [make(i) for i in range(40)])
    assert other.digest == whole.digest == Catalogue.open(tmp_path / "whole").digest
    turned = write_catalogue(tmp_path / "turned", [make(i) for i in reversed(range(40))])
    assert turned.digest != whole.digest
    changed = write_catalogue(tmp_path / "other", [make(5, pictures=2)])
    assert changed.digest != whole.digest


def test_a_reader_keeps_its_view_while_everything_is_replaced(tmp_path: Path) -> None:
    old = write_catalogue(tmp_path / "shop", [make(i) for i in range(10)])
    write_catalogue(tmp_path / "shop", [make(i, version=1) for i in range(10)])
    assert old.read(range(10)) == [make(i) for i in range(10)]
    write_catalogue(tmp_path / "shop", [make(1, version=7)])
    assert old.read(range(10)) == [make(i) for i in range(10)]


def test_a_second_writer_is_refused_with_words(tmp_path: Path) -> None:
    with CatalogueWriter(tmp_path / "shop") as writer:
        writer.add(make(1))
        with pytest.raises(ValueError, match=r"another program is writing .*shop"):
            write_catalogue(tmp_path / "shop", [make(2)])
        writer.finish()
    assert write_catalogue(tmp_path / "shop", [make(2)]).read([0, 1]) == [make(1), make(2)]


def test_an_error_while_writing_leaves_the_old_catalogue_and_no_files(tmp_path: Path) -> None:
    def broken():
        yield make(5)
        raise RuntimeError("the source broke")

    with pytest.raises(RuntimeError, match="the source broke"):
        write_catalogue(tmp_path / "new", broken())
    assert not (tmp_path / "new").exists()
    write_catalogue(tmp_path / "shop", [make(1)])
    before = names(tmp_path / "shop")
    with pytest.raises(RuntimeError, match="the source broke"):
        write_catalogue(tmp_path / "shop", broken())
    assert names(tmp_path / "shop") == before
    assert Catalogue.open(tmp_path / "shop").read([0]) == [make(1)]


def test_what_a_killed_writer_left_is_ignored_and_removed(tmp_path: Path) -> None:
    write_catalogue(tmp_path / "shop", [make(1)])
    for name in ("products-000002.arrow", "products-000003.arrow.part", "manifest.json.part", ".lock"):
        (tmp_path / "shop" / name).write_bytes(b"half a file")
    assert len(Catalogue.open(tmp_path / "shop")) == 1
    assert len(write_catalogue(tmp_path / "shop", [make(2)])) == 2
    shards = ["products-000001.arrow", "products-000002.arrow"]
    assert names(tmp_path / "shop") == ["manifest.json", *shards, "version-000001.json"]


def test_a_folder_of_other_files_is_not_written_into(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("important")
    with pytest.raises(ValueError, match=r"holds other files \(thesis.txt\)"):
        write_catalogue(tmp_path, [make(1)])
    assert names(tmp_path) == ["thesis.txt"]
    with pytest.raises(ValueError, match="is a file"):
        write_catalogue(tmp_path / "thesis.txt", [make(1)])


@pytest.mark.parametrize(
    ("product", "words"),
    [
        (Product(id=""), "empty id"),
        (Product(id="7", brand=""), "'7' holds an empty string"),
        (Product(id="7", titles=(Text(""),)), "'7' holds an empty string"),
        (Product(id="7", price=Decimal("NaN")), "'7' has the price NaN"),
        (Product(id="7", price=Decimal("-1")), "'7' has the price -1"),
        (Product(id="7", price=Decimal("0.0000001")), "'7' has the price 1E-7: round it"),
        (Product(id="7", titles=(Text("\ud800"),)), "'7' holds half a character"),
    ],
)
def test_a_product_that_breaks_the_rules_is_refused_by_name(tmp_path: Path, product: Product, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        write_catalogue(tmp_path / "shop", [make(1), product])


def flip_a_byte(folder: Path) -> None:
    (path,) = folder.glob("products-*.arrow")
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)


def cut_the_shard(folder: Path) -> None:
    (path,) = folder.glob("products-*.arrow")
    os.truncate(path, path.stat().st_size // 2)


def remove_the_shard(folder: Path) -> None:
    next(folder.glob("products-*.arrow")).unlink()


def cut_the_manifest(folder: Path) -> None:
    os.truncate(folder / "manifest.json", 40)


def empty_the_manifest(folder: Path) -> None:
    (folder / "manifest.json").write_text("[]")


def miscount(folder: Path) -> None:
    data = json.loads((folder / "manifest.json").read_text())
    data["products"] += 1
    (folder / "manifest.json").write_text(json.dumps(data))


def name_a_file_elsewhere(folder: Path) -> None:
    data = json.loads((folder / "manifest.json").read_text())
    data["shards"][0]["file"] = "../products-000001.arrow"
    (folder / "manifest.json").write_text(json.dumps(data))


@pytest.mark.parametrize(
    "damage",
    [flip_a_byte, cut_the_shard, remove_the_shard, cut_the_manifest, empty_the_manifest, miscount,
     name_a_file_elsewhere],
)  # fmt: skip
def test_damage_is_refused_with_path_and_mend(tmp_path: Path, damage: Callable[[Path], None]) -> None:
    folder = tmp_path / "shop"
    write_catalogue(folder, [make(i) for i in range(50)])
    damage(folder)
    with pytest.raises(ValueError, match=r"shop.*(restore|delete)"):
        Catalogue.open(folder)[0]
    with pytest.raises(ValueError, match=r"shop.*(restore|delete)"):
        Catalogue.open(folder).facts()


def test_a_damaged_list_of_removed_rows_is_noticed(tmp_path: Path) -> None:
    write_catalogue(tmp_path / "shop", [make(i) for i in range(50)])
    write_catalogue(tmp_path / "shop", [make(3, version=1)])
    (path,) = (tmp_path / "shop").glob("dead-*.arrow")
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)
    with pytest.raises(ValueError, match=r"dead-.*damaged"):
        Catalogue.open(tmp_path / "shop")


def test_a_newer_catalogue_says_to_upgrade(tmp_path: Path) -> None:
    write_catalogue(tmp_path / "shop", [make(1)])
    data = json.loads((tmp_path / "shop" / "manifest.json").read_text())
    data["version"] = 99
    (tmp_path / "shop" / "manifest.json").write_text(json.dumps(data))
    with pytest.raises(ValueError, match=r"version 99.*upgrade vitrina"):
        Catalogue.open(tmp_path / "shop")


def test_no_catalogue_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"nowhere is not a catalogue.*vitrina ingest"):
        Catalogue.open(tmp_path / "nowhere")


def test_the_manifest_holds_the_digest_of_every_shard(tmp_path: Path) -> None:
    write_catalogue(tmp_path / "shop", [make(i) for i in range(10)])
    data = json.loads((tmp_path / "shop" / "manifest.json").read_text())
    (shard,) = data["shards"]
    assert shard["sha256"] == hashlib.sha256((tmp_path / "shop" / shard["file"]).read_bytes()).hexdigest()
