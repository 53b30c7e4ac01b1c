"""Mixture: how many batches of each kind, and in which order."""

import math
from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Literal, TypeVar

from vitrina.data.sources import KINDS, Kind

LONGEST_BLOCK = 1000
"""Batches among which shares are rounded where no shorter block meets them exactly."""

_SHORTEST_BLOCK = 20

Name = TypeVar("Name", bound=Hashable)


@dataclass(frozen=True)
class Stage:
    """`share_of_run` of all steps with shares of their own; shares are weights and need not sum to one.

    `domains` are the weights of business domains while the stage lasts; empty takes the mixture's.
    """

    share_of_run: float
    text: float
    image: float
    pair: float
    domains: Mapping[str, float] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        _as_floats(self, "share_of_run", *KINDS)
        object.__setattr__(self, "domains", {name: float(weight) for name, weight in self.domains.items()})


@dataclass(frozen=True)
class Mixture:
    """Shares of text-only, image-only and paired batches; FLAVA's by default (Singh et al. 2022, section 3.2).

    Shares are weights: they need not sum to one. `order="random"` shuffles every block of batches anew,
    `order="spread"` spaces each kind as evenly as whole batches allow. With `stages` the run goes through them one
    after another and the shares above are not used.

    `domains` are weights of business domains by name, and `temperature` T weighs a domain by its number of examples to
    the power of 1/T (Arivazhagan et al. 2019, section 4.2): 1 is as the data are, a large T treats all domains alike.
    Where both are given, a domain's weight is their product. A domain without a weight among others that have one is
    left out. Where neither is given, nor by any stage, domains are not told apart; where some stage alone names
    domains, the others meet all domains as the data are.

    `same_category` of a pair batch's rows stand among others of their category path, as far as the 8 batches that are
    drawn together have them: hard negatives for pictures and texts alike. Every product still comes once an epoch.

    >>> Mixture(stages=(Stage(0.2, text=1, image=1, pair=0), Stage(0.8, text=0.15, image=0.15, pair=0.7))).order
    'random'
    >>> Mixture(domains={"fashion": 2, "grocery": 1}).is_by_domain
    True
    """

    text: float = 0.15
    image: float = 0.15
    pair: float = 0.70
    order: Literal["random", "spread"] = "random"
    stages: tuple[Stage, ...] = ()
    domains: Mapping[str, float] = field(default_factory=dict, hash=False, metadata={"names": "open"})
    temperature: float | None = None
    same_category: float = 0.0

    def __post_init__(self) -> None:
        _as_floats(self, *KINDS, "same_category")
        if not 0 <= self.same_category <= 1:
            raise ValueError(f"mixture.same_category is {self.same_category}: a share lies between 0 and 1.")
        object.__setattr__(self, "domains", {name: float(weight) for name, weight in self.domains.items()})
        if self.order not in ("random", "spread"):
            raise ValueError(f"mixture.order is {self.order!r}: choose 'random' or 'spread'.")
        _check_domains(self.domains, where="mixture.domains")
        for number, stage in enumerate(self.stages):
            _check_domains(stage.domains, where=f"mixture.stages[{number}].domains")
        for number, stage in enumerate(self.parts(), start=1):
            where = f"The mixture's stage {number}" if self.stages else "The mixture"
            shares = (stage.share_of_run, stage.text, stage.image, stage.pair)
            if any(not math.isfinite(share) or share < 0 for share in shares):
                raise ValueError(f"{where} has a share that is negative or not a number: {stage}.")
            if stage.text + stage.image + stage.pair <= 0:
                raise ValueError(f"{where} asks for no kind of batch: give one a share above 0.")
        if self.stages and sum(stage.share_of_run for stage in self.stages) <= 0:
            raise ValueError("The mixture's stages take no share of the run: give one a share_of_run above 0.")
        if self.temperature is not None:
            _as_floats(self, "temperature")
            if not 0 < self.temperature < math.inf:
                raise ValueError(
                    f"mixture.temperature is {self.temperature}: choose a number above 0 (1 keeps the data's "
                    "proportions, a large one treats all domains alike), or none."
                )

    @property
    def is_by_domain(self) -> bool:
        """Whether business domains are told apart, so that every batch holds products of one."""
        return self.temperature is not None or any(stage.domains for stage in self.parts())

    def parts(self) -> tuple[Stage, ...]:
        """The stages, or the whole run as one, each with the weights of domains that hold in it."""
        if not self.stages:
            return (Stage(1.0, self.text, self.image, self.pair, self.domains),)
        return tuple(stage if stage.domains else replace(stage, domains=self.domains) for stage in self.stages)


@dataclass(frozen=True)
class Available:
    """A mixture of kinds that the data has, and in words what had to change."""

    mixture: Mixture
    notes: tuple[str, ...]


def keep_available(mixture: Mixture, kinds: Collection[Kind]) -> Available:
    """The mixture without the kinds that are absent, the others keeping their proportions.

    Raises ValueError where a stage, or the run, is left with nothing.
    """
    return keep_given(mixture, [Given(kinds) for _ in mixture.parts()])


@dataclass(frozen=True)
class Given:
    """The kinds of batch that a stage's products give; `domains` names these where they are some among others."""

    kinds: Collection[Kind]
    domains: str | None = None


def keep_given(mixture: Mixture, given: Sequence[Given]) -> Available:
    """`keep_available` where each stage has kinds of its own."""
    notes = []
    kept = []
    for number, (stage, there) in enumerate(zip(mixture.parts(), given, strict=True), start=1):
        absent: list[Kind] = [kind for kind in KINDS if kind not in there.kinds and share_of(stage, kind) > 0]
        left = replace(stage, **dict.fromkeys(absent, 0.0))
        where = f" in stage {number}" if mixture.stages else ""
        of = "" if there.domains is None else f" of {there.domains}"
        if left.text + left.image + left.pair <= 0:
            raise ValueError(
                f"The mixture asks for {' and '.join(absent)} batches only{where}, but the training products{of} have "
                f"none: they give {', '.join(sorted(there.kinds)) or 'nothing'}. Change the mixture's shares."
            )
        total = left.text + left.image + left.pair
        for kind in absent:
            lost = share_of(stage, kind) / (stage.text + stage.image + stage.pair)
            shares = {each: share_of(left, each) / total for each in KINDS}
            others = ", ".join(f"{each} {value:.0%}" for each, value in shares.items() if value)
            notes.append(
                f"No training product{of} gives {kind} batches{where}: their {lost:.0%} go to the others, now {others}."
            )
        kept.append(left)
    if mixture.stages:
        return Available(replace(mixture, stages=tuple(kept)), tuple(notes))
    only = kept[0]
    return Available(replace(mixture, text=only.text, image=only.image, pair=only.pair), tuple(notes))


def only(kind: Kind) -> Mixture:
    """A run of one kind of batch."""
    return Mixture(text=float(kind == "text"), image=float(kind == "image"), pair=float(kind == "pair"))


def share_of(stage: Stage, kind: Kind) -> float:
    """A stage's share of one kind."""
    return {"text": stage.text, "image": stage.image, "pair": stage.pair}[kind]


def block_counts(stage: Stage) -> dict[Kind, int]:
    """How many batches of each kind a block holds, domains aside.

    A block is the smallest number of batches, 20 or more and at most 1000, whose whole batches meet the shares
    exactly: 3, 3 and 14 of 20 by default. Shares that no such block meets are rounded over 1000 batches by largest
    remainder (ties to the kind named first), every kind asked for getting at least one.
    """
    shares: dict[Kind, Fraction] = {kind: Fraction(share_of(stage, kind)).limit_denominator(10**6) for kind in KINDS}
    return whole_counts(shares)


def whole_counts(shares: Mapping[Name, Fraction]) -> dict[Name, int]:
    """How many of a block's batches each gets: exactly its share where a block can give it, else by `apportion`."""
    length = exact_length(shares)
    if length is None:
        return apportion(shares, among=LONGEST_BLOCK)
    total = sum(shares.values(), Fraction(0))
    return {name: int(share / total * length) for name, share in shares.items()}


def exact_length(shares: Mapping[Name, Fraction]) -> int | None:
    """The smallest number of batches, 20 or more and at most 1000, whose whole batches meet the shares exactly."""
    total = sum(shares.values(), Fraction(0))
    exact = math.lcm(*((share / total).denominator for share in shares.values()))
    return None if exact > LONGEST_BLOCK else exact * -(-_SHORTEST_BLOCK // exact)


def apportion(shares: Mapping[Name, Fraction], *, among: int) -> dict[Name, int]:
    """`among` batches shared out by largest remainder, ties to what is named first; what has a share gets one at least.

    The largest gives where these ones are too many.
    """
    assert among >= sum(share > 0 for share in shares.values()), "fewer batches than there are shares"
    total, names = sum(shares.values(), Fraction(0)), list(shares)
    wanted = {name: share / total * among for name, share in shares.items()}
    counts = {name: max(math.floor(share), 1 if share else 0) for name, share in wanted.items()}
    for name in sorted(names, key=lambda name: counts[name] - wanted[name])[: max(0, among - sum(counts.values()))]:
        counts[name] += 1
    for _ in range(sum(counts.values()) - among):
        counts[max(names, key=lambda name: counts[name])] -= 1
    return counts


def _as_floats(value: "Stage | Mixture", *names: str) -> None:
    """A share written as 1 is 1.0, as a stored recipe has it: the plan of both has one fingerprint."""
    for name in names:
        object.__setattr__(value, name, float(getattr(value, name)))


def _check_domains(weights: Mapping[str, float], *, where: str) -> None:
    for name, weight in weights.items():
        if not name.strip():
            raise ValueError(f"{where} has a domain without a name: the mixture's domains are named as products are.")
        if not math.isfinite(weight) or weight < 0:
            raise ValueError(f"{where}.{name} is {weight}: a domain's weight in the mixture is a number of 0 or more.")
    if weights and not any(weights.values()):
        raise ValueError(f"{where}: every weight is 0, so the mixture has nothing to show; give a domain more than 0.")
