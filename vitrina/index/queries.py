"""One's own queries with the products that answer them: how well does search find these, in each mode and language?"""

import json
import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import get_args

import numpy as np

from vitrina.catalogue.handwritten import read_table, read_text
from vitrina.catalogue.store import Catalogue
from vitrina.evaluation.evaluation import Group, Metric, Section, Skipped
from vitrina.evaluation.metrics import estimate, mean_of
from vitrina.index.index import Index
from vitrina.index.result import Mode
from vitrina.models.checkpoint import write_bytes
from vitrina.tasks.ranking import Ranks

SEED = 0
_DEPTH = 1000
_CUTS = (10, 50)
_NAMED = 5
_WHAT = "queries, in CSV or JSONL"
_HEADERS = {name: name for name in ("query", "relevant", "language")} | {
    "consulta": "query",
    "relevantes": "relevant",
    "idioma": "language",
}


@dataclass(frozen=True)
class Judged:
    """A query, the ids of the products that answer it with how well they do (any number above 0), and its language."""

    text: str
    relevant: Mapping[str, float]
    language: str | None


@dataclass(frozen=True)
class QueryEvaluation:
    """What search found of `queries` questions: a section for each mode, with its figures by language."""

    run: str
    queries_file: str
    catalogue_digest: str
    queries: int
    products: int
    sections: tuple[Section, ...]
    skipped: tuple[Skipped, ...]
    notes: tuple[str, ...]

    def section(self, mode: Mode) -> Section:
        """The figures of a mode; KeyError where it was not measured."""
        return {section.key: section for section in self.sections}[mode]

    def text(self) -> str:
        """A table for a terminal of 100 columns: the modes side by side, all queries and each language."""
        lines = [f"{self.queries:,} queries of {self.queries_file} among {self.products:,} products, by {self.run}"]
        lines += [f"  {note}" for note in self.notes]
        head = "".join(f"{section.title:>24}" for section in self.sections)
        blocks: list[tuple[str, list[tuple[Metric, ...]]]] = [
            (f"all ({self.queries:,})", [section.metrics for section in self.sections])
        ]
        for number, group in enumerate(self.sections[0].groups if self.sections else ()):
            name = f"{group.name} ({group.questions:,})"
            blocks.append((name, [section.groups[number].metrics for section in self.sections]))
        for name, columns in blocks:
            lines += ["", f"  {name:<18}{head}{'base rate':>12}"]
            for row in zip(*columns, strict=True):
                cells = "".join(f"{f'{metric.shown()} ({metric.interval()})':>24}" for metric in row)
                lines.append(f"  {row[0].name:<18}{cells}{row[0].base_shown():>12}")
        lines += [f"\n  {each.title} was not measured: {each.reason}" for each in self.skipped]
        lines += ["", "In parentheses the 95 % interval over queries; the base rate is that of a random order."]
        return "\n".join(lines)


def evaluate_queries(
    run: str | os.PathLike[str],
    *,
    catalogue: str | os.PathLike[str],
    queries: Path,
    out: Path | None = None,
) -> QueryEvaluation:
    """nDCG@10 (Järvelin & Kekäläinen 2002), MRR, recall@10 and @50 of one's own queries, in each mode, per language.

    `queries` is a CSV file with the columns `query`, `relevant` (ids with blanks or | between, with a grade where one
    follows, `A7=2`) and, if wanted, `language`; or a JSONL file with these keys, where `relevant` is a list of ids or
    an object from ids to grades. Ids that the catalogue does not hold are counted and said. Writes
    `queries-NAME-CATALOGUE.json` into `out`, by default the run. Raises ValueError naming file and line.

    >>> print(evaluate_queries("runs/clip", catalogue="shop", queries=Path("ours.csv")).text())  # doctest: +SKIP
    """
    Catalogue.open(catalogue)  # this and the queries before the index, which takes longer
    judged = read_queries(queries)
    index = Index.open(run, catalogue=catalogue)
    found = measure(index, judged=judged, run=Path(run).resolve().name, name=queries.name)
    target = Path(run) if out is None else out
    target.mkdir(parents=True, exist_ok=True)
    content = json.dumps(asdict(found), indent=2, ensure_ascii=False) + "\n"
    write_bytes(target / f"queries-{queries.stem}-{found.catalogue_digest[:8]}.json", content=content.encode())
    return found


def measure(index: Index, *, judged: Sequence[Judged], run: str, name: str) -> QueryEvaluation:
    """The figures of queries that were read. Raises ValueError where the catalogue holds no answer to any."""
    ids = index.catalogue.facts()["id"].to_pylist()
    row_of = {id_: row for row, id_ in enumerate(ids)}
    known, notes = _known(judged, ids=row_of.keys())
    if not known:
        raise ValueError(
            f"{name}: the catalogue {index.catalogue.path} holds none of the products that answer a query."
        )
    grades = [{row_of[id_]: grade for id_, grade in each.relevant.items()} for each in known]
    languages = sorted({each.language for each in known if each.language})
    masks = {language: np.array([each.language == language for each in known]) for language in languages}
    sections, skipped = [], []
    for mode in get_args(Mode):
        try:
            rows = index.search_many([each.text for each in known], mode=mode, top=_DEPTH)
        except ImportError as error:
            skipped.append(Skipped(mode, str(error)))
            continue
        values = _values(rows, grades=grades)
        base = _by_chance(grades, products=len(ids))
        everything = np.ones(len(known), dtype=bool)
        groups = [
            Group("language", language, int(mask.sum()), _metrics(values, base=base, mask=mask))
            for language, mask in masks.items()
        ]
        metrics = _metrics(values, base=base, mask=everything)
        sections.append(Section(mode, mode, "", len(known), metrics, tuple(groups), tuple(values)))
    return QueryEvaluation(
        run=run,
        queries_file=name,
        catalogue_digest=index.catalogue.digest,
        queries=len(known),
        products=len(ids),
        sections=tuple(sections),
        skipped=tuple(skipped),
        notes=notes,
    )


def read_queries(path: Path) -> list[Judged]:
    """The queries of a CSV, TSV or JSONL file. Raises ValueError naming file and line."""
    found = _of_jsonl(path) if path.suffix in (".jsonl", ".ndjson") else _of_table(path)
    if not found:
        raise ValueError(f"{path} holds no queries: write one a row")
    return found


def _of_table(path: Path) -> list[Judged]:
    found = []
    for row in read_table(path, what=_WHAT, columns=_HEADERS, needed=("query", "relevant")):
        words = row.cells["relevant"].replace("|", " ").split()
        grades = dict(_graded(each, place=row.place) for each in words)
        found.append(_judged(row.cells["query"], grades, row.cells["language"], row.place))
    return found


def _graded(word: str, *, place: str) -> tuple[str, float]:
    id_, sign, grade = word.rpartition("=")
    if not sign:
        return word, 1.0
    try:
        return id_, float(grade)
    except ValueError:
        raise ValueError(f"{place}: {word!r} has no number after its =: write ID, or ID=2 with a grade") from None


def _of_jsonl(path: Path) -> list[Judged]:
    found = []
    for number, line in enumerate(read_text(path, what=_WHAT).splitlines(), start=1):
        if not line.strip():
            continue
        place = f"{path}, line {number}"
        try:
            plain = json.loads(line)
        except ValueError as error:
            raise ValueError(f"{place} is no JSON: {error}") from None
        if not isinstance(plain, dict):
            raise ValueError(f"{place} is no object with `query` and `relevant`")
        relevant = plain.get("relevant")
        if isinstance(relevant, list):
            relevant = dict.fromkeys(map(str, relevant), 1.0)
        if not isinstance(relevant, dict):
            raise ValueError(f"{place}: `relevant` is a list of ids, or an object from ids to grades")
        found.append(_judged(plain.get("query"), relevant, plain.get("language"), place))
    return found


def _judged(query: object, relevant: Mapping[str, object], language: object, place: str) -> Judged:
    if not isinstance(query, str) or not query.strip():
        raise ValueError(f"{place} has no query: write what somebody looks for")
    if not relevant:
        raise ValueError(f"{place} names no relevant product: write at least one id")
    if language is not None and not isinstance(language, str):
        raise ValueError(f"{place}: the language is {language!r}: write a code such as es")
    grades = {}
    for id_, grade in relevant.items():
        if isinstance(grade, bool) or not isinstance(grade, int | float) or not 0 <= grade < float("inf"):
            raise ValueError(f"{place}: the grade of {id_} is {grade!r}: write a number, 0 for what is not relevant")
        grades[id_] = float(grade)
    return Judged(query, grades, (language or "").strip() or None)


def _known(judged: Sequence[Judged], *, ids: Collection[str]) -> tuple[list[Judged], tuple[str, ...]]:
    """Queries with the answers that the catalogue holds, and in words what it does not."""
    kept, notes = [], []
    unknown = dict.fromkeys(id_ for each in judged for id_ in each.relevant if id_ not in ids)
    for each in judged:
        relevant = {id_: grade for id_, grade in each.relevant.items() if id_ in ids and grade > 0}
        if relevant:
            kept.append(Judged(each.text, relevant, each.language))
    if unknown:
        more = ", …" if len(unknown) > _NAMED else ""
        notes.append(f"{len(unknown):,} ids are not in the catalogue: {', '.join(list(unknown)[:_NAMED])}{more}")
    if len(kept) < len(judged):
        notes.append(f"{len(judged) - len(kept):,} queries have no answer in the catalogue and are left out")
    return kept, tuple(notes)


def _values(rows: Sequence[np.ndarray], *, grades: Sequence[Mapping[int, float]]) -> dict[str, np.ndarray]:
    """Each measure's value for every query, in the order in which they are shown."""
    values = {name: np.zeros(len(rows)) for name in ("nDCG@10", "MRR", *(f"recall@{cut}" for cut in _CUTS))}
    discounts = 1 / np.log2(np.arange(2, 12))
    for number, (found, right) in enumerate(zip(rows, grades, strict=True)):
        gains = np.array([right.get(int(row), 0.0) for row in found])
        values["nDCG@10"][number] = gains[:10] @ discounts[: len(gains[:10])] / _ideal(right)
        hits = np.flatnonzero(gains)
        values["MRR"][number] = 1 / (1 + hits[0]) if len(hits) else 0.0
        for cut in _CUTS:
            values[f"recall@{cut}"][number] = (gains[:cut] > 0).sum() / len(right)
    return values


def _by_chance(grades: Sequence[Mapping[int, float]], *, products: int) -> dict[str, np.ndarray]:
    """What a random order of all products reaches."""
    discounts = 1 / np.log2(np.arange(2, 12))
    hits = np.array([len(right) for right in grades], dtype=np.int64)
    nothing, everything = np.zeros_like(hits), np.full_like(hits, products)
    ranks = Ranks(above=nothing, tied=everything, tied_hits=hits, hits=hits, items=products)
    total = discounts[: min(10, products)].sum()
    dcg = np.array([sum(right.values()) / products * total / _ideal(right) for right in grades])
    recalls = {f"recall@{cut}": np.full(len(hits), min(1.0, cut / products)) for cut in _CUTS}
    return {"nDCG@10": dcg, "MRR": ranks.reciprocal(), **recalls}


def _ideal(right: Mapping[int, float]) -> float:
    best = np.sort(np.array(list(right.values())))[::-1][:10]
    return float(best @ (1 / np.log2(np.arange(2, 2 + len(best)))))


def _metrics(
    values: Mapping[str, np.ndarray], *, base: Mapping[str, np.ndarray], mask: np.ndarray
) -> tuple[Metric, ...]:
    metrics = []
    for name, each in values.items():
        found = estimate(mean_of(each[mask]), questions=int(mask.sum()), seed=SEED)
        metrics.append(Metric(name, found.value, "share", found.low, found.high, base=float(base[name][mask].mean())))
    return tuple(metrics)
