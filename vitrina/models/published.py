"""Public checkpoints in transformers' layout: a folder, a hub id, or a transformers model in memory."""

import json
from collections.abc import Sequence
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


def read_published(model_or_path: "PreTrainedModel | str | Path", *, files: Sequence[str]) -> Published:
    """Read weights and configuration.

    Weights are safetensors only: torch's older format is a pickle, which can run foreign code. Raises ValueError for a
    name that is neither a folder nor on the hub, and where there are no safetensors.
    """
    if not isinstance(model_or_path, str | Path):
        state, config = model_or_path.state_dict(), json.loads(model_or_path.config.to_json_string())
        return Published(type(model_or_path).__name__, config, dict(state), files={})
    folder = Path(model_or_path) if Path(model_or_path).is_dir() else _download(str(model_or_path))
    origin, config = str(model_or_path), read_json(folder / "config.json")
    found = {name: (folder / name).read_bytes() for name in files if (folder / name).exists()}
    if (folder / WEIGHTS).exists() or (folder / INDEX).exists():
        return Published(origin, config, read_tensors(folder), found)
    raise ValueError(
        f"{origin} has no {WEIGHTS}. Weights in torch's older format can run foreign code and are not read: open the "
        "checkpoint with transformers where you trust it, and hand over the model, or a folder by its `save_pretrained`"
    )


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
