"""Which texts an article has, and in which languages."""

from vitrina.catalogue.product import Text
from vitrina.catalogue.sample.article import Article
from vitrina.catalogue.sample.draws import Draws
from vitrina.catalogue.sample.english import english_description, english_title
from vitrina.catalogue.sample.spanish import spanish_description, spanish_title

LANGUAGE_SHARES = {"en": 0.35, "es": 0.30, "en+es": 0.35}
"""Languages of the products that have texts."""

DESCRIPTION_SHARE = 0.85
"""Share of the languages of a product in which it has a description beside its title."""

SECOND_TITLE_SHARE = 0.15
"""Share of the languages of a product in which it has a second title in other words."""


def texts_of(facts: Article) -> tuple[tuple[Text, ...], tuple[Text, ...]]:
    """Titles and descriptions of an article, each in the languages that this article has."""
    presence = Draws(facts.seed, "texts", facts.number)
    titles, descriptions = [], []
    for language in presence.weighted(LANGUAGE_SHARES).split("+"):
        title, description = (
            (english_title, english_description) if language == "en" else (spanish_title, spanish_description)
        )
        for at in range(2 if presence.chance(SECOND_TITLE_SHARE) else 1):
            text = Text(title(facts, draws=Draws(facts.seed, "title", language, at, facts.number)), language)
            if text not in titles:
                titles.append(text)
        if presence.chance(DESCRIPTION_SHARE):
            draws = Draws(facts.seed, "description", language, facts.number)
            descriptions.append(Text(description(facts, draws=draws), language))
    return tuple(titles), tuple(descriptions)
