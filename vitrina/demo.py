"""The whole road in a few minutes: a generated catalogue, a codebook, FLAVA, its figures, three searches."""

import time
from pathlib import Path

import numpy as np
from tqdm import tqdm

from vitrina import recipes
from vitrina.catalogue.sample import write_sample
from vitrina.catalogue.store import Catalogue
from vitrina.evaluation.evaluate import evaluate
from vitrina.index.index import search
from vitrina.recipes.recipe import Recipe, with_settings
from vitrina.training.loop import Outcome, resume, train
from vitrina.training.run_folder import is_run

PRODUCTS = 2000
QUERIES = ("red dress", "zapatillas azules")

# Patches of 16 px: a quarter of the tokens, so that minutes are enough; the codebook's grid is as coarse.
CODEBOOK = ("steps=1500", "precision=bf16", "model.size_px=32")
FLAVA = (
    "steps=320",
    "precision=bf16",
    "model.image.patch_px=16",
    "model.image.layers=2",
    "checkpoint_every=100",
    "corruption.fused_share=0.25",
    "corruption.itm_negative_share=0.5",
    "ema_decay=0.98",
)


def demo(out: Path) -> Path:
    """Walk the road below the folder `out` and return the report to look at.

    What an earlier call finished is kept, what it left half done goes on. Raises ValueError where `out` holds something
    else.
    """
    start = time.monotonic()
    catalogue = _catalogue(out / "catalogue")
    _say(f"1/5  {len(catalogue):,} generated products in {catalogue.path}: pictures, English and Spanish, with gaps")

    _say("2/5  An image codebook: pictures become codes that FLAVA can guess")
    codebook = out / "codebook"
    _trained(with_settings(recipes.codebook("tiny"), CODEBOOK), catalogue=catalogue, run=codebook)

    _say("3/5  FLAVA from scratch on texts, pictures and pairs (.15 / .15 / .70); beside each loss, a blind guess's")
    run = out / "flava"
    settings = [*FLAVA, f"codebook={codebook}"]
    _trained(with_settings(recipes.flava("tiny"), settings), catalogue=catalogue, run=run)

    _say("4/5  What it learnt, on products that it never saw")
    _say(evaluate(run, catalogue=catalogue.path, split="val").text())

    _say("5/5  Three searches: English, Spanish, by picture")
    for query in QUERIES:
        _say(search(run, catalogue=catalogue.path, text=query, top=5).text())
    picture = out / "query.jpg"
    picture.write_bytes(_held_out_picture(catalogue))
    _say(search(run, catalogue=catalogue.path, image=picture, top=5).text())

    report = run / "report.html"
    _say(f"Open {report} to look. {time.monotonic() - start:.0f} seconds in all; run it again and it only searches.")
    return report


def _catalogue(path: Path) -> Catalogue:
    if path.exists():
        return Catalogue.open(path)
    return write_sample(path, products=PRODUCTS, seed=0)


def _trained(recipe: Recipe, *, catalogue: Catalogue, run: Path) -> Outcome:
    outcome = resume(run) if is_run(run) else train(recipe, catalogues=[catalogue.path], run=run)
    if not outcome.is_finished:
        raise KeyboardInterrupt  # stopped by Ctrl-C or SIGTERM: what there is has been saved
    return outcome


def _held_out_picture(catalogue: Catalogue) -> bytes:
    facts = catalogue.facts()
    is_held_out = np.asarray(facts["split"].to_numpy(zero_copy_only=False)) == "val"
    has_picture = facts["picture_count"].to_numpy() > 0
    row = int(np.flatnonzero(is_held_out & has_picture)[0])
    return catalogue[row].pictures[0]


def _say(words: str) -> None:
    tqdm.write(f"\n{words}")
