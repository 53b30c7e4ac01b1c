"""Downloaded pictures on disk, so that an ingest that was killed does not fetch them again."""

import contextlib
import hashlib
import json
import os
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

_PART_SECONDS = 24 * 3600.0


@dataclass(frozen=True)
class Kept:
    """A picture in the folder: its content's SHA-256, when the server last vouched for it (seconds since 1970), and
    what the server wants to hear when it is asked whether there is a newer one."""

    sha256: str
    checked: float
    etag: str | None = None
    last_modified: str | None = None


class DownloadCache:
    """A folder of pictures by the SHA-256 of their content, and of addresses that lead to them.

    Everything is written under a name of its own and renamed, so that two processes may share the folder. Nothing is
    flushed to the disk: a power cut may leave a torn file, and the content's hash, compared at every reading, finds it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def open(self) -> None:
        """Makes the folder and clears what killed processes left in it a day ago or longer. Raises OSError."""
        parts = self.folder / "parts"
        parts.mkdir(parents=True, exist_ok=True, mode=0o700)
        for part in parts.iterdir():
            with contextlib.suppress(FileNotFoundError):
                if time.time() - part.stat().st_mtime > _PART_SECONDS:
                    part.unlink()

    def find(self, url: str) -> Kept | None:
        """What is known of an address, where its content lies in the folder unharmed."""
        try:
            plain = json.loads(self._entry(url).read_bytes())
            kept = Kept(str(plain["sha256"]), float(plain["checked"]), plain["etag"], plain["last_modified"])
            with self.content(kept).open("rb") as file:
                is_whole = hashlib.file_digest(file, "sha256").hexdigest() == kept.sha256
        except (OSError, ValueError, TypeError, KeyError):
            return None
        return kept if is_whole else None

    def content(self, kept: Kept) -> Path:
        """The file of a picture."""
        return self.folder / "content" / kept.sha256[:2] / kept.sha256

    @contextlib.contextmanager
    def part(self) -> Iterator[IO[bytes]]:
        """A file to download into; unless it is kept it goes away."""
        with tempfile.NamedTemporaryFile(dir=self.folder / "parts", delete=False) as file:
            try:
                yield file
            finally:
                Path(file.name).unlink(missing_ok=True)

    def keep(self, url: str, *, part: IO[bytes], kept: Kept) -> None:
        """Takes a downloaded file over, and remembers the address."""
        part.flush()
        target = self.content(kept)
        target.parent.mkdir(parents=True, exist_ok=True)
        Path(part.name).replace(target)
        self.remember(url, kept=kept)

    def remember(self, url: str, *, kept: Kept) -> None:
        """Writes down where an address leads. The address itself, which may hold a key, is not written."""
        entry = self._entry(url)
        entry.parent.mkdir(parents=True, exist_ok=True)
        with self.part() as file:
            file.write(json.dumps(asdict(kept)).encode())
            file.flush()
            Path(file.name).replace(entry)

    def forget(self, url: str) -> None:
        """The address is fetched again next time: what it led to was no good."""
        self._entry(url).unlink(missing_ok=True)

    def _entry(self, url: str) -> Path:
        name = hashlib.sha256(url.encode("utf-8", "surrogatepass")).hexdigest()
        return self.folder / "addresses" / name[:2] / f"{name}.json"


def default_folder() -> Path:
    """Where pictures go unless the user says otherwise: `vitrina/downloads` in the user's folder of caches."""
    caches = os.environ.get("XDG_CACHE_HOME")
    return (Path(caches) if caches else Path.home() / ".cache") / "vitrina" / "downloads"
