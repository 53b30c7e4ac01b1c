"""The engine: one device per process, precision, and what several processes must agree on.

Started by `torchrun` a run has as many ranks as it was given (gloo on CPUs, nccl on GPUs), each with its share of every
batch; started plainly it has one.
"""

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

import torch
from torch import Tensor, nn
from torch import distributed as dist
from torch.distributed import PrefixStore, rendezvous  # type: ignore[reportPrivateImportUsage]

from vitrina.training.files import TrainingError
from vitrina.training.peers import Peers
from vitrina.training.run_folder import RunFolder
from vitrina.training.step import Step

_STEP = timedelta(minutes=30)
"""How long a rank waits for the others within a step: longer than the chief takes to write any checkpoint."""

_MEETING = timedelta(days=7)
"""How long it waits where the chief works alone: a tokenizer, image codes, a look at held-out products."""


@dataclass(frozen=True)
class Engine:
    """Rank `rank` of `world`, on `device`. Only the chief, rank 0, writes."""

    device: torch.device
    rank: int = 0
    world: int = 1
    peers: Peers | None = None

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

    def added(self, figures: Tensor) -> Tensor:
        """The figures added up over the ranks, in place."""
        if self.world > 1:
            dist.all_reduce(figures)
        return figures

    def spread(self, step: Step, *, shard: bool) -> nn.Module:
        """The step as all ranks run it together: with shares of its weights on each, or copies of the chief's."""
        if self.world == 1:
            return step
        from vitrina.training.sharding import replicated, sharded  # which takes a second

        if not shard:
            return replicated(step)
        for each in (*step.parameters(), *step.buffers()):
            dist.broadcast(each.detach(), src=0)
        return sharded(step, device=self.device)

    def together(self, folder: RunFolder) -> AbstractContextManager[None]:
        """Run the body beside the other ranks; where one of them fails or is lost this one stops with words."""
        return nullcontext() if self.peers is None else self.peers.together(folder)

    def as_chief_says(self, yes: bool) -> bool:
        """What the chief answers, on every rank; it may take its time."""
        if self.peers is None:
            return yes
        answer = torch.tensor([int(yes)], dtype=torch.int32)
        dist.broadcast(answer, src=0, group=self.peers.meeting)
        return bool(answer.item())

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
        """Meet the other ranks once; raises TrainingError where the chief is not well, or gone."""
        assert self.peers is not None
        failures = torch.tensor([0 if is_well else 1], dtype=torch.int32)
        try:
            dist.all_reduce(failures, group=self.peers.meeting)
        except RuntimeError as error:
            raise TrainingError(f"rank {self.rank} stops because another rank ended before the first step") from error
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
        store, rank, world = next(rendezvous("env://", rank, world, timeout=_MEETING))
        dist.init_process_group(
            "nccl" if chosen.type == "cuda" else "gloo",
            store=PrefixStore("steps", store),
            rank=rank,
            world_size=world,
            timeout=_STEP,
            device_id=chosen if chosen.type == "cuda" else None,
        )
        stack.callback(dist.destroy_process_group)
        meeting = dist.new_group(backend="gloo", timeout=_MEETING)
        assert isinstance(meeting, dist.ProcessGroup)
        yield Engine(chosen, rank, world, Peers(store, meeting, rank, world))


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
