"""Progress shows losses beside their base rates, on a terminal and elsewhere."""

import sys
import time

import pytest

from vitrina.training.progress import Progress


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(time, "monotonic", clock)
    return clock


def row(step: int, **losses: float) -> dict[str, object]:
    return {"step": step, "examples": 8 * step, "chance": dict.fromkeys(losses, 5.55)} | losses


def run(clock: Clock, *, start: int, steps: int, seconds: float) -> None:
    progress = Progress(start=start, steps=start + 100)
    for step in range(start + 1, start + steps + 1):
        clock.now += seconds
        progress.update(row(step, itc=3.0))
    progress.close()


def test_elsewhere_than_on_a_terminal_a_line_comes_now_and_then(clock, capsys):
    run(clock, start=10, steps=16, seconds=4.0)
    lines = capsys.readouterr().err.splitlines()
    assert [line.split()[1] for line in lines] == ["11/110", "19/110", "26/110"]
    assert lines[-1] == "step 26/110  itc 3.00/5.55  2 rows/s  05:36 left"


def test_a_run_of_one_step_says_its_line_once(clock, capsys):
    run(clock, start=0, steps=1, seconds=1.0)
    assert capsys.readouterr().err.splitlines() == ["step 1/100  itc 3.00/5.55  8 rows/s  01:39 left"]


def test_losses_are_smoothed_and_stay_when_another_kind_comes(clock, capsys):
    progress = Progress(start=0, steps=10)
    for step in range(1, 3):
        clock.now += 1.0
        progress.update(row(step, itc=float(step)))
    progress.update(row(3, mlm=8.0))
    progress.close()
    assert "itc 1.05/5.55 mlm 8.00/5.55" in capsys.readouterr().err


def test_on_a_terminal_there_is_a_bar_with_the_losses(clock, capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    run(clock, start=0, steps=100, seconds=0.5)
    shown = capsys.readouterr().err.split("\r")[-1]
    assert "100/100" in shown and "itc 3.00/5.55, 16 rows/s" in shown
    assert shown.count("\n") == 1
