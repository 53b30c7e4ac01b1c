"""The same shop in every form that a dataset has becomes the same products."""

import io
import json
from pathlib import Path
from typing import Any

import datasets
import huggingface_hub
import pytest
import webdataset as wds
from catalogue.little_hub import LittleHub
from PIL import Image

from vitrina.catalogue.ingest import ingest
from vitrina.catalogue.product import Product
from vitrina.catalogue.store import Catalogue

CLASSES = ["camisas", "vestidos"]
SPLITS = {"train": range(6), "validation": range(6, 9), "test": range(9, 12)}
FEATURES = datasets.Features(
    {
        "id": datasets.Value("string"),
        "image": datasets.Image(),
        "title": datasets.Value("string"),
        "category": datasets.ClassLabel(names=CLASSES),
        "price": datasets.Value("float64"),
    }
)


def picture(shade: int) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (16, 16), (shade * 20, 0, 0)).save(file, "JPEG")
    return file.getvalue()


def row(number: int) -> dict[str, Any]:
    """One article as a shop writes it."""
    kind = CLASSES[number % 2]
    return {"id": f"sku-{number}", "title": f"Artículo {number}", "category": kind, "price": number + 0.5}


def splits() -> datasets.DatasetDict:
    return datasets.DatasetDict(
        {
            split: datasets.Dataset.from_list(
                [row(number) | {"image": {"bytes": picture(number), "path": None}} for number in numbers],
                features=FEATURES,
            )
            for split, numbers in SPLITS.items()
        }
    )


def write_plain(folder: Path) -> str:
    lines = []
    for split, numbers in SPLITS.items():
        for number in numbers:
            (folder / f"{number}.jpg").write_bytes(picture(number))
            lines.append(json.dumps(row(number) | {"image": f"{number}.jpg", "split": split}))
    (folder / "feed.jsonl").write_text("\n".join(lines))
    return str(folder / "feed.jsonl")


def write_saved(folder: Path) -> str:
    splits().save_to_disk(folder / "saved", num_shards={"train": 2, "validation": 1, "test": 1})
    return str(folder / "saved")


def write_repository(folder: Path) -> str:
    (folder / "data").mkdir()
    for split, table in splits().items():
        for number in range(2):
            table.shard(2, number, contiguous=True).to_parquet(
                folder / "data" / f"{split}-{number:05d}-of-00002.parquet"
            )
    return str(folder)


def write_tars(folder: Path) -> str:
    for split, numbers in SPLITS.items():
        with wds.ShardWriter(str(folder / f"{split}-%05d.tar"), maxcount=2, verbose=0) as file:
            for number in numbers:
                facts = {name: value for name, value in row(number).items() if name != "id"}
                file.write({"__key__": f"sku-{number}", "jpg": picture(number), "json": facts})
    return str(folder)


def products(source: str, *, out: Path) -> dict[str, Product]:
    report = ingest([source], out=out)
    assert report.read == 12 and not report.problems
    shop = Catalogue.open(out)
    return {product.id: product for product in shop.read(range(len(shop)))}


@pytest.mark.parametrize("form", [write_saved, write_repository, write_tars])
def test_every_form_becomes_the_same_products(tmp_path: Path, form: Any) -> None:
    datasets.disable_progress_bars()
    for name in ("plain", "form"):
        (tmp_path / name).mkdir()
    expected = products(write_plain(tmp_path / "plain"), out=tmp_path / "expected")
    assert len(expected) == 12 and all(len(each.pictures) == 1 for each in expected.values())
    assert {each.split for each in expected.values()} == {"train", "val", "test"}
    assert products(form(tmp_path / "form"), out=tmp_path / "found") == expected


@pytest.mark.parametrize("form", [write_plain, write_repository, write_tars])
def test_the_hub_gives_the_same_products(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: Any) -> None:
    datasets.disable_progress_bars()
    (tmp_path / "form").mkdir()
    expected = products(form(tmp_path / "form"), out=tmp_path / "expected")
    files = {
        each.relative_to(tmp_path / "form").as_posix(): each.read_bytes()
        for each in (tmp_path / "form").rglob("*")
        if each.is_file()
    }
    with LittleHub().running() as hub:
        template = hub.address + "/{repo_id}/resolve/{revision}/{filename}"
        monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", hub.address)
        monkeypatch.setattr(huggingface_hub.constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
        monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
        hub.add("ana/shop", files)
        assert products("hf:ana/shop", out=tmp_path / "found") == expected
