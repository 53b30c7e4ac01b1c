import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, pre_tokenizers

from vitrina.data.text import mask_id, pad_id, special_ids, text_key, train_tokenizer

TEXTS = ["Camiseta XL-40 de algodón, 12.5 cm", "Camiseta roja XL-40", "Niña's t-shirt 12.5 cm 38/40", "1,5 L"] * 3


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return train_tokenizer(TEXTS, vocabulary=420)


def words(tokenizer: Tokenizer, text: str) -> list[str]:
    encoding = tokenizer.encode(text)
    found: dict[int, list[int]] = {}
    for token, word in zip(encoding.ids, encoding.word_ids, strict=True):
        if word is not None:
            found.setdefault(word, []).append(token)
    return [tokenizer.decode(ids) for ids in found.values()]


def test_sizes_decimals_and_model_numbers_are_whole_words(tokenizer):
    text = "Camiseta XL-40 v2.0: 12.5 cm, 1,5 L (38/40) niño's t-shirt. Fin."
    assert words(tokenizer, text) == [
        *("camiseta", "xl-40", "v2.0", ":", "12.5", "cm", ",", "1,5", "l"),
        *("(", "38/40", ")", "niño's", "t-shirt", ".", "fin", "."),
    ]


def test_commas_and_slashes_between_words_part_them(tokenizer):
    assert words(tokenizer, "rojo,azul negro/blanco") == ["rojo", ",", "azul", "negro", "/", "blanco"]


def test_a_frequent_size_is_one_token_wherever_it_stands(tokenizer):
    first, last = tokenizer.encode("XL-40 camiseta").ids, tokenizer.encode("camiseta xl-40").ids
    assert first[1] == last[-2] and len(first) == len(last) == 4


@given(st.text())
def test_no_text_is_unknown(text):
    tokenizer = train_tokenizer(["a"], vocabulary=300)
    assert tokenizer.token_to_id("[UNK]") not in tokenizer.encode(text).ids


@given(st.text(st.characters(codec="utf-8", categories=["Ll", "Nd", "So"]), min_size=1))
def test_decoding_gives_back_what_was_encoded(text):
    tokenizer = train_tokenizer(["a"], vocabulary=300)
    normal = unicodedata.normalize("NFKC", text).lower()
    assert tokenizer.decode(tokenizer.encode(normal).ids) == " ".join(normal.split())


def test_accents_survive(tokenizer):
    assert tokenizer.decode(tokenizer.encode("ALGODÓN").ids) == "algodón"
    assert tokenizer.encode("algodon").ids != tokenizer.encode("algodón").ids


def test_special_tokens_have_their_numbers_and_places(tokenizer):
    assert [tokenizer.token_to_id(name) for name in ("[PAD]", "[CLS]", "[SEP]", "[MASK]", "[UNK]")] == [0, 1, 2, 3, 4]
    pair = tokenizer.encode("cm", "cm xl-40")
    assert pair.tokens[0] == "[CLS]" and [pair.ids[i] for i in (2, -1)] == [2, 2]
    assert pair.type_ids == [0, 0, 0, 1, 1, 1]
    assert special_ids(tokenizer) == {0, 1, 2, 3, 4}
    assert (pad_id(tokenizer), mask_id(tokenizer)) == (0, 3)


def test_training_twice_gives_the_same_tokenizer():
    assert train_tokenizer(TEXTS, vocabulary=350).to_str() == train_tokenizer(iter(TEXTS), vocabulary=350).to_str()


def test_a_vocabulary_too_small_for_bytes_is_refused():
    with pytest.raises(ValueError, match="261"):
        train_tokenizer(TEXTS, vocabulary=260)


def test_no_text_at_all_is_refused():
    with pytest.raises(ValueError, match="no text"):
        train_tokenizer([], vocabulary=300)


def test_special_tokens_are_found_by_role():
    roberta = Tokenizer(models.WordLevel({"<s>": 0, "<pad>": 1, "</s>": 2, "a": 3, "<mask>": 4}, unk_token="a"))
    roberta.add_special_tokens(["<s>", "<pad>", "</s>", "<mask>"])
    roberta.pre_tokenizer = pre_tokenizers.Whitespace()
    assert (pad_id(roberta), mask_id(roberta), special_ids(roberta)) == (1, 4, {0, 1, 2, 4})


def test_a_tokenizer_without_a_mask_says_so():
    plain = Tokenizer(models.WordLevel({"a": 0}, unk_token="a"))
    assert pad_id(plain) == 0
    with pytest.raises(ValueError, match="no mask token"):
        mask_id(plain)


def test_a_tokenizer_that_does_not_split_words_cannot_mask_whole_words():
    whole = Tokenizer(models.BPE({"a": 0, "<mask>": 1}, []))
    with pytest.raises(ValueError, match="words"):
        mask_id(whole)


def test_text_keys_ignore_case_width_and_white_space_only():
    assert text_key("Camión  ROJO\n") == text_key("camión rojo") == text_key("ＣＡＭＩÓＮ\trojo")
    assert text_key("STRASSE") == text_key("straße")
    assert len({text_key(text) for text in ("camión", "camion", "camión 2", "camión 3", "camión, 2")}) == 5


def test_text_keys_never_change_between_releases():
    assert text_key("Camión ROJO 12.5") == 301073942970446059
    assert 0 <= text_key("") < 2**63
