"""Files that are either whole or as they were."""

import os
from pathlib import Path


def write_whole(path: Path, *, content: str) -> None:
    """Replace the file at `path` by `content` in one moment, its folder made where it is missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".writing-{os.getpid()}-{path.name}")
    try:
        with temporary.open("w", encoding="utf-8") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
