"""Between what a run learnt and what it started from."""

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

import vitrina
from vitrina.models.checkpoint import read_metadata, write_tensors
from vitrina.models.clip import Clip
from vitrina.models.flava import Flava
from vitrina.training.average import average
from vitrina.training.load import weights_of

from .little import little_clip, little_flava
from .starting import begin, first


@pytest.fixture(scope="module")
def run(tmp_path_factory, catalogue, clip):
    folder = tmp_path_factory.mktemp("average") / "run"
    return begin(little_clip("steps=3", "seed=3"), catalogue, folder, init=clip)


def test_every_tensor_lies_between_the_two_running_moments_too(tmp_path, run):
    out = average(run, share=0.25, out=tmp_path / "some.safetensors")
    trained, start, found = load_file(weights_of(run)), first(run), load_file(out)
    assert found.keys() == trained.keys() == start.keys()
    for name, tensor in found.items():
        torch.testing.assert_close(tensor, 0.25 * trained[name] + 0.75 * start[name])
    assert not torch.equal(found["image_projection.spread.mean"], start["image_projection.spread.mean"])


def test_the_ends_are_the_two_bit_for_bit(tmp_path, run):
    whole, none = (load_file(average(run, share=share, out=tmp_path / f"{share}")) for share in (1.0, 0.0))
    assert all(torch.equal(each, whole[name]) for name, each in load_file(weights_of(run)).items())
    assert all(torch.equal(each, none[name]) for name, each in first(run).items())


def test_the_file_stands_alone_and_says_what_it_is(tmp_path, run):
    out = average(run, share=0.5, out=tmp_path / "half.safetensors")
    model = vitrina.load(out)
    assert isinstance(model, Clip)
    assert np.isfinite(model.embed_texts(["red mug"])).all()
    assert read_metadata(out)["average"].startswith(f"0.5 of {weights_of(run)}, the rest of its start")


def test_what_the_start_drew_at_random_is_the_runs_alone(tmp_path, catalogue, clip):
    run = begin(little_flava("steps=2"), catalogue, tmp_path / "run", init=clip)
    out = average(run, share=0.5, out=tmp_path / "half.safetensors")
    trained, start, found = load_file(weights_of(run)), first(run), load_file(out)
    assert torch.equal(found["itm_head.answers.weight"], trained["itm_head.answers.weight"])
    torch.testing.assert_close(found["image.cls"], (trained["image.cls"] + start["image.cls"]) / 2)
    assert isinstance(vitrina.load(out), Flava)


def test_what_cannot_be_averaged_is_said_in_words(tmp_path, catalogue, clip, run):
    out = tmp_path / "out.safetensors"
    with pytest.raises(ValueError, match="started from nothing"):
        average(clip, share=0.5, out=out)
    for share in (-0.1, 1.1, float("nan")):
        with pytest.raises(ValueError, match="choose a number from 0"):
            average(run, share=share, out=out)
    out.write_bytes(b"precious")
    with pytest.raises(ValueError, match="exists already"):
        average(run, share=0.5, out=out)
    assert out.read_bytes() == b"precious"
    with pytest.raises(ValueError, match=r"there is no folder .*missing for half\.safetensors"):
        average(run, share=0.5, out=tmp_path / "missing" / "half.safetensors")


def test_a_start_of_another_shape_is_refused(tmp_path, catalogue, clip, monkeypatch):
    run = begin(little_clip("steps=1"), catalogue, tmp_path / "run", init=clip)
    weights = weights_of(run)
    tensors = load_file(weights) | {"image.cls": torch.zeros(1, 1, 8)}
    write_tensors(tmp_path / "other.safetensors", tensors=tensors, metadata=read_metadata(weights))
    monkeypatch.setattr("vitrina.training.average.weights_of", lambda run: tmp_path / "other.safetensors")
    with pytest.raises(ValueError, match=r"image\.cls is \(1, 1, 16\) there and \(1, 1, 8\) here"):
        average(run, share=0.5, out=tmp_path / "out")
