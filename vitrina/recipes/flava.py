"""FLAVA from scratch (Singh et al. 2022, section 3 and appendix): texts, pictures and pairs, six losses."""

from vitrina.data.corruption import Corruption
from vitrina.data.mixture import Mixture
from vitrina.data.pictures import Augment, PictureGeometry
from vitrina.models.flava import FlavaConfig
from vitrina.models.sizes import Size
from vitrina.recipes.recipe import Optim, Recipe

_CODES = 1000  # a nominal number: training takes that of the recipe's codebook
_WEIGHTS = {"mlm": 1.0, "mim": 1.0, "mmm_text": 1.0, "mmm_image": 1.0, "itm": 1.0, "itc": 1.0}


def flava(size: Size = "tiny") -> Recipe:
    """A FLAVA of a size; it needs `codebook=RUN`, whose image codes are the targets of hidden patches.

    The base size is the published shape and schedule; tiny and small are for minutes and an hour of a CPU.
    """
    match size:
        case "tiny":
            optim = Optim(lr=1e-3, warmup_steps=100)
            vocabulary, max_tokens, rows, steps, every = 4000, 32, 128, 1200, 200
        case "small":
            optim = Optim(lr=5e-4, warmup_steps=200)
            vocabulary, max_tokens, rows, steps, every = 8000, 48, 128, 4000, 500
        case "base":
            optim = Optim(lr=1e-3, betas=(0.9, 0.999), warmup_steps=10_000)
            vocabulary, max_tokens, rows, steps, every = 30_000, 77, 8192, 150_000, 1000
    model = FlavaConfig.sized(size, vocabulary=vocabulary, codes=_CODES)
    return Recipe(
        model=model,
        geometry=PictureGeometry(size_px=model.image.size_px, mean=model.mean, std=model.std),
        mixture=Mixture(text=0.15, image=0.15, pair=0.70),
        augment=Augment(views=4),
        corruption=Corruption(),
        optim=optim,
        weights=_WEIGHTS,
        vocabulary=vocabulary,
        max_tokens=max_tokens,
        batch_rows=rows,
        steps=steps,
        checkpoint_every=every,
        precision="bf16" if size == "base" else "fp32",
        ema_decay=None if size == "base" else 0.998,
    )
