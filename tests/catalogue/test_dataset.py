"""Datasets on the disk: what the `datasets` library writes is read as `datasets` itself reads it back."""

import io
import os
from pathlib import Path
from typing import Any

import datasets
import pyarrow as pa
import pytest
from datasets import ClassLabel, Features, Image, List, Translation, Value
from PIL import Image as Pillow

from vitrina.catalogue.readers.dataset import DatasetReader, is_dataset
from vitrina.catalogue.readers.record import BadRow, Record

COLOURS = ["rojo", "azul"]
FEATURES = Features(
    {
        "image": Image(),
        "title": Value("string"),
        "label": ClassLabel(names=COLOURS),
        "tags": List(ClassLabel(names=["nuevo", "oferta"])),
        "parts": List({"kind": ClassLabel(names=["manga", "cuello"]), "size": Value("float32")}),
        "facts": {"finish": ClassLabel(names=["mate", "brillo"])},
        "price": Value("float64"),
    }
)


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    datasets.disable_progress_bars()
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)


def picture(shade: int) -> bytes:
    file = io.BytesIO()
    Pillow.new("RGB", (8, 8), (shade, 0, 0)).save(file, "PNG")
    return file.getvalue()


def shop(count: int, *, start: int = 0) -> datasets.Dataset:
    rows = [
        {
            "image": {"bytes": picture(n), "path": None},
            "title": f"Camisa {n}",
            "label": n % 3 - 1,
            "tags": [n % 2, 1],
            "parts": [{"kind": n % 2, "size": 0.5}],
            "facts": {"finish": n % 2},
            "price": n + 0.5,
        }
        for n in range(start, start + count)
    ]
    return datasets.Dataset.from_list(rows, features=FEATURES)


def as_they_read(rows: datasets.Dataset) -> list[dict[str, Any]]:
    """Rows as `datasets` gives them, with the names that it has for labels."""
    named = []
    for row in rows.cast_column("image", Image(decode=False)):
        assert isinstance(row, dict)
        parts = [{"kind": ["manga", "cuello"][each["kind"]], "size": each["size"]} for each in row["parts"]]
        named.append(
            row
            | {
                "label": None if row["label"] == -1 else rows.features["label"].int2str(row["label"]),
                "tags": rows.features["tags"].feature.int2str(row["tags"]),
                "parts": parts,
                "facts": {"finish": rows.features["facts"]["finish"].int2str(row["facts"]["finish"])},
            }
        )
    return named


def read(path: Path) -> list[dict[str, Any]]:
    rows = list(DatasetReader(path).rows())
    assert all(isinstance(row, Record) for row in rows)
    assert [row.row for row in rows] == list(range(1, len(rows) + 1))
    return [dict(row.values) for row in rows if isinstance(row, Record)]


def without_split(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: value for name, value in row.items() if name != "split"} for row in rows]


def card(*lines: str) -> str:
    return "\n".join(["---", "license: mit", *lines, "---", "# A shop", ""])


def test_a_saved_dataset_is_read_as_datasets_reads_it(tmp_path: Path) -> None:
    shop(150).save_to_disk(tmp_path / "shop", num_shards=3)
    assert is_dataset(tmp_path / "shop")
    assert read(tmp_path / "shop") == as_they_read(datasets.Dataset.load_from_disk(tmp_path / "shop"))
    assert "no splits" in DatasetReader(tmp_path / "shop").note


def test_a_saved_dictionary_of_datasets_keeps_its_splits(tmp_path: Path) -> None:
    parts = {"train": shop(5), "validation": shop(3, start=5), "test": shop(2, start=8)}
    datasets.DatasetDict(parts).save_to_disk(tmp_path / "shop")
    assert is_dataset(tmp_path / "shop")
    rows = read(tmp_path / "shop")
    assert [row["split"] for row in rows] == ["train"] * 5 + ["val"] * 3 + ["test"] * 2
    theirs = datasets.DatasetDict.load_from_disk(tmp_path / "shop")
    assert without_split(rows) == [row for part in theirs.values() for row in as_they_read(part)]


def test_translations_come_as_texts_by_language(tmp_path: Path) -> None:
    features = Features({"title": Translation(languages=["en", "es"])})
    rows = [{"title": {"en": "shirt", "es": "camisa"}}]
    datasets.Dataset.from_list(rows, features=features).save_to_disk(tmp_path / "shop")
    assert read(tmp_path / "shop") == rows


def test_a_pushed_repository_of_parquet_shards_is_read(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    for number in range(2):
        shop(4, start=4 * number).to_parquet(tmp_path / "data" / f"train-{number:05d}-of-00002.parquet")
    shop(2, start=8).to_parquet(tmp_path / "data" / "test-00000-of-00001.parquet")
    assert is_dataset(tmp_path)
    rows = read(tmp_path)
    assert [row["split"] for row in rows] == ["train"] * 8 + ["test"] * 2
    theirs = datasets.load_dataset(str(tmp_path), cache_dir=str(tmp_path / "cache"))
    assert isinstance(theirs, datasets.DatasetDict)
    assert without_split(rows) == [row for split in ("train", "test") for row in as_they_read(theirs[split])]


@pytest.mark.parametrize(
    ("files", "splits"),
    [
        (["train.csv", "test.csv"], ["train", "test"]),
        (["train.csv", "dev.csv"], ["train", "val"]),
        (["train/a.csv", "validation/a.csv", "test/b.csv"], ["train", "val", "test"]),
        (["training-1.csv", "evaluation 2.csv"], ["train", "test"]),
        (["data/train-00000-of-00001-abc.csv", "data/val-00000-of-00001.csv"], ["train", "val"]),
    ],
)
def test_splits_are_found_where_datasets_finds_them(tmp_path: Path, files: list[str], splits: list[str]) -> None:
    for number, name in enumerate(files):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(f"title,price\nCamisa {number},{number}\n")
    assert is_dataset(tmp_path)
    rows = read(tmp_path)
    assert [row["split"] for row in rows] == splits
    theirs = datasets.load_dataset(str(tmp_path), cache_dir=str(tmp_path / "cache"))
    assert isinstance(theirs, datasets.DatasetDict)
    assert [row["title"] for row in rows] == [row["title"] for part in theirs.values() for row in part]


@pytest.mark.parametrize(
    "data_files",
    [
        ["  data_files:", "  - split: train", "    path: 'a/*.jsonl'", "  - split: test", "    path: [b/x.jsonl]"],
        ["  data_files:", "    train: a/*.jsonl", "    test: '**/x.jsonl'"],
    ],
)
def test_a_card_says_which_files_are_which_split(tmp_path: Path, data_files: list[str]) -> None:
    for name in ("a/1.jsonl", "a/2.jsonl", "b/x.jsonl", "c/unused.jsonl"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(f'{{"title": "{name}"}}\n')
    (tmp_path / "README.md").write_text(card("configs:", "- config_name: default", *data_files))
    assert is_dataset(tmp_path)
    expected = [("a/1.jsonl", "train"), ("a/2.jsonl", "train"), ("b/x.jsonl", "test")]
    assert [(row["title"], row["split"]) for row in read(tmp_path)] == expected


def configurations(folder: Path, *, default: str = "") -> None:
    for name in ("en", "es"):
        (folder / name).mkdir()
        (folder / name / "train.csv").write_text(f"title\n{name}\n")
    lines = [
        line
        for name in ("en", "es")
        for line in (f"- config_name: {name}", f"  data_dir: {name}", *(["  default: true"] if name == default else []))
    ]
    (folder / "README.md").write_text(card("configs:", *lines))


def test_several_configurations_are_listed(tmp_path: Path) -> None:
    configurations(tmp_path)
    with pytest.raises(ValueError, match=r"several configurations.*en, es"):
        DatasetReader(tmp_path)


def test_the_configuration_marked_as_default_is_read_and_named(tmp_path: Path) -> None:
    configurations(tmp_path, default="es")
    assert [row["title"] for row in read(tmp_path)] == ["es"]
    assert "es (others: en)" in DatasetReader(tmp_path).note


def test_labels_that_only_the_card_names_are_named(tmp_path: Path) -> None:
    (tmp_path / "train.csv").write_text("title,label\na,0\nb,1\nc,azul\n")
    names = ["    dtype:", "      class_label:", "        names:", "          '0': rojo", "          '1': azul"]
    (tmp_path / "README.md").write_text(card("dataset_info:", "  features:", "  - name: label", *names))
    assert [row["label"] for row in read(tmp_path)] == ["rojo", "azul", "azul"]


@pytest.mark.parametrize("table", ["metadata.csv", "metadata.jsonl"])
def test_an_image_folder_with_a_table_is_read_through_it(tmp_path: Path, table: str) -> None:
    for split in ("train", "test"):
        (tmp_path / split / "pictures").mkdir(parents=True)
        (tmp_path / split / "pictures" / "1.png").write_bytes(picture(1))
        rows = {
            "metadata.csv": "file_name,text\npictures/1.png,Camisa\n",
            "metadata.jsonl": '{"file_name": "pictures/1.png", "text": "Camisa"}\n',
        }
        (tmp_path / split / table).write_text(rows[table])
    assert is_dataset(tmp_path)
    rows = read(tmp_path)
    assert [(row["image"], row["text"], row["split"]) for row in sorted(rows, key=lambda row: row["split"])] == [
        ("test/pictures/1.png", "Camisa", "test"),
        ("train/pictures/1.png", "Camisa", "train"),
    ]
    theirs = datasets.load_dataset(str(tmp_path), cache_dir=str(tmp_path / "cache"))
    assert isinstance(theirs, datasets.DatasetDict)
    for row in rows:
        (other,) = theirs["train" if row["split"] == "train" else "test"]
        assert other["text"] == row["text"]
        file = io.BytesIO((tmp_path / row["image"]).read_bytes())
        assert other["image"].tobytes() == Pillow.open(file).tobytes()


def test_classes_of_an_image_folder_are_categories(tmp_path: Path) -> None:
    for name in ("train/rojo/1.png", "train/train station/2.png", "test/rojo/3.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(picture(1))
    (tmp_path / "README.md").write_text(card("dataset_info:", "  features: []"))
    assert read(tmp_path) == [
        {"id": "train/rojo/1.png", "image": "train/rojo/1.png", "category": ["rojo"], "split": "train"},
        {"id": "train/train station/2.png", "image": "train/train station/2.png", "category": ["train station"],
         "split": "train"},
        {"id": "test/rojo/3.png", "image": "test/rojo/3.png", "category": ["rojo"], "split": "test"},
    ]  # fmt: skip


def test_the_cache_of_datasets_is_read(tmp_path: Path) -> None:
    (tmp_path / "feed").mkdir()
    for split in ("train", "test"):
        (tmp_path / "feed" / f"{split}.csv").write_text(f"title\n{split}\n")
    theirs = datasets.load_dataset(str(tmp_path / "feed"), cache_dir=str(tmp_path / "cache"))
    assert isinstance(theirs, datasets.DatasetDict)
    folder = Path(theirs["train"].cache_files[0]["filename"]).parent
    assert is_dataset(folder)
    assert read(folder) == [{"title": "train", "split": "train"}, {"title": "test", "split": "test"}]


def test_a_broken_arrow_file_costs_its_end_and_no_other_file(tmp_path: Path) -> None:
    shop(300).save_to_disk(tmp_path / "shop", num_shards=3)
    first = tmp_path / "shop" / "data-00000-of-00003.arrow"
    table = pa.ipc.open_stream(first.read_bytes()).read_all()
    with pa.OSFile(str(first), "wb") as sink, pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table, max_chunksize=10)
    os.truncate(first, first.stat().st_size // 2)
    rows = list(DatasetReader(tmp_path / "shop").rows())
    (bad,) = [row for row in rows if isinstance(row, BadRow)]
    assert bad.reason == "damaged file" and first.name in bad.detail
    titles = [row.values["title"] for row in rows if isinstance(row, Record)]
    kept = len(titles) - 200
    assert 10 <= kept < 100
    assert titles == [f"Camisa {n}" for n in [*range(kept), *range(100, 300)]]


def test_a_broken_row_of_a_table_costs_itself(tmp_path: Path) -> None:
    (tmp_path / "train.jsonl").write_text('{"title": "a"}\n{broken\n{"title": "b"}\n')
    (tmp_path / "test.jsonl").write_text('{"title": "c"}\n')
    rows = list(DatasetReader(tmp_path).rows())
    assert [row.values["title"] if isinstance(row, Record) else row.row for row in rows] == ["a", 2, "b", "c"]
    (bad,) = [row for row in rows if isinstance(row, BadRow)]
    assert "train.jsonl" in bad.detail


def test_a_missing_shard_is_named(tmp_path: Path) -> None:
    shop(4).save_to_disk(tmp_path / "shop", num_shards=2)
    (tmp_path / "shop" / "data-00001-of-00002.arrow").unlink()
    with pytest.raises(ValueError, match=r"lacks data-00001-of-00002\.arrow.*copy the whole folder"):
        DatasetReader(tmp_path / "shop")


def test_a_folder_without_rows_says_what_is_missing(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text(card("configs:", "- config_name: default", "  data_dir: data"))
    (tmp_path / "data.zip").write_bytes(b"PK")
    with pytest.raises(ValueError, match="unpack its archives first"):
        DatasetReader(tmp_path)


def test_a_card_that_is_no_yaml_is_explained(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text(card("configs: [unclosed"))
    with pytest.raises(ValueError, match=r"README\.md cannot be read"):
        is_dataset(tmp_path)


@pytest.mark.parametrize(
    "files",
    [
        ["feed.csv"],
        ["items_train.jsonl", "items_val.jsonl"],
        ["train.csv", "feed.csv"],
        ["shirts/1.png"],
        ["train.csv"],
    ],
)
def test_a_shops_own_folder_is_no_dataset(tmp_path: Path, files: list[str]) -> None:
    for name in files:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("id,title\n1,a\n")
    assert not is_dataset(tmp_path)
    assert not is_dataset(tmp_path / files[0])


def test_memory_holds_a_few_rows(tmp_path: Path) -> None:
    """The first row of a large file comes without its being read: positions go up with the batches."""
    shop(400).save_to_disk(tmp_path / "shop")
    reader = DatasetReader(tmp_path / "shop")
    positions = [row.position for row in reader.rows()]
    assert positions == sorted(positions) and positions[-1] <= reader.size
