"""Readers: every row comes with its file and number, and a bad one costs nothing but itself."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vitrina.catalogue.product import Product, Text
from vitrina.catalogue.readers import BadRow, Reader, Record, find_readers
from vitrina.catalogue.store import write_catalogue


def only(source: Path) -> Reader:
    (reader,) = find_readers(source)
    return reader


def read(source: Path) -> list[dict[str, object] | str]:
    """Rows as their values, bad ones as their reason."""
    return [dict(row.values) if isinstance(row, Record) else row.reason for row in only(source).rows()]


def numbers(source: Path) -> list[int]:
    return [row.row for row in only(source).rows()]


def test_lines_of_json_keep_their_numbers(tmp_path: Path) -> None:
    path = tmp_path / "feed.jsonl"
    path.write_bytes(b'\xef\xbb\xbf{"id": 1}\n\n{"id": "\xc3\xb1"}\r\n{broken}\n[1, 2]\n{"id": "\xff"}\n{"p": NaN}')
    assert read(path) == [
        {"id": 1}, {"id": "ñ"}, "broken JSON", "not a JSON object", "invalid UTF-8", {"p": None},
    ]  # fmt: skip
    assert numbers(path) == [1, 3, 4, 5, 6, 7]


def test_a_list_among_lines_of_json_is_explained(tmp_path: Path) -> None:
    path = tmp_path / "feed.jsonl"
    path.write_text(json.dumps([{"id": 1}]))
    (row,) = only(path).rows()
    assert isinstance(row, BadRow)
    assert "one object per line" in row.detail


def test_json_nested_without_end_costs_its_line(tmp_path: Path) -> None:
    path = tmp_path / "feed.jsonl"
    path.write_text('{"a": ' * 100_000 + "\n" + '{"id": 1}\n')
    assert read(path) == ["broken JSON", {"id": 1}]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_tables_of_every_dialect_say_the_same(tmp_path: Path, delimiter: str, encoding: str, end: str) -> None:
    rows = [
        ["id", "título"],
        ["1", "Camisón «azul»"],
        ["2", f'"de 32"" {delimiter} y{end}dos líneas"'],
        ["3", 'TV 32"'],
    ]
    path = tmp_path / "feed.csv"
    path.write_bytes((end.join(delimiter.join(row) for row in rows) + end).encode(encoding))
    assert read(path) == [
        {"id": "1", "título": "Camisón «azul»"},
        {"id": "2", "título": f'de 32" {delimiter} y{end}dos líneas'},
        {"id": "3", "título": 'TV 32"'},
    ]
    assert numbers(path) == [2, 3, 5]


def test_windows_1252_is_mentioned(tmp_path: Path) -> None:
    path = tmp_path / "feed.csv"
    path.write_bytes("id,título\n1,Año\n".encode("cp1252"))
    assert "Windows-1252" in only(path).note
    path.write_bytes("id,título\n1,Año\n".encode())
    assert only(path).note == ""


def test_a_bad_row_of_a_table_costs_itself(tmp_path: Path) -> None:
    path = tmp_path / "feed.csv"
    path.write_bytes(b'id,title\n1,one\n2\n3,three,more\n4,four,\n5,\xff\xfe\n"6,open\n7,seven\n8,"a"b\n\n9,nine')
    assert read(path) == [
        {"id": "1", "title": "one"},
        "wrong number of columns",
        "wrong number of columns",
        {"id": "4", "title": "four"},
        "invalid UTF-8",
        "broken CSV",
        {"id": "7", "title": "seven"},
        "broken CSV",
        {"id": "9", "title": "nine"},
    ]
    assert numbers(path) == [2, 3, 4, 5, 6, 7, 8, 9, 11]


def test_a_very_long_cell_is_read(tmp_path: Path) -> None:
    path = tmp_path / "feed.csv"
    path.write_text("id,title\n1," + "x" * 500_000 + "\n")
    (row,) = read(path)
    assert isinstance(row, dict)
    assert row["title"] == "x" * 500_000


def test_a_tsv_is_separated_by_tabs_whatever_else_it_holds(tmp_path: Path) -> None:
    path = tmp_path / "feed.tsv"
    path.write_text("id\ttitle, with, commas\n1\ta, b\n")
    assert read(path) == [{"id": "1", "title, with, commas": "a, b"}]


def test_a_column_that_stands_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "feed.csv"
    path.write_text("id,title,title\n1,a,b\n")
    with pytest.raises(ValueError, match=r"feed.csv: the column 'title' stands twice"):
        list(only(path).rows())


def test_packed_files_are_read(tmp_path: Path) -> None:
    (tmp_path / "feed.csv.gz").write_bytes(gzip.compress(b"id,title\n1,one\n"))
    (tmp_path / "more.jsonl.gz").write_bytes(gzip.compress(b'{"id": 1}\n{"id": 2}\n'))
    assert read(tmp_path / "feed.csv.gz") == [{"id": "1", "title": "one"}]
    assert read(tmp_path / "more.jsonl.gz") == [{"id": 1}, {"id": 2}]
    (tmp_path / "cut.csv.gz").write_bytes(gzip.compress(b"id,title\n" + b"1,one\n" * 999)[:-9])
    with pytest.raises(ValueError, match=r"cut.csv.gz is a damaged gzip file"):
        list(only(tmp_path / "cut.csv.gz").rows())


def test_parquet_comes_with_structs_lists_and_class_names(tmp_path: Path) -> None:
    path = tmp_path / "data.parquet"
    features = {"info": {"features": {"label": {"names": ["mug", "shoe"], "_type": "ClassLabel"}}}}
    table = pa.table(
        {
            "id": [str(i) for i in range(150)],
            "image": [{"bytes": bytes([i]), "path": None} for i in range(150)],
            "label": [i % 2 for i in range(150)],
            "tags": [["a", "b"]] * 150,
        }
    ).replace_schema_metadata({"huggingface": json.dumps(features)})
    pq.write_table(table, path)
    rows = list(only(path).rows())
    assert [row.row for row in rows] == list(range(1, 151))
    last = rows[149]
    assert isinstance(last, Record)
    assert last.values == {"id": "149", "image": {"bytes": b"\x95", "path": None}, "label": "shoe", "tags": ["a", "b"]}


def test_a_row_of_parquet_that_is_no_text_costs_itself(tmp_path: Path) -> None:
    path = tmp_path / "data.parquet"
    offsets = pa.py_buffer(b"\0\0\0\0\3\0\0\0\5\0\0\0\12\0\0\0")
    text = pa.Array.from_buffers(pa.string(), 3, [None, offsets, pa.py_buffer(b"one\xff\xfethree")])
    pq.write_table(pa.table({"title": text}), path)
    assert read(path) == [{"title": "one"}, "unreadable values", {"title": "three"}]


def test_pictures_in_folders_by_class(tmp_path: Path) -> None:
    for name in ("dress/2.jpg", "dress/1.PNG", "shoe/sport/1.jpeg", "shoe/notes.txt", ".hidden/x.jpg", "shoe/.x.jpg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert read(tmp_path) == [
        {"id": "dress/1.PNG", "image": "dress/1.PNG", "category": ["dress"], "split": None},
        {"id": "dress/2.jpg", "image": "dress/2.jpg", "category": ["dress"], "split": None},
        {"id": "shoe/sport/1.jpeg", "image": "shoe/sport/1.jpeg", "category": ["shoe", "sport"], "split": None},
    ]


@pytest.mark.parametrize(("top", "split"), [(["train", "valid"], True), (["test", "dress"], False)])
def test_folders_named_like_splits_are_splits_when_all_of_them_are(tmp_path: Path, top: list[str], split: bool) -> None:
    for name in top:
        (tmp_path / name / "dress").mkdir(parents=True)
        (tmp_path / name / "dress" / "1.jpg").touch()
    rows = read(tmp_path)
    assert [row["split"] for row in rows if isinstance(row, dict)] == (sorted(top) if split else [None, None])
    assert {len(row["category"]) for row in rows if isinstance(row, dict)} == {1 if split else 2}


def test_a_folder_of_product_files_is_all_of_them(tmp_path: Path) -> None:
    (tmp_path / "b.jsonl").write_text('{"id": 2}\n')
    (tmp_path / "a.csv").write_text("id\n1\n")
    (tmp_path / "LICENSE.md").write_text("words")
    assert [reader.path.name for reader in find_readers(tmp_path)] == ["a.csv", "b.jsonl"]


def missing(folder: Path) -> Path:
    return folder / "nothing.csv"


def strange(folder: Path) -> Path:
    (folder / "feed.pdf").touch()
    return folder / "feed.pdf"


def no_parquet(folder: Path) -> Path:
    (folder / "feed.parquet").write_text("id,title")
    return folder / "feed.parquet"


def spreadsheet(folder: Path) -> Path:
    (folder / "feed.xlsx").write_bytes(b"PK\x03\x04")
    return folder / "feed.xlsx"


def catalogue(folder: Path) -> Path:
    write_catalogue(folder / "shop", [Product(id="1", titles=(Text("mug"),))])
    return folder / "shop"


def empty_folder(folder: Path) -> Path:
    return folder


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (missing, "nothing.csv does not exist"),
        (strange, "feed.pdf is of an unknown kind"),
        (spreadsheet, "feed.xlsx is a spreadsheet: save it as CSV"),
        (catalogue, "vitrina export .*shop FOLDER"),
        (no_parquet, "feed.parquet is no readable Parquet file"),
        (empty_folder, "holds neither product files"),
    ],
)
def test_a_source_that_cannot_be_read_is_named(tmp_path: Path, make: Callable[[Path], Path], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        find_readers(make(tmp_path))


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=300))
def test_no_bytes_break_a_reader(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    folder = tmp_path_factory.mktemp("feed")
    for name in ("feed.jsonl", "feed.csv"):
        (folder / name).write_bytes(b"id,title\n" + data)
        for row in only(folder / name).rows():
            assert row.row >= 1
