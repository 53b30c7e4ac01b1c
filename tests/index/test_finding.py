import io

import pytest
from PIL import Image

from vitrina import recipes
from vitrina.catalogue.product import Product, Text
from vitrina.catalogue.store import write_catalogue
from vitrina.index.index import search
from vitrina.recipes.recipe import with_settings
from vitrina.training.loop import resume, train
from vitrina.training.machine import Machine

_LITTLE = (
    "batch_rows=8", "steps=2", "checkpoint_every=1", "geometry.size_px=16", "max_tokens=12", "vocabulary=300",
    "optim.warmup_steps=1", "model.image.width=16", "model.image.layers=1", "model.text.width=16",
    "model.text.layers=1", "model.projection=8",
)  # fmt: skip


def picture(shade: int, *, kind: str = "JPEG") -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (20, 16), (shade, 255 - shade, 90)).save(buffer, format=kind)
    return buffer.getvalue()


def product(number: int) -> Product:
    return Product(str(number), titles=(Text(f"camión {number}", "es"),), pictures=(picture(10 * number),))


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A shop of twelve, a dual encoder's run and a codebook's on it."""
    place = tmp_path_factory.mktemp("place")
    write_catalogue(place / "shop", [product(number) for number in range(12)])
    shops = {"catalogues": [place / "shop"], "machine": Machine(workers=0, device="cpu")}
    train(with_settings(recipes.clip("tiny"), _LITTLE), run=place / "run", **shops)
    of_codes = (
        "batch_rows=8",
        "steps=1",
        "geometry.size_px=16",
        "model.width=32",
        "model.blocks=1",
        "model.levels=4,3",
    )
    train(with_settings(recipes.codebook("tiny"), of_codes), run=place / "codebook", **shops)
    return place


def test_a_text_with_accents_finds_products(place):
    found = search(place / "run", catalogue=place / "shop", text="CAMIÓN 3", top=4)
    assert len(found.hits) == 4
    assert found.searched == 12
    assert [hit.score for hit in found.hits] == sorted((hit.score for hit in found.hits), reverse=True)
    assert all("camión" in hit.title for hit in found.hits)
    assert "“CAMIÓN 3” among 12 products" in found.text()


def test_a_picture_file_of_another_format_finds_products(place, tmp_path):
    (tmp_path / "query.png").write_bytes(picture(30, kind="PNG"))
    found = search(place / "run", catalogue=place / "shop", image=tmp_path / "query.png", top=3)
    assert len(found.hits) == 3
    assert found.query == "picture query.png"


def test_more_than_there_is_gives_all_there_is(place):
    assert len(search(place / "run", catalogue=place / "shop", text="camión", top=50).hits) == 12


def test_the_vectors_lie_beside_the_run_and_a_trained_on_model_makes_new_ones(place, tmp_path):
    recipe = with_settings(recipes.clip("tiny"), _LITTLE)
    run = tmp_path / "run"
    train(recipe, catalogues=[place / "shop"], run=run, machine=Machine(workers=0, device="cpu"))
    assert search(run, catalogue=place / "shop", text="a").notes == ()
    first = {path.name for path in (run / "index").iterdir()}
    assert len(first) == 1
    for path in (run / "checkpoints").glob("step-*2"):
        path.rename(path.with_name("damaged"))
    assert "another model: 12 products" in search(run, catalogue=place / "shop", text="a").notes[0]
    resume(run, machine=Machine(workers=0, device="cpu"))
    assert "another model" in search(run, catalogue=place / "shop", text="a").text()
    assert {path.name for path in (run / "index").iterdir()} == first


@pytest.mark.parametrize(
    ("words", "given"),
    [
        ("nothing to search by", {}),
        ("text to search by is empty", {"text": "  "}),
        ("at least one product", {"text": "a", "top": 0}),
    ],
)
def test_a_query_that_says_nothing_is_refused(place, words, given):
    with pytest.raises(ValueError, match=words):
        search(place / "run", catalogue=place / "shop", **given)


def test_a_picture_that_is_missing_or_none_is_refused(place, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"gone\.jpg is not a file"):
        search(place / "run", catalogue=place / "shop", image=tmp_path / "gone.jpg")
    (tmp_path / "text.jpg").write_text("not a picture")
    with pytest.raises(ValueError, match=r"text\.jpg cannot be read as a picture"):
        search(place / "run", catalogue=place / "shop", image=tmp_path / "text.jpg")


def test_a_codebook_a_missing_run_and_a_missing_catalogue_are_refused(place):
    with pytest.raises(ValueError, match="does not embed"):
        search(place / "codebook", catalogue=place / "shop", text="a")
    with pytest.raises(ValueError, match="not a run"):
        search(place / "nothing", catalogue=place / "shop", text="a")
    with pytest.raises(ValueError, match="not a catalogue"):
        search(place / "run", catalogue=place / "nothing", text="a")
