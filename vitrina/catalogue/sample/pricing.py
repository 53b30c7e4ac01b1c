"""The sample's prices: a known function of what is recorded, and noise of known size, so that an oracle exists."""

import math
from bisect import bisect
from collections.abc import Mapping
from decimal import Decimal

from vitrina.catalogue.product import Product
from vitrina.catalogue.sample.article import BRANDS, Article
from vitrina.catalogue.sample.draws import Draws
from vitrina.catalogue.sample.kinds import KINDS, MATERIAL_FACTORS, PATTERN_FACTORS
from vitrina.catalogue.sample.settings import PLAIN, Habits, PriceScale

PRICE_NOISE = 0.05
"""Standard deviation of the natural logarithm of price over expected price: no model can do better than this."""

_STEP = Decimal("0.05")


def expected_price(product: Product, *, habits: Habits = PLAIN) -> float:
    """The price around which the price of a product of the sample is drawn (its median), in the currency of `habits`.

    It is base(kind) · material · pattern · size · brand: five tables of factors in `kinds` and `article`. The price
    on the product is this times exp(`PRICE_NOISE` · a standard normal number), rounded to 5 cents. A sample like a
    real catalogue moves prices by `habits.prices`, which `Oracle.settings` holds: there the logarithm of the amount is
    read off a line through the quantiles of the kind.

    Raises ValueError, naming the product, where it is not one of the sample's.
    """
    try:
        return _expected(product.attributes, brand=product.brand, habits=habits)
    except KeyError as error:
        raise ValueError(
            f"product {product.id!r} has no expected price: {error} is not a fact of the generated sample"
        ) from None


def price(article: Article) -> Decimal:
    """The price of an article: expected price, noise, rounded to 5 cents."""
    noise = PRICE_NOISE * Draws(article.seed, "price", article.number).normal()
    amount = expected_price_of(article) * math.exp(noise)
    return max((Decimal(amount) / _STEP).quantize(Decimal(1)), Decimal(1)) * _STEP


def expected_price_of(article: Article) -> float:
    """The expected price of an article."""
    return _expected(article.attributes, brand=article.brand, habits=article.habits)


def _expected(attributes: Mapping[str, str], *, brand: str | None, habits: Habits) -> float:
    kind = KINDS[attributes["kind"]]
    amount = (
        kind.price_eur
        * MATERIAL_FACTORS[attributes["material"]]
        * PATTERN_FACTORS[attributes["pattern"]]
        * kind.sizes[attributes["size"]]
        * BRANDS[kind.domain][brand or ""]
    )
    scale = habits.prices.get(kind.name)
    return amount if scale is None else math.exp(_moved(math.log(amount), scale=scale))


def _moved(log_amount: float, *, scale: PriceScale) -> float:
    """A broken line through the quantiles, straight on beyond the outer ones."""
    own, real = scale.own, scale.real
    at = min(max(bisect(own, log_amount) - 1, 0), len(own) - 2)
    share = (log_amount - own[at]) / (own[at + 1] - own[at])
    return real[at] + share * (real[at + 1] - real[at])
