"""A recipe: everything that decides a run, as one frozen value that does nothing until it is trained."""

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from importlib import metadata
from types import MappingProxyType
from typing import Literal, Self

from vitrina.data.builder import Negatives
from vitrina.data.corruption import Corruption
from vitrina.data.fields import Sides
from vitrina.data.mixture import Mixture
from vitrina.data.nouns import NounDraws
from vitrina.data.pictures import Augment, PictureGeometry
from vitrina.models.clip import ClipConfig
from vitrina.models.codebook import CodebookConfig
from vitrina.models.early_fusion import EarlyFusionConfig
from vitrina.models.flava import FlavaConfig
from vitrina.models.groupvit import GroupViTConfig
from vitrina.recipes import settings
from vitrina.recipes.plain import from_plain, to_plain

ModelConfig = FlavaConfig | ClipConfig | CodebookConfig | EarlyFusionConfig | GroupViTConfig
"""The closed union of model families: the only list of them."""

# Settings that say the same thing twice, once for the loader and once for the model: setting either sets both.
_TWINS = (
    ("geometry.size_px", "model.image.size_px"),
    ("geometry.size_px", "model.size_px"),
    ("geometry.mean", "model.mean"),
    ("geometry.std", "model.std"),
    ("vocabulary", "model.text.vocabulary"),
)


@dataclass(frozen=True)
class Optim:
    """AdamW (Loshchilov and Hutter 2019) under a warm-up and a cosine.

    `lr` is the peak learning rate, reached after `warmup_steps` and falling along a cosine towards
    `lr * final_lr_share`, which the step after the last would have. `clip_norm` bounds the norm of all gradients
    together, None leaves them alone. `layer_decay` multiplies the learning rate once for every block that lies between
    a parameter and the top of the model, FLAVA's multimodal encoder standing on its towers (BEiT, appendix; ELECTRA,
    section 3): 1 treats all alike, 0.65 to 0.9 spare what was learnt before.
    """

    lr: float = 1e-3
    weight_decay: float = 0.1
    betas: tuple[float, float] = (0.9, 0.98)
    eps: float = 1e-8
    warmup_steps: int = 100
    clip_norm: float | None = 1.0
    final_lr_share: float = 0.0
    schedule: Literal["cosine", "constant"] = "cosine"
    layer_decay: float = 1.0

    def __post_init__(self) -> None:
        _at_least("optim.lr", self.lr, least=0.0)
        _at_least("optim.weight_decay", self.weight_decay, least=0.0)
        _at_least("optim.warmup_steps", self.warmup_steps, least=0)
        _at_least("optim.final_lr_share", self.final_lr_share, least=0.0)
        if not all(0.0 <= beta < 1.0 for beta in self.betas):
            raise ValueError(f"optim.betas is {self.betas}: choose numbers from 0 up to, but not including, 1")
        if self.eps <= 0:
            raise ValueError(f"optim.eps is {self.eps}: choose a number above 0")
        if self.clip_norm is not None and self.clip_norm <= 0:
            raise ValueError(f"optim.clip_norm is {self.clip_norm}: choose a number above 0, or none")
        if not 0.0 < self.layer_decay <= 1.0:
            raise ValueError(f"optim.layer_decay is {self.layer_decay}: choose a number above 0 and up to 1")


@dataclass(frozen=True)
class Watch:
    """How the run is judged while it goes on: `metric` on held-out products of `split`, every `every` steps.

    `text_to_picture` is R@10 of searching the split's pictures by its texts (strict: only the very product counts);
    `loss` is the weighted loss of the split's products, less being better. The best weights are kept beside the
    checkpoints, and what loads the run takes them. After `patience` looks without a better one the run ends; None goes
    on to the last step. `every` 0 does not look. A figure that chose the weights is no longer an honest result on that
    split: report on another one.
    """

    metric: Literal["text_to_picture", "loss"] = "text_to_picture"
    every: int = 0
    patience: int | None = None
    split: str = "val"

    def __post_init__(self) -> None:
        _at_least("watch.every", self.every, least=0)
        if self.patience is not None:
            _at_least("watch.patience", self.patience, least=1)


@dataclass(frozen=True)
class Recipe:
    """A model, the data that it meets and how it learns from them.

    `weights` holds the weight of each loss by its name. `vocabulary` is the most tokens that the tokenizer may learn;
    a small catalogue gives fewer, and the run's own recipe says how many. `batch_rows` counts the rows of a step over
    all ranks. A checkpoint is written every `checkpoint_every` steps and at the end, and the last `keep` are kept.
    `ema_decay` keeps a moving average of the weights, None keeps none. `codebook` is the folder of the run, or of the
    public checkpoint, whose image codes are the targets of masked image modelling.

    `start` says where the first weights come from, None from nothing; a new run keeps a copy of them. `frozen` towers
    stay as they start. `licence` is that of the weights, for the model card.
    """

    model: ModelConfig
    geometry: PictureGeometry
    mixture: Mixture
    weights: Mapping[str, float]
    negatives: Negatives = field(default_factory=Negatives)
    shown: Sides = field(default_factory=Sides)
    nouns: NounDraws = field(default_factory=NounDraws)
    augment: Augment = field(default_factory=Augment)
    corruption: Corruption = field(default_factory=Corruption)
    optim: Optim = field(default_factory=Optim)
    vocabulary: int = 8000
    max_tokens: int = 64
    batch_rows: int = 128
    steps: int = 2000
    checkpoint_every: int = 500
    keep: int = 2
    seed: int = 0
    precision: Literal["fp32", "bf16"] = "fp32"
    ema_decay: float | None = None
    codebook: str | None = None
    start: str | None = None
    frozen: tuple[Literal["image", "text"], ...] = ()
    watch: Watch = field(default_factory=Watch)
    licence: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "weights", MappingProxyType(dict(self.weights)))
        for name, value in (
            ("steps", self.steps),
            ("batch_rows", self.batch_rows),
            ("checkpoint_every", self.checkpoint_every),
            ("keep", self.keep),
        ):
            _at_least(name, value, least=1)
        _at_least("seed", self.seed, least=0)
        for name, weight in self.weights.items():
            _at_least(f"weights.{name}", weight, least=0.0)
        if not any(self.weights.values()):
            raise ValueError("every weight of a loss is 0: nothing would be learnt")
        if self.ema_decay is not None and not 0.0 < self.ema_decay < 1.0:
            raise ValueError(f"ema_decay is {self.ema_decay}: choose a number between 0 and 1, or none")
        known = {each.name: each.value for each in settings.settings(self)}
        for one, other in _TWINS:
            if other in known and known[one] != known[other]:
                raise ValueError(f"{one} is {known[one]} where {other} is {known[other]}: they must be the same")
        if known.get("model.text.positions", self.max_tokens) < self.max_tokens:
            longest = known["model.text.positions"]
            raise ValueError(f"max_tokens is {self.max_tokens} where model.text.positions is {longest}: no more fit")

    def to_json(self) -> str:
        """The whole recipe, and the version of Vitrina that wrote it, as JSON."""
        return json.dumps({"vitrina": version()} | to_plain(self), indent=2, ensure_ascii=False, allow_nan=False) + "\n"

    @classmethod
    def from_json(cls, text: str, *, where: str = "recipe") -> Self:
        """Read what `to_json` wrote, checked field by field; `where` names the file in the ValueError of a bad one.

        A field that this version does not know is refused; one that an older version did not know takes its default.
        """
        try:
            plain = json.loads(text)
        except ValueError as error:
            raise ValueError(f"{where} is not JSON: {error}") from error
        if not isinstance(plain, dict):
            raise ValueError(f"{where} is not a recipe: it holds no group of settings")
        wrote = plain.pop("vitrina", None)
        try:
            return from_plain(cls, plain, where=where)
        except ValueError as error:
            raise ValueError(f"{error} (written by Vitrina {wrote or 'unknown'}, this is {version()})") from error


def with_settings(recipe: Recipe, assignments: Iterable[str]) -> Recipe:
    """The recipe with every `NAME=VALUE` set, `optim.lr=3e-4` for one; all at once, so that they are checked together.

    Raises ValueError that names the nearest setting and its type where a name or a value does not fit.

    >>> with_settings(flava("tiny"), ["steps=200", "model.image.layers=6"]).steps
    200
    """
    wanted = list(assignments)
    values = {name.strip(): value for name, _, value in (each.partition("=") for each in wanted)}
    known = {each.name for each in settings.settings(recipe)}
    for one, other in (*_TWINS, *((other, one) for one, other in _TWINS)):
        if one in values and other not in values and {one, other} <= known:
            wanted.append(f"{other}={values[one]}")
    return settings.changed(recipe, wanted)


def describe(recipe: Recipe) -> str:
    """All settings of a recipe, one per line, by the names that `with_settings` takes."""
    return settings.describe(recipe)


def fitted(recipe: Recipe, *, vocabulary: int | None, codes: int | None) -> Recipe:
    """The recipe with the number of tokens and of image codes that were found; None where there are none."""
    model = recipe.model
    if vocabulary is not None and not isinstance(model, CodebookConfig):
        model = replace(model, text=replace(model.text, vocabulary=vocabulary))
        recipe = replace(recipe, model=model, vocabulary=vocabulary)
    if codes is not None and isinstance(model, FlavaConfig):
        recipe = replace(recipe, model=replace(model, codes=codes))
    return recipe


def version() -> str:
    """The version of Vitrina that runs."""
    try:
        return metadata.version("vitrina")
    except metadata.PackageNotFoundError:
        return "from source"


def _at_least(name: str, value: float, *, least: float) -> None:
    if not math.isfinite(value) or value < least:
        raise ValueError(f"{name} is {value}: choose {least} or more")
