"""What a sample is made with: its seed, its share of damage, and the habits of the shop that it plays."""

import dataclasses
import json
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from vitrina.catalogue.sample.kinds import KINDS

Quantiles = tuple[float, ...]
"""Values at `QUANTILES`, ascending."""

QUANTILES = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
"""Where distributions are measured and followed."""

MAX_PICTURES = 8
"""A product of the sample has at most this many pictures."""

MAX_FAMILY = 12
"""A family of the sample has at most this many variants: there must be a colour for each."""


@dataclass(frozen=True)
class PriceScale:
    """How prices of a kind are moved: the quantiles of ln(expected price) as they are, and as they shall be."""

    own: Quantiles
    real: Quantiles


@dataclass(frozen=True)
class Habits:
    """The statistics of a sample's products, as shares of 1 or weights.

    `kinds` weigh the kinds of goods, `family_sizes` the number of variants, `splits` the splits of families,
    `languages` (`en`, `es`, `en+es`) the products that have texts, `picture_counts` those that have pictures.
    `pictureless` and `textless` products never coincide. `untold` is the share of the languages of a product in which
    it has a title and no description, `second_title` that in which it has two titles; `no_brand`, `no_price`,
    `no_category` and `no_attributes` are shares of all products. `title_words` and `description_words` are the lengths
    to aim at, None for what the grammar gives; `prices` holds the kinds whose prices are moved.
    """

    kinds: Mapping[str, float] = field(default_factory=lambda: dict.fromkeys(KINDS, 1.0))
    family_sizes: Mapping[int, float] = field(default_factory=lambda: {1: 3.0, 2: 3.0, 3: 2.5, 4: 1.5, 5: 0.8})
    splits: Mapping[str, float] = field(default_factory=lambda: {"train": 0.8, "val": 0.1, "test": 0.1})
    languages: Mapping[str, float] = field(default_factory=lambda: {"en": 0.35, "es": 0.30, "en+es": 0.35})
    picture_counts: Mapping[int, float] = field(default_factory=lambda: {1: 0.5, 2: 0.32, 3: 0.18})
    pictureless: float = 0.12
    textless: float = 0.12
    untold: float = 0.15
    second_title: float = 0.15
    no_brand: float = 0.0
    no_price: float = 0.0
    no_category: float = 0.0
    no_attributes: float = 0.0
    title_words: Quantiles | None = None
    description_words: Quantiles | None = None
    currency: str = "EUR"
    prices: Mapping[str, PriceScale] = field(default_factory=dict)


PLAIN = Habits()
"""The habits of a sample that imitates no catalogue."""


@dataclass(frozen=True)
class Settings:
    """Everything that decides the products of a sample: product `number` is a pure function of this and `number`."""

    seed: int
    damage: float = 0.0
    habits: Habits = PLAIN

    def to_json(self) -> str:
        """The settings as JSON, which `from_json` reads."""
        return json.dumps(dataclasses.asdict(self), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> "Settings":
        """Settings from their JSON. Raises ValueError, KeyError or TypeError where it is none."""
        return _typed(cls, json.loads(text))


def _typed(kind: Any, value: Any) -> Any:
    """A value of JSON as the annotated type: dataclasses, mappings with whole numbers as keys, tuples."""
    if dataclasses.is_dataclass(kind):
        known: dict[str, Any] = typing.get_type_hints(kind)
        if set(value) != set(known):
            raise ValueError(f"it holds {', '.join(value)} in place of {', '.join(known)}")
        made: Any = kind
        return made(**{name: _typed(each, value[name]) for name, each in known.items()})
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if origin is types.UnionType:
        return None if value is None else _typed(inner[0], value)
    if origin is tuple:
        return tuple(_typed(inner[0], each) for each in value)
    if origin is not None and issubclass(origin, Mapping):
        return {inner[0](key): _typed(inner[1], each) for key, each in value.items()}
    return kind(value)
