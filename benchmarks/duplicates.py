"""Two shops, one product: how well pairs of records are told to be the same, beside plain TF-IDF.

    python -m benchmarks.duplicates --data ../shared/data

On the public pair lists of text_abt_buy and text_amazon_google: learnt from `train`, the cut chosen on `valid`, F1 on
`test`, read once. "Untaught" knows no pair; "learnt elsewhere" learnt from the other set and chose its cut there. All
look at the records' texts alone; partners are compared among all records of the two shops, whose pairs are not told.
The last line is JSON.
"""

import argparse
import csv
import json
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vitrina.catalogue.ingest import ingest
from vitrina.catalogue.store import Catalogue
from vitrina.evaluation.evaluation import Metric
from vitrina.evaluation.results import Result, Row, write_result
from vitrina.tasks.likeness import FEATURES, UNTAUGHT_CUT, Judge, Told, best_cut, candidates, described, untaught

SETS = ("text_abt_buy", "text_amazon_google")
PARTNERS = 10
PUBLISHED = {"text_abt_buy": (0.628, 0.893), "text_amazon_google": (0.693, 0.756)}
"""F1 of DeepMatcher and of Ditto, as the data's README quotes them."""


@dataclass(frozen=True)
class Split:
    """Figures (m, f) of the listed pairs, and which are the same."""

    figures: np.ndarray
    is_same: np.ndarray


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="the folder that holds the data sets")
    parser.add_argument("--results", type=Path, help="write the figures into this folder of results")
    options = parser.parse_args()
    sets = {name: splits(options.data / name) for name in SETS}
    rows = [row for name in SETS for row in judged(name, sets=sets)]
    for row in rows:
        print(f"{row.name:<52}" + "  ".join(f"{each.name} {each.shown()}" for each in row.metrics))
    if options.results is not None:
        write_result(result(rows), folder=options.results)
    figures = {row.name: {metric.name: round(metric.value, 4) for metric in row.metrics} for row in rows}
    print(json.dumps({"benchmark": "duplicates", "figures": figures}))


def splits(folder: Path) -> dict[str, Split]:
    """The three pair lists of a data set, described."""
    with tempfile.TemporaryDirectory() as place:
        shop = Path(place) / "shop"
        ingest([folder / "products.jsonl"], out=shop)
        catalogue = Catalogue.open(shop)
        products = catalogue.read(range(len(catalogue)))
    numbers = {product.id: number for number, product in enumerate(products)}
    told = Told.of(products)
    first, second = (
        np.array([row for row, each in enumerate(products) if each.attributes["source"] == s]) for s in "ab"
    )
    listed = {name: _listed(folder / f"pairs_{name}.csv", numbers=numbers) for name in ("train", "valid", "test")}
    pairs = {tuple(sorted(pair)) for rows in listed.values() for pair, _ in rows}
    for queries, among in ((first, second), (second, first)):
        near = candidates(told, queries=queries, among=among, most=PARTNERS)
        owners = np.repeat(queries, PARTNERS)
        pairs |= {
            tuple(sorted(pair)) for pair in zip(owners.tolist(), near.ravel().tolist(), strict=True) if pair[1] >= 0
        }
    order = np.array(sorted(pairs))
    figures = described(told, first=order[:, 0], second=order[:, 1])
    places = {tuple(pair): place for place, pair in enumerate(order.tolist())}
    return {
        name: Split(
            figures[[places[tuple(sorted(pair))] for pair, _ in rows]], np.array([is_same for _, is_same in rows])
        )
        for name, rows in listed.items()
    }


def judged(name: str, *, sets: dict[str, dict[str, Split]]) -> list[Row]:
    """One row a method, on the test pairs of a data set."""
    own = sets[name]
    (other,) = (sets[each] for each in sets if each != name)
    judge, elsewhere = (Judge.learnt(each["train"].figures, is_same=each["train"].is_same) for each in (own, other))
    words = FEATURES.index("words of all texts")
    published = PUBLISHED[name]
    ways = {
        "learnt": (judge.score, _cut(judge.score(own["valid"].figures), own["valid"])),
        "learnt elsewhere": (elsewhere.score, _cut(elsewhere.score(other["valid"].figures), other["valid"])),
        "untaught": (untaught, UNTAUGHT_CUT),
        "TF-IDF cosine": (lambda figures: figures[:, words], _cut(own["valid"].figures[:, words], own["valid"])),
        "every pair": (lambda figures: np.ones(len(figures)), 0.0),
    }
    rows = [
        Row(f"{name}: {way}", tuple(_metrics(score(own["test"].figures) >= cut, truth=own["test"].is_same)))
        for way, (score, cut) in ways.items()
    ]
    named = (Metric("DeepMatcher F1", published[0]), Metric("Ditto F1", published[1]))
    return [*rows, Row(f"{name}: published", named)]


def result(rows: list[Row]) -> Result:
    return Result(
        name="duplicates",
        title="The same product in two shops (records of text alone)",
        command="python -m benchmarks.duplicates --data ../shared/data --results results",
        seed=0,
        rows=tuple(rows),
        notes=(
            "Learnt from the train pairs, cut chosen on valid, test read once. Partners are compared among all records "
            "(no answers among them), which published matchers, who see one pair at a time, do not.",
        ),
    )


def _listed(path: Path, *, numbers: dict[str, int]) -> list[tuple[tuple[int, int], bool]]:
    with path.open(encoding="utf-8") as file:
        return [((numbers[row["a"]], numbers[row["b"]]), row["match"] == "1") for row in csv.DictReader(file)]


def _cut(scores: np.ndarray, split: Split) -> float:
    return best_cut(scores, is_same=split.is_same)


def _metrics(called: np.ndarray, *, truth: np.ndarray) -> list[Metric]:
    right = int((called & truth).sum())
    precision, recall = right / max(int(called.sum()), 1), right / int(truth.sum())
    f1 = 2 * precision * recall / max(precision + recall, 1e-12)
    return [Metric("F1", f1), Metric("precision", precision), Metric("recall", recall)]


if __name__ == "__main__":
    main()
