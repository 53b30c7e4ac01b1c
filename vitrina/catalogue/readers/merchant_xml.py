"""XML feeds of products: those for Google Merchant (RSS 2.0, Atom), and lists of products of other makes."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from vitrina.catalogue.readers.merchant import is_merchant, merchant_values
from vitrina.catalogue.readers.record import BadRow, Record
from vitrina.catalogue.readers.xml_items import ITEM_NAMES, Break, Element, read_feed

_ATOM = {"summary": "description", "content": "description"}


class XmlReader:
    """The items of an XML feed. Items in Google's words come under the names of our fields, others as they are. A row
    is the line in which an item begins."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.root = path.parent
        self.size = path.stat().st_size
        items = (found.what for found in read_feed(path))
        first = next((item for item in items if isinstance(item, Element)), None)
        if first is None:
            problem = next((f": {each.problem} in line {each.line}" for each in _breaks(path)), "")
            raise ValueError(
                f"{path} is an XML file without a readable product{problem}. Products are read from elements called "
                f"{', '.join(ITEM_NAMES)}"
            )
        self._is_merchant = is_merchant(_texts(first)) or bool(first.googles)
        self.note = f"taken for {'a Google Merchant feed' if self._is_merchant else 'a list of products'} in XML"

    def rows(self) -> Iterator[Record | BadRow]:
        for found in read_feed(self.path):
            what = found.what
            if isinstance(what, Break):
                yield BadRow(self.path, what.line, "broken XML", what.problem, found.position)
                continue
            values = _merchant(what, language=found.language) if self._is_merchant else _as_they_are(what)
            yield Record(self.path, what.line, values, found.position)


def _breaks(path: Path) -> Iterator[Break]:
    return (found.what for found in read_feed(path) if isinstance(found.what, Break))


def _texts(item: Element) -> dict[str, list[str]]:
    """An item's texts, Atom's words as RSS's."""
    texts = dict(item.texts)
    for theirs, ours in _ATOM.items():
        if theirs in texts:
            texts.setdefault(ours, texts[theirs])
            del texts[theirs]
    if "image_link" not in texts:
        picture = texts.get("media:content") or texts.get("enclosure") or texts.get("media:thumbnail")
        texts |= {"image_link": picture} if picture else {}
    return {name: each for name, each in texts.items() if not name.startswith(("media:", "xmlns", "enclosure"))}


def _merchant(item: Element, *, language: str | None) -> dict[str, Any]:
    details = [
        ":".join(" ".join(each.get(name, [""])) for name in ("section_name", "attribute_name", "attribute_value"))
        for each in item.nested.get("product_detail", [])
    ]
    values = merchant_values({**_texts(item), "product_detail": details})
    return {"language": language, **values} if language else values


def _as_they_are(item: Element) -> dict[str, Any]:
    """An item of a feed of another make: columns for `find_columns`. A child with children is a list or an object."""
    values: dict[str, Any] = {name: texts if len(texts) > 1 else texts[0] for name, texts in _texts(item).items()}
    for name, groups in item.nested.items():
        merged = {key: text for group in groups for key, text in group.items()}
        only = next(iter(merged.values())) if len(merged) == 1 else None
        flat = {key: texts if len(texts) > 1 else texts[0] for key, texts in merged.items()}
        values.setdefault(name, flat if only is None else only)
    return values
