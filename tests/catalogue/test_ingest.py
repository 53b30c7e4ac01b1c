"""Ingest: a shop's files become a catalogue; what is bad is named and costs nothing else."""

import io
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from vitrina.catalogue.ingest import ingest
from vitrina.catalogue.product import Product, Text
from vitrina.catalogue.store import Catalogue, write_catalogue


def picture(colour: str = "red", kind: str = "JPEG") -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (16, 12), colour).save(file, kind)
    return file.getvalue()


def write_lines(path: Path, *rows: object) -> Path:
    path.write_text("".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows))
    return path


def reasons(report_of: Path, source: Path, **options: object) -> list[tuple[str, str, int]]:
    report = ingest([source], out=report_of, **options)
    return [(problem.kind, problem.reason, problem.count) for problem in report.problems]


def test_files_of_every_kind_become_one_catalogue(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "1.jpg").write_bytes(picture())
    (tmp_path / "byclass" / "mug").mkdir(parents=True)
    (tmp_path / "byclass" / "mug" / "a.png").write_bytes(picture("blue", "PNG"))
    write_lines(tmp_path / "a.jsonl", {"id": 1, "title": "Mug", "image": "photos/1.jpg"})
    (tmp_path / "b.csv").write_text("sku;nombre;precio\n2;Taza;3,50 €\n")
    pq.write_table(pa.table({"id": ["3"], "image": [{"bytes": picture("green"), "path": "x"}]}), tmp_path / "c.parquet")
    report = ingest([tmp_path / name for name in ("a.jsonl", "b.csv", "c.parquet", "byclass")], out=tmp_path / "shop")
    assert (report.products, report.read, report.added, report.pictures, report.problems) == (4, 4, 4, 3, ())
    catalogue = Catalogue.open(tmp_path / "shop")
    assert [catalogue[row].id for row in range(4)] == ["1", "2", "3", "mug/a.png"]
    assert catalogue[0].pictures == (picture(),)
    assert str(catalogue[1].price) == "3.5"
    assert catalogue[3].category == ("mug",)
    assert catalogue[3].pictures[0][:2] == b"\xff\xd8"
    assert "4 products" in report.text()
    assert "title = nombre" in report.text()


def test_a_bad_row_is_rejected_alone_with_file_row_and_reason(tmp_path: Path) -> None:
    source = write_lines(
        tmp_path / "feed.jsonl",
        {"id": 1, "title": "one"},
        "{broken",
        {"title": "no id"},
        {"id": 3, "title": {"x": {}}},
        {"id": 4, "title": ""},
        {"id": 5, "title": "five", "price": "ask"},
    )
    report = ingest([source], out=tmp_path / "shop")
    assert (report.products, report.read, report.count("row"), report.count("price")) == (2, 6, 4, 1)
    places = {problem.reason: problem.samples[0].row for problem in report.problems}
    assert places == {"broken JSON": 2, "no id": 3, "wrong type": 4, "no text and no picture": 5, "not a price": 6}
    assert f"{source}, row 3: the column 'id' is empty" in report.text()
    assert "4 rows rejected" in report.text()


def test_a_bad_picture_costs_the_picture_unless_nothing_is_left(tmp_path: Path) -> None:
    (tmp_path / "good.jpg").write_bytes(picture())
    (tmp_path / "bad.jpg").write_bytes(picture()[:-40])
    source = write_lines(
        tmp_path / "feed.jsonl",
        {"id": 1, "title": "one", "images": ["bad.jpg", "good.jpg", "missing.jpg"]},
        {"id": 2, "images": ["bad.jpg"]},
        {"id": 3, "images": ["bad.jpg", "good.jpg"]},
    )
    report = ingest([source], out=tmp_path / "shop")
    assert [(problem.kind, problem.reason, problem.count) for problem in report.problems] == [
        ("row", "no picture left and no text", 1),
        ("picture", "damaged picture", 3),
        ("picture", "no such file", 1),
    ]
    catalogue = Catalogue.open(tmp_path / "shop")
    assert [(catalogue[row].id, len(catalogue[row].pictures)) for row in range(2)] == [("1", 1), ("3", 1)]


@pytest.mark.parametrize(
    ("reference", "reason"),
    [
        ("../secret.jpg", "path outside the root of pictures"),
        ("/etc/passwd", "path outside the root of pictures"),
        ("link.jpg", "path outside the root of pictures"),
        ("folder/../../secret.jpg", "path outside the root of pictures"),
        ("folder", "no such file"),
        ("pipe.jpg", "no such file"),
        ("loop.jpg", "no such file"),
        ("a\0b.jpg", "unreadable file"),
        ("x" * 5000, "unreadable file"),
        ("https://shop.example/1.jpg", "web address: leave out --no-download, or name a file"),
        ("//cdn.example/1.jpg", "web address: leave out --no-download, or name a file"),
        ("file:///etc/passwd", "web address: leave out --no-download, or name a file"),
        ("data:image/jpeg;base64,AAAA", "not a picture of a known format"),
        ("data:image/jpeg;base64,%%", "picture inside an address: broken"),
        ("data:image/jpeg;base64", "picture inside an address: broken"),
    ],
)
def test_no_picture_is_read_from_outside_the_root(tmp_path: Path, reference: str, reason: str) -> None:
    root = tmp_path / "root"
    (root / "folder").mkdir(parents=True)
    (tmp_path / "secret.jpg").write_bytes(picture())
    (root / "link.jpg").symlink_to(tmp_path / "secret.jpg")
    (root / "loop.jpg").symlink_to(root / "loop.jpg")
    os.mkfifo(root / "pipe.jpg")
    source = write_lines(root / "feed.jsonl", {"id": 1, "title": "t", "image": [reference]})
    assert reasons(tmp_path / "shop", source, downloads=None) == [("picture", reason, 1)]
    assert Catalogue.open(tmp_path / "shop")[0].pictures == ()


def test_a_name_that_no_file_can_have_is_told_once_and_cut(tmp_path: Path) -> None:
    source = write_lines(tmp_path / "feed.jsonl", {"id": 1, "title": "t", "image": ["x" * 5000]})
    report = ingest([source], out=tmp_path / "shop", downloads=None)
    assert max(map(len, report.text().splitlines())) < 600


def test_a_replaced_product_that_loses_its_picture_is_told_of(tmp_path: Path) -> None:
    (tmp_path / "1.jpg").write_bytes(picture())
    source = write_lines(tmp_path / "feed.jsonl", {"id": 1, "title": "t", "image": ["1.jpg"]})
    whole = ingest([source], out=tmp_path / "shop", downloads=None)
    before = Catalogue.open(tmp_path / "shop").digest
    (tmp_path / "1.jpg").unlink()
    report = ingest([source], out=tmp_path / "shop", downloads=None)
    assert "the version before still holds" in report.text() and "version before" not in whole.text()
    assert len(Catalogue.open(tmp_path / "shop", digest=before)[0].pictures) == 1


def test_paths_inside_the_root_are_read_absolute_and_linked_ones_too(tmp_path: Path) -> None:
    (tmp_path / "photos" / "deep").mkdir(parents=True)
    (tmp_path / "photos" / "deep" / "1.jpg").write_bytes(picture())
    (tmp_path / "photos" / "link.jpg").symlink_to("deep/1.jpg")
    (tmp_path / "feeds").mkdir()
    absolute = str(tmp_path / "photos" / "deep" / "1.jpg")
    rows = [{"id": i, "image": each} for i, each in enumerate(["deep/1.jpg", "link.jpg", absolute, "deep\\1.jpg"])]
    source = write_lines(tmp_path / "feeds" / "feed.jsonl", *rows)
    report = ingest([source], out=tmp_path / "shop", root=tmp_path / "photos")
    assert (report.products, report.pictures, report.problems) == (4, 4, ())


def test_fail_on_reject_leaves_the_old_catalogue_whole(tmp_path: Path) -> None:
    old = write_catalogue(tmp_path / "shop", [Product(id="old", titles=(Text("t"),))])
    source = write_lines(tmp_path / "feed.jsonl", {"id": 1, "title": "one"}, "{broken")
    with pytest.raises(ValueError, match=r"(?s)nothing was written.*feed.jsonl, row 2"):
        ingest([source], out=tmp_path / "shop", on_reject="fail")
    assert Catalogue.open(tmp_path / "shop").digest == old.digest
    with pytest.raises(ValueError, match="nothing was written"):
        ingest([source], out=tmp_path / "new", on_reject="fail")
    assert not (tmp_path / "new").exists()
    assert ingest([source], out=tmp_path / "shop").products == 2


def test_of_repeated_ids_the_last_counts_and_the_report_says_so(tmp_path: Path) -> None:
    source = write_lines(tmp_path / "feed.jsonl", *({"id": i % 2, "title": f"title {i}"} for i in range(5)))
    report = ingest([source], out=tmp_path / "shop")
    assert (report.products, report.added, report.count("repeated")) == (2, 2, 3)
    assert sum(report.splits.values()) == 2
    assert [sample.row for sample in report.problems[0].samples] == [1, 2, 3]
    catalogue = Catalogue.open(tmp_path / "shop")
    assert {catalogue[row].id: catalogue[row].titles[0].text for row in range(2)} == {"0": "title 4", "1": "title 3"}


def test_ingesting_again_changes_nothing_and_a_changed_row_replaces(tmp_path: Path) -> None:
    rows = [{"id": i, "title": f"title {i}"} for i in range(20)]
    first = ingest([write_lines(tmp_path / "feed.jsonl", *rows)], out=tmp_path / "shop")
    digest = Catalogue.open(tmp_path / "shop").digest
    again = ingest([tmp_path / "feed.jsonl"], out=tmp_path / "shop")
    assert (first.added, again.added, again.unchanged, again.replaced) == (20, 0, 20, 0)
    assert Catalogue.open(tmp_path / "shop").digest == digest
    rows[3]["title"] = "new title"
    rows.append({"id": 99, "title": "another"})
    third = ingest([write_lines(tmp_path / "feed.jsonl", *rows)], out=tmp_path / "shop")
    assert (third.products, third.added, third.replaced, third.unchanged) == (21, 1, 1, 19)


def test_splits_come_from_the_column_or_stay_when_rows_are_added(tmp_path: Path) -> None:
    rows = [{"id": i, "title": f"title {i}", "split": "dev" if i == 7 else None} for i in range(60)]
    ingest([write_lines(tmp_path / "few.jsonl", *rows[:30])], out=tmp_path / "few")
    ingest([write_lines(tmp_path / "all.jsonl", *reversed(rows))], out=tmp_path / "all")
    splits = [
        {product.id: product.split for product in Catalogue.open(tmp_path / name).read(range(30))} for name in ("few",)
    ]
    everything = Catalogue.open(tmp_path / "all")
    after = {product.id: product.split for product in everything.read(range(60))}
    assert splits[0]["7"] == "val"
    assert set(after.values()) == {"train", "val", "test"}
    assert all(after[id_] == split for id_, split in splits[0].items())


def test_files_that_differ_in_their_split_state_it_for_rows_that_do_not(tmp_path: Path) -> None:
    for split in ("train", "val"):
        write_lines(tmp_path / f"shop_{split}.jsonl", *({"id": f"{split}-{i}", "title": "t"} for i in range(30)))
    write_lines(tmp_path / "shop_test.jsonl", {"id": "x", "title": "t", "split": "train"}, {"id": "y", "title": "t"})
    report = ingest([tmp_path], out=tmp_path / "catalogue")
    assert report.splits == {"train": 31, "val": 30, "test": 1}
    assert "its rows are in val, as the file's name says" in report.text()
    assert "its rows are in test" not in report.text(), "its rows say so themselves"
    alone = ingest([tmp_path / "shop_val.jsonl"], out=tmp_path / "alone")
    assert alone.splits["train"] > 0


def test_columns_that_appear_late_are_found(tmp_path: Path) -> None:
    rows = [{"id": i, "title": f"t{i}"} for i in range(1200)]
    rows.append({"id": 1200, "title": "t", "marca": "Acme", "talla": "40"})
    ingest([write_lines(tmp_path / "feed.jsonl", *rows)], out=tmp_path / "shop")
    last = Catalogue.open(tmp_path / "shop")[1200]
    assert (last.brand, last.attributes) == ("Acme", {"talla": "40"})


def test_pictures_keep_the_order_of_their_products(tmp_path: Path) -> None:
    for number in range(100):
        (tmp_path / f"{number}.png").write_bytes(picture(f"#{number:02x}40{255 - number:02x}", "PNG"))
    rows = [{"id": i, "title": f"t{i}", **({"image": f"{i}.png"} if i % 3 else {})} for i in range(100)]
    ingest([write_lines(tmp_path / "feed.jsonl", *rows)], out=tmp_path / "shop")
    products = Catalogue.open(tmp_path / "shop").read(range(100))
    assert [product.id for product in products] == [str(i) for i in range(100)]
    for number, product in enumerate(products):
        assert len(product.pictures) == (number % 3 > 0)
        if product.pictures:
            with Image.open(io.BytesIO(product.pictures[0])) as image:
                red, _, blue = image.convert("RGB").resize((1, 1)).getpixel((0, 0))
            assert abs(red - number) < 6
            assert abs(blue - (255 - number)) < 6


def test_rows_without_ids_of_files_with_one_name_do_not_override_each_other(tmp_path: Path) -> None:
    for folder in ("train", "val"):
        (tmp_path / folder).mkdir()
        write_lines(tmp_path / folder / "data.jsonl", {"title": f"from {folder}"})
    report = ingest([tmp_path / "train" / "data.jsonl", tmp_path / "val" / "data.jsonl"], out=tmp_path / "shop")
    assert report.products == 2
    assert "no column of ids" in report.text()


def test_rows_without_ids_of_folders_with_one_name_do_not_override_each_other(tmp_path: Path) -> None:
    for shop in ("one", "other"):
        (tmp_path / shop / "data").mkdir(parents=True)
        write_lines(tmp_path / shop / "data" / "feed.v1.jsonl", {"title": f"from {shop}"})
    sources = [tmp_path / shop / "data" / "feed.v1.jsonl" for shop in ("one", "other")]
    assert ingest(sources, out=tmp_path / "shop").products == 2


def test_of_a_folder_files_without_products_are_left_out_and_named(tmp_path: Path) -> None:
    folder = tmp_path / "export"
    folder.mkdir()
    write_lines(folder / "labels.json", "[null, 1]")
    write_lines(folder / "pairs_test.csv", "a,b,match", "1,2,0")
    write_lines(folder / "products.jsonl", {"id": 1, "title": "Mug"}, {"id": "", "title": "no id"})
    report = ingest([folder], out=tmp_path / "shop")
    assert (report.products, report.count("row")) == (1, 1)
    (file,) = report.files
    assert ["left out" in note for note in file.notes] == [True, True]
    assert "labels.json" in file.notes[0] and "pairs_test.csv has no column for a title" in file.notes[1]
    (sample,) = report.problems[0].samples
    assert sample.file.name == "products.jsonl"


def empty(folder: Path) -> Path:
    return write_lines(folder / "feed.jsonl")


def only_a_header(folder: Path) -> Path:
    return write_lines(folder / "feed.csv", "id,title")


def no_text_or_picture(folder: Path) -> Path:
    return write_lines(folder / "feed.csv", "a,b,match", "1,2,0")


def nothing_usable(folder: Path) -> Path:
    return write_lines(folder / "feed.jsonl", {"id": 1, "title": ""}, {"id": "", "title": "x"})


def nothing_readable(folder: Path) -> Path:
    return write_lines(folder / "feed.jsonl", "{", "{")


def sound(folder: Path) -> Path:
    return write_lines(folder / "feed.jsonl", {"id": 1, "name": "x"})


@pytest.mark.parametrize(
    ("make", "options", "words"),
    [
        (empty, {}, "feed.jsonl has no rows"),
        (only_a_header, {}, "feed.csv has no rows"),
        (no_text_or_picture, {}, "feed.csv has no column for a title.*its columns are a, b, match"),
        (nothing_usable, {}, r"(?s)none of 2 rows is usable.*row 1: id 1"),
        (nothing_readable, {}, "feed.jsonl has no readable row; row 1: broken JSON"),
        (sound, {"columns": {"titel": "name"}}, "no field 'titel' to map"),
        (sound, {"columns": {"title": "nome"}}, "no column 'nome' for title: the columns are id, name"),
        (sound, {"root": Path("/nowhere")}, "root of pictures, /nowhere, is no folder"),
    ],
)
def test_what_cannot_be_ingested_is_refused_in_plain_words(
    tmp_path: Path, make: Callable[[Path], Path], options: Mapping[str, object], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        ingest([make(tmp_path)], out=tmp_path / "shop", **options)
    assert not (tmp_path / "shop").exists()


def test_out_that_is_a_file_or_no_source_at_all_is_refused(tmp_path: Path) -> None:
    source = sound(tmp_path)
    with pytest.raises(ValueError, match="is a file: name a folder"):
        ingest([source], out=source)
    with pytest.raises(ValueError, match="nothing to ingest"):
        ingest([], out=tmp_path / "shop")
