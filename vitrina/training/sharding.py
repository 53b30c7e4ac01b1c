"""One model on several ranks: a copy on each (DDP), or a share of it on each (FSDP2).

Both add gradients up where their libraries would average: every rank has divided by the counts of the whole step
already, and ranks hold different numbers of masked tokens. Imported only where there are several ranks: it takes long.
"""

import torch
from torch import Tensor, nn
from torch import distributed as dist
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import FSDPModule, fully_shard
from torch.distributed.tensor import DTensor, distribute_tensor
from torch.nn.parallel import DistributedDataParallel

from vitrina.models.layers import Repeated
from vitrina.training.step import Step


def replicated(step: Step) -> nn.Module:
    """A copy on every rank; gradients are added up in buckets while the backward pass goes on.

    The sum is taken by a hook and not by multiplying the loss by the number of ranks, which rounds once more. The
    towers that a step does not use are found by walking its graph: their parameters keep no gradient, as on one rank.
    Buckets travel in a group of their own: their order and that of the losses' own exchange need not agree.
    """
    group = dist.new_group()
    copies = DistributedDataParallel(
        step, process_group=group, find_unused_parameters=True, gradient_as_bucket_view=True
    )
    # Buffers are moments over the whole step's batch, the same on every rank.
    copies.broadcast_buffers = False
    copies.register_comm_hook(group, _added)
    return copies


def _added(group: dist.ProcessGroup, bucket: dist.GradBucket) -> torch.futures.Future[Tensor]:  # type: ignore[reportPrivateImportUsage]
    work = dist.all_reduce(bucket.buffer(), group=group, async_op=True)
    assert work is not None
    return work.get_future().then(lambda done: done.value()[0])


def sharded(step: Step, *, device: torch.device) -> nn.Module:
    """A share of every weight on each rank (FSDP2): a block's weights are whole only while it computes.

    Blocks are gathered one by one; what is outside of blocks (embeddings, heads, the learned scale) once a step. The
    weights must be the same on all ranks before. Every rank must run the same blocks as often as the others.
    """
    mesh = init_device_mesh(device.type, (dist.get_world_size(),))
    for module in [each for each in step.modules() if isinstance(each, Repeated)]:
        fully_shard(module, mesh=mesh)
    fully_shard(step, mesh=mesh)
    for module in step.modules():
        if isinstance(module, FSDPModule):
            module.set_gradient_divide_factor(1.0)
            module.set_force_sum_reduction_for_comms(True)
    return step


def whole(tensor: Tensor) -> Tensor:
    """The whole of a tensor of which every rank has a share, on all of them; another as it is."""
    return tensor.full_tensor() if isinstance(tensor, DTensor) else tensor


def share_of(tensor: Tensor, *, like: Tensor) -> Tensor:
    """This rank's share of a whole tensor, cut as `like` is; all of it where that is whole."""
    if not isinstance(like, DTensor) or tensor.shape != like.shape:
        return tensor
    # Every rank has read the whole tensor: nothing needs to be sent.
    return distribute_tensor(tensor.to(like.device), like.device_mesh, like.placements, src_data_rank=None)
