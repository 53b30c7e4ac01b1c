"""Words on pictures: a font of this machine that has the accents, text measured and cut to a width."""

import logging
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from PIL import ImageDraw, ImageFont

log = logging.getLogger(__name__)

# In the order of preference: those of Linux distributions, then of macOS and Windows.
_REGULAR = ("DejaVuSans.ttf", "NotoSans-Regular.ttf", "LiberationSans-Regular.ttf", "Arial.ttf", "arial.ttf")
_BOLD = ("DejaVuSans-Bold.ttf", "NotoSans-Bold.ttf", "LiberationSans-Bold.ttf", "Arial Bold.ttf", "arialbd.ttf")


@dataclass(frozen=True)
class Lettering:
    """A font at a size. `has_accents` is False for Pillow's own, which draws ñ and á without their marks."""

    font: ImageFont.FreeTypeFont | ImageFont.ImageFont
    has_accents: bool

    def drawn(self, text: str) -> str:
        """The text as this font can draw it, on one line."""
        line = " ".join(text.split())
        if self.has_accents:
            return line
        bare = unicodedata.normalize("NFD", line.replace("…", "...").replace("·", "-"))
        return "".join(each if each.isascii() else "?" for each in bare if not unicodedata.combining(each))

    def width(self, text: str) -> float:
        """Pixels that the text takes."""
        return self.font.getlength(self.drawn(text))

    def cut(self, text: str, *, width: float) -> str:
        """The text, or as much of its beginning as fits with an ellipsis."""
        if self.width(text) <= width:
            return text
        low, high = 0, len(text)
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if self.width(text[:middle].rstrip() + "…") <= width else (low, middle - 1)
        return text[:low].rstrip() + "…"

    def wrapped(self, text: str, *, width: float, most: int) -> list[str]:
        """The text in at most `most` lines, the last cut where there is more."""
        lines: list[str] = []
        words = text.split()
        while words and len(lines) < most:
            taken = 1
            while taken < len(words) and self.width(" ".join(words[: taken + 1])) <= width:
                taken += 1
            is_last = len(lines) == most - 1
            lines.append(self.cut(" ".join(words if is_last else words[:taken]), width=width))
            words = words[taken:]
        return lines

    def write(self, text: str, *, pen: ImageDraw.ImageDraw, at: tuple[float, float], fill: str) -> None:
        """Draw the text, its upper left corner `at` a place."""
        pen.text(at, self.drawn(text), fill=fill, font=self.font)


@lru_cache(maxsize=32)
def lettering(size: int, *, weight: str = "regular") -> Lettering:
    """The lettering of a `size` in pixels, "regular" or "bold", in the first font found that has accents."""
    for name in _BOLD if weight == "bold" else _REGULAR:
        try:
            return Lettering(ImageFont.truetype(name, size), has_accents=True)
        except OSError:
            continue
    log.info("no font with accents was found (looked for %s): words on pictures lose theirs", ", ".join(_REGULAR))
    return Lettering(ImageFont.load_default(size), has_accents=False)
