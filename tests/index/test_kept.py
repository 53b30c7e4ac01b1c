"""What must hold whatever happens: any sequence of changes, kills, and several writers at once."""

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from searchable import WordModel, index_of, opened
from writer_process import entry

from vitrina.catalogue.product import Product, Text
from vitrina.catalogue.remove import remove
from vitrina.catalogue.store import Catalogue, write_catalogue
from vitrina.index.index import Query
from vitrina.index.lance import LanceEngine

WORDS = ["red mug", "blue vase", "oak table", "lamp"]


def product(number: int, words: int) -> Product:
    return Product(id=f"p{number}", titles=(Text(f"{WORDS[words]} number {number}"),))


@settings(max_examples=4, deadline=None, derandomize=True)
@given(
    st.lists(
        st.tuples(st.sampled_from(["put", "remove"]), st.integers(0, 5), st.integers(0, 3)), min_size=1, max_size=4
    )
)
def test_after_any_changes_an_index_answers_as_one_made_fresh(changes):
    with tempfile.TemporaryDirectory() as place:
        index = opened(WordModel(), [product(9, 0), product(8, 1)], place=Path(place))
        shop = Path(place) / "shop"
        for change, number, words in changes:
            if change == "put":
                write_catalogue(shop, [product(number, words)])
            else:
                remove(shop, ids=[f"p{number}"])
            index.refresh()
        fresh = index_of(WordModel(), folder=Path(place) / "fresh", catalogue=shop)
        assert len(fresh.catalogue) == len(Catalogue.open(shop)) == len(index.vectors.texts)
        for mode in ("vector", "text", "hybrid"):
            for text in ("red mug", "number 3", "vase"):
                asked = Query(text=text, mode=mode, top=20)
                found, wanted = index.search(asked).hits, fresh.search(asked).hits
                assert {hit.id for hit in found} == {hit.id for hit in wanted}
                assert [hit.score for hit in found] == pytest.approx([hit.score for hit in wanted], abs=1e-4)


def start(folder: Path, first: int, last: int) -> subprocess.Popen:
    script = Path(__file__).with_name("writer_process.py")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, str(script), str(folder), str(first), str(last)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)


def test_three_writers_at_once_lose_nothing(tmp_path):
    LanceEngine(tmp_path / "lance", dimensions=None)
    writers = [start(tmp_path / "lance", 100 * each, 100 * each + 10) for each in range(3)]
    assert [writer.wait() for writer in writers] == [0, 0, 0]
    for writer in writers:
        writer.communicate()
    wanted = {entry(100 * each + number).digest for each in range(3) for number in range(10)}
    engine = LanceEngine(tmp_path / "lance", dimensions=None)
    assert engine.digests() == wanted
    engine.settle()
    assert len(engine.find_words({"common": 1.0}, limit=100, among=None).digests) == 30


def test_a_killed_writer_leaves_what_it_had_finished_and_the_next_goes_on(tmp_path):
    folder = tmp_path / "lance"
    writer = start(folder, 0, 100_000)
    assert writer.stdout is not None
    done = [int(writer.stdout.readline()) for _ in range(3)][-1] + 5
    writer.send_signal(signal.SIGKILL)
    writer.communicate()
    engine = LanceEngine(folder, dimensions=None)
    there = engine.digests()
    assert {entry(number).digest for number in range(done)} <= there
    assert len(there) % 5 == 0, "an addition is there whole or not at all"
    engine.add([entry(number) for number in range(done + 10)])
    engine.settle()
    assert len(engine.find_words({f"word{done + 3}": 1.0}, limit=5, among=None).digests) == 1


def test_words_come_of_a_part_where_there_are_more_products_than_wanted(tmp_path):
    engine = LanceEngine(tmp_path / "lance", dimensions=None)
    assert engine.words(most=5) == []
    entries = sorted((entry(number) for number in range(30)), key=lambda each: each.digest)
    engine.add(reversed(entries))
    assert engine.words(most=30) == [each.words for each in entries]
    assert engine.words(most=7) == [each.words for each in entries[:7]]


def test_removing_what_is_gone_and_adding_what_is_there_changes_nothing(tmp_path):
    engine = LanceEngine(tmp_path / "lance", dimensions=None)
    engine.add([entry(1), entry(2)])
    engine.add([entry(2)])
    engine.remove([entry(7).digest, entry(1).digest])
    assert engine.digests() == {entry(2).digest}


def damaged(files: list[Path]) -> None:
    assert files
    for file in files:
        file.write_bytes(b"damaged")


def test_a_damaged_index_is_made_anew_without_asking(tmp_path):
    shop = [product(1, 0), product(2, 1)]
    opened(WordModel(), shop, place=tmp_path)
    (versions,) = (tmp_path / "index").rglob("_versions")
    damaged([*versions.iterdir()])
    model = WordModel()
    hits = opened(model, shop, place=tmp_path).search(Query(text="red", mode="text")).hits
    assert [hit.id for hit in hits] == ["p1"]
    assert not model.pictures and len(model.texts) == 0, "vectors are not computed again"


def test_files_damaged_while_a_shop_is_open_cost_no_answer(tmp_path):
    index = opened(WordModel(), [product(1, 0), product(2, 1)], place=tmp_path)
    (data,) = (tmp_path / "index").rglob("lance/products.lance/data")
    damaged([*data.iterdir(), *(path for path in (data.parent / "_indices").rglob("*") if path.is_file())])
    for _ in range(2):
        assert [hit.id for hit in index.search(Query(text="red", mode="text")).hits] == ["p1"]
    assert [list(rows) for rows in index.search_many(["red"], mode="text", top=5)] == [[0]]


def test_an_index_that_cannot_be_written_is_told_with_its_folder(tmp_path, monkeypatch):
    def full(*_: object, **__: object) -> None:
        raise OSError("no room")

    monkeypatch.setattr(LanceEngine, "add", full)
    with pytest.raises(ValueError, match=r"words-.* cannot be made \(no room\)"):
        opened(WordModel(), [product(1, 0)], place=tmp_path)
