"""The other ranks of a run: what one says before it fails, and how one that says nothing is found out.

A rank holds a lock on a byte of RUN/.ranks as long as it lives: whatever ends it, the system frees the byte.
"""

import fcntl
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO

from torch import distributed as dist
from torch.distributed import Store  # type: ignore[reportPrivateImportUsage]

from vitrina.training.files import TrainingError
from vitrina.training.run_folder import RunFolder

_LAST_WORDS = "last-words"
_PATIENCE_SECONDS = 10.0  # on a machine with more to do than cores a killed process is slow to go


@dataclass(frozen=True)
class Peers:
    """The ranks around this one. `store` is what `torchrun` keeps for all, `meeting` a group that waits for long."""

    store: Store
    meeting: dist.ProcessGroup
    rank: int
    world: int

    @contextmanager
    def together(self, folder: RunFolder) -> Iterator[None]:
        """Run the body beside the other ranks: where one fails or is lost, this one stops with words, not waits.

        Raises TrainingError that names the rank and its end, the last good checkpoint and how to go on.
        """
        with (folder.path / ".ranks").open("a+b") as file:
            fcntl.lockf(file, fcntl.LOCK_EX, 1, self.rank)
            try:
                dist.barrier(group=self.meeting)
                yield
            except RuntimeError as error:
                # `torchrun` ends the ranks that are left, a tenth of a second later: the words come first.
                signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
                words = self._why(file)
                if words is None:
                    self._say(error)
                    raise
                raise TrainingError(self._stopping(words, folder=folder)) from error
            except BaseException as error:
                self._say(error)
                raise

    def _say(self, error: BaseException) -> None:
        """Leave word for the others; the first word stands."""
        self._leave(f"rank {self.rank} stopped: {_described(error)}")

    def _leave(self, words: str) -> str:
        try:
            return self.store.compare_set(_LAST_WORDS, "", words).decode()
        except RuntimeError:  # the store has gone with its owner
            return words

    def _why(self, file: BinaryIO) -> str | None:
        """Why another rank ended, None where none did. Its sockets close a moment before its lock is free."""
        until = time.monotonic() + _PATIENCE_SECONDS
        while time.monotonic() < until:
            try:
                if self.store.check([_LAST_WORDS]):
                    return self.store.get(_LAST_WORDS).decode()
            except RuntimeError:  # the store has gone with its owner
                pass
            lost = [str(rank) for rank in range(self.world) if rank != self.rank and _is_free(file, rank=rank)]
            if lost:
                ranks = f"rank {lost[0]}" if len(lost) == 1 else f"ranks {', '.join(lost)}"
                return self._leave(f"{ranks} ended without a word: killed, or out of memory")
            time.sleep(0.05)
        return None

    def _stopping(self, words: str, *, folder: RunFolder) -> str:
        last = folder.last_step
        saved = f"the last good checkpoint is that of step {last}" if last else "there is no checkpoint yet"
        return (
            f"rank {self.rank} stops because {words}. Nothing is lost but the steps since: {saved}. "
            f"Go on by starting all ranks again with `vitrina resume {folder.path}`"
        )


def _is_free(file: BinaryIO, *, rank: int) -> bool:
    try:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, rank)
    except OSError:
        return False
    fcntl.lockf(file, fcntl.LOCK_UN, 1, rank)
    return True


def _described(error: BaseException) -> str:
    return str(error) if isinstance(error, ValueError) else f"{type(error).__name__}: {error}".removesuffix(": ")
