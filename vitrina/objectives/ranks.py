"""What several processes compute together, with gradients that are right where the ranks' losses are added up."""

import torch
from torch import Tensor
from torch import distributed as dist


def world() -> int:
    """How many ranks compute together; 1 without a process group, and where no gradients are asked for.

    A model that only answers, as one rank's look at held-out products does while the others wait, exchanges nothing.
    """
    if not torch.is_grad_enabled():
        return 1
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


def gathered(local: Tensor) -> Tensor:
    """The ranks' rows, (b, ...) each, as (world * b, ...) in rank order; gradients flow back to the row's own rank."""
    if world() == 1:
        return local
    return _Gathered.apply(local) if local.is_floating_point() else _concatenated(local)  # type: ignore[return-value]


def summed(local: Tensor) -> Tensor:
    """The sum over the ranks; its gradient is the sum of what all ranks ask of it."""
    return local if world() == 1 else _Summed.apply(local)  # type: ignore[return-value]  # apply returns a tensor


class _Gathered(torch.autograd.Function):
    """A row counts in every rank's loss, so its gradient is the sum of what the ranks found for it."""

    @staticmethod
    def forward(ctx, local: Tensor) -> Tensor:
        ctx.rows = len(local)
        return _concatenated(local)

    @staticmethod
    def backward(ctx, *grads: Tensor) -> Tensor:
        everybody = grads[0].clone(memory_format=torch.contiguous_format)
        dist.all_reduce(everybody)
        return everybody.narrow(0, dist.get_rank() * ctx.rows, ctx.rows)


class _Summed(torch.autograd.Function):
    @staticmethod
    def forward(ctx, local: Tensor) -> Tensor:
        return _added(local)

    @staticmethod
    def backward(ctx, *grads: Tensor) -> Tensor:
        return _added(grads[0])


def _concatenated(local: Tensor) -> Tensor:
    parts = [torch.empty_like(local, memory_format=torch.contiguous_format) for _ in range(dist.get_world_size())]
    dist.all_gather(parts, local.contiguous())
    return torch.cat(parts)


def _added(local: Tensor) -> Tensor:
    total = local.clone(memory_format=torch.contiguous_format)
    dist.all_reduce(total)
    return total
