"""A trained model, ready to answer."""

import logging
import os
from pathlib import Path

import torch
from tokenizers import Tokenizer

from vitrina.data.inputs import Inputs
from vitrina.models.checkpoint import load_exactly, read_json, read_metadata, read_tensors
from vitrina.models.clip import Clip
from vitrina.models.flava import Flava
from vitrina.models.groupvit import GroupViT
from vitrina.models.published import CONFIG, OPEN_CONFIG, layout_of
from vitrina.recipes.recipe import Recipe
from vitrina.tasks.abilities import EmbedsBoth
from vitrina.training.build import Model, Searches, build
from vitrina.training.checkpoints import newest_good
from vitrina.training.run_folder import RunFolder, is_run

log = logging.getLogger(__name__)

BEST = "best.safetensors"
"""What a watched run keeps beside its checkpoints."""


def load(run: str | os.PathLike[str]) -> Model:
    """The model of a run, of one weights file of a run, or of a public checkpoint's folder (CLIP, FLAVA or GroupViT in
    transformers' layout, CLIP in open_clip's), on the CPU, in evaluation mode, with its inputs.

    Of a run that is watched it takes the best weights so far. Of any other the newest good checkpoint: a finished run's
    last one, else where training stands; the moving average of the weights where the recipe keeps one. The log says
    which. Recipe and tokenizer come out of the file's own metadata, so that a single `best.safetensors`,
    `ema.safetensors` or `model.safetensors` is all that has to be copied elsewhere.

    Raises ValueError where `run` is none of these, has no checkpoint yet, or is damaged.

        model = vitrina.load("runs/flava")
        model.embed_texts(["red mug"])                                     # (1, d) float32, of length one
    """
    path = Path(run)
    weights = path if path.is_file() else weights_of(path)
    # The weights drawn here are overwritten; the caller's random numbers are not disturbed.
    with torch.random.fork_rng(devices=[]):
        return (_load_public(weights) if weights.is_dir() else _load_file(weights)).eval()


def load_embedding(run: str | os.PathLike[str]) -> Searches:
    """`load` of a model that embeds texts and pictures; ValueError where it does not."""
    model = load(run)
    if not isinstance(model, EmbedsBoth):
        raise ValueError(
            f"{run} holds a {type(model).__name__}, which does not embed texts and pictures: name a run of clip, "
            "flava, groupvit or early_fusion"
        )
    return model


def weights_of(run: Path) -> Path:
    """The weights file that `load` takes from a run, verified; of a public checkpoint the folder itself."""
    if not is_run(run) and any((run / name).is_file() for name in (CONFIG, OPEN_CONFIG)):
        return run
    folder = RunFolder(run)
    if (best := _best(folder)) is not None:
        return best
    checkpoint = newest_good(folder.checkpoints)
    if checkpoint is None:
        raise ValueError(f"{run} has no checkpoint yet: train it first, `vitrina resume {run}` goes on")
    kind = "ema" if checkpoint.has("ema") else "model"
    which = "the moving average of the weights" if kind == "ema" else "the weights"
    log.info("%s: %s of step %d of %d", run, which, checkpoint.step, folder.recipe.steps)
    return checkpoint.file(kind)


def _best(folder: RunFolder) -> Path | None:
    """The best weights of a watched run; None where there are none yet, or where they are damaged, which is said."""
    path, watch = folder.path / BEST, folder.recipe.watch
    if watch.every == 0 or not path.is_file():
        return None
    try:
        step = read_metadata(path).get("step")
    except ValueError as error:
        log.warning("%s; using the newest checkpoint instead", error)
        return None
    log.info("%s: the best weights by %s of step %s of %d", folder.path, watch.metric, step, folder.recipe.steps)
    return path


def recipe_of(weights: Path) -> Recipe:
    """The recipe in a weights file's metadata; ValueError where there is none."""
    about = read_metadata(weights)
    if "recipe" not in about:
        raise ValueError(
            f"{weights} is no file of a Vitrina run: it has no recipe in its metadata; of a public checkpoint name the "
            "folder"
        )
    return Recipe.from_json(about["recipe"], where=f"the recipe in {weights}")


def tokenizer_of(weights: Path) -> Tokenizer | None:
    """The tokenizer in a weights file's metadata; None for a model that reads no text."""
    text = read_metadata(weights).get("tokenizer")
    return None if text is None else Tokenizer.from_str(text)


def inputs_of(recipe: Recipe, *, tokenizer: Tokenizer | None) -> Inputs | None:
    """How the model of a recipe reads texts and pictures; None for one that reads no text."""
    if tokenizer is None:
        return None
    return Inputs(tokenizer, recipe.geometry, recipe.max_tokens)


def _load_file(weights: Path) -> Model:
    recipe = recipe_of(weights)
    tokenizer = tokenizer_of(weights)
    model = build(recipe.model, inputs=inputs_of(recipe, tokenizer=tokenizer))
    load_exactly(model, tensors=read_tensors(weights), origin=str(weights))
    return model


def _load_public(folder: Path) -> Model:
    kind = "open_clip" if layout_of(folder) == "open_clip" else read_json(folder / CONFIG).get("model_type")
    match kind:
        case "open_clip":
            model = Clip.from_open_clip(folder)
        case "clip":
            model = Clip.from_transformers(folder)
        case "flava":
            model = Flava.from_transformers(folder)
        case "groupvit":
            model = GroupViT.from_transformers(folder)
        case _:
            raise ValueError(
                f"{folder} is no run, and as a checkpoint its kind is {kind!r}: name one of CLIP, FLAVA or GroupViT"
            )
    if model.inputs is None:
        raise ValueError(
            f"{folder} brings no tokenizer, so that its model reads no texts: fetch tokenizer.json as well"
        )
    return model
