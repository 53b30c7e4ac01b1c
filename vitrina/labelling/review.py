"""The way back from a review: accepted values become part of the catalogue, as a new version of it."""

import os
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from tqdm import tqdm

from vitrina.catalogue.handwritten import Row, read_table
from vitrina.catalogue.product import Product
from vitrina.catalogue.store import Catalogue
from vitrina.catalogue.writer import CatalogueWriter
from vitrina.labelling.known import rows_of
from vitrina.tasks.fields import BETWEEN, Field

_YES = frozenset({"yes", "y", "x", "true", "1", "ok", "si", "sí", "s"})
_NO = frozenset({"", "no", "n", "false", "0"})
_NEEDED = ("accept", "id", "field", "value")
_COLUMNS = (*_NEEDED, "confidence")
_AT_ONCE = 64


@dataclass(frozen=True)
class Accepted:
    """How many values went into the catalogue, and why others did not. `digest` is that of the new version."""

    catalogue: Path
    accepted: int
    products: int
    left_open: int
    stated_meanwhile: int
    unknown_products: int
    digest: str
    previous_digest: str

    def text(self) -> str:
        """The outcome for a terminal."""
        lines = [f"{self.catalogue}: {self.accepted:,} values accepted for {self.products:,} products"]
        for count, words in (
            (self.left_open, "rows are not accepted and stay open"),
            (self.stated_meanwhile, "accepted rows are left out: the catalogue states another value by now"),
            (self.unknown_products, "accepted rows are left out: their product is not in the catalogue any more"),
        ):
            if count:
                lines.append(f"  {count:,} {words}")
        if self.digest != self.previous_digest:
            lines.append(f"  the version before is {self.previous_digest[:12]}; `vitrina log` lists both")
        return "\n".join(lines)


def accept(
    review: str | os.PathLike[str], *, catalogue: str | os.PathLike[str], above: float | None = None
) -> Accepted:
    """Take the rows of a review file whose `accept` says yes (or `x`, `sí`, `1`) into the catalogue.

    With `above`, rows without a word in `accept` count too where their confidence is at least that. The `value` is
    taken as it stands, mended or not; of a category it is the path with ` > ` between its levels. What the catalogue
    states by now is never overwritten, and everything else of a product stays as it is. Until the last moment, and
    after a crash, the catalogue is what it was; the version before stays. Doing it twice changes nothing more.

    Raises ValueError, naming file and line, for a row that cannot be read, and where another writer is at work.

    >>> print(accept("review.csv", catalogue="shop", above=0.98).text())  # doctest: +SKIP
    """
    if above is not None and not 0 <= above <= 1:
        raise ValueError(f"above is {above:g}: a confidence lies between 0 and 1")
    path, folder = Path(review), Path(catalogue)
    wanted: defaultdict[str, dict[Field, str]] = defaultdict(dict)
    left_open = 0
    for row in _rows(path):
        if not _is_accepted(row, above=above):
            left_open += 1
            continue
        field, value, id_ = _field(row), " ".join(row.cells["value"].split()), row.cells["id"]
        if not value or not id_:
            raise row.wrong(f"the row is accepted and has no {'value' if id_ else 'id'}: fill it in")
        if wanted[id_].setdefault(field, value) != value:
            raise row.wrong(
                f"{field} of product {id_!r} is accepted twice, as {value!r} and {wanted[id_][field]!r}: keep one"
            )
    before = Catalogue.open(folder)
    values, products, stated, found = 0, 0, 0, set[str]()
    with CatalogueWriter(folder) as writer:
        opened = Catalogue.open(folder)  # as it is now that nobody else can write
        rows = rows_of(opened, ids=wanted)
        bar = tqdm(total=len(rows), desc="accepting", unit="product", delay=2, disable=None, leave=False)
        with bar:
            for start in range(0, len(rows), _AT_ONCE):
                for product in opened.read(rows[start : start + _AT_ONCE]):
                    found.add(product.id)
                    fields = {
                        field: value for field, value in wanted[product.id].items() if field.value(product) is None
                    }
                    stated += sum(
                        field.value(product) not in (None, value) for field, value in wanted[product.id].items()
                    )
                    if fields:
                        writer.add(_with(product, fields))
                        values, products = values + len(fields), products + 1
                bar.update(min(_AT_ONCE, len(rows) - start))
        if products:
            writer.finish()
    return Accepted(
        catalogue=folder,
        accepted=values,
        products=products,
        left_open=left_open,
        stated_meanwhile=stated,
        unknown_products=sum(len(each) for id_, each in wanted.items() if id_ not in found),
        digest=Catalogue.open(folder).digest,
        previous_digest=before.digest,
    )


def _with(product: Product, values: dict[Field, str]) -> Product:
    """The product with further facts."""
    attributes = dict(product.attributes)
    category = product.category
    for field, value in values.items():
        if field.attribute is not None:
            attributes[field.attribute] = value
        else:
            category = tuple(level.strip() for level in value.split(BETWEEN.strip()) if level.strip())
    return replace(product, attributes=attributes, category=category)


def _is_accepted(row: Row, *, above: float | None) -> bool:
    told, confidence = row.cells["accept"], row.cells["confidence"]
    word = " ".join(told.split()).casefold()
    if word in _YES:
        return True
    if word not in _NO:
        raise row.wrong(f"`accept` is {told!r}: write yes or no, and another value into `value`")
    if word or above is None:
        return False
    try:
        return float(confidence.replace(",", ".")) >= above
    except ValueError:
        raise row.wrong(f"the confidence {confidence!r} is no number") from None


def _field(row: Row) -> Field:
    try:
        field = Field.parse(row.cells["field"])
    except ValueError as error:
        raise row.wrong(str(error)) from None
    if field.level is not None:
        raise row.wrong(f"{field} is one level of a path: write the whole path as `category`")
    return field


def _rows(path: Path) -> Iterator[Row]:
    """The rows of a review. Raises ValueError where it is none."""
    if path.suffix.lower() != ".parquet" or not path.is_file():
        what = "proposals, which `vitrina tag --missing` writes"
        yield from read_table(path, what=what, columns={name: name for name in _COLUMNS}, needed=_NEEDED)
        return
    try:
        table = pq.read_table(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise ValueError(f"{path} cannot be read as Parquet: {error}") from error
    missing = [name for name in _NEEDED if name not in table.column_names]
    if missing:
        raise ValueError(f"{path} lacks the column {missing[0]!r}: a review has {', '.join(_NEEDED)} and more")
    for number, plain in enumerate(table.to_pylist(), start=1):
        cells = {name: plain.get(name) for name in _COLUMNS}
        yield Row(f"{path}, row {number}", {name: "" if cell is None else str(cell) for name, cell in cells.items()})
