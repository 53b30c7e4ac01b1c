"""Likeness: are two rows of a catalogue the same product, told twice in other words?

A pair is described by a few figures that mean the same in every shop (how much of the rarer words two titles share,
whether model numbers agree or contradict each other, how far prices are apart, whether either row has a better
partner), and a logistic regression over these and their products weighs them.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from tqdm import tqdm

from vitrina.catalogue.product import Product
from vitrina.tasks.sameness import folded, plain

FEATURES = (
    "words of the titles",
    "words of all texts",
    "letters of the titles",
    "rare words found in the other",
    "a model number in common",
    "model numbers that differ",
    "model numbers that begin alike",
    "numbers in common",
    "numbers that differ",
    "distance of prices",
    "a price is missing",
    "the same maker",
    "no better partner for the first",
    "no better partner for the second",
)

_WORD = re.compile(r"[^\W_]+")
_CODE = re.compile(r"(?=.*\d)(?=.*[^\W\d])[^\W_]{4,}|\d{5,}")
_NUMBER = re.compile(r"\d{1,4}")
UNTAUGHT = {
    "words of all texts": 1.0,
    "rare words found in the other": 1.0,
    "a model number in common": 1.0,
    "model numbers that differ": -0.5,
    "model numbers that begin alike": 0.5,
    "numbers that differ": -0.3,
    "distance of prices": -0.3,
    "the same maker": 0.2,
    "no better partner for the first": 1.0,
    "no better partner for the second": 1.0,
}
"""What each figure counts where no pair is known: chosen by hand on the development parts of two public sets."""

UNTAUGHT_CUT = 1.2
"""Untaught scores from here on are called the same product in two shops, where most have a partner …"""

ONE_SHOP_CUT = 2.9
"""… and within one shop, which lists few products twice and many variants (chosen on a generated catalogue)."""

_CLOSE = [FEATURES.index(name) for name in ("words of all texts", "rare words found in the other")]
_CLOSE += [FEATURES.index("a model number in common")]
"""What tells the better of two partners."""

_LETTERS = 3
_ALIKE = 5
"""Model numbers that begin with so many equal characters may be one article's, in two colours or from two shops."""

_DEAREST = 2.0
"""Prices further apart than e to this power are as different as prices can be."""


@dataclass(frozen=True)
class Rows:
    """Sparse rows, of length one each: `starts` (n + 1,), the terms `ids` ascending within a row, their `weights`."""

    starts: np.ndarray
    ids: np.ndarray
    weights: np.ndarray

    def __len__(self) -> int:
        return len(self.starts) - 1

    def row(self, number: int) -> slice:
        return slice(int(self.starts[number]), int(self.starts[number + 1]))

    def cosine(self, first: int, second: int) -> float:
        """The cosine of two rows; 0 where either is empty."""
        one, other = self.row(first), self.row(second)
        _, here, there = np.intersect1d(self.ids[one], self.ids[other], assume_unique=True, return_indices=True)
        return float(self.weights[one][here] @ self.weights[other][there])


@dataclass(frozen=True)
class Told:
    """What products say of themselves, as pairs of them are compared.

    `titles`, `texts` and `letters` are term weights (tf-idf: Manning, Raghavan and Schütze 2008, section 6.2) over the
    products' words and letters; `rarity` holds the weight of each word of a text.
    """

    titles: Rows
    texts: Rows
    letters: Rows
    rarity: np.ndarray
    codes: tuple[frozenset[str], ...]
    numbers: tuple[frozenset[str], ...]
    prices: np.ndarray
    makers: tuple[str, ...]
    words: tuple[frozenset[str], ...]

    @classmethod
    def of(cls, products: Sequence[Product]) -> "Told":
        """Read n products; their pictures are not looked at."""
        titles = [folded(plain(" ".join(text.text for text in each.titles) or _first(each))) for each in products]
        texts = [folded(plain(" ".join((each.brand or "", *(text.text for text in each.texts))))) for each in products]
        title_words = [_WORD.findall(each) for each in titles]
        text_words = [_WORD.findall(each) for each in texts]
        vocabulary: dict[str, int] = {}
        weighed = _weighed(text_words, vocabulary=vocabulary)
        return cls(
            titles=_weighed(title_words, vocabulary={}),
            texts=weighed,
            letters=_weighed([_pieces(each) for each in titles], vocabulary={}),
            rarity=weighed.weights,
            codes=tuple(frozenset(word for word in words if _CODE.fullmatch(word)) for words in title_words),
            numbers=tuple(frozenset(word for word in words if _NUMBER.fullmatch(word)) for words in title_words),
            prices=np.array([float(each.price) if each.price else np.nan for each in products]),
            makers=tuple(folded(plain(each.brand or "")) for each in products),
            words=tuple(frozenset(words) for words in text_words),
        )

    def __len__(self) -> int:
        return len(self.titles)

    @cached_property
    def first_words(self) -> tuple[str, ...]:
        return tuple(next(iter(maker.split()), "") for maker in self.makers)


def candidates(told: Told, *, queries: np.ndarray, among: np.ndarray, most: int) -> np.ndarray:
    """(q, most) int64: for each of `queries` the products of `among` that share most of its rarer words, best first.

    Numbers of products; -1 where no other shares a word. A word that more than a twentieth of the products have finds
    nobody (it still counts where two are compared).
    """
    wanted = np.zeros(len(told), dtype=bool)
    wanted[among] = True
    rows = np.repeat(np.arange(len(told)), np.diff(told.texts.starts))
    order = np.argsort(told.texts.ids, kind="stable")
    order = order[wanted[rows[order]]]
    terms = told.texts.ids[order]
    count = int(told.texts.ids.max(initial=-1)) + 1
    sizes = np.bincount(terms, minlength=count)
    ends = np.cumsum(sizes)
    common = max(50, len(among) // 20)
    found = np.full((len(queries), most), -1, dtype=np.int64)
    scores = np.zeros(len(told), dtype=np.float64)
    for place, query in enumerate(queries.tolist()):
        own = told.texts.row(query)
        touched = []
        for term, weight in zip(told.texts.ids[own].tolist(), told.texts.weights[own].tolist(), strict=True):
            if 0 < sizes[term] <= common:
                members = order[ends[term] - sizes[term] : ends[term]]
                scores[rows[members]] += weight * told.texts.weights[members]
                touched.append(rows[members])
        if not touched:
            continue
        near = np.unique(np.concatenate(touched))
        near = near[near != query]
        best = near[np.argsort(-scores[near], kind="stable")[:most]]
        found[place, : len(best)] = best
        scores[np.concatenate(touched)] = 0.0
    return found


def described(told: Told, *, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """(m, f) float64: the figures FEATURES of m pairs of products.

    "No better partner" compares the pair with the best other pair of either product in this very list, so give
    candidates together.
    """
    figures = np.zeros((len(first), len(FEATURES)))
    pairs = zip(first.tolist(), second.tolist(), strict=True)
    bar = tqdm(pairs, total=len(first), desc="comparing pairs", unit="pair", delay=2, disable=None, leave=False)
    for place, (one, other) in enumerate(bar):
        figures[place, :-2] = _figures(told, one, other)
    closeness = figures[:, _CLOSE].sum(axis=1)
    figures[:, -2] = closeness - _best_other(first, closeness)
    figures[:, -1] = closeness - _best_other(second, closeness)
    return figures


@dataclass(frozen=True)
class Judge:
    """Weighs the figures of a pair: a logistic regression on standardised figures and their products."""

    mean: np.ndarray
    spread: np.ndarray
    weights: np.ndarray

    @classmethod
    def learnt(cls, figures: np.ndarray, *, is_same: np.ndarray, penalty: float = 0.01) -> "Judge":
        """From m pairs with known answers; the rarer answer weighs as much as the other. ValueError without both."""
        if is_same.all() or not is_same.any():
            raise ValueError(
                "the known pairs are all alike: a judge needs some that are the same and some that are not"
            )
        mean, spread = figures.mean(0), np.maximum(figures.std(0), 1e-6)
        inputs = torch.from_numpy(_expanded((figures - mean) / spread))
        answers = torch.from_numpy(is_same.astype(np.float64))
        balance = torch.where(answers > 0, 0.5 / answers.mean(), 0.5 / (1 - answers.mean()))
        weights = torch.zeros(inputs.shape[1], dtype=torch.float64, requires_grad=True)
        optimiser = torch.optim.LBFGS([weights], max_iter=200, line_search_fn="strong_wolfe")

        def closure() -> torch.Tensor:
            optimiser.zero_grad()
            loss = torch.nn.functional.binary_cross_entropy_with_logits(inputs @ weights, answers, weight=balance)
            loss = loss + penalty * weights[1:].square().sum()
            loss.backward()
            return loss

        optimiser.step(closure)  # type: ignore[arg-type]  # torch asks for a float where a tensor will do
        return cls(mean, spread, weights.detach().numpy())

    def score(self, figures: np.ndarray) -> np.ndarray:
        """(m,) float64 in (0, 1): the higher, the more likely the same. A score, not yet a probability."""
        return 1 / (1 + np.exp(-_expanded((figures - self.mean) / self.spread) @ self.weights))


def untaught(figures: np.ndarray) -> np.ndarray:
    """(m,) float64: a score of m pairs where nobody said which pairs are the same; see UNTAUGHT_CUT."""
    return figures @ np.array([UNTAUGHT.get(name, 0.0) for name in FEATURES])


def best_cut(scores: np.ndarray, *, is_same: np.ndarray) -> float:
    """The score from which on pairs are called the same, so that F1 is highest on these."""
    order = np.argsort(-scores, kind="stable")
    ordered = scores[order]
    f1 = 2 * np.cumsum(is_same[order]) / (np.arange(1, len(order) + 1) + is_same.sum())
    lasts = np.flatnonzero(np.append(ordered[:-1] > ordered[1:], True))  # no cut tells equal scores apart
    place = int(lasts[f1[lasts].argmax()])
    least = float(ordered[place])
    below = float(ordered[place + 1]) if place + 1 < len(order) else least
    middle = (least + below) / 2
    return middle if middle > below else least


def _figures(told: Told, one: int, other: int) -> list[float]:
    """All of FEATURES but the last two, which other pairs decide."""
    codes, others = told.codes[one], told.codes[other]
    numbers, theirs = told.numbers[one], told.numbers[other]
    shared = bool(codes & others)
    known = not np.isnan(told.prices[one]) and not np.isnan(told.prices[other])
    apart = abs(np.log(told.prices[one] / told.prices[other])) if known else 0.0
    maker = bool(told.makers[one] and told.makers[one] == told.makers[other])
    maker |= _is_named(told.first_words[one], told.words[other]) or _is_named(told.first_words[other], told.words[one])
    return [
        told.titles.cosine(one, other),
        told.texts.cosine(one, other),
        told.letters.cosine(one, other),
        _found_in_other(told, one, other),
        float(shared),
        float(bool(codes and others) and not shared),
        float(not shared and any(a[:_ALIKE] == b[:_ALIKE] for a in codes for b in others)),
        float(bool(numbers & theirs)),
        len(numbers ^ theirs) / max(len(numbers | theirs), 1),
        min(apart, _DEAREST),
        float(not known),
        float(maker),
    ]


def _is_named(maker: str, words: frozenset[str]) -> bool:
    return bool(maker) and maker in words


def _found_in_other(told: Told, one: int, other: int) -> float:
    """The larger share of either title's rarity that the other's texts hold too."""
    shares = []
    for mine, yours in ((one, other), (other, one)):
        own, there = told.texts.row(mine), told.texts.row(yours)
        is_there = np.isin(told.texts.ids[own], told.texts.ids[there], assume_unique=True)
        weights = told.rarity[own] ** 2
        shares.append(float(weights[is_there].sum() / max(weights.sum(), 1e-12)))
    return max(shares)


def _best_other(owner: np.ndarray, closeness: np.ndarray) -> np.ndarray:
    """(m,): the closest of the owner's other pairs, 0 where it has none."""
    order = np.lexsort((-closeness, owner))
    owners = owner[order]
    is_first = np.concatenate([[True], owners[1:] != owners[:-1]]) if len(order) else np.zeros(0, bool)
    starts = np.flatnonzero(is_first)
    sizes = np.diff(np.append(starts, len(order)))
    best = np.repeat(closeness[order[starts]], sizes)
    second = np.where(sizes > 1, closeness[order[np.minimum(starts + 1, len(order) - 1)]], 0.0)
    result = np.empty(len(order))
    result[order] = np.where(is_first, np.repeat(second, sizes), best)
    return result


def _expanded(figures: np.ndarray) -> np.ndarray:
    """One, every figure, and every product of two."""
    first, second = np.triu_indices(figures.shape[1])
    return np.concatenate([np.ones((len(figures), 1)), figures, figures[:, first] * figures[:, second]], axis=1)


def _weighed(documents: Sequence[Sequence[str]], *, vocabulary: dict[str, int]) -> Rows:
    counts: list[dict[int, int]] = []
    for words in documents:
        own: dict[int, int] = {}
        for word in words:
            number = vocabulary.setdefault(word, len(vocabulary))
            own[number] = own.get(number, 0) + 1
        counts.append(own)
    starts = np.concatenate([[0], np.cumsum([len(own) for own in counts])]).astype(np.int64)
    ids = np.array([number for own in counts for number in sorted(own)], dtype=np.int64)
    times = np.array([own[number] for own in counts for number in sorted(own)], dtype=np.float64)
    rarity = np.log((len(documents) + 1) / (np.bincount(ids, minlength=len(vocabulary)) + 1)) + 1
    weights = (1 + np.log(times)) * rarity[ids] if len(ids) else times
    rows = np.repeat(np.arange(len(documents)), np.diff(starts))
    lengths = np.sqrt(np.bincount(rows, weights=weights**2, minlength=len(documents)))
    return Rows(starts, ids, weights / np.maximum(lengths[rows], 1e-12))


def _first(product: Product) -> str:
    return product.texts[0].text if product.texts else ""


def _pieces(text: str) -> list[str]:
    padded = f" {text} "
    return [padded[start : start + _LETTERS] for start in range(len(padded) - _LETTERS + 1)]
