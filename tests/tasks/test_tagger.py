"""Taggers on vectors whose truth is known, because the test draws it."""

import numpy as np
import pytest

from vitrina.tasks.calibration import expected_calibration_error, fit_temperature, log_softmax, surprise
from vitrina.tasks.probe import Affine, class_means, logistic
from vitrina.tasks.product_vectors import Sides
from vitrina.tasks.tagger import Examples, fit_tagger

CLASSES, WIDTH = 6, 24


def drawn(rows: int, *, noise: float, seed: int, shares: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Unit vectors (n, d) round the class's own direction, and the classes (n,)."""
    draws = np.random.default_rng(seed)
    truth = draws.choice(CLASSES, size=rows, p=shares)
    vectors = directions()[truth] + noise * draws.normal(size=(rows, WIDTH))
    return unit(vectors), truth


def directions() -> np.ndarray:
    return unit(np.random.default_rng(99).normal(size=(CLASSES, WIDTH)))


def unit(vectors: np.ndarray) -> np.ndarray:
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def prompts(weight: np.ndarray) -> dict:
    affine = Affine(weight, np.zeros(len(weight), np.float32), np.arange(len(weight)))
    return {"plain": affine, "templates": affine}


def examples(vectors: np.ndarray, truth: np.ndarray, *, texts: np.ndarray | None = None) -> Examples:
    sides = Sides(vectors, np.zeros_like(vectors) if texts is None else texts)
    return Examples(sides, truth, [f"family {number}" for number in range(len(truth))])


def fitted(known: Examples, *, weight: np.ndarray, mode: str = "auto", use: str = "picture"):
    names = [f"class {number}" for number in range(CLASSES)]
    return fit_tagger(names, prompts=prompts(weight), examples=known, mode=mode, use=use, scale=100.0)


@pytest.mark.parametrize("temperature", [0.2, 1.0, 5.0])
def test_a_temperature_that_was_put_on_is_found(temperature):
    draws = np.random.default_rng(0)
    logits = draws.normal(size=(4000, 5)) * 2
    chances = np.exp(log_softmax(logits))
    truth = (chances.cumsum(1) > draws.random((4000, 1))).argmax(1)
    assert fit_temperature(logits * temperature, truth=truth) == pytest.approx(temperature, rel=0.1)


def test_the_temperature_surprises_least():
    draws = np.random.default_rng(1)
    logits, truth = draws.normal(size=(300, 4)), draws.integers(4, size=300)
    logits[np.arange(300), truth] += 1
    best = fit_temperature(logits, truth=truth)
    loss = surprise(log_softmax(logits / best), truth=truth)
    for other in (best * 0.9, best * 1.1):
        assert loss <= surprise(log_softmax(logits / other), truth=truth)


def test_a_few_right_answers_never_prove_certainty():
    logits = np.eye(3)[np.arange(9) % 3]
    sure = np.exp(log_softmax(logits / fit_temperature(logits, truth=np.arange(9) % 3))).max()
    assert 0.85 < sure < 0.95
    assert fit_temperature(np.zeros((4, 3)), truth=np.zeros(4, dtype=int)) == 1.0


def test_the_calibration_error_is_the_distance_of_promise_and_deed():
    confidence = np.array([0.9] * 10)
    assert expected_calibration_error(confidence, is_right=np.arange(10) < 9) == pytest.approx(0.0)
    assert expected_calibration_error(confidence, is_right=np.arange(10) < 5) == pytest.approx(0.4)


@pytest.mark.parametrize("mode", ["prompts", "few-shot", "probe", "auto"])
def test_confidences_on_new_vectors_hold_within_four_points(mode):
    vectors, truth = drawn(1500, noise=0.35, seed=1)
    tagger = fitted(examples(vectors, truth), weight=directions(), mode=mode)
    new, right = drawn(4000, noise=0.35, seed=2)
    belief = tagger.log_probabilities(Sides(new, np.zeros_like(new)))
    is_right = belief.argmax(1) == right
    assert tagger.trust.is_calibrated
    assert 0.5 < is_right.mean() < 0.99
    assert expected_calibration_error(np.exp(belief.max(1)), is_right=is_right) < 0.04


def test_a_probe_learns_what_prompts_say_wrongly_and_how_common_classes_are():
    shares = np.array([0.75, 0.05, 0.05, 0.05, 0.05, 0.05])
    vectors, truth = drawn(1200, noise=0.4, seed=3, shares=shares)
    wrong = directions()[::-1].copy()
    tagger = fitted(examples(vectors, truth), weight=wrong)
    assert tagger.picture is not None and tagger.picture.kind == "probe"
    new, right = drawn(2000, noise=0.4, seed=4, shares=shares)
    said = tagger.log_probabilities(Sides(new, np.zeros_like(new))).argmax(1)
    assert (said == right).mean() > 0.8
    assert np.bincount(said, minlength=CLASSES)[0] / 2000 == pytest.approx(0.75, abs=0.06)


def test_a_probe_reaches_the_same_optimum_from_any_order_of_rows():
    vectors, truth = drawn(200, noise=0.4, seed=5)
    first = logistic(vectors, truth=truth, classes=CLASSES, penalty=1e-2, start=None)
    second = logistic(vectors[::-1].copy(), truth=truth[::-1].copy(), classes=CLASSES, penalty=1e-2, start=None)
    np.testing.assert_allclose(first.logits(vectors), second.logits(vectors), atol=0.02)


def test_a_class_without_examples_is_still_found_by_its_prompts():
    vectors, truth = drawn(600, noise=0.25, seed=6)
    seen = truth != 5
    tagger = fitted(examples(vectors[seen], truth[seen]), weight=directions())
    new, right = drawn(1000, noise=0.25, seed=7)
    said = tagger.log_probabilities(Sides(new, np.zeros_like(new))).argmax(1)
    assert (said[right == 5] == 5).mean() > 0.8


def test_one_example_of_each_class_is_enough_to_begin_with():
    known = examples(directions(), np.arange(CLASSES))
    tagger = fitted(known, weight=directions()[::-1].copy())
    assert not tagger.trust.is_calibrated
    assert tagger.picture is not None and "not calibrated" in tagger.picture.words


def test_class_means_without_prompts_or_examples_are_never_the_answer():
    vectors, truth = drawn(50, noise=0.2, seed=8)
    seen = truth != 0
    means = class_means(vectors[seen], truth=truth[seen], classes=CLASSES, prompts=None, strength=0.0)
    assert 0 not in means.logits(vectors).argmax(1)


def test_texts_weigh_what_they_are_worth():
    vectors, truth = drawn(600, noise=0.5, seed=9)
    sharp = unit(directions()[truth] + 0.05 * np.random.default_rng(10).normal(size=(600, WIDTH)))
    noise = unit(np.random.default_rng(11).normal(size=(600, WIDTH)))
    helped = fitted(examples(vectors, truth, texts=sharp), weight=directions(), use="auto")
    alone = fitted(examples(vectors, truth, texts=noise), weight=directions(), use="auto")
    assert helped.text_share >= 0.5
    pictures = fitted(examples(vectors, truth), weight=directions())
    assert alone.trust.accuracy > pictures.trust.accuracy - 0.02
    mixed = helped.log_probabilities(Sides(vectors, sharp))
    assert (mixed.argmax(1) == truth).mean() > 0.95
    np.testing.assert_allclose(np.exp(mixed).sum(1), 1.0)


def test_a_product_with_nothing_to_look_at_has_no_answer():
    vectors, truth = drawn(100, noise=0.2, seed=12)
    tagger = fitted(examples(vectors, truth), weight=directions(), use="auto")
    empty = np.zeros((2, WIDTH), dtype=np.float32)
    assert np.isnan(tagger.log_probabilities(Sides(empty, empty))).all()
    assert tagger.looks_at(Sides(empty, empty)).tolist() == ["", ""]


def test_the_best_word_of_a_class_counts():
    several = Affine(np.eye(3, dtype=np.float32), np.zeros(3, np.float32), np.array([0, 0, 1]))
    assert several.logits(np.eye(3, dtype=np.float32)).argmax(1).tolist() == [0, 0, 1]
    assert several.single(scale=2.0).weight.shape == (2, 3)


def test_modes_that_learn_need_examples():
    with pytest.raises(ValueError, match="there are none"):
        fit_tagger(["a", "b"], prompts=prompts(directions()[:2]), examples=None, mode="probe", use="auto", scale=10.0)
