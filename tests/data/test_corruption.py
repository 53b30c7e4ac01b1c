import math

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer, models

from vitrina.data.batch import Texts
from vitrina.data.corruption import (
    Corruption,
    WordMasking,
    fuse_pairs,
    fuse_segments,
    kept_patches,
    mask_blocks,
    pair_is_negative,
)
from vitrina.data.inputs import Tokens

from . import shop

ROWS = 3000
KEYS = np.stack([np.full(ROWS, 2), np.arange(ROWS) // 500, np.arange(ROWS) % 500], axis=1)
MASK, LAST_SPECIAL = 3, 4
TEXTS = [shop.title(number) for number in range(ROWS)]


@pytest.fixture(scope="module")
def masking(inputs) -> WordMasking:
    return WordMasking(inputs.tokenizer, share=0.15, seed=0)


@pytest.fixture(scope="module")
def tokens(inputs) -> Tokens:
    return inputs.tokens(TEXTS)


@pytest.fixture(scope="module")
def masked(masking, tokens) -> Texts:
    return masking.mask(tokens, keys=KEYS)


def same(one: Texts, other: Texts, *, width: int) -> bool:
    fields = ("ids", "is_token", "types", "masked_ids", "is_masked")
    return all(torch.equal(vars(one)[name][:, :width], vars(other)[name][:, :width]) for name in fields)


def test_every_sequence_has_a_masked_token(masked):
    assert masked.is_masked.any(1).all()


def test_special_tokens_and_padding_are_never_masked(masked, tokens):
    assert not masked.is_masked[torch.from_numpy(tokens.words < 0)].any()
    assert torch.equal(masked.masked_ids[~masked.is_masked], masked.ids[~masked.is_masked])


def test_a_word_is_masked_whole_or_not_at_all(masked, tokens):
    for row in range(300):
        hidden = {int(word) for word in tokens.words[row][masked.is_masked[row].numpy()]}
        assert hidden.isdisjoint(tokens.words[row][~masked.is_masked[row].numpy()].tolist())


def test_fifteen_percent_of_words_are_masked_where_the_minimum_of_one_does_not_bind(inputs, masking):
    long = inputs.tokens([" ".join(TEXTS[row : row + 40]) for row in range(400)])
    masked = masking.mask(long, keys=KEYS[:400])
    words, hidden = [], []
    for row in range(400):
        numbers = long.words[row]
        words.append(numbers.max() + 1)
        hidden.append(len(set(numbers[masked.is_masked[row].numpy()].tolist())))
    share = sum(hidden) / sum(words)
    assert abs(share - 0.15) < 5 * math.sqrt(0.15 * 0.85 / sum(words))


def test_short_texts_are_masked_as_often_as_the_minimum_makes_them(masking, inputs):
    """Three words: one at least, so 3 x .15 words plus the chance of none."""
    tokens = inputs.tokens(["taza roja azul"] * ROWS)
    share = masking.mask(tokens, keys=KEYS).is_masked.numpy()[tokens.words >= 0].mean()
    expected = (3 * 0.15 + 0.85**3) / 3
    assert tokens.words.max() == 2 and abs(share - expected) < 0.02


def test_masked_tokens_show_mask_random_and_truth_at_80_10_10(masked):
    shown, truth = masked.masked_ids[masked.is_masked], masked.ids[masked.is_masked]
    count = len(shown)
    assert count > 2000
    for found, expected in (
        ((shown == MASK).float().mean(), 0.8),
        (((shown != MASK) & (shown != truth)).float().mean(), 0.1 * (1 - 1 / 400)),
        ((shown == truth).float().mean(), 0.1 * (1 + 1 / 400)),
    ):
        assert abs(float(found) - expected) < 5 * math.sqrt(expected * (1 - expected) / count)


def test_a_random_token_is_never_special(masked):
    shown = masked.masked_ids[masked.is_masked]
    replaced = shown[shown != MASK]
    assert (replaced > LAST_SPECIAL).all() and len(replaced.unique()) > 50


def test_a_row_is_masked_alike_whatever_its_neighbours(masking, inputs, masked):
    chosen = [7, 1999, 3]
    tokens = inputs.tokens([TEXTS[row] for row in chosen])
    alone = masking.mask(tokens, keys=KEYS[chosen])
    width = tokens.ids.shape[1]
    rows = Texts(*(value[chosen] for value in vars(masked).values()))
    assert same(alone, rows, width=width)


def test_another_epoch_masks_other_words(masking, inputs):
    tokens = inputs.tokens([" ".join(TEXTS[:4])] * 20)
    keys = np.stack([np.zeros(20), np.arange(20), np.zeros(20)], axis=1).astype(np.int64)
    assert len({tuple(row.tolist()) for row in masking.mask(tokens, keys=keys).is_masked}) > 15


def test_a_text_of_special_tokens_only_stays_as_it_is(masking, inputs):
    masked = masking.mask(inputs.tokens(["", "taza"]), keys=KEYS[:2])
    assert masked.is_masked.any(1).tolist() == [False, True]


def test_a_share_of_nothing_masks_nothing_and_needs_no_mask_token(inputs):
    plain = Tokenizer(models.WordLevel({"a": 0}, unk_token="a"))
    tokens = inputs.tokens(TEXTS[:5])
    assert not WordMasking(plain, share=0.0, seed=0).mask(tokens, keys=KEYS[:5]).is_masked.any()


@pytest.mark.parametrize(
    ("grid", "share"),
    [((14, 14), 75 / 196), ((8, 8), 75 / 196), ((6, 9), 0.4), ((12, 12), 0.6), ((8, 8), 0.97), ((3, 3), 1)],
)
def test_exactly_the_share_of_patches_is_hidden(grid, share):
    patches = grid[0] * grid[1]
    assert (mask_blocks(KEYS[:500], grid=grid, share=share, seed=0).sum(1) == round(share * patches)).all()


def test_at_the_published_grid_75_patches_are_hidden_in_blocks():
    hidden = mask_blocks(KEYS[:500], grid=(14, 14), share=Corruption().mim_share, seed=0).reshape(-1, 14, 14)
    assert (hidden.sum((1, 2)) == 75).all()
    beside = (hidden[:, :, 1:] & hidden[:, :, :-1]).sum() / (hidden[:, :, 1:] | hidden[:, :, :-1]).sum()
    assert beside > 0.6, "scattered patches would give .24"


def beit_mask(random: np.random.Generator) -> np.ndarray:
    """Blocks drawn until 75 of 14 x 14 patches are hidden, each accepted only if it fits what is left."""
    hidden = np.zeros((14, 14), dtype=bool)
    while (missing := 75 - hidden.sum()) > 0:
        for _ in range(10):
            area = random.uniform(min(16, missing), missing)
            aspect = math.exp(random.uniform(math.log(0.3), -math.log(0.3)))
            height, width = round(math.sqrt(area * aspect)), round(math.sqrt(area / aspect))
            if not (0 < height < 14 and 0 < width < 14):
                continue
            top, left = random.integers(15 - height), random.integers(15 - width)
            block = np.zeros_like(hidden)
            block[top : top + height, left : left + width] = True
            if 0 < (block & ~hidden).sum() <= missing:
                hidden |= block
                break
    return hidden


def test_blocks_cover_every_patch_about_as_often_as_beit_does():
    hidden = mask_blocks(KEYS, grid=(14, 14), share=75 / 196, seed=0).mean(0).reshape(14, 14)
    reference = np.mean([beit_mask(random) for random in map(np.random.default_rng, range(600))], axis=0)
    assert abs(hidden - reference).mean() < 0.03 and abs(hidden - reference).max() < 0.12
    assert abs(hidden - hidden[::-1, ::-1]).max() < 5 * 0.5 / math.sqrt(ROWS / 2)


def test_a_pictures_blocks_depend_on_its_row_alone():
    together = mask_blocks(KEYS[:50], grid=(8, 8), share=0.4, seed=0)
    np.testing.assert_array_equal(mask_blocks(KEYS[20:21], grid=(8, 8), share=0.4, seed=0)[0], together[20])
    assert len({row.tobytes() for row in together}) > 45


def test_hiding_nothing_hides_nothing():
    assert not mask_blocks(KEYS[:5], grid=(8, 8), share=0.0, seed=0).any()
    assert mask_blocks(KEYS[:5], grid=(0, 0), share=0.4, seed=0).shape == (5, 0)
    assert mask_blocks(KEYS[:0], grid=(8, 8), share=0.4, seed=0).shape == (0, 64)


def test_the_patches_that_stay_are_as_many_for_every_row_and_depend_on_the_row_alone():
    kept = kept_patches(KEYS[:400], patches=16, share=0.5, seed=0)
    assert kept.shape == (400, 8) and (np.diff(kept, axis=1) > 0).all() and kept.min() >= 0 and kept.max() <= 15
    np.testing.assert_array_equal(kept_patches(KEYS[30:31], patches=16, share=0.5, seed=0)[0], kept[30])
    assert len({row.tobytes() for row in kept}) > 350


def test_every_patch_stays_about_as_often():
    kept = kept_patches(KEYS, patches=16, share=0.75, seed=0)
    shares = np.bincount(kept.ravel(), minlength=16) / ROWS
    assert abs(shares - 0.25).max() < 5 * math.sqrt(0.25 * 0.75 / ROWS)


@pytest.mark.parametrize(("patches", "share", "k"), [(16, 0.0, 0), (16, 0.03, 0), (16, 0.999, 1), (1, 0.9, 0)])
def test_at_least_one_patch_stays_and_no_columns_stand_for_all(patches, share, k):
    assert kept_patches(KEYS[:3], patches=patches, share=share, seed=0).shape == (3, k)


def test_the_share_of_patches_goes_in_a_straight_line():
    corruption = Corruption(mim_share=0.2, mim_share_end=0.6)
    assert [round(corruption.mim_share_at(progress), 6) for progress in (0, 0.5, 1, 2)] == [0.2, 0.4, 0.6, 0.6]
    assert Corruption().mim_share_at(0.7) == 75 / 196


@pytest.mark.parametrize(("share", "rows", "fused"), [(1.0, 8, 8), (0.5, 9, 4), (0.0, 8, 0), (0.01, 8, 1)])
def test_a_share_of_a_pair_batch_is_fused(share, rows, fused):
    assert Corruption(fused_share=share).fused_rows(rows) == fused


def test_one_pair_in_ten_is_a_negative():
    negative = pair_is_negative(Corruption(), KEYS, seed=0)
    assert abs(negative.mean() - 0.1) < 5 * math.sqrt(0.09 / ROWS)
    np.testing.assert_array_equal(pair_is_negative(Corruption(), KEYS[5:9], seed=0), negative[5:9])


def test_in_the_pair_form_the_words_of_another_product_are_never_predicted(inputs, masking):
    is_negative = np.arange(200) % 3 == 0
    fused = fuse_pairs(inputs.tokens(TEXTS[:200]), is_negative=is_negative, keys=KEYS[:200], masking=masking)
    assert fused.target.tolist() == fused.matches.tolist() == (~is_negative).tolist()
    assert fused.text.is_masked.any(1).tolist() == (~is_negative).tolist()


def test_masks_do_not_tell_which_pair_is_a_negative(inputs, masking):
    tokens = inputs.tokens(TEXTS)
    own = fuse_pairs(tokens, is_negative=np.zeros(ROWS, dtype=bool), keys=KEYS, masking=masking)
    foreign = fuse_pairs(tokens, is_negative=np.ones(ROWS, dtype=bool), keys=KEYS, masking=masking)
    assert torch.equal(own.text.masked_ids, foreign.text.masked_ids)
    assert (foreign.text.masked_ids == MASK).any(1).float().mean() > 0.7


@pytest.fixture(scope="module")
def segments(inputs, masking):
    others = [f"mesa verde {number}" for number in range(ROWS)]
    return fuse_segments(inputs, TEXTS, negatives=others, keys=KEYS, masking=masking)


def test_the_true_segment_is_as_often_the_first_as_the_second(segments):
    assert segments.matches.all() and set(segments.target.tolist()) == {0, 1}
    assert abs(segments.target.mean() - 0.5) < 5 * 0.5 / math.sqrt(ROWS)


def test_masks_do_not_tell_which_segment_is_true(inputs, masking):
    swapped = TEXTS[1:] + TEXTS[:1]
    fused = fuse_segments(inputs, TEXTS, negatives=swapped, keys=KEYS, masking=masking)
    shows_mask, types = fused.text.masked_ids == MASK, fused.text.types
    more_masks_in_second = (shows_mask & (types == 1)).sum(1) - (shows_mask & (types == 0)).sum(1)
    guess, says_something = more_masks_in_second > 0, more_masks_in_second != 0
    right = (guess.long() == torch.from_numpy(fused.target))[says_something].float()
    assert abs(right.mean() - 0.5) < 5 * 0.5 / math.sqrt(len(right))


def test_only_the_true_segment_is_predicted(segments):
    true = segments.text.types == torch.from_numpy(segments.target)[:, None]
    assert not segments.text.is_masked[~true].any() and segments.text.is_masked.any(1).all()


def test_the_target_says_which_segment_describes_the_picture(segments, inputs):
    for row in range(100):
        own = segments.text.ids[row][(segments.text.types[row] == segments.target[row]) & segments.text.is_token[row]]
        decoded = inputs.tokenizer.decode(own.tolist())
        assert TEXTS[row].lower().startswith(decoded) and decoded
        assert "mesa verde" in inputs.tokenizer.decode(segments.text.ids[row].tolist())


@pytest.mark.parametrize(
    "wrong",
    [
        {"mlm_share": 1.2},
        {"mim_share": -0.1},
        {"mim_share_end": math.nan},
        {"itm": "triple"},
        {"fused_share": 2},
        {"patch_dropout": 1.0},
        {"patch_dropout": math.nan},
    ],
)
def test_settings_out_of_range_are_refused_by_name(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Corruption(**wrong)
