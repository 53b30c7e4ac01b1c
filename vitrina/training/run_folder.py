"""The folder of a run: all that it takes to go on with it, to use its weights and to say where they come from.

    RUN/recipe.json         the recipe, complete; written last, so a folder that has it is a run
    RUN/data.json           catalogues and their digests, the plan's fingerprint
    RUN/environment.json    versions and machine of every session that trained here
    RUN/tokenizer.json      where the model reads texts
    RUN/metrics.jsonl       a row per step
    RUN/README.md           the model card, see `card.py`
    RUN/watch.jsonl         looks at held-out products, see `watch`
    RUN/checkpoints/        see `checkpoints.py`

Nothing in it is pickled, imported or executed.
"""

import fcntl
import json
import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from vitrina.models.checkpoint import write_bytes
from vitrina.recipes.recipe import Recipe
from vitrina.training.checkpoints import steps_in
from vitrina.training.files import TrainingError

log = logging.getLogger(__name__)

_ROUNDING = ("torch", "processor", "threads", "device", "processes", "micro_batches", "compile", "shard")
"""What of a session's environment decides in which order sums are taken."""

TIMING = frozenset({"seconds", "cpu_seconds", "waited_seconds", "examples_per_second", "memory_mb"})
"""The fields of a metrics row that no two runs share."""

_OWN_NAMES = frozenset(
    {".lock", "data.json", "environment.json", "tokenizer.json", "metrics.jsonl", "start.json", "start.safetensors"}
)


@dataclass(frozen=True)
class CatalogueRecord:
    """A catalogue as it was when the run began."""

    path: str
    digest: str
    products: int


@dataclass(frozen=True)
class Goods:
    """What the training products are: their texts by language and their number by domain, "" where nobody said."""

    languages: Mapping[str, int]
    domains: Mapping[str, int]


@dataclass(frozen=True)
class DataRecord:
    """What a run learns from. `plan` is the fingerprint of its plan, `codebook` the digest of its codebook, if any.

    `goods` is None in runs that were made before it was noted.
    """

    catalogues: tuple[CatalogueRecord, ...]
    plan: str
    sources: Mapping[str, int]
    codebook: str | None
    goods: Goods | None = None


class RunFolder:
    """A run on the disk. Raises ValueError where the folder holds none.

    >>> RunFolder(Path("runs/flava")).recipe.steps
    2000
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        if not is_run(self.path):
            there = "it is a file" if self.path.is_file() else "there is no such folder"
            reason = "it has no recipe.json" if self.path.is_dir() else there
            raise ValueError(
                f"{self.path} is not a run ({reason}); `vitrina train RECIPE CATALOGUE --run DIR` makes one"
            )
        self.recipe = Recipe.from_json(_read(self.path / "recipe.json"), where=str(self.path / "recipe.json"))

    @property
    def checkpoints(self) -> Path:
        return self.path / "checkpoints"

    @property
    def metrics(self) -> Path:
        return self.path / "metrics.jsonl"

    @property
    def last_step(self) -> int:
        """The step of the newest checkpoint, 0 where there is none."""
        return max(steps_in(self.checkpoints), default=0)

    @property
    def is_finished(self) -> bool:
        """Whether nothing is left to train."""
        return self.is_finished_at(self.last_step)

    def is_finished_at(self, step: int) -> bool:
        """Whether a run whose newest checkpoint is that of `step` is done: by its last step, or ended by its watch."""
        from vitrina.training.watch.looks import ended_early  # which imports this file

        return step >= self.recipe.steps or ended_early(self, step=step)

    def data(self) -> DataRecord:
        path = self.path / "data.json"
        try:
            plain = json.loads(_read(path))
            catalogues = tuple(CatalogueRecord(**each) for each in plain["catalogues"])
            goods = None if plain.get("goods") is None else Goods(**plain["goods"])
            return DataRecord(catalogues, plain["plan"], plain["sources"], plain["codebook"], goods)
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{path} is damaged ({error}); start a new run") from error

    def tokenizer(self) -> Tokenizer | None:
        """The run's tokenizer, None for a model that reads no text."""
        path = self.path / "tokenizer.json"
        return Tokenizer.from_str(_read(path)) if path.exists() else None

    def add_session(self, environment: Mapping[str, Any]) -> None:
        """Note the versions and the machine of a session that trains here, and say what may round sums differently."""
        path = self.path / "environment.json"
        sessions = json.loads(_read(path))["sessions"] if path.exists() else []
        before = sessions[-1] if sessions else environment
        for name in _ROUNDING:
            now, then = environment.get(name), before.get(name, environment.get(name))
            if now != then:
                log.warning(
                    "%s goes on with another %s (%s, before %s): sums are rounded in another order, so the result will "
                    "not be that of an uninterrupted run to the last bit",
                    *(self.path, name, now, then),
                )
        write_bytes(path, content=json.dumps({"sessions": [*sessions, environment]}, indent=2).encode())


def is_run(path: Path) -> bool:
    """Whether a run lies in the folder."""
    return (path / "recipe.json").is_file()


def refuse_taken(path: Path) -> None:
    """Raise ValueError where a new run cannot be made at `path`: a run stands there, or something else does."""
    if is_run(path):
        run = RunFolder(path)
        if run.is_finished:
            raise ValueError(f"{path} holds a finished run of {run.last_step} steps; choose another --run")
        raise ValueError(
            f"{path} holds a run, at step {run.last_step} of {run.recipe.steps}; go on with it by "
            f"`vitrina resume {path}`, or choose another --run"
        )
    if path.exists() and not path.is_dir():
        raise ValueError(f"{path} is a file; choose another --run")
    if path.is_dir():
        strange = sorted(each.name for each in path.iterdir() if each.name not in _OWN_NAMES and not _is_leftover(each))
        if strange:
            raise ValueError(f"{path} holds other things ({', '.join(strange[:3])}); choose another --run")


def create_run(path: Path, *, recipe: Recipe, data: DataRecord, tokenizer: Tokenizer | None) -> RunFolder:
    """Write a new run; its recipe last, so that a run killed here is no run yet and can be made again."""
    if tokenizer is not None:
        write_bytes(path / "tokenizer.json", content=tokenizer.to_str(pretty=True).encode())
    write_bytes(path / "data.json", content=json.dumps(asdict(data), indent=2).encode())
    write_bytes(path / "recipe.json", content=recipe.to_json().encode())
    return RunFolder(path)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the run's lock: two trainers never share a run. The system frees it however the process ends.

    Raises ValueError where another process holds it.
    """
    path.mkdir(parents=True, exist_ok=True)
    with (path / ".lock").open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            holder = file.read().strip()
            raise ValueError(
                f"another process{holder and f' ({holder})'} trains {path}; wait for it or stop it"
            ) from None
        file.truncate(0)
        file.write(f"process {os.getpid()}")
        file.flush()
        yield


class Metrics:
    """The rows of `metrics.jsonl`, opened to go on after `step`: rows beyond it, whole or torn, are cut off.

    So an interrupted run ends with the same rows as one that never was, timings apart.
    """

    def __init__(self, path: Path, *, step: int) -> None:
        kept, size = _rows_up_to(path, step=step)
        if kept < step:
            log.warning("%s lacks the rows after step %d; training is not affected", path, kept)
        if path.exists():
            os.truncate(path, size)
        # Unbuffered, so that a row which did not fit on the disk is not tried again when the file is closed.
        self._file = path.open("ab", buffering=0)

    def append(self, row: Mapping[str, Any]) -> None:
        """Write one row; a killed process loses none that was appended."""
        try:
            rest = memoryview(json.dumps(row, allow_nan=False).encode() + b"\n")
            while rest:
                rest = rest[self._file.write(rest) :]
        except OSError as error:
            raise TrainingError(
                f"step {row['step']} could not be recorded in {self._file.name}: {error}. "
                "Make room on the disk, then resume the run"
            ) from error

    def sync(self) -> None:
        """Wait until all rows lie on the disk: a checkpoint never stands without the rows of its steps."""
        os.fsync(self._file.fileno())

    def close(self) -> None:
        self._file.close()


def read_metrics(path: Path) -> list[dict[str, Any]]:
    """The whole rows of a metrics file; a torn last row is left out."""
    rows = []
    if path.exists():
        with path.open("rb") as file:
            for line in file:
                row = _row(line)
                if row is not None:
                    rows.append(row)
    return rows


def _rows_up_to(path: Path, *, step: int) -> tuple[int, int]:
    """The last step whose row is whole and not beyond `step`, and the size of the file up to there."""
    kept = size = 0
    if not path.exists():
        return kept, size
    with path.open("rb") as file:
        for line in file:
            row = _row(line)
            if row is None or row["step"] > step:
                break
            kept, size = row["step"], size + len(line)
    return kept, size


def _row(line: bytes) -> dict[str, Any] | None:
    try:
        row = json.loads(line) if line.endswith(b"\n") else None
    except ValueError:
        return None
    return row if isinstance(row, dict) and isinstance(row.get("step"), int) else None


def _is_leftover(path: Path) -> bool:
    return path.name.startswith(".writing-")


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error}") from error
