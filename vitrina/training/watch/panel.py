"""The panel of a look: a few queries, the pictures found for each, the right one framed."""

import io
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageOps

from vitrina.training.lettering import lettering

_PAPER, _INK, _SOFT, _RULE, _RIGHT = "#fbfaf7", "#1c1b19", "#67635b", "#e4e0d7", "#0f6b5c"
_TILE, _GAP, _EDGE, _WORDS = 112, 12, 20, 230
_CAPTION = 20
_TOP = 62


@dataclass(frozen=True)
class Answer:
    """A picture that was found, its score, and whether it is the query's own."""

    picture: bytes
    score: float
    is_right: bool


@dataclass(frozen=True)
class Asked:
    """A query, the expected rank of its right picture among all, and the best pictures."""

    text: str
    rank: float
    answers: Sequence[Answer]


def panel(asked: Sequence[Asked], *, title: str, among: int) -> bytes:
    """The panel as a PNG. `among` is how many pictures were searched."""
    columns = max(len(each.answers) for each in asked)
    width = 2 * _EDGE + _WORDS + columns * (_TILE + _GAP)
    row = _TILE + _CAPTION + _GAP
    sheet = Image.new("RGB", (width, _TOP + len(asked) * row + _EDGE - _GAP), _PAPER)
    pen = ImageDraw.Draw(sheet)
    head, words, small = lettering(19, weight="bold"), lettering(15), lettering(12)
    head.write(head.cut(title, width=width - 2 * _EDGE), pen=pen, at=(_EDGE, 18), fill=_INK)
    for number, each in enumerate(asked):
        top = _TOP + number * row
        pen.line([(_EDGE, top - _GAP // 2), (width - _EDGE, top - _GAP // 2)], fill=_RULE)
        lines = words.wrapped(each.text, width=_WORDS - 16, most=4)
        for line, text in enumerate(lines):
            words.write(text, pen=pen, at=(_EDGE, top + 4 + 20 * line), fill=_INK)
        rank = f"{each.rank:,.1f}".removesuffix(".0")
        found = f"right one at rank {rank} of {among:,}"
        small.write(
            found, pen=pen, at=(_EDGE, top + 10 + 20 * len(lines)), fill=_RIGHT if each.rank <= columns + 0.5 else _SOFT
        )
        for column, answer in enumerate(each.answers):
            left = _EDGE + _WORDS + column * (_TILE + _GAP)
            _tile(sheet, answer, left=left, top=top)
            caption = f"{answer.score:.3f}" + (" · right" if answer.is_right else "")
            small.write(caption, pen=pen, at=(left + 2, top + _TILE + 3), fill=_RIGHT if answer.is_right else _SOFT)
    buffer = io.BytesIO()
    sheet.save(buffer, format="PNG", optimize=True)
    return buffer.getvalue()


def _tile(sheet: Image.Image, answer: Answer, *, left: int, top: int) -> None:
    """A picture on white, whole, in a frame: thick and green where it is the right one."""
    with Image.open(io.BytesIO(answer.picture)) as picture:
        fitted = ImageOps.contain(picture.convert("RGB"), (_TILE - 10, _TILE - 10))
    pen = ImageDraw.Draw(sheet)
    box = (left, top, left + _TILE - 1, top + _TILE - 1)
    pen.rounded_rectangle(
        box, radius=6, fill="#ffffff", outline=_RIGHT if answer.is_right else _RULE, width=4 if answer.is_right else 1
    )
    sheet.paste(fitted, (left + (_TILE - fitted.width) // 2, top + (_TILE - fitted.height) // 2))
