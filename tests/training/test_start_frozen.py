"""Towers that stay as they start, and parts that learn faster than others."""

import pytest
import torch

from vitrina.models.codebook import CodebookConfig
from vitrina.training.engine import open_engine
from vitrina.training.prepare import look_over, open_session
from vitrina.training.run_folder import RunFolder

from .little import final_state, little_clip, little_codebook, little_flava, whole_flava
from .starting import begin, first, lay_out


@pytest.mark.parametrize("tower", ["image", "text"])
def test_a_frozen_tower_stays_and_what_stands_on_it_learns(tmp_path, catalogue, clip, tower):
    run = tmp_path / "run"
    begin(little_clip(f"frozen={tower}", "ema_decay=0.9", "steps=3"), catalogue, run, init=clip)
    before, after = first(run), final_state(run)
    for name, tensor in before.items():
        is_same = [torch.equal(tensor, after[file][name]) for file in ("model", "ema")]
        if name.startswith(f"{tower}."):
            assert is_same == [True, True], name
    assert not torch.equal(
        before[f"{tower}_projection.linear.weight"], after["model"][f"{tower}_projection.linear.weight"]
    )
    other = {"image": "text", "text": "image"}[tower]
    assert not torch.equal(before[f"{other}.norm.weight"], after["model"][f"{other}.norm.weight"])
    moved = {name.partition(".")[2] for name in after["optimizer"]}
    assert not any(name.startswith(f"{tower}.") for name in moved)
    assert f"{tower}_projection.linear.weight" in moved and f"{other}.norm.weight" in moved


def test_both_towers_of_a_flava_may_be_frozen_whatever_kind_of_batch_comes(tmp_path, catalogue, codebook, clip):
    recipe = whole_flava(codebook, "frozen=image,text", "steps=10", "checkpoint_every=10")
    run = begin(recipe, catalogue, tmp_path / "run", init=clip)
    before, after = first(run), final_state(run)["model"]
    changed = {name.partition(".")[0] for name, each in before.items() if not torch.equal(each, after[name])}
    assert changed >= {"multimodal", "mlm_head", "mim_head", "itm_head", "image_projection", "logit_scale"}
    assert not changed & {"image", "text"}


def test_no_gradient_is_computed_through_a_frozen_tower(tmp_path, catalogue, clip):
    lay_out(little_clip("frozen=image"), catalogue, tmp_path / "run", init=clip)
    with open_engine("cpu") as machine:
        session = open_session(RunFolder(tmp_path / "run"), machine=machine, workers=0)
    batch = next(iter(session.loader.batches(0, 1)))
    states = session.model.image(session.model.normalise(batch.picture.pixels))
    assert not states.hidden.requires_grad and not states.normed.requires_grad
    loss = session.model(batch)["itc"]
    loss.value.backward()
    without = {name for name, each in session.model.named_parameters() if each.grad is None}
    assert without == {name for name, _ in session.model.named_parameters() if name.startswith("image.")}


def test_a_tower_that_nothing_was_learnt_for_is_not_frozen(tmp_path, catalogue, clip):
    with pytest.raises(ValueError, match="frozen is image, but the run starts from nothing"):
        look_over(little_clip("frozen=image"), catalogues=[catalogue])
    recipe = little_codebook("frozen=image")
    assert isinstance(recipe.model, CodebookConfig)
    with pytest.raises(ValueError, match="frozen names a tower, and a codebook has none"):
        look_over(recipe, catalogues=[catalogue])
    with pytest.raises(ValueError, match=r"optim\.layer_decay tells a tower's blocks apart, and a codebook has none"):
        look_over(little_codebook("optim.layer_decay=0.9"), catalogues=[catalogue])


def test_what_is_fresh_learns_at_the_full_rate_and_what_was_brought_by_its_depth(tmp_path, catalogue, clip):
    quiet = (
        "optim.layer_decay=0.001",
        "optim.weight_decay=0",
        "optim.warmup_steps=0",
        "optim.lr=0.01",
        "ema_decay=none",
    )
    recipe = little_flava(*quiet, "steps=1", "mixture.text=0", "mixture.pair=1")
    run = begin(recipe, catalogue, tmp_path / "run", init=clip)
    before, after = first(run), final_state(run)["model"]

    def moved(name: str) -> float:
        return (after[name] - before[name]).abs().max().item()

    # The first step of AdamW moves a parameter by its learning rate.
    assert moved("multimodal.cls") == pytest.approx(0.01, rel=0.01)
    assert moved("itm_head.answers.weight") == pytest.approx(0.01, rel=0.01)
    assert moved("image_projection.linear.weight") == pytest.approx(0.01, rel=0.01)
    assert 0 < moved("image.transformer.blocks.0.mlp.0.weight") < 2e-8
