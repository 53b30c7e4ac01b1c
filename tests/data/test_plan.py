import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vitrina.data.mixture import Mixture, Stage
from vitrina.data.permutation import permute
from vitrina.data.plan import BUCKET_BATCHES, Plan, PlannedBatch

SIZES = {"text": 37, "image": 11, "pair": 90}
GOLDEN = Path(__file__).with_name("golden_plan.json")


def lengths(epochs: np.ndarray, indices: np.ndarray) -> np.ndarray:
    """Texts whose length differs from epoch to epoch."""
    return (indices * 31 + epochs * 17) % 23


def plan(
    *, mixture: Mixture | None = None, rows: int = 6, seed: int = 5, steps: int = 400, sizes=None, buckets=False
) -> Plan:
    return Plan(
        SIZES if sizes is None else sizes,
        mixture=mixture or Mixture(),
        batch_rows=rows,
        seed=seed,
        total_steps=steps,
        text_lengths=lengths if buckets else None,
    )


def same(one: PlannedBatch, other: PlannedBatch) -> bool:
    return (
        (one.kind, one.source) == (other.kind, other.source)
        and np.array_equal(one.epochs, other.epochs)
        and np.array_equal(one.indices, other.indices)
    )


def golden_cases() -> dict[str, Plan]:
    stages = (Stage(0.3, 1, 1, 0), Stage(0.7, 0.1, 0.2, 0.7))
    return {
        "random": plan(),
        "spread": plan(mixture=Mixture(order="spread"), seed=1),
        "stages": plan(mixture=Mixture(stages=stages), rows=4, steps=50),
        "buckets": plan(mixture=Mixture(text=0.6, image=0.2, pair=0.2), buckets=True),
        "huge": plan(sizes={"pair": 3_000_000_000, "text": 12_345_678}, rows=3),
    }


@pytest.mark.parametrize("case", golden_cases())
def test_batches_never_change_between_releases(case):
    expected = json.loads(GOLDEN.read_text())[case]
    made = golden_cases()[case]
    assert made.fingerprint == expected["fingerprint"]
    for step, (kind, epochs, indices) in expected["batches"].items():
        batch = made.batch(int(step))
        assert (batch.kind, batch.epochs.tolist(), batch.indices.tolist()) == (kind, epochs, indices), f"step {step}"


@given(st.integers(1, 3000), st.integers(0, 2**64 - 1))
def test_a_permutation_reaches_every_place_once(size, key):
    places = permute(np.arange(size), sizes=np.asarray(size), keys=np.uint64(key))
    assert np.array_equal(np.sort(places), np.arange(size))


def test_permutations_of_a_small_set_are_all_about_equally_likely():
    keys = np.random.default_rng(0).integers(0, 2**64, 4800, dtype=np.uint64)
    places = permute(np.tile(np.arange(4), len(keys)), sizes=np.asarray(4), keys=np.repeat(keys, 4)).reshape(-1, 4)
    seen = Counter(map(tuple, places.tolist()))
    assert len(seen) == 24
    assert sum((count - 200) ** 2 / 200 for count in seen.values()) < 23 + 5 * 46**0.5


def test_permutations_of_different_sizes_may_be_asked_for_together():
    sizes, keys = np.array([5, 1000, 5, 17]), np.array([1, 2, 3, 4], dtype=np.uint64)
    together = permute(np.array([4, 999, 0, 16]), sizes=sizes, keys=keys)
    for row, place in enumerate((4, 999, 0, 16)):
        assert permute(np.array([place]), sizes=sizes[row], keys=keys[row])[0] == together[row]


@pytest.mark.parametrize("buckets", [False, True], ids=["as drawn", "in buckets"])
@settings(max_examples=15, deadline=None)
@given(rows=st.integers(1, 13), seed=st.integers(0, 2**40), order=st.sampled_from(["random", "spread"]))
def test_every_source_epoch_shows_every_row_once(buckets, rows, seed, order):
    made = plan(mixture=Mixture(text=0.4, image=0.2, pair=0.4, order=order), rows=rows, seed=seed, buckets=buckets)
    shown = {kind: Counter() for kind in SIZES}
    for step in range(-(-37 * 4 * 5 // (2 * rows)) + 40):
        batch = made.batch(step)
        shown[batch.kind].update(zip(batch.epochs.tolist(), batch.indices.tolist(), strict=True))
    for kind, size in SIZES.items():
        seen = shown[kind]
        assert set(seen.values()) == {1}
        # A bucket may be cut short by the last step: its rows belong to the last epochs only.
        whole = (sum(seen.values()) - (BUCKET_BATCHES * rows if buckets else 0)) // size
        assert whole >= 1
        for epoch in range(whole):
            assert {index for each, index in seen if each == epoch} == set(range(size))


@settings(deadline=None)
@given(st.integers(0, 10**6), st.sampled_from(["random", "spread"]))
def test_every_block_holds_exact_shares(block, order):
    made = plan(mixture=Mixture(order=order))
    kinds = Counter(made.batch(block * 20 + slot).kind for slot in range(20))
    assert kinds == {"text": 3, "image": 3, "pair": 14}


def test_spread_batches_of_a_kind_stand_evenly():
    made = plan(mixture=Mixture(order="spread"))
    places = [step for step in range(200) if made.batch(step).kind == "image"]
    assert set(np.diff(places)) <= {6, 7}


def test_random_blocks_differ_from_one_another():
    made = plan()
    assert len({"".join(made.batch(20 * block + slot).kind[0] for slot in range(20)) for block in range(50)}) > 45


@pytest.mark.parametrize("case", golden_cases())
def test_a_batch_depends_on_its_step_alone(case):
    forwards, backwards = golden_cases()[case], golden_cases()[case]
    first = [forwards.batch(step) for step in range(70)]
    for step in reversed(range(70)):
        assert same(backwards.batch(step), first[step])


@settings(deadline=None)
@given(st.integers(0, 60), st.sampled_from([1, 2, 3, 4, 6, 12]), st.integers(0, 12))
def test_the_ranks_together_hold_the_whole_batch_and_the_same_fused_rows(step, world, fused):
    batch = plan(rows=12).batch(step)
    shares = [batch.slice(rank, world=world, fused=fused) for rank in range(world)]
    assert {len(share) for share in shares} == {12 // world}

    def pairs(part: PlannedBatch) -> list[tuple[int, int]]:
        return list(zip(part.epochs.tolist(), part.indices.tolist(), strict=True))

    first = [(rank + 1) * fused // world - rank * fused // world for rank in range(world)]
    assert max(first) - min(first) <= 1
    mine = [pairs(share) for share in shares]
    assert Counter(row for rows, count in zip(mine, first, strict=True) for row in rows[:count]) == Counter(
        pairs(batch)[:fused]
    )
    assert Counter(row for rows in mine for row in rows) == Counter(pairs(batch))


def test_ranks_that_do_not_divide_the_batch_are_refused():
    with pytest.raises(ValueError, match="12 rows cannot be shared by 5"):
        plan(rows=12).batch(0).slice(0, world=5)


def test_far_steps_are_as_near_as_the_first():
    made = plan(sizes={"pair": 2_000_000_000}, rows=512)
    far = made.batch(10**12)
    assert (far.epochs == (10**12 * 512 + np.arange(512)) // 2_000_000_000).all()
    assert far.indices.min() >= 0 and far.indices.max() < 2_000_000_000 and len(set(far.indices.tolist())) == 512


def test_epochs_and_seeds_shuffle_afresh():
    def order(seed: int, epoch: int) -> list[int]:
        made = plan(sizes={"pair": 90}, rows=90, seed=seed)
        return made.batch(epoch).indices.tolist()

    orders = [order(0, 0), order(0, 1), order(1, 0)]
    for one, other in ((0, 1), (0, 2), (1, 2)):
        assert sum(a == b for a, b in zip(orders[one], orders[other], strict=True)) < 10


def test_stages_follow_one_another_and_no_source_starts_again():
    stages = (Stage(0.25, 1, 0, 0), Stage(0.25, 0, 1, 0), Stage(0.5, 0.5, 0, 0.5))
    made = plan(mixture=Mixture(stages=stages), rows=4, steps=81)
    batches = [made.batch(step) for step in range(120)]
    assert {batch.kind for batch in batches[:20]} == {"text"} and {batch.kind for batch in batches[20:40]} == {"image"}
    assert Counter(batch.kind for batch in batches[40:60]) == {"text": 10, "pair": 10}
    assert {batch.kind for batch in batches[81:]} == {"text", "pair"}, "the last stage goes on"
    texts = [row for batch in batches if batch.kind == "text" for row in zip(batch.epochs, batch.indices, strict=True)]
    assert len(set(texts)) == len(texts)
    assert [int(epoch) for epoch, _ in texts] == sorted(int(epoch) for epoch, _ in texts)


def test_buckets_hold_texts_of_similar_length():
    mixture = Mixture(text=1, image=0, pair=0)
    drawn, sorted_ = plan(mixture=mixture, rows=32), plan(mixture=mixture, rows=32, buckets=True)

    def padding(made: Plan) -> float:
        each = [lengths(batch.epochs, batch.indices) for batch in map(made.batch, range(80))]
        return float(np.mean([1 - found.mean() / found.max() for found in each]))

    assert padding(sorted_) < 0.4 * padding(drawn)
    means = [lengths(batch.epochs, batch.indices).mean() for batch in map(sorted_.batch, range(80))]
    assert abs(np.corrcoef(means[:-1], means[1:])[0, 1]) < 0.5, "short and long batches take turns at random"


def test_pairs_are_never_sorted_by_length():
    assert all(
        same(plan(buckets=True).batch(step), plan().batch(step))
        for step in (0, 1, 3)
        if plan().batch(step).kind == "pair"
    )
    assert "pair" in {plan().batch(step).kind for step in (0, 1, 3)}


def test_the_fingerprint_tells_every_change_of_the_sequence():
    stages = (Stage(0.5, 1, 1, 1), Stage(0.5, 0, 0, 1))
    different = [
        plan(),
        plan(seed=6),
        plan(rows=7),
        plan(mixture=Mixture(order="spread")),
        plan(sizes={**SIZES, "text": 38}),
        plan(buckets=True),
        plan(mixture=Mixture(stages=stages)),
        plan(mixture=Mixture(stages=stages), steps=401),
    ]
    assert len({each.fingerprint for each in different}) == len(different)
    assert plan().fingerprint == plan(steps=999).fingerprint, "a run may be made longer"


def test_what_the_data_lacks_is_said():
    made = plan(sizes={"pair": 4}, rows=6)
    assert {made.batch(step).kind for step in range(40)} == {"pair"}
    assert [note.split(":")[0] for note in made.notes] == [
        "No training product gives text batches",
        "No training product gives image batches",
        "Only 4 products give pair batches of 6",
    ]


def test_a_run_without_steps_or_rows_is_refused():
    with pytest.raises(ValueError, match="at least one step"):
        plan(steps=0)
    with pytest.raises(ValueError, match="batch_rows 0"):
        plan(rows=0)
