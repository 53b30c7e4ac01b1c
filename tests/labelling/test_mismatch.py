"""Mismatch: the most doubtful products of a catalogue, with the part that does not belong."""

import csv
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from vitrina.catalogue.product import Product, Text
from vitrina.catalogue.store import Catalogue, write_catalogue
from vitrina.labelling import mismatch
from vitrina.labelling.mismatch import doubtful, find_mismatches
from vitrina.training import load

COLOURS = ("red", "blue", "green", "white", "black", "grey", "pink", "brown")
KINDS = ("mug", "shirt", "lamp", "chair")


class Words:
    """Pictures are words in bytes, and every word has a vector."""

    def embed_texts(self, texts: Sequence[str]) -> np.ndarray:
        return self._vectors([text.split() for text in texts], shift=1.0)

    def embed_images(self, pictures: Sequence[bytes]) -> np.ndarray:
        return self._vectors([picture.decode().split() for picture in pictures], shift=-1.0)

    def _vectors(self, all_words: Sequence[Sequence[str]], *, shift: float) -> np.ndarray:
        rows = np.zeros((len(all_words), 33), dtype=np.float32)
        for row, words in zip(rows, all_words, strict=True):
            row[0] = shift
            for word in words:
                row[1:] += np.random.default_rng(sum(map(ord, word))).normal(size=32) / 6
        return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)


def shop() -> list[Product]:
    """Ten of each kind and colour, each with two pictures and a title."""
    return [
        Product(
            id=f"{kind}-{colour}-{number}",
            titles=(Text(f"{colour} {kind}"),),
            pictures=(f"{colour} {kind}".encode(), f"{kind} {colour} {kind}".encode()),
            category=("Home", kind),
        )
        for kind in KINDS
        for colour in COLOURS
        for number in range(2)
    ]


def spoilt() -> list[Product]:
    products = shop()
    changed = {
        5: {"pictures": (products[5].pictures[0], b"green chair")},
        25: {"titles": (Text("pink lamp"),)},
        45: {"category": ("Home", "mug")},
    }
    return [replace(each, **changed.get(row, {})) for row, each in enumerate(products)]


@pytest.fixture
def catalogue(tmp_path) -> Catalogue:
    return write_catalogue(tmp_path / "shop", spoilt())


def test_the_wrong_picture_title_and_category_come_first_and_are_named(catalogue):
    found = {doubt.product.id: doubt.where for doubt in doubtful(Words(), catalogue=catalogue)[:3]}
    wrong = [catalogue[row].id for row in (5, 25, 45)]
    assert found == {wrong[0]: "picture 1", wrong[1]: "title 0", wrong[2]: "category"}


def test_every_product_is_listed_once_the_most_doubtful_first(catalogue):
    found = doubtful(Words(), catalogue=catalogue)
    assert len({doubt.product.id for doubt in found}) == len(found) == len(catalogue)
    scores = [doubt.score for doubt in found]
    assert scores == sorted(scores, reverse=True)


def test_the_file_holds_every_doubt_and_a_second_call_writes_the_same(catalogue, tmp_path, monkeypatch):
    monkeypatch.setattr(mismatch, "load_embedding", lambda run: Words())
    out = tmp_path / "new" / "doubts.csv"
    said = find_mismatches("run", catalogue=catalogue.path, out=out).text()
    first = out.read_bytes()
    rows = list(csv.DictReader(first.decode().splitlines()))
    assert len(rows) == len(catalogue)
    assert {"title 0", "picture 1", "category"} <= {row["part"] for row in rows[:3]}
    assert rows[0]["id"] in said and str(out) in said
    find_mismatches("run", catalogue=catalogue.path, out=out)
    assert out.read_bytes() == first


def test_a_description_is_named_by_its_number(tmp_path):
    products = shop()
    products[8] = replace(products[8], descriptions=(Text("blue mug"), Text("grey chair of brown lamp")))
    catalogue = write_catalogue(tmp_path / "shop", products)
    assert doubtful(Words(), catalogue=catalogue)[0].where == "description 1"


def test_products_that_cannot_be_compared_are_an_error_in_words(tmp_path):
    catalogue = write_catalogue(tmp_path / "few", [Product(id="1", titles=(Text("red mug"),))])
    with pytest.raises(ValueError, match="nothing can be compared"):
        doubtful(Words(), catalogue=catalogue)


def test_a_model_that_embeds_nothing_is_refused(catalogue, monkeypatch):
    monkeypatch.setattr(load, "load", lambda run: object())
    with pytest.raises(ValueError, match="run holds a object, which does not embed texts and pictures: name"):
        find_mismatches("run", catalogue=catalogue.path)


def test_a_list_that_is_no_csv_is_refused_before_anything_is_done(catalogue, tmp_path):
    with pytest.raises(ValueError, match=r"end it with \.csv"):
        find_mismatches("nowhere", catalogue=catalogue.path, out=tmp_path / "notes.txt")
