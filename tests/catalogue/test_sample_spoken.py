"""Spoken texts: a WAV that speech models read, from a program that may be missing."""

import io
import json
import struct
import subprocess
import sys
import wave
from pathlib import Path

import numpy as np
import pytest

from vitrina.catalogue.sample import spoken
from vitrina.catalogue.sample.draws import Draws
from vitrina.catalogue.sample.spoken import MAX_CHARACTERS, RATE_HZ, is_available, speak
from vitrina.catalogue.sample.truth import Language

FAKE = """#!{python}
import json, math, struct, sys
text = sys.stdin.buffer.read()
with open({log!r}, "a") as log:
    log.write(json.dumps([sys.argv[1:], text.decode()]) + "\\n")
if {fails!r}:
    sys.stderr.write({fails!r}); sys.exit(1)
samples = [int(9000 * math.sin(i * 2 * math.pi * {hertz} / {rate})) for i in range({count})]
data = struct.pack("<%dh" % len(samples), *samples)
form = struct.pack("<HHIIHH", 1, {channels}, {rate}, {rate} * 2, 2, 16)
# espeak-ng cannot know its length when it writes to a pipe, and says this.
sys.stdout.buffer.write(b"RIFF" + struct.pack("<I", 0x7FFFF024) + b"WAVEfmt " + struct.pack("<I", 16) + form)
sys.stdout.buffer.write(b"data" + struct.pack("<I", 0x7FFFF000) + data)
"""


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Puts a program called espeak-ng, which hums, before all others, and gives its log."""

    def put(*, hertz: int = 440, rate: int = 22_050, count: int = 22_050, channels: int = 1, fails: str = "") -> Path:
        program, log = tmp_path / "espeak-ng", tmp_path / "log"
        words = {"hertz": hertz, "rate": rate, "count": count, "channels": channels, "fails": fails}
        program.write_text(FAKE.format(python=sys.executable, log=str(log), **words))
        program.chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path))
        return log

    return put


def samples(sound: bytes) -> np.ndarray:
    with wave.open(io.BytesIO(sound)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, RATE_HZ)
        return np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(float)


def calls(log: Path) -> list[tuple[list[str], str]]:
    return [tuple(json.loads(line)) for line in log.read_text().splitlines()]


def test_a_hum_keeps_its_pitch_its_loudness_and_its_length(fake):
    fake(hertz=440)
    made = samples(speak("red mug", language="en", voice_draws=Draws(1)))
    wanted = 9000 * np.sin(np.arange(RATE_HZ) * 2 * np.pi * 440 / RATE_HZ)
    assert len(made) == RATE_HZ
    assert np.abs(made - wanted)[200:-200].max() < 20


def test_what_the_lower_rate_cannot_hold_is_cut_and_does_not_come_back_as_another_tone(fake):
    fake(hertz=9500)
    made = samples(speak("red mug", language="en", voice_draws=Draws(1)))
    assert np.abs(made[200:-200]).max() < 30


def test_sound_of_the_right_rate_is_left_as_it_is(fake):
    fake(rate=RATE_HZ, count=500)
    made = samples(speak("red mug", language="en", voice_draws=Draws(1)))
    assert [int(each) for each in made[:3]] == [int(9000 * np.sin(at * 2 * np.pi * 440 / RATE_HZ)) for at in range(3)]
    assert len(made) == 500


def test_the_text_goes_in_by_the_input_and_never_by_the_command(fake):
    log = fake()
    text = "-w /tmp/x; $(rm) [[kQmand]] taza\nroja 'ñ' 38,5"
    speak(text, language="es", voice_draws=Draws(2))
    [(arguments, heard)] = calls(log)
    assert heard == "-w /tmp/x; $(rm) kQmand taza roja 'ñ' 38,5"
    assert not [each for each in arguments if "taza" in each or "/tmp" in each]
    assert "--stdin" in arguments and "--stdout" in arguments


def test_draws_choose_among_voices_speeds_and_pitches_and_nothing_else_does(fake):
    log = fake(count=300)
    for at in range(30):
        speak("red mug", language="en", voice_draws=Draws("voice", at))
    speak("red mug", language="en", voice_draws=Draws("voice", 0))
    speak("taza roja", language="es", voice_draws=Draws("voice", 0))
    made = [tuple(arguments) for arguments, _ in calls(log)]
    assert len(set(made[:30])) > 25 and made[30] == made[0]
    voices = {arguments[arguments.index("-v") + 1] for arguments in made[:30]}
    assert len(voices) > 8 and all(voice.startswith("en") for voice in voices)
    assert made[31][made[31].index("-v") + 1].startswith("es")


def test_the_same_draws_give_the_same_bytes(fake):
    fake()
    one, same = (speak("red mug", language="en", voice_draws=Draws("same")) for _ in range(2))
    assert one == same


def test_without_the_program_the_error_names_it_and_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not is_available()
    with pytest.raises(ImportError, match=r"espeak-ng.*apt install espeak-ng"):
        speak("red mug", language="en", voice_draws=Draws(1))


def test_the_program_is_found_where_it_is(fake):
    fake()
    assert is_available()


def test_a_program_that_fails_is_reported_in_its_own_words(fake):
    fake(fails="no such voice")
    with pytest.raises(RuntimeError, match=r"could not speak 'red mug' with the voice .*: no such voice"):
        speak("red mug", language="en", voice_draws=Draws(1))


def test_silence_and_stereo_are_refused(fake):
    fake(count=0)
    with pytest.raises(RuntimeError, match="no sound"):
        speak("red mug", language="en", voice_draws=Draws(1))
    fake(channels=2)
    with pytest.raises(RuntimeError, match="2 channels"):
        speak("red mug", language="en", voice_draws=Draws(1))


def test_a_program_that_never_answers_is_given_up(fake, monkeypatch):
    fake()

    def hang(*arguments: object, timeout: float, **_: object) -> None:
        raise subprocess.TimeoutExpired("espeak-ng", timeout)

    monkeypatch.setattr(spoken.subprocess, "run", hang)
    with pytest.raises(RuntimeError, match="did not speak 'red mug' within"):
        speak("red mug", language="en", voice_draws=Draws(1))


@pytest.mark.parametrize(
    "sound", [b"", b"RIFF", b"not a wave file at all", b"RIFF\0\0\0\0WAVEdata" + struct.pack("<I", 4) + b"1234"]
)
def test_what_is_no_wave_file_is_refused(sound, fake, monkeypatch):
    fake()
    monkeypatch.setattr(
        spoken.subprocess, "run", lambda *_, **__: subprocess.CompletedProcess([], 0, stdout=sound, stderr=b"")
    )
    with pytest.raises(RuntimeError, match="WAV file"):
        speak("red mug", language="en", voice_draws=Draws(1))


@pytest.mark.parametrize(
    ("text", "words"), [("", "nothing to speak"), (" \n[[]] ", "nothing to speak"), ("a" * 301, "too long")]
)
def test_texts_that_cannot_be_spoken_are_refused(text, words, fake):
    fake()
    assert MAX_CHARACTERS == 300
    with pytest.raises(ValueError, match=words):
        speak(text, language="en", voice_draws=Draws(1))


def test_the_real_program_speaks_both_languages_in_every_voice_or_is_missing():
    said: dict[Language, str] = {"en": "Norvanta red leather trainers, EU 38.5", "es": "Zapatillas rojas, talla 38,5"}
    for language, text in said.items():
        for at in range(6):
            if is_available():
                made = samples(speak(text, language=language, voice_draws=Draws("real", at)))
                assert RATE_HZ < len(made) < 15 * RATE_HZ
                assert 500 < np.sqrt((made**2).mean()) < 15_000
            else:
                with pytest.raises(ImportError):
                    speak(text, language=language, voice_draws=Draws("real", at))
