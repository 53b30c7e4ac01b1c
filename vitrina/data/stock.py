"""Stock: several catalogues read as one, their rows numbered on."""

import hashlib
from collections.abc import Sequence
from typing import Literal

import numpy as np
import pyarrow as pa

from vitrina.catalogue.product import Product
from vitrina.catalogue.store import Catalogue


class Stock:
    """The rows of the first catalogue, then those of the second, and so on; `digest` identifies them and their order.

    Raises ValueError where no catalogue is given.
    """

    digest: str

    def __init__(self, catalogues: Sequence[Catalogue]) -> None:
        if not catalogues:
            raise ValueError("There is nothing to read: name at least one catalogue.")
        self.catalogues = tuple(catalogues)
        self._starts = np.concatenate([[0], np.cumsum([len(each) for each in catalogues], dtype=np.int64)])
        self.digest = hashlib.sha256("\n".join(each.digest for each in catalogues).encode()).hexdigest()

    def __len__(self) -> int:
        return int(self._starts[-1])

    def read(self, rows: np.ndarray, *, pictures: Literal["bytes", "none"] = "bytes") -> list[Product]:
        """The products in `rows` (b,) in the order asked, repeats allowed; `"none"` leaves their pictures unread."""
        rows = np.asarray(rows, dtype=np.int64)
        if rows.size and (rows.min() < 0 or rows.max() >= len(self)):
            raise IndexError(f"rows {rows.min()} to {rows.max()} of a stock of {len(self)} products")
        if len(self.catalogues) == 1:
            return self.catalogues[0].read(rows, pictures=pictures)
        owner = np.searchsorted(self._starts, rows, side="right") - 1
        found: dict[int, Product] = {}
        for number in np.unique(owner):
            places = np.flatnonzero(owner == number)
            products = self.catalogues[number].read(rows[places] - self._starts[number], pictures=pictures)
            found.update(zip(places.tolist(), products, strict=True))
        return [found[place] for place in range(len(rows))]

    def facts(self) -> pa.Table:
        """The catalogues' facts in row order, with a column `catalogue` (int32), the number of the catalogue."""
        tables = []
        for number, catalogue in enumerate(self.catalogues):
            table = catalogue.facts()
            column = pa.array(np.full(len(table), number, dtype=np.int32))
            tables.append(table.append_column("catalogue", column))
        return pa.concat_tables(tables)

    def where(self, row: int) -> str:
        """A stock row in words: the folder of its catalogue and the row there."""
        number = int(np.searchsorted(self._starts, row, side="right")) - 1
        return f"{self.catalogues[number].path} row {row - int(self._starts[number])}"
