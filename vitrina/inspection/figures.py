"""Charts of an inspection as inline SVG that follows the page: its colours are the page's variables."""

import math
from collections.abc import Callable, Sequence
from html import escape

from vitrina.evaluation.charts import ticks
from vitrina.inspection.result import CurrencyPrices, Histogram

_WIDTH, _HEIGHT = 460, 190
_LEFT, _RIGHT, _TOP, _BOTTOM = 42, 8, 10, 26
_WIDEST = 60


def price_svg(prices: CurrencyPrices) -> str:
    """Prices on a logarithmic axis, the median marked."""
    edges = [math.log10(edge) for edge in prices.histogram.edges]
    first, last = edges[0], edges[-1]
    decades = [10.0**power * factor for power in range(math.floor(first), math.ceil(last) + 1) for factor in (1, 2, 5)]
    if last - first > 2.5:
        decades = [each for each in decades if _leads_with_one(each)]
    labels = [(math.log10(each), f"{each:,g}") for each in decades if first <= math.log10(each) <= last]
    words = f"{prices.count:,} prices in {prices.currency}, half under {prices.spread.median:,.2f}"
    return _bars(edges, prices.histogram.counts, labels=labels, words=words, mark=math.log10(prices.spread.median))


def steps_svg(histogram: Histogram, *, words: str, name: Callable[[float, float], str]) -> str:
    """Counts between uneven edges, each bar as wide as every other; `name` labels a bar by its two edges."""
    counts = list(histogram.counts)
    used = [place for place, count in enumerate(counts) if count]
    first, last = (used[0], used[-1] + 1) if used else (0, len(counts))
    edges = [float(place) for place in range(last - first + 1)]
    every = max(1, math.ceil((last - first) / 7))
    labels = [
        (place + 0.5, name(histogram.edges[first + place], histogram.edges[first + place + 1]))
        for place in range(0, last - first, every)
    ]
    return _bars(edges, counts[first:last], labels=labels, words=words, mark=None)


def _bars(
    edges: Sequence[float],
    counts: Sequence[int],
    *,
    labels: Sequence[tuple[float, str]],
    words: str,
    mark: float | None,
) -> str:
    highest = max(max(counts, default=0), 1)
    span = max(edges[-1] - edges[0], 1e-9)

    def x(value: float) -> float:
        return _LEFT + (value - edges[0]) / span * (_WIDTH - _LEFT - _RIGHT)

    def y(count: float) -> float:
        return _HEIGHT - _BOTTOM - count / highest * (_HEIGHT - _TOP - _BOTTOM)

    parts = [f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" class="chart"><title>{escape(words)}</title>']
    for tick in ticks(0, highest, most=3):
        parts.append(f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y(tick):.1f}" y2="{y(tick):.1f}"/>')
        parts.append(
            f'<text class="tick" x="{_LEFT - 6}" y="{y(tick) + 3.5:.1f}" text-anchor="end">{_short(tick)}</text>'
        )
    for low, high, count in zip(edges[:-1], edges[1:], counts, strict=True):
        if count:
            width = min(max(x(high) - x(low) - 1, 1), _WIDEST)
            left = (x(low) + x(high) - width) / 2
            top = min(y(count), _HEIGHT - _BOTTOM - 1.5)
            height = _HEIGHT - _BOTTOM - top
            parts.append(
                f'<rect class="column" x="{left:.1f}" width="{width:.1f}" y="{top:.1f}" height="{height:.1f}">'
                f"<title>{count:,}</title></rect>"
            )
    if mark is not None:
        parts.append(f'<line class="mark" x1="{x(mark):.1f}" x2="{x(mark):.1f}" y1="{_TOP}" y2="{_HEIGHT - _BOTTOM}"/>')
    for place, label in labels:
        anchor = "start" if x(place) < _LEFT + 8 else "end" if x(place) > _WIDTH - 20 else "middle"
        parts.append(
            f'<text class="tick" x="{x(place):.1f}" y="{_HEIGHT - 8}" text-anchor="{anchor}">{escape(label)}</text>'
        )
    parts.append("</svg>")
    return "".join(parts)


def _leads_with_one(value: float) -> bool:
    power = math.log10(value)
    return abs(power - round(power)) < 1e-9


def _short(count: float) -> str:
    return f"{count / 1e6:g} M" if count >= 1e6 else f"{count / 1e3:g} k" if count >= 1e4 else f"{count:,g}"
