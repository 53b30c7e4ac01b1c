"""The sample's prices: a known function of what is recorded, and noise of known size, so that an oracle exists."""

import math
from collections.abc import Mapping
from decimal import Decimal

from vitrina.catalogue.product import Product
from vitrina.catalogue.sample.article import BRANDS, Article
from vitrina.catalogue.sample.draws import Draws
from vitrina.catalogue.sample.kinds import KINDS, MATERIAL_FACTORS, PATTERN_FACTORS

PRICE_NOISE = 0.05
"""Standard deviation of the natural logarithm of price over expected price: no model can do better than this."""

CURRENCY = "EUR"

_STEP = Decimal("0.05")


def expected_price(product: Product) -> float:
    """The price in EUR around which the price of a product of the sample is drawn (its median).

    It is base(kind) · material · pattern · size · brand: five tables of factors in `kinds` and `article`. The price
    on the product is this times exp(`PRICE_NOISE` · a standard normal number), rounded to 5 cents.

    Raises ValueError, naming the product, where it is not one of the sample's.
    """
    try:
        return _expected(product.attributes, brand=product.brand)
    except KeyError as error:
        raise ValueError(
            f"product {product.id!r} has no expected price: {error} is not a fact of the generated sample"
        ) from None


def price(article: Article) -> Decimal:
    """The price of an article: expected price, noise, rounded to 5 cents."""
    noise = PRICE_NOISE * Draws(article.seed, "price", article.number).normal()
    amount = _expected(article.attributes, brand=article.brand) * math.exp(noise)
    return (Decimal(amount) / _STEP).quantize(Decimal(1)) * _STEP


def _expected(attributes: Mapping[str, str], *, brand: str | None) -> float:
    kind = KINDS[attributes["kind"]]
    return (
        kind.price_eur
        * MATERIAL_FACTORS[attributes["material"]]
        * PATTERN_FACTORS[attributes["pattern"]]
        * kind.sizes[attributes["size"]]
        * BRANDS[kind.domain][brand or ""]
    )
