"""Damage on purpose: who is damaged, what is spoilt where, and that the truth knows what was there before."""

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
import simplejpeg

from vitrina.catalogue.sample import damage, draft
from vitrina.catalogue.sample import make as sample_make
from vitrina.catalogue.sample.article import Article, article
from vitrina.catalogue.sample.draft import Draft
from vitrina.catalogue.sample.draws import Draws
from vitrina.catalogue.sample.make import drafted, make
from vitrina.catalogue.sample.settings import PLAIN, Settings
from vitrina.catalogue.sample.spoil_texts import (
    cut_short,
    html_left,
    mojibake,
    one_slip,
    shouted,
    typing_error,
    without_accents,
)
from vitrina.catalogue.sample.texts import SLIP_SHARE
from vitrina.catalogue.sample.truth import Damage, Photo, PictureTruth

MANY = 900
SHARE = 0.4
CLEAN, SPOILT = Settings(5), Settings(5, damage=SHARE)


def fake_photo(facts: Article, view: int) -> Photo:
    """A little picture of its own for every view of every article."""
    pixels = np.random.default_rng([facts.number, view]).integers(0, 255, (48, 48, 3), np.uint8)
    return Photo(simplejpeg.encode_jpeg(pixels), PictureTruth("studio", (), (), b"", b""))


@pytest.fixture(scope="module")
def cameras() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(draft, "camera", lambda: fake_photo)
        patch.setattr(damage, "camera", lambda: fake_photo)
        yield


@pytest.fixture(scope="module")
def pairs(cameras: None) -> list[tuple[Draft, Draft]]:
    """Products without damage, and as they are in a damaged sample."""
    return [(drafted(number, settings=CLEAN), drafted(number, settings=SPOILT)) for number in range(MANY)]


def damaged_only(pairs: list[tuple[Draft, Draft]]) -> list[tuple[Draft, Draft]]:
    return [(clean, spoilt) for clean, spoilt in pairs if spoilt.truth.damages]


def test_the_undamaged_part_is_what_it_is_without_damage(pairs: list[tuple[Draft, Draft]]):
    whole = [(clean, spoilt) for clean, spoilt in pairs if not spoilt.truth.damages]
    assert all(clean == spoilt for clean, spoilt in whole)
    share = 1 - len(whole) / MANY
    assert abs(share - SHARE) < 4 * math.sqrt(SHARE * (1 - SHARE) / MANY)
    assert all(clean.product != spoilt.product for clean, spoilt in damaged_only(pairs))


def test_a_sample_without_damage_has_none(pairs: list[tuple[Draft, Draft]]):
    assert not [clean for clean, _ in pairs if clean.truth.damages]


def test_a_larger_share_damages_the_same_products_in_the_same_way_and_more(cameras: None):
    less = [drafted(number, settings=Settings(5, damage=0.1)) for number in range(200)]
    more = [drafted(number, settings=SPOILT) for number in range(200)]
    touched = [number for number, each in enumerate(less) if each.truth.damages]
    assert touched
    same = [less[number].truth.damages == more[number].truth.damages for number in touched]
    # A duplicate looks for an original that is none itself, so with more damage it may repeat another product.
    assert sum(same) >= 0.9 * len(same)


def test_a_damaged_product_has_one_to_three_damages_each_in_its_own_place(pairs: list[tuple[Draft, Draft]]):
    counts = Counter()
    for _, spoilt in damaged_only(pairs):
        places = [each.where for each in spoilt.truth.damages]
        assert len(set(places)) == len(places)
        counts[len(places)] += 1
    assert set(counts) == {1, 2, 3}
    assert counts[1] > counts[2] > counts[3]


def test_every_kind_of_damage_happens(pairs: list[tuple[Draft, Draft]]):
    seen = Counter(each.what for _, spoilt in pairs for each in spoilt.truth.damages)
    named = set(damage.WEIGHTS) - {"spoilt picture"}
    assert named <= set(seen)
    assert sum(count for what, count in seen.items() if what not in named) > 20, "no picture was spoilt"


def test_the_truth_holds_what_stood_there_before(pairs: list[tuple[Draft, Draft]]):
    seen = Counter()
    for clean, spoilt in damaged_only(pairs):
        if spoilt.truth.article != spoilt.truth.number:
            continue
        row = spoilt.product
        for each in spoilt.truth.damages:
            check_before(each, clean=clean, spoilt=spoilt)
            seen[each.where.split()[0]] += 1
        # All that no damage names is as it was.
        names = {each.where.split()[0] for each in spoilt.truth.damages}
        for name in {"brand", "domain", "group", "split", "category", "price", "attributes"} - names:
            assert getattr(row, name) == getattr(clean.product, name)
    assert set(seen) == {"title", "description", "picture", "price", "category", "attributes"}


def check_before(each: Damage, *, clean: Draft, spoilt: Draft) -> None:
    place, _, at = each.where.partition(" ")
    before, after = clean.product, spoilt.product
    match place:
        case "title" | "description":
            old = (before.titles if place == "title" else before.descriptions)[int(at)]
            new = (after.titles if place == "title" else after.descriptions)[int(at)]
            truth = (clean.truth.titles if place == "title" else clean.truth.descriptions)[int(at)]
            assert old != new
            assert each.before == (old.language if each.what == "wrong language" else truth.text)
        case "picture":
            assert each.clean_picture == before.pictures[int(at)] != after.pictures[int(at)]
        case "price":
            assert each.before is not None and Decimal(each.before) == before.price
            assert after.price is not None and before.price is not None
            ratio = float(after.price / before.price)
            assert ratio == pytest.approx(100) or ratio == pytest.approx(0.01, rel=0.3)
        case "category":
            assert each.before == " > ".join(before.category) and after.category != before.category
        case "attributes":
            assert {**after.attributes, at: each.before} == before.attributes
            assert at not in after.attributes
        case _:
            raise AssertionError(each.where)


def test_a_wrong_colour_is_named_in_a_title_that_is_the_same_otherwise(pairs: list[tuple[Draft, Draft]]):
    found = 0
    for _, spoilt in damaged_only(pairs):
        for each in spoilt.truth.damages:
            if each.what == "wrong colour" and each.before:
                after = spoilt.product.titles[int(each.where.split()[1])].text
                shared = set(each.before.lower().split()) & set(after.lower().split())
                assert len(shared) >= len(each.before.split()) / 3 and after != each.before
                found += 1
    assert found > 5


def test_a_duplicate_is_another_product_under_an_id_of_its_own(pairs: list[tuple[Draft, Draft]]):
    copies = [spoilt for _, spoilt in pairs if spoilt.truth.article != spoilt.truth.number]
    assert len(copies) > 5
    for copy in copies:
        original = pairs[copy.truth.article][0]
        (said,) = [each for each in copy.truth.damages if each.what == damage.DUPLICATE]
        assert said.before == original.product.id and copy.product.id != original.product.id
        assert copy.truth.attributes == original.truth.attributes
        assert copy.truth.split == copy.product.split == original.product.split
        assert copy.product.group == original.product.group
        assert [photo.jpeg for photo in copy.photos] == [photo.jpeg for photo in original.photos]
        assert copy.truth.article < copy.truth.number
        assert original.truth.article == pairs[copy.truth.article][1].truth.article, "a copy of a copy"


def test_the_edits_of_a_product_show_the_article_that_it_shows(cameras: None, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sample_make, "EDIT_SHARE", 1.0)
    settings = Settings(5, damage=1.0)
    drafts = [drafted(number, settings=settings) for number in range(60)]
    copies = [each.truth.number for each in drafts if each.truth.article != each.truth.number]
    others = [each.truth.number for each in drafts if each.truth.article == each.truth.number]
    assert copies and all(not make(number, settings=settings).edits for number in copies[:5])
    assert any(make(number, settings=settings).edits for number in others[:5])


def test_damage_brings_nothing_held_out_into_train(cameras: None):
    shown_in = {fake_photo(each, 0).jpeg: each.split for each in (article(number, seed=11) for number in range(900))}
    splits = Counter()
    for number in range(600):
        made = drafted(number, settings=Settings(11, damage=1.0))
        for each in made.truth.damages:
            if each.what == "picture of another product":
                picture = made.product.pictures[int(each.where.split()[1])]
                splits[made.truth.split, shown_in[picture]] += 1
    assert splits["train", "train"] > 20
    assert {one for one, other in splits if one != other} == set()


def test_a_few_undamaged_texts_have_a_typing_error_and_the_truth_knows_the_right_text(pairs: list[tuple[Draft, Draft]]):
    texts = slips = 0
    for clean, _ in pairs:
        rows = {f"title {at}": text.text for at, text in enumerate(clean.product.titles)}
        rows |= {f"description {at}": text.text for at, text in enumerate(clean.product.descriptions)}
        right = {f"title {at}": text.text for at, text in enumerate(clean.truth.titles)}
        right |= {f"description {at}": text.text for at, text in enumerate(clean.truth.descriptions)}
        wrong = {where for where in rows if rows[where] != right[where]}
        assert wrong == {slip.where for slip in clean.truth.slips}
        assert all(slip.before == right[slip.where] for slip in clean.truth.slips)
        texts += len(rows)
        slips += len(wrong)
    assert abs(slips / texts - SLIP_SHARE) < 4 * math.sqrt(SLIP_SHARE / texts)


@pytest.mark.parametrize("language", ["en", "es"])
def test_a_slip_changes_one_word_and_no_number(language: str):
    text = "Zapatillas rojas de algodón 38.5 con cordón" if language == "es" else "Bright red cotton sneakers EU 38.5"
    seen = set()
    for seed in range(200):
        slip = one_slip(text, language=language, draws=Draws(seed))
        assert slip is not None and slip != text and "38.5" in slip
        changed = [a for a, b in zip(text.split(), slip.split(), strict=True) if a != b]
        assert len(changed) == 1
        seen.add(slip)
    assert len(seen) > 60


def test_texts_are_spoilt_in_the_ways_that_shops_know():
    assert without_accents("Camisón de algodón, niño") == "Camison de algodon, nino"
    assert without_accents("red mug") is None
    assert mojibake("algodón") == "algodÃ³n" and mojibake("cotton") is None
    assert cut_short("too short", draws=Draws(1)) is None
    long = "A pair of wide trousers in washed denim."
    for seed in range(30):
        cut = cut_short(long, draws=Draws(seed))
        assert cut is not None and long.startswith(cut.rstrip(".…")) and len(cut) < len(long)
        marked = html_left(long, draws=Draws(seed))
        assert marked is not None and "<" in marked and "washed denim" in marked
        loud = shouted(long, draws=Draws(seed))
        assert loud is not None and long.upper() in loud
    assert typing_error("M 38", language="en", draws=Draws(1)) is None


def test_a_shop_without_texts_is_damaged_elsewhere(cameras: None):
    silent = Settings(5, damage=1.0, habits=replace(PLAIN, textless=1.0, pictureless=0.0, no_price=1.0))
    for number in range(40):
        made = drafted(number, settings=silent)
        assert not made.product.texts and made.product.price is None
        assert made.truth.damages
        assert {each.where.split()[0] for each in made.truth.damages} <= {"picture", "category", "attributes", "id"}
