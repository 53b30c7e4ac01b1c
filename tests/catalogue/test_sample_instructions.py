"""Edit instructions: true of the edit, right in their language, varied."""

import re

import pytest

from vitrina.catalogue.sample.article import article
from vitrina.catalogue.sample.draws import Draws
from vitrina.catalogue.sample.edits import edit_pair
from vitrina.catalogue.sample.feature_words import FEATURES_EN, FEATURES_ES
from vitrina.catalogue.sample.instructions import instruction
from vitrina.catalogue.sample.kinds import KINDS
from vitrina.catalogue.sample.phrases_write import names
from vitrina.catalogue.sample.truth import Edit
from vitrina.catalogue.sample.words_en import (
    COLOURS_EN,
    MATERIAL_ADJECTIVES_EN,
    MATERIALS_EN,
    PATTERN_MARKS_EN,
    PATTERNS_EN,
)
from vitrina.catalogue.sample.words_es import COLOURS_ES, MATERIALS_ES, PATTERN_MARKS_ES, PATTERNS_ES

VERBS = re.compile(
    r"^(?:make|turn|change|recolour|show|add|put|remove|take|replace|swap|fill|i want|the same|cambia|cámbia|haz|pon"
    r"|quita|añade|que sean?|quiero|l[oa]s? quiero|el mismo|la misma|los mismos|las mismas)",
    re.IGNORECASE,
)


def edits(kind: str) -> list[Edit]:
    """Every change of one attribute of a kind from one value to another."""
    facts = KINDS[kind]
    colours = ("red", "navy", "beige", "orange")
    values = {"colour": colours, "pattern": facts.patterns, "material": facts.materials, **facts.features}
    return [
        Edit(attribute, before, after, b"", b"", b"")
        for attribute, known in values.items()
        for before in known
        for after in known
        if before != after
    ]


def said(value: str, attribute: str, language: str) -> set[str]:
    """Words of which an instruction that asks for this value has one."""
    if attribute == "colour":
        forms = COLOURS_EN[value] if language == "en" else [form for each in COLOURS_ES[value] for form in each]
        return {form.removeprefix("color ") for form in forms}
    if attribute == "material":
        return set(
            MATERIALS_EN[value] + MATERIAL_ADJECTIVES_EN.get(value, ()) if language == "en" else MATERIALS_ES[value]
        )
    if attribute == "pattern":
        if language == "en":
            return set(PATTERNS_EN[value] + PATTERN_MARKS_EN.get(value, ()))
        marks = {noun.text for noun in PATTERN_MARKS_ES.get(value, ())}
        return marks | {form for each in PATTERNS_ES[value] for form in each}
    if language == "en":
        return {value} if attribute == "contents" else {FEATURES_EN[value][1]}
    return {FEATURES_ES[value]}


@pytest.mark.parametrize("language", ["en", "es"])
def test_an_instruction_says_what_shall_become_of_the_thing(language):
    for kind in KINDS:
        for at, edit in enumerate(edits(kind)):
            text = instruction(edit, kind=kind, language=language, draws=Draws(kind, at, language)).lower()
            wanted = said(edit.after, edit.attribute, language)
            if edit.attribute == "pattern" and edit.after == "plain":
                wanted |= {f"{word}" for word in ("remove", "take off", "without", "quita", "sin")}
            assert any(word.lower() in text for word in wanted), f"{text!r} asks for no {edit.after}"


@pytest.mark.parametrize("language", ["en", "es"])
def test_an_instruction_is_one_clean_line(language):
    for kind in KINDS:
        for at, edit in enumerate(edits(kind)):
            text = instruction(edit, kind=kind, language=language, draws=Draws("clean", kind, at))
            assert not re.search(r"[{}\[\]|()]|  |^ | $|\b(de el|a el|an? [A-Z]{2})\b", text), text
            assert VERBS.match(text) or " instead of " in text, text


def test_many_ways_are_found_to_ask_for_one_edit():
    edit = Edit("colour", "blue", "red", b"", b"", b"")
    for language in ("en", "es"):
        made = {instruction(edit, kind="mug", language=language, draws=Draws(at)).lower() for at in range(120)}
        assert len(made) > 12
    assert {"make the mug red", "change the colour to red"} <= {
        instruction(edit, kind="mug", language="en", draws=Draws(at)).lower() for at in range(300)
    }


def test_the_draws_decide():
    edit = Edit("pattern", "plain", "striped", b"", b"", b"")
    one, same = (instruction(edit, kind="shirt", language="es", draws=Draws("it", 4)) for _ in range(2))
    assert one == same


def test_spanish_agrees_in_gender_and_number():
    expected = {"mug": ("la", "roja"), "cap": ("la", "roja"), "boots": ("las", "rojas"), "headphones": ("los", "rojos")}
    edit = Edit("colour", "blue", "red", b"", b"", b"")
    for kind, (article_, red) in expected.items():
        made = {instruction(edit, kind=kind, language="es", draws=Draws(at)).lower() for at in range(200)}
        noun = names(kind, is_piece=False, language="es")[0]
        assert f"haz que {article_} {noun.text} {'sean' if noun.is_plural else 'sea'} {red}" in made
        assert f"cámbia{article_ if article_ != 'el' else 'lo'} a rojo" in made or f"cámbia{article_} a rojo" in made


def test_of_a_jar_the_label_changes_its_colour_and_of_a_watch_the_strap():
    edit = Edit("colour", "blue", "red", b"", b"", b"")
    jar = {instruction(edit, kind="jar", language="en", draws=Draws(at)).lower() for at in range(100)}
    assert "make the label of the jar red" in jar and not {text for text in jar if "make the jar" in text}
    watch = {instruction(edit, kind="watch", language="es", draws=Draws(at)).lower() for at in range(100)}
    assert "haz que la correa del reloj sea roja" in watch


def test_a_drawn_edit_gets_its_instruction():
    made = 0
    for number in range(0, 120, 15):
        facts = article(number, seed=4)
        edit = edit_pair(facts, attribute="colour")
        if edit is not None:
            text = instruction(edit, kind=facts.kind.name, language="en", draws=Draws(number)).lower()
            assert any(word in text for word in COLOURS_EN[edit.after])
            made += 1
    assert made > 4


@pytest.mark.parametrize(
    ("edit", "kind"),
    [
        (Edit("colour", "blue", "mauve", b"", b"", b""), "mug"),
        (Edit("neck", "crew neck", "v-neck", b"", b"", b""), "mug"),
        (Edit("neck", "crew neck", "stiletto heel", b"", b"", b""), "t-shirt"),
        (Edit("colour", "blue", "red", b"", b"", b""), "spaceship"),
    ],
)
def test_what_the_sample_does_not_have_is_refused_in_words(edit, kind):
    with pytest.raises(ValueError, match=rf"no instruction for {edit.attribute} of a {kind}.*the sample has no"):
        instruction(edit, kind=kind, language="en", draws=Draws(1))
