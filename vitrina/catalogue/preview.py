"""What an ingest would make of a shop's files, shown before it is done: nothing is written and nothing downloaded."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from vitrina.catalogue.download_address import is_web_address, shown
from vitrina.catalogue.ingest import finished
from vitrina.catalogue.ingest_pictures import Loaded, Ready, load
from vitrina.catalogue.ingest_source import SNIFFED_ROWS, Entry, Source, open_sources
from vitrina.catalogue.mapping import mapping_of
from vitrina.catalogue.pictures import PictureError
from vitrina.catalogue.product import Product, Text
from vitrina.catalogue.report import FileReport, Problem, Tally
from vitrina.catalogue.rows import Draft, RowError

_LONGEST_TEXT = 160
_LABEL = 12


@dataclass(frozen=True)
class PreviewPicture:
    """A picture of a row: the path, address or size by which one knows it, and what would become of it."""

    name: str
    state: str


@dataclass(frozen=True)
class PreviewRow:
    """One row as it would be ingested: a product, or why it would be rejected."""

    file: Path
    row: int
    product: Product | None
    pictures: tuple[PreviewPicture, ...]
    rejected: str = ""
    bad_price: str | None = None


@dataclass(frozen=True)
class PreviewFile:
    """How one file would be read. `rows` are shown in full; `problems` are those of the first `read` rows, their
    pictures not looked at."""

    report: FileReport
    read: int
    rows: tuple[PreviewRow, ...]
    problems: tuple[Problem, ...]


@dataclass(frozen=True)
class Preview:
    """What an ingest would make of files. `mapping` is the complete mapping as it was found; the fields in `guessed`
    have other columns in other files and cannot stand in it."""

    files: tuple[PreviewFile, ...]
    mapping: dict[str, str]
    guessed: tuple[str, ...]

    def text(self) -> str:
        """The preview for a terminal."""
        lines: list[str] = []
        for file in self.files:
            lines += [*_file_lines(file), ""]
        lines.append("the mapping, as found (--save-mapping FILE keeps it, --mapping FILE uses it):")
        lines += [f"  {field} = {columns}" for field, columns in self.mapping.items()]
        if self.guessed:
            lines.append(f"  left to each file: {', '.join(self.guessed)}")
        return "\n".join([*lines, "nothing was written, nothing was downloaded"])


def preview(
    sources: Sequence[str | Path],
    *,
    columns: Mapping[str, str] | None = None,
    root: Path | None = None,
    rows: int = 10,
) -> Preview:
    """What `ingest` would make of the sources: each file's columns, some `rows` as products, and the mapping.

    The rows are dealt to the files evenly and come from their beginnings. Problems are counted in the first thousand
    rows of each. Raises ValueError as `ingest` does where a source or a column cannot be used.

    >>> print(preview(["feed.csv"]).text())  # doctest: +SKIP
    """
    if rows < 0:
        raise ValueError(f"{rows} rows cannot be shown: name a number from 0 on")
    opened = open_sources(sources, columns=columns, root=root)
    share, more = divmod(rows, len(opened))
    files = tuple(_file(source, rows=share + (number < more)) for number, source in enumerate(opened))
    mapping = mapping_of([source.columns for source in opened])
    return Preview(files, mapping.fields, mapping.guessed)


def _file(source: Source, *, rows: int) -> PreviewFile:
    tally, shown_rows, read = Tally(), [], 0
    for entry in islice(source.entries(), SNIFFED_ROWS):
        read += 1
        if len(shown_rows) < rows:
            shown_rows.append(_row(entry, root=source.root))
        finished(Loaded(entry, tuple(b"" for _ in entry.references), ()), tally=tally)
    return PreviewFile(source.report(), read, tuple(shown_rows), tally.problems())


def _row(entry: Entry, *, root: Path) -> PreviewRow:
    """A row with its pictures looked at, except for those that would have to be downloaded."""
    loaded = load(Ready(entry, entry.references), root=root)
    pictures = tuple(
        _picture(reference, picture) for reference, picture in zip(entry.references, loaded.pictures, strict=True)
    )
    if isinstance(entry.outcome, RowError):
        return PreviewRow(entry.file, entry.row, None, (), rejected=str(entry.outcome))
    assumed = tuple(
        b"" if isinstance(reference, str) and is_web_address(reference) else picture
        for reference, picture in zip(entry.references, loaded.pictures, strict=True)
    )
    tally = Tally()
    product = finished(Loaded(entry, assumed, ()), tally=tally)
    rejected = next((problem.reason for problem in tally.problems() if problem.kind == "row"), "")
    assert isinstance(entry.outcome, Draft)
    if product is not None:
        product = replace(product, pictures=tuple(filter(None, product.pictures)))
    return PreviewRow(entry.file, entry.row, product, pictures, rejected, entry.outcome.bad_price)


def _picture(reference: bytes | str, picture: bytes | PictureError) -> PreviewPicture:
    name = shown(reference) if isinstance(reference, str) else f"{len(reference) / 1000:,.0f} kB in the file"
    if isinstance(reference, str) and is_web_address(reference):
        return PreviewPicture(name, "to be downloaded")
    return PreviewPicture(name, "found" if isinstance(picture, bytes) else picture.reason)


def _file_lines(file: PreviewFile) -> list[str]:
    rejected = sum(problem.count for problem in file.problems if problem.kind == "row")
    head = f"{file.report.file}: of the first {file.read:,} rows, {rejected:,} would be rejected"
    head += " before their pictures are looked at"
    lines = [head, f"  {file.report.columns}", *(f"  note: {note}" for note in file.report.notes)]
    for problem in file.problems:
        lines.append(f"  {problem.count:,} × {problem.reason} ({problem.samples[0].text()})")
    for row in file.rows:
        lines += ["", *_row_lines(row)]
    return lines


def _row_lines(row: PreviewRow) -> list[str]:
    head = f"  row {row.row:,}"
    pictures = ", ".join(f"{_cut(picture.name)} ({picture.state})" for picture in row.pictures)
    if row.product is None:
        return [f"{head}: rejected: {row.rejected}", *([f"    {'pictures':<{_LABEL}}{pictures}"] if pictures else [])]
    product = row.product
    price = None if product.price is None else " ".join(filter(None, (f"{product.price:f}", product.currency)))
    facts = [
        *(("title", _text(each)) for each in product.titles),
        *(("description", _text(each)) for each in product.descriptions),
        ("price", f"not understood: {row.bad_price}" if row.bad_price is not None else price),
        ("brand", product.brand),
        ("category", " > ".join(product.category)),
        ("group", product.group),
        ("domain", product.domain),
        ("split", product.split),
        ("pictures", pictures or "none"),
        ("attributes", "; ".join(f"{name}: {_cut(value)}" for name, value in product.attributes.items())),
    ]
    return [f"{head}: {product.id}", *(f"    {name:<{_LABEL}}{value}" for name, value in facts if value)]


def _text(text: Text) -> str:
    return _cut(text.text) + (f" [{text.language}]" if text.language else "")


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_TEXT else text[: _LONGEST_TEXT - 1].rstrip() + "…"
