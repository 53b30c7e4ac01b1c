"""What the writers of a run folder share: digests and the word for an early end."""

import hashlib
from pathlib import Path


class TrainingError(ValueError):
    """Training ended early for a reason that the message gives in words; the run folder holds the last good state."""


def sha256_of(path: Path) -> str:
    """The digest of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
