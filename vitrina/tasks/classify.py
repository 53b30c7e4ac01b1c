"""Classify: which category does a picture show? Answered by prompts, without training a classifier."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vitrina.catalogue.product import Product
from vitrina.tasks.abilities import EmbedsBoth
from vitrina.tasks.prompts import TEMPLATES


@dataclass(frozen=True, slots=True)
class Labelled:
    """A picture and the name of its category at some level of the path."""

    product: str
    picture: bytes
    label: str


def pose(product: Product, *, level: int) -> Labelled | None:
    """The product as a question at a level of its category path (0 is the widest), or None where it lacks one."""
    if not product.pictures or not 0 <= level < len(product.category):
        return None
    return Labelled(product.id, product.pictures[0], product.category[level])


def answer(model: EmbedsBoth, *, pictures: Sequence[bytes], prompts: Sequence[Sequence[str]]) -> np.ndarray:
    """(n,) int64: for each picture, the number of the class whose mean prompt lies nearest.

    `prompts` holds one or more texts per class. A class's vector is the mean of its prompts' vectors, normalised
    (Radford et al. 2021, section 3.1.4). Equal scores go to the first class.
    """
    texts = model.embed_texts([text for texts in prompts for text in texts])
    ends = np.cumsum([len(texts) for texts in prompts])
    classes = np.stack([part.mean(0) for part in np.split(texts, ends[:-1])])
    classes /= np.maximum(np.linalg.norm(classes, axis=1, keepdims=True), 1e-12)
    return (model.embed_images(pictures) @ classes.T).argmax(1).astype(np.int64)


def prompt_languages(products: Sequence[Product]) -> list[str]:
    """The languages with templates that the products' texts speak, commonest first; every one where nobody said."""
    spoken = Counter((text.language or "").split("-")[0].lower() for product in products for text in product.texts)
    return [language for language, _ in spoken.most_common() if language in TEMPLATES] or list(TEMPLATES)
