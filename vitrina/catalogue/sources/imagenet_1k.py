"""ImageNet-1k: 1.28 million photos of 1,000 classes (Russakovsky et al. 2015, arXiv 1409.0575)."""

import csv
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vitrina.catalogue.readers.record import PICTURE_SUFFIXES, BadRow, Reader, Record
from vitrina.catalogue.sources.adapted import AdaptedReader, Schema, export_readers, first_rows

_HUB = "hf:ILSVRC/imagenet-1k"
_SCHEMA = Schema("imagenet_1k", needed=(("image", "jpg", "jpeg"), ("label", "cls")))
_CLASSES = "LOC_synset_mapping.txt"
_ANSWERS = "LOC_val_solution.csv"
_PICTURES = ("ILSVRC/Data/CLS-LOC", "Data/CLS-LOC", ".")
_SPLITS = {"train": "train", "val": "val", "validation": "val", "test": "test"}


def imagenet_1k(export: str | Path | None = None) -> list[Reader]:
    """Photos with their class as category (its first name; all of them as the attribute `names`), of the domain
    `photos`.

    They have no title: a thousand names repeated a thousand times are no texts, and products with the same title
    share a split. An export may be the folder of the Kaggle challenge, too
    (`ILSVRC/Data/CLS-LOC/train/n01440764/*.JPEG` and `LOC_synset_mapping.txt`).
    Raises ValueError where the export has other columns or classes without names, and what `hub_readers` raises.
    """
    if export is not None:
        classes = _read_classes(Path(export))
        pictures = _pictures_folder(Path(export))
        if pictures is not None:
            return [ChallengeReader(Path(export), pictures=pictures, classes=classes)]
        return [_adapted(each, names=[each.names for each in classes]) for each in export_readers(export)]
    return [_adapted(each, names=[]) for each in export_readers(_HUB)]


@dataclass(frozen=True)
class _Class:
    """A class: its WordNet id and its names, separated by commas."""

    synset: str
    names: str


class ChallengeReader:
    """The folders of the ILSVRC challenge: `train/SYNSET/*.JPEG`, `val/*.JPEG` and `test/*.JPEG`.

    Ids are the pictures' paths. Classes of `val` are those of its folders or of `LOC_val_solution.csv`.
    Raises ValueError where the names of the classes are missing.
    """

    def __init__(self, path: Path, *, pictures: Path, classes: Sequence[_Class]) -> None:
        if not classes:
            raise ValueError(
                f"{path} has no {_CLASSES}, which names the classes: copy it there from the challenge's download"
            )
        self.path, self.root = path, pictures
        self._names = {each.synset: each.names for each in classes}
        self._answers = _read_answers(path)
        self.size = sum(1 for _ in self._pictures())
        self.note = "ids are the pictures' paths"

    def rows(self) -> Iterator[Record | BadRow]:
        has_splits = any((self.root / folder).is_dir() for folder in _SPLITS if folder != "train")
        for number, picture in enumerate(self._pictures(), 1):
            file = self.root / picture
            split, *folders = picture.parts[:-1]
            synset = folders[0] if folders else self._answers.get(picture.stem)
            if synset is not None and synset not in self._names:
                detail = f"{synset} of {picture.as_posix()} is not in {_CLASSES}"
                yield BadRow(file, number, "unknown class", detail, number)
                continue
            values = {"id": picture.as_posix(), "image": picture.as_posix(), "domain": "photos"}
            values |= {} if synset is None else _of_class(self._names[synset], synset=synset)
            values |= {"split": _SPLITS[split]} if has_splits else {}
            yield Record(file, number, values, number)

    def _pictures(self) -> Iterator[Path]:
        for split in _SPLITS:
            for folder, inside, files in os.walk(self.root / split):
                inside.sort()
                for name in sorted(files):
                    if Path(name).suffix.lower() in PICTURE_SUFFIXES and not name.startswith("."):
                        yield Path(folder, name).relative_to(self.root)


def _adapted(reader: Reader, *, names: Sequence[str]) -> Reader:
    def product(values: Mapping[str, Any]) -> dict[str, Any]:
        label = _label(values)
        if isinstance(label, int):
            label = names[label] if 0 <= label < len(names) else None
        return {
            "image": next((values[name] for name in ("image", "jpg", "jpeg") if values.get(name)), None),
            "domain": "photos",
            "split": values.get("split"),
            **({} if label is None else _of_class(label, synset=None)),
        }

    adapted = AdaptedReader(reader, schema=_SCHEMA, product=product)
    labels = [_label(row.values) for row in first_rows(reader.rows())]
    if not names and any(isinstance(label, int) and label >= 0 for label in labels):
        raise ValueError(
            f"{reader.path} gives its classes as numbers without names: copy {_CLASSES} of the challenge beside it"
        )
    return adapted


def _label(values: Mapping[str, Any]) -> int | str | None:
    label = values.get("label", values.get("cls"))
    if isinstance(label, str) and label.lstrip("-").isdecimal():
        return int(label)
    return label if isinstance(label, int | str) else None


def _of_class(names: str, *, synset: str | None) -> dict[str, Any]:
    facts = {"names": names} | ({} if synset is None else {"synset": synset})
    return {"category": [names.split(",")[0].strip()], "attributes": facts}


def _pictures_folder(path: Path) -> Path | None:
    """Where `train` or `val` of the challenge stand, or None where this is another kind of export."""
    for folder in _PICTURES:
        for split in ("train", "val"):
            inside = path / folder / split
            if inside.is_dir() and any(_is_of_challenge(each) for each in inside.iterdir()):
                return path / folder if folder != "." else path
    return None


def _is_of_challenge(path: Path) -> bool:
    """`n01440764`, a folder of one class, or `ILSVRC2012_val_00000001.JPEG`."""
    name = path.name
    return (path.is_dir() and len(name) == 9 and name[0] == "n" and name[1:].isdecimal()) or name.startswith(
        "ILSVRC2012"
    )


def _read_classes(path: Path) -> list[_Class]:
    folder = path if path.is_dir() else path.parent
    for file in (folder / _CLASSES, folder.parent / _CLASSES):
        if file.is_file():
            lines = file.read_text(encoding="utf-8").splitlines()
            pairs = [line.split(maxsplit=1) for line in lines if line.strip()]
            if any(len(pair) != 2 for pair in pairs):
                raise ValueError(
                    f"{file} is damaged: every line is a class and its names, `n01440764 tench, Tinca tinca`"
                )
            return [_Class(synset, names.strip()) for synset, names in pairs]
    return []


def _read_answers(path: Path) -> dict[str, str]:
    """The class of each picture of `val`, by the picture's name."""
    file = path / _ANSWERS
    if not file.is_file():
        return {}
    with file.open(encoding="utf-8", newline="") as text:
        return {row[0]: row[1].split()[0] for row in csv.reader(text) if len(row) == 2 and row[1][:1] == "n"}
