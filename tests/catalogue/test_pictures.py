"""Pictures: whatever a shop has becomes an upright RGB JPEG that decodes strictly, or is refused with a reason."""

import io
import struct
import zlib

import numpy as np
import pytest
import simplejpeg
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

from vitrina.catalogue.pictures import MAX_SIDE_PX, PictureError, canonicalise

ROWS, COLUMNS = np.mgrid[0:60, 0:90]
RAMP = np.stack([COLUMNS * 2, ROWS * 4, COLUMNS + ROWS], -1).astype(np.uint8)
PICTURE = Image.fromarray(RAMP)
GREY = np.asarray(PICTURE.convert("L"))
LEFT_IS_CLEAR = np.where(COLUMNS < 45, 0, 255).astype(np.uint8)
ORIENTATIONS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def encode(picture: Image.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def decode(encoded: bytes) -> np.ndarray:
    return simplejpeg.decode_jpeg(encoded, colorspace="RGB", strict=True)


def as_rgb(grey: np.ndarray) -> np.ndarray:
    return np.repeat(grey[..., None], 3, -1)


def distance(encoded: bytes, expected: np.ndarray) -> float:
    found = decode(canonicalise(encoded))
    assert found.shape == expected.shape
    return float(np.abs(found.astype(int) - expected).mean())


@pytest.mark.parametrize(
    "encoded",
    [
        encode(PICTURE, "JPEG", quality=90),
        encode(PICTURE, "JPEG", quality=80, progressive=True, subsampling="4:4:4"),
        encode(PICTURE, "JPEG", icc_profile=ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()),
    ],
)
def test_a_canonical_jpeg_is_kept_byte_for_byte(encoded: bytes) -> None:
    assert canonicalise(encoded) == encoded


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "GIF", "BMP", "TIFF"])
def test_every_format_becomes_the_same_picture(kind: str) -> None:
    picture = PICTURE.quantize(256) if kind == "GIF" else PICTURE
    assert distance(encode(picture, kind), RAMP) < 4


@pytest.mark.parametrize(
    ("encoded", "expected", "tolerance"),
    [
        (encode(PICTURE.convert("CMYK"), "JPEG", quality=95), RAMP, 2),
        (encode(PICTURE.convert("CMYK"), "TIFF"), RAMP, 2),
        (encode(PICTURE.convert("L"), "JPEG", quality=95), as_rgb(GREY), 2),
        (encode(Image.fromarray(GREY.astype(np.uint16) * 257), "PNG"), as_rgb(GREY), 2),
        (encode(Image.fromarray(GREY.astype(np.uint16) * 257), "TIFF"), as_rgb(GREY), 2),
        (encode(Image.fromarray(GREY.astype(np.float32) / 255), "TIFF"), as_rgb(GREY), 2),
        (encode(PICTURE.convert("1"), "PNG"), as_rgb(np.asarray(PICTURE.convert("1")) * np.uint8(255)), 9),
    ],
    ids=["cmyk jpeg", "cmyk tiff", "grey jpeg", "16-bit png", "16-bit tiff", "float tiff", "one bit"],
)
def test_every_kind_of_colour_becomes_rgb(encoded: bytes, expected: np.ndarray, tolerance: float) -> None:
    assert distance(encoded, expected) < tolerance


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
@pytest.mark.parametrize("base", ["RGB", "L"])
def test_what_is_transparent_is_white(kind: str, base: str) -> None:
    picture = PICTURE.convert(base)
    picture.putalpha(Image.fromarray(LEFT_IS_CLEAR))
    seen = RAMP if base == "RGB" else as_rgb(GREY)
    options = {"lossless": True} if kind == "WEBP" else {}
    assert distance(encode(picture, kind, **options), np.where((COLUMNS < 45)[..., None], 255, seen)) < 3


def test_a_transparent_palette_colour_is_white() -> None:
    picture = Image.new("P", (20, 20), 0)
    picture.putpalette([255, 0, 0, 0, 0, 255])
    picture.paste(1, (10, 0, 20, 20))
    expected = np.full((20, 20, 3), 255)
    expected[:, 10:] = (0, 0, 255)
    assert distance(encode(picture, "PNG", transparency=0), expected) < 20


@pytest.mark.parametrize("orientation", ORIENTATIONS)
@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_a_picture_that_lies_is_put_upright(orientation: int, kind: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"quality": 97} if kind == "JPEG" else {}
    encoded = encode(PICTURE.transpose(ORIENTATIONS[orientation]), kind, exif=exif, **options)
    assert distance(encoded, RAMP) < 2
    assert canonicalise(canonicalise(encoded)) == canonicalise(encoded)


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_an_animation_is_its_first_frame(kind: str) -> None:
    second = Image.new("RGB", PICTURE.size, "red")
    encoded = encode(PICTURE, kind, save_all=True, append_images=[second], duration=100)
    assert distance(encoded, RAMP) < 4


def swapped_profile() -> bytes:
    """sRGB with the primaries of red and blue exchanged, under a name of its own."""
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    swapped = srgb.replace(b"rXYZ", b"tempXYZ").replace(b"bXYZ", b"rXYZ").replace(b"tempXYZ", b"bXYZ")
    return swapped.replace("sRGB".encode("utf-16-be"), "test".encode("utf-16-be"))


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_colours_of_another_profile_become_srgb(kind: str) -> None:
    blue = Image.new("RGB", (40, 40), (0, 0, 255))
    found = decode(canonicalise(encode(blue, kind, icc_profile=swapped_profile())))
    assert np.abs(found.mean((0, 1)) - (255, 0, 0)).max() < 5


@pytest.mark.parametrize("profile", [b"no profile", ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()])
def test_a_profile_that_cannot_be_used_is_passed_over(profile: bytes) -> None:
    assert distance(encode(PICTURE, "JPEG", quality=95, icc_profile=profile), RAMP) < 2


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_a_large_picture_is_scaled_to_the_bound(kind: str) -> None:
    large = PICTURE.resize((1800, 1200))
    found = decode(canonicalise(encode(large, kind)))
    assert found.shape == (683, MAX_SIDE_PX, 3)
    assert np.abs(found.mean((0, 1)) - RAMP.mean((0, 1))).max() < 1


def png_header(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 99)) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(("width", "height"), [(8001, 8001), (60_000, 60_000)])
def test_a_bomb_is_refused_from_its_header(width: int, height: int) -> None:
    with pytest.raises(PictureError, match="too many pixels"):
        canonicalise(png_header(width, height))


def flipped(encoded: bytes) -> bytes:
    middle = len(encoded) * 2 // 3
    return encoded[:middle] + bytes(each ^ 0x55 for each in encoded[middle : middle + 8]) + encoded[middle + 8 :]


@pytest.mark.parametrize(
    ("encoded", "reason"),
    [
        (b"", "empty picture"),
        (b"not a picture", "not a picture of a known format"),
        (b"<html><body>404 Not Found</body></html>", "not a picture of a known format"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "not a picture of a known format"),
        (encode(PICTURE, "JPEG")[:-200], "damaged picture"),
        (encode(PICTURE.convert("L"), "JPEG")[:-200], "damaged picture"),
        (encode(PICTURE.convert("CMYK"), "JPEG")[:-400], "damaged picture"),
        (encode(PICTURE.resize((1800, 1200)), "JPEG")[:-900], "damaged picture"),
        (flipped(encode(Image.effect_noise((90, 60), 90).convert("RGB"), "JPEG", quality=95)), "damaged picture"),
        (encode(Image.effect_noise((90, 60), 90), "PNG")[:-400], "damaged picture"),
        (encode(Image.effect_noise((90, 60), 90), "GIF")[:900], "damaged picture"),
        (encode(PICTURE.resize((1, 1)), "GIF"), "too small"),
        (encode(PICTURE.resize((5000, 6)), "PNG", compress_level=1), "too small"),
    ],
)
def test_what_cannot_be_used_is_refused_with_its_reason(encoded: bytes, reason: str) -> None:
    with pytest.raises(PictureError) as refusal:
        canonicalise(encoded)
    assert refusal.value.reason == reason


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(["JPEG", "PNG", "WEBP", "GIF"]), st.data())
def test_damage_anywhere_is_refused_or_harmless_and_never_another_error(kind: str, data: st.DataObject) -> None:
    encoded = bytearray(encode(PICTURE.quantize(64) if kind == "GIF" else PICTURE, kind))
    for _ in range(data.draw(st.integers(1, 4))):
        encoded[data.draw(st.integers(0, len(encoded) - 1))] = data.draw(st.integers(0, 255))
    try:
        stored = canonicalise(bytes(encoded))
    except PictureError as refusal:
        assert refusal.reason
    else:
        assert decode(stored).ndim == 3
