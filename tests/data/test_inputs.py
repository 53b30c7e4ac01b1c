import numpy as np
import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers, processors

from vitrina.data.inputs import Inputs
from vitrina.data.pictures import PictureGeometry, decode

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
