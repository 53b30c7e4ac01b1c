"""CC-News: 708,241 English news articles of 2017 to 2019, from the Common Crawl. The text source of FLAVA."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vitrina.catalogue.readers.record import Reader
from vitrina.catalogue.sources.adapted import AdaptedReader, Schema, attributes, export_readers

_HUB = "hf:vblagoje/cc_news"
_SCHEMA = Schema("cc_news", needed=(("title",), ("text",)), more=("domain", "date", "description", "url", "image_url"))


def cc_news(export: str | Path | None = None) -> list[Reader]:
    """Articles: title, description and text in English, of the domain `news`.

    The address of an article's picture becomes the attribute `picture_url`, not a picture: this is a source of texts.
    Raises ValueError where the export has other columns, and what `hub_readers` raises.
    """
    return [AdaptedReader(each, schema=_SCHEMA, product=_product) for each in export_readers(export or _HUB)]


def _product(values: Mapping[str, Any]) -> dict[str, Any]:
    facts = {"site": values.get("domain"), "picture_url": values.get("image_url")}
    return {
        "title": values.get("title"),
        "description": [each for each in (values.get("description"), values.get("text")) if each],
        "language": "en",
        "domain": "news",
        "split": values.get("split"),
        "attributes": attributes(values, "date", "url") | attributes(facts, "site", "picture_url"),
    }
