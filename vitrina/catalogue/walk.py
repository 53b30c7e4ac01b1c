"""A walk through many products of a catalogue, a lot at a time, with a bar."""

from collections.abc import Iterator, Sequence
from typing import Literal

import numpy as np
from tqdm import tqdm

from vitrina.catalogue.product import Product
from vitrina.catalogue.store import Catalogue

AT_ONCE = 256
"""Products in a lot: their pictures fit into a small machine's memory."""


def walk(
    catalogue: Catalogue,
    *,
    what: str,
    rows: Sequence[int] | np.ndarray | None = None,
    pictures: Literal["bytes", "none"] = "bytes",
) -> Iterator[list[Product]]:
    """The products in `rows`, by default all, in lots of AT_ONCE; the bar says `what` is being done.

    Raises IndexError and ValueError as `Catalogue.read`.

    >>> sum(len(lot) for lot in walk(shop, what="counting", pictures="none"))  # doctest: +SKIP
    2000
    """
    wanted = range(len(catalogue)) if rows is None else rows
    with tqdm(total=len(wanted), desc=what, unit="product", delay=2, disable=None, leave=False) as bar:
        for start in range(0, len(wanted), AT_ONCE):
            lot = catalogue.read(wanted[start : start + AT_ONCE], pictures=pictures)
            yield lot
            bar.update(len(lot))
