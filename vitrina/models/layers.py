"""The one transformer block that every family here is built from.

Pre-norm (ViT, section 3.1): LayerNorm, attention, LayerNorm, MLP with the exact GELU; no dropout.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal, TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

Result = TypeVar("Result")


@dataclass(frozen=True)
class TransformerConfig:
    """A stack of `layers` blocks of `width` channels; `mlp_ratio` widths inside the MLP; `eps` of every LayerNorm.

    `activation` is that of the MLPs: the exact GELU, or CLIP's cheaper likeness of it.
    """

    width: int
    heads: int
    layers: int
    mlp_ratio: float = 4.0
    eps: float = 1e-12
    activation: Literal["gelu", "quick_gelu"] = "gelu"

    def __post_init__(self) -> None:
        if self.heads < 1 or self.width % self.heads:
            raise ValueError(f"width {self.width} is not a multiple of heads {self.heads}: choose a width that is")


class Repeated(nn.Module):
    """A block of which a model stacks many: what is recomputed, compiled or sharded by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.is_recomputed = False


def recomputed(run: Callable[[], Result]) -> Result:
    """`run()`, of which nothing is kept for the backward pass: it runs again there. It must draw nothing at random."""
    if not torch.is_grad_enabled():
        return run()
    return checkpoint(run, use_reentrant=False, preserve_rng_state=False)  # type: ignore[return-value]  # what run returns


class Transformer(nn.Module):
    """(b, t, d) -> (b, t, d): a stack of blocks, without a final LayerNorm."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.layers))

    def forward(
        self, x: Tensor, *, is_token: Tensor | None = None, is_causal: bool = False, wanted: Tensor | None = None
    ) -> Tensor:
        """`is_token` (b, t) bool is False on padding, which nothing attends to; None where there is no padding.

        With `is_causal` a token attends to itself and to those before it. Padding stands at the end, so no word looks
        at it then either, and `is_token` changes nothing.

        `wanted` (n,) int64 numbers the tokens (row after row, b * t of them) whose states somebody reads: the last
        block finishes those alone, and (n, d) is returned.
        """
        bias = None if is_token is None or is_causal else attention_bias(is_token)
        last = len(self.blocks) - 1
        for number, block in enumerate(self.blocks):
            step = partial(block, x, bias=bias, is_causal=is_causal, wanted=wanted if number == last else None)
            x = recomputed(step) if block.is_recomputed else step()
        return x if wanted is None or x.ndim == 2 else x.flatten(0, 1).index_select(0, wanted)


class Block(Repeated):
    """LayerNorm, attention, LayerNorm, MLP, each pair beside the identity. (b, t, d) -> (b, t, d).

    Or (n, d) at the `wanted` tokens: attention needs all of them, what follows works on each by itself.
    """

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        inner = round(config.width * config.mlp_ratio)
        activation = nn.GELU() if config.activation == "gelu" else QuickGELU()
        self.norm1 = nn.LayerNorm(config.width, eps=config.eps)
        self.attention = Attention(config)
        self.norm2 = nn.LayerNorm(config.width, eps=config.eps)
        self.mlp = nn.Sequential(nn.Linear(config.width, inner), activation, nn.Linear(inner, config.width))

    def forward(
        self, x: Tensor, *, bias: Tensor | None, is_causal: bool = False, wanted: Tensor | None = None
    ) -> Tensor:
        mixed = self.attention(self.norm1(x), bias=bias, is_causal=is_causal)
        if wanted is not None:
            x, mixed = (each.flatten(0, 1).index_select(0, wanted) for each in (x, mixed))
        x = x + self.attention.out(mixed)
        return x + self.mlp(self.norm2(x))


class QuickGELU(nn.Module):
    """x times the sigmoid of 1.702 x: what CLIP's published weights were trained with."""

    def forward(self, x: Tensor) -> Tensor:
        return x * torch.sigmoid(1.702 * x)


class Attention(nn.Module):
    """Multi-head self-attention; query, key and value share one projection, in that order."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        self.heads = config.heads
        self.qkv = nn.Linear(config.width, 3 * config.width)
        self.out = nn.Linear(config.width, config.width)

    def forward(self, x: Tensor, *, bias: Tensor | None, is_causal: bool = False) -> Tensor:
        """(b, t, d) -> (b, t, d): the values as the heads mix them; the block maps by `out` what somebody wants."""
        b, t, d = x.shape
        q, k, v = self.qkv(x).view(b, t, 3, self.heads, d // self.heads).permute(2, 0, 3, 1, 4)
        return attend(q, k, v, bias=bias, is_causal=is_causal).transpose(1, 2).reshape(b, t, d)


def attend(q: Tensor, k: Tensor, v: Tensor, *, bias: Tensor | None, is_causal: bool = False) -> Tensor:
    """softmax(q kᵀ / √d + bias) v on (b, heads, t, d), by the kernel that measures faster.

    With `is_causal`, which takes no `bias`, no token sees one that follows it.

    Forward and backward in ms, one thread of an AMX Xeon, fused | plain, with key padding (width 128, 2 heads):

        batch x tokens      float32          bfloat16
        256 x 10           3.5 |  3.9       32   |  3.0
        256 x 24           8.4 |  8.6       36   |  7.9
        256 x 65          40   | 41        110   | 20
        64 x 145 (256, 4) 64   | 80        119   | 40

    The fused kernel has no fast bfloat16 path on CPUs; elsewhere it is as fast or faster and keeps less in memory.
    """
    if bias is not None:
        bias = bias.to(q.dtype)
    if q.device.type == "cpu" and q.dtype == torch.bfloat16:
        scores = (q * q.shape[-1] ** -0.5) @ k.transpose(-1, -2)
        if is_causal:
            bias = torch.full(scores.shape[-2:], float("-inf"), dtype=q.dtype).triu(1)
        return (scores if bias is None else scores + bias).softmax(dim=-1) @ v
    return F.scaled_dot_product_attention(q, k, v, attn_mask=bias, is_causal=is_causal)


def attention_bias(is_token: Tensor) -> Tensor:
    """(b, t) bool -> (b, 1, 1, t): 0 where there is a token, minus infinity on padding."""
    zeros = torch.zeros(is_token.shape, device=is_token.device)
    return zeros.masked_fill(~is_token, float("-inf"))[:, None, None, :]


@torch.no_grad()
def initialise(module: nn.Module) -> None:
    """Weights as BERT, BEiT and FLAVA begin: normal with deviation .02, cut at two deviations; biases zero.

    One thing is not as published: the last map of every residual branch begins at a tenth of that, so that a fresh
    transformer passes its tokens on nearly unchanged (the thought of Fixup, Zhang et al. 2019, section 3). Where
    nothing was pre-trained the towers then learn at once from what the stem and the words say; see LOG.md. Not zero:
    [CLS] would be the same for every picture, and nothing would learn from it. For `module.apply`. LayerNorm keeps
    ones and zeros; overlapping convolutions keep torch's own.
    """
    if isinstance(module, nn.Linear | nn.Embedding):
        nn.init.trunc_normal_(module.weight, std=0.02, a=-0.04, b=0.04)
    if isinstance(module, nn.Linear) and module.bias is not None:
        nn.init.zeros_(module.bias)
    if isinstance(module, Block):  # `apply` comes here after the block's own maps
        module.attention.out.weight.mul_(0.1)
        module.mlp[2].weight.mul_(0.1)  # type: ignore[operator]  # a linear layer
