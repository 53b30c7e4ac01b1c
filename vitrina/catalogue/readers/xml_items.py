"""XML feeds as items, one after the other: RSS, Atom, and lists of products of other makes.

An item that is not well-formed costs itself: reading goes on with the next one. Nothing outside the file is read and
no entity of its own is expanded, as such files are made to attack whoever reads them.
"""

import codecs
import html
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO
from xml.parsers import expat

from vitrina.catalogue.readers.opening import MAX_LINE_BYTES, SNIFFED_BYTES, find_encoding, open_bytes

ITEM_NAMES = ("item", "entry", "product", "producto", "articulo", "offer")
"""Elements that are taken for an item: of RSS, of Atom, of other lists of products."""

_CHUNK = 1 << 16
_DECLARED = re.compile(rb"""^\s*<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")
_GOOGLE = "g:"


@dataclass
class Element:
    """An item: the texts of its children by name, without Google's prefix, those that had it first; of children with
    children of their own, theirs. `googles` are the names that came with the prefix, `line` is where it begins."""

    line: int
    texts: dict[str, list[str]] = field(default_factory=dict)
    nested: dict[str, list[dict[str, list[str]]]] = field(default_factory=dict)
    googles: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class Break:
    """A place where a file is not well-formed."""

    line: int
    problem: str


@dataclass(frozen=True)
class Found:
    """What comes next in a feed: an item or a break, the feed's language if it said one, and how far it was read."""

    what: Element | Break
    language: str | None
    position: int


def read_feed(path: Path) -> Iterator[Found]:
    """The items of a feed, a few in memory at a time. Raises ValueError where it declares entities, which no feed
    needs, or an encoding that does not exist."""
    with open_bytes(path) as (file, raw):
        pieces = _Pieces(file, path=path)
        parser = _Parser(path, line=pieces.line, ancestors=())
        language, since_item = None, 0
        while True:
            piece = pieces.next()
            since_item += len(piece)
            broken = parser.feed(piece)
            language = language or parser.language
            for what in parser.take():
                since_item = 0
                yield Found(what, language, raw.tell())
            if broken is None and since_item > MAX_LINE_BYTES:
                broken = _Stop(Break(parser.line, f"no end of an item in {MAX_LINE_BYTES >> 20} MB"), len(piece))
            if broken is None and piece:
                continue
            if broken is not None:
                yield Found(broken.what, language, raw.tell())
            if broken is None or not pieces.skip_to_item(piece, start=broken.offset, names=parser.item_names):
                return
            parser, since_item = _Parser(path, line=pieces.line, ancestors=parser.ancestors), 0


@dataclass(frozen=True)
class _Stop:
    """A break, and where in the last piece it is."""

    what: Break
    offset: int


class _Pieces:
    """The file in UTF-8, piece by piece. `line` is where the next piece begins."""

    def __init__(self, file: IO[bytes], *, path: Path) -> None:
        self._file = file
        sample = file.read(SNIFFED_BYTES)
        declared = _DECLARED.match(sample.removeprefix(codecs.BOM_UTF8))
        encoding = find_encoding(sample)
        if declared and encoding != "utf-16" and not declared[1].lower().startswith(b"utf"):
            encoding = declared[1].decode()
        try:
            # Bytes that are no text come through as they are, and the parser says so.
            errors = "replace" if encoding == "utf-16" else "surrogateescape"
            self._decoder = codecs.getincrementaldecoder(encoding)(errors=errors)
        except LookupError:
            raise ValueError(f"{path} says that it is written in {encoding!r}, which is no known encoding") from None
        text = self._decoder.decode(sample)
        beginning = text.lstrip("\ufeff \t\r\n")  # nothing may stand before the declaration
        self._returned = beginning.encode("utf-8", errors="surrogateescape")
        self.line = 1 + text.count("\n", 0, len(text) - len(beginning))

    def next(self) -> bytes:
        """The next piece; nothing at the end."""
        piece = self._returned or self._read()
        self._returned = b""
        self.line += piece.count(b"\n")
        return piece

    def skip_to_item(self, piece: bytes, *, start: int, names: tuple[str, ...]) -> bool:
        """Moves on to where the next item begins, from a place in the piece that came last; false where none is."""
        tag = re.compile(rb"<(?:%s)(?=[\s>])" % "|".join(map(re.escape, names)).encode())
        self.line -= piece.count(b"\n", start)
        rest = piece[start:]
        while (match := tag.search(rest, 1)) is None:
            more = self._read()
            if not more:
                return False
            kept = rest[-_LONGEST_TAG:]
            self.line += rest.count(b"\n", 0, len(rest) - len(kept))
            rest = kept + more
        self.line += rest.count(b"\n", 0, match.start())
        self._returned = rest[match.start() :]
        return True

    def _read(self) -> bytes:
        while True:
            data = self._file.read(_CHUNK)
            text = self._decoder.decode(data, final=not data)
            if text or not data:
                return text.encode("utf-8", errors="surrogateescape")


_LONGEST_TAG = max(map(len, ITEM_NAMES)) + 2


class _Parser:
    """Expat, held on a short lead: it collects the items of what it is fed."""

    def __init__(self, path: Path, *, line: int, ancestors: tuple[str, ...]) -> None:
        self._path = path
        self._first_line = line
        self._found: list[Element | Break] = []
        self._stack: list[str] = []
        self._item: Element | None = None
        self._item_depth = 0
        self._attributes: list[Mapping[str, str]] = []
        self._texts: list[list[str]] = []
        self._open_group: Mapping[str, str] | None = None
        self.language: str | None = None
        self.ancestors = ancestors
        self.item_names: tuple[str, ...] = ITEM_NAMES
        self._expat = expat.ParserCreate("utf-8")
        self._expat.buffer_text = True
        self._expat.StartElementHandler = self._start
        self._expat.EndElementHandler = self._end
        self._expat.CharacterDataHandler = self._characters
        self._expat.EntityDeclHandler = self._refuse_entity
        self._expat.SkippedEntityHandler = self._named_sign
        # With a grammar that is said to exist and is empty, `&nbsp;` is passed over to `_named_sign`.
        self._expat.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_UNLESS_STANDALONE)
        self._expat.UseForeignDTD(True)
        self._expat.ExternalEntityRefHandler = self._empty_grammar
        self._fed = 0
        self.feed("".join(f"<{name}>" for name in ancestors).encode())

    @property
    def line(self) -> int:
        """The line of the file that was read last."""
        return self._first_line + self._expat.CurrentLineNumber - 1

    def feed(self, piece: bytes) -> _Stop | None:
        """Reads a piece, the empty one as the end; where the file is not well-formed, says where."""
        try:
            self._expat.Parse(piece, not piece and bool(self._fed))
        except expat.ExpatError as error:
            line = self._first_line + error.lineno - 1
            started = f" (the item that begins in line {self._item.line})" if self._item else ""
            offset = max(0, self._expat.ErrorByteIndex - self._fed)
            if len(self.item_names) > 1:  # no item yet: the elements that are open now are what items stand in
                self.ancestors = tuple(self._stack) or ("feed",)
            return _Stop(Break(line, f"{expat.ErrorString(error.code)}{started}"), offset)
        self._fed += len(piece)
        return None

    def take(self) -> list[Element | Break]:
        """What was found since the last time."""
        found, self._found = self._found, []
        return found

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        is_inside = self._item is not None and len(self._stack) == self._item_depth + 1
        if name in self.item_names and (self._item is None or (is_inside and name == self._stack[-1])):
            if self._item is not None:
                self._found.append(Break(self._item.line, "an item that is not closed before the next one begins"))
            elif len(self.item_names) > 1:
                self.item_names, self.ancestors = (name,), tuple(self._stack)
            self._item = Element(self.line, {key: [text] for key, text in attributes.items() if text.strip()})
            self._item_depth = len(self._stack)
        self._stack.append(name)
        self._attributes.append(attributes)
        self._texts.append([])

    def _characters(self, text: str) -> None:
        if self._texts:
            self._texts[-1].append(text)

    def _end(self, name: str) -> None:
        attributes, texts = self._attributes.pop(), self._texts.pop()
        self._stack.pop()
        text = "".join(texts).strip() or (attributes.get("href") or attributes.get("url") or "").strip()
        depth = len(self._stack) - self._item_depth
        plain = name.removeprefix(_GOOGLE).lower()
        if self._item is None:
            if plain in ("language", "dc:language"):
                self.language = text or None
        elif depth == 0:
            self._found.append(self._item)
            self._item = None
        elif depth == 1 and text:
            has_prefix = name != plain and name.startswith(_GOOGLE)
            known = self._item.texts.setdefault(plain, [])
            if has_prefix and plain not in self._item.googles:
                self._item.googles.add(plain)
                known.clear()  # the item's own words about the feed's reader give way to those for Google
            if has_prefix or plain not in self._item.googles:
                known.append(text)
        elif depth == 2 and text:
            parent = self._stack[-1].removeprefix(_GOOGLE).lower()
            group = self._attributes[-1]
            self._nested(parent, group).setdefault(plain, []).append(text)

    def _nested(self, parent: str, group: Mapping[str, str]) -> dict[str, list[str]]:
        assert self._item is not None
        groups = self._item.nested.setdefault(parent, [])
        if not groups or self._open_group is not group:
            groups.append({})
            self._open_group = group
        return groups[-1]

    def _empty_grammar(self, context: str | None, *_: object) -> int:
        self._expat.ExternalEntityParserCreate(context).Parse(b"", True)
        return 1

    def _named_sign(self, name: str, is_parameter: bool) -> None:
        """`&nbsp;` and its like, which feeds take from HTML."""
        sign = html.unescape(f"&{name};")
        self._characters("" if is_parameter else sign)

    def _refuse_entity(self, name: str, *_: object) -> None:
        raise ValueError(
            f"{self._path} declares the entity {name!r} in line {self.line}: feeds need none, and they are a way to "
            "attack a reader. Write the text itself instead and remove the declaration"
        )
