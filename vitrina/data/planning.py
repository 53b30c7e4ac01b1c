"""Planning: the plan of a run over a stock's sources."""

from collections.abc import Mapping

from vitrina.data.lengths import TextLengths
from vitrina.data.mixture import Mixture
from vitrina.data.plan import Plan
from vitrina.data.sources import Kind, Source
from vitrina.data.stock import Stock


def plan_run(
    stock: Stock, sources: Mapping[Kind, Source], *, mixture: Mixture, batch_rows: int, seed: int, total_steps: int
) -> Plan:
    """The plan of a run over a stock's sources, its text-only batches in buckets of length."""
    return Plan(
        {kind: len(source.rows) for kind, source in sources.items()},
        mixture=mixture,
        batch_rows=batch_rows,
        seed=seed,
        total_steps=total_steps,
        text_lengths=TextLengths(stock, sources["text"], seed=seed) if "text" in sources else None,
    )
