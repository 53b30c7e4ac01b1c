"""Which products have what: modalities, splits, brands, attributes, the tree of categories, what is missing."""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from vitrina.catalogue.product import Product
from vitrina.inspection.counting import Column, FrequentCounter
from vitrina.inspection.result import Attribute, CategoryNode, Count, Coverage, Field

_MOST_ATTRIBUTES, _MOST_VALUES, _MOST_BRANDS = 400, 1000, 50_000
_FURTHER = "(further attributes)"  # their names are counted in place of values
_SHOWN_ATTRIBUTES, _SHOWN_VALUES, _SHOWN_COUNTS = 40, 5, 20
_SHOWN_CHILDREN, _SHOWN_DEPTH = 12, 4
_FIELDS = (
    "title", "description", "picture", "brand", "category", "price", "currency", "attributes", "domain", "group",
    "language",
)  # fmt: skip


class Categories:
    """Paths of categories as numbers: a tree whose node 0 is the root. `of` (n,) gives the node of each product."""

    def __init__(self) -> None:
        self.names = [""]
        self.parents = [-1]
        self.depths = [0]
        self._children: dict[tuple[int, str], int] = {}
        self._of = Column(np.int32)

    def add(self, products: Sequence[Product]) -> None:
        self._of.extend(self._node(product.category) for product in products)

    @property
    def of(self) -> np.ndarray:
        return self._of.array()

    def path(self, node: int) -> str:
        """The names from the widest to the node."""
        names = []
        while node > 0:
            names.append(self.names[node])
            node = self.parents[node]
        return " > ".join(reversed(names))

    def at_depth(self, depth: int) -> np.ndarray:
        """(nodes,) for each node its ancestor at that depth, or itself where it is not so deep."""
        parents = np.array(self.parents)
        depths = np.array(self.depths)
        nodes = np.arange(len(parents))
        while (deeper := depths[nodes] > depth).any():
            nodes[deeper] = parents[nodes[deeper]]
        return nodes

    def counts(self) -> np.ndarray:
        """(nodes,) products in or below each node."""
        counts = np.bincount(self.of, minlength=len(self.names))
        for node in np.argsort(-np.array(self.depths), kind="stable").tolist():
            if self.parents[node] >= 0:
                counts[self.parents[node]] += counts[node]
        return counts

    def tree(self) -> tuple[CategoryNode, ...]:
        """The largest nodes, a few levels deep."""
        counts = self.counts()
        below: dict[int, list[int]] = {}
        for node, parent in enumerate(self.parents):
            below.setdefault(parent, []).append(node)

        def shown(parent: int, depth: int) -> tuple[CategoryNode, ...]:
            largest = sorted(below.get(parent, ()), key=lambda node: (-counts[node], self.names[node]))
            if depth > _SHOWN_DEPTH:
                return ()
            return tuple(
                CategoryNode(
                    self.names[node],
                    int(counts[node]),
                    shown(node, depth + 1),
                    max(0, len(below.get(node, ())) - _SHOWN_CHILDREN),
                )
                for node in largest[: _SHOWN_CHILDREN if depth > 1 else 2 * _SHOWN_CHILDREN]
            )

        return shown(0, 1)

    def _node(self, path: tuple[str, ...]) -> int:
        node = 0
        for name in path:
            child = self._children.get((node, name))
            if child is None:
                child = len(self.names)
                self._children[node, name] = child
                self.names.append(name)
                self.parents.append(node)
                self.depths.append(self.depths[node] + 1)
            node = child
        return node


class CoverageSurvey:
    """Sees every product once, with the number of its pictures, and sums up."""

    def __init__(self, categories: Categories) -> None:
        self._categories = categories
        self._modality: Counter[str] = Counter()
        self._splits: Counter[str] = Counter()
        self._domains: Counter[str] = Counter()
        self._pictures: Counter[int] = Counter()
        self._filled: Counter[str] = Counter()
        self._brands = FrequentCounter(_MOST_BRANDS)
        self._attributes: dict[str, FrequentCounter] = {}
        self._further = FrequentCounter(_MOST_VALUES)

    def add(self, products: Sequence[Product], *, picture_counts: np.ndarray) -> None:
        for product, pictures in zip(products, picture_counts.tolist(), strict=True):
            has_text = bool(product.titles or product.descriptions)
            self._modality[_MODALITIES[has_text, pictures > 0]] += 1
            self._splits[product.split] += 1
            self._pictures[min(pictures, 10)] += 1
            if product.domain is not None:
                self._domains[product.domain] += 1
            if product.brand is not None:
                self._brands.add(product.brand)
            self._filled.update(
                name for name, there in zip(_FIELDS, _presence(product, pictures), strict=True) if there
            )
            further = None
            for name, value in product.attributes.items():
                if name in self._attributes or len(self._attributes) < _MOST_ATTRIBUTES:
                    self._attributes.setdefault(name, FrequentCounter(_MOST_VALUES)).add(value[:120])
                else:
                    further = name
            if further is not None:
                self._further.add(further[:120])

    def result(self) -> Coverage:
        counts = self._categories.counts()
        own = np.bincount(self._categories.of, minlength=len(counts))
        filed = int(own[1:].sum())
        widest = [count for count, depth in zip(counts.tolist(), self._categories.depths, strict=True) if depth == 1]
        counted = self._attributes | ({_FURTHER: self._further} if self._further.total else {})
        attributes = sorted(counted.items(), key=lambda each: (-each[1].total, each[0]))
        return Coverage(
            modality=tuple(Count(name, self._modality[name]) for name in _MODALITIES.values()),
            splits=_counts(self._splits),
            domains=_counts(self._domains),
            brands=tuple(Count(*each) for each in self._brands.most_common(_SHOWN_COUNTS)),
            fields=tuple(Field(name, self._filled[name]) for name in _FIELDS),
            attributes=tuple(
                Attribute(name, each.total, len(each), tuple(Count(*top) for top in each.most_common(_SHOWN_VALUES)))
                for name, each in attributes[:_SHOWN_ATTRIBUTES]
            ),
            categories=self._categories.tree(),
            category_count=int((own[1:] > 0).sum()),
            majority_share=max(widest, default=0) / filed if filed else 0.0,
            pictures_per_product=tuple(
                Count("10 or more" if number == 10 else str(number), self._pictures[number])
                for number in sorted(self._pictures)
            ),
        )


_MODALITIES = {
    (True, True): "text and picture",
    (True, False): "text only",
    (False, True): "picture only",
    (False, False): "neither",
}


def _presence(product: Product, pictures: int) -> tuple[bool, ...]:
    """For each of `_FIELDS` whether the product has it; a language where every text states one."""
    return (
        bool(product.titles),
        bool(product.descriptions),
        pictures > 0,
        product.brand is not None,
        bool(product.category),
        product.price is not None,
        product.currency is not None,
        bool(product.attributes),
        product.domain is not None,
        product.group is not None,
        bool(product.texts) and all(text.language is not None for text in product.texts),
    )


def _counts(counter: Counter[str]) -> tuple[Count, ...]:
    return tuple(
        Count(name, count)
        for name, count in sorted(counter.items(), key=lambda each: (-each[1], each[0]))[:_SHOWN_COUNTS]
    )
