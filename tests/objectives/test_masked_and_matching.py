"""Masked prediction and matching as sums with counts and base rates."""

import math

import pytest
import torch
import torch.nn.functional as F

from vitrina.objectives.masked import masked_cross_entropy
from vitrina.objectives.matching import matching


def test_masked_cross_entropy_sums_over_masked_positions_only():
    torch.manual_seed(0)
    everywhere, targets = torch.randn(3, 5, 11), torch.randint(11, (3, 5))
    is_masked = torch.rand(3, 5) < 0.5
    loss = masked_cross_entropy(everywhere[is_masked], targets=targets, is_masked=is_masked)
    assert loss.count == is_masked.sum()
    torch.testing.assert_close(
        loss.value / loss.count,
        F.cross_entropy(everywhere.flatten(0, 1), targets.masked_fill(~is_masked, -100).flatten()),
    )
    assert loss.chance == math.log(11)


def test_nothing_masked_is_zero_over_zero_with_a_gradient_of_zeros():
    hidden = torch.randn(2, 4, 6, requires_grad=True)
    nothing = torch.zeros(2, 4, dtype=torch.bool)
    loss = masked_cross_entropy(hidden[nothing], targets=torch.zeros(2, 4, dtype=torch.long), is_masked=nothing)
    loss.value.backward()
    assert loss.value == 0 and loss.count == 0
    assert hidden.grad is not None and not hidden.grad.any()


def test_predictions_that_do_not_fit_the_mask_are_refused():
    is_masked = torch.tensor([[True, True, False]])
    with pytest.raises(ValueError):
        masked_cross_entropy(torch.zeros(3, 5), targets=torch.zeros(1, 3, dtype=torch.long), is_masked=is_masked)


@pytest.mark.parametrize(
    ("target", "chance"),
    [([0, 1], math.log(2)), ([1, 1, 0], 0.6365), ([1] * 9 + [0], 0.3251), ([1, 1], 0.0), ([], 0.0)],
)
def test_matching_stands_beside_the_entropy_of_its_prior(target: list[int], chance: float):
    loss = matching(torch.zeros(len(target), 2), target=torch.tensor(target, dtype=torch.long))
    assert loss.count == len(target)
    assert loss.value.item() == pytest.approx(len(target) * math.log(2))
    assert loss.chance == pytest.approx(chance, abs=1e-4)
