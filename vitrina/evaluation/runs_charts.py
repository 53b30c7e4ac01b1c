"""Several runs in one chart, as inline SVG that follows the page: a line a run, in the run's colour."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

from vitrina.evaluation.charts import ticks

_WIDTH, _HEIGHT = 420, 232
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 12, 12, 26
_SMOOTHING = 9

COLOURS = 8
"""Runs that have a colour of their own; the ninth has the first's, dashed."""


@dataclass(frozen=True)
class Line:
    """A run's figure: `steps` (n,), `values` (n,); `run` is its number among the page's runs."""

    run: int
    name: str
    steps: np.ndarray
    values: np.ndarray
    chance: float | None = None


@dataclass(frozen=True)
class Chart:
    """`lines` over the steps. With `is_smoothed` each stands on a pale one of its own values."""

    title: str
    words: str
    lines: Sequence[Line]
    is_smoothed: bool
    is_share: bool = False


def chart_svg(chart: Chart) -> str:
    """The chart: curves, dashed lines at chance, marks where a run has one value only."""
    every = [line for line in chart.lines if len(line.values)]
    smooth = [smoothed(line.values) if chart.is_smoothed else line.values for line in every]
    chances = [line.chance for line in every if line.chance is not None]
    values = np.concatenate([*smooth, chances]) if chances else np.concatenate(smooth)
    low, high = float(values.min()), float(values.max())
    pad = (high - low) * 0.06 or abs(high) * 0.1 or 0.5
    low, high = (max(0.0, low - pad) if low >= 0 else low - pad), high + pad
    first = min(float(line.steps[0]) for line in every)
    last = max(float(line.steps[-1]) for line in every)

    def x(step: float) -> float:
        return _LEFT + (step - first) / max(last - first, 1e-9) * (_WIDTH - _LEFT - _RIGHT)

    def y(value: float) -> float:
        return _TOP + (high - min(max(value, low), high)) / (high - low) * (_HEIGHT - _TOP - _BOTTOM)

    words = escape(f"{chart.title} of {len(every)} runs from step {first:,.0f} to {last:,.0f}")
    parts = [f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{words}" class="curve">']
    for tick in ticks(low, high, most=4):
        shown = f"{100 * tick:g} %" if chart.is_share else _tick(tick)
        parts.append(f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y(tick):.1f}" y2="{y(tick):.1f}"/>')
        parts.append(f'<text class="tick" x="{_LEFT - 6}" y="{y(tick) + 3.5:.1f}" text-anchor="end">{shown}</text>')
    for tick in ticks(first, last, most=4):
        anchor = "end" if x(tick) > _WIDTH - _RIGHT - 14 else "middle"
        parts.append(f'<text class="tick" x="{x(tick):.1f}" y="{_HEIGHT - 7}" text-anchor="{anchor}">{tick:,g}</text>')
    shared = {round(chance, 4) for chance in chances}
    for line, flat in zip(every, smooth, strict=True):
        parts.append(f'<g class="run run-{line.run} c{line.run % COLOURS}{" again" * (line.run >= COLOURS)}">')
        parts.append(f"<title>{escape(line.name)}: {flat[-1]:.4g} at step {line.steps[-1]:,.0f}</title>")
        if chart.is_smoothed:
            parts.append(f'<polyline class="raw" points="{_points(line.steps, line.values, x=x, y=y)}"/>')
        if line.chance is not None and len(shared) > 1:
            at = y(line.chance)
            parts.append(f'<line class="own-chance" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{at:.1f}" y2="{at:.1f}"/>')
        if len(flat) == 1:
            parts.append(f'<circle class="point" cx="{x(line.steps[0]):.1f}" cy="{y(flat[0]):.1f}" r="3"/>')
        else:
            parts.append(f'<polyline class="main" points="{_points(line.steps, flat, x=x, y=y)}"/>')
        parts.append("</g>")
    if len(shared) == 1:
        at = y(chances[0])
        above = at - 5 if at > _TOP + 14 else at + 13
        parts.append(f'<line class="chance" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{at:.1f}" y2="{at:.1f}"/>')
        parts.append(
            f'<text class="chance-name" x="{_WIDTH - _RIGHT}" y="{above:.1f}" text-anchor="end">'
            f"chance {f'{100 * chances[0]:.3g} %' if chart.is_share else f'{chances[0]:.3g}'}</text>"
        )
    parts.append("</svg>")
    return "".join(parts)


def smoothed(values: np.ndarray) -> np.ndarray:
    """A moving mean over neighbours, over fewer at the ends."""
    if len(values) < 3:
        return values
    window = min(_SMOOTHING, len(values) // 4 * 2 + 1)
    sums = np.convolve(values, np.ones(window), mode="same")
    return sums / np.convolve(np.ones(len(values)), np.ones(window), mode="same")


def _points(steps: np.ndarray, values: np.ndarray, *, x: Callable[[float], float], y: Callable[[float], float]) -> str:
    return " ".join(
        f"{x(step):.1f},{y(value):.1f}" for step, value in zip(steps.tolist(), values.tolist(), strict=True)
    )


def _tick(value: float) -> str:
    return f"{value:.0e}" if 0 < abs(value) < 1e-3 else f"{value:g}"
