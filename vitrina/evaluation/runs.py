"""Runs side by side: a table for the terminal, and one HTML page with their curves and where their settings differ."""

import logging
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from vitrina.evaluation.runs_read import LastLoss, RunRecord, read_run
from vitrina.models.checkpoint import write_bytes
from vitrina.recipes.settings import settings, show
from vitrina.training.run_folder import is_run
from vitrina.training.watch.looks import Look

log = logging.getLogger(__name__)

PAGE = "runs.html"
_DEPTH = 3
_MOST_DIFFERENCES = 20
_WIDE = 100


@dataclass(frozen=True)
class Difference:
    """A setting that is not the same in all runs: its value in each, "" where a run has no such setting."""

    name: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Broken:
    """A folder that looks like a run and cannot be read as one, and why."""

    path: Path
    reason: str


@dataclass(frozen=True)
class Comparison:
    """Runs in the order they were given, what differs among them, what could not be read, and where the page is."""

    runs: tuple[RunRecord, ...]
    differences: tuple[Difference, ...]
    broken: tuple[Broken, ...]
    page: Path | None

    def text(self) -> str:
        """The table for a terminal of 100 columns."""
        return "\n".join(_lines(self))


def compare_runs(folders: Sequence[Path], *, out: Path | None) -> Comparison:
    """Compare runs; each of `folders` is a run or holds runs, up to three folders deep.

    The page goes to `out`, by default to runs.html in the folder that holds them; without jinja2 there is a page only
    where `out` asks for one, as an ImportError that names the extra. A folder that cannot be read as a run is named in
    the answer. Raises ValueError where there is no run at all.

        print(compare_runs([Path("runs")], out=None).text())
    """
    found, broken = [], []
    for folder in folders:
        if not folder.is_dir():
            raise ValueError(f"there is no folder {folder}: name a run, or a folder that holds runs")
        for path in _runs_in(folder):
            found.append(path)
    paths = list(dict.fromkeys(path.resolve() for path in found))
    if not paths:
        raise ValueError(
            f"there is no run in {', '.join(map(str, folders))}: `vitrina train RECIPE CATALOGUE --run DIR` makes one"
        )
    home = _home(folders, paths=paths)
    records = []
    for path in paths:
        try:
            records.append(read_run(path, name=_name(path, home=home)))
        except (ValueError, OSError) as error:
            broken.append(Broken(path, str(error)))
    comparison = Comparison(tuple(records), tuple(_differences(records)), tuple(broken), page=None)
    if not records:
        return comparison
    from vitrina.evaluation.runs_page import render  # which imports this file

    try:
        content = render(comparison)
    except ImportError:
        if out is not None:
            raise
        log.warning("no page of curves was written: it needs jinja2, pip install 'vitrina[report]'")
        return comparison
    page = home / PAGE if out is None else out
    page.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(page, content=content.encode())
    return Comparison(comparison.runs, comparison.differences, comparison.broken, page)


def _runs_in(folder: Path, *, depth: int = _DEPTH) -> Iterator[Path]:
    """The runs at and below a folder, by name; what has checkpoints or metrics but no recipe is one that is broken."""
    if is_run(folder) or (folder / "metrics.jsonl").is_file() or (folder / "checkpoints").is_dir():
        yield folder
        return
    if depth == 0:
        return
    try:
        below = sorted(each for each in folder.iterdir() if each.is_dir() and not each.name.startswith("."))
    except OSError as error:
        log.warning("%s is passed over: %s", folder, error)
        return
    for each in below:
        yield from _runs_in(each, depth=depth - 1)


def _home(folders: Sequence[Path], *, paths: Sequence[Path]) -> Path:
    """The folder that holds all runs."""
    if len(folders) == 1 and folders[0].resolve() not in paths:
        return folders[0].resolve()
    return Path(os.path.commonpath([path.parent for path in paths]))


def _name(path: Path, *, home: Path) -> str:
    return str(path.relative_to(home)) if path.is_relative_to(home) and path != home else path.name


def _differences(records: Sequence[RunRecord]) -> Iterator[Difference]:
    """The family, the data, then settings in the order of the first run that has them.

    A setting that another family does not have is no difference by itself.
    """
    columns = [
        {"family": record.family, "data": record.data}
        | {each.name: show(each.value) for each in settings(record.recipe)}
        for record in records
    ]
    for name in dict.fromkeys(name for column in columns for name in column):
        values = tuple(column.get(name, "") for column in columns)
        kin = {record.family: set[str]() for record in records}
        for record, value in zip(records, values, strict=True):
            kin[record.family].add(value)
        if len({value for value in values if value}) > 1 or any(len(each) > 1 for each in kin.values()):
            yield Difference(name, values)


def _lines(found: Comparison) -> Iterator[str]:
    steps = [f"{each.step:,}/{each.recipe.steps:,}" for each in found.runs]
    far = max(4, *map(len, steps)) if steps else 4
    wide = min(_WIDE - far - 59, max(3, *(len(each.name) for each in found.runs))) if found.runs else 3
    figures = f"{'watched':>9}{'CPU h':>8}{'rows/s':>8}"
    yield f"{'run':<{wide}} {'family':<11}{'size':>6} {'step':>{far}} {'state':<14}{figures}"
    for each, step in zip(found.runs, steps, strict=True):
        pace = "" if each.rows_per_second is None else f"{each.rows_per_second:,.0f}"
        line = (
            f"{_cut(each.name, wide):<{wide}} {each.family:<11}{short(each.parameters):>6} {step:>{far}} "
            f"{each.state:<14}{'' if each.best is None else look_shown(each.best):>9}{each.cpu_hours:>8.2f}{pace:>8}"
        )
        yield line.rstrip()
    yield ""
    yield "Last losses, beside what knowing nothing scores"
    for each in found.runs:
        told = "  ".join(_loss(name, last) for name, last in each.losses.items() if name != "loss") or "none yet"
        yield from _hanging(f"{_cut(each.name, wide):<{wide}} ", told)
    domains = [(each, domain) for each in found.runs for domain in each.domains if len(each.domains) > 1]
    if domains:
        yield ""
        yield "Last losses by domain"
        for each, domain in domains:
            told = "  ".join(_loss(name, last) for name, last in each.domains[domain].items())
            yield from _hanging(f"{_cut(each.name, wide):<{wide}} {_cut(domain, 18):<18} ", told)
    evaluated = [each for each in found.runs if each.evaluations]
    if evaluated:
        yield ""
        yield "Evaluations"
        for each in evaluated:
            told = ", ".join(f"{figure.name} {figure.shown} ({figure.split})" for figure in each.evaluations)
            yield from _hanging(f"{_cut(each.name, wide):<{wide}} ", told)
    noted = [(each.name, note) for each in found.runs for note in each.notes]
    noted += [(str(each.path), each.reason) for each in found.broken]
    if noted:
        yield ""
        yield "Could not be read"
        for name, note in noted:
            yield from _hanging("  ", f"{name}: {note}")
    if len(found.runs) > 1:
        yield ""
        yield "Settings that differ, in the order of the runs" if found.differences else "All settings are the same"
        shown = found.differences[:_MOST_DIFFERENCES]
        names = max((len(each.name) for each in shown), default=0)
        for each in shown:
            line = f"  {each.name:<{names}}  {'  '.join(value or '-' for value in each.values)}"
            yield line if len(line) <= _WIDE else f"{line[: _WIDE - 1]}…"
        if len(found.differences) > _MOST_DIFFERENCES:
            yield f"  and {len(found.differences) - _MOST_DIFFERENCES} more"
    if found.page is not None:
        yield ""
        yield f"Curves and settings: {found.page}"


def _loss(name: str, last: LastLoss) -> str:
    # No blank that a line could end at within a figure.
    return f"{name}\u00a0{last.value:.3g}" + ("" if last.chance is None else f"/{last.chance:.3g}")


def look_shown(look: Look) -> str:
    """A watched figure in words."""
    return f"{look.value:.3f}" if look.metric == "loss" else f"{100 * look.value:.1f} %"


def short(number: float) -> str:
    """A count in three digits: 2.3M, 180M."""
    for unit, size in (("B", 1e9), ("M", 1e6), ("k", 1e3)):
        if number >= size:
            return f"{number / size:.{1 if number < 10 * size else 0}f}{unit}"
    return f"{number:.0f}"


def _cut(name: str, width: int) -> str:
    return name if len(name) <= width else f"…{name[len(name) - width + 1 :]}"


def _hanging(first: str, words: str) -> Iterator[str]:
    """The words after `first`, their further lines indented as far."""
    line, indent = first, " " * len(first)
    for word in words.split(" "):
        if len(line) + len(word) > _WIDE and line.strip() != first.strip():
            yield line.rstrip()
            line = indent
        line += f"{word} "
    yield line.rstrip()
