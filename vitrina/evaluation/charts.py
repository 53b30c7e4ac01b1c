"""Charts as inline SVG that follows the page: its colours are the page's variables, its text the page's font."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
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
    bins = _binned(curve)
    frame = _Frame.around(bins, bins.low, bins.high, chance=curve.chance)
    upper = frame.points(bins.steps, bins.high)
    lower = frame.points(bins.steps, bins.low)
    return frame.drawn(
        f'<polygon class="band" points="{" ".join(upper + lower[::-1])}"/>',
        f'<polyline class="line" points="{" ".join(frame.points(bins.steps, bins.mean))}"/>',
        words=_in_words(curve),
        chance=curve.chance,
    )


def lines_svg(curves: Sequence[Curve], *, title: str) -> str:
    """The bin means of a few curves on one scale, each of a class of its own (`series-1` and on), their mean chance."""
    chances = [curve.chance for curve in curves if curve.chance is not None]
    chance = float(np.mean(chances)) if chances else None
    every = [_binned(curve) for curve in curves]
    means = np.concatenate([bins.mean for bins in every])
    together = replace(every[0], steps=np.concatenate([bins.steps for bins in every]))
    frame = _Frame.around(together, means, means, chance=chance)
    lines = [
        f'<polyline class="series series-{number}" points="{" ".join(frame.points(bins.steps, bins.mean))}">'
        f"<title>{escape(_in_words(curve))}</title></polyline>"
        for number, (curve, bins) in enumerate(zip(curves, every, strict=True), start=1)
    ]
    return frame.drawn(*lines, words=f"{title}: {'; '.join(map(_in_words, curves))}", chance=chance)


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
class _Frame:
    """The scales of a chart: steps across, values upwards."""

    first: float
    last: float
    lowest: float
    highest: float

    @classmethod
    def around(cls, bins: "_Bins", low: np.ndarray, high: np.ndarray, *, chance: float | None) -> "_Frame":
        """Room for values from `low` (n,) to `high` (n,), and for chance."""
        lowest, highest = float(low.min()), float(high.max())
        if chance is not None:
            lowest, highest = min(lowest, chance), max(highest, chance)
        pad = (highest - lowest) * 0.06 or 0.5
        lowest, highest = (max(0.0, lowest - pad) if lowest >= 0 else lowest - pad), highest + pad
        return cls(float(bins.steps.min()), float(bins.steps.max()), lowest, highest)

    def x(self, step: float) -> float:
        return _LEFT + (step - self.first) / max(self.last - self.first, 1e-9) * (_WIDTH - _LEFT - _RIGHT)

    def y(self, value: float) -> float:
        return _TOP + (self.highest - value) / (self.highest - self.lowest) * (_HEIGHT - _TOP - _BOTTOM)

    def points(self, steps: np.ndarray, values: np.ndarray) -> list[str]:
        return [f"{self.x(step):.1f},{self.y(value):.1f}" for step, value in zip(steps, values, strict=True)]

    def drawn(self, *shapes: str, words: str, chance: float | None) -> str:
        """The chart: grid, shapes, chance."""
        right = _WIDTH - _RIGHT
        parts = [
            f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(words)}" class="curve">',
            f"<title>{escape(words)}</title>",
        ]
        for tick in ticks(self.lowest, self.highest, most=4):
            at = self.y(tick)
            parts.append(f'<line class="grid" x1="{_LEFT}" x2="{right}" y1="{at:.1f}" y2="{at:.1f}"/>')
            parts.append(f'<text class="tick" x="{_LEFT - 6}" y="{at + 3.5:.1f}" text-anchor="end">{tick:g}</text>')
        for tick in ticks(self.first, self.last, most=4):
            parts.append(
                f'<text class="tick" x="{self.x(tick):.1f}" y="{_HEIGHT - 6}" text-anchor="middle">{tick:,g}</text>'
            )
        parts += shapes
        if chance is not None:
            at = self.y(chance)
            parts.append(f'<line class="chance" x1="{_LEFT}" x2="{right}" y1="{at:.1f}" y2="{at:.1f}"/>')
            above = at - 5 if at > _TOP + 14 else at + 13
            parts.append(
                f'<text class="chance-name" x="{right}" y="{above:.1f}" text-anchor="end">chance {chance:.3g}</text>'
            )
        parts.append("</svg>")
        return "".join(parts)


@dataclass(frozen=True)
class _Bins:
    steps: np.ndarray
    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray


def _binned(curve: Curve) -> _Bins:
    steps, values = np.asarray(curve.steps, dtype=float), np.asarray(curve.values, dtype=float)
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
