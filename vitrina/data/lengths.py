"""How long the texts are that the text source will show, known before any of them is read."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from vitrina.data.builder import draw_numbers
from vitrina.data.sources import KINDS, Source
from vitrina.data.stock import Stock


class TextLengths:
    """Characters (b,) of the text that each (epoch, index) of the text source shows: what a plan sorts its buckets by.

    Characters stand for tokens: they are known without tokenising, and in the same order to a good approximation.
    """

    def __init__(self, stock: Stock, source: Source, *, seed: int) -> None:
        facts = stock.facts()
        self._rows = source.rows
        self._seed = seed
        self._titles = _Flat.of(facts["titles"])
        self._descriptions = _Flat.of(facts["descriptions"])

    def __call__(self, epochs: np.ndarray, indices: np.ndarray) -> np.ndarray:
        rows = self._rows[indices]
        titles, descriptions = self._titles.counts(rows), self._descriptions.counts(rows)
        keys = np.stack([np.full_like(epochs, KINDS.index("text")), epochs, rows], axis=1)
        numbers = draw_numbers(self._seed, keys, name="text", counts=titles + descriptions)
        is_title = numbers < titles
        return np.where(
            is_title,
            self._titles.lengths(rows, numbers=np.where(is_title, numbers, 0)),
            self._descriptions.lengths(rows, numbers=np.where(is_title, 0, numbers - titles)),
        )


class _Flat:
    """Lengths of all texts of a column, one after another, and where each row's begin."""

    def __init__(self, starts: np.ndarray, characters: np.ndarray) -> None:
        self._starts = starts
        # One more, so that the row after the last text may be asked about.
        self._characters = np.append(characters, 0)

    @classmethod
    def of(cls, column: pa.ChunkedArray) -> "_Flat":
        texts = pc.call_function("list_flatten", [column])
        characters = pc.call_function("utf8_length", [pc.call_function("struct_field", [texts], _TEXT)])
        counts = pc.call_function("list_value_length", [column]).to_numpy()
        starts = np.concatenate([[0], np.cumsum(counts, dtype=np.int64)])
        return cls(starts, characters.to_numpy().astype(np.int32))

    def counts(self, rows: np.ndarray) -> np.ndarray:
        return self._starts[rows + 1] - self._starts[rows]

    def lengths(self, rows: np.ndarray, *, numbers: np.ndarray) -> np.ndarray:
        return self._characters[self._starts[rows] + numbers]


_TEXT = pc.StructFieldOptions(indices=["text"])
