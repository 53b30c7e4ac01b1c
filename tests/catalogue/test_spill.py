"""Spilled batches: what was appended in small pieces is read back as one batch, whatever its shape."""

import tempfile
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vitrina.catalogue.spill import SpilledBatch

SCHEMA = pa.schema(
    [
        pa.field("name", pa.string()),
        pa.field("texts", pa.list_(pa.struct([pa.field("text", pa.string()), pa.field("language", pa.string())]))),
        pa.field("path", pa.list_(pa.string())),
        pa.field("price", pa.decimal128(24, 6)),
        pa.field("facts", pa.map_(pa.string(), pa.string())),
        pa.field("digest", pa.binary(4)),
        pa.field("pictures", pa.list_(pa.large_binary())),
    ]
)
WORDS = st.text(max_size=5)
ROW = st.fixed_dictionaries(
    {
        "name": st.none() | WORDS,
        "texts": st.none()
        | st.lists(st.fixed_dictionaries({"text": WORDS, "language": st.none() | WORDS}), max_size=3),
        "path": st.none() | st.lists(st.none() | WORDS, max_size=3),
        "price": st.none() | st.decimals(0, 1000, places=2),
        "facts": st.none() | st.lists(st.tuples(WORDS, st.none() | WORDS), max_size=3),
        "digest": st.none() | st.binary(min_size=4, max_size=4),
        "pictures": st.none() | st.lists(st.none() | st.binary(max_size=20), max_size=3),
    }
)


@settings(max_examples=40, deadline=None)
@given(chunks=st.lists(st.lists(ROW, min_size=1, max_size=11), min_size=1, max_size=5))
def test_pieces_come_back_as_one_batch(tmp_path_factory: pytest.TempPathFactory, chunks: list[list[dict]]) -> None:
    path = tmp_path_factory.mktemp("spill") / "batch.arrow"
    with tempfile.TemporaryFile() as spill:
        spilled = SpilledBatch(SCHEMA, spill=spill)
        for chunk in chunks:
            spilled.append(pa.RecordBatch.from_pylist(chunk, schema=SCHEMA))
        spilled.write(path)
    with pa.memory_map(str(path)) as source:
        reader = pa.ipc.open_file(source)
        assert reader.num_record_batches == 1
        batch = reader.get_batch(0)
    batch.validate(full=True)
    expected = pa.RecordBatch.from_pylist([row for chunk in chunks for row in chunk], schema=SCHEMA)
    assert batch.equals(expected)
    assert spilled.rows == batch.num_rows


def test_one_spill_file_serves_one_batch_after_the_other(tmp_path: Path) -> None:
    schema = pa.schema([pa.field("name", pa.string())])
    with tempfile.TemporaryFile() as spill:
        for number in range(3):
            spilled = SpilledBatch(schema, spill=spill)
            spilled.append(pa.RecordBatch.from_pylist([{"name": f"row {number}"}] * 9, schema=schema))
            spilled.write(tmp_path / f"{number}.arrow")
            assert spill.seek(0, 2) == 0
    for number in range(3):
        with pa.memory_map(str(tmp_path / f"{number}.arrow")) as source:
            assert pa.ipc.open_file(source).read_all().to_pylist() == [{"name": f"row {number}"}] * 9
