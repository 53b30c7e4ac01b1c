"""The page of runs: one HTML file that needs nothing beside it — a table to sort, curves over each other, settings."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from vitrina.evaluation.report import LOSSES
from vitrina.evaluation.runs import Comparison, look_shown, short
from vitrina.evaluation.runs_charts import COLOURS, Chart, Line, chart_svg
from vitrina.evaluation.runs_read import LastLoss, RunRecord
from vitrina.evaluation.template import page_template

_PLAIN = {
    "examples_per_second": ("rows per second", "of the whole step, waiting for batches included"),
    "lr": ("learning rate", "at the top of the model"),
    "grad_norm": ("gradient norm", "before it is clipped"),
}


@dataclass(frozen=True)
class Cell:
    """A cell of the table: what is shown, a second line below it, what it is sorted by, and whether it is the best."""

    shown: str
    below: str
    by: float | str
    is_best: bool = False


@dataclass(frozen=True)
class Column:
    """A column of the table, its cells in the order of the runs."""

    title: str
    cells: tuple[Cell, ...]
    is_number: bool = True


@dataclass(frozen=True)
class DomainRow:
    """The losses of a run's business domain; `run` is its number among the page's runs."""

    run: int
    name: str
    domain: str
    cells: tuple[Cell, ...]


def render(comparison: Comparison) -> str:
    """The page. Raises ImportError that names the extra where jinja2 is missing."""
    template = page_template("runs.html.j2", package="vitrina.evaluation", page="the page of runs")
    return template.render(
        comparison=comparison,
        lead=lead(comparison),
        columns=list(columns(comparison.runs)),
        domains=list(domains(comparison.runs)),
        losses=[name for name in _losses(comparison.runs) if name != "loss"],
        charts=list(charts(comparison.runs)),
        chart_svg=chart_svg,
        short=short,
        colours=COLOURS,
    )


def lead(comparison: Comparison) -> str:
    """One sentence on where the runs stand."""
    runs = comparison.runs
    states = [run.state for run in runs]
    parts = [f"{states.count(state)} {state}" for state in dict.fromkeys(states)]
    hours = sum(run.cpu_hours for run in runs)
    sentence = f"{', '.join(parts)}; {hours:,.2f} CPU hours in all."
    watched = {run.best.metric for run in runs if run.best is not None}
    if len(watched) == 1 and sum(run.best is not None for run in runs) > 1:
        best = _best([None if run.best is None else run.best.value for run in runs], least=watched == {"loss"})
        winner = next(run for run, is_best in zip(runs, best, strict=True) if is_best)
        assert winner.best is not None
        sentence += f" Watched best: {winner.name}, {look_shown(winner.best)} at step {winner.best.step:,}."
    return sentence


def columns(runs: tuple[RunRecord, ...]) -> Iterator[Column]:
    """What the table tells of each run beside its name."""
    yield Column(
        "state",
        tuple(Cell(run.state, f"{run.step:,} of {run.recipe.steps:,}", run.step / run.recipe.steps) for run in runs),
        is_number=False,
    )
    if any(run.best for run in runs):
        metrics = {run.best.metric for run in runs if run.best}
        values = [run.best.value if run.best and len(metrics) == 1 else None for run in runs]
        best = _best(values, least=metrics == {"loss"})
        yield Column(
            "watched best",
            tuple(
                Cell("", "", "")
                if run.best is None
                else Cell(
                    look_shown(run.best), f"{_metric(run.best.metric)}, step {run.best.step:,}", run.best.value, won
                )
                for run, won in zip(runs, best, strict=True)
            ),
        )
    kinds = list(dict.fromkeys((figure.name, figure.split) for run in runs for figure in run.evaluations))
    for name, split in kinds:
        found = [
            next((each for each in run.evaluations if (each.name, each.split) == (name, split)), None) for run in runs
        ]
        best = _best([None if each is None else each.value for each in found], least=False)
        yield Column(
            f"{name}, {split}",
            tuple(
                Cell("", "", "") if each is None else Cell(each.shown, "", each.value, won)
                for each, won in zip(found, best, strict=True)
            ),
        )
    yield Column("CPU hours", tuple(Cell(f"{run.cpu_hours:.2f}", "", run.cpu_hours) for run in runs))
    yield Column("rows/s", tuple(_number(run.rows_per_second, shown=lambda n: f"{n:,.0f}") for run in runs))
    if any(run.memory_mb for run in runs):
        yield Column("memory", tuple(_number(run.memory_mb, shown=lambda n: f"{n:,.0f} MB") for run in runs))
    for name in _losses(runs):
        yield Column(name, tuple(_loss(run.losses.get(name)) for run in runs))
    yield Column("data", tuple(Cell(run.data, f"{run.products:,} products", run.data) for run in runs), is_number=False)


def domains(runs: tuple[RunRecord, ...]) -> Iterator[DomainRow]:
    """The last losses of each run's business domains, where it has more than one."""
    names = [name for name in _losses(runs) if name != "loss"]
    for number, run in enumerate(runs):
        if len(run.domains) > 1:
            for domain, last in run.domains.items():
                yield DomainRow(number, run.name, domain, tuple(_loss(last.get(name)) for name in names))


def charts(runs: tuple[RunRecord, ...]) -> Iterator[Chart]:
    """The watched figure, the losses, then how the steps went."""
    for metric in dict.fromkeys(look.metric for run in runs for look in run.looks):
        lines = [
            Line(
                number,
                run.name,
                np.array([look.step for look in run.looks], dtype=float),
                np.array([look.value for look in run.looks]),
                run.looks[-1].base,
            )
            for number, run in enumerate(runs)
            if run.looks and run.looks[-1].metric == metric
        ]
        words = "text to picture on held-out products" if metric != "loss" else "of held-out products"
        yield Chart(f"watched {_metric(metric)}", words, lines, is_smoothed=False, is_share=metric != "loss")
    for name in _losses(runs):
        yield Chart(name, LOSSES.get(name, ""), _lines(runs, name), is_smoothed=True)
    for name, (title, words) in _PLAIN.items():
        lines = _lines(runs, name)
        if lines:
            yield Chart(title, words, lines, is_smoothed=name != "lr")


def _lines(runs: tuple[RunRecord, ...], name: str) -> list[Line]:
    return [
        Line(number, run.name, run.curves[name].steps, run.curves[name].values, run.curves[name].chance)
        for number, run in enumerate(runs)
        if name in run.curves
    ]


def _losses(runs: tuple[RunRecord, ...]) -> list[str]:
    """Every loss of any run; the weighted sum first, where a run has more than one to sum."""
    names = [name for name in dict.fromkeys(name for run in runs for name in run.losses) if name != "loss"]
    has_sum = any(len(run.losses) > 2 for run in runs)
    return (["loss"] if has_sum else []) + names


def _loss(last: LastLoss | None) -> Cell:
    if last is None:
        return Cell("", "", "")
    return Cell(f"{last.value:.3f}", "" if last.chance is None else f"chance {last.chance:.2f}", last.value)


def _number(value: float | None, *, shown: Callable[[float], str]) -> Cell:
    return Cell("", "", "") if value is None else Cell(shown(value), "", value)


def _best(values: list[float | None], *, least: bool) -> list[bool]:
    """Which of the values is the best, where there are two or more to compare."""
    there = [value for value in values if value is not None]
    if len(there) < 2:
        return [False] * len(values)
    best = min(there) if least else max(there)
    return [value == best for value in values]


def _metric(metric: str) -> str:
    return "R@10" if metric == "text_to_picture" else metric
