"""Pairs of pictures before and after an edit: one attribute differs, and only where the mask says so."""

import io
from functools import cache

import numpy as np
import pytest
from PIL import Image

from vitrina.catalogue.sample.article import Article, article
from vitrina.catalogue.sample.colours import PALETTE
from vitrina.catalogue.sample.edits import edit_pair
from vitrina.catalogue.sample.truth import Edit

SEED = 19


@cache
def edits() -> list[tuple[Article, Edit]]:
    """An edit of each attribute in turn, of many articles."""
    found = []
    for at, number in enumerate(range(0, 480, 5)):
        facts = article(number, seed=SEED)
        names = ("colour", "pattern", "material", *facts.features)
        made = edit_pair(facts, attribute=names[at % len(names)])
        if made is not None:
            found.append((facts, made))
    return found


def pixels(picture: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(picture))).astype(int)


def test_an_edit_names_what_was_and_what_is_and_changes_the_picture():
    assert len(edits()) > 70
    for facts, edit in edits():
        assert edit.before == facts.attributes[edit.attribute] != edit.after
        if edit.attribute == "colour":
            assert edit.after in PALETTE
        elif edit.attribute in ("pattern", "material"):
            assert edit.after in (facts.kind.patterns if edit.attribute == "pattern" else facts.kind.materials)
        else:
            assert edit.after in facts.kind.features[edit.attribute]
        difference = np.abs(pixels(edit.source) - pixels(edit.target)).max(-1)
        assert (difference > 24).sum() >= 30, f"{facts.attributes}: {edit.attribute} {edit.after} cannot be seen"


def test_nothing_outside_the_mask_changes_but_a_shadow():
    for facts, edit in edits():
        mask = pixels(edit.changed_mask)
        assert set(np.unique(mask)) == {0, 255}
        outside = np.abs(pixels(edit.source) - pixels(edit.target)).max(-1)[mask == 0]
        if edit.attribute in ("colour", "pattern", "material") and "glass" not in (edit.before, edit.after):
            assert (outside > 40).sum() <= 4, f"{facts.attributes}: {edit.attribute} {edit.after}"
        else:
            # What is clear throws less shadow. A shadow is at most half as dark as the ground that it falls on.
            assert (outside > 150).sum() == 0, f"{facts.attributes}: {edit.attribute} {edit.after}"


def test_a_colour_edit_keeps_the_outline_of_the_article():
    for facts in (article(number, seed=SEED) for number in range(3, 120, 9)):
        edit = edit_pair(facts, attribute="colour")
        assert edit is not None
        share = (pixels(edit.changed_mask) > 0).mean()
        assert 0.01 < share < 0.95


def test_the_same_edit_is_made_every_time():
    facts = article(44, seed=SEED)
    assert edit_pair(facts, attribute="colour") == edit_pair(facts, attribute="colour")


def test_what_cannot_change_alone_gives_no_pair():
    watch = next(each for each in (article(n, seed=SEED) for n in range(2000)) if each.kind.name == "watch")
    assert edit_pair(watch, attribute="pattern") is None
    jar = next(each for each in (article(n, seed=SEED) for n in range(2000)) if each.kind.name == "jar")
    assert edit_pair(jar, attribute="material") is None


def test_an_attribute_that_the_kind_lacks_is_refused_with_those_it_has():
    mug = next(each for each in (article(n, seed=SEED) for n in range(2000)) if each.kind.name == "mug")
    with pytest.raises(ValueError, match=r"a mug has no attribute 'sleeve': it has colour, pattern, material, sides"):
        edit_pair(mug, attribute="sleeve")


def test_no_edit_of_the_train_split_shows_a_combination_kept_for_the_test():
    checked = 0
    for facts, edit in edits():
        if facts.split != "train" or edit.attribute not in ("colour", "pattern"):
            continue
        changed = {"colour": facts.colour, "pattern": facts.pattern, edit.attribute: edit.after}
        held_out = next(
            (
                each
                for each in (article(n, seed=SEED) for n in range(2000))
                if each.kind is facts.kind and each.is_unseen
            ),
            None,
        )
        if held_out is not None and held_out.pattern == changed["pattern"]:
            assert held_out.colour != changed["colour"]
            checked += 1
    assert checked > 3
