"""Datasets of the hub, against a little hub that the test starts."""

import io
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import datasets
import huggingface_hub
import pytest
from catalogue.little_hub import LittleHub
from PIL import Image

from vitrina.catalogue.readers.hub import hub_readers
from vitrina.catalogue.readers.record import BadRow, Reader, Record


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LittleHub]:
    with LittleHub().running() as little:
        monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", little.address)
        template = little.address + "/{repo_id}/resolve/{revision}/{filename}"
        monkeypatch.setattr(huggingface_hub.constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
        monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
        monkeypatch.setattr(huggingface_hub.constants, "HF_TOKEN_PATH", str(tmp_path / "token"))
        datasets.disable_progress_bars()
        monkeypatch.delenv("HF_TOKEN", raising=False)
        yield little


def parquet(titles: list[str], *, labels: list[int] | None = None) -> bytes:
    rows = {"title": titles, "label": labels or [0] * len(titles)}
    features = datasets.Features(
        {"title": datasets.Value("string"), "label": datasets.ClassLabel(names=["rojo", "azul"])}
    )
    file = io.BytesIO()
    datasets.Dataset.from_dict(rows, features=features).to_parquet(file)
    return file.getvalue()


def only(source: str) -> Reader:
    (reader,) = hub_readers(source)
    return reader


def read(source: str) -> list[dict[str, Any]]:
    rows = list(only(source).rows())
    assert all(isinstance(row, Record) for row in rows)
    assert [row.row for row in rows] == list(range(1, len(rows) + 1))
    return [dict(row.values) for row in rows if isinstance(row, Record)]


def card(*lines: str) -> bytes:
    return "\n".join(["---", *lines, "---", ""]).encode()


SHOP = {
    ".gitattributes": b"",
    "README.md": b"---\nlicense: mit\n---\n",
    "data/train-00000-of-00002.parquet": parquet(["a", "b"], labels=[0, 1]),
    "data/train-00001-of-00002.parquet": parquet(["c"]),
    "data/test-00000-of-00001.parquet": parquet(["d"]),
}


def test_a_dataset_of_parquet_shards_is_read_with_its_splits_and_commit(hub: LittleHub) -> None:
    commit = hub.add("ana/shop", SHOP)
    assert read("hf:ana/shop") == [
        {"title": "a", "label": "rojo", "split": "train"},
        {"title": "b", "label": "azul", "split": "train"},
        {"title": "c", "label": "rojo", "split": "train"},
        {"title": "d", "label": "rojo", "split": "test"},
    ]
    assert commit in only("hf:ana/shop").note
    assert only("hf:ana/shop").root.is_dir()


def test_one_split_is_read_and_unknown_ones_are_listed(hub: LittleHub) -> None:
    hub.add("ana/shop", SHOP)
    assert [row["title"] for row in read("hf:ana/shop@test")] == ["d"]
    with pytest.raises(ValueError, match=r"no split 'dev'.*train, test"):
        hub_readers("hf:ana/shop@dev")


def test_files_are_downloaded_one_at_a_time_and_once(hub: LittleHub) -> None:
    hub.add("ana/shop", SHOP)
    rows = only("hf:ana/shop").rows()
    next(rows)
    fetched = [each for each in hub.asked if each.startswith("GET /datasets/") and each.endswith(".parquet")]
    assert [each.rsplit("/", 1)[1] for each in fetched] == ["train-00000-of-00002.parquet"]
    list(rows)
    list(only("hf:ana/shop").rows())
    fetched = [each for each in hub.asked if each.startswith("GET /datasets/") and each.endswith(".parquet")]
    assert len(fetched) == 3


def test_one_commit_is_read_though_the_dataset_moves_on(hub: LittleHub) -> None:
    hub.add("ana/shop", SHOP)
    rows = only("hf:ana/shop").rows()
    first = next(rows)
    hub.add("ana/shop", {name: parquet(["new"]) if "train" in name else content for name, content in SHOP.items()})
    rest = [row.values["title"] for row in [first, *rows] if isinstance(row, Record)]
    assert rest == ["a", "b", "c", "d"]


def test_a_broken_download_goes_on_where_it_stopped(hub: LittleHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(huggingface_hub.constants, "DOWNLOAD_CHUNK_SIZE", 1_000)
    content = b"".join(json.dumps({"title": f"Camisa {n}"}).encode() + b"\n" for n in range(5_000))
    hub.add("ana/shop", {"feed.jsonl": content})
    hub.cut["feed.jsonl"] = 40_000
    assert [row["title"] for row in read("hf:ana/shop")] == [f"Camisa {n}" for n in range(5_000)]
    assert hub.ranges == ["bytes=40000-"]


def test_configurations_are_listed_and_chosen(hub: LittleHub) -> None:
    files = {
        f"{name}/{split}.csv": f"title\n{name} {split}\n".encode()
        for name in ("en", "es")
        for split in ("train", "test")
    }
    configs = [
        line
        for name in ("en", "es")
        for line in (f"- config_name: {name}", "  data_files:", *(
            each for split in ("train", "test") for each in (f"  - split: {split}", f"    path: {name}/{split}.csv")
        ))
    ]  # fmt: skip
    hub.add("ana/shop", {"README.md": card("configs:", *configs), **files})
    with pytest.raises(ValueError, match=r"several configurations.*en, es"):
        hub_readers("hf:ana/shop")
    with pytest.raises(ValueError, match=r"no configuration 'fr'.*en, es"):
        hub_readers("hf:ana/shop:fr")
    assert [row["title"] for row in read("hf:ana/shop:es")] == ["es train", "es test"]
    assert [row["title"] for row in read("hf:ana/shop:es@test")] == ["es test"]


def test_a_script_is_never_run_and_the_hubs_conversion_is_read_instead(hub: LittleHub) -> None:
    hub.add("ana/shop", {"shop.py": b"raise SystemExit", "raw.jsonl": b'{"raw": 1}\n'})
    with pytest.raises(ValueError, match=r"script.*no conversion.*save_to_disk"):
        hub_readers("hf:ana/shop")
    converted = {"plain/train/0000.parquet": parquet(["a"]), "plain/partial-test/0000.parquet": parquet(["b"])}
    commit = hub.add("ana/shop", converted, revision="refs/convert/parquet")
    assert [(row["title"], row["split"]) for row in read("hf:ana/shop")] == [("a", "train"), ("b", "test")]
    assert commit in only("hf:ana/shop").note
    assert "first part" in only("hf:ana/shop").note
    assert "first part" not in only("hf:ana/shop@train").note


def test_archives_alone_say_what_to_do(hub: LittleHub) -> None:
    hub.add("ana/shop", {"pictures.zip": b"PK"})
    with pytest.raises(ValueError, match=r"hf download ana/shop --repo-type dataset.*unpack"):
        hub_readers("hf:ana/shop")


def picture(shade: int) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (8, 8), (shade, 0, 0)).save(file, "PNG")
    return file.getvalue()


@pytest.mark.parametrize(
    "files",
    [
        {"feed.jsonl": b'{"title": "a", "image": ["img/1.png", "img/gone.png"]}\n'},
        {"data/train.csv": b"title,image\na,img/1.png\n"},
        {"train/feed.csv": b"title,image\na,1.png\n", "test/feed.csv": b"title,image\na,1.png\n"},
        {"metadata.csv": b"file_name,title\nimg/1.png,a\n"},
    ],
)
def test_pictures_named_by_their_path_come_as_bytes(hub: LittleHub, files: dict[str, bytes]) -> None:
    places = {"feed.jsonl": "img/", "metadata.csv": "img/", "data/train.csv": "data/img/", "train/feed.csv": "train/"}
    second = {"test/1.png": picture(2)} if "test/feed.csv" in files else {}
    hub.add("ana/shop", {**files, f"{places[next(iter(files))]}1.png": picture(1), **second})
    rows = read("hf:ana/shop")
    found = [row["image"] if isinstance(row["image"], list) else [row["image"]] for row in rows]
    assert [row["title"] for row in rows] == ["a"] * len(rows)
    assert [each[0] for each in found] == [picture(1), picture(2)][: len(files)]


def test_a_shard_that_is_damaged_costs_itself(hub: LittleHub) -> None:
    hub.add("ana/shop", {**SHOP, "data/train-00000-of-00002.parquet": b"PAR1 broken"})
    rows = list(only("hf:ana/shop").rows())
    assert [row.values["title"] if isinstance(row, Record) else row.reason for row in rows] == [
        "damaged file",
        "c",
        "d",
    ]
    assert isinstance(rows[0], BadRow) and "train-00000-of-00002" in rows[0].detail


@pytest.mark.parametrize(
    ("refusal", "words"),
    [
        ((403, "GatedRepo"), r"gated: accept its conditions at http.*/datasets/ana/shop.*HF_TOKEN"),
        ((401, "RepoNotFound"), r"does not exist on the hub, or is private"),
        ((404, "RepoNotFound"), r"does not exist on the hub, or is private"),
        ((403, "Forbidden"), r"refuses the token"),
        ((503, "Busy"), r"too busy.*again later"),
    ],
)
def test_what_the_hub_refuses_is_said_in_words(hub: LittleHub, refusal: tuple[int, str], words: str) -> None:
    hub.refuse["ana/shop"] = refusal
    with pytest.raises(ValueError, match=words):
        hub_readers("hf:ana/shop")


def test_a_token_opens_a_gated_dataset(hub: LittleHub, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.add("ana/shop", SHOP)
    hub.token = "hf_secret"
    with pytest.raises(ValueError, match="is gated"):
        hub_readers("hf:ana/shop")
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    assert len(read("hf:ana/shop")) == 4


def test_a_dataset_that_closes_while_it_is_read_says_so(hub: LittleHub) -> None:
    hub.add("ana/shop", SHOP)
    reader = only("hf:ana/shop")
    hub.refuse["ana/shop"] = (403, "GatedRepo")
    with pytest.raises(ValueError, match="is gated"):
        list(reader.rows())


def test_no_connection_is_said_in_words(hub: LittleHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(ValueError, match=r"cannot be reached.*hf download ana/shop --repo-type dataset"):
        hub_readers("hf:ana/shop")


@pytest.mark.parametrize("source", ["hf:", "hf:a/b/c", "hf:ana shop", "hf:ana/shop:"])
def test_what_names_no_dataset_is_explained(source: str) -> None:
    with pytest.raises(ValueError, match="write hf:OWNER/NAME"):
        hub_readers(source)


def test_the_environments_endpoint_and_offline_mode_are_obeyed(hub: LittleHub, tmp_path: Path) -> None:
    hub.add("ana/shop", SHOP)
    code = (
        "from vitrina.catalogue.readers.hub import hub_readers\n"
        "try:\n    print(sum(1 for _ in hub_readers('hf:ana/shop')[0].rows()))\n"
        "except ValueError as error:\n    print(error)\n"
    )
    environment = {"HF_ENDPOINT": hub.address, "HF_HOME": str(tmp_path / "home"), "PYTHONPATH": ":".join(sys.path)}
    run = [sys.executable, "-c", code]
    done = subprocess.run(run, capture_output=True, text=True, env=environment, check=True)
    assert done.stdout == "4\n"
    offline = subprocess.run(
        run, capture_output=True, text=True, env={**environment, "HF_HUB_OFFLINE": "1"}, check=True
    )
    assert "cannot be reached" in offline.stdout
