"""BookCorpus: 74,004,228 sentences of unpublished novels (Zhu et al. 2015, arXiv 1506.06724)."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vitrina.catalogue.readers.dataset import TextLinesReader
from vitrina.catalogue.readers.record import Reader
from vitrina.catalogue.sources.adapted import AdaptedReader, Schema, export_readers

_HUB = "hf:bookcorpus/bookcorpus"
_SCHEMA = Schema("bookcorpus", needed=(("text",),))


def bookcorpus(export: str | Path | None = None) -> list[Reader]:
    """Sentences as descriptions in English, of the domain `books`.

    An export may be the original form, too: text files with a sentence to a line (`books_large_p1.txt`).
    Raises ValueError where the export has other columns, and what `hub_readers` raises.
    """
    lines = [] if export is None else _text_files(Path(export))
    readers = [TextLinesReader(each) for each in lines] or export_readers(export or _HUB)
    return [AdaptedReader(each, schema=_SCHEMA, product=_product) for each in readers]


def _text_files(path: Path) -> list[Path]:
    endings = (".txt", ".txt.gz")
    if path.is_dir():
        files = sorted(each for each in path.iterdir() if each.is_file() and not each.name.startswith("."))
        return files if files and all(each.name.lower().endswith(endings) for each in files) else []
    return [path] if path.is_file() and path.name.lower().endswith(endings) else []


def _product(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "description": values.get("text"),
        "language": "en",
        "domain": "books",
        "split": values.get("split"),
    }
