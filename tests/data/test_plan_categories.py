"""Pair batches some of whose rows stand among others of their category."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vitrina.data.mixture import Mixture, only
from vitrina.data.plan import BUCKET_BATCHES, Plan
from vitrina.data.planning import plan_run
from vitrina.data.sources import categories_of, find_sources

from . import shop

CATEGORIES = np.arange(600) % 30


def plan(share: float, *, rows: int = 12, seed: int = 0, size: int = 600) -> Plan:
    mixture = Mixture(text=0, image=0, pair=1, same_category=share)
    return Plan(
        {"pair": size},
        mixture=mixture,
        batch_rows=rows,
        seed=seed,
        total_steps=100,
        pair_categories=CATEGORIES[:size],
    )


def sharing(made: Plan, steps: int = 50) -> float:
    """The share of rows that have another of their category in their batch."""
    found = []
    for step in range(steps):
        categories = CATEGORIES[made.batch(step).indices]
        found += (np.bincount(categories)[categories] > 1).tolist()
    return float(np.mean(found))


def test_the_share_of_rows_among_their_category_grows_as_asked():
    none, half, whole = (sharing(plan(share)) for share in (0.0, 0.5, 1.0))
    assert none < 0.4 and half > none + 0.1 and whole > 0.9 > half


@settings(max_examples=20, deadline=None)
@given(share=st.sampled_from([0.25, 0.5, 1.0]), rows=st.sampled_from([5, 12, 25]), seed=st.integers(0, 3))
def test_every_product_still_comes_once_an_epoch(share, rows, seed):
    made = plan(share, rows=rows, seed=seed)
    steps = BUCKET_BATCHES * -(-600 // (BUCKET_BATCHES * rows))
    seen = np.concatenate([np.stack([batch.epochs, batch.indices]) for batch in map(made.batch, range(steps))], axis=1)
    first = seen[1, seen[0] == 0]
    assert sorted(first.tolist()) == list(range(600))
    assert len(np.unique(seen, axis=1).T) == seen.shape[1], "no row of an epoch comes twice"


def test_a_batch_by_category_is_a_function_of_seed_and_step_alone():
    one, other = plan(0.5), plan(0.5)
    forwards = [one.batch(step) for step in range(40)]
    for step in reversed(range(40)):
        batch = other.batch(step)
        assert np.array_equal(batch.indices, forwards[step].indices)
        assert np.array_equal(batch.epochs, forwards[step].epochs)
    assert not np.array_equal(plan(0.5, seed=1).batch(3).indices, forwards[3].indices)


def test_a_plan_that_asks_for_no_category_is_the_plan_that_it_was():
    assert (
        plan(0.0).fingerprint
        == Plan({"pair": 600}, mixture=only("pair"), batch_rows=12, seed=0, total_steps=100).fingerprint
    )
    assert plan(0.5).fingerprint != plan(0.0).fingerprint


def test_the_categories_of_a_stock_reach_the_plan_by_domain_too(tmp_path):
    goods = [shop.product(number, category=("c", str(number % 4))) for number in range(32)]
    stock = shop.stock_of(tmp_path, goods)
    sources = find_sources(stock)
    assert np.bincount(categories_of(stock)).tolist() == [8, 8, 8, 8]
    for temperature in (None, 1.0):
        mixture = Mixture(text=0, image=0, pair=1, same_category=1.0, temperature=temperature)
        made = plan_run(stock, sources, mixture=mixture, batch_rows=4, seed=0, total_steps=9)
        for step in range(8):
            assert len(set(categories_of(stock)[sources["pair"].rows[made.batch(step).indices]])) == 1


@pytest.mark.parametrize("share", [-0.1, 1.5])
def test_a_share_that_is_none_is_refused_by_name(share):
    with pytest.raises(ValueError, match=r"mixture\.same_category"):
        Mixture(same_category=share)
