"""Belonging: what fits neither its product nor its category stands out."""

import numpy as np
import pytest

from vitrina.tasks.belonging import Doubts, Parts, doubts

CLASSES, EACH, WIDTH = 6, 25, 16


def catalogue(*, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Vectors of pictures and of texts of one product a row, around their class's and their own; and the classes."""
    draws = np.random.default_rng(seed)
    category = np.repeat(np.arange(CLASSES), EACH)
    things = draws.normal(size=(CLASSES, WIDTH))[category] + 0.6 * draws.normal(size=(len(category), WIDTH))
    pictures, texts = (things + 0.3 * draws.normal(size=things.shape) + gap for gap in (2.0, -2.0))
    return _unit(pictures), _unit(texts), category


def _unit(vectors: np.ndarray) -> np.ndarray:
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def asked(pictures: np.ndarray, texts: np.ndarray, category: np.ndarray, **others: np.ndarray) -> Doubts:
    rows = np.arange(len(category))
    return doubts(
        Parts(pictures, rows), texts=Parts(texts, rows), category=category, group=others.get("group", rows), seed=0
    )


def test_a_picture_of_another_product_is_the_most_doubtful_part():
    pictures, texts, category = catalogue()
    pictures[3], pictures[140] = pictures[140].copy(), pictures[3].copy()
    found = asked(pictures, texts, category)
    assert set(np.argsort(-found.pictures)[:2].tolist()) == {3, 140}
    assert found.pictures[3] > max(found.texts[3], found.categories[3])


def test_a_text_of_another_product_is_the_most_doubtful_part():
    pictures, texts, category = catalogue(seed=1)
    texts[[10, 90]] = texts[[90, 10]]
    found = asked(pictures, texts, category)
    assert set(np.argsort(-found.texts)[:2].tolist()) == {10, 90}
    assert found.texts[10] > max(found.pictures[10], found.categories[10])


def test_a_wrong_category_is_the_most_doubtful_part():
    pictures, texts, category = catalogue(seed=2)
    category[[20, 60]] = 5
    found = asked(pictures, texts, category)
    assert set(np.argsort(-found.categories)[:2].tolist()) == {20, 60}
    assert found.categories[20] > max(found.pictures[20], found.texts[20])


def test_without_categories_pictures_and_texts_still_tell():
    pictures, texts, category = catalogue()
    pictures[[3, 140]] = pictures[[140, 3]]
    found = asked(pictures, texts, np.full_like(category, -1))
    assert set(np.argsort(-found.pictures)[:2].tolist()) == {3, 140}
    assert np.isnan(found.categories).all()


def test_a_picture_alone_is_judged_by_its_category():
    pictures, _, category = catalogue()
    category[7] = 4
    none = Parts(np.zeros((0, 1), np.float32), np.zeros(0, np.int64))
    rows = np.arange(len(category))
    found = doubts(Parts(pictures, rows), texts=none, category=category, group=rows, seed=0)
    assert np.argmax(found.categories) == 7
    assert found.texts.shape == (0,)


def test_variants_of_one_product_do_not_vouch_for_each_other():
    pictures, texts, category = catalogue()
    # Twenty copies of one article on the wrong shelf: as strangers they outvote all, as variants they do not.
    pictures[:20] = pictures[60]
    category[:20] = 0
    group = np.arange(len(category))
    alone = asked(pictures, texts, category)
    group[:20] = 0
    together = asked(pictures, texts, category, group=group)
    assert together.categories[:20].min() > alone.categories[:20].max()


def test_a_few_wrong_rows_hardly_move_the_others():
    pictures, texts, category = catalogue()
    before = asked(pictures, texts, category).pictures
    pictures[[3, 140]] = pictures[[140, 3]]
    after = asked(pictures, texts, category).pictures
    others = np.setdiff1d(np.arange(len(category)), [3, 140])
    assert np.corrcoef(before[others], after[others])[0, 1] > 0.95


@pytest.mark.parametrize("count", [0, 1, 2])
def test_hardly_any_product_gives_no_figure_and_no_error(count):
    pictures, texts, category = catalogue()
    found = asked(pictures[:count], texts[:count], category[:count])
    assert np.isnan(found.pictures).all() and np.isnan(found.categories).all()
    assert len(found.pictures) == count
