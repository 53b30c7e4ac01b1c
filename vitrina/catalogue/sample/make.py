"""One product of the sample with everything that is true of it, as a pure function of the settings and its number."""

from dataclasses import dataclass
from typing import Literal

from vitrina.catalogue.product import Product
from vitrina.catalogue.sample.article import Article, article
from vitrina.catalogue.sample.damage import damaged, is_damaged, original_of
from vitrina.catalogue.sample.draft import Draft, draft
from vitrina.catalogue.sample.draws import Draws
from vitrina.catalogue.sample.english import english_description
from vitrina.catalogue.sample.instructions import instruction
from vitrina.catalogue.sample.phrases import phrases
from vitrina.catalogue.sample.product_truth import ProductTruth, Spoken, ToldEdit
from vitrina.catalogue.sample.queries import queries
from vitrina.catalogue.sample.questions import questions
from vitrina.catalogue.sample.settings import Settings
from vitrina.catalogue.sample.spanish import spanish_description
from vitrina.catalogue.sample.spoken import MAX_CHARACTERS, is_available, speak
from vitrina.catalogue.sample.truth import Language, Photo, Phrase, Question

EDIT_SHARE = 0.05
"""Share of the products that have an edit pair: two pictures more."""

SPOKEN_SHARE = 0.01
"""Share of the products that have a spoken description and a spoken query in each language, where there is a voice."""

SPOKEN_WORDS = 16
"""A spoken description has about so many words."""


@dataclass(frozen=True)
class MadePicture:
    """A clean picture of a product and all that is known of it."""

    photo: Photo
    phrases: tuple[Phrase, ...]
    questions: tuple[Question, ...]


@dataclass(frozen=True)
class Made:
    """A product as it stands in the catalogue, and the truth about it."""

    product: Product
    truth: ProductTruth
    pictures: tuple[MadePicture, ...]
    edits: tuple[ToldEdit, ...]
    spoken: tuple[Spoken, ...]


def make(number: int, *, settings: Settings) -> Made:
    """Product `number` (0 or above) with its truth: nothing else that is made changes it."""
    made = drafted(number, settings=settings)
    facts = made.facts
    return Made(
        product=made.product,
        truth=made.truth,
        pictures=tuple(_picture(photo, facts=facts, view=view) for view, photo in enumerate(made.photos)),
        # A duplicate shows another's article, whose edits are told once.
        edits=_edits(facts) if facts.number == number else (),
        spoken=_spoken(facts, number=number),
    )


def drafted(number: int, *, settings: Settings) -> Draft:
    """Product `number` as it stands in the catalogue, with what is true of its facts and pictures alone."""
    is_spoilt = is_damaged(number, settings=settings)
    original = original_of(number, settings=settings) if is_spoilt else None
    facts = article(number if original is None else original, seed=settings.seed, habits=settings.habits)
    made = draft(facts, number=number)
    return damaged(made, settings=settings) if is_spoilt else made


def _picture(photo: Photo, *, facts: Article, view: int) -> MadePicture:
    draws = Draws(facts.seed, "questions", facts.number, view)
    return MadePicture(photo, phrases(photo.truth), questions(photo.truth, draws=draws))


def _edits(facts: Article) -> tuple[ToldEdit, ...]:
    """At most one pair."""
    draws = Draws(facts.seed, "edit", facts.number)
    if not draws.chance(EDIT_SHARE):
        return ()
    from vitrina.catalogue.sample.edits import edit_pair

    for attribute in draws.shuffled(("colour", "colour", "pattern", "material", *facts.features)):
        pair = edit_pair(facts, attribute=attribute)
        if pair is not None:
            told = [
                instruction(pair, kind=facts.kind.name, language=language, draws=draws) for language in ("en", "es")
            ]
            return (ToldEdit(pair, english=told[0], spanish=told[1]),)
    return ()


def _spoken(facts: Article, *, number: int) -> tuple[Spoken, ...]:
    draws = Draws(facts.seed, "spoken", number)
    if not draws.chance(SPOKEN_SHARE) or not is_available():
        return ()
    asked = draws.choice(queries(facts.attributes))
    texts: list[tuple[Literal["description", "query"], str, Language]] = [
        ("query", asked.english, "en"),
        ("query", asked.spanish, "es"),
        ("description", _short(english_description(facts, draws=draws, words=SPOKEN_WORDS)), "en"),
        ("description", _short(spanish_description(facts, draws=draws, words=SPOKEN_WORDS)), "es"),
    ]
    return tuple(
        Spoken(what, text, language, speak(text, language=language, voice_draws=draws))
        for what, text, language in texts
    )


def _short(text: str) -> str:
    """The first sentences of a description, as many as are spoken."""
    while len(text) > MAX_CHARACTERS and ". " in text:
        text = text.rpartition(". ")[0] + "."
    return text[:MAX_CHARACTERS]
