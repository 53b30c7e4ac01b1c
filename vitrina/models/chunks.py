"""How a model is computed: in pieces of its rows, block by block again, or compiled. Never what it computes."""

from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import partial
from itertools import pairwise
from typing import TypeVar

from torch import nn

from vitrina.data.batch import Texts
from vitrina.models.layers import Repeated, recomputed

Result = TypeVar("Result")


@dataclass(frozen=True)
class Thrift:
    """Less memory for more time; losses and gradients stay those of the whole batch.

    With `micro_batches` above 1 the towers, encoders and heads run on that many pieces of the rows, one after another,
    and each piece runs again in the backward pass, so that no more than one piece's activations are held at a time.
    What needs all rows at once (the contrastive loss, moments over the batch, the learned scale) has them. With
    `recompute` every block runs again in the backward pass (Chen et al. 2016, section 3): between blocks nothing but
    their inputs is kept.

    Either costs about one forward pass more, both together two. With the published stem try `recompute` first: of 606
    MiB at 256 channels and 224 px it left 160, four pieces 153, and it took 16 % longer where they took 53 %. A stem
    of convolutions is no block and keeps what it computes: there pieces help. Raises ValueError for less than one
    piece.
    """

    micro_batches: int = 1
    recompute: bool = False

    def __post_init__(self) -> None:
        if self.micro_batches < 1:
            raise ValueError(f"micro_batches is {self.micro_batches}: choose 1, which is the whole batch, or more")


class Thrifty(nn.Module):
    """A model whose rows may run in pieces and whose blocks may be recomputed, as its `thrift` says.

    model.thrift = Thrift(micro_batches=4)
    """

    def __init__(self) -> None:
        super().__init__()
        self._thrift = Thrift()

    @property
    def thrift(self) -> Thrift:
        return self._thrift

    @thrift.setter
    def thrift(self, thrift: Thrift) -> None:
        self._thrift = thrift
        for module in self.modules():
            if isinstance(module, Repeated):
                module.is_recomputed = thrift.recompute

    def in_pieces(
        self, run: Callable[[slice], Result], *, rows: int, part: nn.Module, most: int | None = None
    ) -> list[Result]:
        """What `run` returns for each piece of `rows` rows, in their order; pieces differ by one row at most.

        `run` meets its rows twice where there are several pieces and gradients are wanted, so it must change nothing
        and draw nothing. `part` is what takes its time: where that is frozen there is nothing to run again. There are
        `most` pieces at most: where ranks differ in their rows, all must run as many, or they wait for each other.
        """
        pieces = min(self._thrift.micro_batches, rows if most is None else min(rows, most))
        if pieces <= 1:
            return [run(slice(0, rows))]
        edges = [rows * piece // pieces for piece in range(pieces + 1)]
        slices = [slice(start, end) for start, end in pairwise(edges)]
        if not any(each.requires_grad for each in part.parameters()):
            return [run(some) for some in slices]
        return [recomputed(partial(run, some)) for some in slices]


def rows_of(text: Texts, rows: slice) -> Texts:
    """Some rows of a batch of texts."""
    return Texts(**{each.name: getattr(text, each.name)[rows] for each in fields(text)})


def compile_blocks(model: nn.Module) -> None:
    """Compile every repeated block of `model` in place, for any number of rows and tokens (`torch.compile`).

    Blocks of one shape share their code. Parameter names and weights files stay as they are, and so do the losses but
    for rounding. The first step of each kind of batch that looks different to a block (padding or none, some tokens
    wanted or all) waits for the compiler: together 40 CPU seconds for a tiny FLAVA, few of them where its cache
    has the code. A tiny model's steps then take no less time on a CPU in float32 (0.34 CPU seconds against 0.30).
    """
    for module in model.modules():
        if isinstance(module, Repeated):
            module.compile(dynamic=True)
