import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from segmentation.colours import KnowsColours, picture

from vitrina.catalogue.product import Product, Text
from vitrina.tasks.looking import RASTER_PX, Window, interpolation, look
from vitrina.tasks.segment import masks, own_words, standing_out

TWO = {"red": (0, 0, 32, 64), "blue": (64, 0, 96, 64)}


def test_words_are_painted_where_they_are_and_nowhere_else():
    found = masks(KnowsColours(cells=24), picture=picture(TWO), words=["red", "blue"])
    assert found.labels.shape == (64, 96)
    assert (found.labels[:, :28] == 1).all() and (found.labels[:, 68:] == 2).all()
    assert (found.labels[:, 36:60] == 0).all()
    assert found.share("red") == pytest.approx(1 / 3, abs=0.05)


def test_a_picture_in_which_nothing_differs_is_background():
    found = masks(KnowsColours(), picture=picture({}), words=["red"])
    assert not found.labels.any() and not found.scores.any()


def test_a_word_that_is_not_there_stands_out_less_than_one_that_is():
    seen = look(KnowsColours(), picture=picture({"red": (10, 10, 40, 40)}), words=["red", "green"])
    red, green = standing_out(seen)
    assert red.max() > 2 * green.max()


def test_more_background_never_paints_more():
    model, shown = KnowsColours(), picture(TWO)
    painted = [
        (masks(model, picture=shown, words=["red", "blue"], background=each).labels > 0).sum() for each in (-1, 0, 1, 3)
    ]
    assert painted == sorted(painted, reverse=True) and painted[-1] == 0


def test_a_window_as_large_as_the_picture_changes_nothing():
    model, shown = KnowsColours(), picture(TWO)
    plain = look(model, picture=shown, words=["red"])
    windowed = look(model, picture=shown, words=["red"], window=Window(side_px=96, stride_px=48))
    np.testing.assert_array_equal(plain.scores, windowed.scores)


def test_windows_see_what_the_whole_picture_shows():
    shown = picture(TWO, size=(96, 64))
    model = KnowsColours(cells=32)
    windowed = look(model, picture=shown, words=["red"], window=Window(side_px=64, stride_px=32))
    assert model.shown == 2
    whole = look(KnowsColours(cells=96), picture=shown, words=["red"])
    inside = np.abs(windowed.scores - whole.scores)[0, :, [*range(28), *range(36, 96)]]
    assert inside.max() < 0.05


def test_where_windows_overlap_what_they_see_is_averaged():
    class Counts:
        """Says 1 in the first window, 3 in the second."""

        def __init__(self) -> None:
            self.said = 1.0

        def similarity_maps(self, pictures, *, words):
            maps = []
            for _ in pictures:
                maps.append(np.full((len(words), 2, 2), self.said, np.float32))
                self.said += 2
            return maps

    seen = look(Counts(), picture=picture({}, size=(96, 64)), words=["x"], window=Window(side_px=64, stride_px=32))
    assert seen.scores[0, 10, [5, 48, 90]].tolist() == [1.0, 2.0, 3.0]


@settings(max_examples=60, deadline=None)
@given(height=st.integers(1, 300), width=st.integers(1, 300), side=st.integers(8, 200), share=st.floats(0.05, 1))
def test_windows_cover_every_pixel_and_stay_inside(height: int, width: int, side: int, share: float):
    covered = np.zeros((height, width), bool)
    for x0, y0, x1, y1 in Window(side, max(1, int(side * share))).boxes(height=height, width=width):
        assert 0 <= x0 < x1 <= width and 0 <= y0 < y1 <= height
        assert x1 - x0 == min(side, width) and y1 - y0 == min(side, height)
        covered[y0:y1, x0:x1] = True
    assert covered.all()


def test_a_raster_stays_small_however_large_the_picture():
    seen = look(KnowsColours(), picture=picture({}, size=(2000, 900)), words=["red"])
    assert (seen.width, seen.height) == (1024, 461)
    assert max(seen.scores.shape) == RASTER_PX


def test_what_the_model_did_not_look_at_is_background():
    class LooksLeft:
        def similarity_maps(self, pictures, *, words):
            cells = np.array([[0.1, 0.9, np.nan, np.nan]], np.float32)
            return [np.broadcast_to(cells, (len(words), 4, 4)) for _ in pictures]

    found = masks(LooksLeft(), picture=picture({}, size=(80, 80)), words=["red"], background=0.0)
    assert found.labels[:, :40].any() and not found.labels[:, 45:].any()


def test_interpolation_is_exact_at_the_middle_of_a_cell_and_between():
    weights = interpolation(np.array([-1.0, 0.0, 0.25, 2.0, 9.0]), cells=3)
    np.testing.assert_allclose(weights, [[1, 0, 0], [1, 0, 0], [0.75, 0.25, 0], [0, 0, 1], [0, 0, 1]])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["ni\udcff"], "no text in UTF-8"),
        ([], "names no words"),
        (["red", " "], "names no words"),
        (["red", "Red "], "stands twice"),
    ],
)
def test_words_that_cannot_be_looked_for_are_refused(words: list[str], said: str):
    with pytest.raises(ValueError, match=said):
        masks(KnowsColours(), picture=picture({}), words=words)


def test_a_picture_that_cannot_be_read_is_refused():
    with pytest.raises(ValueError, match="not a picture"):
        masks(KnowsColours(), picture=b"no picture at all", words=["red"])


@pytest.mark.parametrize(("side", "stride"), [(4, 2), (32, 0), (32, 33)])
def test_a_window_that_makes_no_sense_is_refused(side: int, stride: int):
    with pytest.raises(ValueError, match="choose a side of 8 or more"):
        Window(side, stride)


def test_a_product_is_asked_for_by_its_narrowest_category_else_by_its_title():
    assert own_words(Product("1", titles=(Text("Taza roja", "es"),), category=("Home", "Mugs"))) == ("Mugs",)
    assert own_words(Product("1", titles=(Text("Taza roja", "es"),))) == ("Taza roja",)
    assert own_words(Product("1")) == ()
