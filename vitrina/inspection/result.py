"""What an inspection found: plain values, for the page, the terminal and JSON alike."""

import dataclasses
import json
from dataclasses import dataclass

import numpy as np

VERSION = 1

PROBLEMS = "inspection-problems.csv"
"""The file that lists every case of every problem."""


@dataclass(frozen=True, slots=True)
class Count:
    """How many of something, by name."""

    name: str
    count: int


@dataclass(frozen=True, slots=True)
class Spread:
    """How a quantity is distributed: least, quartiles, 95 %, largest and the mean."""

    least: float
    low: float
    median: float
    high: float
    p95: float
    largest: float
    mean: float


@dataclass(frozen=True, slots=True)
class Histogram:
    """`counts` (n,) between the `edges` (n + 1,)."""

    edges: tuple[float, ...]
    counts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a product: how many products have it."""

    name: str
    filled: int


@dataclass(frozen=True, slots=True)
class Attribute:
    """An attribute: how many products have it, how many values there are (at least), and the commonest."""

    name: str
    filled: int
    values: int
    top: tuple[Count, ...]


@dataclass(frozen=True, slots=True)
class CategoryNode:
    """A node of the tree of categories, with the products in and below it; what is left out is counted."""

    name: str
    count: int
    children: tuple["CategoryNode", ...]
    left_out: int


@dataclass(frozen=True)
class Coverage:
    """Who has what. `modality` counts products with both, text only, picture only, neither."""

    modality: tuple[Count, ...]
    splits: tuple[Count, ...]
    domains: tuple[Count, ...]
    brands: tuple[Count, ...]
    fields: tuple[Field, ...]
    attributes: tuple[Attribute, ...]
    categories: tuple[CategoryNode, ...]
    category_count: int
    majority_share: float
    pictures_per_product: tuple[Count, ...]


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Texts whose language, clearly enough, is not the one stated."""

    stated: str
    detected: str
    count: int


@dataclass(frozen=True)
class Languages:
    """Texts by the language stated and by the one they are in. `believed` show none for sure and count as what they
    state; `undetermined` neither show nor state one (names, numbers).

    `by_tie` were decided by what is commonest in the catalogue among the languages that they may be in.
    """

    stated: tuple[Count, ...]
    detected: tuple[Count, ...]
    unstated: int
    undetermined: int
    believed: int
    by_tie: int
    disagreements: tuple[Disagreement, ...]


@dataclass(frozen=True, slots=True)
class Cut:
    """Texts longer than so many tokens, and whose setting that is."""

    tokens: int
    whose: str
    share: float


@dataclass(frozen=True)
class Texts:
    """`titles` and `descriptions` counted, their lengths in words, and in tokens of a tokenizer trained on `sample` of
    them."""

    titles: int
    descriptions: int
    title_words: Spread | None
    description_words: Spread | None
    tokens: Spread | None
    sample: int
    vocabulary: int
    cuts: tuple[Cut, ...]
    word_histogram: Histogram | None
    boilerplate: tuple[Count, ...]
    boilerplate_share: float


@dataclass(frozen=True, slots=True)
class CategoryPrices:
    """Prices of one category and currency: quartiles, and how many stand out."""

    category: str
    count: int
    low: float
    median: float
    high: float
    outliers: int


@dataclass(frozen=True)
class CurrencyPrices:
    """Prices in one currency; the histogram has logarithmic edges."""

    currency: str
    count: int
    spread: Spread
    histogram: Histogram
    categories: tuple[CategoryPrices, ...]
    outliers: int


@dataclass(frozen=True)
class Prices:
    """`own_stated` of `described` products with a price and a description tell it there, `by_chance` would tell
    another product's."""

    missing: int
    zero: int
    placeholders: int
    currencies: tuple[CurrencyPrices, ...]
    described: int
    own_stated: int
    by_chance: int
    some_stated: int
    telling_attributes: tuple[Count, ...]


@dataclass(frozen=True)
class Pictures:
    """All pictures: their sizes in pixels and bytes on disk."""

    count: int
    longer_side: Spread | None
    shorter_side: Spread | None
    sizes: Histogram | None
    commonest_sizes: tuple[Count, ...]
    bytes_mean: float


@dataclass(frozen=True, slots=True)
class Repeats:
    """Clusters of things that are the same: how many clusters, members, products in them, and the largest sizes."""

    key: str
    title: str
    clusters: int
    members: int
    products: int
    surplus: int
    largest: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Leak:
    """Products of `split` whose twin (by `what`) is in the training split, of `of` products."""

    split: str
    what: str
    count: int
    of: int


@dataclass(frozen=True, slots=True)
class PictureOf:
    """A product's picture: the row of the product and the number of the picture."""

    row: int
    number: int


@dataclass(frozen=True, slots=True)
class Example:
    """One case of a problem: the products (`ids`) concerned, in words what is wrong, and what there is to see."""

    ids: tuple[str, ...]
    reason: str
    text: str | None
    pictures: tuple[PictureOf, ...]


@dataclass(frozen=True)
class Problem:
    """A kind of fault: how many `unit` of how many, how it is recognised and how surely (`about`), the worst cases."""

    key: str
    title: str
    count: int
    of: int
    unit: str
    about: str
    examples: tuple[Example, ...]

    @property
    def share(self) -> float:
        return self.count / self.of if self.of else 0.0

    @property
    def is_grouped(self) -> bool:
        """Whether a case is several products."""
        return any(len(example.ids) > 1 for example in self.examples)


@dataclass(frozen=True, slots=True)
class Advice:
    """A warning or a hint in plain words. `level` is "stop", "mind" or "know"; `mend` is a command or a setting."""

    level: str
    what: str
    why: str
    mend: str | None


@dataclass(frozen=True, slots=True)
class Part:
    """One kind of batch: the training products that give it, its share of the steps, and its epoch in steps."""

    kind: str
    products: int
    share: float
    epoch_steps: float | None


@dataclass(frozen=True)
class Training:
    """What a run on the training split would see. `batch_rows` are those of the recipe named; None where nothing can
    be trained on."""

    products: int
    parts: tuple[Part, ...]
    mixture: str
    mixture_reason: str
    recipe: str
    batch_rows: int
    size: str
    size_reason: str
    majority: str
    repeated_titles_share: float
    twins_per_batch: float


@dataclass(frozen=True)
class Inspection:
    """Everything that an inspection found, in a catalogue of so many products with this digest."""

    catalogue: str
    digest: str
    products: int
    coverage: Coverage
    languages: Languages
    texts: Texts
    prices: Prices
    pictures: Pictures
    repeats: tuple[Repeats, ...]
    leaks: tuple[Leak, ...]
    training: Training | None
    advice: tuple[Advice, ...]
    problems: tuple[Problem, ...]
    bytes_per_product: float

    def json(self) -> str:
        """All of it as JSON."""
        return json.dumps({"version": VERSION, **dataclasses.asdict(self)}, ensure_ascii=False, indent=1) + "\n"

    def text(self) -> str:
        """A page of a terminal: what there is, the warnings in order of importance, the faults counted."""
        from vitrina.inspection.terminal import as_text

        return as_text(self)


def spread(numbers: np.ndarray) -> Spread | None:
    """The distribution of numbers (n,); None where there are none."""
    if numbers.size == 0:
        return None
    low, median, high, p95 = np.percentile(numbers, (25, 50, 75, 95)).tolist()
    return Spread(float(numbers.min()), low, median, high, p95, float(numbers.max()), float(numbers.mean()))
