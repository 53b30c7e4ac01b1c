"""The sample's parallel queries in English and Spanish: how well does each find its products, in every mode?

    python -m benchmarks.search_languages --run runs/clip --catalogue sample --split all --results results

The catalogue is one of `vitrina sample`, whose truth says which products answer a query. All its products are searched,
those of the split are right. The last line is JSON, with the gap between the languages in points.
"""

import argparse
import json
from pathlib import Path

from vitrina.catalogue.sample.oracle import Oracle
from vitrina.evaluation.evaluation import Metric
from vitrina.evaluation.results import Result, Row, write_result
from vitrina.index.index import Index
from vitrina.index.queries import Judged, measure

COMMAND = "python -m benchmarks.search_languages --run RUN --catalogue SAMPLE"


def main() -> None:
    """Measure and print; `--results` keeps the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--catalogue", type=Path, required=True)
    parser.add_argument("--split", choices=["train", "val", "test", "all"], default="all")
    parser.add_argument("--note", action="append", default=[], help="what a reader of the results must know of the run")
    parser.add_argument("--results", type=Path, help="folder to keep the figures in")
    options = parser.parse_args()
    index = Index.open(options.run, catalogue=options.catalogue)
    name = options.run.resolve().name
    found = measure(index, judged=asked(options.catalogue, split=options.split), run=name, name="parallel queries")
    print(found.text())
    gaps = {}
    rows = []
    for section in found.sections:
        english, spanish = (section.group(language, by="language").metrics for language in ("en", "es"))
        gaps[section.key] = {
            one.name: round(100 * (one.value - other.value), 1) for one, other in zip(english, spanish, strict=True)
        }
        for language, metrics in (("English", english), ("Spanish", spanish)):
            shown = tuple(Metric(each.name, each.value, "share", each.low, each.high, each.base) for each in metrics)
            rows.append(Row(f"{section.key}, {language}", shown))
    if options.results is not None:
        result = Result(
            name="search_languages",
            title="Parallel queries in English and Spanish on the generated sample",
            command=f"{COMMAND} --split {options.split} --results results",
            seed=0,
            rows=tuple(rows),
            notes=(f"{found.queries:,} queries among {found.products:,} products.", *options.note),
        )
        write_result(result, folder=options.results)
    print(json.dumps({"benchmark": "search_languages", "split": options.split, "gap_points": gaps}))


def asked(catalogue: Path, *, split: str) -> list[Judged]:
    """The queries of a sample in both languages, those whose answers of the split are listed."""
    found = []
    for query in Oracle.open(catalogue).queries():
        parts = [query.relevant[each] for each in (("train", "val", "test") if split == "all" else (split,))]
        if all(part.ids is not None for part in parts) and any(part.count for part in parts):
            relevant = {id_: 1.0 for part in parts for id_ in part.ids or ()}
            found += [Judged(query.english, relevant, "en"), Judged(query.spanish, relevant, "es")]
    return found


if __name__ == "__main__":
    main()
