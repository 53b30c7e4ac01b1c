"""A little GroupViT and batches for it, with words that rows share."""

import torch
from models.flava_batches import keys, pictures, texts

from vitrina.data.batch import Nouns, PairBatch, Texts
from vitrina.models.grouping import GroupingTowerConfig
from vitrina.models.groupvit import GroupViT, GroupViTConfig
from vitrina.models.towers import End, TextTowerConfig

VOCABULARY = 50
END = VOCABULARY - 1


def little_config(
    *, depths: tuple[int, ...] = (2, 1, 1), groups: tuple[int, ...] = (6, 3), end: End = "last"
) -> GroupViTConfig:
    text = TextTowerConfig(
        width=16,
        heads=2,
        layers=2,
        eps=1e-5,
        activation="quick_gelu",
        vocabulary=VOCABULARY,
        positions=12,
        types=0,
        order="left_to_right",
        entry_norm=False,
        end=end,
    )
    image = GroupingTowerConfig(
        width=24, heads=3, layers=sum(depths), eps=1e-5, size_px=32, patch_px=8, depths=depths, groups=groups
    )
    return GroupViTConfig(image=image, text=text, projection=10, projector=32)


def little_groupvit(seed: int = 0, *, config: GroupViTConfig | None = None) -> GroupViT:
    """Nothing is left at zero, where a wrong sign or place would not show."""
    torch.manual_seed(seed)
    model = GroupViT(config or little_config())
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return model


def ended_texts(rows: int, *, seed: int = 0) -> Texts:
    """Clean texts whose last token is END, and nowhere before it."""
    text = texts(rows, vocabulary=END, seed=seed, share=0.0)
    last = text.is_token.sum(dim=1) - 1
    text.ids[torch.arange(rows), last] = END
    text.masked_ids[torch.arange(rows), last] = END
    return text


def batch(rows: int, *, per_row: int = 2) -> PairBatch:
    """Row i has the words i and i + 1, so that neighbours share one; of the last row one is missing."""
    which = torch.arange(rows)[:, None] + torch.arange(per_row)
    nouns = Nouns()
    if per_row:
        which[-1, -1] = -1
        words = rows + per_row - 1
        known = torch.full((rows, 4), -1)
        known[:, :per_row] = which + 100 * (which >= 0)
        nouns = Nouns(ended_texts(words, seed=5), which=which, key=100 + torch.arange(words), known=known)
    nothing = Nouns().text
    return PairBatch(
        keys=keys(rows),
        product=torch.arange(rows),
        text_key=torch.arange(rows),
        text=ended_texts(rows),
        text_matches=torch.ones(rows, dtype=torch.bool),
        picture=pictures(rows, fused=0),
        fused=nothing,
        fused_matches=torch.zeros(0, dtype=torch.bool),
        target=torch.zeros(0, dtype=torch.long),
        nouns=nouns,
    )
