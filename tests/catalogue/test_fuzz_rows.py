"""Nasty rows by the thousand and spoilt files through every reader: words, never a crash, and no good row lost."""

import json
import random
from pathlib import Path

import pytest
from catalogue.fuzz_formats import FORMATS, good, jsonl, wounded_file
from catalogue.nasty import spoilt, text, value

from vitrina.catalogue.ingest import ingest
from vitrina.catalogue.store import Catalogue

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:PIL")

ROWS = 10_000 // len(FORMATS) + 1
FILES = 2_000 // len(FORMATS) + 1


def mixed(draws: random.Random) -> tuple[list[dict[str, str]], int]:
    """Nasty rows with a good one after every nine, and how many good ones."""
    rows, count = [], 0
    for number in range(ROWS):
        if number % 10 == 0:
            rows.append(dict(good(count)))
            count += 1
        else:
            row = {key: text(draws) if draws.random() < 0.6 else old for key, old in good(number).items()}
            rows.append({**row, "id": draws.choice((f"nasty-{number}", row["id"].replace("good", "bad"), ""))})
    return rows, count


def check(catalogue: Catalogue) -> None:
    """Every product is well formed, whatever it came from."""
    for product in catalogue.read(range(len(catalogue))):
        assert product.id and (product.texts or product.pictures)
        assert all(each.text.strip() and "\x00" not in each.text for each in product.texts)
        assert product.price is None or product.price >= 0
        assert "" not in (product.brand, product.currency, product.group, *product.category)


@pytest.mark.parametrize("write", FORMATS)
def test_good_rows_among_nasty_ones_all_come_in(write, tmp_path: Path):
    rows, count = mixed(random.Random(write.__name__))
    report = ingest([write(tmp_path, rows)], out=tmp_path / "shop", downloads=None)
    catalogue = Catalogue.open(tmp_path / "shop")
    titles = {each.text for product in catalogue.read(range(len(catalogue))) for each in product.titles}
    assert {f"Taza número {number}" for number in range(count)} <= titles
    check(catalogue)
    assert all(problem.reason and problem.count >= 1 for problem in report.problems)
    assert all(sample.file and sample.row >= 0 for problem in report.problems for sample in problem.samples)


def test_every_row_is_taken_refused_or_overridden(tmp_path: Path):
    rows, _ = mixed(random.Random("accounts"))
    report = ingest([jsonl(tmp_path, rows)], out=tmp_path / "shop", downloads=None)
    assert report.read == len(rows)
    assert report.added + report.count("row") + report.count("repeated") == report.read


def test_json_values_of_every_kind_harm_their_own_row_alone(tmp_path: Path):
    draws = random.Random("json values")
    lines, count = [], 0
    for number in range(2_000):
        row = dict(good(number))
        if number % 10:
            row = {"id": f"nasty-{number}"} | {key: value(draws) for key in row if key != "id"}
            row |= {"price": value(draws), "attributes": value(draws), "lang": value(draws), "split": value(draws)}
        else:
            count += 1
        lines.append(json.dumps(row))
    feed = tmp_path / "feed.jsonl"
    feed.write_text("\n".join(lines), encoding="utf-8")
    ingest([feed], out=tmp_path / "shop", downloads=None)
    catalogue = Catalogue.open(tmp_path / "shop")
    assert sum(product.id.startswith("good-") for product in catalogue.read(range(len(catalogue)))) == count
    check(catalogue)


@pytest.mark.parametrize("write", FORMATS)
def test_a_spoilt_file_gives_products_or_words(write, tmp_path: Path):
    draws = random.Random(f"files {write.__name__}")
    whole = refused = 0
    for attempt in range(FILES):
        folder = tmp_path / str(attempt)
        folder.mkdir()
        source = write(folder, [good(number) for number in range(5)])
        wounded_file(source, draws=draws, spoil=spoilt)
        try:
            ingest([source], out=folder / "shop", downloads=None)
        except ValueError as error:
            refused += 1
            assert str(error).strip()
            assert not (folder / "shop").exists()
            continue
        whole += 1
        check(Catalogue.open(folder / "shop"))
    assert whole and whole + refused == FILES
