"""`vitrina` as a rank of `torchrun`: `torchrun_rank.py kill|end STEP ARGUMENTS...`.

Once, in a step, rank 1 kills itself without a word ("kill"), or asks `torchrun`, its parent, to end ("end").
"""

import os
import signal
import sys
import threading
from types import FrameType

from vitrina.cli import main
from vitrina.training.optimiser import Optimiser

STEP = Optimiser.step


def disturbed(self: Optimiser, number: int) -> float:
    if os.environ["RANK"] == "1" and number + 1 == int(sys.argv[2]):
        match sys.argv[1]:
            case "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            case "end":
                end_torchrun()
    return STEP(self, number)


def end_torchrun() -> None:
    """Ask the parent to end, and wait in this step until it has passed that on."""
    is_asked = threading.Event()
    ours = signal.getsignal(signal.SIGTERM)

    def hear(number: int, frame: FrameType | None) -> None:
        assert callable(ours)
        ours(number, frame)
        is_asked.set()

    signal.signal(signal.SIGTERM, hear)
    os.kill(os.getppid(), signal.SIGTERM)
    is_asked.wait()


if __name__ == "__main__":
    Optimiser.step = disturbed
    main(sys.argv[3:])
