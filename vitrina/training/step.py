"""The step: a batch goes in, this rank's share of the weighted loss comes out."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from vitrina.data.batch import Batch
from vitrina.models.early_fusion import EarlyFusionConfig
from vitrina.models.flava import FlavaConfig
from vitrina.objectives.sums import Sum
from vitrina.recipes.recipe import Recipe
from vitrina.training.build import Model
from vitrina.training.machine import Machine


class Step(nn.Module):
    """The module that several ranks run as one, so that whatever wraps it sees the loss and every weight it used.

    Each rank divides its sums by the counts of the whole step, which are known before; so gradients need nothing but
    adding up, and nothing is exchanged between the forward and the backward pass but what the losses gather.
    """

    def __init__(self, model: Model, *, weights: Mapping[str, float]) -> None:
        super().__init__()
        self.model = model
        self.weights = dict(weights)

    def forward(self, batch: Batch, counts: Tensor) -> tuple[Tensor, dict[str, Sum]]:
        """This rank's share of the weighted loss, (), and its losses, without gradients.

        `counts` (n,) are the terms that each of the n weighted losses has over all ranks. Raises ValueError where the
        model has a loss that the recipe does not weigh.
        """
        losses = self.model(batch)
        total = _weighted(losses, weights=self.weights, counts=counts)
        return total, {name: Sum(each.value.detach(), each.count, each.chance) for name, each in losses.items()}


def refuse_uneven(recipe: Recipe, *, world: int, machine: Machine) -> None:
    """Raise ValueError where ranks would run different parts of the model in a step, and wait for each other forever.

    Of the fused rows one rank may get one more than another: every rank needs some, and, where weights are shared out,
    as many pieces of them as the others.
    """
    fused = recipe.corruption.fused_rows(recipe.batch_rows)
    if world == 1 or not isinstance(recipe.model, FlavaConfig | EarlyFusionConfig) or fused == 0:
        return
    least = machine.micro_batches if machine.shard and fused % world else 1
    if fused // world < least:
        raise ValueError(
            f"of {fused} fused rows a step, some of {world} processes would get fewer than {least}: use fewer "
            f"processes or micro-batches, or a larger batch_rows or corruption.fused_share (or 0)"
        )


def counted(counts: Mapping[str, Tensor], *, names: Sequence[str]) -> list[Tensor]:
    """The counts of all `names` in their order, 0 for a loss that this batch does not have."""
    zero = torch.zeros_like(next(iter(counts.values())))
    return [counts.get(name, zero) for name in names]


def _weighted(losses: Mapping[str, Sum], *, weights: Mapping[str, float], counts: Tensor) -> Tensor:
    """The weighted sum of the losses' means, as this rank's share of the whole step's."""
    names = list(weights)
    for name in losses:
        if name not in names:
            raise ValueError(
                f"the model has a loss {name!r} and the recipe no weights.{name}: give it one, 0 to ignore it"
            )
    shares = [weights[name] * losses[name].value / counts[names.index(name)].clamp(min=1) for name in losses]
    return torch.stack([share for name, share in zip(losses, shares, strict=True) if weights[name]] or shares).sum()
