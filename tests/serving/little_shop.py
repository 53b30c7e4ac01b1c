"""A shop of eight products whose model sees colours and nothing else, so that every answer can be foretold."""

import io
import threading
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path

import numpy as np
from PIL import Image

from vitrina.catalogue.pictures import canonicalise
from vitrina.catalogue.product import Product, Text
from vitrina.catalogue.store import Catalogue, write_catalogue
from vitrina.catalogue.where import matching
from vitrina.index.index import Query
from vitrina.index.result import Hit, SearchResult
from vitrina.serving.shop import Guesses, Shop

COLOURS = {"red": (220, 30, 30), "green": (30, 160, 60), "blue": (40, 70, 220), "yellow": (240, 200, 30)}
WORDS = {"rojo": "red", "roja": "red", "verde": "green", "azul": "blue", "amarillo": "yellow", "amarilla": "yellow"}
ODD_ID = '../a b/ñ%2F?#&<b>"'


def jpeg(colour: str, *, size: tuple[int, int] = (80, 60)) -> bytes:
    """A square of a colour in the left half of a white picture."""
    width, height = size
    pixels = np.full((height, width, 3), 255, np.uint8)
    pixels[height // 6 : -height // 6, width // 8 : width // 2] = COLOURS[colour]
    return canonicalise(encoded(Image.fromarray(pixels), "JPEG"))


def encoded(image: Image.Image, form: str) -> bytes:
    """The file of an image."""
    out = io.BytesIO()
    image.save(out, form)
    return out.getvalue()


def product(id_: str, kind: tuple[str, str], colour: str, price: str, *, pictures: int = 1) -> Product:
    """A mug or a bag of a colour."""
    english, spanish = kind
    return Product(
        id=id_,
        titles=(Text(f"{colour.title()} {english}", "en"), Text(f"{spanish} {colour}", "es")),
        descriptions=(Text(f"A {english} in {colour}. <script>alert(1)</script>", "en"),),
        pictures=tuple(jpeg(colour, size=(80 + 4 * number, 60)) for number in range(pictures)),
        brand="Lar",
        category=("Home", "Mugs") if english == "mug" else ("Fashion", "Bags"),
        price=Decimal(price),
        currency="EUR",
        attributes={"colour": colour, "material": "clay" if english == "mug" else "leather"},
    )


BROKEN = Product(id="broken", titles=(Text("Broken", "en"),), pictures=(b"\xff\xd8\xff junk",))
MUG, BAG = ("mug", "Taza"), ("bag", "Bolso")


def products() -> list[Product]:
    """Four mugs, four bags; one with two pictures, one with none, one whose id is nobody's idea of one."""
    return [
        product("mug-red", MUG, "red", "5"),
        product("mug-green", MUG, "green", "6.50"),
        product("mug-blue", MUG, "blue", "8", pictures=2),
        product("mug-yellow", MUG, "yellow", "9.95"),
        product("bag-red", BAG, "red", "40"),
        product("bag-green", BAG, "green", "45"),
        product("bag-blue", BAG, "blue", "60", pictures=0),
        product(ODD_ID, BAG, "yellow", "75"),
    ]


class ColourIndex:
    """Finds products by the colours that words name and pictures show."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.hold = threading.Event()
        self.hold.set()
        self.begun = threading.Event()
        self.refresh()

    def refresh(self) -> None:
        """Reads the catalogue again."""
        self.catalogue = Catalogue.open(self.path)

    def search(self, query: Query) -> SearchResult:
        """Waits while a test holds it, then answers."""
        self.begun.set()
        self.hold.wait()
        vector = np.zeros(3)
        found = self.catalogue.read(range(len(self.catalogue)))
        if query.text:
            vector += colour_of_text(query.text)
        if query.picture:
            vector += colour_of_picture(query.picture) * (0.4 if query.text else 1)
        if query.like:
            (like,) = [each for each in found if each.id == query.like]
            vector += colour_of_text(like.titles[0].text) * (0.4 if query.text else 1)
        scores = np.array([float(vector @ colour_of_text(each.titles[0].text)) for each in found])
        passing = np.ones(len(found), bool)
        if query.where is not None:
            passing = matching(self.catalogue.facts(), where=query.where)
        rows = [int(row) for row in np.argsort(-scores, kind="stable") if passing[row] and found[row].id != query.like]
        hits = [Hit.of(found[row], row=row, score=float(scores[row])) for row in rows[query.skip :][: query.top]]
        return SearchResult("colours", tuple(hits), searched=len(rows), notes=())


def open_little_shop(
    folder: Path, *, can: Sequence[str] = ("labels", "masks", "cutout"), more: Sequence[Product] = ()
) -> tuple[Shop, ColourIndex]:
    """The shop, with what its model `can` do and `more` products, and the index behind it."""
    write_catalogue(folder, [*products(), *more])
    index = ColourIndex(folder)
    shop = Shop(
        index,
        model="Colours",
        labelling=_labelling if "labels" in can else None,
        masker=_mask if "masks" in can else None,
        cutter=_cut if "cutout" in can else None,
    )
    return shop, index


def _labelling(labels: Sequence[str], *, known: Mapping[int, int]) -> Guesses:
    def guess(*, picture: bytes | None, text: str | None) -> list[tuple[str, float]]:
        seen = colour_of_picture(picture) if picture is not None else colour_of_text(text or "")
        sharp = np.exp(8 * np.array([colour_of_text(label) @ seen for label in labels]))
        return sorted(zip(labels, (sharp / sharp.sum()).tolist(), strict=True), key=lambda each: -each[1])

    return guess


def _mask(picture: bytes, words: Sequence[str]) -> np.ndarray:
    pixels = pixels_of(picture)
    found = np.zeros(pixels.shape[:2], np.int64)
    for number, word in enumerate(words, start=1):
        colour = COLOURS.get(WORDS.get(word, word))
        if colour is not None:
            found[np.abs(pixels - np.array(colour)).sum(-1) < 60] = number
    return found


def _cut(picture: bytes, words: Sequence[str]) -> bytes:
    mask = _mask(picture, words) > 0
    if not mask.any():
        raise ValueError("nothing in it stands out")
    return encoded(Image.fromarray(np.dstack([pixels_of(picture), 255 * mask]).astype(np.uint8), "RGBA"), "PNG")


def colour_of_text(text: str) -> np.ndarray:
    """(3,): the colours that a text names, in either language; zero where it names none."""
    words = [WORDS.get(word, word) for word in text.lower().replace(",", " ").split()]
    return sum((_unit(COLOURS[word]) for word in words if word in COLOURS), np.zeros(3))


def colour_of_picture(picture: bytes) -> np.ndarray:
    """(3,): the mean of a picture's coloured pixels."""
    pixels = pixels_of(picture).reshape(-1, 3)
    coloured = pixels[np.ptp(pixels, axis=1) > 60]
    return _unit(coloured.mean(0)) if len(coloured) else np.zeros(3)


def _unit(colour: Sequence[float] | np.ndarray) -> np.ndarray:
    centred = np.array(colour, float) - 128
    return centred / np.linalg.norm(centred)


def pixels_of(picture: bytes) -> np.ndarray:
    """(h, w, 3) of a picture; a damaged one is refused as models refuse it."""
    with Image.open(io.BytesIO(canonicalise(picture))) as image:
        return np.asarray(image.convert("RGB")).astype(int)
