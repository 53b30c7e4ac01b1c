"""Ways in which shops' pictures go wrong: out of focus, dark, stamped over, badly cut, saved too small."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import simplejpeg
import skia
from PIL import Image, ImageFilter

from vitrina.catalogue.sample.draws import Draws
from vitrina.catalogue.sample.lettering import lettering
from vitrina.catalogue.sample.props import SKINS

_QUALITY = 90
"""JPEG quality of a spoilt picture whose quality is not itself what is spoilt."""

_MARKS = ("SAMPLE", "COPYRIGHT", "PREVIEW", "NO COPY", "MUESTRA", "SHOP 24", "STOCK")


@dataclass(frozen=True)
class Spoilt:
    """A spoilt picture, an RGB JPEG, and in a word or two what was done to it."""

    what: str
    jpeg: bytes


def spoil(jpeg: bytes, *, draws: Draws) -> Spoilt:
    """The picture, a JPEG, spoilt in one way, slightly or badly.

    All ways are about equally likely; the result always differs from the picture and has its height and width, swapped
    where it was turned on its side. Raises ValueError where the bytes are no JPEG.

    >>> spoil(jpeg, draws=Draws(7, "spoil", 3)).what  # doctest: +SKIP
    'motion blur'
    """
    pixels = simplejpeg.decode_jpeg(jpeg, colorspace="RGB")
    what = draws.choice(tuple(_WAYS))
    made = _WAYS[what](pixels, draws)
    if isinstance(made, bytes):
        return Spoilt(what, made)
    return Spoilt(what, _encoded(made, quality=_QUALITY))


def _encoded(pixels: np.ndarray, *, quality: int) -> bytes:
    return simplejpeg.encode_jpeg(
        np.ascontiguousarray(pixels), quality=quality, colorspace="RGB", colorsubsampling="420"
    )


def _clipped(values: np.ndarray) -> np.ndarray:
    return np.clip(values + 0.5, 0, 255).astype(np.uint8)


def _blur(pixels: np.ndarray, draws: Draws) -> np.ndarray:
    """Out of focus."""
    share = draws.uniform(0.006, 0.02)
    return np.asarray(Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(share * max(pixels.shape))))


def _motion(pixels: np.ndarray, draws: Draws) -> np.ndarray:
    """A shaken camera: the mean along a short straight way."""
    reach = draws.uniform(0.02, 0.06) * max(pixels.shape)
    angle = draws.uniform(0, np.pi)
    steps = max(int(reach), 3)
    margin = steps + 1
    padded = np.pad(pixels.astype(np.float32), ((margin, margin), (margin, margin), (0, 0)), mode="edge")
    high, wide = pixels.shape[:2]
    total = np.zeros(pixels.shape, np.float32)
    for at in range(steps):
        shift = reach * (at / (steps - 1) - 0.5)
        top = margin + round(shift * float(np.sin(angle)))
        left = margin + round(shift * float(np.cos(angle)))
        total += padded[top : top + high, left : left + wide]
    return _clipped(total / steps)


def _noise(pixels: np.ndarray, draws: Draws) -> np.ndarray:
    """A sensor's noise in brightness and, weaker, in colour."""
    sigma = draws.uniform(14, 42)
    random = np.random.default_rng(draws.below(1 << 32))
    grain = random.standard_normal((*pixels.shape[:2], 1), np.float32) * 0.8
    colour = random.standard_normal(pixels.shape, np.float32) * 0.6
    return _clipped(pixels + sigma * (grain + colour))


def _low_light(pixels: np.ndarray, draws: Draws) -> np.ndarray:
    """Too little light: dark, flat and a little noisy."""
    share = draws.uniform(0.2, 0.48)
    random = np.random.default_rng(draws.below(1 << 32))
    dark = 255 * share * (pixels / np.float32(255)) ** 1.3
    return _clipped(dark + random.standard_normal(pixels.shape, np.float32) * 5)


def _over_exposure(pixels: np.ndarray, draws: Draws) -> np.ndarray:
    """Too much light: what is bright runs out to white."""
    gain, lift = draws.uniform(1.25, 1.75), draws.uniform(10, 45)
    return _clipped(pixels * np.float32(gain) + np.float32(lift))


def _cast(pixels: np.ndarray, draws: Draws) -> np.ndarray:
    """A wrong white balance: one or two channels too strong."""
    depth = draws.uniform(0.2, 0.42)
    gains = draws.choice(((1, 0, -1), (-1, 0, 1), (-1, 1, -1), (1, -1, 1), (1, 0.5, -1), (-1, 0.4, 0.6)))
    return _clipped(pixels * (1 + depth * np.array(gains, np.float32)) * np.float32(0.95))


def _grey(pixels: np.ndarray, draws: Draws) -> np.ndarray:
    """Without colour, or with next to none, sometimes browned like an old print."""
    level = pixels @ np.array([0.299, 0.587, 0.114], np.float32)
    tone = np.array([1.07, 0.98, 0.8] if draws.chance(0.3) else [1.0, 1.0, 1.0], np.float32)
    keep = draws.uniform(0.0, 0.15)
    return _clipped(level[..., None] * tone * (1 - keep) + pixels * keep)


def _heavy_jpeg(pixels: np.ndarray, draws: Draws) -> bytes:
    """Saved with far too low a quality."""
    return _encoded(pixels, quality=3 + draws.below(12))


def _low_resolution(pixels: np.ndarray, draws: Draws) -> np.ndarray:
    """Blown up from a thumbnail, in blocks or blurred."""
    picture = Image.fromarray(pixels)
    share = draws.uniform(0.1, 0.25)
    small = (max(round(picture.width * share), 8), max(round(picture.height * share), 8))
    way = Image.Resampling.NEAREST if draws.chance(0.4) else Image.Resampling.BICUBIC
    return np.asarray(picture.resize(small, Image.Resampling.BOX).resize(picture.size, way))


def _drawn_over(pixels: np.ndarray, draw: Callable[[skia.Canvas, float], None]) -> np.ndarray:
    """The picture with something drawn over it; `draw` gets the canvas and the picture's longer side in pixels."""
    canvas_pixels = np.dstack([pixels, np.full(pixels.shape[:2], 255, np.uint8)])
    surface = skia.Surface(canvas_pixels, colorType=skia.ColorType.kRGBA_8888_ColorType)
    draw(surface.getCanvas(), float(max(pixels.shape[:2])))
    return canvas_pixels[..., :3]


def _watermark(pixels: np.ndarray, draws: Draws) -> np.ndarray:
    """A word stamped across the picture, once or all over."""
    word, opacity = draws.choice(_MARKS), draws.uniform(0.4, 0.75)
    tone, turn, once = draws.choice((skia.ColorWHITE, skia.ColorBLACK)), draws.uniform(-40, -15), draws.chance(0.5)

    def draw(canvas: skia.Canvas, side: float) -> None:
        wide = side * (0.9 if once else 0.36)
        path = lettering(word, width=wide, height=wide * 0.24)
        paint = skia.Paint(AntiAlias=True, Style=skia.Paint.kStroke_Style, StrokeWidth=wide * 0.028, Color=tone)
        paint.setStrokeCap(skia.Paint.kRound_Cap)
        paint.setAlphaf(opacity)
        canvas.translate(pixels.shape[1] / 2, pixels.shape[0] / 2)
        canvas.rotate(turn)
        for row in (0,) if once else range(-4, 5):
            for column in (0,) if once else range(-2, 3):
                canvas.save()
                canvas.translate((column + 0.5 * (row % 2)) * wide * 1.3, row * wide * 0.5)
                canvas.drawPath(path, paint)
                canvas.restore()

    return _drawn_over(pixels, draw)


def _cover(pixels: np.ndarray, draws: Draws) -> np.ndarray:
    """A finger before the lens, or a bar or a disc pasted over a part."""
    way = draws.below(3)
    x, y = draws.uniform(0.2, 0.8), draws.uniform(0.2, 0.8)
    corner, reach, turn = draws.below(4), draws.uniform(0.3, 0.5), draws.uniform(-20, 20)
    skin = draws.choice(SKINS)
    plain = draws.choice((0xFF000000, 0xFFFFFFFF, 0xFF808080, 0xFFD0302A, 0xFFF5CC24))

    def draw(canvas: skia.Canvas, side: float) -> None:
        paint = skia.Paint(AntiAlias=True, Color=plain)
        canvas.scale(pixels.shape[1], pixels.shape[0])
        if way == 0:
            paint.setColor(skia.Color(skin.red, skin.green, skin.blue))
            paint.setMaskFilter(skia.MaskFilter.MakeBlur(skia.kNormal_BlurStyle, 6 / side))
            cx, cy = float(corner % 2), float(corner // 2)
            canvas.rotate(turn, cx, cy)
            canvas.drawOval(skia.Rect.MakeLTRB(cx - reach, cy - reach * 0.8, cx + reach, cy + reach * 0.8), paint)
        elif way == 1:
            canvas.rotate(turn, x, y)
            canvas.drawRect(skia.Rect.MakeLTRB(x - reach, y - reach * 0.22, x + reach, y + reach * 0.22), paint)
        else:
            canvas.drawCircle(x, y, reach * 0.55, paint)

    return _drawn_over(pixels, draw)


def _border(pixels: np.ndarray, draws: Draws) -> np.ndarray:
    """Wide bars at two sides or a frame at all four, the picture squeezed between them."""
    high, wide = pixels.shape[:2]
    share = draws.uniform(0.08, 0.2)
    sides = draws.choice(((1, 0), (0, 1), (1, 1)))
    top, left = round(high * share * sides[0]), round(wide * share * sides[1])
    tone = draws.choice(((0, 0, 0), (255, 255, 255), (128, 128, 128), (200, 40, 40), (30, 60, 140)))
    framed = np.empty_like(pixels)
    framed[:] = tone
    small = Image.fromarray(pixels).resize((wide - 2 * left, high - 2 * top), Image.Resampling.BILINEAR)
    framed[top : high - top, left : wide - left] = np.asarray(small)
    return framed


def _rotated(pixels: np.ndarray, draws: Draws) -> np.ndarray:
    """On its side or upside down."""
    return np.rot90(pixels, draws.weighted({1: 2.0, 3: 2.0, 2: 1.0}))


def _cropped(pixels: np.ndarray, draws: Draws) -> np.ndarray:
    """Cut so that the product lies half outside."""
    high, wide = pixels.shape[:2]
    share = draws.uniform(0.4, 0.65)
    tall, broad = max(round(high * share), 1), max(round(wide * share), 1)
    # Towards a corner: the middle of the picture, where the product is, is cut.
    top = round((high - tall) * draws.choice((0.0, 0.1, 0.9, 1.0)))
    left = round((wide - broad) * draws.choice((0.0, 0.1, 0.9, 1.0)))
    part = Image.fromarray(pixels[top : top + tall, left : left + broad])
    return np.asarray(part.resize((wide, high), Image.Resampling.BICUBIC))


_WAYS: Mapping[str, Callable[[np.ndarray, Draws], np.ndarray | bytes]] = {
    "blur": _blur,
    "motion blur": _motion,
    "noise": _noise,
    "low light": _low_light,
    "over-exposure": _over_exposure,
    "colour cast": _cast,
    "grey": _grey,
    "heavy JPEG": _heavy_jpeg,
    "low resolution": _low_resolution,
    "watermark": _watermark,
    "cover": _cover,
    "border": _border,
    "rotated": _rotated,
    "cropped": _cropped,
}

DAMAGES: tuple[str, ...] = tuple(_WAYS)
"""Every `what` that `spoil` may give."""
