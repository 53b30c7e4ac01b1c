"""Spoken texts of the sample, by the speech synthesiser espeak-ng where it is installed."""

import re
import shutil
import struct
import subprocess
from collections.abc import Mapping
from functools import cache

import numpy as np

from vitrina.catalogue.sample.draws import Draws
from vitrina.catalogue.sample.truth import Language

RATE_HZ = 16_000
"""Sampling rate of what is spoken: what speech models read."""

MAX_CHARACTERS = 300
"""Titles, phrases and short descriptions are spoken: longer text is refused."""

_PROGRAM = "espeak-ng"
_TIMEOUT_SECONDS = 30.0

_VOICES: Mapping[Language, tuple[str, ...]] = {
    "en": ("en-gb", "en-gb", "en-us", "en-us", "en-gb-scotland", "en-gb-x-rp", "en-029"),
    "es": ("es", "es", "es-419"),
}
_SPEAKERS = ("", "+m1", "+m2", "+m3", "+m4", "+m5", "+m7", "+f1", "+f2", "+f3", "+f4", "+f5")
"""Variants of a voice that come with espeak-ng: men and women."""

_HALF_WIDTH = 24
"""Samples on each side that one resampled sample is made of."""

_ONE = 1 << 15
"""1 in the whole numbers of the resampling filter: sums of whole numbers are the same on every machine."""


def is_available() -> bool:
    """Whether espeak-ng is installed, so that `speak` can speak."""
    return shutil.which(_PROGRAM) is not None


def speak(text: str, *, language: Language, voice_draws: Draws) -> bytes:
    """A short text read aloud: a WAV file, 16 kHz, one channel, 16 bits.

    The draws choose the voice, its speed and its pitch. The same draws give the same bytes with the same version of
    espeak-ng. Raises ImportError where espeak-ng is missing, ValueError for a text that is empty or longer than
    `MAX_CHARACTERS`, RuntimeError where espeak-ng fails or gives no answer.
    """
    said = _plain(text)
    if not said:
        raise ValueError(f"there is nothing to speak in {text!r}")
    if len(said) > MAX_CHARACTERS:
        raise ValueError(
            f"a text of {len(said)} characters is too long to be spoken: short ones of up to "
            f"{MAX_CHARACTERS} are; shorten {said[:40]!r} …"
        )
    program = shutil.which(_PROGRAM)
    if program is None:
        raise ImportError(
            "spoken texts need the program espeak-ng: install it (Debian and Ubuntu: apt install espeak-ng, "
            "macOS: brew install espeak-ng) or leave the spoken texts out"
        )
    voice = voice_draws.choice(_VOICES[language]) + voice_draws.choice(_SPEAKERS)
    speed, pitch = 130 + voice_draws.below(66), 30 + voice_draws.below(41)
    command = [program, "-v", voice, "-s", str(speed), "-p", str(pitch), "-b", "1", "--stdin", "--stdout"]
    try:
        done = subprocess.run(command, input=said.encode(), capture_output=True, timeout=_TIMEOUT_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        raise RuntimeError(f"espeak-ng did not speak {said!r} within {_TIMEOUT_SECONDS:.0f} seconds") from None
    if done.returncode != 0:
        words = done.stderr.decode(errors="replace").strip() or f"exit status {done.returncode}"
        raise RuntimeError(f"espeak-ng could not speak {said!r} with the voice {voice}: {words}")
    samples, rate_hz = _samples(done.stdout)
    if not len(samples):
        raise RuntimeError(f"espeak-ng gave no sound for {said!r}")
    return _wav(_resampled(samples, rate_hz))


def _plain(text: str) -> str:
    """The text on one line, without brackets in pairs and control characters, which espeak-ng takes for commands."""
    printable = "".join(letter if letter.isprintable() else " " for letter in text)
    return " ".join(re.sub(r"\[\[|\]\]", " ", printable).split())


def _samples(wav: bytes) -> tuple[np.ndarray, int]:
    """The samples and their rate, from a WAV whose stated length may be wrong: it was written to a pipe."""
    if wav[:4] != b"RIFF" or wav[8:12] != b"WAVE":
        raise RuntimeError("espeak-ng gave no WAV file")
    at, rate_hz = 12, 0
    while at + 8 <= len(wav):
        name, size = wav[at : at + 4], struct.unpack_from("<I", wav, at + 4)[0]
        at += 8
        if name == b"fmt ":
            kind, channels, rate_hz, _, _, bits = struct.unpack_from("<HHIIHH", wav, at)
            if (kind, channels, bits) != (1, 1, 16):
                raise RuntimeError(f"espeak-ng gave sound in {channels} channels of {bits} bits, not 1 of 16")
        if name == b"data":
            data = wav[at : at + size]
            if not rate_hz:
                break
            return np.frombuffer(data[: len(data) // 2 * 2], "<i2"), rate_hz
        at += size + size % 2
    raise RuntimeError("espeak-ng gave a WAV file that is cut off")


def _resampled(samples: np.ndarray, rate_hz: int) -> np.ndarray:
    """The samples at `RATE_HZ`, through a windowed sinc that cuts what the lower rate cannot hold."""
    if rate_hz == RATE_HZ:
        return samples
    common = int(np.gcd(rate_hz, RATE_HZ))
    up, down = RATE_HZ // common, rate_hz // common
    blocks = -(-len(samples) // down)
    padded = np.zeros(blocks * down + 2 * _HALF_WIDTH)
    padded[_HALF_WIDTH - 1 : _HALF_WIDTH - 1 + len(samples)] = samples
    # Every `down` samples become `up`, each time by the same matrix.
    windows = np.lib.stride_tricks.sliding_window_view(padded, down + 2 * _HALF_WIDTH)[::down]
    # Whole numbers far below 2^53: the sums are exact, whatever their order.
    made = np.floor((windows @ _filter(up, down) + _ONE / 2) / _ONE).ravel()[: -(-len(samples) * up // down)]
    return np.clip(made, -32768, 32767).astype("<i2")


@cache
def _filter(up: int, down: int) -> np.ndarray:
    """The matrix from `down` samples and those around them to `up` samples, in whole numbers of 1 / `_ONE`."""
    cut = min(1.0, up / down) * 0.94
    matrix = np.zeros((down + 2 * _HALF_WIDTH, up))
    for at in range(up):
        start, phase = divmod(at * down, up)
        distance = phase / up - (np.arange(2 * _HALF_WIDTH) - (_HALF_WIDTH - 1))
        weights = np.sinc(distance * cut) * np.cos(np.pi * np.clip(distance / _HALF_WIDTH, -1, 1) / 2) ** 2
        matrix[start : start + 2 * _HALF_WIDTH, at] = np.round(weights / weights.sum() * _ONE)
    return matrix


def _wav(samples: np.ndarray) -> bytes:
    """A WAV file of 16-bit samples at `RATE_HZ`."""
    data = samples.astype("<i2").tobytes()
    form = struct.pack("<HHIIHH", 1, 1, RATE_HZ, 2 * RATE_HZ, 2, 16)
    return (
        b"RIFF"
        + struct.pack("<I", 36 + len(data))
        + b"WAVEfmt "
        + struct.pack("<I", 16)
        + form
        + (b"data" + struct.pack("<I", len(data)) + data)
    )
