from itertools import pairwise, permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vitrina.tasks.ranking import Ranks, best_items, rank


def ranked(scores: np.ndarray, *, hits: np.ndarray) -> Ranks:
    """One query over items with these scores, `hits` (m,) bool."""
    return rank(
        np.ones((1, 1), dtype=np.float32),
        scores.astype(np.float32)[:, None],
        query_labels=np.zeros((1, 1), dtype=np.int64),
        item_labels=np.where(hits, 0, 1)[:, None],
    )


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 2), st.booleans()), min_size=1, max_size=6).filter(lambda r: any(h for _, h in r))
)
def test_ties_score_the_mean_over_every_order_of_the_tied_items(rows):
    scores, hits = (np.array(column) for column in zip(*rows, strict=True))
    first_places = []
    for order in permutations(range(len(rows))):
        if all(scores[a] >= scores[b] for a, b in pairwise(order)):
            first_places.append(1 + next(place for place, item in enumerate(order) if hits[item]))
    places = np.array(first_places)
    ranks = ranked(scores, hits=hits)
    for k in (1, 2, 3, 5, 10):
        assert ranks.recall(k)[0] == pytest.approx((places <= k).mean())
    assert ranks.expected()[0] == pytest.approx(places.mean())
    assert ranks.reciprocal()[0] == pytest.approx((1 / places).mean())


def test_a_constant_model_scores_exactly_chance():
    n = 50
    rows = np.arange(n)[:, None]
    same = np.ones((n, 4), dtype=np.float32)
    ranks = rank(same, same, query_labels=rows, item_labels=rows)
    assert ranks.recall(10) == pytest.approx(np.full(n, 10 / n))
    assert ranks.expected() == pytest.approx(np.full(n, (n + 1) / 2))
    assert ranks.reciprocal() == pytest.approx(np.full(n, (1 / np.arange(1, n + 1)).mean()))


def test_ranks_of_distinct_scores_are_those_of_sorting():
    draws = np.random.default_rng(0)
    queries, items = draws.normal(size=(40, 8)).astype(np.float32), draws.normal(size=(40, 8)).astype(np.float32)
    rows = np.arange(40)[:, None]
    ranks = rank(queries, items, query_labels=rows, item_labels=rows)
    order = np.argsort(-(queries @ items.T), axis=1)
    assert ranks.expected().tolist() == [1 + order[q].tolist().index(q) for q in range(40)]
    top, scores = best_items(queries, items, top=5)
    assert (top == order[:, :5]).all()
    assert scores == pytest.approx(np.take_along_axis(queries @ items.T, top, 1), rel=1e-5)


def test_an_item_with_any_label_of_the_query_is_a_hit():
    queries, items = np.array([[1.0]], dtype=np.float32), np.array([[3.0], [2.0], [1.0]], dtype=np.float32)
    labels = np.array([[0, 9], [1, 8], [2, 7]])
    by_second = rank(queries, items, query_labels=np.array([[2, 8]]), item_labels=labels)
    assert (by_second.above[0], by_second.hits[0]) == (1, 2)


def test_chance_with_several_right_items_is_counted_by_drawing():
    ranks = Ranks(np.array([0]), np.array([1]), np.array([1]), np.array([3]), items=12)
    draws = np.random.default_rng(0)
    found = [(draws.permutation(12)[:5] < 3).any() for _ in range(20_000)]
    assert ranks.by_chance().recall(5)[0] == pytest.approx(np.mean(found), abs=0.015)


def test_chunks_do_not_change_the_ranks(monkeypatch):
    draws = np.random.default_rng(1)
    queries, items = draws.normal(size=(30, 4)).astype(np.float32), draws.normal(size=(30, 4)).astype(np.float32)
    labels = draws.integers(5, size=(30, 2))
    whole = rank(queries, items, query_labels=labels, item_labels=labels)
    top = best_items(queries, items, top=3)
    monkeypatch.setattr("vitrina.tasks.ranking._SCORES_AT_ONCE", 90)
    parts = rank(queries, items, query_labels=labels, item_labels=labels)
    assert (whole.above == parts.above).all()
    assert (whole.hits == parts.hits).all()
    assert (top[0] == best_items(queries, items, top=3)[0]).all()


def test_embeddings_that_are_not_numbers_are_refused():
    with pytest.raises(ValueError, match="not finite"):
        ranked(np.array([np.nan, 1.0]), hits=np.array([True, False]))


def test_a_query_without_a_right_item_is_refused():
    with pytest.raises(ValueError, match="no right item"):
        ranked(np.array([1.0, 1.0]), hits=np.array([False, False]))
