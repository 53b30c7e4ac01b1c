"""One long run on everything at once: three shops' pairs, a shop's pictures, three shops' texts, and all its figures.

    python -m benchmarks.long_run --data ../shared/data --work runs/long --results results

FLAVA from scratch by the recipe that `benchmarks.learnt` and `benchmarks.retrieval` found, on the training products of
fashion_products, grocery_store (photographs under the names of their goods) and flipkart_products as pairs,
clothing_images as pictures, text_mercadona_es, text_abt_buy and text_amazon_google as texts; asked about the val
products of each. Beside each figure stands what knowing nothing reaches and, where somebody measured one, a floor:
classical methods or a small network trained for that one task on the same data. The last line is JSON.
"""

import argparse
import json
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.learnt import carried_out
from benchmarks.learnt_data import catalogue
from benchmarks.learnt_run import Job
from benchmarks.retrieval import FLAVA, TOWERS
from vitrina.evaluation.evaluation import Metric, Unit
from vitrina.evaluation.results import Result, Row, write_result

SHOPS = (
    "fashion_products",
    "grocery_named",
    "flipkart_products",
    "clothing_images",
    "text_mercadona_es",
    "text_abt_buy",
    "text_amazon_google",
)
ASKED = ("fashion_products", "grocery_named", "flipkart_products", "clothing_images", "text_mercadona_es")
CODEBOOK = ("precision=bf16", "model.size_px=32", "keep=1", "steps=2000")
SETTINGS = (*TOWERS, *FLAVA, "augment.views=2")


@dataclass(frozen=True)
class Asked:
    """A figure of one shop: where the evaluation has it, and a floor with what reached it."""

    shop: str
    title: str
    section: str
    name: str
    unit: Unit = "share"
    floor: float | None = None
    by: str = ""


_SEARCH = "text_to_picture_strict"
_BACK = "picture_to_text_strict"
_TINY = "a tiny dual encoder, 10 epochs"
FIGURES = (
    Asked("fashion_products", "R@1", _SEARCH, "R@1", floor=0.168, by=_TINY),
    Asked("fashion_products", "R@5", _SEARCH, "R@5", floor=0.497, by=_TINY),
    Asked("fashion_products", "R@10", _SEARCH, "R@10", floor=0.646, by=_TINY),
    Asked("fashion_products", "R@10, picture → text", _BACK, "R@10"),
    Asked(
        "fashion_products",
        "article type, no classifier trained",
        "category_level_3",
        "accuracy, templates",
        floor=0.693,
        by="a classifier trained for it",
    ),
    Asked(
        "fashion_products",
        "category, no classifier trained",
        "category_level_1",
        "accuracy, templates",
        floor=0.874,
        by="a classifier trained for it",
    ),
    Asked(
        "grocery_named",
        "81 goods, no classifier trained",
        "category_level_2",
        "accuracy, plain name",
        floor=0.501,
        by="a network trained for it (official test)",
    ),
    Asked(
        "grocery_named",
        "43 kinds, no classifier trained",
        "category_level_1",
        "accuracy, plain name",
        floor=0.630,
        by="a network trained for it (official test)",
    ),
    Asked("grocery_named", "R@1, any of the same name", "picture_to_text_duplicates", "R@1"),
    Asked("flipkart_products", "R@10", _SEARCH, "R@10"),
    Asked(
        "flipkart_products",
        "category, no classifier trained",
        "category_level_1",
        "accuracy, templates",
        floor=0.425,
        by="pixels, a classifier trained for it",
    ),
    Asked(
        "clothing_images",
        "10 kinds, never told",
        "category_level_1",
        "accuracy, templates",
        floor=0.780,
        by="a network trained for it (official test)",
    ),
    *(
        Asked(shop, title, "masked_prediction", title, unit="nats")
        for shop, title in (
            ("fashion_products", "hidden words beside the picture"),
            ("fashion_products", "hidden patches beside the text"),
            ("clothing_images", "hidden patches, picture alone"),
            ("text_mercadona_es", "hidden words, text alone"),
        )
    ),
    Asked("fashion_products", "own text preferred, any other", "matching_any", "own text preferred"),
    Asked("fashion_products", "own text preferred, same category", "matching_category", "own text preferred"),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="the folder that holds the data sets")
    parser.add_argument("--work", type=Path, required=True, help="where catalogues and runs go")
    parser.add_argument("--steps", type=int, default=1200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--results", type=Path, help="write the figures into this folder of results")
    options = parser.parse_args()
    paths = {name: str(catalogue(name, data=options.data, work=options.work)) for name in SHOPS}
    pictured = [paths[name] for name in SHOPS if not name.startswith("text_")]
    book = options.work / "long" / "codebook"
    made = carried_out(Job("codebook", "tiny", [*CODEBOOK], pictured, [], str(book), f"{book}.json"))
    run = options.work / "long" / f"flava-{options.steps}-{options.seed}"
    settings = [*SETTINGS, f"codebook={book}", f"steps={options.steps}", f"seed={options.seed}"]
    asked = [paths[name] for name in ASKED]
    found = carried_out(Job("flava", "tiny", settings, list(paths.values()), asked, str(run), f"{run}.json"))
    rows = []
    for each in FIGURES:
        value = found.figures[each.shop].get(each.section, {}).get(each.name)
        base = found.bases[each.shop].get(each.section, {}).get(each.name)
        if value is None:
            continue
        metric = Metric("ours", value, each.unit)
        metrics = [metric] if base is None else [metric, replace(metric, name="knowing nothing", value=base)]
        if each.floor is not None:
            metrics.append(replace(metric, name="floor", value=each.floor))
        rows.append(Row(f"{each.shop}: {each.title}", tuple(metrics)))
        floor = f", floor {100 * each.floor:.1f} % ({each.by})" if each.floor is not None else ""
        print(f"{rows[-1].name}: {metric.shown()}, knowing nothing {base}{floor}")
    seconds = found.cpu_seconds + made.cpu_seconds
    if options.results is not None:
        write_result(_result(rows, seconds=seconds, options=options), folder=options.results)
    shown = {row.name: round(row.metrics[0].value, 4) for row in rows}
    print(json.dumps({"benchmark": "long_run", "steps": options.steps, "cpu_seconds": round(seconds)} | shown))


def _result(rows: list[Row], *, seconds: float, options: argparse.Namespace) -> Result:
    floors = "; ".join(f"{each.shop}, {each.title}: {each.by}" for each in FIGURES if each.floor is not None)
    return Result(
        name="long_run",
        title=f"One run on seven shops ({seconds / 60:.0f} CPU minutes), asked about the val products of each",
        command=f"python -m benchmarks.long_run --data DATA --work WORK --steps {options.steps} --seed {options.seed} "
        "--results results",
        seed=options.seed,
        rows=tuple(rows),
        notes=(
            f"{options.steps} steps of 256 rows, {seconds:.0f} CPU seconds with codebook, codes, tokenizer; one seed.",
            f"Floors are of other means on the same data: {floors}. Ours is one model that was trained for none of "
            "them: its categories come from prompts.",
        ),
    )


if __name__ == "__main__":
    main()
