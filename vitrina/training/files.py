"""What the writers of a run folder share: digests, names that lie on the disk, and the word for an early end."""

import hashlib
import os
from pathlib import Path


class TrainingError(ValueError):
    """Training ended early for a reason that the message gives in words; the run folder holds the last good state."""


def sync_folder(path: Path) -> None:
    """Wait until the names in a folder lie on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sha256_of(path: Path) -> str:
    """The digest of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
