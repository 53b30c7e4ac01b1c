import numpy as np
import pytest

from vitrina.evaluation.segmentation import (
    LocationPrior,
    Scene,
    all_background,
    all_named,
    count,
    figures,
    mean_iou,
    pixel_accuracy,
)

NAMES = ("hat", "shoe", "bag")


def scene(labels: list[list[int]], name: str = "a") -> Scene:
    array = np.array(labels)
    words = tuple(NAMES[number - 1] for number in np.unique(array) if number)
    return Scene(name, b"", words=words, labels=array, names=NAMES)


HALF = scene([[1, 1, 0, 0], [0, 0, 0, 2]])


def value(statistic, scenes: int = 1) -> float:
    return float(statistic(np.ones((1, scenes)))[0])


def test_figures_are_those_one_counts_by_hand():
    counts = count([HALF], answers=[np.array([[1, 0, 0, 0], [0, 0, 2, 2]])])
    # background 4 of 6, hat 1 of 2, shoe 1 of 2; the bag is nowhere and is no class
    assert value(mean_iou(counts, background=True)) == pytest.approx((4 / 6 + 1 / 2 + 1 / 2) / 3)
    assert value(mean_iou(counts, background=False)) == pytest.approx(1 / 2)
    assert value(pixel_accuracy(counts)) == pytest.approx(6 / 8)


def test_all_background_reaches_the_backgrounds_share_alone():
    counts = count([HALF], answers=all_background([HALF]))
    assert value(pixel_accuracy(counts)) == 5 / 8
    assert value(mean_iou(counts, background=True)) == pytest.approx(5 / 8 / 3)
    assert value(mean_iou(counts, background=False)) == 0


def test_a_picture_named_whole_by_its_first_word_is_right_where_that_word_is():
    counts = count([HALF], answers=all_named([HALF]))
    assert value(pixel_accuracy(counts)) == 2 / 8
    nothing = Scene("empty", b"", words=(), labels=np.zeros((2, 2), np.int64), names=NAMES)
    assert not next(iter(all_named([nothing]))).any()


def test_regions_are_added_up_over_pictures_before_they_are_divided():
    """One picture has a large hat, found; another a small one, missed."""
    scenes = [scene([[1, 1, 1, 0]]), scene([[1, 0, 0, 0]], name="b")]
    counts = count(scenes, answers=[scenes[0].labels, np.zeros((1, 4), np.int64)])
    assert value(mean_iou(counts, background=False), scenes=2) == pytest.approx(3 / 4)


def test_answering_a_class_that_is_nowhere_takes_from_the_others():
    right = count([HALF], answers=[HALF.labels])
    wrong = count([HALF], answers=[np.where(HALF.labels == 0, 3, HALF.labels)])
    assert value(mean_iou(right, background=True)) == 1
    assert value(mean_iou(wrong, background=True)) == pytest.approx(2 / 3)


def test_the_location_prior_says_what_mostly_stands_there_and_only_the_scenes_words():
    trained = [scene([[1, 0], [0, 2]], name=str(number)) for number in range(3)]
    prior = LocationPrior(trained)
    np.testing.assert_array_equal(prior.answer(scene([[1, 0], [0, 2]])), [[1, 0], [0, 2]])
    np.testing.assert_array_equal(prior.answer(scene([[1, 0], [0, 0]])), [[1, 0], [0, 0]])
    assert prior.answer(Scene("x", b"", words=("hat",), labels=np.zeros((7, 5), np.int64), names=NAMES)).shape == (7, 5)
    # Training never showed a bag alone: it is where words mostly are.
    unseen = Scene("y", b"", words=("bag",), labels=np.array([[0, 0], [0, 0]]), names=("bag",))
    np.testing.assert_array_equal(prior.answer(unseen), [[1, 0], [0, 1]])
    with pytest.raises(ValueError, match="there are none"):
        LocationPrior([])


def test_figures_stand_beside_their_floor():
    scenes = [HALF, scene([[1, 1, 0, 0]], name="b")]
    found = figures(
        count(scenes, answers=[s.labels for s in scenes]), floor=count(scenes, answers=all_background(scenes))
    )
    by_name = {each.name: each for each in found}
    assert by_name["mIoU"].value == 1 and by_name["mIoU without background"].base == 0
    assert by_name["pixel accuracy"].base == pytest.approx(7 / 12)
    assert by_name["pixel accuracy"].low == by_name["pixel accuracy"].high == 1


def test_a_mask_of_another_size_is_refused():
    with pytest.raises(ValueError, match="a: the mask has"):
        count([HALF], answers=[np.zeros((3, 3), np.int64)])
