"""An image codebook from scratch: pictures to a grid of codes and back, by finite scalar quantisation."""

from vitrina.data.corruption import Corruption
from vitrina.data.mixture import Mixture
from vitrina.data.pictures import Augment, PictureGeometry
from vitrina.models.codebook import CodebookConfig
from vitrina.models.sizes import Size
from vitrina.recipes.recipe import Optim, Recipe


def codebook(size: Size = "tiny") -> Recipe:
    """The codebook for a FLAVA of the same size: as many codes along a side as that has patches."""
    match size:
        case "tiny":
            rows, steps, every = 16, 2000, 500
        case "small":
            rows, steps, every = 64, 3000, 500
        case "base":
            rows, steps, every = 128, 50_000, 1000
    model = CodebookConfig.sized(size)
    return Recipe(
        model=model,
        geometry=PictureGeometry(size_px=model.size_px),
        mixture=Mixture(text=0.0, image=1.0, pair=0.0),
        augment=Augment(),
        corruption=Corruption(mlm_share=0.0, mim_share=0.0, itm_negative_share=0.0, fused_share=0.0),
        optim=Optim(lr=3e-3, betas=(0.9, 0.95), weight_decay=0.01, warmup_steps=50),
        weights={"reconstruction": 1.0},
        batch_rows=rows,
        steps=steps,
        checkpoint_every=every,
        ema_decay=0.998,
    )
