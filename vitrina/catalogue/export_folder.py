"""Where an export is written: a hidden folder beside its place, which takes that place when it is whole."""

import contextlib
import errno
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from vitrina.catalogue.manifest import flush
from vitrina.catalogue.writer_lock import take_lock

_MARK = ".vitrina-export.json"
_FORMAT = "vitrina-export"
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@contextlib.contextmanager
def staged(out: Path, *, digest: str) -> Iterator[Path]:
    """Gives a folder to write into; when the block ends well it stands at `out`, replacing an earlier export there.

    Raises ValueError where `out` holds anything that is no export of ours, another export to it is running, or the
    disk gets full; then `out` is what it was. A crash leaves it as it was, too, or, in the moment of the exchange,
    beside itself: the next export puts it back.
    """
    place = out.resolve()
    part, old, lock = (place.with_name(f".{place.name}.{suffix}") for suffix in ("part", "old", "lock"))
    _check(out)
    place.parent.mkdir(parents=True, exist_ok=True)
    descriptor = take_lock(lock)
    if descriptor is None:
        raise ValueError(f"another export to {out} is running: try again when it is done")
    try:
        _recover(place, old=old)
        _check(out)
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir()
        try:
            yield part
            entries = sorted(each.name for each in part.iterdir())
            mark = {"format": _FORMAT, "version": 1, "catalogue": digest, "entries": entries}
            (part / _MARK).write_text(json.dumps(mark, indent=1), encoding="utf-8")
            os.sync()  # once for what may be a million pictures
            _swap(part, place=place, old=old)
        finally:
            shutil.rmtree(part, ignore_errors=True)
    except OSError as error:
        if error.errno not in _FULL:
            raise
        raise ValueError(f"the disk has no room for {out} ({error.strerror}); nothing was exported") from error
    finally:
        lock.unlink(missing_ok=True)
        os.close(descriptor)


def _check(out: Path) -> None:
    """Refuses a place where something else lies."""
    if not out.exists():
        return
    if not out.is_dir():
        raise ValueError(f"{out} is a file: name a folder for the export")
    names = {each.name for each in out.iterdir()}
    if not names:
        return
    ours = _entries(out / _MARK)
    foreign = sorted(names - ours)
    if foreign:
        what = "files beside an earlier export" if ours else "other files and no export"
        raise ValueError(f"{out} holds {what} ({foreign[0]}): name a new folder, or move them away")


def _entries(mark: Path) -> set[str]:
    try:
        data = json.loads(mark.read_text(encoding="utf-8"))
        return {_MARK, *map(str, data["entries"])} if data["format"] == _FORMAT else set()
    except (OSError, ValueError, KeyError, TypeError):
        return set()


def _recover(place: Path, *, old: Path) -> None:
    """Ends an exchange that was cut off: what stood there comes back, unless the new one made it."""
    if old.exists():
        if place.exists():
            shutil.rmtree(old)
        else:
            old.rename(place)


def _swap(part: Path, *, place: Path, old: Path) -> None:
    if not place.exists() or not any(place.iterdir()):
        part.rename(place)
    else:
        place.rename(old)
        try:
            part.rename(place)
        except OSError:
            old.rename(place)
            raise
        shutil.rmtree(old)
    flush(place.parent)
