"""A shop small enough to be looked through in a test."""

import io
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import simplejpeg
from PIL import Image

from vitrina.catalogue.product import Product, Text
from vitrina.catalogue.store import Catalogue, write_catalogue
from vitrina.data.inputs import Inputs
from vitrina.data.pictures import PictureGeometry
from vitrina.data.stock import Stock
from vitrina.data.text import train_tokenizer

WORDS = (
    *("taza", "roja", "azul", "verde", "lámpara", "mesa", "silla", "cojín", "algodón"),
    *("red", "blue", "green", "mug", "chair", "lamp", "sofa", "XL-40", "12.5", "cm"),
)


def jpeg(number: int, *, height: int = 24, width: int = 18) -> bytes:
    """A smooth picture that no other number has."""
    random = np.random.default_rng(number)
    corners = Image.fromarray(random.integers(0, 256, (3, 3, 3), dtype=np.uint8))
    return simplejpeg.encode_jpeg(np.asarray(corners.resize((width, height), Image.Resampling.BICUBIC)), quality=92)


def png(number: int) -> bytes:
    file = io.BytesIO()
    Image.fromarray(simplejpeg.decode_jpeg(jpeg(number))).save(file, "PNG")
    return file.getvalue()


def title(number: int) -> str:
    random = np.random.default_rng(number)
    return " ".join([*random.choice(WORDS, int(random.integers(2, 9))), f"n{number}"])


def product(
    number: int,
    *,
    texts: int = 1,
    pictures: int = 1,
    split: str = "train",
    category: Sequence[str] = (),
    group: str | None = None,
) -> Product:
    titles = tuple(Text(title(number * 10 + each), "es") for each in range(texts))
    return Product(
        id=f"p{number}",
        titles=titles[:1],
        descriptions=titles[1:],
        pictures=tuple(jpeg(number * 10 + each) for each in range(pictures)),
        category=tuple(category),
        group=group,
        split=split,
    )


def products() -> Iterator[Product]:
    """40 training pairs (ten with three texts and two pictures), 24 texts alone, 9 pictures alone, 9 held out."""
    for number in range(40):
        rich = number % 4 == 0
        yield product(
            number, texts=3 if rich else 1, pictures=2 if rich else 1, category=("home", f"shelf {number % 5}")
        )
    for number in range(100, 124):
        yield product(number, pictures=0)
    for number in range(200, 209):
        yield product(number, texts=0)
    for number in range(300, 309):
        yield product(number, texts=number % 3, pictures=1, split="val" if number % 2 else "test")


def catalogue(folder: Path, given: Iterator[Product] | Sequence[Product]) -> Catalogue:
    return write_catalogue(folder / "shop", given)


def stock_of(folder: Path, given: Sequence[Product]) -> Stock:
    return Stock([catalogue(folder, given)])


def inputs(*, size_px: int = 16, max_tokens: int = 24) -> Inputs:
    tokenizer = train_tokenizer([title(number) for number in range(50)], vocabulary=400)
    return Inputs(tokenizer, PictureGeometry(size_px=size_px), max_tokens)
