"""A loader of the little shop, and what its batches are compared by."""

import numpy as np
import torch

from vitrina.data.batch import Batch
from vitrina.data.builder import Negatives
from vitrina.data.corruption import Corruption
from vitrina.data.inputs import Inputs
from vitrina.data.loader import Loader
from vitrina.data.mixture import Mixture
from vitrina.data.pictures import Augment
from vitrina.data.planning import plan_run
from vitrina.data.sources import find_sources
from vitrina.data.stock import Stock

GRID = 4
EVEN = Mixture(text=0.3, image=0.3, pair=0.4)


class FakeCodes:
    """Codes that say whose they are: picture, view and patch in one number."""

    def lookup(self, rows: np.ndarray, *, pictures: np.ndarray, views: np.ndarray) -> np.ndarray:
        return (rows * 1000 + pictures * 100 + views * 20)[:, None] + np.arange(GRID * GRID)


def loader(
    stock: Stock,
    inputs: Inputs,
    *,
    mixture: Mixture = EVEN,
    rows: int = 6,
    seed: int = 3,
    augment: Augment | None = None,
    corruption: Corruption | None = None,
    **settings,
) -> Loader:
    sources = find_sources(stock)
    plan = plan_run(stock, sources, mixture=mixture, batch_rows=rows, seed=seed, total_steps=20)
    return Loader(
        stock,
        sources,
        plan,
        inputs,
        negatives=Negatives(),
        augment=augment or Augment(views=3),
        corruption=corruption or Corruption(),
        **{"grid": GRID, **settings},
    )


def tensors(value, prefix: str = "") -> dict[str, torch.Tensor]:
    if isinstance(value, torch.Tensor):
        return {prefix: value}
    return {name: each for key, part in vars(value).items() for name, each in tensors(part, f"{prefix}.{key}").items()}


def same(one: Batch, other: Batch) -> bool:
    mine, yours = tensors(one), tensors(other)
    return (
        type(one) is type(other)
        and mine.keys() == yours.keys()
        and all(torch.equal(value, yours[name]) and value.dtype == yours[name].dtype for name, value in mine.items())
    )


def by_row(batches: list[Batch]) -> dict[tuple, list]:
    """What every row of some ranks' batches looks like, padding aside."""
    found: dict[tuple, list] = {}
    for batch in batches:
        for row, key in enumerate(batch.keys.tolist()):
            what = []
            for name, value in sorted(tensors(batch).items()):
                if row >= len(value):
                    continue
                part = value[row]
                if name.startswith((".text.", ".fused.")):
                    part = part[tensors(batch)[name.rsplit(".", 1)[0] + ".is_token"][row]]
                what.append((name, part.tolist()))
            found.setdefault(tuple(key), []).append(what)
    return found
