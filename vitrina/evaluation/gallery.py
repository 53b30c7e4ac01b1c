"""Hits and misses to look at: a query, what was right, and the five best that were found."""

import io
from base64 import b64encode
from dataclasses import dataclass

import numpy as np
from PIL import Image

from vitrina.evaluation.measure import Retrieval
from vitrina.tasks.sameness import plain
from vitrina.tasks.search import Found, Pair, Query

_SHOWN_SIDE_PX = 192
_RIGHT_RANK = 10


@dataclass(frozen=True, slots=True)
class Card:
    """Something that can be shown: a picture as a data address, a text, or both; `is_right` where it is an answer."""

    picture: str | None
    text: str | None
    score: float | None = None
    is_right: bool = False


@dataclass(frozen=True, slots=True)
class Example:
    """A query with its right answer, the rank at which that stood, and the best answers."""

    query: Card
    right: Card
    rank: str
    found: tuple[Card, ...]


@dataclass(frozen=True, slots=True)
class Gallery:
    """Examples of one direction, in two rows."""

    title: str
    hits: tuple[Example, ...]
    misses: tuple[Example, ...]


def galleries(retrieval: Retrieval, *, seed: int, each: int = 6) -> list[Gallery]:
    """Both directions: queries whose right answer came first, and queries that did not find it among ten; duplicates
    are right. Which are shown is drawn by the seed, not chosen by how good they look."""
    return [
        _gallery(retrieval, retrieval.by_text, title="Text → picture", query="text", seed=seed, each=each),
        _gallery(retrieval, retrieval.by_picture, title="Picture → text", query="picture", seed=seed, each=each),
    ]


def data_address(encoded: bytes) -> str:
    """A picture, made small, as a `data:` address that a page can hold."""
    with Image.open(io.BytesIO(encoded)) as image:
        image = image.convert("RGB")
        image.thumbnail((_SHOWN_SIDE_PX, _SHOWN_SIDE_PX))
        buffer = io.BytesIO()
        image.save(buffer, format="JPEG", quality=82)
    return "data:image/jpeg;base64," + b64encode(buffer.getvalue()).decode()


def _gallery(retrieval: Retrieval, found: Found, *, title: str, query: Query, seed: int, each: int) -> Gallery:
    ranks = found.aware.expected()
    draws = np.random.default_rng(seed)

    def drawn(queries: np.ndarray) -> tuple[Example, ...]:
        chosen = np.sort(draws.permutation(queries)[:each])
        return tuple(_example(retrieval, found, number=int(number), query=query) for number in chosen)

    return Gallery(title, hits=drawn(np.flatnonzero(ranks <= 1)), misses=drawn(np.flatnonzero(ranks > _RIGHT_RANK)))


def _example(retrieval: Retrieval, found: Found, *, number: int, query: Query) -> Example:
    pairs = retrieval.pairs
    own = pairs[number]
    asked = Card(None, own.text) if query == "text" else Card(data_address(own.picture), None)
    answers = tuple(
        _card(pairs[row], score=score, is_right=_same(pairs[row], own))
        for row, score in zip(found.top[number].tolist(), found.scores[number].tolist(), strict=True)
    )
    rank = f"{found.aware.expected()[number]:,.1f}".removesuffix(".0")
    return Example(asked, _card(own, score=None, is_right=True), f"{rank} of {len(pairs):,}", answers)


def _card(pair: Pair, *, score: float | None, is_right: bool) -> Card:
    return Card(data_address(pair.picture), pair.text, score, is_right)


def _same(one: Pair, other: Pair) -> bool:
    return one.product == other.product or plain(one.text) == plain(other.text)
