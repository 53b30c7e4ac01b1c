"""A loss before its mean is taken."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Sum:
    """`value` () is a sum of `count` () terms, both float32 tensors; the mean is `value / count`.

    Kept apart so that ranks and micro-batches with different numbers of masked tokens weigh by count. `chance` is
    the mean loss of a guess that knows nothing but the number of choices or, where known, their shares: the figure
    to print beside the loss; where it depends on the batch it is a () tensor on the batch's device, so that nobody
    waits for it before the step's end. A count of zero goes with a value of zero.
    """

    value: Tensor
    count: Tensor
    chance: float | Tensor


def added(sums: Sequence[Sum]) -> Sum:
    """The sum over all rows of what pieces of them gave; the chance level must be one that all pieces share."""
    if len(sums) == 1:
        return sums[0]
    value, count = torch.stack([each.value for each in sums]).sum(), torch.stack([each.count for each in sums]).sum()
    return Sum(value, count, chance=sums[0].chance)
