"""Pictures in folders by class."""

import os
from collections.abc import Iterator
from pathlib import Path

from vitrina.catalogue.readers.record import PICTURE_SUFFIXES, BadRow, Record
from vitrina.catalogue.splits import split_name


class FolderReader:
    """Pictures in folders by class: `dress/1.jpg`, `train/dress/1.jpg`, `dress/long/1.jpg`. Ids are the paths."""

    note = "ids are the pictures' paths"

    def __init__(self, path: Path) -> None:
        self.path = self.root = path
        self.size = 0
        tops = set()
        for picture in _pictures_under(path):
            self.size += 1
            tops.add(picture.parts[0] if len(picture.parts) > 1 else None)
        self._has_splits = bool(tops) and all(top is not None and split_name(top) for top in tops)

    def rows(self) -> Iterator[Record | BadRow]:
        for number, picture in enumerate(_pictures_under(self.path), 1):
            folders = picture.parts[:-1]
            split = folders[0] if self._has_splits else None
            values = {
                "id": picture.as_posix(),
                "image": picture.as_posix(),
                "category": list(folders[1:] if split else folders),
                "split": split,
            }
            yield Record(self.path, number, values, number)


def _pictures_under(path: Path) -> Iterator[Path]:
    """Every picture file, relative to the folder, in an order that does not change between runs."""

    def refuse(error: OSError) -> None:
        raise ValueError(f"{error.filename} cannot be read: {error.strerror}") from error

    for folder, folders, names in os.walk(path, onerror=refuse):
        folders[:] = sorted(each for each in folders if not each.startswith("."))
        for name in sorted(names):
            if Path(name).suffix.lower() in PICTURE_SUFFIXES and not name.startswith("."):
                yield Path(folder, name).relative_to(path)
