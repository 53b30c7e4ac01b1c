"""What happened to a catalogue: its versions, which of them can still be opened, and what they take."""

import os
from dataclasses import dataclass
from pathlib import Path

from vitrina.catalogue.manifest import Version, check_exists, manifest_path, read_manifest
from vitrina.catalogue.writer_folder import disk_bytes, size_text

_WORDS = {"ingest": "ingest", "remove": "remove", "compact": "compact: earlier versions dropped"}


@dataclass(frozen=True)
class History:
    """The versions of a catalogue, newest first. `available` are the numbers of those that are kept; `bytes` is what
    the catalogue takes on the disk, `earlier_bytes` what of it only earlier versions need."""

    catalogue: Path
    versions: tuple[Version, ...]
    available: frozenset[int]
    bytes: int
    earlier_bytes: int

    def text(self) -> str:
        """The versions for a terminal, a line each."""
        newest = self.versions[0]
        first = f"{self.catalogue}: {newest.products:,} products; {size_text(self.bytes)} on the disk"
        if self.earlier_bytes:
            first += f", {size_text(self.earlier_bytes)} of it for earlier versions alone: `vitrina compact` frees it"
        digests = {version.digest for version in self.versions if version.number in self.available}
        return "\n".join([first, *(_line(version, is_gone=version.digest not in digests) for version in self.versions)])


def history(path: str | os.PathLike[str]) -> History:
    """The versions of the catalogue in a folder. Raises ValueError where there is none or it is damaged.

    >>> print(history("shop").text())  # doctest: +SKIP
    """
    folder = Path(path)
    check_exists(folder)
    manifest = read_manifest(folder)
    current = sum(_size(folder / name) for name in {*manifest.files, manifest_path(folder).name})
    total = disk_bytes(folder)
    return History(
        catalogue=folder,
        versions=manifest.versions[::-1],
        available=frozenset(version.number for version in (*manifest.earlier, manifest.versions[-1])),
        bytes=total,
        earlier_bytes=max(0, total - current) if manifest.earlier else 0,
    )


def _line(version: Version, *, is_gone: bool) -> str:
    counts = {"added": version.added, "replaced": version.replaced, "removed": version.removed}
    changes = ", ".join(f"{count:,} {word}" for word, count in counts.items() if count)
    gone = "  (compacted away)" if is_gone else ""
    when = version.when[:19].replace("T", " ")
    return (
        f"  {version.number:>4}  {when} UTC  {version.digest[:12]}  {version.products:>11,} products  "
        f"{_WORDS[version.action]}{': ' if changes else ''}{changes}{gone}"
    )


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
