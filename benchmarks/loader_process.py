"""What `benchmarks.loader` measures in a process of its own: CATALOGUE HOW WORKERS STEPS. The last line is JSON.

HOW is `threads`, those of the loader, or `processes`: torch's DataLoader with workers that each prepare whole steps.
"""

import json
import resource
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import torch
from torch.utils.data import DataLoader, Dataset

from vitrina.catalogue.store import Catalogue
from vitrina.data.batch import Batch
from vitrina.data.builder import Negatives
from vitrina.data.corruption import Corruption
from vitrina.data.inputs import Inputs
from vitrina.data.loader import Loader
from vitrina.data.mixture import Mixture
from vitrina.data.pictures import Augment, PictureGeometry
from vitrina.data.planning import plan_run
from vitrina.data.sources import find_sources
from vitrina.data.stock import Stock
from vitrina.data.text import train_tokenizer

ROWS = 64


class Steps(Dataset[Batch]):
    """The batches of a loader, by step."""

    def __init__(self, loader: Loader) -> None:
        self._loader = loader

    def __getitem__(self, step: int) -> Batch:
        return self._loader.batch(step)


def main() -> None:
    folder, how, workers, steps = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    torch.set_num_threads(1)
    stock = Stock([Catalogue.open(folder)])
    sources = find_sources(stock)
    mixture = Mixture(text=0, image=0, pair=1)
    plan = plan_run(stock, {"pair": sources["pair"]}, mixture=mixture, batch_rows=ROWS, seed=0, total_steps=steps)
    texts = (text.text for product in stock.read(sources["pair"].rows[:500], pictures="none") for text in product.texts)
    inputs = Inputs(train_tokenizer(texts, vocabulary=4000), PictureGeometry(224), 64)
    loader = Loader(
        stock,
        sources,
        plan,
        inputs,
        negatives=Negatives(),
        augment=Augment(),
        corruption=Corruption(),
        grid=14,
        workers=workers if how == "threads" else 0,
    )
    # The first batch reads every shard, to compare it with its digest.
    loader.batch(0)
    before = anonymous_mb()
    most, began, worked, pictures = before, time.perf_counter(), cpu_seconds(), 0
    for batch in _batches(loader, how=how, workers=workers, steps=steps):
        pictures += len(batch.keys)
        most = max(most, anonymous_mb())
    seconds, worked = time.perf_counter() - began, cpu_seconds() - worked
    found = {"pictures_per_second": pictures / seconds, "pictures_per_cpu_second": pictures / worked}
    print(json.dumps(found | {"grown_mb": most - before}))


def _batches(loader: Loader, *, how: str, workers: int, steps: int) -> Iterator[Batch]:
    if how == "threads":
        return loader.batches(0, steps)
    feed = DataLoader(Steps(loader), batch_size=None, sampler=range(steps), num_workers=workers)
    return iter(feed)


def cpu_seconds() -> float:
    """Of this process and of those that it started and that have ended."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + ended.ru_utime + ended.ru_stime


def anonymous_mb() -> float:
    """The memory of this process that is no page of a file, in MB; 0 where the system does not tell."""
    status = Path("/proc/self/status")
    if not status.exists():
        return 0.0
    return next(int(line.split()[1]) * 1024 / 1e6 for line in status.read_text().splitlines() if "RssAnon" in line)


if __name__ == "__main__":
    main()
