"""GroupViT from scratch (Xu et al. 2022, section 4.1): pairs, and the words that are true of them."""

from vitrina.data.corruption import Corruption
from vitrina.data.mixture import Mixture
from vitrina.data.nouns import NounDraws
from vitrina.data.pictures import Augment, PictureGeometry
from vitrina.models.groupvit import GroupViTConfig
from vitrina.models.sizes import Size
from vitrina.recipes.recipe import Optim, Recipe


def groupvit(size: Size = "tiny") -> Recipe:
    """A GroupViT of a size; three of its own words a product, as published.

    The base size is the published shape and schedule; tiny and small are for minutes of a CPU. Small is what a run of
    tiny goes on as: `--size small --init TINY --set geometry.size_px=96`. From nothing its groups do not
    learn where things are.
    """
    match size:
        case "tiny":
            optim = Optim(lr=7e-4, warmup_steps=50)
            vocabulary, max_tokens, rows, steps, every = 4000, 32, 64, 1500, 250
        case "small":
            optim = Optim(lr=4e-4, warmup_steps=30)
            vocabulary, max_tokens, rows, steps, every = 4000, 32, 64, 300, 100
        case "base":
            optim = Optim(lr=1.6e-3, betas=(0.9, 0.999), weight_decay=0.05, warmup_steps=13_000, clip_norm=5.0)
            vocabulary, max_tokens, rows, steps, every = 30_000, 77, 4096, 200_000, 1000
    model = GroupViTConfig.sized(size, vocabulary=vocabulary)
    return Recipe(
        model=model,
        geometry=PictureGeometry(size_px=model.image.size_px, mean=model.mean, std=model.std),
        mixture=Mixture(text=0.0, image=0.0, pair=1.0),
        nouns=NounDraws(per_row=3),
        augment=Augment(),
        corruption=Corruption(mlm_share=0.0, mim_share=0.0, itm_negative_share=0.0, fused_share=0.0),
        optim=optim,
        weights={"itc": 1.0, "nouns": 1.0},
        vocabulary=vocabulary,
        max_tokens=max_tokens,
        batch_rows=rows,
        steps=steps,
        checkpoint_every=every,
        precision="bf16" if size == "base" else "fp32",
        ema_decay=None if size == "base" else 0.98,
    )
