"""Contrastive learning between pictures and texts in which the same product or text is never a negative."""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from vitrina.objectives.ranks import gathered
from vitrina.objectives.sums import Sum


@dataclass(frozen=True)
class Strangers:
    """Texts of other products that stand in the columns of pictures alone: `texts` (q, d), as many on every rank.

    `product` (q,), `text_key` (q,) or (q, k) and `group` (q,) are those of these texts, `row_group` (b,) the groups of
    the rows: integers that are shared by what is the same.
    """

    texts: Tensor
    product: Tensor
    text_key: Tensor
    group: Tensor
    row_group: Tensor


def info_nce(
    images: Tensor,
    *,
    texts: Tensor,
    scale: Tensor,
    product: Tensor,
    text_key: Tensor,
    row_is_valid: Tensor,
    strangers: Strangers | None = None,
) -> Sum:
    """Symmetric InfoNCE with soft targets (CLIP, section 2.3; targets as in UniCL, section 3.2), in float32.

    `images` and `texts` (b, d) are normalised inside; `scale` (1,) or () multiplies their cosines. `product` and
    `text_key` (b,) are integers: a row's target is spread equally over every column of the same product or the same
    text, so that a twin is never pushed away. Where rows have several texts `text_key` is (b, k), and two that have
    a key in common share a text; numbers below zero are no keys. `row_is_valid` (b,) bool is False where the text does
    not describe the picture: such rows ask nothing, but their picture and their text stay in the columns as negatives
    of the others.

    `strangers` are further wrong answers to every picture of every rank, explicit negatives; one that has the product,
    the group or a text of a row is no column of that row's picture. They ask for no picture themselves.

    With a process group up, rows are this rank's and columns are everybody's, gathered with gradient: the sums of all
    ranks add up to the whole batch's. Every rank must bring the same number of rows.

        loss = info_nce(images, texts=texts, scale=logit_scale.exp(), product=product, text_key=key, row_is_valid=ok)
        mean = loss.value / loss.count
    """
    with torch.autocast(images.device.type, enabled=False):
        images = F.normalize(images.float(), dim=-1)
        texts = F.normalize(texts.float(), dim=-1)
        scale = scale.float().reshape(())
        all_images, all_texts = gathered(images), gathered(texts)

        same_product = product[:, None] == gathered(product)
        same_text = _shares_key(text_key, gathered(text_key))
        column_is_valid = gathered(row_is_valid)
        # A column's picture always shows its product; its text belongs to that product only where the row is valid.
        text_fits = (same_product & column_is_valid) | same_text
        image_fits = same_product | (same_text & column_is_valid)

        to_texts, chance = scale * images @ all_texts.T, math.log(len(all_texts))
        if strangers is not None:
            others = gathered(F.normalize(strangers.texts.float(), dim=-1))
            is_own = (
                (product[:, None] == gathered(strangers.product))
                | (strangers.row_group[:, None] == gathered(strangers.group))
                | _shares_key(text_key, gathered(strangers.text_key))
            )
            apart = (scale * images @ others.T).masked_fill(is_own, _NOTHING)
            to_texts, text_fits = torch.cat([to_texts, apart], dim=1), F.pad(text_fits, (0, len(others)))
            chance = (chance + math.log(len(all_texts) + len(others))) / 2
        per_row = (
            _soft_cross_entropy(to_texts, fits=text_fits)
            + _soft_cross_entropy(scale * texts @ all_images.T, fits=image_fits)
        ) / 2
        is_valid = row_is_valid.float()
        return Sum((per_row * is_valid).sum(), is_valid.sum(), chance=chance)


def learned_scale(log_scale: Tensor) -> Tensor:
    """exp(log_scale), held in [1, 100] (CLIP, section 2.5).

    The parameter itself is left alone; at a bound its gradient is zero only where descent would leave the bounds, so
    it can always come back.
    """
    return _Within.apply(log_scale).exp()  # type: ignore[union-attr]  # apply returns a tensor


_LOW, _HIGH = 0.0, math.log(100)


class _Within(torch.autograd.Function):
    """Clamp to [0, ln 100] with a gradient that still points inwards from outside."""

    @staticmethod
    def forward(ctx, log_scale: Tensor) -> Tensor:
        ctx.save_for_backward(log_scale)
        return log_scale.clamp(_LOW, _HIGH)

    @staticmethod
    def backward(ctx, *grads: Tensor) -> Tensor:
        (log_scale,), (grad,) = ctx.saved_tensors, grads
        leaves = ((log_scale >= _HIGH) & (grad < 0)) | ((log_scale <= _LOW) & (grad > 0))
        return grad.masked_fill(leaves, 0.0)


_NOTHING = -1e30  # a logit of no probability; finite, as infinity times a target of zero is not a number


def _shares_key(rows: Tensor, columns: Tensor) -> Tensor:
    """(b,) or (b, k) keys and (n,) or (n, k) keys -> (b, n) bool."""
    if rows.ndim == 1:
        return rows[:, None] == columns
    found = torch.zeros(len(rows), len(columns), dtype=torch.bool, device=rows.device)
    for own in rows.T:
        for other in columns.T:
            found |= (own[:, None] == other) & (own >= 0)[:, None]
    return found


def _soft_cross_entropy(logits: Tensor, *, fits: Tensor) -> Tensor:
    """(b, n) logits and the columns that fit each row -> (b,); zero for a row that nothing fits."""
    target = fits / fits.sum(dim=1, keepdim=True).clamp(min=1)
    return -(target * logits.log_softmax(dim=1)).sum(dim=1)
