"""A file of labels, and a file of examples: what a user writes down about what products are to be called.

Labels are one a line, and a line with `{}` is a template for all of them:

    Zapatillas
    Botas
    una foto de {}

or a CSV or TSV with a header: `label`, and if wanted `words` (what titles say for it; several with `|` between them),
`language` (of these words) and `template` (a row without a label: a sentence with `{}`). A label may have several rows,
as one a language. Spanish headers (`etiqueta`, `palabras`, `idioma`, `plantilla`) do as well.
"""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from vitrina.tasks.labels import Label, Labels, Word
from vitrina.tasks.sameness import plain

_HEADERS = {
    "label": "label", "etiqueta": "label", "words": "words", "palabras": "words", "language": "language",
    "lang": "language", "idioma": "language", "template": "template", "plantilla": "template", "id": "id",
}  # fmt: skip
_TABLES = (".csv", ".tsv")


@dataclass(frozen=True)
class _Row:
    line: int
    values: dict[str, str]


def read_labels(path: Path) -> Labels:
    """The labels and templates of a file. Raises ValueError, naming file and line, where it cannot be one.

    >>> read_labels(Path("labels.txt")).names  # doctest: +SKIP
    ['Zapatillas', 'Botas']
    """
    text = _text(path, what="labels")
    found = _of_table(path, text) if path.suffix.lower() in _TABLES else _of_lines(path, text)
    if len(found) < 2:
        count = "holds no label" if not found.labels else f"holds one label alone ({found.names[0]!r})"
        raise ValueError(f"{path} {count}: write two or more, one a line, or as the column `label` of a CSV file")
    return found


def read_examples(path: Path) -> dict[str, str]:
    """The label of each product by its id, from the columns `id` and `label` of a CSV or TSV file.

    Raises ValueError, naming file and line, where a row lacks one, or gives a product two labels.
    """
    found: dict[str, str] = {}
    lines: dict[str, int] = {}
    for row in _rows(path, _text(path, what="examples"), known=("id", "label"), needed=("id", "label")):
        id_, label = row.values["id"], row.values["label"]
        if not id_ or not label:
            raise ValueError(f"{path}, line {row.line}: an example is an id and a label; fill in both or leave it out")
        if found.get(id_, label) != label:
            raise ValueError(
                f"{path}, line {row.line}: product {id_!r} is {label!r} here and {found[id_]!r} in line {lines[id_]}: "
                "keep one"
            )
        found[id_], lines[id_] = label, row.line
    if not found:
        raise ValueError(f"{path} holds no examples: write a product's id and its label in each row")
    return found


def _of_lines(path: Path, text: str) -> Labels:
    lines: dict[str, int] = {}
    labels: list[Label] = []
    templates: list[str] = []
    for number, line in enumerate(text.splitlines(), start=1):
        name = " ".join(line.split())
        if "{}" in name:
            templates.append(name)
        elif name:
            _refuse_repeats(path, name, line=number, lines=lines)
            labels.append(Label(name))
    return Labels(tuple(labels), {"": tuple(dict.fromkeys(templates))} if templates else {})


def _of_table(path: Path, text: str) -> Labels:
    words: dict[str, list[Word]] = {}
    lines: dict[str, int] = {}
    templates: dict[str, list[str]] = {}
    for row in _rows(path, text, known=("label", "words", "language", "template"), needed=("label",)):
        get = row.values.get
        label, template, language = get("label", ""), get("template", ""), get("language", "").split("-")[0].lower()
        if template:
            if label:
                raise ValueError(f"{path}, line {row.line}: a template stands in a row of its own, without a label")
            if "{}" not in template:
                raise ValueError(f"{path}, line {row.line}: the template {template!r} has no {{}} where the label goes")
            templates.setdefault(language, []).append(template)
            continue
        if not label:
            raise ValueError(f"{path}, line {row.line}: the row has no label: fill in the column `label`")
        own = [part.strip() for part in get("words", "").split("|") if part.strip()]
        if label in words and not own:
            raise ValueError(f"{path}, line {row.line}: the label {label!r} of line {lines[label]} again: keep one")
        if label not in words:
            _refuse_repeats(path, label, line=row.line, lines=lines)
            lines[label] = row.line
        words.setdefault(label, []).extend(Word(each, language or None) for each in own)
    labels = tuple(Label(name, tuple(dict.fromkeys(own))) for name, own in words.items())
    return Labels(labels, {language: tuple(dict.fromkeys(own)) for language, own in templates.items()})


def _refuse_repeats(path: Path, name: str, *, line: int, lines: dict[str, int]) -> None:
    """Raises ValueError for a label that stands there already, whatever its capitals."""
    key = "=" + plain(name)
    if key in lines:
        raise ValueError(f"{path}, line {line}: the label {name!r} stands in line {lines[key]} already: keep one")
    lines[key] = line


def _rows(path: Path, text: str, *, known: tuple[str, ...], needed: tuple[str, ...]) -> Iterator[_Row]:
    """The rows of a table that are not empty, by our names of its columns."""
    if path.suffix.lower() not in _TABLES:
        raise ValueError(f"{path} is no .csv or .tsv file: save the table as one, with the columns {', '.join(known)}")
    delimiter = "\t" if path.suffix.lower() == ".tsv" else _delimiter(text)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    columns: list[str | None] = []
    try:
        for cells in reader:
            stripped = [" ".join(cell.split()) for cell in cells]
            if not any(stripped):
                continue
            if not columns:
                columns = [_HEADERS.get(cell.lower()) for cell in stripped]
                missing = [name for name in needed if name not in columns]
                if missing:
                    raise ValueError(
                        f"{path}, line {reader.line_num}: the header {', '.join(stripped)} lacks {missing[0]!r}: "
                        f"the columns are {', '.join(known)}"
                    )
                continue
            if len(stripped) > len(columns):
                raise ValueError(
                    f"{path}, line {reader.line_num}: {len(stripped)} cells where the header has {len(columns)}: "
                    f"put a text that holds {delimiter!r} in quotes"
                )
            yield _Row(reader.line_num, {name: c for name, c in zip(columns, stripped, strict=False) if name in known})
    except csv.Error as error:
        raise ValueError(f"{path}, line {reader.line_num}: {error}: save the file as CSV anew") from error
    if not columns:
        raise ValueError(f"{path} is empty: it needs a header with the columns {', '.join(known)}")


def _delimiter(text: str) -> str:
    """What stands between the cells of the header: Spanish spreadsheets write semicolons."""
    header = next((line for line in text.splitlines() if line.strip()), "")
    return max(",;\t", key=header.count)


def _text(path: Path, *, what: str) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise ValueError(f"there is no file {path}: name a file of {what}") from None
    except IsADirectoryError:
        raise ValueError(f"{path} is a folder: name a file of {what}") from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise ValueError(f"{path}, line {line}: byte {error.start} is no UTF-8: save the file as UTF-8") from None
