"""The colours of the sample: what a recorded name looks like."""

import colorsys
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Colour:
    """Red, green and blue in 0..255 as it is on the article, before light and shadow."""

    red: int
    green: int
    blue: int

    def mixed(self, other: "Colour", share: float) -> "Colour":
        """This colour with `share` of the other one."""
        keep = 1.0 - share
        return Colour(
            round(self.red * keep + other.red * share),
            round(self.green * keep + other.green * share),
            round(self.blue * keep + other.blue * share),
        )

    @property
    def lightness(self) -> float:
        """Perceived lightness in 0..1 (Rec. 709 weights)."""
        return (0.2126 * self.red + 0.7152 * self.green + 0.0722 * self.blue) / 255

    @property
    def hue_degrees(self) -> float:
        """Position on the colour circle, red at 0, green at 120, blue at 240."""
        return colorsys.rgb_to_hsv(self.red / 255, self.green / 255, self.blue / 255)[0] * 360

    @property
    def light(self) -> "Colour":
        """The colour where light falls on it."""
        return self.mixed(WHITE, 0.35)

    @property
    def shade(self) -> "Colour":
        """The colour in its own shadow: darker and a little colder."""
        return Colour(round(self.red * 0.32), round(self.green * 0.32), round(self.blue * 0.38))

    def nudged(self, *, hue_degrees: float, saturation: float, value: float) -> "Colour":
        """A near neighbour: hue turned, saturation and value multiplied."""
        h, s, v = colorsys.rgb_to_hsv(self.red / 255, self.green / 255, self.blue / 255)
        rgb = colorsys.hsv_to_rgb((h + hue_degrees / 360) % 1, min(s * saturation, 1.0), min(v * value, 1.0))
        return Colour(*(round(channel * 255) for channel in rgb))


WHITE = Colour(255, 255, 255)
BLACK = Colour(0, 0, 0)

PALETTE: Mapping[str, Colour] = {
    "black": Colour(36, 36, 40),
    "white": Colour(244, 243, 240),
    "grey": Colour(140, 142, 146),
    "beige": Colour(222, 200, 166),
    "brown": Colour(118, 74, 42),
    "red": Colour(206, 28, 34),
    "burgundy": Colour(112, 20, 44),
    "orange": Colour(240, 122, 22),
    "yellow": Colour(246, 204, 36),
    "green": Colour(36, 146, 72),
    "olive": Colour(112, 116, 50),
    "turquoise": Colour(40, 184, 182),
    "blue": Colour(34, 98, 206),
    "navy": Colour(26, 36, 84),
    "purple": Colour(120, 56, 156),
    "pink": Colour(242, 140, 178),
}

COLOUR_WEIGHTS: Mapping[str, float] = {
    name: {"black": 2.0, "white": 1.6, "grey": 1.2, "blue": 1.3, "red": 1.3, "navy": 1.1}.get(name, 1.0)
    for name in PALETTE
}


def contrasting(name: str) -> tuple[str, ...]:
    """Names of the palette that stand out clearly on the named colour, lightest last."""
    ground = PALETTE[name]
    clear = [other for other, colour in PALETTE.items() if abs(colour.lightness - ground.lightness) > 0.28]
    return tuple(sorted(clear, key=lambda other: PALETTE[other].lightness))
