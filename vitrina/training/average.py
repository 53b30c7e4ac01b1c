"""Averaging a trained model with what it started from, so that fine-tuning forgets less."""

from pathlib import Path

import torch
from torch import Tensor

from vitrina.models.checkpoint import read_metadata, read_tensors, write_tensors
from vitrina.training.load import weights_of
from vitrina.training.run_folder import RunFolder
from vitrina.training.start import read_record, read_start


def average(run: Path, *, share: float, out: Path) -> Path:
    """Write `share` of a run's weights and the rest of its start's as one weights file, which `vitrina.load` opens.

    WiSE-FT (Wortsman et al. 2022, section 3): between the two lies what knows the new data and has not forgotten the
    old; `share` 0.5 is the paper's choice where none can be tuned. Running moments are averaged with the weights.
    Parameters that the start drew at random are the run's alone: there is nothing in them to go back to.

    Raises ValueError where the run started from nothing, has no weights yet, or its start is of another shape, for a
    share outside 0 to 1, and where `out` exists or lies in no folder.

        average(Path("runs/flava"), share=0.5, out=Path("half.safetensors"))
    """
    if not 0.0 <= share <= 1.0:
        raise ValueError(f"the share of the run is {share}: choose a number from 0 (its start) to 1 (the run itself)")
    folder = RunFolder(run)
    if folder.recipe.start is None:
        raise ValueError(f"{run} started from nothing, so there is nothing to average it with: `--init` gives a start")
    if not out.parent.is_dir():
        raise ValueError(f"there is no folder {out.parent} for {out.name}: make it, or name another place")
    if out.exists():
        raise ValueError(f"{out} exists already: choose another name, or remove it")
    weights = weights_of(run)
    trained, first, fresh = read_tensors(weights), read_start(run), frozenset(read_record(run).fresh)
    if (wrong := _misfit(trained, first=first)) is not None:
        raise ValueError(f"the start of {run} does not fit its weights: {wrong}; restore its start.safetensors")
    tensors = {
        name: tensor if name in fresh else _between(first[name], tensor, share=share)
        for name, tensor in trained.items()
    }
    about = {"average": f"{share:g} of {weights}, the rest of its start, {folder.recipe.start}"}
    write_tensors(out, tensors=tensors, metadata=read_metadata(weights) | about)
    return out


def _between(first: Tensor, trained: Tensor, *, share: float) -> Tensor:
    """Bit for bit one of them at either end; what is no floating-point number is the run's."""
    if not trained.is_floating_point():
        return trained
    return torch.lerp(first.to(trained.dtype), trained, share)


def _misfit(trained: dict[str, Tensor], *, first: dict[str, Tensor]) -> str | None:
    """The first tensor that one of them lacks or has in another shape."""
    for name in sorted(trained.keys() | first.keys()):
        shapes = [tuple(each[name].shape) if name in each else "missing" for each in (first, trained)]
        if shapes[0] != shapes[1]:
            return f"{name} is {shapes[0]} there and {shapes[1]} here"
    return None
