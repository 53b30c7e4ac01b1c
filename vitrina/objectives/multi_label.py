"""Contrastive learning between pictures and single words: a picture has several, and shares some with others."""

import torch
import torch.nn.functional as F
from torch import Tensor

from vitrina.objectives.ranks import gathered
from vitrina.objectives.sums import Sum

_NEVER = -1e4  # the logit of a column that is no word; finite, so that a batch without any word has no NaN


def multi_label(images: Tensor, *, words: Tensor, is_word: Tensor, key: Tensor, known: Tensor, scale: Tensor) -> Sum:
    """Multi-label contrastive loss (GroupViT, Xu et al. 2022, section 3.3) with soft targets, in float32.

    `images` (b, d) and `words` (b, k, d), the k words drawn for each row, are normalised inside; `scale` (1,) or ()
    multiplies their cosines. `is_word` (b, k) bool is False where a row has fewer. Words with the same `key` (b, k)
    int64 are one; `known` (b, w) int64 holds the keys of all words that are true of a row's picture, filled up by -1.

    A picture's target is spread equally over those of the batch's words that are true of it, whichever row they were
    drawn for, and a word's over the pictures that it is true of: so nothing true is pushed away. A word that many rows
    have drawn counts once. A row asks with its picture and, weighing half, with its words; one without words nothing.

    With a process group up, rows are this rank's, and columns everybody's, gathered with gradient: the sums of all
    ranks add up to the whole batch's. Every rank must bring the same b, k and w.

        loss = multi_label(images, words=words, is_word=ok, key=key, known=known, scale=logit_scale.exp())
        mean = loss.value / loss.count
    """
    with torch.autocast(images.device.type, enabled=False):
        images, words = F.normalize(images.float(), dim=-1), F.normalize(words.float(), dim=-1)
        scale = scale.float().reshape(())
        all_images, all_words = gathered(images), gathered(words).flatten(0, 1)
        all_known, all_keys = gathered(known), gathered(torch.where(is_word, key, -1)).flatten()
        times = _times(all_keys)

        true = _true(known, keys=all_keys)
        logits = scale * images @ all_words.T - times.log()
        logits = logits.masked_fill(all_keys == -1, _NEVER)
        # A word that stands m times has m columns: together they are one choice.
        asks_words = _soft_cross_entropy(logits, weights=true / times, times=times)

        own = torch.where(is_word, key, -1).flatten()
        true = _true(all_known, keys=own).T
        asks_images = _soft_cross_entropy(
            scale * words.flatten(0, 1) @ all_images.T, weights=true.float(), times=torch.ones_like(logits[0, 0])
        )
        asks_images = (asks_images.view_as(key) * is_word).sum(dim=1) / is_word.sum(dim=1).clamp(min=1)

        has_words = is_word.any(dim=1).float()
        value = ((asks_words + asks_images) / 2 * has_words).sum()
        choices = ((all_keys != -1) / times).sum().clamp(min=1)
        chance = (choices.log() + torch.full_like(choices, len(all_images)).log()) / 2
        return Sum(value, has_words.sum(), chance=chance)


def _true(known: Tensor, *, keys: Tensor) -> Tensor:
    """(b, n) bool: whether each of n `keys` is among the row's `known` (b, w); -1 never is. One column at a time: all
    at once would need w times the memory."""
    found = torch.zeros(len(known), len(keys), dtype=torch.bool, device=keys.device)
    for column in known.unbind(dim=1):
        found |= column[:, None] == keys
    return found & (keys != -1)


def _times(keys: Tensor) -> Tensor:
    """(n,) float32: how often each key occurs among `keys` (n,), found without waiting for the device."""
    ordered = keys.sort().values
    return (torch.searchsorted(ordered, keys, right=True) - torch.searchsorted(ordered, keys)).float()


def _soft_cross_entropy(logits: Tensor, *, weights: Tensor, times: Tensor) -> Tensor:
    """(b, n) logits and how much each column is wanted -> (b,); zero for a row that wants none.

    A column is one of `times` (n,) or () alike, whose probabilities add up.
    """
    target = weights / weights.sum(dim=1, keepdim=True).clamp(min=torch.finfo(torch.float32).tiny)
    return -(target * (logits.log_softmax(dim=1) + times.log())).sum(dim=1)
