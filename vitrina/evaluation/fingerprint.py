"""What identifies a model: its weights and how it reads texts and pictures."""

from hashlib import sha256

import torch
from torch import nn

from vitrina.data.inputs import Inputs


def model_digest(model: nn.Module, *, inputs: Inputs | None) -> str:
    """sha256 over names, types, shapes and values of all weights, and over tokenizer, geometry and length limit.

    Two models with this digest in common give the same embeddings, wherever their run folders lie.
    """
    digest = sha256()
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        digest.update(memoryview(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy()))
    if inputs is not None:
        digest.update(f"{inputs.geometry} {inputs.max_tokens}\n".encode())
        digest.update(inputs.tokenizer.to_str().encode())
    return digest.hexdigest()
