"""What an ingest did and what it refused, with the file and row of every kind of problem."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from vitrina.catalogue.download_report import DownloadReport

_SAMPLES = 5
_TITLES = {
    "row": "rows rejected",
    "picture": "pictures rejected",
    "price": "prices not understood (the product has none)",
    "repeated": "rows overridden by a later one with the same id",
}
ProblemKind = Literal["row", "picture", "price", "repeated"]


@dataclass(frozen=True)
class Sample:
    """One problem: its file, its row counted from 1 (the line, in text files), and what was wrong with it."""

    file: Path
    row: int
    detail: str = ""

    def text(self) -> str:
        return f"{self.file}, row {self.row:,}" + (f": {self.detail}" if self.detail else "")


@dataclass(frozen=True)
class Problem:
    """How often something was refused for one reason, with the first samples."""

    kind: ProblemKind
    reason: str
    count: int
    samples: tuple[Sample, ...]


@dataclass(frozen=True)
class FileReport:
    """How one file was read: which column stands for which field, and what is worth knowing."""

    file: Path
    columns: str
    notes: tuple[str, ...]


@dataclass(frozen=True)
class IngestReport:
    """What an ingest did. `products` are those in the catalogue afterwards; `read` counts rows, the rejected ones
    too; `pictures` those stored with this ingest's products; `splits` counts this ingest's products by split.
    `mapping` is the field-to-column mapping as it was used, `downloads` what became of web addresses, None where none
    were to be fetched."""

    catalogue: Path
    products: int
    read: int
    added: int
    replaced: int
    unchanged: int
    pictures: int
    splits: dict[str, int]
    files: tuple[FileReport, ...]
    problems: tuple[Problem, ...]
    mapping: dict[str, str]
    downloads: DownloadReport | None

    def count(self, kind: ProblemKind) -> int:
        """How many problems of a kind there were."""
        return sum(problem.count for problem in self.problems if problem.kind == kind)

    def text(self) -> str:
        """The report for a terminal."""
        splits = ", ".join(f"{name} {count:,}" for name, count in sorted(self.splits.items()))
        lines = [
            f"{self.catalogue}: {self.products:,} products",
            f"  read {self.read:,} rows: {self.added:,} products added, {self.replaced:,} replaced, "
            f"{self.unchanged:,} unchanged, {self.count('row'):,} rows rejected",
            f"  {self.pictures:,} pictures, {self.count('picture'):,} rejected; splits: {splits or 'none'}",
            *(self.downloads.lines() if self.downloads is not None else []),
        ]
        if self.replaced and self.count("picture"):
            lines.append(
                "  replaced products lack the rejected pictures now; the version before still holds what they had: "
                f"`vitrina log {self.catalogue}`"
            )
        for file in self.files:
            lines += [f"  {file.file}: {file.columns}", *(f"    note: {note}" for note in file.notes)]
        return "\n".join([*lines, *_lines(self.problems)])


class Tally:
    """Counts problems by kind and reason and keeps the first samples of each."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[ProblemKind, str]] = Counter()
        self._samples: dict[tuple[ProblemKind, str], list[Sample]] = {}

    def add(self, kind: ProblemKind, reason: str, *, sample: Sample, count: int = 1) -> None:
        self._counts[kind, reason] += count
        samples = self._samples.setdefault((kind, reason), [])
        if len(samples) < _SAMPLES:
            samples.append(sample)

    def problems(self) -> tuple[Problem, ...]:
        """Rows first, then pictures, prices and repeats; of a kind the most frequent reason first."""
        order = sorted(self._counts.items(), key=lambda each: (list(_TITLES).index(each[0][0]), -each[1], each[0][1]))
        return tuple(
            Problem(kind, reason, count, tuple(self._samples[kind, reason])) for (kind, reason), count in order
        )

    def lines(self) -> list[str]:
        """The problems so far as lines of text."""
        return _lines(self.problems())


def _lines(problems: tuple[Problem, ...]) -> list[str]:
    """The problems as lines of text, grouped by kind."""
    lines: list[str] = []
    for kind, title in _TITLES.items():
        of_kind = [problem for problem in problems if problem.kind == kind]
        if of_kind:
            lines.append(f"  {sum(problem.count for problem in of_kind):,} {title}:")
        for problem in of_kind:
            lines.append(f"    {problem.count:,} × {problem.reason}")
            lines += [f"      {sample.text()}" for sample in problem.samples]
    return lines
