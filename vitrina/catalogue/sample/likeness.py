"""The habits of a real catalogue, so that a sample has its statistics: numbers alone, no text and no picture of it."""

import hashlib
import logging
import math
import re
import unicodedata
from array import array
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from tqdm import tqdm

from vitrina.catalogue.sample.article import BLOCK, article
from vitrina.catalogue.sample.kinds import KINDS
from vitrina.catalogue.sample.pricing import expected_price_of
from vitrina.catalogue.sample.settings import (
    MAX_FAMILY,
    MAX_PICTURES,
    PLAIN,
    QUANTILES,
    Habits,
    PriceScale,
    Quantiles,
)
from vitrina.catalogue.sample.words_en import CONTENTS_EN, KINDS_EN
from vitrina.catalogue.sample.words_es import CONTENTS_ES, KINDS_ES
from vitrina.catalogue.store import Catalogue

log = logging.getLogger(__name__)

FEWEST_PRICES = 20
"""A kind follows the prices of its own categories where they are at least this many, else those of the catalogue."""

_AT_ONCE = 4096
_OWN_ARTICLES = 400
_NARROWEST_STEP = 0.01
_COMMON = {
    "en": frozenset({"the", "and", "with", "for", "of", "in", "from", "your", "this", "is", "a", "by", "to", "on"}),
    "es": frozenset({"de", "la", "el", "con", "para", "y", "en", "los", "las", "del", "por", "una", "un", "su"}),
}
"""Small words by which a text's language is guessed where its row does not state one."""


@dataclass
class _Counts:
    """What is counted over a catalogue, row by row."""

    products: int = 0
    pictureless: int = 0
    textless: int = 0
    untold: int = 0
    second_title: int = 0
    told: int = 0
    no_brand: int = 0
    no_price: int = 0
    no_category: int = 0
    no_attributes: int = 0
    splits: Counter[str] = field(default_factory=Counter)
    languages: Counter[str] = field(default_factory=Counter)
    foreign: Counter[str] = field(default_factory=Counter)
    pictures: Counter[int] = field(default_factory=Counter)
    title_words: Counter[int] = field(default_factory=Counter)
    description_words: Counter[int] = field(default_factory=Counter)
    currencies: Counter[str] = field(default_factory=Counter)
    categories: Counter[tuple[str, ...]] = field(default_factory=Counter)
    families: "array[int]" = field(default_factory=lambda: array("Q"))
    prices: "dict[tuple[str, ...], array[float]]" = field(default_factory=lambda: defaultdict(lambda: array("d")))


def habits_of(catalogue: Catalogue) -> Habits:
    """The habits that make a sample like this catalogue, as far as our kinds of goods can follow it.

    A kind whose English or Spanish noun stands in names of categories takes the share of those; the other categories
    lend their shares to the other kinds by rank. Prices are those of the catalogue's most frequent currency. What
    cannot be followed is said in the log. Raises ValueError for a catalogue without products.
    """
    counts = _counted(catalogue)
    if not counts.products:
        raise ValueError(f"{catalogue.path} holds no products: name a catalogue that a sample can be like")
    groups = _groups(counts.categories)
    shares = {
        kind: sum(counts.categories[path] * share for path, share in each.items()) for kind, each in groups.items()
    }
    total = sum(shares.values())
    habits = replace(
        PLAIN,
        kinds={kind: _short(share / total) for kind, share in shares.items()} if total else PLAIN.kinds,
        family_sizes=_families(counts),
        splits=_shares({split: counts.splits[split] for split in PLAIN.splits}) or PLAIN.splits,
        languages=_languages(counts, name=str(catalogue.path)),
        picture_counts=_shares(counts.pictures) or PLAIN.picture_counts,
        pictureless=_short(counts.pictureless / counts.products),
        textless=_short(counts.textless / counts.products),
        untold=_short(counts.untold / counts.told) if counts.told else PLAIN.untold,
        second_title=_short(counts.second_title / counts.told) if counts.told else PLAIN.second_title,
        no_brand=_short(counts.no_brand / counts.products),
        no_price=_short(counts.no_price / counts.products),
        no_category=_short(counts.no_category / counts.products),
        no_attributes=_short(counts.no_attributes / counts.products),
        title_words=_word_quantiles(counts.title_words),
        description_words=_word_quantiles(counts.description_words),
        currency=max(counts.currencies, key=lambda each: (counts.currencies[each], each), default=PLAIN.currency),
    )
    return replace(habits, prices=_prices(counts, groups=groups, currency=habits.currency))


def _counted(catalogue: Catalogue) -> _Counts:
    counts = _Counts()
    currencies = Counter()
    with tqdm(total=len(catalogue), desc="measuring the catalogue", unit="product", disable=None, delay=2) as bar:
        for batch in catalogue.fact_batches():
            for start in range(0, batch.num_rows, _AT_ONCE):
                rows = batch.slice(start, _AT_ONCE).to_pylist()
                for row in rows:
                    _count(row, counts)
                    currencies[row["currency"]] += row["price"] is not None
                bar.update(len(rows))
    counts.currencies = Counter({name: count for name, count in currencies.items() if name and count})
    return counts


def _count(row: Mapping[str, Any], counts: _Counts) -> None:
    counts.products += 1
    counts.splits[row["split"]] += 1
    counts.no_brand += row["brand"] is None
    counts.no_price += row["price"] is None
    counts.no_category += not row["category"]
    counts.no_attributes += not row["attributes"]
    if row["picture_count"]:
        counts.pictures[min(row["picture_count"], MAX_PICTURES)] += 1
    if row["category"]:
        counts.categories[tuple(row["category"])] += 1
        if row["price"]:
            counts.prices[(row["currency"] or "", *row["category"])].append(math.log(row["price"]))
    elif row["price"]:
        counts.prices[(row["currency"] or "",)].append(math.log(row["price"]))
    family = hashlib.blake2b((row["group"] or f"id {row['id']}").encode(), digest_size=8).digest()
    counts.families.append(int.from_bytes(family, "little"))
    titles, descriptions = row["titles"] or [], row["descriptions"] or []
    if not titles and not descriptions:
        counts.textless += bool(row["picture_count"])
        return
    counts.pictureless += not row["picture_count"]
    counts.told += 1
    counts.untold += not descriptions
    counts.second_title += any(each > 1 for each in Counter(text["language"] for text in titles).values())
    for texts, words in ((titles, counts.title_words), (descriptions, counts.description_words)):
        for text in texts:
            words[len(text["text"].split())] += 1
    tongues = {_language(text) for text in [*titles, *descriptions]}
    ours = "+".join(sorted(tongues & {"en", "es"}))
    counts.languages[ours] += 1
    counts.foreign.update(sorted(tongues - {"en", "es"}))


def _language(text: Mapping[str, str | None]) -> str:
    """The primary language that a row states, or a guess from its small words."""
    if text["language"]:
        return text["language"].split("-")[0].lower()
    words = set(re.findall(r"\w+", (text["text"] or "").lower()))
    found = {language: len(words & common) for language, common in _COMMON.items()}
    if found["en"] == found["es"]:
        return "es" if re.search("[áéíóúñ¿¡]", (text["text"] or "").lower()) else "en"
    return max(found, key=lambda each: found[each])


def _languages(counts: _Counts, *, name: str) -> Mapping[str, float]:
    if counts.foreign:
        said = ", ".join(f"{language} in {count:,}" for language, count in counts.foreign.most_common(5))
        log.warning(
            "%s has texts in other languages (%s products): the sample writes English and Spanish, shared as in the "
            "products that have them",
            name,
            said,
        )
    known = {language: count for language, count in counts.languages.items() if language}
    return _shares({name: known.get(name, 0) for name in PLAIN.languages}) if known else PLAIN.languages


def _families(counts: _Counts) -> Mapping[int, float]:
    sizes = np.unique(np.frombuffer(counts.families, np.uint64), return_counts=True)[1]
    return _shares(Counter(np.minimum(sizes, MAX_FAMILY).tolist()))


def _groups(categories: Mapping[tuple[str, ...], int]) -> dict[str, dict[tuple[str, ...], float]]:
    """For each kind the categories whose products it stands for, with the share of each that it takes."""
    groups: dict[str, dict[tuple[str, ...], float]] = {kind: {} for kind in KINDS}
    nouns = _nouns()
    others = []
    for path in categories:
        kinds = _named(path, nouns)
        for kind in kinds:
            groups[kind][path] = 1 / len(kinds)
        if not kinds:
            others.append(path)
    free = [kind for kind, taken in groups.items() if not taken]
    ranked = sorted(others, key=lambda path: (-categories[path], path))
    # The curve of shares over ranks, cut into as many pieces as there are kinds left.
    pieces = min(len(free), len(ranked))
    for kind, piece in zip(free, range(pieces), strict=False):
        start, stop = piece * len(ranked) / pieces, (piece + 1) * len(ranked) / pieces
        for rank in range(int(start), math.ceil(stop)):
            groups[kind][ranked[rank]] = min(rank + 1, stop) - max(rank, start)
    return groups


def _nouns() -> Mapping[tuple[str, ...], set[str]]:
    """The kinds by their nouns, and groceries by their contents, in the singular and the plural, in both languages,
    without accents."""
    nouns: dict[tuple[str, ...], set[str]] = defaultdict(set)
    for name, kind in KINDS.items():
        contents = kind.features.get("contents", {})
        english = [*KINDS_EN[name].nouns, *(word for each in contents for word in CONTENTS_EN[each])]
        spanish = [noun.text for noun in KINDS_ES[name].nouns]
        spanish += [word for each in contents for word in CONTENTS_ES[each]]
        for words in map(_words, english):
            for last in _numbers(words[-1]):
                nouns[(*words[:-1], last)].add(name)
        for words in (_words(CONTENTS_EN[each][0]) for each in contents):
            for last in _numbers(words[-1]):
                nouns[(last,)].add(name)  # milk is milk, whole or not
        for words in map(_words, spanish):
            for first in _numbers(words[0]):
                nouns[(first, *words[1:])].add(name)
                if contents:
                    nouns[(first,)].add(name)
    return nouns


def _numbers(word: str) -> set[str]:
    """A noun in the singular and the plural, whichever it is, in either language."""
    forms = {word, f"{word}s", f"{word}es"}
    if word.endswith("y"):
        forms.add(f"{word[:-1]}ies")
    if word.endswith("z"):
        forms.add(f"{word[:-1]}ces")
    if word.endswith("s") and len(word) > 4:
        forms |= {word[:-1], word.removesuffix("es")}
    return forms


def _words(text: str) -> list[str]:
    plain = unicodedata.normalize("NFD", text.casefold())
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
    # A T-shirt is a Tshirt, and no shirt.
    return re.findall(r"\w+", re.sub(r"(?<=\w)-(?=\w)", "", plain))


def _named(path: Sequence[str], nouns: Mapping[tuple[str, ...], set[str]]) -> list[str]:
    """The kinds that the narrowest telling name of a path names, by the longest noun in it."""
    longest = max(map(len, nouns))
    for name in reversed(path):
        words = _words(name)
        for size in range(min(longest, len(words)), 0, -1):
            found: set[str] = set()
            for at in range(len(words) - size + 1):
                found |= nouns.get(tuple(words[at : at + size]), set())
            if found:
                return sorted(found)
    return []


def _prices(
    counts: _Counts, *, groups: Mapping[str, Mapping[tuple[str, ...], float]], currency: str
) -> Mapping[str, PriceScale]:
    """How the prices of each kind are moved; nothing where the catalogue states none."""
    stated = {path[1:]: prices for path, prices in counts.prices.items() if path[0] == currency}
    if not stated:
        stated = {path[1:]: prices for path, prices in counts.prices.items()}
    everything = np.concatenate([np.frombuffer(prices) for prices in stated.values()]) if stated else np.empty(0)
    if not len(everything):
        return {}
    scales = {}
    for kind, paths in groups.items():
        own = [np.frombuffer(stated[path]) for path in paths if path in stated]
        found = np.concatenate(own) if own else np.empty(0)
        scales[kind] = PriceScale(
            own=_own_quantiles(kind), real=_quantiles(found if len(found) >= FEWEST_PRICES else everything)
        )
    return scales


def _own_quantiles(kind: str) -> Quantiles:
    """Quantiles of ln(expected price) of the articles of a kind as they are, strictly ascending."""
    habits = replace(PLAIN, kinds={kind: 1.0})
    articles = (article(number * BLOCK, seed=0, habits=habits) for number in range(_OWN_ARTICLES))
    found = list(_quantiles(np.array([math.log(expected_price_of(each)) for each in articles])))
    for at in range(1, len(found)):
        found[at] = max(found[at], _short(found[at - 1] + _NARROWEST_STEP))
    return tuple(found)


def _word_quantiles(words: Mapping[int, int]) -> Quantiles | None:
    lengths = np.array(sorted(words))
    return _quantiles(np.repeat(lengths, [words[each] for each in lengths])) if len(lengths) else None


def _quantiles(values: np.ndarray) -> Quantiles:
    return tuple(_short(float(each)) for each in np.quantile(values, QUANTILES))


def _shares(counts: Mapping[Any, int]) -> dict[Any, float]:
    """Shares of the whole; none where nothing was counted."""
    total = sum(counts.values())
    return {name: _short(count / total) for name, count in sorted(counts.items())} if total else {}


def _short(value: float) -> float:
    return round(value, 6)
