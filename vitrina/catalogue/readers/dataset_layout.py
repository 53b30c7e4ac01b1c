"""Which files of a dataset repository hold the rows, and of which split: the rules of Hugging Face's `datasets`.

The card (the YAML at the top of README.md) says it, or the names of folders and files do.
"""

import posixpath
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vitrina.catalogue.readers.record import PICTURE_SUFFIXES
from vitrina.catalogue.splits import split_name

_SUFFIXES = {
    "parquet": (".parquet", ".pq"),
    "arrow": (".arrow",),
    "lines": (".jsonl", ".ndjson", ".json", ".jsonl.gz", ".ndjson.gz", ".json.gz"),
    "tables": (".csv", ".tsv", ".csv.gz", ".tsv.gz"),
    "tars": (".tar", ".tar.gz", ".tgz"),
    "pictures": tuple(PICTURE_SUFFIXES),
    "texts": (".txt", ".txt.gz"),
}
_IGNORED = frozenset({"README.md", "config.json", "dataset_info.json", "dataset_infos.json", "dataset_dict.json",
                      "state.json", "package.json", "requirements.txt", "LICENSE.txt"})  # fmt: skip
_KEYWORDS = {
    "train": ("train", "training"),
    "validation": ("validation", "valid", "dev", "val"),
    "test": ("test", "testing", "eval", "evaluation"),
}
_SIGNS = "-._ 0-9"
_SHARD = re.compile(r"data/(?P<split>[^/]+)-\d{5}-of-\d{5}[^/]*\.[^/]*")
_FRONT_MATTER = re.compile(r"\A\ufeff?---[ \t]*\r?\n(.*?)\r?\n---[ \t]*(?:\r?\n|\Z)", re.DOTALL)


@dataclass(frozen=True)
class Part:
    """One split: its name as the dataset writes it, and its files, relative to the repository."""

    split: str
    files: tuple[str, ...]


@dataclass(frozen=True)
class Layout:
    """The files of one configuration, all of one `kind` (`"parquet"`, `"arrow"`, `"lines"`, `"tables"`, `"tars"`,
    `"pictures"` or `"texts"`). `others` are the configurations that were not chosen."""

    kind: str
    parts: tuple[Part, ...]
    config: str | None = None
    others: tuple[str, ...] = ()

    @property
    def files(self) -> tuple[str, ...]:
        """The files of all splits."""
        return tuple(file for part in self.parts for file in part.files)

    def split_value(self, split: str) -> str | None:
        """What a product's `split` is: `train`, `val`, `test`, or None where the name says none of these.

        It is None, too, where everything is `train`: a dataset without splits is called so.
        """
        names = {split_name(part.split) for part in self.parts}
        return None if names == {"train"} else split_name(split)

    def only(self, split: str | None, *, name: str) -> tuple[Part, ...]:
        """The splits to read: all, or the named one. Raises ValueError, listing them, where there is none such."""
        if split is None:
            return self.parts
        wanted = split_name(split)
        exact = [part for part in self.parts if part.split == split]
        found = exact or [part for part in self.parts if wanted is not None and split_name(part.split) == wanted]
        if not found:
            splits = ", ".join(part.split for part in self.parts)
            raise ValueError(f"{name} has no split {split!r}: its splits are {splits}")
        return tuple(found)


def read_card(text: str, *, name: str) -> Mapping[str, Any]:
    """The facts at the top of a README.md: empty where it says nothing of files or columns.

    Raises ValueError, naming the dataset, where they are no YAML.
    """
    match = _FRONT_MATTER.match(text)
    if match is None or not re.search(r"^(?:configs|dataset_info):", match[1], re.MULTILINE):
        return {}
    try:
        import yaml
    except ImportError:
        raise ImportError(
            f"the README.md of {name} lists its files in YAML, which needs PyYAML: pip install 'vitrina[hub]'"
        ) from None
    try:
        facts = yaml.safe_load(match[1])
    except yaml.YAMLError as error:
        raise ValueError(f"{name}: the YAML at the top of README.md cannot be read: {error}") from error
    return facts if isinstance(facts, dict) else {}


def find_layout(files: Iterable[str], *, card: Mapping[str, Any], config: str | None, name: str) -> Layout | None:
    """The files to read of a dataset that has these `files` (relative, `/` between folders); None where none can be.

    Of several kinds of files the first of parquet, arrow, JSON lines, tables, tars, pictures and texts counts.
    Raises ValueError, listing them, where there are several configurations and none is named or marked as the
    default, or where the named one does not exist.
    """
    visible = sorted(file for file in files if _is_visible(file))
    declared = [each for each in card.get("configs") or () if isinstance(each, dict) and each.get("config_name")]
    if not declared:
        if config not in (None, "default"):
            raise ValueError(f"{name} has no configurations, so {config!r} cannot be chosen: leave it out")
        return _layout(_default_parts(visible), files=visible, is_declared=False)
    names = [str(each["config_name"]) for each in declared]
    chosen = choose_config(names, config=config, name=name, marked=[each for each in declared if each.get("default")])
    facts = declared[names.index(chosen)]
    folder = str(facts.get("data_dir") or "").strip("/")
    inside = [file for file in visible if not folder or file.startswith(f"{folder}/")]
    if facts.get("data_files"):
        # What the card names may well begin with a dot or have no split in its name.
        parts = _declared_parts(facts["data_files"], folder=folder, files=sorted(files))
    else:
        cut = len(folder) + 1 if folder else 0
        parts = [
            Part(part.split, tuple(file if not folder else f"{folder}/{file}" for file in part.files))
            for part in _default_parts([file[cut:] for file in inside])
        ]
    found = _layout(parts, files=visible, is_declared=True)
    others = tuple(each for each in names if each != chosen)
    return None if found is None else Layout(found.kind, found.parts, chosen, others)


def choose_config(
    names: Sequence[str], *, config: str | None, name: str, marked: Sequence[Mapping[str, Any]] = ()
) -> str:
    """The configuration to read. Raises ValueError, listing them, where that is not clear."""
    if config is not None:
        if config not in names:
            raise ValueError(f"{name} has no configuration {config!r}: it has {', '.join(names)}")
        return config
    if len(names) == 1:
        return names[0]
    if marked:
        return str(marked[0]["config_name"])
    if "default" in names:
        return "default"
    raise ValueError(f"{name} has several configurations, so one must be named: {', '.join(names)}")


def converted_layout(files: Iterable[str], *, config: str | None, name: str) -> Layout | None:
    """The layout of the hub's own conversion, whose files are `CONFIG/SPLIT/0000.parquet`; None where it is empty.

    A split that was converted in part only stands in a folder `partial-SPLIT`.
    """
    found: dict[str, dict[str, list[str]]] = {}
    for file in sorted(files):
        folders = file.split("/")
        if len(folders) == 3 and file.endswith(".parquet"):
            found.setdefault(folders[0], {}).setdefault(folders[1].removeprefix("partial-"), []).append(file)
    if not found:
        return None
    chosen = choose_config(list(found), config=config, name=name)
    return Layout("parquet", tuple(_in_order(found[chosen])), chosen, tuple(each for each in found if each != chosen))


def split_of(file: str) -> str | None:
    """The split that the name of a file or of a folder above it says, as `datasets` reads them, or None."""
    return _split_in_folders(file) or _split_in_name(file)


def is_split_word(name: str) -> bool:
    """Whether a folder's name is a split's and nothing else: `train`, not `train station`."""
    return any(name.lower() in words for words in _KEYWORDS.values())


def glob_pattern(pattern: str) -> re.Pattern[str]:
    """A pattern of files as `datasets` understands it: `*` stays in its folder, `**` goes through folders."""
    parts = []
    for piece in re.split(r"(\*\*/|\*\*|\*|\?|\[[^\]]+\])", pattern):
        plain = {"**/": "(?:[^/]+/)*", "**": ".*", "*": "[^/]*", "?": "[^/]"}.get(piece)
        if plain is None:
            is_set = piece.startswith("[") and piece.endswith("]")
            plain = ("[^" + piece[2:] if piece.startswith("[!") else piece) if is_set else re.escape(piece)
        parts.append(plain)
    return re.compile("".join(parts))


def kind_of_file(file: str) -> str | None:
    """The kind of a file by its name, or None where it holds no rows."""
    name = posixpath.basename(file)
    if name in _IGNORED or name.endswith("_stats.json"):
        return None
    return next((kind for kind, suffixes in _SUFFIXES.items() if name.lower().endswith(suffixes)), None)


def is_metadata(file: str) -> bool:
    """Whether a file says something about the pictures around it, by a column `file_name`."""
    return posixpath.basename(file) in ("metadata.csv", "metadata.jsonl", "metadata.parquet")


def _is_visible(file: str) -> bool:
    return not any(part.startswith((".", "__")) for part in file.split("/")) and kind_of_file(file) is not None


def _layout(parts: Sequence[Part], *, files: Sequence[str], is_declared: bool) -> Layout | None:
    """Those files of the parts that are of the kind that counts."""
    kinds = {kind_of_file(file) for part in parts for file in part.files}
    tables = {file for part in parts for file in part.files if kind_of_file(file) in ("parquet", "lines", "tables")}
    if any(is_metadata(file) for file in files) and "pictures" in kinds and all(is_metadata(file) for file in tables):
        kinds = {"pictures"}
    kind = next((kind for kind in _SUFFIXES if kind in kinds), None)
    if kind is None or (kind == "texts" and not is_declared and not any(split_of(f) for p in parts for f in p.files)):
        return None
    kept = [Part(part.split, tuple(file for file in part.files if kind_of_file(file) == kind)) for part in parts]
    return Layout(kind, tuple(part for part in kept if part.files))


def _default_parts(files: Sequence[str]) -> list[Part]:
    """The splits by the names: shards in `data/`, else folders, else files; else everything is `train`."""
    found: dict[str, list[str]] = {}
    for file in files:
        match = _SHARD.fullmatch(file)
        if match is not None:
            found.setdefault(match["split"], []).append(file)
    for find in (_split_in_folders, _split_in_name):
        if not found:
            for file in files:
                split = find(file)
                if split is not None:
                    found.setdefault(split, []).append(file)
    if not found and files:
        found["train"] = list(files)
    return _in_order(found)


def _in_order(found: Mapping[str, Sequence[str]]) -> list[Part]:
    """The splits: train, validation, test, then others."""
    order = [*(name for name in _KEYWORDS if name in found), *(name for name in found if name not in _KEYWORDS)]
    return [Part(split, tuple(found[split])) for split in order]


def _declared_parts(data_files: object, *, folder: str, files: Sequence[str]) -> list[Part]:
    """The splits that a card lists, in any of the four ways in which it may."""
    if isinstance(data_files, dict):
        pairs = [(str(split), paths) for split, paths in data_files.items()]
    elif isinstance(data_files, list) and any(isinstance(each, dict) for each in data_files):
        pairs = [(str(each.get("split", "train")), each.get("path")) for each in data_files if isinstance(each, dict)]
    else:
        pairs = [("train", data_files)]
    parts = []
    for split, paths in pairs:
        patterns = [glob_pattern(posixpath.join(folder, str(each))) for each in _as_list(paths)]
        matching = [file for pattern in patterns for file in files if pattern.fullmatch(file)]
        parts.append(Part(split, tuple(dict.fromkeys(matching))))
    return parts


def _as_list(value: object) -> list[object]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _split_in_folders(file: str) -> str | None:
    return next((split for folder in file.split("/")[:-1] if (split := _named(folder, ends=True))), None)


def _split_in_name(file: str) -> str | None:
    return _named(posixpath.basename(file), ends=False)


def _named(name: str, *, ends: bool) -> str | None:
    """The split whose keyword stands in a name, apart by signs or digits; a file's name has more behind it."""
    end = f"(?:[{_SIGNS}].*)?" if ends else f"[{_SIGNS}].*"
    for split, words in _KEYWORDS.items():
        if re.fullmatch(rf"(?:.*[{_SIGNS}])?(?:{'|'.join(words)}){end}", name):
            return split
    return None
