import io

import numpy as np
import pytest
from PIL import Image

from vitrina.evaluation.grounding import Asked, MedianBox, figures, overlap, whole_picture


def jpeg(width: int, height: int) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width, height)).save(out, "JPEG")
    return out.getvalue()


def asked(*boxes: tuple[float, float, float, float], label: str = "hat", name: str = "a", side: int = 100) -> Asked:
    return Asked(name, jpeg(side, side // 2), label, boxes, beside=(label,), label=label)


def test_half_of_a_box_is_right_and_less_is_wrong():
    questions = [asked((0, 0, 10, 10)), asked((0, 0, 10, 10), name="b")]
    found = figures(questions, answers=np.array([[0, 0, 10, 5.0], [0, 0, 10, 4.9]]))
    assert found[0].name == "Acc@.5" and found[0].value == 0.5
    assert found[1].value == pytest.approx((0.5 + 0.49) / 2)


def test_of_a_pair_either_or_both_together_is_right():
    pair = asked((0, 0, 10, 10), (20, 0, 30, 10))
    answers = np.array([[0, 0, 10, 10], [20, 0, 30, 10], [0, 0, 30, 10]], float)
    np.testing.assert_allclose(overlap([pair] * 3, answers=answers), 1)
    assert overlap([pair], answers=np.array([[10, 0, 20, 10]]))[0] < 0.5


def test_the_whole_picture_is_as_large_as_it_is_stored():
    np.testing.assert_array_equal(whole_picture([asked((0, 0, 1, 1))]), [[0, 0, 100, 50]])


def test_the_median_box_does_not_look_and_scales_with_the_picture():
    trained = [
        asked((10, 10, 20, 20)),
        asked((10, 10, 30, 30)),
        asked((10, 10, 40, 45)),
        asked((0, 0, 4, 4), label="bag"),
    ]
    median = MedianBox(trained)
    np.testing.assert_allclose(median.answer([asked((1, 1, 2, 2), side=200)]), [[20, 20, 60, 60]])
    np.testing.assert_allclose(median.answer([asked((1, 1, 2, 2), label="bag")]), [[0, 0, 4, 4]])
    np.testing.assert_allclose(median.answer([asked((1, 1, 2, 2), label="new")]), [[10, 10, 25, 25]])
    with pytest.raises(ValueError, match="there are none"):
        MedianBox([])


def test_figures_stand_beside_their_floor():
    questions = [asked((0, 0, 100, 50)), asked((0, 0, 5, 5), name="b")]
    found = figures(questions, answers=np.array([[0, 0, 100, 50], [0, 0, 5, 5.0]]), floor=whole_picture(questions))
    assert found[0].value == 1 and found[0].base == 0.5
