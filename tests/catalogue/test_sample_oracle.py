"""The truth on disk: the same on any number of workers, whole after any crash, and read back as it was made."""

import json
import os
import select
import shutil
import signal
import subprocess
import sys
import threading
from decimal import Decimal
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from vitrina.catalogue.sample import expected_price, write, write_sample
from vitrina.catalogue.sample.article import article
from vitrina.catalogue.sample.chunk import from_bytes, make_chunk, to_bytes
from vitrina.catalogue.sample.make import EDIT_SHARE, SPOKEN_SHARE, _spoken, make
from vitrina.catalogue.sample.oracle import Oracle
from vitrina.catalogue.sample.settings import Settings
from vitrina.catalogue.sample.spoken import MAX_CHARACTERS, is_available
from vitrina.catalogue.sample.tables import SCHEMAS
from vitrina.catalogue.sample.workers import Workers
from vitrina.catalogue.store import Catalogue, write_catalogue

PRODUCTS, SEED, DAMAGE = 70, 13, 0.3
SETTINGS = Settings(SEED, damage=DAMAGE)
SAMPLE = {"seed": SEED, "damage": DAMAGE}


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sample") / "shop"
    write_sample(path, products=PRODUCTS, workers=1, **SAMPLE)
    return path


@pytest.fixture(scope="module")
def oracle(out: Path) -> Oracle:
    return Oracle.open(out)


def contents(out: Path) -> dict[str, bytes]:
    """Every file of a sample but the manifest, which states the time."""
    files = [path for path in out.rglob("*") if path.is_file() and path.name != "manifest.json"]
    return {str(path.relative_to(out)): path.read_bytes() for path in files}


@pytest.mark.parametrize("workers", [2, 3])
def test_any_number_of_workers_writes_the_same_bytes(
    out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, workers: int
):
    monkeypatch.setattr(write, "_CHUNKS_WORTH_A_WORKER", 1)
    write_sample(tmp_path / "shop", products=PRODUCTS, workers=workers, **SAMPLE)
    assert contents(tmp_path / "shop") == contents(out)
    assert list(tmp_path.iterdir()) == [tmp_path / "shop"]


def test_the_oracle_knows_what_was_made(oracle: Oracle):
    assert len(oracle) == PRODUCTS
    assert oracle.settings == SETTINGS
    numbers = [0, 1, 31, 32, 63, 64, 69]
    ids = [f"sample-{SEED}-{number:07d}" for number in numbers]
    for number, id, known in zip(numbers, ids, oracle.products(ids), strict=True):
        made = make(number, settings=SETTINGS)
        assert known == made.truth == oracle.product(id)
        pictures = oracle.pictures(id)
        assert [each.truth for each in pictures] == [each.photo.truth for each in made.pictures]
        assert [each.phrases for each in pictures] == [each.phrases for each in made.pictures]
        assert [each.questions for each in pictures] == [each.questions for each in made.pictures]
        assert oracle.edits(id) == list(made.edits)
        assert oracle.spoken(id) == list(made.spoken)
        for at, picture in enumerate(made.pictures):
            assert oracle.clean_picture(id, at) == picture.photo.jpeg
            assert oracle.picture(id, at) == pictures[at]
    assert oracle.pictures_of(ids[::-1]) == [oracle.pictures(id) for id in ids[::-1]]


def test_optional_things_are_there_for_about_their_share(oracle: Oracle):
    edits = list(oracle.all_edits())
    assert 0 < len(edits) < 5 * EDIT_SHARE * PRODUCTS
    assert all(edit.english and edit.spanish and edit.pair.before != edit.pair.after for _, edit in edits)
    spoken = list(oracle.all_spoken())
    assert len(spoken) % 4 == 0 and len(spoken) < 40 * SPOKEN_SHARE * PRODUCTS
    assert all(each.wav[:4] == b"RIFF" for _, each in spoken)
    assert is_available() or not spoken


def test_descriptions_and_queries_are_spoken_in_both_languages(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("vitrina.catalogue.sample.make.is_available", lambda: True)
    monkeypatch.setattr("vitrina.catalogue.sample.make.speak", lambda text, **_: text.encode())
    every = [_spoken(article(number, seed=7), number=number) for number in range(400)]
    told = [each for each in every if each]
    assert told
    for spoken in told:
        kinds = [(each.what, each.language) for each in spoken]
        assert kinds == [("query", "en"), ("query", "es"), ("description", "en"), ("description", "es")]
        assert all(0 < len(each.text) <= MAX_CHARACTERS for each in spoken)
        assert all(each.text.endswith((".", "!", "?")) for each in spoken[2:])


def test_a_spoilt_picture_is_known_clean(oracle: Oracle, out: Path):
    rows = {product.id: product for product in Catalogue.open(out).read(range(PRODUCTS))}
    spoilt = 0
    for id in oracle.ids():
        for picture in oracle.pictures(id):
            is_clean = rows[id].pictures[picture.number] == oracle.clean_picture(id, picture.number)
            assert is_clean == (not picture.damages)
            spoilt += not is_clean
    assert spoilt


def test_a_clean_picture_is_found_wherever_its_row_has_moved(out: Path, tmp_path: Path):
    moved = tmp_path / "shop"
    write_catalogue(moved, reversed(Catalogue.open(out).read(range(PRODUCTS))))
    shutil.copytree(out / "truth", moved / "truth")
    one, other = Oracle.open(out), Oracle.open(moved)
    pictured = next(id for id in one.ids() if one.pictures(id) and not one.product(id).damages)
    assert other.clean_picture(pictured, 0) == one.clean_picture(pictured, 0)


def test_prices_are_expected_by_the_oracle_and_by_the_formula_alike(oracle: Oracle, out: Path):
    for product in Catalogue.open(out).read(range(PRODUCTS), pictures="none"):
        truth = oracle.product(product.id)
        if not truth.damages:
            assert expected_price(product, habits=oracle.settings.habits) == truth.expected_price
            assert product.price == truth.price


def test_queries_name_exactly_the_products_that_answer_them(oracle: Oracle):
    products = oracle.products(list(oracle.ids()))
    queries = oracle.queries()
    assert len(queries) > 40 and len({each.english for each in queries}) == len(queries)
    priced = 0
    for query in queries:
        right = {
            split: [
                each.id
                for each in products
                if each.split == split
                and {**each.attributes, "brand": each.brand}.items() >= query.asks.items()
                and (query.below is None or (each.price is not None and each.price < Decimal(query.below)))
            ]
            for split in ("train", "val", "test")
        }
        assert {split: list(each.ids or ()) for split, each in query.relevant.items()} == right
        assert {split: each.count for split, each in query.relevant.items()} == {k: len(v) for k, v in right.items()}
        assert any(right.values())
        if query.below is not None:
            priced += 1
            assert f"under {query.below} euros" in query.english
            assert f"por menos de {query.below} euros" in query.spanish
    assert priced > 5
    assert {name for query in queries for name in query.asks} > {"kind", "colour", "material", "brand", "audience"}


def test_any_tool_opens_the_files(out: Path):
    for name, schema in SCHEMAS.items():
        table = pq.read_table(next((out / "truth").glob(f"{name}-*.parquet")))
        assert table.schema.equals(schema)
        assert table["number"].to_pylist() == sorted(table["number"].to_pylist())
    file = pq.ParquetFile(next((out / "truth").glob("pictures-*.parquet")))
    assert file.metadata.num_row_groups == 3


def test_the_oracle_needs_no_drawing_library(out: Path):
    program = (
        "import sys; sys.modules['skia'] = None\n"
        "from vitrina.catalogue.sample.oracle import Oracle\n"
        f"oracle = Oracle.open({str(out)!r})\n"
        "print(len(oracle), oracle.product(next(oracle.ids())).id, len(list(oracle.all_edits())) > 0)"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert found.stdout.split() == [str(PRODUCTS), f"sample-{SEED}-0000000", "True"]


def test_threads_may_share_an_oracle(oracle: Oracle, out: Path):
    fresh = Oracle.open(out)
    ids = list(oracle.ids())
    right = [len(oracle.pictures(id)) for id in ids]
    found: list[list[int]] = []
    threads = [threading.Thread(target=lambda: found.append([len(fresh.pictures(id)) for id in ids])) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [right] * 4


def test_what_is_not_there_is_said(oracle: Oracle, out: Path, tmp_path: Path):
    with pytest.raises(KeyError, match="no product of the sample"):
        oracle.product(f"sample-{SEED}-{PRODUCTS:07d}")
    with pytest.raises(KeyError, match="no product of the sample"):
        oracle.product("mug 7")
    with pytest.raises(KeyError, match="has no picture 9"):
        oracle.picture(f"sample-{SEED}-0000001", 9)
    with pytest.raises(ValueError, match="has no truth"):
        Oracle.open(tmp_path)
    shutil.copytree(out, tmp_path / "shop")
    next((tmp_path / "shop" / "truth").glob("edits-*")).unlink()
    with pytest.raises(ValueError, match=r"edits-.* is missing: remove .*truth and write the sample again"):
        Oracle.open(tmp_path / "shop")
    path = tmp_path / "shop" / "truth" / "sample.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "settings": {"seed": 1}}))
    with pytest.raises(ValueError, match=r"sample\.json cannot be read"):
        Oracle.open(tmp_path / "shop")


def test_a_larger_sample_grows_out_of_the_smaller_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("vitrina.catalogue.sample.truth_files.PART", 8)
    monkeypatch.setattr(write, "PART", 8)
    monkeypatch.setattr("vitrina.catalogue.sample.truth_files.CHUNK", 4)
    small, large = tmp_path / "small", tmp_path / "large"
    write_sample(small, products=11, workers=1, **SAMPLE)
    before = contents(small)
    made: list[range] = []
    original = write.make_chunk
    monkeypatch.setattr(
        write, "make_chunk", lambda part, settings: (made.append(part), original(part, settings=settings))[1]
    )
    write_sample(small, products=18, workers=1, **SAMPLE)
    assert made == [range(8, 12), range(12, 16), range(16, 18)]
    grown = contents(small)
    assert not [name for name in grown if "0000008-0000010" in name]
    write_sample(large, products=18, workers=1, **SAMPLE)
    truth = {name: content for name, content in contents(large).items() if name.startswith("truth")}
    assert {name: content for name, content in grown.items() if name.startswith("truth")} == truth
    assert all(grown[name] == content for name, content in before.items() if "0000000-0000007" in name)
    made.clear()
    write_sample(small, products=18, workers=1, **SAMPLE)
    assert not made and contents(small) == grown


def test_a_sample_with_other_settings_is_refused(out: Path):
    with pytest.raises(ValueError, match=r"other settings \(seed 13, damage 0\.3"):
        write_sample(out, products=PRODUCTS, seed=SEED)


KILLED = """
import os, signal, sys
from pathlib import Path
from vitrina.catalogue.sample import truth_files, write, write_sample
from vitrina.catalogue.writer import CatalogueWriter
where, out = sys.argv[1], Path(sys.argv[2])
def die(*a, **k): os.kill(os.getpid(), signal.SIGKILL)
if where == "drawing":
    write.write_queries = die
elif where == "catalogue":
    CatalogueWriter.finish = die
elif where == "between":
    write.publish = die
else:
    move, left = truth_files._move, [int(where)]
    def moving(path, *, to):
        if not left[0]: die()
        left[0] -= 1
        move(path, to=to)
    truth_files._move = moving
write_sample(out, products=6, seed=13, damage=0.3, workers=1)
"""


@pytest.mark.parametrize("where", ["drawing", "catalogue", "between", "0", "3", "7"])
def test_a_killed_run_leaves_old_or_new_and_the_next_one_mends(where: str, tmp_path: Path):
    right, new, old = tmp_path / "right", tmp_path / "new", tmp_path / "old"
    write_sample(right, products=6, workers=1, **SAMPLE)
    write_sample(old, products=4, workers=1, **SAMPLE)
    for out in (new, old):
        killed = subprocess.run([sys.executable, "-c", KILLED, where, str(out)], check=False)
        assert killed.returncode == -signal.SIGKILL
    held = Oracle.open(old)  # the smaller sample is still known whole
    assert len(held) == 4
    assert [held.product(id).titles for id in held.ids()] == [
        Oracle.open(right).product(id).titles for id in held.ids()
    ]
    assert len(Catalogue.open(old)) in (4, 6)
    for out in (new, old):
        write_sample(out, products=6, workers=1, **SAMPLE)
        assert Catalogue.open(out).digest == Catalogue.open(right).digest
        truth = {name: content for name, content in contents(out).items() if name.startswith("truth")}
        assert truth == {name: content for name, content in contents(right).items() if name.startswith("truth")}
    assert {path.name for path in tmp_path.iterdir()} == {"right", "new", "old"}


def test_a_chunk_is_sent_and_received_as_it_was():
    chunk = make_chunk(range(3, 9), settings=SETTINGS)
    received = from_bytes(to_bytes(chunk))
    assert received.products == chunk.products
    assert all(received.tables[name].equals(chunk.tables[name]) for name in SCHEMAS)


def test_a_product_that_cannot_be_made_is_named(monkeypatch: pytest.MonkeyPatch):
    def fail(number: int, *, settings: Settings) -> None:
        raise KeyError("purple") if number == 5 else ValueError

    monkeypatch.setattr("vitrina.catalogue.sample.chunk.make", fail)
    with pytest.raises(RuntimeError, match=r"product 5 of the sample with seed 13 cannot be made: KeyError: 'purple'"):
        make_chunk(range(5, 7), settings=SETTINGS)


def test_a_killed_worker_is_said_and_the_others_end():
    with (
        pytest.raises(ChildProcessError, match=r"killed by signal 9.*fewer --workers"),
        Workers(2, settings=SETTINGS) as workers,
    ):
        workers._processes[1].kill()
        list(workers.chunks([range(number, number + 1) for number in range(6)]))
    assert all(process.returncode is not None for process in workers._processes)


def test_ctrl_c_leaves_no_worker_behind():
    with pytest.raises(KeyboardInterrupt), Workers(2, settings=SETTINGS) as workers:
        next(workers.chunks([range(2), range(2, 4), range(4, 6)]))
        raise KeyboardInterrupt
    assert all(process.returncode is not None for process in workers._processes)


def test_workers_end_with_their_master():
    program = (
        "import os, signal\n"
        "from vitrina.catalogue.sample.settings import Settings\n"
        "from vitrina.catalogue.sample.workers import Workers\n"
        "with Workers(2, settings=Settings(1)) as workers:\n"
        "    next(workers.chunks([range(1), range(1, 2)]))\n"
        "    print(*(each.pid for each in workers._processes), flush=True)\n"
        "    input()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as master:
        assert master.stdout is not None
        descriptors = [os.pidfd_open(int(pid)) for pid in master.stdout.readline().split()]
        master.kill()
    for descriptor in descriptors:
        assert select.select([descriptor], [], [], 60)[0], "a worker outlives its master"
        os.close(descriptor)
    assert len(descriptors) == 2
