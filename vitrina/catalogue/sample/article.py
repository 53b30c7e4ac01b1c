"""The facts of one generated article, as a pure function of (seed, number), before any picture or text is made."""

from bisect import bisect
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from vitrina.catalogue.sample.colours import COLOUR_WEIGHTS, contrasting
from vitrina.catalogue.sample.draws import Draws
from vitrina.catalogue.sample.kinds import KINDS, Domain, Kind
from vitrina.catalogue.sample.settings import PLAIN, Habits

BLOCK = 60
"""Numbers are cut into blocks of this many and each block into whole families, so that a family is found at once."""

UNSEEN_SHARE = 1 / len(COLOUR_WEIGHTS)
"""Share of the combinations of kind, colour and pattern that no product of the train split has."""

BRANDS: Mapping[Domain, Mapping[str, float]] = {
    "fashion": {
        "Norvanta": 1.7,
        "Tresollas": 0.85,
        "Pardelo": 1.0,
        "Vellonia": 1.25,
        "Marsolet": 1.5,
        "Quillora": 0.75,
        "Brumarin": 1.1,
        "Osqueña": 0.9,
        "Lindevar": 1.35,
        "Kalpino": 0.7,
    },
    "home": {
        "Casabriz": 1.0,
        "Lumbrosa": 1.3,
        "Fjellmora": 1.6,
        "Ondarín": 0.8,
        "Tablonar": 1.1,
        "Hearthwyn": 1.45,
        "Mimbrela": 0.9,
    },
    "kitchen": {"Cazolaria": 1.2, "Potterlund": 1.5, "Sartenia": 0.85, "Brewmoor": 1.05, "Alfarina": 0.75},
    "electronics": {"Sonavox": 1.0, "Tindraal": 1.7, "Auridel": 1.3, "Klikko": 0.6, "Decibelia": 0.85},
    "toys": {"Pelusilla": 1.1, "Trastín": 0.8, "Woodlekin": 1.4, "Rodabú": 0.95},
    "stationery": {"Papelarte": 1.0, "Folioscope": 1.4, "Cuadernia": 0.75, "Inkhollow": 1.2},
    "groceries": {"Huertamar": 1.0, "La Colmenilla": 1.35, "Olivarda": 1.15, "Despensol": 0.7},
}
"""Invented brands by domain, with their factor on the price."""

_MODEL_NAMES = (
    "Aldaba",
    "Brisa",
    "Calima",
    "Dune",
    "Ember",
    "Faro",
    "Galerna",
    "Harbour",
    "Iris",
    "Jara",
    "Kestana",
    "Levante",
    "Mistral",
    "Nogal",
    "Orilla",
    "Prisma",
    "Quartz",
    "Ribera",
    "Sierra",
    "Tundra",
    "Umbra",
    "Valle",
    "Willow",
    "Yarrow",
    "Zafra",
    "Alba",
    "Bora",
    "Cierzo",
    "Delta",
    "Estela",
    "Fresno",
    "Gala",
    "Heath",
    "Isla",
    "Juno",
    "Lark",
    "Mesa",
    "Nimbus",
    "Opal",
    "Piedra",
    "Roble",
    "Solana",
    "Tejo",
    "Vega",
)


@dataclass(frozen=True)
class Article:
    """What is true of one article. Variants of a family share all but colour, accent and size.

    `accent` is the second colour of a pattern, None for a plain article; `features` hold one value for each feature
    of the kind; `family` is the number of the family's first variant, `split` the split of the whole family. `habits`
    are those of the sample that the article belongs to.
    """

    seed: int
    number: int
    family: int
    kind: Kind
    colour: str
    accent: str | None
    material: str
    pattern: str
    size: str
    features: Mapping[str, str]
    audience: str | None
    brand: str
    model: str
    split: str
    habits: Habits = field(repr=False, compare=False)

    @property
    def is_unseen(self) -> bool:
        """Whether no product of the train split combines this kind, colour and pattern."""
        return self.colour == unseen_colour(self.kind.name, pattern=self.pattern, seed=self.seed)

    def other(self, number: int) -> "Article":
        """The article of another number in the same sample."""
        return article(number, seed=self.seed, habits=self.habits)

    @property
    def attributes(self) -> dict[str, str]:
        """The record that the product carries."""
        record = {
            "kind": self.kind.name,
            "colour": self.colour,
            "material": self.material,
            "pattern": self.pattern,
            "size": self.size,
            **self.features,
        }
        if self.accent is not None:
            record["accent"] = self.accent
        if self.audience is not None:
            record["audience"] = self.audience
        record["model"] = self.model
        return record


def article(number: int, *, seed: int, habits: Habits = PLAIN) -> Article:
    """The article of this number (0 or above); ValueError for a number below 0.

    A family's split is drawn before its colours: in train none of them makes an unseen combination.
    """
    if number < 0:
        raise ValueError(f"articles are numbered from 0, not {number}")
    first = _first_of_family(number, seed=seed, sizes=habits.family_sizes)
    split = Draws(seed, "split", first).weighted(habits.splits)
    family = Draws(seed, "family", first)
    kind = KINDS[family.weighted(habits.kinds)]
    material = family.weighted(kind.materials)
    pattern = family.weighted(kind.patterns)
    features = {name: family.weighted(weights) for name, weights in kind.features.items()}
    audience = family.weighted(kind.audiences) if kind.audiences else None
    brand = family.choice(tuple(BRANDS[kind.domain]))
    model = _model(family)
    unseen = unseen_colour(kind.name, pattern=pattern, seed=seed)
    weights = {name: each for name, each in COLOUR_WEIGHTS.items() if split != "train" or name != unseen}
    colour = _distinct_colours(family, count=number - first + 1, weights=weights)[-1]
    variant = Draws(seed, "variant", number)
    return Article(
        seed=seed,
        number=number,
        family=first,
        kind=kind,
        colour=colour,
        accent=variant.choice(contrasting(colour)) if pattern != "plain" else None,
        material=material,
        pattern=pattern,
        size=variant.choice(_sizes(kind, audience)),
        features=features,
        audience=audience,
        brand=brand,
        model=model,
        split=split,
        habits=habits,
    )


@lru_cache(maxsize=4096)
def unseen_colour(kind: str, *, pattern: str, seed: int) -> str:
    """The colour that articles of this kind and pattern have in the held-out splits only: one for each kind and
    pattern, so that every kind and every colour stays common in train."""
    return Draws(seed, "unseen", kind, pattern).choice(tuple(COLOUR_WEIGHTS))


def _first_of_family(number: int, *, seed: int, sizes: Mapping[int, float]) -> int:
    starts = _families(number // BLOCK, seed=seed, sizes=tuple(sizes.items()))
    return starts[bisect(starts, number) - 1]


@lru_cache(maxsize=4096)
def _families(block: int, *, seed: int, sizes: tuple[tuple[int, float], ...]) -> tuple[int, ...]:
    """The first numbers of the families of a block, in order."""
    cuts = Draws(seed, "block", block)
    weights = dict(sizes)
    starts = [block * BLOCK]
    while starts[-1] < (block + 1) * BLOCK:
        starts.append(starts[-1] + cuts.weighted(weights))
    return tuple(starts[:-1])


def _sizes(kind: Kind, audience: str | None) -> tuple[str, ...]:
    """The sizes offered: the smaller ones for kids, the smaller two thirds of shoes for women."""
    sizes = tuple(kind.sizes)
    if audience == "kids":
        return sizes[: max(len(sizes) // 3, 2)]
    if audience == "women" and kind.is_pair:
        return sizes[: len(sizes) * 2 // 3]
    return sizes


def _distinct_colours(family: Draws, *, count: int, weights: Mapping[str, float]) -> list[str]:
    """The colours of the first `count` variants, no colour twice."""
    left = dict(weights)
    colours = []
    for _ in range(count):
        colours.append(family.weighted(left))
        del left[colours[-1]]
    return colours


def _model(draws: Draws) -> str:
    """A model name in one of several habits: "Sierra", "Sierra 240", "KX-12", "Faro 4.5"."""
    name = draws.choice(_MODEL_NAMES)
    habit = draws.weighted({"name": 4.0, "number": 3.0, "code": 2.0, "decimal": 1.0})
    if habit == "number":
        return f"{name} {draws.below(88) * 10 + 120}"
    if habit == "code":
        letters = "".join(draws.choice("ABDEFGHKLMNPRSTVXZ") for _ in range(2))
        return f"{letters}-{draws.below(890) + 10}"
    if habit == "decimal":
        return f"{name} {draws.below(9) + 1}.{draws.below(9) + 1}"
    return name
