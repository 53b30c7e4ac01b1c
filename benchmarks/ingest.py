"""How fast an ingest reads every kind of source, and how much memory it takes: `python -m benchmarks.ingest`.

Every case runs in a process of its own on files that this program makes; the process reports its seconds (imports
left out) and its highest resident memory. Beside a reader stands what the `datasets` library (for tars `webdataset`)
takes to read the same files into rows or Arrow, without checking or storing a product. The files are in the disk's
cache: what is compared is work. Held to: memory grows by at most a tenth, with pictures, from a tenth of `--rows` to
all of them; ten times as many rows of text take under 1 GB. The last line is JSON.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks import ingest_shop as shop
from vitrina.evaluation.evaluation import Metric
from vitrina.evaluation.results import Result, Row, write_result

_TEXT_LIMIT_MB = 1000
_GROWTH_LIMIT = 1.10


@dataclass(frozen=True)
class Case:
    """A kind of source. `rival` says how `_read_as_others_do` reads it; pictures make products slower, so that those
    sources are `per_text` times shorter."""

    name: str
    make: shop.Make
    rival: str = ""
    per_text: int = 1


_CASES = (
    Case("JSON Lines", shop.jsonl, "json"),
    Case("JSON, one list", shop.json_array, "json"),
    Case("CSV", shop.comma_separated, "csv"),
    Case("Parquet", shop.parquet, "parquet"),
    Case("Shopify, CSV", shop.shopify_table, "csv"),
    Case("WooCommerce, CSV", shop.woo_table, "csv"),
    Case("Google Merchant, XML", shop.merchant_xml),
    Case("Google Merchant, TSV", shop.merchant_table, "tsv"),
    Case("web pages with JSON-LD", shop.pages),
    Case("JSON Lines, 500 px pictures", shop.jsonl_with_usual_pictures, "", 10),
    Case("WebDataset tar, 500 px pictures", shop.webdataset, "webdataset", 10),
    Case("datasets folder, 500 px pictures", shop.saved_dataset, "saved", 10),
    Case("folder of 500 px pictures", shop.folder_of_pictures, "imagefolder", 10),
)


@dataclass(frozen=True)
class Measured:
    """What a process took for its products."""

    products: int
    seconds: float
    peak_mb: float

    @property
    def per_second(self) -> float:
        return self.products / self.seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=50_000, help="rows of text; memory also at a tenth and ten times")
    parser.add_argument("--results", type=Path, help="write the figures into this folder of results")
    options = parser.parse_args()
    print(f"{'source':<34}{'products':>10}{'rows/s':>9}{'peak MB':>9}{'others/s':>10}{'of theirs':>10}", flush=True)
    rows = [_speed(case, rows=max(10, options.rows // 5 // case.per_text)) for case in _CASES]
    rows += _addresses(rows=max(10, options.rows // 50))
    text = [
        _memory("JSON Lines", shop.jsonl, rows=each) for each in (options.rows // 10, options.rows, options.rows * 10)
    ]
    pictures = [
        _memory("JSON Lines, 32 px pictures", shop.jsonl_with_pictures, rows=each)
        for each in (options.rows // 10, options.rows)
    ]
    growth = pictures[1].peak_mb / pictures[0].peak_mb
    holds = text[2].peak_mb < _TEXT_LIMIT_MB and growth <= _GROWTH_LIMIT
    for name, measured in (("text", text), ("text and a 32 px picture", pictures)):
        rows += [Row(f"{each.products:,} products of {name}", tuple(_metrics(each))) for each in measured]
    print(f"\n{text[2].products:,} rows of text: {text[2].peak_mb:.0f} MB, limit {_TEXT_LIMIT_MB}")
    print(f"with pictures, ten times the products take {growth:.3f} times the memory, limit {_GROWTH_LIMIT}")
    if options.results is not None:
        write_result(_result(rows, growth=growth, count=options.rows), folder=options.results)
    figures = {row.name: {metric.name: round(metric.value, 3) for metric in row.metrics} for row in rows}
    found = {"rows": options.rows, "figures": figures, "picture_growth": round(growth, 4), "holds": holds}
    print(json.dumps({"benchmark": "ingest", **found}))
    sys.exit(not holds)


def _speed(case: Case, *, rows: int) -> Row:
    with _source(case.make, rows) as source:
        ours = in_a_process("ingest", source, source.parent / "shop")
        theirs = in_a_process(case.rival, source, source.parent / "theirs") if case.rival else None
    assert ours.products == rows, f"{case.name}: {ours.products} products of {rows}"
    assert theirs is None or theirs.products == rows, f"{case.name}: others read {theirs} of {rows}"
    return _shown(case.name, ours, theirs)


def _addresses(*, rows: int) -> list[Row]:
    """Pictures at web addresses: the first time, and when they lie in the folder of downloads."""
    with tempfile.TemporaryDirectory() as name, shop.jsonl_with_addresses(Path(name), rows) as source:
        first = in_a_process("ingest", source, source.parent / "shop")
        again = in_a_process("ingest", source, source.parent / "again")
    return [_shown("pictures at addresses, fetched", first, None), _shown("pictures at addresses, kept", again, None)]


def _memory(name: str, make: shop.Make, *, rows: int) -> Measured:
    with _source(make, rows) as source:
        measured = in_a_process("ingest", source, source.parent / "shop")
    assert measured.products == rows
    _shown(name, measured, None)
    return measured


@contextmanager
def _source(make: Callable[[Path, int], Path], rows: int) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        yield make(Path(name), rows)


def in_a_process(what: str, source: Path, out: Path) -> Measured:
    """What `benchmarks.ingest_process` measures."""
    command = [sys.executable, "-m", "benchmarks.ingest_process", what, str(source), str(out)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{what} of {source} failed:\n{done.stderr}")
    return Measured(**json.loads(done.stdout.splitlines()[-1]))


def _shown(name: str, ours: Measured, theirs: Measured | None) -> Row:
    line = f"{name:<34}{ours.products:>10,}{ours.per_second:>9,.0f}{ours.peak_mb:>9.0f}"
    if theirs is not None:
        line += f"{theirs.per_second:>10,.0f}{ours.per_second / theirs.per_second:>10.2f}"
    print(line, flush=True)
    ratio = (
        [] if theirs is None else [Metric("of reading alone elsewhere", ours.per_second / theirs.per_second, "share")]
    )
    return Row(name, (*_metrics(ours), *ratio))


def _metrics(measured: Measured) -> list[Metric]:
    return [
        Metric("products a second", round(measured.per_second), "number"),
        Metric("peak MB", round(measured.peak_mb), "number"),
    ]


def _result(rows: list[Row], *, growth: float, count: int) -> Result:
    return Result(
        name="ingest",
        title="Ingest: products a second from every kind of source, and memory",
        command=f"python -m benchmarks.ingest --rows {count} --results results",
        seed=0,
        rows=tuple(rows),
        notes=(
            "An ingest cleans, checks, looks for columns, decodes pictures strictly and writes a catalogue that "
            "survives a crash. Elsewhere is the reading alone, into rows or Arrow: `datasets`, for tars `webdataset`.",
            f"Ten times the products with pictures take {growth:.3f} times the memory.",
        ),
    )


if __name__ == "__main__":
    main()
