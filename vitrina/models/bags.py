"""Bags: several vectors of a row, of its pictures or its texts, as one, and the contrastive loss between such."""

import torch
import torch.nn.functional as F
from torch import Tensor

from vitrina.data.batch import PairBatch
from vitrina.objectives.contrastive import Strangers, info_nce
from vitrina.objectives.sums import Sum


def contrasted(batch: PairBatch, *, images: Tensor, texts: Tensor, scale: Tensor) -> Sum:
    """`info_nce` between the rows' sides, with the batch's strangers as further wrong answers to every picture.

    `images` (n, d) are the vectors of all pictures of the batch and `texts` (m, d) of all its texts, in its order.
    """
    rows, whose = len(batch.product), batch.strangers
    columns = rows + len(whose.product)
    sides = bagged(texts, columns=columns, more=batch.text_row, weight=batch.text_weight)
    strangers = None
    if len(whose.product):
        strangers = Strangers(
            texts=sides[rows:],
            product=whose.product,
            text_key=whose.text_key,
            group=whose.group,
            row_group=whose.row_group,
        )
    return info_nce(
        bagged(images, columns=rows, more=batch.picture_row, weight=images.new_zeros(0)),
        texts=sides[:rows],
        scale=scale,
        product=batch.product,
        text_key=batch.text_key,
        row_is_valid=batch.text_matches,
        strangers=strangers,
    )


def bagged(vectors: Tensor, *, columns: int, more: Tensor, weight: Tensor) -> Tensor:
    """The weighted mean of the normalised vectors of each column's parts (Zhu et al. 2024, section 3.2), in float32.

    `vectors` (columns + m, d) hold a first part of every column and then m further ones, of the columns `more` (m,);
    `weight` (columns + m,) says how much each counts, and nothing, (0,), that all count alike. Returns (columns, d),
    their lengths up to the weights' sums: what follows looks at directions alone. Where every column has one part the
    vectors are returned as they are.

        bagged(texts, columns=len(rows), more=batch.text_row, weight=batch.text_weight)
    """
    if not len(more):
        return vectors
    with torch.autocast(vectors.device.type, enabled=False):
        parts = F.normalize(vectors.float(), dim=-1)
        if len(weight):
            parts = parts * weight[:, None]
        return parts[:columns].index_add(0, more, parts[columns:])
