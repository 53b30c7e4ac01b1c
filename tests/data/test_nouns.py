import numpy as np
import pytest
import torch

from data.shop import jpeg
from vitrina.catalogue.product import Product, Text
from vitrina.data.inputs import Inputs
from vitrina.data.nouns import KNOWN, NounBook, NounDraws
from vitrina.data.pictures import PictureGeometry
from vitrina.data.text import text_key, train_tokenizer

DRAWS = NounDraws(per_row=3, minimum=3)
COLOURS = (("red", "roja"), ("blue", "azul"), ("green", "verde"), ("black", "negra"))
KINDS = (
    ("Mugs", "mug", "taza"),
    ("Skirts", "skirt", "falda"),
    ("Lamps", "lamp", "lámpara"),
    ("Chairs", "chair", "silla"),
)


def shop() -> list[Product]:
    """Every kind in every colour and thrice; half of the titles are Spanish, brands stand in all of them."""
    return [
        Product(
            id=f"{kind}-{colour}-{number}",
            titles=(
                Text(f"Acme nice {english} in {colour} {number} cm", "en")
                if number % 2
                else Text(f"Preciosa {spanish} {color} Acme", "es"),
            ),
            pictures=(jpeg(number),),
            brand="Acme",
            category=("Home", category),
            attributes={
                "colour": colour,
                "kind": english,
                "model": f"{kind} {colour} {number}",
                "size": f"{number} cm",
            },
        )
        for kind, (category, english, spanish) in enumerate(KINDS)
        for colour, color in COLOURS
        for number in range(6)
    ]


@pytest.fixture(scope="module")
def book() -> NounBook:
    return NounBook.of(shop(), draws=DRAWS)


@pytest.fixture(scope="module")
def inputs() -> Inputs:
    words = [text.text for product in shop() for text in product.texts]
    return Inputs(train_tokenizer(words, vocabulary=400), PictureGeometry(32), max_tokens=16)


def keys(count: int, *, epoch: int = 0) -> np.ndarray:
    return np.stack([np.full(count, 2), np.full(count, epoch), np.arange(count)], axis=1)


def test_a_products_words_are_its_kind_and_colour_in_both_languages(book):
    assert {word.text for word in book.words(shop()[0])} == {"mugs", "taza", "red", "roja"}


def test_what_a_product_is_comes_first(book):
    assert book.facts(shop()[30])[0][0].key == text_key("skirt")


def test_names_and_measures_and_what_every_product_has_are_no_words(book):
    known = {word.text for product in shop() for word in book.words(product)}
    assert known.isdisjoint({"acme", "nice", "preciosa", "home", "cm"})
    assert not any(character.isdigit() for word in known for character in word)


def test_a_singular_and_its_plural_are_one_word(book):
    facts = book.facts(shop()[0])
    assert len([words for words in facts if text_key("mug") in {word.key for word in words}]) == 1


def test_a_catalogue_without_facts_has_the_words_of_its_titles():
    bare = [Product(id=each.id, titles=each.titles) for each in shop()]
    words = {word.text for word in NounBook.of(bare, draws=DRAWS).words(bare[1])}
    assert {"mug", "red"} <= words and words.isdisjoint({"in", "acme"} - {"acme"})


def test_products_that_state_nothing_have_the_words_of_their_titles_beside_a_shop_that_states_all(book):
    bare = [Product(id=f"bare-{each.id}", titles=each.titles) for each in shop()]
    mixed = NounBook.of([*shop(), *bare], draws=DRAWS)
    assert "mug" in {word.text for word in mixed.words(bare[1])}  # no "red": models are called so
    assert [word.text for word in mixed.words(shop()[1])] == [word.text for word in book.words(shop()[1])]


def test_a_rare_word_is_none():
    product = Product(id="x", titles=(Text("Zither", "en"),), category=("Music", "Zithers"))
    assert not NounBook.of([*shop(), product], draws=DRAWS).words(product)


def test_draws_depend_on_the_rows_key_alone(book, inputs):
    products = shop()[:8]
    whole = book.read(products, keys=keys(8), inputs=inputs, seed=1)
    some = book.read([products[5], products[2]], keys=keys(8)[[5, 2]], inputs=inputs, seed=1)
    drawn = drawn_texts(whole, inputs)
    assert drawn_texts(some, inputs) == [drawn[5], drawn[2]]
    assert drawn_texts(book.read(products, keys=keys(8, epoch=1), inputs=inputs, seed=1), inputs) != drawn
    assert drawn_texts(book.read(products, keys=keys(8), inputs=inputs, seed=2), inputs) != drawn


def drawn_texts(nouns, inputs: Inputs) -> list[list[str]]:
    texts = [
        inputs.tokenizer.decode(ids[is_token].tolist()).strip()
        for ids, is_token in zip(nouns.text.ids, nouns.text.is_token, strict=True)
    ]
    return [[texts[place] for place in row if place >= 0] for row in nouns.which.tolist()]


def test_a_row_draws_words_that_are_true_of_it_and_as_many_as_it_has(book, inputs):
    nouns = book.read(shop(), keys=keys(len(shop())), inputs=inputs, seed=0)
    assert nouns.which.shape == (len(shop()), 3) and nouns.known.shape == (len(shop()), KNOWN)
    # Kind and colour are two facts: a third word is not there to be drawn.
    assert ((nouns.which >= 0).sum(dim=1) == 2).all() and (nouns.which[:, 2] == -1).all()
    for row, known in zip(nouns.which[:, :2], nouns.known, strict=True):
        assert torch.isin(nouns.key[row], known).all()
    assert nouns.which.max() == len(nouns.key) - 1 == len(nouns.text.ids) - 1


def test_prompts_are_bare_words_and_sentences_of_the_words_language(book, inputs):
    nouns = book.read(shop(), keys=keys(len(shop())), inputs=inputs, seed=0)
    texts = {text for row in drawn_texts(nouns, inputs) for text in row}
    assert "falda" in texts
    sentences = {text for text in texts if " " in text}
    assert sentences and all(text.startswith(("a photo of", "una foto de")) for text in sentences)
    assert not any("photo" in text and text.endswith(("taza", "falda", "silla", "roja")) for text in texts)


def test_no_words_are_asked_for_by_default_and_impossible_numbers_are_refused():
    assert NounDraws().per_row == 0
    with pytest.raises(ValueError, match=r"nouns.per_row is -1"):
        NounDraws(per_row=-1)
    with pytest.raises(ValueError, match=r"nouns.minimum is 0"):
        NounDraws(minimum=0)
