"""How well hidden words and patches are predicted on held-out products, beside what their frequencies alone give."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from vitrina.catalogue.product import Product
from vitrina.data.codes import Tokenises, compute_codes
from vitrina.data.inputs import Inputs
from vitrina.data.sources import Kind, Source, find_sources
from vitrina.data.stock import Stock
from vitrina.evaluation import metrics
from vitrina.evaluation.evaluation import By, Group, Metric, Section
from vitrina.evaluation.groups import language_of
from vitrina.evaluation.heldout import LARGEST
from vitrina.evaluation.hiding import PLAIN, Hiding, Sums
from vitrina.evaluation.measure import UnaskableError
from vitrina.models.flava import Flava
from vitrina.recipes.recipe import Recipe

_MOST_COUNTED = 20_000
_MOST_TOKENISED = 2_000
_READ_AT_ONCE = 512

_WORDS = {"mlm": "hidden words, text alone", "mmm_text": "hidden words beside the picture"}
_PATCHES = {"mim": "hidden patches, picture alone", "mmm_image": "hidden patches beside the text"}
_MATCHING = {"itm": "which text belongs"}


@dataclass(frozen=True)
class Entropies:
    """Entropies in nats of some products' tokens and image codes, None where there are none at hand."""

    tokens: float | None
    codes: float | None


@dataclass(frozen=True)
class Unigrams:
    """The entropies of all training products, and of those of each domain and language."""

    whole: Entropies
    groups: Mapping[tuple[By, str], Entropies] = field(default_factory=dict)


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

    Pictures are shown plainly and whole. Their codes are kept below `folder`; without a codebook patches are not asked
    about. Losses are summed over batches and divided by all hidden positions; intervals come from resampling the
    batches. Where there are several domains or languages, the products are asked about once more, in batches of one
    domain and language each. Raises UnaskableError where the split gives nothing to hide.
    """
    sources: dict[Kind, Source] = {
        kind: _sampled(source, seed=seed) for kind, source in find_sources(stock, split=split).items()
    }
    pictured = [sources[kind].rows for kind in ("image", "pair") if kind in sources]
    codes = None
    if codebook is not None and pictured:
        rows = np.unique(np.concatenate(pictured))
        codes = compute_codes(
            stock, rows, codebook=codebook, geometry=recipe.geometry, augment=PLAIN, seed=seed, folder=folder
        )
    share = recipe.corruption.mim_share_at(1.0) if codes is not None else 0.0
    hiding = Hiding(
        model,
        stock=stock,
        sources=sources,
        codes=codes,
        negatives=recipe.negatives,
        corruption=replace(recipe.corruption, mim_share=share, mim_share_end=None, fused_share=1.0, patch_dropout=0.0),
        losses=[name for name in _WORDS | _PATCHES | _MATCHING if recipe.weights.get(name, 0.0) > 0],
        seed=seed,
    )
    try:
        sums, by_group = hiding.whole(), hiding.by_group()
    except ValueError as error:  # such as: no other product's text can be a wrong one
        raise UnaskableError(str(error)) from error
    found = _metrics(sums, entropies=unigrams.whole, prior=_prior(recipe), seed=seed)
    if not found:
        raise UnaskableError("the held-out products give no text and no picture to hide something of")
    groups = tuple(
        Group(
            each.by,
            each.name,
            each.questions,
            _metrics(
                {name: parts for name, parts in each.sums.items() if name not in _MATCHING},
                entropies=unigrams.groups.get((each.by, each.name), Entropies(None, None)),
                prior=None,
                seed=seed,
            ),
        )
        for each in by_group
    )
    return Section(
        key="masked_prediction",
        title="Hidden words and patches, texts that do not belong (cross-entropy)",
        note=f"Hidden as in training, {100 * recipe.corruption.mlm_share:.0f} % of the words and "
        f"{100 * recipe.corruption.mim_share_at(1.0):.0f} % of the patches; lower is better. Base rate: the entropy of "
        "the training products' tokens and codes, and of how often a text is another product's: the loss of a guess "
        "that knows how frequent each is."
        + (" A domain's and a language's is that of its own training products; it is read without wrong texts."
           if groups else ""),
        questions=sum(len(source.rows) for source in sources.values()),
        metrics=found,
        groups=groups,
        main=tuple((_WORDS | _PATCHES).values()) if groups else (),
    )  # fmt: skip


def unigrams_of(
    stocks: Sequence[Stock], *, inputs: Inputs, codebook: Tokenises | None, domains: Collection[str], seed: int
) -> Unigrams:
    """Token and code entropies of the training products of some stocks, from a sample where there are many.

    All together, for each language, and for each of `domains`.
    """
    tokens = _Counts(inputs.tokenizer.get_vocab_size())
    codes = _Counts(1 if codebook is None else codebook.code_count)
    draws = np.random.default_rng(seed)
    for stock in stocks:
        facts, folder = stock.facts(), stock.catalogues[0].path.resolve().name
        is_train = np.array(facts["split"].to_pylist(), dtype=object) == "train"
        texts = np.flatnonzero(is_train & (facts["text_count"].to_numpy() > 0))
        for rows in _chunks(draws.permutation(texts)[:_MOST_COUNTED]):
            shown = [(_domain(each, folder, domains), text) for each in _read(stock, rows) for text in each.texts]
            read = inputs.tokens([text.text for _, text in shown])
            tokens.add(read.ids, is_counted=read.words >= 0, by="domain", names=[domain for domain, _ in shown])
            names = [language_of(text) for _, text in shown]
            tokens.add(read.ids, is_counted=read.words >= 0, by="language", names=names)
        pictures = np.flatnonzero(is_train & (facts["picture_count"].to_numpy() > 0))
        if codebook is None:
            continue
        for rows in _chunks(draws.permutation(pictures)[:_MOST_TOKENISED]):
            products = stock.read(rows)
            found = codebook.tokenise(inputs.pictures([product.pictures[0] for product in products]))
            numbers = found.reshape(len(products), -1).cpu().numpy()
            every = np.ones(numbers.shape, dtype=bool)
            names = [_domain(each, folder, domains) for each in products]
            codes.add(numbers, is_counted=every, by="domain", names=names)
            names = [language_of(each.texts[0]) if each.texts else None for each in products]
            codes.add(numbers, is_counted=every, by="language", names=names)
    groups: dict[tuple[By, str], Entropies] = {
        key: Entropies(tokens.entropy(key), codes.entropy(key)) for key in [*tokens.groups, *codes.groups]
    }
    return Unigrams(Entropies(tokens.entropy(), codes.entropy()), groups)


class _Counts:
    """How often each of `size` symbols occurs: in all, and in each group."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._whole = np.zeros(size, dtype=np.int64)
        self.groups: dict[tuple[By, str], np.ndarray] = {}

    def add(self, symbols: np.ndarray, *, is_counted: np.ndarray, by: By, names: Sequence[str | None]) -> None:
        """Count symbols (n, t) where `is_counted`, row by row for the group of its name; rows without one in none.

        All rows count once in all: by domain, not again by language.
        """
        labels = np.array(names, dtype=object)
        if by == "domain":
            self._whole += self._counted(symbols[is_counted])
        for name in {each for each in names if each is not None}:
            of_name = labels == name
            counted = self._counted(symbols[of_name][is_counted[of_name]])
            self.groups[by, name] = self.groups.get((by, name), 0) + counted

    def entropy(self, group: tuple[By, str] | None = None) -> float | None:
        counts = self._whole if group is None else self.groups.get(group)
        return None if counts is None or not counts.any() else metrics.entropy(counts)

    def _counted(self, symbols: np.ndarray) -> np.ndarray:
        return np.bincount(symbols.reshape(-1), minlength=self._size)


def _domain(product: Product, folder: str, wanted: Collection[str]) -> str | None:
    domain = product.domain or folder
    return domain if domain in wanted else None


def _read(stock: Stock, rows: np.ndarray) -> list[Product]:
    return stock.read(rows, pictures="none")


def _prior(recipe: Recipe) -> float:
    """Entropy in nats of the answers of image-text matching, as the recipe draws them."""
    share = 0.5 if recipe.corruption.itm == "segments" else recipe.corruption.itm_negative_share
    return metrics.entropy(np.array([share, 1 - share]))


def _metrics(sums: Sums, *, entropies: Entropies, prior: float | None, seed: int) -> tuple[Metric, ...]:
    """The mean of each loss over all hidden positions, beside its base rate, from (value, count) of each batch."""
    bases = dict.fromkeys(_WORDS, entropies.tokens) | dict.fromkeys(_PATCHES, entropies.codes)
    bases |= dict.fromkeys(_MATCHING, prior)
    found = []
    for name, title in (_WORDS | _PATCHES | _MATCHING).items():
        if name in sums:
            values, counts = np.array(sums[name]).T
            mean = metrics.estimate(metrics.ratio_of(values, counts), questions=len(values), seed=seed)
            low, high = (mean.low, mean.high) if len(values) > 1 else (None, None)
            found.append(Metric(title, mean.value, "nats", low=low, high=high, base=bases[name]))
    return tuple(found)


def _sampled(source: Source, *, seed: int) -> Source:
    if len(source.rows) <= LARGEST:
        return source
    return Source(source.kind, np.sort(np.random.default_rng(seed).choice(source.rows, LARGEST, replace=False)))


def _chunks(rows: np.ndarray) -> list[np.ndarray]:
    return [rows[start : start + _READ_AT_ONCE] for start in range(0, len(rows), _READ_AT_ONCE)]
