"""What the page and its API ask and answer, as plain data. Their OpenAPI description is made from these."""

from dataclasses import dataclass
from decimal import Decimal

from vitrina.catalogue.product import Text
from vitrina.index.result import Hit


class RefusedError(ValueError):
    """A request that is answered with words and a status: `code` is the same word for the same cause."""

    def __init__(self, message: str, *, code: str, status: int) -> None:
        super().__init__(message)
        self.code = code
        self.status = status


@dataclass(frozen=True)
class Problem:
    """Why a request was not answered: a word for machines, a sentence for people."""

    code: str
    message: str


@dataclass(frozen=True)
class Filters:
    """Which products count: below a category path (`Fashion > Shoes`), priced between two amounts, with a text in a
    language, with a picture."""

    category: str | None = None
    price_from: Decimal | None = None
    price_to: Decimal | None = None
    language: str | None = None
    pictures: bool = False


@dataclass(frozen=True)
class Wanted:
    """A search: words, the handle of an uploaded picture, the id of a product that it should be like, or several."""

    text: str | None = None
    picture: bytes | None = None
    like: str | None = None
    filters: Filters = Filters()
    top: int = 24
    skip: int = 0


@dataclass(frozen=True)
class Card:
    """A product among others: what was found, its titles, how many pictures it has, and a version for their URLs."""

    hit: Hit
    titles: tuple[Text, ...]
    picture_count: int
    version: str


@dataclass(frozen=True)
class Found:
    """Products, best first, among `matching` that pass the filters; `is_more` says that others follow."""

    cards: tuple[Card, ...]
    matching: int
    skip: int
    is_more: bool
    catalogue: str


@dataclass(frozen=True)
class Choice:
    """One value of a filter, how many products it would leave, and what it is filtered by."""

    name: str
    value: str
    count: int


@dataclass(frozen=True)
class Facets:
    """The filters with what they would leave: `categories` are those below the chosen one. Prices are in `currency`,
    the commonest; `price_counts` are the products between each two of `price_steps`."""

    products: int
    matching: int
    categories: tuple[Choice, ...]
    parents: tuple[Choice, ...]
    languages: tuple[Choice, ...]
    with_pictures: int
    currency: str | None
    price_steps: tuple[float, ...]
    price_counts: tuple[int, ...]


@dataclass(frozen=True)
class ShownProduct:
    """Everything that the catalogue knows of a product."""

    id: str
    titles: tuple[Text, ...]
    descriptions: tuple[Text, ...]
    picture_count: int
    version: str
    brand: str | None
    category: tuple[str, ...]
    price: Decimal | None
    currency: str | None
    attributes: dict[str, str]
    nouns: tuple[str, ...]


@dataclass(frozen=True)
class Guess:
    """A label and how sure the model is of it, 0 to 1."""

    label: str
    confidence: float


@dataclass(frozen=True)
class Labels:
    """What a model says to one question (`category`, an attribute's name, or `yours`) beside what is known."""

    question: str
    known: str | None
    guesses: tuple[Guess, ...]


@dataclass(frozen=True)
class Told:
    """What a model says of a product; `is_learning` says that more answers will come: ask again in a moment."""

    labels: tuple[Labels, ...]
    is_learning: bool


@dataclass(frozen=True)
class Region:
    """A word, its number in the mask (from 1), the share of the picture that it covers, and its box in pixels
    (x0, y0, x1, y1); no box where it covers nothing."""

    word: str
    number: int
    share: float
    box: tuple[int, int, int, int] | None


@dataclass(frozen=True)
class Mask:
    """Which word every pixel shows. `runs` lists number, length, number, length … row by row; 0 is the background."""

    width: int
    height: int
    regions: tuple[Region, ...]
    runs: tuple[int, ...]


@dataclass(frozen=True)
class Uploaded:
    """A picture that was taken in, for a while: its handle and its size in pixels."""

    picture: str
    width: int
    height: int


@dataclass(frozen=True)
class Abilities:
    """What the model behind the page can do; the page hides the rest."""

    search: bool
    neighbours: bool
    labels: bool
    masks: bool
    cutout: bool


@dataclass(frozen=True)
class Health:
    """Whether the shop is open, and whether a newer version of its catalogue is being read."""

    status: str
    renewing: bool


@dataclass(frozen=True)
class About:
    """The shop: how many products, which version of the catalogue, what the model can do, and words to try."""

    products: int
    catalogue: str
    model: str
    abilities: Abilities
    examples: dict[str, tuple[str, ...]]
