"""Compaction: fewer files, the same products in the same order, nothing lost while others read."""

import subprocess
import sys
from pathlib import Path

import pytest

from vitrina.catalogue import shards as sharding
from vitrina.catalogue.compact import compact
from vitrina.catalogue.history import history
from vitrina.catalogue.product import Product, Text
from vitrina.catalogue.remove import remove
from vitrina.catalogue.store import Catalogue, write_catalogue
from vitrina.catalogue.writer import CatalogueWriter


def make(number: int, *, version: int = 0) -> Product:
    return Product(
        id=f"sku-{number}",
        titles=(Text(f"Título {number} v{version}", "es"), Text("Title")),
        descriptions=(Text("Una descripción", "es"),) if number % 2 else (),
        pictures=tuple(bytes([number % 256, version, i]) * (50 + i) for i in range(number % 4)),
        category=("Ropa", "Zapatos")[: number % 3],
        attributes={"colour": "rojo", "a": "b"} if number % 2 else {},
    )


def products_of(catalogue: Catalogue) -> list[Product]:
    return catalogue.read(range(len(catalogue)))


def names(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir())


def scattered(folder: Path) -> Catalogue:
    """A catalogue of many small shards with dead rows in them."""
    for start in range(0, 200, 25):
        write_catalogue(folder, [make(i) for i in range(start, start + 25)])
    write_catalogue(folder, [make(i, version=1) for i in range(0, 200, 7)])
    remove(folder, ids=[f"sku-{i}" for i in range(0, 200, 5)])
    return Catalogue.open(folder)


def test_the_same_products_in_the_same_order_in_one_shard(tmp_path: Path) -> None:
    before = scattered(tmp_path / "shop")
    products = products_of(before)
    size = sum(each.stat().st_size for each in (tmp_path / "shop").iterdir())
    done = compact(tmp_path / "shop")
    assert (done.bytes_before, done.shards_before, done.shards_after, done.versions_dropped) == (size, 9, 1, 9)
    assert done.bytes_after == sum(each.stat().st_size for each in (tmp_path / "shop").iterdir()) < size / 2
    after = Catalogue.open(tmp_path / "shop")
    assert after.digest == before.digest == done.digest
    assert products_of(after) == products
    assert after.facts().equals(before.facts())
    (shard,) = [name for name in names(tmp_path / "shop") if name != "manifest.json"]
    assert shard.startswith("products-")
    assert "9 shards before, 1 now; 9 earlier versions dropped" in done.text()


def test_whoever_has_it_open_goes_on_reading(tmp_path: Path) -> None:
    scattered(tmp_path / "shop")
    before = Catalogue.open(tmp_path / "shop")  # nothing of it read yet
    compact(tmp_path / "shop")
    assert products_of(before) == products_of(Catalogue.open(tmp_path / "shop"))
    before.verify()


WRITE_AND_COMPACT = """
import sys
from vitrina.catalogue.compact import compact
from vitrina.catalogue.product import Product, Text
from vitrina.catalogue.store import write_catalogue

for version in range(40):
    numbers = range(version % 20, version % 20 + 10)
    write_catalogue(sys.argv[1], (Product(id=str(i), titles=(Text(f"v{version}"),)) for i in numbers))
    compact(sys.argv[1])
"""


def test_readers_that_come_while_another_process_compacts_find_a_whole_catalogue(tmp_path: Path) -> None:
    write_catalogue(tmp_path / "shop", [Product(id=str(i), titles=(Text("old"),)) for i in range(30)])
    opened = 0
    with subprocess.Popen([sys.executable, "-c", WRITE_AND_COMPACT, str(tmp_path / "shop")]) as child:
        while child.poll() is None:
            catalogue = Catalogue.open(tmp_path / "shop")
            found = products_of(catalogue)
            assert {product.id for product in found} == set(map(str, range(30)))
            assert history(tmp_path / "shop").versions[0].products == 30
            opened += 1
    assert child.returncode == 0
    assert opened > 5
    assert Catalogue.open(tmp_path / "shop")[-1].titles == (Text("v39"),)


def test_another_process_that_writes_is_respected(tmp_path: Path) -> None:
    write_catalogue(tmp_path / "shop", [make(1)])
    code = (
        "import sys; from pathlib import Path; from vitrina.catalogue.writer import CatalogueWriter\n"
        "with CatalogueWriter(Path(sys.argv[1])):\n    print('writing', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "shop")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdin is not None and child.stdout is not None
        assert child.stdout.readline() == "writing\n"
        for operate in (compact, lambda path: remove(path, ids=["sku-1"]), lambda path: write_catalogue(path, [])):
            with pytest.raises(ValueError, match="another program is writing"):
                operate(tmp_path / "shop")
        child.stdin.close()
    assert child.returncode == 0
    assert remove(tmp_path / "shop", ids=["sku-1"]).removed == 1


def test_shards_are_cut_at_their_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = products_of(scattered(tmp_path / "shop"))
    monkeypatch.setattr(sharding, "SHARD_BYTES", 8_000)
    monkeypatch.setattr(sharding, "_CHUNK_BYTES", 500)
    done = compact(tmp_path / "shop")
    assert 2 <= done.shards_after < done.shards_before
    assert max(each.stat().st_size for each in (tmp_path / "shop").glob("products-*")) < 15_000
    assert products_of(Catalogue.open(tmp_path / "shop")) == before


def test_a_large_whole_shard_stays_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_catalogue(tmp_path / "shop", [make(i) for i in range(200)])
    (large,) = (tmp_path / "shop").glob("products-*")
    written = large.stat().st_mtime_ns
    for number in (300, 301, 302):
        write_catalogue(tmp_path / "shop", [make(number)])
    monkeypatch.setattr(sharding, "SHARD_BYTES", large.stat().st_size)
    before = Catalogue.open(tmp_path / "shop")
    assert compact(tmp_path / "shop").shards_after == 2
    assert large.stat().st_mtime_ns == written
    after = Catalogue.open(tmp_path / "shop")
    assert after.digest == before.digest
    assert products_of(after) == products_of(before)


def test_a_second_compaction_finds_nothing_to_do(tmp_path: Path) -> None:
    scattered(tmp_path / "shop")
    compact(tmp_path / "shop")
    files = {each.name: each.stat().st_mtime_ns for each in (tmp_path / "shop").iterdir()}
    assert "there is nothing to compact" in compact(tmp_path / "shop").text()
    assert {each.name: each.stat().st_mtime_ns for each in (tmp_path / "shop").iterdir()} == files


def test_an_empty_catalogue_is_compacted_too(tmp_path: Path) -> None:
    write_catalogue(tmp_path / "shop", [make(1)])
    remove(tmp_path / "shop", ids=["sku-1"])
    assert compact(tmp_path / "shop").products == 0
    assert names(tmp_path / "shop") == ["manifest.json"]
    assert products_of(write_catalogue(tmp_path / "shop", [make(2)])) == [make(2)]


def test_it_refuses_while_another_writes(tmp_path: Path) -> None:
    write_catalogue(tmp_path / "shop", [make(1)])
    with CatalogueWriter(tmp_path / "shop") as writer:
        writer.add(make(2))
        with pytest.raises(ValueError, match="another program is writing"):
            compact(tmp_path / "shop")
        writer.finish()
    assert len(history(tmp_path / "shop").versions) == 2


def test_damage_is_never_copied_into_a_new_shard(tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    write_catalogue(folder, [make(i) for i in range(100)])
    write_catalogue(folder, [make(i, version=1) for i in range(80)])
    before = names(folder)
    path = folder / "products-000001.arrow"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)
    with pytest.raises(ValueError, match=r"products-000001.arrow was damaged"):
        compact(folder)
    assert names(folder) == before


def test_no_catalogue_is_compacted(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"nowhere is not a catalogue"):
        compact(tmp_path / "nowhere")
    assert not (tmp_path / "nowhere").exists()
