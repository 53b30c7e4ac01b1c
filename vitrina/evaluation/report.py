"""The report: one HTML page that needs nothing beside it — figures, curves, galleries, confusion, reconstructions."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from vitrina.evaluation.charts import Curve, curve_svg, interval_svg, lines_svg
from vitrina.evaluation.evaluation import Evaluation, Metric, Section
from vitrina.evaluation.gallery import Gallery
from vitrina.evaluation.measure import Classification
from vitrina.evaluation.template import page_template

_MOST_CONFUSED = 28
_MOST_DOMAINS = 6

LOSSES = {
    "loss": "all losses, weighted",
    "mlm": "masked words, text alone",
    "mim": "masked patches, picture alone",
    "mmm_text": "masked words beside the picture",
    "mmm_image": "masked patches beside the text",
    "itm": "does the text belong to the picture",
    "itc": "which text belongs to which picture",
    "reconstruction": "pictures from their codes",
}
"""What each loss is about, in words."""


@dataclass(frozen=True, slots=True)
class Fact:
    """A line of the page's head: what, and its value in words."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Chapter:
    """Sections of one kind; `main` names the figure that stands for each in a table, None where all are shown whole."""

    title: str
    sections: tuple[Section, ...]
    main: str | None = None


@dataclass(frozen=True, slots=True)
class DomainCurves:
    """One loss over the run, a curve for each of the domains that it met most; `left_out` more are not shown."""

    loss: str
    curves: tuple[Curve, ...]
    left_out: int


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
    by_domain: DomainCurves | None
    galleries: Sequence[Gallery]
    matrices: Sequence[Matrix]
    reconstructions: Reconstructions | None


def render(report: Report) -> str:
    """The page. Raises ImportError that names the extra where jinja2 is missing."""
    template = page_template("report.html.j2", package="vitrina.evaluation", page="report.html")
    return template.render(
        report=report,
        evaluation=report.evaluation,
        tiles=tiles(report.evaluation),
        chapters=chapters(report.evaluation),
        curve_svg=curve_svg,
        lines_svg=lines_svg,
        interval_svg=lambda metric: interval_svg(metric.value, low=metric.low, high=metric.high, base=metric.base),
        loss_words=LOSSES,
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


def chapters(evaluation: Evaluation) -> list[Chapter]:
    """The sections by kind, in their order: attributes and what a tagger learns of them, of which there are many, are
    told in a line each."""
    kinds = {
        "attribute_": ("Attributes by prompts", "accuracy, templates"),
        "tagger_auto_": ("Tagging, learnt from training products", "accuracy, auto"),
    }
    told = [each for each in evaluation.sections if not each.key.startswith(tuple(kinds))]
    found = [Chapter("", tuple(told))]
    for start, (title, main) in kinds.items():
        found.append(Chapter(title, tuple(each for each in evaluation.sections if each.key.startswith(start)), main))
    return [each for each in found if each.sections]


def curves(rows: Sequence[Mapping[str, Any]]) -> list[Curve]:
    """The losses of a run's metrics, the weighted one first, each with the mean of its chance levels."""
    names = dict.fromkeys(["loss", *(name for row in rows for name in row["chance"])])
    found = [_curve(rows, loss=name, name=name) for name in names]
    return [each for each in found if each is not None]


def curves_by_domain(rows: Sequence[Mapping[str, Any]]) -> DomainCurves | None:
    """The loss that most steps have, per business domain; None where the run met fewer than two.

    Not the weighted loss: batches of pairs and of texts alone differ in it, and domains in how many they have of each.
    """
    told = [row for row in rows if row.get("domain") is not None]
    met = Counter(row["domain"] for row in told)
    losses = Counter(name for row in told for name in row["chance"])
    if len(met) < 2 or not losses:
        return None
    loss = max(losses, key=lambda name: losses[name])
    shown = [name for name, _ in met.most_common(_MOST_DOMAINS)]
    found = [_curve([row for row in told if row["domain"] == name], loss=loss, name=name) for name in shown]
    drawn = tuple(each for each in found if each is not None)
    return DomainCurves(loss, drawn, left_out=len(met) - len(drawn)) if len(drawn) > 1 else None


def _curve(rows: Sequence[Mapping[str, Any]], *, loss: str, name: str) -> Curve | None:
    """A loss over the rows that have it, None where these are fewer than two."""
    points = [(row["step"], row[loss]) for row in rows if row.get(loss) is not None]
    chances = [row["chance"][loss] for row in rows if loss in row["chance"]]
    finite = [chance for chance in chances if np.isfinite(chance)]
    if len(points) < 2:
        return None
    return Curve(
        name,
        steps=[step for step, _ in points],
        values=[value for _, value in points],
        chance=float(np.mean(finite)) if finite else None,
    )


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
