"""Text columns: the texts of a pair batch in the order in which a model reads them, and what is the same among them."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from vitrina.data.batch import Strangers
from vitrina.data.builder import Negative
from vitrina.data.fields import TextSide
from vitrina.data.text import text_key


@dataclass(frozen=True)
class TextColumns:
    """`texts` and, as `PairBatch` describes them, `text_key`, `text_row`, `text_weight` and `strangers`."""

    texts: list[str]
    text_key: Tensor
    more: Tensor = field(default_factory=lambda: torch.zeros(0, dtype=torch.int64))
    weights: Tensor = field(default_factory=lambda: torch.zeros(0))
    strangers: Strangers = field(default_factory=Strangers)

    @classmethod
    def of_single(cls, texts: list[str]) -> "TextColumns":
        """A text a row, and nothing else."""
        return cls(texts, text_keys(texts))

    @classmethod
    def of_sides(
        cls, rows: Sequence[TextSide], *, strangers: Sequence[Negative], row_groups: np.ndarray | None, keys_each: int
    ) -> "TextColumns":
        """The rows' sides (b,) and then those of the strangers (q,): first texts, then all further ones.

        `row_groups` (b,) are the groups of the rows, needed where there are strangers. A side has up to `keys_each`
        keys.
        """
        columns = [*rows, *(each.side for each in strangers)]
        more = [(column, text) for column, side in enumerate(columns) for text in side.texts[1:]]
        weights = [side.weights[0] for side in columns] + [each for side in columns for each in side.weights[1:]]
        keys = _padded_keys(columns, width=keys_each)
        others = Strangers()
        if strangers:
            assert row_groups is not None, "strangers are known by their groups"
            others = Strangers(
                product=torch.tensor([each.row for each in strangers], dtype=torch.int64),
                text_key=keys[len(rows) :],
                group=torch.tensor([each.group for each in strangers], dtype=torch.int64),
                row_group=torch.from_numpy(row_groups),
            )
        return cls(
            texts=[side.texts[0] for side in columns] + [text for _, text in more],
            text_key=keys[: len(rows)],
            more=torch.tensor([column for column, _ in more], dtype=torch.int64),
            weights=torch.tensor(weights, dtype=torch.float32) if more else torch.zeros(0),
            strangers=others,
        )


def text_keys(texts: Sequence[str]) -> Tensor:
    """The keys (n,) int64 of texts."""
    return torch.tensor([text_key(text) for text in texts], dtype=torch.int64)


def _padded_keys(sides: Sequence[TextSide], *, width: int) -> Tensor:
    """(n,) where each has one key, (n, width) otherwise; the same on every rank."""
    keys = torch.tensor([[*side.keys, *[-1] * (width - len(side.keys))] for side in sides], dtype=torch.int64)
    return keys[:, 0] if width == 1 else keys
