"""Mischief with a seed: values that no shop should hold, and bytes that no disk should give back."""

import random
from typing import Any

_TEXTS = (
    "", " ", "\t\n", "\x00", "\ufeff", "‮gnirts desrever", "👟" * 40, "é" * 5000, "a" * 200_000, "null", "NaN", "-1",
    "1e999", "<script>alert(1)</script>", "<p>unclosed", "&#0;&bogus;", "'; DROP TABLE products; --", "=1+1", '"', "\\",
    "../../../etc/passwd", "file:///etc/passwd", "\\\\server\\share\\x.jpg", "data:image/png;base64,AAAA",
    "C:\\pictures\\x.jpg", "x" * 5000 + ".jpg", "nul.jpg", ".", "..", "[", "{'a': ", "[[[[", "12,50 €", "1.234,56", "$",
    "9" * 400, "٣٫٥", "2024-13-45", "train ", "nowhere", "id:0", "a > b > c", ">>>", "\ud800", "ﷺ", "ı", "Ⅷ", "1/0",
)  # fmt: skip


def value(draws: random.Random, *, depth: int = 0) -> Any:
    """A JSON value of any kind, nasty more often than not."""
    kind = draws.randrange(12 if depth < 3 else 8)
    if kind < 5:
        return draws.choice(_TEXTS)
    if kind == 5:
        return draws.choice((None, True, False))
    if kind == 6:
        return draws.choice((0, -1, 2**70, -(2**63), 10**400, draws.randrange(10**6)))
    if kind == 7:
        return draws.choice((0.0, -0.0, 1e308, 5e-324, float("nan"), float("inf"), draws.uniform(-1e6, 1e6)))
    if kind < 10:
        return [value(draws, depth=depth + 1) for _ in range(draws.randrange(4))]
    return {str(draws.choice(_TEXTS))[:40]: value(draws, depth=depth + 1) for _ in range(draws.randrange(4))}


def text(draws: random.Random, *, longest: int = 5_000) -> str:
    """A nasty value as a file of text can hold it: no half characters and no zero bytes."""
    plain = str(value(draws))[:longest]
    return plain.encode("utf-8", "replace").decode().replace("\x00", "")


def spoilt(content: bytes, *, draws: random.Random) -> bytes:
    """The same bytes with one to four wounds: flips, cuts, repeats, holes, noise."""
    damaged = bytearray(content)
    for _ in range(draws.randrange(1, 5)):
        place = draws.randrange(len(damaged) + 1)
        length = draws.choice((1, 1, 1, 2, 8, 64, 1024))
        match draws.randrange(7):
            case 0:
                damaged[place : place + 1] = bytes([draws.randrange(256)])
            case 1:
                del damaged[place:]
            case 2:
                del damaged[place : place + length]
            case 3:
                damaged[place:place] = damaged[place : place + length]
            case 4:
                damaged[place : place + length] = draws.randbytes(length)
            case 5:
                damaged[place : place + length] = bytes(length)
            case _:
                damaged[place:place] = draws.choice((b'"', b"\n", b"\r\n", b"<", b"}", b"\xff\xfe", b"\xf0\x9f", b","))
    return bytes(damaged)
