"""Plan: which rows make up which batch of the run, as a pure function of seed and step.

Nothing is shuffled in memory and nothing is remembered between batches, so a run resumes from one integer, at any
step at the same cost, with any number of ranks and workers.
"""

import hashlib
import json
from bisect import bisect_right
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache

import numpy as np

from vitrina.data.draws import hashed, uniform
from vitrina.data.mixture import Mixture, block_counts, keep_available
from vitrina.data.permutation import permute
from vitrina.data.sources import KINDS, Kind

# Text-only batches that are drawn together and sorted by length, so that little of a batch is padding.
BUCKET_BATCHES = 8

_VERSION = 1


@dataclass(frozen=True)
class PlannedBatch:
    """One kind of batch for all ranks: `indices` (b,) int64 into the rows of that source, `epochs` (b,) of the source.

    `source` is the kind's number: 0 text, 1 image, 2 pair.
    """

    kind: Kind
    source: int
    epochs: np.ndarray
    indices: np.ndarray

    def __len__(self) -> int:
        return len(self.indices)

    def slice(self, rank: int, *, world: int, fused: int = 0) -> "PlannedBatch":
        """The rows of one of `world` ranks: as many for each.

        The first `fused` rows are shared out as evenly as they go and come first in every slice, so that the same
        rows are fused however many ranks there are. Raises ValueError where the ranks do not divide the rows.
        """
        if len(self) % world:
            raise ValueError(f"A batch of {len(self)} rows cannot be shared by {world} ranks: choose a multiple.")
        first, last = rank * fused // world, (rank + 1) * fused // world
        rows = len(self) // world
        start = fused + rank * rows - first
        chosen = np.r_[first:last, start : start + rows - (last - first)]
        return PlannedBatch(self.kind, self.source, self.epochs[chosen], self.indices[chosen])


@dataclass(frozen=True)
class _Stretch:
    """A stage laid out in steps: where it starts, and how many batches of each kind came before."""

    first_step: int
    counts: dict[Kind, int]
    before: dict[Kind, int]


class Plan:
    """The whole run, batch by batch: (seed, step) → rows.

    `sources` gives the number of rows of each kind; `notes` says in words where the mixture had to give way to the
    data. Every row of a step comes from one source; blocks of batches hold exact integer shares; every source is
    shuffled afresh each time that it has been gone through. `text_lengths` maps (epochs, indices) of the text source
    to lengths: with it, text-only batches hold texts of similar length. Pairs are never sorted by length, as the
    negatives of the contrastive loss are the other rows of the batch and would be told apart by length alone.

    `fingerprint` identifies the sequence of batches; with the stock's digest it identifies a run's data. Raises
    ValueError where the sources cannot serve the mixture.

    >>> Plan({"pair": 9000}, mixture=Mixture(), batch_rows=64, seed=0, total_steps=500).batch(3).kind
    'pair'
    """

    fingerprint: str
    notes: tuple[str, ...]

    def __init__(
        self,
        sources: Mapping[Kind, int],
        *,
        mixture: Mixture,
        batch_rows: int,
        seed: int,
        total_steps: int,
        text_lengths: Callable[[np.ndarray, np.ndarray], np.ndarray] | None = None,
    ) -> None:
        if batch_rows < 1 or total_steps < 1:
            raise ValueError(f"A run has at least one step and one row: steps {total_steps}, batch_rows {batch_rows}.")
        self.sizes: dict[Kind, int] = {kind: int(sources[kind]) for kind in KINDS if sources.get(kind, 0) > 0}
        available = keep_available(mixture, self.sizes.keys())
        self.mixture = available.mixture
        self.batch_rows = batch_rows
        self.seed = seed
        self.total_steps = total_steps
        self._text_lengths = text_lengths
        self._stretches = self._lay_out()
        asked = {kind for stretch in self._stretches for kind, count in stretch.counts.items() if count}
        self.notes = available.notes + tuple(
            f"Only {size} products give {kind} batches of {batch_rows}: a batch repeats some of them."
            for kind, size in self.sizes.items()
            if kind in asked and size < batch_rows
        )
        self.fingerprint = self._describe()
        self._bucket = lru_cache(maxsize=4)(self._sorted_bucket)

    def batch(self, step: int) -> PlannedBatch:
        """The rows of all ranks at a step, from 0 on; beyond `total_steps` the last stage goes on."""
        assert step >= 0, f"step {step}"
        number = bisect_right([stretch.first_step for stretch in self._stretches], step) - 1
        stretch = self._stretches[number]
        length = sum(stretch.counts.values())
        block, slot = divmod(step - stretch.first_step, length)
        pattern = self._pattern(number, block=block, counts=stretch.counts)
        source = int(pattern[slot])
        kind = KINDS[source]
        earlier = int((pattern[:slot] == source).sum())
        ordinal = stretch.before[kind] + block * stretch.counts[kind] + earlier
        if kind == "text" and self._text_lengths is not None:
            bucket, member = divmod(ordinal, BUCKET_BATCHES)
            return self._bucket(bucket)[member]
        start = ordinal * self.batch_rows
        return self._planned(source, positions=np.arange(start, start + self.batch_rows, dtype=np.int64))

    def _lay_out(self) -> list[_Stretch]:
        stages = self.mixture.parts()
        shares = np.cumsum([0.0] + [stage.share_of_run for stage in stages])
        starts = np.round(shares / shares[-1] * self.total_steps).astype(np.int64).tolist()
        stretches: list[_Stretch] = []
        before: dict[Kind, int] = dict.fromkeys(KINDS, 0)
        for number, stage in enumerate(stages):
            steps = starts[number + 1] - starts[number]
            if steps == 0:
                continue
            counts = block_counts(stage)
            stretches.append(_Stretch(starts[number], counts, dict(before)))
            blocks, rest = divmod(steps, sum(counts.values()))
            pattern = self._pattern(len(stretches) - 1, block=blocks, counts=counts)[:rest]
            for source, kind in enumerate(KINDS):
                before[kind] += blocks * counts[kind] + int((pattern == source).sum())
        return stretches

    def _pattern(self, stretch: int, *, block: int, counts: dict[Kind, int]) -> np.ndarray:
        """The kinds of a block's batches, as numbers (length,)."""
        numbers = np.repeat(np.arange(len(KINDS)), [counts[kind] for kind in KINDS])
        if self.mixture.order == "random":
            drawn = uniform(self.seed, np.array([[stretch, block]]), name="block", shape=(len(numbers),))[0]
            return numbers[np.argsort(drawn, kind="stable")]
        places = np.concatenate([(np.arange(counts[kind]) + 0.5) / max(counts[kind], 1) for kind in KINDS])
        return numbers[np.argsort(places, kind="stable")]

    def _planned(self, source: int, *, positions: np.ndarray) -> PlannedBatch:
        kind = KINDS[source]
        epochs, places = np.divmod(positions, self.sizes[kind])
        keys = hashed(self.seed, np.stack([np.full_like(epochs, source), epochs], axis=1), name="shuffle")
        indices = permute(places, sizes=np.asarray(self.sizes[kind]), keys=keys)
        return PlannedBatch(kind, source, epochs, indices)

    def _sorted_bucket(self, bucket: int) -> list[PlannedBatch]:
        """The text batches of a bucket: its rows in order of length, cut into batches, and these shuffled."""
        assert self._text_lengths is not None
        rows = BUCKET_BATCHES * self.batch_rows
        drawn = self._planned(0, positions=np.arange(bucket * rows, (bucket + 1) * rows, dtype=np.int64))
        by_length = np.argsort(self._text_lengths(drawn.epochs, drawn.indices), kind="stable")
        shuffled = np.argsort(uniform(self.seed, np.array([[bucket]]), name="bucket", shape=(BUCKET_BATCHES,))[0])
        batches = []
        for member in shuffled:
            # In the order of the plan again: ranks that share the batch get rows of all lengths.
            chosen = np.sort(by_length[member * self.batch_rows : (member + 1) * self.batch_rows])
            batches.append(PlannedBatch("text", 0, drawn.epochs[chosen], drawn.indices[chosen]))
        return batches

    def _describe(self) -> str:
        facts = {
            "version": _VERSION,
            "sizes": self.sizes,
            "mixture": asdict(self.mixture),
            "batch_rows": self.batch_rows,
            "seed": self.seed,
            "total_steps": self.total_steps if self.mixture.stages else None,
            "text": "in buckets of length" if self._text_lengths is not None else "as drawn",
        }
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
