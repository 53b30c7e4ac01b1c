"""Exports as the library `datasets` reads them: what we did not write opens what we wrote."""

import io
import json
import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import datasets
import pytest
from PIL import Image

from vitrina.catalogue.export import export
from vitrina.catalogue.ingest import ingest
from vitrina.catalogue.product import Product, Text
from vitrina.catalogue.store import Catalogue, write_catalogue


def picture(number: int) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (20 + number, 18), (number, 90, 40)).save(file, "JPEG", quality=90)
    return file.getvalue()


def make(number: int) -> Product:
    return Product(
        id=f"sku-{number}",
        titles=(Text(f"Taza {number}", "es"), Text(f"Mug {number}", "en")),
        pictures=tuple(picture(number + i) for i in range(number % 3)),
        category=("Home", "Mugs"),
        price=Decimal(number) / 8 if number % 2 else None,
        currency="EUR" if number % 2 else None,
        attributes={"colour": "rojo"} if number % 4 else {},
        group=f"g{number}",
        split=("train", "train", "val", "test")[number % 4],
    )


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("hub") / "shop"
    write_catalogue(path, [make(i) for i in range(24)])
    return path


def check(loaded: datasets.DatasetDict) -> None:
    products = {f"sku-{i}": make(i) for i in range(24)}
    assert {name: len(each) for name, each in loaded.items()} == {"train": 12, "validation": 6, "test": 6}
    for split in loaded.values():
        for row in split:
            assert isinstance(row, dict)
            product = products.pop(row["id"])
            assert (row["title_es"], row["title_en"]) == tuple(text.text for text in product.titles)
            assert row["category"] == list(product.category)
            assert row["price"] == product.price
            assert json.loads(row["attributes"] or "{}") == product.attributes
            assert [each.size for each in row["images"]] == [
                Image.open(io.BytesIO(each)).size for each in product.pictures
            ]
    assert not products


def test_datasets_opens_the_folder_with_its_splits_and_pictures(shop: Path, tmp_path: Path) -> None:
    export(shop, out=tmp_path / "out", format="huggingface")
    loaded = datasets.load_dataset(str(tmp_path / "out"), cache_dir=str(tmp_path / "cache"))
    assert isinstance(loaded, datasets.DatasetDict)
    features = loaded["train"].features
    assert features["images"] == datasets.List(datasets.Image())
    assert features["category"] == datasets.List(datasets.Value("string"))
    check(loaded)
    raw = loaded["train"].cast_column("images", datasets.List(datasets.Image(decode=False)))
    by_id = {row["id"]: [each["bytes"] for each in row["images"]] for row in raw if isinstance(row, dict)}
    assert by_id["sku-5"] == list(make(5).pictures)


def test_datasets_streams_the_folder(shop: Path, tmp_path: Path) -> None:
    export(shop, out=tmp_path / "out", format="huggingface")
    stream = datasets.load_dataset(str(tmp_path / "out"), split="validation", streaming=True)
    assert [row["id"] for row in stream] == [f"sku-{i}" for i in range(24) if i % 4 == 2]


def test_what_datasets_saves_again_is_the_same_catalogue(shop: Path, tmp_path: Path) -> None:
    export(shop, out=tmp_path / "out", format="huggingface")
    loaded = datasets.load_dataset(str(tmp_path / "out"), cache_dir=str(tmp_path / "cache"))
    assert isinstance(loaded, datasets.DatasetDict)
    loaded.save_to_disk(tmp_path / "saved")
    again = datasets.load_from_disk(tmp_path / "saved")
    assert isinstance(again, datasets.DatasetDict)
    check(again)
    ingest([tmp_path / "saved"], out=tmp_path / "again")
    catalogue = Catalogue.open(tmp_path / "again")
    products = {product.id: product for product in catalogue.read(range(len(catalogue)))}
    assert products == {f"sku-{i}": make(i) for i in range(24)}


def test_datasets_reads_the_other_formats_too(shop: Path, tmp_path: Path) -> None:
    export(shop, out=tmp_path / "parquet", format="parquet")
    export(shop, out=tmp_path / "json", format="jsonl")
    for kind, pattern in (("parquet", "*.parquet"), ("json", "products.jsonl")):
        files = str(tmp_path / kind / pattern)
        loaded = datasets.load_dataset(kind, data_files=files, cache_dir=str(tmp_path / "cache"), split="train")
        assert isinstance(loaded, datasets.Dataset)
        assert loaded["id"][:] == [f"sku-{i}" for i in range(24)]


def test_the_card_is_yaml_and_says_how_many_and_in_what_languages(shop: Path, tmp_path: Path) -> None:
    export(shop, out=tmp_path / "out", format="huggingface")
    from huggingface_hub import DatasetCard

    card = DatasetCard.load(tmp_path / "out" / "README.md")
    facts = card.data.to_dict()
    assert facts["language"] == ["en", "es"]
    assert facts["size_categories"] == ["n<1K"]
    assert facts["pretty_name"] == "shop"
    assert "| validation | 6 |" in card.text
    assert "`title_es`" in card.text
    assert Catalogue.open(shop).digest in card.text


def test_norwegian_is_a_language_and_no_refusal(tmp_path: Path) -> None:
    write_catalogue(tmp_path / 'a "shop"', [Product(id="1", titles=(Text("Kopp", "no"),))])
    export(tmp_path / 'a "shop"', out=tmp_path / "out", format="huggingface")
    from huggingface_hub import DatasetCard

    assert DatasetCard.load(tmp_path / "out" / "README.md").data.to_dict()["language"] == ["no"]


def test_a_split_that_the_hub_cannot_have_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    write_catalogue(tmp_path / "shop", [Product(id="1", titles=(Text("t"),), split="hold out")])
    with pytest.raises(ValueError, match="'hold out' cannot be one of a Hugging Face dataset: export to parquet"):
        export(tmp_path / "shop", out=tmp_path / "out", format="huggingface")
    assert [each.name for each in tmp_path.iterdir()] == ["shop"]


MEASURE = """
import sys, threading
from pathlib import Path
from vitrina.catalogue.export import export

def own_kb():
    return next(int(line.split()[1]) for line in Path("/proc/self/status").open() if line.startswith("RssAnon"))

start, peak, done = own_kb(), 0, threading.Event()

def watch():
    global peak
    while not done.wait(0.005):
        peak = max(peak, own_kb())

thread = threading.Thread(target=watch)
thread.start()
for format in ("jsonl", "parquet", "huggingface"):
    export(sys.argv[1], out=sys.argv[2], format=format)
done.set()
thread.join()
print(peak - start)
"""


def test_memory_does_not_grow_with_the_pictures(tmp_path: Path) -> None:
    noise = os.urandom(1 << 20)
    write_catalogue(tmp_path / "shop", (Product(id=str(i), pictures=(noise[i:] + noise[:i],)) for i in range(200)))
    command = [sys.executable, "-c", MEASURE, str(tmp_path / "shop"), str(tmp_path / "out")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert int(done.stdout) < 130_000, "200 MB of pictures are exported within 130 MB"
