"""Shelves and rooms of the generated pictures: who is there, that the article can be seen, and how often they come."""

import hashlib
import io
import math
import subprocess
import sys
from collections import Counter
from functools import cache

import numpy as np
import pytest
from PIL import Image

from vitrina.catalogue.sample.article import Article, article
from vitrina.catalogue.sample.company import FIRST, company
from vitrina.catalogue.sample.draws import Draws
from vitrina.catalogue.sample.goods import figure
from vitrina.catalogue.sample.kinds import KINDS
from vitrina.catalogue.sample.rooms import has_room
from vitrina.catalogue.sample.shelves import MOST, has_shelf
from vitrina.catalogue.sample.studio import photograph
from vitrina.catalogue.sample.truth import Photo

SEED = 41


@cache
def later_pictures() -> list[tuple[Article, Photo]]:
    """One later picture of each of many articles."""
    found = [article(number, seed=SEED) for number in range(500, 1400, 5)]
    return [(facts, photograph(facts, view=1 + at % 2)) for at, facts in enumerate(found)]


def test_the_article_itself_is_never_hidden_and_the_first_view_shows_it_alone():
    for facts, photo in later_pictures():
        own = [thing for thing in photo.truth.objects if thing.article == facts.number]
        assert max(thing.visible_share for thing in own) >= 0.4, (
            f"{facts.attributes} is hidden in {photo.truth.setting}"
        )
    for number in range(0, 200, 10):
        truth = photograph(article(number, seed=SEED), view=0).truth
        assert truth.setting == "studio"
        assert {thing.article for thing in truth.objects} == {number}


def test_every_object_is_an_article_of_the_sample_with_its_attributes():
    for facts, photo in later_pictures():
        for thing in photo.truth.objects:
            real = article(thing.article, seed=SEED)
            assert (thing.kind, thing.attributes) == (real.kind.name, real.attributes)
            assert thing.article < max(facts.number, FIRST) or thing.article == facts.number


def test_a_picture_of_the_train_split_shows_no_article_of_another():
    shown = 0
    for facts, photo in later_pictures():
        if facts.split == "train":
            splits = {article(thing.article, seed=SEED).split for thing in photo.truth.objects}
            assert splits == {"train"}
            shown += len(photo.truth.objects) > 1
    assert shown > 30


def test_shelves_and_rooms_hold_several_articles_and_come_as_often_as_said():
    settings = Counter(photo.truth.setting for _, photo in later_pictures())
    total = settings.total()
    for setting, share in {"shelf": 0.29, "room": 0.25}.items():
        assert abs(settings[setting] / total - share) < 4 * math.sqrt(share * (1 - share) / total)
    for _, photo in later_pictures():
        count = len(photo.truth.objects)
        if photo.truth.setting == "shelf":
            assert 4 <= count <= MOST
        elif photo.truth.setting == "room":
            assert 1 <= count <= 14
    rooms = [len(photo.truth.objects) for _, photo in later_pictures() if photo.truth.setting == "room"]
    assert np.median(rooms) >= 3


def test_all_but_a_few_kinds_have_a_shelf_and_all_have_a_place_of_their_own():
    kinds = {facts.kind.name: facts for facts in (article(number, seed=SEED) for number in range(1500))}
    assert set(kinds) == set(KINDS)
    assert {name for name, facts in kinds.items() if not (has_shelf(facts) or has_room(facts))} == set()


def test_some_later_studio_pictures_are_partly_hidden():
    studio = [(facts, photo) for facts, photo in later_pictures() if photo.truth.setting == "studio"]
    hidden = 0
    for facts, photo in studio:
        mask = np.asarray(Image.open(io.BytesIO(photo.truth.object_mask)))
        inside = not (mask[0].any() or mask[-1].any() or mask[:, 0].any() or mask[:, -1].any())
        own = [thing.visible_share for thing in photo.truth.objects if thing.article == facts.number]
        hidden += inside and not facts.kind.is_pair and max(own) < 0.99
    assert 0.05 * len(studio) < hidden < 0.4 * len(studio)


def test_company_is_of_the_kinds_asked_for_and_never_the_article_itself():
    facts = article(900, seed=SEED)
    others = company(facts, kinds={"mug", "pot"}, count=6, draws=Draws(1))
    assert len(others) == 6 == len({other.number for other in others})
    assert {other.kind.name for other in others} == {"mug", "pot"}
    assert company(facts, kinds={facts.kind.name}, count=3, draws=Draws(2)) != [facts]
    assert company(facts, kinds=set(), count=3, draws=Draws(3)) == []


def test_every_kind_can_be_drawn_with_each_value_of_each_feature():
    for kind in KINDS.values():
        facts = next(each for each in (article(n, seed=SEED) for n in range(3000)) if each.kind is kind)
        assert len(figure(facts).marks) >= 2


@pytest.mark.parametrize("numbers", [(700, 705, 710, 715)])
def test_another_process_makes_the_same_bytes(numbers: tuple[int, ...]):
    def digest() -> str:
        made = hashlib.sha256()
        for number in numbers:
            photo = photograph(article(number, seed=SEED), view=1)
            made.update(photo.jpeg + photo.truth.object_mask + photo.truth.part_mask)
        return made.hexdigest()

    source = (
        "import hashlib\n"
        "from vitrina.catalogue.sample.article import article\n"
        "from vitrina.catalogue.sample.studio import photograph\n"
        "made = hashlib.sha256()\n"
        f"for number in {numbers}:\n"
        f"    photo = photograph(article(number, seed={SEED}), view=1)\n"
        "    made.update(photo.jpeg + photo.truth.object_mask + photo.truth.part_mask)\n"
        "print(made.hexdigest())\n"
    )
    other = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True)
    assert other.stdout.strip() == digest()
