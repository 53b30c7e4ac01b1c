"""Long work in parts: each is written whole or not at all, and what is done is never done again.

    OUT.parts/job.json         what the parts are of: model, catalogue, labels, settings
    OUT.parts/part-000012.parquet
    OUT, OUT.json              the result, and what it is of, when all parts are there

A process may be killed at any moment: the next call goes on with the parts that are missing, and the result is the
same. Parts of another model or catalogue are never mixed in.
"""

import contextlib
import csv
import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from tqdm import tqdm

from vitrina.catalogue.manifest import whole
from vitrina.catalogue.product import Product
from vitrina.catalogue.store import Catalogue
from vitrina.catalogue.walk import AT_ONCE
from vitrina.catalogue.writer_lock import take_lock
from vitrina.models.checkpoint import write_bytes

SUFFIXES = (".csv", ".parquet")
ROWS_PER_PART = 4 * AT_ONCE
_ABOUT = "stamp"
_LOCK = ".lock"
_JOB = "job.json"
_BARE = {_LOCK, _JOB}


@dataclass(frozen=True)
class Written:
    """What was written: `out`, and a `summary` of it. `was_there` says that nothing was left to do."""

    out: Path
    summary: str
    was_there: bool

    def text(self) -> str:
        """The outcome for a terminal."""
        return f"{self.out} is there already; nothing was done.\n{self.summary}" if self.was_there else self.summary


class Job:
    """The work on one result. `summary` is that of a finished one, None where there is something to do."""

    def __init__(self, out: Path, *, stamp: Mapping[str, str], summary: str | None) -> None:
        self.out = out
        self.folder = _folder(out)
        self.summary = summary
        self._stamp = dict(stamp)

    def numbers(self) -> set[int]:
        """The parts that are there and whole; a damaged one is removed."""
        found = set()
        for path in self.folder.glob("part-*.parquet"):
            try:
                pq.read_metadata(path)
            except (pa.ArrowInvalid, OSError):
                path.unlink(missing_ok=True)
            else:
                found.add(int(path.stem.removeprefix("part-")))
        return found

    def fill(
        self,
        catalogue: Catalogue,
        *,
        rows: Callable[[list[Product]], Iterable[dict[str, object]]],
        schema: pa.Schema,
        what: str,
    ) -> None:
        """Write every part that is not there, of what `rows` makes of its products; a bar says `what` is done."""
        done = self.numbers()
        with tqdm(total=len(catalogue), desc=what, unit="product", delay=2, disable=None, leave=False) as bar:
            for number, start in enumerate(range(0, len(catalogue), ROWS_PER_PART)):
                stop = min(start + ROWS_PER_PART, len(catalogue))
                if number not in done:
                    found: list[dict[str, object]] = []
                    for first in range(start, stop, AT_ONCE):
                        found += rows(catalogue.read(range(first, min(first + AT_ONCE, stop))))
                    self.write(number, table=pa.Table.from_pylist(found, schema=schema))
                bar.update(stop - start)

    def write(self, number: int, *, table: pa.Table) -> None:
        """Keep a part: it stands on the disk when this returns."""
        with whole(self._part(number)) as path:
            pq.write_table(table, path)

    def tables(self) -> Iterator[pa.Table]:
        """The parts in order, one in memory at a time."""
        for number in sorted(self.numbers()):
            yield pq.read_table(self._part(number))

    def finish(self, tables: Iterator[pa.Table], *, schema: pa.Schema, summary: str) -> None:
        """Write the result from tables of rows, then what it is of, and drop the parts."""
        self.summary = summary
        about = {_ABOUT: self._stamp, "summary": summary}
        if self.out.suffix.lower() == ".csv":
            write_csv(self.out, names=schema.names, rows=_rows(tables))
        else:
            _write_parquet(self.out, tables, schema=schema, stamp=self._stamp)
        write_bytes(_beside(self.out), content=(json.dumps(about, indent=1, ensure_ascii=False) + "\n").encode())
        shutil.rmtree(self.folder, ignore_errors=True)

    def _part(self, number: int) -> Path:
        return self.folder / f"part-{number:06d}.parquet"


def check_out(out: Path, *, suffixes: Sequence[str] = SUFFIXES) -> None:
    """Raises ValueError where a result cannot be written there."""
    endings = " or ".join(suffixes)
    if out.is_dir():
        raise ValueError(f"{out} is a folder: name a file that ends with {endings}")
    if out.suffix.lower() not in suffixes:
        raise ValueError(f"{out} names no format: end it with {endings}")


def write_csv(path: Path, *, names: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a CSV file, whole or not at all, in a folder that is made where it is missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole(path) as part, part.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(names)
        writer.writerows(rows)


@contextlib.contextmanager
def working(out: Path, *, stamp: Mapping[str, str]) -> Iterator[Job]:
    """The job of writing `out`, for one process at a time. `stamp` says in a few named digests what it is of.

    Raises ValueError where `out` or its parts are of something else, `out` is a file that no job wrote, or another
    process is at it.
    """
    check_out(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    folder = _folder(out)
    found = _read(_beside(out)) if out.exists() else None
    if found is not None:
        _refuse_other(found[_ABOUT], stamp=stamp, what=str(out), mend=f"name another file, or remove {out} first")
        shutil.rmtree(folder, ignore_errors=True)
        yield Job(out, stamp=stamp, summary=str(found["summary"]))
        return
    begun = _read(folder / _JOB)
    if out.exists() and begun is None:
        raise ValueError(f"{out} exists already and was not written by this command: name another file, or remove it")
    if begun is not None:
        mend = f"run the command as it was begun, or remove {folder}"
        _refuse_other(begun[_ABOUT], stamp=stamp, what=f"the unfinished {folder}", mend=mend)
    folder.mkdir(exist_ok=True)
    lock = take_lock(folder / _LOCK)
    if lock is None:
        raise ValueError(f"another process is writing {out}: wait for it, or name another file")
    try:
        if begun is None:
            write_bytes(folder / _JOB, content=json.dumps({_ABOUT: dict(stamp)}, indent=1).encode())
        yield Job(out, stamp=stamp, summary=None)
    finally:
        if {path.name for path in folder.glob("*")} <= _BARE:  # refused before it began: nothing to go on with
            shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def _refuse_other(before: Mapping[str, str], *, stamp: Mapping[str, str], what: str, mend: str) -> None:
    changed = [name for name, value in stamp.items() if before.get(name) != value]
    if changed:
        names = " and ".join(f"another {name}" for name in changed)
        raise ValueError(
            f"{what} is of {names} ({_short(before.get(changed[0], 'none'))}, now {_short(stamp[changed[0]])}): {mend}"
        )


def _short(value: str) -> str:
    return value[: 12 if len(value) == 64 else 40]  # of a digest enough to tell it from another


def _folder(out: Path) -> Path:
    return out.with_name(out.name + ".parts")


def _beside(out: Path) -> Path:
    return out.with_name(out.name + ".json")


def _read(path: Path) -> dict[str, dict[str, str]] | None:
    """What a job left; None where there is nothing, or it is damaged, so that the work is done again."""
    try:
        plain = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return plain if isinstance(plain, dict) and isinstance(plain.get(_ABOUT), dict) else None


def _rows(tables: Iterator[pa.Table]) -> Iterator[Sequence[object]]:
    for table in tables:
        yield from zip(*(column.to_pylist() for column in table.columns), strict=True)


def _write_parquet(path: Path, tables: Iterator[pa.Table], *, schema: pa.Schema, stamp: Mapping[str, str]) -> None:
    about = {f"vitrina.{name}": value for name, value in stamp.items()}
    with whole(path) as part, pq.ParquetWriter(part, schema.with_metadata(about)) as writer:
        for table in tables:
            writer.write_table(table.cast(schema.with_metadata(about)))
