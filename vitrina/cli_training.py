"""The door's training half: train, resume, look, compare, average and hand on runs."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vitrina.training.machine import Machine


def add_training_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The commands that make runs and go on with them."""
    train = commands.add_parser("train", help="train a recipe on catalogues")
    train.add_argument("recipe", metavar="RECIPE", help="flava, clip, groupvit, early_fusion or codebook")
    train.add_argument("catalogues", type=Path, nargs="+", metavar="CATALOGUE")
    train.add_argument("--run", type=Path, required=True, metavar="DIR", help="a new folder for the run")
    train.add_argument("--size", choices=["tiny", "small", "base"], default="tiny")
    train.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="e.g. optim.lr=3e-4, steps=500")
    train.add_argument("--init", metavar="START", help="first weights: a run, a checkpoint's folder, or its hub id")
    train.add_argument(
        "--dry-run",
        action="store_true",
        help="say what would be trained, on what, how long; DIR-dry-run gets a picture",
    )
    _machine(train)
    train.set_defaults(command=_train)

    resume = commands.add_parser("resume", help="go on with an interrupted run, exactly where it stood")
    resume.add_argument("run", type=Path, metavar="DIR")
    _machine(resume)
    resume.set_defaults(command=_resume)

    runs = commands.add_parser("runs", help="list and compare runs: a table, and their curves on a page")
    runs.add_argument("folders", type=Path, nargs="+", metavar="DIR", help="runs, or folders that hold runs")
    runs.add_argument("--out", type=Path, metavar="FILE", help="the page (default: DIR/runs.html)")
    runs.set_defaults(command=_runs)

    average = commands.add_parser("average", help="weights between where a run started and where it stands")
    average.add_argument("run", type=Path, metavar="DIR")
    average.add_argument("out", type=Path, metavar="FILE", help="a new .safetensors file, which opens like a run")
    average.add_argument("--share", type=float, default=0.5, help="of the run's weights; 0 is its start (default 0.5)")
    average.set_defaults(command=_average)

    record = commands.add_parser("record", help="write what a run noted for TensorBoard, W&B or trackio")
    record.add_argument("run", type=Path, metavar="DIR")
    record.add_argument("--to", required=True, choices=["tensorboard", "wandb", "trackio"])
    record.set_defaults(command=_record)


def _machine(parser: argparse.ArgumentParser) -> None:
    """How to compute a run; nothing here changes what it learns."""
    group = parser.add_argument_group("machine", "how the run is computed; none of this changes what it learns")
    group.add_argument("--workers", type=int, default=2, help="threads that prepare batches")
    group.add_argument("--device", choices=["cpu", "cuda"], help="default: cuda where there is one")
    group.add_argument(
        "--micro-batches",
        type=int,
        default=1,
        metavar="N",
        help="work through each step in N pieces: less memory still",
    )
    group.add_argument("--recompute", action="store_true", help="compute the blocks' activations twice: less memory")
    group.add_argument(
        "--compile", action="store_true", help="compile the transformer blocks, which takes a minute first"
    )
    group.add_argument("--shard", action="store_true", help="share weights out over torchrun's processes (FSDP2)")
    group.add_argument(
        "--record",
        action="append",
        default=[],
        choices=["tensorboard", "wandb", "trackio"],
        help="where to show the run's figures as well",
    )


def _machine_of(options: argparse.Namespace) -> "Machine":
    from vitrina.training.machine import Machine

    return Machine(
        device=options.device,
        workers=options.workers,
        micro_batches=options.micro_batches,
        recompute=options.recompute,
        compile=options.compile,
        shard=options.shard,
        records=tuple(options.record),
    )


def _train(options: argparse.Namespace) -> None:
    from vitrina import recipes
    from vitrina.recipes.recipe import with_settings
    from vitrina.training.dry_run import dry_run
    from vitrina.training.loop import train
    from vitrina.training.start import adapted

    if options.recipe not in recipes.__all__:
        raise ValueError(f"there is no recipe {options.recipe!r}; there are {', '.join(recipes.__all__)}")
    recipe = getattr(recipes, options.recipe)(options.size)
    if options.init is not None:
        recipe = adapted(recipe, init=options.init)  # first, so that what is set by hand acts on the source's settings
    recipe = with_settings(recipe, options.set)
    machine = _machine_of(options)
    if options.dry_run:
        out = options.run.with_name(f"{options.run.name}-dry-run")
        print(dry_run(recipe, catalogues=options.catalogues, init=options.init, machine=machine, out=out).text())
        return
    train(recipe, catalogues=options.catalogues, run=options.run, init=options.init, machine=machine)


def _resume(options: argparse.Namespace) -> None:
    from vitrina.training.loop import resume

    resume(options.run, machine=_machine_of(options))


def _runs(options: argparse.Namespace) -> None:
    from vitrina.evaluation.runs import compare_runs

    print(compare_runs(options.folders, out=options.out).text())


def _average(options: argparse.Namespace) -> None:
    from vitrina.training.average import average

    print(f"{average(options.run, share=options.share, out=options.out)} opens like a run.")


def _record(options: argparse.Namespace) -> None:
    from vitrina.training.records import replay

    print(replay(options.run, to=options.to))
