"""A lock file: one process at a time, freed by the kernel when its holder is killed."""

import fcntl
import os
from pathlib import Path


def take_lock(path: Path) -> int | None:
    """Locks a file that is made where it does not exist, and gives its descriptor; None where somebody else has it.

    Whoever is done removes the file and then closes the descriptor. Raises FileNotFoundError where the file's folder
    does not exist.
    """
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if path.stat().st_ino == os.fstat(descriptor).st_ino:
                return descriptor
        except BlockingIOError:
            os.close(descriptor)
            return None
        except FileNotFoundError:  # another holder has just finished and taken the file along
            pass
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)
