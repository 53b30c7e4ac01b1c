import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from vitrina.tasks.regions import box_iou, box_of, connected, largest


def flooded(mask: np.ndarray) -> list[set[tuple[int, int]]]:
    """Regions by the plainest means: walk from pixel to neighbour."""
    left = {(int(y), int(x)) for y, x in np.argwhere(mask)}
    regions = []
    while left:
        region, reach = set(), [left.pop()]
        while reach:
            y, x = reach.pop()
            region.add((y, x))
            near = {(y + dy, x + dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1)} & left
            left -= near
            reach += near
        regions.append(region)
    return regions


@settings(max_examples=80, deadline=None)
@given(seed=st.integers(0, 10_000), height=st.integers(1, 14), width=st.integers(1, 14), share=st.floats(0.1, 0.9))
def test_regions_are_those_that_one_can_walk_through(seed: int, height: int, width: int, share: float):
    mask = np.random.default_rng(seed).random((height, width)) < share
    numbers, count = connected(mask)
    found = [{(int(y), int(x)) for y, x in np.argwhere(numbers == number)} for number in range(1, count + 1)]
    assert sorted(map(sorted, found)) == sorted(map(sorted, flooded(mask)))
    assert [len(each) for each in found] == sorted((len(each) for each in found), reverse=True)
    assert ((numbers > 0) == mask).all()


def test_the_largest_region_stays_with_its_hole():
    mask = np.zeros((9, 9), bool)
    mask[1:6, 1:6] = True
    mask[3, 3] = False
    mask[8, 8] = True
    kept = largest(mask)
    assert kept.sum() == 24 and not kept[8, 8]
    assert box_of(kept) == (1, 1, 6, 6)
    assert box_of(np.zeros((3, 3), bool)) is None


def test_boxes_share_what_geometry_says():
    boxes = np.array([[0, 0, 2, 2], [0, 0, 2, 2], [0, 0, 2, 2], [1, 1, 1, 1]])
    others = np.array([[0, 0, 2, 2], [1, 0, 3, 2], [5, 5, 6, 6], [1, 1, 1, 1]])
    np.testing.assert_allclose(box_iou(boxes, others), [1, 1 / 3, 0, 0])
