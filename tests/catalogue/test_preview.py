"""Preview: what an ingest would make of a shop's files, without writing or fetching anything."""

import json
from pathlib import Path

import pytest
from catalogue.download_server import picture, running

from vitrina.catalogue.ingest import ingest
from vitrina.catalogue.preview import preview
from vitrina.catalogue.store import Catalogue


def shop(folder: Path) -> Path:
    """A feed with a product that is whole, one that is half, and rows that are none."""
    (folder / "photos").mkdir()
    (folder / "photos" / "1.jpg").write_bytes(picture())
    (folder / "photos" / "torn.jpg").write_bytes(picture()[:-40])
    rows = [
        {
            "sku": "m-1",
            "title_en": "Red mug",
            "title_es": "Taza roja",
            "description": "A mug. " * 100,
            "price": "3,50 €",
            "category": "Home > Kitchen",
            "brand": "Acme",
            "images": ["photos/1.jpg", "photos/torn.jpg", "photos/none.jpg", "https://ana:key@shop.example/2.jpg"],
            "colour": "red",
        },
        {"sku": "m-2", "title_en": "Plate", "price": "ask"},
        {"title_en": "no id"},
        {"sku": "m-4", "images": ["photos/torn.jpg"]},
        {"sku": "m-5", "images": ["https://shop.example/5.jpg"]},
    ]
    (folder / "feed.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows) + "{broken\n")
    return folder / "feed.jsonl"


def test_a_preview_shows_products_as_they_would_be(tmp_path: Path) -> None:
    source = shop(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    seen = preview([source])
    (file,) = seen.files
    assert [(row.row, row.rejected) for row in file.rows] == [
        (1, ""),
        (2, ""),
        (3, "no id (the column 'sku' is empty)"),
        (4, "no picture left and no text"),
        (5, ""),
        (6, file.rows[5].rejected),
    ]
    assert file.rows[5].rejected.startswith("broken JSON")
    assert [(picture.name, picture.state) for picture in file.rows[0].pictures] == [
        ("photos/1.jpg", "found"),
        ("photos/torn.jpg", "damaged picture"),
        ("photos/none.jpg", "no such file"),
        ("https://shop.example/2.jpg", "to be downloaded"),
    ]
    assert file.rows[1].bad_price == "'ask'"
    assert sorted(tmp_path.rglob("*")) == before
    ingest([source], out=tmp_path / "shop", downloads=None)
    catalogue = Catalogue.open(tmp_path / "shop")
    assert [row.product for row in file.rows[:2]] == [catalogue[0], catalogue[1]]


def test_the_text_is_for_reading(tmp_path: Path) -> None:
    text = preview([shop(tmp_path)]).text()
    for words in (
        "feed.jsonl: of the first 6 rows, 2 would be rejected before their pictures are looked at",
        "id = sku; title = title_en, title_es",
        "row 1: m-1",
        "title       Red mug [en]",
        "title       Taza roja [es]",
        "price       3.50 EUR",
        "category    Home > Kitchen",
        "photos/1.jpg (found), photos/torn.jpg (damaged picture)",
        "attributes  colour: red",
        "price       not understood: 'ask'",
        "row 3: rejected: no id",
        "row 4: rejected: no picture left and no text",
        "title = title_en,title_es",
        "nothing was written, nothing was downloaded",
    ):
        assert words in text, words
    assert "key" not in text
    assert max(map(len, text.splitlines())) < 250, "long texts are cut"


def test_nothing_is_fetched(tmp_path: Path) -> None:
    with running({}) as server:
        row = {"id": 1, "title": "t", "image": server.url("/1.jpg")}
        (tmp_path / "feed.jsonl").write_text(json.dumps(row) + "\n")
        preview([tmp_path / "feed.jsonl"])
    assert not server.calls


def test_rows_are_dealt_to_files_and_every_file_says_its_columns(tmp_path: Path) -> None:
    for number in range(4):
        lines = "".join(f"{number}-{row},mug\n" for row in range(1_500))
        (tmp_path / f"{number}.csv").write_text(f"id,{'name' if number else 'title'}\n{lines}")
    seen = preview([tmp_path], rows=10)
    assert [len(file.rows) for file in seen.files] == [3, 3, 2, 2]
    assert [file.read for file in seen.files] == [1_000] * 4
    assert [len(file.rows) for file in preview([tmp_path], rows=2).files] == [1, 1, 0, 0]
    assert [file.report.columns for file in seen.files] == ["id = id; title = title", *["id = id; title = name"] * 3]
    assert (seen.mapping, seen.guessed) == ({"id": "id"}, ("title",))
    assert "left to each file: title" in seen.text()


def test_problems_behind_the_shown_rows_are_counted(tmp_path: Path) -> None:
    lines = "".join(f"{'' if row % 100 == 99 else row},mug\n" for row in range(1_000))
    (tmp_path / "feed.csv").write_text(f"id,title\n{lines}")
    (file,) = preview([tmp_path / "feed.csv"]).files
    assert [(problem.reason, problem.count) for problem in file.problems] == [("no id", 10)]


def test_columns_and_root_are_those_of_the_ingest(tmp_path: Path) -> None:
    (tmp_path / "feeds").mkdir()
    (tmp_path / "1.jpg").write_bytes(picture())
    (tmp_path / "feeds" / "feed.csv").write_text("id,label,image\n1,Mug,1.jpg\n")
    seen = preview([tmp_path / "feeds" / "feed.csv"], columns={"title": "label"}, root=tmp_path)
    (row,) = seen.files[0].rows
    assert row.product is not None and row.product.titles[0].text == "Mug"
    assert row.pictures[0].state == "found"


@pytest.mark.parametrize(
    ("sources", "options", "words"),
    [
        ([], {}, "nothing to ingest"),
        (["nowhere.csv"], {}, "nowhere.csv does not exist"),
        (["feed.csv"], {"columns": {"titel": "x"}}, "no field 'titel'"),
        (["feed.csv"], {"columns": {"title": "nome"}}, "no column 'nome' for title"),
        (["feed.csv"], {"rows": -1}, "-1 rows cannot be shown"),
    ],
)
def test_what_cannot_be_ingested_cannot_be_previewed(
    tmp_path: Path, sources: list[str], options: dict[str, object], words: str
) -> None:
    (tmp_path / "feed.csv").write_text("id,title\n1,Mug\n")
    with pytest.raises(ValueError, match=words):
        preview([tmp_path / source for source in sources], **options)
