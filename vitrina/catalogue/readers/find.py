"""From what a user names to the readers that read it: by what a file holds, not only by how it is called."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from vitrina.catalogue.manifest import is_catalogue
from vitrina.catalogue.readers.folder import FolderReader
from vitrina.catalogue.readers.json_items import JsonItemsReader, is_document
from vitrina.catalogue.readers.json_ld import JsonLdReader, is_json_ld
from vitrina.catalogue.readers.lines import LinesReader
from vitrina.catalogue.readers.merchant import MerchantTable, is_merchant
from vitrina.catalogue.readers.merchant_xml import XmlReader
from vitrina.catalogue.readers.opening import kind_of, sniff
from vitrina.catalogue.readers.pages import PAGE_SUFFIXES, PagesReader, pages_under
from vitrina.catalogue.readers.parquet import ParquetReader
from vitrina.catalogue.readers.record import Reader, Record
from vitrina.catalogue.readers.shopify import ShopifyObjects, ShopifyTable, is_shopify_object, is_shopify_table
from vitrina.catalogue.readers.tables import TableReader
from vitrina.catalogue.readers.woo import WooReader
from vitrina.catalogue.readers.woo_rows import is_woo_object, is_woo_table, object_of_rest, row_of_table

_LINE_SUFFIXES = (".jsonl", ".ndjson")
_JSON_SUFFIXES = (".json", ".jsonld")
_TABLE_SUFFIXES = (".csv", ".tsv", ".txt")
_PARQUET_SUFFIXES = (".parquet", ".pq")
_XML_SUFFIXES = (".xml", ".rss", ".atom")
_SPREADSHEETS = (".xlsx", ".xls", ".xlsm", ".ods", ".numbers")
_IN_FOLDERS = (*_LINE_SUFFIXES, *_JSON_SUFFIXES, *_TABLE_SUFFIXES[:2], *_PARQUET_SUFFIXES, *_XML_SUFFIXES)
_TRIED_ROWS = 20
_TRIED_PAGES = 50
_UNDERSTOOD = (
    "a file (.jsonl, .json, .csv, .tsv, .parquet, .xml, .html, .tar; packed with gzip or not), a folder of such files, "
    "a folder of pictures by class, a folder that the library `datasets` wrote, hf:OWNER/NAME for a dataset on the hub"
)


def find_readers(source: str | Path) -> list[Reader]:
    """The readers of a source: a product file of a known kind, a folder of them, pictures in folders by class, web
    pages, a dataset on the disk or on the hub (`hf:OWNER/NAME`), tars of samples, or a source by its name.

    What exists on the disk is that, whatever else its name could mean. Raises ValueError, naming the source and what
    is understood, where there is nothing to read.
    """
    path = Path(source)
    if _exists(path):
        return _readers_of_path(path)
    return _readers_of_name(str(source))


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # a name that no file can have
        return False


def _readers_of_name(name: str) -> list[Reader]:
    from vitrina.catalogue.readers.hub import hub_readers
    from vitrina.catalogue.sources import __all__ as names
    from vitrina.catalogue.sources import named_readers

    if name.startswith("hf:"):
        return hub_readers(name)
    named = named_readers(name)
    if named is not None:
        return named
    raise ValueError(f"{name} does not exist. Name {_UNDERSTOOD}, or one of the sources {', '.join(names)}")


def _readers_of_path(path: Path) -> list[Reader]:
    from vitrina.catalogue.readers.dataset import DatasetReader, is_dataset
    from vitrina.catalogue.readers.webdataset import WebDatasetReader, is_webdataset

    if path.is_dir() and is_catalogue(path):
        raise ValueError(f"{path} is a catalogue already: ingest what `vitrina export {path} FOLDER` writes")
    if path.is_dir() and is_dataset(path):
        return [DatasetReader(path)]
    if is_webdataset(path):
        return [WebDatasetReader(path)]
    if path.is_file():
        return [_file_reader(path)]
    if not path.is_dir():
        raise ValueError(f"{path} is neither a file nor a folder. Name {_UNDERSTOOD}")
    files = sorted(each for each in path.iterdir() if each.is_file() and not each.name.startswith("."))
    products = [each for each in files if kind_of(each) in _IN_FOLDERS]
    if products:
        return [_file_reader(each) for each in products]
    if any("ld+json" in sniff(page) for page in islice(pages_under(path), _TRIED_PAGES)):
        return [PagesReader(path)]
    reader = FolderReader(path)
    if not reader.size:
        raise ValueError(
            f"{path} holds neither product files ({', '.join(_IN_FOLDERS)}), nor web pages with products, nor "
            "pictures in folders by class"
        )
    return [reader]


def _file_reader(path: Path) -> Reader:
    kind = kind_of(path)
    if kind in _PARQUET_SUFFIXES:
        return ParquetReader(path)
    beginning = sniff(path)
    if beginning.startswith("<"):
        head = beginning[:2_000].lower()
        is_page = kind in PAGE_SUFFIXES or "<html" in head or "<!doctype html" in head
        return PagesReader(path) if is_page else XmlReader(path)
    if kind in _LINE_SUFFIXES:
        return _of_objects(LinesReader(path))
    is_table = kind in _TABLE_SUFFIXES
    if kind in _JSON_SUFFIXES or beginning.startswith(('{"', "[{") if is_table else ("{", "[")):
        return _of_objects(JsonItemsReader(path) if is_document(beginning) else LinesReader(path))
    if is_table:
        return _of_cells(TableReader(path))
    if kind in (*_XML_SUFFIXES, *PAGE_SUFFIXES):
        words = "is empty" if not beginning else f"is called {kind} but begins with {beginning[:20]!r}"
        raise ValueError(f"{path} {words}: write it again, or name another file")
    if kind in _SPREADSHEETS:
        raise ValueError(f"{path} is a spreadsheet: save it as CSV, in UTF-8, and name that file")
    raise ValueError(f"{path} is of an unknown kind. Name {_UNDERSTOOD}")


def _of_cells(reader: Reader) -> Reader:
    """A table as the export that its columns show it to be, or as it is."""
    names = next((list(row.values) for row in _first_rows(reader)), [])
    if is_shopify_table(names):
        return ShopifyTable(reader)
    if is_woo_table(names):
        return WooReader(reader, item=row_of_table, what="a product export of WooCommerce")
    return MerchantTable(reader) if is_merchant(names) else reader


def _of_objects(reader: Reader) -> Reader:
    """Objects as what the first of them shows them to be, or as they are."""
    values = next((row.values for row in _first_rows(reader)), {})
    if is_json_ld(values):
        return JsonLdReader(reader)
    if is_shopify_object(values):
        return ShopifyObjects(reader)
    if is_woo_object(values):
        return WooReader(reader, item=object_of_rest, what="a list of products of WooCommerce")
    return MerchantTable(reader) if is_merchant(values) else reader


def _first_rows(reader: Reader) -> Iterator[Record]:
    return (row for row in islice(reader.rows(), _TRIED_ROWS) if isinstance(row, Record))
