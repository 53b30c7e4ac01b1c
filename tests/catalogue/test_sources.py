"""Public sources by name: exports of their real columns become products, others are refused with words."""

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import datasets
import huggingface_hub
import pytest
import webdataset as wds
from catalogue.little_hub import LittleHub
from PIL import Image

from vitrina.catalogue import sources
from vitrina.catalogue.ingest import ingest
from vitrina.catalogue.readers.record import BadRow, Record
from vitrina.catalogue.sources import named_readers
from vitrina.catalogue.store import Catalogue

NEWS = {
    "title": "Rain in Madrid",
    "text": "It rained all day.",
    "domain": "news.example.com",
    "date": "2018-05-02 00:00:00",
    "description": "A wet day.",
    "url": "http://news.example.com/rain",
    "image_url": "http://news.example.com/rain.jpg",
}
BURBERRY = {
    "website_name": "Burberry",
    "competence_date": "2023-11-06",
    "country_code": "USA",
    "currency_code": "USD",
    "brand": "BURBERRY",
    "category1_code": "WOMEN",
    "category2_code": "CLOTHING",
    "category3_code": "COATS",
    "product_code": 80635141,
    "title": "Check Wool Coat",
    "itemurl": "https://shop.example.com/80635141",
    "imageurl": "https://shop.example.com/80635141.jpg",
    "full_price": 2890.0,
    "price": 1990.0,
    "full_price_eur": 2700.5,
    "price_eur": 1850.25,
    "flg_discount": 1,
}
CLASSES = ["tench, Tinca tinca", "goldfish, Carassius auratus"]


@pytest.fixture(autouse=True)
def quiet() -> None:
    datasets.disable_progress_bars()


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LittleHub]:
    with LittleHub().running() as little:
        template = little.address + "/{repo_id}/resolve/{revision}/{filename}"
        monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", little.address)
        monkeypatch.setattr(huggingface_hub.constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
        monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
        yield little


def picture(shade: int) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (8, 8), (shade, 0, 0)).save(file, "JPEG")
    return file.getvalue()


def read(source: str) -> list[dict[str, Any]]:
    rows = [row for reader in named_readers(source) or [] for row in reader.rows()]
    assert all(isinstance(row, Record) for row in rows)
    return [dict(row.values) for row in rows if isinstance(row, Record)]


def write(rows: list[dict[str, Any]], *, to: Path) -> Path:
    """The rows in the format that the name says, as `datasets` or `webdataset` writes it."""
    if to.suffix == ".tar":
        with wds.TarWriter(str(to)) as file:
            for number, row in enumerate(rows):
                file.write({"__key__": f"{number:04d}", "json": row})
        return to
    table = datasets.Dataset.from_list(rows)
    match to.suffix:
        case ".jsonl":
            table.to_json(to)
        case ".csv":
            table.to_csv(to)
        case ".parquet":
            table.to_parquet(to)
        case _:
            table.save_to_disk(to)
    return to


def test_what_is_no_source_of_ours_is_left_to_others() -> None:
    assert named_readers("feed.csv") is None
    assert named_readers("named_readers") is None
    assert named_readers("__all__=x") is None
    for name in sources.__all__:
        with pytest.raises(ValueError, match=rf"{name}=PATH"):
            named_readers(f"{name}=")
        with pytest.raises(ValueError, match="does not exist"):
            named_readers(f"{name}=no/such/export")


@pytest.mark.parametrize("name", ["news.jsonl", "news.csv", "news.parquet", "news.tar", "news"])
def test_cc_news_is_read_from_every_format(tmp_path: Path, name: str) -> None:
    (row,) = read(f"cc_news={write([NEWS], to=tmp_path / name)}")
    assert row == {
        "id": f"cc_news-{name}-{2 if name.endswith('csv') else 1}",  # a table's first row stands in its second line
        "title": "Rain in Madrid",
        "description": ["A wet day.", "It rained all day."],
        "language": "en",
        "domain": "news",
        "attributes": {
            "date": "2018-05-02 00:00:00",
            "url": "http://news.example.com/rain",
            "site": "news.example.com",
            "picture_url": "http://news.example.com/rain.jpg",
        },
    }


@pytest.mark.parametrize("name", ["burberry.jsonl", "burberry.csv", "burberry.parquet", "burberry.tar", "burberry"])
def test_burberry_is_read_from_every_format(tmp_path: Path, name: str) -> None:
    (row,) = read(f"burberry={write([BURBERRY], to=tmp_path / name)}")
    assert str(row.pop("price")) == "1990.0"
    assert {key: str(value) for key, value in row.pop("attributes").items()} == {
        "website_name": "Burberry",
        "competence_date": "2023-11-06",
        "country_code": "USA",
        "itemurl": "https://shop.example.com/80635141",
        "full_price": "2890.0",
        "price_eur": "1850.25",
        "full_price_eur": "2700.5",
        "flg_discount": "1",
    }
    assert row == {
        "id": "80635141",
        "title": "Check Wool Coat",
        "image": "https://shop.example.com/80635141.jpg",
        "currency": "USD",
        "brand": "BURBERRY",
        "category": ["WOMEN", "CLOTHING", "COATS"],
        "language": "en",
        "domain": "fashion",
    }


def test_bookcorpus_is_read_as_a_dataset_and_as_lines(tmp_path: Path) -> None:
    rows = [{"text": text} for text in ("but i traded .", "she ran .")]

    def expected(*ids: str) -> list[dict[str, str]]:
        facts = {"language": "en", "domain": "books"}
        return [{"id": id_, "description": row["text"], **facts} for id_, row in zip(ids, rows, strict=True)]

    saved = read(f"bookcorpus={write(rows, to=tmp_path / 'books.parquet')}")
    assert saved == expected("bookcorpus-books.parquet-1", "bookcorpus-books.parquet-2")
    (tmp_path / "original").mkdir()
    for number, row in enumerate(rows, 1):
        (tmp_path / "original" / f"books_large_p{number}.txt").write_text(f"{row['text']}\n\n")
    original = read(f"bookcorpus={tmp_path / 'original'}")
    assert original == expected("bookcorpus-books_large_p1.txt-1", "bookcorpus-books_large_p2.txt-1")
    with wds.TarWriter(str(tmp_path / "books.tar")) as file:
        for number, row in enumerate(rows):
            file.write({"__key__": f"{number:04d}", "txt": row["text"]})
    assert read(f"bookcorpus={tmp_path / 'books.tar'}") == expected("bookcorpus-books.tar-1", "bookcorpus-books.tar-2")


def test_a_line_that_is_no_text_costs_itself(tmp_path: Path) -> None:
    (tmp_path / "books.txt").write_bytes(b"one .\n\xff\xfe\nthree .\n")
    (reader,) = named_readers(f"bookcorpus={tmp_path / 'books.txt'}") or []
    rows = list(reader.rows())
    assert [row.reason if isinstance(row, BadRow) else row.values["description"] for row in rows] == [
        "one .", "invalid UTF-8", "three .",
    ]  # fmt: skip


def test_pmd_takes_the_picture_or_its_address_or_neither(tmp_path: Path) -> None:
    features = datasets.Features(
        {
            "image_url": datasets.Value("string"),
            "image": datasets.Image(),
            "text": datasets.Value("string"),
            "source": datasets.Value("string"),
            "meta": datasets.Value("string"),
        }
    )
    rows = [
        {"image_url": None, "image": {"bytes": picture(1), "path": None}, "text": "a dog", "source": "coco",
         "meta": json.dumps({"annotation": ["x"], "imgid": 7})},
        {"image_url": "http://x.example/1.jpg", "image": None, "text": "a cat", "source": "sbu", "meta": "{}"},
        {"image_url": None, "image": None, "text": "nothing left", "source": "wit", "meta": "{broken"},
    ]  # fmt: skip
    datasets.Dataset.from_list(rows, features=features).save_to_disk(tmp_path / "pmd")
    with_picture, with_address, with_neither = read(f"pmd={tmp_path / 'pmd'}")
    assert with_picture["image"]["bytes"] == picture(1)
    assert with_picture["attributes"] == {"source": "coco", "meta.imgid": 7}
    assert with_address["image"] == with_address["item_group_id"] == "http://x.example/1.jpg"
    assert "image" not in with_neither and with_neither["description"] == "nothing left"
    assert with_neither["attributes"] == {"source": "wit", "meta": "{broken"}


def imagenet() -> datasets.Dataset:
    features = datasets.Features({"image": datasets.Image(), "label": datasets.ClassLabel(names=CLASSES)})
    rows = [{"image": {"bytes": picture(n), "path": None}, "label": n % 2} for n in range(4)]
    return datasets.Dataset.from_list(rows, features=features)


def test_imagenet_gives_pictures_with_their_class_and_no_title(tmp_path: Path) -> None:
    parts = {"train": imagenet(), "validation": imagenet().select([0])}
    datasets.DatasetDict(parts).save_to_disk(tmp_path / "imagenet")
    rows = read(f"imagenet_1k={tmp_path / 'imagenet'}")
    assert [row["category"] for row in rows] == [["tench"], ["goldfish"], ["tench"], ["goldfish"], ["tench"]]
    assert [row["split"] for row in rows] == ["train"] * 4 + ["val"]
    assert rows[0]["attributes"] == {"names": "tench, Tinca tinca"}
    assert rows[1]["image"]["bytes"] == picture(1)
    assert "title" not in rows[0]


MAPPING = "n01440764 tench, Tinca tinca\nn01443537 goldfish, Carassius auratus\n"


def challenge(folder: Path) -> Path:
    pictures = folder / "ILSVRC" / "Data" / "CLS-LOC"
    for number, name in enumerate(
        [
            "train/n01440764/n01440764_18.JPEG",
            "train/n01443537/n01443537_2.JPEG",
            "val/ILSVRC2012_val_00000001.JPEG",
            "test/ILSVRC2012_test_00000001.JPEG",
        ]
    ):
        (pictures / name).parent.mkdir(parents=True, exist_ok=True)
        (pictures / name).write_bytes(picture(number))
    (folder / "LOC_synset_mapping.txt").write_text(MAPPING)
    (folder / "LOC_val_solution.csv").write_text(
        "ImageId,PredictionString\nILSVRC2012_val_00000001,n01443537 85 1 499 272 n01443537 1 2 3 4\n"
    )
    return folder


def test_the_folders_of_the_imagenet_challenge_are_read(tmp_path: Path) -> None:
    rows = read(f"imagenet_1k={challenge(tmp_path)}")
    assert [(row["id"], row.get("category"), row["split"]) for row in rows] == [
        ("train/n01440764/n01440764_18.JPEG", ["tench"], "train"),
        ("train/n01443537/n01443537_2.JPEG", ["goldfish"], "train"),
        ("val/ILSVRC2012_val_00000001.JPEG", ["goldfish"], "val"),
        ("test/ILSVRC2012_test_00000001.JPEG", None, "test"),
    ]
    assert rows[0]["attributes"] == {"names": "tench, Tinca tinca", "synset": "n01440764"}
    (tmp_path / "LOC_synset_mapping.txt").write_text(MAPPING.splitlines()[0])
    (reader,) = named_readers(f"imagenet_1k={tmp_path}") or []
    assert [row.reason for row in reader.rows() if isinstance(row, BadRow)] == ["unknown class", "unknown class"]
    (tmp_path / "LOC_synset_mapping.txt").unlink()
    with pytest.raises(ValueError, match=r"no LOC_synset_mapping\.txt"):
        named_readers(f"imagenet_1k={tmp_path}")


def test_classes_that_are_numbers_take_their_names_from_the_challenge(tmp_path: Path) -> None:
    with wds.TarWriter(str(tmp_path / "imagenet-0000.tar")) as file:
        for number in range(2):
            file.write({"__key__": f"{number:04d}", "jpg": picture(number), "cls": number})
    with pytest.raises(ValueError, match=r"numbers without names: copy LOC_synset_mapping\.txt"):
        named_readers(f"imagenet_1k={tmp_path / 'imagenet-0000.tar'}")
    (tmp_path / "LOC_synset_mapping.txt").write_text(MAPPING)
    rows = read(f"imagenet_1k={tmp_path / 'imagenet-0000.tar'}")
    assert [(row["category"], row["image"]) for row in rows] == [
        (["tench"], [picture(0)]),
        (["goldfish"], [picture(1)]),
    ]


@pytest.mark.parametrize(
    ("name", "lacks"),
    [("cc_news", "text"), ("bookcorpus", "text"), ("pmd", "image or image_url"), ("imagenet_1k", "label or cls"),
     ("burberry", "price or full_price")],
)  # fmt: skip
def test_an_export_with_other_columns_is_refused_with_both_lists(tmp_path: Path, name: str, lacks: str) -> None:
    path = write([{"name": "Camisa", "precio": 3}], to=tmp_path / "feed.jsonl")
    with pytest.raises(ValueError, match=rf"no export of {name}: it lacks.*{lacks}.*Expected.*found are name, precio"):
        named_readers(f"{name}={path}")


@pytest.mark.parametrize(
    ("name", "repository", "row"),
    [
        ("cc_news", "vblagoje/cc_news", NEWS),
        ("burberry", "DBQ/Burberry.Product.prices.United.States", BURBERRY),
        ("bookcorpus", "bookcorpus/bookcorpus", {"text": "she ran ."}),
        ("pmd", "facebook/pmd", {"image_url": "http://x.example/1.jpg", "text": "a cat", "source": "sbu"}),
    ],
)
def test_a_name_alone_is_read_from_the_hub(hub: LittleHub, name: str, repository: str, row: dict[str, Any]) -> None:
    file = io.BytesIO()
    datasets.Dataset.from_list([row]).to_parquet(file)
    commit = hub.add(repository, {"data/train-00000-of-00001.parquet": file.getvalue()})
    (reader,) = named_readers(name) or []
    assert commit in reader.note
    assert len(list(reader.rows())) == 1
    mirror = f"{name}=hf:{repository}"
    assert read(mirror) == read(name)


def test_exports_with_the_same_name_do_not_replace_each_other(tmp_path: Path) -> None:
    export = write([NEWS], to=tmp_path / "train.jsonl")
    for name in ("cc_news", "bookcorpus"):
        ingest([f"{name}={export}"], out=tmp_path / "texts")
    assert len(Catalogue.open(tmp_path / "texts")) == 2


def test_the_sources_become_products(tmp_path: Path, hub: LittleHub) -> None:
    datasets.DatasetDict({"train": imagenet(), "test": imagenet().select([3])}).save_to_disk(tmp_path / "imagenet")
    write([NEWS, NEWS | {"title": "Sun"}], to=tmp_path / "news.jsonl")
    found = [f"cc_news={tmp_path / 'news.jsonl'}", f"imagenet_1k={tmp_path / 'imagenet'}"]
    ingest(found, out=tmp_path / "shop")
    shop = Catalogue.open(tmp_path / "shop")
    products = list(shop.read(range(len(shop))))
    news = [each for each in products if each.domain == "news"]
    photos = [each for each in products if each.domain == "photos"]
    assert [(each.titles[0].text, each.titles[0].language) for each in news] == [
        ("Rain in Madrid", "en"),
        ("Sun", "en"),
    ]
    assert [text.text for text in news[0].descriptions] == ["A wet day.", "It rained all day."]
    assert news[0].pictures == () and news[0].attributes["site"] == "news.example.com"
    assert [each.category for each in photos] == [("tench",), ("goldfish",), ("tench",), ("goldfish",), ("goldfish",)]
    assert [each.split for each in photos] == ["train"] * 4 + ["test"]
    assert all(len(each.pictures) == 1 and each.texts == () for each in photos)
