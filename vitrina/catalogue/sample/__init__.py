"""The generated sample catalogue: rendered pictures, English and Spanish texts, and prices with a known formula."""

from vitrina.catalogue.sample.pricing import PRICE_NOISE, expected_price
from vitrina.catalogue.sample.queries import Query, queries
from vitrina.catalogue.sample.write import product, write_sample

__all__ = ["PRICE_NOISE", "Query", "expected_price", "product", "queries", "write_sample"]
