"""The report: one HTML page that needs nothing beside it — figures, curves, galleries, confusion, reconstructions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import numpy as np

from vitrina.evaluation.charts import Curve, curve_svg, interval_svg
from vitrina.evaluation.evaluation import Evaluation, Metric
from vitrina.evaluation.gallery import Gallery
from vitrina.evaluation.measure import Classification

_MOST_CONFUSED = 28

_LOSSES = {
    "loss": "all losses, weighted",
    "mlm": "masked words, text alone",
    "mim": "masked patches, picture alone",
    "mmm_text": "masked words beside the picture",
    "mmm_image": "masked patches beside the text",
    "itm": "does the text belong to the picture",
    "itc": "which text belongs to which picture",
    "reconstruction": "pictures from their codes",
}


@dataclass(frozen=True, slots=True)
class Fact:
    """A line of the page's head: what, and its value in words."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Matrix:
    """A confusion matrix to show: `shares` (c, c) of each row, `counts` (c, c), and how many classes are left out."""

    title: str
    names: list[str]
    counts: list[list[int]]
    shares: list[list[float]]
    left_out: int


@dataclass(frozen=True, slots=True)
class Reconstructions:
    """Pictures and what their codes say of them, as data addresses, with a sentence on the codebook."""

    sentence: str
    originals: list[str]
    rebuilt: list[str]


@dataclass(frozen=True)
class Report:
    """All that the page shows."""

    evaluation: Evaluation
    lead: str
    facts: Sequence[Fact]
    recipe: str
    curves: Sequence[Curve]
    galleries: Sequence[Gallery]
    matrices: Sequence[Matrix]
    reconstructions: Reconstructions | None


def render(report: Report) -> str:
    """The page. Raises ImportError that names the extra where jinja2 is missing."""
    try:
        from jinja2 import Environment, StrictUndefined
    except ImportError as error:
        raise ImportError("report.html needs jinja2: pip install 'vitrina[report]'") from error
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string(files("vitrina.evaluation").joinpath("report.html.j2").read_text("utf-8"))
    return template.render(
        report=report,
        evaluation=report.evaluation,
        tiles=tiles(report.evaluation),
        curve_svg=curve_svg,
        interval_svg=lambda metric: interval_svg(metric.value, low=metric.low, high=metric.high, base=metric.base),
        loss_words=_LOSSES,
    )


def tiles(evaluation: Evaluation) -> list[tuple[str, Metric]]:
    """The figures that a reader looks for first, those of them that were measured."""
    wanted = (
        ("text_to_picture_strict", "R@10", "Text → picture, R@10"),
        ("picture_to_text_strict", "R@10", "Picture → text, R@10"),
        ("text_to_picture_strict", "median rank", "Text → picture, median rank"),
        ("matching_category", "AUC", "Matching, AUC"),
    )
    there = {section.key: section for section in evaluation.sections}
    chosen = [(title, there[key].metric(name)) for key, name, title in wanted if key in there]
    levels = [section for section in evaluation.sections if section.key.startswith("category_level_")]
    if levels:
        chosen.append((levels[-1].title, levels[-1].metric("accuracy, templates")))
    return chosen


def curves(rows: Sequence[Mapping[str, Any]]) -> list[Curve]:
    """The losses of a run's metrics, the weighted one first, each with the mean of its chance levels."""
    chances: dict[str, list[float]] = {"loss": []}
    points: dict[str, list[tuple[int, float]]] = {}
    for row in rows:
        for name, chance in row["chance"].items():
            chances.setdefault(name, []).append(chance)
    for row in rows:
        for name in chances:
            if row.get(name) is not None:
                points.setdefault(name, []).append((row["step"], row[name]))
    return [
        Curve(
            name,
            steps=[step for step, _ in points[name]],
            values=[value for _, value in points[name]],
            chance=float(np.mean(each)) if (each := [c for c in chances[name] if np.isfinite(c)]) else None,
        )
        for name in chances
        if len(points.get(name, ())) > 1
    ]


def matrix(found: Classification) -> Matrix:
    """A confusion matrix with the commonest classes, largest first."""
    support = found.confusion.sum(1)
    shown = np.argsort(-support, kind="stable")[:_MOST_CONFUSED]
    counts = found.confusion[np.ix_(shown, shown)]
    shares = counts / np.maximum(support[shown, None], 1)
    return Matrix(
        title=f"Category level {found.level + 1}",
        names=[found.names[number] for number in shown],
        counts=counts.tolist(),
        shares=shares.round(4).tolist(),
        left_out=len(found.names) - len(shown),
    )
