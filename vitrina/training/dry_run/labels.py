"""What is wrong with the texts and pictures that a run would learn from, as far as it can be counted beforehand."""

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from tqdm import tqdm

from vitrina.data.inputs import Inputs
from vitrina.data.sources import Kind, Source
from vitrina.data.stock import Stock
from vitrina.tasks.sameness import plain

MOST_PRODUCTS = 50_000
"""Products that are read for the checks, of the training products and of all others together, each."""

_SEED = 0
_READ_AT_ONCE = 1024
_PICTURES_AT_ONCE = 64


@dataclass(frozen=True)
class Repeated:
    """A title, and how many products of the training split have it."""

    title: str
    products: int


@dataclass(frozen=True)
class Labels:
    """What was counted on `products` of `available` training products, and on `held_out` products of other splits.

    `texts` of which `long_texts` do not fit into max_tokens, which cuts `cut_share` of all tokens; `unknown_share` of
    the tokens are unknown. `repeated_titles` products share theirs with another. `empty_pairs` have a picture and texts
    without a word. `leaked_titles` and `leaked_pictures` count held-out products whose title, or one of whose
    pictures byte for byte, is that of a training product. `classes` are the widest categories with their products.
    `entropy` is that of the tokens, in nats. `languages` counts texts.
    """

    products: int
    available: int
    held_out: int
    texts: int
    tokens: int
    long_texts: int
    longest: int
    cut_share: float
    unknown_share: float
    entropy: float
    repeated_titles: int
    most_repeated: Repeated | None
    empty_pairs: int
    leaked_titles: int
    leaked_pictures: int
    classes: tuple[tuple[str, int], ...]
    languages: tuple[tuple[str, int], ...]


def check_labels(stock: Stock, *, sources: Mapping[Kind, Source], inputs: Inputs | None) -> Labels:
    """Count them; texts are left out where a model reads none (`inputs` None)."""
    rows = np.unique(np.concatenate([source.rows for source in sources.values()]))
    facts = stock.facts()
    others = np.flatnonzero(np.array(facts["split"].to_pylist(), dtype=object) != "train")
    read, held_out = _drawn(rows), _drawn(others)
    seen = _Seen()
    counted = _Counted(inputs)
    for product in _facts_of(facts, read, words="reading labels"):
        seen.titles.update({plain(each["text"]) for each in product["titles"] or ()})
        counted.add(product)
    leaked = [
        any(plain(each["text"]) in seen.titles for each in product["titles"] or ())
        for product in _facts_of(facts, held_out, words="held-out titles")
    ]
    has_picture = facts["picture_count"].to_numpy() > 0
    train_pictures, held_pictures = read[has_picture[read]], held_out[has_picture[held_out]]
    leaked_pictures = 0
    if len(held_pictures):
        digests = {each for some in _digests(stock, train_pictures, words="training pictures") for each in some}
        found = _digests(stock, held_pictures, words="held-out pictures")
        leaked_pictures = sum(any(each in digests for each in some) for some in found)
    return counted.labels(
        products=len(read),
        available=len(rows),
        held_out=len(held_out),
        leaked_titles=sum(leaked),
        leaked_pictures=leaked_pictures,
    )


class _Seen:
    """The titles of the training products, as sameness sees them."""

    def __init__(self) -> None:
        self.titles: set[str] = set()


class _Counted:
    """Sums over training products."""

    def __init__(self, inputs: Inputs | None) -> None:
        self._inputs = inputs
        self._tokenizer = None if inputs is None else inputs.tokenizer
        self._titles: Counter[str] = Counter()
        self._shown: dict[str, str] = {}
        self._classes: Counter[str] = Counter()
        self._languages: Counter[str] = Counter()
        self._texts = self._tokens = self._long = self._longest = self._cut = self._unknown = self._empty = 0
        self._frequencies = np.zeros(0 if inputs is None else inputs.tokenizer.get_vocab_size(), dtype=np.int64)
        self._waiting: list[str] = []

    def add(self, product: Mapping[str, Any]) -> None:
        titles = [each["text"] for each in product["titles"] or ()]
        described = [*(product["titles"] or ()), *(product["descriptions"] or ())]
        texts = [each["text"] for each in described]
        for title in dict.fromkeys(plain(each) for each in titles):
            self._titles[title] += 1
            self._shown.setdefault(title, titles[0])
        for each in described:
            self._languages[(each["language"] or "not told").split("-")[0].lower()] += 1
        category = product["category"]
        if category:
            self._classes[category[0]] += 1
        self._texts += len(texts)
        if self._inputs is None:
            return
        if texts and product["picture_count"] and not any(_has_word(each) for each in texts):
            self._empty += 1
        self._waiting += texts
        if len(self._waiting) >= _READ_AT_ONCE:
            self._tokenise()

    def _tokenise(self) -> None:
        assert self._inputs is not None and self._tokenizer is not None
        limit = self._inputs.max_tokens
        unknown = self._tokenizer.token_to_id("[UNK]")
        tokenizer = self._tokenizer
        specials = tokenizer.num_special_tokens_to_add(is_pair=False)
        for encoding in tokenizer.encode_batch(self._waiting, add_special_tokens=False):
            ids = np.array(encoding.ids, dtype=np.int64)
            length = len(ids) + specials
            self._tokens += length
            self._long += length > limit
            self._longest = max(self._longest, length)
            self._cut += max(0, length - limit)
            self._unknown += int((ids == unknown).sum()) if unknown is not None else 0
            self._frequencies += np.bincount(ids[: limit - specials], minlength=len(self._frequencies))
        self._waiting = []

    def labels(
        self, *, products: int, available: int, held_out: int, leaked_titles: int, leaked_pictures: int
    ) -> Labels:
        if self._waiting:
            self._tokenise()
        shares = self._frequencies[self._frequencies > 0] / max(1, self._frequencies.sum())
        repeated = {title: count for title, count in self._titles.items() if count > 1}
        most = max(repeated, key=lambda title: repeated[title], default=None)
        return Labels(
            products=products,
            available=available,
            held_out=held_out,
            texts=self._texts,
            tokens=self._tokens,
            long_texts=self._long,
            longest=self._longest,
            cut_share=self._cut / max(1, self._tokens),
            unknown_share=self._unknown / max(1, self._tokens),
            entropy=float(-(shares * np.log(shares)).sum()),
            repeated_titles=sum(repeated.values()),
            most_repeated=None if most is None else Repeated(self._shown[most], repeated[most]),
            empty_pairs=self._empty,
            leaked_titles=leaked_titles,
            leaked_pictures=leaked_pictures,
            classes=tuple(self._classes.most_common()),
            languages=tuple(self._languages.most_common()),
        )


def _has_word(text: str) -> bool:
    return any(each.isalnum() for each in text)


def _drawn(rows: np.ndarray) -> np.ndarray:
    if len(rows) <= MOST_PRODUCTS:
        return rows
    return np.sort(np.random.default_rng(_SEED).choice(rows, MOST_PRODUCTS, replace=False))


def _facts_of(facts: pa.Table, rows: np.ndarray, *, words: str) -> Iterator[dict[str, Any]]:
    """The texts, categories and pictures' number of some rows, a chunk in memory at a time."""
    wanted = facts.select(["titles", "descriptions", "category", "picture_count"])
    with tqdm(total=len(rows), desc=words, delay=2, leave=False, disable=None) as bar:
        for start in range(0, len(rows), _READ_AT_ONCE):
            some = rows[start : start + _READ_AT_ONCE]
            yield from wanted.take(some).to_pylist()
            bar.update(len(some))


def _digests(stock: Stock, rows: np.ndarray, *, words: str) -> Iterator[list[bytes]]:
    """Eight bytes for each picture of each product."""
    with tqdm(total=len(rows), desc=words, delay=2, leave=False, disable=None) as bar:
        for start in range(0, len(rows), _PICTURES_AT_ONCE):
            for product in stock.read(rows[start : start + _PICTURES_AT_ONCE]):
                yield [hashlib.blake2b(each, digest_size=8).digest() for each in product.pictures]
                bar.update()
