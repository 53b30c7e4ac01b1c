"""Patches left out of clean pictures: positions follow their patches, and nobody sees what was left out."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from models.flava_batches import pair_batch
from models.test_chunks import clip, flava, published_clip
from torch import Tensor

from vitrina.data.batch import PairBatch
from vitrina.models.clip import Clip
from vitrina.models.towers import ImageTower, ImageTowerConfig, Stem

STEMS: tuple[Stem, ...] = ("patch", "convolution")
EVERY = torch.arange(16).expand(2, 16)
SOME = torch.tensor([[0, 3, 5, 6, 11], [1, 2, 8, 13, 15]])


def tower(stem: Stem) -> ImageTower:
    torch.manual_seed(0)
    made = ImageTower(ImageTowerConfig(width=32, heads=2, layers=2, size_px=32, patch_px=8, stem=stem))
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return made


def pixels() -> Tensor:
    return torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(1))


def keeping(batch: PairBatch, kept: Tensor) -> PairBatch:
    return replace(batch, picture=replace(batch.picture, kept=kept))


@pytest.mark.parametrize("stem", STEMS)
def test_every_patch_kept_in_its_order_is_the_whole_picture(stem: Stem):
    model = tower(stem)
    assert torch.equal(model(pixels(), kept=EVERY).hidden, model(pixels()).hidden)
    assert torch.equal(model(pixels(), kept=torch.zeros(2, 0, dtype=torch.long)).hidden, model(pixels()).hidden)


@pytest.mark.parametrize("stem", STEMS)
def test_a_patch_brings_its_position_along(stem: Stem):
    """In another order the same patches give the same states, in that order: nothing else tells where they are."""
    model = tower(stem)
    ordered, reversed_ = model(pixels(), kept=SOME).hidden, model(pixels(), kept=SOME.flip(1)).hidden
    assert ordered.shape == (2, 1 + 5, 32)
    torch.testing.assert_close(reversed_[:, 1:].flip(1), ordered[:, 1:], atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(reversed_[:, 0], ordered[:, 0], atol=1e-5, rtol=1e-5)


def test_without_blocks_the_kept_states_are_those_of_the_whole_picture():
    model = tower("patch")
    model.transformer.blocks = torch.nn.ModuleList()
    whole, some = model(pixels()).hidden, model(pixels(), kept=SOME).hidden
    for row in range(2):
        assert torch.equal(some[row, 1:], whole[row, 1 + SOME[row]])
        assert torch.equal(some[row, 0], whole[row, 0])


def test_what_was_left_out_has_no_influence():
    seen = pixels().requires_grad_()
    tower("patch")(seen, kept=SOME).normed.square().sum().backward()
    assert seen.grad is not None
    has_say = seen.grad.abs().sum(dim=1).view(2, 4, 8, 4, 8).amax(dim=(2, 4)).flatten(1) > 0
    expected = torch.zeros(2, 16, dtype=torch.bool).scatter_(1, SOME, True)
    assert torch.equal(has_say, expected)


def test_a_row_of_several_gives_what_it_gives_alone():
    model = tower("patch")
    both = model(pixels(), kept=SOME).hidden
    torch.testing.assert_close(model(pixels()[1:], kept=SOME[1:]).hidden, both[1:], atol=1e-5, rtol=1e-5)


def test_the_clean_pass_leaves_patches_out_and_the_masked_one_does_not():
    model, batch = flava(), pair_batch(2, target=[1, 0])
    whole, fewer = model(batch), model(keeping(batch, SOME))
    for name in ("mmm_text", "mmm_image", "itm"):
        assert torch.equal(fewer[name].value, whole[name].value)
    assert not torch.allclose(fewer["itc"].value, whole["itc"].value)
    assert fewer["itc"].count == whole["itc"].count


@pytest.mark.parametrize("make", [clip, published_clip])
def test_a_clip_leaves_them_out_too(make: Callable[[], Clip]):
    model, batch = make(), pair_batch(2, target=[])
    assert not torch.allclose(model(keeping(batch, SOME))["itc"].value, model(batch)["itc"].value)
    torch.testing.assert_close(model(keeping(batch, EVERY))["itc"].value, model(batch)["itc"].value)


def test_evaluation_sees_everything():
    model, batch = flava().eval(), pair_batch(2, target=[])
    assert torch.equal(model(keeping(batch, SOME))["itc"].value, model(batch)["itc"].value)


def test_gradients_reach_kept_positions_only():
    model = tower("patch")
    kept = SOME[:1]
    model(pixels()[:1], kept=kept).normed.square().sum().backward()
    assert model.positions.grad is not None
    learns = model.positions.grad[0].abs().sum(dim=1) > 0
    assert learns[0] and learns[1:].nonzero().flatten().tolist() == kept[0].tolist()
