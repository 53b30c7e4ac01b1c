"""LanceDB as the embedded engine: one table on the disk, safe under kill -9 and with several writing processes."""

# pyright: reportMissingImports=false, reportMissingTypeStubs=false

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from vitrina.index.engine import DamagedError, Entry, Matches
from vitrina.index.store import KEY_BYTES
from vitrina.index.words import ProductWords

_TABLE = "products"
_WORD_COLUMNS = ("told", "stated", "named")
_ADDED_AT_ONCE = 20_000
_REMOVED_AT_ONCE = 1_000
_INDEXED_ANEW = 20_000
_KEPT = timedelta(hours=1)  # another process may still read the version before
_UNSEEN = timedelta(milliseconds=1)  # nobody reads what there was before the first was finished
_LEAST_TRAINED = 1_000  # products below which a vector index cannot be trained well
_PARTITION = 3_000
_ROUNDS = 10
_PROBED_SHARE = 0.2
_LEAST_PROBED = 10
_WIDENED = 3
"""Measured in benchmarks/search.py: products in a partition, rounds that look for the partitions' centres, the share of
the partitions that a search looks into and the fewest, and how many more than asked for it gives, as it compares codes
of one bit."""
_CODED = 8  # the codes are bytes: vectors are filled up with zeros, which change no cosine


class LanceEngine:
    """The products of one catalogue in `folder`. With `dimensions` their vectors are kept and found as well.

    Raises ImportError, saying what to install, without lancedb.
    """

    def __init__(self, folder: Path, *, dimensions: int | None) -> None:
        lancedb = import_lancedb()
        fields = [pa.field("digest", pa.string()), *(pa.field(name, pa.string()) for name in (*_WORD_COLUMNS, "words"))]
        if dimensions is not None:
            fields.append(pa.field("vector", pa.list_(pa.float32(), dimensions + -dimensions % _CODED)))
        self._schema = pa.schema(fields)
        self._dimensions = dimensions
        # A process that asks always sees what others wrote.
        database = lancedb.connect(folder, read_consistency_interval=timedelta(0))
        self._table: Any = database.create_table(_TABLE, schema=self._schema, exist_ok=True)

    def digests(self) -> set[bytes]:
        """The products that are there."""
        return {bytes.fromhex(each) for each in self._column("digest")}

    def add(self, entries: Iterable[Entry]) -> None:
        """Add products, thousands at a time; those that are there stay as they are."""
        rest = iter(entries)
        while some := list(islice(rest, _ADDED_AT_ONCE)):
            insert = self._table.merge_insert("digest").when_not_matched_insert_all()
            insert.execute(self._rows(some))

    def remove(self, digests: Sequence[bytes]) -> None:
        """Take products away; those that are not there are no error."""
        for start in range(0, len(digests), _REMOVED_AT_ONCE):
            self._table.delete(_among(digests[start : start + _REMOVED_AT_ONCE]))

    def settle(self) -> None:
        """Let the indices cover all rows, after many were added or removed.

        Rows that no index covers are found all the same, by looking at each, but their words are weighed as if the
        others were all there are. Of a small catalogue the words are therefore indexed anew, which takes a second.
        """
        made = {index.index_type for index in self._table.list_indices()}
        count = self._table.count_rows()
        if count and ("FTS" not in made or count <= _INDEXED_ANEW):
            self._table.create_index("words", config=_words_config(), replace=True)
        if self._dimensions is not None and count >= _LEAST_TRAINED and "IvfRq" not in made:
            self._table.create_index("vector", config=_near_config(count))
        self._table.optimize(cleanup_older_than=_KEPT if made else _UNSEEN)

    def words(self, *, most: int) -> list[ProductWords]:
        """The words of the products, of more than `most` those with the lowest digests, in the order of these."""
        columns, search = ["digest", *_WORD_COLUMNS], self._table.search()
        if self._table.count_rows() > most:
            search = search.where(f"digest < '{sorted(self._column('digest'))[most]}'")
        found = search.select(columns).limit(max(1, most)).to_arrow()
        ordered = found.sort_by("digest")
        rows = zip(*(ordered[name].to_pylist() for name in _WORD_COLUMNS), strict=True)
        return [ProductWords(*(tuple(text.split()) for text in row)) for row in rows]

    def find_words(self, terms: Mapping[str, float], *, limit: int, among: Sequence[bytes] | None) -> Matches:
        """Products that have any of the terms, by BM25 where each term counts its weight; only those `among`, where
        given."""
        if not terms:
            return _nothing()
        search = self._table.search(_query(terms), query_type="fts")
        if among is not None:
            if not among:
                return _nothing()
            search = search.where(_among(among), prefilter=True)
        found = _answered(search.select(["digest", "_score"]).limit(limit))
        return _matches(found, scores=found["_score"].to_numpy(), limit=limit)

    def find_near(self, vector: np.ndarray, *, limit: int) -> Matches:
        """Products whose vector points where `vector` (d,) points, by about their cosine: some more than `limit`, that
        the nearest be among them."""
        # The more are wanted the more partitions are looked into: those that a filter leaves may lie anywhere.
        count = self._table.count_rows()
        share = max(_PROBED_SHARE, _WIDENED**2 * limit / max(1, count))
        probes = count if share >= 1.0 else max(_LEAST_PROBED, round(share * _partitions(count)))
        search = self._table.search(_filled(vector[None])[0], vector_column_name="vector").distance_type("cosine")
        found = _answered(search.nprobes(probes).select(["digest", "_distance"]).limit(_WIDENED * limit))
        matches = _matches(found, scores=1.0 - found["_distance"].to_numpy(), limit=limit)
        return matches if share >= 1.0 else replace(matches, is_all=False)

    def _column(self, name: str) -> list[str]:
        count = self._table.count_rows()
        return self._table.search().select([name]).limit(max(1, count)).to_arrow()[name].to_pylist()

    def _rows(self, entries: Sequence[Entry]) -> pa.Table:
        words = [[" ".join(terms) for terms in _parts(entry.words)] for entry in entries]
        columns: list[Any] = [[entry.digest.hex() for entry in entries]]
        columns += [list(column) for column in zip(*words, strict=True)]
        columns.append([" ".join(each) for each in words])
        if self._dimensions is not None:
            vectors = _filled(np.stack([entry.vector for entry in entries if entry.vector is not None]))
            columns.append(pa.FixedSizeListArray.from_arrays(pa.array(vectors.reshape(-1)), vectors.shape[1]))
        return pa.table(columns, schema=self._schema)


def import_lancedb() -> Any:
    """The library; ImportError says how to get it."""
    # It warns of empty partitions at every update, which nobody can do anything about.
    os.environ.setdefault("LANCEDB_LOG", "error")
    try:
        import lancedb
    except ImportError as error:
        raise ImportError("Search by words needs LanceDB: pip install 'vitrina[index]'") from error
    return lancedb


def _answered(search: Any) -> pa.Table:
    """What a search finds. DamagedError where the table's files cannot be read."""
    try:
        return search.to_arrow()
    except (RuntimeError, OSError, ValueError) as error:
        raise DamagedError(f"the index of words is damaged: {error}") from error


def _parts(words: ProductWords) -> tuple[tuple[str, ...], ...]:
    return words.told, words.stated, words.named


def _words_config() -> Any:
    """Terms come ready from `vitrina.index.words`: the engine cuts at blanks and changes nothing."""
    from lancedb.index import FTS

    return FTS(
        base_tokenizer="whitespace",
        stem=False,
        remove_stop_words=False,
        ascii_folding=False,
        lower_case=False,
        max_token_length=None,
    )


def _near_config(count: int) -> Any:
    from lancedb.index import IvfRq

    return IvfRq(distance_type="cosine", num_partitions=_partitions(count), max_iterations=_ROUNDS)


def _partitions(count: int) -> int:
    return max(1, round(count / _PARTITION))


def _filled(vectors: np.ndarray) -> np.ndarray:
    """(n, d) float32 with as many zeros behind as codes need."""
    return np.pad(vectors.astype(np.float32, copy=False), [(0, 0), (0, -vectors.shape[1] % _CODED)])


def _query(terms: Mapping[str, float]) -> Any:
    from lancedb.query import BooleanQuery, MatchQuery, Occur

    make: Any = MatchQuery  # its arguments with defaults are hidden from type checkers
    return BooleanQuery([(Occur.SHOULD, make(term, "words", boost=weight)) for term, weight in terms.items()])


def _among(digests: Sequence[bytes]) -> str:
    return "digest IN ({})".format(", ".join(f"'{digest.hex()}'" for digest in digests))


def _matches(found: pa.Table, *, scores: np.ndarray, limit: int) -> Matches:
    digests = bytes.fromhex("".join(found["digest"].to_pylist()))
    rows = np.frombuffer(digests, dtype=np.uint8).reshape(-1, KEY_BYTES)
    return Matches(rows, scores.astype(np.float32), is_all=len(rows) < limit)


def _nothing() -> Matches:
    return Matches(np.zeros((0, KEY_BYTES), dtype=np.uint8), np.zeros(0, dtype=np.float32), is_all=True)
