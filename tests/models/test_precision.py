"""bfloat16: norms and the sums of softmax are taken in float32, so that what comes out is rounded once, at the end."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vitrina.models.layers import Block, TransformerConfig, attend, attention_bias
from vitrina.models.projection import BatchStandardisation

ROUNDING = 2**-8  # of bfloat16, relative


def rounded_once(found: Tensor, exact: Tensor, *, steps: float = 1.0) -> bool:
    """Whether `found` is `exact` but for `steps` roundings to bfloat16."""
    allowed = steps * ROUNDING * exact.abs() + 1e-6
    return bool(((found.double() - exact.double()).abs() <= allowed).all())


@pytest.mark.parametrize("tokens", [300, 4096])
def test_attention_over_many_tokens_adds_up_in_float32(tokens: int):
    """Added up in bfloat16, equal weights would stop growing at 256 of them."""
    q = torch.zeros(1, 1, 2, 8, dtype=torch.bfloat16)
    k = torch.randn(1, 1, tokens, 8, generator=torch.Generator().manual_seed(0)).bfloat16()
    v = torch.ones(1, 1, tokens, 8, dtype=torch.bfloat16)
    assert rounded_once(attend(q, k, v, bias=None), torch.ones(1, 1, 2, 8))
    is_token = torch.arange(tokens)[None] < tokens - 7
    assert rounded_once(attend(q, k, v, bias=attention_bias(is_token)), torch.ones(1, 1, 2, 8), steps=2)


def test_attention_under_bfloat16_is_that_of_float32_on_the_same_scores():
    generator = torch.Generator().manual_seed(0)
    q, k, v = (8 * torch.randn(2, 2, 40, 16, generator=generator).bfloat16() for _ in range(3))
    scores = (q * q.shape[-1] ** -0.5) @ k.transpose(-1, -2)
    exact = scores.double().softmax(dim=-1) @ v.double()
    apart = (attend(q, k, v, bias=None).double() - exact).abs().max()
    assert apart <= 2 * ROUNDING * v.abs().max()


def test_the_gradient_of_attention_adds_up_in_float32():
    tokens = 2048
    q = torch.zeros(1, 1, 1, 4, dtype=torch.bfloat16, requires_grad=True)
    k = torch.zeros(1, 1, tokens, 4, dtype=torch.bfloat16, requires_grad=True)
    v = torch.randn(1, 1, tokens, 4, generator=torch.Generator().manual_seed(0)).bfloat16()
    v = (v + 4).requires_grad_()
    attend(q, k, v, bias=None).sum().backward()
    copies = [each.detach().double().requires_grad_() for each in (q, k, v)]
    F.scaled_dot_product_attention(*copies).sum().backward()
    for each, copy in zip((q, k, v), copies, strict=True):
        assert each.grad is not None and copy.grad is not None
        assert (each.grad.double() - copy.grad).abs().max() <= 4 * ROUNDING * max(1e-3, float(copy.grad.abs().max()))


@pytest.mark.parametrize("offset", [0.0, 5.0, 50.0])
def test_a_layer_norm_takes_its_moments_in_float32(offset: float):
    x = (torch.randn(16, 768, generator=torch.Generator().manual_seed(0)) + offset).bfloat16()
    norm = nn.LayerNorm(768, eps=1e-12)
    with torch.autocast("cpu", torch.bfloat16):
        found = norm(x)
    assert rounded_once(found, F.layer_norm(x.float(), (768,), eps=1e-12), steps=1.01)


def test_a_group_norm_takes_its_moments_in_float32():
    x = (torch.randn(2, 32, 24, 24, generator=torch.Generator().manual_seed(0)) + 5).bfloat16()
    norm = nn.GroupNorm(2, 32)
    for each in (x, x.contiguous(memory_format=torch.channels_last)):
        with torch.autocast("cpu", torch.bfloat16):
            found = norm(each)
        assert rounded_once(found, F.group_norm(each.float(), 2), steps=1.5)


def test_moments_over_the_batch_are_float32():
    x = (torch.randn(512, 8, generator=torch.Generator().manual_seed(0)) + 30).bfloat16()
    with torch.autocast("cpu", torch.bfloat16):
        found = BatchStandardisation(8)(x)
    exact = x.double()
    exact = (exact - exact.mean(0)) / (exact.var(0, correction=0) + 1e-5).sqrt()
    assert found.dtype == torch.float32
    torch.testing.assert_close(found.double(), exact, atol=1e-4, rtol=1e-4)


def test_what_flows_from_block_to_block_stays_float32():
    """Else every block would round it again, and what is small beside it would be lost."""
    block = Block(TransformerConfig(width=32, heads=2, layers=1))
    seen: list[torch.dtype] = []
    for norm in (block.norm1, block.norm2):
        norm.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].dtype))
        norm.register_forward_hook(lambda *call: seen.append(call[2].dtype))
    with torch.autocast("cpu", torch.bfloat16):
        out = block(torch.randn(2, 5, 32), bias=None)
    assert out.dtype == torch.float32 and set(seen) == {torch.float32}
