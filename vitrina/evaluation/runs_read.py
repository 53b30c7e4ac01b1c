"""What a run's folder says about how it goes: read once, line by line, thinned to what a chart can show."""

import json
import math
import os
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from tqdm import tqdm

from vitrina.recipes.recipe import Recipe
from vitrina.training.build import build
from vitrina.training.checkpoints import steps_in
from vitrina.training.run_folder import RunFolder
from vitrina.training.watch.looks import Look, ended_early, read_looks

StateOfRun = Literal["training", "finished", "stopped early", "stopped", "new", "damaged"]

POINTS = 240
"""Points of a curve at most: neighbouring steps are averaged, so memory is the same for any length of run."""

_LAST = 100  # rows of a loss that its last figure is the mean of
_Rows = deque[tuple[float, float | None]]  # the last values of a loss, and their chance
_PLAIN = ("lr", "grad_norm", "examples_per_second")


@dataclass(frozen=True)
class Curve:
    """A figure over the run: `steps` (n,) and `values` (n,), each a mean of neighbours; `chance` where it has one."""

    steps: np.ndarray
    values: np.ndarray
    chance: float | None


@dataclass(frozen=True)
class Figure:
    """An evaluation's headline: what, its value as it is shown, on which split, and the value to sort by."""

    name: str
    shown: str
    split: str
    value: float


@dataclass(frozen=True)
class LastLoss:
    """The mean of the last rows of a loss, and of what knowing nothing would have scored on them."""

    value: float
    chance: float | None


@dataclass(frozen=True)
class RunRecord:
    """A run as it stands. `notes` say what could not be read; figures that no row gave are None.

    `losses` are those of all rows, `domains` those of each business domain where the run's batches have one.
    """

    name: str
    path: Path
    recipe: Recipe
    family: str
    parameters: int
    products: int
    data: str
    state: StateOfRun
    step: int
    best: Look | None
    looks: tuple[Look, ...]
    losses: Mapping[str, LastLoss]
    domains: Mapping[str, Mapping[str, LastLoss]]
    curves: Mapping[str, Curve]
    cpu_hours: float
    wall_hours: float
    rows_per_second: float | None
    memory_mb: float | None
    evaluations: tuple[Figure, ...]
    notes: tuple[str, ...]


def read_run(path: Path, *, name: str) -> RunRecord:
    """Read a run's folder; ValueError where its recipe cannot be read. Damage elsewhere is noted."""
    folder = RunFolder(path)
    recipe = folder.recipe
    notes: list[str] = []
    thinned = _Thinned(recipe)
    if folder.metrics.exists():
        thinned.read(folder.metrics, name=name)
    if thinned.unreadable:
        notes.append(f"metrics.jsonl has {thinned.unreadable:,} rows that cannot be read")
    products, data = _data(folder, notes=notes)
    is_damaged = _is_damaged(folder, notes=notes)
    looks = tuple(read_looks(path))
    step = max(thinned.step, folder.last_step)
    return RunRecord(
        name=name,
        path=path,
        recipe=recipe,
        family=type(recipe.model).__name__.removesuffix("Config"),
        parameters=parameters(recipe),
        products=products,
        data=data,
        state="damaged" if is_damaged else _state(folder, step=step),
        step=step,
        best=next((look for look in reversed(looks) if look.is_best), None),
        looks=looks,
        losses=_means(thinned.last),
        domains={domain: _means(last) for domain, last in sorted(thinned.last_of_domain.items())},
        curves=thinned.curves(),
        cpu_hours=thinned.cpu_seconds / 3600,
        wall_hours=thinned.seconds / 3600,
        rows_per_second=thinned.pace(),
        memory_mb=thinned.memory_mb,
        evaluations=_evaluations(path, notes=notes),
        notes=tuple(notes),
    )


def parameters(recipe: Recipe) -> int:
    """How many numbers the recipe's model learns; none of them is made."""
    with torch.random.fork_rng(devices=[]), torch.device("meta"):
        return sum(each.numel() for each in build(recipe.model, inputs=None).parameters())


class _Thinned:
    """Sums over the rows of `metrics.jsonl`, in as many bins as a chart has points."""

    def __init__(self, recipe: Recipe) -> None:
        self._recipe = recipe
        # Plain lists: adding to single elements of an array takes ten times as long.
        self._bins: dict[str, list[list[float]]] = {}  # of each figure, by point: sum of steps, of values, how many
        self._chances: dict[str, list[float]] = {}  # of each loss: sum, how many
        self.last: dict[str, _Rows] = {}
        self.last_of_domain: dict[str, dict[str, _Rows]] = {}
        self._recent: deque[float] = deque(maxlen=_LAST)
        self.step = self.unreadable = 0
        self.cpu_seconds = self.seconds = 0.0
        self.memory_mb: float | None = None

    def read(self, path: Path, *, name: str) -> None:
        with (
            path.open("rb") as file,
            tqdm(
                total=path.stat().st_size, unit="B", unit_scale=True, desc=name, delay=2, leave=False, disable=None
            ) as bar,
        ):
            for number, line in enumerate(file):
                if number % 4096 == 0:
                    bar.update(file.tell() - bar.n)
                try:
                    self._add(json.loads(line))
                except (ValueError, TypeError, KeyError, AttributeError):
                    # A torn last row is what a killed process leaves, not damage.
                    self.unreadable += line.endswith(b"\n")

    def _add(self, row: Mapping[str, Any]) -> None:
        step, chances = int(row["step"]), {name: each for name, each in row["chance"].items() if each is not None}
        losses = {name: float(row[name]) for name in ("loss", *row["chance"])}
        if step < 1 or not all(map(math.isfinite, (*losses.values(), *chances.values()))):
            raise ValueError("a row that no step wrote")
        self.step = max(self.step, step)
        seconds = float(row.get("seconds", 0.0))
        self.seconds += seconds
        self.cpu_seconds += float(row.get("cpu_seconds", 0.0))
        if seconds > 0:
            self._recent.append(seconds)
        memory = row.get("memory_mb")
        if memory is not None:
            self.memory_mb = max(self.memory_mb or 0.0, float(memory))
        domain = row.get("domain")
        for name, value in losses.items():
            chance = chances.get(name)
            self._note(name, step=step, value=value)
            _keep(self.last, name, value=value, chance=chance)
            if domain is not None and name != "loss":
                _keep(self.last_of_domain.setdefault(str(domain), {}), name, value=value, chance=chance)
            if chance is not None:
                sums = self._chances.setdefault(name, [0.0, 0.0])
                sums[0] += float(chance)
                sums[1] += 1.0
        for name in _PLAIN:
            if row.get(name) is not None:
                self._note(name, step=step, value=float(row[name]))
        if "examples_per_second" not in row and seconds > 0:
            self._note("examples_per_second", step=step, value=self._recipe.batch_rows / seconds)

    def _note(self, name: str, *, step: int, value: float) -> None:
        bins = self._bins.get(name)
        if bins is None:
            bins = self._bins[name] = [[0.0, 0.0, 0.0] for _ in range(POINTS)]
        point = bins[min(POINTS - 1, (step - 1) * POINTS // self._recipe.steps)]
        point[0] += step
        point[1] += value
        point[2] += 1.0

    def curves(self) -> dict[str, Curve]:
        found = {}
        for name, points in self._bins.items():
            bins = np.array(points)
            filled = bins[bins[:, 2] > 0]
            chance = self._chances.get(name)
            found[name] = Curve(
                steps=filled[:, 0] / filled[:, 2],
                values=filled[:, 1] / filled[:, 2],
                chance=None if chance is None else float(chance[0] / chance[1]),
            )
        return found

    def pace(self) -> float | None:
        return self._recipe.batch_rows / float(np.median(self._recent)) if self._recent else None


def _keep(last: dict[str, _Rows], name: str, *, value: float, chance: float | None) -> None:
    last.setdefault(name, deque(maxlen=_LAST)).append((value, chance))


def _means(last: Mapping[str, _Rows]) -> dict[str, LastLoss]:
    found = {}
    for name, rows in last.items():
        chances = [chance for _, chance in rows if chance is not None]
        values = [value for value, _ in rows]
        found[name] = LastLoss(float(np.mean(values)), float(np.mean(chances)) if chances else None)
    return found


def _state(folder: RunFolder, *, step: int) -> StateOfRun:
    if folder.last_step >= folder.recipe.steps:
        return "finished"
    if _is_locked(folder.path / ".lock"):
        return "training"
    if ended_early(folder, step=folder.last_step):
        return "stopped early"
    return "stopped" if step else "new"


def _is_locked(path: Path) -> bool:
    """Whether a process holds the run's lock, told without taking it: by Linux's list, else by who wrote it."""
    if not path.exists():
        return False
    locks = Path("/proc/locks")
    if locks.exists():
        inode = f":{path.stat().st_ino}"
        return any(field.endswith(inode) for line in locks.read_text().splitlines() for field in line.split()[5:6])
    try:
        os.kill(int(path.read_text(encoding="utf-8").removeprefix("process ")), 0)
    except (OSError, ValueError):
        return False
    return True


def _is_damaged(folder: RunFolder, *, notes: list[str]) -> bool:
    """Whether checkpoints stand and none has all its files at their sizes; their bytes are not read."""
    bad = []
    steps = steps_in(folder.checkpoints)
    for step in steps:
        path = folder.checkpoints / f"step-{step:08d}"
        try:
            files = json.loads((path / "state.json").read_text(encoding="utf-8"))["files"]
            is_whole = all((path / Path(file).name).stat().st_size == about["bytes"] for file, about in files.items())
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            is_whole = False
        if not is_whole:
            bad.append(step)
    if bad:
        notes.append(f"checkpoint of step {', '.join(f'{step:,}' for step in bad)} is damaged")
    return bool(bad) and len(bad) == len(steps)


def _data(folder: RunFolder, *, notes: list[str]) -> tuple[int, str]:
    try:
        catalogues = folder.data().catalogues
    except ValueError as error:
        notes.append(str(error))
        return 0, "?"
    return sum(each.products for each in catalogues), ", ".join(Path(each.path).name for each in catalogues)


def _evaluations(path: Path, *, notes: list[str]) -> tuple[Figure, ...]:
    """The headline of each evaluation that stands in the folder: R@10 of text to picture, or its first figure."""
    found = []
    for file in sorted(path.glob("evaluation-*.json")):
        try:
            plain = json.loads(file.read_text(encoding="utf-8"))
            sections = {section["key"]: section for section in plain["sections"]}
            section = sections.get("text_to_picture_strict") or plain["sections"][0]
            metrics = {metric["name"]: metric for metric in section["metrics"]}
            metric = metrics.get("R@10") or section["metrics"][0]
            shown = f"{100 * metric['value']:.1f} %" if metric["unit"] == "share" else f"{metric['value']:.3g}"
            found.append(Figure(metric["name"], shown, str(plain["split"]), float(metric["value"])))
        except (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
            notes.append(f"{file.name} cannot be read ({type(error).__name__})")
    return tuple(found)
