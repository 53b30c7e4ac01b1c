"""Pictures on their way in and out: what is uploaded is checked and kept for a while, what is shown is made small."""

import hashlib
import io

from PIL import Image, features

from vitrina.catalogue.pictures import PictureError, canonicalise
from vitrina.serving.answers import RefusedError, Uploaded
from vitrina.serving.kept import Kept

MOST_UPLOAD_BYTES = 16 << 20
"""Longer uploads are refused while they arrive."""
MOST_UPLOAD_PIXELS = 32_000_000
"""Pictures with more are refused from their header: a small file can unpack to gigabytes."""
WIDTHS_PX = (160, 320, 640)
"""The widths that product pictures are made small to."""

_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", *(("AVIF",) if features.check("avif") else ()))
_QUALITY = 84
_KEPT_UPLOADS_BYTES = 64 << 20
_WORDS = {
    "not a picture of a known format": "This file is not a picture: choose a JPEG, PNG, WebP, GIF, BMP or TIFF.",
    "damaged picture": "This picture is damaged and cannot be read: choose another.",
    "too small": "This picture is too small to say anything: choose one of at least 4 pixels a side.",
}


class Uploads:
    """Pictures that somebody searches by, each under a handle that only its content gives; the oldest are forgotten."""

    def __init__(self) -> None:
        self._kept = Kept(most_bytes=_KEPT_UPLOADS_BYTES)

    def take(self, encoded: bytes) -> Uploaded:
        """Checks and keeps a picture. Raises RefusedError: 400 where it is empty, 413 where it has too many bytes or
        pixels, 415 where it is no picture or damaged."""
        picture = checked(encoded)
        handle = hashlib.blake2b(picture, digest_size=16).hexdigest()
        self._kept.put(handle, picture)
        with Image.open(io.BytesIO(picture)) as image:
            return Uploaded(handle, *image.size)

    def get(self, handle: str) -> bytes:
        """The picture of a handle. Raises RefusedError (404) where it was never there or is forgotten."""
        picture = self._kept.get(handle)
        if picture is None:
            raise RefusedError(
                "This picture is no longer here: choose or drop it again.", code="picture_forgotten", status=404
            )
        return picture


def checked(encoded: bytes) -> bytes:
    """An upload as the catalogue would store it: an upright JPEG of bounded size. Refuses as `Uploads.take` does."""
    if not encoded:
        raise RefusedError("The file is empty: choose a picture.", code="empty", status=400)
    if len(encoded) > MOST_UPLOAD_BYTES:
        raise too_long()
    try:
        with Image.open(io.BytesIO(encoded), formats=_FORMATS) as image:
            width, height = image.size
    except Exception:  # whatever a decoder says, `canonicalise` says it in words
        width, height = 0, 0
    if width * height > MOST_UPLOAD_PIXELS:
        raise _too_many_pixels()
    try:
        return canonicalise(encoded)
    except PictureError as error:
        if error.reason == "too many pixels":
            raise _too_many_pixels() from error
        words = _WORDS.get(error.reason, f"This picture cannot be used: {error.reason}.")
        raise RefusedError(words, code="not_a_picture", status=415) from error


def too_long() -> RefusedError:
    """The refusal of an upload with too many bytes."""
    most = MOST_UPLOAD_BYTES >> 20
    return RefusedError(f"This file is larger than {most} MB: choose a smaller picture.", code="too_large", status=413)


def small(encoded: bytes, *, width_px: int) -> bytes:
    """A stored picture as a JPEG at most `width_px` on its longer side. Refuses one that is damaged."""
    try:
        with Image.open(io.BytesIO(encoded), formats=("JPEG",)) as image:
            image.draft("RGB", (2 * width_px, 2 * width_px))
            image.thumbnail((width_px, width_px), Image.Resampling.LANCZOS)
            buffer = io.BytesIO()
            image.convert("RGB").save(buffer, format="JPEG", quality=_QUALITY, optimize=True)
    except (OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise damaged() from error
    return buffer.getvalue()


def damaged() -> RefusedError:
    """The refusal of a product's picture that cannot be shown."""
    return RefusedError("This picture is damaged: look at it in the catalogue.", code="damaged", status=422)


def _too_many_pixels() -> RefusedError:
    most = MOST_UPLOAD_PIXELS // 1_000_000
    return RefusedError(
        f"This picture has more than {most} million pixels: choose a smaller one.", code="too_many_pixels", status=413
    )
