"""How a run is computed: where, by how many threads, in how much memory. Never what it learns."""

from dataclasses import dataclass
from typing import Literal

RecordName = Literal["tensorboard", "wandb", "trackio"]


@dataclass(frozen=True)
class Machine:
    """How to compute a run; every choice learns the same, to rounding.

    `device` is "cpu" or "cuda", by default cuda where there is one. `workers` threads prepare batches. `micro_batches`
    runs the towers on that many pieces of a step's rows one after another, each computed again on the way back, so
    that the activations of one piece at most are alive; the contrastive loss still meets the whole step. `recompute`
    keeps no activations within a transformer block; try it before `micro_batches`. `compile` has torch compile every
    block, which takes a minute first and gains a tiny model on a CPU nothing. `shard` gives every rank of `torchrun` a
    share of the weights and of the optimiser's state (FSDP2) instead of a copy of them (DDP).
    `records` are written beside `metrics.jsonl`.

        train(recipe, catalogues=[shop], run=run, machine=Machine(micro_batches=4, recompute=True))
    """

    device: str | None = None
    workers: int = 2
    micro_batches: int = 1
    recompute: bool = False
    compile: bool = False
    shard: bool = False
    records: tuple[RecordName, ...] = ()

    def __post_init__(self) -> None:
        if self.workers < 0:
            raise ValueError(f"workers is {self.workers}: choose 0 or more")
        if self.micro_batches < 1:
            raise ValueError(f"micro_batches is {self.micro_batches}: choose 1 or more")

    def about(self) -> dict[str, int | bool]:
        """What of it may round sums in another order, for the record of a session."""
        return {"micro_batches": self.micro_batches, "compile": self.compile, "shard": self.shard}
