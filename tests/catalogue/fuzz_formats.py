"""One small shop in every format that a catalogue reads, with whatever values one likes in its fields."""

import csv
import html
import io
import json
import random
import re
import tarfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

Row = Mapping[str, str]
"""id, title, description, price, brand, category and image: texts."""


def jsonl(folder: Path, rows: Sequence[Row]) -> Path:
    return _text(folder / "feed.jsonl", "".join(json.dumps(row) + "\n" for row in rows))


def json_array(folder: Path, rows: Sequence[Row]) -> Path:
    return _text(folder / "feed.json", json.dumps({"products": list(rows)}))


def comma_separated(folder: Path, rows: Sequence[Row]) -> Path:
    return _table(folder / "feed.csv", [dict(row) for row in rows])


def tab_separated(folder: Path, rows: Sequence[Row]) -> Path:
    return _table(folder / "feed.tsv", [dict(row) for row in rows], delimiter="\t")


def parquet(folder: Path, rows: Sequence[Row]) -> Path:
    pq.write_table(pa.Table.from_pylist([dict(row) for row in rows]), folder / "feed.parquet")
    return folder / "feed.parquet"


def shopify_table(folder: Path, rows: Sequence[Row]) -> Path:
    names = {
        "id": "Handle", "title": "Title", "description": "Body (HTML)", "brand": "Vendor", "category": "Type",
        "price": "Variant Price", "image": "Image Src",
    }  # fmt: skip
    fixed = {"Option1 Name": "Title", "Option1 Value": "Default Title", "Variant SKU": "", "Status": "active"}
    return _table(folder / "shopify.csv", [{names[key]: row[key] for key in names} | fixed for row in rows])


def shopify_json(folder: Path, rows: Sequence[Row]) -> Path:
    products = [
        {
            "id": number,
            "handle": row["id"],
            "title": row["title"],
            "body_html": row["description"],
            "vendor": row["brand"],
            "product_type": row["category"],
            "tags": [],
            "variants": [{"id": number, "title": "Default Title", "option1": "Default Title", "price": row["price"]}],
            "images": [{"id": number, "src": row["image"], "position": 1}],
            "options": [{"name": "Title", "values": ["Default Title"]}],
        }
        for number, row in enumerate(rows)
    ]
    return _text(folder / "products.json", json.dumps({"products": products}))


def woocommerce_table(folder: Path, rows: Sequence[Row]) -> Path:
    names = {
        "SKU": "id", "Name": "title", "Description": "description", "Regular price": "price", "Categories": "category",
        "Images": "image", "Brands": "brand",
    }  # fmt: skip
    made = [
        {"ID": str(number), "Type": "simple", "Published": "1"} | {name: row[key] for name, key in names.items()}
        for number, row in enumerate(rows)
    ]
    return _table(folder / "woo.csv", made)


def woocommerce_json(folder: Path, rows: Sequence[Row]) -> Path:
    products = [
        {
            "id": number,
            "name": row["title"],
            "slug": f"p{number}",
            "permalink": f"https://shop.example/p{number}",
            "type": "simple",
            "status": "publish",
            "sku": row["id"],
            "price": row["price"],
            "regular_price": row["price"],
            "description": row["description"],
            "short_description": "",
            "categories": [{"id": 1, "name": row["category"], "slug": "c"}],
            "images": [{"id": number, "src": row["image"]}],
            "brands": [{"id": 1, "name": row["brand"]}],
            "attributes": [],
            "variations": [],
        }
        for number, row in enumerate(rows)
    ]
    return _text(folder / "woo.json", json.dumps(products))


def merchant_xml(folder: Path, rows: Sequence[Row]) -> Path:
    names = {
        "id": "g:id", "title": "title", "description": "description", "price": "g:price", "brand": "g:brand",
        "category": "g:product_type", "image": "g:image_link",
    }  # fmt: skip
    items = "".join(
        "<item>" + "".join(f"<{name}>{_xml(row[key])}</{name}>" for key, name in names.items()) + "</item>\n"
        for row in rows
    )
    head = '<?xml version="1.0"?>\n<rss version="2.0" xmlns:g="http://base.google.com/ns/1.0"><channel><title>x</title>'
    return _text(folder / "merchant.xml", f"{head}\n{items}</channel></rss>")


def merchant_table(folder: Path, rows: Sequence[Row]) -> Path:
    names = {"category": "product_type", "image": "image_link"}
    made = [{names.get(key, key): value for key, value in row.items()} | {"availability": "in_stock"} for row in rows]
    return _table(folder / "merchant.tsv", made, delimiter="\t")


def json_ld(folder: Path, rows: Sequence[Row]) -> Path:
    return _text(folder / "products.jsonld", json.dumps({"@graph": [_linked(row) for row in rows]}))


def pages(folder: Path, rows: Sequence[Row]) -> Path:
    (folder / "pages").mkdir()
    for number, row in enumerate(rows):
        data = json.dumps(_linked(row)).replace("</", "<\\/")
        page = f'<html><body><script type="application/ld+json">{data}</script><p>{html.escape(row["title"])}</body>'
        _text(folder / "pages" / f"{number:05}.html", page)
    return folder / "pages"


def webdataset(folder: Path, rows: Sequence[Row]) -> Path:
    with tarfile.open(folder / "shard-000000.tar", "w") as tar:
        for number, row in enumerate(rows):
            content = json.dumps(dict(row)).encode()
            entry = tarfile.TarInfo(f"{number:06}.json")
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return folder / "shard-000000.tar"


def saved_dataset(folder: Path, rows: Sequence[Row]) -> Path:
    import datasets

    datasets.disable_progress_bars()
    datasets.Dataset.from_list([dict(row) for row in rows]).save_to_disk(folder / "saved")
    return folder / "saved"


FORMATS: tuple[Callable[[Path, Sequence[Row]], Path], ...] = (
    jsonl, json_array, comma_separated, tab_separated, parquet, shopify_table, shopify_json, woocommerce_table,
    woocommerce_json, merchant_xml, merchant_table, json_ld, pages, webdataset, saved_dataset,
)  # fmt: skip


def good(number: int) -> Row:
    """A row that nothing is wrong with."""
    return {
        "id": f"good-{number}",
        "title": f"Taza número {number}",
        "description": f"Una taza buena, la {number}.",
        "price": f"{number}.50 EUR",
        "brand": "Acme",
        "category": "Cocina",
        "image": "",
    }


def wounded_file(path: Path, *, draws: random.Random, spoil: Callable[..., bytes]) -> None:
    """Spoils a file, or one to three files of a folder, in place."""
    files = [path] if path.is_file() else sorted(each for each in path.rglob("*") if each.is_file())
    for each in draws.sample(files, min(len(files), draws.randrange(1, 4))):
        each.write_bytes(spoil(each.read_bytes(), draws=draws))


def _text(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def _table(path: Path, rows: Sequence[Row], *, delimiter: str = ",") -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), delimiter=delimiter)
        writer.writeheader()
        writer.writerows(rows)
    return path


def _xml(text: str) -> str:
    return html.escape(re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]", "", text), quote=False)


def _linked(row: Row) -> dict[str, object]:
    return {
        "@context": "https://schema.org",
        "@type": "Product",
        "sku": row["id"],
        "name": row["title"],
        "description": row["description"],
        "brand": {"@type": "Brand", "name": row["brand"]},
        "category": row["category"],
        "image": row["image"],
        "offers": {"@type": "Offer", "price": row["price"], "priceCurrency": "EUR"},
    }
