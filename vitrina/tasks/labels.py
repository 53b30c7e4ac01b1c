"""The labels that products may get, and how each is asked for: by its plain name, or in the sentences of titles."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Self

from vitrina.catalogue.product import Product
from vitrina.tasks.fields import BETWEEN, Field, nouns_of, stated
from vitrina.tasks.prompts import TEMPLATES, beside_nouns, templated

Style = Literal["plain", "templates"]
"""Prompts are the plain names, or these in the sentences that titles use (Radford et al. 2021, section 3.1.4)."""

STYLES: tuple[Style, ...] = ("plain", "templates")

MOST_NARROWER = 30


@dataclass(frozen=True, slots=True)
class Word:
    """A word for a label, in a language, or in any where that is None."""

    text: str
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Label:
    """A label and the words that stand for it in prompts; without any its name does.

    `narrower` are names of what belongs under it: titles say “T-shirt” and “Jeans”, never “Apparel”. In the sentences
    of titles they stand for it, and the best of them counts (Novack et al. 2023, "CHiLS: Zero-Shot Image
    Classification with Hierarchical Label Sets", section 3).
    """

    name: str
    words: tuple[Word, ...] = ()
    narrower: tuple[str, ...] = ()


@dataclass(frozen=True)
class Labels:
    """What is asked for: `labels`, one's own `templates` by language ("" is every language), and the nouns that values
    of an attribute stand beside; without nouns a label is a thing itself.

    >>> Labels.named(["Bags", "Shoes"]).prompts("templates", languages=["en"])[0][0][:2]
    ['Bags', 'Bag']
    """

    labels: tuple[Label, ...]
    templates: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    nouns: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        twice = [name for name, count in Counter(self.names).items() if count > 1]
        if twice:
            raise ValueError(f"the label {twice[0]!r} stands there twice: keep one")

    @classmethod
    def named(cls, names: Sequence[str]) -> Self:
        """Labels whose names are all that is known of them."""
        return cls(tuple(Label(name) for name in names))

    @classmethod
    def of_field(cls, products: Sequence[Product], *, field: Field) -> Self:
        """The values that products state about a field, in alphabetical order.

        Of category paths the last level is the word, with the one before it where two paths end alike; below a wider
        level stand its MOST_NARROWER commonest narrowest names.
        """
        names = sorted({value for value in stated(products, field=field) if value is not None})
        nouns = () if field.is_category else tuple(nouns_of(products))
        if field.level is not None:
            below = {name: Counter[str]() for name in names}
            for product in products:
                if field.level < len(product.category):
                    below[product.category[field.level]][product.category[-1]] += 1
            return cls(tuple(Label(name, narrower=_narrower(name, counts=below[name])) for name in names))
        if field.attribute is not None:
            return cls(tuple(Label(name) for name in names), nouns=nouns)
        ends = Counter(name.split(BETWEEN)[-1] for name in names)
        words = [
            " ".join(levels[:-3:-1]) if ends[levels[-1]] > 1 else levels[-1]
            for levels in (name.split(BETWEEN) for name in names)
        ]
        return cls(tuple(Label(name, (Word(word),)) for name, word in zip(names, words, strict=True)))

    @property
    def names(self) -> list[str]:
        """The labels' names, in order."""
        return [label.name for label in self.labels]

    def __len__(self) -> int:
        return len(self.labels)

    def prompts(self, style: Style, *, languages: Sequence[str]) -> list[list[list[str]]]:
        """For every label, for each of its words, the prompts; one at least, none twice for a word."""
        if style == "plain":
            return [[[word.text] for word in label.words or (Word(label.name),)] for label in self.labels]
        return [[self._sentences(word, languages=languages) for word in _spoken(label)] for label in self.labels]

    def _sentences(self, word: Word, *, languages: Sequence[str]) -> list[str]:
        spoken = list(languages) if word.language is None else [word.language]
        if self.nouns and not self.templates:
            return beside_nouns(word.text, nouns=self.nouns, languages=spoken)
        return templated(word.text, languages=spoken, templates=self._templates(spoken)) or [word.text]

    def _templates(self, languages: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """One's own templates of each language and of all; the house's where there are none at all."""
        if not self.templates:
            return TEMPLATES
        everywhere = self.templates.get("", ())
        own = {language: (*self.templates.get(language, ()), *everywhere) for language in languages}
        return {language: found for language, found in own.items() if found}


def _spoken(label: Label) -> tuple[Word, ...]:
    return label.words or tuple(map(Word, label.narrower)) or (Word(label.name),)


def _narrower(name: str, *, counts: Counter[str]) -> tuple[str, ...]:
    """The commonest narrowest names below a level, none where nothing is narrower than the name itself."""
    order = sorted(counts, key=lambda each: (-counts[each], each))[:MOST_NARROWER]
    return () if order == [name] else tuple(order)
