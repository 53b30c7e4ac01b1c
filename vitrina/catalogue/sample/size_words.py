"""What a recorded size measures, read from how it is written."""

import re
from dataclasses import dataclass
from typing import Literal

Measure = Literal["garment", "format", "volume", "length", "weight"]


_MEASURES: dict[str, Measure] = {"l": "volume", "cm": "length", "mm": "length", "g": "weight", "kg": "weight"}


@dataclass(frozen=True)
class Size:
    """A size as text (`"0.33 l"`, `"38.5"`, `"XL"`) and what it measures."""

    text: str
    measure: Measure


def read_size(text: str) -> Size:
    """The measure of a recorded size: litres, cm or mm, g or kg, a paper format, else a garment's."""
    if re.fullmatch(r"A\d", text):
        return Size(text, "format")
    return Size(text, _MEASURES.get(text.rpartition(" ")[2], "garment"))
