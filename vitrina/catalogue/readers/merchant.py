"""Google Merchant feeds: the same attributes in RSS, Atom and tables (https://support.google.com/merchants/answer/7052112).

Every item is a product under its own id: a feed lists what can be ordered, sizes too, and `item_group_id` joins them.
The price is the one that is asked, `sale_price` where there is one. The shop's own `product_type` is the category;
Google's stands in for it where it is a path and not a number.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from vitrina.catalogue.columns import plain_name
from vitrina.catalogue.readers.loose import amount_of, path_of, texts_of, without_nothing
from vitrina.catalogue.readers.record import BadRow, Reader, Record

_OWN = (
    "id", "title", "description", "image_link", "additional_image_link", "price", "sale_price", "brand",
    "product_type", "google_product_category", "item_group_id", "content_language", "product_detail",
)  # fmt: skip
_LEFT_OUT = frozenset(
    {"shipping", "tax", "shipping_weight", "shipping_label", "guid", "pubdate", "updated", "published"}
)
_GOOGLES = frozenset(
    """additional_image_link availability item_group_id google_product_category sale_price gtin mpn condition age_group
    identifier_exists product_type""".split()  # noqa: SIM905
)


def is_merchant(names: Iterable[str]) -> bool:
    """Whether things with such attributes are items of a Merchant feed."""
    plain = {_plain(name) for name in names}
    return {"id", "title", "image_link"} <= plain and ("link" in plain or len(plain & _GOOGLES) >= 2)


class MerchantTable:
    """The items of a feed that is a table."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self.path, self.root, self.size = reader.path, reader.root, reader.size
        self.note = "; ".join(each for each in ("taken for a Google Merchant feed", reader.note) if each)

    def rows(self) -> Iterator[Record | BadRow]:
        for row in self._reader.rows():
            if isinstance(row, BadRow):
                yield row
            else:
                attributes: dict[str, list[str]] = {}
                for name, cell in row.values.items():
                    for each in cell if isinstance(cell, list) else [cell]:
                        attributes.setdefault(_plain(name), []).extend(texts_of([each]))
                yield Record(self.path, row.row, merchant_values(attributes), row.position)


def merchant_values(attributes: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """An item's values under the names of our fields. `attributes` are its texts by Google's names, in their order."""
    first = {name: texts[0] for name, texts in attributes.items() if texts}
    price, sale = first.get("price"), first.get("sale_price")
    is_reduced = amount_of(sale) is not None
    own, googles = path_of(first.get("product_type")), first.get("google_product_category")
    is_path = googles is not None and not googles.isdecimal()
    others = {
        name: texts[0] if len(texts) == 1 else texts_of(texts)
        for name, texts in attributes.items()
        if texts and name not in _OWN and name not in _LEFT_OUT
    }
    more = attributes.get("additional_image_link", [])
    category = own or (path_of(googles) if is_path else [])
    return without_nothing(
        {
            "id": first.get("id"),
            "title": first.get("title"),
            "description": first.get("description"),
            "image": texts_of(
                [*attributes.get("image_link", [])[:1], *(link for cell in more for link in _links(cell))]
            ),
            "price": sale if is_reduced else price,
            "brand": first.get("brand"),
            "category": category,
            "item_group_id": first.get("item_group_id"),
            "language": first.get("content_language"),
            "attributes": without_nothing(
                {
                    **others,
                    "availability": plain_name(first.get("availability", "")),
                    "google_product_category": googles if own or not is_path else None,
                    "regular_price": price if is_reduced and amount_of(price) != amount_of(sale) else None,
                    **dict(_details(attributes.get("product_detail", []))),
                }
            ),
        }
    )


def _plain(name: str) -> str:
    return plain_name(name.removeprefix("g:"))


def _details(details: Iterable[str]) -> Iterator[tuple[str, str]]:
    """`section:name:value`, several with commas: facts that Google has no name for."""
    for cell in details:
        found: list[str] = []
        for part in cell.split(","):
            if found and part.count(":") < 2:
                found[-1] += f",{part}"
            else:
                found.append(part)
        for detail in found:
            parts = detail.split(":", 2)
            if len(parts) == 3 and parts[1].strip() and parts[2].strip():
                yield parts[1].strip(), parts[2].strip()


def _links(cell: str) -> list[str]:
    """Addresses with commas between them; a comma inside of one stays."""
    links: list[str] = []
    for part in cell.split(","):
        if links and "://" in links[0] and "://" not in part:
            links[-1] += f",{part}"
        else:
            links.append(part)
    return links
