"""What an evaluation found: sections of figures with intervals and base rates, which print and store themselves."""

import json
from dataclasses import asdict, dataclass
from typing import Literal

Unit = Literal["share", "rank", "number", "nats", "bits", "dB"]

By = Literal["domain", "language"]
"""What products and texts are told apart by."""


@dataclass(frozen=True, slots=True)
class Metric:
    """One figure: `value`, its 95 % interval where it has one, and `base`, what knowing nothing reaches.

    Shares are fractions of 1 and are shown in percent.
    """

    name: str
    value: float
    unit: Unit = "share"
    low: float | None = None
    high: float | None = None
    base: float | None = None

    def shown(self) -> str:
        """The value in words: `64.6 %`, `rank 12`, `3.412 nats`."""
        return shown(self.value, unit=self.unit)

    def interval(self) -> str:
        """The interval in words, or nothing where there is none."""
        if self.low is None or self.high is None:
            return ""
        return f"{_bare(self.low, unit=self.unit)} – {_bare(self.high, unit=self.unit)}"

    def base_shown(self) -> str:
        """The base rate in words, or nothing where there is none."""
        return "" if self.base is None else shown(self.base, unit=self.unit)


@dataclass(frozen=True, slots=True)
class Group:
    """The figures of some of a section's questions: those of one business domain, or of one language."""

    by: By
    name: str
    questions: int
    metrics: tuple[Metric, ...]

    def metric(self, name: str) -> Metric:
        """The figure of that name; KeyError where there is none."""
        return {metric.name: metric for metric in self.metrics}[name]


@dataclass(frozen=True, slots=True)
class Section:
    """Figures that answer one question: `key` names them in files, `title` and `note` say what they mean.

    `groups` hold figures per domain and language, where there are several; `main` names those of them that are shown
    (the file has all).
    """

    key: str
    title: str
    note: str
    questions: int
    metrics: tuple[Metric, ...]
    groups: tuple[Group, ...] = ()
    main: tuple[str, ...] = ()

    def metric(self, name: str) -> Metric:
        """The figure of that name; KeyError where there is none."""
        found = {metric.name: metric for metric in self.metrics}
        return found[name]

    def group(self, name: str, *, by: By) -> Group:
        """The figures of one domain or language; KeyError names those there are."""
        for group in self.groups:
            if (group.by, group.name) == (by, name):
                return group
        there = ", ".join(group.name for group in self.groups if group.by == by)
        raise KeyError(f"there is no {by} {name!r} in {self.key}: there are {there or 'none'}")

    def shown(self, group: Group) -> tuple[Metric, ...]:
        """Those figures of a group that are shown."""
        return tuple(metric for metric in group.metrics if metric.name in self.main)


@dataclass(frozen=True, slots=True)
class Skipped:
    """What was not measured, and why, in words."""

    title: str
    reason: str


@dataclass(frozen=True)
class Evaluation:
    """Everything that an evaluation found, without a trace of the machine that it ran on."""

    run: str
    family: str
    step: int
    split: str
    products: int
    available: int
    seed: int
    model_digest: str
    catalogue_digest: str
    time: str
    sections: tuple[Section, ...]
    skipped: tuple[Skipped, ...]
    notes: tuple[str, ...]

    def section(self, key: str) -> Section:
        """The section of that key; KeyError names those there are."""
        for section in self.sections:
            if section.key == key:
                return section
        raise KeyError(f"there is no section {key!r}: there are {', '.join(each.key for each in self.sections)}")

    def to_json(self) -> str:
        """The evaluation as JSON: everything at full precision."""
        return json.dumps({"schema": 1, **asdict(self)}, indent=2, ensure_ascii=False) + "\n"

    def text(self) -> str:
        """The evaluation as a table for a terminal of 100 columns."""
        lines = [self.headline()]
        lines += [f"  {line}" for note in self.notes for line in _wrapped(note)]
        for section in self.sections:
            lines += ["", f"{section.title}  ({section.questions:,} questions)"]
            lines += [f"  {line}" for line in _wrapped(section.note)]
            rows = [("", "", "95 % interval", "base rate")]
            rows += [(each.name, each.shown(), each.interval(), each.base_shown()) for each in section.metrics]
            rows += [
                (_of_group(group, each.name), each.shown(), each.interval(), each.base_shown())
                for group in section.groups
                for each in section.shown(group)
            ]
            wide = max(22, *(len(name) for name, *_ in rows))
            lines += [
                f"  {name:<{wide}}{value:>12}   {span:<19}{base:>12}".rstrip() for name, value, span, base in rows
            ]
        if self.skipped:
            lines += ["", "Not measured"]
            lines += [f"  {each.title}: {each.reason}" for each in self.skipped]
        return "\n".join(lines)

    def headline(self) -> str:
        """What was evaluated on what, in one line."""
        some = f"{self.products:,}" if self.products == self.available else f"{self.products:,} of {self.available:,}"
        return f"{self.run} ({self.family}, step {self.step:,}) on {some} products of split {self.split}"


def shown(value: float, *, unit: Unit) -> str:
    """A figure with its unit, in the precision that the unit deserves."""
    bare = _bare(value, unit=unit)
    return {"share": f"{bare} %", "rank": bare, "number": bare}.get(unit, f"{bare} {unit}")


def _bare(value: float, *, unit: Unit) -> str:
    if unit == "share":
        return f"{100 * value:.1f}" if abs(value) >= 0.001 or value == 0 else f"{100 * value:.2f}"
    if unit == "rank":
        return f"{value:,.1f}".removesuffix(".0")
    if unit == "number":
        return f"{value:,.3f}".removesuffix(".000")
    return f"{value:.2f}" if unit == "dB" else f"{value:.3f}"


def _of_group(group: Group, metric: str, *, longest: int = 52) -> str:
    """The name of a group's figure, the group's own name cut where the line would not fit."""
    rest = f" ({group.questions:,}): {metric}"
    room = max(longest - len(rest), 8)
    return (group.name if len(group.name) <= room else f"{group.name[: room - 1]}…") + rest


def _wrapped(note: str, *, width: int = 96) -> list[str]:
    lines = [""]
    for word in note.split():
        fits = len(lines[-1]) + len(word) < width
        lines[-1:] = [f"{lines[-1]} {word}".strip()] if fits else [lines[-1], word]
    return lines if note else []
