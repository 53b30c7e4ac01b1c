"""Noise that belongs to rows: drawn on the model's own device from their keys, whatever ranks and pieces they are in.

The hash is that of `vitrina.data.draws` in torch's int64, which wraps as uint64 does.
"""

import hashlib

import torch
from torch import Tensor


def gumbel(keys: Tensor, *, name: str, shape: tuple[int, ...], seed: int) -> Tensor:
    """Draws from Gumbel(0, 1), (b, *shape) float32, from `keys` (b, k) int64; a row's depend on its own key alone.

    Along the first axis of `shape` they are a prefix: asking for more leaves the earlier ones as they were.

    >>> gumbel(torch.tensor([[2, 0, 7]]), name="grouping", shape=(8, 64), seed=0).shape
    torch.Size([1, 8, 64])
    """
    count = 1
    for side in shape:
        count *= side
    counters = torch.arange(1, count + 1, device=keys.device)
    bits = _mix(_hashed(seed, keys, name=name)[:, None] + counters * _GOLDEN)
    # Half a step off, so that neither 0 nor 1 is drawn, whose logarithms are infinite.
    uniform = (_shifted(bits, 12).double() + 0.5) * 2.0**-52
    return -(-uniform.log()).log().float().reshape(len(keys), *shape)


def _hashed(seed: int, keys: Tensor, *, name: str) -> Tensor:
    digest = hashlib.blake2b(f"{int(seed)}/{name}".encode(), digest_size=8).digest()
    state = torch.full_like(keys[:, 0], _signed(int.from_bytes(digest, "little")))
    for column in keys.unbind(dim=1):
        state = _mix(state + (column + 1) * _GOLDEN)
    return state


def _mix(values: Tensor) -> Tensor:
    """splitmix64's finaliser (Steele, Lea and Flood 2014, section 5)."""
    values = (values ^ _shifted(values, 30)) * _signed(0xBF58476D1CE4E5B9)
    values = (values ^ _shifted(values, 27)) * _signed(0x94D049BB133111EB)
    return values ^ _shifted(values, 31)


def _shifted(values: Tensor, by: int) -> Tensor:
    """A shift to the right that fills with zeros, where torch's own repeats the sign."""
    return (values >> by) & ((1 << (64 - by)) - 1)


def _signed(value: int) -> int:
    return value - (1 << 64) if value >= 1 << 63 else value


_GOLDEN = _signed(0x9E3779B97F4A7C15)
