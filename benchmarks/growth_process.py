"""What `benchmarks.growth` measures, in a process of its own: WHAT CATALOGUE RUN PRODUCTS STEPS. The last line is
JSON."""

import json
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import simplejpeg
import torch

from vitrina import recipes
from vitrina.catalogue.product import Product, Text
from vitrina.catalogue.store import Catalogue, write_catalogue
from vitrina.data.corruption import Corruption
from vitrina.data.inputs import Inputs
from vitrina.data.loader import Loader
from vitrina.data.mixture import Mixture
from vitrina.data.pictures import PictureGeometry
from vitrina.data.planning import plan_run
from vitrina.data.sources import find_sources
from vitrina.data.stock import Stock
from vitrina.recipes.recipe import Recipe, with_settings
from vitrina.training.loop import train
from vitrina.training.machine import Machine
from vitrina.training.prepare import look_over

from .ingest_shop import rows as shop_rows

PICTURE_PX, ROWS = 64, 256
_SETTINGS = (
    "geometry.size_px=32",
    "model.image.patch_px=16",
    "model.image.layers=2",
    "model.text.layers=1",
    f"batch_rows={ROWS}",
    "keep=1",
)


def main() -> None:
    what, catalogue, run = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    products, steps = int(sys.argv[4]), int(sys.argv[5])
    work: dict[str, Callable[[], object]] = {
        "write": lambda: write_catalogue(catalogue, _products(products)),
        "look over": lambda: look_over(recipe(steps), catalogues=[catalogue]),
        "load": lambda: _load(catalogue, steps=steps),
        "train": lambda: train(recipe(steps), catalogues=[catalogue], run=run, machine=Machine(device="cpu")),
    }
    torch.set_num_threads(1)
    with Watched() as memory:
        began, worked = time.perf_counter(), time.process_time()
        work[what]()
        seconds, worked = time.perf_counter() - began, time.process_time() - worked
    found = {"seconds": seconds, "cpu_seconds": worked, "own_mb": memory.own_mb, "peak_mb": memory.peak_mb}
    print(json.dumps({name: round(value, 3) for name, value in found.items()}))


def recipe(steps: int) -> Recipe:
    """A tiny dual encoder with little to compute, so that what grows with the catalogue shows."""
    return with_settings(recipes.clip("tiny"), [*_SETTINGS, f"steps={steps}", f"checkpoint_every={steps}"])


def _products(count: int) -> Iterator[Product]:
    draw = np.random.default_rng(0)
    for row in shop_rows(count):
        coarse = draw.integers(0, 256, (8, 8, 3), dtype=np.uint8)
        side = PICTURE_PX // 8
        yield Product(
            id=row["id"],
            titles=(Text(row["title"]),),
            descriptions=(Text(row["description"]),),
            pictures=(simplejpeg.encode_jpeg(np.ascontiguousarray(coarse.repeat(side, 0).repeat(side, 1))),),
        )


def _load(folder: Path, *, steps: int) -> int:
    """FLAVA's batches without a model: every product once as a pair, with the tokenizer of an earlier look."""
    settings = recipe(steps)
    tokenizer = look_over(settings, catalogues=[folder]).tokenizer
    assert tokenizer is not None
    stock = Stock([Catalogue.open(folder)])
    sources = find_sources(stock)
    plan = plan_run(
        stock, sources, mixture=Mixture(text=0.15, image=0.15, pair=0.7), batch_rows=ROWS, seed=0, total_steps=steps
    )
    loader = Loader(
        stock,
        sources,
        plan,
        Inputs(tokenizer, PictureGeometry(PICTURE_PX), settings.max_tokens),
        negatives=settings.negatives,
        augment=settings.augment,
        corruption=Corruption(),
        grid=4,
        workers=1,
    )
    return sum(len(batch.keys) for batch in loader.batches(0, steps))


class Watched:
    """The most memory of this process while it is entered, looked at every hundredth of a second.

    `own_mb` is what is no page of a file, `peak_mb` all of it, with the catalogue's pages as far as they are mapped.
    """

    own_mb = 0.0
    peak_mb = 0.0

    def __enter__(self) -> "Watched":
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()

    def _watch(self) -> None:
        status = Path("/proc/self/status")
        while status.exists():
            lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
            self.own_mb = max(self.own_mb, int(lines["RssAnon"].split()[0]) * 1024 / 1e6)
            self.peak_mb = int(lines["VmHWM"].split()[0]) * 1024 / 1e6
            if self._is_over.wait(0.01):
                return


if __name__ == "__main__":
    main()
