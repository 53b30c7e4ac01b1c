"""AdamW with a warm-up and a cosine, clipping, and a moving average of the weights; all state as named tensors."""

import math
import re
from collections.abc import Collection, Mapping, Sequence
from itertools import groupby
from typing import Any

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
    Frozen parameters, those that require no gradient, are neither moved nor decayed and have no state.

    `optim.layer_decay` below 1 spares what lies deep, by `depths`; the parameters named by `fresh`, which a start did
    not bring, learn at the full rate wherever they lie.
    """

    def __init__(self, model: nn.Module, *, optim: Optim, steps: int, fresh: Collection[str] = ()) -> None:
        self._optim = optim
        self._steps = steps
        self._named = {name: each for name, each in model.named_parameters() if each.requires_grad}
        self._adamw = AdamW(
            _groups(self._named, shares=_shares(model, optim=optim, fresh=fresh), decaying=decaying_names(model)),
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

        That is the highest of the learning rates, the one of the top. Parameters without a gradient (those that this
        kind of batch does not use) are neither moved nor decayed.
        """
        lr = learning_rate(self._optim, step=number, steps=self._steps)
        for group in self._adamw.param_groups:
            group["lr"] = lr * group["lr_share"]
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
    belong to them; a buffer that is no floating-point number is taken as it stands, and what is frozen is its own
    average.
    """

    def __init__(self, model: nn.Module, *, decay: float) -> None:
        self._decay = decay
        self._current = model.state_dict()
        self._average = {name: each.clone() for name, each in self._current.items()}
        frozen = {name for name, each in model.named_parameters() if not each.requires_grad}
        smooth = [name for name, each in self._current.items() if each.is_floating_point() and name not in frozen]
        # Where ranks hold shares of the weights, buffers are still whole: one call takes either, never both.
        kinds = dict.fromkeys(type(self._current[name]) for name in smooth)
        alike = [[name for name in smooth if type(self._current[name]) is kind] for kind in kinds]
        # Sorted once, as no step has time to lose: the tensors are updated in place and stay the same ones.
        self._smooth = [
            ([self._average[name] for name in names], [self._current[name] for name in names]) for names in alike
        ]
        self._counting = [name for name, each in self._current.items() if not each.is_floating_point()]

    @torch.no_grad()
    def update(self, number: int) -> None:
        """Take in the weights as they are after step `number`, from 0 on."""
        decay = min(self._decay, (1 + number) / (10 + number))
        for average, current in self._smooth:
            get_ema_multi_avg_fn(decay)(average, current, None)
        for name in self._counting:
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


def depths(model: nn.Module) -> dict[str, int]:
    """How many blocks lie between each parameter and the top of the model, its own counted, by name.

    As BEiT numbers them (Bao et al. 2022, appendix H; ELECTRA, section 3.4): heads, projections and final norms 0, the
    last block 1, the first one of L blocks L, and what stands before it (stem, class token, positions, words) L + 1.
    FLAVA's multimodal encoder stands on its towers: below it they count its blocks too. Raises ValueError for a model
    without transformer blocks.
    """
    names = [name for name, _ in model.named_parameters()]
    blocks: dict[str, list[str]] = {}
    below: dict[str, int] = {}
    for name in names:
        stack = blocks.setdefault(name.partition(".")[0], [])
        if (found := _BLOCK.match(name)) and found["block"] not in stack:
            stack.append(found["block"])
        below[name] = len(stack)
    if not any(blocks.values()):
        raise ValueError("optim.layer_decay needs a model of transformer blocks, which this one is not: leave it at 1")
    return {name: _depth(name, blocks=blocks, below=below[name]) for name in names}


_TOP_STACKS = ("multimodal", "trunk")
"""What stands on both towers: FLAVA's multimodal encoder, and the one transformer of early fusion."""

_TOWERS = ("image", "text")
_BLOCK = re.compile(r"(?P<block>\w+\.(?:[\w.]+\.)?transformer\.blocks\.\d+)\.")


def _depth(name: str, *, blocks: Mapping[str, Sequence[str]], below: int) -> int:
    """The blocks from a parameter up, where `below` of its stack's stand before it or are its own."""
    stack = name.partition(".")[0]
    above = sum(len(blocks.get(top, ())) for top in _TOP_STACKS) if stack in _TOWERS else 0
    height = above + len(blocks[stack])
    return 0 if height == 0 or name.startswith(f"{stack}.norm.") else height - below + 1


def _shares(model: nn.Module, *, optim: Optim, fresh: Collection[str]) -> dict[str, float]:
    """The share of the learning rate that each parameter has."""
    if optim.layer_decay == 1.0:
        return {name: 1.0 for name, _ in model.named_parameters()}
    known = frozenset(fresh)
    return {name: 1.0 if name in known else optim.layer_decay**depth for name, depth in depths(model).items()}


def _groups(
    named: Mapping[str, nn.Parameter], *, shares: Mapping[str, float], decaying: Collection[str]
) -> list[dict[str, Any]]:
    """Parameters of the same learning rate and decay together, the fastest first, decaying ones before the others."""

    def order(name: str) -> tuple[float, bool]:
        return -shares[name], name not in decaying

    groups = []
    for (share, is_spared), names in groupby(sorted(named, key=order), key=order):
        group: dict[str, Any] = {"params": [named[name] for name in names], "lr_share": -share}
        groups.append(group | {"weight_decay": 0.0} if is_spared else group)
    return groups
