"""Where an export goes: whole or not at all, and never over anything else."""

import os
import resource
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from vitrina.catalogue.export import export
from vitrina.catalogue.export_folder import staged
from vitrina.catalogue.product import Product, Text
from vitrina.catalogue.store import write_catalogue


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    products = [Product(id=str(i), titles=(Text(f"t {i}"),), pictures=(bytes([i]) * 500,)) for i in range(9)]
    write_catalogue(tmp_path / "shop", products)
    return tmp_path / "shop"


def files(folder: Path) -> dict[str, bytes]:
    return {str(each.relative_to(folder)): each.read_bytes() for each in folder.rglob("*") if each.is_file()}


def test_a_second_export_replaces_the_first_and_leaves_nothing_of_it(shop: Path, tmp_path: Path) -> None:
    export(shop, out=tmp_path / "out", format="jsonl")
    first = files(tmp_path / "out")
    export(shop, out=tmp_path / "out", format="jsonl")
    assert files(tmp_path / "out") == first
    export(shop, out=tmp_path / "out", format="huggingface")
    assert {name.split("/")[0] for name in files(tmp_path / "out")} == {".vitrina-export.json", "README.md", "data"}
    assert sorted(each.name for each in tmp_path.iterdir()) == ["out", "shop"]


def test_an_empty_folder_is_filled_and_a_missing_one_made(shop: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for name in ("empty", "new/deep"):
        assert export(shop, out=tmp_path / name, format="parquet").products == 9
        assert (tmp_path / name / "products-00000-of-00001.parquet").is_file()


def test_what_is_no_export_is_not_touched(shop: Path, tmp_path: Path) -> None:
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "thesis.txt").write_text("important")
    with pytest.raises(ValueError, match=r"thesis holds other files and no export \(thesis.txt\)"):
        export(shop, out=tmp_path / "thesis", format="jsonl")
    with pytest.raises(ValueError, match=r"thesis.txt is a file"):
        export(shop, out=tmp_path / "thesis" / "thesis.txt", format="jsonl")
    before = files(shop)
    with pytest.raises(ValueError, match=r"shop holds other files and no export"):
        export(shop, out=shop, format="jsonl")
    assert files(shop) == before
    export(shop, out=tmp_path / "out", format="jsonl")
    (tmp_path / "out" / "notes.txt").write_text("mine")
    with pytest.raises(ValueError, match=r"holds files beside an earlier export \(notes.txt\)"):
        export(shop, out=tmp_path / "out", format="parquet")
    assert (tmp_path / "out" / "notes.txt").read_text() == "mine"
    assert (tmp_path / "out" / "products.jsonl").is_file()


def test_an_error_leaves_the_earlier_export(tmp_path: Path) -> None:
    def once(text: str, *, fails: bool) -> None:
        with staged(tmp_path / "out", digest="d") as folder:
            (folder / "file.txt").write_text(text)
            if fails:
                raise RuntimeError("the source broke")

    once("first", fails=False)
    with pytest.raises(RuntimeError):
        once("second", fails=True)
    assert (tmp_path / "out" / "file.txt").read_text() == "first"
    assert [each.name for each in tmp_path.iterdir()] == ["out"]


def test_two_exports_to_one_place_are_refused(tmp_path: Path) -> None:
    with staged(tmp_path / "out", digest="d") as folder:
        (folder / "file.txt").write_text("first")
        with (
            pytest.raises(ValueError, match=r"another export to .*out is running"),
            staged(tmp_path / "out", digest="d"),
        ):
            pass
    assert (tmp_path / "out" / "file.txt").read_text() == "first"


def test_an_exchange_that_was_cut_off_is_ended_by_the_next_export(shop: Path, tmp_path: Path) -> None:
    export(shop, out=tmp_path / "out", format="jsonl")
    first = files(tmp_path / "out")
    (tmp_path / "out").rename(tmp_path / ".out.old")  # killed between the two renames
    (tmp_path / ".out.part").mkdir()
    with pytest.raises(RuntimeError), staged(tmp_path / "out", digest="d"):
        raise RuntimeError
    assert files(tmp_path / "out") == first
    shutil.copytree(tmp_path / "out", tmp_path / ".out.old")  # killed before the old one was removed
    export(shop, out=tmp_path / "out", format="jsonl")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["out", "shop"]


@pytest.mark.parametrize("format", ["parquet", "jsonl", "huggingface"])
def test_a_full_disk_is_told_and_nothing_is_left(shop: Path, tmp_path: Path, format: str) -> None:
    code = (
        "import sys\nfrom vitrina.catalogue.export import export\n"
        "try:\n    export(sys.argv[1], out=sys.argv[2], format=sys.argv[3])\n"
        "except ValueError as error:\n    print(error)\n"
    )

    def small_files() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (200, resource.RLIM_INFINITY))

    command = [sys.executable, "-c", code, str(shop), str(tmp_path / "out"), format]
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, capture_output=True, text=True, check=True, preexec_fn=small_files, env=environment)
    assert "the disk has no room for" in done.stdout
    assert not done.stderr
    assert [each.name for each in tmp_path.iterdir()] == ["shop"]


def test_a_format_that_does_not_exist_is_answered_with_those_that_do(shop: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no format 'xlsx': there are parquet, jsonl, huggingface"):
        export(shop, out=tmp_path / "out", format="xlsx")  # pyright: ignore[reportArgumentType]
