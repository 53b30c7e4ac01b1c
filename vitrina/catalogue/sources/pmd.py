"""PMD, the public multimodal dataset: 70 million pictures with captions (Singh et al. 2022, FLAVA, section 4.1)."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vitrina.catalogue.readers.record import Reader
from vitrina.catalogue.sources.adapted import AdaptedReader, Schema, attributes, export_readers

_HUB = "hf:facebook/pmd"
_SCHEMA = Schema("pmd", needed=(("image", "image_url"), ("text",)), more=("source", "meta"))


def pmd(export: str | Path | None = None) -> list[Reader]:
    """Pictures with captions in English, of the domain `web`.

    The picture is the one in the row; where there is none, the one at `image_url`, which is downloaded; where there is
    neither, the caption stays alone. Captions of one address are one group, so that no split cuts them.
    Raises ValueError where the export has other columns, and what `hub_readers` raises.
    """
    return [AdaptedReader(each, schema=_SCHEMA, product=_product) for each in export_readers(export or _HUB)]


def _product(values: Mapping[str, Any]) -> dict[str, Any]:
    picture, address = values.get("image"), values.get("image_url")
    is_empty = isinstance(picture, dict) and not (picture.get("bytes") or picture.get("path"))
    return {
        "description": values.get("text"),
        "image": address if is_empty or not picture else picture,
        "language": "en",
        "domain": "web",
        "item_group_id": address,  # the column that is a family without doubt, however often an address comes
        "split": values.get("split"),
        "attributes": attributes(values, "source") | _meta(values.get("meta")),
    }


def _meta(meta: object) -> dict[str, Any]:
    """What the part of PMD that a row comes from says besides, written as JSON."""
    if isinstance(meta, str):
        try:
            meta = json.loads(meta)
        except (ValueError, RecursionError):
            return {"meta": meta} if meta else {}
    facts = meta if isinstance(meta, dict) else {}
    return {f"meta.{name}": value for name, value in facts.items() if isinstance(value, str | int | float)}
