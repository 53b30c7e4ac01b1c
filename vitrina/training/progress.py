"""How a run is doing: smoothed losses beside what a guess would score, throughput, time left."""

import sys
import time
from collections.abc import Mapping
from typing import Any

from tqdm import tqdm

_SMOOTHING = 0.95
_SECONDS_BETWEEN_LINES = 30.0


class Progress:
    """A bar on a terminal; elsewhere a line at the start, one every half minute and one at the end.

    A loss reads `itc 3.12/5.55`: its running mean, and its chance level, what knowing nothing scores.
    """

    def __init__(self, *, start: int, steps: int) -> None:
        self._steps = steps
        self._start = start
        self._losses: dict[str, float] = {}
        self._chances: dict[str, float] = {}
        self._began = time.monotonic()
        self._last_line: float | None = None
        self._examples: int | None = None
        self._rate = 0.0
        self._row_step = start
        self._bar = tqdm(
            total=steps, initial=start, unit="step", dynamic_ncols=True, disable=not sys.stderr.isatty(), smoothing=0.1
        )

    def close(self) -> None:
        """The last figures."""
        self._bar.close()
        if self._bar.disable and self._row_step > self._start:
            self._line()

    def update(self, row: Mapping[str, Any]) -> None:
        """Take in a metrics row."""
        for name, chance in row["chance"].items():
            self._losses[name] = _smooth(self._losses.get(name), row[name])
            self._chances[name] = _smooth(self._chances.get(name), chance)
        self._row_step = row["step"]
        if self._examples is not None:
            self._rate = _smooth(self._rate or None, (row["examples"] - self._examples) / max(row["seconds"], 1e-9))
        self._examples = row["examples"]
        self._bar.update()
        if not self._bar.disable:
            self._bar.set_postfix_str(f"{self._text()}, {self._rate:.0f} rows/s", refresh=False)
        elif self._last_line is None or time.monotonic() - self._last_line >= _SECONDS_BETWEEN_LINES:
            self._line()

    def _line(self) -> None:
        now = time.monotonic()
        done = self._row_step - self._start
        left = (now - self._began) / max(1, done) * (self._steps - self._row_step)
        self._last_line = now
        sys.stderr.write(
            f"step {self._row_step}/{self._steps}  {self._text()}  {self._rate:.0f} rows/s  "
            f"{tqdm.format_interval(left)} left\n"
        )

    def _text(self) -> str:
        return " ".join(f"{name} {self._losses[name]:.2f}/{self._chances[name]:.2f}" for name in self._losses)


def _smooth(before: float | None, now: float) -> float:
    return now if before is None else _SMOOTHING * before + (1 - _SMOOTHING) * now
