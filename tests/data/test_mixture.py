import json
from dataclasses import asdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vitrina.data.mixture import Mixture, Stage, block_counts, keep_available
from vitrina.data.sources import KINDS

SHARES = st.floats(0, 1, allow_subnormal=False).filter(lambda share: share == 0 or share > 1e-4)


def counts(text: float, image: float, pair: float) -> tuple[int, ...]:
    found = block_counts(Stage(1.0, text, image, pair))
    return tuple(found[kind] for kind in KINDS)


def test_the_published_mixture_is_3_3_14_of_20():
    assert counts(0.15, 0.15, 0.70) == (3, 3, 14)


@pytest.mark.parametrize(
    ("shares", "expected"),
    [
        ((0, 0, 1), (0, 0, 20)),
        ((1, 1, 1), (7, 7, 7)),
        ((0, 0.15, 0.70), (0, 6, 28)),
        ((0.01, 0, 0.99), (1, 0, 99)),
        ((15, 15, 70), (3, 3, 14)),
    ],
)
def test_a_block_is_the_smallest_that_meets_the_shares_exactly(shares, expected):
    assert counts(*shares) == expected


@given(SHARES, SHARES, SHARES)
def test_any_shares_are_met_to_a_thousandth_and_none_asked_for_is_left_out(text, image, pair):
    shares = (text, image, pair)
    if sum(shares) == 0:
        return
    found = counts(*shares)
    length = sum(found)
    assert 20 <= length <= 1000
    for share, count in zip(shares, found, strict=True):
        assert (count > 0) == (share > 0)
        assert abs(count / length - share / sum(shares)) <= 2.5e-3


def test_absent_kinds_give_their_share_to_the_others_with_words():
    found = keep_available(Mixture(), ["pair", "image"])
    assert (found.mixture.text, found.mixture.image, found.mixture.pair) == (0, 0.15, 0.70)
    assert found.notes == (
        "No training product gives text batches: their 15% go to the others, now image 18%, pair 82%.",
    )


def test_a_kind_that_nobody_asked_for_is_not_missed():
    assert keep_available(Mixture(text=0, image=0, pair=1), ["pair"]).notes == ()


def test_a_mixture_of_absent_kinds_only_is_refused():
    with pytest.raises(ValueError, match=r"asks for image batches only.*give pair, text"):
        keep_available(Mixture(text=0, image=1, pair=0), ["text", "pair"])
    stages = (Stage(0.5, 1, 0, 0), Stage(0.5, 0, 0, 1))
    with pytest.raises(ValueError, match="stage 1"):
        keep_available(Mixture(stages=stages), ["pair"])


def test_stages_lose_absent_kinds_each_for_itself():
    stages = (Stage(0.5, 1, 0, 1), Stage(0.5, 0, 0, 1))
    found = keep_available(Mixture(stages=stages), ["pair"])
    assert found.mixture.stages == (Stage(0.5, 0, 0, 1), Stage(0.5, 0, 0, 1))
    assert len(found.notes) == 1 and "stage 1" in found.notes[0]


@pytest.mark.parametrize(
    "wrong",
    [
        {"text": -0.1},
        {"pair": float("nan")},
        {"text": 0, "image": 0, "pair": 0},
        {"order": "shuffled"},
        {"stages": (Stage(0.0, 1, 1, 1),)},
        {"stages": (Stage(1.0, 0, 0, 0),)},
    ],
)
def test_a_mixture_that_makes_no_sense_is_refused(wrong):
    with pytest.raises(ValueError, match="mixture"):
        Mixture(**wrong)


def test_a_mixture_goes_through_json_and_back():
    mixture = Mixture(order="spread", stages=(Stage(0.25, 1, 1, 0), Stage(0.75, 0.15, 0.15, 0.7)))
    read = json.loads(json.dumps(asdict(mixture)))
    read["stages"] = tuple(Stage(**stage) for stage in read["stages"])
    assert Mixture(**read) == mixture


def test_shares_written_as_whole_numbers_are_those_that_a_stored_recipe_has():
    mixture = Mixture(text=0, image=0, pair=1, stages=(Stage(1, 0, 1, 1, {"toys": 3}),), temperature=2)
    read = json.loads(json.dumps(asdict(mixture)))
    written = [read["pair"], read["temperature"], *read["stages"][0].values()]
    assert [type(each) for each in written] == [float, float, float, float, float, float, dict]
    assert type(read["stages"][0]["domains"]["toys"]) is float
