import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from segmentation.colours import KnowsColours, picture

from vitrina.tasks.ground import locate
from vitrina.tasks.regions import box_iou


def test_a_phrase_gets_the_box_of_what_it_describes():
    shown = picture({"red": (16, 16, 48, 40), "blue": (60, 8, 90, 56)})
    red, blue = locate(KnowsColours(cells=48), picture=shown, phrases=["red", "blue"])
    answers, truth = np.array([red.box, blue.box]), np.array([[16, 16, 48, 40], [60, 8, 90, 56]])
    assert box_iou(answers, truth).min() > 0.8
    assert red.phrase == "red" and red.score > 0.8


def test_of_two_alike_places_the_most_alike_is_boxed_and_not_what_lies_between():
    shown = picture({"red": (0, 0, 24, 24), "green": (72, 40, 96, 64)})
    (found,) = locate(KnowsColours(cells=48), picture=shown, phrases=["red"])
    assert box_iou(np.array([found.box]), np.array([[0, 0, 24, 24]]))[0] > 0.7


@settings(max_examples=40, deadline=None)
@given(
    width=st.integers(4, 90),
    height=st.integers(4, 90),
    seed=st.integers(0, 99),
    reach=st.floats(0, 1),
    cells=st.integers(1, 20),
)
def test_a_box_lies_inside_the_picture_and_has_an_area(width: int, height: int, seed: int, reach: float, cells: int):
    class Noise:
        def similarity_maps(self, pictures, *, words):
            draws = np.random.default_rng(seed)
            return [draws.normal(size=(len(words), cells, cells)).astype(np.float32) for _ in pictures]

    for found in locate(Noise(), picture=picture({}, size=(width, height)), phrases=["a", "b"], reach=reach):
        x0, y0, x1, y1 = found.box
        assert 0 <= x0 < x1 <= width and 0 <= y0 < y1 <= height
        assert np.isfinite(found.score)


def test_a_model_that_saw_nothing_points_at_the_whole_picture():
    class Blind:
        def similarity_maps(self, pictures, *, words):
            return [np.full((len(words), 2, 2), np.nan, np.float32) for _ in pictures]

    (found,) = locate(Blind(), picture=picture({}), phrases=["red"])
    assert found.box == (0, 0, 96, 64)


def test_no_phrases_are_refused():
    with pytest.raises(ValueError, match="names no words"):
        locate(KnowsColours(), picture=picture({}), phrases=[])
