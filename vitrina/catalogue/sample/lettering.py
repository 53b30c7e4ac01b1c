"""Printed words from a stroke alphabet of our own, so that a label looks the same on every machine, fonts or none."""

import unicodedata

import skia

_STROKES = {
    "A": "0,6 2,0 4,6|1,4 3,4",
    "B": "0,0 0,6 3,6 4,5 4,4 3,3 0,3|3,3 4,2 4,1 3,0 0,0",
    "C": "4,1 3,0 1,0 0,1 0,5 1,6 3,6 4,5",
    "D": "0,0 0,6 2,6 4,4 4,2 2,0 0,0",
    "E": "4,0 0,0 0,6 4,6|0,3 3,3",
    "F": "4,0 0,0 0,6|0,3 3,3",
    "G": "4,1 3,0 1,0 0,1 0,5 1,6 3,6 4,5 4,3 2,3",
    "H": "0,0 0,6|4,0 4,6|0,3 4,3",
    "I": "2,0 2,6",
    "J": "4,0 4,5 3,6 1,6 0,5",
    "K": "0,0 0,6|4,0 0,3 4,6",
    "L": "0,0 0,6 4,6",
    "M": "0,6 0,0 2,3 4,0 4,6",
    "N": "0,6 0,0 4,6 4,0",
    "O": "1,0 3,0 4,1 4,5 3,6 1,6 0,5 0,1 1,0",
    "P": "0,6 0,0 3,0 4,1 4,2 3,3 0,3",
    "Q": "1,0 3,0 4,1 4,5 3,6 1,6 0,5 0,1 1,0|3,5 4,6",
    "R": "0,6 0,0 3,0 4,1 4,2 3,3 0,3|2,3 4,6",
    "S": "4,1 3,0 1,0 0,1 0,2 1,3 3,3 4,4 4,5 3,6 1,6 0,5",
    "T": "0,0 4,0|2,0 2,6",
    "U": "0,0 0,5 1,6 3,6 4,5 4,0",
    "V": "0,0 2,6 4,0",
    "W": "0,0 1,6 2,3 3,6 4,0",
    "X": "0,0 4,6|4,0 0,6",
    "Y": "0,0 2,3 4,0|2,3 2,6",
    "Z": "0,0 4,0 0,6 4,6",
    "0": "1,0 3,0 4,1 4,5 3,6 1,6 0,5 0,1 1,0",
    "1": "1,1 2,0 2,6",
    "2": "0,1 1,0 3,0 4,1 4,2 0,6 4,6",
    "3": "0,0 4,0 2,2 4,4 4,5 3,6 1,6 0,5",
    "4": "3,6 3,0 0,4 4,4",
    "5": "4,0 0,0 0,3 3,3 4,4 4,5 3,6 0,6",
    "6": "3,0 1,1 0,3 0,5 1,6 3,6 4,5 4,4 3,3 0,3",
    "7": "0,0 4,0 1,6",
    "8": "1,3 0,2 0,1 1,0 3,0 4,1 4,2 3,3 1,3 0,4 0,5 1,6 3,6 4,5 4,4 3,3",
    "9": "4,3 1,3 0,2 0,1 1,0 3,0 4,1 4,3 3,5 1,6",
    "-": "1,3 3,3",
    ".": "2,6 2,5.7",
}

_ADVANCE = 5.6


def lettering(text: str, *, width: float, height: float) -> skia.Path:
    """The strokes of a text in capitals, centred on the origin, at most `width` wide and `height` high.

    Accents are left out; characters that the alphabet lacks leave a gap. Stroke it to draw it.
    """
    plain = "".join(
        letter for letter in unicodedata.normalize("NFD", text.upper()) if unicodedata.category(letter) != "Mn"
    )
    unit = min(width / (len(plain) * _ADVANCE - 1.6), height / 6)
    left = -(len(plain) * _ADVANCE - 1.6) * unit / 2
    path = skia.Path()
    for at, letter in enumerate(plain):
        for stroke in _STROKES.get(letter, "").split("|"):
            points = [tuple(map(float, point.split(","))) for point in stroke.split()]
            for index, (px, py) in enumerate(points):
                place = (left + (at * _ADVANCE + px) * unit, (py - 3) * unit)
                if index:
                    path.lineTo(*place)
                else:
                    path.moveTo(*place)
    return path
