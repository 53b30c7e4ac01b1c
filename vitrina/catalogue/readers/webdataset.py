"""WebDataset: tar archives in which the files of one sample share their name up to the first dot.

https://github.com/webdataset/webdataset. Archives are read as streams; nothing is ever unpacked to the disk.
"""

import gzip
import io
import json
import re
import tarfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from vitrina.catalogue.pictures import MAX_ENCODED_BYTES
from vitrina.catalogue.readers.dataset_layout import split_of
from vitrina.catalogue.readers.record import PICTURE_SUFFIXES, BadRow, Record
from vitrina.catalogue.splits import split_name

_SUFFIXES = (".tar", ".tar.gz", ".tgz")
_NAME = re.compile(r"(?P<key>(?:.*/|)[^.]+)[.](?P<ending>[^/]*)")
_META = re.compile(r"__[^/]*__(?:$|/)")
_CLASSES = ("classes.txt", "classnames.txt", "labels.txt")
_GZIP = b"\x1f\x8b"
_BLOCK = 512
_TEXTS = ("description", "text", "caption")
_COLUMNS = {"txt": _TEXTS, "text": _TEXTS, "caption": _TEXTS, "cls": ("label", "class"), "json": ("json",)}
_MAX_MEMBERS = 1_000
_MAX_SAMPLE_BYTES = 256 << 20


class WebDatasetReader:
    """A WebDataset: one `.tar` or `.tar.gz`, or a folder of numbered ones.

    A sample becomes one row. Its pictures (`key.jpg`, `key.0.png`) are the list `image`, in the order of their
    numbers; `key.json` is merged; `key.txt` is the `description`, `key.NAME.txt` the column NAME; `key.cls` is the
    `label`, by name where a `classes.txt` stands beside the archives. The key is the `id` where the JSON has none. A
    member that cannot be read costs its sample; where an archive breaks off, what came before it is kept.
    Raises ValueError where there is no archive.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._archives = [path] if path.is_file() else _archives(path)
        if not self._archives:
            raise ValueError(f"{path} holds no .tar archives")
        self.root = path if path.is_dir() else path.parent
        self.size = sum(archive.stat().st_size for archive in self._archives)
        self._classes = _classes(self.root)
        self._splits = _splits(self._archives, root=self.root)
        first = [_first_key(archive) for archive in self._archives] if len(self._archives) > 1 else []
        known = [key for key in first if key is not None]
        self._has_shared_keys = len(set(known)) < len(known)
        shared = "archives share their keys, so ids begin with the archive's name"
        self.note = shared if self._has_shared_keys else ""

    def rows(self) -> Iterator[Record | BadRow]:
        number = done = 0
        for archive in self._archives:
            size = archive.stat().st_size
            for sample in _samples(archive):
                number += 1
                position = done + min(size, sample.position)
                if sample.problem is not None:
                    yield BadRow(archive, number, sample.problem.reason, sample.problem.detail, position)
                else:
                    yield Record(archive, number, self._values(sample, archive=archive), position)
            done += size

    def _values(self, sample: "_Sample", *, archive: Path) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for ending, value in sample.values.items():
            if ending == "json" and isinstance(value, dict):
                values.update(value)
        key = f"{_stem(archive)}/{sample.key}" if self._has_shared_keys else sample.key
        if values.get("id") in (None, ""):
            values["id"] = key
        pictures = sorted((_order(ending), each) for ending, each in sample.pictures.items())
        if pictures:
            values["image"] = [each for _, each in pictures]
        for ending, value in sample.values.items():
            name, _, suffix = ending.rpartition(".")
            if suffix == "cls":
                value = self._classes[value] if 0 <= value < len(self._classes) else value
            if ending != "json" or not isinstance(value, dict):
                free = [each for each in ([name] if name else _COLUMNS[suffix]) if each not in values]
                values[free[0] if free else ending] = value
        split = self._splits.get(archive)
        if split is not None and not values.get("split"):
            values["split"] = split
        return values


def is_webdataset(path: Path) -> bool:
    """Whether a path is a tar archive, or a folder of numbered ones (or of folders of them, named for splits)."""
    if path.is_file():
        return path.name.lower().endswith(_SUFFIXES)
    return path.is_dir() and any(re.search(r"\d", each.name) or split_of(each.name) for each in _archives(path))


@dataclass(frozen=True)
class _Problem:
    """Why a sample is none: the same words for the same cause, and what is particular about this one."""

    reason: str
    detail: str


@dataclass
class _Sample:
    """The members of one key, decoded."""

    key: str
    pictures: dict[str, bytes] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)
    problem: _Problem | None = None
    position: int = 0
    members: int = 0
    size: int = 0

    def add(self, ending: str, content: bytes) -> None:
        """Takes one member in; what is no picture, text, label or JSON is passed over, as the size of it may be."""
        self.members += 1
        self.size += len(content)
        suffix = ending.rpartition(".")[2]
        if f".{suffix}" in PICTURE_SUFFIXES:
            self.pictures[ending] = content
            return
        if suffix not in _COLUMNS:
            return
        try:
            text = content.decode("utf-8")
            if suffix == "json":
                self.values[ending] = json.loads(text, parse_constant=lambda _: None)
            else:
                self.values[ending] = int(text) if suffix == "cls" else text
        except (ValueError, RecursionError) as error:
            self.problem = self.problem or _Problem(f"broken .{suffix}", f"{self.key}.{ending}: {error}")


class _Tape:
    """An archive's bytes; remembers the last block that was read, which says how the archive ends."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.last = b""

    def read(self, size: int = -1) -> bytes:
        self.last = self._file.read(size)
        return self.last

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()


def _samples(archive: Path) -> Iterator[_Sample]:
    """The samples of one archive in their order; where it breaks off, a last one that says so."""
    sample: _Sample | None = None
    position, count = 0, 0
    try:
        with archive.open("rb") as raw, _unpacked(raw) as file:
            tape = _Tape(file)
            with tarfile.open(fileobj=tape, mode="r:") as tar:  # type: ignore[arg-type]
                while (member := tar.next()) is not None:
                    tar.members.clear()  # else it would remember every member of the archive
                    match = _NAME.fullmatch(member.name)
                    if not member.isreg() or match is None or _META.match(member.name):
                        continue
                    if sample is None or sample.key != match["key"]:
                        if sample is not None:
                            count += 1
                            yield sample
                        sample = _Sample(match["key"])
                    _take(member, tar=tar, ending=match["ending"].lower(), sample=sample)
                    position = sample.position = raw.tell()
                problem = _end_of(tape.last)
        if sample is not None and problem is None:
            yield sample
    except (tarfile.TarError, gzip.BadGzipFile, EOFError, zlib.error, OSError, ValueError) as error:
        problem = str(error) or type(error).__name__
    if problem is not None:
        lost = "" if sample is None else f" and the sample {sample.key}, which it cuts"
        detail = f"{archive.name} breaks off after {count:,} samples: {problem}; what follows{lost} is lost"
        yield _Sample("", problem=_Problem("damaged archive", detail), position=position)


def _take(member: tarfile.TarInfo, *, tar: tarfile.TarFile, ending: str, sample: _Sample) -> None:
    """Reads a member into its sample, unless that would be more than a product has."""
    if sample.members >= _MAX_MEMBERS or sample.size + member.size > _MAX_SAMPLE_BYTES:
        limit = f"at most {_MAX_MEMBERS:,} files of {_MAX_SAMPLE_BYTES >> 20} MB together"
        sample.problem = sample.problem or _Problem("sample too large", f"{sample.key}: {limit}")
        sample.pictures.clear()
    elif member.size > MAX_ENCODED_BYTES:
        detail = f"{member.name}: {member.size:,} bytes, at most {MAX_ENCODED_BYTES:,}"
        sample.problem = sample.problem or _Problem("file too large", detail)
    elif ending in sample.pictures or ending in sample.values:
        sample.problem = sample.problem or _Problem("file twice in a sample", member.name)
    else:
        content = tar.extractfile(member)
        assert content is not None, "a regular file has contents"
        sample.add(ending, content.read())


def _end_of(block: bytes) -> str | None:
    """What is wrong with an archive whose last block, where a header was looked for, is this one."""
    if len(block) < _BLOCK:
        return "it ends without its end mark, so it was cut off"
    return "a damaged header" if block.strip(b"\0") else None


def _unpacked(raw: IO[bytes]) -> IO[bytes]:
    """The archive's bytes, whatever its name says of its packing."""
    is_packed = raw.read(len(_GZIP)) == _GZIP
    raw.seek(0)
    return io.BufferedReader(gzip.open(raw, "rb")) if is_packed else raw


def _archives(folder: Path) -> list[Path]:
    """The archives of a folder, or of its folders that are named for splits, in the order of their names."""
    found = [each for each in folder.iterdir() if each.is_file() and each.name.lower().endswith(_SUFFIXES)]
    for each in folder.iterdir() if not found else ():
        if each.is_dir() and split_of(f"{each.name}/"):
            found += [file for file in each.iterdir() if file.is_file() and file.name.lower().endswith(_SUFFIXES)]
    return sorted(each for each in found if not each.name.startswith("."))


def _splits(archives: Sequence[Path], *, root: Path) -> dict[Path, str | None]:
    """The split that each archive's name says, unless all of them say `train` or some say nothing."""
    named = {each: split_of(each.relative_to(root).as_posix()) for each in archives}
    words = set(named.values())
    return {} if words <= {"train"} or None in words else {each: split_name(word or "") for each, word in named.items()}


def _classes(folder: Path) -> list[str]:
    for name in _CLASSES:
        if (folder / name).is_file():
            text = (folder / name).read_text(encoding="utf-8-sig", errors="replace")
            return [line.strip() for line in text.splitlines() if line.strip()]
    return []


def _first_key(archive: Path) -> str | None:
    return next((sample.key for sample in _samples(archive) if sample.problem is None), None)


def _stem(archive: Path) -> str:
    return re.sub(r"\.(?:tar|tar\.gz|tgz)$", "", archive.name, flags=re.IGNORECASE)


def _order(ending: str) -> tuple[list[tuple[int, int, str]], str]:
    """Pictures without a name first, then numbers by their value, then words."""
    parts = re.findall(r"\d+|\D+", ending.rpartition(".")[0])
    return [(0, int(each), "") if each.isdecimal() else (1, 0, each) for each in parts], ending
