"""What a kind of goods is, and the weights that several kinds share."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Domain = Literal["fashion", "home", "kitchen", "electronics", "toys", "stationery", "groceries"]


@dataclass(frozen=True)
class Kind:
    """One kind of goods.

    `sizes` map the size as recorded to its factor on the price; `features` are visible traits of the shape beside
    colour, material and pattern, each with the weights of its values; `price_eur` is the price of a plain article of
    a material, pattern, size and brand of factor 1. `stands` says whether it is photographed on its foot or lying
    flat; `is_pair` whether two make one article.
    """

    name: str
    domain: Domain
    category: tuple[str, ...]
    price_eur: float
    materials: Mapping[str, float]
    patterns: Mapping[str, float]
    sizes: Mapping[str, float]
    features: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    audiences: Mapping[str, float] = field(default_factory=dict)
    stands: bool = True
    is_pair: bool = False


PRINTED = {"plain": 5.0, "striped": 2.0, "dotted": 1.2, "checked": 1.2, "floral": 1.2, "zigzag": 0.6, "starred": 0.6}
QUIET = {"plain": 8.0, "striped": 1.0, "dotted": 0.6, "checked": 0.8, "floral": 0.7, "zigzag": 0.4}
PLAIN = {"plain": 1.0}
LETTERS = {"XS": 0.97, "S": 0.98, "M": 1.0, "L": 1.02, "XL": 1.05, "XXL": 1.08}
SHOES = {
    f"{number:g}": round(1 + (number - 40) * 0.01, 3)
    for number in (35, 36, 36.5, 37, 38, 38.5, 39, 40, 40.5, 41, 42, 42.5, 43, 44, 44.5, 45, 46)
}
LADIES_SHOES = {size: factor for size, factor in SHOES.items() if float(size) <= 42}
EVERYONE = {"women": 4.0, "men": 4.0, "kids": 1.5}
LADIES = {"women": 5.0, "kids": 1.0}
