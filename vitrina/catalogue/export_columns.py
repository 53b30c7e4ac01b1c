# pyright: reportAttributeAccessIssue=false
# Arrow makes its compute functions when it is imported.
"""The columns of an export: named so that `vitrina ingest` reads the same products back.

A title in Spanish stands in `title_es`, a second one in `title_2_es`, one whose language nobody said in `title`.
Ingest reads texts in the order of their columns. Where products have their languages in different orders, no order
of such columns would give every product its own back: then the number of a text is its place among all texts of the
product (`title_1_es`, `title_2_en`).
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from graphlib import CycleError, TopologicalSorter

import pyarrow as pa
import pyarrow.compute as pc
from tqdm import tqdm

from vitrina.catalogue.columns import find_columns
from vitrina.catalogue.product import Product, Text
from vitrina.catalogue.shards import PRICE
from vitrina.catalogue.store import Catalogue

Slot = tuple[int, str | None]
"""Which text of a product: its number, counted from 1 (within its language, or among all), and its language."""
_PATH_SIGNS = (">", "»", "›")
_EXACT_INTEGER = 2**53


@dataclass(frozen=True)
class TextColumns:
    """The columns of titles, or of descriptions, by slot and in order; `by` says what the numbers count."""

    names: Mapping[Slot, str]
    known: Mapping[str | None, str | None]
    by: str

    def values(self, texts: Sequence[Text]) -> dict[str, str | None]:
        """Every column with the product's text in it, or None."""
        cells: dict[str, str | None] = dict.fromkeys(self.names.values())
        for slot, text in zip(_slots([self.known[text.language] for text in texts], by=self.by), texts, strict=True):
            cells[self.names[slot]] = text.text
        return cells


@dataclass(frozen=True)
class ExportColumns:
    """The columns of an export. `splits` counts products; `notes` say what ingest would not read back as it is."""

    titles: TextColumns
    descriptions: TextColumns
    splits: Mapping[str, int]
    notes: tuple[str, ...]

    @property
    def languages(self) -> tuple[str, ...]:
        """Every language that a text has, in alphabetical order."""
        found = {language for each in (self.titles, self.descriptions) for language in each.known if language}
        return tuple(sorted(found))

    def values(self, product: Product) -> dict[str, object]:
        """A row without its pictures: texts, lists of texts, a Decimal and a dict."""
        return {
            "id": product.id,
            **self.titles.values(product.titles),
            **self.descriptions.values(product.descriptions),
            "brand": product.brand,
            "category": _category(product.category),
            "price": product.price,
            "currency": product.currency,
            "attributes": dict(product.attributes) or None,
            "domain": product.domain,
            "group_id": product.group,
            "split": product.split,
        }

    def json_values(self, product: Product) -> dict[str, object]:
        """A row for JSON: the price is a number where a number says it exactly."""
        return {**self.values(product), "price": None if product.price is None else _json_price(product.price)}

    def arrow_values(self, product: Product) -> dict[str, object]:
        """A row for `schema`: attributes are a JSON object in a text."""
        attributes = json.dumps(dict(product.attributes), ensure_ascii=False) if product.attributes else None
        return {**self.values(product), "attributes": attributes}

    def schema(self, *, pictures: pa.DataType) -> pa.Schema:
        """The Arrow columns, with `images` of the given type."""
        texts = [*self.titles.names.values(), *self.descriptions.names.values()]
        return pa.schema(
            [
                pa.field("id", pa.string()),
                *(pa.field(name, pa.string()) for name in texts),
                pa.field("brand", pa.string()),
                pa.field("category", pa.list_(pa.string())),
                pa.field("price", PRICE),
                pa.field("currency", pa.string()),
                pa.field("attributes", pa.string()),
                pa.field("domain", pa.string()),
                pa.field("group_id", pa.string()),
                pa.field("split", pa.string()),
                pa.field("images", pictures),
            ]
        )


def look_over(catalogue: Catalogue) -> ExportColumns:
    """The columns that every product of a catalogue fits into. Reads every text's language and nothing else."""
    fields = {"title": _Seen("title"), "description": _Seen("description")}
    splits: Counter[str] = Counter()
    bare = 0
    with tqdm(total=len(catalogue), desc="looking over", delay=2, disable=None, leave=False) as bar:
        for batch in catalogue.fact_batches():
            splits.update(batch.column("split").to_pylist())
            texts, pictures = (batch.column(name).to_numpy() for name in ("text_count", "picture_count"))
            bare += int(((texts == 0) & (pictures == 0)).sum())
            for seen, name in zip(fields.values(), ("titles", "descriptions"), strict=True):
                for languages in _languages(batch.column(name)):
                    seen.add(languages)
            bar.update(batch.num_rows)
    titles, descriptions = (seen.columns() for seen in fields.values())
    return ExportColumns(titles, descriptions, splits, tuple(_notes(titles, descriptions, bare=bare)))


class _Seen:
    """Which texts there are, by language and place, and which stand before which: a few names, however many texts."""

    def __init__(self, field: str) -> None:
        self._field = field
        self._known: dict[str | None, str | None] = {}
        self._before: dict[Slot, set[Slot]] = {}
        self._places: set[Slot] = set()

    def add(self, languages: Sequence[str | None]) -> None:
        for language in languages:
            if language not in self._known:
                self._known[language] = _as_named(language, field=self._field)
        named = [self._known[language] for language in languages]
        self._places.update(_slots(named, by="place"))
        last = None
        for slot in _slots(named, by="language"):
            before = self._before.setdefault(slot, set())
            if last is not None:
                before.add(last)
            last = slot

    def columns(self) -> TextColumns:
        try:
            slots, by = list(TopologicalSorter(self._before).static_order()), "language"
        except CycleError:
            slots, by = sorted(self._places, key=lambda slot: (slot[0], slot[1] or "")), "place"
        return TextColumns({slot: self._name(slot, by=by) for slot in slots}, self._known, by)

    def _name(self, slot: Slot, *, by: str) -> str:
        number, language = slot
        is_numbered = number > 1 or by == "place"
        return f"{self._field}{f'_{number}' if is_numbered else ''}{_suffix(language)}"


def _slots(languages: Sequence[str | None], *, by: str) -> Iterator[Slot]:
    counts: Counter[str | None] = Counter()
    for place, language in enumerate(languages, 1):
        counts[language] += 1
        yield (place if by == "place" else counts[language]), language


def _languages(lists: pa.Array) -> Iterator[list[str | None]]:
    """The languages of each product's texts, of products that have any."""
    parents = pc.list_parent_indices(lists).to_pylist()
    languages = pc.struct_field(pc.list_flatten(lists), "language").to_pylist()
    own: list[str | None] = []
    for number, (parent, language) in enumerate(zip(parents, languages, strict=True)):
        if own and parent != parents[number - 1]:
            yield own
            own = []
        own.append(language)
    if own:
        yield own


def _suffix(language: str | None) -> str:
    return "" if language is None else f"_{language.lower().replace('-', '_')}"


def _as_named(language: str | None, *, field: str) -> str | None:
    """The language where ingest reads it from a column's name; None where it does not."""
    found = find_columns([f"{field}{_suffix(language)}"], overrides={})
    columns = found.titles if field == "title" else found.descriptions
    return language if [each.language for each in columns] == [language] else None


def _notes(titles: TextColumns, descriptions: TextColumns, *, bare: int) -> Iterator[str]:
    if bare:
        yield f"{bare:,} products have neither a text nor a picture: `vitrina ingest` takes none of those"
    unknown = {language for each in (titles, descriptions) for language, name in each.known.items() if language != name}
    if unknown:
        yield f"texts in {', '.join(sorted(filter(None, unknown)))}: no column can name the language, so it is left out"
    names = [*titles.names.values(), *descriptions.names.values()]
    found = find_columns(names, overrides={})
    read = {each.name for each in (*found.titles, *found.descriptions)}
    unread = [name for name in names if name not in read]
    if unread:
        yield f"`vitrina ingest` takes {', '.join(unread[:3])}{', …' if len(unread) > 3 else ''} for attributes"


def _category(levels: Sequence[str]) -> list[str | None] | None:
    """The levels; a lonely one with a sign of a path in its name gets an empty one beside it, so that it stays one."""
    if len(levels) == 1 and any(sign in levels[0] for sign in _PATH_SIGNS):
        return [levels[0], None]
    return list(levels) or None


def _json_price(price: Decimal) -> int | float | str:
    if price == price.to_integral_value() and price < _EXACT_INTEGER:
        return int(price)
    number = float(price)
    return number if Decimal(repr(number)) == price else f"{price:.6f}"
