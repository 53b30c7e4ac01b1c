"""What a run's model can do for a shop beside searching: tell labels apart, say where things are, cut them out."""

from collections.abc import Mapping, Sequence

import numpy as np

from vitrina.index.index import Index
from vitrina.labelling.labeller import Labeller
from vitrina.segmentation.cutout import cutout_picture
from vitrina.serving.shop import Cutter, Guesses, Masker, Shop
from vitrina.tasks.abilities import LocatesWords
from vitrina.tasks.fields import family_of_product
from vitrina.tasks.product_vectors import Sides
from vitrina.tasks.segment import masks
from vitrina.tasks.tagger import Examples

_MOST_EXAMPLES = 1500


def shop_of(index: Index) -> Shop:
    """The shop of an index, with whatever its model can do."""
    model = index.model
    is_locating = isinstance(model, LocatesWords)
    return Shop(
        index,
        model=type(model).__name__,
        labelling=_Labelling(index),
        masker=_mask(model) if is_locating else None,
        cutter=_cut(model) if is_locating else None,
    )


class _Labelling:
    """Learns to tell labels apart from the catalogue's own products, by the vectors that its index has of them."""

    def __init__(self, index: Index) -> None:
        self._index = index

    def __call__(self, labels: Sequence[str], *, known: Mapping[int, int]) -> Guesses:
        vectors = self._index.vectors
        rows = np.array(sorted(known), np.int64)
        if len(rows) > _MOST_EXAMPLES:
            rows = np.sort(np.random.default_rng(0).permutation(rows)[:_MOST_EXAMPLES])
        examples = None
        if len(rows):
            products = self._index.catalogue.read(rows, pictures="none")
            examples = Examples(
                Sides(vectors.pictures[rows], vectors.texts[rows]),
                np.array([known[int(row)] for row in rows]),
                [family_of_product(product) for product in products],
            )
        # Class means are fitted at once; a probe would be some points better and keep the page waiting for minutes.
        mode = "prompts" if examples is None else "few-shot"
        labeller = Labeller.from_examples(self._index.model, labels=labels, examples=examples, mode=mode)

        def guess(*, picture: bytes | None, text: str | None) -> Sequence[tuple[str, float]]:
            pictures = [] if picture is None else [picture]
            return [
                (each.name, each.confidence)
                for each in labeller.label(pictures, texts=[text] if text else [], top=len(labels))
            ]

        return guess


def _mask(model: LocatesWords) -> Masker:
    def mask(picture: bytes, words: Sequence[str]) -> np.ndarray:
        return masks(model, picture=picture, words=words).labels

    return mask


def _cut(model: LocatesWords) -> Cutter:
    def cut(picture: bytes, words: Sequence[str]) -> bytes:
        return cutout_picture(model, picture=picture, words=words)

    return cut
