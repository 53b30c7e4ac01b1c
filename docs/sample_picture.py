"""Draws docs/images/sample.png: pictures of the generated catalogue, and what its truth says of them.

python docs/sample_picture.py SAMPLE docs/images/sample.png
"""

import argparse
import io
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from vitrina.catalogue.sample.oracle import Oracle
from vitrina.catalogue.sample.product_truth import PictureKnown
from vitrina.catalogue.store import Catalogue

SIDE, GAP, CAPTION, COLUMNS, LONGEST = 224, 10, 34, 5, 33
COLOURS = np.array([(214, 69, 65), (38, 120, 178), (67, 160, 71), (244, 160, 0), (123, 75, 171), (0, 150, 136)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sample", type=Path)
    parser.add_argument("out", type=Path)
    options = parser.parse_args()
    shown = _chosen(options.sample)
    height = 2 * SIDE + GAP + CAPTION
    sheet = Image.new("RGB", (COLUMNS * (SIDE + GAP) + GAP, height + 2 * GAP), "white")
    for column, (jpeg, known) in enumerate(shown):
        left = GAP + column * (SIDE + GAP)
        picture = Image.open(io.BytesIO(jpeg))
        sheet.paste(picture, (left, GAP))
        sheet.paste(_marked(picture, known), (left, 2 * GAP + SIDE))
        phrase = next(each for each in known.phrases if _is_short(each.text, each.language))
        asked = [each for each in known.questions if _is_short(each.question, each.language)]
        question = asked[column % len(asked)]
        pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(11)
        top = 2 * GAP + 2 * SIDE + 4
        pen.text((left, top), f"“{phrase.text}”", fill="black", font=font)
        pen.text((left, top + 14), f"{question.question} {question.answer}", fill="gray", font=font)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(options.out, optimize=True)


def _chosen(sample: Path) -> list[tuple[bytes, PictureKnown]]:
    """Two studio pictures, two rooms and a shelf, the first of the sample of which there is something short to say."""
    oracle, catalogue = Oracle.open(sample), Catalogue.open(sample)
    wanted = ["studio", "studio", "room", "room", "shelf"]
    kinds: set[str] = set()
    found: dict[int, tuple[bytes, PictureKnown]] = {}
    for row in range(len(catalogue)):
        product = catalogue[row]
        for jpeg, known in zip(product.pictures, oracle.pictures(product.id), strict=True):
            place = next(
                (at for at, each in enumerate(wanted) if at not in found and each == known.truth.setting), None
            )
            is_short = any(_is_short(each.text, each.language) for each in known.phrases)
            is_short &= any(_is_short(each.question, each.language) for each in known.questions)
            if place is not None and is_short and known.truth.objects[0].kind not in kinds:
                kinds.add(known.truth.objects[0].kind)
                found[place] = (jpeg, known)
                break
        if len(found) == len(wanted):
            return [found[place] for place in range(len(wanted))]
    raise SystemExit(f"{sample} is too small: write one of 400 products")


def _is_short(text: str, language: str) -> bool:
    """Whether a line holds the text, and the font its letters."""
    return language == "en" and len(text) < LONGEST


def _marked(picture: Image.Image, known: PictureKnown) -> Image.Image:
    """The picture with its objects in colours and their boxes."""
    mask = np.asarray(Image.open(io.BytesIO(known.truth.object_mask))).astype(int)
    tint = COLOURS[(mask - 1) % len(COLOURS)]
    pixels = np.asarray(picture).astype(float)
    mixed = np.where(mask[..., None] > 0, 0.45 * pixels + 0.55 * tint, 0.35 * pixels + 0.65 * 255)
    marked = Image.fromarray(mixed.astype(np.uint8))
    pen = ImageDraw.Draw(marked)
    for number, each in enumerate(known.truth.objects):
        x0, y0, x1, y1 = each.box
        pen.rectangle((x0, y0, x1 - 1, y1 - 1), outline=tuple(COLOURS[number % len(COLOURS)].tolist()))
    return marked


if __name__ == "__main__":
    main()
