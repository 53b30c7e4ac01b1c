"""Exact masks of what a picture shows: the drawing's own paths once more, without soft edges, in the colours of ids."""

import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import skia
from PIL import Image

from vitrina.catalogue.sample.figure import Line, Sheet, Word
from vitrina.catalogue.sample.truth import Box, ObjectTruth, PartTruth, PictureTruth, Setting

REPEATS = 4
"""Parts of one name in one object are told apart up to this many; more (links of a chain, laces) count as one part."""

MIN_PART_PX = 6
"""A part of which fewer pixels can be seen is not listed."""

MIN_LETTER_PX = 4.5
"""Printed text is stated where its letters are at least this high in the picture."""

MIN_PRINT_SHARE = 0.9
"""Printed text is stated where at least this share of it can be seen."""

MAX_IDS = 255
"""The most objects or parts of a picture: a grey 8-bit mask holds no more."""

_PRINT = "print"


@dataclass(frozen=True)
class Placed:
    """An article as it stands in a picture; `matrix` takes its drawing to the picture's pixels."""

    sheet: Sheet
    matrix: skia.Matrix


@dataclass(frozen=True)
class Cover:
    """What hides things behind it and is no article; its outline in the picture's pixels."""

    path: skia.Path


@dataclass
class _Seen:
    """A part, or several of one name, while its pixels are counted."""

    name: str
    object: int
    text: str | None = None
    text_px: float = 0.0


def picture_truth(items: Sequence[Placed | Cover], *, size: int, setting: Setting) -> PictureTruth:
    """What a square picture of side `size` shows, given all that was put on it from the back to the front.

    An object's part that is a line (a seam, a string) belongs to the object and to no part.
    """
    margin = size // 2
    wide = size + 2 * margin
    ids = np.zeros((wide, wide, 4), np.uint8)
    canvas = skia.Surface(ids, colorType=skia.ColorType.kRGBA_8888_ColorType).getCanvas()
    canvas.translate(margin, margin)
    placed: list[Placed] = []
    whole: list[int] = []
    parts: list[_Seen] = []
    for item in items:
        if isinstance(item, Cover):
            canvas.drawPath(item.path, _flat(0, 0))
            continue
        placed.append(item)
        assert len(placed) <= MAX_IDS, "a scene holds more objects than a mask has ids"
        canvas.save()
        canvas.concat(item.matrix)
        _draw(canvas, item, number=len(placed), parts=parts)
        canvas.restore()
        # All of it lies on top at this moment, what the frame will cut included.
        reach = item.matrix.mapRect(item.sheet.bounds).makeOffset(margin, margin).roundOut()
        near = ids[max(reach.top() - 2, 0) : reach.bottom() + 2, max(reach.left() - 2, 0) : reach.right() + 2, 0]
        whole.append(int(np.count_nonzero(near == len(placed))))
    frame = ids[margin : margin + size, margin : margin + size]
    return _gathered(frame, placed=placed, whole=whole, parts=parts, setting=setting)


def _flat(number: int, part: int) -> skia.Paint:
    """Paint without soft edges in the colour that stands for this object and this part."""
    return skia.Paint(AntiAlias=False, Color=skia.Color(number, part >> 8, part & 255))


def _draw(canvas: skia.Canvas, item: Placed, *, number: int, parts: list[_Seen]) -> None:
    """Draws one object in ids and appends its parts to the list; part ids are places in that list, from 1."""
    marks = item.sheet.marks
    for mark in marks:
        # Lines first: they add what hangs over the edge and take nothing from the parts that they run over.
        if isinstance(mark, Line) and not isinstance(mark, Word) and mark.opacity >= 0.5:
            paint = _flat(number, 0)
            paint.setStyle(skia.Paint.kStroke_Style)
            paint.setStrokeWidth(mark.width)
            canvas.drawPath(mark.path, paint)
    names = [_PRINT if isinstance(mark, Word) else "" if isinstance(mark, Line) else mark.name for mark in marks]
    shared: dict[str, int] = {}
    for mark, name in zip(marks, names, strict=True):
        if not name:
            continue
        if isinstance(mark, Word):
            parts.append(_printed(mark, item.matrix, object_at=number - 1))
            place = len(parts)
        elif name in shared:
            place = shared[name]
        else:
            parts.append(_Seen(name, number - 1))
            place = len(parts)
            if names.count(name) > REPEATS:
                shared[name] = place
        canvas.drawPath(mark.plate if isinstance(mark, Word) else mark.path, _flat(number, place))


def _printed(word: Word, matrix: skia.Matrix, *, object_at: int) -> _Seen:
    """A print, with its text where the letters are high enough in the picture to be read."""
    plate = word.plate.getBounds()
    if word.height * pixels_per_unit(matrix, x=plate.centerX(), y=plate.centerY()) < MIN_LETTER_PX:
        return _Seen(_PRINT, object_at)
    corners = [(corner.x(), corner.y()) for corner in matrix.mapPoints(word.plate.getPoints(4))]
    turned = [(ax * by - bx * ay) for (ax, ay), (bx, by) in zip(corners, corners[1:] + corners[:1], strict=True)]
    return _Seen(_PRINT, object_at, word.text, abs(sum(turned)) / 2)


def _gathered(
    frame: np.ndarray, *, placed: list[Placed], whole: list[int], parts: list[_Seen], setting: Setting
) -> PictureTruth:
    """Counts and boxes from the frame's ids, numbered anew without what cannot be seen."""
    object_ids = frame[..., 0]
    part_ids = frame[..., 1].astype(np.uint16) << 8 | frame[..., 2]
    objects: list[ObjectTruth] = []
    order: dict[int, int] = {}
    for number, (box, area) in _regions(object_ids).items():
        item = placed[number - 1]
        order[number - 1] = len(objects)
        article = item.sheet.article
        objects.append(
            ObjectTruth(
                article=article.number,
                kind=article.kind.name,
                attributes=article.attributes,
                box=box,
                area_px=area,
                visible_share=min(area / whole[number - 1], 1.0),
            )
        )
    seen = {part: found for part, found in _regions(part_ids).items() if found[1] >= MIN_PART_PX}
    if len(seen) > MAX_IDS:
        largest = sorted(seen, key=lambda part: -seen[part][1])[:MAX_IDS]
        seen = {part: seen[part] for part in sorted(largest)}
    listed = []
    for part, (box, area) in seen.items():
        fact = parts[part - 1]
        text = fact.text if area >= MIN_PRINT_SHARE * fact.text_px else None
        listed.append(PartTruth(name=fact.name, object=order[fact.object], box=box, area_px=area, text=text))
    return PictureTruth(
        setting=setting,
        objects=tuple(objects),
        parts=tuple(listed),
        object_mask=grey_png(_renumbered(object_ids, [number + 1 for number in order], top=len(placed))),
        part_mask=grey_png(_renumbered(part_ids, list(seen), top=len(parts))),
    )


def _regions(ids: np.ndarray) -> dict[int, tuple[Box, int]]:
    """The box and the number of pixels of every id above 0, in the order of the ids."""
    rows, columns = np.nonzero(ids)
    values = ids[rows, columns]
    by_id = np.argsort(values, kind="stable")
    values, rows, columns = values[by_id], rows[by_id], columns[by_id]
    numbers, starts, counts = np.unique(values, return_index=True, return_counts=True)
    if not len(numbers):
        return {}
    # Rows come in order within an id, columns do not.
    tops, bottoms = rows[starts], rows[starts + counts - 1]
    lefts, rights = np.minimum.reduceat(columns, starts), np.maximum.reduceat(columns, starts)
    return {
        int(number): ((int(left), int(top), int(right) + 1, int(bottom) + 1), int(count))
        for number, left, top, right, bottom, count in zip(numbers, lefts, tops, rights, bottoms, counts, strict=True)
    }


def _renumbered(ids: np.ndarray, kept: Sequence[int], *, top: int) -> np.ndarray:
    """The ids as a grey mask: kept[i] becomes i + 1, all others 0."""
    table = np.zeros(top + 1, np.uint8)
    table[list(kept)] = np.arange(1, len(kept) + 1)
    return table[ids]


def pixels_per_unit(matrix: skia.Matrix, *, x: float, y: float) -> float:
    """How long a short upright line at (x, y) becomes."""
    ends = matrix.mapPoints([skia.Point(x, y), skia.Point(x, y + 0.1)])
    return 10 * skia.Point.Distance(ends[0], ends[1])


def grey_png(mask: np.ndarray) -> bytes:
    """A grey 8-bit PNG of an array (height, width) of uint8."""
    out = io.BytesIO()
    Image.fromarray(mask).save(out, "PNG", compress_level=4)
    return out.getvalue()
