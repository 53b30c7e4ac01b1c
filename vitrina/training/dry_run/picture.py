"""A batch as the model meets it, drawn: pictures with what is hidden shaded, words hidden in place, wrong texts marked.

Every row shows the picture as it was decoded, then with its hidden patches shaded and, where the contrastive pass
leaves patches out, with these dimmed. A hidden word stands in a box, the truth in it and below it what the model reads.
"""

import io
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from PIL import Image, ImageDraw, ImageFilter
from tokenizers import Tokenizer

from vitrina.data.batch import Batch, ImageBatch, PairBatch, Pictures, TextBatch, Texts
from vitrina.data.sources import Kind
from vitrina.data.stock import Stock
from vitrina.data.text import special_ids
from vitrina.training.lettering import Lettering, lettering

_PAPER, _INK, _SOFT, _RULE = "#fbfaf7", "#1c1b19", "#67635b", "#e4e0d7"
_HIDDEN, _HIDDEN_SOFT, _RIGHT, _WRONG, _WRONG_SOFT = "#b4541a", "#fbe9dc", "#0f6b5c", "#a3262a", "#f7e3e3"
_GREY = "#ebe7de"
_WIDTH, _EDGE, _GAP, _SIDE = 1240, 28, 14, 148
_LINE, _PLAIN_LINE = 45, 26
_SHOWN: Mapping[Kind, int] = {"pair": 5, "image": 7, "text": 4}
_TITLES: Mapping[Kind, str] = {
    "pair": "Pairs: a picture and its text",
    "image": "Pictures alone",
    "text": "Texts alone",
}


@dataclass(frozen=True)
class _Chip:
    """A stretch of a text: its words, and what the model reads in their place where they are hidden."""

    text: str
    shown: str | None = None
    is_asked: bool = True


@dataclass(frozen=True)
class _Paragraph:
    """Words with a tag before them; `colour` is the tag's."""

    tag: str
    colour: str
    chips: tuple[_Chip, ...]


@dataclass(frozen=True)
class _Row:
    pictures: tuple[Image.Image, ...]
    captions: tuple[str, ...]
    paragraphs: tuple[_Paragraph, ...]


def batch_picture(
    batches: Mapping[Kind, Batch], *, stock: Stock, tokenizer: Tokenizer | None, grid: int, title: str
) -> bytes:
    """A PNG of the first rows of a batch of each kind; `grid` is the model's patches a side, 0 where it has none."""
    groups: list[tuple[Kind, list[_Row]]] = []
    for kind, batch in batches.items():
        rows = [_row(batch, row, stock=stock, tokenizer=tokenizer, grid=grid) for row in _rows(kind, batch)]
        groups.append((kind, _side_by_side(rows) if kind == "image" else rows))
    everything = [row for _, rows in groups for row in rows]
    pen = ImageDraw.Draw(Image.new("RGB", (1, 1)))
    heights = {id(row): _height(row, pen=pen) for row in everything}
    height = 118 + sum(52 + sum(heights[id(row)] + _GAP for row in rows) for _, rows in groups) + _EDGE
    sheet = Image.new("RGB", (_WIDTH, height), _PAPER)
    pen = ImageDraw.Draw(sheet)
    lettering(24, weight="bold").write(title, pen=pen, at=(_EDGE, 24), fill=_INK)
    _legend(pen, batches=batches.values(), rows=everything, top=68)
    top = 118
    for kind, rows in groups:
        pen.line([(_EDGE, top), (_WIDTH - _EDGE, top)], fill=_RULE, width=2)
        lettering(17, weight="bold").write(_TITLES[kind], pen=pen, at=(_EDGE, top + 16), fill=_INK)
        top += 52
        for row in rows:
            _draw(sheet, row, top=top)
            top += heights[id(row)] + _GAP
    buffer = io.BytesIO()
    sheet.save(buffer, format="PNG", optimize=True)
    return buffer.getvalue()


def _rows(kind: Kind, batch: Batch) -> list[int]:
    """The rows to show: of fused pairs one whose text is another product's is among them where there is one."""
    rows = list(range(min(_SHOWN[kind], len(batch.keys))))
    if isinstance(batch, PairBatch) and len(batch.target):
        wrong = (~batch.fused_matches).nonzero().flatten().tolist()
        if wrong and wrong[0] not in rows:
            rows[-1] = wrong[0]
    return rows


def _row(batch: Batch, row: int, *, stock: Stock, tokenizer: Tokenizer | None, grid: int) -> _Row:
    product = stock.read(batch.keys[row, 2:].numpy(), pictures="none")[0]
    about = f"product {product.id}"
    if isinstance(batch, TextBatch):
        assert tokenizer is not None
        return _Row((), (), (_paragraph(batch.text, row, tokenizer=tokenizer, tag=about, colour=_SOFT),))
    pictures = _pictures(batch.picture, row, grid=grid)
    captions = _captions(batch.picture, row, grid=grid)[: len(pictures) - 1]
    if isinstance(batch, ImageBatch):
        return _Row(pictures, (product.id, *captions), ())
    assert tokenizer is not None
    found = [_paragraph(batch.text, row, tokenizer=tokenizer, tag=f"{about} · its text, nothing hidden", colour=_SOFT)]
    if row < len(batch.target):
        found += _fused(batch, row, tokenizer=tokenizer)
    return _Row(pictures, ("as decoded", *captions), tuple(found))


def _side_by_side(rows: Sequence[_Row]) -> list[_Row]:
    """Pictures of several rows in one, as many as fit."""
    most = (_WIDTH - 2 * _EDGE + _GAP) // (_SIDE + _GAP) // max(len(row.pictures) for row in rows)
    some = rows[:most]
    pictures = tuple(each for row in some for each in row.pictures)
    return [_Row(pictures, tuple(each for row in some for each in row.captions), ())]


def _fused(batch: PairBatch, row: int, *, tokenizer: Tokenizer) -> list[_Paragraph]:
    """The text that meets the masked picture: the product's own, another's, or one segment of each."""
    if not batch.fused.types[row].any():
        is_own = bool(batch.target[row])
        tag = "beside the picture · its own text" if is_own else "beside the picture · another product's text"
        colour = _RIGHT if is_own else _WRONG
        return [_paragraph(batch.fused, row, tokenizer=tokenizer, tag=tag, colour=colour, is_asked=is_own)]
    right = int(batch.target[row])
    return [
        _paragraph(
            batch.fused,
            row,
            tokenizer=tokenizer,
            tag=f"beside the picture · {'first' if segment == 0 else 'second'} segment, "
            + ("its own text" if segment == right else "another product's text"),
            colour=_RIGHT if segment == right else _WRONG,
            is_asked=segment == right,
            segment=segment,
        )
        for segment in (0, 1)
    ]


def _paragraph(
    text: Texts, row: int, *, tokenizer: Tokenizer, tag: str, colour: str, is_asked: bool = True, segment: int = 0
) -> _Paragraph:
    """The words of a text in stretches that are hidden or are not."""
    specials = special_ids(tokenizer)
    ids, seen = text.ids[row].tolist(), text.masked_ids[row].tolist()
    asked, types, is_token = text.is_masked[row].tolist(), text.types[row].tolist(), text.is_token[row].tolist()
    places = [
        place for place, each in enumerate(ids) if is_token[place] and types[place] == segment and each not in specials
    ]
    chips: list[_Chip] = []
    for is_hidden, group in groupby(places, key=lambda place: asked[place] or ids[place] != seen[place]):
        some = list(group)
        truth = tokenizer.decode([ids[place] for place in some]).strip()
        if not is_hidden:
            chips += [_Chip(word) for word in truth.split()]
            continue
        chips.append(_Chip(truth, _reads([ids[p] for p in some], [seen[p] for p in some], tokenizer), is_asked))
    return _Paragraph(tag, colour, tuple(chips))


def _reads(ids: list[int], seen: list[int], tokenizer: Tokenizer) -> str:
    """What stands in the place of hidden words: the mask, once for all its tokens, other words or the truth."""
    specials = special_ids(tokenizer)
    parts = []
    for kind, group in groupby(
        zip(ids, seen, strict=True),
        key=lambda pair: "mask" if pair[1] in specials else "as is" if pair[0] == pair[1] else "other",
    ):
        some = [each for _, each in group]
        words = tokenizer.decode(some).strip()
        parts.append(
            {"mask": "[MASK]" + (f" ×{len(some)}" if len(some) > 1 else ""), "as is": "as it is"}.get(kind, words)
        )
    return " ".join(parts)


def _pictures(picture: Pictures, row: int, *, grid: int) -> tuple[Image.Image, ...]:
    """The picture as decoded, with its hidden patches shaded, and without what the contrastive pass leaves out."""
    pixels = Image.fromarray(picture.pixels[row].permute(1, 2, 0).numpy()).resize(
        (_SIDE, _SIDE), Image.Resampling.LANCZOS
    )
    found = [pixels]
    if grid and row < len(picture.is_masked) and bool(picture.is_masked[row].any()):
        found.append(_shaded(pixels, picture.is_masked[row].numpy().reshape(grid, grid)))
    if grid and picture.kept.shape[1]:
        is_left = np.ones(grid * grid, dtype=bool)
        is_left[picture.kept[row].numpy()] = False
        found.append(_dimmed(pixels, is_left.reshape(grid, grid)))
    return tuple(found)


def _captions(picture: Pictures, row: int, *, grid: int) -> list[str]:
    found = []
    if row < len(picture.is_masked) and bool(picture.is_masked[row].any()):
        found.append(f"{int(picture.is_masked[row].sum())} of {picture.is_masked.shape[1]} hidden")
    if grid and picture.kept.shape[1]:
        found.append(f"{picture.kept.shape[1]} of {grid * grid} seen")
    return found


def _shaded(pixels: Image.Image, is_hidden: np.ndarray) -> Image.Image:
    """Hidden patches under a shade with stripes, through which the picture is still guessed at."""
    mask = _mask(is_hidden)
    shade = Image.blend(pixels.filter(ImageFilter.GaussianBlur(1)), Image.new("RGB", pixels.size, "#3b3a36"), 0.78)
    pen = ImageDraw.Draw(shade)
    for start in range(-_SIDE, _SIDE, 7):
        pen.line([(start, _SIDE), (start + _SIDE, 0)], fill="#6b675f", width=1)
    return Image.composite(shade, pixels, mask)


def _dimmed(pixels: Image.Image, is_left: np.ndarray) -> Image.Image:
    pale = Image.blend(pixels, Image.new("RGB", pixels.size, _GREY), 0.86)
    return Image.composite(pale, pixels, _mask(is_left))


def _mask(patches: np.ndarray) -> Image.Image:
    edges = [round(place * _SIDE / len(patches)) for place in range(len(patches) + 1)]
    mask = np.zeros((_SIDE, _SIDE), dtype=np.uint8)
    for y, x in np.argwhere(patches):
        mask[edges[y] : edges[y + 1], edges[x] : edges[x + 1]] = 255
    return Image.fromarray(mask)


def _height(row: _Row, *, pen: ImageDraw.ImageDraw) -> int:
    words = sum(_flow(pen, each, top=0, left=_left(row), is_drawn=False) for each in row.paragraphs)
    return max(words, _SIDE + 24 if row.pictures else 0)


def _left(row: _Row) -> int:
    """Where the words of a row begin."""
    return _EDGE + len(row.pictures) * (_SIDE + _GAP)


def _draw(sheet: Image.Image, row: _Row, *, top: int) -> None:
    pen, small = ImageDraw.Draw(sheet), lettering(12)
    for column, (picture, caption) in enumerate(zip(row.pictures, row.captions, strict=True)):
        x = _EDGE + column * (_SIDE + _GAP)
        sheet.paste(picture, (x, top))
        pen.rectangle((x - 1, top - 1, x + _SIDE, top + _SIDE), outline=_RULE)
        small.write(small.cut(caption, width=_SIDE), pen=pen, at=(x, top + _SIDE + 5), fill=_SOFT)
    y = top
    for each in row.paragraphs:
        y += _flow(pen, each, top=y, left=_left(row), is_drawn=True)


def _flow(pen: ImageDraw.ImageDraw, paragraph: _Paragraph, *, top: int, left: int, is_drawn: bool) -> int:
    """Lay a paragraph out from `left` to the edge and return its height."""
    words, small = lettering(16), lettering(12)
    if is_drawn:
        small.write(paragraph.tag, pen=pen, at=(left, top), fill=paragraph.colour)
    x, y, limit = float(left), top + 22, _WIDTH - _EDGE
    has_box = False
    for chip in paragraph.chips:
        wide = _chip_width(chip, words=words, small=small)
        if x + wide > limit and x > left:
            x, y, has_box = float(left), y + (_LINE if has_box else _PLAIN_LINE), False
        elif x > left and chip.shown is None and not chip.text[0].isalnum():
            x -= 4  # a comma or full stop stands nearer to the word before it
        if is_drawn:
            _draw_chip(pen, chip, place=(x, y), width=min(wide, limit - left), words=words, small=small)
        has_box |= chip.shown is not None
        x += wide + 7
    return y - top + (_LINE if has_box else _PLAIN_LINE) + 8


def _chip_width(chip: _Chip, *, words: Lettering, small: Lettering) -> float:
    if chip.shown is None:
        return words.width(chip.text)
    return max(words.width(chip.text), small.width(chip.shown)) + 14


def _draw_chip(
    pen: ImageDraw.ImageDraw,
    chip: _Chip,
    *,
    place: tuple[float, float],
    width: float,
    words: Lettering,
    small: Lettering,
) -> None:
    x, y = place
    if chip.shown is None:
        words.write(words.cut(chip.text, width=width), pen=pen, at=(x, y), fill=_INK)
        return
    colour, soft = (_HIDDEN, _HIDDEN_SOFT) if chip.is_asked else (_WRONG, _WRONG_SOFT)
    pen.rounded_rectangle((x, y - 3, x + width, y + 22), radius=5, fill=soft, outline=colour)
    words.write(words.cut(chip.text, width=width - 12), pen=pen, at=(x + 7, y), fill=colour)
    small.write(small.cut(chip.shown, width=width - 8), pen=pen, at=(x + 7, y + 24), fill=colour)


def _legend(pen: ImageDraw.ImageDraw, *, batches: Collection[Batch], rows: Sequence[_Row], top: int) -> None:
    """What the colours mean, of those that are on the sheet."""
    pictures = [batch.picture for batch in batches if not isinstance(batch, TextBatch)]
    hidden = [chip for row in rows for each in row.paragraphs for chip in each.chips if chip.shown is not None]
    small = lettering(13)
    x = float(_EDGE)
    for is_there, fill, outline, text in (
        (
            any(bool(each.is_masked.any()) for each in pictures),
            "#56534c",
            "#3b3a36",
            "hidden patch, its code to be told",
        ),
        (any(each.kept.shape[1] for each in pictures), _GREY, _RULE, "patch left out of the contrast"),
        (
            any(each.is_asked for each in hidden),
            _HIDDEN_SOFT,
            _HIDDEN,
            "hidden word, below it what is read",
        ),
        (
            any(not each.is_asked for each in hidden),
            _WRONG_SOFT,
            _WRONG,
            "hidden in another product's text: not asked for",
        ),
    ):
        if is_there:
            pen.rounded_rectangle((x, top, x + 18, top + 16), radius=4, fill=fill, outline=outline)
            small.write(text, pen=pen, at=(x + 25, top), fill=_SOFT)
            x += 25 + small.width(text) + 26
