"""Two processes that train together, started once for many runs."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vitrina.recipes.recipe import Recipe

RANK = Path(__file__).parent / "rank.py"


@dataclass(frozen=True)
class Job:
    """A run for two ranks, see `rank.py`; its own `recipe` where it names one, else that of all jobs."""

    run: Path
    machine: dict[str, Any] = field(default_factory=dict)
    resumes: bool = False
    asks_at: int | None = None
    breaks_at: int | None = None
    recipe: Recipe | None = None


def on_two_ranks(jobs: Sequence[Job], *, recipe: Recipe, catalogue: Path) -> list[tuple[str, str]]:
    """What the two ranks said of each job, one job after another; the ranks are `torchrun`'s but for its agent."""
    with ExitStack() as stack:
        free = [stack.enter_context(socket.socket()) for _ in jobs]
        for each in free:
            each.bind(("127.0.0.1", 0))
        ports = [str(each.getsockname()[1]) for each in free]
    written = [
        {
            "run": str(job.run),
            "machine": job.machine,
            "resumes": job.resumes,
            "asks_at": job.asks_at,
            "breaks_at": job.breaks_at,
            "recipe": json.loads((job.recipe or recipe).to_json()),
            "catalogue": str(catalogue),
            "port": port,
        }
        for job, port in zip(jobs, ports, strict=True)
    ]
    (catalogue.parent / "jobs.json").write_text(json.dumps(written), encoding="utf-8")
    shared = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "OMP_NUM_THREADS": "1"}
    ranks = [
        subprocess.Popen(
            [sys.executable, str(RANK), str(catalogue.parent / "jobs.json")],
            env=os.environ | shared | {"RANK": str(rank), "PYTHONPATH": os.pathsep.join(sys.path)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]
    ends = [rank.communicate() for rank in ranks]
    for rank, (_, errors) in zip(ranks, ends, strict=True):
        assert rank.returncode == 0, errors
    first, second = (json.loads(output) for output, _ in ends)
    return list(zip(first, second, strict=True))
