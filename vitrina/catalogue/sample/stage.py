"""A picture in the making: a canvas under one light, and what has been put on it from the back to the front."""

from typing import Literal

import simplejpeg
import skia

from vitrina.catalogue.sample.colours import BLACK
from vitrina.catalogue.sample.figure import Finish, Form, Line, Part, Sheet
from vitrina.catalogue.sample.masks import Cover, Placed, picture_truth, pixels_per_unit
from vitrina.catalogue.sample.paint import Light, Painter, argb
from vitrina.catalogue.sample.textures import SUBSTANCES
from vitrina.catalogue.sample.truth import Photo, Setting

PICTURE_PX = 224
"""Pictures of the sample are squares of this side."""

QUALITY = 90
"""JPEG quality of the sample's pictures."""

COARSE = 4
"""Shadows are drawn at this fraction of the resolution."""

Shadow = Literal["thrown", "around", "none"]
"""Thrown on the ground behind what stands, all round what lies or hangs close to a wall, or none."""


class Stage:
    """The canvas of one picture and the record of what hides what; all is given in a box of -1..1, the picture.

    `view` bends that box: a turn, a zoom, a slight perspective of the whole scene.
    """

    def __init__(self, light: Light, *, view: skia.Matrix | None = None) -> None:
        self.light = light
        self._surface = skia.Surface.MakeRasterN32Premul(PICTURE_PX, PICTURE_PX)
        self.canvas = self._surface.getCanvas()
        self.canvas.scale(PICTURE_PX / 2, PICTURE_PX / 2)
        self.canvas.translate(1, 1)
        if view is not None:
            self.canvas.concat(view)
        self._painter = Painter(light)
        self._items: list[Placed | Cover] = []

    def put(self, sheet: Sheet, matrix: skia.Matrix, *, shadow: Shadow) -> None:
        """Puts an article before all that is there; `matrix` takes its drawing to the box."""
        light = self._light_under(matrix)
        painter = Painter(light)
        self.canvas.save()
        self.canvas.concat(matrix)
        total = self.canvas.getTotalMatrix()
        if shadow != "none":
            _shadow(self.canvas, sheet, light, thrown=shadow == "thrown")
        for mark in sheet.marks:
            painter.paint(self.canvas, mark)
        self.canvas.restore()
        self._items.append(Placed(sheet, total))

    def cover(self, path: skia.Path, *, finish: Finish, form: Form) -> None:
        """Puts something that is no article before all that is there, so that it hides what is behind."""
        self.decorate(path, finish, form=form)
        outline = skia.Path(path)
        outline.transform(self.canvas.getTotalMatrix())
        self._items.append(Cover(outline))

    def decorate(self, path: skia.Path, finish: Finish, *, form: Form = "flat") -> None:
        """Paints something behind all articles that are still to come; it hides none."""
        self._painter.paint(self.canvas, Part("decoration", path, finish, form))

    def wash(self, shader: skia.Shader, *, top: float = -1.2) -> None:
        """Lays a shade over all that is there from the line `top` down."""
        self.canvas.drawRect(skia.Rect.MakeLTRB(-1.2, top, 1.2, 1.2), skia.Paint(Shader=shader))

    def photo(self, *, setting: Setting) -> Photo:
        """The JPEG and what it shows."""
        pixels = self._surface.toarray(colorType=skia.ColorType.kRGBA_8888_ColorType)
        jpeg = simplejpeg.encode_jpeg(pixels, quality=QUALITY, colorspace="RGBA", colorsubsampling="420")
        return Photo(jpeg, picture_truth(self._items, size=PICTURE_PX, setting=setting))

    def _light_under(self, matrix: skia.Matrix) -> Light:
        """A mirrored article is lit from the mirrored side, so that light falls from one side in the picture."""
        is_mirror = matrix.getScaleX() * matrix.getScaleY() < matrix.getSkewX() * matrix.getSkewY()
        return Light(-self.light.x, self.light.y, self.light.strength) if is_mirror else self.light


def _shadow(canvas: skia.Canvas, sheet: Sheet, light: Light, *, thrown: bool) -> None:
    """A soft shadow under and behind an article, in the coordinates of its drawing."""
    parts = [mark for mark in sheet.marks if not isinstance(mark, Line)]
    clear = sum(SUBSTANCES[part.finish.material].clear_share for part in parts) / len(parts)
    paint = skia.Paint(AntiAlias=True, Color=argb(BLACK, 1.0))
    # A quarter of the resolution is plenty for something blurred, and sixteen times cheaper.
    small = skia.Surface.MakeRasterN32Premul(PICTURE_PX // COARSE, PICTURE_PX // COARSE)
    coarse = small.getCanvas()
    coarse.scale(1 / COARSE, 1 / COARSE)
    total = canvas.getTotalMatrix()
    coarse.concat(total)
    body = sheet.body
    ground = body.bottom()
    matrix = skia.Matrix()
    if thrown:
        matrix.setScale(1.0, 0.2)
        matrix.postSkew(light.x * 1.6, 0.0)
        matrix.postTranslate(-light.x * 1.6 * ground * 0.2, ground * 0.8)
    else:
        matrix.setTranslate(-light.x * 0.06, -light.y * 0.07)
    coarse.concat(matrix)
    for part in parts:
        coarse.drawPath(part.path, paint)
    # Soft in proportion to the article's size in the picture.
    sigma = (0.055 if thrown else 0.045) * pixels_per_unit(total, x=body.centerX(), y=body.centerY()) / COARSE
    blur = skia.Paint(ImageFilter=skia.ImageFilters.Blur(sigma, sigma), BlendMode=skia.BlendMode.kSrc)
    coarse.resetMatrix()
    coarse.drawImage(small.makeImageSnapshot(), 0, 0, skia.SamplingOptions(), blur)
    veil = skia.Paint(Alphaf=(0.34 + 0.16 * light.strength) * (1 - clear))
    canvas.save()
    canvas.resetMatrix()
    canvas.scale(COARSE, COARSE)
    canvas.drawImage(small.makeImageSnapshot(), 0, 0, skia.SamplingOptions(skia.FilterMode.kLinear), veil)
    canvas.restore()
    if thrown:
        contact = skia.Paint(AntiAlias=True, Color=argb(BLACK, 0.4 * (1 - clear)))
        contact.setMaskFilter(skia.MaskFilter.MakeBlur(skia.kNormal_BlurStyle, 0.025))
        for part in parts:
            bounds = part.path.computeTightBounds()
            if bounds.bottom() > ground - 0.12:
                foot = skia.Rect.MakeLTRB(bounds.left() + 0.01, ground - 0.025, bounds.right() - 0.01, ground + 0.035)
                canvas.drawOval(foot, contact)
