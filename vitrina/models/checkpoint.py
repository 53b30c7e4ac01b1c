"""Weights on disk: safetensors and JSON only, written whole or not at all, read with every tensor accounted for."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from vitrina.catalogue.manifest import whole

WEIGHTS = "model.safetensors"
INDEX = "model.safetensors.index.json"


def write_tensors(path: str | Path, *, tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> None:
    """Write one safetensors file with `metadata` in its header; the old file stands until the new one is on the disk.

    Raises OSError where the folder is missing, or the disk is full or refuses.

    write_tensors("model.safetensors", tensors=model.state_dict(), metadata={"recipe": recipe.to_json()})
    """
    own = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    with whole(Path(path)) as temporary:
        try:
            save_file(own, temporary, metadata=dict(metadata))
        except SafetensorError as error:  # all that can go wrong with tensors in memory is the disk
            raise OSError(f"{path} could not be written: {error}") from error


def write_bytes(path: str | Path, *, content: bytes) -> None:
    """Write a file whole or not at all."""
    with whole(Path(path)) as temporary:
        temporary.write_bytes(content)


def read_tensors(path: str | Path) -> dict[str, Tensor]:
    """The tensors of a safetensors file, or of a folder that holds one, whole or in shards with their index.

    Raises ValueError naming the file that is missing or damaged.
    """
    path = Path(path)
    if not path.is_dir():
        return _read_file(path)
    if not (path / INDEX).exists():
        return _read_file(path / WEIGHTS)
    shards = read_json(path / INDEX)["weight_map"]
    strangers = sorted(shard for shard in set(shards.values()) if Path(shard).name != shard)
    if strangers:
        raise ValueError(f"{path / INDEX} points outside its folder, to {strangers[0]}: fetch the checkpoint again")
    tensors: dict[str, Tensor] = {}
    for shard in sorted(set(shards.values())):
        tensors |= _read_file(path / shard)
    absent = sorted(shards.keys() - tensors.keys())
    if absent:
        raise ValueError(f"{path / INDEX} names tensors that no shard holds: {_some(absent)}: fetch it again")
    return tensors


def read_metadata(path: str | Path) -> dict[str, str]:
    """What `write_tensors` put beside the tensors, without reading them."""
    with _opened(Path(path)) as file:
        return file.metadata() or {}


def read_json(path: str | Path) -> dict[str, Any]:
    """A JSON object; ValueError names a file that is not one."""
    path = Path(path)
    if not path.exists():
        raise ValueError(f"{path} is missing: the folder is not a complete checkpoint")
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is not valid JSON ({error}): fetch or write the checkpoint again") from error
    if not isinstance(content, dict):
        raise ValueError(f"{path} holds no JSON object: fetch or write the checkpoint again")
    return content


def load_exactly(model: nn.Module, *, tensors: Mapping[str, Tensor], origin: str) -> None:
    """Copy `tensors` into `model`, or raise ValueError naming what is missing, unexpected or of another shape.

    `origin` says in the error where they come from.
    """
    own = model.state_dict()
    complaints = []
    if absent := sorted(own.keys() - tensors.keys()):
        complaints.append(f"missing: {_some(absent)}")
    if strangers := sorted(tensors.keys() - own.keys()):
        complaints.append(f"unexpected: {_some(strangers)}")
    if misfits := [
        f"{name} is {tuple(tensors[name].shape)}, not {tuple(own[name].shape)}"
        for name in sorted(own.keys() & tensors.keys())
        if tensors[name].shape != own[name].shape
    ]:
        complaints.append(f"of another shape: {_some(misfits)}")
    if complaints:
        raise ValueError(f"The weights of {origin} do not fit this {type(model).__name__}; " + "; ".join(complaints))
    model.load_state_dict(dict(tensors))


def digest_of(tensors: Mapping[str, Tensor]) -> str:
    """sha256 over names, types, shapes and values, in the order of the names."""
    digest = hashlib.sha256()
    for name in sorted(tensors):
        tensor = tensors[name].detach().cpu().contiguous()
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


@dataclass(frozen=True)
class Name:
    """A line of a name table: our tensor is theirs, or theirs stacked along the first axis.

    `is_scalar` marks tensors that are () in their layout and (1,) in ours, `axes` counts those of length one that ours
    has in front and theirs has not, and `is_transposed` matrices that theirs multiplies from the other side.
    """

    ours: str
    theirs: tuple[str, ...]
    is_scalar: bool = False
    axes: int = 0
    is_transposed: bool = False


def both(ours: str, *theirs: str) -> Iterator[Name]:
    """The lines of a layer's weight and bias."""
    for part in ("weight", "bias"):
        yield Name(f"{ours}.{part}", tuple(f"{layer}.{part}" for layer in theirs))


@dataclass(frozen=True)
class Translated:
    """Our tensors, and theirs that the table does not mention."""

    ours: dict[str, Tensor]
    rest: dict[str, Tensor]


def to_ours(theirs: Mapping[str, Tensor], *, names: Iterable[Name], origin: str) -> Translated:
    """Rename and stack a foreign checkpoint; ValueError names the tensors that are missing."""
    names = list(names)
    known = {name for line in names for name in line.theirs}
    if absent := sorted(known - theirs.keys()):
        raise ValueError(f"The checkpoint {origin} lacks tensors: {_some(absent)}")
    ours = {}
    for line in names:
        tensors = [theirs[name] for name in line.theirs]
        tensor = tensors[0].reshape(1) if line.is_scalar else torch.cat(tensors)
        tensor = tensor.T.contiguous() if line.is_transposed else tensor
        ours[line.ours] = tensor.reshape((1,) * line.axes + tensor.shape)
    return Translated(ours, {name: tensor for name, tensor in theirs.items() if name not in known})


def to_theirs(ours: Mapping[str, Tensor], *, names: Iterable[Name]) -> dict[str, Tensor]:
    """The exact reverse of `to_ours`, for a state dict that the table covers completely."""
    theirs: dict[str, Tensor] = {}
    covered = set()
    for line in names:
        tensor = ours[line.ours].flatten(0, line.axes)
        tensor = tensor.T.contiguous() if line.is_transposed else tensor
        parts = [tensor.reshape(())] if line.is_scalar else tensor.chunk(len(line.theirs))
        theirs |= {name: part.clone() for name, part in zip(line.theirs, parts, strict=True)}
        covered.add(line.ours)
    assert covered == ours.keys(), f"the name table does not cover {sorted(ours.keys() ^ covered)}"
    return theirs


@dataclass(frozen=True)
class Carried:
    """What a public checkpoint holds beyond our model, kept so that it can be written back whole.

    `config` is its config.json, `tensors` those that training does not use, `files` its tokenizer's and processor's.
    """

    config: dict[str, Any]
    tensors: dict[str, Tensor] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)


def _read_file(path: Path) -> dict[str, Tensor]:
    with _opened(path) as file:
        return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  # not a mapping


def _opened(path: Path) -> safe_open:
    if not path.exists():
        raise ValueError(f"{path} is missing: the folder is not a complete checkpoint")
    try:
        return safe_open(path, framework="pt")
    except SafetensorError as error:
        raise ValueError(f"{path} is damaged ({error}): fetch or write it again") from error


def _some(names: list[str]) -> str:
    """The first few, and how many more."""
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
