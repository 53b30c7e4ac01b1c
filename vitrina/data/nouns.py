"""Nouns: the words that are true of a product — its kind, colour, material — from what the catalogue itself says.

Categories and attributes state facts; words of titles join them where they nearly always go with one: in a shop whose
products of the category "Skirts" are the only ones called `falda`, that is a word for a skirt. No parser and no list of
words is needed, and no language is preferred.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from tqdm import tqdm

from vitrina.catalogue.product import Product
from vitrina.data.batch import Nouns
from vitrina.data.draws import uniform
from vitrina.data.inputs import Inputs
from vitrina.data.stock import Stock
from vitrina.data.text import text_key
from vitrina.tasks.prompts import singular

Fact = tuple[str, ...]
"""`("category", "Skirts")` or `("colour", "red")`."""

KNOWN = 64  # words of a row at most: what is true of it beyond these may count against it
_READ = 50_000  # products that a book is made of, evenly chosen where there are more
_READ_AT_ONCE = 4096
_LONGEST = 3  # words in a category's or an attribute's name
_COMMON = 0.5  # what is true of more products tells them apart too little
_SURE = 0.75  # the share of a word's products that have the fact that it names
_LIFT = 3.0  # how many times oftener than other products these have it
_COVER = 0.1  # and the share of the fact's products whose titles have the word
_DISTINCT = 5.0  # products for each value of an attribute, on average: fewer, and its values are names, not words
_NAME = 0.3  # the share of a word's products of which it is the brand or the model
_TOKEN = re.compile(r"[^\W\d_]+(?:[-'’][^\W\d_]+)*")
_TEMPLATES = {"en": "a photo of {}", "es": "una foto de {}"}
_UNSEEN_NAMES = """
    size talla model modelo sku ean gtin isbn mpn year año season temporada date fecha
"""
_LITTLE_WORDS = """
    the and with for from this that your our all set pack new more less than not one two three you its
    con para por sin los las una uno unos unas del que como más muy este esta dos tres nuevo nueva
"""
_UNSEEN, _LITTLE = frozenset(_UNSEEN_NAMES.split()), frozenset(_LITTLE_WORDS.split())


@dataclass(frozen=True)
class NounDraws:
    """How many of its own words each row of a pair batch brings, none by default.

    A word counts where `minimum` products have it. The first drawn is one for what the product is, where its category
    says that; the others are any of its words.
    """

    per_row: int = 0
    minimum: int = 5

    def __post_init__(self) -> None:
        if not 0 <= self.per_row <= KNOWN:
            raise ValueError(f"nouns.per_row is {self.per_row}: choose 0, which is none, up to {KNOWN}.")
        if self.minimum < 1:
            raise ValueError(f"nouns.minimum is {self.minimum}: choose 1 or more.")


@dataclass(frozen=True)
class Word:
    """A word or short name: `key` is shared by singular and plural, `text` is as the catalogue writes it."""

    key: int
    text: str
    language: str | None


class NounBook:
    """What names what in a catalogue: the words of every fact, each fact's own name first.

    >>> book = NounBook.of(products, draws=NounDraws(per_row=3))  # doctest: +SKIP
    >>> [word.text for word in book.words(product)]  # doctest: +SKIP
    ['skirt', 'falda', 'black', 'negra', 'cotton', 'algodón']
    """

    def __init__(self, facts: Mapping[Fact, tuple[Word, ...]], *, loose: Mapping[str, Word], draws: NounDraws) -> None:
        self._facts = facts
        self._loose = loose
        self._draws = draws

    @classmethod
    def of(cls, products: Iterable[Product], *, draws: NounDraws) -> "NounBook":
        """Read `products`, the pictures of which are not needed, once."""
        counts = _Counts()
        for product in products:
            counts.add(product)
        return counts.book(draws)

    @classmethod
    def from_stock(cls, stock: Stock, rows: np.ndarray, *, draws: NounDraws) -> "NounBook | None":
        """Read the products in stock `rows` (n,), some of very many; None where no words are to be drawn."""
        if not draws.per_row:
            return None
        if len(rows) > _READ:
            rows = rows[np.arange(_READ) * len(rows) // _READ]
        return cls.of(_read(stock, rows), draws=draws)

    def facts(self, product: Product) -> list[tuple[Word, ...]]:
        """The words of each fact of a product: what it is first, no fact twice; of one that states nothing those of its
        titles."""
        found: dict[int, tuple[Word, ...]] = {}
        for fact in _facts_of(product):
            words = self._facts.get(fact, ())
            if words:
                found.setdefault(words[0].key, words)
        if not found:
            words = (self._loose.get(token.text) for token in _tokens(product))
            found = {word.key: (word,) for word in words if word is not None}
        return list(found.values())

    def words(self, product: Product) -> list[Word]:
        """Every word that is true of a product, what it is first; no key twice."""
        found: dict[int, Word] = {}
        for words in self.facts(product):
            for word in words:
                found.setdefault(word.key, word)
        return list(found.values())

    def read(self, products: Sequence[Product], *, keys: np.ndarray, inputs: Inputs, seed: int) -> Nouns:
        """The words of a batch's `products`, drawn by their rows' `keys` (b, 3)."""
        per_row = self._draws.per_row
        chance = uniform(seed, keys, name="nouns", shape=(per_row, 3))
        which = np.full((len(products), per_row), -1, dtype=np.int64)
        known = np.full((len(products), KNOWN), -1, dtype=np.int64)
        prompts: dict[tuple[int, str], int] = {}
        for row, product in enumerate(products):
            facts = self.facts(product)
            true = list(dict.fromkeys(word.key for words in facts for word in words))[:KNOWN]
            known[row, : len(true)] = true
            for place, (fact, word, prompt) in enumerate(chance[row, : len(facts)]):
                # What the product is comes first; every other fact is as likely as the next.
                words = facts.pop(0 if place == 0 else int(fact * len(facts)))
                drawn = words[int(word * len(words))]
                text = _prompt(drawn, chance=prompt)
                which[row, place] = prompts.setdefault((drawn.key, text), len(prompts))
        return Nouns(
            text=inputs.texts([text for _, text in prompts]),
            which=torch.from_numpy(which),
            key=torch.tensor([key for key, _ in prompts], dtype=torch.int64),
            known=torch.from_numpy(known),
        )


def _read(stock: Stock, rows: np.ndarray) -> Iterator[Product]:
    with tqdm(total=len(rows), desc="reading words", delay=2, leave=False, disable=None) as bar:
        for start in range(0, len(rows), _READ_AT_ONCE):
            some = rows[start : start + _READ_AT_ONCE]
            yield from stock.read(some, pictures="none")
            bar.update(len(some))


def _prompt(word: Word, *, chance: float) -> str:
    template = _TEMPLATES.get(word.language or "")
    return word.text if template is None or chance < 2 / 3 else template.format(word.text)


@dataclass(frozen=True)
class _Token:
    """A word of a title, case-folded, and the title's language."""

    text: str
    language: str | None


class _Counts:
    """How many products have each word of their titles, each fact, and both."""

    def __init__(self) -> None:
        self.products = 0
        self.words: Counter[str] = Counter()
        self.silent = 0  # products that state nothing, and the words of their titles
        self.loose: Counter[str] = Counter()
        self.facts: Counter[Fact] = Counter()
        self.both: defaultdict[str, Counter[Fact]] = defaultdict(Counter)
        self.names: Counter[str] = Counter()
        self.languages: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self.titles: Counter[str] = Counter()

    def add(self, product: Product) -> None:
        facts, tokens = list(dict.fromkeys(_facts_of(product))), list(_tokens(product))
        words = {token.text for token in tokens}
        named = {each for text in _names_of(product) for each in _split(text)}
        self.products += 1
        self.words.update(words)
        self.facts.update(facts)
        if not facts:
            self.silent += 1
            self.loose.update(words)
        self.names.update(words & named)
        for word in words:
            self.both[word].update(facts)
        for token in tokens:
            if token.language is not None:
                self.languages[token.text][token.language] += 1
        self.titles.update(title.language for title in product.titles if title.language is not None)

    def book(self, draws: NounDraws) -> NounBook:
        facts = {fact: [self._word(fact[-1])] for fact in self._useful(draws)}
        loose: dict[str, Word] = {}
        for text, count in sorted(self.words.items()):
            if count < draws.minimum or self.names[text] > _NAME * count:
                continue
            fact = self._named(text, count=count - self.loose[text], facts=facts)
            if fact is not None:
                facts[fact].append(self._word(text))
            if draws.minimum <= self.loose[text] <= _COMMON * self.silent and text not in _LITTLE:
                loose[text] = self._word(text)
        # Facts of one name are one: the category "Skirts" and the kind "skirt".
        merged = defaultdict[int, list[Word]](list)
        for words in facts.values():
            merged[words[0].key] += words
        return NounBook(
            {fact: _distinct(merged[words[0].key]) for fact, words in facts.items()}, loose=loose, draws=draws
        )

    @property
    def _stating(self) -> int:
        """Products that state something: the others neither make a fact rarer nor a word less sure of it."""
        return self.products - self.silent

    def _useful(self, draws: NounDraws) -> Iterator[Fact]:
        """The facts that tell products apart and are told by words."""
        values, stated = Counter[str](), Counter[str]()
        for (name, _), count in self.facts.items():
            values[name] += 1
            stated[name] += count
        for fact, count in sorted(self.facts.items()):
            name, value = fact
            is_word = not any(each.isdigit() for each in value) and 1 <= len(_split(value)) <= _LONGEST
            repeats = name == "category" or stated[name] >= _DISTINCT * values[name]
            if is_word and repeats and draws.minimum <= count <= _COMMON * self._stating:
                yield fact

    def _named(self, text: str, *, count: int, facts: Mapping[Fact, list[Word]]) -> Fact | None:
        """The fact that a word of titles names, if it names one: of several the one that it goes with best."""
        sure = [
            (2 * both / (count + self.facts[fact]), fact)
            for fact, both in self.both[text].items()
            if fact in facts
            and both >= max(_SURE, _LIFT * self.facts[fact] / self._stating) * count
            and both >= _COVER * self.facts[fact]
        ]
        return max(sure)[1] if sure else None

    def _word(self, text: str) -> Word:
        """With the language whose titles have most of its words, as they are or in the singular; where none has any
        that of most titles."""
        found = Counter[str]()
        for each in _split(text):
            found.update(self.languages.get(each, {}))
            for language in self.titles:
                one = singular(each, language=language)
                found[language] += self.languages[one][language] if one != each and one in self.languages else 0
        found = +found
        language = next((name for name, _ in (found or self.titles).most_common(1)), None)
        return Word(text_key(text if language is None else singular(text.lower(), language=language)), text, language)


def _facts_of(product: Product) -> Iterator[Fact]:
    """What a product states: its narrowest category first, then its attributes, then the wider categories."""
    if product.category:
        yield ("category", product.category[-1].lower())
    for name, value in product.attributes.items():
        if name.lower() not in _UNSEEN:
            yield (name.lower(), value.lower())
    for name in product.category[:-1]:
        yield ("category", name.lower())


def _names_of(product: Product) -> Iterator[str]:
    """What products are called by and nobody sees: brands, models, sizes."""
    if product.brand is not None:
        yield product.brand
    yield from (value for name, value in product.attributes.items() if name.lower() in _UNSEEN)


def _tokens(product: Product) -> Iterator[_Token]:
    for title in product.titles:
        for text in _split(title.text):
            yield _Token(text, title.language)


def _split(text: str) -> list[str]:
    """The words of a text, case-folded: letters only, three at least."""
    return [each for each in _TOKEN.findall(text.casefold()) if len(each) > 2]


def _distinct(words: Iterable[Word]) -> tuple[Word, ...]:
    """Each way of writing once; a singular and its plural are both kept."""
    return tuple({word.text: word for word in words}.values())
