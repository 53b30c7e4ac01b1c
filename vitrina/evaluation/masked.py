"""How well hidden words and patches are predicted on held-out products, beside what their frequencies alone give."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from torch import Tensor
from tqdm import tqdm

from vitrina.data.codes import Codes, Tokenises, compute_codes
from vitrina.data.inputs import Inputs
from vitrina.data.loader import Loader
from vitrina.data.mixture import Mixture
from vitrina.data.pictures import Augment
from vitrina.data.plan import Plan
from vitrina.data.sources import Kind, Source, find_sources
from vitrina.data.stock import Stock
from vitrina.evaluation import metrics
from vitrina.evaluation.evaluation import Metric, Section
from vitrina.evaluation.heldout import LARGEST
from vitrina.evaluation.measure import UnaskableError
from vitrina.models.answering import answering
from vitrina.models.flava import Flava
from vitrina.recipes.recipe import Recipe

_BATCH_ROWS = 32
_LEAST_BATCHES = 16
_MOST_COUNTED = 20_000
_MOST_TOKENISED = 2_000
_READ_AT_ONCE = 512

_PLAIN = Augment(flip=False, shift_share=0.0, scale_share=0.0, aspect_share=0.0)
_WORDS = {"mlm": "hidden words, text alone", "mmm_text": "hidden words beside the picture"}
_PATCHES = {"mim": "hidden patches, picture alone", "mmm_image": "hidden patches beside the text"}
_MATCHING = {"itm": "which text belongs"}


@dataclass(frozen=True)
class Unigrams:
    """Entropies in nats of the training products' tokens and image codes, None where there are none at hand."""

    tokens: float | None
    codes: float | None


def masked_section(
    model: Flava,
    *,
    recipe: Recipe,
    stock: Stock,
    split: str,
    unigrams: Unigrams,
    codebook: Tokenises | None,
    folder: Path,
    seed: int,
) -> Section:
    """The masked-prediction losses on a split of a stock, corrupted as in training but with a seed of their own.

    Pictures are shown plainly. Their codes are kept below `folder`; without a codebook patches are not asked about.
    Losses are summed over batches and divided by all hidden positions; intervals come from resampling the batches.
    Raises UnaskableError where the split gives nothing to hide.
    """
    inputs = model.read_inputs()
    sources: dict[Kind, Source] = {
        kind: _sampled(source, seed=seed) for kind, source in find_sources(stock, split=split).items()
    }
    pictured = [sources[kind].rows for kind in ("image", "pair") if kind in sources]
    codes = None
    if codebook is not None and pictured:
        rows = np.unique(np.concatenate(pictured))
        codes = compute_codes(
            stock, rows, codebook=codebook, geometry=recipe.geometry, augment=_PLAIN, seed=seed, folder=folder
        )
    try:
        sums = _sums(model, recipe=recipe, stock=stock, sources=sources, inputs=inputs, codes=codes, seed=seed)
    except ValueError as error:  # such as: no other product's text can be a wrong one
        raise UnaskableError(str(error)) from error
    bases = dict.fromkeys(_WORDS, unigrams.tokens) | dict.fromkeys(_PATCHES, unigrams.codes)
    bases |= dict.fromkeys(_MATCHING, _prior(recipe))
    found = [
        _metric(title, np.array(sums[name]), base=bases[name], seed=seed)
        for name, title in (_WORDS | _PATCHES | _MATCHING).items()
        if name in sums and recipe.weights.get(name, 0.0) > 0
    ]
    if not found:
        raise UnaskableError("the held-out products give no text and no picture to hide something of")
    return Section(
        key="masked_prediction",
        title="Hidden words and patches, texts that do not belong (cross-entropy)",
        note=f"Hidden as in training, {100 * recipe.corruption.mlm_share:.0f} % of the words and "
        f"{100 * recipe.corruption.mim_share_at(1.0):.0f} % of the patches; lower is better. Base rate: the entropy of "
        "the training products' tokens and codes, and of how often a text is another product's: the loss of a guess "
        "that knows how frequent each is.",
        questions=sum(len(source.rows) for source in sources.values()),
        metrics=tuple(found),
    )


def unigrams_of(stocks: Sequence[Stock], *, inputs: Inputs, codebook: Tokenises | None, seed: int) -> Unigrams:
    """Token and code entropies of the training products of some stocks, from a sample where there are many."""
    tokens = np.zeros(inputs.tokenizer.get_vocab_size(), dtype=np.int64)
    codes = np.zeros(1 if codebook is None else codebook.code_count, dtype=np.int64)
    draws = np.random.default_rng(seed)
    for stock in stocks:
        facts = stock.facts()
        is_train = np.array(facts["split"].to_pylist(), dtype=object) == "train"
        texts = np.flatnonzero(is_train & (facts["text_count"].to_numpy() > 0))
        for rows in _chunks(draws.permutation(texts)[:_MOST_COUNTED]):
            products = stock.read(rows, pictures="none")
            read = inputs.tokens([text.text for product in products for text in product.texts])
            tokens += np.bincount(read.ids[read.words >= 0], minlength=len(tokens))
        pictures = np.flatnonzero(is_train & (facts["picture_count"].to_numpy() > 0))
        if codebook is None:
            continue
        for rows in _chunks(draws.permutation(pictures)[:_MOST_TOKENISED]):
            pixels = inputs.pictures([product.pictures[0] for product in stock.read(rows)])
            codes += np.bincount(codebook.tokenise(pixels).reshape(-1).cpu().numpy(), minlength=len(codes))
    return Unigrams(
        tokens=metrics.entropy(tokens) if tokens.any() else None,
        codes=metrics.entropy(codes) if codes.any() else None,
    )


def _sums(
    model: Flava,
    *,
    recipe: Recipe,
    stock: Stock,
    sources: Mapping[Kind, Source],
    inputs: Inputs,
    codes: Codes | None,
    seed: int,
) -> dict[str, list[tuple[float, float]]]:
    """(value, count) of each masked loss in every batch of every kind."""
    share = recipe.corruption.mim_share_at(1.0) if codes is not None else 0.0
    corruption = replace(recipe.corruption, mim_share=share, mim_share_end=None, fused_share=1.0)
    sums: dict[str, list[tuple[float, float]]] = defaultdict(list)
    with answering(model) as device, tqdm(desc="hidden words and patches", delay=2, leave=False) as bar:
        for kind, source in sources.items():
            if kind == "image" and codes is None:
                continue
            # Enough batches for an interval, from few products too.
            batch_rows = max(1, min(_BATCH_ROWS, len(source.rows) // _LEAST_BATCHES))
            steps = len(source.rows) // batch_rows
            plan = Plan(
                {kind: len(source.rows)},
                mixture=Mixture(text=float(kind == "text"), image=float(kind == "image"), pair=float(kind == "pair")),
                batch_rows=batch_rows,
                seed=seed,
                total_steps=steps,
            )
            loader = Loader(
                stock,
                {kind: source},
                plan,
                inputs,
                negatives=recipe.negatives,
                augment=_PLAIN,
                corruption=corruption,
                grid=model.config.image.grid,
                codes=codes,
            )
            for batch in loader.batches(0, steps):
                for name, loss in model(batch.to(device)).items():
                    if name in _WORDS or name in _PATCHES or name in _MATCHING:
                        _add(sums[name], value=loss.value, count=loss.count)
                bar.update()
    return {name: parts for name, parts in sums.items() if sum(count for _, count in parts) > 0}


def _prior(recipe: Recipe) -> float:
    """Entropy in nats of the answers of image-text matching, as the recipe draws them."""
    share = 0.5 if recipe.corruption.itm == "segments" else recipe.corruption.itm_negative_share
    return metrics.entropy(np.array([share, 1 - share]))


def _add(parts: list[tuple[float, float]], *, value: Tensor, count: Tensor) -> None:
    parts.append((float(value), float(count)))


def _metric(title: str, parts: np.ndarray, *, base: float | None, seed: int) -> Metric:
    """The mean over all hidden positions from (value, count) of each batch (n, 2)."""
    values, counts = parts.T
    found = metrics.estimate(metrics.ratio_of(values, counts), questions=len(parts), seed=seed)
    low, high = (found.low, found.high) if len(parts) > 1 else (None, None)
    return Metric(title, found.value, "nats", low=low, high=high, base=base)


def _sampled(source: Source, *, seed: int) -> Source:
    if len(source.rows) <= LARGEST:
        return source
    return Source(source.kind, np.sort(np.random.default_rng(seed).choice(source.rows, LARGEST, replace=False)))


def _chunks(rows: np.ndarray) -> list[np.ndarray]:
    return [rows[start : start + _READ_AT_ONCE] for start in range(0, len(rows), _READ_AT_ONCE)]
