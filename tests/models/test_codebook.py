"""The codebook: rounding is the paper's, codes and pictures lie where they should, and it learns."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from vitrina.data.batch import ImageBatch, Pictures, TextBatch, Texts
from vitrina.models.codebook import (
    Codebook,
    CodebookConfig,
    Rounding,
    measure_codebook,
    picture_differences,
)
from vitrina.models.sizes import image_tower

TINY = CodebookConfig(size_px=16, width=32, blocks=1, levels=(4, 3))


def codebook(config: CodebookConfig = TINY, *, seed: int = 0) -> Codebook:
    torch.manual_seed(seed)
    return Codebook(config)


def pixels(count: int, *, size_px: int = 16, seed: int = 0) -> Tensor:
    """Flat colours with a square of another: what a small codebook can learn."""
    rng = np.random.default_rng(seed)
    pictures = np.empty((count, 3, size_px, size_px), dtype=np.uint8)
    pictures[:] = rng.integers(0, 256, (count, 3, 1, 1))
    half = size_px // 2
    pictures[:, :, :half, :half] = rng.integers(0, 256, (count, 3, 1, 1))
    return torch.from_numpy(pictures)


def batch(pictures: Tensor) -> ImageBatch:
    rows = torch.zeros(len(pictures), 0)
    return ImageBatch(
        keys=torch.zeros(len(pictures), 3, dtype=torch.long),
        product=torch.arange(len(pictures)),
        picture=Pictures(pictures, is_masked=rows.bool(), codes=rows.long(), kept=rows.long()),
    )


@pytest.mark.parametrize("levels", [(8, 5, 5, 5), (4, 3), (2,), (7, 5, 5, 5, 5)])
def test_every_code_has_values_of_its_own_and_they_lead_back_to_it(levels):
    rounding = Rounding(levels)
    codes = torch.arange(math.prod(levels)).reshape(1, 1, -1)
    values = rounding.values(codes)
    assert len(torch.unique(values[0, :, 0].T, dim=0)) == math.prod(levels)
    assert values.abs().max() <= 1
    assert torch.equal(rounding.codes(values), codes)


@pytest.mark.parametrize("levels", [(8, 5), (2, 3), (6, 7)])
def test_any_input_is_rounded_to_one_of_the_levels_and_every_level_is_reached(levels):
    rounding = Rounding(levels)
    x = torch.linspace(-12, 12, 4801).expand(1, len(levels), 1, -1)
    values = rounding(x)
    allowed = rounding.values(torch.arange(math.prod(levels)).reshape(1, 1, -1))
    for channel, level in enumerate(levels):
        assert (
            torch.unique((values[0, channel] * 1e4).round()).tolist()
            == torch.unique((allowed[0, channel] * 1e4).round()).tolist()
        )
        assert len(torch.unique((values[0, channel] * 1e4).round())) == level


def test_rounding_is_the_formula_of_the_paper():
    """Mentzer et al. 2023, section 3.1 and its code: bound by tanh with a shift for even levels, round, scale."""
    x = torch.randn(2, 3, 4, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) * 3
    levels = torch.tensor([8.0, 5.0, 4.0], dtype=torch.float64)[:, None, None]
    half = (levels - 1) * (1 + 1e-3) / 2
    offset = torch.where(levels % 2 == 1, 0.0, 0.5)
    expected = torch.round(torch.tanh(x + torch.atanh(offset / half)) * half - offset) / torch.floor(levels / 2)
    assert torch.allclose(Rounding((8, 5, 4))(x).double(), expected, atol=1e-6)


def test_the_gradient_passes_as_if_nothing_had_been_rounded():
    rounding = Rounding((5, 3))
    x = torch.randn(1, 2, 3, 3, generator=torch.Generator().manual_seed(0), requires_grad=True)
    rounding(x).sum().backward()
    span, reach = (torch.tensor(each)[None, :, None, None] for each in ([2.002, 1.001], [2.0, 1.0]))
    assert x.grad is not None
    assert torch.allclose(x.grad, span * (1 - torch.tanh(x.detach()) ** 2) / reach, atol=1e-5)


@pytest.mark.parametrize("size", ["tiny", "small", "base"])
def test_a_size_has_one_code_for_each_patch_of_the_model(size):
    config = CodebookConfig.sized(size)
    assert config.grid == image_tower(size).grid
    assert 1000 <= config.code_count <= 8192


def test_the_grid_of_codes_follows_the_picture():
    """What changes in the upper right corner changes the code there more than any other, row by row of the grid."""
    model = codebook(CodebookConfig(size_px=128, width=32, blocks=1, levels=(255,)))
    plain = torch.full((1, 3, 128, 128), 200, dtype=torch.uint8)
    changed = plain.clone()
    changed[:, 0, :8, -8:] = 0
    apart = (model.tokenise(plain) - model.tokenise(changed)).abs()
    assert apart.shape == (1, 16 * 16)
    assert int(apart.argmax()) == 15 and apart[0, 15] > 10 * apart[0].float().mean()


def test_codes_and_pictures_have_their_shapes_and_ranges():
    model = codebook()
    codes = model.tokenise(pixels(5))
    assert codes.shape == (5, 4) and codes.dtype == torch.long
    assert codes.min() >= 0 and codes.max() < model.code_count == 12
    pictures = model.decode_codes(codes)
    assert pictures.shape == (5, 3, 16, 16) and pictures.dtype == torch.uint8


def test_pictures_of_another_size_are_resized_to_the_codebooks():
    model = codebook()
    large = pixels(3, size_px=64)
    assert model.resized(large).shape == (3, 3, 16, 16)
    assert torch.equal(model.tokenise(large), model.tokenise(large))
    assert torch.equal(model.resized(pixels(3)), pixels(3))


def test_no_pictures_have_no_codes():
    model = codebook()
    none = torch.empty(0, 3, 16, 16, dtype=torch.uint8)
    assert model.tokenise(none).shape == (0, 4)
    assert model.decode_codes(model.tokenise(none)).shape == (0, 3, 16, 16)


def test_tokenising_changes_neither_mode_nor_gradients_nor_precision():
    model = codebook().train()
    plain = model.tokenise(pixels(4))
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(model.tokenise(pixels(4)), plain)
    assert model.training
    assert all(parameter.grad is None for parameter in model.parameters())


def test_the_loss_is_a_sum_over_pictures():
    model = codebook()
    pictures = pixels(6)
    whole = model(batch(pictures))["reconstruction"]
    parts = [model(batch(each))["reconstruction"] for each in pictures.split(2)]
    assert float(whole.count) == 6
    assert torch.allclose(whole.value, torch.stack([part.value for part in parts]).sum(), rtol=1e-5)


def test_chance_is_the_loss_of_the_batchs_mean_picture():
    pictures = pixels(4)
    scaled = pictures.float() / 127.5 - 1
    expected = picture_differences(scaled.mean(dim=0, keepdim=True).repeat(4, 1, 1, 1), scaled).mean()
    assert codebook()(batch(pictures))["reconstruction"].chance == pytest.approx(float(expected), rel=1e-5)


def test_a_perfect_picture_differs_by_nothing_and_a_blurred_edge_is_seen():
    picture = pixels(1).float() / 127.5 - 1
    assert float(picture_differences(picture, picture)) == 0
    shifted = picture + 0.1
    tilted = picture + torch.linspace(-0.2, 0.2, 16)
    assert float(picture_differences(shifted, picture)) == pytest.approx(0.1 + 10 * 0.01, rel=1e-4)
    assert float(picture_differences(tilted, picture)) > float((tilted - picture).abs().mean())


def test_it_learns_until_pictures_come_back_and_beats_chance():
    model = codebook(replace(TINY, levels=(8, 5, 5, 5)))
    pictures = pixels(64)
    before = measure_codebook(model, [pictures])
    optimiser = torch.optim.AdamW(model.parameters(), lr=5e-3)
    for _ in range(150):
        loss = model(batch(pictures))["reconstruction"]
        optimiser.zero_grad()
        (loss.value / loss.count).backward()
        optimiser.step()
    after = measure_codebook(model, [pictures])
    assert float(loss.value.detach() / loss.count) < 0.5 * loss.chance
    assert after.psnr_db > before.psnr_db + 5
    assert after.codes_used > 32


def test_every_weight_has_a_gradient():
    model = codebook()
    for parameter in model.parameters():  # what begins at zero hides what lies behind it
        torch.nn.init.normal_(parameter, std=0.3)
    loss = model(batch(pixels(4)))["reconstruction"]
    loss.value.backward()
    idle = [name for name, each in model.named_parameters() if each.grad is None or not each.grad.any()]
    assert not idle


def test_bf16_training_and_fp32_training_see_nearly_the_same_loss():
    model = codebook()
    full = model(batch(pixels(8)))["reconstruction"]
    with torch.autocast("cpu", torch.bfloat16):
        half = model(batch(pixels(8)))["reconstruction"]
    assert half.value.dtype == torch.float32
    assert float(half.value.detach()) == pytest.approx(float(full.value.detach()), rel=0.05)


def test_quality_counts_codes_and_bits_as_they_are():
    model = codebook(replace(TINY, levels=(2,)))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
    quality = measure_codebook(model, pixels(6).split(4))
    assert (quality.pictures, quality.codes_used, quality.code_count, quality.entropy_bits) == (6, 1, 2, 0.0)
    grey = torch.full((1, 3, 16, 16), 128, dtype=torch.uint8)
    assert torch.equal(model.decode_codes(model.tokenise(grey)), grey)
    apart = (pixels(6).double() - 128).square().mean(dim=(1, 2, 3))
    assert quality.psnr_db == pytest.approx(float((10 * (255**2 / apart).log10()).mean()), abs=1e-6)
    assert quality.pooled_psnr_db == pytest.approx(10 * math.log10(255**2 / float(apart.mean())), abs=1e-6)
    assert measure_codebook(model, [grey]).psnr_db == pytest.approx(10 * math.log10(255**2 * 12))
    assert "1 of 2 codes" in quality.text()


def test_the_digest_follows_weights_and_shape():
    one, same, other = codebook(), codebook(), codebook(seed=1)
    assert one.digest == same.digest != other.digest
    with torch.no_grad():
        next(same.parameters())[0] += 1e-3
    assert one.digest != same.digest


def test_the_state_holds_weights_alone():
    model = codebook()
    assert set(model.state_dict()) == {name for name, _ in model.named_parameters()}
    assert json.dumps(sorted(model.state_dict()))


@settings(deadline=None, max_examples=20)
@given(st.lists(st.integers(0, 11), min_size=4, max_size=4))
def test_any_codes_make_a_picture(codes):
    assert codebook().decode_codes(torch.tensor([codes])).shape == (1, 3, 16, 16)


def test_what_does_not_fit_is_refused_with_words():
    model = codebook()
    with pytest.raises(ValueError, match="0 to 11"):
        model.decode_codes(torch.full((1, 4), 12))
    with pytest.raises(ValueError, match="0 to 11"):
        model.decode_codes(torch.full((1, 4), -1))
    with pytest.raises(ValueError, match="a picture has 4"):
        model.decode_codes(torch.zeros(1, 5, dtype=torch.long))
    with pytest.raises(ValueError, match="no picture"):
        measure_codebook(model, [])
    words = torch.zeros(1, 2, dtype=torch.long)
    text = TextBatch(words, words, words, Texts(words, words.bool(), words, words, words.bool()))
    with pytest.raises(ValueError, match=r"mixture\.image=1"):
        model(text)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"size_px": 20}, "multiple of stride_px"),
        ({"stride_px": 3}, "even"),
        ({"levels": (8, 1)}, "at least 2"),
        ({"levels": ()}, "at least 2"),
        ({"width": 40}, "multiple of 32"),
        ({"blocks": 0}, "1 or more"),
    ],
)
def test_a_configuration_that_cannot_be_built_says_why(change, word):
    with pytest.raises(ValueError, match=word):
        replace(TINY, **change)
