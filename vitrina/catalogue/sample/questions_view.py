"""What a question is asked from: the things of a picture in one language, and the draws that choose among them."""

from dataclasses import dataclass

from vitrina.catalogue.sample.draws import Draws
from vitrina.catalogue.sample.kinds import KINDS
from vitrina.catalogue.sample.phrases import MAX_THINGS, ranked, told_apart
from vitrina.catalogue.sample.phrases_grammar import Name
from vitrina.catalogue.sample.phrases_scene import Scene, Thing
from vitrina.catalogue.sample.phrases_write import names, phrase
from vitrina.catalogue.sample.questions_words import NO, YES, About
from vitrina.catalogue.sample.truth import Language, Question


@dataclass(frozen=True)
class Named:
    """A thing, the words that point at it alone, with their article, and the name that verbs agree with."""

    thing: Thing
    words: str
    name: Name


@dataclass(frozen=True)
class View:
    """The things of a picture in one language."""

    scene: Scene
    language: Language
    draws: Draws

    def clear(self) -> list[Thing]:
        """Things that can clearly be seen, in random order; of a crowd some."""
        return self.draws.shuffled([thing for thing in self.scene.wholes if thing.is_clear])[:MAX_THINGS]

    def told(self, thing: Thing, *, without: frozenset[str] = frozenset()) -> Named | None:
        """The thing in the fewest words that tell it apart by what it looks like, and not by where it is or how large;
        None where no words do, without naming these attributes."""
        known = names(thing.kind, is_piece=thing.is_piece, language=self.language)
        if not known:
            return None
        reference = told_apart(thing, known[0], scene=self.scene, language=self.language, without=without)
        if reference is None:
            return None
        return Named(thing, phrase(reference, language=self.language, draws=self.draws), known[0])

    def named(self, thing: Thing, *, without: frozenset[str] = frozenset()) -> Named | None:
        """The thing in words that point at it alone: by name, colour and pattern, by its place, or by its shape."""
        simple = self.told(thing, without=without | set(KINDS[thing.kind].features))
        known = names(thing.kind, is_piece=thing.is_piece, language=self.language)
        if simple is not None or not known:
            return simple
        places = ranked(thing, known[0], told=(), scene=self.scene, language=self.language)
        if not places:
            return self.told(thing, without=without)
        words = phrase(self.draws.choice(places), language=self.language, draws=self.draws)
        return Named(thing, words, known[0])

    def question(self, english: str, spanish: str, *, answer: str, about: About) -> Question:
        """A question in this view's language."""
        text = english if self.language == "en" else spanish
        return Question(text, answer, self.language, about)

    def yes_no(self, english: str, spanish: str, *, is_so: bool, about: About) -> Question:
        """A question that is answered by yes or no."""
        return self.question(english, spanish, answer=(YES if is_so else NO)[self.language], about=about)


def verb(name: Name, *, one: str, many: str) -> str:
    """The form of a verb that goes with a name."""
    return many if name.is_plural else one
