"""Domains: how a mixture's batches are shared out among business domains (fashion, grocery, …)."""

from collections.abc import Mapping
from difflib import get_close_matches
from fractions import Fraction

import numpy as np

from vitrina.data.mixture import (
    LONGEST_BLOCK,
    Available,
    Given,
    Mixture,
    Stage,
    apportion,
    block_counts,
    exact_length,
    keep_given,
    share_of,
    whole_counts,
)
from vitrina.data.sources import KINDS, Kind

Members = np.ndarray | range
"""The positions of a domain's products among a kind's rows, ascending: an unbroken stretch, or an array (n,)."""

Sizes = Mapping[Kind, Mapping[str, int]]
"""How many examples of each kind each domain has; a domain without any is absent there."""

_LEAST = Fraction(1, 10**6)


def keep_available_domains(mixture: Mixture, *, sizes: Sizes) -> Available:
    """The mixture without the kinds that a stage's domains do not give, and in words who gives way to whom.

    Raises ValueError for a domain that has nothing to show, naming those that have, and where a stage is left with
    nothing.
    """
    there = sorted({name for each in sizes.values() for name in each})
    named = list(dict.fromkeys(name for stage in mixture.parts() for name in stage.domains))
    for name in named:
        if name not in there:
            close = get_close_matches(name, there, n=1)
            hint = f" (the nearest is {close[0]!r})" if close else ""
            raise ValueError(
                f"The mixture names the domain {name!r}, of which no training product gives the kinds of batch that it "
                f"asks for{hint}. There are: {', '.join(there) or 'none'}. A product without a "
                "domain of its own belongs to the one named like its catalogue's folder."
            )
    notes = []
    given = []
    for number, stage in enumerate(mixture.parts(), start=1):
        wanted = _wanted(stage, there)
        kinds: list[Kind] = [kind for kind in KINDS if any(name in sizes.get(kind, {}) for name in wanted)]
        given.append(Given(kinds, ", ".join(wanted) if len(wanted) < len(there) else None))
        where = f" in stage {number}" if mixture.stages else ""
        for kind in kinds:
            lacking = [name for name in wanted if name not in sizes[kind]]
            has_share = share_of(stage, kind) > 0 and (stage.domains or mixture.temperature is not None)
            if lacking and has_share:
                others = ", ".join(name for name in wanted if name in sizes[kind])
                notes.append(
                    f"No training product of {', '.join(lacking)} gives {kind} batches{where}: "
                    f"their share of these goes to {others}."
                )
    shown = {name for stage in mixture.parts() for name in _wanted(stage, there)}
    asked_not = [name for name in there if name not in shown and name not in named]
    if asked_not:
        notes.append(f"The mixture gives no weight to {', '.join(asked_not)}: their products are left out.")
    kept = keep_given(mixture, given)
    return Available(kept.mixture, (*kept.notes, *notes))


def domain_counts(stage: Stage, *, sizes: Sizes, temperature: float | None) -> dict[tuple[Kind, str], int]:
    """How many batches of each kind and domain a block of a stage holds.

    A block is the smallest number of batches, 20 or more and at most 1000, whose whole batches meet the shares
    exactly. Where there is none, the kinds keep their exact shares of the longest block of up to 1000 batches, and
    each kind's are shared out among its domains by largest remainder, one at least for each; the block is made longer
    where domains are too many for that.
    """
    kinds: dict[Kind, Fraction] = {kind: Fraction(count) for kind, count in block_counts(stage).items() if count}
    weights = {kind: _weights(stage, sizes[kind], temperature=temperature) for kind in kinds}
    total = sum(kinds.values(), Fraction(0))
    joint: dict[tuple[Kind, str], Fraction] = {
        (kind, name): share / total * weight / sum(weights[kind].values(), Fraction(0))
        for kind, share in kinds.items()
        for name, weight in weights[kind].items()
    }
    if exact_length(joint) is not None:
        return whole_counts(joint)
    repeats = LONGEST_BLOCK // int(total)
    repeats = max(repeats, *(-(-len(weights[kind]) // int(share)) for kind, share in kinds.items()))
    return {
        (kind, name): count
        for kind, share in kinds.items()
        for name, count in apportion(weights[kind], among=int(share) * repeats).items()
    }


def _weights(stage: Stage, sizes: Mapping[str, int], *, temperature: float | None) -> dict[str, Fraction]:
    """The shares of one kind's domains, in the order of their names; no domain with a weight has none."""
    power = 1 / temperature if temperature is not None else 0.0 if stage.domains else 1.0
    names = _wanted(stage, sorted(sizes))
    largest = max(sizes[name] for name in names)
    weights = {name: stage.domains.get(name, 1.0) * (sizes[name] / largest) ** power for name in names}
    total = sum(weights.values())
    if power == 0.0:
        exact = {name: Fraction(weight).limit_denominator(10**6) for name, weight in weights.items()}
    elif power == 1.0 and not stage.domains:
        exact = {name: Fraction(sizes[name]) for name in names}
    else:
        exact = {name: Fraction(weight / total).limit_denominator(10**6) for name, weight in weights.items()}
    return {name: max(weight, _LEAST) for name, weight in exact.items()}


def _wanted(stage: Stage, there: list[str]) -> list[str]:
    """Those of the domains that the stage shows."""
    return [name for name in there if stage.domains.get(name, 0.0) > 0] if stage.domains else list(there)
