"""CLIP from scratch: two towers on pairs alone, with the contrastive loss alone (Radford et al. 2021)."""

from vitrina.data.corruption import Corruption
from vitrina.data.mixture import Mixture
from vitrina.data.pictures import Augment, PictureGeometry
from vitrina.models.clip import ClipConfig
from vitrina.models.sizes import Size
from vitrina.recipes.recipe import Optim, Recipe


def clip(size: Size = "tiny") -> Recipe:
    """A CLIP of a size: tiny and small, on FLAVA's towers, are the yardstick that FLAVA is measured against.

    The base size is the published ViT-B/16 with the published weight decay and epsilon (table 18).
    """
    match size:
        case "tiny":
            optim = Optim(lr=1e-3, warmup_steps=50)
            vocabulary, max_tokens, rows, steps, every = 4000, 32, 256, 600, 200
        case "small":
            optim = Optim(lr=5e-4, warmup_steps=100)
            vocabulary, max_tokens, rows, steps, every = 8000, 48, 256, 2000, 500
        case "base":
            optim = Optim(lr=5e-4, weight_decay=0.2, eps=1e-6, warmup_steps=2000)
            vocabulary, max_tokens, rows, steps, every = 30_000, 77, 4096, 100_000, 1000
    model = ClipConfig.sized(size, vocabulary=vocabulary)
    return Recipe(
        model=model,
        geometry=PictureGeometry(size_px=model.image.size_px, mean=model.mean, std=model.std),
        mixture=Mixture(text=0.0, image=0.0, pair=1.0),
        augment=Augment(),
        corruption=Corruption(mlm_share=0.0, mim_share=0.0, itm_negative_share=0.0, fused_share=0.0),
        optim=optim,
        weights={"itc": 1.0},
        vocabulary=vocabulary,
        max_tokens=max_tokens,
        batch_rows=rows,
        steps=steps,
        checkpoint_every=every,
        precision="bf16" if size == "base" else "fp32",
        ema_decay=None if size == "base" else 0.998,
    )
