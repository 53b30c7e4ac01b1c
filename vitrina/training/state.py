"""What changes during a run, and how it becomes a checkpoint and comes back, bit for bit."""

from collections.abc import Mapping

import torch
from tokenizers import Tokenizer
from torch import Tensor, nn

from vitrina.models.checkpoint import load_exactly, read_tensors
from vitrina.recipes.recipe import Recipe
from vitrina.training.checkpoints import Checkpoint, Part
from vitrina.training.files import TrainingError
from vitrina.training.optimiser import MovingAverage, Optimiser


class State:
    """The weights, the optimiser's moments and the moving average of the weights.

    There is nothing else: batches are a function of the step, and random numbers are seeded anew at every step.
    """

    def __init__(self, model: nn.Module, *, recipe: Recipe) -> None:
        self.model = model
        self.optimiser = Optimiser(model, optim=recipe.optim, steps=recipe.steps)
        self.average = None if recipe.ema_decay is None else MovingAverage(model, decay=recipe.ema_decay)

    def parts(self, *, recipe: Recipe, step: int, tokenizer: Tokenizer | None) -> dict[str, Part]:
        """The files of a checkpoint. Weights carry the recipe and the tokenizer, so that each file stands alone.

        Raises TrainingError where a tensor holds something that is not a number: such a state is not worth keeping.
        """
        about = {"format": "pt", "recipe": recipe.to_json(), "step": str(step)}
        if tokenizer is not None:
            about["tokenizer"] = tokenizer.to_str()
        parts = {"model": Part(self.model.state_dict(), about)}
        if self.average is not None:
            parts["ema"] = Part(self.average.tensors(), about | {"average": str(recipe.ema_decay)})
        parts["optimizer"] = Part(self.optimiser.tensors(), {"format": "pt", "step": str(step)})
        for file, part in parts.items():
            _refuse_non_finite(part.tensors, file=file, step=step)
        return parts

    def restore(self, checkpoint: Checkpoint) -> None:
        """Become what the checkpoint holds; ValueError where it is that of another model."""
        origin = str(checkpoint.path)
        load_exactly(self.model, tensors=read_tensors(checkpoint.file("model")), origin=origin)
        self.optimiser.restore(read_tensors(checkpoint.file("optimizer")))
        if self.average is not None:
            self.average.restore(read_tensors(checkpoint.file("ema")))


def _refuse_non_finite(tensors: Mapping[str, Tensor], *, file: str, step: int) -> None:
    floating = {name: each for name, each in tensors.items() if each.is_floating_point()}
    # A sum of magnitudes is finite only where every one of them is; one answer for all tensors of a file.
    sums = [each.detach().abs().sum(dtype=torch.float64) for each in floating.values()]
    if sums and not torch.stack(sums).isfinite().all():
        bad = next(name for name, each in zip(floating, sums, strict=True) if not each.isfinite())
        raise TrainingError(
            f"after step {step}, {bad} ({file}) holds values that are not finite, so nothing was saved; "
            "a smaller optim.lr, a longer optim.warmup_steps or precision=fp32 helps"
        )
