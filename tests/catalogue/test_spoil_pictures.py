"""Spoilt pictures: every way spoils, in its own manner, and gives a picture that the catalogue accepts."""

from functools import cache

import numpy as np
import pytest
import simplejpeg

from vitrina.catalogue.pictures import canonicalise
from vitrina.catalogue.sample.article import article
from vitrina.catalogue.sample.draws import Draws
from vitrina.catalogue.sample.spoil_pictures import DAMAGES, Spoilt, spoil
from vitrina.catalogue.sample.studio import photograph


@cache
def clean() -> bytes:
    return photograph(article(12, seed=2), view=0).jpeg


@cache
def spoilt(what: str) -> Spoilt:
    """The first picture spoilt in this way."""
    return next(each for each in (spoil(clean(), draws=Draws("spoil", at)) for at in range(2000)) if each.what == what)


def pixels(picture: bytes) -> np.ndarray:
    return simplejpeg.decode_jpeg(picture, strict=True).astype(float)


def detail(image: np.ndarray) -> float:
    """Mean step between neighbours."""
    return float(np.abs(np.diff(image, axis=0)).mean() + np.abs(np.diff(image, axis=1)).mean())


@pytest.mark.parametrize("what", DAMAGES)
def test_every_way_gives_a_canonical_picture_that_differs(what: str):
    made = spoilt(what).jpeg
    assert canonicalise(made) == made
    assert simplejpeg.decode_jpeg_header(made)[2:] == ("YCbCr", "420")
    assert np.abs(pixels(made) - pixels(clean())).mean() > 1.0


def test_each_way_spoils_in_its_own_manner():
    whole = pixels(clean())
    image = {what: pixels(spoilt(what).jpeg) for what in DAMAGES}
    for what in ("blur", "motion blur", "low resolution"):
        assert detail(image[what]) < 0.9 * detail(whole), what
    assert detail(image["noise"]) > 1.5 * detail(whole)
    assert image["low light"].mean() < 0.6 * whole.mean()
    assert image["over-exposure"].mean() > whole.mean() + 10
    cast = image["colour cast"].mean((0, 1)) - whole.mean((0, 1))
    assert np.ptp(cast) > 15
    assert (
        np.ptp(image["grey"] - image["grey"].mean((0, 1)), axis=-1).mean()
        < np.ptp(whole - whole.mean((0, 1)), axis=-1).mean()
    )
    assert len(spoilt("heavy JPEG").jpeg) < 0.5 * len(clean())


def test_the_ways_are_about_equally_common_and_their_strengths_vary():
    counts = dict.fromkeys(DAMAGES, 0)
    for at in range(280):
        counts[spoil(clean(), draws=Draws("count", at)).what] += 1
    assert min(counts.values()) >= 5
    dark = {
        round(pixels(each.jpeg).mean())
        for each in (spoil(clean(), draws=Draws("d", at)) for at in range(150))
        if each.what == "low light"
    }
    assert len(dark) > 3


def test_the_same_draws_spoil_in_the_same_way():
    assert spoil(clean(), draws=Draws(5, "x")) == spoil(clean(), draws=Draws(5, "x"))


@pytest.mark.parametrize("shape", [(1, 1), (3, 200), (200, 3), (90, 161)])
def test_pictures_of_any_shape_are_spoilt(shape: tuple[int, int]):
    image = np.random.default_rng(0).integers(0, 255, (*shape, 3), np.uint8)
    jpeg = simplejpeg.encode_jpeg(image, quality=90, colorspace="RGB", colorsubsampling="420")
    for at in range(60):
        made = spoil(jpeg, draws=Draws("shape", at))
        assert sorted(pixels(made.jpeg).shape[:2]) == sorted(shape), made.what


def test_what_is_no_jpeg_is_refused():
    with pytest.raises(ValueError):
        spoil(b"no picture", draws=Draws(1))
