"""A start for experiments on matching: towers that know how to search, a multimodal encoder drawn at a gain of one."""

import math
from pathlib import Path

import torch

from vitrina.models.checkpoint import read_metadata, read_tensors, write_tensors
from vitrina.models.flava import Flava, FlavaConfig
from vitrina.recipes.recipe import Recipe, fitted
from vitrina.training.load import tokenizer_of, weights_of


def write_start(out: Path, *, towers: Path, recipe: Recipe, gain: float | None) -> Path:
    """Weights of `recipe`'s FLAVA in `out`: the towers of the run `towers`, the rest drawn from the recipe's seed.

    With a `gain` the matrices of the multimodal encoder and of the matching head are drawn anew with a deviation of
    gain / sqrt(inputs), at which a map keeps the size of what it is given; None leaves them as the package draws them.
    """
    weights = weights_of(towers)
    tokenizer = tokenizer_of(weights)
    assert tokenizer is not None, "towers that read no text"
    recipe = fitted(recipe, vocabulary=tokenizer.get_vocab_size(), codes=None)
    assert isinstance(recipe.model, FlavaConfig), "only FLAVA matches texts with pictures"
    torch.manual_seed(recipe.seed)
    model = Flava(recipe.model)
    if gain is not None:
        with torch.no_grad():
            for part in (model.multimodal, model.itm_head):
                for parameter in part.parameters():
                    if parameter.ndim == 2:
                        parameter.normal_(std=gain / math.sqrt(parameter.shape[1]))
    own, brought = model.state_dict(), read_tensors(weights)
    assert brought.keys() <= own.keys(), "towers of another shape"
    about = {"format": "pt", "recipe": recipe.to_json(), "step": "0", "tokenizer": read_metadata(weights)["tokenizer"]}
    write_tensors(out, tensors=own | brought, metadata=about)
    return out
