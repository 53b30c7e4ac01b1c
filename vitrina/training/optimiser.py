"""AdamW with a warm-up and a cosine, clipping, and a moving average of the weights; all state as named tensors."""

import math
from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn.utils import clip_grads_with_norm_, get_total_norm
from torch.optim import AdamW
from torch.optim.swa_utils import get_ema_multi_avg_fn

from vitrina.recipes.recipe import Optim

_DECAYING = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
_STATE = ("exp_avg", "exp_avg_sq", "step")


class Optimiser:
    """Updates a model's parameters at a step's learning rate.

    Weight decay acts on the matrices of linear and convolutional layers. Biases, norms, embeddings and free-standing
    parameters (class tokens, positions, the logit scale) are left alone: pulling them to zero regularises nothing.
    """

    def __init__(self, model: nn.Module, *, optim: Optim, steps: int) -> None:
        self._optim = optim
        self._steps = steps
        self._named = {name: each for name, each in model.named_parameters() if each.requires_grad}
        decaying = decaying_names(model)
        groups = [
            {"params": [each for name, each in self._named.items() if name in decaying]},
            {"params": [each for name, each in self._named.items() if name not in decaying], "weight_decay": 0.0},
        ]
        self._adamw = AdamW(
            [group for group in groups if group["params"]],
            lr=optim.lr,
            betas=optim.betas,
            eps=optim.eps,
            weight_decay=optim.weight_decay,
            fused=True,
        )

    def clip(self) -> Tensor:
        """Scale the gradients down to `clip_norm` together, and return the norm that they had, a tensor ()."""
        parameters = [each for each in self._named.values() if each.grad is not None]
        norm = get_total_norm([each.grad for each in parameters if each.grad is not None])
        if self._optim.clip_norm is not None:
            clip_grads_with_norm_(parameters, self._optim.clip_norm, norm)
        return norm

    def step(self, number: int) -> float:
        """Update every parameter that has a gradient, in step `number` from 0 on, forget the gradients, return the lr.

        Parameters without a gradient (those that this kind of batch does not use) are neither moved nor decayed.
        """
        lr = learning_rate(self._optim, step=number, steps=self._steps)
        for group in self._adamw.param_groups:
            group["lr"] = lr
        self._adamw.step()
        self._adamw.zero_grad(set_to_none=True)
        return lr

    def tensors(self) -> dict[str, Tensor]:
        """The state by parameter name: `exp_avg.NAME`, `exp_avg_sq.NAME`, `step.NAME`."""
        return {
            f"{kind}.{name}": self._adamw.state[parameter][kind]
            for name, parameter in self._named.items()
            if parameter in self._adamw.state
            for kind in _STATE
        }

    def restore(self, tensors: Mapping[str, Tensor]) -> None:
        """Take the state back bit for bit; ValueError where it is that of another model."""
        names = {key.partition(".")[2] for key in tensors}
        strangers = sorted(names - self._named.keys())
        if strangers:
            raise ValueError(f"the optimiser's state has {strangers[0]!r}, which the model has not")
        for name in names:
            parameter = self._named[name]
            self._adamw.state[parameter] = {
                "step": tensors[f"step.{name}"].to(parameter.device, copy=True),
                # As the optimiser makes them: in the memory layout of the parameter.
                "exp_avg": torch.empty_like(parameter).copy_(tensors[f"exp_avg.{name}"]).detach(),
                "exp_avg_sq": torch.empty_like(parameter).copy_(tensors[f"exp_avg_sq.{name}"]).detach(),
            }


class MovingAverage:
    """An exponential moving average of the weights, warmed up so that the random start is soon forgotten.

    The decay of update u (from 0 on) is min(decay, (1 + u) / (10 + u)): an average over about the last tenth of the
    run while it is young, as in TensorFlow's `ExponentialMovingAverage(num_updates)`. A function of the step, so that
    nothing but the average itself has to be stored. Running moments are averaged as the parameters are, so that they
    belong to them; a buffer that is no floating-point number is taken as it stands.
    """

    def __init__(self, model: nn.Module, *, decay: float) -> None:
        self._decay = decay
        self._current = model.state_dict()
        self._average = {name: each.clone() for name, each in self._current.items()}

    @torch.no_grad()
    def update(self, number: int) -> None:
        """Take in the weights as they are after step `number`, from 0 on."""
        decay = min(self._decay, (1 + number) / (10 + number))
        smooth = [name for name, each in self._current.items() if each.is_floating_point()]
        average = [self._average[name] for name in smooth]
        get_ema_multi_avg_fn(decay)(average, [self._current[name] for name in smooth], None)
        for name in self._current.keys() - set(smooth):
            self._average[name].copy_(self._current[name])

    def tensors(self) -> dict[str, Tensor]:
        """The averages under the names of the model's own state dict."""
        return dict(self._average)

    def restore(self, tensors: Mapping[str, Tensor]) -> None:
        """Take the averages back bit for bit."""
        for name, each in self._average.items():
            each.copy_(tensors[name])


def learning_rate(optim: Optim, *, step: int, steps: int) -> float:
    """The learning rate of step `step`, from 0 on, of `steps`: linear warm-up, then the schedule.

    >>> learning_rate(Optim(lr=1.0, warmup_steps=10), step=9, steps=100)
    1.0
    """
    if step < optim.warmup_steps:
        return optim.lr * (step + 1) / optim.warmup_steps
    if optim.schedule == "constant":
        return optim.lr
    progress = (step - optim.warmup_steps) / max(1, steps - optim.warmup_steps)
    cosine = (1 + math.cos(math.pi * min(1.0, progress))) / 2
    return optim.lr * (optim.final_lr_share + (1 - optim.final_lr_share) * cosine)


def decaying_names(model: nn.Module) -> frozenset[str]:
    """The parameters that weight decay acts on: the weights of linear and convolutional layers."""
    return frozenset(
        f"{prefix}.weight" if prefix else "weight"
        for prefix, module in model.named_modules()
        if isinstance(module, _DECAYING)
    )
