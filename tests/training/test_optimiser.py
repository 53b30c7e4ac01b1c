"""What a step does to the weights, and that its state comes back bit for bit."""

import pytest
import torch
from torch import nn

from vitrina import recipes
from vitrina.models.clip import Clip, ClipConfig
from vitrina.models.codebook import Codebook
from vitrina.models.flava import Flava, FlavaConfig
from vitrina.models.layers import TransformerConfig
from vitrina.models.towers import ImageTowerConfig, TextTowerConfig
from vitrina.recipes.recipe import Optim
from vitrina.training.build import build
from vitrina.training.optimiser import MovingAverage, Optimiser, decaying_names, depths, learning_rate

from .little import little_codebook

IMAGE = ImageTowerConfig(width=8, heads=1, layers=3, size_px=8, patch_px=4)
TEXT = TextTowerConfig(width=8, heads=1, layers=2, vocabulary=9, positions=5)


class Mixed(nn.Module):
    """A layer of every sort that decay has to tell apart."""

    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(5, 4)
        self.linear = nn.Linear(4, 4)
        self.convolution = nn.Conv2d(4, 4, 3)
        self.norm = nn.LayerNorm(4)
        self.cls = nn.Parameter(torch.randn(1, 1, 4))
        self.logit_scale = nn.Parameter(torch.ones(1))
        self.register_buffer("seen", torch.zeros(1))
        self.register_buffer("count", torch.zeros(1, dtype=torch.int64))


def fill_gradients(model: nn.Module, *, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    for each in model.parameters():
        each.grad = torch.randn(each.shape, generator=generator)


def test_warm_up_is_linear_and_the_cosine_ends_at_its_share():
    optim = Optim(lr=1.0, warmup_steps=4, final_lr_share=0.1)
    rates = [learning_rate(optim, step=step, steps=104) for step in range(104)]
    assert rates[:5] == pytest.approx([0.25, 0.5, 0.75, 1.0, 1.0])
    assert rates[54] == pytest.approx(0.55)
    assert rates[4:] == sorted(rates[4:], reverse=True)
    assert 0.1 < rates[-1] < 0.101


def test_a_constant_schedule_stays_and_no_warm_up_begins_at_the_top():
    optim = Optim(lr=0.5, warmup_steps=0, schedule="constant")
    assert {learning_rate(optim, step=step, steps=10) for step in range(10)} == {0.5}


def test_a_warm_up_longer_than_the_run_never_divides_by_zero():
    assert learning_rate(Optim(lr=1.0, warmup_steps=10), step=4, steps=5) == 0.5
    assert learning_rate(Optim(lr=1.0, warmup_steps=5), step=5, steps=5) == 1.0


def test_decay_acts_on_matrices_of_layers_only():
    assert decaying_names(Mixed()) == {"linear.weight", "convolution.weight"}


def test_without_gradients_to_follow_only_decaying_weights_shrink():
    model = Mixed()
    before = {name: each.detach().clone() for name, each in model.named_parameters()}
    optimiser = Optimiser(model, optim=Optim(lr=0.5, weight_decay=0.1, warmup_steps=0), steps=10)
    for each in model.parameters():
        each.grad = torch.zeros_like(each)
    optimiser.step(0)
    for name, each in model.named_parameters():
        wanted = before[name] * 0.95 if name in decaying_names(model) else before[name]
        torch.testing.assert_close(each.detach(), wanted)


def test_a_parameter_without_a_gradient_is_left_alone():
    model = Mixed()
    optimiser = Optimiser(model, optim=Optim(warmup_steps=0), steps=10)
    fill_gradients(model, seed=0)
    model.linear.weight.grad = None
    before = model.linear.weight.detach().clone()
    optimiser.step(0)
    assert torch.equal(model.linear.weight, before)
    assert not any("linear.weight" in name for name in optimiser.tensors())


def test_clipping_bounds_the_norm_of_all_gradients_and_tells_what_it_was():
    model = Mixed()
    fill_gradients(model, seed=0)
    norm = torch.cat([each.grad.flatten() for each in model.parameters() if each.grad is not None]).norm()
    assert torch.allclose(Optimiser(model, optim=Optim(clip_norm=0.5), steps=1).clip(), norm)
    clipped = torch.cat([each.grad.flatten() for each in model.parameters() if each.grad is not None]).norm()
    assert clipped.item() == pytest.approx(0.5, rel=1e-4)
    fill_gradients(model, seed=0)
    Optimiser(model, optim=Optim(clip_norm=None), steps=1).clip()
    kept = torch.cat([each.grad.flatten() for each in model.parameters() if each.grad is not None]).norm()
    assert torch.equal(kept, norm)


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_the_state_comes_back_bit_for_bit_in_the_layout_of_its_parameter(layout):
    torch.manual_seed(0)
    straight = Mixed().to(memory_format=layout)
    parted = Mixed().to(memory_format=layout)
    parted.load_state_dict(straight.state_dict())
    whole = Optimiser(straight, optim=Optim(warmup_steps=2), steps=6)
    first = Optimiser(parted, optim=Optim(warmup_steps=2), steps=6)
    for step in range(3):
        for model, optimiser in ((straight, whole), (parted, first)):
            fill_gradients(model, seed=step)
            optimiser.step(step)
    saved = {name: each.clone().contiguous() for name, each in first.tensors().items()}
    second = Optimiser(parted, optim=Optim(warmup_steps=2), steps=6)
    second.restore(saved)
    assert second.tensors()["exp_avg.convolution.weight"].is_contiguous(memory_format=layout)
    for step in range(3, 6):
        for model, optimiser in ((straight, whole), (parted, second)):
            fill_gradients(model, seed=step)
            optimiser.step(step)
    for name, each in straight.state_dict().items():
        assert torch.equal(each, parted.state_dict()[name])
    for name, each in whole.tensors().items():
        assert torch.equal(each, second.tensors()[name])


def test_the_state_of_another_model_is_refused():
    optimiser = Optimiser(Mixed(), optim=Optim(), steps=1)
    with pytest.raises(ValueError, match=r"'other\.weight', which the model has not"):
        optimiser.restore({"step.other.weight": torch.zeros(())})


def test_the_average_forgets_its_random_start_first_and_then_decays_as_asked():
    model = nn.Linear(1, 1, bias=False)
    average = MovingAverage(model, decay=0.5)
    wanted = model.weight.detach().clone()
    for number in range(12):
        with torch.no_grad():
            model.weight.fill_(number)
        average.update(number)
        decay = min(0.5, (1 + number) / (10 + number))
        wanted = decay * wanted + (1 - decay) * number
    torch.testing.assert_close(average.tensors()["weight"], wanted)


def test_running_moments_are_averaged_and_counters_are_taken():
    model = Mixed()
    average = MovingAverage(model, decay=0.9)
    model.seen.fill_(1.0)
    model.count.fill_(7)
    average.update(0)
    assert average.tensors()["seen"].item() == pytest.approx(0.9)
    assert average.tensors()["count"].item() == 7
    again = MovingAverage(Mixed(), decay=0.9)
    again.restore(average.tensors())
    assert all(torch.equal(each, again.tensors()[name]) for name, each in average.tensors().items())


def rate_of(model: nn.Module, *, optim: Optim, fresh: tuple[str, ...] = ()) -> dict[str, float]:
    """How far the first step of AdamW moves each parameter: its own learning rate, as all gradients are alike."""
    before = {name: each.detach().clone() for name, each in model.named_parameters()}
    optimiser = Optimiser(model, optim=optim, steps=10, fresh=fresh)
    for each in model.parameters():
        each.grad = torch.ones_like(each)
    assert optimiser.step(0) == optim.lr
    return {name: (before[name] - each.detach()).mean().item() for name, each in model.named_parameters()}


def test_what_lies_deeper_learns_more_slowly_and_what_is_fresh_at_the_full_rate():
    model = Clip(ClipConfig(image=IMAGE, text=TEXT, projection=4))
    optim = Optim(lr=0.5, layer_decay=0.5, weight_decay=0.0, warmup_steps=0)
    rates = rate_of(model, optim=optim, fresh=("text.words.weight",))
    for name, wanted in {
        "logit_scale": 0.5,
        "image_projection.linear.weight": 0.5,
        "image.norm.weight": 0.5,
        "image.transformer.blocks.2.mlp.0.weight": 0.25,
        "image.transformer.blocks.0.norm1.bias": 0.0625,
        "image.stem.projection.weight": 0.03125,
        "image.positions": 0.03125,
        "text.transformer.blocks.0.attention.qkv.weight": 0.125,
        "text.positions.weight": 0.0625,
        "text.words.weight": 0.5,
    }.items():
        assert rates[name] == pytest.approx(wanted, rel=1e-4), name


def test_the_multimodal_encoder_stands_on_the_towers():
    multimodal = TransformerConfig(width=8, heads=1, layers=2)
    found = depths(Flava(FlavaConfig(image=IMAGE, text=TEXT, projection=4, multimodal=multimodal, codes=7)))
    wanted = {
        "mlm_head.classes.weight": 0,
        "multimodal.norm.weight": 0,
        "multimodal.transformer.blocks.1.norm1.weight": 1,
        "multimodal.transformer.blocks.0.norm1.weight": 2,
        "multimodal.from_image.weight": 3,
        "multimodal.cls": 3,
        "image.norm.weight": 0,
        "image.transformer.blocks.2.norm1.weight": 3,
        "image.transformer.blocks.0.norm1.weight": 5,
        "image.cls": 6,
        "text.transformer.blocks.1.norm1.weight": 3,
        "text.entry_norm.weight": 5,
    }
    assert {name: found[name] for name in wanted} == wanted


def test_a_model_without_blocks_has_no_depths():
    with pytest.raises(ValueError, match=r"optim\.layer_decay needs a model of transformer blocks"):
        depths(Codebook(little_codebook().model))  # type: ignore[arg-type]  # a codebook's recipe


def test_decay_and_depth_do_not_mix():
    model = Clip(ClipConfig(image=IMAGE, text=TEXT, projection=4))
    before = {name: each.detach().clone() for name, each in model.named_parameters()}
    optim = Optim(lr=0.5, layer_decay=0.5, weight_decay=0.1, warmup_steps=0)
    optimiser = Optimiser(model, optim=optim, steps=10)
    for each in model.parameters():
        each.grad = torch.zeros_like(each)
    optimiser.step(0)
    decaying = decaying_names(model)
    for name, each in model.named_parameters():
        rate = 0.5 * 0.5 ** depths(model)[name]
        torch.testing.assert_close(each.detach(), before[name] * (1 - 0.1 * rate) if name in decaying else before[name])


def test_a_frozen_tower_is_neither_moved_nor_decayed_and_has_no_state():
    model = Clip(ClipConfig(image=IMAGE, text=TEXT, projection=4))
    model.image.requires_grad_(False)
    before = {name: each.detach().clone() for name, each in model.image.named_parameters()}
    average = MovingAverage(model, decay=0.9)
    optimiser = Optimiser(model, optim=Optim(lr=0.5, warmup_steps=0), steps=10)
    fill_gradients(model.text, seed=0)
    fill_gradients(model.image_projection, seed=1)
    optimiser.step(0)
    average.update(0)
    for name, each in model.image.named_parameters():
        assert torch.equal(each, before[name]) and torch.equal(average.tensors()[f"image.{name}"], before[name])
    stateful = {name.partition(".")[2] for name in optimiser.tensors()}
    assert stateful and not any(name.startswith("image.") for name in stateful)
    assert "image_projection.linear.weight" in stateful


def test_early_fusion_counts_its_one_transformer_below_both_kinds_of_input():
    found = depths(build(recipes.early_fusion("tiny").model, inputs=None))
    layers = sum(name.startswith("trunk") and name.endswith("norm1.weight") for name in found)
    assert found["image.cls"] == found["text.words.weight"] == layers + 1
    assert found[f"trunk.transformer.blocks.{layers - 1}.norm1.weight"] == 1
    assert found["trunk.norm.weight"] == found["image_projection.linear.weight"] == 0


def test_groupvit_counts_through_its_stages():
    found = depths(build(recipes.groupvit("tiny").model, inputs=None))
    first, second = (f"image.stages.0.transformer.blocks.{number}.norm1.weight" for number in (0, 1))
    assert found["image.positions"] == found[first] + 1 == found[second] + 2
    assert found["image.stages.0.grouping.norm_tokens.weight"] == found[second]
    assert found["image.transformer.blocks.0.norm1.weight"] == 1
    assert found["image.norm.weight"] == 0
