"""The words of phrases: parts and pieces of all that is drawn have them, and they agree."""

import collections
from functools import cache

import pytest

from vitrina.catalogue.sample.article import article
from vitrina.catalogue.sample.figure import Part
from vitrina.catalogue.sample.goods import figure
from vitrina.catalogue.sample.kinds import KINDS
from vitrina.catalogue.sample.phrases_grammar import Name, agreeing, of, plural, the, to
from vitrina.catalogue.sample.phrases_scene import DRAWN_TWICE, LABEL, carrier_of, near_colours
from vitrina.catalogue.sample.phrases_words import UNSPOKEN, part_words
from vitrina.catalogue.sample.phrases_write import counted, meant, names
from vitrina.catalogue.sample.questions_counts import SCENERY
from vitrina.catalogue.sample.words_en import COLOURS_EN
from vitrina.catalogue.sample.words_es import COLOURS_ES


@cache
def drawn_parts() -> dict[str, set[str]]:
    """The names of all parts that the drawings of each kind use, from many articles of it."""
    found: dict[str, set[str]] = {}
    made: collections.Counter[str] = collections.Counter()
    for number in range(4000):
        facts = article(number, seed=5)
        if made[facts.kind.name] < 25:
            made[facts.kind.name] += 1
            parts = {mark.name for mark in figure(facts).marks if isinstance(mark, Part)}
            found.setdefault(facts.kind.name, set()).update(parts)
    assert set(found) == set(KINDS)
    return found


def test_every_part_that_is_drawn_has_words_or_is_left_out_on_purpose():
    for kind, parts in drawn_parts().items():
        for part in parts:
            assert part_words(part, kind=kind) or (kind, part) in UNSPOKEN, f"no words for the {part} of the {kind}"


@pytest.mark.parametrize("language", ["en", "es"])
def test_no_two_parts_of_a_kind_share_a_word(language):
    for kind, parts in drawn_parts().items():
        words = [part_words(part, kind=kind) for part in parts if (kind, part) not in UNSPOKEN]
        texts = [plural(each.name(language), language=language).text for each in words if each is not None]
        assert len(texts) == len(set(texts)), f"{kind}: {sorted(texts)}"


def test_nothing_is_left_out_that_is_not_drawn():
    drawn = {(kind, part) for kind, parts in drawn_parts().items() for part in parts}
    assert drawn >= UNSPOKEN


def test_what_carries_a_colour_is_drawn_and_has_words():
    for kind in KINDS:
        carrier = carrier_of(kind)
        if carrier is not None:
            assert carrier in drawn_parts()[kind] and part_words(carrier, kind=kind) is not None
    assert carrier_of("jar") == LABEL and carrier_of("mug") is None


@pytest.mark.parametrize("language", ["en", "es"])
def test_every_kind_and_every_piece_of_a_pair_has_names(language):
    for kind, facts in KINDS.items():
        assert names(kind, is_piece=False, language=language)
        assert not facts.is_pair or names(kind, is_piece=True, language=language)
        assert counted(kind, is_piece=facts.is_pair, language=language) is not None
    assert set(KINDS) >= SCENERY | DRAWN_TWICE


@pytest.mark.parametrize(
    ("one", "many"),
    [
        ("taza", "tazas"),
        ("reloj de pulsera", "relojes de pulsera"),
        ("balón", "balones"),
        ("sofá", "sofás"),
        ("brik", "briks"),
        ("paraguas", "paraguas"),
        ("lápiz rojo", "lápices rojos"),
        ("autobús", "autobuses"),
        ("parachoques", "parachoques"),
        ("cristal", "cristales"),
        ("caja de cereales", "cajas de cereales"),
        ("interior de la oreja", "interiores de la oreja"),
    ],
)
def test_spanish_plurals(one, many):
    assert plural(Name(one, gender="m"), language="es") == Name(many, True, "m")


@pytest.mark.parametrize(
    ("one", "many"),
    [
        ("mug", "mugs"),
        ("watch", "watches"),
        ("cereal box", "cereal boxes"),
        ("bookshelf", "bookshelves"),
        ("teddy", "teddies"),
        ("toy", "toys"),
        ("jar of preserves", "jars of preserves"),
        ("foot", "feet"),
    ],
)
def test_english_plurals(one, many):
    assert plural(Name(one), language="en") == Name(many, True)
    assert plural(Name(many, True), language="en").text == many


def test_spanish_articles_run_together_and_follow_the_ear():
    assert of("el bolso") == "del bolso" and of("la taza") == "de la taza" and of("los bolsos") == "de los bolsos"
    assert to("el bolso") == "al bolso" and to("la taza") == "a la taza"
    handle = Name("asa", gender="f")
    assert the("asa", name=handle, language="es") == "el asa"
    assert the("asas", name=plural(handle, language="es"), language="es") == "las asas"
    assert the("almohadilla", name=Name("almohadilla", gender="f"), language="es") == "la almohadilla"
    assert agreeing(("rojo", "roja", "rojos", "rojas"), plural(handle, language="es")) == "rojas"


def test_a_wide_word_means_all_that_it_may_mean():
    assert meant(Name("shirt"), is_piece=False, language="en") >= {"shirt", "t-shirt"}
    assert meant(Name("bag"), is_piece=False, language="en") >= {"handbag"}
    assert meant(Name("camisa", gender="f"), is_piece=False, language="es") == {"shirt"}
    assert meant(Name("shoe"), is_piece=True, language="en") == {"sneakers", "boots", "heels"}
    for kind in KINDS:
        for language in ("en", "es"):
            for name in names(kind, is_piece=False, language=language):
                assert kind in meant(name, is_piece=False, language=language)


def test_near_colours_are_near_both_ways_and_few():
    for colour in COLOURS_EN:
        assert colour in near_colours(colour)
        assert all(colour in near_colours(other) for other in near_colours(colour))
        assert len(near_colours(colour)) <= 5
    assert set(COLOURS_EN) == set(COLOURS_ES)
    assert "navy" in near_colours("blue") and "green" not in near_colours("red")
