"""A hub of datasets, and of models, on this machine: the routes that huggingface_hub calls, over folders of files."""

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

_PAGE = 3  # files to a page of the listing: the client must ask for the next one


@dataclass
class LittleHub:
    """Repositories by name; each holds revisions by name, a revision its files.

    `refuse` gives the status and the error code for a repository, `cut` names a file whose first download breaks off
    after that many bytes, `token` is asked for where it is set. `asked` is what was asked for.
    """

    address: str = ""
    revisions: dict[str, dict[str, dict[str, bytes]]] = field(default_factory=dict)
    refuse: dict[str, tuple[int, str]] = field(default_factory=dict)
    cut: dict[str, int] = field(default_factory=dict)
    token: str | None = None
    asked: list[str] = field(default_factory=list)
    ranges: list[str] = field(default_factory=list)

    def add(self, name: str, files: dict[str, bytes], *, revision: str = "main") -> str:
        """Puts a dataset there and gives its commit."""
        self.revisions.setdefault(name, {})[revision] = files
        commit = hashlib.sha1(f"{name} {sorted((each, len(files[each])) for each in files)}".encode()).hexdigest()
        self.revisions[name][commit] = files
        return commit

    def commit_of(self, name: str, revision: str) -> str:
        files = self.revisions[name][revision]
        return next(each for each, other in self.revisions[name].items() if other is files and len(each) == 40)

    @contextmanager
    def running(self) -> Iterator["LittleHub"]:
        """Serves on a free port until the block ends."""
        hub = self

        class Handler(_Handler):
            little = hub

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        self.address = f"http://127.0.0.1:{server.server_port}"
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    little: LittleHub
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def _answer(self) -> None:
        hub, parts = self.little, urlsplit(self.path)
        hub.asked.append(f"{self.command} {unquote(parts.path)}")
        if parts.path.startswith("/api/"):
            rest = parts.path.removeprefix("/api/datasets/").removeprefix("/api/models/")
            name, _, more = rest.partition("/revision/") if "/revision/" in rest else rest.partition("/tree/")
            is_tree = "/tree/" in rest
        else:
            name, _, more = parts.path.removeprefix("/datasets/").removeprefix("/").partition("/resolve/")
            is_tree = False
        if name in hub.refuse:
            return self._error(*hub.refuse[name])
        if hub.token is not None and self.headers.get("Authorization") != f"Bearer {hub.token}":
            return self._error(401, "GatedRepo")
        if name not in hub.revisions:
            return self._error(401, "RepoNotFound")
        revision, _, file = (more or "main").partition("/")
        revision = unquote(revision)
        if revision not in hub.revisions[name]:
            return self._error(404, "RevisionNotFound")
        commit = hub.commit_of(name, revision)
        files = hub.revisions[name][revision]
        if is_tree:
            return self._tree(files, page=int(parse_qs(parts.query).get("page", ["0"])[0]))
        if parts.path.startswith("/api/"):
            siblings = [{"rfilename": each} for each in files]
            return self._send(json.dumps({"id": name, "sha": commit, "siblings": siblings, "tags": []}).encode())
        if unquote(file) not in files:
            return self._error(404, "EntryNotFound", commit=commit)
        return self._file(unquote(file), files[unquote(file)], commit=commit)

    def _tree(self, files: dict[str, bytes], *, page: int) -> None:
        folders = {each.rsplit("/", 1)[0] for each in files if "/" in each}
        entries: list[dict[str, object]] = [{"type": "directory", "path": each, "oid": "0"} for each in sorted(folders)]
        entries += [{"type": "file", "path": each, "size": len(files[each]), "oid": "0"} for each in sorted(files)]
        shown, headers = entries[page * _PAGE : (page + 1) * _PAGE], {}
        if (page + 1) * _PAGE < len(entries):
            address = f"{self.little.address}{urlsplit(self.path).path}?recursive=true&page={page + 1}"
            headers["Link"] = f'<{address}>; rel="next"'
        self._send(json.dumps(shown).encode(), headers=headers)

    def _file(self, name: str, content: bytes, *, commit: str) -> None:
        start = 0
        asked = self.headers.get("Range")
        if asked is not None:
            self.little.ranges.append(asked)
            start = int(asked.removeprefix("bytes=").split("-")[0])
        headers = {"ETag": f'"{hashlib.sha1(content).hexdigest()}"', "X-Repo-Commit": commit, "Accept-Ranges": "bytes"}
        if start:
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        cut = self.little.cut.pop(name, None) if self.command == "GET" else None
        self._send(content[start:], status=206 if start else 200, headers=headers, cut=cut)

    def _error(self, status: int, code: str, *, commit: str = "") -> None:
        headers = {"X-Error-Code": code, "X-Error-Message": code}
        if commit:
            headers["X-Repo-Commit"] = commit
        self._send(b"{}", status=status, headers=headers)

    def _send(
        self, body: bytes, *, status: int = 200, headers: dict[str, str] | None = None, cut: int | None = None
    ) -> None:
        self.send_response(status)
        for key, value in (headers or {}).items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body if cut is None else body[:cut])
        if cut is not None:
            self.close_connection = True
