"""Charts as inline SVG that follows the page: its colours are the page's variables, its text the page's font."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

_WIDTH, _HEIGHT = 360, 200
_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 10, 10, 24
_MOST_POINTS = 160


@dataclass(frozen=True, slots=True)
class Curve:
    """A loss over the run: `steps` (n,), `values` (n,), and `chance`, what a guess scores, where it is known."""

    name: str
    steps: Sequence[int]
    values: Sequence[float]
    chance: float | None


def curve_svg(curve: Curve) -> str:
    """A line of bin means over the band of each bin's values, with a dashed line at chance."""
    bins = _binned(np.asarray(curve.steps, dtype=float), np.asarray(curve.values, dtype=float))
    lowest, highest = float(bins.low.min()), float(bins.high.max())
    if curve.chance is not None:
        lowest, highest = min(lowest, curve.chance), max(highest, curve.chance)
    pad = (highest - lowest) * 0.06 or 0.5
    lowest, highest = (max(0.0, lowest - pad) if lowest >= 0 else lowest - pad), highest + pad
    first, last = float(bins.steps.min()), float(bins.steps.max())

    def x(step: float) -> float:
        return _LEFT + (step - first) / max(last - first, 1e-9) * (_WIDTH - _LEFT - _RIGHT)

    def y(value: float) -> float:
        return _TOP + (highest - value) / (highest - lowest) * (_HEIGHT - _TOP - _BOTTOM)

    parts = [
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(_in_words(curve))}" class="curve">',
        f"<title>{escape(_in_words(curve))}</title>",
    ]
    for tick in ticks(lowest, highest, most=4):
        parts.append(f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y(tick):.1f}" y2="{y(tick):.1f}"/>')
        parts.append(f'<text class="tick" x="{_LEFT - 6}" y="{y(tick) + 3.5:.1f}" text-anchor="end">{tick:g}</text>')
    for tick in ticks(first, last, most=4):
        parts.append(f'<text class="tick" x="{x(tick):.1f}" y="{_HEIGHT - 6}" text-anchor="middle">{tick:,g}</text>')
    upper = [f"{x(s):.1f},{y(v):.1f}" for s, v in zip(bins.steps, bins.high, strict=True)]
    lower = [f"{x(s):.1f},{y(v):.1f}" for s, v in zip(bins.steps, bins.low, strict=True)]
    parts.append(f'<polygon class="band" points="{" ".join(upper + lower[::-1])}"/>')
    line = " ".join(f"{x(s):.1f},{y(v):.1f}" for s, v in zip(bins.steps, bins.mean, strict=True))
    parts.append(f'<polyline class="line" points="{line}"/>')
    if curve.chance is not None:
        at = y(curve.chance)
        parts.append(f'<line class="chance" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{at:.1f}" y2="{at:.1f}"/>')
        above = at - 5 if at > _TOP + 14 else at + 13
        parts.append(
            f'<text class="chance-name" x="{_WIDTH - _RIGHT}" y="{above:.1f}" text-anchor="end">'
            f"chance {curve.chance:.3g}</text>"
        )
    parts.append("</svg>")
    return "".join(parts)


def interval_svg(value: float, *, low: float | None, high: float | None, base: float | None) -> str:
    """A share on a track from 0 to 1: a dot, its interval as a bar, and a tick at the base rate."""
    parts = ['<svg viewBox="0 0 160 16" class="interval" aria-hidden="true">']
    parts.append('<line class="track" x1="4" x2="156" y1="8" y2="8"/>')
    if low is not None and high is not None:
        parts.append(f'<line class="bar" x1="{_on_track(low):.1f}" x2="{_on_track(high):.1f}" y1="8" y2="8"/>')
    if base is not None:
        parts.append(f'<line class="base" x1="{_on_track(base):.1f}" x2="{_on_track(base):.1f}" y1="2" y2="14"/>')
    parts.append(f'<circle class="dot" cx="{_on_track(value):.1f}" cy="8" r="3.5"/></svg>')
    return "".join(parts)


def ticks(low: float, high: float, *, most: int) -> list[float]:
    """At most `most` + 1 round numbers between two bounds."""
    span = high - low
    if span <= 0:
        return [low]
    rough = span / most
    scale = 10.0 ** math.floor(math.log10(rough))
    step = next(scale * factor for factor in (1, 2, 2.5, 5, 10) if scale * factor >= rough)
    first = math.ceil(low / step - 1e-9)
    count = math.floor(high / step + 1e-9) - first
    return [round((first + number) * step, 12) for number in range(count + 1)]


@dataclass(frozen=True)
class _Bins:
    steps: np.ndarray
    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray


def _binned(steps: np.ndarray, values: np.ndarray) -> _Bins:
    parts = np.array_split(np.arange(len(values)), min(len(values), _MOST_POINTS))
    return _Bins(
        steps=np.array([steps[part].mean() for part in parts]),
        mean=np.array([values[part].mean() for part in parts]),
        low=np.array([np.quantile(values[part], 0.1) for part in parts]),
        high=np.array([np.quantile(values[part], 0.9) for part in parts]),
    )


def _on_track(share: float) -> float:
    return 4 + 152 * min(max(share, 0.0), 1.0)


def _in_words(curve: Curve) -> str:
    chance = "" if curve.chance is None else f"; chance is {curve.chance:.3g}"
    return f"{curve.name}: from {curve.values[0]:.3g} to {curve.values[-1]:.3g}{chance}"
