"""Checkpoints: folders of safetensors with their digests, written whole, verified when read, pruned.

    RUN/checkpoints/step-00000500/model.safetensors, ema.safetensors, optimizer.safetensors, state.json

A checkpoint is written under a temporary name and renamed when all of it lies on the disk. `state.json` holds the
digest of every file, so that a damaged checkpoint is known before it is used.
"""

import json
import logging
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from torch import Tensor

from vitrina.catalogue.manifest import flush
from vitrina.models.checkpoint import write_bytes, write_tensors
from vitrina.training.files import TrainingError, sha256_of

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Part:
    """One file of a checkpoint: tensors by name, and text for the file's own metadata."""

    tensors: Mapping[str, Tensor]
    metadata: Mapping[str, str]


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint whose files have been verified."""

    path: Path
    step: int
    state: Mapping[str, Any]

    def file(self, name: str) -> Path:
        return self.path / f"{name}.safetensors"

    def has(self, name: str) -> bool:
        return f"{name}.safetensors" in self.state["files"]


def write_checkpoint(
    folder: Path, *, step: int, parts: Iterable[tuple[str, Part]], state: Mapping[str, Any], keep: int
) -> Path:
    """Write `parts` as the checkpoint of `step` below `folder`, then remove all but the last `keep` checkpoints.

    `parts` are taken one at a time, so that no two need be in memory. Raises TrainingError where the disk is full or
    refuses, and what `parts` raises; every checkpoint that stood before still stands then.
    """
    folder.mkdir(parents=True, exist_ok=True)
    sweep(folder)
    writing, final = folder / f".writing-{_name(step)}", folder / _name(step)
    try:
        writing.mkdir()
        files = {}
        for name, part in parts:
            path = writing / f"{name}.safetensors"
            write_tensors(path, tensors=part.tensors, metadata=part.metadata)
            files[path.name] = {"sha256": sha256_of(path), "bytes": path.stat().st_size}
        content = {"step": step, "files": files} | dict(state)
        write_bytes(writing / "state.json", content=json.dumps(content, indent=2).encode())
        writing.replace(final)
        flush(folder)
    except TrainingError:
        shutil.rmtree(writing, ignore_errors=True)
        raise
    except (OSError, SafetensorError) as error:
        shutil.rmtree(writing, ignore_errors=True)
        raise TrainingError(_words(folder, step=step, reason=error)) from error
    for old in steps_in(folder)[:-keep]:
        (folder / _name(old)).rename(folder / f".old-{_name(old)}")
    sweep(folder)
    return final


def newest_good(folder: Path) -> Checkpoint | None:
    """The newest checkpoint that is whole, saying which were passed over and why; None where there is none at all.

    Raises ValueError where there are checkpoints and every one is damaged.
    """
    steps = steps_in(folder)
    reasons = []
    for step in reversed(steps):
        try:
            found = verified(folder / _name(step))
        except ValueError as error:
            reasons.append(str(error))
            continue
        for reason in reasons:
            log.warning("%s; using the one of step %d instead", reason, found.step)
        return found
    if reasons:
        raise ValueError("; ".join(reasons) + "; no good checkpoint is left")
    return None


def verified(path: Path) -> Checkpoint:
    """The checkpoint in a folder, every byte of it compared with its digest; ValueError names what is damaged."""
    try:
        state = json.loads((path / "state.json").read_text(encoding="utf-8"))
        files = {name: (entry["sha256"], entry["bytes"]) for name, entry in state["files"].items()}
        step = int(state["step"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"checkpoint {path} is damaged: its state.json cannot be read ({error})") from error
    for name, (digest, size) in files.items():
        file = path / Path(name).name
        if not file.is_file():
            raise ValueError(f"checkpoint {path} is damaged: {name} is missing")
        if file.stat().st_size != size or sha256_of(file) != digest:
            raise ValueError(f"checkpoint {path} is damaged: {name} is not what was written")
    return Checkpoint(path, step, state)


def set_aside_after(folder: Path, *, step: int) -> None:
    """Rename the checkpoints beyond `step`, which are damaged, so that nobody takes them for the newest."""
    for each in steps_in(folder):
        if each > step:
            aside = folder / f"damaged-{_name(each)}"
            shutil.rmtree(aside, ignore_errors=True)
            (folder / _name(each)).rename(aside)


def steps_in(folder: Path) -> list[int]:
    """The steps of the checkpoints in a folder, ascending, damaged ones too."""
    if not folder.is_dir():
        return []
    names = (each.name.removeprefix("step-") for each in folder.iterdir() if each.name.startswith("step-"))
    return sorted(int(name) for name in names if name.isdigit())


def sweep(folder: Path) -> None:
    """Remove what a killed writer left behind."""
    for each in folder.glob(".*-step-*"):
        shutil.rmtree(each, ignore_errors=True)


def _name(step: int) -> str:
    return f"step-{step:08d}"


def _words(folder: Path, *, step: int, reason: Exception) -> str:
    steps = steps_in(folder)
    last = f"the last good checkpoint is that of step {steps[-1]}" if steps else "there is no earlier checkpoint"
    return (
        f"the checkpoint of step {step} could not be written to {folder}: {reason}. Nothing is lost but the steps "
        f"since: {last}. Make room on the disk, then go on with `vitrina resume {folder.parent}`"
    )
