"""Trainers that kill themselves: `python nursery.py JOBS.json` forks one for every job, after importing once.

A job trains `recipe` on `catalogue` into `run`, or resumes it where it exists, and sends itself `signal` when the
function named by `moment` is entered for the `count`th time. Prints how each child ended.
"""

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

from torch import nn

from vitrina.recipes.recipe import Optim, Recipe
from vitrina.training import checkpoints, loop, optimiser, prepare, run_folder
from vitrina.training.machine import Machine

MOMENTS = {
    "step": (optimiser.Optimiser, "step"),
    "row": (run_folder.Metrics, "append"),
    "file": (checkpoints, "write_tensors"),
    "digest": (checkpoints, "sha256_of"),
    "state": (checkpoints, "write_bytes"),
    "name": (checkpoints, "flush"),
    "prune": (checkpoints, "sweep"),
    "begin": (prepare, "fitted"),
    "recipe": (run_folder, "write_bytes"),
}


def arm(moment: str, *, count: int, number: int) -> None:
    owner, name = MOMENTS[moment]
    function = getattr(owner, name)
    left = [count]

    def counted(*arguments: Any, **named: Any) -> Any:
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), number)
        return function(*arguments, **named)

    setattr(owner, name, counted)


def work(job: dict[str, Any]) -> None:
    arm(job["moment"], count=job["count"], number=signal.Signals[job["signal"]])
    run = Path(job["run"])
    if run_folder.is_run(run):
        loop.resume(run, machine=Machine(workers=1, device="cpu"))
    else:
        recipe = Recipe.from_json(json.dumps(job["recipe"]))
        loop.train(recipe, catalogues=[Path(job["catalogue"])], run=run, machine=Machine(workers=1, device="cpu"))


def main() -> None:
    # The first optimiser of a process imports half of torch: once for all children.
    optimiser.Optimiser(nn.Linear(1, 1), optim=Optim(), steps=1)
    ends = []
    for job in json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")):
        child = os.fork()
        if child == 0:
            try:
                work(job)
            finally:
                sys.stderr.flush()
                os._exit(1 if sys.exc_info()[0] else 0)
        ends.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    sys.stdout.write(json.dumps(ends))


if __name__ == "__main__":
    main()
