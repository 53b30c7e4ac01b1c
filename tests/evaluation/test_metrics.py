import numpy as np
import pytest

from vitrina.evaluation import metrics
from vitrina.tasks.ranking import Ranks


def value(statistic: metrics.Statistic, n: int) -> float:
    return float(statistic(np.ones((1, n)))[0])


def repeated(weights: np.ndarray, *columns: np.ndarray) -> tuple[np.ndarray, ...]:
    return tuple(np.repeat(column, weights.astype(int)) for column in columns)


@pytest.fixture
def weights() -> np.ndarray:
    return np.random.default_rng(3).integers(0, 4, size=(6, 25)).astype(float)


def f1_by_hand(truth: np.ndarray, predicted: np.ndarray) -> float:
    scores = []
    for label in sorted(set(truth.tolist()) | set(predicted.tolist())):
        true_positive = ((truth == label) & (predicted == label)).sum()
        precision = true_positive / max((predicted == label).sum(), 1)
        recall = true_positive / max((truth == label).sum(), 1)
        scores.append(2 * precision * recall / (precision + recall) if precision + recall else 0.0)
    return float(np.mean(scores))


def auc_by_hand(own: np.ndarray, other: np.ndarray) -> float:
    return float(np.mean([(a > b) + 0.5 * (a == b) for a in own for b in other]))


def test_weights_mean_the_same_as_repeating_the_questions(weights):
    draws = np.random.default_rng(5)
    truth, predicted = draws.integers(4, size=25), draws.integers(4, size=25)
    own, other = draws.integers(1, 10, size=25) / 10, draws.integers(0, 9, size=25) / 10
    for row in weights:
        t, p, a, b = repeated(row, truth, predicted, own, other)
        one = row[None]
        assert metrics.accuracy(truth, predicted=predicted)(one)[0] == pytest.approx((t == p).mean())
        assert metrics.macro_f1(truth, predicted=predicted, classes=4)(one)[0] == pytest.approx(f1_by_hand(t, p))
        assert metrics.auc(own, other=other)(one)[0] == pytest.approx(auc_by_hand(a, b))
        assert metrics.median_of(own)(one)[0] == pytest.approx(np.median(a))
        assert metrics.mean_of(own)(one)[0] == pytest.approx(a.mean())
        assert metrics.prefers_own(own, other=other)(one)[0] == pytest.approx(((a > b) + (a == b) / 2).mean())
        right = np.concatenate([np.where(a == 0.5, 0.5, a > 0.5), np.where(b == 0.5, 0.5, b < 0.5)])
        assert metrics.match_accuracy(own, other=other)(one)[0] == pytest.approx(right.mean())


def test_the_interval_of_a_mean_is_near_the_normal_one():
    values = np.random.default_rng(0).normal(2.0, 3.0, size=400)
    found = metrics.estimate(metrics.mean_of(values), questions=400, seed=1, resamples=4000)
    half = 1.96 * values.std() / 20
    assert found.value == pytest.approx(values.mean())
    assert (found.low, found.high) == pytest.approx((values.mean() - half, values.mean() + half), abs=0.05)


def test_the_same_seed_gives_the_same_interval_in_any_chunks(monkeypatch):
    statistic = metrics.mean_of(np.arange(30.0))
    whole = metrics.estimate(statistic, questions=30, seed=7, resamples=100)
    monkeypatch.setattr(metrics, "_DRAWS_AT_ONCE", 300)
    assert metrics.estimate(statistic, questions=30, seed=7, resamples=100) == whole
    assert metrics.estimate(statistic, questions=30, seed=8, resamples=100) != whole


def test_nothing_to_measure_is_said():
    with pytest.raises(ValueError, match="no question"):
        metrics.estimate(metrics.mean_of(np.zeros(0)), questions=0, seed=0)


def test_retrieval_chance_is_k_of_n_where_one_item_is_right_and_more_where_two_are():
    one = np.ones(100, dtype=np.int64)
    strict = metrics.retrieval_by_chance(Ranks(one, one, one, one, items=100))
    twins = metrics.retrieval_by_chance(Ranks(one, one, one, 2 * one, items=100))
    assert strict["R@10"] == pytest.approx(0.1)
    assert strict["median rank"] == pytest.approx(50.5)
    assert twins["R@10"] == pytest.approx(1 - (90 * 89) / (100 * 99))


def test_always_the_commonest_class_scores_the_majority():
    truth = np.array([0, 0, 0, 1, 2, 2])
    predicted = np.zeros(6, dtype=int)
    share, f1 = metrics.majority(truth, classes=3)
    assert share == value(metrics.accuracy(truth, predicted=predicted), 6) == 0.5
    assert f1 == pytest.approx(value(metrics.macro_f1(truth, predicted=predicted, classes=3), 6))


def test_the_confusion_matrix_has_truth_in_its_rows():
    matrix = metrics.confusion(np.array([0, 0, 1]), predicted=np.array([1, 1, 0]), classes=2)
    assert matrix.tolist() == [[0, 2], [1, 0]]


def test_entropy_of_even_shares_is_the_logarithm_of_their_number():
    assert metrics.entropy(np.array([5, 5, 0, 5])) == pytest.approx(np.log(3))
