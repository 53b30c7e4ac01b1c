"""Which files belong to which split: the answers of `datasets` itself, on repositories of odd names."""

import random
from collections import Counter
from pathlib import Path

import pytest
from datasets.data_files import DataFilesDict, get_data_patterns

from vitrina.catalogue.readers.dataset_layout import converted_layout, find_layout, glob_pattern, read_card

WORDS = [
    "train", "test", "val", "dev", "validation", "training", "eval", "evaluation", "valid", "testing", "items", "shop",
    "x1", "contest", "trainer", "data", "Test",
]  # fmt: skip


def odd_files(draw: random.Random) -> set[str]:
    """A few names of files, with the words of splits in all places and as parts of other words."""

    def name() -> str:
        parts = [draw.choice(["", "-", ".", "_", " ", "0"]) + draw.choice(WORDS) for _ in range(draw.choice([1, 1, 2]))]
        return "".join(parts).lstrip(". _-")

    files = set()
    for _ in range(draw.randrange(1, 5)):
        folders = [name() for _ in range(draw.choice([0, 0, 1, 2]))]
        shard = f"data/{draw.choice(['train', 'test', 'foo'])}-00000-of-00002.csv"
        files.add(shard if draw.random() < 0.15 else "/".join([*folders, name() + draw.choice([".csv", "-1.csv"])]))
    return files


def as_datasets_says(folder: Path, patterns: dict[str, list[str]]) -> dict[str, set[str]]:
    found = DataFilesDict.from_patterns(patterns, base_path=str(folder))
    root = folder.resolve()
    return {str(split): {Path(file).relative_to(root).as_posix() for file in files} for split, files in found.items()}


@pytest.mark.parametrize("seed", range(40))
def test_splits_are_those_of_datasets(tmp_path: Path, seed: int) -> None:
    files = odd_files(random.Random(seed))
    for file in files:
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text("title\na\n")
    theirs = as_datasets_says(tmp_path, get_data_patterns(str(tmp_path)))
    layout = find_layout(files, card={}, config=None, name="shop")
    assert layout is not None
    ours = {part.split: set(part.files) for part in layout.parts}
    places = Counter(file for split in theirs.values() for file in split)
    assert set(ours) <= set(theirs)
    for split, found in ours.items():
        assert found <= theirs[split]
        assert {file for file in theirs[split] if places[file] == 1} <= found
    assert Counter(file for split in ours.values() for file in split) == dict.fromkeys(places, 1)


@pytest.mark.parametrize(
    "pattern",
    [
        "*.csv",
        "**/*.csv",
        "data/train-*",
        "data/*/*.csv",
        "**/train/**",
        "[ab].csv",
        "data/**",
        "?.csv",
        "data/train-0.csv",
    ],
)
def test_patterns_mean_what_they_mean_to_datasets(tmp_path: Path, pattern: str) -> None:
    files = ["a.csv", "c.csv", "ab.csv", "data/train-0.csv", "data/train/x.csv", "data/deep/train/y.csv"]
    for file in files:
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text("title\na\n")
    (theirs,) = as_datasets_says(tmp_path, {"train": [pattern]}).values()
    assert {file for file in files if glob_pattern(pattern).fullmatch(file)} == theirs


def test_a_dataset_that_is_all_train_has_no_splits() -> None:
    alone = find_layout(["train.csv"], card={}, config=None, name="shop")
    beside = find_layout(["train.csv", "test.csv"], card={}, config=None, name="shop")
    assert alone is not None and alone.split_value("train") is None
    assert beside is not None and (beside.split_value("train"), beside.split_value("test")) == ("train", "test")
    assert beside.split_value("unsupervised") is None


def test_what_holds_no_rows_is_no_layout() -> None:
    for files in ([], ["README.md"], ["pictures.zip"], ["notes.txt"], [".hidden.csv"], ["__pycache__/x.json"]):
        assert find_layout(files, card={}, config=None, name="shop") is None
        assert converted_layout(files, config=None, name="shop") is None


def test_a_card_without_facts_about_files_needs_no_yaml() -> None:
    assert read_card("---\nlicense: [broken\n---\n", name="shop") == {}
    assert read_card("no card at all", name="shop") == {}
    assert read_card("---\nconfigs: []\n---\n", name="shop") == {"configs": []}
