"""Draw the picture at the top of README.md from a demo's run: `python docs/searches_picture.py demo`."""

import io
import sys
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from vitrina.catalogue.store import Catalogue
from vitrina.index.index import search

TILE, GAP, LABEL, TOP = 150, 12, 250, 6
QUERIES = ("green handbag", "zapatillas azules", None)


def main() -> None:
    """Ask two texts and a held-out picture, and lay the answers' pictures out in rows."""
    demo = Path(sys.argv[1])
    catalogue = Catalogue.open(demo / "catalogue")
    width, height = LABEL + (TILE + GAP) * TOP + GAP, (TILE + GAP) * len(QUERIES) + GAP
    canvas = Image.new("RGB", (width, height), "white")
    pen, font = ImageDraw.Draw(canvas), ImageFont.load_default(size=22)
    for line, query in enumerate(QUERIES):
        top = GAP + line * (TILE + GAP)
        if query is None:
            photo = demo / "query.jpg"
            found = search(demo / "flava", catalogue=demo / "catalogue", image=photo, top=30)
            tile = picture(photo.read_bytes())
            canvas.paste(tile, (LABEL - TILE - 2 * GAP, top))
            pen.rectangle((LABEL - TILE - 2 * GAP, top, LABEL - 2 * GAP, top + TILE), outline="#c2410c", width=4)
        else:
            found = search(demo / "flava", catalogue=demo / "catalogue", text=query, top=30)
            pen.text((GAP * 2, top + TILE // 2), f"“{query}”", fill="#1f2937", font=font, anchor="lm")
        shown = [product for product in catalogue.read([hit.row for hit in found.hits]) if product.pictures][:TOP]
        for place, product in enumerate(shown):
            canvas.paste(picture(product.pictures[0]), (LABEL + place * (TILE + GAP), top))
    target = Path(__file__).parent / "images" / "searches.png"
    target.parent.mkdir(exist_ok=True)
    canvas.save(target, optimize=True)


def picture(encoded: bytes) -> Image.Image:
    """A square tile of one picture."""
    return Image.open(io.BytesIO(encoded)).convert("RGB").resize((TILE, TILE), Image.Resampling.LANCZOS)


main()
