"""How much memory an ingest takes: `python -m benchmarks.ingest_memory`.

Every case runs in a process of its own on files that this program makes, and reports the highest resident memory of
that process. Held to: a million rows of text under 1 GB; with pictures, 50,000 products within 10 % of 5,000.
"""

import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import simplejpeg

_WORDS = ("zapato", "rojo", "azul", "cuero", "mujer", "camisa", "algodón", "verano", "niño", "talla", "shirt", "blue")
_PICTURE_PX = 32
_TEXT_ROWS = (100_000, 1_000_000)
_PICTURE_ROWS = (5_000, 50_000)
_TEXT_LIMIT_MB = 1000
_GROWTH_LIMIT = 1.10


def main() -> None:
    results = {}
    print(f"{'case':<22}{'products':>10}{'source MB':>11}{'seconds':>9}{'rows/s':>8}{'peak MB':>9}", flush=True)
    for kind, make, sizes in [("text", _text_feed, _TEXT_ROWS), ("pictures", _picture_feed, _PICTURE_ROWS)]:
        for rows in sizes:
            results[f"{kind}_{rows}"] = _measure(kind, make, rows=rows)
    growth = results[f"pictures_{_PICTURE_ROWS[1]}"]["peak_mb"] / results[f"pictures_{_PICTURE_ROWS[0]}"]["peak_mb"]
    text_peak = results[f"text_{_TEXT_ROWS[1]}"]["peak_mb"]
    print(f"\na million rows of text: {text_peak:.0f} MB, limit {_TEXT_LIMIT_MB}")
    print(f"50,000 products with pictures to 5,000: {growth:.3f}, limit {_GROWTH_LIMIT}")
    holds = text_peak < _TEXT_LIMIT_MB and growth <= _GROWTH_LIMIT
    print(json.dumps({"cases": results, "picture_growth": round(growth, 4), "holds": holds}))
    sys.exit(not holds)


def _measure(kind: str, make: Callable[[Path, int], Path], *, rows: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        feed = make(folder, rows)
        size = sum(each.stat().st_size for each in folder.rglob("*") if each.is_file()) / 1e6
        command = [sys.executable, "-m", "benchmarks.ingest_memory", str(feed), str(folder / "shop")]
        found = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    assert found["products"] == rows
    speed = rows / found["seconds"]
    print(
        f"{kind:<22}{rows:>10,}{size:>11.0f}{found['seconds']:>9.1f}{speed:>8,.0f}{found['peak_mb']:>9.0f}", flush=True
    )
    return {**found, "source_mb": round(size, 1)}


def _ingest(feed: Path, out: Path) -> None:
    """In the process that is measured."""
    from vitrina.catalogue.ingest import ingest

    start = time.perf_counter()
    report = ingest([feed], out=out)
    seconds = time.perf_counter() - start
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e6
    print(json.dumps({"products": report.products, "seconds": round(seconds, 2), "peak_mb": round(peak_mb, 1)}))


def _row(number: int, draw: random.Random) -> dict[str, object]:
    return {
        "id": f"sku-{number}",
        "title": " ".join(draw.choices(_WORDS, k=6)) + f" {number}",
        "description": " ".join(draw.choices(_WORDS, k=25)),
        "price": f"{number % 500},95 €",
        "category": "Ropa > Mujer > Zapatos",
        "brand": draw.choice(_WORDS),
        "colour": draw.choice(_WORDS),
    }


def _text_feed(folder: Path, rows: int) -> Path:
    draw, feed = random.Random(0), folder / "feed.jsonl"
    with feed.open("w", encoding="utf-8") as file:
        for number in range(rows):
            file.write(json.dumps(_row(number, draw)) + "\n")
    return feed


def _picture_feed(folder: Path, rows: int) -> Path:
    draw, pixels, feed = random.Random(0), np.random.default_rng(0), folder / "feed.jsonl"
    with feed.open("w", encoding="utf-8") as file:
        for number in range(rows):
            picture = Path(f"{number % 100:02d}") / f"{number}.jpg"
            (folder / picture).parent.mkdir(exist_ok=True)
            noise = pixels.integers(0, 255, (_PICTURE_PX, _PICTURE_PX, 3), dtype=np.uint8)
            (folder / picture).write_bytes(simplejpeg.encode_jpeg(noise, quality=70))
            file.write(json.dumps({**_row(number, draw), "image": str(picture)}) + "\n")
    return feed


if __name__ == "__main__":
    if len(sys.argv) == 3:
        _ingest(Path(sys.argv[1]), Path(sys.argv[2]))
    else:
        main()
