import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from vitrina.data.draws import integers, uniform

KEYS = np.stack([np.arange(2000) % 3, np.arange(2000) // 700, np.arange(2000) * 7919], axis=1)


def test_draws_never_change_between_releases():
    drawn = uniform(7, np.array([[0, 0, 0], [2, 1, 123456789012], [-1, 0, 5]]), name="golden", shape=(2,))
    expected = [
        [0.8214494587403893, 0.6214002606206127],
        [0.9504777129403489, 0.9787549246556255],
        [0.0904683245467427, 0.2712339480166298],
    ]
    np.testing.assert_array_equal(drawn, expected)


def test_draws_are_uniform():
    drawn = uniform(0, KEYS, name="any", shape=(50,))
    assert drawn.min() >= 0 and drawn.max() < 1
    assert abs(drawn.mean() - 0.5) < 5 * (1 / 12) ** 0.5 / drawn.size**0.5
    counts = np.bincount((drawn.ravel() * 64).astype(int), minlength=64)
    expected = drawn.size / 64
    chi_square = ((counts - expected) ** 2 / expected).sum()
    assert chi_square < 63 + 5 * (2 * 63) ** 0.5


def test_neighbouring_keys_names_seeds_and_counters_are_unrelated():
    first = uniform(0, KEYS, name="a", shape=(2,))
    others = [
        first[:, 1],
        uniform(1, KEYS, name="a"),
        uniform(0, KEYS, name="b"),
        uniform(0, KEYS + np.array([0, 0, 1]), name="a"),
        uniform(0, KEYS[:, [1, 0, 2]] + np.array([1, 0, 0]), name="a"),
    ]
    for other in others:
        assert abs(np.corrcoef(first[:, 0], other)[0, 1]) < 5 / len(KEYS) ** 0.5


@given(st.permutations(range(12)), st.integers(0, 11))
def test_a_rows_draws_depend_on_its_key_alone(order, count):
    together = uniform(3, KEYS[:12], name="x", shape=(4,))
    np.testing.assert_array_equal(uniform(3, KEYS[:12][order][:count], name="x", shape=(4,)), together[order][:count])


@given(st.integers(0, 9), st.integers(1, 5))
def test_asking_for_more_draws_leaves_the_earlier_ones(more, columns):
    short = uniform(3, KEYS[:5], name="x", shape=(4, columns))
    np.testing.assert_array_equal(uniform(3, KEYS[:5], name="x", shape=(4 + more, columns))[:, :4], short)


@settings(max_examples=50)
@given(st.integers(1, 2**53))
def test_integers_stay_below_their_limit(limit):
    drawn = integers(0, KEYS[:200], name="i", below=limit)
    assert drawn.min() >= 0 and drawn.max() < limit


def test_integers_below_a_limit_of_each_rows_own_are_uniform():
    limits = np.arange(2000) % 7 + 1
    drawn = integers(0, KEYS, name="i", below=limits, shape=(30,))
    for limit in range(1, 8):
        counts = np.bincount(drawn[limits == limit].ravel(), minlength=limit)
        expected = counts.sum() / limit
        assert len(counts) == limit
        assert (abs(counts - expected) < 5 * expected**0.5 + 1).all()


def test_keys_need_not_be_contiguous():
    np.testing.assert_array_equal(uniform(0, np.asfortranarray(KEYS), name="x"), uniform(0, KEYS, name="x"))


def test_no_rows_give_no_draws():
    assert uniform(0, np.zeros((0, 3), dtype=np.int64), name="x", shape=(4,)).shape == (0, 4)
