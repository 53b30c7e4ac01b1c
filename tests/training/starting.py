"""What tests of starts share: runs that begin somewhere, made or only laid out."""

from pathlib import Path

import torch
from safetensors.torch import load_file

from vitrina.recipes.recipe import Recipe
from vitrina.training.loop import train
from vitrina.training.machine import Machine
from vitrina.training.prepare import look_over
from vitrina.training.run_folder import create_run
from vitrina.training.start import StartRecord, read_record, write_start

MACHINE = Machine(workers=0, device="cpu")


def begin(recipe: Recipe, catalogue: Path, run: Path, *, init: Path | str | None = None) -> Path:
    train(recipe, catalogues=[catalogue], run=run, init=None if init is None else str(init), machine=MACHINE)
    return run


def lay_out(recipe: Recipe, catalogue: Path, run: Path, *, init: Path | str) -> StartRecord:
    """The folder of a run before its first step, as `train` makes it."""
    new = look_over(recipe, catalogues=[catalogue], init=str(init))
    assert new.start is not None
    run.mkdir()
    write_start(run, start=new.start, recipe=new.recipe, tokenizer=new.tokenizer)
    create_run(run, recipe=new.recipe, data=new.data, tokenizer=new.tokenizer)
    return read_record(run)


def first(run: Path) -> dict[str, torch.Tensor]:
    """The first weights of a run."""
    return load_file(run / "start.safetensors")
