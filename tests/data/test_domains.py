"""Mixtures that tell business domains apart."""

import json
from collections import Counter
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vitrina.data.domains import domain_counts, keep_available_domains
from vitrina.data.mixture import Mixture, Stage
from vitrina.data.plan import BUCKET_BATCHES, Plan, PlannedBatch
from vitrina.data.sources import KINDS

GOLDEN = Path(__file__).with_name("golden_plan.json")

# Fashion stands together, grocery and home lie scattered; home has no pictures without a text.
MEMBERS = {
    "text": {"fashion": range(10, 31), "grocery": np.array([0, 2, 4, 6, 8]), "home": np.array([1, 3, 5, 7, 9])},
    "image": {"fashion": range(7), "grocery": range(7, 11)},
    "pair": {"grocery": np.arange(0, 90, 3), "home": np.arange(1, 90, 3), "fashion": np.arange(2, 90, 3)},
}
SIZES = {"text": 31, "image": 11, "pair": 90}
WEIGHTS = {"fashion": 2.0, "grocery": 1.0, "home": 1.0}


def lengths(epochs: np.ndarray, indices: np.ndarray) -> np.ndarray:
    return (indices * 31 + epochs * 17) % 23


def plan(mixture: Mixture | None = None, *, rows=6, seed=5, steps=400, members=None, buckets=False) -> Plan:
    members = MEMBERS if members is None else members
    return Plan(
        {kind: sum(map(len, members[kind].values())) for kind in members},
        mixture=mixture or Mixture(domains=WEIGHTS),
        batch_rows=rows,
        seed=seed,
        total_steps=steps,
        text_lengths=lengths if buckets else None,
        domains=members,
    )


def cells(made: Plan, steps) -> Counter:
    return Counter((batch.kind, batch.domain) for batch in map(made.batch, steps))


def rows_of(batch: PlannedBatch) -> list[tuple[int, int]]:
    return list(zip(batch.epochs.tolist(), batch.indices.tolist(), strict=True))


def golden_cases() -> dict[str, Plan]:
    stages = (Stage(0.3, 1, 1, 1, {"fashion": 1}), Stage(0.7, 0.1, 0.2, 0.7))
    return {
        "domains": plan(buckets=True),
        "domains in stages": plan(Mixture(stages=stages, temperature=2.0, order="spread"), rows=4, steps=60),
    }


@pytest.mark.parametrize("case", golden_cases())
def test_batches_by_domain_never_change_between_releases(case):
    expected = json.loads(GOLDEN.read_text())[case]
    made = golden_cases()[case]
    assert made.fingerprint == expected["fingerprint"]
    for step, (kind, domain, epochs, indices) in expected["batches"].items():
        batch = made.batch(int(step))
        found = (batch.kind, batch.domain, batch.epochs.tolist(), batch.indices.tolist())
        assert found == (kind, domain, epochs, indices), f"step {step}"


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from(["random", "spread"]))
def test_every_block_holds_exact_shares_of_kinds_and_domains(block, order):
    members = MEMBERS | {"image": {**MEMBERS["image"], "home": range(11, 20)}}
    made = plan(Mixture(domains=WEIGHTS, order=order), members=members)
    assert cells(made, range(block * 80, block * 80 + 80)) == {
        (kind, domain): int(Fraction(count, 20) * Fraction(int(weight), 4) * 80)
        for kind, count in zip(KINDS, (3, 3, 14), strict=True)
        for domain, weight in WEIGHTS.items()
    }


@given(st.integers(0, 500), st.booleans())
def test_a_batch_holds_one_domain_and_that_is_known_before_its_rows(step, buckets):
    made = plan(buckets=buckets)
    batch = made.batch(step)
    assert batch.domain is not None
    assert made.domain_of(step) == batch.domain
    assert set(batch.indices.tolist()) <= set(MEMBERS[batch.kind][batch.domain])
    assert made.members(batch.kind, domain=batch.domain).tolist() == list(MEMBERS[batch.kind][batch.domain])
    assert made.members("image", domain="home").tolist() == []


@pytest.mark.parametrize("buckets", [False, True], ids=["as drawn", "in buckets"])
@settings(max_examples=5, deadline=None)
@given(rows=st.integers(1, 9), seed=st.integers(0, 2**40), order=st.sampled_from(["random", "spread"]))
def test_every_epoch_of_a_kind_and_domain_shows_every_row_once(buckets, rows, seed, order):
    even = Mixture(text=0.4, image=0.2, pair=0.4, order=order, domains=dict.fromkeys(WEIGHTS, 1))
    made = plan(even, rows=rows, seed=seed, buckets=buckets)
    shown = {(kind, name): Counter() for kind, names in MEMBERS.items() for name in names}
    for step in range(800 // rows + 200):
        batch = made.batch(step)
        shown[batch.kind, batch.domain].update(rows_of(batch))
    for (kind, name), seen in shown.items():
        members = list(MEMBERS[kind][name])
        assert set(seen.values()) == {1}
        # A bucket may be cut short by the last step: its rows belong to the last epochs only.
        whole = (sum(seen.values()) - (BUCKET_BATCHES * rows if buckets else 0)) // len(members)
        assert whole >= 1
        for epoch in range(whole):
            assert {index for each, index in seen if each == epoch} == set(members)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(0, 90), min_size=3, max_size=3).map(sorted), st.sampled_from(list(golden_cases())))
def test_the_rows_of_a_stretch_are_those_of_its_parts(bounds, case):
    first, middle, last = bounds

    def rows(made: Plan, start: int, stop: int) -> list:
        return [(batch.kind, batch.domain, rows_of(batch)) for batch in map(made.batch, range(start, stop))]

    one, other = golden_cases()[case], golden_cases()[case]
    assert rows(one, first, last) == [*rows(one, first, middle), *rows(other, middle, last)]


@settings(deadline=None)
@given(st.integers(0, 60), st.sampled_from([1, 2, 3, 4, 6, 12]), st.integers(0, 12))
def test_the_ranks_together_hold_the_batch_of_one_domain(step, world, fused):
    batch = plan(rows=12).batch(step)
    shares = [batch.slice(rank, world=world, fused=fused) for rank in range(world)]
    assert {(share.kind, share.domain) for share in shares} == {(batch.kind, batch.domain)}
    assert Counter(row for share in shares for row in rows_of(share)) == Counter(rows_of(batch))


def test_a_domain_more_leaves_the_order_of_the_others_as_it_was():
    def pairs(made: Plan) -> list:
        batches = [made.batch(step) for step in range(300)]
        return [row for batch in batches if (batch.kind, batch.domain) == ("pair", "fashion") for row in rows_of(batch)]

    alone, among = pairs(plan(Mixture(domains={"fashion": 1}))), pairs(plan())
    assert len(among) > 200
    assert alone[: len(among)] == among


def test_a_domain_may_appear_in_a_later_stage_and_the_first_goes_on_where_it_was():
    stages = (Stage(0.5, 0, 0, 1, {"fashion": 1}), Stage(0.5, 0, 0, 1, {"fashion": 1, "grocery": 3}))
    made = plan(Mixture(stages=stages), rows=4, steps=40)
    assert cells(made, range(20)) == {("pair", "fashion"): 20}
    assert cells(made, range(20, 40)) == {("pair", "fashion"): 5, ("pair", "grocery"): 15}
    batches = [made.batch(step) for step in range(120)]
    for domain in ("fashion", "grocery"):
        rows = [row for batch in batches if batch.domain == domain for row in rows_of(batch)]
        assert len(set(rows)) == len(rows)
        assert [epoch for epoch, _ in rows] == [number // 30 for number in range(len(rows))]


def test_stages_without_domains_beside_one_that_has_meet_the_data_as_they_are():
    stages = (Stage(0.5, 0, 1, 0), Stage(0.5, 0, 1, 0, {"grocery": 1}))
    made = plan(Mixture(stages=stages), steps=44)
    assert cells(made, range(22)) == {("image", "fashion"): 14, ("image", "grocery"): 8}
    assert cells(made, range(22, 44)) == {("image", "grocery"): 22}


def test_stages_without_domains_take_the_mixtures():
    stages = (Stage(0.5, 0, 0, 1), Stage(0.5, 0, 0, 1, {"grocery": 1}))
    made = plan(Mixture(stages=stages, domains={"home": 1}), steps=40)
    assert [made.domain_of(step) for step in (0, 19, 20, 39)] == ["home", "home", "grocery", "grocery"]


@settings(deadline=None)
@given(
    st.dictionaries(st.sampled_from("abcdef"), st.integers(1, 10**9), min_size=1),
    st.one_of(st.none(), st.floats(0.3, 50)),
    st.one_of(st.just({}), st.just({"a": 3.0, "b": 1.0})),
)
def test_shares_follow_weights_and_sizes_to_the_power_of_one_over_the_temperature(sizes, temperature, weights):
    sizes = sizes | {"a": 7}
    stage = Stage(1.0, 0.15, 0.15, 0.7, weights)
    found = domain_counts(stage, sizes=dict.fromkeys(KINDS, sizes), temperature=temperature)
    length = sum(found.values())
    assert 20 <= length <= 1000
    wanted = {
        name: (weights.get(name, 0.0) if weights else 1.0)
        * (float(size) ** (1 / temperature) if temperature else 1.0 if weights else float(size))
        for name, size in sizes.items()
    }
    for kind, share in zip(KINDS, (3, 3, 14), strict=True):
        of_kind = {name: found.get((kind, name), 0) for name in sizes}
        assert sum(of_kind.values()) * 20 == share * length, "kinds keep their exact shares"
        for name, count in of_kind.items():
            assert (count > 0) == (wanted[name] > 0)
            # One batch at least for each, and one of rounding.
            exact = wanted[name] / sum(wanted.values()) * share / 20
            assert abs(count / length - exact) <= (1 + len(sizes)) / length


def test_a_high_temperature_treats_domains_alike_and_a_temperature_of_one_as_they_are():
    sizes = {kind: {"big": 900, "small": 100} for kind in KINDS}
    stage = Stage(1.0, 0, 0, 1)
    assert domain_counts(stage, sizes=sizes, temperature=1) == {("pair", "big"): 18, ("pair", "small"): 2}
    assert domain_counts(stage, sizes=sizes, temperature=1e9) == {("pair", "big"): 10, ("pair", "small"): 10}


def test_more_domains_than_a_block_has_batches_make_the_block_longer():
    names = {f"domain {number}": 10**number % 97 + 1 for number in range(400)}
    found = domain_counts(Stage(1.0, 0.15, 0.15, 0.7), sizes=dict.fromkeys(KINDS, names), temperature=None)
    assert min(found.values()) == 1 and len(found) == 1200
    by_kind = {kind: sum(count for (each, _), count in found.items() if each == kind) for kind in KINDS}
    assert by_kind["text"] * 14 == by_kind["pair"] * 3 and by_kind["text"] >= 400


def test_a_domain_that_lacks_a_kind_gives_its_share_to_the_others_with_words():
    made = plan()
    assert any("No training product of home gives image batches: their share of these goes to fashion, grocery" in each
               for each in made.notes)  # fmt: skip
    found = cells(made, range(240))
    assert found["image", "fashion"] == 2 * found["image", "grocery"]
    assert sum(found["image", name] for name in WEIGHTS) * 14 == sum(found["pair", name] for name in WEIGHTS) * 3


def test_a_kind_that_no_domain_of_a_stage_has_goes_to_the_other_kinds():
    stages = (Stage(0.5, 0, 1, 1, {"home": 1}), Stage(0.5, 0, 1, 1))
    made = plan(Mixture(stages=stages), steps=80)
    assert {kind for kind, _ in cells(made, range(40))} == {"pair"}
    assert {kind for kind, _ in cells(made, range(40, 80))} == {"pair", "image"}
    assert made.notes[0].startswith("No training product of home gives image batches in stage 1: their 50% go to")
    with pytest.raises(ValueError, match="image batches only, but the training products of home have none"):
        plan(Mixture(text=0, image=1, pair=0, domains={"home": 1}))


def test_domains_without_a_weight_are_left_out_with_words_and_a_weight_of_nothing_is_meant():
    notes = plan(Mixture(domains={"fashion": 1})).notes
    assert "The mixture gives no weight to grocery, home: their products are left out." in notes
    meant = plan(Mixture(domains={"fashion": 1, "grocery": 0, "home": 0}))
    assert not any("left out" in note for note in meant.notes)
    assert {domain for _, domain in cells(meant, range(60))} == {"fashion"}


@pytest.mark.parametrize("weights", [{"grocer": 1}, {"fashion": 1, "grocer": 0}])
def test_an_unknown_domain_is_refused_with_those_there_are(weights):
    with pytest.raises(ValueError, match=r"domain 'grocer'.*the nearest is 'grocery'.*There are: fashion, grocery, ho"):
        plan(Mixture(domains=weights))
    with pytest.raises(ValueError, match=r"There are: none"):
        keep_available_domains(Mixture(domains=weights), sizes={})


def test_a_small_domain_is_said_to_repeat_itself():
    assert "Only 5 products of home give text batches of 6: a batch repeats some of them." in plan().notes


def test_the_fingerprint_tells_mixtures_and_members_apart_but_not_how_members_are_kept():
    other = {**MEMBERS, "image": {"fashion": range(4, 11), "grocery": range(4)}}
    different = [
        plan(),
        plan(Mixture(domains=WEIGHTS | {"home": 2})),
        plan(Mixture(domains=WEIGHTS, temperature=1)),
        plan(Mixture(domains=WEIGHTS, stages=(Stage(1, 1, 1, 1),))),
        plan(members=other),
        plan(members={**MEMBERS, "text": {**MEMBERS["text"], "home": np.array([1, 3, 5, 8, 9])}}),
    ]
    assert len({each.fingerprint for each in different}) == len(different)
    listed = {kind: {name: np.array(each) for name, each in names.items()} for kind, names in MEMBERS.items()}
    assert plan(members=listed).fingerprint == plan().fingerprint
    assert all(rows_of(plan(members=listed).batch(step)) == rows_of(plan().batch(step)) for step in range(30))


def test_far_steps_of_huge_domains_are_as_near_as_the_first():
    members = {"pair": {"a": range(1_500_000_000), "b": range(1_500_000_000, 2_000_000_000)}}
    made = plan(Mixture(text=0, image=0, pair=1, temperature=1), members=members, rows=512)
    far = [made.batch(10**12 + number) for number in range(20)]
    assert Counter(batch.domain for batch in far) == {"a": 15, "b": 5}
    for batch in far:
        assert batch.indices.min() >= members["pair"][batch.domain].start
        assert batch.indices.max() < members["pair"][batch.domain].stop
        assert len(set(batch.indices.tolist())) == 512


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"domains": {"fashion": -1.0}}, r"mixture\.domains\.fashion is -1"),
        ({"domains": {"fashion": float("nan")}}, r"mixture\.domains\.fashion is nan"),
        ({"domains": {"fashion": 0.0}}, r"every weight is 0"),
        ({"domains": {" ": 1.0}}, "domain without a name"),
        ({"stages": (Stage(1, 1, 1, 1, {"x": -2.0}),)}, r"mixture\.stages\[0\]\.domains\.x is -2"),
        ({"temperature": 0.0}, r"mixture\.temperature is 0"),
        ({"temperature": float("inf")}, r"mixture\.temperature is inf"),
    ],
)
def test_weights_that_make_no_sense_are_refused(wrong, words):
    with pytest.raises(ValueError, match=words):
        Mixture(**wrong)
