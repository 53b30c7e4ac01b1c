"""One rank of some runs: `python rank.py JOBS.json` with the environment that `torchrun` sets.

A job trains `recipe` on `catalogue` into `run`, on its own `port`. With `asks_at` the last rank, and no other, is sent
SIGTERM in that step. Prints what each job came to: "finished", "stopped", or the words of an error.
"""

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

from vitrina.recipes.recipe import Recipe
from vitrina.training.loop import train
from vitrina.training.machine import Machine
from vitrina.training.optimiser import Optimiser

STEP = Optimiser.step


def work(job: dict[str, Any]) -> str:
    os.environ["MASTER_PORT"] = job["port"]

    def asked(self: Optimiser, number: int) -> float:
        if number + 1 == job["asks_at"] and os.environ["RANK"] == "1":
            os.kill(os.getpid(), signal.SIGTERM)
        return STEP(self, number)

    Optimiser.step = asked
    recipe = Recipe.from_json(json.dumps(job["recipe"]))
    try:
        outcome = train(
            recipe, catalogues=[Path(job["catalogue"])], run=Path(job["run"]), machine=Machine(workers=1, device="cpu")
        )
    except ValueError as error:
        return str(error)
    return "finished" if outcome.is_finished else "stopped"


if __name__ == "__main__":
    sys.stdout.write(json.dumps([work(job) for job in json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))]))
