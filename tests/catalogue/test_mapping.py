"""Saved mappings: what was found is written, edited by a person, and read with words where the hand slipped."""

from pathlib import Path

import pytest

from vitrina.catalogue.columns import Columns, find_columns
from vitrina.catalogue.ingest import ingest
from vitrina.catalogue.mapping import mapping_of, read_mapping, write_mapping
from vitrina.catalogue.store import Catalogue


def found(*names: str) -> Columns:
    return find_columns(names, overrides={})


@pytest.mark.parametrize(
    "names",
    [
        ("sku", "nombre", "descripcion", "precio", "marca", "foto", "talla"),
        ("id", "title_en", "title_es", "description_es", "image1", "image2", "price", "currency"),
        ("handle", "body_html", "master_category", "sub_category", "article_type", "images"),
        ("id", "title", "category_path", "language", "item_group_id", "split", "domain", "attributes", "color"),
        ("id", "title", "price_eur", "colour"),
        ("uniq_id", "product_name", "retail_price", "discounted_price", "product_category_tree", "brand"),
        ("id", "title", 'Price, "net"', "image, large"),
    ],
)
def test_what_was_found_reads_the_file_in_the_same_way_again(tmp_path: Path, names: tuple[str, ...]) -> None:
    columns = found(*names)
    write_mapping(tmp_path / "mapping.json", mapping=mapping_of([columns]).fields)
    assert find_columns(names, overrides=read_mapping(tmp_path / "mapping.json")) == columns


def test_the_mapping_names_every_field_in_the_words_of_the_command_line() -> None:
    mapping = mapping_of([found("sku", "name", "photo1", "photo2", "department", "category", "colour")])
    assert mapping.fields == {
        "id": "sku",
        "title": "name",
        "image": "photo1,photo2",
        "category": "department,category",
    }
    assert mapping.guessed == ()


def test_fields_in_which_files_differ_are_left_to_each_file() -> None:
    mapping = mapping_of([found("sku", "name"), found("sku", "titulo", "precio")])
    assert mapping.fields == {"id": "sku", "price": "precio"}
    assert mapping.guessed == ("title",)


def test_a_price_whose_column_states_its_currency_keeps_it(tmp_path: Path) -> None:
    (tmp_path / "feed.csv").write_text("id,title,price_eur\n1,Taza,3.50\n")
    report = ingest([tmp_path / "feed.csv"], out=tmp_path / "shop")
    ingest([tmp_path / "feed.csv"], out=tmp_path / "again", columns=report.mapping)
    assert Catalogue.open(tmp_path / "again")[0].currency == "EUR"


@pytest.mark.parametrize("names", [("id", "title", "price"), ("id", "title", "price", "currency", "lang")])
def test_what_holds_for_every_product_stays_in_the_mapping(names: tuple[str, ...]) -> None:
    columns = find_columns(names, overrides={"currency": "=EUR", "language": "=es"})
    mapping = mapping_of([columns]).fields
    assert (mapping["currency"], mapping["language"]) == ("=EUR", "=es")
    assert find_columns(names, overrides=mapping) == columns


def test_an_edited_mapping_is_followed(tmp_path: Path) -> None:
    (tmp_path / "feed.csv").write_text("ref,name,shop_title,brand\n1,a mug,Mug by Acme,Acme\n")
    (tmp_path / "mapping.json").write_text('\ufeff{"id": "ref", "title": "shop_title", "brand": ""}')
    report = ingest([tmp_path / "feed.csv"], out=tmp_path / "shop", columns=read_mapping(tmp_path / "mapping.json"))
    (product,) = Catalogue.open(tmp_path / "shop").read([0])
    assert (product.titles[0].text, product.brand) == ("Mug by Acme", None)
    assert report.mapping == {"id": "ref", "title": "shop_title"}


def test_an_older_mapping_is_replaced_and_nothing_else_is_left(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "mapping.json"
    for mapping in ({"title": "name"}, {"title": "título", "brand": "marca"}):
        write_mapping(path, mapping=mapping)
        assert read_mapping(path) == mapping
    assert [each.name for each in path.parent.iterdir()] == ["mapping.json"]
    assert "título" in path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "is no JSON: line 1, column 1"),
        ('{"title": "name",}', r"is no JSON: line 1.*a mapping looks like"),
        ('{\n "title": name}', "line 2, column 11"),
        ('["title", "name"]', "no object of fields and columns"),
        ('{"titel": "name"}', "no field 'titel' to map: the fields are id, title"),
        ('{"category": ["a", "b"]}', 'write several columns as "first,second"'),
        ('{"brand": null}', "gives 'brand' null where a column's name is expected"),
        ('{"title": "name", "title": "nombre"}', "names 'title' twice"),
        ("[" * 100_000, "cannot be used|no JSON"),
        (b"\xff\xfe\x00", "cannot be read"),
    ],
)
def test_a_slip_of_the_hand_is_named_with_the_file_and_the_mend(
    tmp_path: Path, content: str | bytes, words: str
) -> None:
    path = tmp_path / "mapping.json"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ValueError, match=rf"(?s){path}.*{words}"):
        read_mapping(path)


def test_a_mapping_that_is_not_there_or_a_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"nowhere.json does not exist: write one with --save-mapping"):
        read_mapping(tmp_path / "nowhere.json")
    with pytest.raises(ValueError, match="cannot be read"):
        read_mapping(tmp_path)


def test_a_field_that_products_do_not_have_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no field 'colour'"):
        write_mapping(tmp_path / "mapping.json", mapping={"colour": "color"})
    assert not list(tmp_path.iterdir())
