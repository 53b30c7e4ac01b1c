"""Knowing one's data before a GPU is paid for: one pass over the texts, one over the pictures, and what follows."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import numpy as np
import pyarrow as pa
from tqdm import tqdm

from vitrina.catalogue.manifest import flush
from vitrina.catalogue.shards import FACTS
from vitrina.catalogue.store import Catalogue
from vitrina.data.sources import numbered
from vitrina.inspection.advice import Findings, advise
from vitrina.inspection.cases import Cases, write_cases
from vitrina.inspection.coverage import Categories, CoverageSurvey
from vitrina.inspection.looks import PictureSurvey
from vitrina.inspection.page import render
from vitrina.inspection.prices import PriceSurvey
from vitrina.inspection.problems import GALLERY, Seen, problems
from vitrina.inspection.repeats import leaks, repeated_pictures, repeated_texts
from vitrina.inspection.result import PROBLEMS, Inspection
from vitrina.inspection.texts import TextSurvey
from vitrina.inspection.training import text_limits, training, vocabulary

_ROWS_TOGETHER = 512
_FACTS = pa.schema([FACTS.field(name) for name in ("split", "picture_count")])


def inspect_catalogue(path: str | os.PathLike[str], *, out: Path | None = None) -> Inspection:
    """What there is in the catalogue at `path`, what is wrong with it, and what that means for training.

    Writes `inspection.html`, one page that needs nothing beside it, `inspection.json`, and `inspection-problems.csv`,
    which lists every case of every problem, into `out`, by default CATALOGUE-inspection beside the catalogue. The
    catalogue is only read; products are streamed, and what is kept of each are hashes and numbers
    (`bytes_per_product`). Until the end nothing is written there, so it may be interrupted and run again. Raises
    ValueError where there is no catalogue, and ImportError where jinja2 is missing.

    >>> inspect_catalogue("shop").advice[0].what  # doctest: +SKIP
    '12 of 105 products of val (11.4%) have a twin in train.'
    """
    folder = Path(path)
    catalogue = Catalogue.open(folder)
    target = out if out is not None else default_folder(folder)
    if target.exists() and not target.is_dir():
        raise ValueError(f"{target} is a file: name a folder for the inspection with --out")
    with Cases() as cases:
        inspection = _inspect(catalogue, cases=cases)
        page = render(inspection, catalogue=catalogue)
        target.mkdir(parents=True, exist_ok=True)
        with _replacing(target / PROBLEMS) as file:
            write_cases(file, cases, keys=[each.key for each in inspection.problems], catalogue=catalogue)
    with _replacing(target / "inspection.json") as file:
        file.write(inspection.json())
    with _replacing(target / "inspection.html") as file:
        file.write(page)
    return inspection


def default_folder(catalogue: Path) -> Path:
    """Where the inspection of a catalogue is written when nobody says otherwise: beside it."""
    return catalogue.absolute().with_name(f"{catalogue.absolute().name}-inspection")


def _inspect(catalogue: Catalogue, *, cases: Cases) -> Inspection:
    facts = pa.Table.from_batches([batch.select(_FACTS.names) for batch in catalogue.fact_batches()], schema=_FACTS)
    picture_counts = facts["picture_count"].to_numpy()
    splits = numbered(facts["split"])
    categories = Categories()
    coverage_survey = CoverageSurvey(categories)
    text_survey = TextSurvey(products=len(catalogue), gallery=GALLERY, cases=cases)
    price_survey = PriceSurvey(categories, gallery=GALLERY, cases=cases)
    with tqdm(total=len(catalogue), desc="texts and facts", unit="product", disable=None, delay=2) as bar:
        for start in range(0, len(catalogue), _ROWS_TOGETHER):
            rows = np.arange(start, min(start + _ROWS_TOGETHER, len(catalogue)))
            products = catalogue.read(rows, pictures="none")
            categories.add(products)
            coverage_survey.add(products, picture_counts=picture_counts[rows])
            text_survey.add(products, start=start)
            price_survey.add(products, start=start)
            bar.update(len(rows))
    picture_survey = PictureSurvey(gallery=GALLERY, cases=cases)
    picture_survey.examine_all(catalogue, rows=np.flatnonzero(picture_counts > 0))
    text_arrays, picture_arrays = text_survey.arrays(), picture_survey.arrays()
    repeats = [
        *repeated_texts(text_arrays, catalogue=catalogue),
        *repeated_pictures(picture_arrays, catalogue=catalogue),
    ]
    prices = price_survey.result(text_survey.stated_prices())
    seen = Seen(
        catalogue=catalogue,
        categories=categories,
        texts=text_survey,
        prices=price_survey,
        pictures=picture_survey,
        text_arrays=text_arrays,
        picture_arrays=picture_arrays,
        repeats=repeats,
        splits=splits.numbers,
        split_names=splits.names,
        picture_counts=picture_counts,
        cases=cases,
    )
    coverage, pictures = coverage_survey.result(), picture_survey.result()
    findings = Findings(
        path=str(catalogue.path),
        products=len(catalogue),
        coverage=coverage,
        languages=text_survey.languages(),
        texts=text_survey.result(vocabulary=vocabulary(), limits=text_limits()),
        prices=prices,
        pictures=pictures,
        repeats=tuple(each.summary() for each in repeats),
        leaks=tuple(leak for each in repeats for leak in leaks(each, splits=splits.numbers, names=splits.names)),
        training=training(catalogue, coverage=coverage, pictures=pictures, texts=text_arrays),
        problems=problems(seen),
    )
    held = text_survey.bytes_held() + price_survey.bytes_held() + picture_survey.bytes_held()
    return Inspection(
        catalogue=catalogue.path.absolute().name,
        digest=catalogue.digest,
        products=len(catalogue),
        coverage=coverage,
        languages=findings.languages,
        texts=findings.texts,
        prices=prices,
        pictures=pictures,
        repeats=tuple(findings.repeats),
        leaks=tuple(findings.leaks),
        training=findings.training,
        advice=advise(findings),
        problems=tuple(findings.problems),
        bytes_per_product=held / len(catalogue) if len(catalogue) else 0.0,
    )


@contextmanager
def _replacing(path: Path) -> Iterator[TextIO]:
    """A file to write, whole or not at all."""
    part = path.with_name(f"{path.name}.part")
    try:
        with part.open("w", encoding="utf-8", newline="\n") as file:
            yield file
        flush(part)
        part.replace(path)
    except OSError as error:
        raise ValueError(f"{path} cannot be written: {error.strerror}; name another folder with --out") from error
    finally:
        part.unlink(missing_ok=True)
    flush(path.parent)
