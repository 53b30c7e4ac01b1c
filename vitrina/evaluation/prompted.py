"""Prompted classification of whatever a catalogue states, in figures: levels of the category path and attributes."""

from collections.abc import Sequence

import numpy as np

from vitrina.catalogue.product import Product
from vitrina.evaluation import metrics
from vitrina.evaluation.evaluation import Group, Metric, Section
from vitrina.evaluation.groups import grouping
from vitrina.evaluation.measure import OWN, Classification, estimated
from vitrina.tasks import classify
from vitrina.tasks.abilities import EmbedsBoth
from vitrina.tasks.fields import MOST_VALUES, Field, attributes_of, stated
from vitrina.tasks.labels import STYLES, Labels

LEAST_ASKED = 50
"""Held-out products with a picture that an attribute needs to be asked about."""

MOST_ATTRIBUTES = 12

WORDS = {"plain": "plain name", "templates": "templates"}
"""How the figures of each style of prompts are called."""


def levels(products: Sequence[Product]) -> list[Field]:
    """The levels of the category path that can be asked about: two names or more, and not hundreds."""
    pictured = [product for product in products if product.pictures]
    depth = max((len(product.category) for product in pictured), default=0)
    found = [Field(level=level) for level in range(depth)]
    return [each for each in found if 2 <= len({*stated(pictured, field=each)} - {None}) <= MOST_VALUES]


def attributes(products: Sequence[Product]) -> list[Field]:
    """The attributes that can be asked about: 2 to 200 values among LEAST_ASKED products with a picture, and two
    products to a value; the most widely known first."""
    return attributes_of([product for product in products if product.pictures], least=LEAST_ASKED)


def classification(
    model: EmbedsBoth, *, products: Sequence[Product], domains: Sequence[str], field: Field, seed: int
) -> tuple[Section, Classification]:
    """Accuracy and macro-F1 of prompted classification over the values present, without and with templates.

    Per domain too: with templates, among all values and among those of the domain's own products. Nobody asks in a
    language: the templates are those of all.
    """
    posed = [(classify.pose(product, field=field), domain) for product, domain in zip(products, domains, strict=True)]
    asked = [each for each, _ in posed if each is not None]
    by_domain = grouping([domain for each, domain in posed if each is not None], by="domain")
    labels = Labels.of_field([product for product in products if product.pictures], field=field)
    number = {name: place for place, name in enumerate(labels.names)}
    truth = np.array([number[each.label] for each in asked])
    vectors = model.embed_images([each.picture for each in asked])
    languages = classify.prompt_languages(products)
    found: list[Metric] = []
    scores, answers = np.zeros((len(truth), len(labels))), np.zeros(len(truth), dtype=np.int64)
    for style in STYLES:
        scores = classify.prompted(model, prompts=labels.prompts(style, languages=languages)).logits(vectors)
        answers = scores.argmax(1).astype(np.int64)
        found += answered(truth, answers, classes=len(labels), suffix=WORDS[style], seed=seed)
    groups = []
    for domain, chosen in [] if by_domain is None else by_domain.groups():
        figures = answered(truth[chosen], answers[chosen], classes=len(labels), suffix="templates", seed=seed)
        own = np.unique(truth[chosen])
        if 1 < len(own) < len(labels):
            among = own[scores[np.ix_(chosen, own)].argmax(1)]
            figures += answered(truth[chosen], among, classes=len(labels), suffix=f"templates{OWN}", seed=seed)
        groups.append(Group("domain", domain, len(chosen), tuple(figures)))
    is_wide = any(label.narrower for label in labels.labels)
    section = Section(
        key=key_of(field),
        title=f"{title_of(field)} ({len(labels)} names)",
        note="No classifier is trained: a picture gets the name whose prompt lies nearest, by the plain name or by "
        f"the mean of templates ({', '.join(languages)})"
        + (", by the best of the narrower names that the catalogue files below it. " if is_wide else ". ")
        + f"Base rate: always the commonest name; one of the names at random is right in {100 / len(labels):.1f} %"
        + (f"; “{OWN.strip()}”, among the categories of that domain alone." if groups else "."),
        questions=len(truth),
        metrics=tuple(found),
        groups=tuple(groups),
        main=("accuracy, templates", f"accuracy, templates{OWN}") if groups else (),
    )
    confusion = metrics.confusion(truth, predicted=answers, classes=len(labels))
    return section, Classification(field.level or 0, labels.names, confusion)


def key_of(field: Field) -> str:
    """How a section about a field is called in files: `category_level_2`, `attribute_colour`, `category_path`."""
    if field.attribute is not None:
        return f"attribute_{field.attribute}"
    return "category_path" if field.level is None else f"category_level_{field.level + 1}"


def title_of(field: Field) -> str:
    """How a section about a field is called for readers."""
    if field.attribute is not None:
        return f"Attribute “{field.attribute}” of a picture"
    return "Category path of a picture" if field.level is None else f"Category of a picture, level {field.level + 1}"


def answered(truth: np.ndarray, answers: np.ndarray, *, classes: int, suffix: str, seed: int) -> list[Metric]:
    """Accuracy and macro-F1 of answers (n,), beside always answering the commonest class of this truth (n,)."""
    accuracy, f1 = metrics.majority(truth, classes=classes)
    statistics = {
        "accuracy": (metrics.accuracy(truth, predicted=answers), accuracy),
        "macro-F1": (metrics.macro_f1(truth, predicted=answers, classes=classes), f1),
    }
    return [
        estimated(f"{name}, {suffix}", statistic, questions=len(truth), seed=seed, base=base)
        for name, (statistic, base) in statistics.items()
    ]
