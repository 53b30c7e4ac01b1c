"""What a model may be asked about a product: its category and the attributes that few words answer."""

from collections import Counter
from dataclasses import dataclass

from vitrina.catalogue.product import Product
from vitrina.serving.shelf import CATEGORY, Shelf

_MOST_LABELS = 120
_FEWEST_LABELS = 2
_LEAST_SHARE = 0.02
_LEAST_REPEATS = 2  # an attribute whose values hardly repeat is a name, not a label
_MOST_MEASURES = 0.3  # sizes and weights cannot be seen in a picture
_MOST_QUESTIONS = 8
_COMMON_SHARE = 0.25


@dataclass(frozen=True)
class Question:
    """A question by its name, the labels that may answer it, and the categories in whose products it is usual."""

    name: str
    labels: tuple[str, ...]
    usual_in: frozenset[str]

    def known(self, product: Product) -> str | None:
        """What the catalogue answers, None where it does not."""
        if self.name == CATEGORY:
            return product.category[-1] if product.category else None
        return product.attributes.get(self.name)

    def concerns(self, product: Product) -> bool:
        """Whether one would ask it of this product."""
        return self.known(product) is not None or not product.category or product.category[-1] in self.usual_in


def questions(shelf: Shelf) -> list[Question]:
    """The questions that a catalogue itself answers for many of its products, the commonest first."""
    found = []
    names = shelf.category_names()
    if len(names) >= _FEWEST_LABELS:
        labels = tuple(name for name, _ in names.most_common(_MOST_LABELS))
        found.append(Question(CATEGORY, labels, frozenset(names)))
    usual = shelf.usual_attributes(least_share=_COMMON_SHARE)
    values = sorted(shelf.attribute_values().items(), key=lambda item: -item[1].total())
    for name, counts in values:
        if len(found) <= _MOST_QUESTIONS and _is_question(counts, products=len(shelf)):
            labels = tuple(label for label, _ in counts.most_common(_MOST_LABELS))
            found.append(Question(name, labels, frozenset(usual.get(name, ()))))
    return found


def _is_question(counts: Counter[str], *, products: int) -> bool:
    stated = counts.total()
    return (
        _FEWEST_LABELS <= len(counts) <= _MOST_LABELS
        and stated >= _LEAST_SHARE * products
        and stated >= _LEAST_REPEATS * len(counts)
        and sum(any(map(str.isdigit, label)) for label in counts) <= _MOST_MEASURES * len(counts)
    )
