"""Public checkpoints in transformers' layout: a folder, a hub id, or a transformers model in memory."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from torch import Tensor

from vitrina.models.checkpoint import INDEX, WEIGHTS, read_json, read_tensors

if TYPE_CHECKING:
    from transformers import PreTrainedModel


@dataclass(frozen=True)
class Published:
    """`origin` names it in errors; `config` is its config.json, `files` the small files that were asked for."""

    origin: str
    config: dict[str, Any]
    tensors: dict[str, Tensor]
    files: dict[str, bytes]


def read_published(
    model_or_path: "PreTrainedModel | str | Path",
    *,
    files: Sequence[str],
    architecture: Callable[[Mapping[str, Any]], "type[PreTrainedModel]"],
) -> Published:
    """Read weights and configuration; `architecture` gives, from the configuration, the class that opens it.

    Safetensors are read here; weights in torch's older format are left to transformers and its class. Raises
    ValueError for a name that is neither a folder nor on the hub, and where the weights are missing or incomplete.
    """
    if not isinstance(model_or_path, str | Path):
        return _from_model(model_or_path, files={}, origin=type(model_or_path).__name__)
    folder = Path(model_or_path) if Path(model_or_path).is_dir() else _download(str(model_or_path))
    origin, config = str(model_or_path), read_json(folder / "config.json")
    found = {name: (folder / name).read_bytes() for name in files if (folder / name).exists()}
    if (folder / WEIGHTS).exists() or (folder / INDEX).exists():
        return Published(origin, config, read_tensors(folder), found)
    return _from_model(_open(architecture(config), origin), files=found, origin=origin)


def _from_model(model: "PreTrainedModel", *, files: dict[str, bytes], origin: str) -> Published:
    return Published(origin, json.loads(model.config.to_json_string()), dict(model.state_dict()), files)


def _open(architecture: "type[PreTrainedModel]", path: str) -> "PreTrainedModel":
    try:
        model, found = architecture.from_pretrained(path, output_loading_info=True)  # type: ignore[misc]  # asked for, it is a pair
    except OSError as error:
        raise ValueError(f"{path} holds no weights that transformers can read: {error}") from error
    if absent := sorted(found["missing_keys"]):  # transformers would go on with random ones
        raise ValueError(f"The checkpoint {path} lacks tensors: {', '.join(absent[:5])}")
    return model


def _download(name: str) -> Path:
    """Fetch a hub checkpoint's text files and safetensors, or find them in the local cache."""
    try:
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError
    except ImportError as error:
        raise ImportError("Hub checkpoints need transformers: pip install 'vitrina[transformers]'") from error
    try:
        return Path(snapshot_download(name, allow_patterns=["*.json", "*.txt", "*.safetensors"]))
    except (HFValidationError, HfHubHTTPError, LocalEntryNotFoundError) as error:
        raise ValueError(f"{name} is neither a folder nor a checkpoint that the hub gives out: {error}") from error
