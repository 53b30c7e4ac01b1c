"""A start for experiments on matching: towers that know how to search, a multimodal encoder that can see with them."""

import math
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from vitrina.catalogue.product import Product
from vitrina.catalogue.store import Catalogue
from vitrina.evaluation.heldout import held_out
from vitrina.models.checkpoint import read_metadata, read_tensors, write_tensors
from vitrina.models.flava import Flava, FlavaConfig
from vitrina.recipes.recipe import Recipe, fitted
from vitrina.training.load import inputs_of, tokenizer_of, weights_of

_LOOKED_AT = 1000


def write_start(out: Path, *, towers: Path, catalogue: Path, recipe: Recipe, is_centred: bool, has_gain: bool) -> None:
    """Weights of `recipe`'s FLAVA in `out`: the towers of the run `towers`, and an encoder on top that can use them.

    Most of what a trained tower says of any product it says of all. So, where the start `is_centred`, the maps into the
    multimodal encoder first take away the mean of every channel over training products of `catalogue` and divide by
    its deviation; where it `has_gain`, matrices are drawn with a deviation of 1 / sqrt(inputs), at which a map keeps
    the size of what it is given.
    """
    weights = weights_of(towers)
    tokenizer = tokenizer_of(weights)
    assert tokenizer is not None, "towers that read no text"
    recipe = fitted(recipe, vocabulary=tokenizer.get_vocab_size(), codes=None)
    assert isinstance(recipe.model, FlavaConfig), "only FLAVA matches texts with pictures"
    torch.manual_seed(recipe.seed)
    model = Flava(recipe.model, inputs=inputs_of(recipe, tokenizer=tokenizer)).eval()
    own, brought = model.state_dict(), read_tensors(weights)
    assert brought.keys() <= own.keys(), "towers of another shape"
    model.load_state_dict(own | brought)
    products = held_out(Catalogue.open(catalogue), split="train", seed=0).products[:_LOOKED_AT]
    with torch.no_grad():
        for part in (model.multimodal, model.itm_head) if has_gain else ():
            for parameter in part.parameters():
                if parameter.ndim == 2:
                    parameter.normal_(std=1 / math.sqrt(parameter.shape[1]))
        maps = (model.multimodal.from_image, model.multimodal.from_text) if is_centred else ()
        for linear, states in zip(maps, _states(model, products), strict=False):
            _standardise(linear, states=states)
    about = {"format": "pt", "recipe": recipe.to_json(), "step": "0", "tokenizer": read_metadata(weights)["tokenizer"]}
    write_tensors(out, tensors=model.state_dict(), metadata=about)


def _states(model: Flava, products: Sequence[Product]) -> tuple[Tensor, Tensor]:
    """(n, d) hidden states of every patch, and of every token, of the products."""
    inputs = model.read_inputs()
    pixels = inputs.pictures([each.pictures[0] for each in products])
    text = inputs.texts([each.titles[0].text for each in products])
    words = model.text(text.ids, is_token=text.is_token, types=text.types).hidden[text.is_token]
    return model.image(model.normalise(pixels)).hidden.flatten(0, 1), words


def _standardise(linear: nn.Linear, *, states: Tensor) -> None:
    """Make the map read (x - mean) / deviation in the place of x."""
    mean, deviation = states.mean(0), states.std(0)
    linear.weight.div_(deviation)
    linear.bias.copy_(-linear.weight @ mean)
