"""Which column stands for which field, as a file that is saved, edited and used again."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from vitrina.catalogue.columns import Columns, check_fields
from vitrina.catalogue.manifest import whole


@dataclass(frozen=True)
class FoundMapping:
    """The mapping of several files as one. `fields` reads them all as the guess did; fields that have other columns
    in other files, or whose column says more than its name can, are not in it and stay `guessed`, file by file."""

    fields: dict[str, str]
    guessed: tuple[str, ...]


def mapping_of(files: Sequence[Columns]) -> FoundMapping:
    """The mapping that reads files as they were read. A field without a column is left out, so that one which
    appears later in a file is still found."""
    found: dict[str, set[str | None]] = {}
    for columns in files:
        for field, names in _fields(columns).items():
            # A comma separates columns.
            is_plain = not any("," in name for name in names) or len(names) == 1
            if field not in columns.constants:
                found.setdefault(field, set()).add(",".join(names) if is_plain else None)
        # A constant counts where a row says nothing: the column is found by itself as before.
        for field, value in columns.constants.items():
            found.setdefault(field, set()).add(f"={value}")
    fields = {field: next(iter(values)) for field, values in found.items() if len(values) == 1}
    agreed = {field: value for field, value in fields.items() if value is not None}
    return FoundMapping(agreed, tuple(field for field in found if field not in agreed))


def read_mapping(path: Path) -> dict[str, str]:
    """Reads a mapping: a JSON object of fields and their columns, in the words of `--map`.

    Raises ValueError, naming the file and what to do, where it is none.

    >>> read_mapping(Path("shop.json"))  # doctest: +SKIP
    {'title': 'name', 'category': 'department,section', 'brand': ''}
    """
    example = 'a mapping looks like {"title": "product_name", "category": "department,section", "brand": ""}'
    try:
        mapping = json.loads(Path(path).read_text(encoding="utf-8-sig"), object_pairs_hook=_without_repeats)
    except FileNotFoundError:
        raise ValueError(f"the mapping {path} does not exist: write one with --save-mapping {path}") from None
    except (OSError, UnicodeError) as error:
        raise ValueError(f"the mapping {path} cannot be read: {error}") from error
    except json.JSONDecodeError as error:
        raise ValueError(
            f"the mapping {path} is no JSON: line {error.lineno}, column {error.colno}: {error.msg}; {example}"
        ) from error
    except (ValueError, RecursionError) as error:
        raise ValueError(f"the mapping {path} cannot be used: {error}") from error
    if not isinstance(mapping, dict):
        raise ValueError(f"the mapping {path} is no object of fields and columns: {example}")
    for field, column in mapping.items():
        if not isinstance(column, str):
            raise ValueError(
                f"the mapping {path} gives {field!r} {json.dumps(column)[:60]} where a column's name is expected: "
                'write several columns as "first,second", and "" to leave the field empty'
            )
    try:
        check_fields(mapping)
    except ValueError as error:
        raise ValueError(f"the mapping {path} cannot be used: {error}") from error
    return mapping


def write_mapping(path: Path, *, mapping: Mapping[str, str]) -> None:
    """Writes a mapping for `read_mapping`, and for a person to edit; an older one is replaced in one step.

    Raises ValueError for a field that products do not have, and OSError where the file cannot be written.
    """
    check_fields(mapping)
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole(path) as part:
        part.write_text(json.dumps(dict(mapping), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _fields(columns: Columns) -> dict[str, list[str]]:
    """The columns of every field that has any."""
    pairs: list[tuple[str, list[str | None]]] = [
        ("id", [columns.id]),
        ("title", [each.name for each in columns.titles]),
        ("description", [each.name for each in columns.descriptions]),
        ("image", list(columns.images)),
        ("price", [columns.price]),
        ("currency", [columns.currency]),
        ("brand", [columns.brand]),
        ("category", list(columns.category)),
        ("language", [columns.language]),
        ("group", [columns.group]),
        ("split", [columns.split]),
        ("domain", [columns.domain]),
        ("attributes", [columns.attributes]),
    ]
    found = {field: [name for name in names if name] for field, names in pairs}
    return {field: names for field, names in found.items() if names}


def _without_repeats(pairs: list[tuple[str, object]]) -> dict[str, object]:
    twice = next((name for name, _ in pairs if [key for key, _ in pairs].count(name) > 1), None)
    if twice is not None:
        raise ValueError(f"it names {twice!r} twice: keep one")
    return dict(pairs)
