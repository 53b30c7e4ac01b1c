"""Corruption: which words and patches are hidden, and which texts do not belong to their picture.

Every draw is keyed by its row, so a row is corrupted alike on any rank, worker or micro-batch, whatever its
neighbours.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import torch
from tokenizers import Tokenizer

from vitrina.data.batch import Texts
from vitrina.data.draws import uniform
from vitrina.data.inputs import Inputs, Tokens
from vitrina.data.text import mask_id, special_ids

# Of the positions to predict, these shares show the mask and a random token; the rest show the truth
# (BERT, Devlin et al. 2019, section 3.1).
_SHOWS_MASK, _SHOWS_RANDOM = 0.8, 0.1

# Block masking (BEiT, Bao et al. 2022, section 2.3): blocks of at least 16 of 196 patches.
_LEAST_BLOCK_SHARE = 16 / 196
_LEAST_ASPECT = 0.3
_BLOCK_ATTEMPTS = 64


@dataclass(frozen=True)
class Corruption:
    """What is hidden from the model, FLAVA's by default (Singh et al. 2022, section 3.2); a share of 0 hides nothing.

    `mlm_share` of the words are masked and `mim_share` of the patches, the latter going in a straight line to
    `mim_share_end` over the run. Image-text matching takes one of two forms: in `"pair"` the fused text is another
    product's with probability `itm_negative_share`; in `"segments"` it always holds two descriptions, one of them
    another product's. `fused_share` of a pair batch's rows are masked and fused at all; 0 is for models without
    fusion.

    `patch_dropout` of a clean picture's patches are left out of the contrastive pass (FLIP, Li et al. 2023, section
    3), others in every epoch; at least one stays. Only pair batches have such a pass.
    """

    mlm_share: float = 0.15
    mim_share: float = 75 / 196
    mim_share_end: float | None = None
    itm: Literal["pair", "segments"] = "pair"
    itm_negative_share: float = 0.1
    fused_share: float = 1.0
    patch_dropout: float = 0.0

    def __post_init__(self) -> None:
        for name, share in (
            ("mlm_share", self.mlm_share),
            ("mim_share", self.mim_share),
            ("mim_share_end", 0.0 if self.mim_share_end is None else self.mim_share_end),
            ("itm_negative_share", self.itm_negative_share),
            ("fused_share", self.fused_share),
        ):
            if not 0 <= share <= 1:
                raise ValueError(f"corruption.{name} is {share}: a share lies between 0 and 1.")
        if not 0 <= self.patch_dropout < 1:
            raise ValueError(
                f"corruption.patch_dropout is {self.patch_dropout}: choose a share from 0 up to, but not including, 1, "
                "or nothing of a picture would be seen."
            )
        if self.itm not in ("pair", "segments"):
            raise ValueError(f"corruption.itm is {self.itm!r}: choose 'pair' or 'segments'.")

    def mim_share_at(self, progress: float) -> float:
        """The share of patches to hide when `progress` (0 to 1) of the run is done."""
        end = self.mim_share if self.mim_share_end is None else self.mim_share_end
        return self.mim_share + (end - self.mim_share) * min(max(progress, 0.0), 1.0)

    def fused_rows(self, rows: int) -> int:
        """How many of a pair batch's rows are masked and fused: at least one where the share is above 0."""
        return max(round(self.fused_share * rows), 1 if self.fused_share > 0 else 0)


@dataclass(frozen=True)
class Fused:
    """The texts that meet the masked pictures, as `PairBatch` describes them: `text` of f rows, two arrays (f,)."""

    text: Texts
    matches: np.ndarray
    target: np.ndarray


@dataclass(frozen=True)
class WordMasking:
    """Whole-word masking of `share` of the words, with what a tokenizer calls its mask and its ordinary tokens."""

    tokenizer: Tokenizer
    share: float
    seed: int

    @cached_property
    def mask_id(self) -> int:
        return mask_id(self.tokenizer)

    @cached_property
    def ordinary_ids(self) -> np.ndarray:
        """Tokens that may stand in for a masked one."""
        specials = special_ids(self.tokenizer)
        return np.array(sorted(set(self.tokenizer.get_vocab().values()) - specials), dtype=np.int64)

    def mask(self, tokens: Tokens, *, keys: np.ndarray, is_predicted: np.ndarray | None = None) -> Texts:
        """`tokens` (b, t) with words hidden, by their keys (b, 3).

        Each word is drawn for itself and all its tokens with it, so that the expected share is exact; where none is
        drawn the likeliest one is taken, so that every segment with a word has one hidden. Special tokens and padding
        never are. Of the hidden tokens 80 % show the mask token, 10 % a random one and 10 % themselves.

        `is_predicted` (b, t) limits which of them are to be predicted, not which are hidden: words hidden in the true
        text only would give away which one is true.
        """
        if self.share == 0 or tokens.ids.shape[1] == 0:
            return tokens.clean()
        shape = (tokens.ids.shape[1],)
        chance = uniform(self.seed, keys, name="masked word", shape=shape)
        chance = np.take_along_axis(chance, np.maximum(tokens.words, 0), axis=1)
        is_hidden = np.zeros(tokens.ids.shape, dtype=bool)
        for segment in (0, 1):
            is_word = (tokens.words >= 0) & (tokens.types == segment)
            here = np.where(is_word, chance, np.inf)
            threshold = np.maximum(np.nextafter(self.share, 0), here.min(axis=1, keepdims=True))
            is_hidden |= is_word & (here <= threshold)
        how, which = uniform(self.seed, keys, name="shown", shape=(*shape, 2)).transpose(2, 0, 1)
        random = self.ordinary_ids[(which * len(self.ordinary_ids)).astype(np.int64)]
        shown = np.where(
            how < _SHOWS_MASK, self.mask_id, np.where(how < _SHOWS_MASK + _SHOWS_RANDOM, random, tokens.ids)
        )
        return Texts(
            ids=torch.from_numpy(tokens.ids),
            is_token=torch.from_numpy(tokens.is_token),
            types=torch.from_numpy(tokens.types),
            masked_ids=torch.from_numpy(np.where(is_hidden, shown, tokens.ids)),
            is_masked=torch.from_numpy(is_hidden if is_predicted is None else is_hidden & is_predicted),
        )


def pair_is_negative(corruption: Corruption, keys: np.ndarray, *, seed: int) -> np.ndarray:
    """Rows (f,) bool of the `pair` form whose fused text is to be another product's."""
    return uniform(seed, keys, name="is negative") < corruption.itm_negative_share


def fuse_pairs(tokens: Tokens, *, is_negative: np.ndarray, keys: np.ndarray, masking: WordMasking) -> Fused:
    """The `pair` form: `tokens` of texts (f) of which those of `is_negative` rows belong to other products.

    Words are hidden in all of them alike, but predicted only where the text describes the picture.
    """
    matches = ~is_negative
    text = masking.mask(tokens, keys=keys, is_predicted=np.broadcast_to(matches[:, None], tokens.ids.shape))
    return Fused(text, matches, matches.astype(np.int64))


def fuse_segments(
    inputs: Inputs, positives: Sequence[str], *, negatives: Sequence[str], keys: np.ndarray, masking: WordMasking
) -> Fused:
    """The `segments` form: two descriptions (f) in shuffled order, as a token type would give away the answer.

    The target is the segment that describes the picture. Words are hidden in both, but predicted in that one only.
    """
    target = (uniform(masking.seed, keys, name="true segment") >= 0.5).astype(np.int64)
    ordered = [
        (other, own) if is_second else (own, other)
        for own, other, is_second in zip(positives, negatives, target.tolist(), strict=True)
    ]
    tokens = inputs.tokens([first for first, _ in ordered], seconds=[second for _, second in ordered])
    text = masking.mask(tokens, keys=keys, is_predicted=tokens.types == target[:, None])
    return Fused(text, np.ones(len(target), dtype=bool), target)


def mask_blocks(keys: np.ndarray, *, grid: tuple[int, int], share: float, seed: int) -> np.ndarray:
    """Patches to hide (b, rows * columns) bool of a `grid` of (rows, columns), by their keys (b, 3).

    BEiT's blockwise masking (Bao et al. 2022, algorithm 1): blocks of at least 16 of 196 patches, or the same share
    of a smaller grid, and an aspect ratio of 0.3 to 1 / 0.3, until exactly `round(share * patches)` are hidden; the
    last block is cut to fit.
    """
    rows, columns = grid
    patches = rows * columns
    wanted = round(share * patches)
    hidden = np.zeros((len(keys), patches), dtype=bool)
    if wanted == 0:
        return hidden
    least = max(1.0, _LEAST_BLOCK_SHARE * patches)
    y, x = np.divmod(np.arange(patches), columns)
    draws = uniform(seed, keys, name="blocks", shape=(_BLOCK_ATTEMPTS, 5))
    unfinished = np.arange(len(keys))
    for attempt in range(_BLOCK_ATTEMPTS):
        here = hidden[unfinished]
        missing = wanted - here.sum(axis=1)
        if not missing.all():
            unfinished, here, missing = unfinished[missing > 0], here[missing > 0], missing[missing > 0]
        if not unfinished.size:
            return hidden
        size, shape, top, left, cut = draws[unfinished, attempt].T
        area = least + size * np.maximum(missing - least, 0)
        aspect = np.exp((2 * shape - 1) * math.log(1 / _LEAST_ASPECT))
        height = np.clip(np.round(np.sqrt(area * aspect)), 1, rows)
        width = np.clip(np.round(np.sqrt(area / aspect)), 1, columns)
        first_y, first_x = np.floor(top * (rows - height + 1)), np.floor(left * (columns - width + 1))
        inside_y = (y >= first_y[:, None]) & (y < (first_y + height)[:, None])
        inside_x = (x >= first_x[:, None]) & (x < (first_x + width)[:, None])
        new = inside_y & inside_x & ~here
        # What is too much is cut from the block's end or, for half of them, from its beginning.
        place = new.cumsum(axis=1)
        place = np.where((cut < 0.5)[:, None], place, place[:, -1:] + 1 - place)
        hidden[unfinished] = here | (new & (place <= missing[:, None]))
    # Nearly everything is to be hidden and blocks no longer find the rest.
    rest = uniform(seed, keys, name="last patches", shape=(patches,)) + hidden
    order = np.argsort(np.argsort(rest, axis=1, kind="stable"), axis=1, kind="stable")
    return hidden | (order < (wanted - hidden.sum(axis=1))[:, None])


def kept_patches(keys: np.ndarray, *, patches: int, share: float, seed: int) -> np.ndarray:
    """The patches that stay when `share` of them is dropped, (b, k) int64 ascending in each row, by their keys (b, 3).

    k is the same for all rows and at least 1; where nothing is dropped, k is 0: no columns stand for all patches.

    >>> kept_patches(np.array([[2, 0, 7]]), patches=4, share=0.5, seed=0).shape
    (1, 2)
    """
    dropped = min(round(share * patches), patches - 1)
    if dropped <= 0:
        return np.zeros((len(keys), 0), dtype=np.int64)
    chance = uniform(seed, keys, name="kept patches", shape=(patches,))
    return np.sort(np.argsort(chance, axis=1, kind="stable")[:, dropped:], axis=1)
