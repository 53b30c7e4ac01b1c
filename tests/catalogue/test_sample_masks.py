"""The masks of the generated pictures: they cover what was drawn and nothing else, and all that is counted agrees."""

import io

import numpy as np
import pytest
import skia
from PIL import Image

from vitrina.catalogue.sample.article import Article, article
from vitrina.catalogue.sample.colours import Colour
from vitrina.catalogue.sample.company import standing
from vitrina.catalogue.sample.figure import Finish, box
from vitrina.catalogue.sample.goods import figure
from vitrina.catalogue.sample.kinds import KINDS
from vitrina.catalogue.sample.masks import REPEATS
from vitrina.catalogue.sample.paint import Light
from vitrina.catalogue.sample.stage import PICTURE_PX, Stage
from vitrina.catalogue.sample.studio import photograph
from vitrina.catalogue.sample.truth import Photo, PictureTruth


def first(kind: str) -> Article:
    """The first article of a kind."""
    return next(facts for facts in (article(number, seed=23) for number in range(2000)) if facts.kind.name == kind)


def read(mask: bytes) -> np.ndarray:
    picture = Image.open(io.BytesIO(mask))
    assert picture.mode == "L"
    return np.asarray(picture)


def pixels(photo: Photo) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(photo.jpeg))).astype(int)


def tight(region: np.ndarray) -> tuple[int, int, int, int]:
    rows, columns = np.nonzero(region)
    return columns.min(), rows.min(), columns.max() + 1, rows.max() + 1


def grown(region: np.ndarray, *, by: int) -> np.ndarray:
    """The region and what lies within `by` pixels of it."""
    wide = np.pad(region, by)
    high, across = region.shape
    steps = range(2 * by + 1)
    return np.any([wide[y : y + high, x : x + across] for y in steps for x in steps], axis=0)


def staged(*facts: Article, cover: skia.Path | None = None, mirrored: bool = False, x: float = 0.0) -> Photo:
    """Articles on a ground of a colour that no article has, without shadows, the later before the earlier."""
    stage = Stage(Light(-0.5, -0.7, 0.8))
    stage.decorate(box(-2, -2, 2, 2, 0.0), Finish(Colour(255, 0, 255), "silicone"))
    for at, each in enumerate(facts):
        sheet = figure(each)
        high = min(1.3, 1.3 * sheet.body.height() / sheet.body.width())
        matrix = standing(sheet, x=x + at * 0.3, floor=0.7, high=high, mirrored=mirrored)
        stage.put(sheet, matrix, shadow="none")
    if cover is not None:
        stage.cover(cover, finish=Finish(Colour(20, 20, 20), "rubber"), form="flat")
    return stage.photo(setting="studio")


@pytest.mark.parametrize("kind", sorted(KINDS))
@pytest.mark.parametrize("mirrored", [False, True])
def test_a_mask_covers_the_pixels_that_the_article_changes_and_no_others(kind: str, mirrored: bool):
    facts = first(kind)
    photo = staged(facts, mirrored=mirrored)
    changed = np.abs(pixels(photo) - pixels(staged())).max(-1) > 40
    mask = read(photo.truth.object_mask) > 0
    assert changed[mask].mean() > (0.9 if facts.material == "glass" else 0.97)
    # JPEG spreads hard edges over a pixel or two.
    stray = (changed & ~grown(mask, by=2)).sum()
    assert stray <= 0.002 * mask.sum(), f"{stray} pixels of the article lie outside its mask"
    assert photo.truth.objects[0].visible_share == 1.0


def everything(truth: PictureTruth) -> None:
    """All counts and boxes of a picture agree with its masks."""
    objects, parts = read(truth.object_mask), read(truth.part_mask)
    assert objects.shape == parts.shape == (PICTURE_PX, PICTURE_PX)
    assert set(np.unique(objects)) <= set(range(len(truth.objects) + 1))
    assert set(np.unique(parts)) <= set(range(len(truth.parts) + 1))
    for at, thing in enumerate(truth.objects):
        region = objects == at + 1
        assert thing.area_px == region.sum() > 0
        assert thing.box == tight(region)
        assert 0 < thing.visible_share <= 1
    for at, part in enumerate(truth.parts):
        region = parts == at + 1
        assert part.area_px == region.sum() > 0
        assert part.box == tight(region)
        assert (objects[region] == part.object + 1).all(), f"{part.name} lies outside its object"


def test_boxes_are_tight_and_areas_are_those_of_the_masks_in_every_setting():
    seen = set()
    for number in range(0, 300, 5):
        truth = photograph(article(number, seed=3), view=number // 5 % 3).truth
        everything(truth)
        seen.add(truth.setting)
    assert seen == {"studio", "shelf", "room"}


def test_what_is_in_front_takes_pixels_from_what_is_behind():
    behind, front = first("speaker"), first("ball")
    alone, both = staged(behind).truth, staged(behind, front).truth
    assert [thing.kind for thing in both.objects] == ["speaker", "ball"]
    assert both.objects[1].visible_share == 1.0
    assert both.objects[0].area_px < alone.objects[0].area_px
    share = both.objects[0].area_px / alone.objects[0].area_px
    assert both.objects[0].visible_share == pytest.approx(share)
    ball = staged(front, x=0.3).truth
    assert (read(both.object_mask)[read(ball.object_mask) > 0] == 2).all()


def test_the_frame_and_a_cover_take_their_shares():
    facts = first("cereal box")
    whole = staged(facts).truth.objects[0]
    cut = staged(facts, x=1.0).truth.objects[0]
    assert cut.visible_share == pytest.approx(cut.area_px / whole.area_px, abs=0.02) and cut.visible_share < 0.7
    half = box(-2.0, 0.0, 2.0, 2.0, 0.0)
    covered = staged(facts, cover=half)
    assert not (read(covered.truth.object_mask)[PICTURE_PX // 2 :]).any()
    assert covered.truth.objects[0].visible_share == pytest.approx(covered.truth.objects[0].area_px / whole.area_px)
    hidden = staged(facts, cover=box(-2, -2, 2, 2, 0.0)).truth
    assert hidden.objects == hidden.parts == () and not read(hidden.object_mask).any()


def test_printed_words_are_parts_with_their_text_and_none_where_they_cannot_be_read():
    facts = first("cereal box")
    prints = [part for part in staged(facts).truth.parts if part.name == "print"]
    assert {part.text for part in prints} >= {facts.brand, facts.features["contents"]}
    covered = staged(facts, cover=box(-2.0, -2.0, 2.0, -0.32, 0.0)).truth
    assert facts.brand not in {part.text for part in covered.parts}
    assert facts.features["contents"] in {part.text for part in covered.parts}
    stage, sheet = Stage(Light(-0.5, -0.7, 0.8)), figure(facts)
    stage.put(sheet, standing(sheet, x=0.0, floor=0.5, high=0.3), shadow="none")
    small = stage.photo(setting="studio").truth
    assert small.objects and not [part for part in small.parts if part.text]


def test_few_parts_of_one_name_are_told_apart_and_many_count_as_one():
    legs = [part for part in staged(first("trousers")).truth.parts if part.name == "leg"]
    assert len(legs) == 2 <= REPEATS
    assert legs[0].box != legs[1].box
    facts = next(
        each for each in (article(number, seed=23) for number in range(3000)) if "chain strap" in each.features.values()
    )
    chains = [part for part in staged(facts).truth.parts if part.name == "chain"]
    assert len(chains) == 1
