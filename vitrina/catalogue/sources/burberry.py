"""DBQ/Burberry.Product.prices.United.States: 3,040 articles of one shop, November 2023, by Data Boutique."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vitrina.catalogue.readers.record import Reader
from vitrina.catalogue.sources.adapted import AdaptedReader, Schema, attributes, export_readers

_HUB = "hf:DBQ/Burberry.Product.prices.United.States"
_FACTS = ("website_name", "competence_date", "country_code", "itemurl", "full_price", "price_eur", "full_price_eur",
          "flg_discount")  # fmt: skip
_LEVELS = ("category1_code", "category2_code", "category3_code")
_SCHEMA = Schema(
    "burberry",
    needed=(("title",), ("imageurl",), ("price", "full_price")),
    more=("brand", "product_code", "currency_code", *_LEVELS, *(name for name in _FACTS if name != "full_price")),
)


def burberry(export: str | Path | None = None) -> list[Reader]:
    """Articles with title, picture (by its address), category path, brand, price and currency, of the domain
    `fashion`. The price is what is asked now; the full one stays as an attribute.

    The dataset has no splits. Raises ValueError where the export has other columns, and what `hub_readers` raises.
    """
    return [AdaptedReader(each, schema=_SCHEMA, product=_product) for each in export_readers(export or _HUB)]


def _product(values: Mapping[str, Any]) -> dict[str, Any]:
    price, code = values.get("price"), values.get("product_code")
    return {
        "id": None if code in (None, "") else str(code),
        "title": values.get("title"),
        "image": values.get("imageurl"),
        "price": values.get("full_price") if price in (None, "") else price,
        "currency": values.get("currency_code"),
        "brand": values.get("brand"),
        "category": [values[level] for level in _LEVELS if values.get(level)],
        "language": "en",
        "domain": "fashion",
        "attributes": attributes(values, *_FACTS),
    }
