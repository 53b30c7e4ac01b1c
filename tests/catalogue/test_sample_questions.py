"""Questions about pictures: each has the one right answer, and says little about it by itself."""

import re
from collections import Counter, defaultdict
from functools import cache

import pytest
from catalogue.sample_answers import right_answers
from catalogue.test_sample_phrases import crowd, picture, seen

from vitrina.catalogue.sample.article import article
from vitrina.catalogue.sample.draws import Draws
from vitrina.catalogue.sample.kinds import KINDS
from vitrina.catalogue.sample.questions import questions
from vitrina.catalogue.sample.questions_words import SHAPE_QUESTIONS, answers
from vitrina.catalogue.sample.studio import photograph
from vitrina.catalogue.sample.truth import PictureTruth, Question

ABOUT = ("attribute", "count", "comparison", "yes/no", "spatial")
ALL_SIDES = re.compile(r" (?:left|right|above|below|further|izquierda|derecha|encima|debajo|arriba|abajo)\b")


@cache
def asked() -> tuple[tuple[PictureTruth, tuple[Question, ...]], ...]:
    """Drawn pictures of all settings and made-up crowds, with their questions."""
    drawn = [photograph(article(number * 5, seed=8), view=number % 3).truth for number in range(240)]
    truths = [*drawn, *(crowd(number) for number in range(300, 500))]
    return tuple((truth, questions(truth, draws=Draws("asked", at))) for at, truth in enumerate(truths))


def every(language: str, about: str) -> list[Question]:
    return [each for _, made in asked() for each in made if each.language == language and each.about == about]


@pytest.mark.parametrize("language", ["en", "es"])
def test_a_second_reader_gives_the_same_answer_to_every_question(language):
    read = Counter()
    for truth, made in asked():
        for each in made:
            if each.language == language:
                right = right_answers(each.question, language=language, truth=truth)
                assert right == {each.answer}, f"{each.question} {each.answer}? {truth.objects}"
                read[each.about] += 1
    assert set(read) == set(ABOUT) and min(read.values()) > 80


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize("about", ABOUT)
def test_answers_come_from_a_closed_vocabulary(language, about):
    given = {each.answer for each in every(language, about)}
    assert given <= answers(about, language=language)
    assert len(given) > 1


@pytest.mark.parametrize("language", ["en", "es"])
def test_yes_and_no_are_as_likely(language):
    for about in ("yes/no", "comparison", "spatial"):
        given = Counter(each.answer for each in every(language, about) if each.answer in ("yes", "no", "sí"))
        share = given["no"] / sum(given.values())
        spread = 0.5 / sum(given.values()) ** 0.5
        assert abs(share - 0.5) < 4 * spread, f"{about}: {given}"


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize(
    ("about", "most"), [("attribute", 0.35), ("count", 0.55), ("comparison", 0.5), ("yes/no", 0.6), ("spatial", 0.5)]
)
def test_a_question_alone_says_little_about_its_answer(language, about, most):
    """Answered by the commonest answer to the same words in other pictures, backing off to the question's beginning."""
    told: defaultdict[str, Counter[str]] = defaultdict(Counter)
    right, made = (
        0,
        [each for _, own in asked()[:240] for each in own if (each.language, each.about) == (language, about)],
    )
    for at, each in enumerate(made):
        keys = [each.question, " ".join(each.question.split()[:3]), ""]
        if at >= len(made) // 2:
            known = next(told[key] for key in keys if sum(told[key].values()) >= 3 or not key)
            right += known.most_common(1)[0][0] == each.answer
        else:
            for key in keys:
                told[key][each.answer] += 1
    share = right / (len(made) - len(made) // 2)
    assert share < most, f"{share:.0%} of the answers can be guessed"


def test_counts_of_none_one_and_several_are_asked_for():
    for language in ("en", "es"):
        given = Counter(each.answer for each in every(language, "count"))
        assert min(given["0"], given["1"]) > 60 and sum(given[str(count)] for count in range(2, 9)) > 60


def test_no_question_is_asked_twice_of_a_picture():
    for _, made in asked():
        texts = [(each.question, each.language) for each in made]
        assert len(texts) == len(set(texts))


def test_the_draws_decide_and_nothing_else():
    truth = crowd(301)
    assert questions(truth, draws=Draws(1)) == questions(truth, draws=Draws(1))
    assert len({questions(truth, draws=Draws(at)) for at in range(12)}) > 6


def test_what_can_hardly_be_seen_is_not_asked_about():
    hidden = picture(seen("mug", box=(10, 10, 90, 90), share=0.3))
    for at in range(40):
        assert not [each for each in questions(hidden, draws=Draws(at)) if " mug" in each.question]


def test_things_almost_side_by_side_are_not_compared():
    close = picture(
        seen("mug", box=(50, 50, 100, 100), colour="red", pattern="plain"),
        seen("lamp", box=(53, 48, 103, 101), colour="green", pattern="plain"),
    )
    apart = picture(
        seen("mug", box=(5, 50, 55, 100), colour="red", pattern="plain"),
        seen("lamp", box=(120, 55, 170, 102), colour="green", pattern="plain"),
    )
    for truth, is_asked in ((close, False), (apart, True)):
        made = [each for at in range(30) for each in questions(truth, draws=Draws(at))]
        assert bool([each for each in made if each.about == "spatial"]) == is_asked
        assert bool([each for each in made if ALL_SIDES.search(each.question)]) == is_asked


def test_nobody_is_asked_for_a_colour_that_is_taken_for_the_own_one():
    navy = picture(seen("mug", box=(10, 10, 90, 90), colour="navy", pattern="plain"))
    made = [
        each for at in range(120) for each in questions(navy, draws=Draws(at)) if each.question.startswith("Is the mug")
    ]
    assert {each.answer for each in made} == {"yes", "no"}
    assert not [each for each in made if each.question in ("Is the mug blue?", "Is the mug black?")]


def test_a_colour_question_does_not_tell_the_colour():
    for _, made in asked():
        for each in made:
            if each.about == "attribute" and each.language == "en" and each.question.startswith("What colour"):
                assert each.answer not in each.question.rstrip("?").split()


def test_every_feature_of_every_kind_can_be_asked_for():
    assert set(SHAPE_QUESTIONS) == {feature for kind in KINDS.values() for feature in kind.features}


def test_an_empty_picture_raises_no_questions():
    assert questions(picture(), draws=Draws(1)) == ()
