import torch
from torch import nn

from vitrina.models.projector import BatchNorm, Projector


def test_it_is_torchs_batch_normalisation():
    ours, theirs, x = BatchNorm(4), nn.BatchNorm1d(4), torch.randn(12, 4) * 3 + 1
    torch.testing.assert_close(ours(x), theirs(x))
    torch.testing.assert_close((ours.mean, ours.variance), (theirs.running_mean, theirs.running_var))
    torch.testing.assert_close(ours.eval()(x), theirs.eval()(x))


def test_a_row_that_stands_several_times_is_counted_so():
    x, times = torch.randn(5, 4), torch.tensor([1, 3, 1, 2, 0])
    counted, repeated = BatchNorm(4), BatchNorm(4)
    found = counted(x, times=times)
    torch.testing.assert_close(
        found[:4].repeat_interleave(times[:4], dim=0), repeated(x.repeat_interleave(times, dim=0))
    )
    torch.testing.assert_close((counted.mean, counted.variance), (repeated.mean, repeated.variance))


def test_it_is_in_float32_under_autocast():
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert BatchNorm(4)(torch.randn(3, 4).bfloat16()).dtype == torch.float32


def test_settled_is_what_evaluation_gives_and_leaves_the_moments():
    projector = Projector(6, inner=8, dimensions=4)
    projector(torch.randn(9, 6))
    rows, moments = torch.randn(3, 6), projector.norm.mean.clone()
    settled = projector.settled(rows)
    assert torch.equal(projector.norm.mean, moments)
    torch.testing.assert_close(settled, projector.eval()(rows))
