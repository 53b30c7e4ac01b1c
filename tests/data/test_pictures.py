import io
import math

import numpy as np
import pytest
import simplejpeg
import torch
from PIL import Image

from vitrina.data.pictures import (
    PLAIN,
    Augment,
    PictureGeometry,
    View,
    decode,
    erase,
    fixed_views,
    fresh_views,
    view_numbers,
)

from . import shop

STILL = Augment(flip=False, shift_share=0, scale_share=0, aspect_share=0)
KEYS = np.stack([np.full(4000, 2), np.arange(4000) // 1000, np.arange(4000) % 1000], axis=1)


def pillow(encoded: bytes, *, size_px: int) -> np.ndarray:
    """What a white square with the picture in its middle looks like after Pillow's bicubic resize."""
    image = Image.open(io.BytesIO(encoded))
    side = max(image.size)
    square = Image.new("RGB", (side, side), "white")
    square.paste(image, ((side - image.width) // 2, (side - image.height) // 2))
    return np.asarray(square.resize((size_px, size_px), Image.Resampling.BICUBIC)).transpose(2, 0, 1)


@pytest.mark.parametrize(("height", "width", "size_px"), [(80, 60, 64), (60, 81, 64), (24, 24, 64), (90, 51, 32)])
def test_a_padded_picture_looks_as_pillow_shows_it(height, width, size_px):
    encoded = shop.jpeg(3, height=height, width=width)
    ours = decode(encoded, geometry=PictureGeometry(size_px)).astype(int)
    assert abs(ours - pillow(encoded, size_px=size_px)).mean() < 0.5


def test_a_large_picture_read_at_a_reduced_scale_looks_the_same():
    encoded = shop.jpeg(4, height=1000, width=700)
    assert simplejpeg.decode_jpeg(encoded, min_height=128, min_width=128, min_factor=2).shape[0] < 300
    ours = decode(encoded, geometry=PictureGeometry(64)).astype(int)
    assert abs(ours - pillow(encoded, size_px=64)).mean() < 1.5


def test_a_picture_of_the_right_size_is_not_resampled():
    encoded = shop.jpeg(5, height=32, width=32)
    np.testing.assert_array_equal(
        decode(encoded, geometry=PictureGeometry(32)), simplejpeg.decode_jpeg(encoded).transpose(2, 0, 1)
    )


def test_cropping_takes_the_middle_square():
    encoded = shop.jpeg(6, height=48, width=32)
    middle = simplejpeg.decode_jpeg(encoded).transpose(2, 0, 1)[:, 8:40]
    np.testing.assert_array_equal(decode(encoded, geometry=PictureGeometry(32, fit="crop")), middle)


def test_stretching_shows_the_whole_picture_as_pillow_does():
    encoded = shop.jpeg(6, height=48, width=90)
    image = Image.open(io.BytesIO(encoded)).resize((32, 32), Image.Resampling.BICUBIC)
    ours = decode(encoded, geometry=PictureGeometry(32, fit="stretch")).astype(int)
    assert abs(ours - np.asarray(image).transpose(2, 0, 1)).mean() < 0.5


def test_padding_is_white():
    pixels = decode(shop.jpeg(7, height=32, width=16), geometry=PictureGeometry(32))
    assert (pixels[:, :, :8] == 255).all() and (pixels[:, :, 24:] == 255).all() and (pixels[:, :, 8:24] < 255).any()


def test_other_formats_and_rotations_are_understood():
    geometry = PictureGeometry(24)
    from_png = decode(shop.png(8), geometry=geometry).astype(int)
    assert abs(from_png - decode(shop.jpeg(8), geometry=geometry)).mean() < 3
    file, exif = io.BytesIO(), Image.Exif()
    exif[0x0112] = 3  # upside down
    Image.open(io.BytesIO(shop.jpeg(8))).rotate(180).save(file, "JPEG", exif=exif, quality=95)
    assert abs(decode(file.getvalue(), geometry=geometry).astype(int) - from_png).mean() < 4
    grey = io.BytesIO()
    Image.open(io.BytesIO(shop.jpeg(8))).convert("L").save(grey, "JPEG")
    pixels = decode(grey.getvalue(), geometry=geometry)
    assert (pixels[0] == pixels[2]).all()


@pytest.mark.parametrize(
    "encoded", [b"", b"not a picture", shop.jpeg(9)[:200], b"\xff\xd8\xff", b"\xff\xd8" + bytes(400)]
)
def test_what_cannot_be_read_is_refused(encoded):
    with pytest.raises(ValueError):
        decode(encoded, geometry=PictureGeometry(16))


def test_a_mirrored_view_is_the_plain_one_mirrored():
    geometry, encoded = PictureGeometry(20), shop.jpeg(10)
    plain = decode(encoded, geometry=geometry)
    np.testing.assert_array_equal(decode(encoded, geometry=geometry, view=View(is_mirrored=True)), plain[:, :, ::-1])


def test_a_shifted_view_shows_the_same_elsewhere_and_white_beyond():
    geometry, encoded = PictureGeometry(32), shop.jpeg(11, height=32, width=32)
    plain = decode(encoded, geometry=geometry)
    moved = decode(encoded, geometry=geometry, view=View(x=0.25, y=-0.125))
    np.testing.assert_array_equal(moved[:, 4:, :24], plain[:, :28, 8:])
    assert (moved[:, :4] == 255).all() and (moved[:, :, 24:] == 255).all()


def test_zooming_in_shows_the_middle_larger():
    geometry, encoded = PictureGeometry(32), shop.jpeg(12, height=64, width=64)
    source = simplejpeg.decode_jpeg(encoded).transpose(2, 0, 1)
    closer = decode(encoded, geometry=geometry, view=View(width=0.5, height=0.5))
    np.testing.assert_array_equal(closer, source[:, 16:48, 16:48])


def test_a_view_wholly_off_the_picture_is_white():
    assert (decode(shop.jpeg(1), geometry=PictureGeometry(16), view=View(x=3.0)) == 255).all()


def test_views_stay_within_the_shares_and_use_them():
    augment = Augment(flip=True, shift_share=0.1, scale_share=0.25, aspect_share=0.2)
    views = fresh_views(augment, KEYS, seed=0)
    x, y = np.array([view.x for view in views]), np.array([view.y for view in views])
    side = np.array([math.sqrt(view.width * view.height) for view in views])
    aspect = np.array([view.width / view.height for view in views])
    for drawn, lowest, highest in ((x, -0.1, 0.1), (y, -0.1, 0.1), (side, 0.8, 1.25), (aspect, 1 / 1.2, 1.2)):
        assert drawn.min() >= lowest - 1e-9 and drawn.max() <= highest + 1e-9
        assert drawn.max() - drawn.min() > 0.99 * (highest - lowest)
        assert abs(drawn.mean() - (lowest + highest) / 2) < 0.05 * (highest - lowest)
    assert abs(np.mean([view.is_mirrored for view in views]) - 0.5) < 0.04


def test_fresh_views_change_with_the_epoch_and_fixed_ones_with_their_number_only():
    augment = Augment(views=3)
    fresh = fresh_views(augment, np.array([[2, 0, 5], [2, 1, 5], [2, 0, 5]]), seed=0)
    assert fresh[0] == fresh[2] != fresh[1]
    fixed = fixed_views(augment, np.array([[5, 0, 0], [5, 0, 1], [5, 1, 0], [5, 0, 0]]), seed=0)
    assert len(set(fixed)) == 3 and fixed[0] == fixed[3]


def test_every_picture_goes_through_all_its_views_in_turn():
    pictures = np.array([[row, 0] for row in range(200)])
    seen = np.stack([
        view_numbers(Augment(views=4), pictures, epochs=np.full(200, epoch), seed=0) for epoch in range(4)
    ])  # fmt: skip
    assert (np.sort(seen, axis=0) == np.arange(4)[:, None]).all()
    assert len(set(seen[0].tolist())) == 4, "not all pictures begin with the same view"


def test_without_movement_every_view_is_plain():
    assert fresh_views(STILL, KEYS[:3], seed=0) == [PLAIN] * 3 and not STILL.moves


def test_no_augmentation_changes_a_colour():
    encoded = simplejpeg.encode_jpeg(np.full((40, 40, 3), (200, 30, 90), dtype=np.uint8), colorsubsampling="444")
    plain = decode(encoded, geometry=PictureGeometry(24))[:, 12, 12]
    for view in fresh_views(Augment(), KEYS[:50], seed=0):
        np.testing.assert_array_equal(decode(encoded, geometry=PictureGeometry(24), view=view)[:, 12, 12], plain)


def test_erasing_covers_a_rectangle_of_some_rows_with_the_mean_colour():
    geometry = PictureGeometry(32)
    pixels = torch.zeros((1000, 3, 32, 32), dtype=torch.uint8)
    erase(pixels, augment=Augment(erase_share=0.3), keys=KEYS[:1000], geometry=geometry, seed=0)
    covered = (pixels == torch.tensor([124, 116, 104], dtype=torch.uint8)[:, None, None]).all(1)
    assert ((pixels != 0).any(1) == covered).all()
    shares = covered.float().mean((1, 2))
    assert abs((shares > 0).float().mean() - 0.3) < 0.06
    assert shares[shares > 0].min() > 0.01 and shares.max() < 0.25
    for rectangle in covered[shares > 0][:50]:
        assert rectangle.sum() == rectangle.any(0).sum() * rectangle.any(1).sum()


def test_erasing_a_row_does_not_depend_on_its_neighbours():
    augment, geometry = Augment(erase_share=0.5), PictureGeometry(16)
    together = torch.zeros((20, 3, 16, 16), dtype=torch.uint8)
    erase(together, augment=augment, keys=KEYS[:20], geometry=geometry, seed=0)
    for row in range(20):
        alone = torch.zeros((1, 3, 16, 16), dtype=torch.uint8)
        erase(alone, augment=augment, keys=KEYS[row : row + 1], geometry=geometry, seed=0)
        assert torch.equal(alone[0], together[row])


@pytest.mark.parametrize(
    "wrong",
    [{"shift_share": -0.1}, {"scale_share": math.nan}, {"erase_share": 1.5}, {"views": 0}, {"aspect_share": 9.0}],
)
def test_settings_out_of_range_are_refused_by_name(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Augment(**wrong)


def test_a_geometry_that_makes_no_sense_is_refused():
    with pytest.raises(ValueError, match="size_px"):
        PictureGeometry(0)
    with pytest.raises(ValueError, match="fit"):
        PictureGeometry(8, fit="squeeze")  # type: ignore[arg-type]
