"""Pictures as a catalogue stores them: upright RGB JPEGs of bounded size, checked once so that training may trust."""

import io

import numpy as np
import simplejpeg
from PIL import Image, ImageCms, ImageOps, features

MAX_SIDE_PX = 1024
"""Larger pictures are scaled down so that their longest side has this many pixels."""
MIN_SIDE_PX = 4
"""Pictures whose shorter side would have fewer are refused: they are tracking pixels and rulers."""
MAX_PIXELS = 64_000_000
"""Pictures with more are refused from their header, before a decoder reserves memory for them."""
MAX_ENCODED_BYTES = 64 << 20
"""Longer files are refused unread."""

_QUALITY = 92
_MAX_KEPT_BYTES = 2 << 20  # more than a picture within bounds needs: the rest is metadata, which is left behind
# Pillow knows more formats, but some of them run other programs (EPS) or are no pictures of products.
_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", *(("AVIF",) if features.check("avif") else ()))
_ORIENTATION_TAG = 0x0112
_SRGB = ImageCms.createProfile("sRGB")
_WHITE = (255, 255, 255)


class PictureError(ValueError):
    """A picture that cannot be used. `reason` is the same words for the same cause; `detail` is about this one."""

    def __init__(self, reason: str, *, detail: str = "") -> None:
        super().__init__(f"{reason} ({detail})" if detail else reason)
        self.reason = reason
        self.detail = detail


def canonicalise(encoded: bytes) -> bytes:
    """An upright RGB JPEG of the picture, at most `MAX_SIDE_PX` on its longest side.

    Takes JPEG, PNG, WebP, GIF, BMP, TIFF and, where Pillow has it, AVIF; grey, palette, 16-bit, CMYK; of an animation
    the first frame; transparency over white; colours of another profile as sRGB. A JPEG that is canonical already
    comes back as it is, byte for byte. Raises PictureError where the picture is damaged, no picture, too small, or
    too large to be decoded safely.

    >>> canonicalise(canonicalise(png)) == canonicalise(png)  # doctest: +SKIP
    True
    """
    if not encoded:
        raise PictureError("empty picture")
    if len(encoded) > MAX_ENCODED_BYTES:
        raise PictureError("too many bytes", detail=f"{len(encoded):,}, at most {MAX_ENCODED_BYTES:,}")
    # Decoders fail in as many ways as there are formats; whatever they raise is about this picture alone.
    try:
        with Image.open(io.BytesIO(encoded), formats=_FORMATS) as image:
            _check_size(image)
            if image.format in ("JPEG", "MPO"):
                _check_jpeg(encoded)
            if _is_canonical(image) and len(encoded) <= _MAX_KEPT_BYTES:
                return encoded
            pixels = np.asarray(_upright_rgb(image))
    except PictureError:
        raise
    except Image.UnidentifiedImageError:
        raise PictureError("not a picture of a known format") from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise PictureError("too many pixels", detail=str(error)) from error
    except Exception as error:
        raise PictureError("damaged picture", detail=str(error)) from error
    return simplejpeg.encode_jpeg(np.ascontiguousarray(pixels), quality=_QUALITY, colorspace="RGB")


def _check_size(image: Image.Image) -> None:
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise PictureError("too many pixels", detail=f"{width}x{height}, at most {MAX_PIXELS:,}")
    if min(width, height) * min(1, MAX_SIDE_PX / max(width, height)) < MIN_SIDE_PX:
        raise PictureError("too small", detail=f"{width}x{height} pixels")


def _check_jpeg(encoded: bytes) -> None:
    """Decodes strictly: Pillow is silent about damage that libjpeg only warns about."""
    try:
        _, _, colours, _ = simplejpeg.decode_jpeg_header(encoded, strict=True)
        target = {"CMYK": "CMYK", "YCCK": "CMYK", "Gray": "GRAY", "GRAY": "GRAY"}.get(colours, "RGB")
        # An eighth of the size is read from the same bytes in a fraction of the time.
        simplejpeg.decode_jpeg(encoded, colorspace=target, min_height=1, min_width=1, min_factor=8, strict=True)
    except ValueError as error:
        raise PictureError("damaged picture", detail=str(error)) from error


def _is_canonical(image: Image.Image) -> bool:
    return (
        image.format == "JPEG"
        and image.mode == "RGB"
        and max(image.size) <= MAX_SIDE_PX
        and image.getexif().get(_ORIENTATION_TAG, 1) in (0, 1)
        and _foreign_profile(image) is None
    )


def _upright_rgb(image: Image.Image) -> Image.Image:
    image.seek(0)
    if image.format in ("JPEG", "MPO"):
        # libjpeg scales by powers of two while decoding: a 50-megapixel photo never stands in memory.
        image.draft(None, (MAX_SIDE_PX, MAX_SIDE_PX))
    image.load()
    profile = _foreign_profile(image)
    flat = _on_white(_eight_bits(image))
    if profile is not None and flat.mode in ("RGB", "CMYK"):
        flat = _as_srgb(flat, profile)
    rgb = flat.convert("RGB")
    exif = image.getexif()
    if exif.get(_ORIENTATION_TAG, 1) not in (0, 1):
        rgb.info["exif"] = exif.tobytes()
        rgb = ImageOps.exif_transpose(rgb)
    scale = MAX_SIDE_PX / max(rgb.size)
    if scale >= 1:
        return rgb
    width, height = (max(1, round(side * scale)) for side in rgb.size)
    return rgb.resize((width, height), Image.Resampling.LANCZOS)


def _eight_bits(image: Image.Image) -> Image.Image:
    """Grey pictures of more than eight bits, scaled to eight: Pillow would clip them to white."""
    if not (image.mode.startswith("I") or image.mode == "F"):
        return image
    grey = np.nan_to_num(np.asarray(image).astype(np.float64))
    brightest = grey.max()
    full = 1.0 if image.mode == "F" and brightest <= 1 else 255.0 if brightest <= 255 else 65535.0
    return Image.fromarray(np.clip(grey / full * 255 + 0.5, 0, 255).astype(np.uint8))


def _on_white(image: Image.Image) -> Image.Image:
    if not image.has_transparency_data:
        return image.convert("RGB") if image.mode in ("P", "1") else image
    transparent = image.convert("RGBA")
    white = Image.new("RGBA", transparent.size, (*_WHITE, 255))
    return Image.alpha_composite(white, transparent).convert("RGB")


def _foreign_profile(image: Image.Image) -> ImageCms.ImageCmsProfile | None:
    """The colour profile of the picture, unless it has none, sRGB, or one that cannot be read."""
    encoded = image.info.get("icc_profile")
    if not encoded:
        return None
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(encoded))
        name = ImageCms.getProfileDescription(profile)
    except (ImageCms.PyCMSError, OSError):
        return None
    return None if "srgb" in name.lower() else profile


def _as_srgb(image: Image.Image, profile: ImageCms.ImageCmsProfile) -> Image.Image:
    try:
        return ImageCms.profileToProfile(image, profile, _SRGB, outputMode="RGB") or image
    except (ImageCms.PyCMSError, ValueError):  # a profile that does not fit its picture says nothing
        return image
