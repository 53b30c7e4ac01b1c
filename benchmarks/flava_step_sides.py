"""The two sides of `flava_step`: the same weights, the same rows, and what each is given of them."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from vitrina.data.batch import Batch, ImageBatch, PairBatch, Pictures, TextBatch, Texts
from vitrina.data.corruption import WordMasking, kept_patches, mask_blocks
from vitrina.data.inputs import Inputs
from vitrina.data.pictures import PictureGeometry
from vitrina.data.text import train_tokenizer

Kind = Literal["pair", "image", "text"]
SHARES: dict[Kind, float] = {"pair": 0.70, "image": 0.15, "text": 0.15}
Size = Literal["narrow", "base"]

SIZE_PX, PATCH_PX, DOCUMENTED_TOKENS, CODES = 224, 16, 77, 8192
PATCHES = (SIZE_PX // PATCH_PX) ** 2
IGNORE = -100  # their label of a position that is not to be predicted
NEGATIVE_SHARE, MASKED_WORDS, MASKED_PATCHES, DROPPED_PATCHES = 0.1, 0.15, 75 / 196, 0.5

THEIR_NAMES = {
    "mlm": "mlm",
    "mim": "mim",
    "mmm_text": "mmm_text",
    "mmm_image": "mmm_image",
    "itm": "itm",
    "itc": "global_contrastive",
}


def their_model(size: Size, *, vocabulary: int) -> Any:
    """`FlavaForPreTraining` with random weights, and its own image codebook.

    "narrow" is a third of the base width and of its layers, with a quarter of its codebook's width: so the codebook is
    the same share of a pair's forward pass as at base size.
    """
    from transformers import FlavaConfig, FlavaForPreTraining

    if size == "base":
        return FlavaForPreTraining(FlavaConfig(text_config={"vocab_size": vocabulary})).train()
    shape = {"hidden_size": 256, "num_attention_heads": 4, "intermediate_size": 1024}
    config = FlavaConfig(
        image_config={**shape, "num_hidden_layers": 4, "image_size": SIZE_PX, "patch_size": PATCH_PX},
        text_config={**shape, "num_hidden_layers": 4, "vocab_size": vocabulary},
        multimodal_config={**shape, "num_hidden_layers": 2},
        image_codebook_config={"hidden_size": 64},
        hidden_size=256,
        projection_dim=256,
    )
    return FlavaForPreTraining(config).train()


@dataclass(frozen=True)
class Rows:
    """What there is to draw from: titles, and pictures where the data has them."""

    titles: list[str]
    pictures: list[Path]

    @classmethod
    def read(cls, data: Path | None) -> "Rows":
        """The titles and pictures of `fashion_products`, or titles made of a few words where it is not there."""
        table = None if data is None else data / "fashion_products" / "products_train.jsonl"
        if table is None or not table.exists():
            words = ("red", "blue", "cotton", "linen", "shirt", "mug", "men's", "women's", "casual", "2-pack", "XL")
            rng = np.random.default_rng(0)
            return cls([" ".join(rng.choice(words, size=rng.integers(3, 9))) for _ in range(2000)], [])
        rows = [json.loads(line) for line in table.read_text(encoding="utf-8").splitlines()]
        return cls([row["title"] for row in rows], [table.parent / row["image"] for row in rows])


class Shelf:
    """Batches of the rows, corrupted as in training, with codes from a cache (here drawn at random)."""

    def __init__(self, rows: Rows, *, vocabulary: int, batch_rows: int) -> None:
        self.rows, self.batch_rows = rows, batch_rows
        self.tokenizer = train_tokenizer(rows.titles, vocabulary=vocabulary)
        self.inputs = Inputs(self.tokenizer, PictureGeometry(size_px=SIZE_PX), max_tokens=DOCUMENTED_TOKENS)
        self.masking = WordMasking(self.tokenizer, MASKED_WORDS, 0)

    @property
    def vocabulary(self) -> int:
        return self.tokenizer.get_vocab_size()

    def batches(self, kind: Kind) -> Iterator[Batch]:
        """New rows at every step, without end; the same for the same settings."""
        step = 0
        while True:
            yield self.batch(kind, step=step)
            step += 1

    def batch(self, kind: Kind, *, step: int) -> Batch:
        b = self.batch_rows
        rows = (np.arange(b) + step * b) % len(self.rows.titles)
        keys = np.stack([np.zeros(b, dtype=np.int64), np.full(b, step), rows], axis=1)
        numbers = torch.from_numpy(rows)
        titles = [self.rows.titles[row] for row in rows]
        match kind:
            case "text":
                text = self.masking.mask(self.inputs.tokens(titles), keys=keys)
                return TextBatch(keys=torch.from_numpy(keys), product=numbers, text_key=numbers, text=text)
            case "image":
                return ImageBatch(torch.from_numpy(keys), product=numbers, picture=self._pictures(rows, keys=keys))
            case "pair":
                return self._pairs(titles, rows=rows, keys=keys)

    def _pairs(self, titles: list[str], *, rows: np.ndarray, keys: np.ndarray) -> PairBatch:
        """transformers has one text per row for all losses, so ours gets that one for all of them too."""
        is_foreign = np.arange(len(rows)) < round(NEGATIVE_SHARE * len(rows))
        tokens = self.inputs.tokens(
            [titles[number - 1] if is_foreign[number] else t for number, t in enumerate(titles)]
        )
        is_predicted = np.broadcast_to(~is_foreign[:, None], tokens.ids.shape)
        fused = self.masking.mask(tokens, keys=keys, is_predicted=is_predicted)
        numbers, matches = torch.from_numpy(rows), torch.from_numpy(~is_foreign)
        return PairBatch(
            keys=torch.from_numpy(keys),
            product=numbers,
            text_key=torch.arange(len(rows)),
            text=fused,
            text_matches=matches,
            picture=self._pictures(rows, keys=keys),
            fused=fused,
            fused_matches=matches,
            target=matches.long(),
        )

    def _pictures(self, rows: np.ndarray, *, keys: np.ndarray) -> Pictures:
        generator = torch.Generator().manual_seed(int(rows[0]))
        if self.rows.pictures:
            pixels = self.inputs.pictures([self.rows.pictures[row].read_bytes() for row in rows])
        else:
            pixels = torch.randint(256, (len(rows), 3, SIZE_PX, SIZE_PX), dtype=torch.uint8, generator=generator)
        grid = (SIZE_PX // PATCH_PX, SIZE_PX // PATCH_PX)
        return Pictures(
            pixels=pixels,
            is_masked=torch.from_numpy(mask_blocks(keys, grid=grid, share=MASKED_PATCHES, seed=0)),
            codes=torch.randint(CODES, (len(rows), PATCHES), generator=generator),
            kept=torch.zeros(len(rows), 0, dtype=torch.long),
        )


def with_dropout(batch: Batch) -> Batch:
    """Half of the clean pictures' patches left out (FLIP, Li et al. 2023, section 3); other kinds as they are."""
    if not isinstance(batch, PairBatch):
        return batch
    kept = kept_patches(batch.keys.numpy(), patches=PATCHES, share=DROPPED_PATCHES, seed=0)
    return replace(batch, picture=replace(batch.picture, kept=torch.from_numpy(kept)))


def their_inputs(batch: Batch, *, mean: Tensor, std: Tensor, as_documented: bool) -> dict[str, Tensor]:
    """The arguments of their forward pass.

    `as_documented` pads texts to 77 tokens and gives the codebook its pictures (half the side) instead of labels.
    """
    inputs: dict[str, Tensor] = {}
    if not isinstance(batch, ImageBatch):
        text = batch.text if isinstance(batch, TextBatch) else batch.fused
        if as_documented:
            text = padded(text)
        inputs |= {"input_ids": text.ids, "input_ids_masked": text.masked_ids, "token_type_ids": text.types}
        inputs |= {"attention_mask": text.is_token.long()}
        inputs |= {"mlm_labels": text.ids.masked_fill(~text.is_masked, IGNORE)}
    if not isinstance(batch, TextBatch):
        picture = batch.picture
        pixels = (picture.pixels.float() / 255 - mean) / std
        inputs |= {"pixel_values": pixels, "bool_masked_pos": picture.is_masked}
        if as_documented:
            half = torch.nn.functional.interpolate(picture.pixels.float() / 255, scale_factor=0.5, mode="area")
            inputs |= {"codebook_pixel_values": 0.8 * half + 0.1}  # their processor's map for the dVAE
        else:
            inputs |= {"mim_labels": picture.codes.clone()}  # which they write into
    if isinstance(batch, PairBatch):
        inputs |= {"itm_labels": batch.target}
    return inputs


def padded(text: Texts) -> Texts:
    """The same texts, as long as their documentation makes them."""
    missing = (0, DOCUMENTED_TOKENS - text.ids.shape[1])
    return Texts(
        *(torch.nn.functional.pad(each, missing) for each in (text.ids, text.is_token, text.types)),
        *(torch.nn.functional.pad(each, missing) for each in (text.masked_ids, text.is_masked)),
    )
