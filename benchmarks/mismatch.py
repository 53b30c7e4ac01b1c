"""What does not belong, found in a catalogue whose errors are known: the generated sample, spoilt on purpose.

    vitrina sample spoilt --products 2000 --damage 0.4 --seed 6
    python -m benchmarks.mismatch --catalogue spoilt --run RUN

A product is right where nothing was done to it. AUC: how often a spoilt product stands before a right one (chance
50 %), by the greatest doubt about it. "Named" is the share whose spoilt part is the one in doubt (chance a third). The
run may have learnt from another sample. The last line is JSON.
"""

import argparse
import json
from pathlib import Path

import numpy as np

from vitrina.catalogue.sample.oracle import Oracle
from vitrina.catalogue.store import Catalogue
from vitrina.evaluation.evaluation import Metric
from vitrina.evaluation.results import Result, Row, write_result
from vitrina.labelling.mismatch import Doubt, Part, doubtful
from vitrina.tasks.abilities import EmbedsBoth
from vitrina.training.load import load

SPOILT: dict[str, Part] = {
    "picture of another product": "picture",
    "title of another product": "text",
    "wrong category": "category",
    "wrong colour": "text",
    "wrong language": "text",
}
"""Damages that leave every part whole and make it disagree with the others, and the part that is wrong then."""

FOREIGN = ("picture of another product", "title of another product", "wrong category")
FIRST = (50, 100)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--catalogue", type=Path, required=True, help="a sample that was written with --damage")
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--results", type=Path, help="write the figures into this folder of results")
    options = parser.parse_args()
    model = load(options.run)
    if not isinstance(model, EmbedsBoth):
        parser.error(f"the model of {options.run} does not embed texts and pictures")
    catalogue, oracle = Catalogue.open(options.catalogue), Oracle.open(options.catalogue)
    found = doubtful(model, catalogue=catalogue)
    done = [{damage.what for damage in oracle.product(doubt.product.id).damages} for doubt in found]
    rows = [row for what in SPOILT if (row := by_damage(what, found=found, done=done)) is not None]
    rows.append(first_ones(done))
    for row in rows:
        print(f"{row.name:<42}" + "  ".join(f"{each.name} {each.shown()}" for each in row.metrics))
    if options.results is not None:
        write_result(result(rows, products=len(catalogue)), folder=options.results)
    figures = {row.name: {metric.name: round(metric.value, 4) for metric in row.metrics} for row in rows}
    print(json.dumps({"benchmark": "mismatch", "figures": figures}))


def by_damage(what: str, *, found: tuple[Doubt, ...], done: list[set[str]]) -> Row | None:
    """How early products with this damage stand among those with none; None where no product has it."""
    is_spoilt = np.array([what in each for each in done])
    is_right = np.array([not each for each in done])
    if not is_spoilt.any():
        return None
    # The list is sorted: of every spoilt product, the right ones that stand behind it.
    behind = is_right.sum() - np.cumsum(is_right)
    named = [doubt.part == SPOILT[what] for doubt, spoilt in zip(found, is_spoilt, strict=True) if spoilt]
    return Row(
        what,
        (
            Metric("products", int(is_spoilt.sum()), "number"),
            Metric("AUC", float(behind[is_spoilt].mean() / is_right.sum()), base=0.5),
            Metric("named", float(np.mean(named)), base=1 / 3),
        ),
    )


def first_ones(done: list[set[str]]) -> Row:
    """The share of the first in the list that hold something of another product, beside the share in all."""
    is_foreign = np.array([bool(each.intersection(FOREIGN)) for each in done])
    share = float(is_foreign.mean())
    return Row(
        "another product's part",
        tuple(Metric(f"of the first {n}", float(is_foreign[:n].mean()), base=share) for n in FIRST),
    )


def result(rows: list[Row], *, products: int) -> Result:
    return Result(
        name="mismatch",
        title="Products whose parts do not belong together, found in a spoilt sample",
        command="python -m benchmarks.mismatch --catalogue spoilt --run RUN --results results",
        seed=0,
        rows=tuple(rows),
        notes=(f"{products:,} products of a sample with --damage 0.4 that the model had not seen.",),
    )


if __name__ == "__main__":
    main()
