"""The catalogues of the experiments: training products alone, a part of them, cut by title, held out as dev.

The val and test splits are never read here: settings are compared on what training products say.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from vitrina.catalogue.ingest import ingest
from vitrina.catalogue.product import Product, Text
from vitrina.catalogue.store import Catalogue, write_catalogue

FASHION = "fashion_products"
SHOPS = ("clothing_images", "text_mercadona_es", "text_abt_buy", "text_amazon_google", "flipkart_products")


def catalogue(name: str, *, data: Path, work: Path) -> Path:
    """The catalogue of that name below `work`, made from the folders in `data` where it is not there yet.

    `dev` is fashion_products with a tenth of its training products held out; `half` has only every second of the
    others, `half_apart` shows the rest as texts without pictures or pictures without texts, and `twins` has those
    that share their title; `grocery_named` is grocery_store's photographs under the names of their goods, `grocery`
    the training ones of these with a tenth held out; other names are folders as they are.
    """
    path = work / "catalogues" / name
    if path.exists():
        return path
    if name in SHOPS or name == FASHION:
        print(ingest([data / name], out=path).text(), flush=True)
        return path
    make = _MADE[name]
    write_catalogue(path, make(data, work))
    return path


def _dev(data: Path, work: Path) -> Iterator[Product]:
    opened = Catalogue.open(catalogue(FASHION, data=data, work=work))
    for product in _products(opened):
        if product.split == "train":
            yield replace(product, split="val" if _tenth(_title(product), of=10) == 0 else "train")


def _half(data: Path, work: Path) -> Iterator[Product]:
    for product in _products(Catalogue.open(catalogue("dev", data=data, work=work))):
        if product.split == "val" or _is_first_half(product):
            yield product


def _half_apart(data: Path, work: Path) -> Iterator[Product]:
    """Half of the rest lose their pictures, the others their texts."""
    for product in _products(Catalogue.open(catalogue("dev", data=data, work=work))):
        if product.split == "train" and not _is_first_half(product):
            if _tenth(f"apart {product.id}", of=2):
                yield replace(product, id=f"{product.id}-text", pictures=())
            else:
                yield replace(product, id=f"{product.id}-picture", titles=(), descriptions=())


def _twins(data: Path, work: Path) -> Iterator[Product]:
    opened = Catalogue.open(catalogue("dev", data=data, work=work))
    shared = Counter(_title(product) for product in _products(opened) if product.split == "train")
    for product in _products(opened):
        if product.split == "val" or shared[_title(product)] > 1:
            yield product


def _grocery(data: Path, work: Path) -> Iterator[Product]:
    for product in _products(Catalogue.open(catalogue("grocery_named", data=data, work=work))):
        if product.split == "train":
            yield replace(product, split="val" if _tenth(f"grocery {product.id}", of=10) == 0 else "train")


def _grocery_named(data: Path, work: Path) -> Iterator[Product]:
    """Photographs alone state what they show as `label`."""
    plain = work / "catalogues" / "grocery_photographs"
    if not plain.exists():
        print(ingest([data / "grocery_store"], out=plain).text(), flush=True)
    for product in _products(Catalogue.open(plain)):
        name = product.attributes.get("label")
        if name is not None:
            category = (*product.category, name)
            yield replace(product, titles=(Text(name, "en"),), descriptions=(), category=category)


def _products(opened: Catalogue) -> Iterator[Product]:
    return (opened[row] for row in range(len(opened)))


def _is_first_half(product: Product) -> bool:
    return _tenth(f"half {_title(product)}", of=2) == 0


def _title(product: Product) -> str:
    return " ".join(product.titles[0].text.casefold().split())


def _tenth(text: str, *, of: int) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") % of


_MADE: dict[str, Callable[[Path, Path], Iterable[Product]]] = {
    "dev": _dev,
    "half": _half,
    "half_apart": _half_apart,
    "twins": _twins,
    "grocery": _grocery,
    "grocery_named": _grocery_named,
}
