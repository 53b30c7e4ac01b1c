"""Sources of a start: another run, one weights file of a run, or a public checkpoint, and the recipe that fits it."""

import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

from vitrina.models.checkpoint import read_tensors
from vitrina.models.codebook import CodebookConfig
from vitrina.models.flava import FlavaConfig
from vitrina.models.two_towers import TwoTowersConfig
from vitrina.recipes.recipe import Recipe
from vitrina.training.load import recipe_of, tokenizer_of, weights_of
from vitrina.training.run_folder import RunFolder, is_run
from vitrina.training.start.parts import Parts, describe_public, for_flava, read_public
from vitrina.training.start.weights import changes, nothing_fits

log = logging.getLogger(__name__)

_PICKLED = frozenset({".pt", ".pth", ".bin", ".ckpt", ".pkl"})
_FREE = (
    "geometry.",
    "model.mean",
    "model.std",
    "model.image.size_px",
    "model.pooling",
    "model.spread",
    "model.codes",
    "model.habit",
    "max_tokens",
)
"""Settings that weights are at home with but do not need: positions are resized, the rest is the run's to choose."""


def adapted(recipe: Recipe, *, init: str) -> Recipe:
    """The recipe with the settings that the weights of `init` need or are at home with, and `start` naming them.

    `init` is a run, one weights file of a run, a folder in transformers' layout, or a hub id with or without a
    revision (`OWNER/NAME@REVISION`). What is set afterwards stands where the weights can do with it (the pictures'
    size and normalisation, how a tower is pooled); the rest is refused by `read_source` in words.

    adapted(recipes.flava("base"), init="google/vit-base-patch16-224").geometry.mean
    (0.5, 0.5, 0.5)

    The log names the settings that change.
    """
    parts = _parts_for(recipe, init=init, is_complete=False)
    fitted = _fitted(recipe, parts=parts)
    if changed := changes(recipe, after=fitted):
        settings = ", ".join(f"{each.name} {each.before} -> {each.after}" for each in changed)
        log.info("settings of %s: %s", parts.origin, settings)
    return fitted


def read_source(recipe: Recipe, *, init: str) -> tuple[Recipe, Parts]:
    """The weights of `init`, and the recipe that they go with.

    A recipe that was `adapted` to the same source is only checked: ValueError names the settings that contradict the
    weights. Any other recipe is adapted here, and the log says what that changed.
    """
    parts = _parts_for(recipe, init=init, is_complete=True)
    fitted = _fitted(recipe, parts=parts)
    if recipe.start != parts.origin:
        return fitted, parts
    wrong = [each for each in changes(recipe, after=fitted) if not each.name.startswith(_FREE)]
    if wrong:
        contradictions = ", ".join(f"{each.name} is {each.before} where they need {each.after}" for each in wrong)
        raise ValueError(
            f"the settings contradict the weights of {parts.origin}: {contradictions}. Leave these settings out, or "
            "start from nothing"
        )
    return recipe, parts


def _parts_for(recipe: Recipe, *, init: str, is_complete: bool) -> Parts:
    """What a source brings to a recipe's family; without its tensors where they are not asked for."""
    parts = _parts(init, is_complete=is_complete)
    return for_flava(parts) if isinstance(recipe.model, FlavaConfig) else parts


def _parts(init: str, *, is_complete: bool) -> Parts:
    path = Path(init)
    if path.is_file() and path.suffix in _PICKLED:
        raise ValueError(
            f"{path} is in torch's older format, which can run foreign code and is not read: where you trust it, open "
            "it with the library that wrote it, and save it as safetensors beside its configuration (for open_clip: "
            "open_clip_model.safetensors beside open_clip_config.json); then name that folder"
        )
    if is_run(path) or path.is_file():
        return _run_parts(path, is_complete=is_complete)
    if path.is_dir() and (path / "checkpoints").is_dir():
        raise ValueError(f"{path} is not a run (it has no recipe.json), so nothing can start from it")
    if path.parent.name == "checkpoints" and is_run(path.parent.parent):
        raise ValueError(f"{path} is a checkpoint inside a run: name the run, {path.parent.parent}")
    if not path.exists() and path.suffix == ".safetensors":
        raise ValueError(f"there is no weights file {path}: name one that exists, or a run, or a checkpoint's folder")
    return read_public(init) if is_complete else describe_public(init)


def _run_parts(path: Path, *, is_complete: bool) -> Parts:
    """What a run, or one weights file of a run, brings."""
    weights = path if path.is_file() else weights_of(path)
    recipe = recipe_of(weights)
    model, tensors = recipe.model, read_tensors(weights) if is_complete else {}
    common: dict[str, Any] = {"revision": None, "geometry": recipe.geometry, "tensors": tensors}
    origin, family = str(path.absolute()), type(model).__name__.removesuffix("Config")
    kind = f"{'a run' if path.is_dir() else 'weights of a run'} of a {family}"
    if not isinstance(model, TwoTowersConfig):
        if not isinstance(model, CodebookConfig):
            common |= {"tokenizer": tokenizer_of(weights), "max_tokens": recipe.max_tokens}
        return Parts(origin, kind, **common, whole=model)
    is_flava = isinstance(model, FlavaConfig)
    return Parts(
        origin,
        kind,
        **common,
        image=model.image,
        text=model.text,
        multimodal=model.multimodal if is_flava else None,
        projection=model.projection,
        pooling=model.pooling,
        spread=model.spread,
        projection_bias=model.projection_bias,
        codes=model.codes if is_flava else None,
        codebook_digest=RunFolder(path).data().codebook if path.is_dir() else None,
        tokenizer=tokenizer_of(weights),
        max_tokens=recipe.max_tokens,
    )


def _fitted(recipe: Recipe, *, parts: Parts) -> Recipe:
    """The recipe with everything that the weights need or are at home with."""
    model = recipe.model
    changed: dict[str, Any] = {"geometry": parts.geometry, "start": parts.origin}
    if not isinstance(model, TwoTowersConfig):
        if type(parts.whole) is not type(model):
            raise ValueError(nothing_fits(parts, model=model))
        assert parts.whole is not None
        if not isinstance(parts.whole, CodebookConfig):
            changed |= {"vocabulary": parts.whole.text.vocabulary, "max_tokens": parts.max_tokens}
        return replace(recipe, model=parts.whole, **changed)
    if parts.image is None:
        raise ValueError(nothing_fits(parts, model=model))
    model = replace(model, image=parts.image, mean=parts.geometry.mean, std=parts.geometry.std)
    if parts.projection is not None:
        model = replace(
            model,
            projection=parts.projection,
            pooling=parts.pooling,
            spread=parts.spread,
            projection_bias=parts.projection_bias,
        )
    if isinstance(model, FlavaConfig) and parts.multimodal is not None:
        model = replace(model, multimodal=parts.multimodal)
    if isinstance(model, FlavaConfig) and parts.codes is not None:
        model = replace(model, codes=parts.codes)
    if parts.text is not None:
        model = replace(model, text=parts.text)
        changed |= {"vocabulary": parts.text.vocabulary, "max_tokens": parts.max_tokens}
    return replace(recipe, model=model, **changed)
