"""What a CLIP trained on a shop is asked: search, labels by prompts and by a linear probe, names it was never shown."""

from collections.abc import Collection, Sequence
from pathlib import Path

from vitrina.catalogue.product import Product
from vitrina.catalogue.store import Catalogue
from vitrina.evaluation import measure
from vitrina.evaluation.evaluation import Section
from vitrina.evaluation.heldout import held_out
from vitrina.evaluation.heldout_classes import heldout_sections
from vitrina.evaluation.prompted import classification
from vitrina.evaluation.remembered import Remembered
from vitrina.evaluation.tagging import tagger_section
from vitrina.tasks.abilities import EmbedsBoth
from vitrina.tasks.fields import Field
from vitrina.training.load import load

Figures = dict[str, dict[str, float]]
"""By section, by name; what knowing nothing reaches stands beside each under `NAME, base`."""

KNOWN = "train"


def ask(run: Path, *, catalogue: Path, search: bool, fields: Sequence[Field], probed: bool) -> Figures:
    """A run's figures on the val products of a catalogue; the probe learns from its training products."""
    model = _model(run)
    opened = Catalogue.open(catalogue)
    asked = held_out(opened, split="val", seed=0)
    found: Figures = {}
    if search:
        answers = measure.retrieve(model, products=asked.products, domains=asked.domains)
        for section in measure.retrieval_sections(model, found=answers, seed=0):
            found[section.key] = _plain(section)
    for field in fields:
        section, _ = classification(model, products=asked.products, domains=asked.domains, field=field, seed=0)
        found[str(field)] = _plain(section)
    for field in fields if probed else ():
        section = tagger_section(
            model, known=_training(opened), asked=asked.products, field=field, seed=0, mode="probe", use="picture"
        )
        found[f"probe {field}"] = _plain(section)
    return found


def ask_unshown(run: Path, *, catalogue: Path, field: Field, classes: Collection[str]) -> Figures:
    """A run that never met some classes, asked about them alone and among all."""
    products = held_out(Catalogue.open(catalogue), split="val", seed=0).products
    sections = heldout_sections(_model(run), products=products, field=field, classes=classes, seed=0)
    alone, among = sections
    return {"alone": _plain(alone), "among all": _plain(among)}


def _model(run: Path) -> Remembered:
    model = load(run)
    assert isinstance(model, EmbedsBoth), f"{run} embeds nothing"
    return Remembered(model)


def _training(opened: Catalogue) -> list[Product]:
    """Every training product; `held_out` would draw some of them."""
    splits = opened.facts()["split"].to_pylist()
    return opened.read([row for row, split in enumerate(splits) if split == KNOWN])


def _plain(section: Section) -> dict[str, float]:
    figures = {metric.name: metric.value for metric in section.metrics}
    return figures | {f"{metric.name}, base": metric.base for metric in section.metrics if metric.base is not None}
