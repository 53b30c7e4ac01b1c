"""The engine: one device per process, precision, and what several processes must agree on.

Started by `torchrun` a run has as many ranks as it was given (gloo on CPUs, nccl on GPUs), each with its share of every
batch; started plainly it has one.
"""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn
from torch import distributed as dist

from vitrina.objectives.sums import Sum
from vitrina.training.files import TrainingError

_BUCKET_ELEMENTS = 2**24


@dataclass(frozen=True)
class Engine:
    """Rank `rank` of `world`, on `device`. Only the chief, rank 0, writes."""

    device: torch.device
    rank: int = 0
    world: int = 1

    @property
    def is_chief(self) -> bool:
        return self.rank == 0

    def precision(self, name: Literal["fp32", "bf16"]) -> AbstractContextManager[object]:
        """The context of a forward pass; in bf16 the weights, the losses and the optimiser stay in fp32."""
        return torch.autocast(self.device.type, dtype=torch.bfloat16) if name == "bf16" else nullcontext()

    def seed(self, value: int) -> None:
        """Seed what a model may draw from on this rank; `torch.manual_seed` takes fifty times as long."""
        torch.default_generator.manual_seed(value)
        if self.device.type == "cuda":
            torch.cuda.manual_seed(value)

    def total(self, losses: Mapping[str, Sum], *, names: Sequence[str], is_asked_to_stop: bool) -> Tensor:
        """(2n + 1,): the values of all `names` summed over the ranks, their counts, and how many ranks were asked to
        stop. A loss that this rank's rows do not have counts nothing."""
        zero = torch.zeros((), device=self.device)
        parts = [losses[name].value.detach().float() if name in losses else zero for name in names]
        parts += [losses[name].count.detach().float() if name in losses else zero for name in names]
        parts.append(torch.ones_like(zero) if is_asked_to_stop else zero)
        totals = torch.stack([each.to(self.device) for each in parts])
        if self.world > 1:
            dist.all_reduce(totals)
        return totals

    def share_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """Sum the gradients over the ranks; a parameter that no rank has a gradient for keeps None on all of them.

        Every rank divides its sums by the counts of the whole batch, so that adding the gradients up gives those of
        the whole batch. DistributedDataParallel averages instead, which is wrong where ranks hold different numbers
        of masked tokens, and waits for parameters that a text-only or image-only batch never uses, or walks the graph
        at every step to find them.
        """
        if self.world == 1:
            return
        trained = [each for each in parameters if each.requires_grad]
        has_gradient = torch.tensor([each.grad is not None for each in trained], dtype=torch.int32, device=self.device)
        dist.all_reduce(has_gradient, op=dist.ReduceOp.MAX)
        used = [each for each, has in zip(trained, has_gradient.tolist(), strict=True) if has]
        gradients = [torch.zeros_like(each) if each.grad is None else each.grad for each in used]
        for bucket in _buckets(gradients):
            flat = torch.cat([each.reshape(-1) for each in bucket])
            dist.all_reduce(flat)
            for gradient, summed in zip(bucket, flat.split([each.numel() for each in bucket]), strict=True):
                gradient.copy_(summed.view_as(gradient))
        for each, gradient in zip(used, gradients, strict=True):
            each.grad = gradient

    def share_start(self, model: nn.Module) -> None:
        """Give every rank the chief's weights and buffers."""
        if self.world > 1:
            for each in (*model.parameters(), *model.buffers()):
                dist.broadcast(each.detach(), src=0)

    @contextmanager
    def chief_first(self) -> Iterator[None]:
        """Run the body on the chief, then on the others; where the chief fails the others stop with words, not wait."""
        if self.world == 1:
            yield
            return
        if not self.is_chief:
            self._agree(True)
        try:
            yield
        except BaseException:
            if self.is_chief:
                self._agree(False)
            raise
        if self.is_chief:
            self._agree(True)

    def _agree(self, is_well: bool) -> None:
        """Meet the other ranks once; raises TrainingError where the chief is not well."""
        failures = torch.tensor([0 if is_well else 1], dtype=torch.int32, device=self.device)
        dist.all_reduce(failures)
        if failures.item() and is_well:
            raise TrainingError(f"rank {self.rank} stops because rank 0 could not go on; see its message")


@contextmanager
def open_engine(device: str | None = None) -> Iterator[Engine]:
    """The engine of this process: `device` is "cpu" or "cuda", by default cuda where there is one.

    Raises ValueError where that device is not there. Joins the ranks that `torchrun` started, and leaves them after.
    """
    if device is not None and device.partition(":")[0] not in ("cpu", "cuda"):
        raise ValueError(f'device "{device}" is not known: choose "cpu" or "cuda"')
    kind = device or ("cuda" if torch.cuda.is_available() else "cpu")
    if kind.startswith("cuda") and not torch.cuda.is_available():
        raise ValueError('device "cuda" is not there: this machine or this build of torch has none; use "cpu"')
    world, rank = int(os.environ.get("WORLD_SIZE", "1")), int(os.environ.get("RANK", "0"))
    if kind == "cuda":
        kind = f"cuda:{os.environ.get('LOCAL_RANK', '0')}"
    chosen = torch.device(kind)
    with ExitStack() as stack:
        if chosen.type == "cuda":
            stack.enter_context(_same_every_time(chosen))
        if world == 1:
            yield Engine(chosen)
            return
        dist.init_process_group("nccl" if chosen.type == "cuda" else "gloo", rank=rank, world_size=world)
        stack.callback(dist.destroy_process_group)
        yield Engine(chosen, rank, world)


@contextmanager
def _same_every_time(device: torch.device) -> Iterator[None]:
    """Have a GPU add in the same order every time, without which no run resumes bit for bit."""
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # read when the first matrix is multiplied
    torch.cuda.set_device(device)
    before = torch.are_deterministic_algorithms_enabled()
    warned = torch.is_deterministic_algorithms_warn_only_enabled()
    # A kernel that has no such form warns and runs.
    torch.use_deterministic_algorithms(True, warn_only=True)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before, warn_only=warned)


def _buckets(tensors: Sequence[Tensor]) -> Iterator[list[Tensor]]:
    """Neighbours together, up to a size at which latency no longer counts."""
    bucket: list[Tensor] = []
    size = 0
    for each in tensors:
        bucket.append(each)
        size += each.numel()
        if size >= _BUCKET_ELEMENTS:
            yield bucket
            bucket, size = [], 0
    if bucket:
        yield bucket
