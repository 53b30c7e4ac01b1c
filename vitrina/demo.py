"""The whole road in a few minutes: a generated catalogue, a codebook, FLAVA, its figures, three searches."""

import time
from dataclasses import dataclass
from pathlib import Path

from vitrina import recipes
from vitrina.catalogue.product import Product
from vitrina.catalogue.sample import write_sample
from vitrina.catalogue.store import Catalogue
from vitrina.evaluation.evaluate import evaluate
from vitrina.index.search import search
from vitrina.recipes.recipe import Recipe, with_settings
from vitrina.training.loop import resume, train

PRODUCTS = 2000
QUERIES = ("red dress", "zapatillas azules")


@dataclass(frozen=True)
class Demo:
    """Where the demo's road leads: a report to open."""

    report: Path


def demo(out: Path) -> Demo:
    """Walk the road below the folder `out`; what an earlier call finished is kept, what it left half done goes on."""
    start = time.monotonic()
    catalogue = _catalogue(out / "catalogue")
    _say(f"1/5  {len(catalogue)} generated products in {catalogue.path}")

    _say("2/5  an image codebook: pictures become words that FLAVA can guess")
    codebook = out / "codebook"
    _trained(recipes.codebook("tiny"), settings=["steps=400"], catalogue=catalogue.path, run=codebook)

    _say("3/5  FLAVA, from scratch, on texts, pictures and pairs (.15 / .15 / .70)")
    run = out / "flava"
    _trained(
        recipes.flava("tiny"), settings=["steps=300", f"codebook={codebook}"], catalogue=catalogue.path, run=run
    )

    _say("4/5  what it learnt, on products that it never saw")
    _say(evaluate(run, catalogue=catalogue.path, split="val").text())

    _say("5/5  three searches")
    for query in QUERIES:
        _say(search(run, catalogue=catalogue.path, text=query, top=5).text())
    picture = out / "query.jpg"
    picture.write_bytes(_held_out_picture(catalogue).pictures[0])
    _say(search(run, catalogue=catalogue.path, image=picture, top=5).text())

    report = run / "report.html"
    _say(f"Open {report} to look. {time.monotonic() - start:.0f} seconds in all.")
    return Demo(report)
