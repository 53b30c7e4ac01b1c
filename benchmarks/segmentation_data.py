"""Pictures with exact regions to score masks and boxes on, and a catalogue of them for weak training.

A *scene* is a picture with its classes and boxes; nothing of them is seen in training but, where a benchmark says so,
the names of the classes in the picture.
"""

import hashlib
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from vitrina.catalogue.pictures import canonicalise
from vitrina.catalogue.product import Product, Text
from vitrina.catalogue.sample.oracle import Oracle
from vitrina.catalogue.store import Catalogue, write_catalogue
from vitrina.evaluation.grounding import Asked
from vitrina.evaluation.segmentation import Scene

DEV_TENTHS = 1
TEXTS = 4
"""Texts of a picture beside the whole list: some of its labels, drawn by hash."""


@dataclass(frozen=True)
class Part:
    """The scenes of one part of a data set, and the phrases asked about them."""

    scenes: list[Scene]
    asked: list[Asked]

    def with_more(self, other: "Part") -> "Part":
        """Both parts as one."""
        return Part([*self.scenes, *other.scenes], [*self.asked, *other.asked])


def is_dev(name: str) -> bool:
    """Whether a training picture stands in the dev part: a tenth, by the hash of its name."""
    return hashlib.sha256(name.encode()).digest()[0] % 10 < DEV_TENTHS


def clothing_rows(data: Path, *, split: str) -> list[dict[str, Any]]:
    """The rows of `train` (without dev), `dev` (a tenth of train) or `val` of clothing_parsing."""
    rows = read_rows(data / "clothing_parsing" / ("items_val.jsonl" if split == "val" else "items_train.jsonl"))
    return rows if split == "val" else [row for row in rows if is_dev(row["id"]) == (split == "dev")]


def clothing(data: Path, *, split: str) -> Part:
    """clothing_parsing: 58 labels of street photos, masks and the box of each label."""
    folder = data / "clothing_parsing"
    names = json.loads((folder / "labels.json").read_text())
    scenes, asked = [], []
    for row in clothing_rows(data, split=split):
        picture = (folder / row["image"]).read_bytes()
        labels = np.asarray(Image.open(folder / row["mask"])).astype(np.int64)
        words = tuple(names[number] for number in np.unique(labels) if number)
        scenes.append(Scene(row["id"], picture, words=words, labels=labels, names=tuple(names[1:])))
        own = tuple(region["label"] for region in row["regions"])
        asked += [
            Asked(row["id"], picture, region["label"], (tuple(region["box"]),), beside=own, label=region["label"])
            for region in row["regions"]
        ]
    return Part(scenes, asked)


def coco(data: Path, *, split: str) -> Part:
    """coco_mini: masks of things and stuff where there are any; a question for each label with one instance alone."""
    folder = data / "coco_mini"
    table = json.loads((folder / "mask_labels.json").read_text())
    numbers = sorted(int(number) for number in table if int(number))
    names = tuple(plain_name(table[str(number)]) for number in numbers)
    place = np.zeros(max(256, numbers[-1] + 1), np.int64)
    place[numbers] = np.arange(1, len(numbers) + 1)
    rows = read_rows(folder / ("items_val.jsonl" if split == "val" else "items_train.jsonl"))
    scenes, asked = [], []
    for row in rows:
        picture = (folder / row["image"]).read_bytes()
        if row.get("mask"):
            labels = place[np.asarray(Image.open(folder / row["mask"])).astype(np.int64)]
            words = tuple(names[number - 1] for number in np.unique(labels) if number)
            scenes.append(Scene(row["id"], picture, words=words, labels=labels, names=names))
        found = [each["label"] for each in row["objects"]]
        own = tuple(dict.fromkeys(found))
        asked += [
            Asked(row["id"], picture, each["label"], (tuple(each["box"]),), beside=own, label=each["label"])
            for each in row["objects"]
            if found.count(each["label"]) == 1
        ]
    return Part(scenes, asked)


def sample(shop: Path, *, split: str, limit: int) -> Part:
    """A generated catalogue: the exact mask of every kind of object, and phrases that point at one thing each."""
    catalogue, oracle = Catalogue.open(shop), Oracle.open(shop)
    facts = catalogue.facts()
    rows = [row for row, each in enumerate(facts["split"].to_pylist()) if each == split][:limit]
    products = catalogue.read(rows)
    kinds: dict[str, int] = {}
    known = oracle.pictures_of([product.id for product in products])
    for pictures in known:
        for picture in pictures:
            for each in picture.truth.objects:
                kinds.setdefault(each.kind, len(kinds) + 1)
    scenes, asked = [], []
    for product, pictures in zip(products, known, strict=True):
        for picture in pictures:
            if picture.damages or picture.number >= len(product.pictures):
                continue
            encoded = product.pictures[picture.number]
            objects = np.asarray(Image.open(io.BytesIO(picture.truth.object_mask))).astype(np.int64)
            own = np.array([0, *(kinds[each.kind] for each in picture.truth.objects)])
            words = tuple(dict.fromkeys(each.kind for each in picture.truth.objects))
            name = f"{product.id}/{picture.number}"
            scenes.append(Scene(name, encoded, words=words, labels=own[objects], names=tuple(kinds)))
            asked += [
                Asked(name, encoded, phrase.text, phrase.boxes, beside=(phrase.text,), label=phrase.language)
                for phrase in picture.phrases
            ]
    return Part(scenes, asked)


def write_weak_catalogue(data: Path, *, out: Path) -> None:
    """clothing_parsing as a shop would have it: pictures and the names of what is worn; no box, no mask.

    Split train is train without dev, val is dev, test is the folder's val. A picture's texts are the whole list of
    its labels and a few parts of it, in an order drawn by hash.
    """
    folder = data / "clothing_parsing"
    write_catalogue(
        out,
        [
            Product(
                id=row["id"],
                titles=tuple(
                    Text(text, "en") for text in weak_texts(row["id"], [each["label"] for each in row["regions"]])
                ),
                pictures=(canonicalise((folder / row["image"]).read_bytes()),),
                split=named,
            )
            for split, named in (("train", "train"), ("dev", "val"), ("val", "test"))
            for row in clothing_rows(data, split=split)
        ],
    )


def weak_texts(name: str, labels: Sequence[str]) -> list[str]:
    """The labels as a text, and some of them as others.

    >>> sorted(weak_texts("a", ["hat", "coat"])[0].split(", "))
    ['coat', 'hat']
    """
    draws = np.random.default_rng(int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big"))
    texts = [", ".join(draws.permutation(np.array(labels)))] if labels else ["a person"]
    for _ in range(TEXTS if labels else 0):
        count = int(draws.integers(1, min(3, len(labels)) + 1))
        texts.append(", ".join(draws.permutation(np.array(labels))[:count]))
    return list(dict.fromkeys(texts))


def plain_name(name: str) -> str:
    """COCO's `floor-wood` and `tree-merged` in words."""
    return name.removesuffix("-merged").removesuffix("-other").replace("-", " ")


def read_rows(path: Path) -> list[dict[str, Any]]:
    """The rows of a JSON lines file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
