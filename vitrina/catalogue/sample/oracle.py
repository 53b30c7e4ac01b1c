"""The oracle: everything that is true of a written sample, by product, whatever its catalogue says.

It needs no drawing library: the truth is read from the files that lie beside the catalogue.
"""

import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Self, TypeVar

import pyarrow.parquet as pq

from vitrina.catalogue.product import Product
from vitrina.catalogue.sample import tables
from vitrina.catalogue.sample.asked import AskedQuery, read_queries
from vitrina.catalogue.sample.draft import product_id
from vitrina.catalogue.sample.product_truth import PictureKnown, ProductTruth, Spoken, ToldEdit
from vitrina.catalogue.sample.settings import Settings
from vitrina.catalogue.sample.tables import CHUNK, Row
from vitrina.catalogue.sample.truth_files import FOLDER, PART, QUERIES, RECORD, Record, part_path, parts_of, read_record
from vitrina.catalogue.store import Catalogue

T = TypeVar("T")

_GROUPS_KEPT = 64
"""Row groups that stay in memory: neighbours are mostly asked for together."""
_FILES_KEPT = 32


class Oracle:
    """The truth of a sample, by the ids of its products. May be used by several threads.

    >>> oracle = Oracle.open("shop")  # doctest: +SKIP
    >>> oracle.product("sample-7-0000003").attributes["colour"]  # doctest: +SKIP
    'red'
    """

    settings: Settings

    def __init__(self, path: Path, *, record: Record) -> None:
        self.path = path
        self.settings = record.settings
        self._record = record
        self._parts = parts_of(record.products)
        self._groups: OrderedDict[tuple[str, int], dict[int, list[Row]]] = OrderedDict()
        self._files: OrderedDict[Path, pq.ParquetFile] = OrderedDict()
        self._lock = threading.RLock()
        self._catalogue: Catalogue | None = None

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> Self:
        """Opens the truth of the sample in a folder. Raises ValueError where there is none, or where it is damaged."""
        out = Path(path)
        record = read_record(out)
        if record is None:
            raise ValueError(
                f"{out} has no truth ({FOLDER}/{RECORD}): it is no sample, or its writing was interrupted; "
                "write it with `vitrina sample`, or write it again"
            )
        oracle = cls(out, record=record)
        for part in oracle._parts:
            for name in tables.SCHEMAS:
                path = part_path(out / FOLDER, table=name, numbers=part)
                if not path.exists():
                    raise ValueError(f"{path} is missing: remove {out / FOLDER} and write the sample again")
        return oracle

    def __len__(self) -> int:
        return self._record.products

    def __repr__(self) -> str:
        return f"Oracle({str(self.path)!r}, {len(self):,} products, seed {self.settings.seed})"

    def ids(self) -> Iterator[str]:
        """The ids of the products, in order."""
        return (product_id(number, seed=self.settings.seed) for number in range(len(self)))

    def product(self, id: str) -> ProductTruth:
        """What is true of a product. KeyError where the sample has none with this id."""
        (row,) = self._rows("products", id=id)
        return tables.read_product(row)

    def products(self, ids: Sequence[str]) -> list[ProductTruth]:
        """What is true of these products, in the order asked; each file is read once for those that lie together."""
        return self._in_turn(ids, read=self.product)

    def picture(self, id: str, number: int) -> PictureKnown:
        """What is known of picture `number` of a product. KeyError where there is none."""
        for known in self.pictures(id):
            if known.number == number:
                return known
        raise KeyError(f"product {id!r} has no picture {number}")

    def pictures(self, id: str) -> list[PictureKnown]:
        """What is known of every picture of a product."""
        damages = self.product(id).damages
        phrases, questions = self._rows("phrases", id=id), self._rows("questions", id=id)
        return [
            PictureKnown(
                number=row["picture"],
                truth=tables.read_picture(row),
                phrases=tuple(tables.read_phrase(each) for each in phrases if each["picture"] == row["picture"]),
                questions=tuple(tables.read_question(each) for each in questions if each["picture"] == row["picture"]),
                damages=tuple(each for each in damages if each.where == f"picture {row['picture']}"),
            )
            for row in self._rows("pictures", id=id)
        ]

    def pictures_of(self, ids: Sequence[str]) -> list[list[PictureKnown]]:
        """What is known of every picture of these products, in the order asked."""
        return self._in_turn(ids, read=self.pictures)

    def clean_picture(self, id: str, number: int) -> bytes:
        """The JPEG of a picture as it was before any damage: the one that `picture` is about.

        Raises KeyError where there is none, and ValueError where the catalogue no longer holds the product.
        """
        for damage in self.product(id).damages:
            if damage.where == f"picture {number}" and damage.clean_picture is not None:
                return damage.clean_picture
        pictures = self._stored(id).pictures
        if not 0 <= number < len(pictures):
            raise KeyError(f"product {id!r} has no picture {number}")
        return pictures[number]

    def edits(self, id: str) -> list[ToldEdit]:
        """The edit pairs of a product: most have none."""
        return [tables.read_edit(row) for row in self._rows("edits", id=id)]

    def all_edits(self) -> Iterator[tuple[str, ToldEdit]]:
        """Every edit pair of the sample with the id of its product, in order."""
        for id, row in self._all("edits"):
            yield id, tables.read_edit(row)

    def spoken(self, id: str) -> list[Spoken]:
        """What is spoken about a product, descriptions and queries: about most nothing is."""
        return [tables.read_spoken(row) for row in self._rows("spoken", id=id)]

    def all_spoken(self) -> Iterator[tuple[str, Spoken]]:
        """Every spoken text of the sample with the id of its product, in order."""
        for id, row in self._all("spoken"):
            yield id, tables.read_spoken(row)

    def queries(self) -> list[AskedQuery]:
        """The search queries about the whole sample."""
        return read_queries(self.path / FOLDER / QUERIES)

    def _number(self, id: str) -> int:
        number = id.rpartition("-")[2]
        if number.isdecimal() and id == product_id(int(number), seed=self.settings.seed) and int(number) < len(self):
            return int(number)
        raise KeyError(f"{id!r} is no product of the sample in {self.path}")

    def _rows(self, name: str, *, id: str) -> list[Row]:
        number = self._number(id)
        return self._group(name, number // CHUNK).get(number, [])

    def _group(self, name: str, group: int) -> dict[int, list[Row]]:
        """The rows of a row group by the number of their product."""
        with self._lock:
            if (name, group) not in self._groups:
                part = self._parts[group * CHUNK // PART]
                path = part_path(self.path / FOLDER, table=name, numbers=part)
                rows: dict[int, list[Row]] = {}
                for row in _read(self._file(path), path=path, group=group - part.start // CHUNK):
                    rows.setdefault(row["number"], []).append(row)
                self._groups[name, group] = rows
                if len(self._groups) > _GROUPS_KEPT:
                    self._groups.popitem(last=False)
            self._groups.move_to_end((name, group))
            return self._groups[name, group]

    def _file(self, path: Path) -> pq.ParquetFile:
        if path not in self._files:
            try:
                self._files[path] = pq.ParquetFile(path)
            except (OSError, ValueError) as error:
                raise _damaged(path) from error
            if len(self._files) > _FILES_KEPT:
                self._files.popitem(last=False)[1].close()
        return self._files[path]

    def _all(self, name: str) -> Iterator[tuple[str, Row]]:
        for group in range(-(-len(self) // CHUNK)):
            for number, rows in self._group(name, group).items():
                for row in rows:
                    yield product_id(number, seed=self.settings.seed), row

    def _in_turn(self, ids: Sequence[str], *, read: Callable[[str], T]) -> list[T]:
        """What `read` finds for each id, asked in the order of the files."""
        found = {id: read(id) for id in sorted(set(ids), key=self._number)}
        return [found[id] for id in ids]

    def _stored(self, id: str) -> Product:
        """The product in the catalogue: where it was written, or where it has moved to since."""
        with self._lock:
            if self._catalogue is None:
                self._catalogue = Catalogue.open(self.path)
            catalogue = self._catalogue
        row = self._number(id)
        if row < len(catalogue) and catalogue.read([row], pictures="none")[0].id == id:
            return catalogue[row]
        for start in range(0, len(catalogue), PART):
            rows = range(start, min(start + PART, len(catalogue)))
            for at, product in zip(rows, catalogue.read(rows, pictures="none"), strict=True):
                if product.id == id:
                    return catalogue[at]
        raise ValueError(f"the catalogue {self.path} no longer holds {id!r}: write the sample again")


def _read(file: pq.ParquetFile, *, path: Path, group: int) -> list[Row]:
    try:
        return file.read_row_group(group).to_pylist()
    except (OSError, ValueError) as error:
        raise _damaged(path) from error


def _damaged(path: Path) -> ValueError:
    return ValueError(f"{path} is damaged: remove {path.parent} and write the sample again")
