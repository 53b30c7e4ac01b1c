"""Contrastive learning between pictures and texts in which the same product or text is never a negative."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from vitrina.objectives.ranks import gathered
from vitrina.objectives.sums import Sum


def info_nce(
    images: Tensor, *, texts: Tensor, scale: Tensor, product: Tensor, text_key: Tensor, row_is_valid: Tensor
) -> Sum:
    """Symmetric InfoNCE with soft targets (CLIP, section 2.3; targets as in UniCL, section 3.2), in float32.

    `images` and `texts` (b, d) are normalised inside; `scale` (1,) or () multiplies their cosines. `product` and
    `text_key` (b,) are integers: a row's target is spread equally over every column of the same product or the same
    text, so that a twin is never pushed away. `row_is_valid` (b,) bool is False where the text does not describe the
    picture: such rows ask nothing, but their picture and their text stay in the columns as negatives of the others.

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
        same_text = text_key[:, None] == gathered(text_key)
        column_is_valid = gathered(row_is_valid)
        # A column's picture always shows its product; its text belongs to that product only where the row is valid.
        text_fits = (same_product & column_is_valid) | same_text
        image_fits = same_product | (same_text & column_is_valid)

        per_row = (
            _soft_cross_entropy(scale * images @ all_texts.T, fits=text_fits)
            + _soft_cross_entropy(scale * texts @ all_images.T, fits=image_fits)
        ) / 2
        is_valid = row_is_valid.float()
        return Sum((per_row * is_valid).sum(), is_valid.sum(), chance=math.log(len(all_texts)))


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


def _soft_cross_entropy(logits: Tensor, *, fits: Tensor) -> Tensor:
    """(b, n) logits and the columns that fit each row -> (b,); zero for a row that nothing fits."""
    target = fits / fits.sum(dim=1, keepdim=True).clamp(min=1)
    return -(target * logits.log_softmax(dim=1)).sum(dim=1)
