"""Who uses a folder: readers hold it together, and only a folder that nobody holds is taken away."""

import contextlib
import fcntl
import os
import shutil
import weakref
from pathlib import Path

_NAME = ".in-use"


class Held:
    """A folder that stays as long as this object lives; the kernel lets it go when the process is killed."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder / _NAME, os.O_RDWR | os.O_CREAT, 0o644)
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        self.folder = folder
        self.let_go = weakref.finalize(self, os.close, descriptor)


def remove_unused(folder: Path) -> bool:
    """Remove a folder unless somebody holds it; whether it went."""
    try:
        descriptor = os.open(folder / _NAME, os.O_RDWR | os.O_CREAT, 0o644)
    except FileNotFoundError:  # somebody else has just removed it
        return False
    try:
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
            return True
    finally:
        os.close(descriptor)
    return False
