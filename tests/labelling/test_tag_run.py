"""The way from a run's folder to labels, and from a review back into the catalogue, with a model of two steps."""

import io

import pytest
from PIL import Image

from vitrina import recipes
from vitrina.catalogue.product import Product, Text
from vitrina.catalogue.store import write_catalogue
from vitrina.labelling.missing import fill_missing
from vitrina.labelling.tag import tag
from vitrina.recipes.recipe import with_settings
from vitrina.training.loop import train
from vitrina.training.machine import Machine

_LITTLE = (
    "batch_rows=8", "steps=2", "checkpoint_every=1", "geometry.size_px=16", "max_tokens=12", "vocabulary=300",
    "optim.warmup_steps=1", "model.image.width=16", "model.image.layers=1", "model.text.width=16",
    "model.text.layers=1", "model.projection=8",
)  # fmt: skip


def product(number: int) -> Product:
    buffer = io.BytesIO()
    Image.new("RGB", (20, 16), ((200, 20, 20), (20, 20, 200))[number % 2]).save(buffer, format="JPEG")
    colour = ("rojo", "azul")[number % 2]
    return Product(
        str(number),
        titles=(Text(f"camión {colour} {number}", "es"),),
        pictures=(buffer.getvalue() if number != 3 else b"\xff\xd8 no picture",),
        attributes={"color": colour} if number < 60 else {},
        split="train" if number < 60 else "val",
    )


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    place = tmp_path_factory.mktemp("place")
    whole = [product(number) for number in range(66) if number != 3]
    write_catalogue(place / "shop", whole)
    recipe = with_settings(recipes.clip("tiny"), _LITTLE)
    train(recipe, catalogues=[place / "shop"], run=place / "run", machine=Machine(workers=0, device="cpu"))
    write_catalogue(place / "shop", [product(3)])
    return place


def test_a_run_tags_a_shop_and_counts_the_corrupt_picture(place):
    found = tag(place / "run", catalogue=place / "shop", out=place / "c.csv", by="attributes.color")
    assert "66 of 66 products got one of 2 labels" in found.text()
    assert "1 pictures cannot be read" in found.text()
    assert "expected calibration error" in found.text()
    assert tag(place / "run", catalogue=place / "shop", out=place / "c.csv", by="attributes.color").was_there


def test_a_run_proposes_what_is_missing(place):
    found = fill_missing(place / "run", catalogue=place / "shop", out=place / "review.csv")
    assert "attributes.color: 6 proposed among 2 values" in found.text()


def test_an_empty_catalogue_has_nothing_to_tag(place, tmp_path):
    write_catalogue(tmp_path / "empty", [])
    with pytest.raises(ValueError, match="holds no products"):
        tag(place / "run", catalogue=tmp_path / "empty", out=tmp_path / "out.csv")
    with pytest.raises(ValueError, match="holds no products"):
        fill_missing(place / "run", catalogue=tmp_path / "empty", out=tmp_path / "out.csv")
