"""A shop of coloured squares and runs on it that take a second each."""

import io
from pathlib import Path

from PIL import Image

from vitrina import recipes
from vitrina.catalogue.product import Product, Text
from vitrina.catalogue.store import write_catalogue
from vitrina.recipes.recipe import Recipe, with_settings
from vitrina.training.loop import train
from vitrina.training.machine import Machine

COLOURS = {"red": (220, 30, 30), "green": (30, 160, 60), "blue": (40, 60, 200), "black": (20, 20, 20)}
KINDS = ("mug", "camisón", "lamp")

_COMMON = ("batch_rows=8", "steps=2", "checkpoint_every=1", "geometry.size_px=16")
_TOWERS = (
    "max_tokens=12",
    "vocabulary=300",
    "optim.warmup_steps=1",
    "model.image.width=16",
    "model.image.layers=1",
    "model.text.width=16",
    "model.text.layers=1",
    "model.projection=8",
)
_SIX_LOSSES = (
    "model.multimodal.width=16",
    "model.multimodal.layers=1",
    "mixture.text=0.3",
    "mixture.image=0.3",
    "mixture.pair=0.4",
    "augment.views=1",
    "corruption.itm_negative_share=0.3",
)


def picture(colour: str, *, shade: int) -> bytes:
    buffer = io.BytesIO()
    red, green, blue = COLOURS[colour]
    Image.new("RGB", (20, 16), (red + shade, green + shade, blue + shade)).save(buffer, format="JPEG")
    return buffer.getvalue()


def product(number: int, *, split: str) -> Product:
    colour, kind = list(COLOURS)[number % 4], KINDS[number % 3]
    return Product(
        id=f"{split}-{number}",
        titles=(Text(f"{colour} {kind} {number}", "en"),),
        pictures=(picture(colour, shade=number % 20),),
        category=("home", kind),
        split=split,
    )


def make_shop(folder: Path) -> Path:
    """24 training products, 15 held out whole, 3 held out without pictures."""
    trained = [product(number, split="train") for number in range(24)]
    asked = [product(number, split="val") for number in range(24, 39)]
    texts = [Product(id=f"text-{n}", titles=(Text(f"blue lamp {n}"),), split="val") for n in range(3)]
    write_catalogue(folder / "shop", [*trained, *asked, *texts])
    return folder / "shop"


def trained(recipe: Recipe, *, shop: Path, run: Path) -> Path:
    train(recipe, catalogues=[shop], run=run, machine=Machine(workers=0, device="cpu"))
    return run


def clip() -> Recipe:
    return with_settings(recipes.clip("tiny"), [*_COMMON, *_TOWERS])


def groupvit() -> Recipe:
    return with_settings(recipes.groupvit("tiny"), [*_COMMON, *_TOWERS, "model.image.depths=1,0", "nouns.minimum=3"])


def early_fusion() -> Recipe:
    own = ("model.image.layers=0", "model.text.layers=0", "model.trunk.width=16", "model.trunk.layers=1")
    return with_settings(recipes.early_fusion("tiny"), [*_COMMON, *_TOWERS, *own])


def codebook() -> Recipe:
    return with_settings(recipes.codebook("tiny"), [*_COMMON, "model.width=32", "model.blocks=1", "model.levels=4,3"])


def flava(codebook_run: Path, *settings: str) -> Recipe:
    return with_settings(
        recipes.flava("tiny"), [*_COMMON, *_TOWERS, *_SIX_LOSSES, f"codebook={codebook_run}", *settings]
    )
