"""A loss before its mean is taken."""

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Sum:
    """`value` () is a sum of `count` () terms, both float32 tensors; the mean is `value / count`.

    Kept apart so that ranks and micro-batches with different numbers of masked tokens weigh by count. `chance` is
    the mean loss of a guess that knows nothing but the number of choices or, where known, their shares: the figure
    to print beside the loss. A count of zero goes with a value of zero.
    """

    value: Tensor
    count: Tensor
    chance: float
