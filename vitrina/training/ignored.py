"""Settings that a family would not heed: refused in words before a run begins, so that none is paid for in vain."""

from collections.abc import Iterator

from vitrina.models.clip import ClipConfig
from vitrina.models.codebook import CodebookConfig
from vitrina.models.early_fusion import EarlyFusionConfig
from vitrina.models.flava import FlavaConfig
from vitrina.models.groupvit import GroupViTConfig
from vitrina.recipes.plain import family_of
from vitrina.recipes.recipe import Recipe
from vitrina.recipes.settings import settings, show

_OFF = {
    "shown.pictures": 1,
    "shown.texts": 1,
    "shown.fields": {},
    "negatives.contrast": 0,
    "negatives.category_share": 0.0,
    "nouns.per_row": 0,
    "mixture.same_category": 0.0,
    "corruption.patch_dropout": 0.0,
}
"""What pair batches alone have a use for, and the value of each that asks for nothing."""

_SIDES = ("shown.pictures", "shown.texts", "shown.fields", "negatives.contrast")


def refuse_ignored(recipe: Recipe) -> None:
    """Raise ValueError that names every setting which the recipe's family would leave unread, and its neutral value.

    Some settings ask something of the data that only some families learn from: words for a GroupViT, other products'
    texts where something is read against them, several pictures of a product where these become one vector.
    """
    found = dict(_ignored(recipe))
    if found:
        family = family_of(type(recipe.model))
        raise ValueError(f"{family} would not heed {'; nor '.join(found.values())}")


def _ignored(recipe: Recipe) -> Iterator[tuple[str, str]]:
    """Each setting's name, and words about it."""
    model, stages = recipe.model, recipe.mixture.parts()
    values = {each.name: each.value for each in settings(recipe)} | {"shown.fields": dict(recipe.shown.fields)}

    def told(name: str, *, why: str, neutral: object) -> tuple[str, str]:
        return name, f"{name}={show(values[name])}, as {why}: set {name}={show(neutral)}"

    def chosen(*names: str, why: str) -> Iterator[tuple[str, str]]:
        for name in names:
            if values[name] != _OFF[name]:
                yield told(name, why=why, neutral=_OFF[name])

    if not isinstance(model, GroupViTConfig):
        yield from chosen("nouns.per_row", why="only a groupvit learns from single words")
    if not isinstance(model, FlavaConfig | EarlyFusionConfig) and recipe.corruption.fused_share > 0:
        yield told("corruption.fused_share", why="it does not read picture and text together", neutral=0.0)
    if isinstance(model, EarlyFusionConfig):
        yield from chosen(*_SIDES, why="it reads one picture and one text of a product")
    if isinstance(model, GroupViTConfig):
        yield from chosen("corruption.patch_dropout", why="it groups all patches of a picture")
    if isinstance(model, ClipConfig | EarlyFusionConfig | GroupViTConfig):
        for name in ("text", "image"):
            if any(share > 0 for share in (stage.text if name == "text" else stage.image for stage in stages)):
                where = "mixture.stages" if recipe.mixture.stages else f"mixture.{name}"
                yield f"mixture.{name}", f"{name} alone ({where}), as it learns from pairs only: set that share to 0"
    if isinstance(model, CodebookConfig):
        yield from chosen(*_OFF, why="it learns from single pictures")
    elif not any(stage.pair > 0 for stage in stages):
        yield from chosen(*_OFF, why="the mixture shows no pairs")
    elif recipe.corruption.fused_share == 0 and recipe.negatives.contrast == 0:
        yield from chosen(
            "negatives.category_share",
            why="no other product's texts are shown (negatives.contrast and corruption.fused_share show some)",
        )
