"""WebDataset: what the `webdataset` library writes is read back, and damage costs what it touches."""

import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest
import webdataset as wds
from PIL import Image

from vitrina.catalogue.readers.record import BadRow, Record
from vitrina.catalogue.readers.webdataset import WebDatasetReader, is_webdataset


def picture(shade: int) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (8, 8), (shade, 0, 0)).save(file, "PNG")
    return file.getvalue()


def samples(count: int, *, start: int = 0) -> list[dict[str, Any]]:
    return [
        {
            "__key__": f"{number:06d}",
            "png": picture(number),
            "json": {"title": f"Camisa {number}", "price": 10 + number},
            "txt": f"A shirt, number {number}",
            "cls": number % 2,
        }
        for number in range(start, start + count)
    ]


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    with wds.TarWriter(str(path)) as file:
        for row in rows:
            file.write(row)
    return path


def add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(content)
    tar.addfile(member, io.BytesIO(content))


def read(path: Path) -> list[dict[str, Any] | str]:
    """Rows as their values, bad ones as their reason."""
    rows = WebDatasetReader(path).rows()
    return [dict(row.values) if isinstance(row, Record) else row.reason for row in rows]


def bad(path: Path) -> BadRow:
    (row,) = [row for row in WebDatasetReader(path).rows() if isinstance(row, BadRow)]
    return row


@pytest.mark.parametrize("name", ["shop.tar", "shop.tar.gz"])
def test_what_webdataset_writes_is_what_it_and_we_read(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / name, samples(5))
    theirs = list(wds.WebDataset(str(path), shardshuffle=False).decode())
    ours = read(path)
    assert len(ours) == len(theirs) == 5
    for mine, other in zip(ours, theirs, strict=True):
        assert isinstance(mine, dict)
        assert mine["id"] == other["__key__"]
        assert mine["description"] == other["txt"]
        assert mine["label"] == other["cls"]
        assert {"title": mine["title"], "price": mine["price"]} == other["json"]
    raw = [sample["png"] for sample in wds.WebDataset(str(path), shardshuffle=False)]
    assert [mine["image"] for mine in ours if isinstance(mine, dict)] == [[each] for each in raw]


def test_a_folder_of_shards_is_one_dataset_with_its_splits_and_class_names(tmp_path: Path) -> None:
    for split, start in (("train", 0), ("val", 4)):
        with wds.ShardWriter(str(tmp_path / f"{split}-%04d.tar"), maxcount=2, verbose=0) as file:
            for row in samples(4, start=start):
                file.write(row)
    (tmp_path / "classes.txt").write_text("camisa\nvestido\n")
    assert is_webdataset(tmp_path)
    rows = [row for row in WebDatasetReader(tmp_path).rows() if isinstance(row, Record)]
    assert [row.values["id"] for row in rows] == [f"{number:06d}" for number in range(8)]
    assert [row.values["split"] for row in rows] == ["train"] * 4 + ["val"] * 4
    assert {row.values["label"] for row in rows} == {"camisa", "vestido"}
    assert [row.row for row in rows] == list(range(1, 9))
    positions = [row.position for row in rows]
    assert positions == sorted(positions) and positions[-1] <= WebDatasetReader(tmp_path).size


def test_several_pictures_stand_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "a.tar", "w") as tar:
        for number in (10, 2, 0):
            add(tar, f"x/7.{number}.jpg", bytes([number]))
        add(tar, "x/7.img1.PNG", b"one")
        add(tar, "x/7.jpg", b"main")
        add(tar, "x/7.title.txt", "Título".encode())
    (row,) = read(tmp_path / "a.tar")
    assert row == {"id": "x/7", "image": [b"main", b"\x00", b"\x02", b"\x0a", b"one"], "title": "Título"}


def test_archives_that_share_their_keys_keep_all_their_products(tmp_path: Path) -> None:
    write(tmp_path / "00000.tar", samples(2))
    write(tmp_path / "00001.tar", samples(2))
    reader = WebDatasetReader(tmp_path)
    ids = [row.values["id"] for row in reader.rows() if isinstance(row, Record)]
    assert ids == ["00000/000000", "00000/000001", "00001/000000", "00001/000001"]
    assert "archive's name" in reader.note


def test_a_shops_own_id_and_texts_are_kept_beside_those_of_the_sample(tmp_path: Path) -> None:
    row = {"__key__": "k", "json": {"id": "SKU-1", "description": "From the shop"}, "txt": "From a model"}
    assert read(write(tmp_path / "a.tar", [row])) == [
        {"id": "SKU-1", "description": "From the shop", "text": "From a model"}
    ]


@pytest.mark.parametrize("cut", [0.2, 0.5, 0.8, 0.95])
@pytest.mark.parametrize("name", ["a.tar", "a.tar.gz"])
def test_a_truncated_archive_gives_what_came_before(tmp_path: Path, name: str, cut: float) -> None:
    whole = write(tmp_path / name, samples(12)).read_bytes()
    path = tmp_path / f"cut-{name}"
    path.write_bytes(whole[: int(len(whole.rstrip(b"\0")) * cut)])
    rows, expected = read(path), read(tmp_path / name)
    assert rows[:-1] == expected[: len(rows) - 1]
    assert rows[-1] == "damaged archive"
    assert f"after {len(rows) - 1} samples" in bad(path).detail
    if name == "a.tar":
        assert len(rows) - 1 >= int(12 * cut) - 2


def test_a_cut_between_two_members_is_noticed(tmp_path: Path) -> None:
    whole = write(tmp_path / "a.tar", samples(3)).read_bytes()
    with tarfile.open(tmp_path / "a.tar") as tar:
        last = tar.getmembers()[-1]
    (tmp_path / "b.tar").write_bytes(whole[: last.offset])
    assert read(tmp_path / "b.tar") == [*read(tmp_path / "a.tar")[:2], "damaged archive"]
    assert "cut off" in bad(tmp_path / "b.tar").detail


def test_a_damaged_header_is_noticed(tmp_path: Path) -> None:
    content = bytearray(write(tmp_path / "a.tar", samples(4)).read_bytes())
    with tarfile.open(tmp_path / "a.tar") as tar:
        offset = next(member.offset for member in tar if member.name == "000002.json")
    content[offset : offset + 512] = b"\xff" * 512
    (tmp_path / "b.tar").write_bytes(content)
    rows = read(tmp_path / "b.tar")
    assert rows == [*read(tmp_path / "a.tar")[:2], "damaged archive"]


@pytest.mark.parametrize("content", [b"", b"no archive at all", b"\x1f\x8b broken"])
def test_what_is_no_archive_is_one_bad_row(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.tar").write_bytes(content)
    assert read(tmp_path / "a.tar") == ["damaged archive"]


def test_bad_members_cost_their_sample_alone(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "a.tar", "w") as tar:
        add(tar, "a.json", b"{broken")
        add(tar, "b.txt", b"\xff\xfe\xff")
        add(tar, "c.cls", b"many")
        add(tar, "d.txt", b"one")
        add(tar, "d.txt", b"two")
        add(tar, "e.json", json.dumps({"title": "fine", "price": float("nan")}).encode())
    assert read(tmp_path / "a.tar") == [
        "broken .json", "broken .txt", "broken .cls", "file twice in a sample",
        {"id": "e", "title": "fine", "price": None},
    ]  # fmt: skip


def test_names_that_escape_links_and_folders_write_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "inside"
    folder.mkdir()
    with tarfile.open(folder / "a.tar", "w") as tar:
        add(tar, "../../evil.txt", b"escaped")
        add(tar, "/etc/evil.txt", b"absolute")
        link = tarfile.TarInfo("link.txt")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
        directory = tarfile.TarInfo("folder.txt")
        directory.type = tarfile.DIRTYPE
        tar.addfile(directory)
        add(tar, "__meta__/index.txt", b"meta")
        add(tar, "good.txt", b"kept")
    before = sorted(tmp_path.rglob("*"))
    rows = read(folder / "a.tar")
    assert [row["description"] for row in rows if isinstance(row, dict)] == ["escaped", "absolute", "kept"]
    assert sorted(tmp_path.rglob("*")) == before


def test_an_archive_is_read_as_a_stream(tmp_path: Path) -> None:
    """The first rows come before the damage at the end is met, and members are not gathered."""
    content = write(tmp_path / "a.tar", samples(200)).read_bytes()
    (tmp_path / "b.tar").write_bytes(content[: len(content) // 2])
    rows = WebDatasetReader(tmp_path / "b.tar").rows()
    first = next(rows)
    assert isinstance(first, Record) and first.position < 10_000


def test_what_is_a_webdataset(tmp_path: Path) -> None:
    path = write(tmp_path / "shop.tar", samples(1))
    assert is_webdataset(path)
    assert not is_webdataset(tmp_path)  # one archive without a number may be anything
    (tmp_path / "feed.csv").write_text("id\n1\n")
    assert not is_webdataset(tmp_path / "feed.csv")
    assert not is_webdataset(tmp_path / "missing")
    (tmp_path / "shards" / "train").mkdir(parents=True)
    write(tmp_path / "shards" / "train" / "0.tar", samples(1))
    assert is_webdataset(tmp_path / "shards")
    (tmp_path / "nothing").mkdir()
    with pytest.raises(ValueError, match=r"no \.tar archives"):
        WebDatasetReader(tmp_path / "nothing")
