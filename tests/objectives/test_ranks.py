"""What ranks compute together has the gradients of one process that holds all rows."""

from pathlib import Path

import torch
from torch import Tensor, multiprocessing
from torch import distributed as dist

from vitrina.objectives.ranks import gathered, summed


def rows() -> Tensor:
    return torch.randn(6, 3, generator=torch.Generator().manual_seed(0))


def loss_of(mine: Tensor, *, everybody: Tensor, total: Tensor) -> Tensor:
    """Each row's own term looks at all rows and at their sum."""
    return ((mine @ everybody.T).square().sum(dim=1) + (mine * total).sum(dim=1).sin()).sum()


def test_alone_nothing_is_exchanged():
    mine = rows()
    assert gathered(mine) is mine and summed(mine) is mine


def test_the_gradients_of_two_ranks_are_those_of_all_rows_together(tmp_path: Path):
    multiprocessing.spawn(_one_of_two, args=(str(tmp_path),), nprocs=2)  # type: ignore[attr-defined]
    halves = [torch.frombuffer(bytearray((tmp_path / f"{rank}").read_bytes()), dtype=torch.float32) for rank in (0, 1)]
    whole = rows().requires_grad_()
    loss = loss_of(whole, everybody=whole, total=whole.sum(dim=0))
    loss.backward()
    assert whole.grad is not None
    torch.testing.assert_close(halves[0][0] + halves[1][0], loss.detach())
    torch.testing.assert_close(torch.cat([half[1:] for half in halves]).view(6, 3), whole.grad)


def _one_of_two(rank: int, folder: str) -> None:
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{folder}/meet", rank=rank, world_size=2)
    mine = rows()[3 * rank : 3 * rank + 3].requires_grad_()
    assert torch.equal(gathered(torch.tensor([rank])), torch.tensor([0, 1]))
    loss = loss_of(mine, everybody=gathered(mine), total=summed(mine.sum(dim=0)))
    loss.backward()
    assert mine.grad is not None
    Path(folder, f"{rank}").write_bytes(torch.cat([loss.detach().reshape(1), mine.grad.flatten()]).numpy().tobytes())
    dist.destroy_process_group()
