"""Does the text belong to the picture? Which of two texts does?"""

import torch
import torch.nn.functional as F
from torch import Tensor

from vitrina.objectives.sums import Sum


def matching(logits: Tensor, *, target: Tensor) -> Sum:
    """Image-text matching (FLAVA, section 3.2): cross entropy of `logits` (f, c) with `target` (f,), in float32.

    `chance` is the entropy of the targets' shares in this batch, the loss of a guess that knows only how often each
    answer occurs: a loss that stays there has learned nothing.

        loss = matching(head(fused_cls), target=target)
    """
    value = F.cross_entropy(logits.float(), target, reduction="sum")
    count = torch.full_like(value, len(target))
    answers = torch.arange(logits.shape[-1], device=target.device)
    # Counted without `bincount`, which would make the processor wait for the device.
    shares = (target[:, None] == answers).sum(dim=0).double() / max(1, len(target))
    return Sum(value, count, chance=torch.special.entr(shares).sum())
