"""Draw docs/images/learnt.svg and docs/images/quality.svg from the committed results.

python docs/learnt_picture.py
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

HERE = Path(__file__).parent
RESULTS = HERE.parent / "results"
FONT = 'font-family="system-ui, sans-serif"'
INK, GREY, BLUE, ORANGE = "#1f2933", "#9aa5b1", "#1f6feb", "#d9730d"

BEGIN, END = "<!-- table of results: python docs/learnt_picture.py -->", "<!-- end of the table -->"

SHOWN = (
    ("learnt_mixture", "R@10", "Mixture .70/.15/.15 or pairs alone"),
    (
        "learnt_negatives",
        "own text chosen, other of the same category",
        "Wrong texts for matching (same category asked)",
    ),
    ("learnt_forms", "own text chosen, other of the same category", "Form of matching (same category asked)"),
    ("learnt_twins", "R@10, any of the same title", "Targets where every title is shared"),
    ("learnt_clip_sides", "R@10", "What stands on the text side, and beside it"),
    ("learnt_codes", "R@10", "How many image codes"),
    ("learnt_patches", "R@10", "Patches and depth of small"),
    ("learnt_forgetting", "dev: R@10", "Fashion after groceries came"),
)


@dataclass(frozen=True)
class Arm:
    """Mean and range of one arm, in percent."""

    name: str
    mean: float
    low: float
    high: float


def main() -> None:
    images = HERE / "images"
    images.mkdir(exist_ok=True)
    (images / "learnt.svg").write_text(learnt(), encoding="utf-8")
    if (RESULTS / "time_to_quality_curves.json").exists():
        (images / "quality.svg").write_text(quality(), encoding="utf-8")
    page = HERE / "what-we-learnt.md"
    before, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    page.write_text(f"{before}{BEGIN}\n{table()}\n{END}{after}", encoding="utf-8")


def table() -> str:
    """What was asked and what the seeds say, a line for each result of `benchmarks.learnt`."""
    lines = ["| asked | answered by the seeds | figures |", "|---|---|---|"]
    for path in sorted(RESULTS.glob("learnt_*.json")):
        result = json.loads(path.read_text(encoding="utf-8"))
        lines.append(f"| {result['title']} | {result['notes'][0]} | [{path.stem}](../results/{path.name}) |")
    return "\n".join(lines)


def learnt() -> str:
    """One panel an experiment: a dot for the mean of the seeds, a bar from the worst to the best."""
    panels = [(title, name, list(arms(RESULTS / f"{file}.json", name))) for file, name, title in SHOWN]
    panels = [panel for panel in panels if panel[2]]
    parts, y = [], 24.0
    for title, name, found in panels:
        parts.append(text(12, y, title, size=15, weight="bold"))
        parts.append(text(788, y, f"{name}, %", size=12, colour=GREY, anchor="end"))
        low, high = min(arm.low for arm in found), max(arm.high for arm in found)
        room = max(high - low, 1.0) * 0.08
        low, high = low - room, high + room

        def x(value: float, low: float = low, high: float = high) -> float:
            return 400 + 340 * (value - low) / (high - low)

        for arm in found:
            y += 22
            parts.append(text(388, y + 4, arm.name, size=12, anchor="end"))
            parts.append(line(400, y, 740, y, colour="#e4e7eb", width=1))
            parts.append(line(x(arm.low), y, x(arm.high), y, colour=BLUE, width=5))
            parts.append(f'<circle cx="{x(arm.mean):.1f}" cy="{y:.1f}" r="6" fill="{INK}"/>')
            parts.append(text(748, y + 4, f"{arm.mean:.1f}", size=12))
        y += 40
    return svg(800, y, parts)


def arms(path: Path, figure: str) -> Iterator[Arm]:
    """The rows of means of a result; none where it is not there."""
    if not path.exists():
        return
    for row in json.loads(path.read_text(encoding="utf-8"))["rows"]:
        name = row["name"].strip("*").removesuffix(", mean and range")
        found = [each for each in row["metrics"] if each["name"] == figure]
        if found and row["name"].startswith("**"):
            value = found[0]
            yield Arm(name, 100 * value["value"], 100 * value["low"], 100 * value["high"])


def quality() -> str:
    """R@10 by CPU seconds, ours and theirs as documented."""
    rows = json.loads((RESULTS / "time_to_quality_curves.json").read_text(encoding="utf-8"))["rows"]
    curves: dict[str, list[tuple[float, float]]] = {}
    for row in rows:
        metrics: Mapping[str, float] = {each["name"]: each["value"] for each in row["metrics"]}
        curves.setdefault(row["name"].partition(" at step")[0], []).append((metrics["CPU seconds"], metrics["R@10"]))
    longest = max(x for curve in curves.values() for x, _ in curve)

    def place(x: float, y: float) -> tuple[float, float]:
        return 60 + 700 * x / longest, 340 - 300 * y / 0.6

    parts = [line(60, 340, 760, 340, colour=INK, width=1), line(60, 40, 60, 340, colour=INK, width=1)]
    for share in (0.1, 0.2, 0.3, 0.4, 0.5):
        _, y = place(0, share)
        parts.append(line(60, y, 760, y, colour=ORANGE if share == 0.4 else "#e4e7eb", width=1))
        parts.append(text(52, y + 4, f"{100 * share:.0f} %", size=12, anchor="end"))
    for part in range(5):
        x, _ = place(longest * part / 4, 0)
        parts.append(text(x, 360, f"{longest * part / 4:,.0f}", size=12, anchor="middle"))
    parts.append(text(410, 384, "CPU seconds from nothing, one thread", size=12, anchor="middle"))
    for name, curve in curves.items():
        colour = BLUE if name.startswith("ours") else GREY
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in (place(*point) for point in curve))
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>')
        x, y = place(*curve[-1])
        if "seed 0" in name:
            words, is_far = name.partition(", seed")[0], x > 600
            parts.append(
                text(
                    x - 6 if is_far else x + 6,
                    y - 10,
                    words,
                    size=12,
                    colour=colour,
                    anchor="end" if is_far else "start",
                )
            )
    parts.append(text(60, 24, "R@10 on fashion_products while FLAVA learns from nothing", size=15, weight="bold"))
    return svg(800, 400, parts)


def text(
    x: float, y: float, words: str, *, size: int, colour: str = INK, anchor: str = "start", weight: str = "normal"
) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" {FONT} font-size="{size}" font-weight="{weight}" fill="{colour}" '
        f'text-anchor="{anchor}">{escape(words)}</text>'
    )


def line(x0: float, y0: float, x1: float, y1: float, *, colour: str, width: float) -> str:
    return f'<line x1="{x0:.1f}" y1="{y0:.1f}" x2="{x1:.1f}" y2="{y1:.1f}" stroke="{colour}" stroke-width="{width}"/>'


def svg(width: float, height: float, parts: Sequence[str]) -> str:
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}">'
    return "\n".join([head, '<rect width="100%" height="100%" fill="white"/>', *parts, "</svg>", ""])


if __name__ == "__main__":
    main()
