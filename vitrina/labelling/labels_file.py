"""A file of labels, and a file of examples: what a user writes down about what products are to be called.

Labels are one a line, and a line with `{}` is a template for all of them:

    Zapatillas
    Botas
    una foto de {}

or a CSV or TSV with a header: `label`, and if wanted `words` (what titles say for it; several with `|` between them),
`language` (of these words) and `template` (a row without a label: a sentence with `{}`). A label may have several rows,
as one a language. Spanish headers (`etiqueta`, `palabras`, `idioma`, `plantilla`) do as well.
"""

from collections.abc import Iterator
from pathlib import Path

from vitrina.catalogue.handwritten import Row, read_table, read_text
from vitrina.tasks.labels import Label, Labels, Word
from vitrina.tasks.sameness import plain

_HEADERS = {
    "label": "label", "etiqueta": "label", "words": "words", "palabras": "words", "language": "language",
    "lang": "language", "idioma": "language", "template": "template", "plantilla": "template", "id": "id",
}  # fmt: skip
_TABLES = (".csv", ".tsv")


def read_labels(path: Path) -> Labels:
    """The labels and templates of a file. Raises ValueError, naming file and line, where it cannot be one.

    >>> read_labels(Path("labels.txt")).names  # doctest: +SKIP
    ['Zapatillas', 'Botas']
    """
    found = _of_table(path) if path.suffix.lower() in _TABLES else _of_lines(path)
    if len(found) < 2:
        count = "holds no label" if not found.labels else f"holds one label alone ({found.names[0]!r})"
        raise ValueError(f"{path} {count}: write two or more, one a line, or as the column `label` of a CSV file")
    return found


def read_examples(path: Path) -> dict[str, str]:
    """The label of each product by its id, from the columns `id` and `label` of a CSV or TSV file.

    Raises ValueError, naming file and line, where a row lacks one, or gives a product two labels.
    """
    found: dict[str, str] = {}
    places: dict[str, str] = {}
    for row in _rows(path, what="examples", known=("id", "label"), needed=("id", "label")):
        id_, label = row.cells["id"], " ".join(row.cells["label"].split())
        if not id_ or not label:
            raise row.wrong("an example is an id and a label; fill in both or leave it out")
        if found.get(id_, label) != label:
            raise row.wrong(f"product {id_!r} is {label!r} here and {found[id_]!r} in {places[id_]}: keep one")
        found[id_], places[id_] = label, row.place
    if not found:
        raise ValueError(f"{path} holds no examples: write a product's id and its label in each row")
    return found


def _of_lines(path: Path) -> Labels:
    places: dict[str, str] = {}
    labels: list[Label] = []
    templates: list[str] = []
    for number, line in enumerate(read_text(path, what="labels").splitlines(), start=1):
        name = " ".join(line.split())
        if "{}" in name:
            templates.append(name)
        elif name:
            _refuse_repeats(name, row=Row(f"{path}, line {number}", {}), places=places)
            labels.append(Label(name))
    return Labels(tuple(labels), {"": tuple(dict.fromkeys(templates))} if templates else {})


def _of_table(path: Path) -> Labels:
    words: dict[str, list[Word]] = {}
    places: dict[str, str] = {}
    templates: dict[str, list[str]] = {}
    for row in _rows(path, what="labels", known=("label", "words", "language", "template"), needed=("label",)):
        label, template = (" ".join(row.cells[name].split()) for name in ("label", "template"))
        language = row.cells["language"].split("-")[0].lower()
        if template:
            if label:
                raise row.wrong("a template stands in a row of its own, without a label")
            if "{}" not in template:
                raise row.wrong(f"the template {template!r} has no {{}} where the label goes")
            templates.setdefault(language, []).append(template)
            continue
        if not label:
            raise row.wrong("the row has no label: fill in the column `label`")
        own = [" ".join(part.split()) for part in row.cells["words"].split("|") if part.strip()]
        if label not in words or not own:
            _refuse_repeats(label, row=row, places=places)
        words.setdefault(label, []).extend(Word(each, language or None) for each in own)
    labels = tuple(Label(name, tuple(dict.fromkeys(own))) for name, own in words.items())
    return Labels(labels, {language: tuple(dict.fromkeys(own)) for language, own in templates.items()})


def _refuse_repeats(name: str, *, row: Row, places: dict[str, str]) -> None:
    """Raises ValueError for a label that stands there already, whatever its capitals."""
    key = plain(name)
    if key in places:
        raise row.wrong(f"the label {name!r} stands in {places[key]} already: keep one")
    places[key] = row.place


def _rows(path: Path, *, what: str, known: tuple[str, ...], needed: tuple[str, ...]) -> Iterator[Row]:
    """The rows of a table. Raises ValueError where the file is of another kind."""
    if path.suffix.lower() not in _TABLES:
        raise ValueError(f"{path} is no .csv or .tsv file: save the table as one, with the columns {', '.join(known)}")
    columns = {header: name for header, name in _HEADERS.items() if name in known}
    return read_table(path, what=what, columns=columns, needed=needed)
