"""Searching held-out pictures by their texts: texts and pictures are prepared once, for every look of a run."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from tqdm import tqdm

from vitrina.data.inputs import Inputs
from vitrina.data.pictures import decode
from vitrina.data.stock import Stock
from vitrina.models.answering import ROWS, answering, embed_in_batches
from vitrina.tasks import search
from vitrina.training.build import Searches
from vitrina.training.watch.panel import Answer, Asked, panel

log = logging.getLogger(__name__)

LARGEST = 1000
"""Products that a look asks about at most."""

FIRST = 10
"""R@10 counts the first ten: among so many pictures and fewer it is always 1."""

_SEED = 0  # the same products in every run that watches the same catalogues, whatever the run's own seed
_READ_AT_ONCE = 64
_SHOWN = 6


@dataclass(frozen=True)
class Measured:
    """A figure, what knowing nothing reaches, and a picture (PNG) of it where there is one to look at."""

    value: float
    base: float
    picture: bytes | None


class SearchLook:
    """R@10 of finding each product's first picture by its first text; strict: no other product counts, not a twin.

    `rows` are stock rows of products with both. Pixels and tokens of at most 1000 of them, drawn by a fixed seed, stay
    in memory; a picture that cannot be read is left out. Raises ValueError where too few are left.
    """

    def __init__(self, stock: Stock, rows: np.ndarray, *, inputs: Inputs) -> None:
        if len(rows) > LARGEST:
            rows = np.sort(np.random.default_rng(_SEED).choice(rows, LARGEST, replace=False))
        self._stock = stock
        kept: list[int] = []
        self._pairs: list[search.Pair] = []
        side = inputs.geometry.size_px
        self._pixels = torch.empty((len(rows), 3, side, side), dtype=torch.uint8)
        with tqdm(total=len(rows), desc="watched products", delay=2, leave=False, disable=None) as bar:
            for start in range(0, len(rows), _READ_AT_ONCE):
                some = rows[start : start + _READ_AT_ONCE]
                for row, product in zip(some.tolist(), stock.read(some), strict=True):
                    pair = search.pose(product)
                    assert pair is not None, "a watched product without a text or a picture"
                    try:
                        self._pixels[len(kept)] = torch.from_numpy(decode(pair.picture, geometry=inputs.geometry))
                    except ValueError as error:
                        log.warning("%s is not watched: its picture cannot be read (%s)", stock.where(row), error)
                        continue
                    kept.append(row)
                    # Its picture is already decoded: the encoded one need not stay in memory.
                    self._pairs.append(search.Pair(pair.product, pair.text, b""))
                bar.update(len(some))
        if len(kept) <= FIRST:
            raise ValueError(
                f"only {len(kept)} watched products have a picture that can be read, and the first {FIRST} of so few "
                "always hold the right one: ingest more held-out products, or set watch.every=0"
            )
        self._rows = np.array(kept, dtype=np.int64)
        self._pixels = self._pixels[: len(kept)]
        texts = [pair.text for pair in self._pairs]
        self._texts = [inputs.texts(texts[start : start + ROWS]) for start in range(0, len(texts), ROWS)]
        drawn = np.random.default_rng(_SEED).permutation(len(kept))
        self._shown = np.sort(drawn[: min(_SHOWN, len(kept))])

    def measure(self, model: Searches, *, step: int) -> Measured:
        """The figure of a model after `step` steps, with a panel of a few queries, always the same."""
        found = search.answer(_Prepared(self, model), pairs=self._pairs, query="text")
        value = float(found.strict.recall(FIRST).mean())
        base = float(found.strict.by_chance().recall(FIRST).mean())
        title = f"step {step:,} · R@10 {100 * value:.1f} % of {len(self._rows):,} texts (by chance {100 * base:.1f} %)"
        return Measured(value, base, panel(self._asked(found), title=title, among=len(self._rows)))

    def _asked(self, found: search.Found) -> list[Asked]:
        ranks = found.strict.expected()
        return [
            Asked(
                self._pairs[query].text,
                rank=float(ranks[query]),
                answers=[
                    Answer(product.pictures[0], score=float(score), is_right=int(row) == query)
                    for product, row, score in zip(
                        self._stock.read(self._rows[found.top[query]]),
                        found.top[query],
                        found.scores[query],
                        strict=True,
                    )
                ],
            )
            for query in self._shown.tolist()
        ]

    def embed_texts(self, model: Searches) -> np.ndarray:
        """(n, d) float32: the kept texts' vectors."""
        with answering(model) as device:
            return embed_in_batches(
                range(len(self._rows)),
                embed=lambda some: model.project_texts(self._texts[some[0] // ROWS].to(device)),
                width=model.dimensions,
            )

    def embed_images(self, model: Searches) -> np.ndarray:
        """(n, d) float32: the kept pictures' vectors."""
        with answering(model) as device:
            return embed_in_batches(
                range(len(self._rows)),
                embed=lambda some: model.project_images(
                    model.normalise(self._pixels[some[0] : some[-1] + 1].to(device))
                ),
                width=model.dimensions,
            )


class _Prepared:
    """The model as the task asks for it (`EmbedsBoth`): the questions are always those that were prepared."""

    def __init__(self, look: SearchLook, model: Searches) -> None:
        self._look = look
        self._model = model

    def embed_texts(self, texts: Sequence[str]) -> np.ndarray:
        found = self._look.embed_texts(self._model)
        assert len(found) == len(texts)
        return found

    def embed_images(self, pictures: Sequence[bytes]) -> np.ndarray:
        found = self._look.embed_images(self._model)
        assert len(found) == len(pictures)
        return found
