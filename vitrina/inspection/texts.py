"""All texts of a catalogue, seen once: lengths, languages, faults, stated prices, and what finds duplicates later."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vitrina.catalogue.product import Product, Text
from vitrina.data.text import text_key, train_tokenizer
from vitrina.inspection.cases import Cases
from vitrina.inspection.counting import Column, FrequentCounter, Worst
from vitrina.inspection.languages import Guess, guess
from vitrina.inspection.result import Count, Cut, Disagreement, Histogram, Languages, Texts, spread
from vitrina.inspection.shingles import BANDS, ROWS_PER_BAND, Signatures, signatures
from vitrina.inspection.stated_prices import amount_at, states_price
from vitrina.inspection.text_rules import EMPTY, MOJIBAKE, TEXT_RULES, broken_rules, sentences
from vitrina.tasks.sameness import plain

SAMPLE_TEXTS = 20_000
"""So many texts, from all over the catalogue, train the tokenizer whose tokens are counted."""

_SENTENCES_KNOWN = 50_000
_BOILERPLATE_SHARE, _BOILERPLATE_LEAST = 0.2, 5
_SHOWN_BOILERPLATE = 8
_EXCERPT_BEFORE = 60
_WORD_EDGES = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 1024)
_FEWEST_SURE, _SURE_SHARE = 3, 0.005


@dataclass(frozen=True)
class TextArrays:
    """One entry per text, in row order: `rows` and the `numbers` of the texts in their products, whether they are
    titles, the `keys` that equal texts share, and whether they say anything (`is_said`). One entry per description, in
    the same order: its `signatures` for near duplicates."""

    rows: np.ndarray
    numbers: np.ndarray
    is_title: np.ndarray
    keys: np.ndarray
    is_said: np.ndarray
    signatures: Signatures


@dataclass(frozen=True, slots=True)
class StatedPrices:
    """Of `described` products with a price and a description: how many tell it, how many would tell the price of the
    product before; and how many descriptions state any price, of `descriptions` products with one."""

    described: int
    own: int
    by_chance: int
    some: int
    descriptions: int


class TextSurvey:
    """Sees every product once, in row order; `products` is how many will come."""

    def __init__(self, *, products: int, gallery: int, cases: Cases) -> None:
        self._every = max(1, products // (SAMPLE_TEXTS // 2))
        self._rows, self._numbers, self._keys = Column(np.int32), Column(np.uint16), Column(np.int64)
        self._is_title, self._words = Column(bool), Column(np.uint16)
        self._is_said, self._is_long = Column(bool), Column(bool)
        self._bands = Column(np.uint32, width=BANDS)
        self._sketches = Column(np.uint8, width=BANDS * ROWS_PER_BAND)
        self._sure: Counter[str] = Counter()
        self._believed: Counter[str] = Counter()
        self._clear: Counter[str] = Counter()
        self._ties: Counter[tuple[str, ...]] = Counter()
        self._silent = 0
        self._stated: Counter[str | None] = Counter()
        self._disagreements: Counter[tuple[str, str]] = Counter()
        self._sentences = FrequentCounter(_SENTENCES_KNOWN)
        self._description_characters = 0
        self._sample: list[str] = []
        self._previous_price: Product | None = None
        self._prices: Counter[str] = Counter()
        self.worst = {rule.flag: Worst(gallery, key=rule.key, cases=cases) for rule in TEXT_RULES}
        self.own_price = Worst(gallery, key="price_told", cases=cases)
        self.wrong_language = Worst(gallery, key="text_language", cases=cases)

    def add(self, products: Sequence[Product], *, start: int) -> None:
        """The products of rows `start` and on."""
        texts = [text.text for product in products for text in product.texts]
        counts = [len(product.texts) for product in products]
        self._rows.extend(np.repeat(np.arange(start, start + len(products)), counts))
        self._numbers.extend(number for count in counts for number in range(count))
        self._is_title.extend(n < len(product.titles) for product in products for n in range(len(product.texts)))
        self._keys.extend(text_key(text) for text in texts)
        self._words.extend(min(len(text.split()), 65_535) for text in texts)
        signed = signatures([text.text for product in products for text in product.descriptions])
        self._bands.extend(signed.bands)
        self._sketches.extend(signed.sketches)
        self._is_long.extend(signed.is_long)
        for row, product in enumerate(products, start=start):
            flags = self._faults(row, product)
            self._is_said.extend(np.array([EMPTY not in each for each in flags], bool))
            self._languages(row, product, is_garbled=[MOJIBAKE in each for each in flags])
            self._stated_prices(row, product)
            if row % self._every == 0 and len(self._sample) < SAMPLE_TEXTS:
                self._sample.extend(text.text[:5000] for text in product.texts)

    def arrays(self) -> TextArrays:
        return TextArrays(
            self._rows.array(),
            self._numbers.array(),
            self._is_title.array(),
            self._keys.array(),
            self._is_said.array(),
            Signatures(self._bands.array(), self._sketches.array(), self._is_long.array()),
        )

    def stated_prices(self) -> StatedPrices:
        return StatedPrices(*(self._prices[name] for name in ("described", "own", "chance", "some", "descriptions")))

    def languages(self) -> Languages:
        """A text that is surely in no other language is in the one that it states. Of those that state none: a language
        is believed to be there where some texts surely are in it or state it; the unsure are counted for it then, and
        ties go to the commonest of those that are there."""
        detected = self._sure + self._believed
        least = max(_FEWEST_SURE, _SURE_SHARE * detected.total())
        there = {name: count for name, count in detected.items() if count >= least}
        by_tie = undetermined = 0
        for candidates, count in [*(((name,), count) for name, count in self._clear.items()), *self._ties.items()]:
            best = max(candidates, key=lambda name: there.get(name, 0))
            if best in there:
                detected[best] += count
                by_tie += count if len(candidates) > 1 else 0
            else:
                undetermined += count
        return Languages(
            stated=tuple(Count(name, count) for name, count in self._stated.most_common() if name is not None),
            detected=tuple(Count(name, count) for name, count in detected.most_common()),
            unstated=self._stated[None],
            undetermined=undetermined + self._silent,
            believed=self._believed.total(),
            by_tie=by_tie,
            disagreements=tuple(
                Disagreement(stated, found, count) for (stated, found), count in self._disagreements.most_common(12)
            ),
        )

    def result(self, *, vocabulary: int, limits: Sequence[Count]) -> Texts:
        """`limits` are the longest sequences of known settings, by name."""
        is_title, words = self._is_title.array(), self._words.array()
        titles, descriptions = int(is_title.sum()), int((~is_title).sum())
        tokens = self._token_counts(vocabulary)
        cuts = [
            Cut(limit.count, limit.name, float((tokens > limit.count).mean()) if tokens.size else 0.0)
            for limit in limits
        ]
        least = max(_BOILERPLATE_LEAST, _BOILERPLATE_SHARE * self._prices["descriptions"])
        frequent = [each for each in self._sentences.most_common(200) if each[1] >= least]
        written = sum(len(sentence) * count for sentence, count in frequent)
        histogram = np.histogram(words, bins=[*_WORD_EDGES, 1 << 16])[0].tolist()
        return Texts(
            titles=titles,
            descriptions=descriptions,
            title_words=spread(words[is_title]),
            description_words=spread(words[~is_title]),
            tokens=spread(tokens),
            sample=len(self._sample),
            vocabulary=vocabulary if self._sample else 0,
            cuts=tuple(cuts),
            word_histogram=Histogram((*_WORD_EDGES, 2048), tuple(histogram)) if len(words) else None,
            boilerplate=tuple(Count(*each) for each in frequent[:_SHOWN_BOILERPLATE]),
            boilerplate_share=written / self._description_characters if self._description_characters else 0.0,
        )

    def bytes_held(self) -> int:
        """The size of the columns that grow with the catalogue."""
        columns = (self._rows, self._numbers, self._keys, self._is_title, self._words, self._bands, self._is_long)
        columns = (*columns, self._sketches, self._is_said)
        return sum(column.array().nbytes for column in columns)

    def _token_counts(self, vocabulary: int) -> np.ndarray:
        if not self._sample:
            return np.zeros(0)
        tokenizer = train_tokenizer(self._sample, vocabulary=vocabulary)
        return np.array([len(each.ids) for each in tokenizer.encode_batch_fast(self._sample)])

    def _languages(self, row: int, product: Product, *, is_garbled: Sequence[bool]) -> None:
        for text, garbled in zip(product.texts, is_garbled, strict=True):
            found = Guess(None) if garbled else guess(text.text)  # “algodÃ³n” has a letter of Portuguese
            stated = _stated(text)
            if found.language is not None and found.is_sure:
                self._sure[found.language] += 1
            elif stated is not None:
                self._believed[stated] += 1
            elif found.language is not None:
                self._clear[found.language] += 1
            elif found.candidates:
                self._ties[tuple(sorted(found.candidates))] += 1
            else:
                self._silent += 1
            self._stated[text.language] += 1
            if found.is_sure and found.language is not None and stated not in (None, found.language):
                self._disagreements[text.language or "", found.language] += 1
                reason = f"stated {text.language}, reads like {found.language}"
                self.wrong_language.offer(row, severity=float(len(text.text)), reason=reason, text=text.text)

    def _faults(self, row: int, product: Product) -> list[dict[int, float]]:
        """The rules that each text breaks."""
        found = []
        titles = frozenset(plain(title.text) for title in product.titles)
        for number, text in enumerate(product.texts):
            kind = "title" if number < len(product.titles) else "description"
            words = len(text.text.split())
            found.append(broken_rules(text.text, kind=kind, titles=titles, words=words))
            for flag, severity in found[-1].items():
                reason = f"{kind}, {words:,} word{'s' * (words != 1)}"
                self.worst[flag].offer(row, severity=severity, reason=reason, text=text.text)
        for description in product.descriptions:
            self._description_characters += len(description.text)
        said = dict.fromkeys(sentence for each in product.descriptions for sentence in sentences(each.text))
        for sentence in said:  # in their order: when the counter forgets, it matters who came first
            self._sentences.add(sentence)
        return found

    def _stated_prices(self, row: int, product: Product) -> None:
        texts = [description.text for description in product.descriptions]
        before, self._previous_price = self._previous_price, product if product.price else self._previous_price
        if not texts:
            return
        self._prices["descriptions"] += 1
        if any(map(states_price, texts)):
            self._prices["some"] += 1
        if not product.price:
            return
        self._prices["described"] += 1
        for text in texts:
            place = amount_at(text, product.price)
            if place is not None:
                self._prices["own"] += 1
                reason = f"tells its price of {product.price} {product.currency or ''}".rstrip()
                start = max(0, place - _EXCERPT_BEFORE)
                excerpt = ("…" if start else "") + text[start:]
                self.own_price.offer(row, severity=float(product.price), reason=reason, text=excerpt)
                break
        if before is not None and before.price != product.price and before.price is not None:
            self._prices["chance"] += any(amount_at(text, before.price) is not None for text in texts)


def _stated(text: Text) -> str | None:
    """The language that a text states, without its country; Norwegian has two codes of its own and one for both."""
    if text.language is None:
        return None
    stated = text.language.split("-")[0].lower()
    return {"no": "nb", "nn": "nb"}.get(stated, stated)
