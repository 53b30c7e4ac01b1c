"""Tasks over held-out products, turned into sections of figures with intervals and base rates."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from vitrina.catalogue.product import Product
from vitrina.evaluation import metrics
from vitrina.evaluation.evaluation import Group, Metric, Section, Unit
from vitrina.evaluation.groups import Grouping, grouping, language_of
from vitrina.tasks import match, search
from vitrina.tasks.abilities import EmbedsBoth, MatchesPairs
from vitrina.tasks.ranking import Ranks, together
from vitrina.tasks.sameness import plain

SHUFFLES = 10

OWN = " in the domain"
"""Added to the name of a figure: the queries of a domain among the rows of that domain alone."""

_DIRECTIONS: dict[search.Query, tuple[str, str]] = {
    "text": ("text_to_picture", "Text → picture"),
    "picture": ("picture_to_text", "Picture → text"),
}

_UNITS: dict[str, Unit] = {"median rank": "rank", "MRR": "number", "AUC": "number"}


class UnaskableError(ValueError):
    """The products give a task no question; the message says what is missing."""


@dataclass(frozen=True)
class Retrieval:
    """Both directions of a search among the same pairs; `numbers` (q,) say which held-out product each pair is.

    `groupings` tell pairs apart by domain and by the language of their text, where there are several.
    """

    pairs: list[search.Pair]
    numbers: np.ndarray
    by_text: search.Found
    by_picture: search.Found
    groupings: list[Grouping]


@dataclass(frozen=True)
class Classification:
    """Answers by the templated prompts at one level of the category path; `confusion` has truth in its rows."""

    level: int
    names: list[str]
    confusion: np.ndarray


def retrieve(model: EmbedsBoth, *, products: Sequence[Product], domains: Sequence[str]) -> Retrieval:
    """Pose every product that is a pair, and answer in both directions. Raises UnaskableError for fewer than two."""
    posed = [(number, pair) for number, product in enumerate(products) if (pair := search.pose(product))]
    if len(posed) < 2:
        raise UnaskableError(f"{len(posed)} of {len(products)} products have both a picture and a text")
    pairs = [pair for _, pair in posed]
    found = (
        grouping([domains[number] for number, _ in posed], by="domain"),
        grouping([language_of(products[number].texts[0]) for number, _ in posed], by="language"),
    )
    return Retrieval(
        pairs,
        np.array([number for number, _ in posed]),
        by_text=search.answer(model, pairs=pairs, query="text"),
        by_picture=search.answer(model, pairs=pairs, query="picture"),
        groupings=[each for each in found if each is not None],
    )


def retrieval_sections(model: EmbedsBoth, *, found: Retrieval, seed: int) -> list[Section]:
    """Recall, median rank and MRR in both directions, strict and with duplicates; per domain and language too.

    A group's queries are asked among all rows, and those of a domain also among its own rows, as its shop alone would.
    A language has no pictures of its own: its queries are asked among all rows only.
    """
    items = f"{len(found.pairs):,} products, first text and first picture of each"
    sections = []
    for query, (key, title) in _DIRECTIONS.items():
        answers = found.by_text if query == "text" else found.by_picture
        own = _among_their_own(model, found=found, query=query)
        sections.append(
            _ranked(
                answers.strict,
                key=f"{key}_strict",
                title=f"{title}, strict",
                note=f"Among {items}; only the product's own row is right. Base rate: a random order.",
                seed=seed,
                groups=_ranked_groups(
                    answers.strict,
                    groupings=found.groupings,
                    own={name: each.strict for name, each in own.items()},
                    seed=seed,
                ),
            )
        )
        twins = float((answers.aware.hits > 1).mean())
        note = (
            f"Every row of the same product or with the same text is right ({100 * twins:.1f} % of the queries have "
            "more than one right row). Base rate: a random order."
        )
        groups = _ranked_groups(
            answers.aware,
            groupings=found.groupings,
            own={name: each.aware for name, each in own.items()},
            seed=seed,
        )
        title = f"{title}, duplicates count as right"
        key = f"{key}_duplicates"
        sections.append(_ranked(answers.aware, key=key, title=title, note=note, seed=seed, groups=groups))
    return sections


def twinless_sections(found: Retrieval, *, products: Sequence[Product], seen: set[str], seed: int) -> list[Section]:
    """The strict figures of queries whose titles nobody saw in training, among all items.

    Raises UnaskableError where no query is left.
    """
    new = np.array([not _titles(products[number]) & seen for number in found.numbers])
    if not new.any():
        raise UnaskableError("every held-out title occurs in the training products too")
    note = (
        f"The {int(new.sum()):,} of {len(new):,} queries whose product has no title in common with a training "
        "product, among all rows: what cannot come from having seen the title."
    )
    return [
        _ranked(
            (found.by_text if query == "text" else found.by_picture).strict.only(new),
            key=f"{key}_unseen_titles",
            title=f"{title}, strict, titles without a twin in train",
            note=note,
            seed=seed,
        )
        for query, (key, title) in _DIRECTIONS.items()
    ]


def control_section(model: EmbedsBoth, *, found: Retrieval, seed: int) -> Section:
    """Search among shuffled pairs: figures above chance would mean that the measure leaks the answer."""
    ranks = [
        search.answer(model, pairs=search.shuffled(found.pairs, seed=seed + number), query="text").strict
        for number in range(SHUFFLES)
    ]
    return _ranked(
        together(ranks),
        key="control_shuffled_pairs",
        title="Control: text → picture among shuffled pairs",
        note=f"In each of {SHUFFLES} shuffles every text is given a random product's picture as the right one: the "
        "figures must fall to chance.",
        seed=seed,
    )


def matching_section(
    model: MatchesPairs, *, products: Sequence[Product], other: Literal["any", "category"], seed: int
) -> Section:
    """Image-text matching on own and other texts, half and half. Raises UnaskableError where nothing can be asked."""
    questions = match.pose(products, other=other, seed=seed)
    if len(questions) < 2:
        raise UnaskableError("no product has a picture, a text, and another product with another text")
    believed = match.answer(model, questions=questions)
    own, other_belief = believed.own.astype(np.float64), believed.other.astype(np.float64)
    statistics = {
        "accuracy at .5": metrics.match_accuracy(own, other=other_belief),
        "own text preferred": metrics.prefers_own(own, other=other_belief),
        "AUC": metrics.auc(own, other=other_belief),
    }
    where = "any product" if other == "any" else "the narrowest category that has another text"
    return Section(
        key=f"matching_{other}",
        title="Does the text describe the picture? " + ("(easy)" if other == "any" else "(same category)"),
        note=f"Each product's own text, and one of {where}, never a duplicate of its own. A model trained with few "
        "wrong texts may order pairs well and still say yes too often at .5.",
        questions=len(questions),
        metrics=tuple(
            estimated(name, statistic, questions=len(questions), seed=seed, base=0.5)
            for name, statistic in statistics.items()
        ),
    )


def _titles(product: Product) -> set[str]:
    return {plain(text.text) for text in (product.titles or product.texts)}


def _among_their_own(model: EmbedsBoth, *, found: Retrieval, query: search.Query) -> dict[str, search.Found]:
    """By domain: its queries among its own rows alone."""
    return {
        name: search.answer(model, pairs=[found.pairs[number] for number in chosen.tolist()], query=query)
        for grouped in found.groupings
        if grouped.by == "domain"
        for name, chosen in grouped.groups()
    }


def _ranked_groups(ranks: Ranks, *, groupings: Sequence[Grouping], own: Mapping[str, Ranks], seed: int) -> list[Group]:
    """A group's queries among all rows, and a domain's among its own."""
    groups = []
    for grouped in groupings:
        for name, chosen in grouped.groups():
            figures = _rank_metrics(ranks.only(chosen), seed=seed)
            if grouped.by == "domain":
                figures += [replace(each, name=each.name + OWN) for each in _rank_metrics(own[name], seed=seed)]
            groups.append(Group(grouped.by, name, len(chosen), tuple(figures)))
    return groups


def _ranked(ranks: Ranks, *, key: str, title: str, note: str, seed: int, groups: Sequence[Group] = ()) -> Section:
    own = f" A domain's and a language's queries search all rows; “{OWN.strip()}”, the rows of that domain alone."
    return Section(
        key=key,
        title=title,
        note=note + (own if groups else ""),
        questions=len(ranks),
        metrics=tuple(_rank_metrics(ranks, seed=seed)),
        groups=tuple(groups),
        main=("R@10", f"R@10{OWN}") if groups else (),
    )


def _rank_metrics(ranks: Ranks, *, seed: int) -> list[Metric]:
    chance = metrics.retrieval_by_chance(ranks)
    return [
        estimated(name, statistic, questions=len(ranks), seed=seed, base=chance[name])
        for name, statistic in metrics.retrieval(ranks).items()
    ]


def estimated(name: str, statistic: metrics.Statistic, *, questions: int, seed: int, base: float) -> Metric:
    """A figure with its bootstrap interval and its base rate, in the unit of its name."""
    found = metrics.estimate(statistic, questions=questions, seed=seed)
    return Metric(name, found.value, _UNITS.get(name, "share"), low=found.low, high=found.high, base=base)
