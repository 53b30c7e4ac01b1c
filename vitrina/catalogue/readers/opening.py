"""Opening product files: unpacked bytes, and the encoding that they are written in."""

import codecs
import contextlib
import gzip
import io
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

MAX_LINE_BYTES = 64 << 20
"""Longer lines, cells and objects are no product's."""
SNIFFED_BYTES = 1 << 20
"""How much of a file's beginning is looked at to find out what it is."""

_GZIP_MAGIC = b"\x1f\x8b"
# The high bytes of Windows-1252 that stand in Western European shops' texts.
_WESTERN = frozenset("¡¿ªº°·€£®™©–—‘’“”«»…ñÑçÇß²³½¼×±´`áéíóúÁÉÍÓÚàèìòùÀÈÌÒÙâêîôûÂÊÎÔÛäëïöüÄËÏÖÜãõÃÕåÅæÆøØœŒ\xa0")


@contextlib.contextmanager
def open_bytes(path: Path) -> Iterator[tuple[IO[bytes], IO[bytes]]]:
    """The file's bytes, unpacked, and the file itself, which says how far it was read."""
    try:
        with path.open("rb") as raw:
            is_packed = raw.read(2) == _GZIP_MAGIC or path.suffix.lower() == ".gz"
            raw.seek(0)
            if is_packed:
                with gzip.open(raw, "rb") as unpacked:
                    yield io.BufferedReader(unpacked), raw
            else:
                yield raw, raw
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise ValueError(
            f"{path} is a damaged gzip file: {error}; pack it again, or name it without .gz if it is not packed"
        ) from error
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror or error}") from error


def sniff(path: Path) -> str:
    """The first megabyte of a file as text, without the mark of its encoding and blanks before it."""
    with open_bytes(path) as (file, _):
        sample = file.read(SNIFFED_BYTES)
    return sample.decode(find_encoding(sample), errors="replace").lstrip("\ufeff \t\r\n")


def kind_of(path: Path) -> str:
    """The suffix that says what a file is: `.csv` for `feed.csv.gz` too."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    return suffixes[-2] if suffixes[-1:] == [".gz"] and len(suffixes) > 1 else "".join(suffixes[-1:])


def find_encoding(sample: bytes) -> str:
    """The encoding of a text that begins so: UTF-16 by its mark, UTF-8, or Windows-1252 where only that makes sense."""
    if sample.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    try:
        codecs.getincrementaldecoder("utf-8")().decode(sample)
    except UnicodeDecodeError:
        text = sample.decode("utf-8", errors="surrogateescape")
        has_utf8 = any(ord(each) > 127 and not 0xDC80 <= ord(each) <= 0xDCFF for each in text)
        high = bytes({byte for byte in sample if byte > 127}).decode("cp1252", errors="replace")
        if not has_utf8 and set(high) <= _WESTERN:
            return "cp1252"
    return "utf-8-sig"
