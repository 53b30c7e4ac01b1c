"""The generated sample catalogue: rendered pictures, English and Spanish texts, prices with a known formula, and the
truth about all of it, which `vitrina.catalogue.sample.oracle` opens."""

from vitrina.catalogue.sample.pricing import PRICE_NOISE, expected_price
from vitrina.catalogue.sample.queries import Query, queries
from vitrina.catalogue.sample.write import product, write_sample

__all__ = ["PRICE_NOISE", "Query", "expected_price", "product", "queries", "write_sample"]
