"""Hugging Face datasets on the disk: what `save_to_disk` writes, and downloaded dataset repositories.

They are read without the `datasets` library, a few rows at a time.
"""

import json
import os
import posixpath
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from vitrina.catalogue.readers.dataset_layout import (
    Layout,
    Part,
    find_layout,
    is_metadata,
    is_split_word,
    kind_of_file,
    read_card,
    split_of,
)
from vitrina.catalogue.readers.dataset_values import Features, arrow_rows, features_in_card, parquet_rows
from vitrina.catalogue.readers.opening import MAX_LINE_BYTES, open_bytes
from vitrina.catalogue.readers.record import BadRow, Reader, Record
from vitrina.catalogue.readers.webdataset import WebDatasetReader
from vitrina.catalogue.splits import split_name


@dataclass(frozen=True)
class DataFile:
    """A file of rows: its path in the dataset, its kind and length in bytes, and the split that its rows belong to.

    `pictures` are those that a table of pictures speaks of, with the split of each.
    """

    name: str
    kind: str
    size: int
    split: str | None = None
    features: object | None = field(default=None, repr=False)
    pictures: Mapping[str, str | None] | None = field(default=None, repr=False)


class DatasetReader:
    """A dataset folder: a `Dataset` or `DatasetDict` saved to disk, or a repository with its files and its card.

    Rows are numbered through the whole dataset. `split` is what the dataset says, where it has more than `train`.
    Raises ValueError, naming the folder, where it has nothing to read or several configurations.
    """

    def __init__(self, path: Path) -> None:
        self.path = self.root = path
        saved = _saved_files(path)
        if saved is None:
            layout, card, sizes = _repository(path)
            self._files = data_files(layout, parts=layout.parts, sizes=sizes, card=card)
            self.note = layout_note(layout)
            if layout.kind in ("lines", "tables"):  # whose paths of pictures start beside them
                self.root = path / os.path.commonpath([posixpath.dirname(each.name) for each in self._files])
        else:
            self._files = saved
            self.note = _ONE_SPLIT if all(file.split is None for file in saved) else ""
        self.size = sum(file.size for file in self._files)

    def rows(self) -> Iterator[Record | BadRow]:
        return read_files(self._files, fetch=lambda file: self.path / file.name)


class TextLinesReader:
    """Plain text: every line that is not empty is a row with a `text`, as `datasets` reads .txt files."""

    note = ""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.root = path.parent
        self.size = path.stat().st_size

    def rows(self) -> Iterator[Record | BadRow]:
        with open_bytes(self.path) as (file, raw):
            for number, line in enumerate(iter(lambda: file.readline(MAX_LINE_BYTES), b""), 1):
                try:
                    text = line.decode("utf-8-sig").strip("\r\n")
                except UnicodeDecodeError as error:
                    yield BadRow(self.path, number, "invalid UTF-8", f"at byte {error.start + 1}", raw.tell())
                    continue
                if text.strip():
                    yield Record(self.path, number, {"text": text}, raw.tell())


def is_dataset(path: Path) -> bool:
    """Whether a folder was written by `save_to_disk`, or looks like a repository of a dataset and not like a shop's
    feeds: it has a card that lists its files, or its files and folders are named for their splits."""
    if not path.is_dir():
        return False
    if (path / _SAVED_SPLITS).is_file() or ((path / _STATE).is_file() and (path / _INFO).is_file()):
        return True
    entries = sorted((each for each in path.iterdir() if not each.name.startswith(".")), key=lambda each: each.name)
    top = [each.name for each in entries if each.is_file()]
    if _INFO in top and any(name.endswith(".arrow") for name in top):
        return True
    if _CARD in top and _read_card(path):
        return True
    rows = [name for name in top if kind_of_file(name) in _ROWS_KINDS]
    if any(is_metadata(name) for name in rows):
        return all(is_metadata(name) for name in rows)
    if rows:
        splits = {_leading_split(name) for name in rows}
        return None not in splits and (len(splits) > 1 or any(name.endswith(".arrow") for name in rows))
    folders = [each for each in entries if each.is_dir() and (each.name == "data" or _leading_split(f"{each.name}."))]
    return any(_holds_rows(each) for each in folders)


def read_files(files: Sequence[DataFile], *, fetch: Callable[[DataFile], Path]) -> Iterator[Record | BadRow]:
    """The rows of several files as those of one dataset, numbered through; `fetch` brings a file to the disk.

    A file that breaks off costs what is behind the break and no other file.
    """
    number = done = 0
    first_ids: set[object] = set()
    for file in files:
        is_repeated = None
        for row in _file_rows(file, fetch=fetch):
            number += 1
            position = done + min(file.size, max(0, row.position))
            if isinstance(row, BadRow):
                detail = row.detail if file.name in row.detail else f"{row.detail} ({file.name}, row {row.row})".strip()
                yield replace(row, row=number, position=position, detail=detail)
            else:
                values = _in_dataset(row.values, file=file)
                if file.kind == "tars":  # archives that count from 0 each would take each other's ids
                    is_repeated = values["id"] in first_ids if is_repeated is None else is_repeated
                    first_ids.add(values["id"]) if row.row == 1 else None
                    values = {**values, "id": f"{file.name}/{values['id']}"} if is_repeated else values
                yield Record(row.file, number, values, position)
        done += file.size


def data_files(
    layout: Layout, *, parts: Sequence[Part], sizes: Mapping[str, int], card: Mapping[str, Any]
) -> list[DataFile]:
    """The files to read of some splits. Pictures that a table (`metadata.csv`) speaks of are read through it."""
    features = features_in_card(card, config=layout.config)
    splits = {file: layout.split_value(part.split) for part in parts for file in part.files}
    tables = [file for file in sorted(sizes) if is_metadata(file)] if layout.kind == "pictures" else []
    if not tables:
        return [DataFile(file, layout.kind, sizes[file], split, features) for file, split in splits.items()]
    found = [DataFile(file, kind_of_file(file) or "", sizes[file], None, features, splits) for file in tables]
    folders = {posixpath.dirname(table) for table in tables}
    used = {_closest(posixpath.dirname(picture), folders) for picture in splits}
    return [file for file in found if posixpath.dirname(file.name) in used]


def layout_note(layout: Layout) -> str:
    """What a user should know about the choice of files."""
    notes = []
    if layout.config is not None and layout.others:
        notes.append(f"configuration {layout.config} (others: {', '.join(layout.others)})")
    unknown = [part.split for part in layout.parts if split_name(part.split) is None]
    if all(layout.split_value(part.split) is None for part in layout.parts) and not unknown:
        notes.append(_ONE_SPLIT)
    if unknown:
        notes.append(f"{', '.join(unknown)} is none of train, validation and test, so its rows are divided by a hash")
    return "; ".join(notes)


_CARD = "README.md"
_INFO = "dataset_info.json"
_STATE = "state.json"
_SAVED_SPLITS = "dataset_dict.json"
_ROWS_KINDS = ("parquet", "arrow", "lines", "tables")
_ONE_SPLIT = "the dataset has no splits but train, so its rows are divided by a hash"


def _saved_files(path: Path) -> list[DataFile] | None:
    """The files of a folder that `save_to_disk` wrote, or None where it is no such folder."""
    if (path / _SAVED_SPLITS).is_file():
        splits = _read_json(path / _SAVED_SPLITS).get("splits")
        if not isinstance(splits, list) or not splits:
            raise ValueError(f"{path / _SAVED_SPLITS} names no splits: save the dataset again")
        known = Layout("arrow", tuple(Part(str(split), ()) for split in splits))
        return [
            file
            for part in known.parts
            for file in _saved_dataset(path, folder=part.split, split=known.split_value(part.split))
        ]
    if not ((path / _STATE).is_file() and (path / _INFO).is_file()):
        return None
    split = _read_json(path / _STATE).get("_split")
    value = split_name(split) if isinstance(split, str) else None
    return _saved_dataset(path, folder="", split=None if value == "train" else value)


def _saved_dataset(path: Path, *, folder: str, split: str | None) -> list[DataFile]:
    state, info = _read_json(path / folder / _STATE), _read_json(path / folder / _INFO)
    listed = state.get("_data_files")
    names = [each.get("filename") for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
    files = []
    for name in names:
        if not isinstance(name, str) or "/" in name or not (path / folder / name).is_file():
            raise ValueError(f"{path / folder} lacks {name}, which its {_STATE} names: copy the whole folder")
        size = (path / folder / name).stat().st_size
        files.append(DataFile(posixpath.join(folder, name), "arrow", size, split, info.get("features")))
    return files


def _read_json(path: Path) -> dict[str, Any]:
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror or error}") from error
    except ValueError as error:
        raise ValueError(f"{path} is damaged: {error}. Save the dataset again") from error
    if not isinstance(facts, dict):
        raise ValueError(f"{path} is damaged: it holds no object. Save the dataset again")
    return facts


def _read_card(path: Path) -> Mapping[str, Any]:
    card = path / _CARD
    return read_card(card.read_text(encoding="utf-8", errors="replace"), name=str(path)) if card.is_file() else {}


def _repository(path: Path) -> tuple[Layout, Mapping[str, Any], dict[str, int]]:
    """The layout of a repository's folder, its card, and the lengths of its files."""
    card, sizes = _read_card(path), dict(_walk(path))
    try:
        layout = find_layout(sizes, card=card, config=None, name=str(path))
    except ValueError as error:
        raise ValueError(f"{error}. Name the folder or the file of one of them instead of {path}") from error
    if layout is None:
        archives = any(name.endswith((".zip", ".rar", ".7z")) for name in sizes)
        mend = ": unpack its archives first" if archives else " (.parquet, .arrow, .jsonl, .csv, .tar or pictures)"
        raise ValueError(f"{path} holds no files of rows that can be read{mend}")
    return layout, card, sizes


def _walk(path: Path) -> Iterator[tuple[str, int]]:
    def refuse(error: OSError) -> None:
        raise ValueError(f"{error.filename} cannot be read: {error.strerror}") from error

    for folder, folders, names in os.walk(path, onerror=refuse):
        folders[:] = sorted(each for each in folders if not each.startswith("."))
        for name in sorted(names):
            file = Path(folder, name)
            if file.is_file():  # not a link to nowhere
                yield file.relative_to(path).as_posix(), file.stat().st_size


def _leading_split(name: str) -> str | None:
    """The split that a name begins with: `train-00000.parquet` says one, `items_train.jsonl` does not."""
    return split_of(name.split("_")[0].split("-")[0].split(".")[0] + ".")


def _holds_rows(folder: Path) -> bool:
    names = [each.name for each in folder.iterdir() if each.is_file()]
    if folder.name == "data":
        return any(_leading_split(name) and kind_of_file(name) in _ROWS_KINDS for name in names)
    return any(kind_of_file(name) in _ROWS_KINDS for name in names)


def _file_rows(file: DataFile, *, fetch: Callable[[DataFile], Path]) -> Iterator[Record | BadRow]:
    """The rows of one file, numbered from 1."""
    if file.kind == "pictures":
        folders = [each for each in posixpath.dirname(file.name).split("/") if each]
        category = folders[1:] if folders and is_split_word(folders[0]) else folders
        yield Record(Path(file.name), 1, {"id": file.name, "image": file.name, "category": category}, file.size)
        return
    path = fetch(file)
    if file.kind == "arrow":
        yield from arrow_rows(path, features=file.features)
        return
    if file.kind == "parquet":
        yield from parquet_rows(path, features=file.features)
        return
    row, names = 0, Features(file.features)
    try:
        for each in _open_file(path).rows():
            row += 1
            yield each if isinstance(each, BadRow) else replace(each, values=names.named(each.values))
    except ValueError as error:
        yield BadRow(path, row + 1, "damaged file", f"{file.name} breaks off after {row:,} rows: {error}", file.size)


def _open_file(path: Path) -> Reader:
    from vitrina.catalogue.readers.find import find_readers

    if kind_of_file(path.name) == "tars":
        return WebDatasetReader(path)
    if kind_of_file(path.name) == "texts":
        return TextLinesReader(path)
    (reader,) = find_readers(path)
    return reader


def _in_dataset(values: Mapping[str, Any], *, file: DataFile) -> Mapping[str, Any]:
    """A row with its split, and with the paths of its pictures as they start from the dataset's folder."""
    named, split = dict(values), file.split
    if file.pictures is not None:
        for key in values:
            for ending in ("file_name", "file_names"):
                if key == ending or key.endswith(f"_{ending}"):
                    name = key.removesuffix(ending).rstrip("_") or "image"
                    named[name] = _from_folder(named.pop(key), folder=posixpath.dirname(file.name))
        split = file.pictures.get(str(named.get("image")))
    if split is not None and not named.get("split"):
        named["split"] = split
    return named


def _from_folder(value: Any, *, folder: str) -> Any:
    if isinstance(value, list):
        return [_from_folder(each, folder=folder) for each in value]
    return posixpath.normpath(posixpath.join(folder, value)) if isinstance(value, str) and value else value


def _closest(folder: str, tables: set[str]) -> str | None:
    """The folder, this one or the nearest above it, that has a table."""
    while folder not in tables:
        if not folder:
            return None
        folder = posixpath.dirname(folder)
    return folder
