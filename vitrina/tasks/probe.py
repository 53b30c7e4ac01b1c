"""Classifiers on frozen vectors: logistic regression, and class means mixed with prompts.

Both are affine: logits = vectors · weightᵀ + bias, and where a class has several rows, its best counts. Classes may
have any number of examples, one or none included.
"""

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F

_STEPS = 100
_MEMORY = 10


@dataclass(frozen=True)
class Affine:
    """`weight` (w, d) and `bias` (w,), both float32; `owner` (w,) int64, ascending from 0: the class of each row."""

    weight: np.ndarray
    bias: np.ndarray
    owner: np.ndarray

    @property
    def classes(self) -> int:
        """How many classes there are."""
        return int(self.owner[-1]) + 1 if len(self.owner) else 0

    def logits(self, vectors: np.ndarray) -> np.ndarray:
        """(n, c) float32 of vectors (n, d): of each class its best row's."""
        each = vectors @ self.weight.T + self.bias
        if len(self.owner) == self.classes:
            return each
        return np.maximum.reduceat(each, np.searchsorted(self.owner, np.arange(self.classes)), axis=1)

    def single(self, *, scale: float) -> "Affine":
        """The classifier with one row a class, the mean of its rows, times a scale."""
        sums = np.zeros((self.classes, self.weight.shape[1]), dtype=np.float32)
        np.add.at(sums, self.owner, self.weight)
        return Affine(scale * _unit(sums).astype(np.float32), np.zeros(self.classes, np.float32), _own(self.classes))


def logistic(vectors: np.ndarray, *, truth: np.ndarray, classes: int, penalty: float, start: Affine | None) -> Affine:
    """Multinomial logistic regression of truth (n,) int64 on vectors (n, d), by L-BFGS (Radford et al. 2021, A.3).

    `penalty` times the squared distance of the weights from `start` is added to the mean loss: from zero where there is
    no start, from the prompts' classifier where there is one (Silva-Rodríguez et al. 2024, "A Closer Look at the
    Few-Shot Adaptation of Large Vision-Language Models", section 4). The bias is free and learns how common each class
    is: a class without examples is hardly ever answered.
    """
    centre = vectors.mean(0)
    spread = max(float((vectors - centre).std()), 1e-6)
    rows = torch.from_numpy(np.ascontiguousarray((vectors - centre) / spread, dtype=np.float32))
    targets = torch.from_numpy(truth)
    first = np.zeros((classes, vectors.shape[1]), np.float32) if start is None else start.weight * spread
    first_bias = np.zeros(classes, np.float32) if start is None else start.logits(centre[None])[0]
    anchor = torch.from_numpy(np.ascontiguousarray(first, dtype=np.float32))
    weight = anchor.clone().requires_grad_()
    bias = torch.from_numpy(np.ascontiguousarray(first_bias, dtype=np.float32)).requires_grad_()
    search = torch.optim.LBFGS(
        [weight, bias],
        max_iter=_STEPS,
        history_size=_MEMORY,
        line_search_fn="strong_wolfe",
        tolerance_grad=1e-5,
        tolerance_change=1e-7,
    )

    def loss() -> torch.Tensor:
        search.zero_grad()
        # A whisper of a penalty keeps the bias of a class without examples from falling for ever.
        held = penalty * (weight - anchor).square().sum() + 1e-6 * bias.square().sum()
        value = F.cross_entropy(F.linear(rows, weight, bias), targets) + held
        value.backward()
        return value

    search.step(loss)
    found = weight.detach().numpy() / spread
    offset = (bias.detach().numpy() - found @ centre).astype(np.float32)
    return Affine(found.astype(np.float32), offset, _own(classes))


def class_means(
    vectors: np.ndarray, *, truth: np.ndarray, classes: int, prompts: np.ndarray | None, strength: float
) -> Affine:
    """Prototypes (Snell et al. 2017, section 2.3) with the prompts (c, d) as `strength` further examples of each class,
    as Tip-Adapter mixes what it remembers with what it is told (Zhang et al. 2022, section 3.1).

    Pictures and texts each lie round a middle of their own, so both are centred and made equally long before they are
    mixed: else a class without pictures could never be nearest to one. A class with neither is never the answer.
    """
    centre = vectors.mean(0)
    sums = np.zeros((classes, vectors.shape[1]), dtype=np.float64)
    np.add.at(sums, truth, _unit(vectors - centre))
    if prompts is not None:
        sums += strength * _unit(prompts - prompts.mean(0))
    weight = _unit(sums).astype(np.float32)
    bias = -(weight @ centre)
    bias[~weight.any(1)] = -2.0  # below every cosine
    return Affine(weight, bias.astype(np.float32), _own(classes))


def _own(classes: int) -> np.ndarray:
    return np.arange(classes, dtype=np.int64)


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
