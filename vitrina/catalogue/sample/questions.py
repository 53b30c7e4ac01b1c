"""Questions about a picture with one right answer each, in English and Spanish.

A question alone shall say little about its answer: answers are drawn first, then a question that has that answer, and
what is common among the sample's articles (black, plain, one of a kind) is asked for less often. The vocabularies of
answers are closed: `questions_words.answers`.
"""

from collections.abc import Callable

from vitrina.catalogue.sample.draws import Draws
from vitrina.catalogue.sample.phrases import LANGUAGES
from vitrina.catalogue.sample.phrases_scene import Scene
from vitrina.catalogue.sample.questions_counts import how_many, is_there
from vitrina.catalogue.sample.questions_looks import is_colour, which_brand, which_colour, which_pattern, which_shape
from vitrina.catalogue.sample.questions_places import further, larger, on_which_side, same_colour, what_is_beside
from vitrina.catalogue.sample.questions_view import View
from vitrina.catalogue.sample.truth import PictureTruth, Question

_ASKED: tuple[Callable[[View], Question | None], ...] = (
    which_colour,
    which_pattern,
    which_shape,
    which_brand,
    how_many,
    larger,
    further,
    same_colour,
    is_there,
    is_colour,
    on_which_side,
    what_is_beside,
)


def questions(truth: PictureTruth, *, draws: Draws) -> tuple[Question, ...]:
    """At most a dozen questions in each language about a picture; fewer where it shows little.

    None rests on what is hidden, or on a difference that is hard to see.
    """
    scene = Scene.of(truth)
    found: list[Question] = []
    for language in LANGUAGES:
        view = View(scene, language, draws)
        found.extend(question for ask in _ASKED if (question := ask(view)) is not None)
    return tuple(found)
