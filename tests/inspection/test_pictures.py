import numpy as np
import pytest
from PIL import Image, ImageFilter

from inspection.shop import card, collage, jpeg, photo
from vitrina.inspection import pictures
from vitrina.inspection.pictures import examine


def test_ordinary_pictures_break_no_rule():
    assert [examine(jpeg(photo(seed))).broken for seed in range(20)] == [{}] * 20


def test_a_blank_is_only_blank():
    noisy = np.clip(200 + np.random.default_rng(0).normal(0, 3, (90, 120, 3)), 0, 255)
    for pixels in (np.full((90, 120, 3), 255), np.zeros((90, 120, 3)), noisy):
        assert examine(jpeg(pixels)).flags == pictures.BLANK


def test_a_board_across_a_picture_makes_no_collage_and_an_empty_gutter_does():
    draws = np.random.default_rng(3)
    wall = np.full((240, 240, 3), 205, np.uint8)
    board = wall.copy()
    board[120:136] = draws.integers(70, 100, (16, 60, 1), dtype=np.uint8).repeat(4, 1)  # grain along the board
    for left in (20, 90, 160):
        board[66:120, left : left + 50] = board[186:240, left : left + 50] = draws.integers(0, 255, 3)
    assert not examine(jpeg(board)).flags & pictures.COLLAGE
    gutter = collage(8)
    middle = gutter.shape[0] // 2
    gutter[middle - 4 : middle + 4] = 255
    gutter[:, middle - 4 : middle + 4] = 255
    assert examine(jpeg(gutter)).flags & pictures.COLLAGE


def test_four_pictures_in_one_are_a_collage():
    assert [examine(jpeg(collage(seed))).flags for seed in range(0, 40, 4)] == [pictures.COLLAGE] * 10


@pytest.mark.parametrize("words", ["no image available", "size chart S M L XL", "imagen no disponible"])
def test_writing_is_told_from_a_picture(words: str):
    assert examine(jpeg(card(words))).flags & pictures.TEXT_CARD


def test_a_blurred_picture_is_found_and_a_sharp_one_is_not():
    image = Image.fromarray(photo(3, width=320, height=320))
    assert examine(jpeg(np.asarray(image.filter(ImageFilter.GaussianBlur(8))))).flags == pictures.BLURRED
    assert examine(jpeg(np.asarray(image))).flags == 0


def test_tiny_long_and_pale_pictures_are_named_so():
    assert examine(jpeg(photo(1, width=40, height=40))).flags == pictures.TINY
    assert examine(jpeg(photo(1, width=400, height=100))).flags == pictures.STRANGE_ASPECT
    assert examine(jpeg(200 + photo(1) // 9)).flags == pictures.LOW_CONTRAST


def test_bytes_that_are_no_picture_are_unreadable_and_nothing_else():
    found = examine(b"\xff\xd8 no picture")
    assert (found.flags, found.width, found.height) == (pictures.UNREADABLE, 0, 0)


def test_the_hash_survives_what_shops_do_to_pictures_and_tells_others_apart():
    def bits(one: np.ndarray, other: np.ndarray) -> int:
        looks = [np.array(pictures.look(each), np.uint64) for each in (one, other)]
        return int(np.bitwise_count(looks[0] ^ looks[1]).sum())

    for seed in range(10):
        own = photo(seed)
        smaller = np.asarray(Image.fromarray(own).resize((90, 90)))
        lighter = np.clip(own * 1.06, 0, 255).astype(np.uint8)
        assert bits(own, smaller) <= 10
        assert bits(own, lighter) <= 10
        assert bits(own, photo(seed + 100)) > 30
