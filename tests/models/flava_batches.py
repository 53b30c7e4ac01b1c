"""Small batches of all three kinds, with every trait that the tests need set by hand."""

import torch
from torch import Tensor

from vitrina.data.batch import ImageBatch, PairBatch, Pictures, TextBatch, Texts

MASK = 3


def texts(rows: int, *, tokens: int = 9, vocabulary: int = 50, seed: int = 0, share: float = 0.4) -> Texts:
    """Texts of different lengths, [CLS] first, a `share` of the other tokens masked, at least one a row."""
    generator = torch.Generator().manual_seed(seed)
    lengths = torch.randint(4, tokens + 1, (rows, 1), generator=generator)
    lengths[0] = tokens
    is_token = torch.arange(tokens) < lengths
    ids = torch.randint(5, vocabulary, (rows, tokens), generator=generator) * is_token
    ids[:, 0] = 1
    is_masked = (torch.rand(rows, tokens, generator=generator) < share) & is_token
    is_masked[:, 0], is_masked[:, 1] = False, share > 0
    return Texts(
        ids=ids,
        is_token=is_token,
        types=torch.zeros_like(ids),
        masked_ids=ids.masked_fill(is_masked, MASK),
        is_masked=is_masked,
    )


def pictures(
    rows: int, *, fused: int, size_px: int = 32, patches: int = 16, codes: int = 40, share: float = 0.4
) -> Pictures:
    generator = torch.Generator().manual_seed(1)
    is_masked = torch.rand(fused, patches, generator=generator) < share
    return Pictures(
        pixels=torch.randint(256, (rows, 3, size_px, size_px), generator=generator, dtype=torch.uint8),
        is_masked=is_masked,
        codes=torch.randint(codes, (fused, patches), generator=generator) * is_masked,
        kept=torch.zeros(rows, 0, dtype=torch.long),
    )


def text_batch(rows: int, *, share: float = 0.4) -> TextBatch:
    return TextBatch(
        keys=keys(rows), product=torch.arange(rows), text_key=torch.arange(rows), text=texts(rows, share=share)
    )


def image_batch(rows: int, *, share: float = 0.4) -> ImageBatch:
    return ImageBatch(keys=keys(rows), product=torch.arange(rows), picture=pictures(rows, fused=rows, share=share))


def pair_batch(rows: int, *, target: list[int], share: float = 0.4) -> PairBatch:
    """Pairs whose first `len(target)` rows are fused with a text of their own (1) or of another product (0)."""
    f = len(target)
    fused = texts(f, seed=2, share=share) if f else texts(1, seed=2, share=share)
    fused = Texts(*(getattr(fused, name)[:f] for name in ("ids", "is_token", "types", "masked_ids", "is_masked")))
    return PairBatch(
        keys=keys(rows),
        product=torch.arange(rows),
        text_key=torch.arange(rows),
        text=texts(rows, seed=3, share=0.0),
        text_matches=torch.ones(rows, dtype=torch.bool),
        picture=pictures(rows, fused=f, share=share),
        fused=fused,
        fused_matches=torch.tensor(target, dtype=torch.bool),
        target=torch.tensor(target, dtype=torch.long),
    )


def keys(rows: int) -> Tensor:
    return torch.stack([torch.zeros(rows), torch.zeros(rows), torch.arange(rows)], dim=1).long()
