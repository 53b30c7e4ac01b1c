"""Ten thousand spoilt pictures: each is taken as a canonical JPEG or refused with words, and nothing else happens."""

import io
import random

import numpy as np
import pytest
import simplejpeg
from catalogue.nasty import spoilt
from PIL import Image

from vitrina.catalogue.pictures import MAX_SIDE_PX, PictureError, canonicalise

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:PIL")

FORMATS = {
    "JPEG": {"quality": 90},
    "PNG": {},
    "WEBP": {},
    "GIF": {},
    "BMP": {},
    "TIFF": {"compression": "tiff_lzw"},
}
EACH = 10_000 // len(FORMATS) + 1


@pytest.mark.parametrize("format_", FORMATS)
def test_a_spoilt_picture_is_canonical_or_refused_with_words(format_: str):
    draws = random.Random(f"pictures {format_}")
    taken = 0
    for number in range(EACH):
        if number % 100 == 0:
            good = _picture(draws, format_)
            canonicalise(good)
        try:
            found = canonicalise(spoilt(good, draws=draws))
        except PictureError as error:
            assert error.reason
            continue
        taken += 1
        height, width, colours, _ = simplejpeg.decode_jpeg_header(found)
        assert max(height, width) <= MAX_SIDE_PX and colours != "Gray"
        assert simplejpeg.decode_jpeg(found).shape == (height, width, 3)
        assert canonicalise(found) == found
    assert 0 < taken < EACH  # the mischief neither spares all nor spoils all


def _picture(draws: random.Random, format_: str) -> bytes:
    side = draws.randrange(5, 40)
    pixels = np.random.default_rng(draws.randrange(1 << 30)).integers(0, 256, (side, side + 7, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, format_, **FORMATS[format_])
    return file.getvalue()
