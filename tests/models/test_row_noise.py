import numpy as np
import torch

from vitrina.data.draws import uniform
from vitrina.models.row_noise import gumbel

KEYS = torch.tensor([[2, 0, 7], [2, 0, 8], [2, 1, 7]])


def test_it_is_the_hash_of_every_other_draw():
    drawn = uniform(3, KEYS.numpy(), name="grouping", shape=(4, 5))
    expected = -np.log(-np.log(drawn))
    np.testing.assert_allclose(gumbel(KEYS, name="grouping", shape=(4, 5), seed=3).numpy(), expected, rtol=1e-5)


def test_a_row_has_its_noise_wherever_it_stands():
    whole = gumbel(KEYS, name="a", shape=(3, 2), seed=0)
    assert torch.equal(gumbel(KEYS[[2, 0]], name="a", shape=(3, 2), seed=0), whole[[2, 0]])
    assert torch.equal(gumbel(KEYS, name="a", shape=(5, 2), seed=0)[:, :3], whole)


def test_rows_epochs_names_and_seeds_differ():
    whole = gumbel(KEYS, name="a", shape=(4,), seed=0)
    assert len({tuple(row.tolist()) for row in whole}) == 3
    assert not torch.equal(gumbel(KEYS, name="b", shape=(4,), seed=0), whole)
    assert not torch.equal(gumbel(KEYS, name="a", shape=(4,), seed=1), whole)


def test_it_is_finite_and_distributed_as_gumbel():
    many = torch.stack([torch.zeros(20_000), torch.arange(20_000)], dim=1).long()
    drawn = gumbel(many, name="a", shape=(5,), seed=0).double()
    assert drawn.isfinite().all()
    assert abs(drawn.mean() - 0.5772) < 0.02 and abs(drawn.var() - torch.pi**2 / 6) < 0.04
