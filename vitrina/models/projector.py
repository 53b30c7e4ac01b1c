"""GroupViT's way into the shared space: two layers with batch normalisation between, over the whole step's batch."""

import torch
from torch import Tensor, nn

from vitrina.models.layers import initialise
from vitrina.objectives.ranks import summed


class Projector(nn.Module):
    """Linear, batch normalisation, ReLU, linear (Xu et al. 2022, section 4.1): (n, width) -> (n, dimensions).

    `mapped` goes as far as each row goes by itself, and may run on pieces of the rows; `finished` has them all.
    """

    def __init__(self, width: int, *, inner: int, dimensions: int) -> None:
        super().__init__()
        self.inner = nn.Linear(width, inner)
        self.norm = BatchNorm(inner)
        self.out = nn.Linear(inner, dimensions)
        self.apply(initialise)

    def forward(self, x: Tensor) -> Tensor:
        return self.finished(self.mapped(x))

    def mapped(self, x: Tensor) -> Tensor:
        return self.inner(x)

    def finished(self, mapped: Tensor, *, times: Tensor | None = None) -> Tensor:
        """`times` (n,) says how often each row stands in the batch, for its moments; None is once."""
        return self.out(self.norm(mapped, times=times).relu())

    def settled(self, x: Tensor) -> Tensor:
        """As `forward` in evaluation, whatever the mode: by the running moments."""
        return self.out(self.norm.by_moments(self.inner(x), mean=self.norm.mean, variance=self.norm.variance).relu())


class BatchNorm(nn.Module):
    """Batch normalisation (Ioffe & Szegedy 2015, algorithm 1) as `torch.nn.BatchNorm1d`, over the ranks' rows together.

    In float32 under autocast. In evaluation mode the running moments stand in, and a row depends on no other.
    """

    EPS = 1e-5
    MOMENTUM = 0.1  # the weight of a new batch in the running moments

    mean: Tensor
    variance: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.register_buffer("mean", torch.zeros(channels))
        self.register_buffer("variance", torch.ones(channels))

    def forward(self, x: Tensor, *, times: Tensor | None = None) -> Tensor:
        """(n, d) -> (n, d) float32; in training there are two rows at least, over all ranks."""
        with torch.autocast(x.device.type, enabled=False):
            x = x.float()
            mean, variance = self._moments(x, times) if self.training else (self.mean, self.variance)
            return self.by_moments(x, mean=mean, variance=variance)

    def by_moments(self, x: Tensor, *, mean: Tensor, variance: Tensor) -> Tensor:
        """(n, d) -> (n, d) by the mean and the variance, both (d,)."""
        return (x - mean) * ((variance + self.EPS).rsqrt() * self.weight) + self.bias

    def _moments(self, x: Tensor, times: Tensor | None) -> tuple[Tensor, Tensor]:
        times = x.new_ones(len(x), 1) if times is None else times.float()[:, None]
        rows = summed(times.sum(dim=0))
        mean = summed((x * times).sum(dim=0)) / rows
        variance = summed(((x - mean).square() * times).sum(dim=0)) / rows
        with torch.no_grad():
            self.mean.lerp_(mean, self.MOMENTUM)
            self.variance.lerp_(variance * (rows / (rows - 1)), self.MOMENTUM)
        return mean, variance
