import csv
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from wordy import COLOURS, Words, product

from vitrina.catalogue.product import Product, Text
from vitrina.catalogue.store import Catalogue, write_catalogue
from vitrina.labelling import parts as keeping
from vitrina.labelling.asked import Asked
from vitrina.labelling.parts import Written, working
from vitrina.labelling.tag import tag_with


def tagged(
    shop: Catalogue,
    out: Path,
    *,
    model: object = None,
    digest: str = "m",
    mode: str | None = None,
    use: str = "auto",
    **asked: object,
) -> Written:
    """What is stated is learnt by class means where a test does not say otherwise: they are fitted in no time."""
    told = Asked.read(**{"labels": None, "by": None, "examples": None, **asked})
    mode = mode or ("few-shot" if told.field is not None else "auto")
    return tag_with(model or Words(), digest=digest, catalogue=shop, out=out, asked=told, mode=mode, use=use)


def rows(path: Path) -> dict[str, dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return {row["id"]: row for row in csv.DictReader(file)}


def test_every_product_gets_its_colour_with_a_confidence_that_holds(shop, tmp_path):
    found = tagged(shop, tmp_path / "colours.csv", by="attributes.colour", mode="auto")
    table = rows(tmp_path / "colours.csv")
    assert len(table) == 200
    right = [row["label"] == row["known"] for row in table.values()]
    confidence = [float(row["confidence"]) for row in table.values()]
    assert np.mean(right) > 0.95
    assert abs(np.mean(confidence) - np.mean(right)) < 0.05
    assert "outside the training split that state attributes.colour" in found.text()
    assert "at random 25.0 %" in found.text()


def test_labels_of_a_file_without_known_answers_are_said_not_to_be_calibrated(shop, tmp_path):
    (tmp_path / "labels.txt").write_text("bag\nboot\nhat\n", encoding="utf-8")
    found = tagged(shop, tmp_path / "kinds.csv", labels=tmp_path / "labels.txt")
    assert "not calibrated" in found.text()
    table = rows(tmp_path / "kinds.csv")
    assert all(table[f"p{number}"]["label"] == ("bag", "boot", "hat")[number % 3] for number in range(200))
    assert {row["from"] for row in table.values()} == {"picture"}


def test_a_few_examples_teach_words_that_the_model_never_heard(shop, tmp_path):
    (tmp_path / "labels.csv").write_text("label\nalfa\nbeta\ngamma\n", encoding="utf-8")
    lines = [f"p{number},{('alfa', 'beta', 'gamma')[number % 3]}" for number in range(12)]
    (tmp_path / "known.csv").write_text("id,label\n" + "\n".join(lines), encoding="utf-8")
    tagged(shop, tmp_path / "out.csv", labels=tmp_path / "labels.csv", examples=tmp_path / "known.csv")
    table = rows(tmp_path / "out.csv")
    right = [table[f"p{number}"]["label"] == ("alfa", "beta", "gamma")[number % 3] for number in range(200)]
    assert np.mean(right) > 0.9


def test_examples_of_strangers_are_refused(shop, tmp_path):
    (tmp_path / "known.csv").write_text("id,label\np1,boot\nnobody,hat\n", encoding="utf-8")
    with pytest.raises(ValueError, match="'nobody', which is not in the catalogue: name its ids"):
        tagged(shop, tmp_path / "out.csv", examples=tmp_path / "known.csv")
    (tmp_path / "known.csv").write_text("id,label\np1,boot\np2,hat\n", encoding="utf-8")
    (tmp_path / "labels.txt").write_text("boot\nbag\n", encoding="utf-8")
    with pytest.raises(ValueError, match="'hat', which is none of the 2 labels"):
        tagged(shop, tmp_path / "out2.csv", labels=tmp_path / "labels.txt", examples=tmp_path / "known.csv")


def test_spanish_and_english_shops_are_tagged_alike(tmp_path):
    def spanish(number: int) -> Product:
        return product(number, titles=(Text(f"Modelo {number} {('bag', 'boot', 'hat')[number % 3]}", "es"),))

    shop = write_catalogue(tmp_path / "tienda", [spanish(number) for number in range(120)])
    tagged(shop, tmp_path / "out.csv", by="category:2")
    table = rows(tmp_path / "out.csv")
    assert np.mean([row["label"] == row["known"] for row in table.values()]) > 0.95


def test_what_cannot_be_read_or_has_nothing_to_look_at_is_counted(shop, tmp_path):
    odd = [
        product(300, split="val", pictures=(b"broken",)),
        product(301, split="val", pictures=(b"broken", b"red hat photo"), titles=()),
        Product(id="empty", category=("Shop", "hat")),
    ]
    opened = write_catalogue(shop.path, odd)
    found = tagged(opened, tmp_path / "out.csv", by="attributes.colour")
    table = rows(tmp_path / "out.csv")
    assert "empty" not in table and len(table) == 202
    assert table["p300"]["from"] == "text"
    assert table["p301"]["label"] == "red"
    assert "2 pictures cannot be read" in found.text()
    assert "1 have no picture and no text" in found.text()
    by_picture = tagged(opened, tmp_path / "seen.csv", by="attributes.colour", use="picture")
    assert "2 have no picture to look at" in by_picture.text()


def test_a_field_without_values_or_a_file_of_another_kind_is_refused(tmp_path, shop):
    with pytest.raises(ValueError, match=r"state nothing about attributes\.size"):
        tagged(shop, tmp_path / "out.csv", by="attributes.size")
    assert [path.name for path in tmp_path.iterdir()] == ["shop"], "a slip leaves nothing that stands in the way"
    with pytest.raises(ValueError, match="'colour' is no field"):
        tagged(shop, tmp_path / "out.csv", by="colour")
    with pytest.raises(ValueError, match=r"end it with \.csv or \.parquet"):
        tagged(shop, tmp_path / "out.xlsx")
    assert not (tmp_path / "out.csv").exists()


def test_csv_and_parquet_hold_the_same(shop, tmp_path):
    tagged(shop, tmp_path / "a.csv", by="category")
    tagged(shop, tmp_path / "a.parquet", by="category")
    wide = pq.read_table(tmp_path / "a.parquet")
    assert wide.schema.metadata[b"vitrina.model"] == b"m"
    table = rows(tmp_path / "a.csv")
    for row in wide.to_pylist():
        assert {name: "" if value is None else str(value) for name, value in row.items()} == table[row["id"]]


def test_running_twice_does_nothing_new_and_another_model_is_refused(shop, tmp_path):
    out, model = tmp_path / "out.csv", Words()
    tagged(shop, out, model=model)
    seen, content = model.pictures_seen, out.read_bytes()
    again = tagged(shop, out, model=model)
    assert again.was_there and "nothing was done" in again.text()
    assert (model.pictures_seen, out.read_bytes()) == (seen, content)
    with pytest.raises(ValueError, match="is of another model"):
        tagged(shop, out, digest="other")
    with pytest.raises(ValueError, match="another choice of labels"):
        tagged(shop, out, by="attributes.colour")
    changed = write_catalogue(shop.path, [replace(product(3), brand="New")])
    with pytest.raises(ValueError, match="another catalogue"):
        tagged(changed, out)
    assert out.read_bytes() == content


def test_a_file_of_somebody_else_is_never_overwritten(shop, tmp_path):
    (tmp_path / "mine.csv").write_text("precious", encoding="utf-8")
    with pytest.raises(ValueError, match="was not written by this command"):
        tagged(shop, tmp_path / "mine.csv")
    assert (tmp_path / "mine.csv").read_text(encoding="utf-8") == "precious"


class Dying(Words):
    """Dies after some pictures."""

    def __init__(self, *, after: int, kill: bool = False) -> None:
        super().__init__()
        self.after, self.kill = after, kill

    def embed_images(self, pictures):
        if self.pictures_seen + len(pictures) > self.after:
            if self.kill:
                os.kill(os.getpid(), signal.SIGKILL)
            raise KeyboardInterrupt
        return super().embed_images(pictures)


@pytest.mark.parametrize("after", [0, 100, 170, 250, 330])
def test_an_interrupted_call_goes_on_and_ends_with_the_same_file(shop, tmp_path, monkeypatch, after):
    monkeypatch.setattr(keeping, "ROWS_PER_PART", 40)
    tagged(shop, tmp_path / "whole.csv", by="attributes.colour")
    out = tmp_path / "cut.csv"
    with pytest.raises(KeyboardInterrupt):
        tagged(shop, out, by="attributes.colour", model=Dying(after=after))
    assert not out.exists()
    there = len(list((tmp_path / "cut.csv.parts").glob("part-*")))
    model = Words()
    tagged(shop, out, by="attributes.colour", model=model)
    learnt = 0 if after >= 160 else 160
    assert model.pictures_seen == learnt + 200 - 40 * there
    assert out.read_bytes() == (tmp_path / "whole.csv").read_bytes()
    assert not (tmp_path / "cut.csv.parts").exists()


def test_a_killed_process_loses_no_part_and_a_damaged_part_is_made_again(shop, tmp_path, monkeypatch):
    code = (
        "import sys; from pathlib import Path; sys.path.insert(0, sys.argv[1])\n"
        "import test_tag; from vitrina.catalogue.store import Catalogue; from vitrina.labelling import parts\n"
        "parts.ROWS_PER_PART = 40\n"
        "test_tag.tagged(Catalogue.open(sys.argv[2]), Path(sys.argv[3]), by='attributes.colour',\n"
        "                model=test_tag.Dying(after=290, kill=True))\n"
    )
    out = tmp_path / "killed.csv"
    command = [sys.executable, "-c", code, str(Path(__file__).parent), str(shop.path), str(out)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    parts = sorted((tmp_path / "killed.csv.parts").glob("part-*"))
    assert len(parts) == 3 and not out.exists()
    parts[1].write_bytes(parts[1].read_bytes()[:-20])
    with pytest.raises(ValueError, match="unfinished"):
        tagged(shop, out, by="attributes.colour", digest="other")
    monkeypatch.setattr(keeping, "ROWS_PER_PART", 40)
    tagged(shop, out, by="attributes.colour")
    tagged(shop, tmp_path / "whole.csv", by="attributes.colour")
    assert out.read_bytes() == (tmp_path / "whole.csv").read_bytes()


def test_two_processes_do_not_write_one_file(shop, tmp_path):
    first = working(tmp_path / "out.csv", stamp={"model": "m"})
    second = working(tmp_path / "out.csv", stamp={"model": "m"})
    with first, pytest.raises(ValueError, match="another process"), second:
        raise AssertionError("a second process was let in")


def test_colours_are_those_of_the_shop(shop, tmp_path):
    tagged(shop, tmp_path / "out.csv", by="attributes.colour")
    table = rows(tmp_path / "out.csv")
    assert {row[name] for row in table.values() for name in ("label", "label_2", "label_3")} <= set(COLOURS)
    for row in table.values():
        shares = [float(row[name]) for name in ("confidence", "confidence_2", "confidence_3")]
        assert shares == sorted(shares, reverse=True)
        assert sum(shares) <= 1.00001
