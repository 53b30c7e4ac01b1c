"""The small shop as feeds and pages: Google Merchant, schema.org in JSON-LD; and the list of all its exports."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape

from catalogue.shop_exports import (
    SHOP,
    shopify_csv,
    shopify_json,
    shopify_new_csv,
    table,
    woo_csv,
    woo_json,
    woo_spanish_csv,
)

MERCHANT = [
    "id", "title", "description", "link", "image_link", "additional_image_link", "price", "sale_price", "brand", "gtin",
    "google_product_category", "product_type", "item_group_id", "color", "condition", "availability",
]  # fmt: skip


def merchant_items() -> list[dict[str, str]]:
    """Items of a feed: one for each look."""
    items = []
    for whole in SHOP:
        for look in whole.looks:
            pictures = [*look.images, *whole.shared_images]
            items.append(
                {
                    "id": look.sku,
                    "title": whole.title,
                    "description": whole.description,
                    "link": f"https://tienda.es/{whole.handle}?v={look.sku}&utm=feed",
                    "image_link": pictures[0],
                    "additional_image_link": ",".join(pictures[1:]),
                    "price": f"{look.regular or look.price} EUR",
                    "sale_price": f"{look.price} EUR" if look.regular else "",
                    "brand": whole.brand,
                    "google_product_category": "212",
                    "product_type": whole.category,
                    "item_group_id": whole.handle if look.color else "",
                    "color": look.color or "",
                    "condition": "new",
                    "availability": "in_stock",
                }
            )
    return items


def merchant_tsv() -> str:
    return table(MERCHANT, merchant_items(), delimiter="\t")


def merchant_spaced_tsv() -> str:
    """With the column names of Google's own template, which have spaces."""
    rows = [{name.replace("_", " "): cell for name, cell in item.items()} for item in merchant_items()]
    return table([name.replace("_", " ") for name in MERCHANT], rows, delimiter="\t")


def merchant_elements(item: Mapping[str, str]) -> str:
    lines = []
    for name, text in item.items():
        texts = text.split(",http") if name == "additional_image_link" else [text]
        texts = [texts[0], *(f"http{each}" for each in texts[1:])]
        lines += [f"<g:{name}>{escape(each)}</g:{name}>" for each in texts if each]
    shipping = "<g:shipping><g:country>ES</g:country><g:price>4.95 EUR</g:price></g:shipping>"
    return "\n".join([*lines, shipping])


def merchant_rss() -> str:
    items = "\n".join(f"<item>\n{merchant_elements(item)}\n</item>" for item in merchant_items())
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<rss xmlns:g="http://base.google.com/ns/1.0" version="2.0"><channel>\n'
        f"<title>Tienda</title><link>https://tienda.es</link><description>Todo</description>\n{items}\n</channel></rss>\n"
    )


def merchant_atom() -> str:
    entries = "\n".join(f"<entry>\n{merchant_elements(item)}\n</entry>" for item in merchant_items())
    return (
        '<?xml version="1.0"?>\n<feed xmlns="http://www.w3.org/2005/Atom" xmlns:g="http://base.google.com/ns/1.0">\n'
        f'<title>Tienda</title><link rel="self" href="https://tienda.es"/>\n{entries}\n</feed>\n'
    )


def json_ld_nodes() -> list[dict[str, Any]]:
    """Products, and product groups with their variants."""
    nodes = []
    for whole in SHOP:
        shared = {"name": whole.title, "description": whole.description, "category": whole.category}
        variants = [
            {
                "@type": "Product",
                "sku": look.sku,
                "image": [*look.images, *whole.shared_images],
                "offers": {
                    "@type": "Offer",
                    "price": float(look.price),
                    "priceCurrency": "EUR",
                    "availability": "https://schema.org/InStock",
                    "priceSpecification": [
                        {
                            "@type": "UnitPriceSpecification",
                            "priceType": "https://schema.org/ListPrice",
                            "price": look.regular,
                        }
                    ]
                    if look.regular
                    else [],
                },
                **({"color": look.color} if look.color else {}),
            }
            for look in whole.looks
        ]
        brand = {"@type": "Brand", "name": whole.brand}
        if whole.looks[0].color:
            group = {"@type": "ProductGroup", "productGroupID": whole.handle, "variesBy": "https://schema.org/color"}
            nodes.append({**group, **shared, "brand": brand, "hasVariant": variants})
        else:
            nodes.append({**variants[0], **shared, "brand": whole.brand})
    return nodes


def json_ld() -> str:
    return json.dumps({"@context": "https://schema.org/", "@graph": json_ld_nodes()}, ensure_ascii=False)


def json_ld_list() -> str:
    return json.dumps([{"@context": "https://schema.org/", **node} for node in json_ld_nodes()])


def page() -> str:
    scripts = "\n".join(
        '<script type="application/ld+json">\n'
        + json.dumps({"@context": "https://schema.org", **node}, indent=1)
        + "\n</script>"
        for node in json_ld_nodes()
    )
    return (
        f'<!DOCTYPE html>\n<html lang="es-ES"><head><title>Tienda</title>\n{scripts}\n</head><body>a < b</body></html>'
    )


@dataclass(frozen=True)
class Export:
    """A way to say the shop: the file's name, its writer, and what the format has no word for."""

    name: str
    write: Callable[[], str]
    unsaid: frozenset[str] = frozenset()


EXPORTS = (
    Export("shopify.csv", shopify_csv, frozenset({"currency"})),
    Export("shopify-new.csv", shopify_new_csv, frozenset({"currency"})),
    Export("products.json", shopify_json, frozenset({"currency"})),
    Export("woo.csv", woo_csv, frozenset({"currency"})),
    Export("woo-es.csv", woo_spanish_csv, frozenset({"currency"})),
    Export("woo.json", woo_json, frozenset({"currency"})),
    Export("merchant.tsv", merchant_tsv, frozenset({"sku"})),
    Export("merchant.txt", merchant_spaced_tsv, frozenset({"sku"})),
    Export("rss.xml", merchant_rss, frozenset({"sku"})),
    Export("atom.xml", merchant_atom, frozenset({"sku"})),
    Export("graph.jsonld", json_ld),
    Export("list.json", json_ld_list),
    Export("page.html", page),
)
