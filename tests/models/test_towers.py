"""The towers: shapes, padding, masking without leaks, and the attention kernel."""

import pytest
import torch

from vitrina.models.layers import Transformer, TransformerConfig, attend, attention_bias
from vitrina.models.towers import End, ImageTower, ImageTowerConfig, Stem, TextTower, TextTowerConfig

STEMS: tuple[Stem, ...] = ("patch", "convolution")


def image_tower(stem: Stem) -> ImageTower:
    torch.manual_seed(0)
    return ImageTower(ImageTowerConfig(width=32, heads=2, layers=2, size_px=32, patch_px=8, stem=stem))


def text_tower() -> TextTower:
    torch.manual_seed(0)
    return TextTower(TextTowerConfig(width=32, heads=2, layers=2, vocabulary=50, positions=12))


@pytest.mark.parametrize("stem", STEMS)
def test_a_picture_becomes_a_cls_and_its_patches(stem: Stem):
    states = image_tower(stem)(torch.randn(2, 3, 32, 32))
    assert states.hidden.shape == states.normed.shape == (2, 17, 32)


@pytest.mark.parametrize("stem", STEMS)
def test_no_output_depends_on_a_masked_pixel(stem: Stem):
    tower, pixels = image_tower(stem), torch.randn(1, 3, 32, 32, requires_grad=True)
    is_masked = torch.zeros(1, 16, dtype=torch.bool)
    is_masked[0, [5, 6, 9]] = True  # rows 1 and 2 of the grid
    tower(pixels, is_masked=is_masked).normed.square().sum().backward()
    assert pixels.grad is not None
    sees = pixels.grad.abs().sum(dim=1).view(4, 8, 4, 8).amax(dim=(1, 3)).flatten() > 0
    assert torch.equal(sees, ~is_masked[0])


def test_the_convolutional_windows_do_overlap():
    # Otherwise the test above would prove nothing about the paint.
    tower = image_tower("convolution")
    pixels = torch.randn(1, 3, 32, 32, requires_grad=True)
    tower.stem(pixels)[0, 5].sum().backward()
    assert pixels.grad is not None
    assert (pixels.grad.abs().sum(dim=1).view(4, 8, 4, 8).amax(dim=(1, 3)) > 0).sum() > 1


@pytest.mark.parametrize("stem", STEMS)
def test_a_row_does_not_depend_on_its_batch(stem: Stem):
    tower, pixels = image_tower(stem), torch.randn(3, 3, 32, 32)
    torch.testing.assert_close(tower(pixels).normed[1:2], tower(pixels[1:2]).normed)


def test_padding_changes_nothing():
    tower = text_tower()
    ids, types = torch.randint(5, 50, (2, 6)), torch.zeros(2, 9, dtype=torch.long)
    alone = tower(ids, is_token=torch.ones(2, 6, dtype=torch.bool), types=types[:, :6]).normed
    padded = torch.cat([ids, torch.randint(50, (2, 3))], dim=1)
    is_token = torch.arange(9).expand(2, 9) < 6
    torch.testing.assert_close(tower(padded, is_token=is_token, types=types).normed[:, :6], alone)


def test_order_and_segment_are_seen():
    tower, ids = text_tower(), torch.tensor([[5, 6, 7]])
    every, zero = torch.ones(1, 3, dtype=torch.bool), torch.zeros(1, 3, dtype=torch.long)
    plain = tower(ids, is_token=every, types=zero).normed[:, 0]
    assert not torch.allclose(plain, tower(ids.flip(1), is_token=every, types=zero).normed[:, 2])
    assert not torch.allclose(plain, tower(ids, is_token=every, types=zero + 1).normed[:, 0])


def test_what_does_not_fit_is_refused_with_words():
    with pytest.raises(ValueError, match="longer than the model's 12 positions"):
        text_tower()(
            torch.ones(1, 13, dtype=torch.long),
            is_token=torch.ones(1, 13, dtype=torch.bool),
            types=torch.zeros(1, 13, dtype=torch.long),
        )
    with pytest.raises(ValueError, match="pixels"):
        image_tower("patch")(torch.zeros(1, 3, 40, 40))
    with pytest.raises(ValueError, match="multiple of patch_px"):
        ImageTowerConfig(width=32, heads=2, layers=1, size_px=60, patch_px=8)
    with pytest.raises(ValueError, match="power of two"):
        ImageTowerConfig(width=32, heads=2, layers=1, size_px=84, patch_px=14, stem="convolution")
    with pytest.raises(ValueError, match="multiple of heads"):
        TransformerConfig(width=32, heads=3, layers=1)


def test_both_attention_kernels_agree():
    torch.manual_seed(0)
    q, k, v = torch.randn(3, 2, 4, 7, 8)
    bias = attention_bias(torch.arange(7).expand(2, 7) < torch.tensor([[7], [4]]))
    for each in (None, bias):
        fused = attend(q, k, v, bias=each)
        plain = attend(q.bfloat16(), k.bfloat16(), v.bfloat16(), bias=each)
        assert plain.dtype == torch.bfloat16
        torch.testing.assert_close(plain.float(), fused, atol=0.05, rtol=0.05)


def test_wanted_tokens_have_the_states_that_they_have_among_all():
    """The last block finishes them alone; gradients are those of reading them from the whole."""
    config = TransformerConfig(width=32, heads=2, layers=2)
    torch.manual_seed(0)
    stack = Transformer(config)
    x, is_token = torch.randn(3, 5, 32), torch.arange(5).expand(3, 5) < torch.tensor([[5], [3], [4]])
    wanted = torch.tensor([0, 4, 5, 13])
    found = {}
    for name in ("alone", "among all"):
        stack.zero_grad()
        if name == "alone":
            states = stack(x, is_token=is_token, wanted=wanted)
        else:
            states = stack(x, is_token=is_token).flatten(0, 1)[wanted]
        states.square().sum().backward()
        found[name] = [states.detach(), *(each.grad for each in stack.parameters())]
    for alone, among in zip(found["alone"], found["among all"], strict=True):
        torch.testing.assert_close(alone, among, atol=1e-4, rtol=1e-4)
    nobody = torch.zeros(0, dtype=torch.long)
    assert stack(x, is_token=is_token, wanted=nobody).shape == (0, 32)
    stack.blocks = torch.nn.ModuleList()
    assert torch.equal(stack(x, wanted=wanted), x.flatten(0, 1)[wanted])


@pytest.mark.parametrize(("end", "places"), [("last", [4, 2]), ("highest", [2, 1]), (7, [3, 2])])
def test_a_text_ends_where_its_rule_says_and_at_the_first_of_several(end: End, places: list[int]):
    tower = TextTower(TextTowerConfig(width=8, heads=1, layers=1, vocabulary=50, positions=12, end=end))
    ids = torch.tensor([[1, 3, 49, 7, 7], [1, 49, 7, 49, 0]])
    is_token = torch.tensor([[True] * 5, [True] * 3 + [False] * 2])
    assert tower.ends(ids, is_token=is_token).tolist() == places
