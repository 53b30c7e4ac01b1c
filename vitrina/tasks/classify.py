"""Classify: what does a picture show? Answered by prompts, without training a classifier."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vitrina.catalogue.product import Product
from vitrina.tasks.abilities import EmbedsBoth, EmbedsTexts
from vitrina.tasks.fields import Field
from vitrina.tasks.probe import Affine
from vitrina.tasks.prompts import TEMPLATES

PUBLISHED_SCALE = 100.0
"""CLIP's factor of cosines after training (Radford et al. 2021, section 2.5), for a model that has none of its own."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """A picture and what the catalogue states about its product: a category, a colour, a season …"""

    product: str
    picture: bytes
    label: str


def pose(product: Product, *, field: Field) -> Labelled | None:
    """The product as a question about a field, or None where it lacks a picture or states nothing about it."""
    label = field.value(product)
    return None if label is None or not product.pictures else Labelled(product.id, product.pictures[0], label)


def answer(model: EmbedsBoth, *, pictures: Sequence[bytes], prompts: Sequence[Sequence[str]]) -> np.ndarray:
    """(n,) int64: for each picture, the number of the class whose mean prompt lies nearest.

    Equal scores go to the first class.
    """
    classes = class_vectors(model, prompts=prompts)
    return (model.embed_images(pictures) @ classes.T).argmax(1).astype(np.int64)


def class_vectors(model: EmbedsTexts, *, prompts: Sequence[Sequence[str]]) -> np.ndarray:
    """(c, d) float32 of length one: the normalised mean of each class's prompts (Radford et al. 2021, section 3.1.4).

    `prompts` holds one or more texts per class.
    """
    texts = model.embed_texts([text for texts in prompts for text in texts])
    ends = np.cumsum([len(texts) for texts in prompts])
    classes = np.stack([part.mean(0) for part in np.split(texts, ends[:-1])])
    return classes / np.maximum(np.linalg.norm(classes, axis=1, keepdims=True), 1e-12)


def prompted(model: EmbedsTexts, *, prompts: Sequence[Sequence[Sequence[str]]]) -> Affine:
    """The classifier that prompts make: of each class one or more words, each with one or more prompts.

    A word is the mean of its prompts, and a class fits as well as its best word.
    """
    owner = np.repeat(np.arange(len(prompts)), [len(words) for words in prompts])
    vectors = class_vectors(model, prompts=[texts for words in prompts for texts in words])
    return Affine(vectors.astype(np.float32), np.zeros(len(vectors), np.float32), owner)


def prompt_languages(products: Sequence[Product]) -> list[str]:
    """The languages with templates that the products' texts speak, commonest first; every one where nobody said."""
    spoken = Counter((text.language or "").split("-")[0].lower() for product in products for text in product.texts)
    return [language for language, _ in spoken.most_common() if language in TEMPLATES] or list(TEMPLATES)
