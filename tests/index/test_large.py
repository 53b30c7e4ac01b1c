"""What holds of an index must hold where products are so many that their vectors stay on the disk."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from searchable import WordModel, index_of, opened

from vitrina.catalogue.product import Product, Text
from vitrina.catalogue.remove import remove
from vitrina.catalogue.store import write_catalogue
from vitrina.index import keeping, products
from vitrina.index.index import Index, Loaded, Query
from vitrina.index.mapped import Rows

WORDS = ["red mug", "blue vase", "oak table", "green lamp", "white chair"]


def shop(count: int) -> list[Product]:
    return [Product(id=f"p{number}", titles=(Text(f"{WORDS[number % 5]} {number}"),)) for number in range(count)]


@pytest.fixture(autouse=True)
def few_are_many(monkeypatch):
    monkeypatch.setattr(keeping, "EXACT_UP_TO", 10)
    monkeypatch.setattr("vitrina.index.finding._COMPARED", 5)


def check(index: Index, model: WordModel, *, count: int) -> None:
    """By vector it finds what comparing all finds, by words what has them."""
    assert isinstance(index.products.matrix, Rows) and len(index.products.matrix) == count
    ids = index.catalogue.facts()["id"].to_pylist()
    for words in ("red mug", "table 7"):
        query = index.products.of_texts(model.embed_texts([words]))
        wanted = np.sort(index.products.matrix[:] @ query[0])[::-1][:5]
        hits = index.search(Query(text=words, mode="vector", top=5)).hits
        assert [hit.score for hit in hits] == pytest.approx(wanted, abs=1e-5)
        titles = index.catalogue.read([ids.index(hit.id) for hit in hits])
        assert [hit.title for hit in hits] == [product.texts[0].text for product in titles]
    named = {id_ for id_, product in zip(ids, index.catalogue.read(range(count)), strict=True)
             if "vase" in product.texts[0].text}  # fmt: skip
    assert {hit.id for hit in index.search(Query(text="vase", mode="text", top=50)).hits} == named


def test_changes_are_followed_and_write_only_what_is_new(tmp_path):
    model = WordModel()
    index = opened(model, shop(15), place=tmp_path)
    check(index, model, count=15)
    (before,) = (tmp_path / "index").rglob("near-*.safetensors")
    written = before.stat()
    write_catalogue(tmp_path / "shop", [Product(id="p3", titles=(Text("scarlet vase"),)), *shop(18)[15:]])
    remove(tmp_path / "shop", ids=["p0", "p1"])
    assert index.refresh()
    check(index, model, count=16)
    assert before.stat() == written, "what is known is not computed again"
    assert index.search(Query(text="scarlet vase", top=1)).hits[0].id == "p3"
    hits = index.search(Query(text="red mug 0", mode="vector", top=50)).hits
    assert len(hits) == 16 and not {"p0", "p1"} & {hit.id for hit in hits}


def test_vectors_that_could_not_be_written_whole_are_written_by_the_next(tmp_path, monkeypatch):
    def stops(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(products, "write_blocks", stops)
        opened(WordModel(), shop(15), place=tmp_path)
    model = WordModel()
    index = index_of(model, folder=tmp_path / "index", catalogue=tmp_path / "shop")
    assert not model.texts, "nothing is embedded again"
    check(index, model, count=15)


def test_another_model_takes_the_place_of_one_whose_files_answer_until_then(tmp_path):
    write_catalogue(tmp_path / "shop", shop(15))
    model = WordModel()
    current = [Loaded(model, "a" * 64, ("one", 0))]
    index = Index(lambda before: current[0], catalogue=tmp_path / "shop", folder=tmp_path / "index")
    answers = []

    class Watched(WordModel):
        def embed_texts(self, texts):
            if index.model is model:
                answers.append(index.search(Query(text="oak table", top=1)).hits[0].title)
            return super().embed_texts(texts)

    new = Watched()
    current[0] = Loaded(new, "b" * 64, ("two", 0))
    assert index.refresh()
    assert answers and all(title.startswith("oak table") for title in answers)
    check(index, new, count=15)
    reader = index_of(WordModel(), folder=tmp_path / "index", catalogue=tmp_path / "shop", digest="b" * 64)
    check(reader, new, count=15)


def test_three_processes_that_open_at_once_answer_alike(tmp_path):
    write_catalogue(tmp_path / "shop", shop(60))
    started = [start(tmp_path) for _ in range(3)]
    told = [each.communicate()[0] for each in started]
    assert [each.returncode for each in started] == [0, 0, 0]
    assert len(set(told)) == 1 and "red mug" in told[0]
    model = WordModel()
    check(index_of(model, folder=tmp_path / "index", catalogue=tmp_path / "shop"), model, count=60)


@pytest.mark.parametrize(
    "at", ["VectorStore._write", "products.flush", "LanceEngine.add", "LanceEngine.settle", "stamp"]
)
def test_a_process_killed_at_any_moment_leaves_an_index_that_the_next_finishes(tmp_path, at):
    write_catalogue(tmp_path / "shop", shop(60))
    killed = start(tmp_path, killed_at=at)
    killed.communicate()
    assert killed.returncode == -signal.SIGKILL
    model = WordModel()
    index = index_of(model, folder=tmp_path / "index", catalogue=tmp_path / "shop")
    assert (not model.texts) == (at != "VectorStore._write"), "what was embedded before the kill is kept"
    check(index, model, count=60)


SCRIPT = """
import os, signal, sys
from pathlib import Path
from searchable import WordModel, index_of
from vitrina.index import keeping, lance, mapped, products, store
from vitrina.index.index import Query

def dies(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)

def half_way(path, *, tensors):
    mapped.flush = dies
    mapped.write_blocks(path, tensors=tensors)

keeping.EXACT_UP_TO = 10
place, at = Path(sys.argv[1]), sys.argv[2]
if at == "VectorStore._write":
    store.VectorStore._write = dies
elif at == "products.flush":
    products.write_blocks = half_way
elif at == "stamp":
    keeping.Translations.write = dies
elif at:
    setattr(lance.LanceEngine, at.split(".")[1], dies)
hits = index_of(WordModel(), folder=place / "index", catalogue=place / "shop").search(Query(text="red mug")).hits
sys.stdout.write(str([(hit.title, round(hit.score, 4)) for hit in hits]))
"""


def start(place: Path, *, killed_at: str = "") -> "subprocess.Popen[str]":
    """A process that opens the shop's index and says what it finds, or is killed on the way."""
    paths = [str(Path(__file__).parent), *sys.path]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    command = [sys.executable, "-c", SCRIPT, str(place), killed_at]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
