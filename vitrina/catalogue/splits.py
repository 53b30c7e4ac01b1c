"""Which split a product belongs to: the shop's word, or a hash that no other row can change."""

import hashlib
import unicodedata

from vitrina.catalogue.product import Product

_NAMES = {
    "train": "train", "training": "train", "entrenamiento": "train",
    "val": "val", "valid": "val", "validation": "val", "dev": "val", "validacion": "val", "validación": "val",
    "test": "test", "testing": "test", "prueba": "test",
}  # fmt: skip
_TRAIN_SHARE = 0.8
_VAL_SHARE = 0.1


def split_name(text: str) -> str | None:
    """The split (`train`, `val`, `test`) that a word of a shop means, or None."""
    return _NAMES.get(text.strip().lower())


def draw_split(product: Product) -> str:
    """80 % train, 10 % val, 10 % test, by a hash of the product's family.

    The family is the group; without one, everything with the same first title (case and spaces aside); without a
    title, the same first description; else the same first picture, else the product itself. The answer depends on
    nothing but the product, so adding products moves none: but a product whose title is rewritten may move.
    """
    if product.group is not None:
        family = f"group {product.group}"
    elif product.texts:
        family = "text " + " ".join(unicodedata.normalize("NFKC", product.texts[0].text).casefold().split())
    elif product.pictures:
        family = "picture " + hashlib.sha256(product.pictures[0]).hexdigest()
    else:
        family = f"id {product.id}"
    place = int.from_bytes(hashlib.sha256(family.encode()).digest()[:8], "big") / 2**64
    return "train" if place < _TRAIN_SHARE else "val" if place < _TRAIN_SHARE + _VAL_SHARE else "test"
