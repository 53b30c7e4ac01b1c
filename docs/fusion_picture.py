"""Draw docs/images/fusion.svg and the table in docs/fusion.md from results/fusion.json.

python docs/fusion_picture.py
"""

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from learnt_picture import BLUE, GREY, INK, ORANGE, line, svg, text

HERE = Path(__file__).parent
RESULT = HERE.parent / "results" / "fusion.json"
BEGIN, END = "<!-- table of results: python docs/fusion_picture.py -->", "<!-- end of the table -->"

PANELS = (
    ("R@10", "Search by vectors: R@10, %"),
    ("R@10 of 300, first 20 ordered by pairs", "Search, the first 20 ordered by pairs: R@10 of 300 queries, %"),
    ("fits or not, any", "Does the text fit? Another product's text, % right"),
    ("fits or not, category", "Does the text fit? A text of the same category, % right"),
    ("article type", "Article type by prompts, % right"),
)
COLUMNS = (
    ("R@10", "R@10 by vectors"),
    ("R@10, picture → text", "picture → text"),
    ("R@10 of 300, by vectors", "R@10 of 300 queries"),
    ("R@10 of 300, first 20 ordered by pairs", "…, first 20 ordered by pairs"),
    ("fits or not, any", "text fits? any other"),
    ("fits or not, category", "text fits? same category"),
    ("category", "category"),
    ("article type", "article type"),
    ("seconds by vectors", "seconds by vectors"),
    ("seconds pair by pair", "seconds pair by pair"),
    ("million parameters", "million parameters"),
)


def main() -> None:
    means = list(rows())
    (HERE / "images").mkdir(exist_ok=True)
    (HERE / "images" / "fusion.svg").write_text(picture(means), encoding="utf-8")
    page = HERE / "fusion.md"
    before, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    page.write_text(f"{before}{BEGIN}\n{table(means)}\n{END}{after}", encoding="utf-8")


def rows() -> Iterator[tuple[str, dict[str, dict[str, Any]]]]:
    """Every arm's name and its means by the name of the figure."""
    for row in json.loads(RESULT.read_text(encoding="utf-8"))["rows"]:
        if row["name"].startswith("**"):
            name = row["name"].strip("*").removesuffix(", mean and range")
            yield name, {each["name"]: each for each in row["metrics"]}


def table(means: list[tuple[str, dict[str, dict[str, Any]]]]) -> str:
    lines = [
        "| | " + " | ".join(title for _, title in COLUMNS) + " |",
        "|---|" + "---:|" * len(COLUMNS),
    ]
    for name, figures in means:
        cells = [cell(figures[column]) if column in figures else "–" for column, _ in COLUMNS]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def cell(metric: dict[str, Any]) -> str:
    """A mean with its range over the seeds."""
    scale, digits = (100, 1) if metric["unit"] == "share" else (1, 1 if metric["value"] < 100 else 0)
    value = f"{scale * metric['value']:,.{digits}f}"
    if metric["unit"] != "share" or metric["low"] is None:
        return value
    return f"{value} [{scale * metric['low']:.1f} – {scale * metric['high']:.1f}]"


def picture(means: list[tuple[str, dict[str, dict[str, Any]]]]) -> str:
    """Where the two meet, and what that brings: a dot for the mean of the seeds, a bar from the worst to the best."""
    parts = sketches()
    y = 250.0
    for figure, title in PANELS:
        found = [(name, figures[figure]) for name, figures in means if figure in figures]
        parts.append(text(12, y, title, size=15, weight="bold"))
        low, high = (100 * pick(each[end] for _, each in found) for end, pick in (("low", min), ("high", max)))
        room = max(high - low, 1.0) * 0.08
        for name, each in found:
            y += 22
            left, right, middle = (
                400 + 340 * (100 * each[end] - low + room) / (high - low + 2 * room) for end in ("low", "high", "value")
            )
            parts.append(text(388, y + 4, name, size=12, anchor="end"))
            parts.append(line(400, y, 740, y, colour="#e4e7eb", width=1))
            parts.append(line(left, y, right, y, colour=BLUE, width=5))
            parts.append(f'<circle cx="{middle:.1f}" cy="{y:.1f}" r="6" fill="{INK}"/>')
            parts.append(text(748, y + 4, f"{100 * each['value']:.1f}", size=12))
        y += 40
    y = costs(parts, means, y)
    return svg(800, y, parts)


def costs(parts: list[str], means: list[tuple[str, dict[str, dict[str, Any]]]], y: float) -> float:
    """CPU seconds on a scale of tens, by vectors and by judging every pair."""
    parts.append(text(12, y, "CPU seconds for 1,000 queries against 10,000 products", size=15, weight="bold"))
    kinds = (("seconds by vectors", BLUE, "by vectors"), ("seconds pair by pair", ORANGE, "judging every pair"))
    for place, (_, colour, words) in enumerate(kinds):
        parts.append(f'<circle cx="{530 + 110 * place}" cy="{y - 4:.1f}" r="5" fill="{colour}"/>')
        parts.append(text(540 + 110 * place, y, words, size=12))
    for name, figures in means:
        y += 22
        parts.append(text(388, y + 4, name, size=12, anchor="end"))
        parts.append(line(400, y, 740, y, colour="#e4e7eb", width=1))
        is_same = math.isclose(*(figures[figure]["value"] for figure, _, _ in kinds), rel_tol=0.1)
        for figure, colour, _ in kinds[:1] if is_same else kinds:
            seconds = figures[figure]["value"]
            x = 400 + 340 * math.log10(max(1.0, seconds)) / 5
            parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" fill="{colour}"/>')
            parts.append(text(x, y - 8, f"{seconds:,.0f}", size=10, colour=colour, anchor="middle"))
    return y + 30


def sketches() -> list[str]:
    """Three boxes: two towers, two towers with an encoder above them, one transformer."""
    parts: list[str] = []
    for left, title, words in (
        (20, "late (CLIP)", "two vectors, one product"),
        (290, "hybrid (FLAVA)", "vectors, and an answer above"),
        (560, "early", "one transformer, one answer"),
    ):
        parts.append(text(left + 110, 24, title, size=15, weight="bold", anchor="middle"))
        parts.append(text(left + 110, 214, words, size=12, colour=GREY, anchor="middle"))
    for left in (20, 290):
        parts += [box(left + 10, 120, 90, 50, "picture"), box(left + 120, 120, 90, 50, "text")]
    parts += [box(300, 50, 200, 44, "both, layer by layer", colour=ORANGE)]
    parts += [line(345, 120, 345, 94, colour=INK, width=2), line(455, 120, 455, 94, colour=INK, width=2)]
    parts += [line(75, 120, 125, 72, colour=INK, width=2), line(185, 120, 135, 72, colour=INK, width=2)]
    parts += [f'<circle cx="130" cy="68" r="12" fill="{ORANGE}"/>']
    parts += [box(570, 70, 200, 60, "both, from the first layer", colour=ORANGE)]
    parts += [box(570, 150, 90, 24, "patches", colour=GREY), box(680, 150, 90, 24, "words", colour=GREY)]
    parts += [line(615, 150, 615, 130, colour=INK, width=2), line(725, 150, 725, 130, colour=INK, width=2)]
    return parts


def box(x: float, y: float, width: float, height: float, words: str, *, colour: str = BLUE) -> str:
    shape = f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="6" fill="{colour}" fill-opacity="0.15" '
    return shape + f'stroke="{colour}"/>' + text(x + width / 2, y + height / 2 + 4, words, size=12, anchor="middle")


if __name__ == "__main__":
    main()
