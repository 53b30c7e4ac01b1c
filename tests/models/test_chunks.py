"""In pieces, block by block again, or compiled: the losses and every gradient stay those of the whole batch."""

from collections.abc import Callable
from dataclasses import replace
from functools import partialmethod
from typing import TypeVar

import pytest
import torch
from models.flava_batches import image_batch, pair_batch, text_batch
from models.test_codebook import TINY, pixels
from models.test_codebook import batch as pictures_of
from torch import Tensor, nn
from torch.profiler import ProfilerActivity, profile

from vitrina.data.batch import Batch
from vitrina.models.chunks import Thrift, Thrifty, compile_blocks
from vitrina.models.clip import Clip, ClipConfig
from vitrina.models.codebook import Codebook
from vitrina.models.flava import Flava, FlavaConfig
from vitrina.models.layers import TransformerConfig
from vitrina.models.towers import ImageTowerConfig, TextTowerConfig

Family = TypeVar("Family", bound=nn.Module)

THRIFTS = {
    "uneven pieces": Thrift(micro_batches=3),
    "a row each, though more were asked for": Thrift(micro_batches=50),
    "blocks again": Thrift(recompute=True),
    "pieces, and their blocks again": Thrift(micro_batches=2, recompute=True),
}
DIFFERENCE = 2e-5  # of the largest gradient of a parameter, or a tenth of all's where that one's is rounding alone


def flava() -> Flava:
    torch.manual_seed(0)
    return with_noise(
        Flava(
            FlavaConfig(
                image=ImageTowerConfig(width=32, heads=2, layers=2, size_px=32, patch_px=8, stem="convolution"),
                text=TextTowerConfig(width=24, heads=2, layers=1, vocabulary=50, positions=20),
                multimodal=TransformerConfig(width=40, heads=2, layers=1),
                codes=40,
                projection=16,
                pooling="mean",
                spread="standardised",
            )
        )
    )


def clip() -> Clip:
    torch.manual_seed(0)
    config = flava().config
    return with_noise(Clip(ClipConfig(image=config.image, text=config.text, projection=16)))


def published_clip() -> Clip:
    """In the shape of the published ones: texts read from left to right and stand at their end, no biases."""
    torch.manual_seed(0)
    base = ClipConfig.published("ViT-B/32", vocabulary=50)
    image = replace(base.image, width=32, heads=2, layers=2, size_px=32, patch_px=8)
    return with_noise(Clip(replace(base, image=image, text=replace(base.text, width=24, heads=2, layers=2))))


def codebook() -> Codebook:
    torch.manual_seed(0)
    return with_noise(Codebook(TINY))


def with_noise(model: Family) -> Family:
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))
    return model.train()


def nothing_hidden_in_the_last_rows() -> Batch:
    batch = text_batch(7)
    is_masked = batch.text.is_masked.clone()
    is_masked[3:] = False
    return replace(batch, text=replace(batch.text, is_masked=is_masked))


def some_patches_kept() -> Batch:
    batch = pair_batch(7, target=[1, 0, 1])
    kept = torch.rand(7, 16, generator=torch.Generator().manual_seed(0)).argsort(dim=1)[:, :9].sort(dim=1).values
    return replace(batch, picture=replace(batch.picture, kept=kept))


CASES: dict[str, tuple[Callable[[], Thrifty], Batch]] = {
    "texts": (flava, text_batch(7)),
    "texts, nothing hidden in a piece": (flava, nothing_hidden_in_the_last_rows()),
    "pictures": (flava, image_batch(7)),
    "pairs": (flava, pair_batch(7, target=[1, 0, 1, 1, 0, 1, 1])),
    "fewer fused than pairs": (flava, pair_batch(7, target=[1, 0])),
    "nothing fused": (flava, pair_batch(7, target=[])),
    "pairs, patches left out": (flava, some_patches_kept()),
    "a dual encoder": (clip, pair_batch(7, target=[])),
    "a CLIP as published": (published_clip, pair_batch(7, target=[])),
    "a CLIP as published, patches left out": (published_clip, some_patches_kept()),
    "a codebook": (codebook, pictures_of(pixels(7))),
}


def computed(model: Thrifty, batch: Batch, *, thrift: Thrift) -> tuple[dict[str, Tensor], dict[str, Tensor | None]]:
    """The losses, and the gradients of their sum."""
    model.thrift = thrift
    losses = model(batch)
    torch.stack([each.value / each.count.clamp(min=1) for each in losses.values()]).sum().backward()
    figures = {name: torch.stack([each.value.detach(), each.count]) for name, each in losses.items()}
    return figures, {name: parameter.grad for name, parameter in model.named_parameters()}


def assert_same_gradients(found: dict[str, Tensor | None], expected: dict[str, Tensor | None]):
    overall = max(float(each.abs().max()) for each in expected.values() if each is not None)
    for name, whole in expected.items():
        gradient = found[name]
        assert (gradient is None) == (whole is None), name
        if gradient is not None and whole is not None:
            allowed = DIFFERENCE * max(float(whole.abs().max()), 0.1 * overall)
            assert (gradient - whole).abs().max() <= allowed, name


@pytest.mark.parametrize("how", THRIFTS)
@pytest.mark.parametrize("case", CASES)
def test_losses_and_gradients_are_those_of_the_whole_batch(case: str, how: str):
    make, batch = CASES[case]
    expected, whole = computed(make(), batch, thrift=Thrift())
    found, gradients = computed(make(), batch, thrift=THRIFTS[how])
    assert found.keys() == expected.keys()
    for name, figures in found.items():
        torch.testing.assert_close(figures, expected[name], rtol=1e-6, atol=1e-6)
    assert_same_gradients(gradients, whole)
    assert case == "a codebook" or "logit_scale" in gradients


def test_the_learned_scale_has_the_gradient_of_the_whole_batch_not_of_its_pieces():
    batch = pair_batch(12, target=[])
    scales = [computed(flava(), batch, thrift=Thrift(pieces))[1]["logit_scale"] for pieces in (1, 2, 6)]
    whole = scales[0]
    assert whole is not None and whole.abs() > 1e-3
    for scale in scales[1:]:
        torch.testing.assert_close(scale, whole, rtol=1e-5, atol=0)


def test_moments_over_the_batch_are_updated_once():
    model, thrifty = flava(), flava()
    for each, thrift in ((model, Thrift()), (thrifty, Thrift(3, recompute=True))):
        computed(each, pair_batch(7, target=[1, 0]), thrift=thrift)
    for (name, buffer), other in zip(model.named_buffers(), thrifty.buffers(), strict=True):
        torch.testing.assert_close(other, buffer, msg=name)


@pytest.mark.parametrize("how", THRIFTS)
def test_under_autocast_too(how: str):
    """Weights that autocast rounds once for the whole batch are rounded again for each piece: sums differ by that."""
    batch = pair_batch(7, target=[1, 0, 1])
    with torch.autocast("cpu", torch.bfloat16):
        expected = flava()(batch)
        model = flava()
        model.thrift = THRIFTS[how]
        losses = model(batch)
    for name, loss in losses.items():
        torch.testing.assert_close(loss.value, expected[name].value, rtol=1e-3, atol=1e-3)
    torch.stack([each.value for each in losses.values()]).sum().backward()
    assert all(each.grad is None or each.grad.isfinite().all() for each in model.parameters())


@pytest.mark.parametrize("how", THRIFTS)
def test_without_gradients_nothing_is_kept_or_run_again(how: str):
    model, runs = flava(), 0
    expected = model(pair_batch(6, target=[1]))

    def ran(*_: object) -> None:
        nonlocal runs
        runs += 1

    model.text.register_forward_hook(ran)
    model.thrift = THRIFTS[how]
    with torch.no_grad():
        found = model(pair_batch(6, target=[1]))
    assert not found["itc"].value.requires_grad
    torch.testing.assert_close(found["itc"].value, expected["itc"].value.detach(), rtol=1e-5, atol=1e-5)
    assert runs == min(THRIFTS[how].micro_batches, 6) + 1


def test_a_frozen_tower_is_not_run_again():
    model, runs = clip(), 0
    model.image.requires_grad_(False)

    def ran(*_: object) -> None:
        nonlocal runs
        runs += 1

    model.image.register_forward_hook(ran)
    _, gradients = computed(model, pair_batch(6, target=[]), thrift=Thrift(3))
    assert runs == 3
    assert gradients["image_projection.linear.weight"] is not None


def peak_bytes(model: Thrifty, batch: Batch, *, thrift: Thrift) -> int:
    """The most bytes that one step's tensors held at a time beyond what stood before, by the allocator's own events."""
    computed(model, batch, thrift=thrift)  # gradients exist from here on
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as record:
        computed(model, batch, thrift=thrift)
    assert record.profiler is not None and record.profiler.kineto_results is not None
    events = record.profiler.kineto_results.events()
    held = peak = 0
    for event in sorted((each for each in events if each.name() == "[memory]"), key=lambda each: each.start_ns()):
        held += event.nbytes()  # type: ignore[attr-defined]  # the stubs do not know it
        peak = max(peak, held)
    return peak


@pytest.mark.parametrize("case", ["texts", "pictures", "pairs"])
def test_pieces_hold_a_share_of_the_memory(case: str):
    batch = {"texts": text_batch(64), "pictures": image_batch(64), "pairs": pair_batch(64, target=[1] * 64)}[case]
    whole, quarter, eighth = (peak_bytes(flava(), batch, thrift=Thrift(pieces)) for pieces in (1, 4, 8))
    assert quarter < 0.45 * whole
    assert eighth < 0.75 * quarter


def test_recomputed_blocks_hold_less_memory():
    config = flava().config
    deep = replace(config, image=replace(config.image, layers=6, stem="patch"))
    whole, again = (
        peak_bytes(Flava(deep), image_batch(64), thrift=each) for each in (Thrift(), Thrift(recompute=True))
    )
    assert again < 0.5 * whole


def test_fewer_than_one_piece_is_refused():
    with pytest.raises(ValueError, match="micro_batches is 0"):
        Thrift(micro_batches=0)


@pytest.mark.parametrize("case", CASES)
def test_terms_are_counted_before_they_are_computed(case: str):
    make, batch = CASES[case]
    model = make()
    counts, losses = model.counts(batch), model(batch)  # type: ignore[operator]  # every family has it
    assert counts.keys() == losses.keys()
    for name, count in counts.items():
        assert count.shape == () and count.dtype == torch.float32
        assert count == losses[name].count, name


def test_terms_are_counted_where_no_pair_matches_or_a_text_does_not():
    model, batch = flava(), pair_batch(5, target=[0, 0])
    batch = replace(batch, text_matches=torch.tensor([True, False, True, True, False]))
    counts = {name: float(count) for name, count in model.counts(batch).items()}
    assert counts == {"itc": 3, "mmm_text": 0, "mmm_image": 0, "itm": 2}
    assert counts == {name: float(loss.count) for name, loss in model(batch).items()}


def test_terms_of_the_segments_form_are_counted():
    batch = pair_batch(5, target=[1, 0, 1])
    segments = replace(batch, fused_matches=torch.ones(3, dtype=torch.bool))  # some text always describes the picture
    model = flava()
    assert {name: float(each) for name, each in model.counts(segments).items()} == {
        name: float(each.count) for name, each in model(segments).items()
    }


@pytest.mark.parametrize("make", [clip, codebook])
def test_what_cannot_be_learnt_from_is_not_counted_either(make: Callable[[], Clip | Codebook]):
    with pytest.raises(ValueError, match="learns from p"):
        make().counts(text_batch(2))


def test_compiled_blocks_give_the_same_losses_and_gradients(monkeypatch: pytest.MonkeyPatch):
    """With the compiler's front and its derivation of gradients, but not its code: that takes minutes of a CPU."""
    monkeypatch.setattr(nn.Module, "compile", partialmethod(nn.Module.compile, backend="aot_eager"))
    names, model = list(clip().state_dict()), clip()
    compile_blocks(model)
    assert list(model.state_dict()) == names
    torch._dynamo.utils.counters.clear()
    for rows in (7, 5):
        batch = pair_batch(rows, target=[])
        expected, whole = computed(clip(), batch, thrift=Thrift())
        model.zero_grad()
        found, gradients = computed(model, batch, thrift=Thrift(micro_batches=2, recompute=True))
        torch.testing.assert_close(found["itc"], expected["itc"], rtol=1e-4, atol=1e-5)
        assert_same_gradients(gradients, whole)
    counted = torch._dynamo.utils.counters
    assert counted["stats"]["unique_graphs"] == 3 and not counted["graph_break"]  # padding or none; a last block or not
