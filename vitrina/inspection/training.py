"""What a training run would see of a catalogue: sources, mixture, epochs, and the size of model that fits."""

from dataclasses import dataclass

import numpy as np

from vitrina.catalogue.store import Catalogue
from vitrina.data.mixture import Mixture, keep_available, share_of
from vitrina.data.sources import KINDS, Kind, Source, find_sources
from vitrina.data.stock import Stock
from vitrina.inspection.result import CategoryNode, Count, Coverage, Part, Pictures, Training
from vitrina.inspection.texts import TextArrays
from vitrina.models.sizes import Size
from vitrina.recipes.flava import flava
from vitrina.recipes.recipe import Recipe

_SMALL_PRODUCTS, _BASE_PRODUCTS = 3_000, 300_000
_SMALL_SIDE_PX, _BASE_SIDE_PX = 80, 192


@dataclass(frozen=True, slots=True)
class Fit:
    """A size of model, and why."""

    size: Size
    reason: str


def text_limits() -> list[Count]:
    """The longest text in tokens of each recipe's size, and of CLIP's published text tower (77)."""
    sizes: tuple[Size, ...] = ("tiny", "small", "base")
    limits = [Count(f"size {size}", flava(size).max_tokens) for size in sizes]
    return [*limits, Count("default of a recipe", Recipe.max_tokens)]


def vocabulary() -> int:
    """The vocabulary that the smallest recipe trains."""
    return flava("tiny").vocabulary


def training(catalogue: Catalogue, *, coverage: Coverage, pictures: Pictures, texts: TextArrays) -> Training | None:
    """What training on the split `train` would see; None where it holds nothing to learn from."""
    try:
        sources = find_sources(Stock([catalogue]))
    except ValueError:
        return None
    rows = np.unique(np.concatenate([source.rows for source in sources.values()]))
    fit = _fit(pictures, products=len(rows))
    recipe = flava(fit.size)
    available = keep_available(Mixture(), sources.keys())
    stage = available.mixture.parts()[0]
    total = sum(share_of(stage, kind) for kind in KINDS)
    shares: dict[Kind, float] = {kind: share_of(stage, kind) / total for kind in KINDS}
    numbers = ", ".join(f"mixture.{kind}={shares[kind]:.2f}" for kind in KINDS)
    titles = np.isin(texts.rows, rows) & texts.is_title
    repeats = np.unique(texts.keys[titles], return_counts=True)[1]
    count = int(repeats.sum())
    chance = float((repeats * (repeats - 1)).sum()) / (count * (count - 1)) if count > 1 else 0.0
    return Training(
        products=len(rows),
        parts=tuple(_part(sources[kind], share=shares[kind], rows=recipe.batch_rows) for kind in sources),
        mixture=numbers,
        mixture_reason=_mixture_reason(sources, notes=available.notes),
        recipe=f"flava, size {fit.size}",
        batch_rows=recipe.batch_rows,
        size=fit.size,
        size_reason=fit.reason,
        majority=_majority(coverage.categories, share=coverage.majority_share),
        repeated_titles_share=float(repeats[repeats > 1].sum()) / count if count else 0.0,
        twins_per_batch=chance * recipe.batch_rows * (recipe.batch_rows - 1) / 2,
    )


def _fit(pictures: Pictures, *, products: int) -> Fit:
    side = None if pictures.longer_side is None else pictures.longer_side.median
    if side is None:
        size: Size = "small" if products >= _SMALL_PRODUCTS else "tiny"
        return Fit(size, f"no pictures; {products:,} training products")
    seen = f"half of the pictures have {side:,.0f} pixels or more on the longer side; {products:,} training products"
    if side >= _BASE_SIDE_PX and products >= _BASE_PRODUCTS:
        return Fit("base", f"{seen}: enough for 224 pixels and the published shape (on GPUs)")
    if side >= _SMALL_SIDE_PX and products >= _SMALL_PRODUCTS:
        limit = "too few to fill base" if side >= _BASE_SIDE_PX else "224 pixels would only enlarge them"
        return Fit("small", f"{seen}: worth the 96 pixels of small; {limit}")
    limit = "96 pixels show no more than 64" if side < _SMALL_SIDE_PX else "too few to fill a larger model"
    return Fit("tiny", f"{seen}: {limit}; better, start from a public checkpoint")


def _part(source: Source, *, share: float, rows: int) -> Part:
    steps = len(source.rows) / rows / share if share else None
    return Part(source.kind, len(source.rows), share, steps)


def _mixture_reason(sources: dict[Kind, Source], *, notes: tuple[str, ...]) -> str:
    if notes:
        return " ".join(notes)
    borrowed: list[str] = []
    if "pair" in sources:
        shown = set(sources["pair"].rows.tolist())
        for kind, what in (("text", "texts"), ("image", "pictures")):
            if kind in sources and shown.issuperset(sources[kind].rows[:1000].tolist()):
                borrowed.append(what)
    published = "FLAVA's published shares (15 / 15 / 70): all kinds of batch can be made."
    if not borrowed:
        return published
    return (
        f"{published} No product has {' or '.join(borrowed)} alone, so those batches take the "
        f"{' and '.join(borrowed)} of the pairs: they bring nothing new, and further {' or '.join(borrowed)} would."
    )


def _majority(categories: tuple[CategoryNode, ...], *, share: float) -> str:
    """The base rate of guessing the widest category in words."""
    if not categories:
        return "No categories"
    return f"Always answering “{categories[0].name}” is right for {share:.1%}: report macro-F1 beside accuracy"
