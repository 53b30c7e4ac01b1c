"""Public checkpoints in transformers' or open_clip's layout: a folder, a hub id, or a transformers model in memory."""

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from torch import Tensor

from vitrina.models.checkpoint import INDEX, WEIGHTS, read_json, read_tensors

if TYPE_CHECKING:
    from transformers import PreTrainedModel

CONFIG = "config.json"
OPEN_CONFIG = "open_clip_config.json"
_SHARDS = "model-*-of-*.safetensors"
_OPEN_WEIGHTS = ("open_clip_model.safetensors", "open_clip_pytorch_model.safetensors")

Layout = Literal["transformers", "open_clip"]


@dataclass(frozen=True)
class Published:
    """`origin` names it in errors; `config` is its config.json, `files` the small files that were asked for.

    `revision` is the hub's commit, None for a folder and for a model in memory.
    """

    origin: str
    config: dict[str, Any]
    tensors: dict[str, Tensor]
    files: dict[str, bytes]
    revision: str | None = None


def read_published(model_or_path: "PreTrainedModel | str | Path", *, files: Sequence[str]) -> Published:
    """Read weights and configuration. A hub id may name its revision: `OWNER/NAME@REVISION`.

    Weights are safetensors only: torch's older format is a pickle, which can run foreign code. Raises ValueError for a
    name that is neither a folder nor on the hub, where there are no safetensors, and where a downloaded file is not
    what the hub said it would be.
    """
    if not isinstance(model_or_path, str | Path):
        state, config = model_or_path.state_dict(), json.loads(model_or_path.config.to_json_string())
        return Published(type(model_or_path).__name__, config, dict(state), files={})
    origin, folder, revision = str(model_or_path), Path(model_or_path), None
    if not folder.is_dir():
        folder = _fetch(origin, patterns=(CONFIG, OPEN_CONFIG, *files, WEIGHTS, INDEX, _SHARDS))
        revision = folder.name
        _verify(folder)
    if (folder / OPEN_CONFIG).exists() and not (folder / CONFIG).exists():
        raise ValueError(
            f"{origin} is in open_clip's layout: read it by Clip.from_open_clip, or start a run of a CLIP from it"
        )
    config = read_json(folder / CONFIG)
    found = {name: (folder / name).read_bytes() for name in files if (folder / name).exists()}
    if (folder / WEIGHTS).exists() or (folder / INDEX).exists():
        return Published(origin, config, read_tensors(folder), found, revision)
    raise ValueError(
        f"{origin} has no {WEIGHTS}. Weights in torch's older format can run foreign code and are not read: open the "
        "checkpoint with transformers where you trust it, and hand over the model, or a folder by its `save_pretrained`"
    )


def layout_of(name: str | Path) -> Layout:
    """Which layout a folder or a hub id is read in: transformers', where it has a configuration of that.

    A folder with weights in open_clip's layout alone is read in that one.
    """
    folder = Path(name)
    is_here = folder.is_dir()
    if not is_here:
        folder = _fetch(str(name), patterns=(CONFIG, OPEN_CONFIG))
    if not (folder / OPEN_CONFIG).exists():
        return "transformers"
    if not (folder / CONFIG).exists() or "model_type" not in read_json(folder / CONFIG):
        return "open_clip"
    has_theirs = (folder / WEIGHTS).exists() or (folder / INDEX).exists()
    return "open_clip" if is_here and not has_theirs and _open_weights(folder) is not None else "transformers"


def read_open_clip_files(name: str | Path, *, files: Sequence[str], is_complete: bool) -> Published:
    """A checkpoint in open_clip's layout, a folder or a hub id; `tensors` is empty unless it `is_complete`.

    Raises ValueError as `read_published` does: weights are safetensors only.
    """
    folder, revision = Path(name), None
    if not folder.is_dir():
        folder = _fetch(str(name), patterns=(OPEN_CONFIG, *files, *(_OPEN_WEIGHTS if is_complete else ())))
        revision = folder.name
        _verify(folder)
    config = read_json(folder / OPEN_CONFIG)
    found = {each: (folder / each).read_bytes() for each in files if (folder / each).exists()}
    if not is_complete:
        return Published(str(name), config, {}, found, revision)
    weights = _open_weights(folder)
    if weights is None:
        raise ValueError(
            f"{name} has no {_OPEN_WEIGHTS[0]}. Weights in torch's older format (.bin, .pt) can run foreign code and "
            "are not read: where you trust them, open them with open_clip and write the model's state dict by "
            f"safetensors.torch.save_file(model.state_dict(), {_OPEN_WEIGHTS[0]!r}) beside {OPEN_CONFIG}"
        )
    return Published(str(name), config, read_tensors(weights), found, revision)


def _open_weights(folder: Path) -> Path | None:
    return next((folder / name for name in _OPEN_WEIGHTS if (folder / name).exists()), None)


def read_description(name: str | Path, *, files: Sequence[str]) -> Published:
    """What `read_published` reads without the weights, which are not fetched either: `tensors` is empty."""
    folder, revision = Path(name), None
    if not folder.is_dir():
        folder = _fetch(str(name), patterns=(CONFIG, *files))
        revision = folder.name
    found = {each: (folder / each).read_bytes() for each in files if (folder / each).exists()}
    return Published(str(name), read_json(folder / CONFIG), {}, found, revision)


def _fetch(name: str, *, patterns: Sequence[str]) -> Path:
    """Fetch some files of a hub checkpoint, or find them in the local cache; the folder is named by the commit."""
    try:
        from huggingface_hub import snapshot_download
    except ImportError as error:
        raise ImportError("checkpoints of the hub need huggingface_hub: pip install 'vitrina[hub]'") from error
    repo, _, revision = name.partition("@")
    try:
        return Path(snapshot_download(repo, revision=revision or None, allow_patterns=list(patterns)))
    except Exception as error:
        raise _explained(error, name=name) from error


def _explained(error: Exception, *, name: str) -> ValueError:
    """What went wrong, in words. The library raises its own errors and those of its HTTP client, whose package changes
    with its version; so everything that comes out of it is taken for what the hub or the network did."""
    from huggingface_hub import errors

    log_in = "log in with `hf auth login` or set HF_TOKEN"
    if isinstance(error, errors.GatedRepoError):
        return ValueError(f"{name} is gated: accept its conditions on its page, then {log_in}")
    if isinstance(error, errors.RevisionNotFoundError):
        return ValueError(f"{name} has no such revision on the hub: write OWNER/NAME@REVISION with one that it has")
    if isinstance(error, OSError) and error.errno is not None and not isinstance(error, ConnectionError):
        return ValueError(f"{name} cannot be stored: {error}. Make room, or set HF_HOME to another disk")
    reason = next(iter(str(error).splitlines()), type(error).__name__)
    return ValueError(
        f"{name} is neither a folder nor a checkpoint that the hub gives out ({reason}): check the name, for a private "
        f"one {log_in}; what a broken download brought is kept, so the same command goes on; without a connection, "
        "fetch the folder elsewhere by `hf download` and name that"
    )


def _verify(folder: Path) -> None:
    """Compare the weights with the digests that the hub's cache names them by; ValueError where one is damaged."""
    for path in sorted(folder.glob("*.safetensors")):
        blob = path.resolve()
        # Large files are stored by their sha256; other names say nothing about the content.
        if not re.fullmatch(r"[0-9a-f]{64}", blob.name):
            continue
        with blob.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        if digest != blob.name:
            raise ValueError(f"{path} is not what the hub gave out: remove {blob} and run the same command again")
