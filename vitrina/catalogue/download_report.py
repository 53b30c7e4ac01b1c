"""What became of the pictures at web addresses: counts by host and reason, and a list of every dead link."""

import csv
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Self
from urllib.parse import urlsplit

from vitrina.catalogue.download import Fetched
from vitrina.catalogue.download_address import shown
from vitrina.catalogue.manifest import flush
from vitrina.catalogue.pictures import PictureError

_HOSTS_COUNTED = 10_000
_HOSTS_SHOWN = 8
_OTHER_HOSTS = "further hosts"
_HEADER = ("address", "product_id", "file", "row", "reason", "detail")


@dataclass(frozen=True)
class HostReport:
    """What became of the addresses of one host. `given_up` says why nothing more was asked of it, where that is so."""

    host: str
    downloaded: int
    cached: int
    failed: int
    given_up: str = ""

    @property
    def total(self) -> int:
        return self.downloaded + self.cached + self.failed

    def text(self) -> str:
        counts = f"{self.host}: {self.downloaded:,} downloaded, {self.cached:,} from the cache, {self.failed:,} failed"
        return counts + (f"; given up after {self.given_up}" if self.given_up else "")


@dataclass(frozen=True)
class DownloadReport:
    """What became of the pictures at web addresses.

    `cached` lay in `folder` already; `failed` counts by reason; `hosts` begin with the one that most addresses name;
    `dead_links` is the file that lists every address without a usable picture, None where there is no such address.
    """

    folder: Path
    downloaded: int
    downloaded_bytes: int
    cached: int
    failed: dict[str, int]
    hosts: tuple[HostReport, ...]
    dead_links: Path | None

    def lines(self) -> list[str]:
        """The report for a terminal, line by line; nothing where no picture was at a web address."""
        if not self.hosts:
            return []
        failed = sum(self.failed.values())
        lines = [
            f"  pictures at web addresses: {self.downloaded:,} downloaded ({self.downloaded_bytes / 1e6:,.1f} MB), "
            f"{self.cached:,} from the cache ({self.folder}), {failed:,} failed"
        ]
        # Hosts that were given up are always shown: they are what somebody has to mend.
        first = [host for host in self.hosts if host.given_up][:_HOSTS_SHOWN]
        first += [host for host in self.hosts if not host.given_up][: _HOSTS_SHOWN - len(first)]
        lines += [f"    {host.text()}" for host in self.hosts if host in first]
        if len(self.hosts) > len(first):
            lines.append(f"    and {len(self.hosts) - len(first):,} more hosts")
        if self.dead_links is not None:
            lines.append(f"    every dead link, with product, file and row: {self.dead_links}")
        return lines


class Links:
    """Counts what becomes of web addresses and writes the dead ones to a CSV file, which appears when it is whole.

    Memory holds counts only. An older list at the same place is replaced, or removed where every link is alive now;
    it stays where no address was asked for.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._part = path.with_name(path.name + ".part")
        self._file: IO[str] | None = None
        self._by_host: dict[str, Counter[str]] = {}
        self._reasons: Counter[str] = Counter()
        self._bytes = 0

    def __enter__(self) -> Self:
        self._part.unlink(missing_ok=True)  # a killed ingest may have left it
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()
            self._part.unlink(missing_ok=True)

    def add_good(self, reference: str, *, fetched: Fetched) -> None:
        """Counts an address that gave a picture."""
        self._host(reference)["downloaded" if fetched.came_from == "network" else "cached"] += 1
        self._bytes += fetched.size_bytes if fetched.came_from == "network" else 0

    def add_dead(self, reference: str, *, product_id: str, file: Path, row: int, error: PictureError) -> None:
        """Counts an address that gave none and writes it to the list."""
        self._host(reference)["failed"] += 1
        self._reasons[error.reason] += 1
        if self._file is None:
            self._file = self._part.open("w", encoding="utf-8", newline="")
            csv.writer(self._file).writerow(_HEADER)
        cells = (shown(reference, longest=None), product_id, str(file), row, error.reason, error.detail)
        csv.writer(self._file).writerow([str(cell).encode("utf-8", "replace").decode() for cell in cells])

    def finish(self, *, folder: Path, given_up: dict[str, str]) -> DownloadReport:
        """Brings the list to its place. `given_up` says of hosts why nothing more was asked of them."""
        if self._file is not None:
            self._file.close()
            self._file = None
            flush(self._part)
            self._part.replace(self.path)
        elif self._by_host:
            self.path.unlink(missing_ok=True)
        hosts = [
            HostReport(host, each["downloaded"], each["cached"], each["failed"], given_up.get(host, ""))
            for host, each in self._by_host.items()
        ]
        # Those that addresses of other hosts lead to.
        hosts += [HostReport(host, 0, 0, 0, why) for host, why in given_up.items() if host not in self._by_host]
        return DownloadReport(
            folder=folder,
            downloaded=sum(each.downloaded for each in hosts),
            downloaded_bytes=self._bytes,
            cached=sum(each.cached for each in hosts),
            failed=dict(self._reasons.most_common()),
            hosts=tuple(sorted(hosts, key=lambda each: -each.total)),
            dead_links=self.path if self._reasons else None,
        )

    def _host(self, reference: str) -> Counter[str]:
        try:
            host = urlsplit(reference.strip()).hostname or "no host"
        except ValueError:
            host = "no host"
        if host not in self._by_host and len(self._by_host) >= _HOSTS_COUNTED:
            host = _OTHER_HOSTS
        return self._by_host.setdefault(host, Counter())


def dead_links_path(catalogue: Path) -> Path:
    """Where the dead links of an ingest into a catalogue are listed: beside its folder.

    >>> dead_links_path(Path("shops/mugs"))
    PosixPath('shops/mugs-dead-links.csv')
    """
    plain = catalogue.resolve() if catalogue.name in ("", "..") else catalogue
    return plain.with_name(f"{plain.name}-dead-links.csv")
