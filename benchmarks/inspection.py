"""How long an inspection takes and how much memory: `python -m benchmarks.inspection`.

Catalogues of three sizes are inspected in processes of their own, which report their seconds (imports left out) and
their highest resident memory, the mapped pages of the catalogue included. The texts are drawn words, so that hardly
any repeats another. Held to: the largest catalogue takes under 2 GB. The last line is JSON.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import numpy as np
import simplejpeg

from benchmarks.ingest import Measured, in_a_process
from benchmarks.ingest_shop import rows
from vitrina.catalogue.product import Product, Text
from vitrina.catalogue.store import write_catalogue
from vitrina.evaluation.evaluation import Metric
from vitrina.evaluation.results import Result, Row, write_result

_LIMIT_MB = 2000
_PICTURE_PX = 96


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--products", type=int, default=1_000_000, help="texts; also a tenth and a hundredth of them")
    parser.add_argument("--results", type=Path, help="write the figures into this folder of results")
    options = parser.parse_args()
    sizes = (options.products // 100, options.products // 10, options.products)
    texts = [_measured("texts", products=each, pictures=0) for each in sizes]
    shown = [_measured("texts and a picture", products=each, pictures=1) for each in sizes[:2]]
    table = [
        Row(
            f"{each.products:,} products with {what}",
            (
                Metric("seconds", round(each.seconds, 1), "number"),
                Metric("products a second", round(each.per_second), "number"),
                Metric("peak MB", round(each.peak_mb), "number"),
            ),
        )
        for what, found in (("texts", texts), ("texts and a picture", shown))
        for each in found
    ]
    if options.results is not None:
        write_result(_result(table, products=options.products), folder=options.results)
    figures = {row.name: {metric.name: metric.value for metric in row.metrics} for row in table}
    holds = texts[-1].peak_mb < _LIMIT_MB
    print(json.dumps({"benchmark": "inspection", "figures": figures, "limit_mb": _LIMIT_MB, "holds": holds}))
    sys.exit(not holds)


def _measured(what: str, *, products: int, pictures: int) -> Measured:
    with tempfile.TemporaryDirectory() as name:
        shop = Path(name) / "shop"
        write_catalogue(shop, _products(products, pictures=pictures))
        found = in_a_process("inspect", shop, Path(name) / "inspection")
    assert found.products == products
    print(f"{products:>10,} products with {what:<20}{found.seconds:>8.1f} s{found.peak_mb:>8.0f} MB", flush=True)
    return found


def _products(count: int, *, pictures: int) -> Iterator[Product]:
    draw = np.random.default_rng(0)
    for row in rows(count):
        amount, currency = row["price"].split()
        coarse = draw.integers(0, 256, (8, 8, 3), dtype=np.uint8)
        side = _PICTURE_PX // 8
        yield Product(
            id=row["id"],
            titles=(Text(row["title"]),),
            descriptions=(Text(row["description"]),),
            pictures=tuple(
                simplejpeg.encode_jpeg(np.ascontiguousarray(coarse.repeat(side, 0).repeat(side, 1)))
                for _ in range(pictures)
            ),
            brand=row["brand"],
            category=tuple(row["category"].split(" > ")),
            price=Decimal(amount),
            currency=currency,
        )


def _result(table: list[Row], *, products: int) -> Result:
    return Result(
        name="inspection",
        title="Inspection: seconds and memory",
        command=f"python -m benchmarks.inspection --products {products} --results results",
        seed=0,
        rows=tuple(table),
        notes=(
            f"Titles of 7 words, descriptions of 25; pictures of {_PICTURE_PX} px. Memory includes the catalogue's "
            "own pages, as far as they are mapped.",
        ),
    )


if __name__ == "__main__":
    main()
