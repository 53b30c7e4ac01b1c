import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from vitrina.inspection.cases import Cases
from vitrina.inspection.counting import FrequentCounter, Worst
from vitrina.inspection.duplicates import Pairs, Unions, agreeing, by_bands, closer, grouped, verified


@given(st.lists(st.integers(0, 5), max_size=40))
def test_groups_are_those_of_a_dictionary(labels: list[int]):
    wanted: dict[int, list[int]] = {}
    for member, label in enumerate(labels):
        wanted.setdefault(label, []).append(member)
    found = [cluster.tolist() for cluster in grouped(np.array(labels, dtype=np.int64))]
    assert sorted(found) == sorted(members for members in wanted.values() if len(members) > 1)
    assert [len(each) for each in found] == sorted((len(each) for each in found), reverse=True)


def test_every_pair_within_seven_bits_is_a_candidate_among_many():
    draws = np.random.default_rng(0)
    looks = draws.integers(0, 2**63, (2000, 2)).astype(np.uint64)
    for twin in range(50):
        flips = draws.choice(128, 7, replace=False)
        copy = looks[twin].copy()
        for flip in flips.tolist():
            copy[flip // 64] ^= np.uint64(1) << np.uint64(flip % 64)
        looks[1000 + twin] = copy
    found = set()
    for pairs in by_bands(looks.view(np.uint16)):
        near = closer(pairs, looks=looks, bits=10)
        found |= {(min(pair), max(pair)) for pair in zip(near.first.tolist(), near.second.tolist(), strict=True)}
    assert found == {(twin, 1000 + twin) for twin in range(50)}


def test_a_large_bucket_stays_linear_and_still_is_one_cluster():
    bands = np.zeros((500, 8), np.uint16)
    candidates = list(by_bands(bands))
    assert sum(len(each.first) for each in candidates) <= 500 * 8 * 8
    asked = 0

    def is_same(pairs: Pairs) -> np.ndarray:
        nonlocal asked
        asked += len(pairs.first)
        return np.ones(len(pairs.first), bool)

    unions = Unions(500)
    verified(iter(candidates), unions=unions, is_same=is_same)
    assert unions.clusters().sizes().tolist() == [500]
    assert asked < 500 * 8


def test_only_confirmed_pairs_are_joined():
    unions = Unions(4)
    pairs = Pairs(np.array([0, 1, 2]), np.array([1, 2, 3]))
    verified(iter([pairs]), unions=unions, is_same=lambda asked: asked.first != 1)
    assert sorted(cluster.tolist() for cluster in unions.clusters()) == [[0, 1], [2, 3]]


def test_the_counter_keeps_what_is_frequent_in_bounded_room():
    counter = FrequentCounter(100)
    for number in range(5000):
        counter.add("often" if number % 4 == 0 else f"rare {number}")
    (name, count), *_ = counter.most_common(1)
    assert name == "often"
    assert 1250 - counter.undercount <= count <= 1250
    assert len(counter) <= 100
    assert counter.total == 5000


def test_the_worst_are_kept_in_order_and_all_are_counted():
    with Cases() as cases:
        worst = Worst(3, key="heavy", cases=cases)
        for row, severity in enumerate([1.0, 5.0, 3.0, 5.0, 2.0]):
            worst.offer(row, severity=severity, reason=f"weighs {severity:g}")
        assert [(case.row, case.detail) for case in cases.of("heavy")][1:3] == [(1, "weighs 5"), (2, "weighs 3")]
    assert worst.count == 5
    assert [-each.place for each in worst.worst()] == [1, 3, 2]


def test_candidates_that_met_by_chance_are_passed_over():
    draws = np.random.default_rng(0)
    sketches = draws.integers(0, 256, (50, 32), dtype=np.uint8)
    sketches[1] = sketches[0]
    sketches[2, :20], sketches[3, :19] = sketches[0, :20], sketches[0, :19]
    first, second = np.zeros(49, np.int64), np.arange(1, 50)
    assert agreeing(Pairs(first, second), sketches=sketches, least=20).second.tolist() == [1, 2]
