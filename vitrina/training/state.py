"""What changes during a run, and how it becomes a checkpoint and comes back, bit for bit."""

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor

from vitrina.models.checkpoint import load_exactly, read_tensors
from vitrina.training.checkpoints import Checkpoint, Part
from vitrina.training.engine import Engine
from vitrina.training.files import TrainingError
from vitrina.training.optimiser import MovingAverage, Optimiser
from vitrina.training.prepare import Session
from vitrina.training.step import Step


class State:
    """The weights, the optimiser's moments and the moving average of the weights, as they begin or as of `checkpoint`.

    There is nothing else: batches are a function of the step, and random numbers are seeded anew at every step.
    With `shard` every rank holds a share of each tensor; a checkpoint is the same whole files however it was computed.
    Raises ValueError where the checkpoint is that of another model.
    """

    def __init__(self, session: Session, *, checkpoint: Checkpoint | None, engine: Engine, shard: bool) -> None:
        recipe, self.model = session.recipe, session.model
        self._session = session
        self._is_chief = engine.is_chief
        self._is_sharded = shard and engine.world > 1
        if checkpoint is not None:
            # Before the weights are shared out: the shares are then cut from what was read.
            load_exactly(self.model, tensors=read_tensors(checkpoint.file("model")), origin=str(checkpoint.path))
        self.step = engine.spread(Step(self.model, weights=recipe.weights), shard=shard)
        self.optimiser = Optimiser(self.model, optim=recipe.optim, steps=recipe.steps, fresh=session.fresh)
        self.average = None if recipe.ema_decay is None else MovingAverage(self.model, decay=recipe.ema_decay)
        if checkpoint is not None:
            self._restore(checkpoint)

    def clip(self) -> Tensor:
        """Bound the gradients as the recipe asks; the norm that they had over all ranks' shares, a tensor ()."""
        norm = self.optimiser.clip()
        return self._whole(norm) if self._is_sharded else norm

    def weights(self) -> dict[str, Tensor]:
        """The whole weights that the run is judged by, on the chief: their moving average where it keeps one.

        Where ranks hold shares, all of them must ask.
        """
        tensors = self.model.state_dict() if self.average is None else self.average.tensors()
        return self._gathered(tensors) if self._is_sharded else tensors

    def parts(self, *, step: int) -> Iterator[tuple[str, Part]]:
        """The files of a checkpoint, one after another; of ranks other than the chief, nothing.

        Weights carry the recipe and the tokenizer, so that each file stands alone. Where ranks hold shares all of them
        must go through: a tensor at a time becomes whole on every device, a file at a time in the chief's memory.
        Raises TrainingError where a tensor holds something that is not a number: such a state is not worth keeping.
        """
        recipe, tokenizer = self._session.recipe, self._session.tokenizer
        about = {"format": "pt", "recipe": recipe.to_json(), "step": str(step)}
        if tokenizer is not None:
            about["tokenizer"] = tokenizer.to_str()
        files = {"model": (self.model.state_dict(), about)}
        if self.average is not None:
            files["ema"] = (self.average.tensors(), about | {"average": str(recipe.ema_decay)})
        files["optimizer"] = (self.optimiser.tensors(), {"format": "pt", "step": str(step)})
        for name, (tensors, metadata) in files.items():
            if self._is_sharded:
                tensors = self._gathered(tensors)
            if self._is_chief:
                _refuse_non_finite(tensors, file=name, step=step)
                yield name, Part(tensors, metadata)

    def _gathered(self, shares: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The whole tensors, on the chief's processor; elsewhere none are kept."""
        gathered = {}
        for name, share in shares.items():
            tensor = self._whole(share)
            if self._is_chief:
                gathered[name] = tensor.cpu()
        return gathered

    def _whole(self, tensor: Tensor) -> Tensor:
        from vitrina.training.sharding import whole  # which takes a second

        return whole(tensor)

    def _restore(self, checkpoint: Checkpoint) -> None:
        moments = read_tensors(checkpoint.file("optimizer"))
        if self._is_sharded:
            own = dict(self.model.named_parameters())
            moments = {name: _cut(each, like=own.get(name.partition(".")[2])) for name, each in moments.items()}
        self.optimiser.restore(moments)
        if self.average is not None:
            averages = read_tensors(checkpoint.file("ema"))
            if self._is_sharded:
                own = self.average.tensors()
                averages = {name: _cut(each, like=own.get(name)) for name, each in averages.items()}
            self.average.restore(averages)


def _cut(tensor: Tensor, *, like: Tensor | None) -> Tensor:
    from vitrina.training.sharding import share_of  # which takes a second

    return tensor if like is None else share_of(tensor, like=like)


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
