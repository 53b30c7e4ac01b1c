"""One rank of some runs: `python rank.py JOBS.json` with the environment that `torchrun` sets.

A job trains `recipe` on `catalogue` into `run`, or goes on with it where it `resumes`, on its own `port` and as
`machine` says. With `asks_at` the last rank, and no other, is sent SIGTERM in that step; with `breaks_at` it fails in
it. Prints what each job came to: "finished", "stopped", or the words of an error.
"""

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

from vitrina.recipes.recipe import Recipe
from vitrina.training.loop import resume, train
from vitrina.training.machine import Machine
from vitrina.training.optimiser import Optimiser

STEP = Optimiser.step


def work(job: dict[str, Any]) -> str:
    os.environ["MASTER_PORT"] = job["port"]

    def disturbed(self: Optimiser, number: int) -> float:
        if os.environ["RANK"] == "1":
            if number + 1 == job["asks_at"]:
                os.kill(os.getpid(), signal.SIGTERM)
            if number + 1 == job["breaks_at"]:
                raise ValueError("the picture of row 7 is damaged")
        return STEP(self, number)

    Optimiser.step = disturbed
    machine = Machine(workers=1, device="cpu", **job["machine"])
    try:
        if job["resumes"]:
            outcome = resume(Path(job["run"]), machine=machine)
        else:
            recipe = Recipe.from_json(json.dumps(job["recipe"]))
            outcome = train(recipe, catalogues=[Path(job["catalogue"])], run=Path(job["run"]), machine=machine)
    except ValueError as error:
        return str(error)
    return "finished" if outcome.is_finished else "stopped"


if __name__ == "__main__":
    sys.stdout.write(json.dumps([work(job) for job in json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))]))
