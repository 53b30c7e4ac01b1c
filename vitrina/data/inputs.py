"""Inputs: how a model wants its texts and pictures; the same in training, evaluation and search."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from tokenizers import Encoding, Tokenizer
from torch import Tensor

from vitrina.data.batch import Texts
from vitrina.data.pictures import PLAIN, PictureGeometry, View, decode
from vitrina.data.text import pad_id, splits_at_spaces


@dataclass(frozen=True)
class Tokens:
    """Token sequences padded to the longest, before any masking: four arrays (b, t) int64 and `is_token` bool.

    `words` numbers the word that each token belongs to, counted over both segments; -1 on special tokens and padding.
    """

    ids: np.ndarray
    is_token: np.ndarray
    types: np.ndarray
    words: np.ndarray

    def chosen(self, rows: np.ndarray) -> "Tokens":
        """These rows (n,) alone, repeats allowed, padded to the longest of them."""
        width = int(self.is_token[rows].sum(axis=1).max(initial=0))
        return Tokens(*(each[rows, :width] for each in (self.ids, self.is_token, self.types, self.words)))

    def clean(self) -> Texts:
        """The texts with nothing masked."""
        ids = torch.from_numpy(self.ids)
        return Texts(
            ids=ids,
            is_token=torch.from_numpy(self.is_token),
            types=torch.from_numpy(self.types),
            masked_ids=ids.clone(),
            is_masked=torch.zeros(ids.shape, dtype=torch.bool),
        )


@dataclass(frozen=True)
class Inputs:
    """A tokenizer (any `tokenizer.json`), the pictures' geometry, and the longest text in tokens, specials included.

    >>> Inputs(tokenizer, PictureGeometry(size_px=64), 32).texts(["Red mug"]).ids.shape  # doctest: +SKIP
    torch.Size([1, 4])
    """

    tokenizer: Tokenizer
    geometry: PictureGeometry
    max_tokens: int

    def texts(self, texts: Sequence[str]) -> Texts:
        """Clean texts, padded to the longest of these (b, t); longer ones lose their end."""
        return self.tokens(texts).clean()

    def pictures(self, pictures: Sequence[bytes], *, views: Sequence[View] | None = None) -> Tensor:
        """Pixels (b, 3, h, w) uint8 of encoded pictures, each in its plain view unless `views` are given.

        Raises ValueError with the number of a picture that cannot be read.
        """
        side = self.geometry.size_px
        pixels = torch.empty((len(pictures), 3, side, side), dtype=torch.uint8)
        for number, encoded in enumerate(pictures):
            try:
                decoded = decode(encoded, geometry=self.geometry, view=PLAIN if views is None else views[number])
            except ValueError as error:
                raise ValueError(f"Picture {number} of {len(pictures)} cannot be read: {error}") from error
            pixels[number] = torch.from_numpy(decoded)
        return pixels

    def tokens(self, texts: Sequence[str], *, seconds: Sequence[str] | None = None) -> Tokens:
        """Tokens of texts, or of pairs of texts as two segments; the longer of two is shortened first."""
        # Not `encode_batch_fast`: it loses the words that tokens belong to.
        if seconds is None:
            encodings = self._encode(texts)
        else:
            encodings = self._truncating.encode_batch(list(zip(texts, seconds, strict=True)))
        shape = (len(encodings), max((len(each) for each in encodings), default=0))
        ids = np.full(shape, pad_id(self.tokenizer), dtype=np.int64)
        types, words = np.zeros(shape, dtype=np.int64), np.full(shape, -1, dtype=np.int64)
        lengths = np.zeros((len(encodings), 1), dtype=np.int64)
        for row, encoding in enumerate(encodings):
            length = len(encoding)
            lengths[row] = length
            ids[row, :length] = encoding.ids
            words[row, :length] = [-1 if word is None else word for word in encoding.word_ids]
            if seconds is not None:
                _number_second(encoding.sequence_ids, types[row], words[row])
        is_token = np.arange(shape[1])[None, :] < lengths
        return Tokens(ids=ids, is_token=is_token, types=types, words=words)

    def _encode(self, texts: Sequence[str]) -> list[Encoding]:
        """The encodings of texts, of which no more is read than it takes to fill a sequence."""
        if not self._splits_at_spaces:
            return self._truncating.encode_batch(list(texts))
        starts = [_first_words(text, count=self.max_tokens) for text in texts]
        encodings = self._truncating.encode_batch(starts)
        # A word may vanish when it is normalised: where a beginning leaves room, the whole text is read after all.
        short = [
            row
            for row, (start, text) in enumerate(zip(starts, texts, strict=True))
            if len(start) < len(text) and len(encodings[row]) < self.max_tokens
        ]
        for row, encoding in zip(short, self._truncating.encode_batch([texts[row] for row in short]), strict=True):
            encodings[row] = encoding
        return encodings

    @cached_property
    def _splits_at_spaces(self) -> bool:
        return splits_at_spaces(self.tokenizer)

    @cached_property
    def _truncating(self) -> Tokenizer:
        """A copy of our own: the caller's tokenizer keeps its settings."""
        tokenizer = Tokenizer.from_str(self.tokenizer.to_str())
        tokenizer.no_padding()
        specials = tokenizer.num_special_tokens_to_add(is_pair=True)
        if self.max_tokens < specials + 2:
            raise ValueError(
                f"max_tokens is {self.max_tokens}: two texts need {specials} special tokens and a token each, "
                f"choose {specials + 2} or more."
            )
        tokenizer.enable_truncation(self.max_tokens, strategy="longest_first")
        return tokenizer


def _first_words(text: str, *, count: int) -> str:
    """A text up to and with the space after its first `count` words."""
    pieces = text.split(" ", count)
    return text[: len(text) - len(pieces[-1])] if len(pieces) > count else text


def _number_second(sequences: list[int | None], types: np.ndarray, words: np.ndarray) -> None:
    """Mark the second segment with type 1, its end too, and count its words on from the first's, in place.

    By position, as some tokenizers give both segments type 0.
    """
    if 1 not in sequences:
        return
    start = sequences.index(1)
    types[start : len(sequences)] = 1
    second = words[start : len(sequences)]
    second[second >= 0] += words[:start].max(initial=-1) + 1
