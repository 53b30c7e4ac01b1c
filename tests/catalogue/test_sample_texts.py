"""The generated texts: true of what is recorded, right in their language, varied."""

import re
from collections.abc import Iterable
from functools import cache

import pytest

from vitrina.catalogue.sample import queries
from vitrina.catalogue.sample.article import Article, article
from vitrina.catalogue.sample.draws import Draws
from vitrina.catalogue.sample.english import english_description, english_title
from vitrina.catalogue.sample.feature_words import FEATURES_EN, FEATURES_ES
from vitrina.catalogue.sample.grammar import expand
from vitrina.catalogue.sample.kinds import KINDS, MATERIAL_FACTORS, PATTERN_FACTORS
from vitrina.catalogue.sample.spanish import agreed, spanish_description, spanish_title
from vitrina.catalogue.sample.words_en import COLOURS_EN, KINDS_EN, MATERIALS_EN, PATTERNS_EN
from vitrina.catalogue.sample.words_es import COLOURS_ES, KINDS_ES, MATERIALS_ES, PATTERNS_ES, Noun

ARTICLES = [article(number, seed=31) for number in range(0, 4000, 2)]
WRITERS = {
    "en": (english_title, english_description),
    "es": (spanish_title, spanish_description),
}


@cache
def texts(language: str) -> list[tuple[Article, str]]:
    """A title and a description of every article, in turn."""
    return [
        (facts, writer(facts, draws=Draws("text", language, at, facts.number)))
        for facts in ARTICLES
        for at, writer in enumerate(WRITERS[language])
    ]


def phrases(language: str) -> dict[str, str]:
    """Every way to say a colour, with the colour's name."""
    if language == "en":
        return {word: name for name, words in COLOURS_EN.items() for word in words}
    return {form: name for name, words in COLOURS_ES.items() for forms in words for form in forms}


def any_of(phrases: Iterable[str]) -> str:
    """A pattern for any of the phrases, the longest that fits."""
    return "(?:" + "|".join(sorted(map(re.escape, phrases), key=len, reverse=True)) + r")\b"


@pytest.mark.parametrize("language", ["en", "es"])
def test_a_text_names_no_colour_but_its_own(language: str):
    words = phrases(language)
    pattern = re.compile(r"\b" + any_of(words), re.IGNORECASE)
    named = 0
    for facts, text in texts(language):
        if facts.kind.domain == "groceries":
            continue  # olives and oranges have colours of their own
        found = {words[phrase.lower()] for phrase in pattern.findall(text.replace(facts.model, ""))}
        assert found <= {facts.colour, facts.accent}, f"{text!r} is about something {facts.colour}"
        named += facts.colour in found
    assert named > len(ARTICLES)


def test_a_text_is_written_in_its_language():
    english = {word.lower() for each in KINDS_EN.values() for word in each.nouns}
    spanish = {noun.text for each in KINDS_ES.values() for noun in each.nouns}
    for language, foreign in (("en", spanish - english), ("es", english - spanish)):
        pattern = re.compile(r"\b" + any_of(foreign), re.IGNORECASE)
        for at, (facts, text) in enumerate(texts(language)):
            assert not pattern.search(text.replace(facts.model, "")), f"{text!r} is not all {language}"
            if at % 2 == 0 and facts.kind.domain != "groceries":
                nouns = KINDS_EN[facts.kind.name].nouns
                own = nouns if language == "en" else [noun.text for noun in KINDS_ES[facts.kind.name].nouns]
                assert re.search(any_of(own), text, re.IGNORECASE), f"{text!r} does not say what it is"


def test_a_spanish_colour_agrees_with_the_noun_before_it():
    forms = any_of(phrases("es"))
    patterns = {
        noun: re.compile(rf"\b{re.escape(noun.text)} ({forms})", re.IGNORECASE)
        for each in KINDS_ES.values()
        for noun in each.nouns
    }
    checked = 0
    for facts, text in texts("es"):
        for noun in KINDS_ES[facts.kind.name].nouns:
            right = {agreed(each, noun) for each in COLOURS_ES[facts.colour]}
            for found in patterns[noun].findall(text):
                assert found.lower() in right, text
                checked += 1
    assert checked > 500


@pytest.mark.parametrize(
    ("kind", "colour", "pattern", "material", "spanish", "english"),
    [
        ("sneakers", "red", "plain", "leather", "zapatillas rojas de cuero", "red leather sneakers"),
        ("dress", "black", "dotted", "silk", "vestido negro de lunares de seda", "black polka-dot silk dress"),
        ("boots", "blue", "plain", "suede", "botas azules de ante", "blue suede boots"),
        ("heels", "white", "floral", "leather", "tacones blancos de flores de cuero", "white floral leather heels"),
        ("chair", "yellow", "plain", "wood", "silla amarilla de madera", "yellow wooden chair"),
        ("cap", "navy", "checked", "cotton", "gorra azul marino de cuadros de algodón", "navy checked cotton cap"),
        ("headphones", "grey", "plain", "plastic", "auriculares grises de plástico", "grey plastic headphones"),
        ("mug", "pink", "striped", "ceramic", "taza rosa a rayas de cerámica", "pink striped ceramic mug"),
    ],
)
def test_parallel_queries_say_the_same_in_both_languages(
    kind: str, colour: str, pattern: str, material: str, spanish: str, english: str
):
    asked = queries({"kind": kind, "colour": colour, "pattern": pattern, "material": material})
    assert (asked[-1].spanish, asked[-1].english) == (spanish, english)
    assert asked[0].asks == ("kind",)
    assert asked[-1].asks == (
        ("kind", "colour", "material") if pattern == "plain" else ("kind", "colour", "pattern", "material")
    )
    assert len({query.english for query in asked}) == len(asked) == (3 if pattern == "plain" else 4)


def test_a_query_for_an_unknown_fact_is_refused():
    with pytest.raises(ValueError, match="'transparent' is not a fact of the generated sample"):
        queries({"kind": "mug", "colour": "transparent", "pattern": "plain", "material": "ceramic"})


def test_adjectives_agree_in_gender_and_number():
    forms = ("rojo", "roja", "rojos", "rojas")
    nouns = [
        Noun("bolso", "m"),
        Noun("taza", "f"),
        Noun("tenis", "m", is_plural=True),
        Noun("botas", "f", is_plural=True),
    ]
    assert tuple(agreed(forms, noun) for noun in nouns) == forms


def test_every_word_that_the_grammar_may_need_exists_in_both_languages():
    for words in (KINDS_EN, KINDS_ES):
        assert set(words) == set(KINDS)
    for english, spanish, known in (
        (MATERIALS_EN, MATERIALS_ES, set(MATERIAL_FACTORS)),
        (PATTERNS_EN, PATTERNS_ES, set(PATTERN_FACTORS)),
        (COLOURS_EN, COLOURS_ES, set(COLOURS_EN)),
    ):
        assert set(english) == set(spanish) == known
    values = {value for kind in KINDS.values() for weights in kind.features.values() for value in weights}
    assert set(FEATURES_EN) == set(FEATURES_ES) == values


@pytest.mark.parametrize("language", ["en", "es"])
def test_texts_are_clean_and_varied(language: str):
    seen = [text for _, text in texts(language)]
    assert not [text for text in seen if re.search(r"[\[\]{}|]|\(|  | [,.;]|\.\.", text)]
    titles, descriptions = set(seen[::2]), set(seen[1::2])
    assert len(titles) > 0.9 * len(ARTICLES)
    assert len(descriptions) > 0.95 * len(ARTICLES)
    lengths = [len(text.split()) for text in seen[::2]]
    assert min(lengths) <= 2 and max(lengths) >= 14
    pairs = {pair for text in seen for pair in zip(text.lower().split(), text.lower().split()[1:], strict=False)}
    assert len(pairs) > 7000


def test_an_english_article_fits_the_word_that_follows():
    for _, text in texts("en"):
        assert not re.search(r"\b(?:a [aeio]|an [^aeiou])", text, re.IGNORECASE), text


def test_spanish_decimals_have_a_comma():
    decimals = 0
    for facts, text in texts("es"):
        assert not re.search(r"\d\.\d", text.replace(facts.model, "")), text
        decimals += bool(re.search(r"\d,\d", text))
    assert decimals > 100


def test_the_grammar_leaves_out_what_has_no_words():
    for seed in range(20):
        draws = Draws(seed)
        assert expand("[big {colour} ]mug", slots={}, draws=draws) == "mug"
        assert expand("({colour}|plain) mug", slots={}, draws=draws) == "plain mug"
        assert expand("{colour} mug", slots={}, draws=draws) is None
        assert expand("[.0:old ]{noun} , new", slots={"noun": "mug"}, draws=draws) == "mug, new"
    assert len({expand("(a|b)[ c]", slots={}, draws=Draws(seed)) for seed in range(40)}) == 4
