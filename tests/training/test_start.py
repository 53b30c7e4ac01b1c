"""A run that starts from another run."""

import json
import logging
import shutil

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

import vitrina
from vitrina import recipes
from vitrina.models.checkpoint import read_metadata
from vitrina.models.clip import Clip
from vitrina.models.flava import Flava, FlavaConfig
from vitrina.recipes.recipe import with_settings
from vitrina.training.files import TrainingError
from vitrina.training.load import weights_of
from vitrina.training.loop import resume
from vitrina.training.prepare import look_over
from vitrina.training.run_folder import RunFolder
from vitrina.training.start import adapted, read_record, read_start

from .little import (
    COMMON,
    assert_same_run,
    final_state,
    little_clip,
    little_codebook,
    little_flava,
    picture,
    read_json,
    whole_flava,
)
from .starting import MACHINE, begin, first, lay_out

TEXTS = ["red mug", "lámpara azul nº 3", "camiseta XL-40"]


def test_before_its_first_step_a_run_answers_as_its_source_does(tmp_path, catalogue, clip):
    record = lay_out(little_clip(), catalogue, tmp_path / "run", init=clip)
    source, start = vitrina.load(clip), vitrina.load(tmp_path / "run" / "start.safetensors")
    assert isinstance(source, Clip) and isinstance(start, Clip)
    assert np.array_equal(source.embed_texts(TEXTS), start.embed_texts(TEXTS))
    assert np.array_equal(source.embed_images([picture(1)]), start.embed_images([picture(1)]))
    assert record.fresh == record.left_over == record.resized == ()
    assert set(record.taken) == source.state_dict().keys()
    assert (tmp_path / "run" / "tokenizer.json").read_bytes() == (clip / "tokenizer.json").read_bytes()


def test_the_recipe_becomes_what_the_weights_need_and_the_log_says_what_changed(tmp_path, catalogue, clip, caplog):
    other = little_clip("model.image.width=32", "model.text.layers=2", "max_tokens=20", "optim.lr=0.01")
    with caplog.at_level(logging.INFO):
        record = lay_out(other, catalogue, tmp_path / "run", init=clip)
    recipe, source = RunFolder(tmp_path / "run").recipe, RunFolder(clip).recipe
    assert recipe.model == source.model and recipe.max_tokens == 16 and recipe.vocabulary == source.vocabulary
    assert recipe.optim.lr == 0.01
    assert recipe.start == record.origin == str(clip)
    assert f"starts from {clip}, a run of a Clip" in caplog.text
    assert "fresh: nothing; left over: nothing" in caplog.text
    assert "model.image.width 32 -> 16, model.text.layers 2 -> 1" in caplog.text
    assert {each.name: (each.before, each.after) for each in record.changed}["max_tokens"] == ("20", "16")


def test_fitting_a_recipe_first_says_what_that_changed_and_the_run_does_not_say_it_changed_more(
    tmp_path, catalogue, clip, caplog
):
    with caplog.at_level(logging.INFO):
        recipe = adapted(little_clip("model.image.width=32"), init=str(clip))
        record = lay_out(recipe, catalogue, tmp_path / "run", init=clip)
    assert f"settings of {clip}: model.image.width 32 -> 16" in caplog.text
    assert record.changed == () and not any("settings changed" in line for line in record.lines())


def test_a_flava_takes_the_towers_of_a_clip(tmp_path, catalogue, clip):
    record = lay_out(little_flava(), catalogue, tmp_path / "run", init=clip)
    assert {name.partition(".")[0] for name in record.taken} == {
        *("image", "text", "image_projection", "text_projection", "logit_scale")
    }
    heads = {"mlm_head", "mim_head", "mmm_text_head", "mmm_image_head", "itm_head"}
    assert {name.partition(".")[0] for name in record.fresh} == {"multimodal", *heads}
    source, start = vitrina.load(clip), vitrina.load(tmp_path / "run" / "start.safetensors")
    assert isinstance(source, Clip) and isinstance(start, Flava)
    assert np.array_equal(source.embed_texts(TEXTS), start.embed_texts(TEXTS))
    assert np.array_equal(source.embed_images([picture(1)]), start.embed_images([picture(1)]))


def test_a_clip_takes_the_towers_of_a_flava(tmp_path, catalogue):
    begin(little_flava("steps=1"), catalogue, tmp_path / "flava")
    record = lay_out(little_clip(), catalogue, tmp_path / "run", init=tmp_path / "flava")
    assert record.fresh == ()
    assert {name.partition(".")[0] for name in record.left_over} >= {"multimodal", "itm_head", "mlm_head"}
    source, start = vitrina.load(tmp_path / "flava"), vitrina.load(tmp_path / "run" / "start.safetensors")
    assert isinstance(source, Flava) and isinstance(start, Clip)
    assert np.array_equal(source.embed_texts(TEXTS), start.embed_texts(TEXTS))


def test_one_weights_file_of_a_run_is_a_source_too(tmp_path, catalogue, clip):
    weights = tmp_path / "elsewhere.safetensors"
    shutil.copy(weights_of(clip), weights)
    record = lay_out(little_clip(), catalogue, tmp_path / "run", init=weights)
    assert record.origin == str(weights) and record.kind == "weights of a run of a Clip"
    wanted = load_file(weights)
    assert all(torch.equal(each, wanted[name]) for name, each in first(tmp_path / "run").items())


def test_fresh_parts_are_a_function_of_the_seed(tmp_path, catalogue, clip):
    for name, seed in (("one", 0), ("same", 0), ("other", 1)):
        lay_out(little_flava(f"seed={seed}"), catalogue, tmp_path / name, init=clip)
    one, same, other = (first(tmp_path / name) for name in ("one", "same", "other"))
    assert all(torch.equal(each, same[name]) for name, each in one.items())
    assert not torch.equal(one["multimodal.cls"], other["multimodal.cls"])
    assert torch.equal(one["image.cls"], other["image.cls"])


def test_what_is_set_after_fitting_stands_and_positions_are_resized(tmp_path, catalogue, clip):
    recipe = adapted(little_clip(), init=str(clip))
    recipe = with_settings(recipe, ["geometry.size_px=32", "max_tokens=12", "geometry.fit=crop"])
    record = lay_out(recipe, catalogue, tmp_path / "run", init=clip)
    assert record.resized == ("image.positions",)
    assert first(tmp_path / "run")["image.positions"].shape == (1, 17, 16)
    run = RunFolder(tmp_path / "run").recipe
    assert (run.geometry.size_px, run.geometry.fit, run.max_tokens) == (32, "crop", 12)
    model = vitrina.load(tmp_path / "run" / "start.safetensors")
    assert isinstance(model, Clip)
    assert np.isfinite(model.embed_images([picture(1)])).all()


def test_early_fusion_too_starts_at_another_size_of_pictures(tmp_path, catalogue):
    sizes = ("geometry.size_px=16", "model.image.width=16", "model.text.width=16", "model.trunk.width=16")
    recipe = with_settings(recipes.early_fusion("tiny"), [*COMMON, *sizes, "model.trunk.layers=1", "steps=1"])
    source = begin(recipe, catalogue, tmp_path / "source")
    larger = with_settings(adapted(recipe, init=str(source)), ["geometry.size_px=32"])
    record = lay_out(larger, catalogue, tmp_path / "run", init=source)
    assert record.resized == ("image.positions",) and record.fresh == ()
    assert first(tmp_path / "run")["image.positions"].shape == (1, 17, 16)


def test_a_setting_that_contradicts_the_weights_is_an_error_that_says_both(tmp_path, catalogue, clip):
    recipe = with_settings(adapted(little_clip(), init=str(clip)), ["model.text.layers=3", "model.image.patch_px=4"])
    with pytest.raises(
        ValueError,
        match=r"model\.image\.patch_px is 4 where they need 8, model\.text\.layers is 3 where they need 1",
    ):
        look_over(recipe, catalogues=[catalogue], init=str(clip))


def test_a_recipe_that_names_its_start_needs_no_other_word(tmp_path, catalogue, clip):
    recipe = adapted(little_clip(), init=str(clip))
    new = look_over(recipe, catalogues=[catalogue])
    assert new.start is not None and new.recipe.start == str(clip)
    assert look_over(little_clip(), catalogues=[catalogue]).start is None


def test_a_run_goes_on_without_its_source_before_its_first_checkpoint_too(tmp_path, catalogue, clip):
    source = tmp_path / "source"
    shutil.copytree(clip, source)
    recipe = little_flava("steps=4", "checkpoint_every=2", "optim.layer_decay=0.7")
    begin(recipe, catalogue, tmp_path / "whole", init=source)
    lay_out(recipe, catalogue, tmp_path / "run", init=source)
    shutil.rmtree(source)
    assert resume(tmp_path / "run", machine=MACHINE).is_finished
    assert_same_run(tmp_path / "run", tmp_path / "whole")
    parted = tmp_path / "parted"
    shutil.copytree(tmp_path / "whole", parted)
    shutil.rmtree(parted / "checkpoints" / "step-00000004")
    (parted / "start.safetensors").write_bytes(b"no longer needed")
    assert resume(parted, machine=MACHINE).is_finished
    assert_same_run(parted, tmp_path / "whole")


def test_first_weights_that_are_damaged_or_gone_are_never_used(tmp_path, catalogue, clip):
    lay_out(little_clip(), catalogue, tmp_path / "run", init=clip)
    path, run = tmp_path / "run" / "start.safetensors", tmp_path / "run"
    content = bytearray(path.read_bytes())
    content[-2] ^= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"start\.safetensors is missing or not what was written"):
        resume(run, machine=MACHINE)
    path.unlink()
    with pytest.raises(ValueError, match=rf"start a new run by `--init {clip}`"):
        read_start(run)
    (run / "start.json").write_text("{}")
    with pytest.raises(ValueError, match=r"start\.json is missing or damaged"):
        read_record(run)


def test_a_run_that_was_killed_while_it_was_made_is_made_again(tmp_path, catalogue, clip):
    lay_out(little_clip(), catalogue, tmp_path / "run", init=clip)
    (tmp_path / "run" / "recipe.json").unlink()
    begin(little_clip("steps=1"), catalogue, tmp_path / "run")
    assert RunFolder(tmp_path / "run").recipe.start is None
    assert "logit_scale" in final_state(tmp_path / "run")["model"]


def test_a_full_disk_is_said_in_words_and_leaves_no_run(tmp_path, catalogue, clip, monkeypatch):
    def full(path, *, tensors, metadata):
        raise OSError("no space left on device")

    monkeypatch.setattr("vitrina.training.start.weights.write_tensors", full)
    with pytest.raises(TrainingError, match=r"the first weights could not be written to .*no space left"):
        begin(little_clip(), catalogue, tmp_path / "run", init=clip)
    monkeypatch.undo()
    begin(little_clip("steps=1"), catalogue, tmp_path / "run", init=clip)
    assert read_record(tmp_path / "run").fresh == ()


@pytest.fixture
def flava(tmp_path, catalogue, codebook):
    return begin(whole_flava(codebook, "steps=1"), catalogue, tmp_path / "flava")


def test_image_heads_are_taken_with_the_same_codes_and_begin_anew_with_others(tmp_path, catalogue, codebook, flava):
    recipe = whole_flava(codebook, "steps=1")
    assert lay_out(recipe, catalogue, tmp_path / "same", init=flava).fresh == ()

    begin(little_codebook("steps=2", "seed=5"), catalogue, tmp_path / "as many")
    begin(little_codebook("steps=1", "model.levels=4,4"), catalogue, tmp_path / "more")
    for name, codes in (("as many", 12), ("more", 16)):
        run = tmp_path / f"run {name}"
        record = lay_out(whole_flava(tmp_path / name, "steps=1"), catalogue, run, init=flava)
        assert set(record.fresh) == {
            f"{head}.classes.{part}" for head in ("mim_head", "mmm_image_head") for part in ("weight", "bias")
        }
        assert "image codes are another codebook's" in record.notes[0]
        model = RunFolder(run).recipe.model
        assert isinstance(model, FlavaConfig) and model.codes == codes
        assert len(first(run)["mim_head.classes.weight"]) == codes


def test_a_weights_file_does_not_say_whose_codes_it_learnt(tmp_path, catalogue, codebook, flava):
    record = lay_out(whole_flava(codebook, "steps=1"), catalogue, tmp_path / "run", init=weights_of(flava))
    assert record.fresh == () and "does not say whose codes it learnt" in record.notes[0]


def test_a_codebook_starts_from_a_codebook_and_from_nothing_else(tmp_path, catalogue, codebook, clip):
    record = lay_out(little_codebook("model.width=64"), catalogue, tmp_path / "run", init=codebook)
    assert record.fresh == () and read_json(tmp_path / "run" / "recipe.json")["model"]["width"] == 32
    with pytest.raises(ValueError, match=r"nothing of .*, a run of a Clip, fits a Codebook"):
        look_over(little_codebook(), catalogues=[catalogue], init=str(clip))
    with pytest.raises(ValueError, match=r"nothing of .*, a run of a Codebook, fits a Clip"):
        look_over(little_clip(), catalogues=[catalogue], init=str(codebook))


def test_a_codebook_of_another_grid_is_refused_before_a_run_is_made(tmp_path, catalogue, codebook):
    begin(little_clip("model.image.patch_px=4", "steps=1"), catalogue, tmp_path / "finer")
    with pytest.raises(ValueError, match="gives 4 codes a picture where the model has 16 patches"):
        begin(whole_flava(codebook), catalogue, tmp_path / "run", init=tmp_path / "finer")
    assert not (tmp_path / "run").exists()


def test_what_nothing_can_start_from_is_said_in_words(tmp_path, catalogue, clip):
    def start(source):
        return look_over(little_clip(), catalogues=[catalogue], init=str(source))

    save_file({"a": torch.zeros(1)}, tmp_path / "foreign.safetensors")
    with pytest.raises(ValueError, match=r"foreign\.safetensors is no file of a Vitrina run"):
        start(tmp_path / "foreign.safetensors")
    with pytest.raises(ValueError, match=r"config\.json is missing"):
        start(tmp_path)
    with pytest.raises(ValueError, match="neither a folder nor a checkpoint"):
        start(tmp_path / "missing")
    shutil.copytree(clip, tmp_path / "empty", ignore=shutil.ignore_patterns("checkpoints"))
    with pytest.raises(ValueError, match=r"there is no weights file .*missing\.safetensors"):
        start(tmp_path / "missing.safetensors")
    with pytest.raises(ValueError, match=f"is a checkpoint inside a run: name the run, {clip}"):
        start(next((clip / "checkpoints").iterdir()))
    with pytest.raises(ValueError, match="has no checkpoint yet"):
        start(tmp_path / "empty")
    shutil.copytree(clip, tmp_path / "torn")
    (tmp_path / "torn" / "recipe.json").unlink()
    with pytest.raises(ValueError, match=r"torn is not a run \(it has no recipe\.json\)"):
        start(tmp_path / "torn")


def test_a_tokenizer_that_cannot_hide_words_is_refused_before_a_run_is_made(tmp_path, catalogue, clip):
    source = tmp_path / "source.safetensors"
    weights = weights_of(clip)
    about = read_metadata(weights)
    tokenizer = json.dumps(json.loads(about["tokenizer"])).replace("[MASK]", "[COVER]")
    save_file(load_file(weights), source, metadata=about | {"tokenizer": tokenizer})
    with pytest.raises(ValueError, match="has no mask token"):
        begin(little_flava(), catalogue, tmp_path / "run", init=source)
    assert not (tmp_path / "run").exists()
    lay_out(little_clip(), catalogue, tmp_path / "run", init=source)
