"""Shopify: the product export of its admin (CSV, in the old and the new words) and a shop's `/products.json`.

Several rows of the export are one product: they share its handle; some are variants, some only another picture. How
variants become products is told in `family`. Columns of the shop's machinery (inventory tracker, fulfilment, taxes) are
left out; metafields, the facts for Google and columns that somebody added are attributes.
"""

import re
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from vitrina.catalogue.columns import plain_name
from vitrina.catalogue.readers.family import Variant, looks
from vitrina.catalogue.readers.loose import exact, first_text, listed, objects, path_of, text_of, texts_of
from vitrina.catalogue.readers.record import BadRow, Reader, Record
from vitrina.catalogue.readers.shelf import open_shelf

# What we call a column: what the export calls it, as `plain_name` writes it; the old word first.
_COLUMNS = {
    "handle": "handle url_handle",
    "title": "title",
    "body": "body_html description",
    "vendor": "vendor",
    "type": "type custom_product_type",
    "category": "product_category standardized_product_type standard_product_type",
    "tags": "tags",
    "status": "status",
    "published": "published published_on_online_store",
    "gift_card": "gift_card",
    "sku": "variant_sku sku",
    "barcode": "variant_barcode barcode",
    "price": "variant_price price",
    "regular_price": "variant_compare_at_price compare_at_price",
    "image": "image_src product_image_url image_source",
    "position": "image_position",
    "variant_image": "variant_image variant_image_url",
    "seo_title": "seo_title",
    "seo_description": "seo_description",
    "gender": "google_shopping_gender",
    "age_group": "google_shopping_age_group",
    "mpn": "google_shopping_mpn google_shopping_manufacturer_part_number_mpn",
    "condition": "google_shopping_condition",
    **{f"option{number}_name": f"option{number}_name" for number in (1, 2, 3)},
    **{f"option{number}_value": f"option{number}_value" for number in (1, 2, 3)},
}
_OURS = {word: ours for ours, words in _COLUMNS.items() for word in words.split()}
_FACTS = ("tags", "gender", "age_group", "mpn", "condition")
_OF_A_VARIANT = ("option1_value", "option2_value", "option3_value", "sku", "barcode", "price", "variant_image")
_METAFIELD = re.compile(r"(.+?)\s*\(product\.metafields\.[^)]+\)")
_MACHINERY = re.compile(
    r"(?:variant|google_shopping|option\d|included|price|compare_at_price|unit_price|image|tax|weight|inventory)_.*"
    r"|.*_metafields_.*|cost_per_item|charge_tax|continue_selling_when_out_of_stock|requires_shipping"
    r"|fulfillment_service|grams|template_suffix|command|tags_command|row|top_row|id|url|total_inventory_qty"
    r"|(?:created|updated|published)_(?:at|scope)"
)


def is_shopify_table(names: Iterable[str]) -> bool:
    """Whether a table with such columns is a product export of Shopify."""
    plain = {plain_name(name) for name in names}
    has_variants = not plain.isdisjoint(("option1_name", "option1_value", "variant_price", "variant_sku"))
    return ("handle" in plain and has_variants) or {"url_handle", "title", "price"} <= plain


def is_shopify_object(values: Mapping[str, Any]) -> bool:
    """Whether an object is a product of `/products.json`."""
    return {"handle", "title", "variants"} <= values.keys() and isinstance(values["variants"], list)


class ShopifyTable:
    """The products of a table of Shopify's. Rows of one handle may stand anywhere in it."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self.path, self.root, self.size = reader.path, reader.root, reader.size
        self.note = "; ".join(each for each in ("taken for a product export of Shopify", reader.note) if each)
        self._scattered: frozenset[int] | None = None

    def rows(self) -> Iterator[Record | BadRow]:
        if self._scattered is None:
            self._scattered = self._find_scattered()
        run: list[Record] = []
        with open_shelf(self.path) as shelf:
            for row in self._reader.rows():
                if isinstance(row, BadRow):
                    yield row
                    continue
                handle = _handle(row)
                if handle is None:
                    yield BadRow(
                        self.path, row.row, "no handle", "the column that joins the rows is empty", row.position
                    )
                    continue
                if run and _handle(run[0]) != handle:
                    yield from self._products(run, position=row.position)
                    run = []
                if hash(handle) in self._scattered:
                    shelf.add(row, key=handle)
                else:
                    run.append(row)
            yield from self._products(run, position=self.size)
            for family in shelf.rest():
                yield from self._products(family.rows, position=self.size)

    def _find_scattered(self) -> frozenset[int]:
        """The handles (as numbers) whose rows do not stand together, found with eight bytes for each product."""
        begins, last = array("q"), None
        for row in self._reader.rows():
            handle = _handle(row) if isinstance(row, Record) else None
            if handle is not None and handle != last:
                begins.append(hash(handle))
                last = handle
        values, counts = np.unique(np.frombuffer(begins, np.int64), return_counts=True)
        return frozenset(values[counts > 1].tolist())

    def _products(self, rows: Sequence[Record], *, position: int) -> Iterator[Record]:
        if not rows:
            return
        cells = [_cells(row) for row in rows]
        stated: dict[str, str] = {}
        for each in reversed(cells):
            stated |= each  # the first row that says something counts
        whole = {name: stated.get(name) for name in _COLUMNS}
        variants = [
            _variant(row.row, cells=each, whole=whole)
            for row, each in zip(rows, cells, strict=True)
            if any(each.get(name) for name in _OF_A_VARIANT)
        ]
        shared = {
            "id": whole["handle"],
            "title": texts_of([whole["title"], whole["seo_title"]]),
            "description": texts_of([whole["body"], whole["seo_description"]]),
            "image": _gallery(cells),
            "brand": whole["vendor"],
            "category": path_of(whole["type"]) or path_of(whole["category"]),
            "attributes": {
                **{name: whole[name] for name in _FACTS},
                "product_category": whole["category"] if whole["type"] else None,
                "status": _status(whole["status"], published=whole["published"]),
                **_added(rows),
            },
        }
        for look in looks(shared, variants=variants or [Variant(rows[0].row)]):
            yield Record(self.path, look.row, look.values, position)


class ShopifyObjects:
    """The products of a shop's `/products.json`, however they are stored: a list, an object around it, or lines."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self.path, self.root, self.size = reader.path, reader.root, reader.size
        self.note = "taken for the products.json of a Shopify shop"

    def rows(self) -> Iterator[Record | BadRow]:
        for row in self._reader.rows():
            if isinstance(row, BadRow):
                yield row
            else:
                yield from _object_products(row, path=self.path)


def _object_products(row: Record, *, path: Path) -> Iterator[Record]:
    values = row.values
    names = [text_of(each.get("name")) for each in objects(values.get("options"))] or [
        text_of(each) for each in listed(values.get("options"))
    ]
    images = {text_of(each.get("id")): text_of(each.get("src")) for each in objects(values.get("images"))}
    images_of: dict[str | None, list[str | None]] = {}
    for image in objects(values.get("images")):
        for variant in listed(image.get("variant_ids")):
            images_of.setdefault(text_of(variant), []).append(text_of(image.get("src")))
    variants = []
    for each in objects(values.get("variants")):
        options = {
            name or f"option {number}": value
            for number, name in enumerate([*names, *[None] * 3][:3], 1)
            if (value := text_of(each.get(f"option{number}"))) and not _is_placeholder(name, value)
        }
        featured = next(objects(each.get("featured_image")), {})
        own = [text_of(featured.get("src")), images.get(text_of(each.get("image_id")))]
        is_available = each.get("available")
        variants.append(
            Variant(
                row=row.row,
                options=options,
                images=tuple(texts_of([*own, *images_of.get(text_of(each.get("id")), [])])),
                price=exact(each.get("price")),
                regular_price=exact(each.get("compare_at_price")),
                facts={
                    "sku": text_of(each.get("sku")),
                    "barcode": text_of(each.get("barcode")),
                    "availability": {True: "in_stock", False: "out_of_stock"}.get(is_available)
                    if isinstance(is_available, bool)
                    else None,
                },
            )
        )
    tags = values.get("tags")
    shared = {
        "id": first_text(values.get("handle"), values.get("id")),
        "title": texts_of([values.get("title")]),
        "description": texts_of([values.get("body_html")]),
        "image": _object_gallery(values),
        "brand": text_of(values.get("vendor")),
        "category": path_of(text_of(values.get("product_type"))),
        "attributes": {
            "tags": ", ".join(texts_of(tags)) if isinstance(tags, list) else text_of(tags),
            "status": _status(text_of(values.get("status")), published=None),
        },
    }
    for look in looks(shared, variants=variants or [Variant(row.row)]):
        yield Record(path, look.row, look.values, row.position)


def _object_gallery(values: Mapping[str, Any]) -> list[str]:
    images = list(objects(values.get("images"))) or list(objects(values.get("image")))
    places = [each.get("position") for each in images]
    ordered = sorted(
        zip(places, images, strict=True), key=lambda each: each[0] if isinstance(each[0], int) else 1 << 30
    )
    return texts_of(each.get("src") for _, each in ordered) or texts_of(listed(values.get("images")))


def _handle(row: Record) -> str | None:
    return next((text_of(cell) for name, cell in row.values.items() if _OURS.get(plain_name(name)) == "handle"), None)


def _cells(row: Record) -> dict[str, str]:
    """What a row says, by our words. Most of its cells are empty."""
    found = {}
    for name, cell in row.values.items():
        if cell and (ours := _OURS.get(plain_name(name))) and (text := text_of(cell)):
            found[ours] = text
    return found


def _variant(row: int, *, cells: Mapping[str, str], whole: Mapping[str, str | None]) -> Variant:
    options = {}
    for number in (1, 2, 3):
        name, value = whole[f"option{number}_name"], cells.get(f"option{number}_value")
        if value and not _is_placeholder(name, value):
            options[name or f"option {number}"] = value
    return Variant(
        row=row,
        options=options,
        images=tuple(texts_of([cells.get("variant_image")])),
        price=cells.get("price"),
        regular_price=cells.get("regular_price"),
        facts={"sku": cells.get("sku"), "barcode": (cells.get("barcode") or "").lstrip("'")},
    )


def _is_placeholder(name: str | None, value: str) -> bool:
    """Shopify's words for a product that has no options."""
    return value == "Default Title" and name in (None, "Title")


def _gallery(cells: Sequence[Mapping[str, str]]) -> list[str]:
    places = [each.get("position") or "" for each in cells]
    numbered = [
        (int(place) if place.isdecimal() and len(place) < 10 else 1 << 30, each)
        for place, each in zip(places, cells, strict=True)
    ]
    return texts_of(each.get("image") for _, each in sorted(numbered, key=lambda pair: pair[0]))


def _status(status: str | None, *, published: str | None) -> str | None:
    """`active`, `draft` or `archived` as Shopify says; `hidden` where an active product is on no shop window."""
    word = None if status is None else status.lower()
    is_hidden = published is not None and published.lower() == "false"
    return "hidden" if is_hidden and word in (None, "active") else word


def _added(rows: Sequence[Record]) -> dict[str, str]:
    """Facts that the shop added itself: `Material (product.metafields.custom.material)`, or a column of its own."""
    found: dict[str, str] = {}
    for row in rows:
        for name, cell in row.values.items():
            if cell and (added := _added_name(name)) and (text := text_of(cell)):
                found.setdefault(added, text)
    return found


@lru_cache(maxsize=10_000)
def _added_name(column: str) -> str | None:
    """What a column that the shop added is about; None for one of Shopify's own."""
    match = _METAFIELD.fullmatch(column)
    plain = plain_name(column)
    if match is not None or (plain not in _OURS and not _MACHINERY.fullmatch(plain)):
        return column if match is None else match[1]
    return None
