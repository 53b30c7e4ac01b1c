"""Before the first step: what a run needs from its catalogues, and the run put together from its folder.

A fresh run is written to its folder first and then opened like a resumed one: there is one way to put a run together.
"""

import logging
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer, models
from tqdm import tqdm

from vitrina.catalogue.store import Catalogue
from vitrina.data.codes import Codes, Tokenises, compute_codes
from vitrina.data.fields import prompts
from vitrina.data.inputs import Inputs
from vitrina.data.loader import Loader
from vitrina.data.mixture import share_of
from vitrina.data.nouns import NounBook
from vitrina.data.plan import Plan
from vitrina.data.planning import plan_run
from vitrina.data.sources import KINDS, Kind, Source, find_sources
from vitrina.data.stock import Stock
from vitrina.data.text import mask_id, train_tokenizer
from vitrina.models.checkpoint import load_exactly
from vitrina.models.codebook import Codebook, CodebookConfig
from vitrina.models.dalle import DalleEncoder
from vitrina.models.flava import FlavaConfig
from vitrina.recipes.recipe import Recipe, fitted
from vitrina.training.build import Model, build
from vitrina.training.card_facts import goods_of
from vitrina.training.engine import Engine
from vitrina.training.ignored import refuse_ignored
from vitrina.training.load import inputs_of, load
from vitrina.training.run_folder import CatalogueRecord, DataRecord, RunFolder, is_run
from vitrina.training.start import (
    START,
    Start,
    first_weights,
    freeze,
    read_record,
    read_source,
    read_start,
    refuse_without_towers,
    settle,
)

log = logging.getLogger(__name__)

_READ_AT_ONCE = 4096


@dataclass(frozen=True)
class Beginning:
    """What a new run's folder holds: the recipe with what was found out, the data's digests, the tokenizer.

    `start` are its first weights where they come from somewhere, None where all of them are random. `stock` are the
    catalogues as they were opened for it.
    """

    recipe: Recipe
    stock: Stock
    data: DataRecord
    tokenizer: Tokenizer | None
    start: Start | None


@dataclass(frozen=True)
class Session:
    """A run put together: its model on the device, its batches from any step on, its tokenizer if it has one.

    `fresh` names the parameters that its start did not bring; none where it has no start.
    """

    recipe: Recipe
    stock: Stock
    model: Model
    loader: Loader
    tokenizer: Tokenizer | None
    fresh: frozenset[str]


def look_over(recipe: Recipe, *, catalogues: Sequence[Path], init: str | None = None) -> Beginning:
    """Find out what a new run needs; nothing is written.

    `init`, or else `recipe.start`, says where the first weights come from; `vitrina.training.start.source` says how
    the recipe is fitted to them. Raises ValueError where the catalogues cannot serve the recipe, or the weights not,
    and where the model would leave a setting unread.
    """
    asked, parts = recipe, None
    if (init := init or recipe.start) is not None:
        recipe, parts = read_source(recipe, init=init)
    refuse_without_towers(recipe)
    refuse_ignored(recipe)
    stock = Stock([Catalogue.open(path) for path in catalogues])
    sources = sources_of(recipe, stock=stock)
    plan = _plan(recipe, stock=stock, sources=sources)
    for note in plan.notes:
        log.warning("%s", note)
    codebook = find_codebook(recipe, kinds=sources)
    if codebook is not None:
        _refuse_other_grid(codebook, recipe=recipe)
    tokenizer, vocabulary = None if parts is None else parts.tokenizer, None
    if tokenizer is not None:
        _refuse_unmaskable(tokenizer, recipe=recipe, kinds=sources)
    elif not isinstance(recipe.model, CodebookConfig):
        tokenizer = train_tokenizer(_texts(stock, sources, fields=recipe.shown.fields), vocabulary=recipe.vocabulary)
        vocabulary = tokenizer.get_vocab_size()
    data = DataRecord(
        catalogues=tuple(
            CatalogueRecord(str(each.path.absolute()), each.digest, len(each)) for each in stock.catalogues
        ),
        plan=plan.fingerprint,
        sources={kind: len(source.rows) for kind, source in sources.items()},
        codebook=None if codebook is None else codebook.digest,
        goods=goods_of(stock),
    )
    if codebook is not None and recipe.codebook is not None:
        recipe = replace(recipe, codebook=str(Path(recipe.codebook).absolute()))
    recipe = fitted(recipe, vocabulary=vocabulary, codes=None if codebook is None else codebook.code_count)
    if parts is None:
        return Beginning(recipe, stock, data, tokenizer, start=None)
    if parts.tokenizer is None:  # the catalogue's own words: their number is nothing that the weights need
        asked = fitted(asked, vocabulary=vocabulary, codes=None)
    start = first_weights(parts, recipe=recipe, asked=asked, tokenizer=tokenizer, codebook=data.codebook)
    start = settle(start, recipe=recipe, tokenizer=tokenizer, stock=stock, sources=sources, plan=plan)
    for line in start.record.lines():
        log.info("%s", line)
    return Beginning(recipe, stock, data, tokenizer, start)


def open_session(folder: RunFolder, *, machine: Engine, workers: int) -> Session:
    """Put a run together as its folder says.

    A catalogue that was written to since is opened as it was when the run began. Raises ValueError where that version
    is gone or the codebook is not what it was.
    """
    recipe, data, tokenizer = folder.recipe, folder.data(), folder.tokenizer()
    stock = recorded_stock(folder)
    sources = sources_of(recipe, stock=stock)
    plan = _plan(recipe, stock=stock, sources=sources)
    if plan.fingerprint != data.plan:
        raise ValueError(
            f"{folder.path} was planned by another version of Vitrina, which would show other batches: "
            "resume it with that version (environment.json names it), or start a new run"
        )
    codebook = find_codebook(recipe, kinds=sources)
    if codebook is not None and codebook.digest != data.codebook:
        raise ValueError(
            f"the codebook {recipe.codebook} has changed since {folder.path} began, and its image codes with it: "
            "restore it, or start a new run"
        )
    torch.manual_seed(recipe.seed)
    inputs = inputs_of(recipe, tokenizer=tokenizer)
    model = build(recipe.model, inputs=inputs)
    record = None if recipe.start is None else read_record(folder.path)
    if record is not None and folder.last_step == 0:
        load_exactly(model, tensors=read_start(folder.path), origin=str(folder.path / START))
    freeze(model, recipe=recipe)
    model = model.to(machine.device).train()
    loader = Loader(
        stock,
        sources,
        plan,
        # A model that reads no text needs no words; its loader meets none.
        inputs or Inputs(Tokenizer(models.BPE()), recipe.geometry, recipe.max_tokens),
        negatives=recipe.negatives,
        augment=recipe.augment,
        corruption=recipe.corruption,
        shown=recipe.shown,
        nouns=book_of(recipe, stock=stock, sources=sources),
        grid=0 if isinstance(recipe.model, CodebookConfig) else recipe.model.image.grid,
        codes=None if codebook is None else codes_of(recipe, codebook=codebook, stock=stock, sources=sources),
        rank=machine.rank,
        world=machine.world,
        workers=workers,
    )
    fresh = frozenset[str]() if record is None else frozenset(record.fresh)
    return Session(recipe, stock, model, loader, tokenizer, fresh)


def find_codebook(recipe: Recipe, *, kinds: Collection[Kind]) -> Tokenises | None:
    """The frozen codebook whose codes the recipe's model predicts; None where it hides no patches.

    `recipe.codebook` is the folder of a codebook's run, or of a transformers checkpoint that holds DALL-E's encoder.
    Raises ValueError where it is missing or something else.
    """
    model = recipe.model
    meets_pictures = "image" in kinds or ("pair" in kinds and recipe.corruption.fused_share > 0)
    if not isinstance(model, FlavaConfig) or recipe.corruption.mim_share == 0 or not meets_pictures:
        return None
    if recipe.codebook is None:
        raise ValueError(
            "flava learns to predict the image codes of hidden patches, and no codebook is named: train one by "
            "`vitrina train codebook CATALOGUE --run CODEBOOK` and add `--set codebook=CODEBOOK`, or do without by "
            "`--set corruption.mim_share=0`"
        )
    path = Path(recipe.codebook)
    if not path.is_dir():
        raise ValueError(f"there is no codebook {path}: `vitrina train codebook CATALOGUE --run {path}` trains one")
    if not is_run(path):
        return DalleEncoder.from_transformers(path, grid=model.image.grid)
    codebook = load(path)
    if not isinstance(codebook, Codebook):
        raise ValueError(f"{path} is a run of another model, not of a codebook: name one by `--set codebook=CODEBOOK`")
    return codebook


def _refuse_other_grid(codebook: Tokenises, *, recipe: Recipe) -> None:
    """ValueError where the codebook cuts a picture otherwise than the model, before a run is made of them."""
    assert isinstance(recipe.model, FlavaConfig)
    side, patches = recipe.geometry.size_px, recipe.model.image.patches
    codes = codebook.tokenise(torch.zeros(1, 3, side, side, dtype=torch.uint8)).shape[1]
    if codes != patches:
        raise ValueError(_other_grid(recipe, codes=codes, patches=patches))


def _refuse_unmaskable(tokenizer: Tokenizer, *, recipe: Recipe, kinds: Collection[Kind]) -> None:
    """ValueError where words are to be hidden and the tokenizer of the start cannot hide any."""
    meets_words = "text" in kinds or ("pair" in kinds and recipe.corruption.fused_share > 0)
    if recipe.corruption.mlm_share > 0 and meets_words:
        mask_id(tokenizer)


def sources_of(recipe: Recipe, *, stock: Stock, split: str = "train") -> dict[Kind, Source]:
    """The sources that the recipe's mixture asks for. A codebook learns from every picture, paired or not."""
    found = find_sources(stock, split=split)
    if isinstance(recipe.model, CodebookConfig):
        rows = [found[kind].rows for kind in ("image", "pair") if kind in found]
        return {"image": Source("image", np.unique(np.concatenate(rows)))} if rows else {}
    asked = {kind for stage in recipe.mixture.parts() for kind in KINDS if share_of(stage, kind) > 0}
    return {kind: source for kind, source in found.items() if kind in asked}


def book_of(recipe: Recipe, *, stock: Stock, sources: Mapping[Kind, Source]) -> NounBook | None:
    """The words of the products that training shows as pairs; None where the recipe draws none."""
    return NounBook.from_stock(stock, sources["pair"].rows, draws=recipe.nouns) if "pair" in sources else None


def _plan(recipe: Recipe, *, stock: Stock, sources: Mapping[Kind, Source]) -> Plan:
    return plan_run(
        stock,
        sources,
        mixture=recipe.mixture,
        batch_rows=recipe.batch_rows,
        seed=recipe.seed,
        total_steps=recipe.steps,
    )


def _texts(stock: Stock, sources: Mapping[Kind, Source], *, fields: Mapping[str, float]) -> Iterator[str]:
    """Every text that training may show, prompts of `fields` included."""
    rows = np.unique(np.concatenate([sources[kind].rows for kind in ("text", "pair") if kind in sources]))
    with tqdm(total=len(rows), desc="reading texts", delay=2, leave=False, dynamic_ncols=True) as bar:
        for start in range(0, len(rows), _READ_AT_ONCE):
            products = stock.read(rows[start : start + _READ_AT_ONCE], pictures="none")
            for product in products:
                yield from (each.text for each in product.texts)
                if fields:
                    facts = {name: weight for name, weight in fields.items() if name not in ("title", "description")}
                    yield from (each for some in prompts(product, fields=facts).values() for each in some)
            bar.update(len(products))


def recorded_stock(folder: RunFolder) -> Stock:
    """The catalogues of a run, each in the version that the run learns from; ValueError where one is gone."""
    return Stock([_as_recorded(record, folder=folder) for record in folder.data().catalogues])


def _as_recorded(record: CatalogueRecord, *, folder: RunFolder) -> Catalogue:
    """The version of a catalogue that the run learns from, whatever was written to it since."""
    try:
        catalogue = Catalogue.open(record.path)
    except ValueError as error:
        raise ValueError(f"{error}; if it moved, write where it is now into {folder.path / 'data.json'}") from error
    if catalogue.digest == record.digest:
        return catalogue
    try:
        return Catalogue.open(record.path, digest=record.digest)
    except ValueError as error:
        raise ValueError(
            f"the catalogue {record.path} has changed since {folder.path} began ({record.products} products then, "
            f"{len(catalogue)} now), and what the run learns from cannot be opened: {error}. Restore it, or start a "
            "new run"
        ) from error


def codes_of(recipe: Recipe, *, codebook: Tokenises, stock: Stock, sources: Mapping[Kind, Source]) -> Codes:
    """The codes of every picture that the run shows, kept beside the codebook for every run that uses it."""
    assert isinstance(recipe.model, FlavaConfig) and recipe.codebook is not None
    codes = compute_codes(
        stock,
        np.unique(np.concatenate([sources[kind].rows for kind in ("image", "pair") if kind in sources])),
        codebook=codebook,
        geometry=recipe.geometry,
        augment=recipe.augment,
        seed=recipe.seed,
        folder=Path(recipe.codebook) / "codes",
    )
    patches = recipe.model.image.patches
    if codes.patches != patches:
        raise ValueError(_other_grid(recipe, codes=codes.patches, patches=patches))
    return codes


def _other_grid(recipe: Recipe, *, codes: int, patches: int) -> str:
    return (
        f"the codebook {recipe.codebook} gives {codes} codes a picture where the model has {patches} patches: train a "
        "codebook of the same grid"
    )
