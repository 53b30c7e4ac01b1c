"""Faults in order of weight, each with its worst cases to look at."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from vitrina.catalogue.store import Catalogue
from vitrina.inspection.cases import Cases
from vitrina.inspection.counting import Worst
from vitrina.inspection.coverage import Categories
from vitrina.inspection.looks import PictureArrays, PictureSurvey
from vitrina.inspection.pictures import PICTURE_RULES
from vitrina.inspection.prices import FEWEST_IN_CATEGORY, OUTLIER_DEVIATIONS, PriceSurvey
from vitrina.inspection.repeats import Found, Group, largest_first
from vitrina.inspection.result import Example, PictureOf, Problem
from vitrina.inspection.text_rules import TEXT_RULES
from vitrina.inspection.texts import TextArrays, TextSurvey

GALLERY = 12
"""So many cases of each fault are kept to be shown."""

_SHOWN_TOGETHER = 6
_PLACEHOLDER_PRODUCTS, _PLACEHOLDER_TITLES, _PLACEHOLDER_CATEGORIES = 5, 5, 3
_PLACEHOLDER_TITLES_ALONE = 10


@dataclass(frozen=True)
class Seen:
    """All that the surveys gathered. `splits` (n,) index `split_names`; `picture_counts` (n,) are the pictures of each
    product."""

    catalogue: Catalogue
    categories: Categories
    texts: TextSurvey
    prices: PriceSurvey
    pictures: PictureSurvey
    text_arrays: TextArrays
    picture_arrays: PictureArrays
    repeats: Sequence[Found]
    splits: np.ndarray
    split_names: list[str]
    picture_counts: np.ndarray
    cases: Cases


def problems(seen: Seen) -> tuple[Problem, ...]:
    """Every fault that there is at least one case of; the cases of groups are added to the others."""
    found = [
        *(_leak(seen, each) for each in seen.repeats),
        _single(
            seen,
            seen.texts.own_price,
            title="Descriptions that tell the product's price",
            of=seen.texts.stated_prices().described,
            unit="descriptions",
            about="The product's own price in digits, in any way of writing: beside a currency or a word for price, or "
            "alone if it has three digits or more. A price model must not read these.",
        ),
        _placeholder(seen),
        *_pictures(seen),
        *(_repeat(seen, each) for each in seen.repeats),
        *_texts(seen),
        *_prices(seen),
    ]
    return tuple(problem for problem in found if problem.count)


def _pictures(seen: Seen) -> Iterable[Problem]:
    for rule in PICTURE_RULES:
        worst = seen.pictures.worst[rule.flag]
        total = len(seen.picture_arrays.rows)
        yield _single(seen, worst, title=rule.title, of=total, unit="pictures", about=rule.measured)


def _texts(seen: Seen) -> Iterable[Problem]:
    total = len(seen.text_arrays.rows)
    for rule in TEXT_RULES:
        worst = seen.texts.worst[rule.flag]
        yield _single(seen, worst, title=rule.title, of=total, unit="texts", about=rule.about)
    yield _single(
        seen,
        seen.texts.wrong_language,
        title="Texts in another language than stated",
        of=total,
        unit="texts",
        about="Recognised by words, letters and endings, and only where the evidence is twice that for any other "
        "language. Of real titles of four shops under 1 in 100 is accused wrongly, of longer texts hardly any.",
    )


def _prices(seen: Seen) -> Iterable[Problem]:
    total = len(seen.catalogue)
    yield _single(
        seen,
        seen.prices.outliers,
        title="Prices that stand out",
        of=total,
        unit="products",
        about=f"Over {OUTLIER_DEVIATIONS:.0f} robust standard deviations (MAD of the logarithm) from the median of the "
        f"narrowest category with {FEWEST_IN_CATEGORY} prices or more. Some are mistakes, some are merely dear.",
    )
    yield _single(
        seen,
        seen.prices.placeholders,
        title="Prices that stand in for one",
        of=total,
        unit="products",
        about="99999, 11111, 12345 and the like. They are left out of the statistics.",
    )
    yield _single(seen, seen.prices.zeros, title="Prices of zero", of=total, unit="products", about="Exact.")


def _single(seen: Seen, worst: Worst, *, title: str, of: int, unit: str, about: str) -> Problem:
    """A fault of single products."""
    ranked = worst.worst()
    products = seen.catalogue.read([-each.place for each in ranked], pictures="none")
    examples = []
    for each, product in zip(ranked, products, strict=True):
        row = -each.place
        there = (PictureOf(row, each.number),) if each.number < seen.picture_counts[row] else ()
        text = each.text or (product.texts[0].text if product.texts else None)
        examples.append(Example((product.id,), each.reason, text, there))
    return Problem(worst.key, title, worst.count, of, unit, about, tuple(examples))


def _repeat(seen: Seen, found: Found) -> Problem:
    about = {
        "title_equal": "Equal but for case, width and spaces. As such no fault: variants share their titles.",
        "description_equal": "Equal but for case, width and spaces.",
        "description_near": "Four fifths or more of their pieces of six letters in common (Jaccard), found by MinHash.",
        "picture_equal": "The same file, byte for byte.",
        "picture_near": "The same when recompressed, scaled or slightly brightened: found by a perceptual hash, "
        "confirmed by comparing squares of 32 pixels.",
    }[found.key]
    return _grouped(seen, found.groups(), key=found.key, title=found.title, about=about)


def _leak(seen: Seen, found: Found) -> Problem:
    return _grouped(
        seen,
        [group for group in found.groups() if len(np.unique(seen.splits[group.rows])) > 1],
        key=f"leak_{found.key}",
        title=f"{found.title} in several splits",
        about="Products that are twins over the border of a split: what is held out is then known from training.",
    )


def _placeholder(seen: Seen) -> Problem:
    """The same picture on products that have nothing in common."""
    titles = np.zeros(len(seen.catalogue), np.int64)
    first = np.flatnonzero(seen.text_arrays.numbers == 0)
    titles[seen.text_arrays.rows[first]] = seen.text_arrays.keys[first]
    nodes = seen.categories.of
    groups = []
    for found in seen.repeats:
        if found.key != "picture_near":
            continue
        for group in found.groups():
            several = len(np.unique(titles[group.rows]))
            kinds = len(np.unique(nodes[group.rows]))
            is_one = kinds >= _PLACEHOLDER_CATEGORIES or (
                not nodes[group.rows].any() and several >= _PLACEHOLDER_TITLES_ALONE
            )
            if len(group) >= _PLACEHOLDER_PRODUCTS and several >= _PLACEHOLDER_TITLES and is_one:
                groups.append(group)
    return _grouped(
        seen,
        groups,
        key="picture_placeholder",
        title="Stand-in pictures: one picture for unlike products",
        about=f"The same picture on {_PLACEHOLDER_PRODUCTS} products or more with different titles in "
        f"{_PLACEHOLDER_CATEGORIES} categories or more (without categories: on {_PLACEHOLDER_TITLES_ALONE} titles). "
        "Variants of one product, which share a picture by right, lie in one category.",
    )


def _grouped(seen: Seen, groups: Iterable[Group], *, key: str, title: str, about: str) -> Problem:
    """A fault of products that are the same, the largest groups first."""
    ordered = largest_first(groups)
    for number, group in enumerate(ordered, start=1):
        detail = f"group {number}: {_splits(seen, group)}"
        for row in group.rows.tolist():
            seen.cases.add(key, row=row, detail=detail)
    rows = [group.rows for group in ordered]
    return Problem(
        key=key,
        title=title,
        count=len(np.unique(np.concatenate(rows))) if rows else 0,
        of=len(seen.catalogue),
        unit="products",
        about=about,
        examples=tuple(_together(seen, group) for group in ordered[:GALLERY]),
    )


def _splits(seen: Seen, group: Group) -> str:
    """How many products of a group there are, and in which splits if they lie in several."""
    counts = np.bincount(seen.splits[group.rows], minlength=len(seen.split_names)).tolist()
    there = [f"{count:,} in {name}" for name, count in zip(seen.split_names, counts, strict=True) if count]
    return ", ".join(there) if len(there) > 1 else f"{len(group):,} products"


def _together(seen: Seen, group: Group) -> Example:
    """Some products of a group; one of each split first, so that pairs over the border are seen."""
    _, firsts = np.unique(seen.splits[group.rows], return_index=True)
    places = list(dict.fromkeys([*firsts.tolist(), *range(min(len(group), _SHOWN_TOGETHER))]))[:_SHOWN_TOGETHER]
    shown = sorted(places)
    rows, pictures = group.rows[shown].tolist(), group.pictures[shown].tolist()
    products = seen.catalogue.read(rows, pictures="none")
    texts = list(dict.fromkeys(product.texts[0].text for product in products if product.texts))
    return Example(
        ids=tuple(product.id for product in products),
        reason=_splits(seen, group),
        text=" · ".join(texts)[:240] or None,
        pictures=tuple(
            PictureOf(row, number) for row, number in zip(rows, pictures, strict=True) if seen.picture_counts[row]
        ),
    )
