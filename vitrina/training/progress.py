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
        self._start = self._step = start
        self._losses: dict[str, float] = {}
        self._chances: dict[str, float] = {}
        self._rows = 0.0
        # The first step warms up: the pace is that of the others.
        self._began = self._warm = time.monotonic()
        self._last_line: float | None = None
        self._is_terminal = sys.stderr.isatty()
        self._bar = tqdm(
            total=steps, initial=start, unit="step", dynamic_ncols=True, disable=not self._is_terminal, smoothing=0.1
        )

    def update(self, row: Mapping[str, Any]) -> None:
        """Take in a metrics row."""
        for name, chance in row["chance"].items():
            self._losses[name] = _smooth(self._losses.get(name), row[name])
            self._chances[name] = _smooth(self._chances.get(name), chance)
        self._step, self._rows = row["step"], row["examples"] / row["step"]
        now = time.monotonic()
        if self._step == self._start + 1:
            self._warm = now
        if self._is_terminal:
            self._bar.set_postfix_str(f"{self._text()}, {self._rows / self._step_seconds():.0f} rows/s", refresh=False)
            self._bar.update()
        elif self._last_line is None or now - self._last_line >= _SECONDS_BETWEEN_LINES:
            self._line()

    def close(self) -> None:
        """The last figures."""
        self._bar.close()
        if not self._is_terminal and self._step > self._start + 1:
            self._line()

    def _line(self) -> None:
        self._last_line = time.monotonic()
        pace = self._step_seconds()
        left = tqdm.format_interval(pace * (self._steps - self._step))
        sys.stderr.write(
            f"step {self._step}/{self._steps}  {self._text()}  {self._rows / pace:.0f} rows/s  {left} left\n"
        )

    def _step_seconds(self) -> float:
        done = self._step - self._start
        since = self._began if done == 1 else self._warm
        return max(time.monotonic() - since, 1e-9) / max(1, done - 1)

    def _text(self) -> str:
        return " ".join(f"{name} {self._losses[name]:.2f}/{self._chances[name]:.2f}" for name in self._losses)


def _smooth(before: float | None, now: float) -> float:
    return now if before is None else _SMOOTHING * before + (1 - _SMOOTHING) * now
