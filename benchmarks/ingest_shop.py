"""A synthetic shop, written in every form that an ingest reads, a row at a time."""

import csv
import html
import io
import json
import random
import tarfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import simplejpeg

_WORDS = ("zapato", "rojo", "azul", "cuero", "mujer", "camisa", "algodón", "verano", "niño", "talla", "shirt", "blue")
_SMALL_PX, _USUAL_PX = 32, 500
_PARQUET_ROWS = 10_000


def rows(count: int) -> Iterator[dict[str, str]]:
    """Products without pictures, the same ones whenever they are asked for."""
    draw = random.Random(0)
    for number in range(count):
        yield {
            "id": f"sku-{number}",
            "title": " ".join(draw.choices(_WORDS, k=6)) + f" {number}",
            "description": " ".join(draw.choices(_WORDS, k=25)),
            "price": f"{number % 500}.95 EUR",
            "category": "Ropa > Mujer > Zapatos",
            "brand": draw.choice(_WORDS),
            "colour": draw.choice(_WORDS),
        }


def jsonl(folder: Path, count: int) -> Path:
    with (folder / "feed.jsonl").open("w", encoding="utf-8") as file:
        for row in rows(count):
            file.write(json.dumps(row) + "\n")
    return folder / "feed.jsonl"


def json_array(folder: Path, count: int) -> Path:
    with (folder / "feed.json").open("w", encoding="utf-8") as file:
        file.write("[")
        for number, row in enumerate(rows(count)):
            file.write((",\n" if number else "") + json.dumps(row))
        file.write("]")
    return folder / "feed.json"


def comma_separated(folder: Path, count: int) -> Path:
    return _table(folder / "feed.csv", rows(count))


def parquet(folder: Path, count: int) -> Path:
    everything = rows(count)
    schema = pa.schema([(name, pa.string()) for name in next(rows(1))])
    with pq.ParquetWriter(folder / "feed.parquet", schema) as writer:
        for start in range(0, count, _PARQUET_ROWS):
            some = [next(everything) for _ in range(min(_PARQUET_ROWS, count - start))]
            writer.write_table(pa.Table.from_pylist(some, schema=schema))
    return folder / "feed.parquet"


def shopify_table(folder: Path, count: int) -> Path:
    names = {"id": "Handle", "title": "Title", "description": "Body (HTML)", "brand": "Vendor", "category": "Type"}
    fixed = {"Option1 Name": "Title", "Option1 Value": "Default Title", "Status": "active", "Image Src": ""}
    return _table(
        folder / "shopify.csv",
        (
            {name: row[key] for key, name in names.items()} | fixed | {"Variant Price": row["price"].split()[0]}
            for row in rows(count)
        ),
    )


def woo_table(folder: Path, count: int) -> Path:
    names = {"SKU": "id", "Name": "title", "Description": "description", "Categories": "category", "Brands": "brand"}
    return _table(
        folder / "woo.csv",
        (
            {"ID": str(number), "Type": "simple", "Published": "1", "Images": ""}
            | {name: row[key] for name, key in names.items()}
            | {"Regular price": row["price"].split()[0]}
            for number, row in enumerate(rows(count), 1)
        ),
    )


def merchant_xml(folder: Path, count: int) -> Path:
    names = {"category": "g:product_type", "colour": "g:color", "title": "title", "description": "description"}
    with (folder / "merchant.xml").open("w", encoding="utf-8") as file:
        file.write('<?xml version="1.0"?><rss version="2.0" xmlns:g="http://base.google.com/ns/1.0"><channel>\n')
        for row in rows(count):
            tags = ((names.get(key, f"g:{key}"), html.escape(value)) for key, value in row.items())
            file.write("<item>" + "".join(f"<{name}>{value}</{name}>" for name, value in tags) + "</item>\n")
        file.write("</channel></rss>")
    return folder / "merchant.xml"


def merchant_table(folder: Path, count: int) -> Path:
    names = {"category": "product_type", "colour": "color"}
    fixed = {"image_link": "", "availability": "in_stock", "condition": "new"}
    made = ({names.get(key, key): value for key, value in row.items()} | fixed for row in rows(count))
    return _table(folder / "merchant.tsv", made, delimiter="\t")


def pages(folder: Path, count: int) -> Path:
    for number, row in enumerate(rows(count)):
        amount, currency = row["price"].split()
        product = {
            "@context": "https://schema.org",
            "@type": "Product",
            "sku": row["id"],
            "name": row["title"],
            "description": row["description"],
            "brand": {"@type": "Brand", "name": row["brand"]},
            "category": row["category"],
            "offers": {"@type": "Offer", "price": amount, "priceCurrency": currency},
        }
        page = folder / "pages" / f"{number % 100:02}" / f"{number}.html"
        page.parent.mkdir(parents=True, exist_ok=True)
        script = f'<script type="application/ld+json">{json.dumps(product)}</script>'
        page.write_text(f"<!doctype html><html><head>{script}</head><body><p>{row['title']}</body></html>")
    return folder / "pages"


def jsonl_with_pictures(folder: Path, count: int) -> Path:
    """Small pictures in files of their own, so that memory shows what rows cost and not what decoding costs."""
    return _jsonl_naming(folder, count, side_px=_SMALL_PX, name="{path}")


def jsonl_with_usual_pictures(folder: Path, count: int) -> Path:
    return _jsonl_naming(folder, count, side_px=_USUAL_PX, name="{path}")


def webdataset(folder: Path, count: int) -> Path:
    with tarfile.open(folder / "shard-000000.tar", "w") as tar:
        for number, row, picture in _with_pictures(count, side_px=_USUAL_PX):
            for suffix, content in (("jpg", picture), ("json", json.dumps(row).encode())):
                member = tarfile.TarInfo(f"{number:07}.{suffix}")
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
    return folder / "shard-000000.tar"


def saved_dataset(folder: Path, count: int) -> Path:
    import datasets

    names = next(rows(1))
    features = datasets.Features({**{name: datasets.Value("string") for name in names}, "image": datasets.Image()})

    def made() -> Iterator[dict[str, Any]]:
        for _, row, picture in _with_pictures(count, side_px=_USUAL_PX):
            yield {**row, "image": {"bytes": picture, "path": None}}

    datasets.disable_progress_bars()
    made_set = datasets.Dataset.from_generator(made, features=features, cache_dir=str(folder / "cache"))
    assert isinstance(made_set, datasets.Dataset)
    made_set.save_to_disk(folder / "saved")
    return folder / "saved"


def folder_of_pictures(folder: Path, count: int) -> Path:
    for number, row, picture in _with_pictures(count, side_px=_USUAL_PX):
        file = folder / "pictures" / row["brand"] / f"{number}.jpg"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(picture)
    return folder / "pictures"


@contextmanager
def jsonl_with_addresses(folder: Path, count: int) -> Iterator[Path]:
    """Pictures at web addresses that a server on this machine answers while the block runs."""
    handler = partial(_QuietHandler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_address[1]}/{{path}}"
        yield _jsonl_naming(folder, count, side_px=_USUAL_PX, name=address)
        server.shutdown()


class _QuietHandler(SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # it would wait for the other side's word between the head and the body

    def log_message(self, format: str, *args: object) -> None: ...


def _jsonl_naming(folder: Path, count: int, *, side_px: int, name: str) -> Path:
    with (folder / "feed.jsonl").open("w", encoding="utf-8") as file:
        for number, row, picture in _with_pictures(count, side_px=side_px):
            path = Path("photos", f"{number % 100:02}", f"{number}.jpg")
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(picture)
            file.write(json.dumps({**row, "image": name.format(path=path)}) + "\n")
    return folder / "feed.jsonl"


def _with_pictures(count: int, *, side_px: int) -> Iterator[tuple[int, dict[str, str], bytes]]:
    """Every product with a JPEG that no other one has: smooth colours, as photographs have them, and a little noise."""
    draw = np.random.default_rng(0)
    ramp = np.linspace(0, 1, side_px)
    for number, row in enumerate(rows(count)):
        corners = draw.uniform(0, 255, (2, 2, 3))
        lines = corners[0][None] * (1 - ramp[:, None, None]) + corners[1][None] * ramp[:, None, None]
        smooth = lines[:, :1] * (1 - ramp[None, :, None]) + lines[:, 1:] * ramp[None, :, None]
        grain = draw.integers(-6, 7, (side_px, side_px, 1))
        yield number, row, simplejpeg.encode_jpeg(np.clip(smooth + grain, 0, 255).astype(np.uint8), quality=85)


def _table(path: Path, made: Iterator[Mapping[str, str]], *, delimiter: str = ",") -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        first = next(made)
        writer = csv.DictWriter(file, list(first), delimiter=delimiter)
        writer.writeheader()
        writer.writerow(first)
        writer.writerows(made)
    return path


Make = Callable[[Path, int], Path]
"""Writes so many products below a folder and says what to ingest."""
