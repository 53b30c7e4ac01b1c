"""schema.org products in JSON-LD: what shops write into their pages for search engines (https://schema.org/Product).

Every `Product` under its own id is a product; those of one `ProductGroup` share its id as their group and take from it
what they do not say themselves.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urljoin

from vitrina.catalogue.columns import language_code, plain_name
from vitrina.catalogue.readers.loose import (
    amount_of,
    first_text,
    listed,
    objects,
    path_of,
    price_of,
    text_of,
    texts_of,
    without_nothing,
)
from vitrina.catalogue.readers.record import BadRow, Reader, Record

_PRODUCTS = frozenset({"product", "individualproduct", "productmodel", "someproducts", "vehicle", "car", "book"})
_GROUP = "productgroup"
_ELSEWHERE = frozenset({"isRelatedTo", "isSimilarTo", "isAccessoryOrSparePartFor", "isConsumableFor", "review"})
_ATTRIBUTES = (
    "sku", "gtin", "gtin8", "gtin12", "gtin13", "gtin14", "mpn", "color", "material", "pattern", "size", "model",
    "weight", "width", "height", "depth", "keywords", "countryOfOrigin", "audience",
)  # fmt: skip
_BEFORE = ("ListPrice", "StrikethroughPrice", "MSRP", "SRP")
_MAX_DEPTH = 40


def is_json_ld(values: Mapping[str, Any]) -> bool:
    """Whether an object is JSON-LD that speaks schema.org's words."""
    return "@context" in values or "@graph" in values or not _types(values).isdisjoint({*_PRODUCTS, _GROUP})


class JsonLdReader:
    """The products of a JSON-LD file, of however many documents."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self.path, self.root, self.size = reader.path, reader.root, reader.size
        self.note = "taken for schema.org products in JSON-LD"

    def rows(self) -> Iterator[Record | BadRow]:
        for row in self._reader.rows():
            if isinstance(row, BadRow):
                yield row
            else:
                for values in products_in(row.values, language=None):
                    yield Record(self.path, row.row, values, row.position)


def products_in(document: object, *, language: str | None) -> list[dict[str, Any]]:
    """Every product of a document, under the names of our fields. `language` is that of the page around it."""
    known = {id_: node for node in _nodes(document) if len(node) > 1 and (id_ := text_of(node.get("@id")))}
    found: dict[int, dict[str, Any]] = {}
    variants: set[int] = set()
    wholes: set[int] = set()
    for node in _nodes(document):
        if _GROUP in _types(node):
            members = [_resolved(each, known) for each in objects(node.get("hasVariant"))]
            for member in members:
                variants.add(id(member))
                found[id(member)] = _product(member, group=node, known=known, language=language)
            if not members:
                found[id(node)] = _product(node, group={}, known=known, language=language)
        elif not _types(node).isdisjoint(_PRODUCTS) and id(node) not in variants:
            groups = [_resolved(each, known) for each in objects(node.get("isVariantOf"))]
            wholes |= {id(group) for group in groups}
            found[id(node)] = _product(node, group=groups[0] if groups else {}, known=known, language=language)
    return [values for node, values in found.items() if node not in wholes]


def _nodes(value: object, *, depth: int = 0) -> Iterator[Mapping[str, Any]]:
    """Every object of a document that stands for something in it: not what a product is merely compared with."""
    if depth > _MAX_DEPTH:
        return
    if isinstance(value, list):
        for each in value:
            yield from _nodes(each, depth=depth + 1)
    elif isinstance(value, dict):
        yield value
        for name, each in value.items():
            if name not in _ELSEWHERE and isinstance(each, (list, dict)):
                yield from _nodes(each, depth=depth + 1)


def _types(node: Mapping[str, Any]) -> set[str]:
    return {re.split(r"[/:#]", each)[-1].lower() for each in texts_of(listed(node.get("@type")))}


def _resolved(node: Mapping[str, Any], known: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Any]:
    """What a mere reference, `{"@id": …}`, refers to."""
    return known.get(text_of(node.get("@id")) or "", node) if len(node) == 1 else node


def _product(
    node: Mapping[str, Any],
    *,
    group: Mapping[str, Any],
    known: Mapping[str, Mapping[str, Any]],
    language: str | None,
) -> dict[str, Any]:
    whole = {**{name: value for name, value in group.items() if name not in ("sku", "mpn", "offers")}, **node}
    offer = _Offer(next((_resolved(each, known) for each in objects(whole.get("offers"))), {}), known)
    address = first_text(node.get("url"), offer.values.get("url"), group.get("url"))
    numbers = (node.get(name) for name in ("sku", "productID", "gtin13", "gtin", "gtin14", "gtin12", "gtin8", "mpn"))
    attributes = {
        **{plain_name(name): _plain_value(whole.get(name)) for name in _ATTRIBUTES},
        **dict(_properties(whole, known)),
        "availability": offer.word("availability"),
        "condition": (offer.word("itemCondition") or "").removesuffix("_condition"),
        "regular_price": offer.before,
        "highest_price": offer.highest,
        "rating": _plain_value(next(objects(whole.get("aggregateRating")), {}).get("ratingValue")),
    }
    return without_nothing(
        {
            "id": first_text(*numbers, node.get("@id"), address),
            "title": texts_of([*_texts(whole.get("name")), *_texts(node.get("alternateName"))]),
            "description": texts_of([*_texts(node.get("description")), *_texts(group.get("description"))]),
            "image": [_joined(address, image) for image in _images(node, known) or _images(group, known)],
            "price": offer.price,
            "currency": offer.currency,
            "brand": _name(whole.get("brand"), known) or _name(whole.get("manufacturer"), known),
            "category": _category(whole.get("category")),
            "language": language_code(first_text(node.get("inLanguage"), group.get("inLanguage"), language) or ""),
            "item_group_id": first_text(
                *(group.get(name) for name in ("productGroupID", "@id", "url")), node.get("inProductGroupWithID")
            ),
            "attributes": without_nothing(attributes),
        }
    )


class _Offer:
    """The first offer of a product: what is asked for it."""

    def __init__(self, values: Mapping[str, Any], known: Mapping[str, Mapping[str, Any]]) -> None:
        self.values = values
        specifications = [_resolved(each, known) for each in objects(values.get("priceSpecification"))]
        inner = [_resolved(each, known) for each in objects(values.get("offers"))]  # those of an AggregateOffer
        old = [each for each in specifications if (text_of(each.get("priceType")) or "").endswith(_BEFORE)]
        asked = [values, *(each for each in specifications if each not in old), *inner]
        prices = (price_of(each.get(name)) for each in asked for name in ("price", "lowPrice", "minPrice"))
        self.price = next((price for price in prices if price is not None), None)
        self.currency = first_text(*(each.get("priceCurrency") for each in asked))
        highest = price_of(values.get("highPrice"))
        is_range = highest is not None and amount_of(highest) != amount_of(self.price)
        self.highest = str(highest) if is_range else None
        self.before = first_text(*(each.get("price") for each in old))
        self._asked = asked

    def word(self, name: str) -> str | None:
        """`https://schema.org/InStock` as `in_stock`."""
        text = first_text(*(each.get(name) for each in self._asked))
        return None if text is None else plain_name(re.split(r"[/:#]", text)[-1])


def _texts(value: object) -> list[str]:
    """A text, several, or texts with their language: those without."""
    return texts_of(each.get("@value") if isinstance(each, dict) else each for each in listed(value))


def _images(node: Mapping[str, Any], known: Mapping[str, Mapping[str, Any]]) -> list[str]:
    found = []
    for each in listed(node.get("image")):
        if isinstance(each, dict):
            picture = _resolved(each, known)
            found.append(first_text(picture.get("contentUrl"), picture.get("url"), picture.get("@id")))
        else:
            found.append(text_of(each))
    return texts_of(found)


def _joined(address: str | None, image: str) -> str:
    """The picture's address, which may start from the page's."""
    try:
        return urljoin(address or "", image)
    except ValueError:  # what stands there is no address
        return image


def _name(value: object, known: Mapping[str, Mapping[str, Any]]) -> str | None:
    each = next(iter(listed(value)), None)
    return text_of(_resolved(each, known).get("name")) if isinstance(each, dict) else text_of(each)


def _category(value: object) -> list[str]:
    """A path with `>`, or a list of levels; of a thing with a name, its name."""
    texts = texts_of(each.get("name") if isinstance(each, dict) else each for each in listed(value))
    return path_of(texts[0]) if len(texts) == 1 else texts


def _plain_value(value: object) -> str | None:
    """A text, a number with its unit, or a list of them in one text."""
    parts: list[str | None] = []
    for each in listed(value):
        if isinstance(each, dict):
            amount = first_text(each.get("value"), each.get("name"), each.get("@value"))
            unit = first_text(each.get("unitText"), each.get("unitCode"))
            parts.append(f"{amount} {unit}" if amount and unit else amount)
        else:
            parts.append(text_of(each))
    return ", ".join(texts_of(parts)) or None


def _properties(node: Mapping[str, Any], known: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    """Facts that schema.org has no name for: `additionalProperty`."""
    for each in objects(node.get("additionalProperty")):
        resolved = _resolved(each, known)
        name, value = text_of(resolved.get("name")), _plain_value(resolved)
        if name and value and value != name:
            yield name, value
