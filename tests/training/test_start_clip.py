"""A run of a CLIP that starts from another CLIP, in whichever layout, or from FLAVA's towers."""

from pathlib import Path

import numpy as np
import pytest
from models import test_clip_open as open_layout
from models.little_clip import write_openai_tokenizer
from torch import randn

import vitrina
from vitrina.models.clip import Clip, ClipConfig
from vitrina.training.prepare import look_over
from vitrina.training.run_folder import RunFolder

from . import little_published as little
from .little import little_clip, little_flava
from .starting import begin, lay_out


def test_a_checkpoint_in_open_clips_layout_comes_whole(tmp_path: Path, catalogue: Path):
    words = {"token_embedding.weight": randn(600, 24)}
    folder = open_layout.save(tmp_path / "open", config=open_layout.changed("text_cfg", vocab_size=600), **words)
    write_openai_tokenizer(folder)
    record = lay_out(little_clip(), catalogue, tmp_path / "run", init=folder)
    assert record.kind == "a CLIP in open_clip's layout" and record.fresh == record.left_over == ()
    recipe, model = RunFolder(tmp_path / "run").recipe, vitrina.load(tmp_path / "run" / "start.safetensors")
    assert isinstance(model, Clip) and recipe.geometry.fit == "crop" and recipe.max_tokens == 20
    source, texts = Clip.from_open_clip(folder).eval(), ["red mug", "taza"]
    assert np.array_equal(model.embed_texts(texts), source.embed_texts(texts))


@pytest.mark.parametrize("source", ["run", "public"])
def test_flavas_towers_become_a_clip(source: str, tmp_path: Path, catalogue: Path):
    if source == "run":
        init = begin(little_flava("steps=1"), catalogue, tmp_path / "flava")
    else:
        init = little.save(little.flava(), tmp_path / "flava", has_tokenizer=True)
    record = lay_out(little_clip("max_tokens=8"), catalogue, tmp_path / "run", init=init)
    model = vitrina.load(tmp_path / "run" / "start.safetensors")
    assert isinstance(model, Clip) and isinstance(model.config, ClipConfig) and record.fresh == ()
    assert model.config.text.order == "both_ways" and model.config.projection_bias
    assert all(
        name.startswith(("multimodal.", "m", "itm_head.", "flava.", "image_codebook.")) for name in record.left_over
    )


def test_a_run_of_a_published_shape_goes_on_as_one_and_gives_a_flava_its_pictures(tmp_path: Path, catalogue: Path):
    folder = little.save(little.clip(), tmp_path / "clip", has_tokenizer=True)
    first = begin(little_clip("steps=2", "max_tokens=8"), catalogue, tmp_path / "first", init=folder)
    record = lay_out(little_clip("max_tokens=8"), catalogue, tmp_path / "second", init=first)
    assert record.fresh == record.left_over == ()
    flava = lay_out(little_flava(), catalogue, tmp_path / "flava", init=first)
    assert "image.transformer.blocks.0.norm1.weight" in flava.taken and "text.words.weight" in flava.fresh
    assert any("reads from left to right" in note for note in flava.notes)


def test_pickled_files_and_resnets_are_refused_in_words(tmp_path: Path, catalogue: Path):
    (tmp_path / "ViT-B-32.pt").write_bytes(b"pickle")
    with pytest.raises(ValueError, match=r"can run foreign code.*open_clip_config\.json"):
        look_over(little_clip(), catalogues=[catalogue], init=str(tmp_path / "ViT-B-32.pt"))
    folder = open_layout.save(tmp_path / "open", config=open_layout.changed("vision_cfg", layers=[3, 4, 6, 3]))
    with pytest.raises(ValueError, match="has a ResNet"):
        look_over(little_clip(), catalogues=[catalogue], init=str(folder))
