"""Predicting what was masked: words, image codes, or any other class."""

import math

import torch.nn.functional as F
from torch import Tensor

from vitrina.objectives.sums import Sum


def masked_cross_entropy(logits: Tensor, *, targets: Tensor, is_masked: Tensor) -> Sum:
    """Cross entropy at the masked positions (BERT, section 3.1; BEiT, section 2.3), in float32.

    `logits` (n, v) are the predictions at the n masked positions only, in the order of `hidden[is_masked]`: a head
    that runs on nothing else saves most of its cost. `targets` and `is_masked` (b, t) cover every position. With
    nothing masked the sum is an exact zero that still has a gradient (of zeros).

        hidden = tower(...)                                            # (b, t, d)
        loss = masked_cross_entropy(head(hidden[is_masked]), targets=ids, is_masked=is_masked)
    """
    value = F.cross_entropy(logits.float(), targets[is_masked], reduction="sum")
    return Sum(value, is_masked.sum().float(), chance=math.log(logits.shape[-1]))
