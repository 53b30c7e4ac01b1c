"""One small shop, and writers that say it as each of the programs does that shops export from."""

import csv
import html
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

CDN = "https://cdn.tienda.es"


@dataclass(frozen=True)
class Look:
    """One product as a customer sees it."""

    sku: str
    price: str
    images: tuple[str, ...]
    color: str | None = None
    regular: str | None = None


@dataclass(frozen=True)
class Whole:
    """A product of the shop with its looks."""

    number: int
    handle: str
    title: str
    description: str
    brand: str
    category: str
    looks: tuple[Look, ...]
    shared_images: tuple[str, ...] = ()
    tags: tuple[str, ...] = field(default=("verano", "algodón"))


SHOP = (
    Whole(
        11,
        "camiseta-de-lino",
        "Camiseta de lino «Brisa»",
        "Ligera & fresca. Tallas < 46.",
        "Mar Salada",
        "Camisetas",
        (
            Look("CAM-AZ", "19.95", (f"{CDN}/cam-azul.jpg",), color="Azul marino"),
            Look("CAM-RO", "14.95", (f"{CDN}/cam-rojo.jpg",), color="Rojo", regular="19.95"),
        ),
        shared_images=(f"{CDN}/cam-etiqueta.jpg",),
    ),
    Whole(
        21,
        "taza",
        'Taza 12" de gres',
        "Hecha a mano, en Málaga.",
        "Barro",
        "Cocina",
        (Look("TAZA", "1190.00", (f"{CDN}/taza-1.jpg", f"{CDN}/w_400,h_400/taza-2.jpg"), regular="1250.00"),),
    ),
    Whole(31, "clip", "Clip", "Paper clip.", "Acme", "Office", (Look("CLIP", "0.50", (f"{CDN}/clip.jpg",)),)),
)


def table(columns: Sequence[str], rows: Sequence[Mapping[str, str]], *, delimiter: str = ",") -> str:
    """Rows as CSV; cells that a row does not name are empty."""
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, restval="", delimiter=delimiter, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


SHOPIFY_OLD = [
    "Handle", "Title", "Body (HTML)", "Vendor", "Product Category", "Type", "Tags", "Published", "Option1 Name",
    "Option1 Value", "Option2 Name", "Option2 Value", "Option3 Name", "Option3 Value", "Variant SKU", "Variant Grams",
    "Variant Inventory Tracker", "Variant Inventory Policy", "Variant Fulfillment Service", "Variant Price",
    "Variant Compare At Price", "Variant Requires Shipping", "Variant Taxable", "Variant Barcode", "Image Src",
    "Image Position", "Image Alt Text", "Gift Card", "SEO Title", "SEO Description",
    "Google Shopping / Google Product Category", "Google Shopping / Gender", "Google Shopping / Age Group",
    "Google Shopping / MPN", "Google Shopping / Condition", "Variant Image", "Variant Weight Unit", "Cost per item",
    "Included / International", "Price / International", "Compare At Price / International", "Status",
]  # fmt: skip
SHOPIFY_NEW = {
    "Handle": "URL handle", "Body (HTML)": "Description", "Product Category": "Product category",
    "Published": "Published on online store", "Variant SKU": "SKU", "Variant Barcode": "Barcode",
    "Variant Price": "Price", "Variant Compare At Price": "Compare-at price", "Image Src": "Product image URL",
    "Image Position": "Image position", "Variant Image": "Variant image URL", "SEO Title": "SEO title",
    "Option1 Name": "Option1 name", "Option1 Value": "Option1 value",
}  # fmt: skip


def shopify_rows() -> list[dict[str, str]]:
    """Rows of the export: variants first, then those that only hold another picture."""
    rows: list[dict[str, str]] = []
    for whole in SHOP:
        gallery = [image for look in whole.looks for image in look.images] + list(whole.shared_images)
        own = [
            {
                "Handle": whole.handle,
                "Option1 Value": look.color or "Default Title",
                "Variant SKU": look.sku,
                "Variant Price": look.price,
                "Variant Compare At Price": look.regular or "",
                "Variant Inventory Policy": "deny",
                "Variant Image": look.images[0] if look.color else "",
            }
            for look in whole.looks
        ]
        own += [{"Handle": whole.handle} for _ in gallery[len(own) :]]
        for position, (row, image) in enumerate(zip(own, gallery, strict=True), 1):
            row |= {"Image Src": image, "Image Position": str(position)}
        own[0] |= {
            "Title": whole.title,
            "Body (HTML)": f"<p>{html.escape(whole.description, quote=False)}</p>",
            "Vendor": whole.brand,
            "Type": whole.category,
            "Tags": ", ".join(whole.tags),
            "Published": "true",
            "Option1 Name": "Color" if whole.looks[0].color else "Title",
            "Status": "active",
        }
        rows += own
    return rows


def shopify_csv() -> str:
    return table(SHOPIFY_OLD, shopify_rows())


def shopify_new_csv() -> str:
    rows = [{SHOPIFY_NEW.get(name, name): cell for name, cell in row.items()} for row in shopify_rows()]
    return table([SHOPIFY_NEW.get(name, name) for name in SHOPIFY_OLD], rows)


def shopify_json() -> str:
    return json.dumps({"products": [shopify_object(whole) for whole in SHOP]}, ensure_ascii=False)


def shopify_object(whole: Whole) -> dict[str, Any]:
    gallery = [(image, look) for look in whole.looks for image in look.images]
    gallery += [(image, None) for image in whole.shared_images]
    places = {look.sku: number for number, look in enumerate(whole.looks, 1)}
    return {
        "id": 7_000_000_000_000 + whole.number,
        "title": whole.title,
        "handle": whole.handle,
        "body_html": f"<p>{html.escape(whole.description, quote=False)}</p>",
        "published_at": "2024-05-02T10:00:00+02:00",
        "vendor": whole.brand,
        "product_type": whole.category,
        "tags": list(whole.tags),
        "variants": [
            {
                "id": place,
                "title": look.color or "Default Title",
                "option1": look.color or "Default Title",
                "option2": None,
                "option3": None,
                "sku": look.sku,
                "featured_image": {"src": look.images[0], "variant_ids": [place]} if look.color else None,
                "available": True,
                "price": look.price,
                "compare_at_price": look.regular,
                "position": place,
            }
            for place, look in enumerate(whole.looks, 1)
        ],
        "images": [
            {
                "id": number,
                "position": number,
                "src": image,
                "variant_ids": [places[look.sku]] if look and look.color else [],
            }
            for number, (image, look) in enumerate(gallery, 1)
        ],
        "options": [{"name": "Color" if whole.looks[0].color else "Title", "position": 1, "values": []}],
    }


WOO = [
    "ID", "Type", "SKU", "GTIN, UPC, EAN, or ISBN", "Name", "Published", "Is featured?", "Visibility in catalog",
    "Short description", "Description", "In stock?", "Stock", "Weight (kg)", "Sale price", "Regular price",
    "Categories", "Tags", "Images", "Parent", "Position", "Brands", "Attribute 1 name", "Attribute 1 value(s)",
    "Attribute 1 visible", "Attribute 1 global",
]  # fmt: skip
WOO_SPANISH = {
    "Type": "Tipo", "GTIN, UPC, EAN, or ISBN": "GTIN, UPC, EAN o ISBN", "Name": "Nombre", "Published": "Publicado",
    "Is featured?": "¿Está destacado?", "Visibility in catalog": "Visibilidad en el catálogo",
    "Short description": "Descripción corta", "Description": "Descripción", "In stock?": "¿Existencias?",
    "Stock": "Inventario", "Weight (kg)": "Peso (kg)", "Sale price": "Precio rebajado",
    "Regular price": "Precio normal", "Categories": "Categorías", "Tags": "Etiquetas", "Images": "Imágenes",
    "Parent": "Superior", "Position": "Posición", "Brands": "Marcas", "Attribute 1 name": "Nombre del atributo 1",
    "Attribute 1 value(s)": "Valor(es) del atributo 1", "Attribute 1 visible": "Atributo visible 1",
    "Attribute 1 global": "Atributo global 1",
}  # fmt: skip


def woo_rows() -> list[dict[str, str]]:
    """Rows of the export, with prices as a Spanish shop shows them; variations stand behind all other products."""
    rows, variations = [], []
    for whole in SHOP:
        is_variable = whole.looks[0].color is not None
        images = [image for look in whole.looks if not is_variable for image in look.images]
        row = {
            "ID": str(whole.number),
            "Type": "variable" if is_variable else "simple",
            "SKU": "" if is_variable else whole.looks[0].sku,
            "Name": whole.title,
            "Published": "1",
            "Visibility in catalog": "visible",
            "Description": f"<p>{html.escape(whole.description, quote=False)}</p>\\n",
            "In stock?": "1",
            "Categories": whole.category,
            "Tags": ", ".join(whole.tags),
            "Images": ", ".join(image.replace(",", "\\,") for image in [*images, *whole.shared_images]),
            "Brands": whole.brand,
        }
        if is_variable:
            colors = ", ".join(look.color or "" for look in whole.looks)
            row |= {"Attribute 1 name": "Color", "Attribute 1 value(s)": colors, "Attribute 1 visible": "1"}
            for number, look in enumerate(whole.looks, 1):
                variations.append(
                    {
                        "ID": str(1000 + whole.number + number),
                        "Type": "variation",
                        "SKU": look.sku,
                        "Name": f"{whole.title} - {look.color}",
                        "Published": "1",
                        "In stock?": "1",
                        "Parent": f"id:{whole.number}",
                        "Images": ", ".join(look.images),
                        "Attribute 1 name": "Color",
                        "Attribute 1 value(s)": look.color or "",
                        **woo_prices(look),
                    }
                )
        else:
            row |= woo_prices(whole.looks[0])
        rows.append(row)
    return [*rows, *variations]


def woo_prices(look: Look) -> dict[str, str]:
    prices = {"Regular price": look.regular or look.price, "Sale price": look.price if look.regular else ""}
    return {name: price.replace(".", ",") for name, price in prices.items()}


def woo_csv() -> str:
    return table(WOO, woo_rows())


def woo_spanish_csv() -> str:
    rows = [{WOO_SPANISH.get(name, name): cell for name, cell in row.items()} for row in woo_rows()]
    return table([WOO_SPANISH.get(name, name) for name in WOO], rows)


def woo_json() -> str:
    objects = []
    for whole in SHOP:
        is_variable = whole.looks[0].color is not None
        images = [image for look in whole.looks if not is_variable for image in look.images]
        shared = {"permalink": f"https://tienda.es/{whole.handle}", "status": "publish", "stock_status": "instock"}
        objects.append(
            {
                "id": whole.number,
                "name": whole.title,
                "type": "variable" if is_variable else "simple",
                "description": f"<p>{html.escape(whole.description, quote=False)}</p>",
                "short_description": "",
                "sku": "" if is_variable else whole.looks[0].sku,
                "parent_id": 0,
                "categories": [{"id": 3, "name": whole.category, "slug": "c"}],
                "brands": [{"id": 4, "name": whole.brand}],
                "tags": [{"id": 5, "name": tag} for tag in whole.tags],
                "images": [{"id": 1, "src": image, "alt": ""} for image in [*images, *whole.shared_images]],
                "attributes": [{"name": "Color", "variation": True, "options": [each.color for each in whole.looks]}]
                if is_variable
                else [],
                **shared,
                **(
                    {"regular_price": "", "price": whole.looks[0].price} if is_variable else rest_prices(whole.looks[0])
                ),
            }
        )
        for number, look in enumerate(whole.looks if is_variable else (), 1):
            objects.append(
                {
                    "id": 1000 + whole.number + number,
                    "name": look.color,
                    "type": "variation",
                    "parent_id": whole.number,
                    "sku": look.sku,
                    "description": "",
                    "images": [],
                    "image": {"id": 9, "src": look.images[0]},
                    "attributes": [{"id": 1, "name": "Color", "option": look.color}],
                    **shared,
                    **rest_prices(look),
                }
            )
    return json.dumps(objects, ensure_ascii=False, indent=2)


def rest_prices(look: Look) -> dict[str, str]:
    return {
        "price": look.price,
        "regular_price": look.regular or look.price,
        "sale_price": look.price if look.regular else "",
    }
