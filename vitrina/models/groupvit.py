"""GroupViT: patches join groups and groups meet words, so that texts alone teach where things are (Xu et al. 2022).

    pair   the picture's groups together, against the text            -> itc
           the same, against single words that are true of the row    -> nouns

No mask is ever shown in training. A mask is the soft assignment of patches to groups, times how near each group is to
a word (section 3.4).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vitrina.data.batch import Batch, PairBatch, Texts
from vitrina.data.inputs import Inputs
from vitrina.models.answering import answering
from vitrina.models.bags import bagged, contrasted
from vitrina.models.checkpoint import Carried
from vitrina.models.chunks import rows_of
from vitrina.models.embedder import Embedder
from vitrina.models.grouping import GroupingTower, GroupingTowerConfig
from vitrina.models.patches import own_cells, stored_size, upright
from vitrina.models.projector import Projector
from vitrina.models.sizes import Size
from vitrina.models.towers import TextTower, TextTowerConfig
from vitrina.objectives.contrastive import learned_scale
from vitrina.objectives.multi_label import multi_label
from vitrina.objectives.ranks import summed
from vitrina.objectives.sums import Sum

if TYPE_CHECKING:
    from transformers import GroupViTModel

_PICTURES = 32  # whose maps are computed at once
_MOMENTUM = 0.05  # the weight of a new batch in what groups are mostly like


@dataclass(frozen=True, kw_only=True)
class GroupViTConfig:
    """The grouping tower, the text tower, the `projection` numbers of the space they share and the `projector`'s width.

    The text is read from left to right and stands for itself at its end, as CLIP's. The defaults of pooling and
    projectors are the published ones: `GroupViTConfig.sized("base", vocabulary=49408)` is the published shape.

    `habit`, from 0 to below 1, is how far a map goes by what a group mostly is rather than by what it is in this
    picture. The published 0 needs groups that tell things from backgrounds picture by picture, which takes millions of
    pictures. Long before, some groups go to things everywhere and others to backgrounds, and a habit makes use of it:
    training then keeps the mean cosine of each group with the texts of its pictures. Which of several words a place is
    named by stays the same. Raises ValueError for a habit below 0 or of 1 and more.
    """

    image: GroupingTowerConfig
    text: TextTowerConfig
    projection: int = 256
    projector: int = 4096
    habit: float = 0.0
    mean: tuple[float, float, float] = (0.485, 0.456, 0.406)
    std: tuple[float, float, float] = (0.229, 0.224, 0.225)

    def __post_init__(self) -> None:
        if not 0.0 <= self.habit < 1.0:
            raise ValueError(f"model.habit is {self.habit}: choose 0, which is as published, or more, below 1")

    @classmethod
    def sized(cls, size: Size, *, vocabulary: int) -> Self:
        """The configuration of a size; ValueError for a size that does not exist.

        `small` is `tiny` on larger pictures, so that it can go on from one. From nothing its groups dissolve: after
        2,000 steps every patch belonged to all of them alike, where those of a `tiny` part things from backgrounds.
        """
        match size:
            case "tiny" | "small":
                return cls(
                    image=_pictures(size_px=64 if size == "tiny" else 96),
                    text=_texts(width=128, heads=2, layers=2, vocabulary=vocabulary, positions=64),
                    projection=128,
                    projector=512,
                    habit=0.75,
                )
            case "base":
                text = _texts(width=256, heads=4, layers=12, vocabulary=vocabulary, positions=77)
                return cls(image=GroupingTowerConfig(width=384, heads=6, layers=12, eps=1e-5), text=text)
        raise ValueError(f'there is no size "{size}": choose "tiny", "small" or "base"')


def _pictures(*, size_px: int) -> GroupingTowerConfig:
    return GroupingTowerConfig(
        width=128,
        heads=2,
        layers=3,
        eps=1e-5,
        size_px=size_px,
        patch_px=8,
        stem="convolution",
        depths=(2, 1),
        groups=(8,),
    )


def _texts(*, width: int, heads: int, layers: int, vocabulary: int, positions: int) -> TextTowerConfig:
    return TextTowerConfig(
        width=width,
        heads=heads,
        layers=layers,
        eps=1e-5,
        activation="quick_gelu",
        vocabulary=vocabulary,
        positions=positions,
        types=0,
        order="left_to_right",
        entry_norm=False,
    )


class GroupViT(Embedder):
    """Two losses on pairs, `itc` and, where the batch brings words, `nouns`; masks for any words.

    losses = GroupViT(GroupViTConfig.sized("tiny", vocabulary=4000))(batch)
    total = sum(loss.value / loss.count for loss in losses.values())

    What decides between groups in training is drawn from the rows' keys and a seed of the model's own, which is drawn
    from torch's generator when it is made.
    """

    mean: Tensor
    std: Tensor
    habits: Tensor | None

    def __init__(self, config: GroupViTConfig, *, inputs: Inputs | None = None) -> None:
        super().__init__()
        self.config = config
        self.inputs = inputs
        self.carried: Carried | None = None
        self.image = GroupingTower(config.image)
        self.text = TextTower(config.text)
        self.image_projection = Projector(config.image.width, inner=config.projector, dimensions=config.projection)
        self.text_projection = Projector(config.text.width, inner=config.projector, dimensions=config.projection)
        self.logit_scale = nn.Parameter(torch.full((1,), math.log(1 / 0.07)))
        self.dimensions = config.projection
        self.noise_seed = int(torch.randint(2**31, (), device="cpu"))  # known also where the rest has no values
        habits = torch.zeros(config.image.groups[-1]) if config.habit else None
        self.register_buffer("habits", habits)
        self.register_buffer("mean", torch.tensor(config.mean).view(3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(config.std).view(3, 1, 1), persistent=False)

    def forward(self, batch: Batch) -> dict[str, Sum]:
        """The losses of a PairBatch; ValueError for another kind, which this family cannot learn from."""
        batch = _pairs(batch)
        nouns = batch.nouns
        rows, pixels, prompts = len(batch.product), batch.picture.pixels, len(nouns.key)
        noise = self.image.draw(_picture_keys(batch), seed=self.noise_seed) if self.training else ()

        def pictures(some: slice) -> Tensor:
            grouped = self.image(self.normalise(pixels[some]), noise=[each[some] for each in noise])
            mapped = self.image_projection.mapped(grouped.groups.mean(dim=1))
            return mapped if self.habits is None else torch.cat([mapped, grouped.groups.flatten(1).detach()], dim=1)

        seen = torch.cat(self.in_pieces(pictures, rows=len(pixels), part=self.image, most=rows))
        seen, groups = seen[:, : self.config.projector], seen[:rows, self.config.projector :]
        images = self.image_projection.finished(seen)
        read, times = self._mapped(batch.text, most=rows), torch.ones(len(batch.text.ids), device=images.device)
        if prompts:
            drawn = nouns.which.flatten()[:, None] == torch.arange(prompts, device=images.device)
            read = torch.cat([read, self._mapped(nouns.text, most=rows)])
            times = torch.cat([times, drawn.sum(dim=0)])
        texts, words = self.text_projection.finished(read, times=times).split([len(batch.text.ids), prompts])
        if self.training:
            self._note_habits(groups, texts=texts[:rows])
        scale = learned_scale(self.logit_scale)
        losses = {"itc": contrasted(batch, images=images, texts=texts, scale=scale)}
        if nouns.which.shape[1] and prompts:
            is_word, which = nouns.which >= 0, nouns.which.clamp(min=0)
            losses["nouns"] = multi_label(
                bagged(images, columns=rows, more=batch.picture_row, weight=images.new_zeros(0)),
                words=words[which],
                is_word=is_word,
                key=nouns.key[which],
                known=nouns.known,
                scale=scale,
            )
        return losses

    def _note_habits(self, groups: Tensor, *, texts: Tensor) -> None:
        """Groups (b, g * d) after the last block, and the rows' own texts (b, projection) in the shared space."""
        if self.habits is None:
            return
        with torch.autocast(groups.device.type, enabled=False):
            each = groups.float().unflatten(1, (len(self.habits), -1))
            vectors = F.normalize(self.image_projection.settled(each), dim=-1).detach()
            cosines = torch.einsum("bgd,bd->bg", vectors, F.normalize(texts.detach().float(), dim=-1))
            # Not without gradients: then the ranks would exchange nothing.
            mean = summed(cosines.sum(dim=0)) / summed(cosines.new_full((), float(len(cosines))))
            with torch.no_grad():
                self.habits.lerp_(mean, _MOMENTUM)

    def counts(self, batch: Batch) -> dict[str, Tensor]:
        """How many terms each loss of `forward(batch)` has, () float32, without computing it."""
        batch = _pairs(batch)
        counts = {"itc": batch.text_matches.sum().float()}
        if batch.nouns.which.shape[1]:
            counts["nouns"] = (batch.nouns.which >= 0).any(dim=1).sum().float()
        return counts

    def project_images(self, pixels: Tensor) -> Tensor:
        """Normalised pixels -> (b, projection), not yet of length one."""
        return self.image_projection(self.image(pixels).groups.mean(dim=1))

    def project_texts(self, text: Texts) -> Tensor:
        """Clean texts -> (b, projection), not yet of length one."""
        return self.text_projection(self._ends(text))

    def segmentation_logits(self, pixels: Tensor, *, text: Texts) -> Tensor:
        """(b, c, h, w): how much each of the normalised `pixels` (b, 3, h, w) looks like each of c texts.

        As transformers' `output_segmentation`: assignments are resized to the picture, and the scale is in it twice.
        """
        maps = self._maps(pixels, words=F.normalize(self.project_texts(text), dim=-1), size=pixels.shape[-2:])
        return maps * self.logit_scale.exp() ** 2

    def _maps(self, pixels: Tensor, *, words: Tensor, size: Sequence[int], habits: Tensor | None = None) -> Tensor:
        """(b, c, rows, columns) of a `size`: each cell's shares in the groups, times the groups' cosines with the
        `words` (c, d), by `habits` (g,) where those are given."""
        grouped, grid = self.image(pixels), self.config.image.grid
        shares = grouped.shares().transpose(1, 2).unflatten(-1, (grid, grid))
        if tuple(size) != (grid, grid):
            shares = F.interpolate(shares, size=tuple(size), mode="bilinear", align_corners=False)
        groups = F.normalize(self.image_projection(grouped.groups.flatten(0, 1)).float(), dim=-1)
        cosines = (groups @ words.float().T).unflatten(0, grouped.groups.shape[:2])
        if habits is not None:
            cosines = torch.lerp(cosines, habits[:, None].expand_as(cosines), self.config.habit)
        return torch.einsum("bgc,bghw->bchw", cosines, shares)

    def similarity_maps(self, pictures: Sequence[bytes], *, words: Sequence[str]) -> list[np.ndarray]:
        """Of each picture (c, rows, columns) float32: how much every cell looks like each of c words.

        A cell's shares in the groups, by soft assignment through all stages, times the groups' cosines with the words
        (section 3.4), by habit where the configuration says so. The cells cover the picture's own rectangle, without
        what pads it. Raises ValueError for no words, an empty word, and a picture that cannot be read.
        """
        if not words:
            raise ValueError("no words to look for: name one or more, for example shoe, bag")
        if not all(word.strip() for word in words):
            raise ValueError(f"one of the words {list(words)!r} is empty: leave it out")
        inputs, grid, found = self.read_inputs(), self.config.image.grid, list[np.ndarray]()
        pictures = upright(pictures)
        vectors = torch.from_numpy(self.embed_texts(words))
        with answering(self) as device:
            vectors = vectors.to(device)
            for start in range(0, len(pictures), _PICTURES):
                some = pictures[start : start + _PICTURES]
                pixels = self.normalise(inputs.pictures(some).to(device))
                maps = self._maps(pixels, words=vectors, size=(grid, grid), habits=self.habits).cpu().numpy()
                for each, picture in zip(maps, some, strict=True):
                    height, width = stored_size(picture)
                    found.append(own_cells(each, fit=inputs.geometry.fit, height=height, width=width))
        return found

    def _mapped(self, text: Texts, *, most: int) -> Tensor:
        """The texts as far as each goes by itself, in pieces, `most` of them at most."""
        return torch.cat(
            self.in_pieces(
                lambda some: self.text_projection.mapped(self._ends(rows_of(text, some))),
                rows=len(text.ids),
                part=self.text,
                most=most,
            )
        )

    def _ends(self, text: Texts) -> Tensor:
        """(b, d): the normed states at the texts' ends."""
        starts = torch.arange(0, text.ids.numel(), text.ids.shape[1], device=text.ids.device)
        wanted = starts + self.text.ends(text.ids, is_token=text.is_token)
        return self.text(text.ids, is_token=text.is_token, types=text.types, wanted=wanted).normed

    @classmethod
    def from_transformers(cls, model_or_path: "GroupViTModel | str | Path") -> "GroupViT":
        """Read transformers' `GroupViTModel`: a folder, a hub id or the model itself. See `groupvit_transformers`.

        Raises ValueError where a tensor is missing, unexpected or of another shape, and says which.
        """
        from vitrina.models.groupvit_transformers import read_groupvit  # which imports this file

        return read_groupvit(model_or_path)

    def to_transformers(self, path: str | Path) -> None:
        """Write a folder that `GroupViTModel.from_pretrained` opens; bit for bit what was read."""
        from vitrina.models.groupvit_transformers import write_groupvit  # which imports this file

        write_groupvit(self, path=path)


def _pairs(batch: Batch) -> PairBatch:
    if not isinstance(batch, PairBatch):
        raise ValueError("a GroupViT learns from pairs only: set mixture.pair=1 mixture.text=0 mixture.image=0")
    if batch.picture.kept.shape[1]:
        raise ValueError("a GroupViT groups all patches of a picture: set corruption.patch_dropout=0")
    return batch


def _picture_keys(batch: PairBatch) -> Tensor:
    """(n, 4): the keys of all pictures of a batch, the rows' and which of the row's it is."""
    more = batch.picture_row
    which = (more[:, None] == more).tril().sum(dim=1)
    numbers = torch.cat([torch.zeros_like(batch.keys[:, 0]), which])
    return torch.cat([torch.cat([batch.keys, batch.keys[more]]), numbers[:, None]], dim=1)
