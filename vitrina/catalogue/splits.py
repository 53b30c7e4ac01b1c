"""Which split a product belongs to: the shop's word, or a hash that no other row can change."""

import hashlib
import re
import unicodedata
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

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


def splits_of_files(paths: Sequence[Path]) -> list[str | None]:
    """The split that each file's name states, where files differ in nothing else: `x_train.csv` beside `x_val.csv`.

    A lone `test.csv` says nothing, for somebody may only be trying; nor do files of which none is for training.

    >>> splits_of_files([Path("items_train.jsonl"), Path("items_test.jsonl"), Path("test.csv")])
    ['train', 'test', None]
    """
    families: defaultdict[str, dict[int, str]] = defaultdict(dict)
    for number, path in enumerate(paths):
        words = re.split(r"([^\W_]+)", path.name)
        named = [place for place, word in enumerate(words) if place % 2 and split_name(word)]
        if len(named) == 1:
            split = split_name(words[named[0]])
            assert split is not None
            words[named[0]] = "*"
            name = "".join("#" if word.isdecimal() else word for word in words)
            families[str(path.parent / name)][number] = split
    stated: list[str | None] = [None] * len(paths)
    for family in families.values():
        if "train" in family.values() and len(set(family.values())) > 1:
            for number, split in family.items():
                stated[number] = split
    return stated


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
