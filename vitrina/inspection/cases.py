"""Every case of every problem, for a person who wants to act: on the disk, as memory need not hold them."""

import csv
import json
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from tempfile import SpooledTemporaryFile
from types import TracebackType
from typing import Self, TextIO

from vitrina.catalogue.store import Catalogue

HEADER = ("problem", "id", "detail")

_IN_MEMORY_BYTES = 1 << 20
_READ_TOGETHER = 512


@dataclass(frozen=True, slots=True)
class Case:
    """A product (its `row`) that has a problem, and in words how."""

    row: int
    detail: str


class Cases:
    """The cases by the key of their problem, in the order in which they were added; they go with the `with` block."""

    def __init__(self) -> None:
        self._files: dict[str, SpooledTemporaryFile[str]] = {}
        self._open = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def add(self, key: str, *, row: int, detail: str) -> None:
        """One more case of the problem with this key."""
        if key not in self._files:
            self._files[key] = self._open.enter_context(
                SpooledTemporaryFile(_IN_MEMORY_BYTES, mode="w+", encoding="utf-8", newline="\n")  # noqa: SIM115  the stack closes it
            )
        self._files[key].write(f"{json.dumps([row, detail])}\n")

    def of(self, key: str) -> Iterator[Case]:
        """All cases of a problem."""
        if key in self._files:
            self._files[key].seek(0)
            yield from (Case(*json.loads(line)) for line in self._files[key])


def write_cases(file: TextIO, cases: Cases, *, keys: Iterable[str], catalogue: Catalogue) -> None:
    """CSV with the columns of `HEADER`: the cases of one problem after the other, by the ids of their products."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(HEADER)
    for key in keys:
        rest = cases.of(key)
        while some := list(islice(rest, _READ_TOGETHER)):
            products = catalogue.read([case.row for case in some], pictures="none")
            writer.writerows((key, product.id, case.detail) for case, product in zip(some, products, strict=True))
