"""Planning: the plan of a run over a stock's sources, and of its business domains where the mixture names any."""

from collections.abc import Mapping

import numpy as np

from vitrina.data.domains import Members
from vitrina.data.lengths import TextLengths
from vitrina.data.mixture import Mixture
from vitrina.data.plan import Plan
from vitrina.data.sources import Kind, Numbered, Source, categories_of, domains_of
from vitrina.data.stock import Stock


def plan_run(
    stock: Stock, sources: Mapping[Kind, Source], *, mixture: Mixture, batch_rows: int, seed: int, total_steps: int
) -> Plan:
    """The plan of a run over a stock's sources, its text-only batches in buckets of length.

    Where the mixture tells business domains apart, a product's is its own `domain`, or the name of its catalogue's
    folder. Raises ValueError where the sources cannot serve the mixture.
    """
    domains: dict[Kind, dict[str, Members]] | None = None
    if mixture.is_by_domain:
        known = domains_of(stock)
        domains = {kind: members_by_domain(source.rows, domains=known) for kind, source in sources.items()}
    return Plan(
        {kind: len(source.rows) for kind, source in sources.items()},
        mixture=mixture,
        batch_rows=batch_rows,
        seed=seed,
        total_steps=total_steps,
        text_lengths=TextLengths(stock, sources["text"], seed=seed) if "text" in sources else None,
        pair_categories=categories_of(stock)[sources["pair"].rows]
        if mixture.same_category and "pair" in sources
        else None,
        domains=domains,
    )


def members_by_domain(rows: np.ndarray, *, domains: Numbered) -> dict[str, Members]:
    """Which of the `rows` (n,) of a stock belong to each domain, as positions among them; domains without any lack.

    A domain whose rows stand together, as those of a catalogue do, takes no memory.
    """
    numbers = domains.numbers[rows]
    # Numbers of few bits are sorted in linear time.
    if len(domains.names) < np.iinfo(np.int16).max:
        numbers = numbers.astype(np.int16)
    order = np.argsort(numbers, kind="stable")
    if len(rows) <= np.iinfo(np.int32).max:
        order = order.astype(np.int32)
    ends = np.cumsum(np.bincount(numbers, minlength=len(domains.names)))
    found: dict[str, Members] = {}
    for name, members in zip(domains.names, np.split(order, ends[:-1]), strict=True):
        if len(members):
            first, last = int(members[0]), int(members[-1])
            found[name] = range(first, last + 1) if last - first + 1 == len(members) else members
    return found
