"""Loader: a step's number goes in, its batch comes out — the same batch on every machine, however many threads help."""

import threading
from collections import deque
from collections.abc import Generator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch

from vitrina.catalogue.product import Product
from vitrina.data.batch import Batch, ImageBatch, Nouns, PairBatch, Pictures, TextBatch, Texts
from vitrina.data.builder import Builder, Negatives, draw
from vitrina.data.corruption import (
    Corruption,
    Fused,
    WordMasking,
    fuse_pairs,
    fuse_segments,
    kept_patches,
    mask_blocks,
    pair_is_negative,
)
from vitrina.data.fields import Sides, draw_text_sides
from vitrina.data.inputs import Inputs
from vitrina.data.pictures import Augment, erase
from vitrina.data.plan import Plan
from vitrina.data.shown import PictureReader, Shown
from vitrina.data.sources import Kind, Source
from vitrina.data.stock import Stock
from vitrina.data.text import mask_id
from vitrina.data.text_columns import TextColumns, text_keys

_SIDES = Sides()


class LooksUpCodes(Protocol):
    """Image codes by stock row, picture number and view number, each (b,) int64."""

    def lookup(self, rows: np.ndarray, *, pictures: np.ndarray, views: np.ndarray) -> np.ndarray:
        """(b, p) int64, row by row of the patch grid."""
        ...


class ReadsNouns(Protocol):
    """The words of products that a multi-label loss asks for, of rows with their keys (b, 3)."""

    def read(self, products: Sequence[Product], *, keys: np.ndarray, inputs: Inputs, seed: int) -> Nouns: ...


class Loader:
    """Turns the plan's rows into batches; a pure function of the step.

    `grid` is the model's patches a side, 0 for a model that neither masks nor drops any. `codes` gives the targets of
    masked patches; without it `codes` are all zero. `shown` says what of its product a row of pairs shows, and `nouns`
    gives its words to those who learn from them. Rank `rank` of `world` gets its share of each batch. A picture that
    cannot be read gives way to another one of its product, or to another product of its source, always the same; it is
    logged once, and more than `error_budget` of them stop the run. Randomness comes from `plan.seed`.

    Raises ValueError for settings that do not fit together.

    >>> loader = Loader(stock, sources, plan, inputs, negatives=Negatives(), augment=Augment(),
    ...                 corruption=Corruption(), grid=8)  # doctest: +SKIP
    >>> for batch in loader.batches(0, 500): ...  # doctest: +SKIP
    """

    def __init__(
        self,
        stock: Stock,
        sources: Mapping[Kind, Source],
        plan: Plan,
        inputs: Inputs,
        *,
        negatives: Negatives,
        augment: Augment,
        corruption: Corruption,
        grid: int,
        shown: Sides = _SIDES,
        nouns: ReadsNouns | None = None,
        codes: LooksUpCodes | None = None,
        rank: int = 0,
        world: int = 1,
        workers: int = 2,
        error_budget: int = 100,
    ) -> None:
        assert all(len(sources[kind].rows) == size for kind, size in plan.sizes.items()), "a plan of other sources"
        assert 0 <= rank < world and workers >= 0
        if plan.batch_rows % world:
            raise ValueError(
                f"batch_rows is {plan.batch_rows}, which {world} processes cannot share evenly: choose a multiple."
            )
        if codes is not None and augment.views is None and augment.moves:
            raise ValueError(
                "Image codes are looked up by view, but augment.views is None, a fresh view every epoch: "
                "set augment.views to the number of views that the codes were computed for."
            )
        if corruption.patch_dropout > 0 and grid == 0:
            raise ValueError(
                f"corruption.patch_dropout is {corruption.patch_dropout}, but this model's pictures have no patches to "
                "leave out: set it to 0."
            )
        if corruption.mlm_share > 0 and ("text" in plan.sizes or ("pair" in plan.sizes and corruption.fused_share > 0)):
            mask_id(inputs.tokenizer)
        self._stock = stock
        self._sources = sources
        self._plan = plan
        self._inputs = inputs
        self._augment = augment
        self._corruption = corruption
        self._grid = grid
        self._codes = codes
        self._rank = rank
        self._world = world
        self._workers = workers
        self._seed = plan.seed
        self._masking = WordMasking(inputs.tokenizer, share=corruption.mlm_share, seed=plan.seed)
        self._negatives = negatives
        self._sides = shown
        self._nouns = nouns
        self._builders: dict[str | None, Builder] = {}
        self._building = threading.Lock()
        has_negatives = corruption.fused_share > 0 or negatives.contrast > 0
        if "pair" in plan.sizes and has_negatives and not plan.mixture.is_by_domain:
            self._builder(None)
        self._reader = PictureReader(
            stock,
            sources,
            plan=plan,
            geometry=inputs.geometry,
            augment=augment,
            seed=plan.seed,
            error_budget=error_budget,
        )

    def batches(self, start: int, stop: int) -> Generator[Batch, None, None]:
        """The batches of steps `start` to `stop` - 1 in order, a few of them prepared ahead by threads.

        An error while a batch is prepared is raised when its turn comes, with its step. Closing the result ends the
        threads.
        """
        if self._workers == 0:
            for step in range(start, stop):
                yield self.batch(step)
            return
        ahead: deque[Future[Batch]] = deque()
        pool = ThreadPoolExecutor(self._workers, thread_name_prefix="vitrina-loader")
        try:
            upcoming = iter(range(start, stop))
            for step in upcoming:
                ahead.append(pool.submit(self.batch, step))
                if len(ahead) > 2 * self._workers:
                    yield ahead.popleft().result()
            while ahead:
                yield ahead.popleft().result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)

    def domain_of(self, step: int) -> str | None:
        """The business domain of a step's rows; None where the mixture tells no domains apart."""
        return self._plan.domain_of(step)

    def batch(self, step: int) -> Batch:
        """This rank's rows of a step, corrupted and ready for the model."""
        try:
            return self._batch(step)
        except Exception as error:
            error.add_note(f"This happened while the batch of step {step} was prepared.")
            raise

    def _batch(self, step: int) -> Batch:
        planned = self._plan.batch(step)
        fused = self._corruption.fused_rows(len(planned)) if planned.kind == "pair" else 0
        mine = planned.slice(self._rank, world=self._world, fused=fused)
        keys = np.stack(
            [np.full_like(mine.epochs, mine.source), mine.epochs, self._sources[mine.kind].rows[mine.indices]], axis=1
        )
        if mine.kind == "text":
            return self._text_batch(keys)
        pictures_each = self._sides.pictures if mine.kind == "pair" else 1
        shown = self._reader.show(keys, domain=mine.domain, pictures_each=pictures_each)
        if mine.kind == "image":
            return ImageBatch(
                keys=torch.from_numpy(shown.keys),
                product=torch.from_numpy(shown.keys[:, 2].copy()),
                picture=self._pictures(shown, masked=len(keys), dropout=0.0, step=step),
            )
        first, last = self._rank * fused // self._world, (self._rank + 1) * fused // self._world
        return self._pair_batch(shown, fused=last - first, domain=mine.domain, step=step)

    def _text_batch(self, keys: np.ndarray) -> TextBatch:
        products = self._stock.read(keys[:, 2], pictures="none")
        texts = draw(self._seed, keys, products=products).positives
        return TextBatch(
            keys=torch.from_numpy(keys),
            product=torch.from_numpy(keys[:, 2].copy()),
            text_key=text_keys(texts),
            text=self._masking.mask(self._inputs.tokens(texts), keys=keys),
        )

    def _pair_batch(self, shown: Shown, *, fused: int, domain: str | None, step: int) -> PairBatch:
        own = draw(self._seed, shown.keys, products=shown.products).positives
        columns = self._text_columns(shown, own=own, domain=domain)
        read = self._read_texts(
            columns.texts, own=own[:fused], keys=shown.keys[:fused], products=shown.products[:fused], domain=domain
        )
        return PairBatch(
            keys=torch.from_numpy(shown.keys),
            product=torch.from_numpy(shown.keys[:, 2].copy()),
            text_key=columns.text_key,
            text=read.clean,
            text_matches=torch.ones(len(own), dtype=torch.bool),
            picture=self._pictures(shown, masked=fused, dropout=self._corruption.patch_dropout, step=step),
            fused=read.fused.text,
            fused_matches=torch.from_numpy(read.fused.matches),
            target=torch.from_numpy(read.fused.target),
            picture_row=torch.from_numpy(shown.more_rows),
            text_row=columns.more,
            text_weight=columns.weights,
            strangers=columns.strangers,
            nouns=Nouns()
            if self._nouns is None
            else self._nouns.read(shown.products, keys=shown.keys, inputs=self._inputs, seed=self._seed),
        )

    def _text_columns(self, shown: Shown, *, own: list[str], domain: str | None) -> TextColumns:
        """What stands on the text side of the contrastive loss; `own` (b,) are the rows' drawn texts."""
        if self._sides.has_one_text and not self._negatives.contrast:
            return TextColumns.of_single(own)
        rows = draw_text_sides(self._seed, shown.keys, products=shown.products, sides=self._sides)
        if not self._negatives.contrast:
            return TextColumns.of_sides(rows, strangers=(), row_groups=None, keys_each=self._sides.texts)
        builder = self._builder(domain)
        strangers = builder.draw_contrast(shown.keys, products=shown.products, shown=rows, sides=self._sides)
        groups = builder.groups(shown.keys[:, 2])
        return TextColumns.of_sides(rows, strangers=strangers, row_groups=groups, keys_each=self._sides.texts)

    def _read_texts(
        self, texts: list[str], *, own: list[str], keys: np.ndarray, products: list[Product], domain: str | None
    ) -> "_Read":
        """The clean texts of a pair batch, and those that meet the pictures of its first rows, `keys` (f, 3).

        `own` (f,) are the drawn texts of these rows: those that `texts` begins with, unless fields are shown.
        """
        if self._corruption.itm == "segments":
            negatives = self._draw_negatives(keys, products=products, domain=domain)
            fused = fuse_segments(self._inputs, own, negatives=negatives, keys=keys, masking=self._masking)
            return _Read(self._inputs.texts(texts), fused)
        is_negative = pair_is_negative(self._corruption, keys, seed=self._seed)
        wanted = np.flatnonzero(is_negative)
        others = self._draw_negatives(keys[wanted], products=[products[row] for row in wanted], domain=domain)
        # Most texts are read twice, clean and masked: they are tokenised once, the negatives after them.
        apart = own if self._sides.fields else []
        tokens = self._inputs.tokens([*texts, *apart, *others])
        rows = np.arange(len(keys)) + (len(texts) if apart else 0)
        rows[wanted] = len(texts) + len(apart) + np.arange(len(wanted))
        fused = fuse_pairs(tokens.chosen(rows), is_negative=is_negative, keys=keys, masking=self._masking)
        return _Read(tokens.chosen(np.arange(len(texts))).clean(), fused)

    def _draw_negatives(self, keys: np.ndarray, *, products: list[Product], domain: str | None) -> list[str]:
        return self._builder(domain).draw_negatives(keys, products=products) if products else []

    def _builder(self, domain: str | None) -> Builder:
        """What finds negatives: in the batch's own domain, so that no domain is shown before its stage has begun."""
        with self._building:
            if domain not in self._builders:
                rows = self._sources["pair"].rows
                if domain is not None:
                    rows = rows[self._plan.members("pair", domain=domain)]
                self._builders[domain] = Builder(self._stock, rows, negatives=self._negatives, seed=self._seed)
            return self._builders[domain]

    def _pictures(self, shown: Shown, *, masked: int, dropout: float, step: int) -> Pictures:
        """The pixels of all pictures, the hidden patches of the first `masked` rows and their codes.

        Of the clean pictures a share of `dropout` of the patches is left out.
        """
        keys, grid = shown.keys[:masked], self._grid
        share = self._corruption.mim_share_at(step / max(self._plan.total_steps - 1, 1))
        is_masked = mask_blocks(keys, grid=(grid, grid), share=share, seed=self._seed)
        codes = np.zeros(is_masked.shape, dtype=np.int64)
        if self._codes is not None and masked:
            numbers, views = shown.pictures[:masked], shown.views[:masked]
            codes = np.asarray(self._codes.lookup(keys[:, 2], pictures=numbers, views=views), dtype=np.int64)
            if codes.shape != is_masked.shape:
                raise ValueError(
                    f"The image codes are {codes.shape[1]} to a picture, but the model has {grid} x {grid} patches: "
                    "compute codes with a codebook whose grid is the model's."
                )
        kept: list[np.ndarray] = []
        rows, geometry = len(shown.keys), self._inputs.geometry
        for pixels, each in ((shown.pixels[:rows], shown.keys), (shown.pixels[rows:], shown.more_keys)):
            if len(each):
                erase(pixels, augment=self._augment, keys=each, geometry=geometry, seed=self._seed)
                kept.append(kept_patches(each, patches=grid * grid, share=dropout, seed=self._seed))
        return Pictures(
            pixels=shown.pixels,
            is_masked=torch.from_numpy(is_masked),
            codes=torch.from_numpy(codes),
            kept=torch.from_numpy(np.concatenate(kept)),
        )


@dataclass(frozen=True)
class _Read:
    """The texts of a pair batch: `clean` of all rows, and those that are fused."""

    clean: Texts
    fused: Fused
