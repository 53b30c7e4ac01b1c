"""The engine's index of vectors, with so many products that it is trained."""

import numpy as np
import pytest

from vitrina.index import lance
from vitrina.index.engine import Entry
from vitrina.index.finding import Asked, Places, find
from vitrina.index.in_use import Held
from vitrina.index.keeping import Kept
from vitrina.index.lance import LanceEngine
from vitrina.index.products import Centre, ProductVectors
from vitrina.index.translations import Translations
from vitrina.index.words import ProductWords

COUNT, DIMENSIONS = 2_000, 36


def unit(vectors):
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture(scope="module")
def vectors():
    """Products of twenty kinds; the last hundred are a kind far from the others."""
    draw = np.random.default_rng(0)
    kinds = draw.normal(size=(21, DIMENSIONS))
    of = draw.integers(20, size=COUNT)
    of[-100:] = 20
    return unit(kinds[of] + 0.5 * draw.normal(size=(COUNT, DIMENSIONS)))


@pytest.fixture(scope="module")
def digests():
    return np.random.default_rng(1).integers(256, size=(COUNT, 16), dtype=np.uint8)


def entries(digests, vectors, rows):
    return [Entry(bytes(digests[row]), ProductWords((), (), ()), vectors[row]) for row in rows]


@pytest.fixture(scope="module")
def engine(tmp_path_factory, vectors, digests):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lance, "_PARTITION", 100)
        engine = LanceEngine(tmp_path_factory.mktemp("lance"), dimensions=DIMENSIONS)
        engine.add(entries(digests, vectors, range(1_900)))
        engine.settle()
        engine.add(entries(digests, vectors, range(1_900, COUNT)))
        yield engine


def exactly(vectors, query, *, mask=None):
    scores = vectors @ query
    if mask is not None:
        scores[~mask] = -np.inf
    return np.argsort(-scores, kind="stable")[:10]


def asked_of(engine, vectors, digests, query, *, mask=None, tmp_path):
    nowhere = Centre(np.zeros(DIMENSIONS, np.float32), np.zeros(DIMENSIONS, np.float32))
    products = ProductVectors(vectors, has=np.ones(COUNT, dtype=bool), centre=nowhere)
    kept = Kept(engine, Translations({}), products, finds_near=True, held=Held(tmp_path))
    asked = Asked(query, terms=(), word_share=0.0, top=10, mask=mask)
    return find(asked, products=products, kept=kept, places=Places(digests)).rows


@pytest.fixture
def always_near(monkeypatch):
    monkeypatch.setattr("vitrina.index.finding._COMPARED", 0)


def test_what_the_trained_index_finds_is_what_comparing_all_finds(engine, vectors, digests, always_near, tmp_path):
    (trained,) = [index for index in engine._table.list_indices() if index.index_type == "IvfRq"]
    assert trained.num_indexed_rows == 1_900, "the others are found by looking at each"
    queries = unit(vectors[::40] + 0.3 * np.random.default_rng(2).normal(size=(50, DIMENSIONS)) / DIMENSIONS**0.5)
    found = [asked_of(engine, vectors, digests, query, tmp_path=tmp_path) for query in queries]
    hits = [len(np.intersect1d(rows, exactly(vectors, query))) for rows, query in zip(found, queries, strict=True)]
    assert np.mean(hits) >= 9.8


def test_what_a_filter_leaves_far_from_the_query_is_found_nearest_first(
    engine, vectors, digests, always_near, tmp_path
):
    mask = np.arange(COUNT) >= COUNT - 100
    for query in vectors[:500:50]:
        found = asked_of(engine, vectors, digests, query, mask=mask, tmp_path=tmp_path)
        assert list(found) == list(exactly(vectors, query, mask=mask))


def test_asked_for_all_the_engine_gives_all(engine, vectors, digests):
    matches = engine.find_near(vectors[0], limit=COUNT)
    assert len(matches.digests) == COUNT and not matches.is_all
    assert engine.find_near(vectors[0], limit=COUNT + 1).is_all
    assert not engine.find_near(vectors[0], limit=5).is_all


def test_settled_again_the_index_covers_what_was_added_and_forgets_what_was_removed(tmp_path, vectors, digests):
    engine = LanceEngine(tmp_path, dimensions=DIMENSIONS)
    engine.add(entries(digests, vectors, range(1_500)))
    engine.settle()
    engine.add(entries(digests, vectors, range(1_500, COUNT)))
    engine.remove([bytes(each) for each in digests[:200]])
    engine.settle()
    (trained,) = [index for index in engine._table.list_indices() if index.index_type == "IvfRq"]
    assert trained.num_unindexed_rows == 0
    found = {bytes(each) for each in engine.find_near(vectors[-1], limit=COUNT).digests}
    assert found == {bytes(each) for each in digests[200:]}
