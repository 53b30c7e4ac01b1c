"""Figures worth keeping: a JSON file for each benchmark, and the one page that is made of all of them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from vitrina.evaluation.evaluation import Metric
from vitrina.models.checkpoint import write_bytes
from vitrina.training.engine import Engine
from vitrina.training.environment import environment

_KEPT = ("vitrina", "commit", "python", "torch", "processor", "cores", "threads", "device")


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a result's table: what was measured (a model, a setting) and its figures."""

    name: str
    metrics: tuple[Metric, ...]


@dataclass(frozen=True)
class Result:
    """A benchmark's outcome. `command` prints it again; `notes` say what the reader must know."""

    name: str
    title: str
    command: str
    seed: int
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()


def write_result(result: Result, *, folder: Path) -> Path:
    """Write `folder`/NAME.json with the machine and the commit, and make RESULTS.md beside the folder anew.

    Raises ValueError for a result without figures, for a name that is no plain file name, and where a stored result
    cannot be read.
    """
    if not result.rows or not all(row.metrics for row in result.rows):
        raise ValueError(f"The result {result.name!r} has no figures: there is nothing to keep.")
    if not result.name or Path(result.name).name != result.name or result.name.startswith("."):
        raise ValueError(f"{result.name!r} cannot be the name of a result: use letters, digits and hyphens.")
    machine = environment(Engine(torch.device("cuda" if torch.cuda.is_available() else "cpu")), from_step=0)
    content = {"schema": 1, **asdict(result), "machine": {name: machine[name] for name in _KEPT}}
    path = folder / f"{result.name}.json"
    folder.mkdir(parents=True, exist_ok=True)
    write_bytes(path, content=(json.dumps(content, indent=2, ensure_ascii=False) + "\n").encode())
    write_bytes(folder.parent / "RESULTS.md", content=page(read_results(folder)).encode())
    return path


@dataclass(frozen=True)
class Stored:
    """A result as it lies on the disk, with the machine that it was measured on."""

    result: Result
    machine: Mapping[str, Any]


def read_results(folder: Path) -> list[Stored]:
    """Every result of a folder, by name. Raises ValueError naming a file that cannot be read."""
    return [_read(path) for path in sorted(folder.glob("*.json"))]


def page(stored: Sequence[Stored]) -> str:
    """RESULTS.md: a table for each result, how to print it again, and where it was measured."""
    lines = [
        "# Results",
        "",
        "Made from `results/*.json` whenever a benchmark writes one: change the benchmark, not this page. Brackets",
        "hold 95 % intervals; *knowing nothing* is the base rate of a figure.",
    ]
    for each in stored:
        result, machine = each.result, each.machine
        names = list(dict.fromkeys(metric.name for row in result.rows for metric in row.metrics))
        lines += ["", f"## {result.title}", "", f"`{result.command}`", ""]
        lines += [_line(["", *names]), _line(["---", *["---:"] * len(names)])]
        lines += [_line([row.name, *_cells(row, names)]) for row in result.rows]
        bases = _bases(result.rows)
        if bases:
            lines.append(_line(["*knowing nothing*", *[bases.get(name, "") for name in names]]))
        lines += [f"\n{note}" for note in result.notes]
        commit = str(machine.get("commit") or "not from a checkout")[:12]
        lines += [
            "",
            f"Seed {result.seed}; commit {commit}; {machine.get('cores')} cores ({machine.get('processor')}), "
            f"{machine.get('threads')} threads, {machine.get('device')}; torch {machine.get('torch')}, "
            f"Python {machine.get('python')}.",
        ]
    return "\n".join(lines) + "\n"


def _read(path: Path) -> Stored:
    try:
        plain = json.loads(path.read_text(encoding="utf-8"))
        rows = tuple(Row(row["name"], tuple(Metric(**metric) for metric in row["metrics"])) for row in plain["rows"])
        kept = (plain["name"], plain["title"], plain["command"], plain["seed"])
        return Stored(Result(*kept, rows, tuple(plain["notes"])), plain["machine"])
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path} is not a result ({error}): run its benchmark again, or remove it.") from error


def _cells(row: Row, names: Sequence[str]) -> list[str]:
    found = {metric.name: metric for metric in row.metrics}
    return [_cell(found[name]) if name in found else "" for name in names]


def _cell(metric: Metric) -> str:
    return f"{metric.shown()} [{metric.interval()}]" if metric.interval() else metric.shown()


def _bases(rows: Sequence[Row]) -> dict[str, str]:
    """The base rate of each figure, where all rows that have one agree."""
    bases: dict[str, set[str]] = {}
    for row in rows:
        for metric in row.metrics:
            if metric.base is not None:
                bases.setdefault(metric.name, set()).add(metric.base_shown())
    return {name: " to ".join(sorted(each)) for name, each in bases.items()}


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
