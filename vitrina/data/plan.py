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

from vitrina.data.domains import Members, domain_counts, keep_available_domains
from vitrina.data.draws import hashed, uniform
from vitrina.data.mixture import Mixture, Stage, block_counts, keep_available
from vitrina.data.permutation import permute
from vitrina.data.sources import KINDS, Kind

# Batches that are drawn together: texts to be sorted by length, so that little of a batch is padding, and pairs
# whose rows are to stand among others of their category.
BUCKET_BATCHES = 8

_VERSION = 1
_DIGESTED_AT_ONCE = 1 << 20


@dataclass(frozen=True)
class PlannedBatch:
    """One kind of batch for all ranks: `indices` (b,) int64 into the rows of that source, `epochs` (b,) of the source.

    `source` is the kind's number: 0 text, 1 image, 2 pair. `domain` is the business domain that all rows belong to,
    and whose epochs are counted, where the mixture tells domains apart.
    """

    kind: Kind
    source: int
    epochs: np.ndarray
    indices: np.ndarray
    domain: str | None = None

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
        return PlannedBatch(self.kind, self.source, self.epochs[chosen], self.indices[chosen], self.domain)


@dataclass(frozen=True)
class _Cell:
    """What a batch is drawn from: one kind's examples, or those of one domain, `size` of them.

    `key` stands for the domain in the keys of draws, so that another domain more or less changes nothing.
    """

    kind: Kind
    domain: str | None
    size: int
    members: Members | None
    key: tuple[int, ...]


@dataclass(frozen=True)
class _Stretch:
    """A stage laid out in steps: where it starts, batches of each cell in a block, and how many came before."""

    first_step: int
    counts: tuple[int, ...]
    before: tuple[int, ...]


class Plan:
    """The whole run, batch by batch: (seed, step) → rows.

    `sources` gives the number of rows of each kind; `notes` says in words where the mixture had to give way to the
    data. Every row of a step comes from one source; blocks of batches hold exact integer shares; every source is
    shuffled afresh each time that it has been gone through. `text_lengths` maps (epochs, indices) of the text source
    to lengths: with it, text-only batches hold texts of similar length. Pairs are never sorted by length, as the
    negatives of the contrastive loss are the other rows of the batch and would be told apart by length alone.
    `pair_categories` (n,) are numbers of the categories of the pair source, needed where the mixture asks for rows of
    the same category: of 8 batches drawn together, that share of rows is put in order of category, the categories
    shuffled, and dealt out in stretches; the rest stay where they were drawn.

    A mixture that tells business domains apart needs `domains`, the members of each domain among a kind's rows. Then
    every (kind, domain) is a source of its own, with its own exact share and epochs, and a batch holds one domain: the
    negatives within it are of the same trade, which is what a search among that shop's products has to tell apart, and
    its losses say how that domain is learnt.

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
        pair_categories: np.ndarray | None = None,
        domains: Mapping[Kind, Mapping[str, Members]] | None = None,
    ) -> None:
        if batch_rows < 1 or total_steps < 1:
            raise ValueError(f"A run has at least one step and one row: steps {total_steps}, batch_rows {batch_rows}.")
        assert (domains is not None) == mixture.is_by_domain, "domains are given where the mixture tells them apart"
        assert pair_categories is not None or not mixture.same_category or not sources.get("pair"), "no categories"
        self.sizes: dict[Kind, int] = {kind: int(sources[kind]) for kind in KINDS if sources.get(kind, 0) > 0}
        self._cells = _cells(self.sizes) if domains is None else _cells_by_domain(domains)
        self._domain_sizes: dict[Kind, dict[str, int]] = {}
        for cell in self._cells:
            if cell.domain is not None:
                self._domain_sizes.setdefault(cell.kind, {})[cell.domain] = cell.size
        if domains is None:
            available = keep_available(mixture, self.sizes.keys())
        else:
            available = keep_available_domains(mixture, sizes=self._domain_sizes)
        self.mixture = available.mixture
        self.batch_rows = batch_rows
        self.seed = seed
        self.total_steps = total_steps
        self._text_lengths = text_lengths
        self._pair_categories = pair_categories
        self._bucket = lru_cache(maxsize=4)(self._sorted_bucket)
        self._pattern = lru_cache(maxsize=8)(self._drawn_pattern)
        self._stretches = self._lay_out()
        self.notes = available.notes + tuple(
            f"Only {cell.size} products {'' if cell.domain is None else f'of {cell.domain} '}give {cell.kind} batches "
            f"of {batch_rows}: a batch repeats some of them."
            for number, cell in enumerate(self._cells)
            if cell.size < batch_rows and any(stretch.counts[number] for stretch in self._stretches)
        )
        self.fingerprint = self._describe()

    def batch(self, step: int) -> PlannedBatch:
        """The rows of all ranks at a step, from 0 on; beyond `total_steps` the last stage goes on."""
        number, stretch, block, slot = self._find(step)
        pattern = self._pattern(number, block=block, counts=stretch.counts)
        cell = int(pattern[slot])
        earlier = int((pattern[:slot] == cell).sum())
        ordinal = stretch.before[cell] + block * stretch.counts[cell] + earlier
        if self._is_in_buckets(self._cells[cell].kind):
            bucket, member = divmod(ordinal, BUCKET_BATCHES)
            return self._bucket(cell, bucket)[member]
        start = ordinal * self.batch_rows
        return self._planned(cell, positions=np.arange(start, start + self.batch_rows, dtype=np.int64))

    def _is_in_buckets(self, kind: Kind) -> bool:
        return (kind == "text" and self._text_lengths is not None) or (
            kind == "pair" and self.mixture.same_category > 0
        )

    def domain_of(self, step: int) -> str | None:
        """The business domain of a step's batch without its rows; None where the mixture tells no domains apart."""
        if not self.mixture.is_by_domain:
            return None
        number, stretch, block, slot = self._find(step)
        return self._cells[int(self._pattern(number, block=block, counts=stretch.counts)[slot])].domain

    def members(self, kind: Kind, *, domain: str) -> np.ndarray:
        """The positions (n,) int64 of a domain's products among a kind's rows, ascending; none where it has none."""
        for cell in self._cells:
            if (cell.kind, cell.domain) == (kind, domain) and cell.members is not None:
                return np.asarray(cell.members, dtype=np.int64)
        return np.zeros(0, dtype=np.int64)

    def _find(self, step: int) -> tuple[int, _Stretch, int, int]:
        """The stretch that a step lies in and its number there, the block and the place in the block."""
        assert step >= 0, f"step {step}"
        number = bisect_right([stretch.first_step for stretch in self._stretches], step) - 1
        stretch = self._stretches[number]
        block, slot = divmod(step - stretch.first_step, sum(stretch.counts))
        return number, stretch, block, slot

    def _lay_out(self) -> list[_Stretch]:
        stages = self.mixture.parts()
        shares = np.cumsum([0.0] + [stage.share_of_run for stage in stages])
        starts = np.round(shares / shares[-1] * self.total_steps).astype(np.int64).tolist()
        stretches: list[_Stretch] = []
        before = np.zeros(len(self._cells), dtype=np.int64)
        for number, stage in enumerate(stages):
            steps = starts[number + 1] - starts[number]
            if steps == 0:
                continue
            counts = self._counts(stage)
            stretches.append(_Stretch(starts[number], counts, tuple(before.tolist())))
            blocks, rest = divmod(steps, sum(counts))
            pattern = self._pattern(len(stretches) - 1, block=blocks, counts=counts)[:rest]
            before = before + blocks * np.array(counts) + np.bincount(pattern, minlength=len(self._cells))
        return stretches

    def _counts(self, stage: Stage) -> tuple[int, ...]:
        """How many batches of each cell a block of the stage holds."""
        if not self.mixture.is_by_domain:
            by_kind = block_counts(stage)
            return tuple(by_kind[cell.kind] for cell in self._cells)
        found = domain_counts(stage, sizes=self._domain_sizes, temperature=self.mixture.temperature)
        return tuple(found.get((cell.kind, cell.domain or ""), 0) for cell in self._cells)

    def _drawn_pattern(self, stretch: int, *, block: int, counts: tuple[int, ...]) -> np.ndarray:
        """The cells of a block's batches, as numbers (length,)."""
        numbers = np.repeat(np.arange(len(counts)), counts)
        if self.mixture.order == "random":
            drawn = uniform(self.seed, np.array([[stretch, block]]), name="block", shape=(len(numbers),))[0]
            return numbers[np.argsort(drawn, kind="stable")]
        places = np.concatenate([(np.arange(count) + 0.5) / max(count, 1) for count in counts])
        return numbers[np.argsort(places, kind="stable")]

    def _planned(self, number: int, *, positions: np.ndarray) -> PlannedBatch:
        cell = self._cells[number]
        source = KINDS.index(cell.kind)
        epochs, places = np.divmod(positions, cell.size)
        columns = [np.full_like(epochs, each) for each in (source, *cell.key)]
        keys = hashed(self.seed, np.stack([*columns, epochs], axis=1), name="shuffle")
        indices = permute(places, sizes=np.asarray(cell.size), keys=keys)
        if isinstance(cell.members, range):
            indices = indices + cell.members.start
        elif cell.members is not None:
            indices = cell.members[indices].astype(np.int64)
        return PlannedBatch(cell.kind, source, epochs, indices, cell.domain)

    def _sorted_bucket(self, number: int, bucket: int) -> list[PlannedBatch]:
        """The text batches of a bucket: its rows in order of length, cut into batches, and these shuffled. Or its
        pair batches: some of its rows in order of category, dealt out likewise, and the others."""
        rows = BUCKET_BATCHES * self.batch_rows
        drawn = self._planned(number, positions=np.arange(bucket * rows, (bucket + 1) * rows, dtype=np.int64))
        keys = np.array([[*self._cells[number].key, bucket]])
        shuffled = np.argsort(uniform(self.seed, keys, name="bucket", shape=(BUCKET_BATCHES,))[0])
        if drawn.kind == "text":
            assert self._text_lengths is not None
            order, together = np.argsort(self._text_lengths(drawn.epochs, drawn.indices), kind="stable"), rows
        else:
            together = BUCKET_BATCHES * round(self.mixture.same_category * self.batch_rows)
            order = np.r_[self._by_category(drawn.indices[:together], bucket=bucket), together:rows]
        batches = []
        for member in shuffled:
            # In the order of the plan again: ranks that share the batch get rows of all lengths and categories.
            dealt, others = order[:together].reshape(BUCKET_BATCHES, -1), order[together:].reshape(BUCKET_BATCHES, -1)
            chosen = np.sort(np.r_[dealt[member], others[member]])
            batches.append(
                PlannedBatch(drawn.kind, drawn.source, drawn.epochs[chosen], drawn.indices[chosen], drawn.domain)
            )
        return batches

    def _by_category(self, indices: np.ndarray, *, bucket: int) -> np.ndarray:
        """The order of pair rows that puts those of a category side by side; which category comes first is drawn."""
        assert self._pair_categories is not None
        categories = self._pair_categories[indices]
        keys = np.column_stack([np.full_like(categories, bucket), categories])
        return np.lexsort([categories, hashed(self.seed, keys, name="category")])

    def _describe(self) -> str:
        mixture = asdict(self.mixture)
        facts = {
            "version": _VERSION,
            "sizes": self.sizes,
            "mixture": mixture,
            "batch_rows": self.batch_rows,
            "seed": self.seed,
            "total_steps": self.total_steps if self.mixture.stages else None,
            "text": "in buckets of length" if self._text_lengths is not None else "as drawn",
        }
        if not self.mixture.same_category:
            del mixture["same_category"]
        if self.mixture.is_by_domain:
            facts["domains"] = [[cell.kind, cell.domain, _digest(cell.members)] for cell in self._cells]
        else:
            # As it was written before there were domains: such a plan is the same plan.
            del mixture["domains"], mixture["temperature"]
            for stage in mixture["stages"]:
                del stage["domains"]
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def _cells(sizes: Mapping[Kind, int]) -> tuple[_Cell, ...]:
    return tuple(_Cell(kind, None, sizes.get(kind, 0), None, ()) for kind in KINDS)


def _cells_by_domain(domains: Mapping[Kind, Mapping[str, Members]]) -> tuple[_Cell, ...]:
    return tuple(
        _Cell(kind, name, len(members), members, (_number(name),))
        for kind in KINDS
        for name, members in sorted(domains.get(kind, {}).items())
        if len(members)
    )


def _number(domain: str) -> int:
    """63 bits that stand for a name in the key of a draw."""
    return int.from_bytes(hashlib.blake2b(domain.encode(), digest_size=8).digest(), "little") >> 1


def _digest(members: Members | None) -> str:
    """Which positions these are, the same for a stretch and for an array of the same positions."""
    assert members is not None, "the cells of a mixture by domain have members"
    if isinstance(members, range) or len(members) == members[-1] - members[0] + 1:
        return f"{members[0]} to {members[-1]}"
    digest = hashlib.blake2b(digest_size=16)
    for start in range(0, len(members), _DIGESTED_AT_ONCE):
        digest.update(members[start : start + _DIGESTED_AT_ONCE].astype("<i8").tobytes())
    return digest.hexdigest()
