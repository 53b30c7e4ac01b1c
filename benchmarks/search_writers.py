"""An index under writers: killed in the middle, and several at once. `benchmarks.search` prints what came of it."""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path

import numpy as np

from vitrina.index.engine import Entry
from vitrina.index.lance import LanceEngine
from vitrina.index.words import ProductWords

NO_WORDS = ProductWords((), (), ())


def killed(folder: Path, *, times: int = 5) -> str:
    """How often a writer that was killed left all that it had finished."""
    whole = 0
    for attempt in range(times):
        place = folder / str(attempt)
        writer = start_writer(place, first=0, last=1_000_000)
        assert writer.stdout is not None
        done = [int(writer.stdout.readline()) for _ in range(3 + attempt)][-1]
        os.kill(writer.pid, signal.SIGKILL)
        writer.communicate()
        engine = LanceEngine(place, dimensions=None)
        whole += {digest(row) for row in range(done)} <= engine.digests()
        engine.add([Entry(digest(-1), NO_WORDS, None)])
    return f"whole {whole} of {times}"


def written_together(folder: Path, *, writers: int = 3, each: int = 200) -> str:
    """How many of the products of several processes that write at once are there afterwards."""
    LanceEngine(folder, dimensions=None)
    started = [start_writer(folder, first=number * each, last=(number + 1) * each) for number in range(writers)]
    for writer in started:
        writer.communicate()
    there = LanceEngine(folder, dimensions=None).digests()
    return f"{len(there & {digest(row) for row in range(writers * each)})} of {writers * each}"


def start_writer(folder: Path, *, first: int, last: int) -> "subprocess.Popen[str]":
    """A process that adds ten products at a time and says how far it is."""
    script = (
        "import sys; from pathlib import Path\n"
        "from benchmarks.search_writers import NO_WORDS, digest; from vitrina.index.engine import Entry\n"
        "from vitrina.index.lance import LanceEngine\n"
        "engine = LanceEngine(Path(sys.argv[1]), dimensions=None)\n"
        "for row in range(int(sys.argv[2]), int(sys.argv[3]), 10):\n"
        "    engine.add([Entry(digest(each), NO_WORDS, None) for each in range(row, row + 10)])\n"
        "    print(row + 10, flush=True)\n"
    )
    command: Sequence[str] = [sys.executable, "-c", script, str(folder), str(first), str(last)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def digest(row: int) -> bytes:
    """Stands for the digest of a product."""
    return blake2b(str(row).encode(), digest_size=16).digest()


def digests(first: int, last: int) -> np.ndarray:
    """(n, 16) uint8."""
    return np.frombuffer(b"".join(map(digest, range(first, last))), dtype=np.uint8).reshape(-1, 16)
