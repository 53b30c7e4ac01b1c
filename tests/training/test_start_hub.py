"""Checkpoints of a hub, against a little hub that the test starts."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import huggingface_hub
import pytest
import torch
from catalogue.little_hub import LittleHub

from vitrina.training.start.parts import describe_public, read_public

from . import little_published as little

NAME = "shop/vit"


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture
def hub(cache: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LittleHub]:
    with LittleHub().running() as running:
        monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", running.address)
        template = running.address + "/{repo_id}/resolve/{revision}/{filename}"
        monkeypatch.setattr(huggingface_hub.constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
        monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(cache))
        monkeypatch.setattr(huggingface_hub.constants, "HF_TOKEN_PATH", str(cache / "token"))
        monkeypatch.delenv("HF_TOKEN", raising=False)
        yield running


@pytest.fixture
def files(tmp_path: Path) -> dict[str, bytes]:
    folder = little.save(little.vit(), tmp_path / "vit")
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def downloads(hub: LittleHub) -> set[str]:
    return {each.rpartition("/")[2] for each in hub.asked if each.startswith("GET") and "/resolve/" in each}


def test_only_weights_and_descriptions_are_fetched_and_the_commit_is_kept(hub: LittleHub, files: dict[str, bytes]):
    others = {"pytorch_model.bin": b"pickle", "README.md": b"words", "onnx/model.safetensors": b"other"}
    commit = hub.add(NAME, files | others)
    described = describe_public(NAME)
    assert downloads(hub) == {"config.json", "preprocessor_config.json"}
    parts = read_public(NAME)
    assert downloads(hub) == {"config.json", "preprocessor_config.json", "model.safetensors"}
    assert parts.revision == described.revision == commit
    assert parts.origin == f"{NAME}@{commit}"
    assert torch.equal(read_public(parts.origin).tensors["image.cls"], parts.tensors["image.cls"])


def test_a_revision_is_what_is_asked_for(hub: LittleHub, files: dict[str, bytes], tmp_path: Path):
    hub.add(NAME, files)
    other = little.save(little.vit_classifier(), tmp_path / "other")
    old = hub.add(NAME, {path.name: path.read_bytes() for path in other.iterdir()}, revision="v1")
    parts = read_public(f"{NAME}@v1")
    assert parts.image is not None and parts.image.eps == 1e-6
    assert parts.origin == f"{NAME}@{old}"
    with pytest.raises(ValueError, match=r"shop/vit@v9 has no such revision"):
        read_public(f"{NAME}@v9")


def test_what_lies_in_the_cache_serves_without_a_connection(
    hub: LittleHub, files: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
):
    commit = hub.add(NAME, files)
    wanted = read_public(NAME)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    hub.asked.clear()
    for name in (NAME, f"{NAME}@{commit}"):
        found = read_public(name)
        assert all(torch.equal(each, found.tensors[name]) for name, each in wanted.tensors.items())
    assert hub.asked == []
    with pytest.raises(ValueError, match="shop/other is neither a folder nor a checkpoint"):
        read_public("shop/other")


def test_a_download_that_broke_off_is_asked_for_again(hub: LittleHub, files: dict[str, bytes], tmp_path: Path):
    commit = hub.add(NAME, files)
    hub.cut["model.safetensors"] = 1000
    parts = read_public(NAME)
    assert hub.asked.count(f"GET /{NAME}/resolve/{commit}/model.safetensors") == 2
    wanted = read_public(tmp_path / "vit").tensors
    assert all(torch.equal(each, wanted[name]) for name, each in parts.tensors.items())


def test_weights_that_were_damaged_in_the_cache_are_never_used(hub: LittleHub, files: dict[str, bytes], cache: Path):
    commit = hub.add(NAME, files)
    read_public(NAME)
    weights = cache / "models--shop--vit" / "snapshots" / commit / "model.safetensors"
    # A real hub stores large files under their sha256.
    content = bytearray(weights.resolve().read_bytes())
    blob = weights.resolve().with_name(hashlib.sha256(content).hexdigest())
    blob.write_bytes(content)
    weights.unlink()
    weights.symlink_to(blob)
    read_public(NAME)
    content[-3] ^= 1
    blob.write_bytes(content)
    with pytest.raises(ValueError, match=rf"is not what the hub gave out: remove .*{blob.name} and run"):
        read_public(NAME)


def test_a_truncated_file_is_named(hub: LittleHub, files: dict[str, bytes]):
    hub.add(NAME, files | {"model.safetensors": files["model.safetensors"][:-7]})
    with pytest.raises(ValueError, match=r"model\.safetensors is damaged"):
        read_public(NAME)


def test_a_repository_of_pickles_alone_is_refused(hub: LittleHub, files: dict[str, bytes]):
    del files["model.safetensors"]
    hub.add(NAME, files | {"pytorch_model.bin": b"pickle"})
    with pytest.raises(ValueError, match=r"shop/vit has no model\.safetensors\. Weights in torch's older format"):
        read_public(NAME)
    assert "pytorch_model.bin" not in downloads(hub)


def test_what_the_hub_refuses_is_said_in_words(hub: LittleHub):
    hub.refuse["shop/gated"] = (403, "GatedRepo")
    with pytest.raises(ValueError, match="shop/gated is gated: accept its conditions"):
        read_public("shop/gated")
    with pytest.raises(ValueError, match=r"shop/missing is neither a folder nor .* log in with"):
        read_public("shop/missing")
    with pytest.raises(ValueError, match="a/b/c is neither a folder nor a checkpoint"):
        read_public("a/b/c")
