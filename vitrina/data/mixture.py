"""Mixture: how many batches of each kind, and in which order."""

import math
from collections.abc import Collection
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Literal

from vitrina.data.sources import KINDS, Kind

_SHORTEST_BLOCK, _LONGEST_BLOCK = 20, 1000


@dataclass(frozen=True)
class Stage:
    """`share_of_run` of all steps with shares of their own; shares are weights and need not sum to one."""

    share_of_run: float
    text: float
    image: float
    pair: float


@dataclass(frozen=True)
class Mixture:
    """Shares of text-only, image-only and paired batches; FLAVA's by default (Singh et al. 2022, section 3.2).

    Shares are weights: they need not sum to one. `order="random"` shuffles every block of batches anew,
    `order="spread"` spaces each kind as evenly as whole batches allow. With `stages` the run goes through them one
    after another and the shares above are not used.

    >>> Mixture(stages=(Stage(0.2, text=1, image=1, pair=0), Stage(0.8, text=0.15, image=0.15, pair=0.7))).order
    'random'
    """

    text: float = 0.15
    image: float = 0.15
    pair: float = 0.70
    order: Literal["random", "spread"] = "random"
    stages: tuple[Stage, ...] = ()

    def __post_init__(self) -> None:
        if self.order not in ("random", "spread"):
            raise ValueError(f"mixture.order is {self.order!r}: choose 'random' or 'spread'.")
        for stage in self.stages or (Stage(1.0, self.text, self.image, self.pair),):
            shares = (stage.share_of_run, stage.text, stage.image, stage.pair)
            if any(not math.isfinite(share) or share < 0 for share in shares):
                raise ValueError(f"The mixture's {stage} has a share that is negative or not a number.")
            if stage.text + stage.image + stage.pair <= 0:
                raise ValueError(f"The mixture's {stage} asks for no kind of batch: give one a share above 0.")
        if self.stages and sum(stage.share_of_run for stage in self.stages) <= 0:
            raise ValueError("The mixture's stages take no share of the run: give one a share_of_run above 0.")

    def parts(self) -> tuple[Stage, ...]:
        """The stages, or the whole run as one."""
        return self.stages or (Stage(1.0, self.text, self.image, self.pair),)


@dataclass(frozen=True)
class Available:
    """A mixture of kinds that the data has, and in words what had to change."""

    mixture: Mixture
    notes: tuple[str, ...]


def keep_available(mixture: Mixture, kinds: Collection[Kind]) -> Available:
    """The mixture without the kinds that are absent, the others keeping their proportions.

    Raises ValueError where a stage, or the run, is left with nothing.
    """
    notes = []
    kept = []
    for number, stage in enumerate(mixture.parts(), start=1):
        absent: list[Kind] = [kind for kind in KINDS if kind not in kinds and share_of(stage, kind) > 0]
        left = replace(stage, **dict.fromkeys(absent, 0.0))
        where = f" in stage {number}" if mixture.stages else ""
        if left.text + left.image + left.pair <= 0:
            raise ValueError(
                f"The mixture asks for {' and '.join(absent)} batches only{where}, but the training products have "
                f"none: they give {', '.join(sorted(kinds)) or 'nothing'}. Change the mixture's shares."
            )
        total = left.text + left.image + left.pair
        for kind in absent:
            lost = share_of(stage, kind) / (stage.text + stage.image + stage.pair)
            shares = {each: share_of(left, each) / total for each in KINDS}
            others = ", ".join(f"{each} {value:.0%}" for each, value in shares.items() if value)
            notes.append(
                f"No training product gives {kind} batches{where}: their {lost:.0%} go to the others, now {others}."
            )
        kept.append(left)
    if mixture.stages:
        return Available(replace(mixture, stages=tuple(kept)), tuple(notes))
    only = kept[0]
    return Available(replace(mixture, text=only.text, image=only.image, pair=only.pair), tuple(notes))


def share_of(stage: Stage, kind: Kind) -> float:
    """A stage's share of one kind."""
    return {"text": stage.text, "image": stage.image, "pair": stage.pair}[kind]


def block_counts(stage: Stage) -> dict[Kind, int]:
    """How many batches of each kind a block holds.

    A block is the smallest number of batches, 20 or more and at most 1000, whose whole batches meet the shares
    exactly: 3, 3 and 14 of 20 by default. Shares that no such block meets are rounded over 1000 batches by largest
    remainder (ties to the kind named first), every kind asked for getting at least one.
    """
    shares: dict[Kind, Fraction] = {kind: Fraction(share_of(stage, kind)).limit_denominator(10**6) for kind in KINDS}
    total = sum(shares.values())
    exact = math.lcm(*((share / total).denominator for share in shares.values()))
    if exact <= _LONGEST_BLOCK:
        length = exact * -(-_SHORTEST_BLOCK // exact)
        return {kind: int(shares[kind] / total * length) for kind in KINDS}
    wanted: dict[Kind, Fraction] = {kind: shares[kind] / total * _LONGEST_BLOCK for kind in KINDS}
    counts: dict[Kind, int] = {kind: max(math.floor(wanted[kind]), 1 if wanted[kind] else 0) for kind in KINDS}
    order = sorted(KINDS, key=lambda kind: (counts[kind] - wanted[kind], KINDS.index(kind)))
    for kind in order[: max(0, _LONGEST_BLOCK - sum(counts.values()))]:
        counts[kind] += 1
    counts[max(KINDS, key=lambda kind: counts[kind])] -= max(0, sum(counts.values()) - _LONGEST_BLOCK)
    return counts
