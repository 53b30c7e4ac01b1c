"""The three kinds of batch: frozen dataclasses of tensors.

Axes: b rows, t tokens, p patches, h w pixels, f fused rows. `keys` (b, 3) hold (source, source epoch, stock row) and
seed everything random about a row; `product` (b,) is a number that rows of the same product share; `text_key` (b,) a
number that rows with the same normalised text share.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields
from typing import Any, Self

import torch
from torch import Tensor


class _Movable:
    """Moves every tensor of a frozen dataclass, nested ones too."""

    def to(self, device: torch.device | str) -> Self:
        """The same on a device; from pinned memory without waiting for the copy."""
        return self._each(lambda tensor: tensor.to(device, non_blocking=True))

    def pinned(self) -> Self:
        """A copy in memory that a CUDA device reads by itself."""
        return self._each(Tensor.pin_memory)

    def tensors(self) -> Iterator[Tensor]:
        """Every tensor, nested ones too."""
        for value in self._values().values():
            if isinstance(value, Tensor):
                yield value
            else:
                yield from value.tensors()

    def _each(self, change: Callable[[Tensor], Tensor]) -> Self:
        changed: dict[str, Any] = {
            name: change(value) if isinstance(value, Tensor) else value._each(change)
            for name, value in self._values().items()
        }
        return type(self)(**changed)

    def _values(self) -> "dict[str, Tensor | _Movable]":
        values = {each.name: getattr(self, each.name) for each in fields(self)}  # type: ignore[arg-type]  # subclasses are dataclasses
        for name, value in values.items():
            assert isinstance(value, Tensor | _Movable), f"{name} cannot move"
        return values


@dataclass(frozen=True)
class Texts(_Movable):
    """Token sequences, padded to the longest of the batch.

    `ids` (b, t) int64 are the original tokens, `is_token` (b, t) bool is False on padding, `types` (b, t) int64 the
    segment (0 or 1). `masked_ids` (b, t) is `ids` after 80/10/10 corruption and `is_masked` (b, t) bool says which
    positions are to be predicted (their targets are `ids`). Clean texts have `masked_ids` equal to `ids` and nothing
    masked.
    """

    ids: Tensor
    is_token: Tensor
    types: Tensor
    masked_ids: Tensor
    is_masked: Tensor


@dataclass(frozen=True)
class Pictures(_Movable):
    """`pixels` (b, 3, h, w) uint8; `is_masked` (b, p) bool, patches to predict; `codes` (b, p) int64, their targets.

    Where nothing is to be predicted, `is_masked` is all False and `codes` all zero. `kept` (b, k) int64 names the
    patches that the clean pass sees, ascending in each row; no columns, (b, 0), stand for all of them.
    """

    pixels: Tensor
    is_masked: Tensor
    codes: Tensor
    kept: Tensor


def _none() -> Tensor:
    return torch.zeros(0, dtype=torch.int64)


@dataclass(frozen=True)
class Strangers(_Movable):
    """Whose the explicit negatives of a pair batch are: q texts of other products, as many for every row.

    `product` (q,), `text_key` (q,) or (q, k) and `group` (q,) say it as the batch does of its rows; `row_group` (b,) is
    the group of the rows themselves. A product without a group has a number of its own.
    """

    product: Tensor = field(default_factory=_none)
    text_key: Tensor = field(default_factory=_none)
    group: Tensor = field(default_factory=_none)
    row_group: Tensor = field(default_factory=_none)


def _no_texts() -> Texts:
    numbers, flags = torch.zeros(0, 0, dtype=torch.int64), torch.zeros(0, 0, dtype=torch.bool)
    return Texts(ids=numbers, is_token=flags, types=numbers, masked_ids=numbers, is_masked=flags)


def _no_columns() -> Tensor:
    return torch.zeros(0, 0, dtype=torch.int64)


@dataclass(frozen=True)
class Nouns(_Movable):
    """Words of the rows' products, for multi-label contrast (GroupViT, section 3.3).

    `text` (u rows) holds the distinct prompts of this batch; `which` (b, k) int64 names the k prompts drawn for each
    row, -1 where a product has fewer; `key` (u,) int64 is a number that equal words share; `known` (b, w) int64 holds
    the keys of every word that is true of the row, -1 fills up. u, k and w are 0 where a recipe asks for none.
    """

    text: Texts = field(default_factory=_no_texts)
    which: Tensor = field(default_factory=_no_columns)
    key: Tensor = field(default_factory=_none)
    known: Tensor = field(default_factory=_no_columns)


@dataclass(frozen=True)
class TextBatch(_Movable):
    """Text-only products: masked language modelling."""

    keys: Tensor
    product: Tensor
    text_key: Tensor
    text: Texts


@dataclass(frozen=True)
class ImageBatch(_Movable):
    """Picture-only products: masked image modelling, or the codebook's reconstruction."""

    keys: Tensor
    product: Tensor
    picture: Pictures


@dataclass(frozen=True)
class PairBatch(_Movable):
    """Products with a picture and a text.

    `text` holds the clean texts for the contrastive loss, and `text_matches` (b,) bool says whether `text` describes
    the picture (always, unless a test says otherwise): rows where it does not are dropped from the contrastive loss
    while their columns stay as negatives.

    The first f rows are also masked and fused: `fused` (f rows) is the text that meets the masked picture in the
    multimodal tower. In the `pair` form of image-text matching it is the row's own text (`target` 1) or another
    product's (`target` 0); in the `segments` form it holds two descriptions and `target` (f,) int64 says which
    segment, 0 or 1, describes the picture. Words are hidden in every fused text alike, or the masks would give the
    answer away; but `fused.is_masked` is False on every token of a text that does not describe the picture.

    `fused_matches` (f,) bool says whether some text in `fused` describes the picture: masked multimodal losses are
    computed on those rows only. `picture.is_masked` and `picture.codes` are (f, p); `picture.pixels` is (b, 3, h, w).

    What follows is empty unless a recipe asks for it. A row may show several pictures and several texts, its sides
    (`vitrina.data.fields.Sides`), and have q / b explicit negatives of its own, `strangers` (q). Then `text` holds a
    first text of each of the c = b + q text columns, the rows' and then the strangers', and after these m further ones;
    `text_row` (m,) names their columns and `text_weight` (c + m,) says how much each counts, nothing being equal
    weights. `picture.pixels` and `picture.kept` hold the rows' first pictures and after these m further ones, of the
    rows `picture_row` (m,). The first b texts and pictures stay those of the rows in their order: what knows nothing of
    sides may look at these alone. Where a row shows several texts, `text_key` is (b, k): rows that have one of their
    keys in common share a text, and -1 fills up.
    """

    keys: Tensor
    product: Tensor
    text_key: Tensor
    text: Texts
    text_matches: Tensor
    picture: Pictures
    fused: Texts
    fused_matches: Tensor
    target: Tensor
    picture_row: Tensor = field(default_factory=_none)
    text_row: Tensor = field(default_factory=_none)
    text_weight: Tensor = field(default_factory=lambda: torch.zeros(0))
    strangers: Strangers = field(default_factory=Strangers)
    nouns: Nouns = field(default_factory=Nouns)


Batch = TextBatch | ImageBatch | PairBatch
