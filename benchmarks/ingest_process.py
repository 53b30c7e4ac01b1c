"""What `benchmarks.ingest` and `benchmarks.inspection` measure, in a process of its own: WHAT SOURCE OUT. The last line
is JSON."""

import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path


def main() -> None:
    what, source, out = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    if what == "ingest":
        work = _ingest(source, out)
    elif what == "inspect":
        work = _inspect(source, out)
    else:
        work = _their_work(what, source, out)
    start = time.perf_counter()
    products = work()
    seconds = time.perf_counter() - start
    print(json.dumps({"products": products, "seconds": round(seconds, 3), "peak_mb": round(_peak_mb(), 1)}))


def _ingest(source: Path, out: Path) -> Callable[[], int]:
    from vitrina.catalogue.download import Downloads
    from vitrina.catalogue.ingest import ingest

    downloads = Downloads(folder=source.parent / "downloads", allow_private=("127.0.0.1",))
    return lambda: ingest([source], out=out, on_reject="fail", downloads=downloads).products


def _inspect(catalogue: Path, out: Path) -> Callable[[], int]:
    from vitrina.inspection.inspect import inspect_catalogue

    return lambda: inspect_catalogue(catalogue, out=out).products


def _their_work(what: str, source: Path, out: Path) -> Callable[[], int]:
    """The rows as others read them, every picture decoded."""
    if what == "webdataset":
        from webdataset.compat import WebDataset

        return lambda: sum(1 for _ in WebDataset(str(source), shardshuffle=False).decode("pilrgb"))
    import datasets

    datasets.disable_progress_bars()
    if what == "saved":
        return lambda: sum(row["image"].width > 0 for row in datasets.Dataset.load_from_disk(str(source)))
    cache, files = str(out), str(source)
    readers: dict[str, Callable[[], datasets.Dataset]] = {
        "json": lambda: datasets.load_dataset("json", data_files=files, split="train", cache_dir=cache),
        "csv": lambda: datasets.load_dataset("csv", data_files=files, split="train", cache_dir=cache),
        "tsv": lambda: datasets.load_dataset("csv", data_files=files, split="train", cache_dir=cache, sep="\t"),
        "parquet": lambda: datasets.load_dataset("parquet", data_files=files, split="train", cache_dir=cache),
        "imagefolder": lambda: datasets.load_dataset("imagefolder", data_dir=files, split="train", cache_dir=cache),
    }
    if what == "imagefolder":
        return lambda: sum(row["image"].width > 0 for row in readers[what]())
    return lambda: len(readers[what]())


def _peak_mb() -> float:
    """The highest resident memory of this program. What Linux says of the process counts in the program that started
    it; of the program's own memory it tells in another place."""
    status = Path("/proc/self/status")
    if status.exists():
        return next(int(line.split()[1]) * 1024 / 1e6 for line in status.read_text().splitlines() if "VmHWM" in line)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e6


if __name__ == "__main__":
    main()
