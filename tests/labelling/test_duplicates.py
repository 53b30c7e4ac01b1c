"""Duplicates: a review list of products that two sources, or one, list twice."""

import csv
from pathlib import Path

import pytest

from vitrina.catalogue.product import Product, Text
from vitrina.catalogue.store import Catalogue, write_catalogue
from vitrina.labelling.duplicates import find_duplicates

MAKERS = ("canon", "sony", "bosch", "philips", "braun", "acme")
THINGS = ("printer", "radio", "drill", "shaver", "toaster", "kettle", "lamp", "blender")


def one(number: int) -> str:
    maker, thing = MAKERS[number % len(MAKERS)], THINGS[number % len(THINGS)]
    return f"{maker} {thing} {maker[0]}{thing[0]}{1000 + 37 * number} {'black' if number % 2 else 'white'}"


def other(number: int) -> str:
    maker, thing = MAKERS[number % len(MAKERS)], THINGS[number % len(THINGS)]
    return f"{thing} {maker[0]}{thing[0]}{1000 + 37 * number} by {maker}"


def two_shops(path: Path) -> Catalogue:
    """Forty articles in shop a, the first thirty of which shop b lists in other words, beside ten of its own."""
    mine = [Product(id=f"a{n}", titles=(Text(one(n)),), domain="a") for n in range(40)]
    yours = [Product(id=f"b{n}", titles=(Text(other(n)),), domain="b") for n in [*range(30), *range(40, 50)]]
    return write_catalogue(path, [*mine, *yours])


@pytest.fixture
def catalogue(tmp_path) -> Catalogue:
    return two_shops(tmp_path / "shop")


def known_pairs(path: Path) -> Path:
    same = [f"a{n},b{n},1" for n in range(30)]
    different = [f"a{n},b{(n + 6) % 30},0" for n in range(30)]
    path.write_text("\n".join(["a,b,match", *same, *different]) + "\n")
    return path


def test_what_two_shops_list_is_found_and_nothing_within_one_shop(catalogue):
    found = find_duplicates(catalogue.path, between="domain")
    pairs = {(twin.first.id, twin.second.id) for twin in found.pairs}
    right = {(f"a{n}", f"b{n}") for n in range(30)}
    assert len(pairs & right) >= 28
    assert len(pairs - right) <= 2
    assert all(one[0] != other[0] for one, other in pairs)


def test_known_pairs_teach_and_are_kept_aside_for_the_figure(catalogue, tmp_path):
    found = find_duplicates(catalogue.path, between="domain", pairs=known_pairs(tmp_path / "pairs.csv"))
    assert found.known is not None
    assert found.known.pairs == 9
    assert found.known.f1 > 0.8
    assert "known pairs kept aside: F1" in found.text()


def test_the_list_is_written_best_first_and_again_the_same(catalogue, tmp_path):
    out = tmp_path / "twins.csv"
    found = find_duplicates(catalogue.path, between="domain", out=out)
    written = out.read_bytes()
    rows = list(csv.DictReader(written.decode().splitlines()))
    assert [row["a"] for row in rows] == [twin.first.id for twin in found.pairs]
    assert [float(row["score"]) for row in rows] == sorted((float(row["score"]) for row in rows), reverse=True)
    find_duplicates(catalogue.path, between="domain", out=out)
    assert out.read_bytes() == written


def test_variants_of_one_group_are_no_duplicates(tmp_path):
    shirts = [
        Product(id=size, titles=(Text(f"acme linen shirt x1234 {size}"),), group="linen shirt")
        for size in ("s", "m", "l")
    ]
    others = [Product(id=f"o{n}", titles=(Text(one(n)),)) for n in range(20)]
    catalogue = write_catalogue(tmp_path / "shop", [*shirts, *others])
    found = find_duplicates(catalogue.path)
    assert not any({twin.first.group, twin.second.group} == {"linen shirt"} for twin in found.pairs)


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ("a,b\na0,b0\n", r"pairs\.csv, line 1: the header a, b lacks 'match'"),
        ("a,b,match\na0,b0,yes\n", r"line 2: match is 'yes'; write 1"),
        ("a,b,match\na0,b0,1\na0,zz,0\n", r"line 3: the catalogue has no product 'zz'"),
        ("a,b,match\na0,a0,1\n", r"line 2: 'a0' is paired with itself"),
        ("a,b,match\na0,b0,1\n", r"knows 1 pairs, 1 of them the same"),
        ("", "is empty: it needs a header with the columns a, b, match"),
        ("a;b;match\n", r"knows 0 pairs"),
    ],
)
def test_a_bad_row_of_known_pairs_is_named(catalogue, tmp_path, lines, words):
    path = tmp_path / "pairs.csv"
    path.write_text(lines)
    with pytest.raises(ValueError, match=words):
        find_duplicates(catalogue.path, between="domain", pairs=path)


def test_pairs_in_another_encoding_are_named(catalogue, tmp_path):
    path = tmp_path / "pairs.csv"
    path.write_bytes("a,b,match\nñ,b0,1\n".encode("latin-1"))
    with pytest.raises(ValueError, match=r"pairs\.csv, line 2: byte 10 is no UTF-8"):
        find_duplicates(catalogue.path, pairs=path)


@pytest.mark.parametrize(
    ("between", "words"),
    [("colour", "cannot be told apart by 'colour'"), ("attributes.", "cannot be told"), ("brand", r"has 0 values")],
)
def test_what_tells_no_sources_apart_is_refused(catalogue, between, words):
    with pytest.raises(ValueError, match=words):
        find_duplicates(catalogue.path, between=between)


def test_one_product_has_nobody_to_be_compared_with(tmp_path):
    catalogue = write_catalogue(tmp_path / "one", [Product(id="1", titles=(Text("red mug"),))])
    with pytest.raises(ValueError, match="nothing to compare"):
        find_duplicates(catalogue.path)


def test_products_without_a_word_in_common_give_an_empty_list(tmp_path):
    catalogue = write_catalogue(tmp_path / "few", [Product(id=w, titles=(Text(w),)) for w in ("mug", "sofa", "shirt")])
    found = find_duplicates(catalogue.path)
    assert found.pairs == () and "0 pairs" in found.text()


def test_a_list_is_never_written_over_another_file_and_its_folder_is_made(catalogue, tmp_path):
    pairs = known_pairs(tmp_path / "pairs.csv")
    for out, words in (
        (pairs, "is the file of known pairs"),
        (tmp_path / "notes.txt", "end it with .csv"),
        (tmp_path, "is a folder"),
    ):
        with pytest.raises(ValueError, match=words):
            find_duplicates(catalogue.path, pairs=pairs, out=out)
    found = find_duplicates(catalogue.path, between="domain", out=tmp_path / "new" / "año" / "twins.csv")
    assert found.out is not None and found.out.read_text().startswith("score,a,b,")
