"""A public checkpoint's folder, asked as if it were a run."""

import numpy as np
import pytest
import torch

import vitrina
from vitrina.catalogue.product import Product, Text
from vitrina.catalogue.store import write_catalogue
from vitrina.index.index import search
from vitrina.labelling.tag import tag
from vitrina.models.clip import Clip
from vitrina.models.flava import Flava
from vitrina.training.run_folder import RunFolder

from . import little_published as little


@pytest.fixture
def clip(tmp_path):
    return little.save(little.clip(), tmp_path / "clip", has_tokenizer=True, do_center_crop=True)


def test_a_folder_of_clip_or_flava_answers_as_that_model_and_leaves_random_numbers_alone(clip, tmp_path):
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    model = vitrina.load(clip)
    assert torch.equal(torch.rand(2), expected)
    assert isinstance(model, Clip) and not model.training
    np.testing.assert_array_equal(model.embed_texts(["red mug"]), Clip.from_transformers(clip).embed_texts(["red mug"]))
    flava = vitrina.load(little.save(little.flava(), tmp_path / "flava", has_tokenizer=True))
    assert isinstance(flava, Flava) and flava.embed_texts(["red mug"]).shape == (1, 16)


def test_a_folder_searches_and_tags_a_catalogue(clip, tmp_path):
    colours = ("red", "blue")
    shop = [Product(str(n), titles=(Text(f"{colours[n % 2]} mug {n}"),), category=(colours[n % 2],)) for n in range(12)]
    write_catalogue(tmp_path / "shop", shop)
    assert len(search(clip, catalogue=tmp_path / "shop", text="red mug", top=3).hits) == 3
    assert "12 of 12 products" in tag(clip, catalogue=tmp_path / "shop", out=tmp_path / "t.csv").text()


def test_what_cannot_answer_is_refused_with_what_would(clip, tmp_path):
    with pytest.raises(ValueError, match="its kind is 'vit': name one of CLIP, FLAVA or GroupViT"):
        vitrina.load(little.save(little.vit(), tmp_path / "vit"))
    with pytest.raises(ValueError, match=r"model\.safetensors is no file of a Vitrina run.* name the folder"):
        vitrina.load(clip / "model.safetensors")
    with pytest.raises(ValueError, match=r"is not a run \(it is a file\)"):
        RunFolder(clip / "model.safetensors")
    (clip / "tokenizer.json").unlink()
    with pytest.raises(ValueError, match=r"brings no tokenizer.*fetch tokenizer\.json"):
        vitrina.load(clip)
