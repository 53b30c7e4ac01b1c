"""Weights on disk: whole or not at all, every tensor accounted for, exact translation both ways."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from vitrina.models.checkpoint import (
    Name,
    digest_of,
    load_exactly,
    read_metadata,
    read_tensors,
    to_ours,
    to_theirs,
    write_bytes,
    write_tensors,
)

TENSORS = {"a": torch.arange(6.0).view(2, 3), "b": torch.tensor([1, 2])}


def test_tensors_and_metadata_come_back(tmp_path: Path):
    path = tmp_path / "model.safetensors"
    write_tensors(
        path, tensors={**TENSORS, "turned": torch.arange(6.0).view(2, 3).T}, metadata={"recipe": '{"a": "ñ"}'}
    )
    assert read_metadata(path) == {"recipe": '{"a": "ñ"}'}
    found = read_tensors(tmp_path)
    assert torch.equal(found["turned"], torch.arange(6.0).view(2, 3).T)
    assert all(torch.equal(found[name], TENSORS[name]) for name in TENSORS)
    assert [each.name for each in tmp_path.iterdir()] == ["model.safetensors"]


def test_weights_that_cannot_be_written_are_the_disks_error(tmp_path: Path):
    with pytest.raises(OSError, match=r"gone/half\.safetensors could not be written"):
        write_tensors(tmp_path / "gone" / "half.safetensors", tensors=TENSORS, metadata={})


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "model.safetensors"
    write_tensors(path, tensors=TENSORS, metadata={})

    def full(tensors, file, metadata):
        Path(file).write_bytes(b"half")
        raise OSError("no space left on device")

    monkeypatch.setattr("vitrina.models.checkpoint.save_file", full)
    with pytest.raises(OSError, match="no space"):
        write_tensors(path, tensors={"a": torch.zeros(1)}, metadata={})
    assert read_tensors(path).keys() == TENSORS.keys()
    assert [each.name for each in tmp_path.iterdir()] == ["model.safetensors"]


def test_bytes_replace_a_file_whole(tmp_path: Path):
    for content in (b"first", b"second"):
        write_bytes(tmp_path / "file", content=content)
    assert (tmp_path / "file").read_bytes() == b"second"


def test_damaged_and_missing_files_are_named(tmp_path: Path):
    path = tmp_path / "model.safetensors"
    with pytest.raises(ValueError, match=r"model\.safetensors is missing"):
        read_tensors(tmp_path)
    write_tensors(path, tensors=TENSORS, metadata={})
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(ValueError, match=r"model\.safetensors is damaged"):
        read_tensors(path)


def test_shards_are_read_by_their_index(tmp_path: Path):
    save_file({"a": TENSORS["a"]}, tmp_path / "model-1.safetensors")
    save_file({"b": TENSORS["b"]}, tmp_path / "model-2.safetensors")
    index = tmp_path / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": {"a": "model-1.safetensors", "b": "model-2.safetensors"}}))
    assert read_tensors(tmp_path).keys() == {"a", "b"}

    index.write_text(json.dumps({"weight_map": {"a": "model-1.safetensors", "c": "model-2.safetensors"}}))
    with pytest.raises(ValueError, match="no shard holds: c"):
        read_tensors(tmp_path)
    index.write_text(json.dumps({"weight_map": {"a": "../elsewhere.safetensors"}}))
    with pytest.raises(ValueError, match="outside its folder"):
        read_tensors(tmp_path)
    index.write_text(json.dumps({"weight_map": {"a": "model-3.safetensors"}}))
    with pytest.raises(ValueError, match=r"model-3\.safetensors is missing"):
        read_tensors(tmp_path)
    index.write_text("{")
    with pytest.raises(ValueError, match="not valid JSON"):
        read_tensors(tmp_path)


def test_every_tensor_is_accounted_for():
    model = nn.Linear(3, 2)
    load_exactly(model, tensors={"weight": torch.ones(2, 3), "bias": torch.zeros(2)}, origin="here")
    assert model.weight.eq(1).all()
    for tensors, words in (
        ({"weight": torch.ones(2, 3)}, "here.*missing: bias"),
        ({"weight": torch.ones(2, 3), "bias": torch.zeros(2), "more": torch.ones(1)}, "unexpected: more"),
        ({"weight": torch.ones(3, 2), "bias": torch.zeros(2)}, r"weight is \(3, 2\), not \(2, 3\)"),
    ):
        with pytest.raises(ValueError, match=words):
            load_exactly(model, tensors=tensors, origin="here")
    assert model.weight.shape == (2, 3)


def test_a_name_table_translates_exactly_both_ways():
    table = [Name("qkv", ("q", "k", "v")), Name("scale", ("s",), is_scalar=True), Name("x", ("y",))]
    theirs = {name: torch.randn(2, 3) for name in ("q", "k", "v", "y")} | {"s": torch.tensor(2.5)}
    translated = to_ours({**theirs, "more": torch.zeros(1)}, names=table, origin="there")
    assert translated.ours["qkv"].shape == (6, 3) and translated.ours["scale"].shape == (1,)
    assert translated.rest.keys() == {"more"}
    back = to_theirs(translated.ours, names=table)
    assert back.keys() == theirs.keys()
    assert all(torch.equal(back[name], theirs[name]) for name in theirs) and back["s"].shape == ()
    with pytest.raises(ValueError, match="there lacks tensors: k, q"):
        to_ours({"s": theirs["s"], "y": theirs["y"], "v": theirs["v"]}, names=table, origin="there")
    with pytest.raises(AssertionError, match="stranger"):
        to_theirs({**translated.ours, "stranger": torch.zeros(1)}, names=table)


def test_a_digest_sees_names_types_shapes_and_values():
    digests = {
        digest_of(each)
        for each in (
            TENSORS,
            {"a": TENSORS["a"], "c": TENSORS["b"]},
            {"a": TENSORS["a"], "b": TENSORS["b"].int()},
            {"a": TENSORS["a"].view(3, 2), "b": TENSORS["b"]},
            {"a": TENSORS["a"] + 1, "b": TENSORS["b"]},
        )
    }
    assert len(digests) == 5
    assert digest_of(TENSORS) == digest_of(dict(reversed(TENSORS.items()))) in digests
    assert digest_of({"half": torch.ones(3).bfloat16(), "number": torch.tensor(3)})
