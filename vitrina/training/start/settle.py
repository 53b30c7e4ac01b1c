"""A fresh multimodal encoder on towers that have learnt: made so that it can see what they say.

Most of what a trained tower says of one product it says of all: of the variance of its states 3 to 4 % lies between
products, and LayerNorm keeps the rest. And a matrix drawn with a deviation of .02, right for 768 channels, makes its
input four times smaller at 128. Either keeps image-text matching at chance for as long as anybody waited; with both
mended it is learnt in minutes (docs/what-we-learnt.md).
"""

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor, nn
from tqdm import tqdm

from vitrina.data.builder import draw
from vitrina.data.plan import Plan
from vitrina.data.shown import PictureReader
from vitrina.data.sources import KINDS, Kind, Source
from vitrina.data.stock import Stock
from vitrina.models.flava import Flava, FlavaConfig
from vitrina.recipes.recipe import Recipe
from vitrina.training.load import inputs_of
from vitrina.training.start.weights import Start

_PAIRS = 512
_AT_ONCE = 64
_ERROR_BUDGET = 100
_LEAST_DEVIATION = 1e-6

_NOTE = (
    "the multimodal encoder is fresh: its entrance takes the mean over {pairs:,} training pairs away from what the "
    "towers say and divides by the deviation, so that matching can be learnt"
)


def settle(
    start: Start,
    *,
    recipe: Recipe,
    tokenizer: Tokenizer | None,
    stock: Stock,
    sources: Mapping[Kind, Source],
    plan: Plan,
) -> Start:
    """`start` with a multimodal encoder that fits its towers, where it is fresh and both towers are not.

    The maps into the encoder read (x - mean) / deviation of every channel, over the patches and tokens of training
    pairs; its matrices and those of the matching head keep the size of their input (deviation 1 / sqrt(inputs)).
    Depends on the recipe's seed and the catalogues alone.
    """
    is_fresh = any(name.startswith("multimodal.") for name in start.record.fresh)
    has_towers = not any(name.startswith(("image.transformer.", "text.transformer.")) for name in start.record.fresh)
    if not (isinstance(recipe.model, FlavaConfig) and is_fresh and has_towers and "pair" in sources):
        return start
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(recipe.seed)
        model = Flava(recipe.model, inputs=inputs_of(recipe, tokenizer=tokenizer)).eval()
        model.load_state_dict(dict(start.tensors))
        for part in (model.multimodal, model.itm_head):
            for module in part.modules():
                if isinstance(module, nn.Linear):
                    module.weight.normal_(std=1 / math.sqrt(module.in_features))
        rows = sources["pair"].rows
        rows = rows[np.unique(np.linspace(0, len(rows) - 1, num=min(len(rows), _PAIRS), dtype=np.int64))]
        image, text = _moments(model, recipe=recipe, stock=stock, sources=sources, plan=plan, rows=rows)
        image.enter(model.multimodal.from_image)
        text.enter(model.multimodal.from_text)
        # What another FLAVA's encoder brought, where it brought only some of it, is not touched.
        drawn = {name: each for name, each in model.state_dict().items() if name in start.record.fresh}
    note = _NOTE.format(pairs=len(rows))
    return Start(dict(start.tensors) | drawn, replace(start.record, notes=(*start.record.notes, note)))


class _Moments:
    """Mean and deviation of every channel over states that are met one batch after another."""

    def __init__(self, channels: int) -> None:
        self._count = 0
        self._sum = torch.zeros(channels, dtype=torch.float64)
        self._squares = torch.zeros(channels, dtype=torch.float64)

    def add(self, states: Tensor) -> None:
        """Take in states (n, d)."""
        wide = states.double()
        self._count += len(wide)
        self._sum += wide.sum(dim=0)
        self._squares += wide.square().sum(dim=0)

    def enter(self, linear: nn.Linear) -> None:
        """Make the map read (x - mean) / deviation in the place of x."""
        mean = self._sum / self._count
        deviation = (self._squares / self._count - mean.square()).clamp(min=_LEAST_DEVIATION**2).sqrt()
        linear.weight.div_(deviation.float())
        linear.bias.copy_(-(linear.weight.double() @ mean))


def _moments(
    model: Flava,
    *,
    recipe: Recipe,
    stock: Stock,
    sources: Mapping[Kind, Source],
    plan: Plan,
    rows: np.ndarray,
) -> tuple[_Moments, _Moments]:
    """Of the hidden states of the pictures' patches, and of the texts' tokens."""
    inputs, config = model.read_inputs(), model.config
    image, text = _Moments(config.image.width), _Moments(config.text.width)
    reader = PictureReader(
        stock,
        sources,
        plan=plan,
        geometry=recipe.geometry,
        augment=recipe.augment,
        seed=recipe.seed,
        error_budget=_ERROR_BUDGET,
    )
    bar = tqdm(range(0, len(rows), _AT_ONCE), desc="looking through the towers", disable=None, delay=2, leave=False)
    for first in bar:
        some = rows[first : first + _AT_ONCE]
        keys = np.stack([np.full_like(some, KINDS.index("pair")), np.zeros_like(some), some], axis=1)
        shown = reader.show(keys, domain=None)
        image.add(model.image(model.normalise(shown.pixels)).hidden.flatten(0, 1))
        words = inputs.texts(draw(recipe.seed, shown.keys, products=shown.products).positives)
        text.add(model.text(words.ids, is_token=words.is_token, types=words.types).hidden[words.is_token])
    return image, text
