"""The folder of a catalogue while somebody writes: locked for one writer, and tidy when he leaves or was killed."""

import contextlib
import errno
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from vitrina.catalogue.manifest import Manifest, manifest_path, named_files, read_manifest
from vitrina.catalogue.writer_lock import take_lock

_LOCK = ".lock"
_DATA = re.compile(r"(products|dead)-\d{6,}\.arrow|version-\d{6,}\.json")
_HALF = re.compile(r".*\.part|\.spill-.*")
_OURS = re.compile(r"((products|dead)-\d{6,}\.arrow|(manifest|version-\d{6,})\.json)(\.part)?|\.spill-.*|\.lock")
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@contextlib.contextmanager
def writing(folder: Path) -> Iterator[Manifest]:
    """Locks a folder for one writer and gives what it holds: an empty manifest where there is no catalogue yet.

    What a killed writer left is removed first, and what this one leaves without a manifest that names it at the end.
    Raises ValueError where another writer works, the folder holds other files, or the disk gets full.
    """
    lock = _lock(folder)
    try:
        manifest = _manifest_or_empty(folder)
        _remove_orphans(folder, manifest=manifest)
        try:
            yield manifest
        finally:
            _remove_orphans(folder, manifest=_manifest_or_empty(folder))
    except OSError as error:
        if error.errno not in _FULL:
            raise
        words = f"the disk has no room for {folder} ({error.strerror}); the catalogue is as it was"
        raise ValueError(words) from error
    finally:
        _unlock(folder, lock)


def disk_bytes(folder: Path) -> int:
    """How much a catalogue takes on the disk, earlier versions included."""
    total = 0
    for each in folder.iterdir():
        with contextlib.suppress(FileNotFoundError):  # a writer may be tidying up
            total += each.stat().st_size if _OURS.fullmatch(each.name) else 0
    return total


def size_text(count: int) -> str:
    """A number of bytes for a reader: `size_text(1_500_000)` is 1.5 MB."""
    power = next((power for power in (3, 2, 1) if count >= 1000**power), 0)
    return f"{count / 1000**power:,.1f} {('kB', 'MB', 'GB')[power - 1]}" if power else f"{count} bytes"


def _manifest_or_empty(folder: Path) -> Manifest:
    try:
        return read_manifest(folder)
    except FileNotFoundError:
        foreign = next((each.name for each in folder.iterdir() if not _OURS.fullmatch(each.name)), None)
        if foreign is not None:
            raise ValueError(
                f"{folder} holds other files ({foreign}) and no catalogue: name an empty or a new folder"
            ) from None
        return Manifest(products=0, digest="", next_number=0, shards=())


def _remove_orphans(folder: Path, *, manifest: Manifest) -> None:
    """Removes what no version names. Where an earlier version cannot be read, what it names is not known: then only
    half-written files go."""
    try:
        kept = named_files(folder, manifest=manifest) | {manifest_path(folder).name, _LOCK}
    except (ValueError, OSError):
        kept = None
    for each in folder.iterdir():
        is_half = _OURS.fullmatch(each.name) and _HALF.fullmatch(each.name)
        if is_half or (kept is not None and _DATA.fullmatch(each.name) and each.name not in kept):
            each.unlink()


@dataclass(frozen=True)
class _Lock:
    descriptor: int
    made_folder: bool


def _lock(folder: Path) -> _Lock:
    """Makes the folder where needed and locks it for one writer. The kernel frees the lock of a killed one."""
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"{folder} is a file: name a folder for the catalogue")
    made_folder = False
    while True:
        made_folder = made_folder or not folder.exists()
        folder.mkdir(parents=True, exist_ok=True)
        try:
            descriptor = take_lock(folder / _LOCK)
        except FileNotFoundError:  # another writer has just removed the folder that it had made
            continue
        if descriptor is None:
            raise ValueError(f"another program is writing the catalogue {folder}: try again when it is done")
        return _Lock(descriptor, made_folder)


def _unlock(folder: Path, lock: _Lock) -> None:
    """Frees the lock; a folder that was made for a catalogue which never came about goes with it."""
    (folder / _LOCK).unlink(missing_ok=True)
    if lock.made_folder and not any(folder.iterdir()):
        folder.rmdir()
    os.close(lock.descriptor)
