"""A product: one row of a catalogue."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Text:
    """A title or a description, with its language as a BCP 47 code (`"es"`), or None where nobody said."""

    text: str
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Product:
    """What a shop knows about one article. Absent facts are None or empty tuples, never `""`.

    `pictures` are canonical upright RGB JPEGs, decoded late. `category` is the path from the widest to the
    narrowest. Variants of one family (sizes, colours) share `group`; a family is never cut by a split.

    >>> Product(id="7", titles=(Text("Red mug", "en"),)).split
    'train'
    """

    id: str
    titles: tuple[Text, ...] = ()
    descriptions: tuple[Text, ...] = ()
    pictures: tuple[bytes, ...] = ()
    brand: str | None = None
    category: tuple[str, ...] = ()
    price: Decimal | None = None
    currency: str | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)
    domain: str | None = None
    group: str | None = None
    split: str = "train"

    @property
    def texts(self) -> tuple[Text, ...]:
        """Titles, then descriptions: every positive text of the product."""
        return self.titles + self.descriptions
