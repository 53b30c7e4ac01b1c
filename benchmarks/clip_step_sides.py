"""The sides of `clip_step`: the same weights, the same rows, and what each is given of them."""

import sys
from dataclasses import dataclass, replace
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, Literal, get_args

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from benchmarks.flava_step_sides import Rows
from vitrina.data.batch import PairBatch, Pictures, Texts
from vitrina.data.corruption import kept_patches
from vitrina.data.inputs import Inputs
from vitrina.data.pictures import PictureGeometry
from vitrina.data.text import train_tokenizer
from vitrina.models.checkpoint import to_theirs
from vitrina.models.clip import WORDS, Clip, ClipConfig
from vitrina.models.clip_names import names
from vitrina.models.clip_open import open_names

Size = Literal["small", "ViT-B/32", "ViT-B/16"]
SIZES = get_args(Size)
TOKENS, DROPPED_PATCHES = 77, 0.5


def our_config(size: Size) -> ClipConfig:
    """The published shapes; "small" is as wide, as deep and as fine as `recipes.clip("small")`, in CLIP's form."""
    if size != "small":
        return replace(_published(size), text=replace(_published(size).text, end="highest"))
    base = ClipConfig.published("ViT-B/16", vocabulary=8000)
    image = replace(base.image, width=256, heads=4, layers=6, size_px=96, patch_px=8)
    return replace(base, image=image, text=replace(base.text, width=256, heads=4, layers=4, end="highest"))


def _published(size: Literal["ViT-B/32", "ViT-B/16"]) -> ClipConfig:
    return ClipConfig.published(size, vocabulary=WORDS)


def transformers_side(ours: Clip) -> nn.Module:
    """`CLIPModel` with our weights."""
    from transformers import CLIPConfig, CLIPModel

    image, text = ours.config.image, ours.config.text

    def shape(part: Any) -> dict[str, Any]:
        inner = round(part.width * part.mlp_ratio)
        shared = {"hidden_size": part.width, "num_attention_heads": part.heads, "num_hidden_layers": part.layers}
        return shared | {"intermediate_size": inner, "hidden_act": part.activation}

    model = CLIPModel(
        CLIPConfig(
            vision_config=shape(image) | {"image_size": image.size_px, "patch_size": image.patch_px},
            text_config=shape(text) | {"vocab_size": text.vocabulary, "eos_token_id": 2},
            projection_dim=ours.config.projection,
        )
    )
    model.load_state_dict(to_theirs(ours.state_dict(), names=names(ours.config)))
    return model.train()


def open_clip_side(ours: Clip) -> nn.Module | None:
    """open_clip's `CLIP` with our weights; None where it cannot be imported.

    Its package imports torchvision for its pictures' transforms, which no step here uses: where torchvision is not
    installed, empty names stand in for it while open_clip is imported.
    """
    try:
        model_class = _open_clip_class()
    except ImportError:
        return None
    image, text = ours.config.image, ours.config.text
    model = model_class(
        embed_dim=ours.config.projection,
        vision_cfg={
            "image_size": image.size_px,
            "layers": image.layers,
            "width": image.width,
            "head_width": image.width // image.heads,
            "patch_size": image.patch_px,
        },
        text_cfg={
            "context_length": text.positions,
            "vocab_size": text.vocabulary,
            "width": text.width,
            "heads": text.heads,
            "layers": text.layers,
        },
        quick_gelu=image.activation == "quick_gelu",
    )
    model.load_state_dict(to_theirs(ours.state_dict(), names=open_names(ours.config)))
    return model.train()


def _open_clip_class() -> Any:
    names = ("Normalize", "Compose", "RandomResizedCrop", "InterpolationMode", "ToTensor", "Resize", "CenterCrop")
    names += ("ColorJitter", "Grayscale")
    stand_ins: dict[str, ModuleType] = {}
    if not _has_torchvision():
        for name in ("", ".ops", ".ops.misc", ".transforms", ".transforms.functional"):
            module = ModuleType(f"torchvision{name}")
            module.__spec__ = ModuleSpec(module.__name__, None, is_package=True)
            stand_ins[module.__name__] = module
        for each in names:
            setattr(stand_ins["torchvision.transforms"], each, type(each, (), {"BICUBIC": None, "BILINEAR": None}))
        stand_ins["torchvision.transforms"].functional = stand_ins["torchvision.transforms.functional"]  # type: ignore[attr-defined]
        stand_ins["torchvision.ops.misc"].FrozenBatchNorm2d = type("FrozenBatchNorm2d", (), {})  # type: ignore[attr-defined]
    sys.modules.update(stand_ins)
    try:
        from open_clip.model import CLIP

        return CLIP
    finally:
        for name in stand_ins:
            del sys.modules[name]


def _has_torchvision() -> bool:
    try:
        import torchvision
    except ImportError:
        return False
    return torchvision is not None


@dataclass(frozen=True)
class Given:
    """A batch as each side takes it: ours, and pixels and tokens for theirs, `long` ones padded to 77."""

    ours: PairBatch
    pixels: Tensor
    short: Texts
    long: Texts


class Shelf:
    """Batches of real rows, whose texts end at the highest id, as OpenAI's tokenizer has it."""

    def __init__(self, rows: Rows, *, config: ClipConfig, batch_rows: int) -> None:
        self.rows, self.config, self.batch_rows = rows, config, batch_rows
        tokenizer = train_tokenizer(rows.titles, vocabulary=min(config.text.vocabulary - 1, 30_000))
        self.end = tokenizer.token_to_id("[SEP]")
        geometry = PictureGeometry(config.image.size_px, mean=config.mean, std=config.std)
        self.inputs = Inputs(tokenizer, geometry, max_tokens=TOKENS)

    def given(self, *, step: int, mean: Tensor, std: Tensor, device: torch.device) -> Given:
        """New rows at every step, none of them twins: the other sides know no twins."""
        b, side = self.batch_rows, self.config.image.size_px
        rows = (np.arange(b) + step * b) % len(self.rows.titles)
        read = self.inputs.texts([self.rows.titles[row] for row in rows])
        ids = read.ids.masked_fill(read.ids == self.end, self.config.text.vocabulary - 1)
        text = replace(read, ids=ids, masked_ids=ids)
        if self.rows.pictures:
            pixels = self.inputs.pictures([self.rows.pictures[row].read_bytes() for row in rows])
        else:
            generator = torch.Generator().manual_seed(step)
            pixels = torch.randint(256, (b, 3, side, side), dtype=torch.uint8, generator=generator)
        numbers, none = torch.arange(b), torch.zeros(0, 0, dtype=torch.long)
        nothing = Texts(none, none.bool(), none, none, none.bool())
        batch = PairBatch(
            keys=torch.stack([numbers * 0, numbers * 0 + step, torch.from_numpy(rows)], dim=1),
            product=numbers,
            text_key=numbers,
            text=text,
            text_matches=torch.ones(b, dtype=torch.bool),
            picture=Pictures(pixels, none.bool(), none, torch.zeros(b, 0, dtype=torch.long)),
            fused=nothing,
            fused_matches=torch.zeros(0, dtype=torch.bool),
            target=torch.zeros(0, dtype=torch.long),
        ).to(device)
        normalised = (batch.picture.pixels.float() / 255 - mean) / std
        return Given(batch, normalised, short=batch.text, long=_padded(batch.text))

    def with_dropout(self, batch: PairBatch) -> PairBatch:
        """Half of the pictures' patches left out (FLIP, Li et al. 2023, section 3)."""
        keys = batch.keys.cpu().numpy()
        kept = kept_patches(keys, patches=self.config.image.patches, share=DROPPED_PATCHES, seed=0)
        picture = replace(batch.picture, kept=torch.from_numpy(kept).to(batch.picture.pixels.device))
        return replace(batch, picture=picture)


def _padded(text: Texts) -> Texts:
    missing = (0, TOKENS - text.ids.shape[1])
    ids, is_token, types = (pad(each, missing) for each in (text.ids, text.is_token, text.types))
    return Texts(ids, is_token, types, ids, torch.zeros_like(is_token))


def their_loss(model: nn.Module, given: Given, *, is_open_clip: bool, tokens: Literal["long", "short"]) -> Tensor:
    """The symmetric contrastive loss of one of the other sides (CLIP, figure 3)."""
    text = given.long if tokens == "long" else given.short
    if not is_open_clip:
        mask = text.is_token.long()
        return model(text.ids, pixel_values=given.pixels, attention_mask=mask, return_loss=True).loss
    pictures, words, scale = model(given.pixels, text.ids)[:3]
    logits, target = scale * pictures @ words.T, torch.arange(len(pictures), device=pictures.device)
    return (nn.functional.cross_entropy(logits, target) + nn.functional.cross_entropy(logits.T, target)) / 2
