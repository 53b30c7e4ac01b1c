"""What abilities share: evaluation mode, batches, numpy out."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

Item = TypeVar("Item")

ROWS = 128  # at a time: enough to keep a GPU busy, few enough for a small machine's memory


@contextmanager
def answering(model: nn.Module) -> Iterator[torch.device]:
    """Evaluation mode without gradients, on the model's device; every module's own mode comes back afterwards."""
    modes = {module: module.training for module in model.modules()}
    model.eval()
    try:
        with torch.no_grad():
            yield next(model.parameters()).device
    finally:
        for module, mode in modes.items():
            module.training = mode


def embed_in_batches(items: Sequence[Item], *, embed: Callable[[Sequence[Item]], Tensor], width: int) -> np.ndarray:
    """(n, width) float32 rows of length one; `embed` turns a batch of items into (b, width) of any length."""
    rows = np.empty((len(items), width), dtype=np.float32)
    for start in range(0, len(items), ROWS):
        vectors = embed(items[start : start + ROWS]).float()
        rows[start : start + ROWS] = F.normalize(vectors, dim=-1).cpu().numpy()
    return rows
