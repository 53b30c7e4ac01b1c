"""What a catalogue can state about a product in one of few words: its category, a level of it, or an attribute."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self

from vitrina.catalogue.product import Product

MOST_VALUES = 200
"""A field with more values than this names products rather than kinds of them."""

BETWEEN = " > "
"""Stands between the levels of a category path that is written as one text; no level holds the sign."""

_WORDS = "`category` (the whole path), `category:1` (its widest level, counted from 1) or `attributes.NAME`"


@dataclass(frozen=True, slots=True, order=True)
class Field:
    """The category path (`level` None), one level of it (counted from 0), or the attribute of a name.

    >>> Field.parse("category:2"), str(Field.parse("attributes.colour"))
    (Field(attribute=None, level=1), 'attributes.colour')
    """

    attribute: str | None = None
    level: int | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """A field as the command line names it; ValueError where it is none."""
        kind, _, rest = text.strip().partition(":")
        if kind == "category" and ":" not in text:
            return cls()
        if kind == "category" and rest.isdecimal() and int(rest) > 0:
            return cls(level=int(rest) - 1)
        start, _, name = text.strip().partition(".")
        name = name[1:-1] if len(name) > 1 and name[0] == name[-1] == '"' else name
        if start == "attributes" and name:
            return cls(attribute=name)
        raise ValueError(f"{text!r} is no field that labels can be of: name {_WORDS}")

    def __str__(self) -> str:
        if self.attribute is not None:
            return f"attributes.{self.attribute}"
        return "category" if self.level is None else f"category:{self.level + 1}"

    @property
    def is_category(self) -> bool:
        """Whether it is the category path or a level of it."""
        return self.attribute is None

    def value(self, product: Product) -> str | None:
        """What the catalogue states, or None where it states nothing; of the whole path its levels with ` > `."""
        if self.attribute is not None:
            return product.attributes.get(self.attribute)
        if self.level is None:
            return BETWEEN.join(product.category) or None
        return product.category[self.level] if self.level < len(product.category) else None


def attributes_of(products: Iterable[Product], *, least: int) -> list[Field]:
    """The attributes with 2 to MOST_VALUES values that at least `least` products have, the most widely known first.

    What names products rather than kinds of them is left out: fewer than two products to a value.
    """
    counts: dict[str, Counter[str]] = {}
    for product in products:
        for name, value in product.attributes.items():
            counts.setdefault(name, Counter())[value] += 1
    known = {
        name: values.total()
        for name, values in counts.items()
        if 2 <= len(values) <= MOST_VALUES and values.total() >= max(least, 2 * len(values))
    }
    return [Field(attribute=name) for name in sorted(known, key=lambda name: (-known[name], name))]


def nouns_of(products: Iterable[Product], *, most: int = 8) -> list[str]:
    """The commonest narrowest categories of some products: the nouns that attributes stand beside in titles."""
    leaves = Counter(product.category[-1] for product in products if product.category)
    return [name for name, _ in sorted(leaves.items(), key=lambda each: (-each[1], each[0]))[:most]]


def family_of_product(product: Product) -> str:
    """What says which products are variants of one: the group, else the first text, else the id.

    Examples of one family are never on both sides of a choice.
    """
    if product.group is not None:
        return f"group {product.group}"
    if product.texts:
        return "text " + " ".join(product.texts[0].text.casefold().split())
    return f"id {product.id}"


def stated(products: Sequence[Product], *, field: Field) -> list[str | None]:
    """What each product states about a field."""
    return [field.value(product) for product in products]
