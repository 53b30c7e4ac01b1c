"""From a shop's product with variants to the products that one sees.

A variant is what a customer orders, a product of a catalogue is what a customer looks at. Variants that differ only in
size look the same: they are one product, with its sizes as an attribute. Variants that differ in anything else (colour,
pattern, scent) are products of one group; sizes are too where they have pictures of their own. A product's id is the
shop's id of the whole and the values that one sees, `camiseta/azul`: it depends neither on the order of the rows nor on
which sizes there are.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from vitrina.catalogue.columns import plain_name
from vitrina.catalogue.readers.loose import amount_of, texts_of, without_nothing

_SIZES = frozenset(
    """size sizes talla tallas talle tallaje tamano tamanho taille taglia grosse groesse maat rozmiar numero numeracion
    length largo longitud width ancho inseam tiro waist cintura contorno copa cup""".split()  # noqa: SIM905
)
_AVAILABILITY = ("in_stock", "backorder", "preorder", "out_of_stock")  # the best of a look's variants counts


@dataclass(frozen=True)
class Variant:
    """What can be ordered: its place in the file, the options that make it, its own pictures, price and facts.

    `facts` hold what else is its own (its SKU, its barcode), a list of the distinct ones where a product has several.
    """

    row: int
    options: Mapping[str, str] = field(default_factory=dict)
    images: tuple[str, ...] = ()
    price: Decimal | str | None = None
    regular_price: Decimal | str | None = None
    description: str | None = None
    facts: Mapping[str, str | None] = field(default_factory=dict)


@dataclass(frozen=True)
class Look:
    """One product of a family: the row it begins in and its values under the names of our fields."""

    row: int
    values: dict[str, Any]


def looks(shared: Mapping[str, Any], *, variants: Sequence[Variant]) -> Iterator[Look]:
    """The products that a family of variants is. `shared` are its values: `id`, `title`, `description` (texts),
    `image` (all of its pictures), `brand`, `category`, `attributes` …"""
    seen = _seen_options(variants)
    families: dict[str, list[Variant]] = {}
    for variant in variants:
        families.setdefault(_key(variant, seen), []).append(variant)
    own = {key: texts_of(image for each in members for image in each.images) for key, members in families.items()}
    for key, members in families.items():
        others = {image for other, images in own.items() if other != key for image in images}
        gallery = [image for image in shared.get("image") or [] if image not in others]
        yield Look(
            members[0].row,
            without_nothing(
                {
                    **shared,
                    "id": f"{shared['id']}/{key}" if key and shared.get("id") else shared.get("id"),
                    "item_group_id": shared.get("id") if len(families) > 1 else None,
                    "description": texts_of([*shared.get("description", []), *(each.description for each in members)]),
                    "image": texts_of([*own[key], *gallery]),
                    **_prices(
                        members, attributes={**shared.get("attributes", {}), **_options(members), **_facts(members)}
                    ),
                }
            ),
        )


def _seen_options(variants: Sequence[Variant]) -> set[str]:
    """The options that one sees. Sizes are among them where variants of different sizes have different pictures."""
    names = {name for variant in variants for name in variant.options}
    seen = {name for name in names if _SIZES.isdisjoint(plain_name(name).split("_"))}
    pictures: dict[str, set[str]] = {}
    for variant in variants:
        if variant.images:
            pictures.setdefault(_key(variant, seen), set()).add(variant.images[0])
    return names if any(len(each) > 1 for each in pictures.values()) else seen


def _key(variant: Variant, seen: set[str]) -> str:
    values = ("-".join(value.casefold().split()) for name, value in variant.options.items() if name in seen)
    return "/".join(value for value in values if value)


def _options(members: Sequence[Variant]) -> dict[str, list[str]]:
    names = dict.fromkeys(name for each in members for name in each.options)
    return {name: texts_of(each.options.get(name) for each in members) for name in names}


def _facts(members: Sequence[Variant]) -> dict[str, list[str]]:
    names = dict.fromkeys(name for each in members for name in each.facts)
    found = {name: texts_of(each.facts.get(name) for each in members) for name in names}
    if len(found.get("availability", [])) > 1:
        known = [each for each in _AVAILABILITY if each in found["availability"]]
        found["availability"] = known[:1] or found["availability"]
    return found


def _prices(members: Sequence[Variant], *, attributes: dict[str, Any]) -> dict[str, Any]:
    """The lowest price that is asked; what it was before and the highest one are attributes."""
    known = [(amount, each) for each in members if (amount := amount_of(each.price)) is not None]
    lowest = min(known, key=lambda pair: pair[0]) if known else None
    chosen = members[0] if lowest is None else lowest[1]
    highest = max((amount for amount, _ in known), default=None)
    before = amount_of(chosen.regular_price)
    if lowest is not None and before is not None and before > lowest[0]:
        attributes["regular_price"] = str(chosen.regular_price)
    if lowest is not None and highest is not None and highest > lowest[0]:
        attributes["highest_price"] = str(next(each.price for amount, each in known if amount == highest))
    return {"price": chosen.price, "attributes": without_nothing(attributes)}
