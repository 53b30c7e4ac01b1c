"""Which texts an article has, in which languages and how long, and the slips that any shop makes in them."""

from collections.abc import Sequence
from dataclasses import dataclass

from vitrina.catalogue.product import Text
from vitrina.catalogue.sample.article import Article
from vitrina.catalogue.sample.draws import Draws
from vitrina.catalogue.sample.english import english_description, english_title
from vitrina.catalogue.sample.settings import QUANTILES
from vitrina.catalogue.sample.spanish import spanish_description, spanish_title
from vitrina.catalogue.sample.spoil_texts import one_slip
from vitrina.catalogue.sample.truth import Damage

SLIP_SHARE = 0.03
"""Share of the texts that have one typing error, as in any shop; the truth knows the clean text."""

SLIP = "typing error"


@dataclass(frozen=True)
class Texts:
    """The titles and descriptions of an article, each in the languages that it has."""

    titles: tuple[Text, ...] = ()
    descriptions: tuple[Text, ...] = ()


@dataclass(frozen=True)
class Slipped:
    """Texts as somebody typed them, and what went wrong."""

    texts: Texts
    slips: tuple[Damage, ...]


def texts_of(facts: Article) -> Texts:
    """The clean texts of an article."""
    habits = facts.habits
    presence = Draws(facts.seed, "texts", facts.number)
    titles: list[Text] = []
    descriptions: list[Text] = []
    for language in presence.weighted(habits.languages).split("+"):
        for at in range(2 if presence.chance(habits.second_title) else 1):
            text = Text(title(facts, language=language, at=at), language)
            if text not in titles:
                titles.append(text)
        if not presence.chance(habits.untold):
            descriptions.append(Text(description(facts, language=language), language))
    return Texts(tuple(titles), tuple(descriptions))


def title(facts: Article, *, language: str, at: int) -> str:
    """Title number `at` (0 or above) of an article in a language: other words for the same thing."""
    draws = Draws(facts.seed, "title", language, at, facts.number)
    write = english_title if language == "en" else spanish_title
    return write(facts, draws=draws, words=_length(facts, "title", language, quantiles=facts.habits.title_words))


def description(facts: Article, *, language: str) -> str:
    """The description of an article in a language."""
    draws = Draws(facts.seed, "description", language, facts.number)
    write = english_description if language == "en" else spanish_description
    aim = _length(facts, "description", language, quantiles=facts.habits.description_words)
    return write(facts, draws=draws, words=aim)


def with_slips(texts: Texts, *, facts: Article) -> Slipped:
    """The texts with a typing error in a few of them."""
    draws = Draws(facts.seed, "slips", facts.number)
    slips: list[Damage] = []

    def typed(field: str, clean: Sequence[Text]) -> tuple[Text, ...]:
        found = []
        for at, text in enumerate(clean):
            slip = (
                one_slip(text.text, language=text.language or "en", draws=draws) if draws.chance(SLIP_SHARE) else None
            )
            if slip is not None:
                slips.append(Damage(SLIP, f"{field} {at}", before=text.text))
            found.append(text if slip is None else Text(slip, text.language))
        return tuple(found)

    return Slipped(Texts(typed("title", texts.titles), typed("description", texts.descriptions)), tuple(slips))


def _length(facts: Article, what: str, language: str, *, quantiles: Sequence[float] | None) -> float | None:
    """How many words to aim at, drawn from the distribution with these quantiles; None where none is asked for."""
    if quantiles is None:
        return None
    place = Draws(facts.seed, "length", what, language, facts.number).uniform()
    marks = (0.0, *QUANTILES, 1.0)
    # The ends are unknown: a little beyond the outer quantiles.
    values = (max(1.0, 0.9 * quantiles[0]), *quantiles, 1.05 * quantiles[-1])
    at = next(at for at, mark in enumerate(marks[1:]) if place < mark)
    share = (place - marks[at]) / (marks[at + 1] - marks[at])
    return values[at] + share * (values[at + 1] - values[at])
