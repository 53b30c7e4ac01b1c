"""Datasets of the Hugging Face hub: `hf:OWNER/NAME[:CONFIG][@SPLIT]`, read file by file as they are downloaded.

Files go into the hub's own cache, so what has been fetched once is not fetched again. One commit is read from the
beginning to the end, whatever happens to the dataset meanwhile.
"""

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vitrina.catalogue.pictures import MAX_ENCODED_BYTES
from vitrina.catalogue.readers.dataset import DataFile, data_files, layout_note, read_files
from vitrina.catalogue.readers.dataset_layout import Layout, converted_layout, find_layout, kind_of_file, read_card
from vitrina.catalogue.readers.record import BadRow, Reader, Record

_SOURCE = re.compile(r"hf:(?P<repo>[\w.-]+(?:/[\w.-]+)?)(?::(?P<config>[^@]+))?(?:@(?P<split>.+))?")
_CONVERTED = "refs/convert/parquet"
_CARD = "README.md"


def hub_readers(source: str) -> list[Reader]:
    """The reader of a dataset on the hub. Its files are listed now and downloaded as its rows are read.

    Read are the files that the dataset's card or their names say (Parquet, Arrow, JSON lines, CSV, WebDataset tars);
    where there are none, or a loading script stands beside them, the hub's own conversion to Parquet.

    Raises ValueError, saying what to do, where the dataset does not exist, is gated, has several configurations, can
    be read by a script alone, or the hub cannot be reached; ImportError without the extra `hub`.

    >>> hub_readers("hf:DBQ/Burberry.Product.prices.United.States@train")  # doctest: +SKIP
    """
    match = _SOURCE.fullmatch(source)
    if match is None:
        raise ValueError(f"{source!r} names no dataset of the hub: write hf:OWNER/NAME, hf:OWNER/NAME:CONFIG@SPLIT")
    hub = _Hub(match["repo"])
    commit = hub.commit(None)
    tree = _Tree(commit, hub.sizes(commit))
    card = hub.card(commit) if _CARD in tree.sizes else {}
    layout = None
    script = f"{match['repo'].rsplit('/')[-1]}.py"
    if script not in tree.sizes or card.get("configs"):
        layout = find_layout(tree.sizes, card=card, config=match["config"], name=source)
    if layout is None or layout.kind in ("pictures", "texts"):
        converted = hub.converted()
        found = None
        if converted is not None:
            found = converted_layout(converted.sizes, config=match["config"], name=source)
        if converted is not None and found is not None:
            return [HubReader(source, hub=hub, tree=converted, layout=found, card=card, split=match["split"])]
    if layout is None:
        raise ValueError(_nothing_to_read(source, repo=match["repo"], has_script=script in tree.sizes))
    return [HubReader(source, hub=hub, tree=tree, layout=layout, card=card, split=match["split"])]


@dataclass(frozen=True)
class _Tree:
    """The files of one commit and their lengths."""

    commit: str
    sizes: Mapping[str, int]


class HubReader:
    """The rows of one configuration of a dataset on the hub, numbered through its files.

    Pictures that a row names by their path in the repository come as their bytes.
    """

    def __init__(
        self, source: str, *, hub: "_Hub", tree: _Tree, layout: Layout, card: Mapping[str, Any], split: str | None
    ) -> None:
        parts = layout.only(split, name=source)
        self.path = Path(source)
        self.root = hub.folder(tree.commit)
        self._hub, self._tree = hub, tree
        self._files = data_files(layout, parts=parts, sizes=tree.sizes, card=card)
        self.size = sum(file.size for file in self._files)
        partial = any("/partial-" in file.name for file in self._files)
        notes = [
            f"commit {tree.commit}",
            layout_note(layout),
            "the hub has converted only a first part of it" if partial else "",
        ]
        self.note = "; ".join(note for note in notes if note)

    def rows(self) -> Iterator[Record | BadRow]:
        for row in read_files(self._files, fetch=self._fetch):
            if isinstance(row, BadRow):
                yield row
            else:
                file = row.file.relative_to(self.root) if row.file.is_relative_to(self.root) else row.file
                folder = file.parent.as_posix()
                values = {name: self._with_bytes(value, folder=folder) for name, value in row.values.items()}
                yield Record(row.file, row.row, values, row.position)

    def _fetch(self, file: DataFile) -> Path:
        return self._hub.download(file.name, commit=self._tree.commit)

    def _with_bytes(self, value: Any, *, folder: str) -> Any:
        """A value, the paths of pictures in it replaced by the pictures."""
        if isinstance(value, list):
            return [self._with_bytes(each, folder=folder) for each in value]
        if isinstance(value, dict) and not value.get("bytes") and isinstance(value.get("path"), str):
            found = self._with_bytes(value["path"], folder=folder)
            return found if isinstance(found, bytes) else value
        if not isinstance(value, str) or kind_of_file(value) != "pictures":
            return value
        for name in (posixpath.normpath(posixpath.join(folder, value)), posixpath.normpath(value)):
            if self._tree.sizes.get(name, MAX_ENCODED_BYTES + 1) <= MAX_ENCODED_BYTES:
                return self._hub.download(name, commit=self._tree.commit).read_bytes()
        return value


class _Hub:
    """One dataset repository. Whatever goes wrong there comes as a ValueError that says what to do."""

    def __init__(self, repo: str) -> None:
        try:
            from huggingface_hub import HfApi
        except ImportError:
            raise ImportError("datasets of the hub need huggingface_hub: pip install 'vitrina[hub]'") from None
        self._repo = repo
        self._api = HfApi()

    def commit(self, revision: str | None) -> str:
        """The commit that a revision is now."""
        try:
            sha = self._api.dataset_info(self._repo, revision=revision).sha
        except Exception as error:
            raise self._explained(error) from error
        assert sha is not None, "the hub answers with a commit"
        return sha

    def sizes(self, commit: str) -> dict[str, int]:
        """Every file of a commit and its length in bytes."""
        from huggingface_hub.hf_api import RepoFile

        try:
            tree = self._api.list_repo_tree(self._repo, recursive=True, revision=commit, repo_type="dataset")
            return {each.path: each.size for each in tree if isinstance(each, RepoFile)}
        except Exception as error:
            raise self._explained(error) from error

    def card(self, commit: str) -> Mapping[str, Any]:
        """The facts at the top of the README.md."""
        text = self.download(_CARD, commit=commit).read_text(encoding="utf-8", errors="replace")
        return read_card(text, name=f"hf:{self._repo}")

    def converted(self) -> _Tree | None:
        """What the hub converted to Parquet by itself, or None where it did not."""
        from huggingface_hub.errors import RevisionNotFoundError

        try:
            commit = self.commit(_CONVERTED)
        except ValueError as error:
            if isinstance(error.__cause__, RevisionNotFoundError):
                return None
            raise
        return _Tree(commit, self.sizes(commit))

    def download(self, name: str, *, commit: str) -> Path:
        """A file in the cache, fetched if it is not there; a broken download goes on where it stopped."""
        try:
            return Path(self._api.hf_hub_download(self._repo, name, repo_type="dataset", revision=commit))
        except Exception as error:
            raise self._explained(error) from error

    def folder(self, commit: str) -> Path:
        """Where the files of a commit stand once they are downloaded."""
        from huggingface_hub import constants

        name = "--".join(["datasets", *self._repo.split("/")])
        return Path(constants.HF_HUB_CACHE) / name / "snapshots" / commit

    def _explained(self, error: Exception) -> ValueError:
        """What went wrong, in words. The library raises its own errors and those of its HTTP client, whose package
        changes with its version; so everything that comes out of it is taken for what the hub or the network did."""
        from huggingface_hub import errors

        name, page = f"hf:{self._repo}", f"{self._api.endpoint}/datasets/{self._repo}"
        log_in = "log in with `hf auth login` or set HF_TOKEN"
        chain = [error, error.__cause__, error.__context__]
        status = next((each.response.status_code for each in chain if isinstance(each, errors.HfHubHTTPError)), None)
        if isinstance(error, errors.GatedRepoError):
            return ValueError(f"{name} is gated: accept its conditions at {page}, then {log_in}")
        if isinstance(error, errors.DisabledRepoError):
            return ValueError(f"{name} was disabled on the hub: use a copy of it, or a local export")
        if isinstance(error, errors.RepositoryNotFoundError):
            return ValueError(
                f"{name} does not exist on the hub, or is private: check its name, and for a private one {log_in}"
            )
        if isinstance(error, errors.RevisionNotFoundError):
            return ValueError(f"{name} has no such revision on the hub")
        if isinstance(error, errors.RemoteEntryNotFoundError):
            return ValueError(f"{name} lost a file while it was read: {error}. Run the same command again")
        if isinstance(error, errors.HFValidationError):
            return ValueError(f"{name} is no name of a dataset: write hf:OWNER/NAME")
        if status in (401, 403):
            return ValueError(f"the hub refuses the token that is used for {name}: {log_in} with one that may read it")
        if status is not None and (status == 429 or status >= 500):
            return ValueError(f"the hub is too busy for {name} (status {status}): run the same command again later")
        if isinstance(error, OSError) and error.errno is not None and not isinstance(error, ConnectionError):
            return ValueError(f"{name} cannot be stored: {error}. Make room, or set HF_HOME to another disk")
        what = next(iter(str(error).splitlines()), "no answer")[:200]
        return ValueError(
            f"the hub cannot be reached for {name} ({type(error).__name__}: {what}). Files "
            f"that are here already are not fetched again, so run the same command again; without a connection, fetch "
            f"it elsewhere with `hf download {self._repo} --repo-type dataset --local-dir FOLDER` and ingest FOLDER"
        )


def _nothing_to_read(source: str, *, repo: str, has_script: bool) -> str:
    export = (
        f'datasets.load_dataset("{repo}").save_to_disk("FOLDER") (with datasets < 4, which still runs scripts: read '
        f"the script first) and ingest FOLDER"
    )
    if has_script:
        return (
            f"{source} is read by a script of its own, and the hub has no conversion of it to Parquet. Scripts are not "
            f"run here: export it with {export}"
        )
    return (
        f"{source} has no files of rows that can be read (.parquet, .arrow, .jsonl, .csv, .tar), and the hub has no "
        f"conversion of it to Parquet: fetch it with `hf download {repo} --repo-type dataset --local-dir FOLDER`, "
        f"unpack its archives, and ingest FOLDER"
    )
