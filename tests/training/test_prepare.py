"""What a run asks of its catalogues and its codebook, before and when it goes on."""

import json
import shutil
from pathlib import Path

import pytest

from vitrina.catalogue.product import Product, Text
from vitrina.catalogue.store import write_catalogue
from vitrina.training.checkpoints import steps_in
from vitrina.training.loop import resume, train
from vitrina.training.machine import Machine
from vitrina.training.run_folder import RunFolder

from .little import figures, little_clip, little_codebook, little_flava, picture, read_json, shop, whole_flava


def begin(recipe, catalogue: Path, run: Path) -> None:
    train(recipe, catalogues=[catalogue], run=run, machine=Machine(workers=0, device="cpu"))


def test_the_run_says_what_it_learned_from(tmp_path, catalogue, codebook):
    begin(whole_flava(codebook, "steps=2"), catalogue, tmp_path / "run")
    data = read_json(tmp_path / "run" / "data.json")
    assert data["sources"] == {"text": 10, "image": 10, "pair": 30}
    assert data["catalogues"][0]["path"] == str(catalogue)
    assert data["catalogues"][0]["products"] == 56
    recipe = RunFolder(tmp_path / "run").recipe
    assert recipe.model.codes == 12  # the codebook's, not the recipe's nominal number
    tokenizer = RunFolder(tmp_path / "run").tokenizer()
    assert tokenizer is not None and tokenizer.get_vocab_size() == recipe.vocabulary == recipe.model.text.vocabulary


def test_all_six_losses_are_trained(tmp_path, catalogue, codebook):
    begin(whole_flava(codebook, "steps=20", "checkpoint_every=20"), catalogue, tmp_path / "run")
    seen = set().union(*(row["chance"] for row in figures(tmp_path / "run")))
    assert seen == {"mlm", "mim", "mmm_text", "mmm_image", "itm", "itc"}


def test_held_out_texts_are_not_in_the_tokenizer(tmp_path):
    products = [Product(id=str(n), titles=(Text("mug mug"),), pictures=(picture(n),)) for n in range(9)]
    secret = [
        Product(id=f"v{n}", titles=(Text("zyzzyva zyzzyva"),), pictures=(picture(n),), split="val") for n in range(9)
    ]
    write_catalogue(tmp_path / "shop", products + secret)
    begin(little_clip("steps=1"), tmp_path / "shop", tmp_path / "run")
    tokenizer = RunFolder(tmp_path / "run").tokenizer()
    assert tokenizer is not None
    assert len(tokenizer.encode("mug").tokens) == 3
    assert len(tokenizer.encode("zyzzyva").tokens) > 5


def test_a_codebook_learns_from_pictures_with_and_without_texts(codebook):
    assert read_json(codebook / "data.json")["sources"] == {"image": 40}
    assert not (codebook / "tokenizer.json").exists()


def test_codes_are_computed_once_for_all_runs_of_a_codebook(tmp_path, catalogue, codebook):
    private = tmp_path / "codebook"
    shutil.copytree(codebook, private, ignore=shutil.ignore_patterns("codes"))
    for run in ("a", "b"):
        begin(whole_flava(private, "steps=1"), catalogue, tmp_path / run)
    assert len(list((private / "codes").iterdir())) == 1


@pytest.mark.parametrize(
    ("codebook_setting", "words"),
    [
        ("none", r"no codebook is named: train one by `vitrina train codebook CATALOGUE --run CODEBOOK`"),
        ("{tmp}/missing", r"there is no codebook .*missing: `vitrina train codebook CATALOGUE --run .*missing` trains"),
        ("{dual}", r"is a run of another model, not of a codebook"),
    ],
)
def test_a_missing_codebook_is_said_with_its_command(tmp_path, catalogue, clip, codebook_setting, words):
    setting = codebook_setting.format(tmp=tmp_path, dual=clip)
    with pytest.raises(ValueError, match=words):
        begin(whole_flava(tmp_path, f"codebook={setting}"), catalogue, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_codebook_of_another_grid_is_refused(tmp_path, catalogue, codebook):
    recipe = whole_flava(codebook, "geometry.size_px=24")
    with pytest.raises(ValueError, match="gives 4 codes a picture where the model has 9 patches"):
        begin(recipe, catalogue, tmp_path / "run")


def test_kinds_that_no_product_gives_are_said_and_done_without(tmp_path, caplog):
    products = [Product(id=str(n), titles=(Text(f"mug {n}"),)) for n in range(12)]
    write_catalogue(tmp_path / "shop", products)
    begin(little_flava("steps=2"), tmp_path / "shop", tmp_path / "run")
    assert "No training product gives pair batches" in caplog.text
    assert {row["kind"] for row in figures(tmp_path / "run")} == {"text"}


def test_a_catalogue_that_cannot_serve_a_recipe_is_refused_before_anything_is_written(tmp_path):
    write_catalogue(tmp_path / "shop", [Product(id="1", titles=(Text("mug"),))])
    with pytest.raises(ValueError, match="asks for pair batches only"):
        begin(little_clip(), tmp_path / "shop", tmp_path / "run")
    with pytest.raises(ValueError, match="asks for image batches only"):
        begin(little_codebook(), tmp_path / "shop", tmp_path / "run")
    with pytest.raises(ValueError, match="is not a catalogue"):
        begin(little_clip(), tmp_path / "nowhere", tmp_path / "run")
    assert not (tmp_path / "run").exists()


def stopped(run: Path, source: Path) -> Path:
    """A copy of a finished run as it stood at its first checkpoint."""
    shutil.copytree(source, run)
    for step in steps_in(run / "checkpoints")[1:]:
        shutil.rmtree(run / "checkpoints" / f"step-{step:08d}")
    return run


def test_a_catalogue_that_moved_is_found_again_by_its_record(tmp_path):
    catalogue = shop(tmp_path)
    begin(little_clip(), catalogue, tmp_path / "whole")
    run = stopped(tmp_path / "run", tmp_path / "whole")
    catalogue.rename(tmp_path / "moved")
    with pytest.raises(ValueError, match=r"if it moved, write where it is now into .*data\.json"):
        resume(run, machine=Machine(device="cpu"))
    data = read_json(run / "data.json")
    data["catalogues"][0]["path"] = str(tmp_path / "moved")
    (run / "data.json").write_text(json.dumps(data), encoding="utf-8")
    assert resume(run, machine=Machine(device="cpu")).is_finished
    assert figures(run) == figures(tmp_path / "whole")


def test_a_codebook_that_changed_since_is_refused(tmp_path, catalogue, codebook):
    private = tmp_path / "codebook"
    shutil.copytree(codebook, private, ignore=shutil.ignore_patterns("codes"))
    begin(whole_flava(private), catalogue, tmp_path / "whole")
    run = stopped(tmp_path / "run", tmp_path / "whole")
    shutil.rmtree(private)
    begin(little_codebook("steps=2", "seed=5"), catalogue, private)
    with pytest.raises(ValueError, match=r"the codebook .* has changed since"):
        resume(run, machine=Machine(device="cpu"))


def test_a_plan_that_another_version_made_is_refused(tmp_path, clip):
    run = stopped(tmp_path / "run", clip)
    data = read_json(run / "data.json") | {"plan": "0"}
    (run / "data.json").write_text(json.dumps(data), encoding="utf-8")
    with pytest.raises(ValueError, match="planned by another version"):
        resume(run, machine=Machine(device="cpu"))


def test_a_folder_that_is_no_run_cannot_be_resumed(tmp_path):
    with pytest.raises(ValueError, match="is not a run"):
        resume(tmp_path, machine=Machine(device="cpu"))
