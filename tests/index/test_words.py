import pytest
from hypothesis import given
from hypothesis import strategies as st

from vitrina.catalogue.product import Product, Text
from vitrina.index.translations import ORIGINAL, Translations
from vitrina.index.words import ProductWords, terms


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("CAMIÓN", "camion"),
        ("camiones", "camión"),
        ("zapatillas", "zapatilla"),
        ("dresses", "dress"),
        ("batteries", "battery"),
        ("luces", "luz"),
        ("prices", "price"),
        ("niños", "Niño"),
        ("42,5", "42.5"),
        ("500ml", "500 ml"),
        ("1,5 L", "1.5l"),
        ("the shoes of the boy", "shoe boy"),
    ],
)
def test_the_same_thing_is_written_the_same(one, other):
    assert set(terms(one)) == set(terms(other))


@pytest.mark.parametrize(
    ("one", "other"), [("42", "4.2"), ("AB-12", "AB-13"), ("ano", "mano"), ("prices", "luces"), ("1234", "123")]
)
def test_different_things_stay_different(one, other):
    assert set(terms(one)) != set(terms(other))


def test_a_code_is_found_whole_without_its_signs_and_by_its_parts():
    assert terms("AB-1234/56") == ["ab123456", "ab", "1234", "56"]
    assert set(terms("ab1234/56")) & set(terms("AB-1234/56"))


@given(st.text(max_size=60))
def test_any_text_gives_terms_without_blanks_that_are_their_own_terms(text):
    found = terms(text)
    assert all(term and not set(term) & set(" \t\n") for term in found)
    assert terms(text) == terms(text.swapcase().swapcase()) or not text.isascii()


def product(text: str, **attributes: str) -> ProductWords:
    return ProductWords.of(Product(id="x", titles=(Text(text),), attributes=attributes))


def test_words_go_with_the_facts_that_they_mean():
    shop = [product("taza roja", colour="red", kind="mug")] * 4 + [product("taza azul", colour="blue", kind="mug")] * 4
    shop += [product("silla roja", colour="red", kind="chair")] * 4 + [product("cama", colour="white", kind="bed")] * 20
    learnt = Translations.learnt(shop)
    assert learnt.fact_of == {"roja": "red", "azul": "blue", "taza": "mug", "silla": "chair"}
    assert learnt.weighted(["silla", "roja", "grande"]) == {
        "silla": ORIGINAL,
        "roja": ORIGINAL,
        "grande": 1.0,
        "chair": 1.0,
        "red": 1.0,
    }


def test_a_word_means_what_no_other_word_of_its_texts_explains_better():
    shop = [product("reloj esfera redonda", kind="watch", dial="round")] * 5
    shop += [product("mesa redonda", kind="table", top="round")] * 5 + [product("reloj cuadrado", kind="watch")] * 5
    shop += [product("cama", kind="bed")] * 40
    assert Translations.learnt(shop).fact_of["reloj"] == "watch"
    assert Translations.learnt(shop).fact_of["redonda"] == "round"


def test_a_brand_means_nothing_but_itself_and_a_fact_that_the_query_names_counts_once():
    shop = [product("altavoz Klikko", kind="speaker")] * 5 + [product("cama", kind="bed")] * 20
    assert Translations.learnt(shop).fact_of["klikko"] == "speaker"
    assert "klikko" not in Translations.learnt(shop, brands={"klikko"}).fact_of
    learnt = Translations({"altavoc": "speaker"})
    assert learnt.weighted(["altavoc", "speaker"]) == {"altavoc": ORIGINAL, "speaker": 1.0}


def test_words_that_are_facts_or_rare_or_common_go_with_nothing():
    shop = [product("red cup", colour="red")] * 9 + [product("vieja", colour="blue")] * 2
    assert Translations.learnt(shop).fact_of == {}
    assert Translations.learnt([]).fact_of == {}


def test_translations_come_back_from_the_disk(tmp_path):
    kept = Translations({"roja": "red"})
    kept.write(tmp_path / "translations.json")
    assert Translations.read(tmp_path / "translations.json") == kept
