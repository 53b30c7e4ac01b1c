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
            size_px, rows, steps = 32, 64, 800
        case "small":
            size_px, rows, steps = 48, 64, 2000
        case "base":
            size_px, rows, steps = 112, 128, 20_000
    return Recipe(
        model=CodebookConfig.sized(size),
        geometry=PictureGeometry(size_px=size_px),
        mixture=Mixture(text=0.0, image=1.0, pair=0.0),
        augment=Augment(),
        corruption=Corruption(mlm_share=0.0, mim_share=0.0, itm_negative_share=0.0, fused_share=0.0),
        optim=Optim(lr=2e-3, weight_decay=0.01, warmup_steps=50),
        weights={"reconstruction": 1.0},
        batch_rows=rows,
        steps=steps,
        checkpoint_every=200,
        ema_decay=0.998,
    )
