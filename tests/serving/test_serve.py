"""The shop on the index, the labeller and the masks that the package has, and how it opens and closes."""

import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import uvicorn
from serving.little_shop import (
    COLOURS,
    colour_of_picture,
    colour_of_text,
    open_little_shop,
    pixels_of,
    products,
)

from vitrina import recipes
from vitrina.catalogue.store import write_catalogue
from vitrina.index.index import Index, Loaded
from vitrina.labelling.labeller import Labeller
from vitrina.models.checkpoint import write_tensors
from vitrina.serving.answering import shop_of
from vitrina.serving.answers import Filters, Wanted
from vitrina.serving.app import create_app
from vitrina.serving.serve import serve
from vitrina.serving.shop import Shop
from vitrina.training.build import build

CELL_PX = 4


class ColourModel:
    """Embeds texts and pictures by their colour, and sees colours in places."""

    def embed_texts(self, texts: Sequence[str]) -> np.ndarray:
        """(n, 4) float32 of length one; the last figure is all that a text without a colour has."""
        return unit(np.array([[*colour_of_text(text), 0.2] for text in texts], np.float32).reshape(-1, 4))

    def embed_images(self, pictures: Sequence[bytes]) -> np.ndarray:
        """(n, 4) float32 of length one."""
        return unit(np.array([[*colour_of_picture(each), 0.2] for each in pictures], np.float32).reshape(-1, 4))

    def similarity_maps(self, pictures: Sequence[bytes], *, words: Sequence[str]) -> list[np.ndarray]:
        """How near to each word's colour every few pixels are."""
        maps = []
        for picture in pictures:
            cells = pixels_of(picture)[::CELL_PX, ::CELL_PX]
            far = [np.abs(cells - np.array(COLOURS.get(word, (0, 0, 0)))).sum(-1) for word in words]
            maps.append((1 - np.stack(far) / 765).astype(np.float32))
        return maps


def unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory):
    """A shop on a real index of the little catalogue."""
    folder = tmp_path_factory.mktemp("real")
    write_catalogue(folder / "catalogue", products())
    model = ColourModel()
    index = Index(
        lambda before: before or Loaded(model, "0" * 32, ("", 0)),
        catalogue=folder / "catalogue",
        folder=folder / "index",
    )
    opened = shop_of(index)
    yield opened
    opened.close()


def test_the_real_index_answers_words_pictures_filters_and_likeness(shop: Shop):
    def found(wanted: Wanted) -> set[str]:
        return {card.hit.id for card in shop.search(wanted).cards}

    assert found(Wanted(text="red", top=2)) == {"mug-red", "bag-red"}
    assert found(Wanted(picture=products()[1].pictures[0], top=2)) == {"mug-green", "bag-green"}
    assert found(Wanted(text="red", filters=Filters(category="Home"), top=1)) == {"mug-red"}
    assert found(Wanted(like="mug-blue", top=1)) == {"bag-blue"}
    pages = [shop.search(Wanted(text="red", top=3, skip=skip)).cards for skip in (0, 3, 6)]
    assert len({card.hit.id for page in pages for card in page}) == 8


def test_the_real_labeller_learns_from_the_catalogue_and_answers_own_words(shop: Shop):
    while (told := shop.labels("bag-green")).is_learning:
        pass
    labels = {each.question: each for each in told.labels}
    assert labels["colour"].known == "green"
    assert labels["colour"].guesses[0].label == "green"
    (own,) = shop.labels("mug-yellow", words=("yellow", "blue")).labels
    assert own.guesses[0].label == "yellow"


def test_labels_on_the_page_rest_on_picture_and_text_as_those_of_tagging(shop: Shop, monkeypatch: pytest.MonkeyPatch):
    asked = []
    label = Labeller.label

    def noted(self: Labeller, pictures, texts=(), *, top=3):
        asked.append((len(pictures), list(texts)))
        return label(self, pictures, texts, top=top)

    monkeypatch.setattr(Labeller, "label", noted)
    shop.labels("mug-yellow", words=("yellow", "blue"))
    ((pictures, texts),) = asked
    assert pictures == 1 and "yellow" in texts[0].lower()


def test_the_real_masks_and_cutouts_find_the_colour(shop: Shop):
    picture = shop.picture("mug-red", number=0)
    mask = shop.segment(picture, words=["red"])
    assert (mask.width, mask.height) == (80, 60)
    assert 0.1 < mask.regions[0].share < 0.5
    assert shop.cutout(picture, words=["red"]).startswith(b"\x89PNG")


def test_nothing_is_opened_wide_without_a_token_or_on_a_port_that_is_taken(tmp_path: Path):
    with pytest.raises(ValueError, match="VITRINA_TOKEN"):
        serve(tmp_path, catalogue=tmp_path, host="0.0.0.0")
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(ValueError, match="--port"):
        serve(tmp_path, catalogue=tmp_path, port=taken.getsockname()[1])
    with pytest.raises(ValueError, match="--port"):
        serve(tmp_path, catalogue=tmp_path, port=70_000)
    with pytest.raises(ValueError, match="not a catalogue"):
        serve(tmp_path, catalogue=tmp_path, port=0)


def test_what_is_being_answered_is_finished_when_the_shop_closes(tmp_path: Path):
    shop, index = open_little_shop(tmp_path / "catalogue")
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = uvicorn.Server(uvicorn.Config(create_app(shop), log_level="error", ws="none"))
        running = threading.Thread(target=lambda: server.run(sockets=[listening]))
        running.start()
        index.hold.clear()
        answers: list[bytes] = []
        address = f"http://127.0.0.1:{listening.getsockname()[1]}/api/search?text=red"
        asking = threading.Thread(target=lambda: answers.append(urllib.request.urlopen(address).read()))
        asking.start()
        index.begun.wait()
        server.should_exit = True
        index.hold.set()
        asking.join()
        running.join()
    assert b"mug-red" in answers[0]


def test_a_model_that_cannot_search_is_refused_and_the_process_ends(tmp_path: Path):
    write_catalogue(tmp_path / "catalogue", products())
    recipe = recipes.codebook("tiny")
    weights = tmp_path / "codebook.safetensors"
    write_tensors(weights, tensors=build(recipe.model, inputs=None).state_dict(), metadata={"recipe": recipe.to_json()})
    words = ["serve", str(weights), str(tmp_path / "catalogue"), "--port", "0"]
    ended = subprocess.run(
        [sys.executable, "-c", "from vitrina.cli import main; main()", *words], capture_output=True, text=True
    )
    assert ended.returncode == 2 and "does not embed texts and pictures" in ended.stderr
