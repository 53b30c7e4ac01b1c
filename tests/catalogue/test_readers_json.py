"""JSON documents: lists of any length are read item by item, and a broken item costs itself."""

import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vitrina.catalogue.readers import BadRow, find_readers
from vitrina.catalogue.readers.json_items import JsonItemsReader


def rows(path: Path) -> list[Any]:
    """Values of rows; of broken ones, their number, reason and detail."""
    (reader,) = find_readers(path)
    return [(row.row, row.reason, row.detail) if isinstance(row, BadRow) else dict(row.values) for row in reader.rows()]


def document(folder: Path, text: str, *, encoding: str = "utf-8") -> Path:
    path = folder / "feed.json"
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("name", [None, "products", "items", "data", "productos"])
def test_lists_and_objects_around_them_are_rows(
    tmp_path: Path, encoding: str, indent: int | None, name: str | None
) -> None:
    items = [{"id": 1, "título": "Año"}, {"id": 2, "tags": ["a", {"b": [1, 2]}], "x": None}]
    whole = items if name is None else {"count": 2, "tags": ["x"], name: items, "next": "https://s.es/?page=2"}
    path = document(tmp_path, json.dumps(whole, indent=indent, ensure_ascii=False), encoding=encoding)
    assert rows(path) == items


def test_a_list_may_lie_deeper(tmp_path: Path) -> None:
    path = document(tmp_path, json.dumps({"data": {"shop": "x", "products": [{"id": 1}]}, "ok": True}))
    assert rows(path) == [{"id": 1}]


def test_one_object_is_one_row_and_several_are_several(tmp_path: Path) -> None:
    assert rows(document(tmp_path, '{\n"id": 1,\n"tags": ["a"]\n}\n')) == [{"id": 1, "tags": ["a"]}]
    assert rows(document(tmp_path, '{\n"id": 1\n}\n{\n"id": 2\n}')) == [{"id": 1}, {"id": 2}]
    assert rows(document(tmp_path, '{"id": 1}\n{"id": 2}\n')) == [{"id": 1}, {"id": 2}]
    assert rows(document(tmp_path, '{"id": 1}')) == [{"id": 1}]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('[{"id": 1}, {"id": 2 "x": 3}, {"id": 4}]', [{"id": 1}, (2, "broken JSON"), {"id": 4}]),
        ('[{"id": 1}, nothing, {"id": 4}]', [{"id": 1}, (2, "broken JSON"), {"id": 4}]),
        ('[{"id": 1}, {"id": "\xff\xfe"}, {"id": 4}]', [{"id": 1}, (2, "broken JSON"), {"id": 4}]),
        ('[{"id": 1}, {"t": "a\nb"}, {"id": 4}]', [{"id": 1}, (2, "broken JSON"), {"id": 4}]),
        (
            '[{"id": 1}, 7, "x", [2], {"id": 4},]',
            [{"id": 1}, *[(n, "not a JSON object") for n in (2, 3, 4)], {"id": 4}],
        ),
        ('[{"id": 1},\n{"id": 2', [{"id": 1}, (2, "broken JSON")]),
        ('[{"id": 1},\n{"id": 2}', [{"id": 1}, {"id": 2}, (2, "broken JSON")]),
        ('[{"id": 1}\n}', [{"id": 1}, (2, "broken JSON")]),
        ('{"products": [{"id": 1}], "next": tru}', [{"id": 1}, (1, "broken JSON")]),
        ('{"products" [{"id": 1}]}', [(1, "broken JSON")]),
        ('{"products": [{"id": 1}], "a\nb": 2}', [{"id": 1}, (2, "broken JSON")]),
        ("[]", []),
        ('{"products": []}', []),
        ("[" * 100_000, [(1, "broken JSON")]),
        (
            '[{"id": 1}, ' + '{"a":' * 30_000 + "1" + "}" * 30_000 + ', {"id": 3}]',
            [{"id": 1}, (2, "broken JSON"), {"id": 3}],
        ),
    ],
    ids=lambda value: value[:20] if isinstance(value, str) else None,
)
def test_a_broken_item_costs_itself_and_a_break_what_follows(tmp_path: Path, text: str, expected: list[Any]) -> None:
    path = document(tmp_path, text, encoding="latin-1" if "\xff" in text else "utf-8")
    assert [each[:2] if isinstance(each, tuple) else each for each in rows(path)] == expected


def test_a_break_says_that_the_rest_was_not_read(tmp_path: Path) -> None:
    ((_, _, detail),) = rows(document(tmp_path, '[{"id": 1, "title": "Mu'))
    assert "what follows was not read" in detail


def test_items_are_whole_wherever_the_file_is_cut_into_pieces(tmp_path: Path) -> None:
    items = [{"id": n, "text": f'ñ{"x" * (n * 7919 % 5000)} \\ " ] }}', "n": -n / 7} for n in range(1, 1500)]
    path = document(tmp_path, json.dumps(items, ensure_ascii=n_is_even(len(items))))
    assert path.stat().st_size > 3 << 20
    assert rows(path) == items


def n_is_even(n: int) -> bool:
    return n % 2 == 0


def test_an_item_of_many_megabytes_is_one_row(tmp_path: Path) -> None:
    items = [{"id": 1}, {"id": 2, "text": "é" * 3_000_000}, {"id": 3}]
    assert rows(document(tmp_path, json.dumps(items, ensure_ascii=False))) == items


def test_memory_does_not_grow_with_the_list(tmp_path: Path) -> None:
    def peak(count: int) -> int:
        path = tmp_path / "feed.json"
        with path.open("w") as file:
            file.write('{"products": [')
            file.writelines(f'{{"id": {n}, "text": "{"word " * 100}"}},' for n in range(count))
            file.write('{"id": "last"}]}')
        tracemalloc.start()
        assert sum(1 for _ in JsonItemsReader(path).rows()) == count + 1
        highest = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return highest

    assert peak(12_000) < 1.3 * peak(5_000)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=60, deadline=None)
@given(st.lists(JSON, max_size=5), st.sampled_from([None, 1]), st.booleans())
def test_every_list_comes_back(
    tmp_path_factory: pytest.TempPathFactory, items: list[Any], indent: int | None, ascii_only: bool
) -> None:
    path = tmp_path_factory.mktemp("feed") / "feed.json"
    text = json.dumps(items, indent=indent, ensure_ascii=ascii_only)
    path.write_text(text, encoding="utf-8", errors="surrogatepass")
    found = list(JsonItemsReader(path).rows())
    assert len(found) == len(items)
    for row, item in zip(found, items, strict=True):
        assert isinstance(row, BadRow) if not isinstance(item, dict) else row.values == item


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=200))
def test_no_bytes_break_the_reader(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.mktemp("feed") / "feed.json"
    for text in (b'[{"id": 1}, ' + data, b'{"products": [' + data, b" " + data):
        path.write_bytes(text)
        for row in JsonItemsReader(path).rows():
            assert row.row >= 1
