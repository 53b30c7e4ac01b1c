"""Phrases about pictures: each points at one thing and at no other, by what can be seen."""

import dataclasses
from functools import cache

import pytest
from catalogue.sample_pointing import pointed_at

from vitrina.catalogue.sample.article import article
from vitrina.catalogue.sample.draws import Draws
from vitrina.catalogue.sample.kinds import KINDS
from vitrina.catalogue.sample.phrases import phrases
from vitrina.catalogue.sample.phrases_scene import COLOUR_SHARE, KIND_SHARE, near_colours
from vitrina.catalogue.sample.studio import photograph
from vitrina.catalogue.sample.truth import Box, ObjectTruth, PartTruth, Phrase, PictureTruth
from vitrina.catalogue.sample.words_en import COLOURS_EN
from vitrina.catalogue.sample.words_es import COLOURS_ES

NUMBERS = {"mug": [], "lamp": [], "sneakers": [], "boots": [], "jar": [], "shirt": [], "t-shirt": [], "tin can": []}
for _number in range(3000):
    _kind = article(_number, seed=2).kind.name
    if _kind in NUMBERS and len(NUMBERS[_kind]) < 12:
        NUMBERS[_kind].append(_number)


def seen(kind: str, *, at: int = 0, box: Box = (10, 10, 60, 60), share: float = 1.0, **attributes: str) -> ObjectTruth:
    """An object of a kind in a box, with some attributes set."""
    number = NUMBERS[kind][at]
    own = article(number, seed=2).attributes
    if attributes.get("pattern") == "plain":
        own.pop("accent", None)
    area = (box[2] - box[0]) * (box[3] - box[1]) * 3 // 4
    return ObjectTruth(number, kind, own | attributes, box, area, share)


def picture(*objects: ObjectTruth, parts: tuple[PartTruth, ...] = ()) -> PictureTruth:
    return PictureTruth("studio", objects, parts, b"", b"")


def crowd(number: int) -> PictureTruth:
    """A made-up picture of a few kinds that are easily confused, at random places."""
    draws = Draws("crowd", number)
    kinds = draws.shuffled(tuple(NUMBERS))[:3]
    objects, parts = [], []
    for _ in range(1 + draws.below(6)):
        kind, at = draws.choice(kinds), draws.below(12)
        for _ in range(2 if KINDS[kind].is_pair and draws.chance(0.8) else 1):
            x, y = draws.below(160), draws.below(160)
            wide, high = 20 + draws.below(60), 20 + draws.below(60)
            share = 1.0 if draws.chance(0.7) else draws.uniform(0.1, 1.0)
            thing = seen(kind, at=at, box=(x, y, x + wide, y + high), share=share)
            if kind in ("jar", "tin can"):
                parts.append(PartTruth("label", len(objects), (x + 2, y + 9, x + 19, y + 19), 160))
                brand = article(thing.article, seed=2).brand
                parts.append(PartTruth("print", len(objects), (x + 4, y + 10, x + 17, y + 17), 90, brand))
            if kind in ("mug", "shirt"):
                name = "handle" if kind == "mug" else "sleeve"
                parts.append(PartTruth(name, len(objects), (x, y, x + 9, y + 9), 60))
            if kind == "shirt":
                parts.append(PartTruth("sleeve", len(objects), (x + wide - 9, y, x + wide, y + 9), 60))
            objects.append(thing)
    return picture(*objects, parts=tuple(parts))


@cache
def pictures() -> tuple[PictureTruth, ...]:
    """Drawn pictures of all settings, and made-up crowds."""
    drawn = [photograph(article(number * 11, seed=6), view=number % 3).truth for number in range(90)]
    assert {truth.setting for truth in drawn} == {"studio", "shelf", "room"}
    return (*drawn, *(crowd(number) for number in range(150)))


def texts(truth: PictureTruth, language: str = "en") -> list[str]:
    return [phrase.text for phrase in phrases(truth) if phrase.language == language]


@pytest.mark.parametrize("language", ["en", "es"])
def test_a_second_reader_finds_what_a_phrase_points_at_and_nothing_else(language):
    read = 0
    for truth in pictures():
        for phrase in phrases(truth):
            if phrase.language != language:
                continue
            found = pointed_at(phrase.text, language=phrase.language, truth=truth)
            wanted = [tuple(sorted(phrase.boxes))]
            assert [tuple(sorted(boxes)) for boxes in found] == wanted, f"{phrase.text!r} in {truth.objects}"
            read += 1
    assert read > 3000


def test_no_phrase_stands_for_two_things():
    for truth in pictures():
        made = [(phrase.text.casefold(), phrase.language) for phrase in phrases(truth)]
        assert len(made) == len(set(made))


def test_every_clear_object_of_a_drawn_picture_gets_a_phrase_in_both_languages():
    alone = [truth for truth in pictures()[:90] if len(truth.objects) == 1 and truth.objects[0].visible_share > 0.6]
    assert len(alone) > 30
    for truth in alone:
        for language in ("en", "es"):
            boxes = [phrase.boxes for phrase in phrases(truth) if phrase.language == language]
            assert (truth.objects[0].box,) in boxes


def test_a_thing_alone_of_its_kind_is_named_by_its_kind():
    truth = picture(seen("mug"), seen("lamp", box=(120, 10, 180, 150)))
    assert {"the mug", "the lamp"} & set(texts(truth))
    assert any(text.startswith(("la lámpara", "la taza")) for text in texts(truth, "es"))


def test_like_things_are_told_apart_by_colour_and_unlike_shirts_by_more_than_their_kind():
    truth = picture(
        seen("mug", colour="red", pattern="plain"),
        seen("mug", at=1, box=(120, 10, 170, 60), colour="green", pattern="plain"),
        seen("shirt", box=(10, 100, 80, 180)),
        seen("t-shirt", box=(120, 100, 190, 180)),
    )
    assert any("red" in text for text in texts(truth)) and "the mug" not in texts(truth)
    assert "the shirt" not in texts(truth), "a T-shirt is a shirt too"
    assert "la camisa" in texts(truth, "es"), "una camiseta no es una camisa"


def test_colours_that_are_taken_for_one_another_tell_nothing_apart():
    blue = seen("mug", colour="blue", pattern="plain", sides="tapered")
    truth = picture(blue, seen("mug", at=1, box=(12, 10, 62, 60), colour="navy", pattern="plain", sides="tapered"))
    assert "navy" in near_colours("blue") and near_colours("red") == {"red", "burgundy"}
    assert not [text for text in texts(truth) if text.endswith("mug")]


def test_a_second_colour_counts_as_a_colour_of_the_thing():
    one = seen("mug", colour="red", pattern="plain", sides="tapered")
    other = seen("mug", at=1, box=(12, 10, 62, 60), colour="white", pattern="striped", accent="red", sides="tapered")
    made = texts(picture(one, other))
    assert not [text for text in made if text.startswith("the red mug") or text == "the bright red mug"]
    assert any("plain" in text for text in made)


def test_what_is_hidden_is_not_spoken_of():
    colours = {word for words in COLOURS_EN.values() for word in words}
    colours |= {form for words in COLOURS_ES.values() for forms in words for form in forms}
    for share, names_colour in ((1.0, True), (COLOUR_SHARE - 0.05, False)):
        made = [
            phrase.text
            for at in range(12)
            for phrase in phrases(picture(seen("mug", at=at, box=(10, 10, 90, 90), share=share)))
        ]
        assert made
        assert any(word in text.split() for text in made for word in colours) == names_colour
    assert phrases(picture(seen("mug", share=KIND_SHARE - 0.05))) == ()


def test_sizes_materials_brands_and_audiences_are_never_told():
    for truth in pictures()[:90]:
        for thing in truth.objects:
            for text in texts(truth) + texts(truth, "es"):
                if '"' not in text:
                    assert thing.attributes["model"] not in text
                    assert thing.attributes["size"] not in text.split()


def test_a_pair_has_two_boxes_and_its_shoes_one_each():
    left, right = seen("sneakers", box=(10, 50, 80, 90)), seen("sneakers", box=(110, 50, 180, 90))
    made = {phrase.text: phrase.boxes for phrase in phrases(picture(left, right)) if phrase.language == "en"}
    assert (left.box, right.box) in made.values()
    singles = {text for text, boxes in made.items() if boxes == (left.box,)}
    assert any(
        text in ("the sneaker on the left", "the trainer on the left", "the shoe on the left") for text in singles
    )


def test_one_shoe_is_not_called_a_pair():
    made = [phrase for at in range(8) for phrase in phrases(picture(seen("boots", at=at)))]
    assert {"the boot", "la bota"} <= {phrase.text for phrase in made}
    assert not [phrase for phrase in made if "boots" in phrase.text or "botas" in phrase.text]


def test_a_print_is_pointed_at_only_where_no_other_thing_says_the_same():
    label = PartTruth("print", 0, (20, 20, 50, 30), 250, "Olivarda")
    once = picture(seen("jar"), parts=(label,))
    made = texts(once) + texts(once, "es")
    assert {'the jar that says "Olivarda"', 'el tarro que dice "Olivarda"', 'the word "Olivarda"'} <= set(made)
    both = (label, PartTruth("print", 1, (120, 20, 150, 30), 250, "OLIVARDA"))
    twice = picture(seen("jar"), seen("jar", at=1, box=(110, 10, 160, 60)), parts=both)
    assert not [text for text in texts(twice) if "livarda" in text]


def test_phrases_depend_on_nothing_but_the_picture():
    for truth in pictures()[:20]:
        assert phrases(truth) == phrases(dataclasses.replace(truth))
    assert isinstance(phrases(pictures()[0])[0], Phrase)


def test_an_empty_picture_has_no_phrases():
    assert phrases(picture()) == ()
