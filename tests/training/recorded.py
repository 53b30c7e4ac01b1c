"""A run folder with rows as training writes them, and readers of what the records hold."""

import io
import json
import struct
from pathlib import Path
from typing import Any

from PIL import Image

from vitrina.training.run_folder import CatalogueRecord, DataRecord, RunFolder, create_run

from .little import little_clip

_BLOCK, _HEAD = 32768, 7


def row(step: int, *, domain: str | None = None) -> dict[str, Any]:
    return {
        "step": step,
        "kind": "pair",
        "domain": domain,
        "loss": 1 / step,
        "itc": 1 / step,
        "chance": {"itc": 2.0},
        "lr": 1e-3 * step,
        "grad_norm": 0.5,
        "examples": 8 * step,
        "examples_per_second": 100.0,
        "memory_mb": 512.0,
        "seconds": 0.1,
    }


def png(shade: int = 0) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (6, 4), (shade, 0, 0)).save(buffer, format="PNG")
    return buffer.getvalue()


def new_run(path: Path, *settings: str) -> RunFolder:
    path.mkdir(parents=True, exist_ok=True)
    data = DataRecord((CatalogueRecord(str(path.parent / "shop"), "ab" * 32, 50),), "cd", {"pair": 40}, None)
    return create_run(path, recipe=little_clip(*settings), data=data, tokenizer=None)


def with_rows(folder: RunFolder, last: int) -> RunFolder:
    """The folder with rows 1 to `last`, a look at every fourth step and its picture."""
    folder.metrics.write_text("".join(json.dumps(row(step)) + "\n" for step in range(1, last + 1)))
    looks = [
        {"step": step, "metric": "text_to_picture", "value": step / 100, "base": 0.01, "is_best": True, "seconds": 1.0}
        for step in range(4, last + 1, 4)
    ]
    (folder.path / "watch.jsonl").write_text("".join(json.dumps(look) + "\n" for look in looks))
    (folder.path / "pictures").mkdir(exist_ok=True)
    for look in looks:
        (folder.path / "pictures" / f"watch-{look['step']:08d}.png").write_bytes(png(look["step"]))
    return folder


def wandb_rows(folder: RunFolder) -> list[dict[str, Any]]:
    """The history that W&B's files of a run hold, in the order of the sessions."""
    import wandb
    from wandb.proto import wandb_internal_pb2

    wandb.teardown()  # W&B writes in a process of its own: wait for its end
    rows = []
    for path in sorted((folder.path / "records" / "wandb").glob("offline-run-*/run-*.wandb")):
        for content in _wandb_records(path.read_bytes()):
            record = wandb_internal_pb2.Record()  # type: ignore[attr-defined]  # generated
            record.ParseFromString(content)
            if record.WhichOneof("record_type") == "history":
                items = {
                    item.key or "/".join(item.nested_key): json.loads(item.value_json) for item in record.history.item
                }
                rows.append(items)
    return rows


def _wandb_records(content: bytes) -> list[bytes]:
    """W&B keeps its records in the log format of LevelDB, behind a head of seven bytes."""
    records, part, at = [], b"", _HEAD
    while at + _HEAD <= len(content):
        if _BLOCK - at % _BLOCK < _HEAD:
            at += _BLOCK - at % _BLOCK
            continue
        length, kind = struct.unpack("<HB", content[at + 4 : at + _HEAD])
        part += content[at + _HEAD : at + _HEAD + length]
        at += _HEAD + length
        if kind in (1, 4):
            records.append(part)
            part = b""
    return records
