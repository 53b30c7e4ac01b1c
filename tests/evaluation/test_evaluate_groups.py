"""A run on two domains and two languages, evaluated by each of them; which weights answered, and what chose them."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import trained

from vitrina.catalogue.product import Text
from vitrina.catalogue.store import Catalogue, write_catalogue
from vitrina.data.mixture import Mixture, Stage
from vitrina.evaluation import groups
from vitrina.evaluation.evaluate import evaluate
from vitrina.models.checkpoint import read_metadata, read_tensors, write_tensors
from vitrina.recipes.recipe import Watch
from vitrina.training.load import weights_of
from vitrina.training.run_folder import read_metrics


def make_shop(folder: Path) -> Path:
    """40 training and 32 held-out products; toys state their domain, the others are the folder's."""
    products = []
    for number in range(72):
        plain = trained.product(number, split="train" if number < 40 else "val")
        is_toy = number % 4 == 0
        titles = (Text(plain.titles[0].text, "es" if number % 2 else "en"),)
        changed = {"domain": "toys" if is_toy else None, "titles": titles}
        products.append(replace(plain, **changed, pictures=() if number % 8 == 5 else plain.pictures))
    write_catalogue(folder / "shop", products)
    return folder / "shop"


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    place = tmp_path_factory.mktemp("place")
    shop = make_shop(place)
    trained.trained(trained.codebook(), shop=shop, run=place / "codebook")
    recipe = trained.flava(place / "codebook", "steps=60", "batch_rows=4", "checkpoint_every=30")
    stages = (Stage(0.5, 0.3, 0.3, 0.4, {"shop": 1}), Stage(0.5, 0.3, 0.3, 0.4, {"shop": 1, "toys": 1}))
    trained.trained(replace(recipe, mixture=Mixture(stages=stages)), shop=shop, run=place / "flava")
    return place


@pytest.fixture(scope="module")
def evaluation(place):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(groups, "LEAST", 5)
        return evaluate(place / "flava", catalogue=place / "shop")


def test_a_run_tells_the_domain_of_every_step(place):
    domains = [row["domain"] for row in read_metrics(place / "flava" / "metrics.jsonl")]
    assert set(domains[:30]) == {"shop"}
    assert 10 <= domains[30:].count("toys") <= 20


def test_every_task_of_words_and_pictures_is_measured_by_domain_and_language(evaluation):
    for key in ("text_to_picture_strict", "picture_to_text_duplicates"):
        named = [(group.by, group.name) for group in evaluation.section(key).groups]
        assert named == [("domain", "shop"), ("domain", "toys"), ("language", "en"), ("language", "es")]
    section = evaluation.section("masked_prediction")
    assert {(group.by, group.name) for group in section.groups} == set(named)
    toys = section.group("toys", by="domain")
    shop = section.group("shop", by="domain")
    for group in (toys, shop, section.group("es", by="language")):
        for metric in section.shown(group):
            assert metric.low <= metric.value <= metric.high
            assert metric.base > 0
    assert toys.metric("hidden words beside the picture").base != shop.metric("hidden words beside the picture").base
    assert not [metric for metric in toys.metrics if metric.name == "which text belongs"]


def test_hidden_words_of_all_domains_together_are_those_of_the_whole(evaluation):
    section = evaluation.section("masked_prediction")
    name = "hidden patches beside the text"
    values = [group.metric(name).value for group in section.groups if group.by == "domain"]
    assert min(values) - 0.05 <= section.metric(name).value <= max(values) + 0.05


def test_the_page_and_the_file_hold_the_groups_and_the_losses_by_domain(place, evaluation):
    page = (place / "flava" / "report.html").read_text(encoding="utf-8")
    assert "domain <b>toys</b>" in page and "language <b>es</b>" in page
    assert " by domain</h3>" in page and 'class="series series-2"' in page
    stored = json.loads((place / "flava" / f"evaluation-val-{evaluation.catalogue_digest[:8]}.json").read_text())
    section = next(each for each in stored["sections"] if each["key"] == "text_to_picture_strict")
    assert [each["name"] for each in section["groups"] if each["by"] == "domain"] == ["shop", "toys"]
    assert "toys (" in evaluation.text() and max(map(len, evaluation.text().splitlines())) <= 100


def test_a_group_without_a_second_text_for_two_segments_leaves_the_others_measured(place, tmp_path, monkeypatch):
    monkeypatch.setattr(groups, "LEAST", 5)
    recipe = trained.flava(place / "codebook", "corruption.itm=segments")
    run = trained.trained(recipe, shop=place / "shop", run=tmp_path / "run")
    held = Catalogue.open(place / "shop").read(np.arange(40, 72))
    alike = [replace(each, titles=(Text("one toy", "en"),), group="g") if each.domain else each for each in held]
    write_catalogue(tmp_path / "alike", alike)
    section = evaluate(run, catalogue=tmp_path / "alike", out=tmp_path).section("masked_prediction")
    name = "hidden words beside the picture"
    assert section.group("alike", by="domain").metric(name).value > 0
    assert name not in [metric.name for group in section.groups if group.name == "toys" for metric in group.metrics]


def test_groups_of_few_products_are_named_instead(place, tmp_path):
    found = evaluate(place / "flava", catalogue=place / "shop", out=tmp_path)
    assert not any(section.groups for section in found.sections)
    notes = [note for note in found.notes if "no figures are shown by" in note]
    assert len(notes) == 2 and "shop (24), toys (8)" in notes[0] and "en (16), es (16)" in notes[1]


def test_an_evaluation_ends_with_the_runs_card(place, evaluation):
    assert evaluation.split in (place / "flava" / "README.md").read_text(encoding="utf-8")


def test_an_earlier_version_of_the_catalogue_can_be_asked_about(place, tmp_path):
    shutil.copytree(place / "shop", tmp_path / "shop")
    before = Catalogue.open(tmp_path / "shop")
    write_catalogue(tmp_path / "shop", [trained.product(999, split="val")])
    now = evaluate(place / "flava", catalogue=tmp_path / "shop", out=tmp_path / "now")
    then = evaluate(place / "flava", catalogue=tmp_path / "shop", version=before.digest[:10], out=tmp_path / "then")
    assert (now.products, then.products) == (33, 32)
    assert then.catalogue_digest == before.digest
    assert any(f"version {before.digest[:12]}" in note for note in then.notes)
    with pytest.raises(ValueError, match="version"):
        evaluate(place / "flava", catalogue=tmp_path / "shop", version="0123456789")


def test_other_weights_of_a_run_answer_in_their_own_folder(place, evaluation, tmp_path):
    weights = weights_of(place / "flava")
    tensors = {name: tensor * 0.5 for name, tensor in read_tensors(weights).items()}
    write_tensors(tmp_path / "half.safetensors", tensors=tensors, metadata=read_metadata(weights))
    found = evaluate(place / "flava", catalogue=place / "shop", weights=tmp_path / "half.safetensors")
    assert found.model_digest != evaluation.model_digest
    assert (tmp_path / "half" / "report.html").is_file()
    assert "those of half.safetensors" in (tmp_path / "half" / "report.html").read_text(encoding="utf-8")
    with pytest.raises(ValueError, match="no weights file"):
        evaluate(place / "flava", catalogue=place / "shop", weights=tmp_path / "none.safetensors")
    other = weights_of(place / "codebook")
    with pytest.raises(ValueError, match="a model of another shape"):
        evaluate(place / "flava", catalogue=place / "shop", weights=other)


def test_products_that_chose_the_weights_are_told_from_others(place, tmp_path):
    watch = Watch(metric="text_to_picture", every=1, patience=1)
    recipe = replace(trained.clip(), steps=30, watch=watch)
    run = trained.trained(recipe, shop=place / "shop", run=tmp_path / "watched")
    found = evaluate(run, catalogue=place / "shop")
    looks = [json.loads(line) for line in (run / "watch.jsonl").read_text().splitlines()]
    best = [look["step"] for look in looks if look["is_best"]][-1]
    assert found.step == best == int(read_metadata(run / "best.safetensors")["step"])
    assert len(looks) < 30, "patience of one look ends a run of random figures"
    assert any("These products chose the weights" in note for note in found.notes)
    assert any("watch ended it after" in note for note in found.notes)
    assert not any("is at step" in note for note in found.notes)
    elsewhere = Catalogue.open(place / "shop")
    write_catalogue(tmp_path / "other", elsewhere.read(np.arange(40, len(elsewhere) - 1)))
    other = evaluate(run, catalogue=tmp_path / "other", out=tmp_path)
    assert not any("chose the weights" in note for note in other.notes)
