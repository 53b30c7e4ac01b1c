import csv
import json
import math

import numpy as np
import pytest
from searchable import WordModel, opened

from vitrina.catalogue.product import Product, Text
from vitrina.index.index import Query
from vitrina.index.queries import Judged, measure, read_queries

COLOURS = ["red", "green", "blue", "black", "white", "yellow"]


@pytest.fixture(scope="module")
def index(tmp_path_factory):
    shop = [Product(id=f"{k}-{c}", titles=(Text(f"{c} {k}"),)) for k in ("mug", "vase", "lamp") for c in COLOURS]
    return opened(WordModel(), shop, place=tmp_path_factory.mktemp("shop"))


def judged(language="en") -> list[Judged]:
    return [Judged(f"{c} vase", {f"vase-{c}": 1.0}, language) for c in COLOURS]


def test_a_perfect_search_scores_one_in_every_mode(index):
    found = measure(index, judged=judged(), run="run", name="q.csv")
    assert [section.key for section in found.sections] == ["vector", "text", "hybrid"]
    for section in found.sections:
        assert [metric.value for metric in section.metrics] == [1.0] * 4
    assert "100.0 %" in found.text() and "en (6)" in found.text()


def test_the_base_rate_is_that_of_a_random_order(index):
    section = measure(index, judged=judged(), run="run", name="q").section("vector")
    assert section.metric("recall@10").base == pytest.approx(10 / 18)
    assert section.metric("recall@50").base == 1.0
    assert section.metric("MRR").base == pytest.approx(sum(1 / n for n in range(1, 19)) / 18)
    gain = sum(1 / math.log2(place + 1) for place in range(1, 11)) / 18
    assert section.metric("nDCG@10").base == pytest.approx(gain)


def test_figures_are_those_of_the_ranking_that_search_shows(index):
    asked = [Judged("red vase", {"vase-red": 1.0, "mug-red": 3.0, "lamp-blue": 2.0}, None)]
    section = measure(index, judged=asked, run="run", name="q").section("hybrid")
    order = [hit.id for hit in index.search(Query(text="red vase", top=18)).hits]
    gains = [asked[0].relevant.get(id_, 0.0) for id_ in order]
    dcg = sum(gain / math.log2(2 + place) for place, gain in enumerate(gains[:10]))
    ideal = sum(gain / math.log2(2 + place) for place, gain in enumerate([3.0, 2.0, 1.0]))
    assert section.metric("nDCG@10").value == pytest.approx(dcg / ideal)
    assert section.metric("MRR").value == pytest.approx(1 / (1 + int(np.flatnonzero(gains)[0])))
    assert section.metric("recall@10").value == pytest.approx(sum(gain > 0 for gain in gains[:10]) / 3)


def test_languages_are_told_apart(index):
    wrong = [Judged("red vase", {"lamp-blue": 1.0}, "es")]
    section = measure(index, judged=[*judged(), *wrong], run="run", name="q").section("vector")
    assert section.group("en", by="language").metric("MRR").value == 1.0
    assert section.group("es", by="language").metric("MRR").value < 1.0


def test_unknown_ids_and_queries_without_an_answer_are_counted(index):
    asked = [*judged(), Judged("chair", {"chair-1": 1.0}, "en"), Judged("mug", {"mug-red": 1.0, "gone": 1.0}, "en")]
    found = measure(index, judged=asked, run="run", name="q")
    assert found.queries == 7
    assert any("2 ids are not in the catalogue: chair-1, gone" in note for note in found.notes)
    assert any("1 queries have no answer" in note for note in found.notes)
    with pytest.raises(ValueError, match="holds none"):
        measure(index, judged=[Judged("chair", {"chair-1": 1.0}, None)], run="run", name="q")


def test_csv_and_jsonl_say_the_same(tmp_path):
    (tmp_path / "q.csv").write_text('query,relevant,language\n"red, big",a|b=2,en\nrojo,c d,es\nazul,e,\n', "utf-8")
    rows = [
        {"query": "red, big", "relevant": {"a": 1, "b": 2}, "language": "en"},
        {"query": "rojo", "relevant": ["c", "d"], "language": "es"},
        {"query": "azul", "relevant": ["e"]},
    ]
    (tmp_path / "q.jsonl").write_text("\n".join(map(json.dumps, rows)), "utf-8")
    assert read_queries(tmp_path / "q.csv") == read_queries(tmp_path / "q.jsonl")
    assert read_queries(tmp_path / "q.csv")[0] == Judged("red, big", {"a": 1.0, "b": 2.0}, "en")


def test_headers_may_be_spanish_and_cells_between_semicolons(tmp_path):
    (tmp_path / "q.csv").write_text("Consulta;Relevantes;Idioma\nbotas rojas;a b=2;es\n", encoding="utf-8")
    assert read_queries(tmp_path / "q.csv") == [Judged("botas rojas", {"a": 1.0, "b": 2.0}, "es")]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("q.csv", "text,relevant\na,b\n", r"q\.csv, line 1: .* lacks 'query'"),
        ("q.csv", "query,relevant\n,b\n", r"q\.csv, line 2 has no query"),
        ("q.csv", "query,relevant\na,\n", r"q\.csv, line 2 names no relevant product"),
        ("q.csv", "query,relevant\na,b=x\n", r"q\.csv, line 2: 'b=x' has no number"),
        ("q.csv", "query,relevant\na,b=-1\n", r"q\.csv, line 2: the grade of b is -1"),
        ("q.csv", "query,relevant\n", r"q\.csv holds no queries"),
        ("q.jsonl", '{"query": "a", "relevant": ["b"]}\nnonsense', r"q\.jsonl, line 2 is no JSON"),
        ("q.jsonl", "[1]", r"q\.jsonl, line 1 is no object"),
        ("q.jsonl", '{"query": "a", "relevant": 3}', r"q\.jsonl, line 1: `relevant` is a list"),
        ("q.jsonl", '{"query": "a", "relevant": ["b"], "language": 3}', r"line 1: the language is 3"),
        ("q.csv", b"query,relevant\n\xff,b\n", r"q\.csv, line 2: byte 15 is no UTF-8"),
    ],
)
def test_a_file_that_cannot_be_read_is_told_with_file_and_row(tmp_path, name, content, words):
    (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ValueError, match=words):
        read_queries(tmp_path / name)


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(ValueError, match="there is no file"):
        read_queries(tmp_path / "gone.csv")


def test_a_file_of_a_spanish_spreadsheet_is_read(tmp_path):
    (tmp_path / "q.csv").write_text("\ufeffquery;relevant;language\ntaza roja;a|b=2;es\n", encoding="utf-8")
    assert read_queries(tmp_path / "q.csv") == [Judged("taza roja", {"a": 1.0, "b": 2.0}, "es")]


def test_a_cell_beyond_all_measure_is_told_with_its_row(tmp_path):
    (tmp_path / "q.csv").write_text("query,relevant\n" + "x" * 200_000 + ",a\n", encoding="utf-8")
    before = csv.field_size_limit(131_072)  # whoever read a feed in this process before allowed more
    try:
        with pytest.raises(ValueError, match=r"q\.csv, line 2: field larger"):
            read_queries(tmp_path / "q.csv")
    finally:
        csv.field_size_limit(before)
