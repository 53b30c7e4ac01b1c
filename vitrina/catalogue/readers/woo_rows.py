"""WooCommerce's rows: its product export (CSV, with English or Spanish columns) and its REST lists of products (JSON).

The export writes prices as the shop shows them (`19,90`), line breaks as `\\n`, and commas inside names as `\\,`. The
REST interface of shops (`/wp-json/wc/v3/products`) and the public one of their windows (`/wp-json/wc/store/products`)
are both understood; variations are in them where somebody put them there.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any, Literal

from vitrina.catalogue.columns import plain_name
from vitrina.catalogue.readers.family import Variant
from vitrina.catalogue.readers.loose import amount_of, exact, first_text, listed, objects, path_of, text_of, texts_of
from vitrina.catalogue.readers.record import Record
from vitrina.catalogue.readers.woo import WooItem

_COLUMNS = {
    "id": "id",
    "type": "type tipo",
    "sku": "sku",
    "barcode": "gtin_upc_ean_or_isbn gtin_upc_ean_o_isbn",
    "name": "name nombre",
    "published": "published publicado",
    "visibility": "visibility_in_catalog visibilidad_en_el_catalogo",
    "short": "short_description descripcion_corta",
    "description": "description descripcion",
    "in_stock": "in_stock existencias en_inventario hay_existencias",
    "sale_price": "sale_price precio_rebajado precio_de_oferta",
    "regular_price": "regular_price precio_normal",
    "categories": "categories categorias",
    "tags": "tags etiquetas",
    "brands": "brands marcas",
    "images": "images imagenes",
    "parent": "parent superior principal",
    "weight": "weight_kg peso_kg",
}
_OURS = {word: ours for ours, words in _COLUMNS.items() for word in words.split()}
_ATTRIBUTE = re.compile(
    r"attribute_(?P<en>\d{1,4})_(?P<what_en>name|value_s|values)|(?P<what_es>nombre_del|valor_es_del|valores_del)_atributo_(?P<es>\d{1,4})"
)
_GUARD = re.compile(r"^'(?=[=+@-])")  # keeps spreadsheets from taking a text for a formula
_MACHINERY = re.compile(
    r"attribute_\d+_.*|.*_atributo_(?:\d+_)?.*|atributo_.*|position|posicion|stock|inventario|is_featured"
    r"|esta_destacado|(?:date_sale_price|dia_en_que)_.*|tax_.*|(?:estado|clase)_del?_.*|low_stock_amount|cantidad_de_bajo_.*"
    r"|backorders_allowed|permitir_.*|sold_individually|vendido_individualmente|(?:length|width|height)_.*"
    r"|(?:longitud|anchura|altura|ancho)_.*|allow_customer_reviews|purchase_note|nota_de_compra|shipping_class"
    r"|download_.*|(?:limite|dias)_de_.*|grouped_products|productos_agrupados|upsells|cross_sells|ventas_.*"
    r"|external_url|url_externa|button_text|texto_del_boton|swatches_attributes"
)
_COMMA = re.compile(r"(?<!\\),")
_LINE_BREAK = re.compile(r"(?<!\\)\\n")
_STATUS = {"1": "active", "0": "private", "-1": "draft", "publish": "active"}
_STOCK = {
    "1": "in_stock", "0": "out_of_stock", "backorder": "backorder", "instock": "in_stock",
    "outofstock": "out_of_stock", "onbackorder": "backorder",
}  # fmt: skip


def is_woo_table(names: Iterable[str]) -> bool:
    """Whether a table with such columns is a product export of WooCommerce."""
    found = {_OURS.get(plain_name(name)) for name in names}
    return {"type", "name", "regular_price"} <= found and not found.isdisjoint(("published", "parent", "in_stock"))


def is_woo_object(values: Mapping[str, Any]) -> bool:
    """Whether an object is a product of one of WooCommerce's REST lists."""
    is_product = {"id", "name", "permalink", "images"} <= values.keys()
    return is_product and ("regular_price" in values or isinstance(values.get("prices"), dict))


def row_of_table(row: Record) -> WooItem:
    """A row of the export."""
    plain = {plain_name(name): text for name, cell in row.values.items() if cell and (text := text_of(cell))}
    plain = {name: _GUARD.sub("", text) if text[0] == "'" else text for name, text in plain.items()}
    cells = {_OURS[name]: text for name, text in plain.items() if name in _OURS}
    own = _table_attributes(plain)
    kind = _kind(cells.get("type", "").lower().replace(" ", "").split(","))
    id_, sku = cells.get("id"), cells.get("sku")
    parent = cells.get("parent")
    paths = [path_of(each) for each in _split(cells.get("categories"))]
    path = max(paths, key=len, default=[])
    short, long = (_LINE_BREAK.sub("\n", cells.get(name, "")) for name in ("short", "description"))
    brands = _split(cells.get("brands"))
    stated = {
        "tags": _split(cells.get("tags")),
        "weight": cells.get("weight"),
        "visibility": cells.get("visibility") if cells.get("visibility") != "visible" else None,
        "status": _STATUS.get(cells.get("published", ""), cells.get("published")),
        "other_categories": [" > ".join(each) for each in paths if each != path],
    }
    added = {name: text for name, cell in row.values.items() if cell and _is_added(name) and (text := text_of(cell))}
    images = _split(cells.get("images"))
    is_variation = kind == "variation"
    return WooItem(
        kind=kind,
        names=[name for name in (f"id:{id_}" if id_ else None, sku) if name],
        parent=parent,
        shared={
            "id": id_ or sku,
            "title": cells.get("name"),
            "description": texts_of([long, short]),
            "image": images,
            "brand": brands[0] if brands else None,
            "category": path,
            "attributes": {**stated, **added, **({} if is_variation else own)},
        },
        variant=Variant(
            row=row.row,
            options={name: values[0] for name, values in own.items() if len(values) == 1} if is_variation else {},
            images=tuple(images) if is_variation else (),
            price=_asked(cells.get("sale_price"), cells.get("regular_price")),
            regular_price=cells.get("regular_price"),
            description=(long or short or None) if is_variation else None,
            facts={
                "sku": sku,
                "barcode": cells.get("barcode"),
                "availability": _STOCK.get(cells.get("in_stock", "").lower()),
            },
        ),
    )


@lru_cache(maxsize=10_000)
def _is_added(column: str) -> bool:
    """Whether somebody added a column to the export: it is none of WooCommerce's own, nor of its plugins' secrets."""
    plain = plain_name(column)
    is_secret = column.replace(" ", "").lower().startswith("meta:_")
    return plain not in _OURS and not is_secret and not _MACHINERY.fullmatch(plain)


def object_of_rest(row: Record) -> WooItem:
    """A product or a variation of a REST list."""
    values = row.values
    own = {
        name: texts
        for each in objects(values.get("attributes"))
        if (name := text_of(each.get("name")))
        and (texts := texts_of([each.get("option"), *listed(each.get("options")), *_term_names(each)]))
    }
    parent_id = first_text(values.get("parent_id"), values.get("parent"))
    has_parent = parent_id not in (None, "0")
    kind = _kind([(text_of(values.get("type")) or "").lower()])
    if has_parent and kind == "product":  # lists of variations from before WooCommerce 9 do not say their type
        kind = "variation"
    is_variation = kind == "variation"
    categories = texts_of(each.get("name") for each in objects(values.get("categories")))
    images = texts_of(each.get("src") for each in [*objects(values.get("images")), *objects(values.get("image"))])
    prices = _rest_prices(values)
    sku = text_of(values.get("sku"))
    return WooItem(
        kind=kind,
        names=[name for name in (f"id:{text_of(values.get('id'))}", sku) if name],
        parent=f"id:{parent_id}" if has_parent else None,
        shared={
            "id": text_of(values.get("id")),
            "title": text_of(values.get("name")),
            "description": texts_of([values.get("description"), values.get("short_description")]),
            "image": images,
            "currency": prices.currency,
            "brand": next((text_of(each.get("name")) for each in objects(values.get("brands"))), None),
            "category": categories[:1],
            "attributes": {
                "tags": texts_of(each.get("name") for each in objects(values.get("tags"))),
                "weight": text_of(values.get("weight")),
                "status": _STATUS.get(text_of(values.get("status")) or "", text_of(values.get("status"))),
                "other_categories": categories[1:],
                **({} if is_variation else own),
            },
        },
        variant=Variant(
            row=row.row,
            options={name: texts[0] for name, texts in own.items() if len(texts) == 1} if is_variation else {},
            images=tuple(images) if is_variation else (),
            price=prices.asked,
            regular_price=prices.regular,
            description=text_of(values.get("description")) if is_variation else None,
            facts={
                "sku": sku,
                "barcode": text_of(values.get("global_unique_id")),
                "availability": _availability(values),
            },
        ),
    )


def _kind(types: Iterable[str]) -> Literal["product", "variable", "variation"]:
    types = set(types)
    if "variation" in types:
        return "variation"
    return "variable" if not types.isdisjoint(("variable", "variable-subscription")) else "product"


def _split(text: str | None) -> list[str]:
    """A cell of several values. A comma with a stroke before it belongs to a value."""
    return texts_of(each.replace("\\,", ",") for each in _COMMA.split(text)) if text else []


def _table_attributes(plain: Mapping[str, str]) -> dict[str, list[str]]:
    names: dict[int, str] = {}
    values: dict[int, list[str]] = {}
    for column, text in plain.items():
        match = _ATTRIBUTE.fullmatch(column)
        if match:
            number = int(match["en"] or match["es"])
            if (match["what_en"] or match["what_es"]).startswith(("name", "nombre")):
                names[number] = text
            else:
                values[number] = _split(text)
    return {names[number]: values[number] for number in sorted(names) if values.get(number)}


def _asked(sale: Decimal | str | None, regular: Decimal | str | None) -> Decimal | str | None:
    """The price that a customer pays: the reduced one where there is one."""
    return regular if amount_of(sale) is None else sale


@dataclass(frozen=True)
class _Prices:
    asked: Decimal | str | None
    regular: Decimal | str | None
    currency: str | None = None


def _rest_prices(values: Mapping[str, Any]) -> _Prices:
    prices = values.get("prices")
    if isinstance(prices, dict):
        digits = prices.get("currency_minor_unit")
        scale = Decimal(10) ** -(digits if isinstance(digits, int) and 0 <= digits <= 6 else 2)
        both = [exact(prices.get(name)) for name in ("price", "regular_price")]
        now, before = (each * scale if isinstance(each, Decimal) else each for each in both)
        return _Prices(now, before, text_of(prices.get("currency_code")))
    regular = exact(values.get("regular_price"))
    asked = exact(values.get("price"))
    return _Prices(_asked(asked, _asked(exact(values.get("sale_price")), regular)), regular)


def _availability(values: Mapping[str, Any]) -> str | None:
    stock = text_of(values.get("stock_status"))
    if stock is not None:
        return _STOCK.get(stock, stock)
    is_there = values.get("is_in_stock")
    return ("in_stock" if is_there else "out_of_stock") if isinstance(is_there, bool) else None


def _term_names(attribute: Mapping[str, Any]) -> list[Any]:
    return [each.get("name") for each in objects(attribute.get("terms"))]
