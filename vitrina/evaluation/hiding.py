"""Hiding words and patches of held-out products as training does, and summing how badly they are predicted."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from tqdm import tqdm

from vitrina.data.builder import Negatives, draw_numbers
from vitrina.data.codes import Codes
from vitrina.data.corruption import Corruption
from vitrina.data.domains import Members
from vitrina.data.loader import Loader
from vitrina.data.mixture import Mixture
from vitrina.data.pictures import Augment
from vitrina.data.plan import Plan
from vitrina.data.planning import members_by_domain
from vitrina.data.sources import KINDS, Kind, Numbered, Source, domains_of
from vitrina.data.stock import Stock
from vitrina.evaluation.evaluation import By
from vitrina.evaluation.groups import grouping, language_of
from vitrina.models.answering import answering
from vitrina.models.flava import Flava

PLAIN = Augment(flip=False, shift_share=0.0, scale_share=0.0, aspect_share=0.0)
"""Pictures as they are."""

Sums = Mapping[str, Sequence[tuple[float, float]]]
"""By loss: (value, count) of every batch that has terms of it."""

_BATCH_ROWS = 32
_GROUP_BATCH_ROWS = 8
_LEAST_BATCHES = 16


@dataclass(frozen=True)
class Grouped:
    """The sums of one domain or language, and how many examples they come from."""

    by: By
    name: str
    questions: int
    sums: Sums


@dataclass(frozen=True)
class _Part:
    """The examples of a kind that belong to the same groups: their positions among the kind's rows."""

    groups: tuple[tuple[By, str], ...]
    members: Members


class Hiding:
    """What is hidden of which products, and the losses that are looked at."""

    def __init__(
        self,
        model: Flava,
        *,
        stock: Stock,
        sources: Mapping[Kind, Source],
        codes: Codes | None,
        negatives: Negatives,
        corruption: Corruption,
        losses: Sequence[str],
        seed: int,
    ) -> None:
        self._model = model
        self._inputs = model.read_inputs()
        self._stock = stock
        self._sources: dict[Kind, Source] = {
            kind: source for kind, source in sources.items() if kind != "image" or codes is not None
        }
        self._codes = codes
        self._negatives = negatives
        self._corruption = corruption
        self._losses = losses
        self._seed = seed

    def whole(self) -> Sums:
        """The sums over all products."""
        found: dict[str, list[tuple[float, float]]] = defaultdict(list)
        for kind, source in self._sources.items():
            rows = _batch_rows(len(source.rows), most=_BATCH_ROWS)
            plan = self._plan(kind, steps=len(source.rows) // rows, rows=rows, members=None)
            for name, parts in self._gone_through(plan, kind=kind, corruption=self._corruption).items():
                found[name] += parts
        return _with_terms(found)

    def by_group(self) -> list[Grouped]:
        """The sums of every domain and language that is large enough, from batches of one of each.

        Every product is there with its own text: a wrong one would be of another domain, or none. A few products at
        the end of a group are left out where they fill no batch.
        """
        sums: dict[tuple[By, str], dict[str, list[tuple[float, float]]]] = defaultdict(lambda: defaultdict(list))
        questions: dict[tuple[By, str], int] = defaultdict(int)
        corruption = replace(self._corruption, itm_negative_share=0.0)
        for kind in self._sources:
            for part in self._parts(kind):
                rows = _batch_rows(len(part.members), most=_GROUP_BATCH_ROWS)
                plan = self._plan(kind, steps=len(part.members) // rows, rows=rows, members=part.members)
                try:
                    found = self._gone_through(plan, kind=kind, corruption=corruption)
                except ValueError:
                    # Of two segments one is another product's, and these few have no other text. What else could be
                    # wrong, the whole has met before.
                    continue
                for group in part.groups:
                    questions[group] += len(part.members)
                    for name, parts in found.items():
                        sums[group][name] += parts
        return [
            Grouped(by, name, questions[by, name], _with_terms(each))
            for (by, name), each in sorted(sums.items(), key=lambda item: (item[0][0], -questions[item[0]], item[0][1]))
        ]

    def _parts(self, kind: Kind) -> list[_Part]:
        """A kind's examples by the groups that they belong to, those aside that belong to none."""
        rows = self._sources[kind].rows
        known = domains_of(self._stock)
        found = [grouping([known.names[number] for number in known.numbers[rows]], by="domain")]
        if kind != "image":
            found.append(grouping(self._languages(kind), by="language"))
        groupings = [each for each in found if each is not None]
        if not groupings:
            return []
        together, numbers = np.unique(np.stack([each.numbers for each in groupings]), axis=1, return_inverse=True)
        members = members_by_domain(
            np.arange(len(rows)), domains=Numbered(numbers.reshape(-1), [str(n) for n in range(together.shape[1])])
        )
        parts = []
        for number, column in enumerate(together.T.tolist()):
            pairs = zip(groupings, column, strict=True)
            groups: tuple[tuple[By, str], ...] = tuple(
                (each.by, each.names[place]) for each, place in pairs if place >= 0
            )
            if groups:
                parts.append(_Part(groups, members[str(number)]))
        return parts

    def _languages(self, kind: Kind) -> list[str]:
        """The language of the text that each row of a kind shows the first time."""
        rows = self._sources[kind].rows
        products = self._stock.read(rows, pictures="none")
        keys = np.stack([np.full_like(rows, KINDS.index(kind)), np.zeros_like(rows), rows], axis=1)
        counts = np.array([len(each.texts) for each in products])
        numbers = draw_numbers(self._seed, keys, name="text", counts=counts)
        return [language_of(each.texts[number]) for each, number in zip(products, numbers.tolist(), strict=True)]

    def _plan(self, kind: Kind, *, steps: int, rows: int, members: Members | None) -> Plan:
        """Every example of a kind, or of its `members`, once."""
        part = "part"
        return Plan(
            {kind: len(self._sources[kind].rows)},
            mixture=Mixture(
                text=float(kind == "text"),
                image=float(kind == "image"),
                pair=float(kind == "pair"),
                domains={} if members is None else {part: 1.0},
            ),
            batch_rows=rows,
            seed=self._seed,
            total_steps=steps,
            domains=None if members is None else {kind: {part: members}},
        )

    def _gone_through(self, plan: Plan, *, kind: Kind, corruption: Corruption) -> dict[str, list[tuple[float, float]]]:
        """(value, count) of each loss in every batch of the plan."""
        loader = Loader(
            self._stock,
            {kind: self._sources[kind]},
            plan,
            self._inputs,
            negatives=self._negatives,
            augment=PLAIN,
            corruption=corruption,
            grid=self._model.config.image.grid,
            codes=self._codes,
        )
        found: dict[str, list[tuple[float, float]]] = defaultdict(list)
        with (
            answering(self._model) as device,
            tqdm(total=plan.total_steps, desc="hidden words and patches", delay=2, leave=False, disable=None) as bar,
        ):
            for batch in loader.batches(0, plan.total_steps):
                for name, loss in self._model(batch.to(device)).items():
                    if name in self._losses:
                        found[name].append((float(loss.value), float(loss.count)))
                bar.update()
        return found


def _batch_rows(examples: int, *, most: int) -> int:
    """Enough batches for an interval, from few examples too."""
    return max(1, min(most, examples // _LEAST_BATCHES))


def _with_terms(sums: Mapping[str, list[tuple[float, float]]]) -> Sums:
    return {name: parts for name, parts in sums.items() if sum(count for _, count in parts) > 0}
