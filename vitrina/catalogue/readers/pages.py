"""Shops' web pages: the products that their JSON-LD describes."""

import os
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from json import JSONDecoder
from pathlib import Path

from vitrina.catalogue.readers.json_ld import products_in
from vitrina.catalogue.readers.opening import MAX_LINE_BYTES, find_encoding, kind_of, open_bytes
from vitrina.catalogue.readers.record import BadRow, Record

PAGE_SUFFIXES = (".html", ".htm", ".xhtml")
"""How files of pages end."""

_JSON = JSONDecoder(strict=False, parse_constant=lambda _: None)  # pages have line breaks inside of texts
_WRAPPING = re.compile(
    r"^\s*(?:<!--|(?://\s*|/\*\s*)?<!\[CDATA\[(?:\s*\*/)?)|(?:-->|(?://\s*|/\*\s*)?\]\]>(?:\s*\*/)?)\s*$|;\s*$"
)


class PagesReader:
    """A page, or the pages in a folder and those below it. A row is the line of the script that describes a product;
    a product without any number is known by its page's path."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.root = path if path.is_dir() else path.parent
        self.size = sum(each.stat().st_size for each in pages_under(path))
        self.note = "taken for web pages with schema.org products in JSON-LD"

    def rows(self) -> Iterator[Record | BadRow]:
        position = 0
        for page in pages_under(self.path):
            position += page.stat().st_size
            yield from self._page(page, position=position)

    def _page(self, page: Path, *, position: int) -> Iterator[Record | BadRow]:
        with open_bytes(page) as (file, _):
            data = file.read(MAX_LINE_BYTES + 1)
        if len(data) > MAX_LINE_BYTES:
            yield BadRow(page, 1, "a page too long", f"more than {MAX_LINE_BYTES >> 20} MB", position)
            return
        scripts = _Scripts()
        scripts.feed(data.decode(find_encoding(data), errors="replace"))
        scripts.close()
        for script in scripts.found:
            try:
                document = _JSON.raw_decode(_WRAPPING.sub("", script.text).strip())[0]
            except (ValueError, RecursionError) as error:
                yield BadRow(page, script.line, "broken JSON", f"in a script of the page: {error}", position)
                continue
            for number, values in enumerate(products_in(document, language=scripts.language)):
                name = page.relative_to(self.root).as_posix()
                values.setdefault("id", f"{name}#{number}" if number else name)
                yield Record(page, script.line, values, position)


def pages_under(path: Path) -> Iterator[Path]:
    """The page itself, or every page in a folder and below it, in an order that does not change between runs."""
    if path.is_file():
        yield path
        return
    for folder, folders, names in os.walk(path):
        folders[:] = sorted(each for each in folders if not each.startswith("."))
        for name in sorted(names):
            if kind_of(Path(name)) in PAGE_SUFFIXES and not name.startswith("."):
                yield Path(folder, name)


class _Script:
    def __init__(self, line: int) -> None:
        self.line = line
        self.text = ""


class _Scripts(HTMLParser):
    """The scripts of a page that are JSON-LD, and the page's language."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[_Script] = []
        self.language: str | None = None
        self._is_open = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "html":
            self.language = given.get("lang") or given.get("xml:lang")
        self._is_open = tag == "script" and given.get("type", "").split(";")[0].strip().lower() == "application/ld+json"
        if self._is_open:
            self.found.append(_Script(self.getpos()[0]))

    def handle_endtag(self, tag: str) -> None:
        self._is_open = False

    def handle_data(self, data: str) -> None:
        if self._is_open:
            self.found[-1].text += data
