"""Records: the rows of a run shown where people look at runs, in TensorBoard, Weights & Biases and trackio.

`metrics.jsonl` is the truth and always written; a record is a copy of it with the looks of `watch.jsonl` and their
pictures, below RUN/records. It decides nothing: one that fails warns once and is left alone, and the run goes on. One
that is behind, because it failed, was killed or was never asked for, is caught up with the next time it is opened.

Every loss stands beside what knowing nothing scores: `itc/loss` and `itc/chance`, and once more under the name of the
batch's business domain, where it has one.
"""

import fcntl
import json
import logging
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any, Self

from tqdm import tqdm

from vitrina.training.machine import RecordName
from vitrina.training.records.record import Record
from vitrina.training.records.tensorboard import TensorBoardRecord
from vitrina.training.records.trackio import TrackioRecord
from vitrina.training.records.wandb import WandbRecord
from vitrina.training.run_folder import RunFolder

log = logging.getLogger(__name__)

_GROUPS = {
    "examples_per_second": "speed",
    "seconds": "speed",
    "cpu_seconds": "speed",
    "waited_seconds": "speed",
    "memory_mb": "machine",
}
_NOT_FIGURES = frozenset({"step", "kind", "chance", "domain", "loss"})
_PICTURE = re.compile(r"(?P<name>.+)-(?P<step>\d+)\.png")


def check_records(names: Sequence[RecordName]) -> None:
    """Raise ImportError, which names the extra to install, where a record's package is missing; nothing is opened."""
    for name in names:
        _class_of(name).check()


def open_records(names: Sequence[RecordName], *, folder: RunFolder, from_step: int) -> "Records":
    """The records of a run that goes on after `from_step`, each caught up with `metrics.jsonl` to there.

    What an earlier session recorded beyond `from_step` is cut off (TensorBoard), or kept and not written again: a
    resumed run gives the same rows. Raises ImportError where a package is missing.

        with open_records(("tensorboard",), folder=RunFolder("runs/flava"), from_step=0) as records:
            records.note(row)
    """
    check_records(names)
    records = Records()
    for name in dict.fromkeys(names):
        records.add(name, folder=folder, from_step=from_step)
    return records


class Records:
    """Open records. Nothing of it raises; a record that fails is named in one warning and left alone."""

    def __init__(self) -> None:
        self._open: dict[RecordName, Record] = {}
        self._locks = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for name in list(self._open):
            try:
                self._open.pop(name).close()
            except Exception as error:  # whatever a foreign library raises
                _warn(name, error)
        self._locks.close()

    def add(self, name: RecordName, *, folder: RunFolder, from_step: int) -> None:
        """Open one record and catch up with what it lacks."""
        try:
            self._locks.enter_context(_locked(folder.path / "records", name=name))
            record = _class_of(name)(folder, from_step=from_step)
            self._open[name] = record
            _catch_up(record, folder=folder, to_step=from_step)
        except Exception as error:  # whatever a foreign library raises
            self._leave(name, error)

    def note(self, row: Mapping[str, Any]) -> None:
        """Take in a row of `metrics.jsonl`."""
        self._give(lambda record: record.write(row["step"], figures_of(row)))

    def look(self, step: int, *, metric: str, value: float, base: float) -> None:
        """Take in what a look at held-out products found, beside what knowing nothing reaches."""
        self._give(lambda record: record.write(step, _looked(metric, value=value, base=base)))

    def picture(self, step: int, *, name: str, png: bytes) -> None:
        """Take in a picture, for instance what the model finds for a few texts."""
        self._give(lambda record: record.draw(step, name=name, png=png))

    def _give(self, give: Callable[[Record], None]) -> None:
        for name, record in list(self._open.items()):
            try:
                give(record)
            except Exception as error:  # whatever a foreign library raises
                self._leave(name, error)

    def _leave(self, name: RecordName, error: Exception) -> None:
        _warn(name, error)
        record = self._open.pop(name, None)
        if record is not None:
            try:
                record.close()
            except Exception:
                log.debug("the record %s could not be closed either", name, exc_info=True)


def replay(run: str | Path, *, to: RecordName) -> str:
    """Write what a run, running or finished, noted so far into a record, and say where to look at it.

    A record that holds some of it already gets the rest. Raises ValueError where `run` is no run or has no rows yet,
    and where the record cannot be written, ImportError where its package is missing.

    >>> print(replay("runs/flava", to="tensorboard"))  # doctest: +SKIP
    """
    folder = RunFolder(run)
    kind = _class_of(to)
    kind.check()
    last = max((row["step"] for row in _rows(folder.metrics)), default=0)
    if not last:
        raise ValueError(f"{folder.metrics} has no rows yet: there is nothing to record before the first step")
    try:
        with _locked(folder.path / "records", name=to):
            record = kind(folder, from_step=last)
            try:
                held = record.last_step
                _catch_up(record, folder=folder, to_step=last)
            finally:
                record.close()
    except (ValueError, ImportError):
        raise
    except Exception as error:  # whatever a foreign library raises
        raise ValueError(f"the record {to} of {run} could not be written: {_words(error)}") from error
    what = f"steps {held + 1} to {last}" if held < last else f"all {last} steps already"
    return f"{folder.path / 'records' / to} holds {what}; {record.how_to_look}"


def figures_of(row: Mapping[str, Any]) -> dict[str, float]:
    """The figures of a metrics row by the names that records show them under; numbers that are not finite are left out.

    >>> figures_of({"step": 1, "loss": 2.0, "itc": 2.0, "chance": {"itc": 5.5}, "lr": 0.1, "domain": None})
    {'all/loss': 2.0, 'itc/loss': 2.0, 'itc/chance': 5.5, 'step/lr': 0.1}
    """
    chances: Mapping[str, float] = row.get("chance", {})
    found = {"all/loss": row.get("loss")}
    for name, chance in chances.items():
        found |= {f"{name}/loss": row.get(name), f"{name}/chance": chance}
    domain = row.get("domain")
    if domain is not None:
        for name, chance in chances.items():
            found |= {f"domain {domain}/{name}": row.get(name), f"domain {domain}/{name} chance": chance}
    for name, value in row.items():
        if name not in _NOT_FIGURES and name not in chances:
            found[f"{_GROUPS.get(name, 'step')}/{name}"] = value
    return {
        name: float(value)
        for name, value in found.items()
        if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    }


def _looked(metric: str, *, value: float, base: float) -> dict[str, float]:
    return {
        name: number
        for name, number in ((f"watch/{metric}", value), (f"watch/{metric} chance", base))
        if math.isfinite(number)
    }


def _class_of(name: RecordName) -> type[Record]:
    match name:
        case "tensorboard":
            return TensorBoardRecord
        case "wandb":
            return WandbRecord
        case "trackio":
            return TrackioRecord
    raise ValueError(f'there is no record "{name}": choose "tensorboard", "wandb" or "trackio"')


def _catch_up(record: Record, *, folder: RunFolder, to_step: int) -> None:
    """Give a record the steps that it lacks, up to `to_step`, from the files of the run."""
    held = record.last_step
    if held >= to_step:
        return
    looks = {row["step"]: row for row in _rows(folder.path / "watch.jsonl")}
    pictures = _pictures(folder.path / "pictures")
    with tqdm(total=to_step - held, desc="recording", unit="step", delay=2, leave=False, disable=None) as bar:
        for row in _rows(folder.metrics):
            step = row["step"]
            if not held < step <= to_step:
                continue
            record.write(step, figures_of(row))
            if step in looks:
                look = looks[step]
                record.write(step, _looked(look["metric"], value=look["value"], base=look["base"]))
            for name, path in pictures.get(step, {}).items():
                record.draw(step, name=name, png=path.read_bytes())
            bar.update()


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    """The whole rows of a file of rows, one after another; a torn one ends them."""
    if not path.exists():
        return
    with path.open("rb") as file:
        for line in file:
            try:
                row = json.loads(line) if line.endswith(b"\n") else None
            except ValueError:
                return
            if not isinstance(row, dict) or not isinstance(row.get("step"), int):
                return
            yield row


def _pictures(folder: Path) -> dict[int, dict[str, Path]]:
    """The pictures of a run by step and name."""
    found: dict[int, dict[str, Path]] = {}
    for path in sorted(folder.glob("*.png")):
        match = _PICTURE.fullmatch(path.name)
        if match:
            found.setdefault(int(match["step"]), {})[match["name"]] = path
    return found


class _locked:  # noqa: N801  # reads as the context that it is
    """Hold a record's lock, so that no two processes write the same one."""

    def __init__(self, folder: Path, *, name: RecordName) -> None:
        self._path = folder / f".{name}.lock"
        self._name = name
        self._file: IO[str] | None = None

    def __enter__(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self._path.open("a+", encoding="utf-8")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._file.close()
            raise ValueError(
                f"another process writes the record {self._name} of {self._path.parents[1]}: wait until it is done"
            ) from None

    def __exit__(self, *_: object) -> None:
        assert self._file is not None
        self._file.close()


def _warn(name: RecordName, error: Exception) -> None:
    log.warning(
        "the record %s failed and is left alone from here on (%s); training goes on, metrics.jsonl has everything, and "
        "`vitrina record RUN --to %s` writes the rest later",
        *(name, _words(error), name),
    )


def _words(error: Exception) -> str:
    return str(error) or type(error).__name__
