"""Removing: by ids or by a condition, all or nothing, and the version before stays."""

from decimal import Decimal
from pathlib import Path

import pytest

from vitrina.catalogue import shards as sharding
from vitrina.catalogue.history import history
from vitrina.catalogue.product import Product, Text
from vitrina.catalogue.remove import remove
from vitrina.catalogue.store import Catalogue, write_catalogue
from vitrina.catalogue.writer import CatalogueWriter


def make(number: int) -> Product:
    return Product(
        id=f"sku/{number}",
        titles=(Text(f"title {number}"),),
        pictures=(bytes([number]) * 300,),
        price=Decimal(number),
        brand="Ácme" if number % 2 else None,
    )


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Forty products in several shards."""
    monkeypatch.setattr(sharding, "SHARD_BYTES", 2_000)
    write_catalogue(tmp_path / "shop", [make(i) for i in range(40)])
    assert len(list((tmp_path / "shop").glob("products-*.arrow"))) > 3
    return tmp_path / "shop"


def products_of(path: Path) -> list[Product]:
    catalogue = Catalogue.open(path)
    return catalogue.read(range(len(catalogue)))


def test_ids_are_removed_and_unknown_ones_counted_and_named(shop: Path) -> None:
    before = Catalogue.open(shop)
    gone = [0, 1, 2, 3, 17, 39]
    ids = [*(f"sku/{i}" for i in gone), "sku/17", *(f"none-{i}" for i in range(7))]
    removed = remove(shop, ids=iter(ids))
    assert (removed.removed, removed.products, removed.unknown) == (6, 34, 7)
    assert removed.unknown_ids == tuple(f"none-{i}" for i in range(5))
    assert products_of(shop) == [make(i) for i in range(40) if i not in gone]
    assert removed.digest == Catalogue.open(shop).digest != before.digest == removed.previous_digest
    assert before.read([0, 39]) == [make(0), make(39)]
    words = removed.text()
    assert "6 products removed, 34 left" in words
    assert "7 ids are not in the catalogue: none-0, none-1, none-2, none-3, none-4, …" in words


def test_a_condition_removes_what_it_holds_for(shop: Path) -> None:
    removed = remove(shop, where="price >= 10 and brand is missing")
    assert (removed.removed, removed.unknown) == (15, 0)
    assert products_of(shop) == [make(i) for i in range(40) if i < 10 or i % 2]


def test_where_nothing_matches_nothing_is_written(shop: Path) -> None:
    files = {each.name: each.stat().st_mtime_ns for each in shop.iterdir()}
    for removed in (remove(shop, ids=["none"]), remove(shop, where="price > 1000"), remove(shop, ids=[])):
        assert removed.removed == 0
        assert "no product matched, nothing was removed; 40 products" in removed.text()
        assert removed.digest == removed.previous_digest
    assert {each.name: each.stat().st_mtime_ns for each in shop.iterdir()} == files


def test_all_can_be_removed_and_the_empty_catalogue_lives_on(shop: Path) -> None:
    digest = Catalogue.open(shop).digest
    assert remove(shop, where="id is present").products == 0
    empty = Catalogue.open(shop)
    assert len(empty) == 0
    assert empty.facts().num_rows == 0
    assert len(Catalogue.open(shop, digest=digest)) == 40
    assert remove(shop, where="id is present").removed == 0
    assert products_of(shop) == []
    assert write_catalogue(shop, [make(3), make(99)]).read([0, 1]) == [make(3), make(99)]


def test_a_removed_product_that_comes_back_is_new(shop: Path) -> None:
    remove(shop, ids=["sku/5"])
    write_catalogue(shop, [make(5)])
    assert history(shop).versions[0].added == 1
    assert products_of(shop) == [make(i) for i in range(40) if i != 5] + [make(5)]


def test_removing_twice_from_one_shard_keeps_both_versions(tmp_path: Path) -> None:
    write_catalogue(tmp_path / "shop", [make(i) for i in range(10)])
    first = remove(tmp_path / "shop", ids=["sku/1"])
    remove(tmp_path / "shop", ids=["sku/2"])
    assert products_of(tmp_path / "shop") == [make(i) for i in (0, 3, 4, 5, 6, 7, 8, 9)]
    assert Catalogue.open(tmp_path / "shop", digest=first.digest).read([1]) == [make(2)]


def test_what_to_remove_must_be_said_in_one_way(shop: Path) -> None:
    for ids, where in ((None, None), (["sku/1"], "price > 3")):
        with pytest.raises(ValueError, match="either ids or a condition"):
            remove(shop, ids=ids, where=where)
    with pytest.raises(ValueError, match="cannot be read at position 1"):
        remove(shop, where="colour = red")
    assert len(history(shop).versions) == 1


def test_a_second_writer_is_refused_and_no_catalogue_is_made(shop: Path, tmp_path: Path) -> None:
    with CatalogueWriter(shop) as writer:
        writer.add(make(99))
        with pytest.raises(ValueError, match="another program is writing"):
            remove(shop, ids=["sku/1"])
    with pytest.raises(ValueError, match="nowhere is not a catalogue"):
        remove(tmp_path / "nowhere", ids=["1"])
    assert not (tmp_path / "nowhere").exists()


def test_an_attribute_that_no_product_has_removes_nothing_and_is_named(shop: Path) -> None:
    write_catalogue(shop, [Product(id="red", titles=(Text("red mug"),), attributes={"colour": "red"})])
    for condition in ('attributes.colr != "red"', "price > 3 and attributes.colr is missing"):
        with pytest.raises(ValueError, match="no product has the attribute 'colr'; the attributes are colour"):
            remove(shop, where=condition)
    assert len(products_of(shop)) == 41
    assert remove(shop, where="attributes.colour != red").removed == 40
