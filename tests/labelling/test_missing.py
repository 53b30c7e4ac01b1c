import csv
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from wordy import Words, product

from vitrina.catalogue.product import Product
from vitrina.catalogue.store import Catalogue, write_catalogue
from vitrina.labelling.missing import fill_with
from vitrina.labelling.review import accept
from vitrina.tasks.fields import Field


@pytest.fixture
def gaps(tmp_path: Path) -> Catalogue:
    """90 whole products, 10 without a colour, 5 without a category, and lamps that have no colour by nature."""
    whole = [product(number) for number in range(90)]
    pale = [product(number, attributes={"size": "M"}, price=Decimal("9.90")) for number in range(90, 100)]
    loose = [product(number, category=()) for number in range(100, 105)]
    lamps = [replace(product(number, attributes={}), category=("Home", "lamp")) for number in range(105, 115)]
    return write_catalogue(tmp_path / "gaps", [*whole, *pale, *loose, *lamps])


def review(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def written(path: Path, table: list[dict[str, str]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(table[0]))
        writer.writeheader()
        writer.writerows(table)
    return path


def truth(number: int, name: str) -> str:
    return (
        product(number).attributes["colour"] if name == "attributes.colour" else f"Shop > {product(number).category[1]}"
    )


def test_what_is_missing_is_proposed_and_what_does_not_apply_is_not(gaps, tmp_path):
    found = fill_with(Words(), digest="m", catalogue=gaps, out=tmp_path / "review.csv", fields=None)
    table = review(tmp_path / "review.csv")
    assert {(row["id"], row["field"]) for row in table} == {
        *((f"p{number}", "attributes.colour") for number in range(90, 100)),
        *((f"p{number}", "category") for number in range(100, 105)),
    }
    right = [row["value"] == truth(int(row["id"][1:]), row["field"]) for row in table]
    assert np.mean(right) > 0.9
    assert all(row["accept"] == "" and "most like p" in row["evidence"] and row["runner_up"] for row in table)
    assert "attributes.colour: 10 proposed among 4 values" in found.text()
    assert fill_with(Words(), digest="m", catalogue=gaps, out=tmp_path / "review.csv", fields=None).was_there


def test_rows_stand_in_the_order_in_which_a_look_mends_most(gaps, tmp_path):
    fill_with(Words(noise=1.0), digest="m", catalogue=gaps, out=tmp_path / "review.csv", fields=None)
    pairs = [(float(row["confidence"]), float(row["runner_up_confidence"])) for row in review(tmp_path / "review.csv")]
    use = [(1 - first) * (first + second) for first, second in pairs]
    assert use == pytest.approx(sorted(use, reverse=True), abs=1e-5)


def test_accepted_rows_become_a_version_and_nothing_else_changes(gaps, tmp_path):
    fill_with(Words(), digest="m", catalogue=gaps, out=tmp_path / "review.csv", fields=None)
    table = review(tmp_path / "review.csv")
    for row in table:
        row["accept"] = {"p90": "yes", "p91": "x", "p92": "no", "p100": "Sí"}.get(row["id"], "")
        row["value"] = "teal" if row["id"] == "p91" else row["value"]
    before = {each.id: each for each in gaps.read(range(len(gaps)))}
    done = accept(written(tmp_path / "review.csv", table), catalogue=gaps.path)
    assert (done.accepted, done.products, done.left_open) == (3, 3, 12)
    after = Catalogue.open(gaps.path)
    now = {each.id: each for each in after.read(range(len(after)))}
    assert now["p91"] == replace(before["p91"], attributes={"size": "M", "colour": "teal"})
    assert now["p90"].price == Decimal("9.90") and now["p90"].attributes["colour"] == truth(90, "attributes.colour")
    assert now["p100"].category == ("Shop", truth(100, "category").split(" > ")[1])
    assert {id_ for id_ in now if now[id_] != before[id_]} == {"p90", "p91", "p100"}
    assert Catalogue.open(gaps.path, digest=gaps.digest).digest == gaps.digest
    again = accept(tmp_path / "review.csv", catalogue=gaps.path)
    assert (again.accepted, again.digest) == (0, done.digest)


def test_confident_rows_may_be_accepted_unseen_but_never_over_what_is_stated(gaps, tmp_path):
    fill_with(Words(), digest="m", catalogue=gaps, out=tmp_path / "review.csv", fields=[Field(attribute="colour")])
    table = review(tmp_path / "review.csv")
    sure = [row for row in table if float(row["confidence"]) >= 0.9]
    stated = sure[0]["id"]
    write_catalogue(gaps.path, [replace(product(int(stated[1:])), attributes={"colour": "stated meanwhile"})])
    done = accept(tmp_path / "review.csv", catalogue=gaps.path, above=0.9)
    assert (done.accepted, done.stated_meanwhile) == (len(sure) - 1, 1)
    opened = Catalogue.open(gaps.path)
    kept = {each.id: each for each in opened.read(range(len(opened)))}
    assert kept[stated].attributes["colour"] == "stated meanwhile"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"accept": "perhaps"}, "line 2: `accept` is 'perhaps'"),
        ({"accept": "yes", "value": " "}, "line 2: the row is accepted and has no value"),
        ({"accept": "yes", "field": "colour"}, "line 2: 'colour' is no field"),
        ({"accept": "yes", "field": "category:2"}, "line 2: category:2 is one level"),
        ({"confidence": "high"}, "line 2: the confidence 'high' is no number"),
    ],
)
def test_a_review_that_cannot_be_read_changes_nothing(gaps, tmp_path, change, words):
    row = {"accept": "", "id": "p90", "field": "attributes.colour", "value": "red", "confidence": "0.5"}
    with pytest.raises(ValueError, match=words):
        accept(written(tmp_path / "r.csv", [row | change]), catalogue=gaps.path, above=0.9)
    assert Catalogue.open(gaps.path).digest == gaps.digest


def test_a_catalogue_that_states_nothing_has_nothing_to_learn_from(tmp_path):
    bare = write_catalogue(tmp_path / "bare", [Product(id=str(n), pictures=(b"red hat",)) for n in range(60)])
    with pytest.raises(ValueError, match="nothing to learn from"):
        fill_with(Words(), digest="m", catalogue=bare, out=tmp_path / "review.csv", fields=None)


def test_a_catalogue_that_lacks_nothing_is_told_so(tmp_path):
    whole = write_catalogue(tmp_path / "whole", [product(number) for number in range(90)])
    found = fill_with(Words(), digest="m", catalogue=whole, out=tmp_path / "review.csv", fields=None)
    assert "no product lacks what others like it state" in found.text() and "`accept`" not in found.text()
    assert review(tmp_path / "review.csv") == []


def test_a_review_that_a_spreadsheet_wrote_anew_is_taken_as_it_was_meant(gaps, tmp_path):
    rows = ["accept;ID;field;value;confidence", 'sí;p90;attributes.colour;" deep  red ";0,9', ";p91;category;a;", ";"]
    (tmp_path / "r.csv").write_bytes(("\ufeff" + "\r\n".join(rows)).encode())
    done = accept(tmp_path / "r.csv", catalogue=gaps.path)
    assert (done.accepted, done.left_open) == (1, 1)
    facts = {each.id: each.attributes for each in Catalogue.open(gaps.path).read(range(115), pictures="none")}
    assert facts["p90"]["colour"] == "deep red"
