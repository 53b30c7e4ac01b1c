"""WooCommerce: variations find their parents, wherever in the file they stand, and become products by `family`."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from vitrina.catalogue.readers.family import Variant, looks
from vitrina.catalogue.readers.record import BadRow, Reader, Record
from vitrina.catalogue.readers.shelf import open_shelf


@dataclass(frozen=True)
class WooItem:
    """One row of WooCommerce. `names` are what variations may call it (`id:12`, its SKU), `parent` what it calls its
    parent; `shared` are its values under the names of our fields; `variant` is what it is as something to order."""

    kind: Literal["product", "variable", "variation"]
    names: Sequence[str]
    parent: str | None
    shared: Mapping[str, Any]
    variant: Variant


class WooReader:
    """The products of a WooCommerce shop, from rows that `item` understands. A variation takes from its parent what it
    does not say itself; one whose parent is not in the file is a product of its own, in the group of its parent."""

    def __init__(self, reader: Reader, *, item: Callable[[Record], WooItem], what: str) -> None:
        self._reader = reader
        self._item = item
        self.path, self.root, self.size = reader.path, reader.root, reader.size
        self.note = "; ".join(each for each in (f"taken for {what}", reader.note) if each)

    def rows(self) -> Iterator[Record | BadRow]:
        with open_shelf(self.path) as shelf:
            for row in self._reader.rows():
                item = self._item(row) if isinstance(row, Record) else None
                if item is not None and item.kind == "variation" and isinstance(row, Record):
                    shelf.add(row, key=item.parent or f"row {row.row}")
            for row in self._reader.rows():
                if isinstance(row, BadRow):
                    yield row
                    continue
                item = self._item(row)
                if item.kind == "variable":
                    children = [child for name in item.names for child in shelf.take(name)]
                    yield from self._family(item, children=children, row=row)
                elif item.kind == "product":
                    yield from self._family(item, children=[], row=row)
            for family in shelf.rest():
                for row in family.rows:
                    yield self._orphan(row)

    def _family(self, item: WooItem, *, children: Sequence[Record], row: Record) -> Iterator[Record]:
        variants = [self._item(child).variant for child in children]
        shared = item.shared
        if variants:
            # What the variations say one by one, the parent says as a list of all.
            chosen = {name for each in variants for name in each.options} | {"sku", "barcode", "availability"}
            attributes = {name: value for name, value in shared["attributes"].items() if name not in chosen}
            shared = {**shared, "attributes": attributes}
        for look in looks(shared, variants=variants or [item.variant]):
            yield Record(self.path, look.row, look.values, row.position)

    def _orphan(self, row: Record) -> Record:
        item = self._item(row)
        (look,) = looks(item.shared, variants=[item.variant])
        values = {**look.values, "id": item.shared["id"], "item_group_id": item.parent}
        return Record(self.path, row.row, values, self.size)
