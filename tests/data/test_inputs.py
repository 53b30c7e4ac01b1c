import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

from vitrina.data.inputs import Inputs
from vitrina.data.pictures import PictureGeometry, decode
from vitrina.data.text import splits_at_spaces

from . import shop


def test_texts_are_padded_to_the_longest_of_their_batch_and_no_further(inputs):
    texts = inputs.texts(["taza", "taza roja azul"])
    lengths = [len(inputs.tokenizer.encode(text).ids) for text in ("taza", "taza roja azul")]
    assert texts.ids.shape == (2, max(lengths)) and texts.is_token.sum(1).tolist() == lengths
    assert (texts.ids[~texts.is_token] == 0).all() and (texts.types == 0).all()


def test_clean_texts_have_nothing_masked(inputs):
    texts = inputs.texts(["taza roja", "mesa"])
    assert torch.equal(texts.ids, texts.masked_ids) and not texts.is_masked.any()


def test_no_texts_are_an_empty_batch(inputs):
    assert inputs.texts([]).ids.shape == (0, 0)


def test_a_long_text_loses_its_end_but_not_its_special_tokens(inputs):
    ids = inputs.texts(["taza roja " * 50]).ids
    assert ids.shape == (1, 24) and ids[0, 0] == 1 and ids[0, -1] == 2


def test_the_callers_tokenizer_keeps_its_settings():
    tokenizer = shop.inputs().tokenizer
    tokenizer.enable_padding(length=99)
    assert Inputs(tokenizer, PictureGeometry(16), 8).texts(["taza"]).ids.shape[1] <= 8
    assert tokenizer.truncation is None and len(tokenizer.encode("taza").ids) == 99


@pytest.mark.parametrize(("first", "second", "kept"), [(40, 40, (10, 11)), (40, 3, (18, 3)), (2, 40, (2, 19))])
def test_two_segments_are_shortened_fairly(inputs, first, second, kept):
    tokens = inputs.tokens(["taza " * first], seconds=["taza " * second])
    sides = [((tokens.types == side) & (tokens.words >= 0)).sum() for side in (0, 1)]
    assert sum(sides) == 21 and max(abs(a - b) for a, b in zip(sorted(sides), sorted(kept), strict=True)) <= 1
    assert (sides[0] <= sides[1]) == (first <= second) or abs(sides[0] - sides[1]) <= 1


def test_words_are_numbered_on_over_both_segments(inputs):
    tokens = inputs.tokens(["taza xyzw"], seconds=["mesa roja"])
    words = tokens.words[0]
    assert (words[tokens.ids[0] <= 2] == -1).all()
    inside = words[words >= 0]
    assert (np.diff(inside) >= 0).all() and set(inside.tolist()) == {0, 1, 2, 3}
    assert (words == 1).sum() > 1, "a rare word has several tokens of one number"
    assert set(words[tokens.types[0] == 1].tolist()) == {2, 3, -1}


def test_segments_are_told_apart_for_a_tokenizer_that_does_not():
    tokenizer = Tokenizer(models.WordLevel({"<s>": 0, "</s>": 1, "a": 2, "b": 3}, unk_token="a"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 1)]
    )
    tokens = Inputs(tokenizer, PictureGeometry(16), 16).tokens(["a a"], seconds=["b"])
    assert tokens.ids.tolist() == [[0, 2, 2, 1, 1, 3, 1]] and tokens.types.tolist() == [[0, 0, 0, 0, 0, 1, 1]]


def test_too_few_tokens_for_two_texts_are_refused():
    with pytest.raises(ValueError, match="max_tokens is 4"):
        Inputs(shop.inputs().tokenizer, PictureGeometry(16), 4).texts(["a"])


def test_pictures_become_one_tensor_of_pixels(inputs):
    encoded = [shop.jpeg(1), shop.png(2)]
    pixels = inputs.pictures(encoded)
    assert pixels.shape == (2, 3, 16, 16) and pixels.dtype == torch.uint8
    np.testing.assert_array_equal(pixels[1].numpy(), decode(encoded[1], geometry=inputs.geometry))


def test_a_damaged_picture_is_named(inputs):
    with pytest.raises(ValueError, match="Picture 1 of 2"):
        inputs.pictures([shop.jpeg(1), shop.jpeg(2)[:100]])


def test_tokens_are_those_that_transformers_makes(inputs):
    from transformers import PreTrainedTokenizerFast

    theirs = PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer.from_str(inputs.tokenizer.to_str()), pad_token="[PAD]", mask_token="[MASK]"
    )
    first = [shop.title(number) * 3 for number in range(40)]
    second = [shop.title(number) * (number % 5 + 1) for number in range(40, 80)]
    tokens = inputs.tokens(first, seconds=second)
    expected = theirs(
        first,
        second,
        padding=True,
        truncation="longest_first",
        max_length=24,
        return_token_type_ids=True,
        return_tensors="np",
    )
    np.testing.assert_array_equal(tokens.ids, expected["input_ids"])
    np.testing.assert_array_equal(tokens.is_token, expected["attention_mask"].astype(bool))
    np.testing.assert_array_equal(tokens.types, expected["token_type_ids"])
    assert tokens.is_token.sum(1).max() == 24


NASTY = (
    "taza",
    "roja,",
    "12.5",
    "XL-40",
    "  ",
    "\u200b",
    "\u00ad",
    "\x1c!!",
    "\u0301x",
    "\t",
    "\n",
    "ﬁ",
    "...",
    "\x00",
    "\ufeff",
    "日本語",
)


def bert() -> Tokenizer:
    """A word-piece tokenizer like BERT's, whose normaliser makes control characters vanish."""
    tokenizer = Tokenizer(models.WordPiece({"[UNK]": 0, "[CLS]": 1, "[SEP]": 2, "ta": 3, "##za": 4}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 1), ("[SEP]", 2)]
    )
    return tokenizer


def reaching_over_spaces() -> Tokenizer:
    """A tokenizer whose tokens hold spaces."""
    tokenizer = Tokenizer(models.Unigram([("<unk>", 0.0), ("a b a b", -1.0), ("a", -2.0), (" ", -2.0), ("b", -2.0)], 0))
    tokenizer.post_processor = shop.inputs().tokenizer.post_processor
    return tokenizer


@pytest.mark.parametrize(
    "tokenizer", [shop.inputs().tokenizer, bert(), reaching_over_spaces()], ids=["ours", "bert", "any"]
)
@settings(max_examples=60, deadline=None)
@given(words=st.lists(st.sampled_from(NASTY), max_size=60), glue=st.sampled_from([" ", "  ", "", "\t"]))
def test_a_long_text_is_cut_where_reading_all_of_it_would_cut_it(tokenizer, words, glue):
    text = glue.join(words)
    whole = Tokenizer.from_str(tokenizer.to_str())
    whole.enable_truncation(12)
    expected = whole.encode(text)
    read = Inputs(tokenizer, PictureGeometry(16), 12).tokens([text, "taza"])
    length = len(expected.ids)
    assert read.is_token[0].sum() == length and read.ids[0, :length].tolist() == expected.ids
    assert read.words[0, :length].tolist() == [-1 if word is None else word for word in expected.word_ids]


def test_no_more_of_a_long_text_is_read_than_is_shown(inputs):
    read: list[str] = []

    class Noting:
        def encode_batch(self, texts: list[str]) -> list:
            read.extend(texts)
            return whole.encode_batch(texts)

    whole = inputs._truncating
    noting = Inputs(inputs.tokenizer, inputs.geometry, inputs.max_tokens)
    noting.__dict__["_truncating"] = Noting()
    assert np.array_equal(noting.tokens(["taza roja " * 5000]).ids, inputs.tokens(["taza roja " * 5000]).ids)
    assert [len(each) for each in read] == [12 * len("taza roja ")]


def test_only_tokenizers_that_split_at_spaces_are_trusted_to():
    assert splits_at_spaces(shop.inputs().tokenizer) and splits_at_spaces(bert())
    assert not splits_at_spaces(reaching_over_spaces())
    split_less = shop.inputs().tokenizer
    split_less.pre_tokenizer = pre_tokenizers.ByteLevel(use_regex=False)
    assert not splits_at_spaces(split_less)


def test_chosen_rows_are_padded_to_the_longest_of_them(inputs):
    texts = ["taza roja azul verde", "taza", "mesa roja"]
    tokens = inputs.tokens(texts)
    for rows in ([1, 2, 1], [0], []):
        chosen, alone = tokens.chosen(np.array(rows, dtype=np.int64)), inputs.tokens([texts[row] for row in rows])
        assert all(np.array_equal(vars(chosen)[name], value) for name, value in vars(alone).items())
